/* export: the only command that brings sound out, through the gate. */
#include "tool.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef vpriv_status (*export_fn)(vpriv_reader *reader, vpriv_write_fn write, void *user);

static bool has_ending(const char *path, const char *ending)
{
    const size_t n = strlen(path), n_ending = strlen(ending);
    return n > n_ending && strcasecmp(path + n - n_ending, ending) == 0;
}

static exit_code write_recording(
    const tool_arguments *arguments, vpriv_reader *reader, export_fn export, tool_output *output)
{
    const vpriv_status st = export(reader, output_write, output);
    if (st == VPRIV_E_CANCELLED && interrupts_seen()) {
        const char *path = output->path;
        output_abandon(output);
        return tool_error(arguments, EXIT_INTERRUPTED, "interrupted: there is no %s", path);
    }
    /* output_finish tells of an error in writing; what else went wrong leaves no file. */
    if (st == VPRIV_OK || output->error)
        return output_finish(arguments, output);
    const exit_code code = tool_failed(arguments, arguments->operands[0], st);
    output_abandon(output);
    return code;
}

static exit_code open_and_write(const tool_arguments *arguments, const tool_session *session,
    const vpriv_recording_id *recording, const vpriv_gate_request *request, export_fn export)
{
    tool_output output;
    vpriv_reader *reader = NULL;
    /* Before the gate: what cannot be written shall not stand in the log as heard. */
    exit_code code = output_begin(arguments, option_value(arguments, OPTION_OUTPUT), &output);
    if (code != EXIT_GOOD)
        return code;
    const vpriv_status st =
        vpriv_gate_open(session->vault, session->keyring, recording, request, &reader);
    if (st == VPRIV_OK) {
        code = write_recording(arguments, reader, export, &output);
    } else {
        code = tool_failed(arguments, arguments->operands[0], st);
        output_abandon(&output);
    }
    vpriv_gate_close(reader);
    return code;
}

exit_code command_export(const tool_arguments *arguments)
{
    tool_session session;
    vpriv_recording_id recording;
    char actor[VPRIV_LOG_ACTOR_BYTES];
    const char *path = option_value(arguments, OPTION_OUTPUT);
    vpriv_gate_request request = {.struct_size = sizeof request,
        .actor = read_actor(arguments, actor),
        .reason = option_value(arguments, OPTION_REASON),
        .recipient = option_value(arguments, OPTION_RECIPIENT)};
    exit_code code = read_recording(arguments, arguments->operands[0], &recording);
    if (code == EXIT_GOOD)
        code = read_purpose(arguments, option_value(arguments, OPTION_PURPOSE), &request.purpose);
    if (code != EXIT_GOOD)
        return code;
    const export_fn export = has_ending(path, ".opus")  ? vpriv_gate_export_opus
                             : has_ending(path, ".wav") ? vpriv_gate_export_wav
                                                        : NULL;
    if (!export)
        return tool_usage(arguments, "--output '%s' ends in neither .opus nor .wav", path);
    code = session_open(arguments, SESSION_WITH_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    interrupts_watch(false);
    code = open_and_write(arguments, &session, &recording, &request, export);
    session_close(&session);
    return code;
}
