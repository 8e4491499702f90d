/* What is wrong with a notice, as far as a machine can tell. One function for each rule or two. */
#include "base/try.h"
#include "consent/notice_form.h"
#include <stdarg.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    const char *text;
} rules[VPRIV_NOTICE_RULES] = {
    [VPRIV_NOTICE_CONTROL_COVERS_SEVERAL] = {"control_covers_several",
        "one control covers several optional purposes: each is a choice of its own, unless "
        "\"bundled_on_purpose\" gives the reason"},
    [VPRIV_NOTICE_NO_SENTENCE] = {"no_sentence",
        "no plain sentence says what this means: some words that end in a full stop"},
    [VPRIV_NOTICE_LANGUAGE_MISSING] = {"language_missing",
        "this is said in one language and not in this one"},
    [VPRIV_NOTICE_TEXT_TOO_LONG] = {"text_too_long",
        "the text for one purpose is longer than 80 words: few read so much before they answer"},
    [VPRIV_NOTICE_UNKNOWN_PURPOSE] = {"unknown_purpose", "no purpose has this name"},
    [VPRIV_NOTICE_EXPLICIT_NOT_SEPARATE] = {"explicit_not_separate",
        "this purpose needs explicit consent: a control that asks for it and for nothing else"},
    [VPRIV_NOTICE_NO_CONTROLLER] = {"no_controller",
        "nobody is named who decides what recordings are for"},
    [VPRIV_NOTICE_NO_WITHDRAWAL] = {"no_withdrawal", "nothing says how a consent is taken back"},
    [VPRIV_NOTICE_REVIEW_HIDDEN] = {"review_hidden",
        "people who listen come along with an improvement: say so under human_review, and ask for "
        "that by itself"},
    [VPRIV_NOTICE_PRETICKED] = {"preticked",
        "the control is on before anybody has touched it: that is no consent"},
    [VPRIV_NOTICE_NO_CONTROL] = {"no_control",
        "the purpose is explained, and no control asks for it"},
    [VPRIV_NOTICE_NOT_BY_CONSENT] = {"not_by_consent",
        "the control asks for what does not rest on consent: a no would change nothing"},
};

const char *vpriv_notice_rule_name(vpriv_notice_rule rule)
{
    return (int)rule >= 0 && (int)rule < VPRIV_NOTICE_RULES ? rules[rule].name : "unknown rule";
}

const char *vpriv_notice_rule_text(vpriv_notice_rule rule)
{
    return (int)rule >= 0 && (int)rule < VPRIV_NOTICE_RULES ? rules[rule].text
                                                            : "this rule is not known";
}

typedef struct linting {
    const vpi_notice_form *form;
    vpriv_notice_finding_fn fn;
    void *user;
    size_t n;
    bool stopped;
} linting;

static void found(linting *l, vpriv_notice_rule rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void found(linting *l, vpriv_notice_rule rule, const char *format, ...)
{
    vpriv_notice_finding finding = {.struct_size = sizeof finding, .rule = rule};
    va_list arguments;
    if (l->stopped)
        return;
    va_start(arguments, format);
    vsnprintf(finding.where, sizeof finding.where, format, arguments);
    va_end(arguments);
    l->n++;
    l->stopped = l->fn && !l->fn(l->user, &finding);
}

static const vpriv_purpose_info *purpose_named(const char *name)
{
    vpriv_purpose purpose = VPRIV_PURPOSE_EXECUTE_REQUEST;
    if (vpriv_purpose_from_name(name, &purpose) != VPRIV_OK)
        return NULL;
    return vpriv_purpose_about(purpose);
}

static bool is_optional(const vpriv_purpose_info *about)
{
    return about && about->basis == VPRIV_PURPOSE_BASIS_CONSENT;
}

/* The purposes of a control as bits; those without a known name are left out. */
static uint32_t purposes_of(const json_t *control)
{
    const json_t *list = json_object_get(control, "purposes");
    uint32_t purposes = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const vpriv_purpose_info *about = purpose_named(json_string_value(json_array_get(list, i)));
        purposes |= about ? VPRIV_PURPOSE_BIT(about->purpose) : 0;
    }
    return purposes;
}

