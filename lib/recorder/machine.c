/* The state machine: what happens at a trigger, with each piece of sound, and at the end. */
#include "base/try.h"
#include "recorder/recorder.h"
#include <stdio.h>
#include <string.h>

#define PROGRESS_STEPS_PER_S 10

static void set_state(vpriv_recorder *recorder, vpriv_recorder_state state)
{
    atomic_store(&recorder->state, (int)state);
}

/* Cleaning up calls into the vault, which forgets the text of what went wrong before. */
static void keep_text(vpriv_recorder *recorder)
{
    snprintf(recorder->detail, sizeof recorder->detail, "%s", vpriv_error_detail());
}

vpriv_status vpi_recorder_drop(vpriv_recorder *recorder, vpriv_status status)
{
    keep_text(recorder);
    vpi_stream_destroy(recorder->stream);
    recorder->stream = NULL;
    return status == VPRIV_OK ? VPRIV_OK : vpi_fail(status, "%s", recorder->detail);
}

vpriv_status vpi_recorder_begin(vpriv_recorder *recorder, const vpriv_trigger *trigger)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_sealer_request request;
    const vpriv_recorder_config *config = &recorder->config;
    const vpriv_encoding *encoding = vpi_intake_encoding(recorder->intake);
    VPI_TRY(vpi_recorder_request(config, trigger, &request));
    memset(&recorder->outcome, 0, sizeof recorder->outcome);
    recorder->outcome.struct_size = sizeof recorder->outcome;
    recorder->triggered_us = vpi_monotonic_us();
    if (config->retention != VPRIV_RETENTION_NONE) {
        request.tag.rate_hz = encoding->rate_hz;
        request.tag.n_channels = encoding->n_channels;
        request.tag.pre_skip_48k = vpi_intake_pre_skip_48k(recorder->intake);
        request.started_ago_us = (int64_t)vpi_intake_pre_roll_us(recorder->intake);
        const bool is_gated =
            vpi_intake_gate(recorder->intake, vpi_recorder_is_gated(config, trigger->kind));
        const int64_t unsealed_us = (int64_t)config->unsealed_ms * 1000 -
                                    (is_gated ? vpi_intake_holds_us(recorder->intake) : 0);
        VPI_TRY(vpi_stream_create(recorder->vault, &request, unsealed_us, &recorder->stream));
        vpi_stream_keep_time(recorder->stream, recorder->hub == NULL);
        VPI_TRY(vpi_intake_begin(recorder->intake, recorder->stream));
    }
    set_state(recorder, VPRIV_RECORDER_PROVISIONAL);
    st = VPRIV_OK;
out:
    return st == VPRIV_OK ? st : vpi_recorder_drop(recorder, st);
}

static vpriv_end_reason reason_of(vpriv_status status)
{
    switch (status) {
    case VPRIV_E_CONSENT:
        return VPRIV_END_CONSENT_WITHDRAWN;
    case VPRIV_E_DEVICE_LOST:
        return VPRIV_END_DEVICE_LOST;
    case VPRIV_E_FULL:
        return VPRIV_END_DISK_FULL;
    case VPRIV_E_CANCELLED:
        return VPRIV_END_STOPPED;
    default:
        return VPRIV_END_FAILED;
    }
}

/* Final block, with as much as can be kept. */
static vpriv_status finish(vpriv_recorder *recorder, vpriv_end_reason reason, bool keep_rest)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_stream *stream = recorder->stream;
    vpi_intake *intake = recorder->intake;
    if (keep_rest) {
        VPI_TRY(vpi_intake_end(intake, stream));
        if (!vpi_stream_is_committed(stream))
            VPI_TRY(vpi_stream_commit(stream));
    }
    VPI_TRY(vpi_stream_finish(stream, reason, vpi_intake_length_48k(intake), keep_rest));
    st = VPRIV_OK;
out:
    return st;
}

