/* The check of notices: one good document, and for each rule the smallest changes that break it and
 * nothing else. And the text that is shown: what was checked, all of it, in the same bytes each time. */
#include "unit.h"
#include <stdio.h>
#include <voicepriv/notice.h>

static const char good[] =
    "{\"voicepriv_notice\": 1, \"id\": \"home\", \"version\": \"7\",\n"
    " \"controls\": [\n"
    "  {\"id\": \"history\", \"purposes\": [\"keep_history\"]},\n"
    "  {\"id\": \"review\", \"purposes\": [\"human_review\"]},\n"
    "  {\"id\": \"improve\", \"purposes\": [\"improve_by_machine\"]}],\n"
    " \"languages\": {\n"
    "  \"en\": {\"title\": \"Your voice\", \"controller\": \"Acme of Bern decides.\",\n"
    "   \"withdrawal\": \"Touch the switch again.\",\n"
    "   \"controls\": {\"history\": \"Keep\", \"review\": \"Listen\", \"improve\": \"Learn\"},\n"
    "   \"purposes\": {\"execute_request\": \"Your words answer you.\",\n"
    "    \"keep_history\": \"We keep it here.\", \"human_review\": \"People listen to it.\",\n"
    "    \"improve_by_machine\": \"Machines learn from it. No person listens.\"}},\n"
    "  \"de\": {\"title\": \"Ihre Stimme\", \"controller\": \"Acme aus Bern entscheidet.\",\n"
    "   \"withdrawal\": \"Den Schalter noch einmal dr\xc3\xbc"
    "cken.\",\n"
    "   \"controls\": {\"history\": \"Behalten\", \"review\": \"Anh\xc3\xb6ren\","
    " \"improve\": \"Lernen\"},\n"
    "   \"purposes\": {\"execute_request\": \"Ihre Worte antworten Ihnen.\",\n"
    "    \"keep_history\": \"Es bleibt hier bei Ihnen.\",\n"
    "    \"human_review\": \"Menschen h\xc3\xb6ren es an.\",\n"
    "    \"improve_by_machine\": \"Maschinen lernen aus Ihrer Stimme.\"}}}}\n";

#define WORDS_10 "one two three four five six seven eight nine ten "
#define WORDS_80 WORDS_10 WORDS_10 WORDS_10 WORDS_10 WORDS_10 WORDS_10 WORDS_10 WORDS_10
/* 20 characters of a script without spaces: 10 words */
#define DENSE_10                                                                                   \
    "\u65e5\u672c\u8a9e\u65e5\u672c\u8a9e\u65e5\u672c\u8a9e\u65e5"                                 \
    "\u65e5\u672c\u8a9e\u65e5\u672c\u8a9e\u65e5\u672c\u8a9e\u65e5"
#define DENSE_80 DENSE_10 DENSE_10 DENSE_10 DENSE_10 DENSE_10 DENSE_10 DENSE_10 DENSE_10

typedef struct change {
    const char *from;
    const char *to;
    uint32_t rules; /* exactly these are found */
    const char *where;
} change;

#define R(name) (1u << VPRIV_NOTICE_##name)