static size_t n_optional(uint32_t purposes)
{
    size_t n = 0;
    for (int p = 0; p < VPRIV_PURPOSES_MAX; p++)
        n += (purposes >> p & 1) && is_optional(vpriv_purpose_about((vpriv_purpose)p));
    return n;
}

/* By listening, what was said under one of these is what people took it for: 2019. */
#define IMPROVEMENTS                                                                               \
    (VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_IMPROVE_BY_MACHINE) |                                         \
        VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_DEVELOP_NEW_FEATURES))

static void lint_bundle(linting *l, const json_t *control, const char *id)
{
    const uint32_t purposes = purposes_of(control);
    const bool is_flagged = vpi_notice_text(control, "bundled_on_purpose")[0] != '\0';
    const bool is_bundle = json_array_size(json_object_get(control, "purposes")) > 1;
    if (n_optional(purposes) > 1 && !is_flagged)
        found(l, VPRIV_NOTICE_CONTROL_COVERS_SEVERAL, "controls.%.63s", id);
    for (int p = 0; is_bundle && p < VPRIV_PURPOSES_MAX; p++)
        if ((purposes >> p & 1) && vpriv_purpose_about((vpriv_purpose)p)->is_explicit)
            found(l, VPRIV_NOTICE_EXPLICIT_NOT_SEPARATE, "controls.%.63s: %s", id,
                vpriv_purpose_name((vpriv_purpose)p));
    if ((purposes & VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW)) && (purposes & IMPROVEMENTS))
        found(l, VPRIV_NOTICE_REVIEW_HIDDEN, "controls.%.63s", id);
}

static void lint_controls(linting *l)
{
    for (size_t c = 0; c < json_array_size(l->form->controls); c++) {
        const json_t *control = json_array_get(l->form->controls, c);
        const json_t *list = json_object_get(control, "purposes");
        const char *id = vpi_notice_text(control, "id");
        for (size_t i = 0; i < json_array_size(list); i++) {
            const char *name = json_string_value(json_array_get(list, i));
            const vpriv_purpose_info *about = purpose_named(name);
            if (!about)
                found(l, VPRIV_NOTICE_UNKNOWN_PURPOSE, "controls.%.63s: %.40s", id, name);
            else if (!is_optional(about))
                found(l, VPRIV_NOTICE_NOT_BY_CONSENT, "controls.%.63s: %s", id, name);
        }
        lint_bundle(l, control, id);
        if (json_is_true(json_object_get(control, "preticked")))
            found(l, VPRIV_NOTICE_PRETICKED, "controls.%.63s", id);
    }
}

typedef struct range {
    uint32_t first, last;
} range;

static bool is_in(const range *ranges, size_t n, uint32_t point)
{
    for (size_t i = 0; i < n; i++)
        if (point >= ranges[i].first && point <= ranges[i].last)
            return true;
    return false;
}

/* The character at `at`; the text is UTF-8, checked before. */
static size_t character_at(const uint8_t *at, uint32_t *point_out)
{
    const size_t n = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    uint32_t point = n == 1 ? at[0] : at[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++)
        point = point << 6 | (at[i] & 0x3fu);
    *point_out = point;
    return n;
}

/* Scripts that are written without spaces: two characters count as a word. */
static const range dense[] = {{0x0e00, 0x0eff}, {0x1000, 0x109f}, {0x1780, 0x17ff},
    {0x3040, 0x30ff}, {0x3400, 0x9fff}, {0xf900, 0xfaff}, {0x20000, 0x3ffff}};

/* Spaces of all kinds, and the punctuation of those scripts. */
static const range between_words[] = {{' ', ' '}, {0xa0, 0xa0}, {0x2000, 0x200a}, {0x202f, 0x202f},
    {0x3000, 0x303f}, {0xff00, 0xff0f}, {0xff1a, 0xff1f}};

#define IS_IN(ranges, point) is_in(ranges, sizeof(ranges) / sizeof((ranges)[0]), point)

