#include "consent/notice_form.h"
#include "base/try.h"
#include "consent/text.h"
#include <string.h>

const char *vpi_notice_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* Texts may be empty, which is for the lint, but they are plain. */
static void check_texts(vpi_signed *d, json_t *object, const char *where)
{
    if (!json_is_object(object)) {
        vpi_signed_wrong(d, "%s is not an object", where);
        return;
    }
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const json_t *value = json_object_iter_value(at);
        const char *text = json_string_value(value);
        if (!text || !vpi_text_is_plain(text, json_string_length(value)))
            vpi_signed_wrong(
                d, "%s: \"%.40s\" is not a plain text", where, json_object_iter_key(at));
    }
}

static void check_control(vpi_signed *d, json_t *control)
{
    static const char *const fields[] = {"id", "purposes", "preticked", "bundled_on_purpose", NULL};
    char id[VPRIV_NOTICE_ID_BYTES];
    vpi_signed_fields(d, control, "a control", fields);
    vpi_signed_text(d, control, "id", id, sizeof id);
    const json_t *purposes = vpi_signed_list(d, control, "purposes", VPRIV_PURPOSES_MAX);
    if (json_array_size(purposes) == 0)
        vpi_signed_wrong(d, "the control \"%.40s\" covers no purpose", id);
    for (size_t i = 0; i < json_array_size(purposes); i++) {
        const json_t *name = json_array_get(purposes, i);
        const char *text = json_string_value(name);
        if (!text || !vpi_text_is_plain(text, json_string_length(name)))
            vpi_signed_wrong(d, "the control \"%.40s\": a purpose is not a name", id);
    }
    if (json_object_get(control, "preticked"))
        (void)vpi_signed_flag(d, control, "preticked");
    if (json_object_get(control, "bundled_on_purpose") &&
        !json_is_string(json_object_get(control, "bundled_on_purpose")))
        vpi_signed_wrong(d, "\"bundled_on_purpose\" is not the reason, in words");
}

static bool id_is_taken(const json_t *controls, size_t index)
{
    const char *id = vpi_notice_text(json_array_get(controls, index), "id");
    for (size_t i = 0; i < index; i++)
        if (strcmp(vpi_notice_text(json_array_get(controls, i), "id"), id) == 0)
            return true;
    return false;
}

static void check_language(vpi_signed *d, const char *tag, json_t *texts, const json_t *controls)
{
    static const char *const fields[] = {
        "title", "controller", "withdrawal", "controls", "purposes", NULL};
    char where[64];
    if (strlen(tag) >= VPRIV_LANGUAGE_BYTES || !vpi_text_is_language(tag))
        vpi_signed_wrong(d, "\"%.40s\" is not a language tag such as \"de\" or \"pt-BR\"", tag);
    snprintf(where, sizeof where, "languages.%.35s", tag);
    vpi_signed_fields(d, texts, where, fields);
    if (d->failed)
        return;
    for (size_t i = 0; i < 3; i++) {
        const json_t *value = json_object_get(texts, fields[i]);
        if (value && (!json_is_string(value) ||
                         !vpi_text_is_plain(json_string_value(value), json_string_length(value))))
            vpi_signed_wrong(d, "%s: \"%s\" is not a plain text", where, fields[i]);
    }
    json_t *labels = json_object_get(texts, "controls");
    check_texts(d, labels, "\"controls\" of a language");
    check_texts(d, json_object_get(texts, "purposes"), "\"purposes\" of a language");
    for (void *at = json_object_iter(labels); at; at = json_object_iter_next(labels, at)) {
        bool found = false;
        for (size_t i = 0; i < json_array_size(controls); i++)
            found |= strcmp(vpi_notice_text(json_array_get(controls, i), "id"),
                         json_object_iter_key(at)) == 0;
        if (!found)
            vpi_signed_wrong(d, "%s: a label for the control \"%.40s\", which is not there", where,
                json_object_iter_key(at));
    }
}

vpriv_status vpi_notice_form_open(const char *json, size_t n_bytes, vpi_notice_form *form_out)
{
    static const char *const fields[] = {
        "voicepriv_notice", "id", "version", "controls", "languages", NULL};
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_signed *d = &form_out->document;
    memset(form_out, 0, sizeof *form_out);
    VPI_TRY(vpi_signed_open(json, n_bytes, "voicepriv_notice", d));
    vpi_signed_fields(d, d->root, "the notice", fields);
    vpi_signed_text(d, d->root, "id", form_out->id, sizeof form_out->id);
    vpi_signed_text(d, d->root, "version", form_out->version, sizeof form_out->version);
    form_out->controls = vpi_signed_list(d, d->root, "controls", VPI_NOTICE_CONTROLS_MAX);
    for (size_t i = 0; i < json_array_size(form_out->controls); i++) {
        check_control(d, json_array_get(form_out->controls, i));
        if (id_is_taken(form_out->controls, i))
            vpi_signed_wrong(d, "two controls have one id");
    }
    json_t *languages = json_object_get(d->root, "languages");
    if (json_object_size(languages) == 0 || json_object_size(languages) > VPI_NOTICE_LANGUAGES_MAX)
        vpi_signed_wrong(d, "\"languages\" does not have 1 to %d", VPI_NOTICE_LANGUAGES_MAX);
    for (void *at = json_object_iter(languages); at; at = json_object_iter_next(languages, at))
        check_language(d, json_object_iter_key(at), json_object_iter_value(at), form_out->controls);
    form_out->languages = languages;
    VPI_TRY(vpi_signed_finish(d));
    st = VPRIV_OK;
out:
    return st;
}

void vpi_notice_form_close(vpi_notice_form *form)
{
    vpi_signed_close(&form->document);
}
