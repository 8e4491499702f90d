/* Judges the voice-activity gate.
 *
 *     judgevoice FOLDER            a table: every noise at 20, 10, 5 and 0 dB, three rates; minutes
 *     judgevoice --quick FOLDER    a part of it, seconds; both fail when the gate misses too much
 *     judgevoice --tuning FOLDER   the table on the material that the gate was tuned on
 *
 * FOLDER is what tests/voice/material has prepared. */
#include "judge.h"
#include <stdio.h>
#include <string.h>

/* Most speech that may be missed, in percent, and least encoding that is saved. */
#define MISSED_FROM_10_DB 0.5
#define MISSED_AT_5_DB    2.0
#define MISSED_SPARSE     0.2
#define SAVED_SPARSE      80.0

typedef struct plan {
    double seconds;
    const uint32_t *rates_hz;
    size_t n_rates;
    bool with_0_db;
} plan;

static int n_failures;

static void check(bool good, const char *what, const char *noise, double snr_db, uint32_t rate_hz)
{
    if (good)
        return;
    printf("FAIL: %s: %s noise at %.0f dB, %u Hz\n", what, noise, snr_db, rate_hz);
    n_failures++;
}

static void talk_in_noise(const plan *p, const judge_voices *voices, const judge_voices *babble)
{
    static const double levels_db[] = {20, 10, 5, 0};
    const size_t n_levels = p->with_0_db ? 4 : 3;
    printf("Speech half of the time: missed %% of the speech / kept %% of the rest\n");
    for (size_t r = 0; r < p->n_rates; r++)
        for (int noise = 0; noise < JUDGE_N_NOISES; noise++) {
            const char *name = judge_noise_name((judge_noise)noise);
            printf("%6u Hz  %-9s", p->rates_hz[r], name);
            for (size_t i = 0; i < n_levels; i++) {
                const judge_scene_config config = {voices, babble, (judge_noise)noise, levels_db[i],
                    p->seconds, 0.5, 100 + (uint64_t)noise};
                judge_scene scene;
                judge_scene_make(&config, &scene);
                const judge_result result = judge_gate(&scene, p->rates_hz[r], 1);
                const double missed = judge_missed_percent(&result);
                printf(
                    "  %3.0f dB %6.3f / %5.1f", levels_db[i], missed, judge_false_percent(&result));
                check(levels_db[i] < 10 || missed <= MISSED_FROM_10_DB, "missed", name,
                    levels_db[i], p->rates_hz[r]);
                check(levels_db[i] < 5 || missed <= MISSED_AT_5_DB, "missed", name, levels_db[i],
                    p->rates_hz[r]);
                judge_scene_free(&scene);
            }
            printf("\n");
            fflush(stdout);
        }
}

static void talk_now_and_then(const plan *p, const judge_voices *voices, const judge_voices *babble)
{
    static const judge_noise noises[] = {JUDGE_ROOM, JUDGE_WHITE, JUDGE_HUM, JUDGE_STEPPING};
    printf("Speech 15 %% of the time, 20 dB: missed %% of the speech / saved %% of the packets\n");
    for (size_t r = 0; r < p->n_rates; r++) {
        printf("%6u Hz", p->rates_hz[r]);
        for (size_t i = 0; i < sizeof noises / sizeof noises[0]; i++) {
            const judge_scene_config config = {
                voices, babble, noises[i], 20, 4 * p->seconds, 0.15, 200 + (uint64_t)i};
            judge_scene scene;
            judge_scene_make(&config, &scene);
            const judge_result result = judge_gate(&scene, p->rates_hz[r], 1);
            printf("  %-9s %6.3f / %4.1f", judge_noise_name(noises[i]),
                judge_missed_percent(&result), judge_saved_percent(&result));
            if (noises[i] == JUDGE_ROOM) {
                check(judge_missed_percent(&result) <= MISSED_SPARSE, "missed now and then", "room",
                    20, p->rates_hz[r]);
                check(judge_saved_percent(&result) >= SAVED_SPARSE, "saved", "room", 20,
                    p->rates_hz[r]);
            }
            judge_scene_free(&scene);
        }
        printf("\n");
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    static const uint32_t all_rates_hz[] = {16000, 8000, 48000}, one_rate_hz[] = {16000};
    const bool quick = argc == 3 && strcmp(argv[1], "--quick") == 0;
    const bool tuning = argc == 3 && strcmp(argv[1], "--tuning") == 0;
    if (argc != 2 && !quick && !tuning) {
        fprintf(stderr, "usage: judgevoice [--quick | --tuning] FOLDER\n");
        return 2;
    }
    const plan p = quick ? (plan){45, one_rate_hz, 1, false} : (plan){300, all_rates_hz, 3, true};
    judge_voices voices, others, babble = {.n = 0};
    const char *folder = argv[argc - 1];
    judge_voices_load(folder, tuning ? JUDGE_TUNING : JUDGE_JUDGING, &voices);
    judge_voices_load(folder, tuning ? JUDGE_JUDGING : JUDGE_TUNING, &others);
    babble.utterances = others.utterances + others.n - others.n_synthetic;
    babble.n = others.n_synthetic;
    printf("%zu utterances, %zu of them synthetic; babble of %zu others\n", voices.n,
        voices.n_synthetic, babble.n);
    talk_in_noise(&p, &voices, &babble);
    talk_now_and_then(&p, &voices, &babble);
    judge_voices_free(&voices);
    judge_voices_free(&others);
    if (n_failures > 0)
        printf("%d failures\n", n_failures);
    return n_failures > 0;
}
