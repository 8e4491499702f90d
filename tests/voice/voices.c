/* Voices with labels. */

#include "capture/source.h"
#include "frames/frontend.h"
#include "judge.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <voicepriv/capture.h>

#define PROMPT_MAX_FRAMES    (10 * JUDGE_RATE_HZ) /* what is longer is cut */
#define PROMPT_MIN_FRAMES    (JUDGE_RATE_HZ / 2)  /* beeps and clicks are not people */
#define UTTERANCES_MAX       512
#define PIECE_FRAMES         1024
#define VOICES_MAX           16
#define SENTENCES_OF_A_VOICE 4

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Labels, and every utterance as loud as the others. */
static void label(judge_utterance *u)
{
    const size_t n = u->n_frames / JUDGE_LABEL_FRAMES;
    double *energies = judge_alloc(n, sizeof *energies);
    double *sorted = judge_alloc(n, sizeof *sorted);
    double sum = 0;
    size_t n_labelled = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < JUDGE_LABEL_FRAMES; j++)
            energies[i] += pow((double)u->frames[i * JUDGE_LABEL_FRAMES + j], 2);
    memcpy(sorted, energies, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_value);
    const double least = sorted[n - 1 - n / 20] * pow(10, -JUDGE_LABEL_DB / 10.0);
    u->labels = judge_alloc(n, sizeof *u->labels);
    for (size_t i = 0; i < n; i++) {
        u->labels[i] = energies[i] > 0 && energies[i] >= least;
        n_labelled += u->labels[i];
        sum += u->labels[i] ? energies[i] : 0;
    }
    if (n_labelled == 0)
        judge_die("an utterance of silence");
    const double gain = JUDGE_ACTIVE_RMS / sqrt(sum / (double)(n_labelled * JUDGE_LABEL_FRAMES));
    for (size_t i = 0; i < u->n_frames; i++)
        u->frames[i] *= (float)gain;
    free(energies);
    free(sorted);
}

/* Takes the frames over. */
static void add(judge_voices *voices, float *frames, size_t n_frames)
{
    if (voices->n == UTTERANCES_MAX)
        judge_die("more than %d utterances", UTTERANCES_MAX);
    judge_utterance *u = &voices->utterances[voices->n++];
    u->frames = frames;
    u->n_frames = n_frames - n_frames % JUDGE_LABEL_FRAMES;
    label(u);
}

static FILE *open_in(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        judge_die("%s: cannot be read", path);
    return file;
}

static void load_prompts(const char *folder, judge_part part, judge_voices *voices)
{
    FILE *sizes = open_in(folder, "prompts.sizes");
    FILE *raw = open_in(folder, "prompts.raw");
    size_t n_frames = 0;
    for (int i = 0; fscanf(sizes, "%zu", &n_frames) == 1; i++) {
        int16_t *samples = judge_alloc(n_frames, sizeof *samples);
        if (fread(samples, sizeof *samples, n_frames, raw) != n_frames)
            judge_die("prompts.raw is shorter than prompts.sizes says");
        if (i % 2 == (part == JUDGE_JUDGING) && n_frames >= PROMPT_MIN_FRAMES) {
            const size_t n = n_frames < PROMPT_MAX_FRAMES ? n_frames : PROMPT_MAX_FRAMES;
            float *frames = judge_alloc(n, sizeof *frames);
            for (size_t j = 0; j < n; j++)
                frames[j] = (float)samples[j] / 32768;
            add(voices, frames, n);
        }
        free(samples);
    }
    fclose(sizes);
    fclose(raw);
}

static bool load_wav(const char *path, judge_voices *voices)
{
    static uint8_t read[PIECE_FRAMES * 4 * 8];
    vpriv_source *source = NULL;
    vpi_frontend *frontend = NULL;
    size_t filled = 0, n_read = 0;
    uint64_t n_lost = 0;
    bool end = false;
    if (vpriv_capture_file_open(path, &source) != VPRIV_OK)
        return false;
    const vpriv_stream_format format = source->format;
    const vpi_frontend_config config = {
        .input = format, .output_rate_hz = JUDGE_RATE_HZ, .n_output_channels = 1};
    const size_t capacity = 30 * JUDGE_RATE_HZ;
    float *frames = judge_alloc(capacity, sizeof *frames);
    if (vpi_frontend_create(&config, &frontend) != VPRIV_OK || vpi_source_start(source) != VPRIV_OK)
        judge_die("%s: %s", path, vpriv_error_detail());
    while (!end) {
        size_t n_consumed = 0, n_out = 0;
        if (vpi_source_read(source, read, PIECE_FRAMES, &n_read, &n_lost, &end) != VPRIV_OK ||
            vpi_frontend_process(frontend, read, n_read, frames + filled, capacity - filled,
                &n_consumed, &n_out) != VPRIV_OK ||
            n_consumed != n_read)
            judge_die("%s: cannot be read, or longer than 30 s", path);
        filled += n_out;
    }
    vpi_frontend_destroy(frontend);
    vpriv_capture_close(source);
    add(voices, frames, filled);
    return true;
}

void judge_voices_load(const char *folder, judge_part part, judge_voices *voices)
{
    static const char *const speakers[] = {"Front_Center", "Front_Left", "Front_Right",
        "Rear_Center", "Rear_Left", "Rear_Right", "Side_Left", "Side_Right"};
    char path[512];
    voices->utterances = judge_alloc(UTTERANCES_MAX, sizeof *voices->utterances);
    voices->n = 0;
    load_prompts(folder, part, voices);
    if (part == JUDGE_JUDGING)
        for (size_t i = 0; i < sizeof speakers / sizeof speakers[0]; i++) {
            snprintf(path, sizeof path, "/usr/share/sounds/alsa/%s.wav", speakers[i]);
            if (!load_wav(path, voices))
                judge_die("%s: cannot be read", path);
        }
    const size_t n_people = voices->n;
    for (int voice = 0; voice < VOICES_MAX; voice++)
        for (int i = 0; i < SENTENCES_OF_A_VOICE; i++) {
            snprintf(path, sizeof path, "%s/%s-%d-%d.wav", folder,
                part == JUDGE_JUDGING ? "judge" : "tune", voice, i);
            if (!load_wav(path, voices) && voice == 0)
                judge_die("%s: cannot be read", path);
        }
    voices->n_synthetic = voices->n - n_people;
}

void judge_voices_free(judge_voices *voices)
{
    for (size_t i = 0; i < voices->n; i++) {
        free(voices->utterances[i].frames);
        free(voices->utterances[i].labels);
    }
    free(voices->utterances);
}
