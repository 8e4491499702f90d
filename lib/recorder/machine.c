/* The state machine: what happens at a trigger, with each piece of sound, and at the end. */
#include "base/try.h"
#include "recorder/recorder.h"
#include "vault/decision.h"
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

void vpi_recorder_back_to_ring(vpriv_recorder *recorder)
{
    vpi_intake_listen_on(recorder->intake);
    set_state(recorder, VPRIV_RECORDER_RING);
    vpi_recorder_show(recorder, VPRIV_INDICATOR_LISTENING);
}

static vpriv_status open_stream(vpriv_recorder *recorder, vpi_sealer_request *request)
{
    const vpriv_recorder_config *config = &recorder->config;
    const vpriv_encoding *encoding = vpi_intake_encoding(recorder->intake);
    request->tag.rate_hz = encoding->rate_hz;
    request->tag.n_channels = encoding->n_channels;
    request->tag.pre_skip_48k = vpi_intake_pre_skip_48k(recorder->intake);
    if (recorder->limits.has_pre_roll)
        request->started_ago_us = (int64_t)vpi_intake_pre_roll_us(recorder->intake);
    const bool is_gated =
        vpi_intake_gate(recorder->intake, vpi_recorder_is_gated(config, recorder->trigger));
    const int64_t unsealed_us = (int64_t)config->unsealed_ms * 1000 -
                                (is_gated ? vpi_intake_holds_us(recorder->intake) : 0);
    const vpriv_status st =
        vpi_stream_create(recorder->vault, request, unsealed_us, &recorder->stream);
    if (st == VPRIV_OK)
        vpi_stream_keep_time(recorder->stream, recorder->hub == NULL);
    return st;
}

/* The application may have the sound: asked at the trigger, and about as often as for a block. */
static vpriv_status permit_frames(vpriv_recorder *recorder)
{
    const int64_t now_us = vpi_monotonic_us();
    const int64_t every_us = (int64_t)recorder->config.unsealed_ms * 1000;
    if (!recorder->config.frames ||
        (recorder->permitted_us != 0 && now_us - recorder->permitted_us < every_us))
        return VPRIV_OK;
    recorder->permitted_us = now_us;
    return vpi_permit_execution(recorder->vault, vpi_recorder_is_by_person(recorder->trigger));
}

/* What may not be kept can still be answered: the application has the frames in memory, by a leave of its
 * own, and nothing is written. */
static vpriv_status keep_if_it_may_be(vpriv_recorder *recorder, vpi_sealer_request *request)
{
    if (recorder->config.retention == VPRIV_RETENTION_NONE)
        return VPRIV_OK;
    const vpriv_status st = open_stream(recorder, request);
    if (st != VPRIV_E_CONSENT || !recorder->config.frames)
        return st;
    (void)vpi_intake_gate(recorder->intake, false);
    (void)vpi_recorder_drop(recorder, VPRIV_OK);
    vpi_fail_clear();
    return VPRIV_OK;
}

/* Consent comes before the lamp, and the lamp before the first sample. */
static vpriv_status begin(vpriv_recorder *recorder, vpi_sealer_request *request)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const vpi_recorder_limits *limits = &recorder->limits;
    VPI_TRY(vpi_recorder_let_in(recorder, recorder->trigger));
    VPI_TRY(permit_frames(recorder));
    VPI_TRY(keep_if_it_may_be(recorder, request));
    vpi_recorder_show(recorder, VPRIV_INDICATOR_RECORDING);
    const vpi_intake_plan plan = {.has_pre_roll = limits->has_pre_roll,
        .listens = limits->trailing_silence_ms > 0,
        .maximum_ms = limits->maximum_ms};
    VPI_TRY(vpi_intake_begin(recorder->intake, recorder->stream, &plan));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_recorder_begin(vpriv_recorder *recorder, const vpriv_trigger *trigger)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_sealer_request request;
    VPI_TRY(vpi_recorder_request(&recorder->config, trigger, &request));
    memset(&recorder->outcome, 0, sizeof recorder->outcome);
    recorder->outcome.struct_size = sizeof recorder->outcome;
    recorder->has_outcome = false;
    recorder->trigger = trigger->kind;
    recorder->limits =
        vpi_recorder_limits_of(&recorder->config, trigger->kind, !recorder->commit_at_end);
    recorder->triggered_us = vpi_monotonic_us();
    recorder->permitted_us = 0;
    recorder->confirmed_48k = 0;
    const vpriv_status begun = begin(recorder, &request);
    if (begun != VPRIV_OK) {
        st = vpi_recorder_drop(recorder, begun);
        (void)vpi_intake_gate(recorder->intake, false);
        if (recorder->shown == VPRIV_INDICATOR_RECORDING)
            vpi_recorder_back_to_ring(recorder);
        return st;
    }
    set_state(recorder, VPRIV_RECORDER_PROVISIONAL);
    st = VPRIV_OK;
