/* What the parts of voicepriv-bench share: time, rounds, and the table of results.
 *
 * Contenders run in turns, forwards in one round and backwards in the next, after a warm-up; a result
 * is the median over the rounds, with the lowest and highest round beside it. A ratio is taken within
 * each round first, so that what disturbs the machine disturbs both sides of it. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <voicepriv/voicepriv.h>

#define BENCH_ROUNDS 15

/* The program ends with a text when something fails: half a benchmark is none. */
void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void bench_check(vpriv_status status, const char *what);
#define BENCH_TRY(call) bench_check((call), #call)
void *bench_alloc(size_t n_bytes);

double bench_cpu_ns(void);  /* of the whole process */
double bench_wall_ns(void); /* monotonic */

typedef struct bench_contender {
    void (*run)(void *user);
    void *user;
    double cpu_ns[BENCH_ROUNDS];
    double wall_ns[BENCH_ROUNDS];
} bench_contender;
/* n_slices: how often each of them comes in one round. */
void bench_race(bench_contender *contenders, size_t n, int n_slices);

/* One thing done again and again, each time measured alone; before() and after() are not measured.
 * Each round's result is its median. */
typedef struct bench_repeated {
    void (*before)(void *user); /* may be NULL */
    void (*run)(void *user);
    void (*after)(void *user); /* may be NULL */
    void *user;
    int per_round;
    double cpu_ns[BENCH_ROUNDS];
    double wall_ns[BENCH_ROUNDS];
} bench_repeated;
void bench_repeat(bench_repeated *tasks, size_t n_tasks);

double bench_median(double *values, size_t n); /* sorts */

/* Results. `values` has one number per round. */
typedef enum bench_goal { BENCH_NO_GOAL, BENCH_AT_MOST, BENCH_AT_LEAST } bench_goal;
void bench_group(const char *title);
void bench_row(const char *what, const char *unit, const double *values, size_t n, bench_goal goal,
    double aim);
void bench_row_scaled(const char *what, const char *unit, const double *values_ns, double scale);
void bench_row_ms(const char *what, const double *values_ns, double aim_ms); /* aim 0: none */
void bench_row_one(const char *what, const char *unit, double value, bench_goal goal, double aim);
/* Round by round left ÷ right. */
void bench_row_ratio(
    const char *what, const double *left, const double *right, bench_goal goal, double aim);
void bench_fact(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bench_report(bool as_json);

/* Speech at 48 kHz, 16 bits, stereo, and the same as the encoder takes it: 16 kHz mono float. */
typedef struct bench_speech {
    const char *wav_path;
    const char *raw_path;
    int16_t *stereo;
    size_t n_frames;
    float *mono;
    size_t n_mono_frames; /* whole packets of 20 ms */
} bench_speech;

/* A vault in `folder` with one person who agreed to two purposes. */
typedef struct bench_vault {
    char *path;
    char *root_path;
    vpriv_root_store *root;
    vpriv_keyring *keyring;
    vpriv_vault *vault;
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
} bench_vault;
char *bench_path(const char *folder, const char *name);
void bench_vault_create(const char *folder, const char *name, bench_vault *vault_out);
void bench_vault_close(bench_vault *vault);
void bench_subject_add(vpriv_vault *vault, uint8_t subject_out[VPRIV_SUBJECT_ID_BYTES]);
void bench_consent(vpriv_vault *vault, const uint8_t *subject, vpriv_purpose purpose, bool yes);

/* What a time-sensitive part of the library takes for the monotonic clock: the real one, or, when
 * simulated, the sound that went in. */
void bench_clock_simulate(bool simulated);
void bench_clock_advance_us(int64_t us);

/* What a group of rows is given. */
typedef struct bench_setting {
    const char *folder;         /* for everything that is written; the inputs lie there */
    const char *programs;       /* the folder of the build's programs, with tools/ and bench/ */
    const bench_speech *speech; /* of groups whose inputs name "speech" */
    uint32_t n_recordings;      /* of the large vault; 0 leaves it out */
    bool with_plans;
} bench_setting;

/* The groups of rows: one file each, and one line in the table of main.c. */
void bench_environment(const bench_setting *setting);
void bench_record(const bench_setting *setting);
void bench_hub(const bench_setting *setting);
void bench_import(const bench_setting *setting);
void bench_frames(const bench_setting *setting);
void bench_kernels(const bench_setting *setting);
void bench_copy(const bench_setting *setting);
void bench_resample(const bench_setting *setting);
void bench_fvad(const bench_setting *setting);
void bench_voice(const bench_setting *setting);
void bench_decide(const bench_setting *setting);
void bench_seal(const bench_setting *setting);
void bench_keys(const bench_setting *setting);
void bench_log(const bench_setting *setting);
void bench_storage(const bench_setting *setting);
void bench_memory(const bench_setting *setting);
void bench_bindings(const bench_setting *setting);
void bench_processes(const bench_setting *setting);
void bench_million(const bench_setting *setting);

/* bench/run made the inputs; this reads the speech. */
void bench_speech_load(const char *folder, bench_speech *speech_out);

#endif
