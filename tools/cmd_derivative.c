/* derivative add, list, show, erase: what was made from a recording. */
#include "json.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static exit_code read_derivative(
    const tool_arguments *arguments, const char *text, vpriv_derivative_id *id_out)
{
    if (!id_parse(text, id_out->bytes))
        return tool_usage(arguments, "derivative '%s' is not an id: 32 hex digits", text);
    return EXIT_GOOD;
}

/* A file's bytes, or those of standard input, to be freed. */
static exit_code read_content(
    const tool_arguments *arguments, const char *path, char **bytes_out, size_t *n_out)
{
    const bool is_file = strcmp(path, "-") != 0;
    FILE *file = is_file ? fopen(path, "rbe") : stdin;
    exit_code code = EXIT_GOOD;
    if (!file)
        return tool_error(arguments, errno == ENOENT ? EXIT_NOT_FOUND : EXIT_IO,
            "%s: cannot be read: %s", path, strerror(errno));
    char *bytes = malloc(VPRIV_DERIVATIVE_BYTES_MAX + 1);
    const size_t n = bytes ? fread(bytes, 1, VPRIV_DERIVATIVE_BYTES_MAX + 1, file) : 0;
    if (!bytes)
        code = tool_error(arguments, EXIT_INTERNAL, "no memory");
    else if (ferror(file))
        code = tool_error(arguments, EXIT_IO, "%s: cannot be read: %s", path, strerror(errno));
    else if (n == 0)
        code = tool_error(arguments, EXIT_FORMAT, "%s: is empty", path);
    else if (n > VPRIV_DERIVATIVE_BYTES_MAX)
        code = tool_error(arguments, EXIT_FORMAT, "%s: longer than a derivative can be: %d bytes",
            path, VPRIV_DERIVATIVE_BYTES_MAX);
    if (is_file)
        fclose(file);
    if (code != EXIT_GOOD) {
        free(bytes);
        return code;
    }
    *bytes_out = bytes;
    *n_out = n;
    return EXIT_GOOD;
}

static exit_code read_about(const tool_arguments *arguments, vpriv_derivative *about)
{
    const char *kind = option_value(arguments, OPTION_KIND);
    const option_values *purposes = &arguments->options[OPTION_PURPOSE];
    if (vpriv_derivative_kind_from_name(kind, &about->kind) != VPRIV_OK)
        return tool_usage(arguments,
            "unknown kind '%.32s': there are transcript, outcome, label, feature and other", kind);
    for (size_t i = 0; i < purposes->n; i++) {
        vpriv_purpose purpose = VPRIV_PURPOSE_EXECUTE_REQUEST;
        const exit_code code = read_purpose(arguments, purposes->items[i], &purpose);
        if (code != EXIT_GOOD)
            return code;
        about->purposes |= VPRIV_PURPOSE_BIT(purpose);
    }
    return EXIT_GOOD;
}

exit_code command_derivative_add(const tool_arguments *arguments)
{
    tool_session session;
    vpriv_recording_id recording;
    vpriv_derivative_id id;
    char actor[VPRIV_LOG_ACTOR_BYTES], text[ID_TEXT_BYTES];
    char *bytes = NULL;
    size_t n_bytes = 0;
    vpriv_derivative about = {.struct_size = sizeof about,
        .media_type = option_value(arguments, OPTION_MEDIA_TYPE),
        .language = option_value(arguments, OPTION_LANGUAGE),
        .made_by = read_actor(arguments, actor)};
    exit_code code = read_recording(arguments, arguments->operands[0], &recording);
    if (code == EXIT_GOOD)
        code = read_about(arguments, &about);
    if (code == EXIT_GOOD)
        code = read_content(arguments, arguments->operands[1], &bytes, &n_bytes);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code == EXIT_GOOD) {
        const vpriv_status st =
            vpriv_derivative_add(session.vault, &recording, &about, bytes, n_bytes, &id);
        if (st == VPRIV_OK) {
            hex_format(id.bytes, ID_BYTES, text);
            printf("%s\n", text);
        } else {
            code = tool_failed(arguments, arguments->operands[0], st);
        }
        session_close(&session);
    }
    if (bytes)
        explicit_bzero(bytes, n_bytes);
    free(bytes);
    return code;
}

static bool print_derivative(void *user, const vpriv_derivative_info *info)
{
    char id[ID_TEXT_BYTES], made[TIME_TEXT_BYTES];
    (void)user;
    hex_format(info->id.bytes, ID_BYTES, id);
    time_format(info->made_us, false, made);
    printf("%s  %s  %-10s  %8" PRIu64 "  %s  by %s  ", id, made,
        vpriv_derivative_kind_name(info->kind), info->n_bytes,
        info->media_type[0] ? info->media_type : "-", info->made_by);
    purposes_print(info->purposes);
    putchar('\n');
    return true;
}

