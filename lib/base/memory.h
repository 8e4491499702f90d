/* Memory for secrets: guard pages, locked, left out of core dumps, wiped when freed. */
#ifndef VPI_BASE_MEMORY_H
#define VPI_BASE_MEMORY_H

#include "base/status.h"

/* Start libsodium; every entry into the library that touches keys calls it. Idempotent. */
vpriv_status vpi_crypto_init(void);

/* Zeroed guarded memory, aligned to 64 bytes. Fails closed (VPRIV_E_MEMORY) when the pages cannot be locked.
 * Costs several system calls: allocate once per handle, not per packet. */
vpriv_status vpi_secret_alloc(size_t n_bytes, void **memory_out);

/* Wipe and free; NULL is fine. */
void vpi_secret_free(void *memory);

/* Overwrite in a way the compiler keeps. */
void vpi_wipe(void *memory, size_t n_bytes);

/* Overwrite what the calls made so far have left below the caller's frame: libsodium wipes its state,
 * but not what its block functions spill. Call it last, from the function that handed out the key. */
void vpi_wipe_stack(void);
/* Enough after a call of the cipher alone, and half the work: for what is done per block. */
void vpi_wipe_cipher_stack(void);

/* Deep enough after encoding and decoding on a thread of somebody else's: libopus leaves copies of the sound
 * up to 71 KB below. Once per call of the user's, not per packet. tpm2-tss leaves copies 22 KB below. */
void vpi_wipe_deep_stack(void);

/* What copying left in vector registers, where a core dump finds it: after sound went by, on any thread.
 * Costs nanoseconds. */
void vpi_wipe_registers(void);

/* Ordinary zeroed memory, with a status. */
vpriv_status vpi_alloc(size_t n_items, size_t item_bytes, void **memory_out);

#endif
