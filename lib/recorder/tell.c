/* What a recorder tells whoever made it. */
#include "recorder/recorder.h"
#include <stdio.h>

const char *vpriv_recorder_state_name(vpriv_recorder_state state)
{
    static const char *const names[] = {[VPRIV_RECORDER_IDLE] = "idle",
        [VPRIV_RECORDER_RING] = "listening",
        [VPRIV_RECORDER_PROVISIONAL] = "provisional",
        [VPRIV_RECORDER_COMMITTED] = "recording",
        [VPRIV_RECORDER_ENDED] = "ended",
        [VPRIV_RECORDER_MUTED] = "muted"};
    return (size_t)state < sizeof names / sizeof names[0] ? names[state] : "unknown state";
}

const char *vpriv_indicator_name(vpriv_indicator indicator)
{
    static const char *const names[] = {[VPRIV_INDICATOR_OFF] = "off",
        [VPRIV_INDICATOR_LISTENING] = "listening",
        [VPRIV_INDICATOR_RECORDING] = "recording",
        [VPRIV_INDICATOR_MUTED] = "muted"};
    return (size_t)indicator < sizeof names / sizeof names[0] ? names[indicator]
                                                              : "unknown indicator";
}

void vpi_recorder_show(vpriv_recorder *recorder, vpriv_indicator indicator)
{
    if (recorder->shown == indicator)
        return;
    recorder->shown = indicator;
    if (recorder->config.indicator)
        recorder->config.indicator(recorder->config.indicator_user, indicator);
}

void vpi_recorder_word(vpriv_recorder *recorder)
{
    recorder->outcome.struct_size = sizeof recorder->outcome;
    snprintf(recorder->outcome.detail, sizeof recorder->outcome.detail, "%s",
        recorder->outcome.status == VPRIV_OK ? "" : recorder->detail);
}

void vpi_recorder_tell(
    vpriv_recorder *recorder, vpriv_recorder_event_kind kind, vpriv_status status)
{
    vpi_recorder_word(recorder);
    const vpriv_recorder_event event = {.struct_size = sizeof event,
        .kind = kind,
        .trigger = recorder->trigger,
        .status = status,
        .outcome = kind == VPRIV_RECORDER_EVENT_ENDED ? &recorder->outcome : NULL};
    if (recorder->config.event)
        recorder->config.event(recorder->config.event_user, &event);
}
