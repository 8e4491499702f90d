/* The exact text of a notice in one language, from its document:
 *
 *   title, empty line | controller, empty line
 *   a paragraph for each purpose that no control asks for: text [name]
 *   for each control: "[ ] label", or "[x] label" when it is on beforehand; then "    text [name]" for
 *   each purpose it covers; empty line
 *   withdrawal, empty line | "(id, version, language)" */
#include "base/try.h"
#include "consent/notice.h"
#include "consent/notice_form.h"
#include <stdarg.h>
#include <string.h>

struct vpriv_notice_text {
    vpriv_notice notice;
    char id[VPRIV_NOTICE_ID_BYTES];
    char version[VPRIV_NOTICE_VERSION_BYTES];
    char language[VPRIV_LANGUAGE_BYTES];
    size_t n;
    bool overflowed;
    char bytes[VPRIV_NOTICE_TEXT_BYTES_MAX + 1];
};

static void put(vpriv_notice_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put(vpriv_notice_text *text, const char *format, ...)
{
    const size_t room = sizeof text->bytes - text->n;
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(text->bytes + text->n, room, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= room)
        text->overflowed = true;
    else
        text->n += (size_t)n;
}

static bool is_asked_for(const json_t *controls, const char *name)
{
    for (size_t c = 0; c < json_array_size(controls); c++) {
        const json_t *purposes = json_object_get(json_array_get(controls, c), "purposes");
        for (size_t i = 0; i < json_array_size(purposes); i++)
            if (strcmp(json_string_value(json_array_get(purposes, i)), name) == 0)
                return true;
    }
    return false;
}

static void put_control(vpriv_notice_text *text, const json_t *control, const json_t *texts)
{
    const json_t *said = json_object_get(texts, "purposes");
    const json_t *purposes = json_object_get(control, "purposes");
    put(text, "[%c] %s\n", json_is_true(json_object_get(control, "preticked")) ? 'x' : ' ',
        vpi_notice_text(json_object_get(texts, "controls"), vpi_notice_text(control, "id")));
    for (size_t i = 0; i < json_array_size(purposes); i++) {
        const char *name = json_string_value(json_array_get(purposes, i));
        put(text, "    %s [%s]\n", vpi_notice_text(said, name), name);
    }
    put(text, "\n");
}

static void put_all(vpriv_notice_text *text, const vpi_notice_form *form, json_t *texts)
{
    json_t *said = json_object_get(texts, "purposes");
    put(text, "%s\n\n%s\n\n", vpi_notice_text(texts, "title"),
        vpi_notice_text(texts, "controller"));
    for (void *at = json_object_iter(said); at; at = json_object_iter_next(said, at)) {
        const char *name = json_object_iter_key(at);
        if (!is_asked_for(form->controls, name))
            put(text, "%s [%s]\n\n", vpi_notice_text(said, name), name);
    }
    for (size_t i = 0; i < json_array_size(form->controls); i++)
        put_control(text, json_array_get(form->controls, i), texts);
    put(text, "%s\n\n(%s, %s, %s)\n", vpi_notice_text(texts, "withdrawal"), text->id, text->version,
        text->language);
}

vpriv_status vpriv_notice_render(
    const char *json, size_t n_bytes, const char *language, vpriv_notice_text **text_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_notice_form form = {.controls = NULL};
    vpriv_notice_text *text = NULL;
    VPI_ENSURE(language && text_out, VPRIV_E_ARG, "notice: language or output is NULL");
    VPI_TRY(vpi_notice_form_open(json, n_bytes, &form));
    json_t *texts = json_object_get(form.languages, language);
    VPI_ENSURE(
        texts, VPRIV_E_NOT_FOUND, "notice: there is no text in language \"%.35s\"", language);
    text = calloc(1, sizeof *text);
    VPI_ENSURE(text, VPRIV_E_MEMORY, "no memory for a notice");
    memcpy(text->id, form.id, sizeof text->id);
    memcpy(text->version, form.version, sizeof text->version);
    memcpy(text->language, language, strlen(language));
    put_all(text, &form, texts);
    VPI_ENSURE(!text->overflowed, VPRIV_E_LIMIT, "notice: text is longer than %d bytes",
        VPRIV_NOTICE_TEXT_BYTES_MAX);
    text->notice = (vpriv_notice){
        sizeof text->notice, text->id, text->version, text->language, text->bytes, text->n};
    VPI_TRY(vpi_notice_check(&text->notice));
    *text_out = text;
    text = NULL;
    st = VPRIV_OK;
out:
    free(text);
    vpi_notice_form_close(&form);
    return st;
}

const vpriv_notice *vpriv_notice_text_notice(const vpriv_notice_text *text)
{
    return text ? &text->notice : NULL;
}

void vpriv_notice_text_free(vpriv_notice_text *text)
{
    free(text);
}
