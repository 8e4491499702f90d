#include "capture/pipe.h"
#include "base/memory.h"
#include "base/try.h"
#include "capture/container.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

typedef struct pipe_source {
    vpriv_source base;
    int fd;
    size_t frame_bytes;
    uint64_t n_read;
    bool ended;
    /* the beginning of a frame whose rest has not come yet */
    uint8_t part[VPRIV_CHANNELS_MAX * sizeof(float)];
    size_t part_bytes;
} pipe_source;

static vpriv_status pipe_start(vpriv_source *source)
{
    (void)source;
    return VPRIV_OK;
}

static void pipe_stop(vpriv_source *source)
{
    (void)source;
}

/* What is there now: bytes, or none with *end_out, or none because none has come. */
static vpriv_status take_bytes(pipe_source *from, uint8_t *bytes_out, size_t capacity_bytes,
    size_t *n_bytes_out, bool *end_out)
{
    struct pollfd ready = {.fd = from->fd, .events = POLLIN};
    *n_bytes_out = 0;
    *end_out = false;
    if (poll(&ready, 1, 0) <= 0)
        return VPRIV_OK;
    const ssize_t n = read(from->fd, bytes_out, capacity_bytes);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return VPRIV_OK;
    if (n < 0)
        return vpi_fail(VPRIV_E_IO, "cannot read: %s", strerror(errno));
    *n_bytes_out = (size_t)n;
    *end_out = n == 0;
    return VPRIV_OK;
}

static vpriv_status pipe_read(vpriv_source *source, void *frames_out, size_t capacity_frames,
    size_t *n_read_out, uint64_t *n_lost_out, bool *end_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    pipe_source *from = (pipe_source *)source;
    uint8_t *bytes = frames_out;
    size_t n_bytes = 0;
    const uint64_t total = from->base.total_frames;
    if (capacity_frames > 1u << 20)
        capacity_frames = 1u << 20;
    if (total != VPI_FRAMES_UNKNOWN && capacity_frames > total - from->n_read)
        capacity_frames = (size_t)(total - from->n_read);
    if (capacity_frames == 0)
        from->ended = true;
    if (!from->ended) {
        memcpy(bytes, from->part, from->part_bytes);
        VPI_TRY(take_bytes(from, bytes + from->part_bytes,
            capacity_frames * from->frame_bytes - from->part_bytes, &n_bytes, &from->ended));
        VPI_ENSURE(!from->ended || total == VPI_FRAMES_UNKNOWN, VPRIV_E_FORMAT,
            "standard input was cut short: %llu of %llu frames", (unsigned long long)from->n_read,
            (unsigned long long)total);
        n_bytes += from->part_bytes;
        from->part_bytes = n_bytes % from->frame_bytes;
        memcpy(from->part, bytes + n_bytes - from->part_bytes, from->part_bytes);
    }
    const size_t n_frames = from->ended ? 0 : n_bytes / from->frame_bytes;
    from->n_read += n_frames;
    *n_read_out = n_frames;
    *n_lost_out = 0;
    *end_out = from->ended;
    st = VPRIV_OK;
out:
    return st;
}

static void pipe_close(vpriv_source *source)
{
    pipe_source *from = (pipe_source *)source;
    vpi_wipe(from->part, sizeof from->part);
    free(from);
}

static const vpi_source_table pipe_table = {
    .name = "pipe",
    .start = pipe_start,
    .read = pipe_read,
    .stop = pipe_stop,
    .close = pipe_close,
};

vpriv_status vpi_pipe_open(int fd, vpriv_source **source_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    pipe_source *from = NULL;
    vpi_byte_input input = {.fd = fd, .size_bytes = VPI_SIZE_UNKNOWN};
    vpi_sound_info info;
    VPI_TRY(vpi_container_probe(&input, &info));
    VPI_ENSURE(info.n_bits != 8, VPRIV_E_UNSUPPORTED, "has 8 bits, which are read from files only");
    VPI_TRY(vpi_alloc(1, sizeof *from, (void **)&from));
    from->base.table = &pipe_table;
    from->base.total_frames = info.n_frames;
    from->base.format = (vpriv_stream_format){
        .sample_format = info.is_float       ? VPRIV_SAMPLE_F32
                         : info.n_bits == 16 ? VPRIV_SAMPLE_S16
                         : info.n_bits == 24 ? VPRIV_SAMPLE_S24
                                             : VPRIV_SAMPLE_S32,
        .rate_hz = info.rate_hz,
        .n_channels = info.n_channels,
    };
    from->frame_bytes = vpi_frame_bytes(&from->base.format);
    from->fd = fd;
    *source_out = &from->base;
    st = VPRIV_OK;
out:
    return st;
}
