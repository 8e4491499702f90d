#include "frames/voice.h"
#include "base/memory.h"
#include "base/try.h"
#include "frames/dispatch.h"
#include <math.h>
#include <string.h>

#define BANDS        VPI_LANES
#define CHANNELS_MAX 2
#define HOPS_MAX     10
#define PIECE_MAX    (HOPS_MAX * VPI_LANES) /* samples */
#define TOGETHER_MAX 3

/* Energies per sample; the least is far below what 16 bits can say, and keeps logarithms finite. */
#define ENERGY_LEAST 1e-9F
#define ENERGY_MUCH  1e30F

/* Pieces that only fill the filters, at the beginning and behind a skip. */
#define STARTING_PIECES 5
/* Share of a new piece in the slow average, which the floor is the minimum of: 125 ms. */
#define SLOW_SHARE 0.08F
/* The minimum is taken over eight stretches of a quarter of a second, the oldest of which is
 * forgotten each time; four in which nothing moved are noise. */
#define STRETCHES      8
#define STRETCH_PIECES 25
#define FLAT_STRETCHES 4
#define FLAT_BANDS     15

/* Levels are logarithms to base 2 of energies: 1 is 3 dB. What a band has above its floor counts
 * beyond BAND_LEAST, and up to BAND_MOST; LOUD is how much all have together, and LOUD_PIECES in a
 * row of it are somebody. */
#define BAND_LEAST  0.5F
#define BAND_MOST   4.0F
#define LOUD        2.5F
#define LOUD_PIECES 2

/* How far voices rise above the noise, in the mean of the bands; forgotten with 0.6 dB a second. */
#define RANGE_POOR    1.4F
#define RANGE_GOOD    3.0F
#define RANGE_FORGETS 0.002F

/* What depends on how many samples a band has in a piece: with few of them noise varies more. */
typedef struct timing {
    uint32_t rate_hz;
    uint32_t n_together; /* frames averaged into one sample */
    uint32_t n_hops;     /* samples of a band in a piece */
    float
        quick_share; /* of a new piece in the quick average: its noise is the same at every rate */
    float bias;      /* mean of noise ÷ minimum of its slow average */
    float flat;      /* maximum ÷ minimum of the slow average of noise, at most */
} timing;

static const timing timings[] = {
    {8000, 1, 5, 0.286F, 1.3F, 2.6F},
    {12000, 1, 8, 0.42F, 1.35F, 2.2F},
    {16000, 1, 10, 0.5F, 1.3F, 2.0F},
    {24000, 2, 8, 0.42F, 1.35F, 2.2F},
    {48000, 3, 10, 0.5F, 1.3F, 2.0F},
};

/* All of it is in guarded memory: energies tell what was said as well. */
struct vpi_voice {
    const vpi_kernels *kernels;
    timing timing;
    uint32_t n_channels;
    size_t piece_frames;
    vpi_band_filter filter;
    uint64_t n_heard;
    uint64_t keep_until;
    uint64_t noticed_at;
    uint64_t known_from; /* what came before may have been anything */
    size_t n_waiting;    /* frames of the piece being filled */
    uint32_t n_to_start;
    uint32_t n_loud;
    uint32_t stretch; /* the one being filled */
    uint32_t n_in_stretch;
    float range;
    float quick[BANDS];
    float slow[BANDS];
    float lowest[STRETCHES][BANDS];
    float highest[STRETCHES][BANDS];
    float floor[BANDS];
    float waiting[PIECE_MAX * TOGETHER_MAX * CHANNELS_MAX];
    float sound[CHANNELS_MAX][VPI_BAND_HISTORY + PIECE_MAX];
};

/* Modified Bessel function of order 0. */
static double bessel(double x)
{
    double sum = 1.0;
    double term = 1.0;
    for (int i = 1; i < 32; i++) {
        term *= x * x / (4.0 * i * i);
        sum += term;
    }
    return sum;
}

/* A low-pass of half a band's width, under a Kaiser window, moved up to each band by its cosine:
 * 70 dB down two bands away. */
static void design(vpi_band_filter *filter)
{
    const double pi = 3.14159265358979323846;
    const double middle = VPI_BAND_TAPS / 2;
    const double shape = 7.0;
    const double cut_off = 1.15 / (2 * BANDS);
    double taps[VPI_BAND_TAPS] = {0};
    double sum = 0.0;
    for (int i = 1; i < VPI_BAND_TAPS; i++) {
        const double t = i - middle;
        const double angle = pi * cut_off * t;
        taps[i] = (i == VPI_BAND_TAPS / 2 ? 1.0 : sin(angle) / angle) *
                  bessel(shape * sqrt(1.0 - t * t / (middle * middle)));
        sum += taps[i];
    }
    /* Cosines change their sign every 32 samples. */
    for (int i = 0; i < VPI_BAND_TAPS; i++)
        filter->window[i] = (float)((i / (2 * BANDS) % 2 ? -2.0 : 2.0) * taps[i] / sum);
    for (int j = 0; j < BANDS; j++)
        for (int band = 0; band < BANDS; band++)
            filter->cosines[j * BANDS + band] = (float)cos((2 * band + 1) * j * pi / (2 * BANDS));
}

