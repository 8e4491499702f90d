/* From a source's frames to packets in a stream: front end, pre-roll, who hears them, packer.
 *
 * Outside a recording the sound goes round the pre-roll, in guarded memory, and is wiped as it wraps;
 * nothing is encoded then. Inside it goes on to the packer, up to the recording's maximum; with "don't
 * save" there is no stream (NULL), and sound is handed to the application at most. */
#ifndef VPI_RECORDER_INTAKE_H
#define VPI_RECORDER_INTAKE_H

#include "capture/source.h"
#include "recorder/bulk.h"

typedef struct vpi_intake vpi_intake;

typedef struct vpi_intake_config {
    vpriv_encoding encoding; /* checked */
    uint32_t pre_roll_ms;
    bool high_pass;
    bool
        listens_always; /* learn the noise before a trigger, to hear at once who speaks behind it */
    vpriv_frames_fn frames; /* may be NULL */
    void *frames_user;
    bool frames_while_listening;
} vpi_intake_config;

/* How one recording is to be taken. */
typedef struct vpi_intake_plan {
    bool has_pre_roll;
    bool listens;        /* for silence */
    uint32_t maximum_ms; /* 0 is none; nothing beyond it is taken */
} vpi_intake_plan;

vpriv_status vpi_intake_create(
    vpriv_source *source, const vpi_intake_config *config, vpi_intake **intake_out);
void vpi_intake_destroy(vpi_intake *intake);

/* The pre-roll's memory is the largest part of an intake that goes on recording to its end: it can be
 * given up meanwhile. Taken again before listening; there already is fine. */
vpriv_status vpi_intake_take_pre_roll(vpi_intake *intake);
void vpi_intake_give_up_pre_roll(vpi_intake *intake);

/* Forget everything heard so far, */
void vpi_intake_clear(vpi_intake *intake);
/* or all but what was learnt of the noise: listening goes on. */
void vpi_intake_listen_on(vpi_intake *intake);

/* Read once from the source and pass it on; stream NULL is the pre-roll, or a recording that is not
 * stored. *n_frames_out is how many frames the source gave, 0 when there is nothing yet. */
vpriv_status vpi_intake_pump(
    vpi_intake *intake, vpi_stream *stream, size_t *n_frames_out, bool *end_out);

/* Whether the recording that begins next is to be gated: silence is then not encoded, and packets are
 * held back for vpi_intake_holds_us. False also when there is no memory for it: all is recorded then. */
bool vpi_intake_gate(vpi_intake *intake, bool wanted);
/* Begin a recording: the pre-roll's sound goes first. stream NULL: it is not stored. */
vpriv_status vpi_intake_begin(vpi_intake *intake, vpi_stream *stream, const vpi_intake_plan *plan);
/* From here to the end of the recording at hand, which has just begun, these threads encode. Takes bulk
 * over; NULL changes nothing. */
void vpi_intake_encode_with(vpi_intake *intake, vpi_bulk *bulk);
/* End it: everything heard so far is encoded, up to the last frame. */
vpriv_status vpi_intake_end(vpi_intake *intake, vpi_stream *stream);

/* Of the recording at hand, at 48 kHz: sound and gaps, without pre-skip. */
uint64_t vpi_intake_length_48k(const vpi_intake *intake);
/* Of that, what threads have still to encode. */
uint64_t vpi_intake_waiting_48k(const vpi_intake *intake);
/* Whether a recording is at hand. */
bool vpi_intake_is_taking(const vpi_intake *intake);
/* Whether nothing more is taken: the recording has its maximum. */
bool vpi_intake_is_full(const vpi_intake *intake);
/* For how long nobody has spoken in the recording at hand, at 48 kHz. Only with listens. */
uint64_t vpi_intake_silent_48k(const vpi_intake *intake);
/* Whether somebody has spoken since it began. Only with listens_always. */
bool vpi_intake_has_heard_somebody(const vpi_intake *intake);
/* Whether the recording at hand is gated, and how long the gate holds packets back. */
bool vpi_intake_is_gated(const vpi_intake *intake);
int64_t vpi_intake_holds_us(const vpi_intake *intake);
uint64_t vpi_intake_pre_roll_us(const vpi_intake *intake);
uint32_t vpi_intake_pre_skip_48k(const vpi_intake *intake);
const vpriv_encoding *vpi_intake_encoding(const vpi_intake *intake);

#endif
