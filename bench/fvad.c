/* libfvad (the detector of WebRTC) as a yardstick for detecting voices, where it is installed. */
#include "bench.h"
#include "config.h"
#ifdef HAVE_FVAD
#include <fvad.h>
#include <math.h>
#include <stdlib.h>

#define RATE_HZ      16000
#define PIECE_FRAMES 160

typedef struct detector {
    Fvad *handle;
    int16_t *sound;
    size_t n_pieces;
} detector;

static void run_fvad(void *user)
{
    const detector *d = user;
    for (size_t i = 0; i < d->n_pieces; i++)
        if (fvad_process(d->handle, d->sound + i * PIECE_FRAMES, PIECE_FRAMES) < 0)
            bench_die("libfvad did not take 10 ms of sound");
}

static void measure(const bench_speech *speech)
{
    detector d = {fvad_new(), bench_alloc(speech->n_mono_frames * sizeof(int16_t)),
        speech->n_mono_frames / PIECE_FRAMES};
    bench_contender c = {run_fvad, &d, {0}, {0}};
    if (!d.handle || fvad_set_sample_rate(d.handle, RATE_HZ) != 0)
        bench_die("libfvad did not start");
    for (size_t i = 0; i < speech->n_mono_frames; i++)
        d.sound[i] = (int16_t)lrintf(fmaxf(-1, fminf(1, speech->mono[i])) * 32767);
    bench_race(&c, 1, 1);
    bench_row_scaled(
        "libfvad, 16 kHz, per frame", "ns", c.cpu_ns, 1 / ((double)d.n_pieces * PIECE_FRAMES));
    fvad_free(d.handle);
    free(d.sound);
}
#endif

void bench_fvad(const bench_setting *setting)
{
    bench_group("Detecting voices, as others do");
#ifdef HAVE_FVAD
    measure(setting->speech);
#else
    (void)setting;
    bench_fact("libfvad", "not installed when this was built (Debian has no package of it)");
#endif
}