vpriv_status vpi_voice_create(uint32_t rate_hz, uint32_t n_channels, vpi_voice **voice_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_voice *voice = NULL;
    const timing *found = NULL;
    for (size_t i = 0; i < sizeof timings / sizeof timings[0]; i++)
        if (timings[i].rate_hz == rate_hz)
            found = &timings[i];
    VPI_ENSURE(found, VPRIV_E_ARG, "listening for voices at %u Hz", rate_hz);
    VPI_ENSURE(n_channels >= 1 && n_channels <= CHANNELS_MAX, VPRIV_E_ARG,
        "listening for voices in %u channels", n_channels);
    VPI_TRY(vpi_secret_alloc(sizeof *voice, (void **)&voice));
    voice->kernels = vpi_kernels_get();
    voice->timing = *found;
    voice->n_channels = n_channels;
    voice->piece_frames = (size_t)found->n_hops * VPI_LANES * found->n_together;
    design(&voice->filter);
    vpi_voice_reset(voice);
    *voice_out = voice;
    st = VPRIV_OK;
out:
    return st;
}

void vpi_voice_destroy(vpi_voice *voice)
{
    vpi_secret_free(voice);
}

static uint64_t frames_of(const vpi_voice *voice, uint32_t ms)
{
    return (uint64_t)ms * voice->timing.rate_hz / 1000;
}

static void keep_for(vpi_voice *voice, uint32_t ms)
{
    const uint64_t until = voice->n_heard + frames_of(voice, ms);
    voice->keep_until = until > voice->keep_until ? until : voice->keep_until;
}

/* The filters begin with silence. */
static void start_filters(vpi_voice *voice)
{
    vpi_wipe(voice->waiting, sizeof voice->waiting);
    vpi_wipe(voice->sound, sizeof voice->sound);
    voice->n_waiting = 0;
    voice->n_loud = 0;
    voice->n_to_start = STARTING_PIECES;
}

void vpi_voice_reset(vpi_voice *voice)
{
    start_filters(voice);
    voice->n_heard = voice->keep_until = voice->noticed_at = 0;
    keep_for(voice, VPI_VOICE_BEGIN_MS);
    voice->known_from = voice->keep_until;
    voice->stretch = voice->n_in_stretch = 0;
    voice->range = 0.0F;
    for (size_t b = 0; b < BANDS; b++) {
        voice->quick[b] = voice->slow[b] = 0.0F;
        voice->floor[b] = ENERGY_MUCH;
        for (size_t s = 0; s < STRETCHES; s++) {
            voice->lowest[s][b] = ENERGY_MUCH;
            voice->highest[s][b] = ENERGY_MUCH; /* not flat */
        }
        voice->highest[0][b] = 0.0F;
    }
}

static inline float smaller(float a, float b)
{
    return a < b ? a : b;
}

static inline float larger(float a, float b)
{
    return a > b ? a : b;
}

/* Logarithm to base 2, a straight line from each power of two to the next; differences are within
 * 0.1 of the true ones. */
static inline float level_of(float energy)
{
    int32_t bits;
    memcpy(&bits, &energy, sizeof bits);
    return (float)bits * 0x1p-23F;
}

static void follow(vpi_voice *voice, const float energies[BANDS])
{
    float *const lowest = voice->lowest[voice->stretch];
    float *const highest = voice->highest[voice->stretch];
    const float quick_share = voice->timing.quick_share;
    for (size_t b = 0; b < BANDS; b++) {
        voice->quick[b] += quick_share * (energies[b] - voice->quick[b]);
        voice->slow[b] += SLOW_SHARE * (energies[b] - voice->slow[b]);
        lowest[b] = smaller(voice->slow[b], lowest[b]);
        highest[b] = larger(voice->slow[b], highest[b]);
        voice->floor[b] = smaller(voice->slow[b], voice->floor[b]);
    }
}

/* When nothing moved lately, the noise of now is all there is: what was lower before is forgotten. */
static void forget_when_flat(vpi_voice *voice)
{
    float lows[BANDS];
    uint32_t n_flat = 0;
    for (size_t b = 0; b < BANDS; b++) {
        float low = ENERGY_MUCH;
        float high = 0.0F;
        for (uint32_t s = 0; s < FLAT_STRETCHES; s++) {
            const uint32_t at = (voice->stretch + STRETCHES - s) % STRETCHES;
            low = smaller(voice->lowest[at][b], low);
            high = larger(voice->highest[at][b], high);
        }
        n_flat += high < low * voice->timing.flat;
        lows[b] = low;
    }
    if (n_flat < FLAT_BANDS)
        return;
    for (size_t s = 0; s < STRETCHES; s++)
        for (size_t b = 0; b < BANDS; b++)
            voice->lowest[s][b] = larger(voice->lowest[s][b], lows[b]);
}

