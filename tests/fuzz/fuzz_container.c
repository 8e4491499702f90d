/* Sound files: our own look at the header, and then the decoder that is let at it. */
#include "capture/container.h"
#include "capture/source.h"
#include "fuzz/file.h"
#include "fuzz/sound_seeds.h"
#include <fcntl.h>
#include <unistd.h>

static void setup(void)
{
    seed_bytes(WAV_HEAD WAV_DATA);
    seed_bytes(WAV_HEAD WAV_LIST WAV_DATA);
    seed_bytes(WAV_EXTENSIBLE WAV_DATA);
    seed_bytes(AIFF_FILE);
    seed_bytes(FLAC_FILE);
}

static void read_all(vpriv_source *source, uint64_t n_told)
{
    static float frames[4096];
    uint64_t n_frames = 0;
    bool at_end = false;
    vpriv_stream_format format;
    vpriv_status st = vpi_source_start(source);
    fuzz_must(vpriv_capture_format(source, &format));
    const size_t capacity = sizeof frames / sizeof frames[0] / format.n_channels;
    while (st == VPRIV_OK && !at_end) {
        size_t n = 0;
        uint64_t n_lost = 0;
        st = vpi_source_read(source, frames, capacity, &n, &n_lost, &at_end);
        if (st == VPRIV_OK) {
            fuzz_check(n <= capacity);
            n_frames += n;
        }
    }
    if (st == VPRIV_OK && n_told != VPI_FRAMES_UNKNOWN)
        fuzz_check(n_frames <= n_told);
    vpi_source_stop(source);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    vpi_sound_info info;
    vpriv_source *source = NULL;
    file_fill(data, n_bytes);
    const int fd = open(file_path(), O_RDONLY | O_CLOEXEC);
    fuzz_check(fd >= 0);
    vpi_byte_input input = {.fd = fd, .size_bytes = n_bytes};
    const vpriv_status st = vpi_container_probe(&input, &info);
    close(fd);
    if (st == VPRIV_OK) {
        fuzz_must(vpi_sound_info_check(&info));
        if (info.n_frames != VPI_FRAMES_UNKNOWN && info.container != VPI_CONTAINER_FLAC)
            fuzz_check(info.n_frames * info.n_channels * (info.n_bits / 8) <= n_bytes);
    }
    if (vpriv_capture_file_open(file_path(), &source) == VPRIV_OK) {
        fuzz_check(st == VPRIV_OK);
        read_all(source, info.n_frames);
        vpriv_capture_close(source);
    }
}

const fuzz_target fuzz_container = {"container", setup, one, 4096, 0};
