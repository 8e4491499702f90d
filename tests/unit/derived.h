/* A household in which things are made from recordings: Ada lets hers be kept and reviewed, Bob kept. */
#ifndef TESTS_DERIVED_H
#define TESTS_DERIVED_H

#include "household.h"

#define KEEP   VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW VPRIV_PURPOSE_HUMAN_REVIEW
#define LEARN  VPRIV_PURPOSE_IMPROVE_BY_MACHINE
#define BIT(p) VPRIV_PURPOSE_BIT(p)

extern household h;

/* A checked fixture. */
void set_up(void);
void tear_down(void);

vpriv_derivative about(vpriv_derivative_kind kind, uint32_t purposes);
/* A transcript: "lights on". */
vpriv_status try_add(
    const vpriv_recording_id *id, uint32_t purposes, vpriv_derivative_id *made_out);
vpriv_derivative_id add(const vpriv_recording_id *id, uint32_t purposes);

/* What was read last. */
typedef struct text {
    size_t n;
    uint8_t bytes[VPRIV_DERIVATIVE_BYTES_MAX];
} text;
extern text got;
/* A vpriv_write_fn, into a text. */
vpriv_status take(void *user, const void *bytes, size_t n_bytes);
vpriv_status read_for(const vpriv_derivative_id *id, vpriv_purpose purpose);
void ck_reads(const vpriv_derivative_id *id, vpriv_purpose purpose, const char *wanted);

/* What was listed last. */
typedef struct infos {
    size_t n;
    vpriv_derivative_info infos[VPRIV_DERIVATIVES_MAX];
} infos;
extern infos listed;
vpriv_status list(const vpriv_recording_id *id);

/* The vault verifies. */
void ck_sound(void);

#endif
