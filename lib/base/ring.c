#include "base/ring.h"
#include "base/memory.h"
#include "base/try.h"
#include <stdatomic.h>
#include <string.h>

/* Positions count bytes for ever; 2^64 bytes is 3 million years at 192 kHz. The writer owns
 * `written`, the reader owns `taken`; each publishes with release and looks with acquire. */
struct vpi_ring {
    uint8_t *bytes;
    size_t capacity;
    _Alignas(64) _Atomic uint64_t written;
    _Alignas(64) _Atomic uint64_t taken;
};

vpriv_status vpi_ring_create(size_t n_bytes, vpi_ring **ring_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_ring *ring = NULL;
    VPI_ENSURE(
        n_bytes > 0 && n_bytes <= (size_t)1 << 30, VPRIV_E_ARG, "ring of %zu bytes", n_bytes);
    ring = aligned_alloc(64, sizeof *ring);
    VPI_ENSURE(ring, VPRIV_E_MEMORY, "no memory for a ring");
    memset(ring, 0, sizeof *ring);
    ring->capacity = n_bytes;
    VPI_TRY(vpi_secret_alloc(n_bytes, (void **)&ring->bytes));
    *ring_out = ring;
    ring = NULL;
    st = VPRIV_OK;
out:
    free(ring);
    return st;
}

void vpi_ring_destroy(vpi_ring *ring)
{
    if (!ring)
        return;
    vpi_secret_free(ring->bytes);
    free(ring);
}

size_t vpi_ring_space(const vpi_ring *ring)
{
    const uint64_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
    const uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_acquire);
    return ring->capacity - (size_t)(written - taken);
}

bool vpi_ring_write(vpi_ring *ring, const void *data, size_t n_bytes)
{
    if (vpi_ring_space(ring) < n_bytes)
        return false;
    const uint64_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
    const size_t at = (size_t)(written % ring->capacity);
    const size_t before_end = ring->capacity - at;
    const size_t first = n_bytes < before_end ? n_bytes : before_end;
    if (first)
        memcpy(ring->bytes + at, data, first);
    if (n_bytes > first)
        memcpy(ring->bytes, (const uint8_t *)data + first, n_bytes - first);
    vpi_wipe_registers();
    atomic_store_explicit(&ring->written, written + n_bytes, memory_order_release);
    return true;
}

size_t vpi_ring_filled(const vpi_ring *ring)
{
    const uint64_t written = atomic_load_explicit(&ring->written, memory_order_acquire);
    const uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    return (size_t)(written - taken);
}

static void take(uint8_t *from, uint8_t *to, size_t n_bytes)
{
    if (n_bytes && to)
        memcpy(to, from, n_bytes);
    if (n_bytes)
        vpi_wipe(from, n_bytes);
}

size_t vpi_ring_read(vpi_ring *ring, void *data_out, size_t n_bytes)
{
    const size_t filled = vpi_ring_filled(ring);
    const size_t n_read = n_bytes < filled ? n_bytes : filled;
    const uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    const size_t at = (size_t)(taken % ring->capacity);
    const size_t before_end = ring->capacity - at;
    const size_t first = n_read < before_end ? n_read : before_end;
    take(ring->bytes + at, data_out, first);
    take(ring->bytes, data_out ? (uint8_t *)data_out + first : NULL, n_read - first);
    atomic_store_explicit(&ring->taken, taken + n_read, memory_order_release);
    return n_read;
}
