/* The operations of the sweep: every public call that can fail for a reason of the machine's. Each one begins
 * from a vault of its own making, and says what it leaves behind. */
#ifndef TESTS_FAULT_SWEEP_H
#define TESTS_FAULT_SWEEP_H

#include "fault/life.h"
#include <voicepriv/voicepriv.h>

#define SWEEP_OUT_BYTES (1u << 20)
#define SWEEP_PHRASE    "quiet hedgehog under glass"
#define SWEEP_REASON    "somebody rang the bell"

struct sweep {
    struct life life; /* the root key is in a file beside the vault */
    vpriv_recording_id recordings[3];
    vpriv_derivative_id derivative;
    uint8_t bob[VPRIV_SUBJECT_ID_BYTES];
    /* Of one attempt; closed by sweep_finish. */
    vpriv_keyring *keyring;
    vpriv_root_store *store;
    vpriv_root_store *new_store; /* of the open vault, when it moved */
    bool has_moved;
    vpriv_reader *reader;
    vpriv_recorder *recorder;
    vpriv_hub *hub;
    vpriv_source *source;
    vpriv_vault *vault;
    vpriv_outcome outcome;
    char detail[VPRIV_DETAIL_BYTES]; /* of the call that failed, when later ones took its place */
    size_t n_out;
    char out[SWEEP_OUT_BYTES];
    /* Made once. */
    char text[1 << 16]; /* a receipt, a line, a document */
    size_t n_text;
    uint8_t key[32];
    uint8_t signature[64];
    char recovery_key[VPRIV_RECOVERY_KEY_TEXT_BYTES];
};

enum {
    SWEEP_EMPTY = 1, /* there is no vault yet */
    SWEEP_SHUT = 2,  /* the vault is not open: the call opens it, or does not need it */
    SWEEP_STEPS = 4, /* more than one transaction: what was done before the fault stays done */
    SWEEP_AGAIN = 8, /* doing it twice differs from doing it once */
    SWEEP_FRAGILE =
        32, /* a library below crashes without memory (libsndfile, when it opens a file) */
    SWEEP_THREADS = 16,  /* what comes first is not the same every time */
    SWEEP_FINISHES = 64, /* doing it again does what is left, and no more */
};

struct operation {
    const char *name;
    void (*settle)(struct sweep *s);  /* once, into the vault all trials begin from; may be NULL */
    void (*prepare)(struct sweep *s); /* before each attempt, nothing fails; may be NULL */
    vpriv_status (*act)(struct sweep *s);
    unsigned flags;
};

extern const struct operation sweep_people[], sweep_sound[], sweep_storage[], sweep_share[],
    sweep_roots[];
extern const size_t n_sweep_people, n_sweep_sound, n_sweep_storage, n_sweep_share, n_sweep_roots;

/* Close whatever an attempt opened. */
void sweep_finish(struct sweep *s);
/* vpriv_write_fn, into s->out. */
vpriv_status sweep_take(void *user, const void *bytes, size_t n_bytes);
/* A path beside the vault; static. */
const char *sweep_beside(const struct sweep *s, const char *name);
vpriv_gate_request sweep_request(vpriv_purpose purpose);
/* Everything the vault tells (life_picture, and its inventory without ids and times), and the names of the
 * files beside it. To be freed. */
char *sweep_picture(struct sweep *s);
/* The names alone. */
void sweep_names(const struct sweep *s, char *text_out, size_t capacity);

#endif
