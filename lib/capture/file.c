/* Sound files, decoded by libsndfile after our own look at them (container.h). */
#include "base/memory.h"
#include "base/try.h"
#include "capture/container.h"
#include "capture/pipe.h"
#include "capture/source.h"
#include <errno.h>
#include <fcntl.h>
#include <sndfile.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct file_source {
    vpriv_source base;
    SNDFILE *decoder;
    int fd;
    uint64_t n_read;
} file_source;

static vpriv_status file_start(vpriv_source *source)
{
    (void)source;
    return VPRIV_OK;
}

static void file_stop(vpriv_source *source)
{
    (void)source;
}

static vpriv_status file_read(vpriv_source *source, void *frames_out, size_t capacity_frames,
    size_t *n_read_out, uint64_t *n_lost_out, bool *end_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    file_source *file = (file_source *)source;
    const uint64_t total = file->base.total_frames;
    sf_count_t n = (sf_count_t)(capacity_frames < (1u << 20) ? capacity_frames : 1u << 20);
    if (total != VPI_FRAMES_UNKNOWN && total - file->n_read < (uint64_t)n)
        n = (sf_count_t)(total - file->n_read);
    if (n > 0 && file->base.format.sample_format == VPRIV_SAMPLE_S16)
        n = sf_readf_short(file->decoder, frames_out, n);
    else if (n > 0)
        n = sf_readf_float(file->decoder, frames_out, n);
    VPI_ENSURE(n > 0 || sf_error(file->decoder) != SF_ERR_SYSTEM, VPRIV_E_IO,
        "the sound file cannot be read after %llu frames", (unsigned long long)file->n_read);
    VPI_ENSURE(n >= 0 && (n > 0 || sf_error(file->decoder) == SF_ERR_NO_ERROR), VPRIV_E_FORMAT,
        "the sound file is damaged after %llu frames", (unsigned long long)file->n_read);
    VPI_ENSURE(n > 0 || total == VPI_FRAMES_UNKNOWN || file->n_read == total, VPRIV_E_FORMAT,
        "the sound file was cut short: %llu of %llu frames", (unsigned long long)file->n_read,
        (unsigned long long)total);
    VPI_ENSURE(file->n_read + (uint64_t)n <=
                   (uint64_t)file->base.format.rate_hz * 3600 * VPRIV_CAPTURE_FILE_MAX_HOURS,
        VPRIV_E_LIMIT, "the sound file is longer than %u hours", VPRIV_CAPTURE_FILE_MAX_HOURS);
    file->n_read += (uint64_t)n;
    *n_read_out = (size_t)n;
    *n_lost_out = 0;
    *end_out = n == 0;
    st = VPRIV_OK;
out:
    return st;
}

static void file_close(vpriv_source *source)
{
    file_source *file = (file_source *)source;
    if (file->decoder)
        sf_close(file->decoder);
    if (file->fd >= 0)
        close(file->fd);
    free(file);
}

static const vpi_source_table file_table = {
    .name = "file",
    .start = file_start,
    .read = file_read,
    .stop = file_stop,
    .close = file_close,
};

/* A regular file and nothing else; opening a FIFO must not wait for its writer. */
static vpriv_status open_regular(const char *path, int *fd_out, uint64_t *size_bytes_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    struct stat about;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    VPI_ENSURE(fd >= 0, errno == ENOENT || errno == ENOTDIR ? VPRIV_E_NOT_FOUND : VPRIV_E_IO,
        "cannot open: %s", strerror(errno));
    VPI_ENSURE(fstat(fd, &about) == 0, VPRIV_E_IO, "cannot look at it: %s", strerror(errno));
    VPI_ENSURE(!S_ISDIR(about.st_mode), VPRIV_E_FORMAT, "is a directory");
    VPI_ENSURE(!S_ISFIFO(about.st_mode), VPRIV_E_FORMAT,
        "is a named pipe: give it as standard input instead");
    VPI_ENSURE(S_ISREG(about.st_mode), VPRIV_E_FORMAT, "is a device or socket, not a file");
    *fd_out = fd;
    *size_bytes_out = (uint64_t)about.st_size;
    st = VPRIV_OK;
out:
    if (st != VPRIV_OK && fd >= 0)
        close(fd);
    return st;
}