void vpi_recorder_end(vpriv_recorder *recorder, vpriv_end_reason reason, vpriv_status status)
{
    vpi_stream *stream = recorder->stream;
    vpriv_outcome *outcome = &recorder->outcome;
    outcome->end_reason = reason;
    outcome->status = status;
    keep_text(recorder);
    const bool wanted = stream && (vpi_stream_is_committed(stream) ||
                                      (recorder->commit_at_end && status == VPRIV_OK));
    if (wanted) {
        const bool rest_is_good = status != VPRIV_E_CONSENT && status != VPRIV_E_ERASED;
        vpriv_status st = rest_is_good ? finish(recorder, reason, true) : VPRIV_E_STATE;
        if (st != VPRIV_OK && rest_is_good && outcome->status == VPRIV_OK) {
            outcome->status = st;
            keep_text(recorder);
        }
        if (st != VPRIV_OK && rest_is_good)
            outcome->end_reason = reason = reason_of(st);
        if (st != VPRIV_OK && vpi_stream_is_committed(stream) && status != VPRIV_E_ERASED)
            st = finish(recorder, reason, false);
        outcome->is_stored =
            vpi_stream_is_committed(stream) && status != VPRIV_E_ERASED && st != VPRIV_E_ERASED;
        vpi_stream_describe(stream, outcome);
    }
    vpi_stream_destroy(stream); /* rejects what was not committed */
    recorder->stream = NULL;
    vpi_intake_clear(recorder->intake);
    set_state(recorder, VPRIV_RECORDER_ENDED);
}

void vpi_recorder_fail(vpriv_recorder *recorder, vpriv_status status)
{
    vpi_recorder_end(recorder, reason_of(status), status);
}

/* Time is up for an unconfirmed trigger: as if it had been rejected. */
static vpriv_status time_out(vpriv_recorder *recorder)
{
    vpriv_status st = VPRIV_OK;
    if (recorder->stream)
        st = vpi_stream_reject(recorder->stream);
    st = vpi_recorder_drop(recorder, st);
    vpi_intake_clear(recorder->intake);
    set_state(recorder, VPRIV_RECORDER_RING);
    return st;
}

bool vpi_recorder_tell_progress(vpriv_recorder *recorder, bool is_idle)
{
    const uint64_t rate = recorder->source->format.rate_hz;
    const uint64_t total = vpi_source_total_frames(recorder->source);
    const int64_t now_us = vpi_monotonic_us();
    const uint64_t n_waiting = vpi_intake_waiting_48k(recorder->intake) * rate / 48000;
    const uint64_t n_pumped = recorder->n_pumped_frames;
    const uint64_t n_done = n_pumped > n_waiting ? n_pumped - n_waiting : 0;
    /* Also while no sound comes, so that whoever watches can end it. */
    if (!recorder->config.progress ||
        (n_done < recorder->next_progress &&
            !(is_idle && now_us - recorder->told_us >= 1000000 / PROGRESS_STEPS_PER_S)))
        return true;
    recorder->told_us = now_us;
    recorder->next_progress = n_done + rate / PROGRESS_STEPS_PER_S;
    return recorder->config.progress(recorder->config.progress_user, n_done * 1000000 / rate,
        total == VPI_FRAMES_UNKNOWN ? 0 : total * 1000000 / rate);
}

vpriv_status vpi_recorder_step(vpriv_recorder *recorder, bool *idle_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    size_t n_frames = 0;
    bool end = false;
    const vpriv_recorder_state state = vpriv_recorder_state_now(recorder);
    const int64_t confirm_us = (int64_t)recorder->config.confirm_ms * 1000;
    VPI_TRY(vpi_intake_pump(recorder->intake, recorder->stream, &n_frames, &end));
    recorder->n_pumped_frames += n_frames;
    if (recorder->stream)
        VPI_TRY(vpi_stream_poll(recorder->stream));
    *idle_out = n_frames == 0 && !end;
    const uint64_t maximum_48k = (uint64_t)recorder->config.maximum_ms * 48;
    if (end)
        vpi_recorder_end(recorder, VPRIV_END_SOURCE_ENDED, VPRIV_OK);
    else if ((state == VPRIV_RECORDER_COMMITTED || recorder->commit_at_end) && maximum_48k &&
             vpi_intake_length_48k(recorder->intake) >= maximum_48k)
        vpi_recorder_end(recorder, VPRIV_END_MAXIMUM, VPRIV_OK);
    else if (!vpi_recorder_tell_progress(recorder, *idle_out))
        vpi_recorder_end(
            recorder, VPRIV_END_STOPPED, recorder->commit_at_end ? VPRIV_E_CANCELLED : VPRIV_OK);
    else if (state == VPRIV_RECORDER_PROVISIONAL && !recorder->commit_at_end &&
             vpi_monotonic_us() - recorder->triggered_us > confirm_us)
        VPI_TRY(time_out(recorder));
    st = VPRIV_OK;
out:
    if (st != VPRIV_OK)
        vpi_recorder_fail(recorder, st);
    return st;
}
