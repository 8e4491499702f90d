/* Triggers that come to nothing: rejected, timed out, or too many. */
#include "base/try.h"
#include "recorder/recorder.h"

static bool is_stored(const vpriv_recorder *recorder)
{
    return recorder->config.retention != VPRIV_RETENTION_NONE;
}

/* Whoever presses a button means it, and whoever feeds a file or records all the time too. */
static bool counts(vpriv_trigger_kind kind)
{
    return kind != VPRIV_TRIGGER_BUTTON && kind != VPRIV_TRIGGER_CONTINUOUS &&
           kind != VPRIV_TRIGGER_IMPORT;
}

static vpriv_status reopen(vpriv_recorder *recorder)
{
    recorder->burst = (vpi_burst){.n = 0};
    return is_stored(recorder) ? vpi_false_wakes_reopen(recorder->vault) : VPRIV_OK;
}

vpriv_status vpi_recorder_let_in(vpriv_recorder *recorder, vpriv_trigger_kind kind)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const uint32_t most = recorder->config.false_wakes_per_hour;
    bool is_closed = false;
    if (most == 0)
        return VPRIV_OK;
    if (is_stored(recorder))
        VPI_TRY(vpi_false_wakes_closed(recorder->vault, &is_closed));
    is_closed = is_closed || recorder->burst.is_closed; /* of triggers that nothing was kept of */
    if (is_closed && kind == VPRIV_TRIGGER_BUTTON) {
        VPI_TRY(reopen(recorder));
        is_closed = false;
    }
    VPI_ENSURE(!is_closed || !counts(kind), VPRIV_E_LIMIT,
        "more than %u false wakes in an hour: triggers are refused until the person acts", most);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_recorder_reject(vpriv_recorder *recorder, bool *closed_out)
{
    vpriv_status st = VPRIV_OK;
    const uint32_t most = counts(recorder->trigger) ? recorder->config.false_wakes_per_hour : 0;
    if (recorder->stream)
        st = vpi_stream_reject(recorder->stream, most, closed_out);
    else if (most > 0)
        *closed_out = vpi_burst_add(&recorder->burst, vpi_monotonic_us(), most);
    return vpi_recorder_drop(recorder, st);
}

void vpi_recorder_give_up(vpriv_recorder *recorder, bool *closed_out)
{
    (void)vpi_recorder_reject(recorder, closed_out);
    atomic_store(&recorder->state, (int)VPRIV_RECORDER_RING);
}

void vpi_recorder_tell_closed(vpriv_recorder *recorder, bool closed)
{
    if (closed)
        vpi_recorder_tell(recorder, VPRIV_RECORDER_EVENT_CLOSED, VPRIV_OK);
}

bool vpi_recorder_time_out(vpriv_recorder *recorder)
{
    const vpi_recorder_limits *limits = &recorder->limits;
    const int64_t passed_us = vpi_monotonic_us() - recorder->triggered_us;
    const bool is_silent = limits->speech_within_ms > 0 &&
                           passed_us > (int64_t)limits->speech_within_ms * 1000 &&
                           !vpi_intake_has_heard_somebody(recorder->intake);
    if (!is_silent && passed_us <= (int64_t)limits->confirm_ms * 1000)
        return false;
    bool closed = false;
    const vpriv_status st = vpi_recorder_reject(recorder, &closed);
    vpi_recorder_back_to_ring(recorder);
    vpi_recorder_tell(
        recorder, is_silent ? VPRIV_RECORDER_EVENT_NO_SPEECH : VPRIV_RECORDER_EVENT_TIMED_OUT, st);
    vpi_recorder_tell_closed(recorder, closed);
    return true;
}

vpriv_status vpriv_recorder_acknowledge(vpriv_recorder *recorder)
{
    vpi_fail_clear();
    if (!recorder)
        return vpi_fail(VPRIV_E_ARG, "no recorder");
    pthread_mutex_lock(&recorder->lock);
    const vpriv_status st = reopen(recorder);
    pthread_mutex_unlock(&recorder->lock);
    return st;
}
