/* A byte ring between one writer and one reader, in guarded memory.
 *
 * The treaty:
 *  - exactly one thread calls vpi_ring_write, exactly one calls the reading functions; they may be
 *    the same. Neither ever waits, locks, allocates or calls the system.
 *  - a write is all or nothing; what it wrote becomes visible to the reader as a whole.
 *  - what was read is wiped before the writer may use the room again.
 *  - create and destroy happen when no other thread is inside. */
#ifndef VPI_BASE_RING_H
#define VPI_BASE_RING_H

#include "base/status.h"

typedef struct vpi_ring vpi_ring;

/* Room for n_bytes exactly: locked memory is scarce, and what does not fit a page takes another. */
vpriv_status vpi_ring_create(size_t n_bytes, vpi_ring **ring_out);
void vpi_ring_destroy(vpi_ring *ring);

/* Writer: true when all n_bytes were taken, false when none was. */
bool vpi_ring_write(vpi_ring *ring, const void *data, size_t n_bytes);
/* Writer: bytes that a write may have now. */
size_t vpi_ring_space(const vpi_ring *ring);

/* Reader: bytes waiting. */
size_t vpi_ring_filled(const vpi_ring *ring);
/* Reader: take up to n_bytes; returns how many. data_out NULL: they are wiped and gone. */
size_t vpi_ring_read(vpi_ring *ring, void *data_out, size_t n_bytes);

#endif
