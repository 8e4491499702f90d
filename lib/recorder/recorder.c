#include "recorder/recorder.h"
#include "base/memory.h"
#include "base/try.h"
#include "recorder/hub.h"
#include <string.h>
#include <time.h>

#define IDLE_SLEEP_NS  5000000 /* a quarter of a packet */
#define STOP_STEPS_MAX 500     /* pieces of 20 ms: the largest push buffer */

vpriv_status vpriv_recorder_open(vpriv_vault *vault, vpriv_source *source,
    const vpriv_recorder_config *config, vpriv_recorder **recorder_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_recorder *recorder = NULL;
    uint8_t *subjects = NULL;
    vpi_fail_clear();
    VPI_ENSURE(vault && source && recorder_out, VPRIV_E_ARG,
        "a vault, a source and room for the recorder are needed");
    VPI_TRY(vpi_alloc(1, sizeof *recorder, (void **)&recorder));
    pthread_mutex_init(&recorder->lock, NULL);
    pthread_cond_init(&recorder->returned, NULL);
    recorder->vault = vault;
    recorder->source = source;
    VPI_TRY(vpi_recorder_config_check(config, &recorder->config));
    recorder->config.subjects = NULL;
    if (config->n_subjects > 0) {
        VPI_TRY(vpi_alloc(config->n_subjects, VPRIV_SUBJECT_ID_BYTES, (void **)&subjects));
        memcpy(subjects, config->subjects, config->n_subjects * (size_t)VPRIV_SUBJECT_ID_BYTES);
        recorder->config.subjects = subjects;
    }
    const vpi_intake_config intake = {.encoding = recorder->config.encoding,
        .pre_roll_ms = vpi_recorder_pre_roll_ms(config),
        .high_pass = !config->no_high_pass,
        .listens_always = config->profile == VPRIV_RECORDER_PROFILE_WEARABLE,
        .frames = config->frames,
        .frames_user = config->frames_user,
        .frames_while_listening = config->frames_while_listening};
    VPI_TRY(vpi_intake_create(source, &intake, &recorder->intake));
    *recorder_out = recorder;
    recorder = NULL;
    st = VPRIV_OK;
out:
    vpriv_recorder_close(recorder);
    return st;
}

vpriv_recorder_state vpriv_recorder_state_now(const vpriv_recorder *recorder)
{
    return recorder ? (vpriv_recorder_state)atomic_load(&recorder->state) : VPRIV_RECORDER_IDLE;
}

bool vpi_recorder_is_driven(const vpriv_recorder *recorder)
{
    const vpriv_recorder_state state = vpriv_recorder_state_now(recorder);
    return state != VPRIV_RECORDER_ENDED && state != VPRIV_RECORDER_MUTED;
}

static void *work(void *user)
{
    vpriv_recorder *recorder = user;
    const struct timespec nap = {0, IDLE_SLEEP_NS};
    while (!atomic_load(&recorder->quit)) {
        bool idle = true;
        pthread_mutex_lock(&recorder->lock);
        if (vpi_recorder_is_driven(recorder))
            (void)vpi_recorder_step(recorder, &idle); /* a failure is in the outcome */
        pthread_mutex_unlock(&recorder->lock);
        if (idle)
            nanosleep(&nap, NULL);
    }
    return NULL;
}

/* The lamp first, then the device. */
vpriv_status vpi_recorder_open_ear(vpriv_recorder *recorder)
{
    const vpriv_indicator before = recorder->shown;
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_intake_take_pre_roll(recorder->intake));
    vpi_intake_clear(recorder->intake);
    vpi_recorder_show(recorder, VPRIV_INDICATOR_LISTENING);
    VPI_TRY(vpi_source_start(recorder->source));
    st = VPRIV_OK;
out:
    if (st != VPRIV_OK)
        vpi_recorder_show(recorder, before);
    return st;
}

vpriv_status vpi_recorder_listen(vpriv_recorder *recorder)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(!recorder->has_worker, VPRIV_E_STATE, "the recorder was started already");
    VPI_ENSURE(!recorder->hub, VPRIV_E_STATE, "the recorder was started in a hub already");
    VPI_TRY(vpi_recorder_open_ear(recorder));
    pthread_mutex_lock(&recorder->lock);
    memset(&recorder->outcome, 0, sizeof recorder->outcome);
    recorder->has_outcome = false;
    recorder->n_pumped_frames = recorder->next_progress = 0;
    recorder->runs = recorder->commit_at_end = false;
    atomic_store(&recorder->state, (int)VPRIV_RECORDER_RING);
    pthread_mutex_unlock(&recorder->lock);
    st = VPRIV_OK;
out:
    return st;
}

void vpi_recorder_unlisten(vpriv_recorder *recorder)
{
    vpi_source_stop(recorder->source);
    vpi_intake_clear(recorder->intake);
    atomic_store(&recorder->state, (int)VPRIV_RECORDER_IDLE);
    vpi_recorder_show(recorder, VPRIV_INDICATOR_OFF);
}