static void next_stretch(vpi_voice *voice)
{
    forget_when_flat(voice);
    voice->n_in_stretch = 0;
    voice->stretch = (voice->stretch + 1) % STRETCHES;
    for (size_t b = 0; b < BANDS; b++) {
        voice->lowest[voice->stretch][b] = voice->highest[voice->stretch][b] = voice->slow[b];
        voice->floor[b] = ENERGY_MUCH;
        for (size_t s = 0; s < STRETCHES; s++)
            voice->floor[b] = smaller(voice->lowest[s][b], voice->floor[b]);
    }
}

static uint32_t hang_over_ms(const vpi_voice *voice)
{
    const float good = (voice->range - RANGE_POOR) / (RANGE_GOOD - RANGE_POOR);
    const float share = smaller(larger(good, 0.0F), 1.0F);
    return VPI_VOICE_HANG_MAX_MS -
           (uint32_t)(share * (float)(VPI_VOICE_HANG_MAX_MS - VPI_VOICE_HANG_MIN_MS));
}

static void decide(vpi_voice *voice)
{
    const float bias = voice->timing.bias;
    float excess[BANDS];
    float rise[BANDS];
    for (size_t b = 0; b < BANDS; b++) {
        const float above = level_of(voice->quick[b]) - level_of(bias * voice->floor[b]);
        excess[b] = larger(smaller(above, BAND_MOST) - BAND_LEAST, 0.0F);
        rise[b] = larger(above, 0.0F);
    }
    float loud = 0.0F;
    float range = 0.0F;
    for (size_t b = 0; b < BANDS; b++) {
        loud += excess[b];
        range += rise[b];
    }
    voice->range = larger(voice->range - RANGE_FORGETS, range * (1.0F / BANDS));
    voice->n_loud = loud > LOUD ? voice->n_loud + 1 : 0;
    if (voice->n_loud >= LOUD_PIECES) {
        voice->noticed_at = voice->n_heard;
        keep_for(voice, hang_over_ms(voice));
    }
}

static void judge(vpi_voice *voice, const float energies[BANDS])
{
    if (voice->n_to_start > 0) {
        voice->n_to_start--;
        memcpy(voice->quick, energies, sizeof voice->quick);
        memcpy(voice->slow, energies, sizeof voice->slow);
        return;
    }
    follow(voice, energies);
    decide(voice);
    if (++voice->n_in_stretch == STRETCH_PIECES)
        next_stretch(voice);
}

static void take_piece(vpi_voice *voice, const float *frames)
{
    const vpi_kernels *k = voice->kernels;
    const size_t n_samples = (size_t)voice->timing.n_hops * VPI_LANES;
    const size_t n_together = voice->timing.n_together;
    const float scale = 1.0F / (float)n_samples;
    float energies[CHANNELS_MAX][BANDS] = {{0}};
    float *const left = voice->sound[0] + VPI_BAND_HISTORY;
    float *const right = voice->sound[1] + VPI_BAND_HISTORY;
    if (voice->n_channels == 1)
        k->mix_mono(left, frames, n_samples, n_together);
    else
        k->mix_stereo(left, right, frames, n_samples, 2 * n_together);
    for (uint32_t c = 0; c < voice->n_channels; c++) {
        float *const sound = voice->sound[c];
        k->band_energies(&voice->filter, sound, voice->timing.n_hops, energies[c]);
        memmove(sound, sound + n_samples, VPI_BAND_HISTORY * sizeof *sound);
    }
    for (size_t b = 0; b < BANDS; b++)
        energies[0][b] = (energies[0][b] + energies[1][b]) * scale + ENERGY_LEAST;
    judge(voice, energies[0]);
}

void vpi_voice_hear(vpi_voice *voice, const float *frames, size_t n_frames)
{
    while (n_frames > 0) {
        const size_t room = voice->piece_frames - voice->n_waiting;
        const size_t n = n_frames < room ? n_frames : room;
        const float *piece = frames;
        if (n < voice->piece_frames) {
            memcpy(voice->waiting + voice->n_waiting * voice->n_channels, frames,
                n * voice->n_channels * sizeof *frames);
            piece = voice->waiting;
        }
        voice->n_heard += n;
        voice->n_waiting += n;
        if (voice->n_waiting == voice->piece_frames) {
            voice->n_waiting = 0;
            take_piece(voice, piece);
        }
        frames += n * voice->n_channels;
        n_frames -= n;
    }
}

void vpi_voice_skip(vpi_voice *voice, uint64_t n_frames)
{
    start_filters(voice);
    voice->n_heard += n_frames;
    if (voice->known_from < voice->n_heard)
        voice->known_from = voice->n_heard;
    keep_for(voice, VPI_VOICE_HANG_MAX_MS);
}

uint64_t vpi_voice_keep_until(const vpi_voice *voice)
{
    return voice->keep_until;
}

uint64_t vpi_voice_heard(const vpi_voice *voice)
{
    return voice->n_heard;
}

uint64_t vpi_voice_noticed_at(const vpi_voice *voice)
{
    return voice->noticed_at;
}

uint64_t vpi_voice_silent_frames(const vpi_voice *voice)
{
    const uint64_t since =
        voice->noticed_at > voice->known_from ? voice->noticed_at : voice->known_from;
    return voice->n_heard > since ? voice->n_heard - since : 0;
}
