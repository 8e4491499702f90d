/* What a recorder tells whoever made it. */
#include "recorder/recorder.h"

void vpi_recorder_show(vpriv_recorder *recorder, vpriv_indicator indicator)
{
    if (recorder->shown == indicator)
        return;
    recorder->shown = indicator;
    if (recorder->config.indicator)
        recorder->config.indicator(recorder->config.indicator_user, indicator);
}

void vpi_recorder_tell(
    vpriv_recorder *recorder, vpriv_recorder_event_kind kind, vpriv_status status)
{
    const vpriv_recorder_event event = {.struct_size = sizeof event,
        .kind = kind,
        .trigger = recorder->trigger,
        .status = status,
        .outcome = kind == VPRIV_RECORDER_EVENT_ENDED ? &recorder->outcome : NULL};
    if (recorder->config.event)
        recorder->config.event(recorder->config.event_user, &event);
}
