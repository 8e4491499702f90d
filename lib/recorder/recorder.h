/* The inside of a recorder: one state machine, driven by a worker thread of its own, by the workers of a
 * hub, or by vpriv_recorder_run. Everything below `lock` in the struct is touched with the lock held
 * only; but for the stream while it is lent, which then belongs to the hub's writer. */
#ifndef VPI_RECORDER_RECORDER_H
#define VPI_RECORDER_RECORDER_H

#include "recorder/intake.h"
#include <pthread.h>
#include <stdatomic.h>
#include <voicepriv/hub.h>

struct vpriv_recorder {
    vpriv_vault *vault;
    vpriv_source *source;
    vpriv_recorder_config config; /* defaults filled in; subjects points into request */
    pthread_t worker;
    bool has_worker;
    vpriv_hub *hub; /* the workers' that drive it, or NULL */
    _Atomic bool quit;
    _Atomic int state; /* vpriv_recorder_state; written with the lock held */
    pthread_mutex_t lock;
    bool is_lent;            /* what the stream has waiting is being written with others' */
    pthread_cond_t returned; /* is_lent has become false */
    vpi_intake *intake;
    vpi_stream *stream;   /* NULL outside a recording, and with "don't save" */
    int64_t triggered_us; /* monotonic */
    uint64_t n_pumped_frames;
    uint64_t next_progress;
    int64_t told_us;    /* monotonic; when progress was told last */
    bool commit_at_end; /* run, of a source of known length: whole or not at all */
    vpriv_outcome outcome;
    char detail[VPI_DETAIL_BYTES]; /* why it ended early, in words */
};

/* Checks the fields and fills in the defaults. */
vpriv_status vpi_recorder_config_check(
    const vpriv_recorder_config *config, vpriv_recorder_config *filled_out);
/* Whether this trigger's recording leaves silence out. */
bool vpi_recorder_is_gated(const vpriv_recorder_config *config, vpriv_trigger_kind kind);
/* What is asked of the vault for one recording. */
vpriv_status vpi_recorder_request(const vpriv_recorder_config *config, const vpriv_trigger *trigger,
    vpi_sealer_request *request_out);

/* Start the source and begin listening; nothing drives the recorder yet. */
vpriv_status vpi_recorder_listen(vpriv_recorder *recorder);
/* The source stops, nothing was begun. */
void vpi_recorder_unlisten(vpriv_recorder *recorder);

/* The rest is for recorder.c, hub.c and run.c, with the lock held. */
/* The stream goes, rejected unless it was committed; hands the status on with its text. */
vpriv_status vpi_recorder_drop(vpriv_recorder *recorder, vpriv_status status);
vpriv_status vpi_recorder_begin(vpriv_recorder *recorder, const vpriv_trigger *trigger);
/* Read once. *idle_out: nothing was there. A failure has ended the recording already. */
vpriv_status vpi_recorder_step(vpriv_recorder *recorder, bool *idle_out);
/* Tell how far it is, when it is time to; false when it is to end. */
bool vpi_recorder_tell_progress(vpriv_recorder *recorder, bool is_idle);
void vpi_recorder_end(vpriv_recorder *recorder, vpriv_end_reason reason, vpriv_status status);
/* The recording ends because of this failure, whose text is the thread's. */
void vpi_recorder_fail(vpriv_recorder *recorder, vpriv_status status);

#endif