static const change changes[] = {
    {"[\"keep_history\"]", "[\"keep_history\", \"donation\"]",
        R(CONTROL_COVERS_SEVERAL) | R(EXPLICIT_NOT_SEPARATE) | R(NO_SENTENCE), "controls.history"},
    {"{\"id\": \"history\", \"purposes\": [\"keep_history\"]},\n  {\"id\": \"review\", "
     "\"purposes\": "
     "[\"human_review\"]},\n  {\"id\": \"improve\", \"purposes\": [\"improve_by_machine\"]}",
        "{\"id\": \"history\", \"purposes\": [\"keep_history\", \"improve_by_machine\"]},\n"
        "{\"id\": \"review\", \"purposes\": [\"human_review\"]},"
        "{\"id\": \"improve\", \"purposes\": [\"improve_by_machine\"]}",
        R(CONTROL_COVERS_SEVERAL), "controls.history"},
    {"[\"keep_history\"]",
        "[\"keep_history\", \"improve_by_machine\"], \"bundled_on_purpose\": \"both stay here\"", 0,
        NULL},
    {"[\"keep_history\"]",
        "[\"keep_history\", \"improve_by_machine\"], \"bundled_on_purpose\": \"\"",
        R(CONTROL_COVERS_SEVERAL), "controls.history"},
    {"We keep it here.", "", R(LANGUAGE_MISSING), "languages.en.purposes.keep_history"},
    {"We keep it here.", "Kept here", R(NO_SENTENCE), "languages.en.purposes.keep_history"},
    {"We keep it here.", "We keep all of it", R(NO_SENTENCE), "languages.en.purposes.keep_history"},
    {"\"title\": \"Ihre Stimme\", ", "", R(LANGUAGE_MISSING), "languages.de.title"},
    {"\"review\": \"Anh\xc3\xb6ren\", ", "", R(LANGUAGE_MISSING), "languages.de.controls.review"},
    {"\"human_review\": \"Menschen h\xc3\xb6ren es an.\",\n", "", R(LANGUAGE_MISSING),
        "languages.de.purposes.human_review"},
    {"We keep it here.", WORDS_80 ".", R(TEXT_TOO_LONG),
        "languages.en.purposes.keep_history: 81 words"},
    {"We keep it here.", WORDS_80 "\u3002", 0, NULL},
    {"We keep it here.", DENSE_80 "\u65e5\u3002", R(TEXT_TOO_LONG), NULL},
    {"We keep it here.", DENSE_80 "\u3002", 0, NULL},
    /* Thai and Lao, which end a sentence with nothing; Burmese, Khmer, Japanese, an older ideograph, Arabic */
    {"We keep it here.", "\u0e40\u0e01\u0e47\u0e1a\u0e44\u0e27\u0e49", 0, NULL},
    {"We keep it here.", "\u0e40\u0e81\u0e47\u0e9a\u0eae\u0eb1\u0e81", 0, NULL},
    {"We keep it here.", "\u1000\u1001\u1002\u1003\u1004\u1005\u104b", 0, NULL},
    {"We keep it here.", "\u1780\u1781\u1782\u1783\u1784\u1785!", 0, NULL},
    {"We keep it here.", "\u3042\u3044\u3046\u3048\u304a\uf900\uff01", 0, NULL},
    {"We keep it here.", "\U00020000\U00020001\U00020002\U00020003\U00020004\uff1f", 0, NULL},
    {"We keep it here.", "\u0646\u062d\u0646 \u0646\u062d\u0641\u0638 \u0628\u0647\u061f", 0, NULL},
    /* without an end: other scripts, and letters that only look like those bytes */
    {"We keep it here.", "\u3042\u3044\u3046\u3048\u304a\u304b", R(NO_SENTENCE), NULL},
    {"We keep it here.", "\u0915\u0916 \u0917\u0918 \u0919\u091a", R(NO_SENTENCE), NULL},
    {"We keep it here.", "\u0f40\u0f41 \u0f42\u0f43 \u0f44\u0f45", R(NO_SENTENCE), NULL},
    /* spaces of all kinds part words */
    {"We keep it here.", "We\u00a0keep\u2003it.", 0, NULL},
    {"We keep it here.", "We\u202fkeep\u3000it.", 0, NULL},
    {"We keep it here.", "We\uff08keep\uff1fit.", 0, NULL},
    {"We keep it here.", "We\u200bkeep\u203eit.", R(NO_SENTENCE), NULL},
    {"[\"keep_history\"]", "[\"keep_histories\"]",
        R(UNKNOWN_PURPOSE) | R(NO_SENTENCE) | R(NO_CONTROL), "controls.history: keep_histories"},
    {"\"execute_request\": \"Your", "\"execute\": \"Your", R(UNKNOWN_PURPOSE) | R(LANGUAGE_MISSING),
        "languages.en.purposes.execute"},
    {"[\"human_review\"]", "[\"human_review\", \"execute_request\"]",
        R(EXPLICIT_NOT_SEPARATE) | R(NOT_BY_CONSENT), "controls.review: human_review"},
    {"[\"human_review\"]",
        "[\"human_review\", \"on_device_adaptation\"], \"bundled_on_purpose\": \"x\"",
        R(EXPLICIT_NOT_SEPARATE) | R(NO_SENTENCE), "controls.review: human_review"},
    {"{\"id\": \"review\", \"purposes\": [\"human_review\"]},\n",
        "{\"id\": \"review\", \"purposes\": [\"keep_history\"]},\n",
        R(EXPLICIT_NOT_SEPARATE) | R(NO_CONTROL), "purposes.human_review"},
    {"Acme of Bern decides.", "", R(NO_CONTROLLER), "languages.en.controller"},
    {"\"controller\": \"Acme aus Bern entscheidet.\",\n", "", R(NO_CONTROLLER),
        "languages.de.controller"},
    {"Touch the switch again.", "", R(NO_WITHDRAWAL), "languages.en.withdrawal"},
    {"Touch the switch again.", "Later", R(NO_WITHDRAWAL), "languages.en.withdrawal"},
    {"[\"improve_by_machine\"]",
        "[\"improve_by_machine\", \"human_review\"], \"bundled_on_purpose\": \"as everybody does\"",
        R(REVIEW_HIDDEN) | R(EXPLICIT_NOT_SEPARATE), "controls.improve"},
    {"Machines learn from it. No person listens.",
        "Machines learn from it. Our staff may review some of it.", R(REVIEW_HIDDEN),
        "languages.en.purposes.improve_by_machine"},
    {"Maschinen lernen aus Ihrer Stimme.",
        "Mitarbeitende pr\xc3\xbc"
        "fen Ihre Stimme.",
        R(REVIEW_HIDDEN), "languages.de.purposes.improve_by_machine"},
    {"[\"keep_history\"]", "[\"keep_history\"], \"preticked\": true", R(PRETICKED),
        "controls.history"},
    {"[\"keep_history\"]", "[\"keep_history\"], \"preticked\": false", 0, NULL},
    {"\"execute_request\": \"Your words answer you.\",",
        "\"execute_request\": \"Your words answer you.\", \"donation\": \"We give it away.\",",
        R(NO_CONTROL) | R(EXPLICIT_NOT_SEPARATE) | R(LANGUAGE_MISSING), "purposes.donation"},
    {"[\"keep_history\"]", "[\"execute_request\"]", R(NO_CONTROL) | R(NOT_BY_CONSENT),
        "controls.history: execute_request"},
};

