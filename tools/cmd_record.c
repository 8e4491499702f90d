/* record, import. */
#include "tool.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MAX    64
#define MAX_MAX_MS     86400000
#define SILENCE_MIN_MS 200
#define SILENCE_MAX_MS 60000

/* What the options of both commands come to. */
typedef struct recording_request {
    uint8_t subjects[VPRIV_RECORDING_SUBJECTS_MAX * VPRIV_SUBJECT_ID_BYTES];
    vpriv_trigger trigger;
    vpriv_recorder_config config;
    tool_progress progress;
    tool_live live;
} recording_request;

static exit_code read_encoding(
    const tool_arguments *arguments, vpriv_encoding *encoding_out, uint32_t *n_threads_out)
{
    uint32_t bitrate_bps = 0, complexity = 0, rate_hz = 0, n_channels = 0;
    const struct {
        option_id id;
        uint32_t max;
        uint32_t *number;
    } numbers[] = {
        {OPTION_BITRATE, UINT32_MAX, &bitrate_bps},
        {OPTION_COMPLEXITY, 10, &complexity},
        {OPTION_RATE, UINT32_MAX, &rate_hz},
        {OPTION_CHANNELS, UINT32_MAX, &n_channels},
        {OPTION_THREADS, THREADS_MAX, n_threads_out},
    };
    static const char *const names[] = {"bitrate", "complexity", "rate", "channels", "threads"};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const char *text = option_value(arguments, numbers[i].id);
        const bool zero_is_a_number = numbers[i].id == OPTION_COMPLEXITY;
        if (text && (!number_parse(text, numbers[i].max, numbers[i].number) ||
                        (*numbers[i].number == 0 && !zero_is_a_number)))
            return tool_usage(arguments, "--%s '%s' is not a number that can be", names[i], text);
    }
    vpriv_encoding encoding = {.struct_size = sizeof encoding,
        .bitrate_bps = bitrate_bps,
        .rate_hz = rate_hz,
        .n_channels = n_channels};
    if (option_given(arguments, OPTION_COMPLEXITY))
        encoding.complexity_plus_one = complexity + 1;
    if (vpriv_encoding_check(&encoding, encoding_out) != VPRIV_OK)
        return tool_usage(arguments, "%s", vpriv_error_detail());
    return EXIT_GOOD;
}

/* When it ends by itself: 0 is never. */
static exit_code read_ends(const tool_arguments *arguments, vpriv_recorder_config *config)
{
    exit_code code = read_span(arguments,
        &(span_option){OPTION_MAX, "max", 1000, 1, MAX_MAX_MS, "15, 15s or 2m, up to 24h"},
        &config->maximum_ms);
    if (code == EXIT_GOOD)
        code = read_span(arguments,
            &(span_option){OPTION_SILENCE, "silence", 1000, SILENCE_MIN_MS, SILENCE_MAX_MS,
                "1.5 or 2s, 200ms to 1m, or 0"},
            &config->trailing_silence_ms);
    config->no_maximum = option_given(arguments, OPTION_MAX) && config->maximum_ms == 0;
    config->no_trailing_silence =
        option_given(arguments, OPTION_SILENCE) && config->trailing_silence_ms == 0;
    return code;
}

static exit_code read_recording_request(
    const tool_arguments *arguments, vpriv_trigger_kind kind, recording_request *request_out)
{
    *request_out = (recording_request){
        .trigger = {.struct_size = sizeof(vpriv_trigger), .kind = kind},
        .config = {.struct_size = sizeof(vpriv_recorder_config),
            .subjects = request_out->subjects,
            .n_subjects = arguments->options[OPTION_SUBJECT].n,
            .n_guests = (uint32_t)arguments->options[OPTION_GUEST].n,
            .n_unknown_speakers = (uint32_t)arguments->options[OPTION_UNKNOWN_SPEAKER].n,
            /* Whoever types the command names everybody who is heard, or says that there are more. */
            .all_identified =
                option_given(arguments, OPTION_OTHERS_HEARD) ? VPRIV_FACT_NO : VPRIV_FACT_YES,
            .no_pre_roll = true,
            .progress = progress_tell,
            .progress_user = &request_out->progress,
            .indicator = progress_indicate,
            .indicator_user = &request_out->progress}};
    const char *retention = option_value(arguments, OPTION_RETENTION);
    const char *trigger = option_value(arguments, OPTION_TRIGGER);
    const char *gate = option_value(arguments, OPTION_VOICE_GATE);
    if (retention &&
        vpriv_retention_from_name(retention, &request_out->config.retention) != VPRIV_OK)
        return tool_usage(arguments, "--retention: %s", vpriv_error_detail());
    if (trigger && vpriv_trigger_from_name(trigger, &request_out->trigger.kind) != VPRIV_OK)
        return tool_usage(arguments,
            "unknown trigger '%s': wake-word, button, raise, tap, voice-activity, continuous",
            trigger);
    if (gate && strcmp(gate, "on") == 0)
        request_out->config.voice_gate = VPRIV_VOICE_GATE_ON;
    else if (gate && strcmp(gate, "off") == 0)
        request_out->config.voice_gate = VPRIV_VOICE_GATE_OFF;
    else if (gate && strcmp(gate, "auto") != 0)
        return tool_usage(arguments, "--voice-gate '%s' is none of auto, on, off", gate);
    exit_code code =
        read_encoding(arguments, &request_out->config.encoding, &request_out->config.n_threads);
    if (code == EXIT_GOOD)
        code = read_ends(arguments, &request_out->config);
    return code == EXIT_GOOD ? read_subjects(arguments, request_out->subjects) : code;
}

