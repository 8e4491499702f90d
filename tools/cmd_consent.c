/* consent give, refuse, withdraw, show. */
#include "json.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SURFACE "command line"

/* A consent command, with everything its options say. */
typedef struct consent_request {
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    vpriv_purpose purpose;
    vpriv_consent_evidence evidence;
} consent_request;

static exit_code read_by(const tool_arguments *arguments, vpriv_consent_by *by_out)
{
    static const struct {
        const char *name;
        vpriv_consent_by by;
    } names[] = {{"person", VPRIV_CONSENT_BY_PERSON}, {"parent", VPRIV_CONSENT_BY_PARENT},
        {"guardian", VPRIV_CONSENT_BY_GUARDIAN}, {"guardians", VPRIV_CONSENT_BY_GUARDIANS}};
    const char *text = option_value(arguments, OPTION_BY);
    if (!option_given(arguments, OPTION_BY))
        return EXIT_GOOD;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i].name) == 0) {
            *by_out = names[i].by;
            return EXIT_GOOD;
        }
    return tool_usage(
        arguments, "--by '%.40s' is none of person, parent, guardian, guardians", text);
}

static exit_code read_request(const tool_arguments *arguments, consent_request *request_out)
{
    consent_request request = {.evidence = {.struct_size = sizeof request.evidence,
                                   .by = VPRIV_CONSENT_BY_PERSON,
                                   .surface = SURFACE}};
    exit_code code = read_subjects(arguments, request.subject);
    if (code == EXIT_GOOD)
        code = read_purpose(arguments, option_value(arguments, OPTION_PURPOSE), &request.purpose);
    if (code == EXIT_GOOD)
        code = read_by(arguments, &request.evidence.by);
    if (code == EXIT_GOOD)
        code = read_time(arguments, OPTION_UNTIL, &request.evidence.valid_until_us);
    if (code == EXIT_GOOD)
        *request_out = request;
    return code;
}

exit_code notice_read_file(
    const tool_arguments *arguments, const char *path, char **text_out, size_t *text_bytes_out)
{
    FILE *file = fopen(path, "rbe");
    char *text = file ? malloc(VPRIV_NOTICE_TEXT_BYTES_MAX + 1) : NULL;
    exit_code code = EXIT_GOOD;
    if (!file)
        return tool_error(arguments, errno == ENOENT ? EXIT_NOT_FOUND : EXIT_IO,
            "%s: cannot be read: %s", path, strerror(errno));
    const size_t n = text ? fread(text, 1, VPRIV_NOTICE_TEXT_BYTES_MAX + 1, file) : 0;
    if (!text)
        code = tool_error(arguments, EXIT_INTERNAL, "no memory");
    else if (ferror(file))
        code = tool_error(arguments, EXIT_IO, "%s: cannot be read: %s", path, strerror(errno));
    else if (n > VPRIV_NOTICE_TEXT_BYTES_MAX)
        code = tool_error(arguments, EXIT_FORMAT, "%s: longer than a notice can be: %d bytes", path,
            VPRIV_NOTICE_TEXT_BYTES_MAX);
    fclose(file);
    if (code != EXIT_GOOD) {
        free(text);
        return code;
    }
    *text_out = text;
    *text_bytes_out = n;
    return EXIT_GOOD;
}

/* The notice is kept before the consent that binds to it. */
static exit_code keep_notice(const tool_arguments *arguments, vpriv_vault *vault,
    const vpriv_notice *notice, const char *what)
{
    const vpriv_status st = vpriv_notice_add(vault, notice, NULL);
    return st == VPRIV_OK ? EXIT_GOOD : tool_failed(arguments, what, st);
}

static exit_code keep_notice_of_file(const tool_arguments *arguments, vpriv_vault *vault,
    const char *path, vpriv_consent_evidence *evidence)
{
    static char version[2 * VPRIV_SHA256_BYTES + 1];
    const char *slash = strrchr(path, '/');
    uint8_t hash[VPRIV_SHA256_BYTES];
    char *text = NULL;
    vpriv_notice notice = {.struct_size = sizeof notice, .id = slash ? slash + 1 : path};
    exit_code code = notice_read_file(arguments, path, &text, &notice.text_bytes);
    if (code != EXIT_GOOD)
        return code;
    notice.text = text;
    notice.language =
        option_given(arguments, OPTION_LANGUAGE) ? option_value(arguments, OPTION_LANGUAGE) : "en";
    notice.version = "0";
    const vpriv_status st = vpriv_notice_hash(&notice, hash);
    if (st != VPRIV_OK) {
        free(text);
        return tool_failed(arguments, path, st);
    }
    hex_format(hash, 6, version);
    notice.version = option_given(arguments, OPTION_NOTICE_VERSION)
                         ? option_value(arguments, OPTION_NOTICE_VERSION)
                         : version;
    code = keep_notice(arguments, vault, &notice, path);
    free(text);
    evidence->notice_id = notice.id;
    evidence->language = notice.language;
    return code;
}