static bool decoder_agrees(const SF_INFO *decoder, const vpi_sound_info *info)
{
    const int kind = decoder->format & SF_FORMAT_TYPEMASK;
    bool kind_agrees = false;
    switch (info->container) {
    case VPI_CONTAINER_WAV:
        kind_agrees = kind == SF_FORMAT_WAV || kind == SF_FORMAT_WAVEX || kind == SF_FORMAT_RF64;
        break;
    case VPI_CONTAINER_AIFF:
        kind_agrees = kind == SF_FORMAT_AIFF;
        break;
    case VPI_CONTAINER_FLAC:
        kind_agrees = kind == SF_FORMAT_FLAC;
        break;
    }
    int coding = 0;
    switch (decoder->format & SF_FORMAT_SUBMASK) {
    case SF_FORMAT_PCM_U8:
    case SF_FORMAT_PCM_S8:
        coding = 8;
        break;
    case SF_FORMAT_PCM_16:
        coding = 16;
        break;
    case SF_FORMAT_PCM_24:
        coding = 24;
        break;
    case SF_FORMAT_PCM_32:
    case SF_FORMAT_FLOAT:
        coding = 32;
        break;
    }
    const bool is_float = (decoder->format & SF_FORMAT_SUBMASK) == SF_FORMAT_FLOAT;
    return kind_agrees && coding == (int)info->n_bits && is_float == info->is_float &&
           decoder->samplerate == (int)info->rate_hz &&
           decoder->channels == (int)info->n_channels &&
           (info->n_frames == VPI_FRAMES_UNKNOWN || decoder->frames == (sf_count_t)info->n_frames);
}

/* The decoder takes what it cannot read for the file's end, or for damage; errno, 0 before it began, still tells. */
static vpriv_status unreadable(int decoder_error, int system_error)
{
    if (system_error == ENOMEM)
        return VPRIV_E_MEMORY;
    const bool is_system = decoder_error == SF_ERR_SYSTEM || system_error == EIO ||
                           system_error == ENXIO || system_error == EACCES;
    return is_system ? VPRIV_E_IO : VPRIV_E_FORMAT;
}

static vpriv_status file_open(const char *path, vpriv_source **source_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    file_source *file = NULL;
    vpi_byte_input input = {0};
    vpi_sound_info info;
    SF_INFO decoded = {0};
    VPI_TRY(vpi_alloc(1, sizeof *file, (void **)&file));
    file->base.table = &file_table;
    file->fd = -1;
    VPI_TRY(open_regular(path, &file->fd, &input.size_bytes));
    input.fd = file->fd;
    VPI_TRY(vpi_container_probe(&input, &info));
    VPI_ENSURE(lseek(file->fd, 0, SEEK_SET) == 0, VPRIV_E_IO, "cannot seek in it");
    errno = 0;
    file->decoder = sf_open_fd(file->fd, SFM_READ, &decoded, SF_FALSE);
    const int error = errno;
    VPI_ENSURE(
        file->decoder, unreadable(sf_error(NULL), error), "is not readable: %s", sf_strerror(NULL));
    VPI_ENSURE(decoder_agrees(&decoded, &info), unreadable(SF_ERR_NO_ERROR, error),
        "has headers that contradict each other");
    file->base.total_frames = info.n_frames;
    file->base.format = (vpriv_stream_format){
        .sample_format = info.n_bits == 16 && !info.is_float ? VPRIV_SAMPLE_S16 : VPRIV_SAMPLE_F32,
        .rate_hz = info.rate_hz,
        .n_channels = info.n_channels,
    };
    *source_out = &file->base;
    file = NULL;
    st = VPRIV_OK;
out:
    if (file)
        file_close(&file->base);
    return st;
}

vpriv_status vpriv_capture_file_open(const char *path, vpriv_source **source_out)
{
    if (!path || !source_out)
        return vpi_fail(VPRIV_E_ARG, "opening a file needs a path and an output");
    if (strcmp(path, "-") == 0) {
        const vpriv_status st = vpi_pipe_open(STDIN_FILENO, source_out);
        return st == VPRIV_OK ? st : vpi_fail_in(st, "standard input");
    }
    const vpriv_status st = file_open(path, source_out);
    return st == VPRIV_OK ? st : vpi_fail_in(st, path);
}
