/* A small vault for the targets that read its rows, and what gets past its seals: the plaintext of a row
 * of one's choice is replaced behind a seal that holds, with all that the real function checks. */
#ifndef TESTS_FUZZ_HOME_H
#define TESTS_FUZZ_HOME_H

#include "fuzz/fuzz.h"
#include "vault/header.h"
#include "vault/policy.h"
#include "vault/subject.h"
#include "vault/vault.h"
#include <voicepriv/voicepriv.h>

#define HOME_NOW_US INT64_C(1800000000000000)

typedef struct home {
    vpriv_vault *vault;
    vpriv_keyring *keyring;
    vpi_subject ada; /* has consents, an event, a home and a date of birth */
    int64_t row;     /* of a recording of hers */
    uint8_t shred_key[VPI_KEY_BYTES];
    uint8_t pending[VPI_RECORDING_ID_BYTES]; /* not adopted yet */
    uint8_t authority[VPRIV_AUTHORITY_PUBLIC_KEY_BYTES];
    uint8_t authority_seed[VPRIV_AUTHORITY_SEED_BYTES];
    uint8_t surface_seed[VPRIV_SURFACE_SEED_BYTES];
} home;
extern home fuzz_home;

/* Makes it; removed when the process ends. */
void home_open(void);
/* Between these, calls with the vault's lock held; the first begins a write transaction, the second undoes
 * it. */
void home_begin(void);
void home_undo(void);

/* Which rows. Zero and NULL are any. */
typedef struct home_rows {
    vpi_column column;
    uint64_t row;
    const uint8_t *extra;
    size_t n_extra_bytes;
} home_rows;
/* From now on these open to other bytes. */
void home_swap(home_rows rows, const void *plain, size_t n_bytes);
void home_swap_end(void);
/* How often that was done since. */
unsigned home_n_swapped(void);

/* What was last written to such rows, or read from them, in plain. Watches from now on. */
void home_watch(home_rows rows);
const uint8_t *home_seen(size_t *n_bytes_out);
/* What was seen as a seed. */
void home_seed_seen(void);

#endif
