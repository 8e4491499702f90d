/* Many streams in one process: in a hub, beside as many recorders by themselves. */
#include "bench.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RATE_HZ     48000
#define SECONDS     6
#define STEP_FRAMES (RATE_HZ / 10) /* a recorder tells its progress ten times a second */
#define N_ALONE     8              /* one after the other, for a time that can be compared */
#define N_MOST      64
#define WATCH_MS    500

typedef struct crowd crowd;

typedef struct stream {
    crowd *of;
    vpriv_source *source;
    vpriv_recorder *recorder;
    size_t n_pushed;
    atomic_bool speaks; /* pushing is the recorder's callback's from now on */
} stream;

struct crowd {
    const bench_speech *speech;
    bench_vault *vault;
    int64_t n_streams;
    size_t n_frames; /* of each */
    bool in_hub;
    stream streams[N_MOST];
};

static const vpriv_stream_format microphone = {VPRIV_SAMPLE_S16, RATE_HZ, 2};
static const vpriv_trigger trigger = {
    .struct_size = sizeof trigger, .kind = VPRIV_TRIGGER_CONTINUOUS};

static void push(stream *s, size_t n_frames)
{
    size_t n_taken = 0;
    const size_t n_left = s->of->n_frames - s->n_pushed;
    n_frames = n_frames < n_left ? n_frames : n_left;
    if (n_frames > 0)
        BENCH_TRY(vpriv_capture_push_write(
            s->source, s->of->speech->stereo + 2 * s->n_pushed, n_frames, &n_taken));
    s->n_pushed += n_taken;
    if (s->n_pushed == s->of->n_frames)
        BENCH_TRY(vpriv_capture_push_end(s->source));
}

/* A tenth of a second of one stream: the clock goes on when every stream has had one. */
static bool go_on(void *user, uint64_t done_us, uint64_t total_us)
{
    stream *s = user;
    (void)total_us;
    if (done_us == 0)
        return true;
    while (!atomic_load(&s->speaks))
        ;
    bench_clock_advance_us(100000 / s->of->n_streams);
    push(s, STEP_FRAMES);
    return true;
}

static void open_stream(crowd *c, stream *s, vpriv_progress_fn progress)
{
    const vpriv_recorder_config config = {.struct_size = sizeof config,
        .subjects = c->vault->subject,
        .n_subjects = 1,
        .all_identified = VPRIV_FACT_YES,
        .retention = VPRIV_RETENTION_90_DAYS,
        .progress = progress,
        .progress_user = s};
    s->of = c;
    s->n_pushed = 0;
    atomic_store(&s->speaks, false);
    BENCH_TRY(vpriv_capture_push_open(&microphone, 500, &s->source));
    BENCH_TRY(vpriv_recorder_open(c->vault->vault, s->source, &config, &s->recorder));
}

static void close_stream(stream *s)
{
    vpriv_recorder_close(s->recorder);
    vpriv_capture_close(s->source);
}

static void speak(stream *s)
{
    push(s, STEP_FRAMES * 2);
    atomic_store(&s->speaks, true);
}

static void check(const crowd *c, const vpriv_outcome *outcome)
{
    if (!outcome->is_stored || outcome->n_lost_frames_48k > 0 ||
        outcome->n_frames_48k != c->n_frames)
        bench_die("a recording is not whole");
}

/* Without a thread, and so without its naps. */
static void run_alone(void *user)
{
    crowd *c = user;
    bench_clock_simulate(true);
    for (int i = 0; i < N_ALONE; i++) {
        vpriv_outcome outcome = {.struct_size = sizeof outcome};
        stream *s = &c->streams[0];
        open_stream(c, s, go_on);
        speak(s);
        BENCH_TRY(vpriv_recorder_run(s->recorder, &trigger, &outcome));
        close_stream(s);
        check(c, &outcome);
    }
    bench_clock_simulate(false);
}

static void run_hub(void *user)
{
    crowd *c = user;
    vpriv_hub *hub = NULL;
    const struct timespec nap = {0, 5000000};
    bench_clock_simulate(true);
    BENCH_TRY(vpriv_hub_open(c->vault->vault, NULL, &hub));
    for (int64_t i = 0; i < c->n_streams; i++) {
        stream *s = &c->streams[i];
        open_stream(c, s, go_on);
        BENCH_TRY(vpriv_hub_start(hub, s->recorder));
        BENCH_TRY(vpriv_recorder_trigger(s->recorder, &trigger));
        BENCH_TRY(vpriv_recorder_confirm(s->recorder));
    }
    for (int64_t i = 0; i < c->n_streams; i++)
        speak(&c->streams[i]);
    for (int64_t i = 0; i < c->n_streams; i++) {
        vpriv_outcome outcome = {.struct_size = sizeof outcome};
        while (vpriv_recorder_state_now(c->streams[i].recorder) != VPRIV_RECORDER_ENDED)
            nanosleep(&nap, NULL);
        BENCH_TRY(vpriv_recorder_stop(c->streams[i].recorder, &outcome));
        close_stream(&c->streams[i]);
        check(c, &outcome);
    }
    vpriv_hub_close(hub);
    bench_clock_simulate(false);
}