static size_t n_words(const char *text)
{
    size_t n = 0, n_dense = 0;
    bool in_word = false;
    for (const uint8_t *at = (const uint8_t *)text; *at;) {
        uint32_t point = 0;
        at += character_at(at, &point);
        const bool is_dense = IS_IN(dense, point);
        n_dense += is_dense;
        if (!is_dense && !IS_IN(between_words, point)) {
            n += !in_word;
            in_word = true;
        } else {
            in_word = false;
        }
    }
    return n + (n_dense + 1) / 2;
}

static bool is_sentence(const char *text)
{
    static const char *const ends[] = {
        ".", "!", "?", "\u3002", "\uff01", "\uff1f", "\u0964", "\u061f", "\u06d4", "\u104b"};
    const size_t n = strlen(text);
    if (n_words(text) < 3)
        return false; /* the rest has at least as many bytes as an end has */
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        const size_t n_end = strlen(ends[i]);
        if (memcmp(text + n - n_end, ends[i], n_end) == 0)
            return true;
    }
    /* Thai and Lao end a sentence with nothing. */
    const uint8_t *last = (const uint8_t *)text + n - 3;
    return last[0] == 0xe0 && last[1] >= 0xb8 && last[1] <= 0xbb;
}

static bool has_any(const char *sentence, size_t n, const char *const *words)
{
    for (size_t w = 0; words[w]; w++)
        for (size_t at = 0; at + strlen(words[w]) <= n; at++)
            if (strncasecmp(sentence + at, words[w], strlen(words[w])) == 0)
                return true;
    return false;
}

/* English and German only: somebody hears or reads, and the sentence does not deny it. A reader looks at
 * what this reports; what it does not report proves nothing. */
static bool speaks_of_listening(const char *text)
{
    static const char *const who[] = {"people", "person", "human", "staff", "employee", "reviewer",
        "contractor", "mensch", "mitarbeit", "personen", "team", "someone", "somebody", NULL};
    static const char *const what[] = {"listen", "hear", "review", "transcri", "annotat", "check",
        "anh\xc3\xb6r", "abh\xc3\xb6r", "h\xc3\xb6ren",
        "pr\xc3\xbc"
        "f",
        "auswert", NULL};
    static const char *const denial[] = {"no person", "nobody", "no one", "no human", "never",
        " not ", "niemand", "kein", "nicht", " nie ", NULL};
    while (*text) {
        const size_t n = strcspn(text, ".!?");
        if (has_any(text, n, who) && has_any(text, n, what) && !has_any(text, n, denial))
            return true;
        text += n + (text[n] != '\0');
    }
    return false;
}

static void lint_purpose_text(linting *l, const char *language, const char *name, const char *text)
{
    const vpriv_purpose_info *about = purpose_named(name);
    if (!about)
        found(l, VPRIV_NOTICE_UNKNOWN_PURPOSE, "languages.%s.purposes.%.40s", language, name);
    if (*text && !is_sentence(text))
        found(l, VPRIV_NOTICE_NO_SENTENCE, "languages.%s.purposes.%.40s", language, name);
    if (n_words(text) > VPRIV_NOTICE_WORDS_MAX)
        found(l, VPRIV_NOTICE_TEXT_TOO_LONG, "languages.%s.purposes.%.40s: %zu words", language,
            name, n_words(text));
    if (about && (VPRIV_PURPOSE_BIT(about->purpose) & IMPROVEMENTS) && speaks_of_listening(text))
        found(l, VPRIV_NOTICE_REVIEW_HIDDEN, "languages.%s.purposes.%.40s", language, name);
}

static void lint_language(linting *l, const char *language, const json_t *texts)
{
    json_t *said = json_object_get(texts, "purposes");
    if (!is_sentence(vpi_notice_text(texts, "controller")))
        found(l, VPRIV_NOTICE_NO_CONTROLLER, "languages.%s.controller", language);
    if (!is_sentence(vpi_notice_text(texts, "withdrawal")))
        found(l, VPRIV_NOTICE_NO_WITHDRAWAL, "languages.%s.withdrawal", language);
    for (void *at = json_object_iter(said); at; at = json_object_iter_next(said, at))
        lint_purpose_text(
            l, language, json_object_iter_key(at), json_string_value(json_object_iter_value(at)));
}