static char *changed(const char *from, const char *to)
{
    const char *at = strstr(good, from);
    ck_assert_msg(at, "not in the document: %s", from);
    const size_t n = sizeof good + strlen(to) + 1;
    char *document = malloc(n);
    snprintf(document, n, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
    return document;
}

typedef struct seen {
    uint32_t rules;
    const char *where; /* looked for */
    bool there;
    char all[4096];
} seen;

static bool note(void *user, const vpriv_notice_finding *finding)
{
    seen *s = user;
    ck_assert_uint_eq(finding->struct_size, sizeof *finding);
    s->rules |= 1u << finding->rule;
    s->there |= s->where && strcmp(finding->where, s->where) == 0;
    snprintf(s->all + strlen(s->all), sizeof s->all - strlen(s->all), "%s at %s; ",
        vpriv_notice_rule_name(finding->rule), finding->where);
    return true;
}

START_TEST(good_notice_has_no_findings)
{
    size_t n = 99;
    ck_ok(vpriv_notice_lint(good, strlen(good), NULL, NULL, &n));
    ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(each_change_breaks_the_rules_it_breaks_and_no_other)
{
    const change *c = &changes[_i];
    char *document = changed(c->from, c->to);
    seen s = {.where = c->where};
    size_t n = 0;
    ck_ok(vpriv_notice_lint(document, strlen(document), note, &s, &n));
    ck_assert_msg(s.rules == c->rules, "%s -> %s: found %s", c->from, c->to, s.all);
    ck_assert_msg(!c->where || s.there, "nothing at %s, but %s", c->where, s.all);
    ck_assert_uint_eq(n == 0, c->rules == 0);
    free(document);
}
END_TEST

START_TEST(every_rule_is_broken_by_some_change_and_has_words)
{
    uint32_t broken = 0;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        broken |= changes[i].rules;
    ck_assert_uint_eq(broken, (1u << VPRIV_NOTICE_RULES) - 1);
    for (int rule = 0; rule < VPRIV_NOTICE_RULES; rule++) {
        ck_assert_str_ne(vpriv_notice_rule_name((vpriv_notice_rule)rule), "unknown rule");
        ck_assert_uint_gt(strlen(vpriv_notice_rule_text((vpriv_notice_rule)rule)), 20);
    }
    ck_assert_str_eq(vpriv_notice_rule_name((vpriv_notice_rule)VPRIV_NOTICE_RULES), "unknown rule");
    ck_assert_str_eq(vpriv_notice_rule_name((vpriv_notice_rule)-1), "unknown rule");
    ck_assert_str_eq(vpriv_notice_rule_text((vpriv_notice_rule)-1), "this rule is not known");
}
END_TEST

static bool only_one(void *user, const vpriv_notice_finding *finding)
{
    (void)finding;
    ++*(int *)user;
    return false;
}

START_TEST(caller_can_stop_at_the_first_finding)
{
    int n_told = 0;
    size_t n = 0;
    char *document = changed("[\"human_review\"]", "[\"human_review\", \"execute_request\"]");
    ck_ok(vpriv_notice_lint(document, strlen(document), only_one, &n_told, &n));
    ck_assert_int_eq(n_told, 1);
    ck_assert_uint_eq(n, 1);
    free(document);
}
END_TEST

START_TEST(what_is_no_such_document_is_refused)
{
    static const change bad[] = {
        {"\"voicepriv_notice\": 1", "\"voicepriv_notice\": \"1\"", 0, NULL},
        {"\"id\": \"home\"", "\"id\": \"\"", 0, NULL},
        {"\"version\": \"7\"", "\"version\": 7", 0, NULL},
        {"\"version\": \"7\"", "\"version\": \"7\", \"surprise\": 1", 0, NULL},
        {"\"id\": \"review\"", "\"id\": \"history\"", 0, NULL},
        {"[\"human_review\"]", "[]", 0, NULL},
        {"[\"human_review\"]", "[3]", 0, NULL},
        {"[\"human_review\"]", "[\"human\\nreview\"]", 0, NULL},
        {"[\"human_review\"]", "[\"human_review\"], \"preticked\": 1", 0, NULL},
        {"[\"human_review\"]", "[\"human_review\"], \"bundled_on_purpose\": true", 0, NULL},
        {"\"de\": {", "\"d\": {", 0, NULL},
        {"\"de\": {", "\"de-xxxxxxxx-xxxxxxxx-xxxxxxxx-xxxxxxxx-xxxxxxxx\": {", 0, NULL},
        {"\"title\": \"Ihre Stimme\"", "\"title\": \"Ihre\\nStimme\"", 0, NULL},
        {"\"improve\": \"Learn\"", "\"improve\": 5", 0, NULL},
        {"\"languages\": {", "\"languages\": {}, \"others\": {", 0, NULL},
        {"\"languages\": {", "\"languages\": [], \"others\": {", 0, NULL},
        {"{\"history\": \"Keep\", \"review\": \"Listen\", \"improve\": \"Learn\"}", "[]", 0, NULL},
        {"\"title\": \"Ihre Stimme\"", "\"title\": 3", 0, NULL},
        {"\"title\": \"Ihre Stimme\"", "\"titel\": \"Ihre Stimme\"", 0, NULL},
        {"We keep it here.", "We\\u0000keep it.", 0, NULL},
        {"We keep it here.", "We keep it.\\n[x] and more", 0, NULL},
        {"\"improve\": \"Learn\"", "\"improvement\": \"Learn\"", 0, NULL},
        {"\"purposes\": {\"execute_request\": \"Your", "\"texts\": {\"execute_request\": \"Your", 0,
            NULL},
    };
    size_t n = 99;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *document = changed(bad[i].from, bad[i].to);
        const vpriv_status st = vpriv_notice_lint(document, strlen(document), NULL, NULL, &n);
        ck_assert_msg(st == VPRIV_E_FORMAT, "%s -> %s", bad[i].from, bad[i].to);
        free(document);
    }
    char *later = changed("\"voicepriv_notice\": 1", "\"voicepriv_notice\": 2");
    ck_fails(vpriv_notice_lint(later, strlen(later), NULL, NULL, &n), VPRIV_E_VERSION);
    free(later);
    /* Cut off anywhere, it is no document. */
    for (size_t n_bytes = 1; n_bytes < strlen(good) - 1; n_bytes++)
        ck_fails(vpriv_notice_lint(good, n_bytes, NULL, NULL, &n), VPRIV_E_FORMAT);
    ck_fails(vpriv_notice_lint(NULL, 9, NULL, NULL, &n), VPRIV_E_ARG);
    ck_fails(vpriv_notice_lint(good, 0, NULL, NULL, &n), VPRIV_E_ARG);
    ck_fails(vpriv_notice_lint(good, strlen(good), NULL, NULL, NULL), VPRIV_E_ARG);
    ck_assert_uint_eq(n, 99);
}
END_TEST

START_TEST(text_that_is_shown_says_all_that_was_checked)
{
    static const char wanted[] = "Your voice\n\n"
                                 "Acme of Bern decides.\n\n"
                                 "Your words answer you. [execute_request]\n\n"
                                 "[ ] Keep\n    We keep it here. [keep_history]\n\n"
                                 "[ ] Listen\n    People listen to it. [human_review]\n\n"
                                 "[ ] Learn\n    Machines learn from it. No person listens."
                                 " [improve_by_machine]\n\n"
                                 "Touch the switch again.\n\n"
                                 "(home, 7, en)\n";
    vpriv_notice_text *text = NULL;
    uint8_t hash[VPRIV_SHA256_BYTES];
    ck_ok(vpriv_notice_render(good, strlen(good), "en", &text));
    const vpriv_notice *notice = vpriv_notice_text_notice(text);
    ck_assert_str_eq(notice->text, wanted);
    ck_assert_uint_eq(notice->text_bytes, strlen(wanted));
    ck_assert_str_eq(notice->id, "home");
    ck_assert_str_eq(notice->version, "7");
    ck_assert_str_eq(notice->language, "en");
    ck_ok(vpriv_notice_hash(notice, hash));
    vpriv_notice_text_free(text);
    vpriv_notice_text_free(NULL);
    ck_assert_ptr_null(vpriv_notice_text_notice(NULL));
}
END_TEST

static void hash_of(const char *document, const char *language, uint8_t *hash)
{
    vpriv_notice_text *text = NULL;
    ck_ok(vpriv_notice_render(document, strlen(document), language, &text));
    ck_ok(vpriv_notice_hash(vpriv_notice_text_notice(text), hash));
    vpriv_notice_text_free(text);
}

START_TEST(whatever_changes_what_is_asked_changes_the_hash)
{
    static const change matters[] = {
        {"\"id\": \"home\"", "\"id\": \"house\"", 0, "en"},
        {"\"version\": \"7\"", "\"version\": \"8\"", 0, "en"},
        {"[\"keep_history\"]", "[\"keep_history\"], \"preticked\": true", 0, "en"},
        {"[\"keep_history\"]", "[\"keep_history\", \"donation\"]", 0, "en"},
        {"[\"human_review\"]", "[\"improve_by_machine\"]", 0, "en"},
        {"We keep it here.", "We keep it here!", 0, "en"},
        {"Touch the switch", "Turn the switch", 0, "en"},
        {"Acme of Bern", "Acme of Basel", 0, "en"},
        {"\"Keep\"", "\"Store\"", 0, "en"},
    };
    uint8_t before[VPRIV_SHA256_BYTES], after[VPRIV_SHA256_BYTES];
    hash_of(good, "en", before);
    hash_of(good, "de", after);
    ck_assert_mem_ne(before, after, sizeof before);
    hash_of(good, "en", after);
    ck_assert_mem_eq(before, after, sizeof before);
    for (size_t i = 0; i < sizeof matters / sizeof matters[0]; i++) {
        char *document = changed(matters[i].from, matters[i].to);
        hash_of(document, "en", after);
        ck_assert_msg(memcmp(before, after, sizeof before) != 0, "%s", matters[i].to);
        free(document);
    }
}
END_TEST

/* A purpose that two controls cover is said twice. */
START_TEST(text_that_is_too_long_is_not_shown)
{
    static char words[40000], twice[sizeof words + sizeof good + 64];
    vpriv_notice_text *text = NULL;
    memset(words, 'x', sizeof words - 2);
    words[sizeof words - 2] = '.';
    char *once = changed("We keep it here.", words);
    ck_ok(vpriv_notice_render(once, strlen(once), "en", &text));
    vpriv_notice_text_free(text);
    text = NULL;
    const char *at = strstr(once, "[\"human_review\"]");
    snprintf(
        twice, sizeof twice, "%.*s%s%s", (int)(at - once), once, "[\"keep_history\"]", at + 16);
    ck_fails(vpriv_notice_render(twice, strlen(twice), "en", &text), VPRIV_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "longer than"));
    ck_assert_ptr_null(text);
    free(once);
}
END_TEST

