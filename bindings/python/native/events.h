/* What happens on threads of the library, on its way to a thread of Python.
 *
 * A capture or worker thread never runs Python: it puts what happened into a ring of fixed size, without a
 * lock, and wakes the one thread that empties all rings. What does not fit is counted and left out. Calls
 * for one recorder, or one watch, never overlap, so a ring has one writer at a time, and one reader.
 * The ring may hold sound: it is locked memory that is not dumped, and wiped as it is read. */
#ifndef VPY_EVENTS_H
#define VPY_EVENTS_H

#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>
#include <voicepriv/voicepriv.h>

#define VPY_RING_BYTES     (1 << 18) /* one and a half seconds of stereo at 48 kHz */
#define VPY_RESERVED_BYTES (1 << 15) /* of that, never taken by sound: lamps and ends still fit */
#define VPY_DEVICE_BYTES   512

typedef enum vpy_kind {
    VPY_NOTHING = 0,
    VPY_INDICATOR = 1,
    VPY_EVENT = 2,
    VPY_FRAMES = 3,
    VPY_PROGRESS = 4,
    VPY_DEVICE = 5
} vpy_kind;

typedef struct vpy_event {
    int kind, trigger, status;
    bool has_outcome;
    vpriv_outcome outcome;
} vpy_event;

typedef struct vpy_frames {
    uint64_t n_frames, position_frames;
    uint32_t n_channels, rate_hz;
    bool is_request;
} vpy_frames; /* the samples follow it */

typedef struct vpy_progress {
    uint64_t done_us, total_us;
} vpy_progress;

typedef struct vpy_device {
    int change;
    uint32_t rate_min_hz, rate_max_hz, n_channels_min, n_channels_max;
    bool is_default, is_monitor;
    char input[VPY_DEVICE_BYTES], description[VPY_DEVICE_BYTES];
} vpy_device;

/* What a recorder or a watch hands to its callbacks. */
typedef struct vpy_tap {
    _Atomic uint64_t written, taken; /* bytes since the beginning */
    _Atomic uint64_t n_dropped;
    _Atomic bool is_cancelled; /* progress says stop */
    _Atomic bool is_direct;    /* the thread that calls is one of Python's: vpriv_recorder_run */
    int wake;                  /* an eventfd */
    void *handle;              /* of the Python object, for direct calls */
    int64_t asked_ns;          /* when Python last had a chance to notice a signal */
    bool wants_progress;
    uint8_t ring[VPY_RING_BYTES];
} vpy_tap;

static void vpy_copy(vpy_tap *tap, uint64_t at, void *inside, const void *bytes, size_t n)
{
    const size_t begin = (size_t)(at % VPY_RING_BYTES);
    const size_t first = n < VPY_RING_BYTES - begin ? n : VPY_RING_BYTES - begin;
    if (bytes) {
        memcpy(tap->ring + begin, bytes, first);
        memcpy(tap->ring, (const uint8_t *)bytes + first, n - first);
        return;
    }
    memcpy(inside, tap->ring + begin, first);
    memcpy((uint8_t *)inside + first, tap->ring, n - first);
    explicit_bzero(tap->ring + begin, first);
    explicit_bzero(tap->ring, n - first);
}

static void vpy_wake(const vpy_tap *tap)
{
    const uint64_t one = 1;
    const ssize_t n = write(tap->wake, &one, sizeof one);
    (void)n; /* full means that it is awake */
}

static void vpy_put(
    vpy_tap *tap, uint32_t kind, const void *head, size_t n_head, const void *rest, size_t n_rest)
{
    const uint64_t written = atomic_load_explicit(&tap->written, memory_order_relaxed);
    const uint64_t taken = atomic_load_explicit(&tap->taken, memory_order_acquire);
    const uint32_t sizes[2] = {kind, (uint32_t)(n_head + n_rest)};
    const uint64_t room = VPY_RING_BYTES - (written - taken);
    const bool is_bulk = kind == VPY_FRAMES || kind == VPY_PROGRESS;
    if (room < sizeof sizes + n_head + n_rest + (is_bulk ? VPY_RESERVED_BYTES : 0)) {
        atomic_fetch_add(&tap->n_dropped, 1);
        vpy_wake(tap);
        return;
    }
    vpy_copy(tap, written, NULL, sizes, sizeof sizes);
    vpy_copy(tap, written + sizeof sizes, NULL, head, n_head);
    if (n_rest > 0)
        vpy_copy(tap, written + sizeof sizes + n_head, NULL, rest, n_rest);
    atomic_store_explicit(
        &tap->written, written + sizeof sizes + n_head + n_rest, memory_order_release);
    vpy_wake(tap);
}

/* Take the oldest piece out: its kind, VPY_NOTHING when there is none. room_out holds VPY_RING_BYTES. */
static int vpy_tap_take(vpy_tap *tap, void *room_out, size_t *n_bytes_out)
{
    const uint64_t taken = atomic_load_explicit(&tap->taken, memory_order_relaxed);
    const uint64_t written = atomic_load_explicit(&tap->written, memory_order_acquire);
    uint32_t sizes[2] = {VPY_NOTHING, 0};
    if (taken == written)
        return VPY_NOTHING;
    vpy_copy(tap, taken, sizes, NULL, sizeof sizes);
    vpy_copy(tap, taken + sizeof sizes, room_out, NULL, sizes[1]);
    *n_bytes_out = sizes[1];
    atomic_store_explicit(&tap->taken, taken + sizeof sizes + sizes[1], memory_order_release);
    return (int)sizes[0];
}

static uint64_t vpy_tap_dropped(vpy_tap *tap)
{
    return atomic_exchange(&tap->n_dropped, 0);
}

/* Locked memory that core dumps leave out, zeroed; NULL when there is none. */
static void *vpy_guarded(size_t n_bytes)
{
    void *memory = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    if (mlock(memory, n_bytes) != 0 || madvise(memory, n_bytes, MADV_DONTDUMP) != 0) {
        munmap(memory, n_bytes);
        return NULL;
    }
    return memory;
}

static void vpy_guarded_free(void *memory, size_t n_bytes)
{
    if (!memory)
        return;
    explicit_bzero(memory, n_bytes);
    munmap(memory, n_bytes);
}

static vpy_tap *vpy_tap_open(int wake, void *handle)
{
    vpy_tap *tap = vpy_guarded(sizeof *tap);
    if (tap) {
        tap->wake = wake;
        tap->handle = handle;
    }
    return tap;
}

static void vpy_tap_close(vpy_tap *tap)
{
    vpy_guarded_free(tap, sizeof *tap);
}

static int vpy_wake_open(void)
{
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

static void vpy_wake_now(int wake)
{
    vpy_wake(&(vpy_tap){.wake = wake});
}

#endif
