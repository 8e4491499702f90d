/* What judges the voice-activity gate: voices with labels, noises, and the gate as the recorder uses
 * it. All of it is made from seeds: every run gives the same numbers.
 *
 * Labels come from the clean speech alone: a frame of 10 ms is speech when its level lies within
 * JUDGE_LABEL_DB of the file's loud level, which is the level that one frame in twenty exceeds. In
 * noise, most of the quiet ones among them cannot be heard; they count all the same. */
#ifndef TESTS_VOICE_JUDGE_H
#define TESTS_VOICE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JUDGE_RATE_HZ      16000
#define JUDGE_LABEL_FRAMES 160 /* 10 ms */
#define JUDGE_LABEL_DB     40
#define JUDGE_ACTIVE_RMS   0.05 /* of every utterance, over its labelled frames: -26 dB */

_Noreturn void judge_die(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *judge_alloc(size_t n_items, size_t item_bytes);

/* Numbers from a seed. */
typedef struct judge_random {
    uint64_t state;
} judge_random;
double judge_uniform(judge_random *random); /* 0 to 1 */
double judge_gauss(judge_random *random);   /* of variance 1 */

/* Something somebody says, 16 kHz mono, levelled, with a label for each 10 ms. */
typedef struct judge_utterance {
    float *frames;
    bool *labels;
    size_t n_frames; /* a multiple of JUDGE_LABEL_FRAMES */
} judge_utterance;
typedef struct judge_voices {
    judge_utterance *utterances; /* people first, then synthetic voices */
    size_t n;
    size_t n_synthetic;
} judge_voices;

typedef enum judge_part {
    JUDGE_TUNING,  /* every other prompt, and synthetic voices */
    JUDGE_JUDGING, /* the other prompts, the loudspeakers' names, other synthetic voices */
} judge_part;
void judge_voices_load(const char *folder, judge_part part, judge_voices *voices_out);
void judge_voices_free(judge_voices *voices);

typedef enum judge_noise {
    JUDGE_WHITE,
    JUDGE_PINK,
    JUDGE_HUM,      /* of the mains, with harmonics, over a little hiss */
    JUDGE_BABBLE,   /* eight people at once, none of whom is judged */
    JUDGE_MUSIC,    /* chords with vibrato, a bass, drums */
    JUDGE_STEPPING, /* white or pink, its level jumps by up to 12 dB every few seconds */
    JUDGE_ROOM,     /* air and a fan: brownish, with mains hum; the level wanders by 1 dB */
    JUDGE_N_NOISES,
} judge_noise;
const char *judge_noise_name(judge_noise noise);
/* n_frames of root mean square 1. babble: whose voices that one is made of. */
void judge_noise_make(
    judge_noise noise, uint64_t seed, const judge_voices *babble, float *out, size_t n_frames);

/* A stretch of time: utterances in order with pauses between, in noise. */
typedef struct judge_scene {
    float *frames;
    bool *labels;
    size_t n_frames;
} judge_scene;
typedef struct judge_scene_config {
    const judge_voices *voices;
    const judge_voices *babble;
    judge_noise noise;
    double snr_db;       /* of the labelled frames' level over the noise's */
    double seconds;      /* at least */
    double speech_share; /* of the time, pauses within an utterance included */
    uint64_t seed;
} judge_scene_config;
void judge_scene_make(const judge_scene_config *config, judge_scene *scene_out);
void judge_scene_free(judge_scene *scene);

/* What the gate does with it. */
typedef struct judge_result {
    size_t n_speech;     /* labelled frames of 10 ms ... */
    size_t n_missed;     /* ... of which are not recorded */
    size_t n_other;      /* not labelled ... */
    size_t n_other_kept; /* ... and recorded all the same */
    size_t n_packets;    /* of 20 ms */
    size_t n_encoded;
} judge_result;
/* At this rate, of the encoder's; with two channels everybody is on the left. */
judge_result judge_gate(const judge_scene *scene, uint32_t rate_hz, uint32_t n_channels);
void judge_add(judge_result *sum, const judge_result *more);
double judge_missed_percent(const judge_result *result);
double judge_false_percent(const judge_result *result);
double judge_saved_percent(const judge_result *result);

#endif