out:
    return st;
}

void vpi_recorder_committed(vpriv_recorder *recorder)
{
    recorder->confirmed_48k = vpi_intake_length_48k(recorder->intake);
    set_state(recorder, VPRIV_RECORDER_COMMITTED);
}

/* Asks the vault: the caller keeps the text of the failure. */
static vpriv_end_reason reason_of(const vpriv_recorder *recorder, vpriv_status status)
{
    const uint32_t needed =
        recorder->config.required_purposes | VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_EXECUTE_REQUEST);
    switch (status) {
    case VPRIV_E_CONSENT:
        return vpi_is_paused(recorder->vault, needed) ? VPRIV_END_PAUSED
                                                      : VPRIV_END_CONSENT_WITHDRAWN;
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

static void finish_stream(vpriv_recorder *recorder, vpriv_end_reason reason, vpriv_status status)
{
    vpi_stream *stream = recorder->stream;
    vpriv_outcome *outcome = &recorder->outcome;
    const bool rest_is_good = status != VPRIV_E_CONSENT && status != VPRIV_E_ERASED;
    vpriv_status st = rest_is_good ? finish(recorder, reason, true) : VPRIV_E_STATE;
    if (st != VPRIV_OK && rest_is_good && outcome->status == VPRIV_OK) {
        outcome->status = st;
        keep_text(recorder);
    }
    if (st != VPRIV_OK && rest_is_good)
        outcome->end_reason = reason = reason_of(recorder, st);
    if (st != VPRIV_OK && vpi_stream_is_committed(stream) && status != VPRIV_E_ERASED)
        st = finish(recorder, reason, false);
    outcome->is_stored =
        vpi_stream_is_committed(stream) && status != VPRIV_E_ERASED && st != VPRIV_E_ERASED;
    vpi_stream_describe(stream, outcome);
}

/* Kept, or in a file on its way to it. */
static bool is_kept(const vpriv_recorder *recorder)
{
    return vpriv_recorder_state_now(recorder) == VPRIV_RECORDER_COMMITTED ||
           recorder->commit_at_end;
}

void vpi_recorder_settle(vpriv_recorder *recorder, vpriv_end_reason reason, vpriv_status status)
{
    vpi_stream *stream = recorder->stream;
    recorder->outcome.end_reason = reason;
    recorder->outcome.status = status;
    recorder->has_outcome = true;
    keep_text(recorder);
    if (stream &&
        (vpi_stream_is_committed(stream) || (recorder->commit_at_end && status == VPRIV_OK)))
        finish_stream(recorder, reason, status);
    else if (!stream && status == VPRIV_OK && is_kept(recorder))
        (void)vpi_intake_end(recorder->intake, NULL); /* the last of it, for the application */
    vpi_stream_destroy(stream);                       /* nothing stays of what was not committed */
    recorder->stream = NULL;
}

static bool is_at_hand(const vpriv_recorder *recorder)
{
    const vpriv_recorder_state state = vpriv_recorder_state_now(recorder);
    return state == VPRIV_RECORDER_PROVISIONAL || state == VPRIV_RECORDER_COMMITTED;
}

/* The device is closed at once: whoever withdraws does not expect a microphone that stays open. */
void vpi_recorder_end(vpriv_recorder *recorder, vpriv_end_reason reason, vpriv_status status)
{
    const bool was_at_hand = is_at_hand(recorder);
    vpi_recorder_settle(recorder, reason, status);
    vpi_source_stop(recorder->source);
    vpi_intake_clear(recorder->intake);
    set_state(recorder, VPRIV_RECORDER_ENDED);
    vpi_recorder_show(recorder, VPRIV_INDICATOR_OFF);
    if (was_at_hand)
        vpi_recorder_tell(recorder, VPRIV_RECORDER_EVENT_ENDED, recorder->outcome.status);
}

void vpi_recorder_fail(vpriv_recorder *recorder, vpriv_status status)
{
    keep_text(recorder);
    const vpriv_end_reason reason = reason_of(recorder, status);
    (void)vpi_fail(status, "%s", recorder->detail);
    vpi_recorder_end(recorder, reason, status);
}

void vpi_recorder_listen_on(vpriv_recorder *recorder, vpriv_end_reason reason)
{
    vpi_recorder_settle(recorder, reason, VPRIV_OK);
    const vpriv_status st = recorder->outcome.status != VPRIV_OK
                                ? recorder->outcome.status
                                : vpi_intake_take_pre_roll(recorder->intake);
    recorder->outcome.status = st;
    if (st == VPRIV_OK) {
        vpi_recorder_back_to_ring(recorder);
    } else {
        vpi_source_stop(recorder->source);
        vpi_intake_clear(recorder->intake);
        set_state(recorder, VPRIV_RECORDER_ENDED);
        vpi_recorder_show(recorder, VPRIV_INDICATOR_OFF);
    }
    vpi_recorder_tell(recorder, VPRIV_RECORDER_EVENT_ENDED, recorder->outcome.status);
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

static bool is_over(const vpriv_recorder *recorder, vpriv_end_reason *reason_out)
{
    const vpi_intake *intake = recorder->intake;
    const uint64_t silence_48k = (uint64_t)recorder->limits.trailing_silence_ms * 48;
    if (!is_kept(recorder))
        return false;
    *reason_out = VPRIV_END_MAXIMUM;
    if (vpi_intake_is_full(intake))
        return true;
    *reason_out = VPRIV_END_SILENCE;
    return silence_48k > 0 && vpi_intake_silent_48k(intake) >= silence_48k &&
           vpi_intake_length_48k(intake) - recorder->confirmed_48k >= silence_48k;
}

static void go_on_or_end(vpriv_recorder *recorder, bool is_idle)
{
    vpriv_end_reason reason = VPRIV_END_FAILED;
    if (is_over(recorder, &reason) && recorder->runs)
        vpi_recorder_end(recorder, reason, VPRIV_OK);
    else if (is_over(recorder, &reason))
        vpi_recorder_listen_on(recorder, reason);
    else if (!vpi_recorder_tell_progress(recorder, is_idle))
        vpi_recorder_end(
            recorder, VPRIV_END_STOPPED, recorder->commit_at_end ? VPRIV_E_CANCELLED : VPRIV_OK);
    else if (vpriv_recorder_state_now(recorder) == VPRIV_RECORDER_PROVISIONAL &&
             !recorder->commit_at_end)
        (void)vpi_recorder_time_out(recorder);
}

vpriv_status vpi_recorder_step(vpriv_recorder *recorder, bool *idle_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    size_t n_frames = 0;
    bool end = false;
    if (vpi_intake_is_taking(recorder->intake))
        VPI_TRY(permit_frames(recorder));
    VPI_TRY(vpi_intake_pump(recorder->intake, recorder->stream, &n_frames, &end));
    recorder->n_pumped_frames += n_frames;
    if (recorder->stream)
        VPI_TRY(vpi_stream_poll(recorder->stream));
    *idle_out = n_frames == 0 && !end;
    if (end)
        vpi_recorder_end(recorder, VPRIV_END_SOURCE_ENDED, VPRIV_OK);
    else
        go_on_or_end(recorder, *idle_out);
    st = VPRIV_OK;
out:
    if (st != VPRIV_OK)
        vpi_recorder_fail(recorder, st);
    return st;
}
