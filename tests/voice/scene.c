/* Scenes, and the gate on them. */
#include "frames/frontend.h"
#include "frames/voice.h"
#include "judge.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAD_FRAMES   (3 * JUDGE_RATE_HZ) /* noise before anybody speaks */
#define PACKET_FRAMES (JUDGE_RATE_HZ / 50)

void judge_die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "judgevoice: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    exit(1);
}

void *judge_alloc(size_t n_items, size_t item_bytes)
{
    void *memory = calloc(n_items ? n_items : 1, item_bytes);
    if (!memory)
        judge_die("no memory");
    return memory;
}

static size_t whole_packets(double frames)
{
    return (size_t)frames / PACKET_FRAMES * PACKET_FRAMES;
}

void judge_scene_make(const judge_scene_config *config, judge_scene *scene)
{
    judge_random random = {config->seed};
    const size_t least = whole_packets(config->seconds * JUDGE_RATE_HZ);
    const size_t capacity = least + 200 * JUDGE_RATE_HZ;
    scene->frames = judge_alloc(capacity, sizeof *scene->frames);
    scene->labels = judge_alloc(capacity / JUDGE_LABEL_FRAMES, sizeof *scene->labels);
    scene->n_frames = LEAD_FRAMES;
    while (scene->n_frames < least) {
        const size_t which = (size_t)(judge_uniform(&random) * (double)config->voices->n);
        const judge_utterance *u = &config->voices->utterances[which];
        memcpy(scene->frames + scene->n_frames, u->frames, u->n_frames * sizeof *u->frames);
        memcpy(scene->labels + scene->n_frames / JUDGE_LABEL_FRAMES, u->labels,
            u->n_frames / JUDGE_LABEL_FRAMES * sizeof *u->labels);
        const double pause =
            (double)u->n_frames * (1 / config->speech_share - 1) * (0.5 + judge_uniform(&random));
        scene->n_frames += whole_packets((double)u->n_frames + pause + PACKET_FRAMES);
    }
    float *noise = judge_alloc(scene->n_frames, sizeof *noise);
    judge_noise_make(config->noise, config->seed, config->babble, noise, scene->n_frames);
    const double gain = JUDGE_ACTIVE_RMS * pow(10, -config->snr_db / 20);
    for (size_t i = 0; i < scene->n_frames; i++)
        scene->frames[i] += (float)gain * noise[i];
    free(noise);
}

void judge_scene_free(judge_scene *scene)
{
    free(scene->frames);
    free(scene->labels);
}

/* The scene's frames at another rate; the caller frees. */
static float *resampled(
    const judge_scene *scene, uint32_t rate_hz, uint32_t n_channels, size_t *n_frames_out)
{
    const vpi_frontend_config config = {.input = {VPRIV_SAMPLE_F32, JUDGE_RATE_HZ, n_channels},
        .output_rate_hz = rate_hz,
        .n_output_channels = n_channels};
    vpi_frontend *frontend = NULL;
    size_t n_consumed = 0, filled = 0, n_more = 1;
    const size_t capacity = scene->n_frames / 100 * (rate_hz / 100) + rate_hz;
    float *in = judge_alloc(scene->n_frames * n_channels, sizeof *in);
    float *out = judge_alloc(capacity * n_channels, sizeof *out);
    for (size_t i = 0; i < scene->n_frames; i++)
        in[i * n_channels] = scene->frames[i];
    if (vpi_frontend_create(&config, &frontend) != VPRIV_OK ||
        vpi_frontend_process(frontend, in, scene->n_frames, out, capacity, &n_consumed, &filled) !=
            VPRIV_OK)
        judge_die("the scene is not changed to %u Hz", rate_hz);
    while (n_more > 0) {
        if (vpi_frontend_flush(frontend, out + filled * n_channels, capacity - filled, &n_more) !=
            VPRIV_OK)
            judge_die("the scene is not changed to %u Hz", rate_hz);
        filled += n_more;
    }
    vpi_frontend_destroy(frontend);
    free(in);
    *n_frames_out = filled;
    return out;
}

static void count(judge_result *result, const judge_scene *scene, size_t packet, bool is_kept)
{
    const size_t n_labels = PACKET_FRAMES / JUDGE_LABEL_FRAMES;
    result->n_packets++;
    result->n_encoded += is_kept;
    for (size_t i = packet * n_labels; i < (packet + 1) * n_labels; i++) {
        const bool is_speech = scene->labels[i];
        result->n_speech += is_speech;
        result->n_missed += is_speech && !is_kept;
        result->n_other += !is_speech;
        result->n_other_kept += !is_speech && is_kept;
    }
}

judge_result judge_gate(const judge_scene *scene, uint32_t rate_hz, uint32_t n_channels)
{
    judge_result result = {0};
    vpi_voice *voice = NULL;
    const size_t packet_frames = rate_hz / 50;
    const size_t late = rate_hz / 1000 * VPI_VOICE_PRE_ROLL_MS;
    size_t heard = 0, n_frames = 0;
    float *frames = resampled(scene, rate_hz, n_channels, &n_frames);
    if (vpi_voice_create(rate_hz, n_channels, &voice) != VPRIV_OK)
        judge_die("no detector");
    for (size_t packet = 0; packet < scene->n_frames / PACKET_FRAMES; packet++) {
        const size_t at = packet * packet_frames;
        while (heard < at + packet_frames + late && heard < n_frames) {
            const size_t left = n_frames - heard;
            const size_t n = packet_frames < left ? packet_frames : left;
            vpi_voice_hear(voice, frames + heard * n_channels, n);
            heard += n;
        }
        count(&result, scene, packet, vpi_voice_keep_until(voice) > at);
    }
    vpi_voice_destroy(voice);
    free(frames);
    return result;
}

void judge_add(judge_result *sum, const judge_result *more)
{
    sum->n_speech += more->n_speech;
    sum->n_missed += more->n_missed;
    sum->n_other += more->n_other;
    sum->n_other_kept += more->n_other_kept;
    sum->n_packets += more->n_packets;
    sum->n_encoded += more->n_encoded;
}

static double percent(size_t part, size_t whole)
{
    return whole ? 100 * (double)part / (double)whole : 0;
}

double judge_missed_percent(const judge_result *result)
{
    return percent(result->n_missed, result->n_speech);
}

double judge_false_percent(const judge_result *result)
{
    return percent(result->n_other_kept, result->n_other);
}

double judge_saved_percent(const judge_result *result)
{
    return percent(result->n_packets - result->n_encoded, result->n_packets);
}