static exit_code keep_builtin_notice(const tool_arguments *arguments, vpriv_vault *vault,
    vpriv_purpose purpose, vpriv_consent_evidence *evidence)
{
    static char id[VPRIV_NOTICE_ID_BYTES];
    const char *name = vpriv_purpose_name(purpose);
    vpriv_vault_info about = {.struct_size = sizeof about};
    vpriv_notice_text *text = NULL;
    vpriv_status st = vpriv_vault_about(vault, &about);
    if (st != VPRIV_OK)
        return tool_failed(arguments, NULL, st);
    if (strcmp(about.controller_id, "owner") != 0) /* whom these texts speak of */
        return tool_usage(arguments, "the controller is %s: give its own notice, --notice FILE",
            about.controller_id);
    char *document = notice_builtin_document(purpose);
    if (!document)
        return tool_usage(arguments, "%s has no notice of its own here: give --notice FILE", name);
    st = vpriv_notice_render(document, strlen(document), "en", &text);
    free(document);
    if (st != VPRIV_OK)
        return tool_failed(arguments, name, st);
    const vpriv_notice *notice = vpriv_notice_text_notice(text);
    /* It counts as shown because it is. */
    if (fprintf(stderr, "%s\n", notice->text) < 0 || fflush(stderr) != 0 || ferror(stderr)) {
        vpriv_notice_text_free(text);
        return tool_error(arguments, EXIT_IO,
            "standard error: the notice cannot be shown, so that nothing was consented to");
    }
    snprintf(id, sizeof id, "%s", notice->id);
    evidence->notice_id = id;
    evidence->language = "en";
    const exit_code code = keep_notice(arguments, vault, notice, id);
    vpriv_notice_text_free(text);
    return code;
}

exit_code command_consent_give(const tool_arguments *arguments)
{
    tool_session session;
    tool_output output;
    consent_request request;
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    exit_code code = read_request(arguments, &request);
    if (code != EXIT_GOOD)
        return code;
    const char *path = option_value(arguments, OPTION_NOTICE);
    if (!path && (option_given(arguments, OPTION_NOTICE_VERSION) ||
                     option_given(arguments, OPTION_LANGUAGE)))
        return tool_usage(arguments, "--notice-version and --language go with --notice");
    /* What comes with the command does not say that it reaches back. */
    if (!path && option_given(arguments, OPTION_COVERS_PAST))
        return tool_usage(arguments, "--covers-past needs a --notice that says so");
    request.evidence.covers_past = option_given(arguments, OPTION_COVERS_PAST);
    request.evidence.recipients = arguments->options[OPTION_RECIPIENT].items;
    request.evidence.n_recipients = arguments->options[OPTION_RECIPIENT].n;
    code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    code = receipt_begin(arguments, &output);
    if (code == EXIT_GOOD)
        code = path ? keep_notice_of_file(arguments, session.vault, path, &request.evidence)
                    : keep_builtin_notice(
                          arguments, session.vault, request.purpose, &request.evidence);
    if (code == EXIT_GOOD) {
        const vpriv_status st = vpriv_consent_give(
            session.vault, request.subject, request.purpose, &request.evidence, &receipt);
        if (st == VPRIV_OK) {
            printf("%s: given\n", vpriv_purpose_name(request.purpose));
            code = receipt_finish(arguments, &output, session.vault, &receipt, NULL);
        } else {
            code = tool_failed(arguments, NULL, st);
        }
    }
    output_abandon(&output);
    session_close(&session);
    return code;
}

static void print_refused(vpriv_purpose purpose, const vpriv_receipt *receipt)
{
    (void)receipt;
    printf("%s: refused\n", vpriv_purpose_name(purpose));
}

static void print_withdrawn(vpriv_purpose purpose, const vpriv_receipt *receipt)
{
    printf("%s: withdrawn (root key generation %" PRIu64 " to %" PRIu64 ", forgets: %s)\n",
        vpriv_purpose_name(purpose), receipt->generation_before, receipt->generation_after,
        receipt->assurance == VPRIV_ASSURANCE_KEYED ? "keyed" : "best effort");
}

