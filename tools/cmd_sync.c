/* consent sync, consent export-events, consent surface add. */
#include "json.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file's bytes, to be freed. */
static exit_code read_events(
    const tool_arguments *arguments, const char *path, char **text_out, size_t *n_out)
{
    FILE *file = fopen(path, "rbe");
    exit_code code = EXIT_GOOD;
    char *text = NULL;
    if (!file)
        return tool_error(arguments, errno == ENOENT ? EXIT_NOT_FOUND : EXIT_IO,
            "%s: cannot be read: %s", path, strerror(errno));
    text = malloc(VPRIV_SYNC_BYTES_MAX + 1);
    const size_t n = text ? fread(text, 1, VPRIV_SYNC_BYTES_MAX + 1, file) : 0;
    if (!text)
        code = tool_error(arguments, EXIT_INTERNAL, "no memory");
    else if (ferror(file))
        code = tool_error(arguments, EXIT_IO, "%s: cannot be read: %s", path, strerror(errno));
    fclose(file);
    if (code != EXIT_GOOD) {
        free(text);
        return code;
    }
    *text_out = text;
    *n_out = n;
    return EXIT_GOOD;
}

static bool print_change(void *user, const vpriv_consent_record *record)
{
    char id[ID_TEXT_BYTES];
    (void)user;
    hex_format(record->subject, sizeof record->subject, id);
    printf("%s  %-24s %s\n", id, vpriv_purpose_name(record->purpose),
        vpriv_consent_state_name(record->event.state));
    return true;
}

static bool add_change(void *user, const vpriv_consent_record *record)
{
    return json_array_append_new(
               user, json_pack("{s:o, s:s, s:s, s:o, s:s}", "subject", json_id(record->subject),
                         "purpose", vpriv_purpose_name(record->purpose), "state",
                         vpriv_consent_state_name(record->event.state), "record_id",
                         json_id(record->record_id), "surface", record->event.surface)) == 0;
}

static exit_code tell(
    const tool_arguments *arguments, const vpriv_sync_result *r, bool as_json, json_t *changes)
{
    if (as_json)
        return json_print(arguments,
            json_pack("{s:I, s:I, s:I, s:I, s:I, s:O}", "new", (json_int_t)r->n_new, "known",
                (json_int_t)r->n_known, "skipped", (json_int_t)r->n_skipped, "gaps",
                (json_int_t)r->n_gaps, "forked", (json_int_t)r->n_forked, "changed", changes));
    printf("%" PRIu64 " new, %" PRIu64 " known, %" PRIu64 " about others; %" PRIu64
           " consents changed\n",
        r->n_new, r->n_known, r->n_skipped, r->n_changed);
    if (r->n_gaps > 0)
        tool_note(arguments, "%" PRIu64 " consents wait for events that are missing", r->n_gaps);
    if (r->n_forked > 0)
        tool_note(arguments, "%" PRIu64 " consents: a surface used one number twice", r->n_forked);
    return EXIT_GOOD;
}

exit_code command_consent_sync(const tool_arguments *arguments)
{
    const bool as_json = option_given(arguments, OPTION_JSON);
    vpriv_sync_result result = {.struct_size = sizeof result};
    tool_session session;
    char *text = NULL;
    size_t n = 0;
    exit_code code = read_events(arguments, arguments->operands[0], &text, &n);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD) {
        free(text);
        return code;
    }
    json_t *changes = json_array();
    const vpriv_status st = vpriv_consent_sync(
        session.vault, text, n, as_json ? add_change : print_change, changes, &result);
    if (st == VPRIV_OK) {
        code = tell(arguments, &result, as_json, changes);
        session_tidy_after(arguments, session.vault);
    } else {
        code = tool_failed(arguments, arguments->operands[0], st);
    }
    json_decref(changes);
    free(text);
    session_close(&session);
    return code;
}

static bool print_line(void *user, const char *line, size_t n_bytes)
{
    (void)user;
    return fwrite(line, 1, n_bytes, stdout) == n_bytes;
}

exit_code command_consent_export_events(const tool_arguments *arguments)
{
    tool_session session;
    exit_code code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    const vpriv_status st = vpriv_consent_export_events(session.vault, print_line, NULL);
    if (st != VPRIV_OK)
        code = tool_failed(arguments, NULL, st);
    session_close(&session);
    return code;
}

static bool read_key(const char *text, uint8_t *key_out)
{
    char half[ID_TEXT_BYTES] = "";
    if (strlen(text) != 2 * VPRIV_SURFACE_PUBLIC_KEY_BYTES)
        return false;
    memcpy(half, text, ID_TEXT_BYTES - 1);
    return id_parse(half, key_out) && id_parse(text + ID_TEXT_BYTES - 1, key_out + ID_BYTES);
}

exit_code command_consent_surface_add(const tool_arguments *arguments)
{
    uint8_t key[VPRIV_SURFACE_PUBLIC_KEY_BYTES];
    char actor[VPRIV_LOG_ACTOR_BYTES];
    tool_session session;
    if (!read_key(arguments->operands[1], key))
        return tool_usage(arguments, "'%s' is no key: 64 hex digits", arguments->operands[1]);
    exit_code code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    const vpriv_status st = vpriv_surface_trust(
        session.vault, arguments->operands[0], key, read_actor(arguments, actor));
    if (st != VPRIV_OK)
        code = tool_failed(arguments, arguments->operands[0], st);
    session_close(&session);
    return code;
}