START_TEST(language_that_is_not_there_gives_no_text)
{
    vpriv_notice_text *text = NULL;
    ck_fails(vpriv_notice_render(good, strlen(good), "fr", &text), VPRIV_E_NOT_FOUND);
    ck_fails(vpriv_notice_render(good, strlen(good), "", &text), VPRIV_E_NOT_FOUND);
    ck_fails(vpriv_notice_render(good, strlen(good), NULL, &text), VPRIV_E_ARG);
    ck_fails(vpriv_notice_render(good, strlen(good), "en", NULL), VPRIV_E_ARG);
    ck_fails(vpriv_notice_render("[]", 2, "en", &text), VPRIV_E_FORMAT);
    ck_assert_ptr_null(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("consent: notices");
    TCase *tests = tcase_create("notices");
    tcase_add_test(tests, good_notice_has_no_findings);
    tcase_add_loop_test(tests, each_change_breaks_the_rules_it_breaks_and_no_other, 0,
        (int)(sizeof changes / sizeof changes[0]));
    tcase_add_test(tests, every_rule_is_broken_by_some_change_and_has_words);
    tcase_add_test(tests, caller_can_stop_at_the_first_finding);
    tcase_add_test(tests, what_is_no_such_document_is_refused);
    tcase_add_test(tests, text_that_is_shown_says_all_that_was_checked);
    tcase_add_test(tests, whatever_changes_what_is_asked_changes_the_hash);
    tcase_add_test(tests, language_that_is_not_there_gives_no_text);
    tcase_add_test(tests, text_that_is_too_long_is_not_shown);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