/* A text that has to be there in every language. */
static void lint_everywhere(linting *l, const char *group, const char *name)
{
    json_t *languages = l->form->languages;
    bool anywhere = false;
    for (int pass = 0; pass < 2; pass++)
        for (void *at = json_object_iter(languages); at;
             at = json_object_iter_next(languages, at)) {
            const json_t *texts = json_object_iter_value(at);
            const bool here =
                vpi_notice_text(group ? json_object_get(texts, group) : texts, name)[0];
            anywhere |= here;
            if (pass == 1 && !here)
                found(l, anywhere ? VPRIV_NOTICE_LANGUAGE_MISSING : VPRIV_NOTICE_NO_SENTENCE,
                    "languages.%s.%s%s%.63s", json_object_iter_key(at), group ? group : "",
                    group ? "." : "", name);
        }
}

static bool is_covered(const linting *l, const char *name)
{
    for (size_t c = 0; c < json_array_size(l->form->controls); c++) {
        const json_t *list = json_object_get(json_array_get(l->form->controls, c), "purposes");
        for (size_t i = 0; i < json_array_size(list); i++)
            if (strcmp(json_string_value(json_array_get(list, i)), name) == 0)
                return true;
    }
    return false;
}

/* Every purpose that any control or any language names, once. A set: its values mean nothing. */
static json_t *named_purposes(const linting *l)
{
    json_t *names = json_object();
    for (size_t c = 0; c < json_array_size(l->form->controls); c++) {
        const json_t *list = json_object_get(json_array_get(l->form->controls, c), "purposes");
        for (size_t i = 0; i < json_array_size(list); i++)
            json_object_set_new(names, json_string_value(json_array_get(list, i)), json_null());
    }
    for (void *at = json_object_iter(l->form->languages); at;
         at = json_object_iter_next(l->form->languages, at)) {
        json_t *said = json_object_get(json_object_iter_value(at), "purposes");
        for (void *p = json_object_iter(said); p; p = json_object_iter_next(said, p))
            json_object_set_new(names, json_object_iter_key(p), json_null());
    }
    return names;
}

static void lint_names(linting *l, json_t *names)
{
    lint_everywhere(l, NULL, "title");
    for (size_t c = 0; c < json_array_size(l->form->controls); c++)
        lint_everywhere(l, "controls", vpi_notice_text(json_array_get(l->form->controls, c), "id"));
    for (void *at = json_object_iter(names); at; at = json_object_iter_next(names, at)) {
        const char *name = json_object_iter_key(at);
        const vpriv_purpose_info *about = purpose_named(name);
        lint_everywhere(l, "purposes", name);
        if (!is_optional(about) || is_covered(l, name))
            continue;
        found(l, VPRIV_NOTICE_NO_CONTROL, "purposes.%s", name);
        if (about->is_explicit)
            found(l, VPRIV_NOTICE_EXPLICIT_NOT_SEPARATE, "purposes.%s", name);
    }
}

vpriv_status vpriv_notice_lint(const char *json, size_t n_bytes, vpriv_notice_finding_fn fn,
    void *user, size_t *n_findings_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_notice_form form = {.controls = NULL};
    linting l = {.form = &form, .fn = fn, .user = user};
    json_t *names = NULL;
    VPI_ENSURE(n_findings_out, VPRIV_E_ARG, "notice: output is NULL");
    VPI_TRY(vpi_notice_form_open(json, n_bytes, &form));
    names = named_purposes(&l);
    VPI_ENSURE(names, VPRIV_E_MEMORY, "no memory for a notice");
    lint_controls(&l);
    for (void *at = json_object_iter(form.languages); at;
         at = json_object_iter_next(form.languages, at))
        lint_language(&l, json_object_iter_key(at), json_object_iter_value(at));
    lint_names(&l, names);
    *n_findings_out = l.n;
    vpi_fail_clear(); /* a name that is no purpose is a finding, not a failure */
    st = VPRIV_OK;
out:
    json_decref(names);
    vpi_notice_form_close(&form);
    return st;
}