vpriv_status vpriv_recorder_start(vpriv_recorder *recorder)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_fail_clear();
    VPI_ENSURE(recorder, VPRIV_E_ARG, "no recorder");
    VPI_TRY(vpi_recorder_listen(recorder));
    atomic_store(&recorder->quit, false);
    const vpriv_status started = vpi_thread_start(&recorder->worker, work, recorder);
    if (started != VPRIV_OK)
        vpi_recorder_unlisten(recorder);
    VPI_TRY(started);
    recorder->has_worker = true;
    st = VPRIV_OK;
out:
    return st;
}

/* Checks and takes the lock, which comes when nobody has the stream. */
static vpriv_status enter(vpriv_recorder *recorder)
{
    vpi_fail_clear();
    if (!recorder)
        return vpi_fail(VPRIV_E_ARG, "no recorder");
    pthread_mutex_lock(&recorder->lock);
    while (recorder->is_lent)
        pthread_cond_wait(&recorder->returned, &recorder->lock);
    return VPRIV_OK;
}

/* The same; the recorder must be in `state`. */
static vpriv_status enter_in(
    vpriv_recorder *recorder, vpriv_recorder_state state, const char *otherwise)
{
    const vpriv_status st = enter(recorder);
    if (st != VPRIV_OK || vpriv_recorder_state_now(recorder) == state)
        return st;
    pthread_mutex_unlock(&recorder->lock);
    return vpi_fail(VPRIV_E_STATE, "%s", otherwise);
}

vpriv_status vpriv_recorder_trigger(vpriv_recorder *recorder, const vpriv_trigger *trigger)
{
    vpriv_status st = enter_in(recorder, VPRIV_RECORDER_RING, "the recorder is not listening");
    if (st != VPRIV_OK)
        return st;
    st = vpi_recorder_begin(recorder, trigger);
    pthread_mutex_unlock(&recorder->lock);
    vpi_wipe_deep_stack();
    return st;
}

static vpriv_status confirm(vpriv_recorder *recorder)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(
        recorder->limits.speech_within_ms == 0 || vpi_intake_has_heard_somebody(recorder->intake),
        VPRIV_E_STATE, "nobody has spoken since the wrist was raised");
    const vpriv_status committed =
        recorder->stream ? vpi_stream_commit(recorder->stream) : VPRIV_OK;
    if (committed != VPRIV_OK) {
        st = vpi_recorder_drop(recorder, committed);
        vpi_recorder_back_to_ring(recorder);
        return st;
    }
    vpi_recorder_committed(recorder);
    vpi_intake_give_up_pre_roll(recorder->intake);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpriv_recorder_confirm(vpriv_recorder *recorder)
{
    vpriv_status st =
        enter_in(recorder, VPRIV_RECORDER_PROVISIONAL, "there is no trigger to confirm");
    if (st != VPRIV_OK)
        return st;
    st = confirm(recorder);
    pthread_mutex_unlock(&recorder->lock);
    return st;
}

vpriv_status vpriv_recorder_reject(vpriv_recorder *recorder)
{
    bool closed = false;
    vpriv_status st =
        enter_in(recorder, VPRIV_RECORDER_PROVISIONAL, "there is no trigger to reject");
    if (st != VPRIV_OK)
        return st;
    st = vpi_recorder_reject(recorder, &closed);
    vpi_recorder_back_to_ring(recorder);
    vpi_recorder_tell_closed(recorder, closed);
    pthread_mutex_unlock(&recorder->lock);
    return st;
}

/* What the source had before the stop belongs to the recording. Bounded: a source that always has more
 * does not keep anybody waiting. */
static void take_what_is_there(vpriv_recorder *recorder)
{
    bool idle = false;
    for (int i = 0;
         i < STOP_STEPS_MAX && !idle && vpi_recorder_is_driven(recorder) && !recorder->has_outcome;
         i++)
        if (vpi_recorder_step(recorder, &idle) != VPRIV_OK)
            break;
}

static vpriv_status check_outcome(const vpriv_outcome *outcome)
{
    if (outcome && outcome->struct_size != sizeof *outcome)
        return vpi_fail(VPRIV_E_ARG, "vpriv_outcome.struct_size is not set");
    return VPRIV_OK;
}

static void hand_over(vpriv_recorder *recorder, vpriv_outcome *outcome_out)
{
    vpi_recorder_word(recorder);
    if (outcome_out)
        *outcome_out = recorder->outcome;
    recorder->has_outcome = false;
}

vpriv_status vpriv_recorder_finish(vpriv_recorder *recorder, vpriv_outcome *outcome_out)
{
    vpriv_status st = enter(recorder);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    VPI_TRY(check_outcome(outcome_out));
    if (vpriv_recorder_state_now(recorder) == VPRIV_RECORDER_COMMITTED)
        take_what_is_there(recorder);
    if (vpriv_recorder_state_now(recorder) == VPRIV_RECORDER_COMMITTED)
        vpi_recorder_listen_on(recorder, VPRIV_END_STOPPED);
    VPI_ENSURE(recorder->has_outcome, VPRIV_E_STATE, "no recording has come to its end");
    hand_over(recorder, outcome_out);
    st = VPRIV_OK;
out:
    vpi_wipe_deep_stack();
    pthread_mutex_unlock(&recorder->lock);
    return st;
}

