#include "base/memory.h"
#include "base/try.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALIGNMENT_BYTES 64 /* of the widest vector, and a cache line */

vpriv_status vpi_crypto_init(void)
{
    if (sodium_init() < 0)
        return vpi_fail(VPRIV_E_INTERNAL, "libsodium did not start");
    return VPRIV_OK;
}

vpriv_status vpi_secret_alloc(size_t n_bytes, void **memory_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    void *memory = NULL;
    VPI_TRY(vpi_crypto_init());
    VPI_ENSURE(n_bytes > 0 && n_bytes <= SIZE_MAX / 2, VPRIV_E_ARG, "guarded memory of no size");
    /* sodium_malloc lets the memory end at a guard page, wherever it then begins. */
    n_bytes = (n_bytes + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES * ALIGNMENT_BYTES;
    memory = sodium_malloc(n_bytes);
    VPI_ENSURE(memory, VPRIV_E_MEMORY, "no guarded memory for %zu bytes", n_bytes);
    /* sodium_malloc ignores a failed lock; secrets must not reach swap, so ask again and listen. */
    VPI_ENSURE(sodium_mlock(memory, n_bytes) == 0, VPRIV_E_MEMORY,
        "cannot lock %zu bytes in memory: raise the limit (ulimit -l, RLIMIT_MEMLOCK)", n_bytes);
    memset(memory, 0, n_bytes);
    *memory_out = memory;
    memory = NULL;
    st = VPRIV_OK;
out:
    if (memory)
        sodium_free(memory);
    return st;
}

void vpi_secret_free(void *memory)
{
    sodium_free(memory);
}

void vpi_wipe(void *memory, size_t n_bytes)
{
    if (n_bytes)
        sodium_memzero(memory, n_bytes);
}

#define STACK_BYTES        8192 /* more than any of libsodium's calls used here takes */
#define CIPHER_STACK_BYTES 4096 /* XChaCha20-Poly1305 takes 2,300 */
#define DEEP_STACK_BYTES   (80u << 10)

void vpi_wipe_stack(void)
{
    sodium_stackzero(STACK_BYTES);
}

void vpi_wipe_cipher_stack(void)
{
    sodium_stackzero(CIPHER_STACK_BYTES);
}

void vpi_wipe_deep_stack(void)
{
    sodium_stackzero(DEEP_STACK_BYTES);
    vpi_wipe_registers();
}

vpriv_status vpi_alloc(size_t n_items, size_t item_bytes, void **memory_out)
{
    void *memory = calloc(n_items ? n_items : 1, item_bytes ? item_bytes : 1);
    if (!memory)
        return vpi_fail(
            VPRIV_E_MEMORY, "no memory for %zu items of %zu bytes", n_items, item_bytes);
    *memory_out = memory;
    return VPRIV_OK;
}