/* Nobody asked for it just then: the person wants to know. */
static void report_end(
    const tool_arguments *arguments, const char *what, const vpriv_outcome *outcome, exit_code code)
{
    const char *reason = vpriv_end_reason_name(outcome->end_reason);
    if (code != EXIT_GOOD && outcome->is_stored)
        tool_note(arguments, "%s: it ended early (%s)", what, reason);
    else if (code == EXIT_GOOD &&
             (outcome->end_reason == VPRIV_END_SILENCE || outcome->end_reason == VPRIV_END_MAXIMUM))
        tool_note(
            arguments, "%s: it ended by itself (%s): nothing after that was kept", what, reason);
}

/* Prints the id of what was stored, and says everything else that came of it. */
static exit_code report(const tool_arguments *arguments, const char *what, vpriv_status status,
    const vpriv_outcome *outcome)
{
    char id[ID_TEXT_BYTES];
    const bool was_interrupted = interrupts_seen() > 0;
    exit_code code = EXIT_GOOD;
    if (status == VPRIV_E_CANCELLED ||
        (status != VPRIV_OK && was_interrupted && !outcome->is_stored))
        return tool_error(arguments, EXIT_INTERRUPTED, "%s: interrupted: nothing was kept", what);
    if (status != VPRIV_OK && !(status == VPRIV_E_FORMAT && was_interrupted))
        code = tool_failed(arguments, what, status);
    if (outcome->is_stored) {
        hex_format(outcome->recording.bytes, ID_BYTES, id);
        printf("%s\n", id);
        fflush(stdout);
    } else if (status == VPRIV_OK) {
        tool_note(arguments,
            "%s: nothing was stored: \"don't save\" is the default; --retention 90d keeps it for "
            "90 days",
            what);
    }
    if (outcome->is_stored && was_interrupted)
        tool_note(arguments, "%s: interrupted: kept what came before", what);
    if (outcome->is_stored && outcome->n_lost_frames_48k > 0)
        tool_note(arguments, "%s: %llu ms of it were lost and are a gap", what,
            (unsigned long long)(outcome->n_lost_frames_48k / FRAMES_PER_MS));
    if (outcome->is_stored && outcome->n_silent_frames_48k > 0)
        tool_note(arguments, "%s: in %llu ms of it nobody spoke: kept as silence", what,
            (unsigned long long)(outcome->n_silent_frames_48k / FRAMES_PER_MS));
    report_end(arguments, what, outcome, code);
    return code;
}

/* What the input's name begins with. */
typedef enum input_kind {
    INPUT_FILE,
    INPUT_STANDARD,
    INPUT_MICROPHONE,
} input_kind;

static vpriv_status record_live(const tool_arguments *arguments, const char *what,
    vpriv_recorder *recorder, recording_request *request, vpriv_outcome *outcome)
{
    if (request->live.pre_roll_ms > 0 && isatty(STDIN_FILENO) == 1)
        tool_note(arguments, "%s: listening: press Enter to record, with what came before", what);
    return live_run(recorder, &request->trigger, &request->progress, &request->live, outcome);
}

static exit_code record_source(const tool_arguments *arguments, vpriv_vault *vault,
    const char *input, input_kind kind, const char *what, recording_request *request)
{
    vpriv_source *source = NULL;
    vpriv_recorder *recorder = NULL;
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    const vpriv_capture_options options = {.struct_size = sizeof options,
        .wanted = {.rate_hz = request->config.encoding.rate_hz,
            .n_channels = request->config.encoding.n_channels},
        .allow_monitor = option_given(arguments, OPTION_ALLOW_MONITOR),
        .allow_non_card = option_given(arguments, OPTION_ALLOW_NON_CARD)};
    vpriv_status st = vpriv_capture_open(input, &options, &source);
    if (st != VPRIV_OK && kind == INPUT_MICROPHONE)
        return tool_failed(arguments, what, st);
    if (st == VPRIV_OK)
        st = vpriv_recorder_open(vault, source, &request->config, &recorder);
    if (kind == INPUT_MICROPHONE)
        what = vpriv_capture_name(source);
    progress_begin(arguments, what, &request->progress);
    request->progress.n_interrupts_allowed = kind == INPUT_STANDARD ? 1 : 0;
    request->progress.microphone = kind == INPUT_MICROPHONE ? source : NULL;
    if (st == VPRIV_OK && request->live.is_wanted)
        st = record_live(arguments, what, recorder, request, &outcome);
    else if (st == VPRIV_OK)
        st = vpriv_recorder_run(recorder, &request->trigger, &outcome);
    progress_end(&request->progress);
    const exit_code code =
        request->live.is_wanted && recorder && st != VPRIV_OK && !outcome.is_stored
            ? live_explain(arguments, what, st, &request->live)
            : report(arguments, what, st, &outcome);
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    return code;
}

