/* WAV from a pipe. */
#include "capture/pipe.h"
#include "fuzz/fuzz.h"
#include "fuzz/sound_seeds.h"
#include <fcntl.h>
#include <unistd.h>

static void setup(void)
{
    seed_bytes(WAV_HEAD WAV_DATA);
    seed_bytes(WAV_HEAD WAV_LIST WAV_DATA);
    seed_bytes(WAV_EXTENSIBLE WAV_DATA);
    seed_bytes(WAV_HEAD "data\xff\xff\xff\xff"
                        "0123456789abcdef0");
}

static void read_all(vpriv_source *source, size_t n_bytes)
{
    static uint8_t frames[4096];
    bool at_end = false;
    size_t n_read = 0;
    vpriv_stream_format format;
    fuzz_must(vpriv_capture_format(source, &format));
    fuzz_must(vpi_source_start(source));
    const size_t frame_bytes =
        format.n_channels * (size_t)(format.sample_format == VPRIV_SAMPLE_S16 ? 2 : 4);
    vpriv_status st = VPRIV_OK;
    while (st == VPRIV_OK && !at_end) {
        size_t n = 0;
        uint64_t n_lost = 0;
        st = vpi_source_read(source, frames, sizeof frames / frame_bytes, &n, &n_lost, &at_end);
        if (st == VPRIV_OK)
            fuzz_check((n_read += n) <= n_bytes);
    }
    vpi_source_stop(source);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    int ends[2];
    vpriv_source *source = NULL;
    fuzz_check(pipe2(ends, O_CLOEXEC) == 0);
    fuzz_check(write(ends[1], data, n_bytes) == (ssize_t)n_bytes);
    close(ends[1]);
    if (vpi_pipe_open(ends[0], &source) == VPRIV_OK) {
        read_all(source, n_bytes);
        vpriv_capture_close(source);
    }
    close(ends[0]);
}

const fuzz_target fuzz_pipe = {"pipe", setup, one, 4096, 0};
