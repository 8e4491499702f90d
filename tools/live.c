/* A microphone that is listened to before it is recorded: pre-roll, trigger, confirmation, and an end that
 * may come by itself. The recorder works on its own thread; this one tells it what the person wants. */
#include "tool.h"
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS           20
#define PREROLL_MAX_MS    10000
#define CONFIRM_MAX_MS    58000
#define CONFIRM_MARGIN_MS 2000 /* so that the recorder's own time-out never comes first */

/* On the recorder's thread. */
static void on_event(void *user, const vpriv_recorder_event *event)
{
    tool_live *live = user;
    if (event->kind == VPRIV_RECORDER_EVENT_CLOSED)
        atomic_store(&live->is_closed, true);
    else
        atomic_store(&live->event, (int)event->kind);
}

static exit_code read_profile(const tool_arguments *arguments, vpriv_recorder_config *config)
{
    const char *profile = option_value(arguments, OPTION_PROFILE);
    if (profile && strcmp(profile, "wearable") != 0)
        return tool_usage(arguments, "unknown profile '%s': there is wearable", profile);
    if (profile)
        config->profile = VPRIV_RECORDER_PROFILE_WEARABLE;
    return EXIT_GOOD;
}

exit_code live_read(const tool_arguments *arguments, bool is_microphone,
    vpriv_recorder_config *config, tool_live *live_out)
{
    static const struct {
        option_id id;
        const char *name;
    } of_microphones[] = {{OPTION_PREROLL, "preroll"}, {OPTION_CONFIRM_AFTER, "confirm-after"},
        {OPTION_PROFILE, "profile"}};
    *live_out = (tool_live){.stage = LIVE_LISTENING};
    for (size_t i = 0; i < sizeof of_microphones / sizeof of_microphones[0]; i++)
        if (option_given(arguments, of_microphones[i].id) && !is_microphone)
            return tool_usage(arguments,
                "--%s is for microphones: files and standard input are recorded from where they "
                "begin",
                of_microphones[i].name);
    exit_code code = read_span(arguments,
        &(span_option){OPTION_PREROLL, "preroll", 1, 0, PREROLL_MAX_MS, "500 ms, up to 10 s"},
        &live_out->pre_roll_ms);
    if (code == EXIT_GOOD)
        code = read_span(arguments,
            &(span_option){
                OPTION_CONFIRM_AFTER, "confirm-after", 1, 0, CONFIRM_MAX_MS, "800 ms, up to 58 s"},
            &live_out->confirm_after_ms);
    if (code == EXIT_GOOD)
        code = read_profile(arguments, config);
    if (code == EXIT_GOOD && config->maximum_ms > 0 && config->maximum_ms <= live_out->pre_roll_ms)
        code = tool_usage(arguments, "--max is not longer than --preroll, which is part of it");
    live_out->is_wanted = live_out->pre_roll_ms > 0 ||
                          option_given(arguments, OPTION_CONFIRM_AFTER) ||
                          option_given(arguments, OPTION_PROFILE);
    config->pre_roll_ms = live_out->pre_roll_ms;
    config->no_pre_roll = live_out->pre_roll_ms == 0;
    if (option_given(arguments, OPTION_CONFIRM_AFTER))
        config->confirm_ms = live_out->confirm_after_ms + CONFIRM_MARGIN_MS;
    return code;
}

void live_listen_to(tool_live *live, vpriv_recorder_config *config)
{
    config->event = on_event;
    config->event_user = live;
}

typedef enum key {
    KEY_NONE,
    KEY_ENTER,
    KEY_END,
} key;