/* The two ways to say no. */
typedef vpriv_status (*no_call)(vpriv_vault *vault,
    const uint8_t subject_id[VPRIV_SUBJECT_ID_BYTES], vpriv_purpose purpose,
    const vpriv_consent_evidence *evidence, vpriv_receipt *receipt_out);

static exit_code say_no(const tool_arguments *arguments, no_call call,
    void (*print)(vpriv_purpose purpose, const vpriv_receipt *receipt))
{
    tool_session session;
    tool_output output;
    consent_request request;
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    exit_code code = read_request(arguments, &request);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    code = receipt_begin(arguments, &output);
    if (code == EXIT_GOOD) {
        const vpriv_status st =
            call(session.vault, request.subject, request.purpose, &request.evidence, &receipt);
        if (st == VPRIV_OK) {
            print(request.purpose, &receipt);
            code = receipt_finish(arguments, &output, session.vault, &receipt, NULL);
            if (call == vpriv_consent_withdraw)
                session_tidy_after(arguments, session.vault);
        } else {
            code = tool_failed(arguments, NULL, st);
        }
    }
    output_abandon(&output);
    session_close(&session);
    return code;
}

exit_code command_consent_refuse(const tool_arguments *arguments)
{
    return say_no(arguments, vpriv_consent_refuse, print_refused);
}

exit_code command_consent_withdraw(const tool_arguments *arguments)
{
    return say_no(arguments, vpriv_consent_withdraw, print_withdrawn);
}

/* Which records to show, and where they go. */
typedef struct consent_showing {
    bool has_purpose;
    vpriv_purpose purpose;
    json_t *list;
} consent_showing;

static bool print_record(void *user, const vpriv_consent_record *record)
{
    const consent_showing *showing = user;
    char time[TIME_TEXT_BYTES], until[TIME_TEXT_BYTES];
    if (showing->has_purpose && record->purpose != showing->purpose)
        return true;
    time_format(record->event.time_us, false, time);
    time_format(record->event.valid_until_us, false, until);
    printf("%-24s %-12s %-20s  until %-20s  notice %s\n", vpriv_purpose_name(record->purpose),
        vpriv_consent_state_name(record->event.state), time, until,
        record->notice.id[0] ? record->notice.id : "-");
    return true;
}

static bool add_record(void *user, const vpriv_consent_record *record)
{
    const consent_showing *showing = user;
    const vpriv_notice_ref *notice = &record->notice;
    if (showing->has_purpose && record->purpose != showing->purpose)
        return true;
    json_t *recipients = json_array();
    for (uint32_t i = 0; i < record->n_recipients; i++)
        json_array_append_new(recipients, json_string(record->recipients[i]));
    json_t *shown = notice->id[0] ? json_pack("{s:s, s:s, s:s, s:o}", "id", notice->id, "version",
                                        notice->version, "language", notice->language, "sha256",
                                        json_hex(notice->sha256, sizeof notice->sha256))
                                  : json_null();
    return json_array_append_new(showing->list,
               json_pack("{s:o, s:s, s:s, s:o, s:o, s:b, s:s, s:s, s:o, s:o}", "record_id",
                   json_id(record->record_id), "purpose", vpriv_purpose_name(record->purpose),
                   "state", vpriv_consent_state_name(record->event.state), "time",
                   json_time(record->event.time_us), "valid_until",
                   json_time(record->event.valid_until_us), "covers_past", record->covers_past,
                   "surface", record->event.surface, "controller", record->controller_id,
                   "recipients", recipients, "notice", shown)) == 0;
}

exit_code command_consent_show(const tool_arguments *arguments)
{
    tool_session session;
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    consent_showing showing = {.has_purpose = option_given(arguments, OPTION_PURPOSE)};
    const bool as_json = option_given(arguments, OPTION_JSON);
    exit_code code = read_subjects(arguments, subject);
    if (code == EXIT_GOOD && showing.has_purpose)
        code = read_purpose(arguments, option_value(arguments, OPTION_PURPOSE), &showing.purpose);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    showing.list = json_array();
    const vpriv_status st = vpriv_consent_list(
        session.vault, subject, false, as_json ? add_record : print_record, &showing);
    if (st != VPRIV_OK)
        code = tool_failed(arguments, NULL, st);
    else if (as_json)
        code = json_print(arguments, json_pack("{s:O}", "consents", showing.list));
    json_decref(showing.list);
    session_close(&session);
    return code;
}
