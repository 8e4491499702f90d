/* Everything one can do with a vault, call by call, and a vault in which there is something to do it to: people
 * and consents, places and pauses, surfaces, recordings whole, set aside, erased and waiting to be taken over,
 * and what was made of them. */
#ifndef TESTS_DEEDS_H
#define TESTS_DEEDS_H

#include "household.h"

typedef struct deeds {
    household h;
    vpriv_recording_id ids[3]; /* of Ada; Ada's set aside; of both */
    vpriv_derivative_id made;
    uint64_t sound; /* of the first */
    uint8_t seed[VPRIV_AUTHORITY_SEED_BYTES];
    char old[PATH_BYTES], good[PATH_BYTES];  /* copies: halfway, and as it is when all is there */
    uint8_t record[VPRIV_ROOT_RECORD_BYTES]; /* the root, then */
    vpriv_receipt receipt;
    vpriv_log_checkpoint checkpoint;
} deeds;

/* While it is true, what is called is not the deed: a test that lets things fail lets this be. */
extern bool deeds_prepare;

enum {
    DEED_ASSERTS = 16, /* what it calls besides the deed must not fail */
    DEED_STEPS = 1,    /* more than one transaction: what was done before it fails stays done */
    DEED_TELLS = 2,    /* refusing is written down */
    DEED_SHREDS = 8,   /* replaces the root, whose last steps come behind the commit */
    DEED_NAMES = 4,    /* names a purpose, which a damaged vault may not know */
};

typedef struct deed {
    const char *name;
    vpriv_status (*act)(deeds *d);
    unsigned flags;
} deed;

extern const deed all_deeds[], more_deeds[];
extern const size_t n_deeds, n_more_deeds;
const deed *deeds_at(size_t index);
size_t deeds_count(void);

void deeds_begin(deeds *d);
void deeds_end(deeds *d);
/* The vault's file and the root as they were; the vault is closed. */
void deeds_restore(deeds *d);
/* The first recording's sound as one number. */
vpriv_status deeds_listen(deeds *d, uint64_t *sound_out);

/* What is signed by the authority the vault trusts, with this number. */
vpriv_status deeds_install(deeds *d, int revision);
vpriv_status deeds_publish(deeds *d, int epoch);
vpriv_status deeds_order(deeds *d, int number);
/* An event of the surface it trusts: Bob and human review. */
vpriv_status deeds_sync(deeds *d, uint64_t number, vpriv_consent_event what);
/* Something made from the first recording. */
vpriv_status deeds_derive(deeds *d, vpriv_derivative_id *made_out);
/* A recording that a process without the root leaves behind, to be taken over. */
vpriv_status deeds_record_for_later(deeds *d);
vpriv_status deeds_record(deeds *d, const vpi_sealer_request *request);
/* Of Ada, or of Ada and Bob. */
vpi_sealer_request deeds_request(deeds *d, bool both);
vpriv_gate_request deeds_ask_for(vpriv_purpose purpose);

#endif