static bool add_derivative(void *user, const vpriv_derivative_info *info)
{
    json_t *item = json_pack("{s:o, s:s, s:o, s:s, s:o, s:o, s:I, s:o}", "id",
        json_id(info->id.bytes), "kind", vpriv_derivative_kind_name(info->kind), "made",
        json_time(info->made_us), "made_by", info->made_by, "media_type",
        json_text(info->media_type), "language", json_text(info->language), "bytes",
        (json_int_t)info->n_bytes, "purposes", json_purposes(info->purposes));
    return json_array_append_new(user, item) == 0;
}

exit_code command_derivative_list(const tool_arguments *arguments)
{
    tool_session session;
    vpriv_recording_id recording;
    const bool as_json = option_given(arguments, OPTION_JSON);
    exit_code code = read_recording(arguments, arguments->operands[0], &recording);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    json_t *list = json_array();
    const vpriv_status st = vpriv_derivative_list(
        session.vault, &recording, as_json ? add_derivative : print_derivative, list);
    if (st != VPRIV_OK)
        code = tool_failed(arguments, arguments->operands[0], st);
    else if (as_json)
        code = json_print(arguments, json_pack("{s:O}", "derivatives", list));
    json_decref(list);
    session_close(&session);
    return code;
}

/* All of it before the first byte goes to standard output: what came before a failure does not count. */
typedef struct content {
    size_t n;
    char bytes[VPRIV_DERIVATIVE_BYTES_MAX];
} content;

static vpriv_status collect(void *user, const void *bytes, size_t n_bytes)
{
    content *into = user;
    if (n_bytes > sizeof into->bytes - into->n)
        return VPRIV_E_LIMIT;
    memcpy(into->bytes + into->n, bytes, n_bytes);
    into->n += n_bytes;
    return VPRIV_OK;
}

static exit_code print_content(const tool_arguments *arguments, const tool_session *session,
    const vpriv_derivative_id *id, const vpriv_gate_request *request)
{
    exit_code code = EXIT_GOOD;
    content *into = calloc(1, sizeof *into);
    if (!into)
        return tool_error(arguments, EXIT_INTERNAL, "no memory");
    const vpriv_status st =
        vpriv_gate_read_derivative(session->vault, session->keyring, id, request, collect, into);
    if (st != VPRIV_OK)
        code = tool_failed(arguments, arguments->operands[0], st);
    else
        fwrite(into->bytes, 1, into->n, stdout);
    explicit_bzero(into, sizeof *into);
    free(into);
    return code;
}

static exit_code write_content(const tool_arguments *arguments, const tool_session *session,
    const vpriv_derivative_id *id, const vpriv_gate_request *request)
{
    tool_output output;
    /* Before the gate: what cannot be written shall not stand in the log as read. */
    exit_code code = output_begin(arguments, option_value(arguments, OPTION_OUTPUT), &output);
    if (code != EXIT_GOOD)
        return code;
    const vpriv_status st = vpriv_gate_read_derivative(
        session->vault, session->keyring, id, request, output_write, &output);
    if (st == VPRIV_OK || output.error)
        return output_finish(arguments, &output);
    code = tool_failed(arguments, arguments->operands[0], st);
    output_abandon(&output);
    return code;
}

exit_code command_derivative_show(const tool_arguments *arguments)
{
    tool_session session;
    vpriv_derivative_id id;
    char actor[VPRIV_LOG_ACTOR_BYTES];
    vpriv_gate_request request = {.struct_size = sizeof request,
        .actor = read_actor(arguments, actor),
        .reason = option_value(arguments, OPTION_REASON),
        .recipient = option_value(arguments, OPTION_RECIPIENT)};
    exit_code code = read_derivative(arguments, arguments->operands[0], &id);
    if (code == EXIT_GOOD)
        code = read_purpose(arguments, option_value(arguments, OPTION_PURPOSE), &request.purpose);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITH_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    code = option_given(arguments, OPTION_OUTPUT)
               ? write_content(arguments, &session, &id, &request)
               : print_content(arguments, &session, &id, &request);
    session_close(&session);
    return code;
}

exit_code command_derivative_erase(const tool_arguments *arguments)
{
    tool_session session;
    tool_output output;
    vpriv_derivative_id id;
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    exit_code code = read_derivative(arguments, arguments->operands[0], &id);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    code = receipt_begin(arguments, &output);
    if (code == EXIT_GOOD) {
        const vpriv_status st = vpriv_derivative_erase(session.vault, &id, &receipt);
        if (st == VPRIV_OK) {
            puts(receipt.n_derivatives ? "erased for good; the recording stays"
                                       : "it was erased with its recording before");
            code = receipt_finish(arguments, &output, session.vault, &receipt, NULL);
            session_tidy_after(arguments, session.vault);
        } else {
            code = tool_failed(arguments, arguments->operands[0], st);
        }
        output_abandon(&output);
    }
    session_close(&session);
    return code;
}