/* What cannot be one whatever there is on this machine is a mistake on the command line. */
static bool is_input(const char *input)
{
    static const char *const kinds[] = {"file", "alsa", "pulse"};
    const size_t n = strcspn(input, ":");
    if (strcmp(input, "-") == 0)
        return true;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strlen(kinds[i]) == n && strncmp(input, kinds[i], n) == 0)
            return input[n] ? input[n + 1] != '\0' : i > 0;
    return false;
}

exit_code command_record(const tool_arguments *arguments)
{
    tool_session session;
    recording_request request;
    const char *input = option_value(arguments, OPTION_INPUT);
    const input_kind kind = strcmp(input, "-") == 0           ? INPUT_STANDARD
                            : strncmp(input, "file:", 5) == 0 ? INPUT_FILE
                                                              : INPUT_MICROPHONE;
    exit_code code = read_recording_request(arguments, VPRIV_TRIGGER_BUTTON, &request);
    if (code == EXIT_GOOD && is_input(input))
        code = live_read(arguments, kind == INPUT_MICROPHONE, &request.config, &request.live);
    if (code != EXIT_GOOD)
        return code;
    live_listen_to(&request.live, &request.config);
    if (!is_input(input))
        return tool_usage(arguments,
            "--input '%s' is none of alsa:NAME, pulse, pulse:NAME, file:PATH and -", input);
    if (option_given(arguments, OPTION_CREDENTIAL) &&
        (option_given(arguments, OPTION_ROOT) || option_given(arguments, OPTION_KEYRING)))
        return tool_usage(arguments, "--credential is instead of --root and --keyring");
    code = option_given(arguments, OPTION_CREDENTIAL)
               ? session_open_for_capture(arguments, &session)
               : session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    interrupts_watch(kind == INPUT_STANDARD);
    const char *what = kind == INPUT_STANDARD ? "standard input"
                       : kind == INPUT_FILE   ? input + 5
                                              : input;
    code = record_source(arguments, session.vault, input, kind, what, &request);
    session_close(&session);
    return code;
}

/* By its first bytes, whatever its name says. */
static bool is_ogg(const char *path)
{
    char magic[4] = {0};
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const bool found = fd >= 0 && read(fd, magic, sizeof magic) == (ssize_t)sizeof magic &&
                       memcmp(magic, "OggS", sizeof magic) == 0;
    if (fd >= 0)
        close(fd);
    return found;
}

static exit_code import_file(const tool_arguments *arguments, vpriv_vault *vault, const char *path,
    recording_request *request)
{
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    if (strcmp(path, "-") == 0)
        return tool_usage(arguments, "standard input is recorded, not imported");
    if (!is_ogg(path)) {
        char input[PATH_TEXT_BYTES + 8];
        snprintf(input, sizeof input, "file:%s", path);
        return record_source(arguments, vault, input, INPUT_FILE, path, request);
    }
    progress_begin(arguments, path, &request->progress);
    const vpriv_status st = vpriv_recorder_import_opus(vault, path, &request->config, &outcome);
    progress_end(&request->progress);
    return report(arguments, path, st, &outcome);
}

/* Whether the other files can fare any better. */
static bool is_about_one_file(exit_code code)
{
    return code == EXIT_NOT_FOUND || code == EXIT_FORMAT || code == EXIT_IO;
}

exit_code command_import(const tool_arguments *arguments)
{
    tool_session session;
    recording_request request;
    exit_code code = read_recording_request(arguments, VPRIV_TRIGGER_IMPORT, &request);
    if (code == EXIT_GOOD)
        code = session_open(arguments, SESSION_WITHOUT_KEYRING, &session);
    if (code != EXIT_GOOD)
        return code;
    interrupts_watch(false);
    for (int i = 0; i < arguments->n_operands; i++) {
        const exit_code now =
            import_file(arguments, session.vault, arguments->operands[i], &request);
        if (code == EXIT_GOOD)
            code = now;
        if (now != EXIT_GOOD && !is_about_one_file(now))
            break;
    }
    session_close(&session);
    return code;
}