/* Nobody speaks: what looking for sound costs, in real time. */
static void watch(void *user)
{
    crowd *c = user;
    vpriv_hub *hub = NULL;
    const struct timespec time = {0, WATCH_MS * 1000000};
    if (c->in_hub)
        BENCH_TRY(vpriv_hub_open(c->vault->vault, NULL, &hub));
    for (int64_t i = 0; i < c->n_streams; i++) {
        open_stream(c, &c->streams[i], NULL);
        BENCH_TRY(hub ? vpriv_hub_start(hub, c->streams[i].recorder)
                      : vpriv_recorder_start(c->streams[i].recorder));
    }
    nanosleep(&time, NULL);
    for (int64_t i = 0; i < c->n_streams; i++)
        close_stream(&c->streams[i]);
    vpriv_hub_close(hub);
}

enum { ALONE, HUB_8, HUB_16, HUB_64, N_CONTENDERS };
enum { WATCH_THREADS, WATCH_HUB, N_WATCHERS };

static void report(bench_contender *c)
{
    double each_alone[BENCH_ROUNDS], each_of_64[BENCH_ROUNDS];
    double alone_16[BENCH_ROUNDS], alone_64[BENCH_ROUNDS];
    for (int i = 0; i < BENCH_ROUNDS; i++) {
        each_alone[i] = c[ALONE].cpu_ns[i] / N_ALONE;
        each_of_64[i] = c[HUB_64].cpu_ns[i] / 64;
        alone_16[i] = c[ALONE].cpu_ns[i] / N_ALONE * 16;
        alone_64[i] = c[ALONE].cpu_ns[i] / N_ALONE * 64;
    }
    const double per_second = 1e-6 / SECONDS;
    bench_row_scaled("a recorder alone, CPU per second of sound", "ms", each_alone, per_second);
    bench_row_scaled("one of 64 in a hub, CPU per second of sound", "ms", each_of_64, per_second);
    bench_row_ratio(
        "8 streams in a hub ÷ 8 × one alone", c[HUB_8].cpu_ns, c[ALONE].cpu_ns, BENCH_AT_MOST, 1.0);
    bench_row_ratio(
        "16 streams in a hub ÷ 16 × one alone", c[HUB_16].cpu_ns, alone_16, BENCH_AT_MOST, 1.0);
    bench_row_ratio(
        "64 streams in a hub ÷ 64 × one alone", c[HUB_64].cpu_ns, alone_64, BENCH_AT_MOST, 1.0);
}

void bench_hub(const bench_setting *setting)
{
    bench_vault vault;
    crowd *crowds = bench_alloc((N_CONTENDERS + N_WATCHERS) * sizeof *crowds);
    static const int64_t n_streams[] = {1, 8, 16, N_MOST, N_MOST, N_MOST};
    bench_group("Many streams in one process");
    bench_vault_create(setting->folder, "hub", &vault);
    for (size_t i = 0; i < N_CONTENDERS + N_WATCHERS; i++) {
        crowds[i].speech = setting->speech;
        crowds[i].vault = &vault;
        crowds[i].n_streams = n_streams[i];
        crowds[i].n_frames = (size_t)SECONDS * RATE_HZ;
        crowds[i].in_hub = i == N_CONTENDERS + WATCH_HUB;
    }
    bench_contender contenders[N_CONTENDERS] = {[ALONE] = {run_alone, &crowds[ALONE], {0}, {0}},
        [HUB_8] = {run_hub, &crowds[HUB_8], {0}, {0}},
        [HUB_16] = {run_hub, &crowds[HUB_16], {0}, {0}},
        [HUB_64] = {run_hub, &crowds[HUB_64], {0}, {0}}};
    bench_contender watchers[N_WATCHERS] = {
        [WATCH_THREADS] = {watch, &crowds[N_CONTENDERS + WATCH_THREADS], {0}, {0}},
        [WATCH_HUB] = {watch, &crowds[N_CONTENDERS + WATCH_HUB], {0}, {0}}};
    bench_race(contenders, N_CONTENDERS, 1);
    report(contenders);
    bench_race(watchers, N_WATCHERS, 1);
    bench_row_ratio("64 that hear nothing, in a hub ÷ by themselves", watchers[WATCH_HUB].cpu_ns,
        watchers[WATCH_THREADS].cpu_ns, BENCH_NO_GOAL, 0);
    free(crowds);
    bench_vault_close(&vault);
}
