/* Noises, from seeds. */
#include "judge.h"
#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

static const char *const names[JUDGE_N_NOISES] = {
    "white", "pink", "hum", "babble", "music", "stepping", "room"};

const char *judge_noise_name(judge_noise noise)
{
    return names[noise];
}

double judge_uniform(judge_random *random)
{
    random->state += 0x9e3779b97f4a7c15U;
    uint64_t mixed = random->state;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return (double)((mixed ^ (mixed >> 31)) >> 11) * 0x1p-53;
}

double judge_gauss(judge_random *random)
{
    const double radius = sqrt(-2 * log(1 - judge_uniform(random)));
    return radius * cos(2 * PI * judge_uniform(random));
}

static void white(judge_random *random, float *out, size_t n_frames)
{
    for (size_t i = 0; i < n_frames; i++)
        out[i] = (float)judge_gauss(random);
}

/* One low-pass per octave, from half the rate down, all of the same energy. */
static void pink(judge_random *random, float *out, size_t n_frames)
{
    double state[9] = {0};
    for (size_t i = 0; i < n_frames; i++) {
        double sum = 0;
        for (int k = 0; k < 9; k++) {
            const double a = pow(0.5, k) * 0.9;
            state[k] += a * (judge_gauss(random) / sqrt(a) - state[k]);
            sum += state[k];
        }
        out[i] = (float)sum;
    }
}

/* The mains: each harmonic with a level and a phase of its own, the frequency wandering a little. */
static void add_hum(judge_random *random, double level, float *out, size_t n_frames)
{
    double levels[20], phases[20], phase = 0;
    for (int h = 0; h < 20; h++) {
        levels[h] = level / (1 + 0.4 * h) * (0.2 + judge_uniform(random)) * (h % 2 ? 1.0 : 0.5);
        phases[h] = 2 * PI * judge_uniform(random);
    }
    for (size_t i = 0; i < n_frames; i++) {
        const double t = (double)i / JUDGE_RATE_HZ;
        double sum = 0;
        phase += 2 * PI * (50 + 0.03 * sin(0.3 * t)) / JUDGE_RATE_HZ;
        for (int h = 0; h < 20; h++)
            sum += levels[h] * sin((h + 1) * phase + phases[h]);
        out[i] += (float)sum;
    }
}

static void hum(judge_random *random, float *out, size_t n_frames)
{
    for (size_t i = 0; i < n_frames; i++)
        out[i] = (float)(0.1 * judge_gauss(random));
    add_hum(random, 1, out, n_frames);
}

static void babble(judge_random *random, const judge_voices *voices, float *out, size_t n_frames)
{
    memset(out, 0, n_frames * sizeof *out);
    for (int person = 0; person < 8; person++) {
        const double level = 0.6 + 0.8 * judge_uniform(random);
        for (size_t at = 0; at < n_frames;) {
            const size_t which = (size_t)(judge_uniform(random) * (double)voices->n);
            const judge_utterance *u = &voices->utterances[which];
            const size_t n = u->n_frames < n_frames - at ? u->n_frames : n_frames - at;
            for (size_t i = 0; i < n; i++)
                out[at + i] += (float)level * u->frames[i];
            at += n + (size_t)(judge_uniform(random) * 0.5 * JUDGE_RATE_HZ);
        }
    }
}

/* One note with eight harmonics, vibrato, an attack of 10 ms, and a decay. */
static void add_note(double hz, double level, double decay_s, float *out, size_t n_frames)
{
    double phase = 0;
    for (size_t i = 0; i < n_frames; i++) {
        const double t = (double)i / JUDGE_RATE_HZ;
        const double attack = t < 0.01 ? t / 0.01 : 1;
        double sum = 0;
        phase += 2 * PI * hz * (1 + 0.006 * sin(2 * PI * 5.5 * t)) / JUDGE_RATE_HZ;
        for (int h = 1; h <= 8 && hz * h < 7500; h++)
            sum += sin(h * phase) / h;
        out[i] += (float)(level * attack * exp(-t / decay_s) * sum);
    }
}

static void music(judge_random *random, float *out, size_t n_frames)
{
    static const int chords[4][3] = {{0, 4, 7}, {9, 12, 16}, {5, 9, 12}, {7, 11, 14}};
    const size_t beat = JUDGE_RATE_HZ / 2;
    memset(out, 0, n_frames * sizeof *out);
    for (size_t at = 0, n = 0; at < n_frames; at += beat, n++) {
        const size_t left = n_frames - at;
        const int *chord = chords[n / 4 % 4];
        for (int i = 0; i < 3 && n % 2 == 0; i++)
            add_note(220 * pow(2, chord[i] / 12.0), 0.3, 1.2, out + at,
                left < 2 * beat ? left : 2 * beat);
        const int tone = chord[(size_t)(judge_uniform(random) * 3)] + 12;
        add_note(220 * pow(2, tone / 12.0), 0.35, 0.5, out + at, left < beat ? left : beat);
        add_note(55 * pow(2, chord[0] / 12.0), 0.5, 0.4, out + at, left < beat ? left : beat);
        for (size_t i = 0; i < beat / 2 && i < left; i++)
            out[at + i] +=
                (float)(0.4 * exp(-(double)i / (n % 2 ? 800 : 250)) * judge_gauss(random));
    }
}

static void stepping(judge_random *random, float *out, size_t n_frames)
{
    const bool is_pink = judge_uniform(random) < 0.5;
    (is_pink ? pink : white)(random, out, n_frames);
    double level_db = 0;
    for (size_t at = 0; at < n_frames;) {
        size_t n = (size_t)((3 + 5 * judge_uniform(random)) * JUDGE_RATE_HZ);
        n = n < n_frames - at ? n : n_frames - at;
        for (size_t i = 0; i < n; i++)
            out[at + i] *= (float)pow(10, level_db / 20);
        at += n;
        double next = level_db;
        while (fabs(next - level_db) < 4)
            next = 12 * judge_uniform(random) - 6;
        level_db = next;
    }
}

static void room(judge_random *random, float *out, size_t n_frames)
{
    double low = 0, wander = 0;
    pink(random, out, n_frames);
    for (size_t i = 0; i < n_frames; i++) {
        if (i % 160 == 0)
            wander += 0.005 * (10 * 0.12 * judge_gauss(random) - wander);
        low += 0.25 * ((double)out[i] - low);
        out[i] = (float)((0.7 * low + 0.3 * (double)out[i]) * exp(wander));
    }
    add_hum(random, 0.4, out, n_frames);
}

void judge_noise_make(
    judge_noise noise, uint64_t seed, const judge_voices *voices, float *out, size_t n_frames)
{
    judge_random random = {seed * 1000003 + (uint64_t)noise};
    double sum = 0;
    switch (noise) {
    case JUDGE_WHITE:
        white(&random, out, n_frames);
        break;
    case JUDGE_PINK:
        pink(&random, out, n_frames);
        break;
    case JUDGE_HUM:
        hum(&random, out, n_frames);
        break;
    case JUDGE_BABBLE:
        babble(&random, voices, out, n_frames);
        break;
    case JUDGE_MUSIC:
        music(&random, out, n_frames);
        break;
    case JUDGE_STEPPING:
        stepping(&random, out, n_frames);
        break;
    case JUDGE_ROOM:
    case JUDGE_N_NOISES:
        room(&random, out, n_frames);
        break;
    }
    for (size_t i = 0; i < n_frames; i++)
        sum += pow((double)out[i], 2);
    const double gain = 1 / sqrt(sum / (double)n_frames);
    for (size_t i = 0; i < n_frames; i++)
        out[i] = (float)((double)out[i] * gain);
}
