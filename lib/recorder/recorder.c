#include "recorder/recorder.h"
#include "base/memory.h"
#include "base/try.h"
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
    recorder->vault = vault;
    recorder->source = source;
    VPI_TRY(vpi_recorder_config_check(config, &recorder->config));
    recorder->config.subjects = NULL;
    VPI_TRY(vpi_alloc(config->n_subjects, VPRIV_SUBJECT_ID_BYTES, (void **)&subjects));
    memcpy(subjects, config->subjects, config->n_subjects * (size_t)VPRIV_SUBJECT_ID_BYTES);
    recorder->config.subjects = subjects;
    const vpi_intake_config intake = {.encoding = recorder->config.encoding,
        .pre_roll_ms = recorder->config.pre_roll_ms,
        .high_pass = !config->no_high_pass,
        .voice_gate = recorder->config.voice_gate != VPRIV_VOICE_GATE_OFF};
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

static void *work(void *user)
{
    vpriv_recorder *recorder = user;
    const struct timespec nap = {0, IDLE_SLEEP_NS};
    while (!atomic_load(&recorder->quit)) {
        bool idle = true;
        pthread_mutex_lock(&recorder->lock);
        if (vpriv_recorder_state_now(recorder) != VPRIV_RECORDER_ENDED)
            (void)vpi_recorder_step(recorder, &idle); /* a failure is in the outcome */
        pthread_mutex_unlock(&recorder->lock);
        if (idle)
            nanosleep(&nap, NULL);
    }
    return NULL;
}

vpriv_status vpriv_recorder_start(vpriv_recorder *recorder)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_fail_clear();
    VPI_ENSURE(recorder, VPRIV_E_ARG, "no recorder");
    VPI_ENSURE(!recorder->has_worker, VPRIV_E_STATE, "the recorder was started already");
    VPI_TRY(vpi_source_start(recorder->source));
    vpi_intake_clear(recorder->intake);
    memset(&recorder->outcome, 0, sizeof recorder->outcome);
    recorder->n_pumped_frames = recorder->next_progress = 0;
    recorder->commit_at_end = false;
    atomic_store(&recorder->quit, false);
    atomic_store(&recorder->state, (int)VPRIV_RECORDER_RING);
    if (pthread_create(&recorder->worker, NULL, work, recorder) != 0) {
        vpi_source_stop(recorder->source);
        atomic_store(&recorder->state, (int)VPRIV_RECORDER_IDLE);
        st = vpi_fail(VPRIV_E_MEMORY, "no thread for the recorder");
        goto out;
    }
    recorder->has_worker = true;
    st = VPRIV_OK;
out:
    return st;
}

/* Checks and takes the lock; the recorder must be in `state`. */
static vpriv_status enter(
    vpriv_recorder *recorder, vpriv_recorder_state state, const char *otherwise)
{
    vpi_fail_clear();
    if (!recorder)
        return vpi_fail(VPRIV_E_ARG, "no recorder");
    pthread_mutex_lock(&recorder->lock);
    if (vpriv_recorder_state_now(recorder) == state)
        return VPRIV_OK;
    pthread_mutex_unlock(&recorder->lock);
    return vpi_fail(VPRIV_E_STATE, "%s", otherwise);
}

vpriv_status vpriv_recorder_trigger(vpriv_recorder *recorder, const vpriv_trigger *trigger)
{
    vpriv_status st = enter(recorder, VPRIV_RECORDER_RING, "the recorder is not listening");
    if (st != VPRIV_OK)
        return st;
    st = vpi_recorder_begin(recorder, trigger);
    pthread_mutex_unlock(&recorder->lock);
    return st;
}

vpriv_status vpriv_recorder_confirm(vpriv_recorder *recorder)
{
    vpriv_status st = enter(recorder, VPRIV_RECORDER_PROVISIONAL, "there is no trigger to confirm");
    if (st != VPRIV_OK)
        return st;
    if (recorder->stream)
        st = vpi_stream_commit(recorder->stream);
    if (st == VPRIV_OK) {
        atomic_store(&recorder->state, (int)VPRIV_RECORDER_COMMITTED);
    } else {
        st = vpi_recorder_drop(recorder, st);
        vpi_intake_clear(recorder->intake);
        atomic_store(&recorder->state, (int)VPRIV_RECORDER_RING);
    }
    pthread_mutex_unlock(&recorder->lock);
    return st;
}

vpriv_status vpriv_recorder_reject(vpriv_recorder *recorder)
{
    vpriv_status st = enter(recorder, VPRIV_RECORDER_PROVISIONAL, "there is no trigger to reject");
    if (st != VPRIV_OK)
        return st;
    if (recorder->stream)
        st = vpi_stream_reject(recorder->stream);
    st = vpi_recorder_drop(recorder, st);
    vpi_intake_clear(recorder->intake);
    atomic_store(&recorder->state, (int)VPRIV_RECORDER_RING);
    pthread_mutex_unlock(&recorder->lock);
    return st;
}

/* What the source had before the stop belongs to the recording. Bounded: a source that always has more
 * does not keep anybody waiting. */
static void take_what_is_there(vpriv_recorder *recorder)
{
    bool idle = false;
    for (int i = 0;
         i < STOP_STEPS_MAX && !idle && vpriv_recorder_state_now(recorder) != VPRIV_RECORDER_ENDED;
         i++)
        if (vpi_recorder_step(recorder, &idle) != VPRIV_OK)
            break;
}

vpriv_status vpriv_recorder_stop(vpriv_recorder *recorder, vpriv_outcome *outcome_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_fail_clear();
    VPI_ENSURE(recorder, VPRIV_E_ARG, "no recorder");
    VPI_ENSURE(!outcome_out || outcome_out->struct_size == sizeof *outcome_out, VPRIV_E_ARG,
        "vpriv_outcome.struct_size is not set");
    VPI_ENSURE(recorder->has_worker, VPRIV_E_STATE, "the recorder was not started");
    atomic_store(&recorder->quit, true);
    pthread_join(recorder->worker, NULL);
    recorder->has_worker = false;
    pthread_mutex_lock(&recorder->lock);
    take_what_is_there(recorder);
    if (vpriv_recorder_state_now(recorder) != VPRIV_RECORDER_ENDED)
        vpi_recorder_end(recorder, VPRIV_END_STOPPED, VPRIV_OK);
    vpi_source_stop(recorder->source);
    atomic_store(&recorder->state, (int)VPRIV_RECORDER_IDLE);
    recorder->outcome.struct_size = sizeof recorder->outcome;
    if (outcome_out)
        *outcome_out = recorder->outcome;
    pthread_mutex_unlock(&recorder->lock);
    st = VPRIV_OK;
out:
    return st;
}

void vpriv_recorder_close(vpriv_recorder *recorder)
{
    if (!recorder)
        return;
    if (recorder->has_worker) {
        const vpriv_status stopped = vpriv_recorder_stop(recorder, NULL);
        VPI_IMPOSSIBLE_UNLESS(stopped == VPRIV_OK);
    }
    vpi_stream_destroy(recorder->stream);
    vpi_intake_destroy(recorder->intake);
    pthread_mutex_destroy(&recorder->lock);
    free((void *)(uintptr_t)recorder->config.subjects);
    free(recorder);
}