/* A moment, unless a line is typed. */
static key look(bool at_keyboard)
{
    struct pollfd keyboard = {.fd = at_keyboard ? STDIN_FILENO : -1, .events = POLLIN};
    char line[256];
    if (poll(&keyboard, 1, LOOK_MS) <= 0)
        return KEY_NONE;
    return read(STDIN_FILENO, line, sizeof line) > 0 ? KEY_ENTER : KEY_END;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_over(const vpriv_recorder *recorder, tool_live *live)
{
    return atomic_load(&live->event) != 0 ||
           vpriv_recorder_state_now(recorder) == VPRIV_RECORDER_ENDED;
}

/* Enter at a terminal, else as soon as there is all the pre-roll that was asked for. */
static vpriv_status wait_for_trigger(
    const vpriv_recorder *recorder, tool_progress *progress, tool_live *live)
{
    const bool at_keyboard = live->pre_roll_ms > 0 && isatty(STDIN_FILENO) == 1;
    while (!is_over(recorder, live)) {
        if (!at_keyboard && atomic_load(&progress->done_us) >= (uint64_t)live->pre_roll_ms * 1000)
            return VPRIV_OK;
        const key pressed = look(at_keyboard);
        if (interrupts_seen() || pressed == KEY_END)
            return VPRIV_E_CANCELLED;
        if (pressed == KEY_ENTER)
            return VPRIV_OK;
    }
    return VPRIV_OK;
}

/* When its time has come; where somebody has to speak first, not before that. */
static vpriv_status confirm(vpriv_recorder *recorder, tool_live *live)
{
    const int64_t then_ms = now_ms() + live->confirm_after_ms;
    while (!is_over(recorder, live)) {
        const vpriv_status st =
            now_ms() < then_ms ? VPRIV_E_STATE : vpriv_recorder_confirm(recorder);
        if (st == VPRIV_OK)
            live->stage = LIVE_CONFIRMED;
        if (st != VPRIV_E_STATE)
            return st;
        (void)look(false);
        if (interrupts_seen())
            return VPRIV_E_CANCELLED;
    }
    return VPRIV_OK;
}

static vpriv_status go(vpriv_recorder *recorder, const vpriv_trigger *trigger,
    tool_progress *progress, tool_live *live)
{
    vpriv_status st = wait_for_trigger(recorder, progress, live);
    if (st == VPRIV_OK && !is_over(recorder, live)) {
        st = vpriv_recorder_trigger(recorder, trigger);
        live->is_refused = st == VPRIV_E_LIMIT;
        if (st == VPRIV_OK)
            live->stage = LIVE_ON_TRIAL;
    }
    if (st == VPRIV_OK)
        st = confirm(recorder, live);
    while (st == VPRIV_OK && !is_over(recorder, live) && !interrupts_seen())
        (void)look(false);
    return st;
}

vpriv_status live_run(vpriv_recorder *recorder, const vpriv_trigger *trigger,
    tool_progress *progress, tool_live *live, vpriv_outcome *outcome_out)
{
    progress->n_interrupts_allowed = INT_MAX; /* they are seen here */
    vpriv_status st = vpriv_recorder_start(recorder);
    const bool is_started = st == VPRIV_OK;
    if (is_started)
        st = go(recorder, trigger, progress, live);
    /* Stopping forgets the text of what went wrong before. */
    if (st != VPRIV_OK)
        snprintf(live->detail, sizeof live->detail, "%s", vpriv_error_detail());
    const vpriv_status stopped = is_started ? vpriv_recorder_stop(recorder, outcome_out) : VPRIV_OK;
    if (st == VPRIV_E_STATE && outcome_out->status != VPRIV_OK) {
        st = outcome_out->status; /* it had just ended when it was called */
        live->detail[0] = '\0';
    }
    if (st == VPRIV_OK)
        st = stopped != VPRIV_OK ? stopped : outcome_out->status;
    if (st == VPRIV_OK && live->stage != LIVE_CONFIRMED)
        st = VPRIV_E_CANCELLED;
    return st;
}

exit_code live_explain(
    const tool_arguments *arguments, const char *what, vpriv_status status, tool_live *live)
{
    exit_code code = EXIT_INTERRUPTED;
    if (status != VPRIV_E_CANCELLED) {
        code = tool_error(arguments, live->is_refused ? EXIT_STATE : exit_code_of(status),
            "%s: %s%s%s", what, vpriv_status_text(status), live->detail[0] ? ": " : "",
            live->detail);
        if (live->is_refused)
            tool_note(arguments, "--trigger button, pressed by the person, lets them in again");
    } else {
        const int event = atomic_load(&live->event);
        const char *why = "interrupted before it was confirmed";
        if (live->stage == LIVE_LISTENING)
            why = "interrupted before it began";
        else if (event == VPRIV_RECORDER_EVENT_NO_SPEECH)
            why = "nobody spoke";
        else if (event == VPRIV_RECORDER_EVENT_TIMED_OUT)
            why = "it was not confirmed in time";
        code = tool_error(arguments, code, "%s: %s: nothing was kept", what, why);
    }
    if (atomic_load(&live->is_closed))
        tool_note(arguments, "%s: too many false wakes: triggers are refused from here on", what);
    return code;
}
