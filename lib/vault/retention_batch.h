/* One transaction of a retention run: what is looked at in a queue, from a place on, and destroyed. */
#ifndef VPI_VAULT_RETENTION_BATCH_H
#define VPI_VAULT_RETENTION_BATCH_H

#include "vault/header.h"
#include <voicepriv/retention.h>

#define VPI_BATCH_ROWS 256
#define VPI_BATCH_ROWS_SHORT                                                                       \
    16 /* when the disk is full and only the reserve is there to write in */
#define VPI_US_PER_DAY INT64_C(86400000000)

typedef struct vpi_batch {
    bool is_short; /* a batch did not fit: the reserve is given up, and batches are small */
    size_t most;
    int64_t now_us;
    bool is_held;
    int64_t next_due_us; /* of what is not due yet */
    int64_t rows[VPI_BATCH_ROWS];
    uint64_t slots[2 * VPI_BATCH_ROWS]; /* of recordings that lost a purpose, */
    size_t n_slots, n_buried;           /* and of those that lost their last */
    size_t n;                           /* due, of one or the other */
    size_t n_stale;                     /* left the queue, because the purpose was gone already */
    bool is_round;
    size_t n_looked, n_waiting, n_others;
    vpi_round round;          /* becomes the vault's with the commit */
    bool met_unread;          /* at a head */
    bool is_begun;            /* this is not the first step */
    uint64_t n_pending;       /* recordings that could not be adopted, */
    uint64_t n_people;        /* and people whose consents could not be looked at */
    vpi_recording *recording; /* scratch */
} vpi_batch;

/* Recordings, or purposes of them, by the class that ends them. */
typedef struct vpi_queue {
    const char *next_class, *next_row;
    vpriv_status (*look)(vpriv_vault *vault, vpi_batch *b, int64_t retention, int64_t row);
} vpi_queue;
extern const vpi_queue vpi_queue_recordings, vpi_queue_terms;
/* Recordings as a round sees them, in which no clear column hides anything: also what is set aside, and what is kept
 * until erased. */
extern const vpi_queue vpi_queue_round;

void vpi_batch_note_due(vpi_batch *b, int64_t due_us);
/* What is damaged says nothing, neither of itself nor of the order. */
vpriv_status vpi_batch_pass_over(vpi_batch *b, int64_t row);
/* A batch of one queue, from a place on. */
vpriv_status vpi_batch_destroy(vpriv_vault *vault, const vpi_queue *q, vpi_batch *b,
    int64_t *retention_io, int64_t *row_io, bool *is_over_out, vpriv_retention_report *report);

#endif