/* The device first: from here on nothing can come. */
static void mute(vpriv_recorder *recorder)
{
    const vpriv_recorder_state state = vpriv_recorder_state_now(recorder);
    const bool was_kept = state == VPRIV_RECORDER_COMMITTED;
    bool closed = false;
    vpi_source_stop(recorder->source);
    if (state == VPRIV_RECORDER_PROVISIONAL)
        vpi_recorder_give_up(recorder, &closed);
    else if (was_kept)
        vpi_recorder_settle(recorder, VPRIV_END_MUTED, VPRIV_OK);
    vpi_intake_clear(recorder->intake);
    atomic_store(&recorder->state, (int)VPRIV_RECORDER_MUTED);
    vpi_recorder_show(recorder, VPRIV_INDICATOR_MUTED);
    if (was_kept)
        vpi_recorder_tell(recorder, VPRIV_RECORDER_EVENT_ENDED, recorder->outcome.status);
    vpi_recorder_tell_closed(recorder, closed);
}

vpriv_status vpriv_recorder_mute(vpriv_recorder *recorder)
{
    vpriv_status st = enter(recorder);
    if (st != VPRIV_OK)
        return st;
    st = VPRIV_E_INTERNAL;
    const vpriv_recorder_state state = vpriv_recorder_state_now(recorder);
    VPI_ENSURE(state != VPRIV_RECORDER_IDLE && state != VPRIV_RECORDER_ENDED, VPRIV_E_STATE,
        "the recorder is not listening");
    if (state != VPRIV_RECORDER_MUTED)
        mute(recorder);
    st = VPRIV_OK;
out:
    vpi_wipe_deep_stack();
    pthread_mutex_unlock(&recorder->lock);
    return st;
}

vpriv_status vpriv_recorder_unmute(vpriv_recorder *recorder)
{
    vpriv_status st = enter_in(recorder, VPRIV_RECORDER_MUTED, "the recorder is not muted");
    if (st != VPRIV_OK)
        return st;
    st = vpi_recorder_open_ear(recorder);
    if (st == VPRIV_OK)
        atomic_store(&recorder->state, (int)VPRIV_RECORDER_RING);
    pthread_mutex_unlock(&recorder->lock);
    return st;
}

/* From here on nobody but the caller drives the recorder. */
static void leave_workers(vpriv_recorder *recorder)
{
    if (recorder->hub) {
        vpi_hub_leave(recorder);
        return;
    }
    atomic_store(&recorder->quit, true);
    vpi_thread_join(&recorder->worker);
    recorder->has_worker = false;
}

/* With the lock held, and nobody else at it. */
static void stop(vpriv_recorder *recorder)
{
    bool closed = false;
    take_what_is_there(recorder);
    const vpriv_recorder_state state = vpriv_recorder_state_now(recorder);
    if (state == VPRIV_RECORDER_PROVISIONAL)
        vpi_recorder_give_up(recorder, &closed);
    if (state != VPRIV_RECORDER_ENDED && !recorder->has_outcome)
        vpi_recorder_end(recorder, VPRIV_END_STOPPED, VPRIV_OK);
    vpi_recorder_unlisten(recorder);
    vpi_recorder_tell_closed(recorder, closed);
}

vpriv_status vpriv_recorder_stop(vpriv_recorder *recorder, vpriv_outcome *outcome_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_fail_clear();
    VPI_ENSURE(recorder, VPRIV_E_ARG, "no recorder");
    VPI_TRY(check_outcome(outcome_out));
    VPI_ENSURE(
        recorder->has_worker || recorder->hub, VPRIV_E_STATE, "the recorder was not started");
    leave_workers(recorder);
    pthread_mutex_lock(&recorder->lock);
    stop(recorder);
    hand_over(recorder, outcome_out);
    pthread_mutex_unlock(&recorder->lock);
    vpi_wipe_deep_stack();
    st = VPRIV_OK;
out:
    return st;
}

void vpriv_recorder_close(vpriv_recorder *recorder)
{
    if (!recorder)
        return;
    if (recorder->has_worker || recorder->hub) {
        const vpriv_status stopped = vpriv_recorder_stop(recorder, NULL);
        VPI_IMPOSSIBLE_UNLESS(stopped == VPRIV_OK);
    }
    vpi_stream_destroy(recorder->stream);
    vpi_intake_destroy(recorder->intake);
    pthread_cond_destroy(&recorder->returned);
    pthread_mutex_destroy(&recorder->lock);
    free((void *)(uintptr_t)recorder->config.subjects);
    free(recorder);
}
