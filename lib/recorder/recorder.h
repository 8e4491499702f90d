/* The inside of a recorder: one state machine, driven by a worker thread of its own, by the workers of a
 * hub, or by vpriv_recorder_run. Everything below `lock` in the struct is touched with the lock held
 * only; but for the stream while it is lent, which then belongs to the hub's writer. */
#ifndef VPI_RECORDER_RECORDER_H
#define VPI_RECORDER_RECORDER_H

#include "base/thread.h"
#include "recorder/intake.h"
#include "vault/false_wakes.h"
#include <stdatomic.h>
#include <voicepriv/hub.h>

/* What the configuration means for one kind of trigger; 0 is none. */
typedef struct vpi_recorder_limits {
    uint32_t confirm_ms;
    uint32_t speech_within_ms;
    uint32_t trailing_silence_ms;
    uint32_t maximum_ms;
    bool has_pre_roll;
} vpi_recorder_limits;

struct vpriv_recorder {
    vpriv_vault *vault;
    vpriv_source *source;
    vpriv_recorder_config config; /* defaults filled in; subjects points into request */
    vpi_thread worker;
    bool has_worker;
    vpriv_hub *hub; /* the workers' that drive it, or NULL */
    _Atomic bool quit;
    _Atomic int state; /* vpriv_recorder_state; written with the lock held */
    pthread_mutex_t lock;
    bool is_lent;            /* what the stream has waiting is being written with others' */
    pthread_cond_t returned; /* is_lent has become false */
    vpi_intake *intake;
    vpi_stream *stream; /* NULL outside a recording, and with "don't save" */
    vpriv_trigger_kind trigger;
    vpi_recorder_limits limits; /* of the recording at hand */
    int64_t triggered_us;       /* monotonic */
    int64_t permitted_us;   /* monotonic; when the application was last allowed to have the sound */
    uint64_t confirmed_48k; /* how long it was when it was confirmed */
    vpi_burst burst;        /* with "don't save"; by the monotonic clock */
    uint64_t n_pumped_frames;
    uint64_t next_progress;
    int64_t told_us;    /* monotonic; when progress was told last */
    bool runs;          /* vpriv_recorder_run: one recording, and nobody listens on */
    bool commit_at_end; /* run, of a source of known length: whole or not at all */
    bool has_outcome;   /* of a recording that ended, and nobody has asked */
    vpriv_indicator shown;
    vpriv_outcome outcome;
    char detail[VPI_DETAIL_BYTES]; /* why it ended early, in words */
};

/* Checks the fields and fills in the defaults. */
vpriv_status vpi_recorder_config_check(
    const vpriv_recorder_config *config, vpriv_recorder_config *filled_out);
vpi_recorder_limits vpi_recorder_limits_of(
    const vpriv_recorder_config *config, vpriv_trigger_kind kind, bool is_live);
uint32_t vpi_recorder_pre_roll_ms(const vpriv_recorder_config *config);
/* Whether somebody asked for it, rather than being heard. */
bool vpi_recorder_is_by_person(vpriv_trigger_kind kind);
/* Whether this trigger's recording leaves silence out. */
bool vpi_recorder_is_gated(const vpriv_recorder_config *config, vpriv_trigger_kind kind);
/* What is asked of the vault for one recording. */
vpriv_status vpi_recorder_request(const vpriv_recorder_config *config, const vpriv_trigger *trigger,
    vpi_sealer_request *request_out);

/* Whether there is anything to be read: not when it has ended or is muted. */
bool vpi_recorder_is_driven(const vpriv_recorder *recorder);
/* The lamp, then the device; nothing was heard yet. */
vpriv_status vpi_recorder_open_ear(vpriv_recorder *recorder);
/* Start the source and begin listening; nothing drives the recorder yet. */
vpriv_status vpi_recorder_listen(vpriv_recorder *recorder);
/* The source stops, nothing was begun. */
void vpi_recorder_unlisten(vpriv_recorder *recorder);

/* The rest is with the lock held. */
/* machine.c: what happens to a recording. */
vpriv_status vpi_recorder_begin(vpriv_recorder *recorder, const vpriv_trigger *trigger);
/* Read once. *idle_out: nothing was there. A failure has ended the recording already. */
vpriv_status vpi_recorder_step(vpriv_recorder *recorder, bool *idle_out);
/* Tell how far it is, when it is time to; false when it is to end. */
bool vpi_recorder_tell_progress(vpriv_recorder *recorder, bool is_idle);
/* The stream goes, and nothing stays of it unless it was committed; hands the status on with its text. */
vpriv_status vpi_recorder_drop(vpriv_recorder *recorder, vpriv_status status);
/* It is confirmed from here on. */
void vpi_recorder_committed(vpriv_recorder *recorder);
/* The recording ends; the recorder does, and the device is closed. */
void vpi_recorder_end(vpriv_recorder *recorder, vpriv_end_reason reason, vpriv_status status);
/* The same because of this failure, whose text is the thread's. */
void vpi_recorder_fail(vpriv_recorder *recorder, vpriv_status status);
/* The recording ends, and listening goes on. */
void vpi_recorder_listen_on(vpriv_recorder *recorder, vpriv_end_reason reason);
/* The recording at hand gets its end and its outcome; the state stays. */
void vpi_recorder_settle(vpriv_recorder *recorder, vpriv_end_reason reason, vpriv_status status);
/* From nothing at hand to listening. */
void vpi_recorder_back_to_ring(vpriv_recorder *recorder);

/* unmeant.c: triggers that come to nothing. */
/* VPRIV_E_LIMIT when there were too many, and this one is not the person's own act. */
vpriv_status vpi_recorder_let_in(vpriv_recorder *recorder, vpriv_trigger_kind kind);
/* Nothing stays of the unconfirmed recording at hand but a count. The status is about rows and count:
 * the key is gone in any case. */
vpriv_status vpi_recorder_reject(vpriv_recorder *recorder, bool *closed_out);
/* The same on the way to something else; rows that could not be removed go at the next opening. */
void vpi_recorder_give_up(vpriv_recorder *recorder, bool *closed_out);
/* If it was one too many; once the recorder is in its new state. */
void vpi_recorder_tell_closed(vpriv_recorder *recorder, bool closed);
/* When nobody confirms, or speaks, in time. True: it is rejected, and listening goes on. */
bool vpi_recorder_time_out(vpriv_recorder *recorder);

/* tell.c: the lamp, and events. */
void vpi_recorder_show(vpriv_recorder *recorder, vpriv_indicator indicator);
/* The outcome is complete: with words for what went wrong. */
void vpi_recorder_word(vpriv_recorder *recorder);
void vpi_recorder_tell(
    vpriv_recorder *recorder, vpriv_recorder_event_kind kind, vpriv_status status);

#endif
