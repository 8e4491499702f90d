/* kill -9, at any moment: a process that records speech in real time, and one that erases and withdraws
 * while others read. What was reported is there up to the last second, provisional sound is gone, and
 * nothing needs repair. KILL_ROUNDS says how often, for each of the two; KILL_SEED draws other moments. */
#include "fault/life.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PIECE_MS     10
#define PIECE_FRAMES (LIFE_RATE_HZ / 1000 * PIECE_MS)

#define LIFE_ROUNDS                                                                                \
    150 /* then another vault: verifying all of it each time would take ever longer */

static int n_rounds_wanted(void)
{
    const char *text = getenv("KILL_ROUNDS");
    const int n = text ? atoi(text) : life_is_long() ? 300 : 20;
    if (n < 1) {
        fprintf(stderr, "KILL_ROUNDS=%s is no number of rounds\n", text);
        exit(2);
    }
    return n;
}

static unsigned first_seed(void)
{
    const char *text = getenv("KILL_SEED");
    return text ? (unsigned)strtoul(text, NULL, 10) : 77;
}

/* What the child tells through the pipe, each time something has changed. */
struct word {
    uint64_t pushed_frames;    /* into the source since the trigger */
    uint64_t n_confirmed;      /* recordings */
    uint64_t n_finished;       /* of those */
    uint64_t n_destroyed;      /* acknowledged erasures and withdrawals */
    uint32_t is_confirmed;     /* the one being taken */
    vpriv_recording_id doomed; /* being erased, or erased */
    uint32_t is_erased;
};

static void tell(int fd, const struct word *word)
{
    if (write(fd, word, sizeof *word) != (ssize_t)sizeof *word)
        _exit(2);
}

static void sleep_until(struct timespec *next, long ms)
{
    next->tv_nsec += ms * 1000000;
    if (next->tv_nsec >= 1000000000) {
        next->tv_nsec -= 1000000000;
        next->tv_sec++;
    }
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL);
}

static void push(vpriv_source *source, uint64_t at)
{
    int16_t piece[PIECE_FRAMES];
    size_t n_taken = 0;
    for (size_t i = 0; i < PIECE_FRAMES; i++)
        piece[i] = (int16_t)(12000 * sin((double)(at + i) * 0.17) * sin((double)(at + i) * 0.0011));
    if (vpriv_capture_push_write(source, piece, PIECE_FRAMES, &n_taken) != VPRIV_OK)
        _exit(3);
}

/* In the child: confirmed recordings of 0.8 to 4 s in real time, each after a false wake. */
static void record_for_ever(struct life *life, int fd, unsigned round)
{
    const vpriv_stream_format format = {VPRIV_SAMPLE_S16, LIFE_RATE_HZ, 1};
    const vpriv_trigger trigger = {.struct_size = sizeof trigger, .kind = VPRIV_TRIGGER_WAKE_WORD};
    vpriv_recorder_config config = life_recorder_config(life->ada);
    struct word word = {.pushed_frames = 0};
    struct timespec next;
    config.no_pre_roll = true;
    config.encoding = (vpriv_encoding){.struct_size = sizeof config.encoding};
    if (life_open(life) != VPRIV_OK)
        _exit(4);
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (;; round++) {
        const uint64_t until = LIFE_RATE_HZ * UINT64_C(8) / 10 * (1 + round % 5);
        vpriv_source *source = NULL;
        vpriv_recorder *recorder = NULL;
        if (vpriv_capture_push_open(&format, 2000, &source) != VPRIV_OK ||
            vpriv_recorder_open(life->vault, source, &config, &recorder) != VPRIV_OK ||
            vpriv_recorder_start(recorder) != VPRIV_OK ||
            vpriv_recorder_trigger(recorder, &trigger) != VPRIV_OK)
            _exit(5);
        for (int i = 0; i < 10; i++, sleep_until(&next, PIECE_MS))
            push(source, (uint64_t)i * PIECE_FRAMES);
        if (vpriv_recorder_reject(recorder) != VPRIV_OK ||
            vpriv_recorder_trigger(recorder, &trigger) != VPRIV_OK)
            _exit(6);
        word.pushed_frames = 0;
        while (word.pushed_frames < until) {
            push(source, word.pushed_frames);
            word.pushed_frames += PIECE_FRAMES;
            tell(fd, &word);
            sleep_until(&next, PIECE_MS);
            if (!word.is_confirmed && word.pushed_frames >= LIFE_RATE_HZ / 5) {
                if (vpriv_recorder_confirm(recorder) != VPRIV_OK)
                    _exit(7);
                word.is_confirmed = 1;
                word.n_confirmed++;
                tell(fd, &word);
            }
        }
        if (vpriv_recorder_stop(recorder, NULL) != VPRIV_OK)
            _exit(8);
        word.n_finished++;
        word.is_confirmed = 0;
        word.pushed_frames = 0;
        tell(fd, &word);
        vpriv_recorder_close(recorder);
        vpriv_capture_close(source);
    }
}

/* Let the child live that long, kill it, and give its last word. */
static struct word kill_after(pid_t child, int fd, long ms)
{
    struct word word = {.pushed_frames = 0}, heard;
    const struct timespec nap = {ms / 1000, ms % 1000 * 1000000};
    int status = 0;
    nanosleep(&nap, NULL);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFSIGNALED(status), "the child ended by itself: %d", WEXITSTATUS(status));
    while (read(fd, &heard, sizeof heard) == (ssize_t)sizeof heard)
        word = heard;
    close(fd);
    return word;
}

struct listing {
    size_t n;
    vpriv_recording_info last;
};

static bool keep_last(void *user, const vpriv_recording_info *info)
{
    struct listing *listing = user;
    listing->n++;
    listing->last = *info;
    return true;
}

/* The pipe holds 64 KiB; a child that is killed late says more than that. */
static void drain_later(int fd, pid_t *reader, int *out)
{
    int pipes[2];
    ck_assert_int_eq(pipe(pipes), 0);
    *reader = fork();
    if (*reader == 0) {
        struct word word, last = {.pushed_frames = 0};
        while (read(fd, &word, sizeof word) == (ssize_t)sizeof word)
            last = word;
        _exit(write(pipes[1], &last, sizeof last) == (ssize_t)sizeof last ? 0 : 1);
    }
    close(pipes[1]);
    close(fd);
    *out = pipes[0];
}

/* The root in a file: two processes share it. */
static void use_root_file(struct life *life)
{
    char path[LIFE_PATH_BYTES + 8];
    vpriv_root_close(life->store);
    snprintf(path, sizeof path, "%s/root", life->folder);
    ck_ok(vpriv_root_file_open(path, &life->store));
}

struct reading {
    struct life *life;
    size_t n;
};

static bool listen_to(void *user, const vpriv_recording_info *info)
{
    struct reading *reading = user;
    const vpriv_status st =
        life_listen(reading->life, &info->id, VPRIV_PURPOSE_KEEP_HISTORY).status;
    if (st != VPRIV_OK && st != VPRIV_E_BUSY)
        _exit(20);
    return ++reading->n < 8;
}

/* In a child: opens, reads, closes, from the latest on. */
static void read_for_ever(struct life *life)
{
    for (;;) {
        const vpriv_recording_filter late = {
            .struct_size = sizeof late, .since_us = life->clock_us - 60 * INT64_C(1000)};
        struct reading reading = {life, 0};
        const vpriv_status opened = life_open(life);
        if (opened == VPRIV_E_BUSY)
            continue;
        if (opened != VPRIV_OK)
            _exit(21);
        const vpriv_status st = vpriv_recording_list(life->vault, &late, listen_to, &reading);
        if (st != VPRIV_OK && st != VPRIV_E_BUSY)
            _exit(22);
        life_close(life);
    }
}

static pid_t start_reader(const struct life *life)
{
    const pid_t child = fork();
    if (child == 0) {
        struct life *own = calloc(1, sizeof *own);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* not longer than a test that fails */
        *own = *life;
        own->vault = NULL;
        use_root_file(own);
        read_for_ever(own);
    }
    ck_assert_int_gt(child, 0);
    return child;
}

/* It, too, at any moment. */
static void kill_reader(pid_t reader)
{
    int status = 0;
    ck_assert_int_eq(kill(reader, SIGKILL), 0);
    ck_assert_int_eq(waitpid(reader, &status, 0), reader);
    ck_assert_msg(WIFSIGNALED(status), "the reader ended by itself: %d", WEXITSTATUS(status));
}

START_TEST(a_killed_recorder_loses_a_second_at_most)
{
    struct life *life = calloc(1, sizeof *life);
    const int n_rounds = n_rounds_wanted();
    unsigned seed = first_seed();
    size_t n_before = 0, n_all = 0;
    uint64_t worst_ms = 0, n_unfinished = 0;
    for (int round = 0; round < n_rounds; round++) {
        if (round % LIFE_ROUNDS == 0) {
            if (round > 0)
                life_end(life);
            life_begin(life);
            use_root_file(life);
            ck_ok(life_create(life));
            life_settle_in(life);
            life_close(life);
            n_before = 0;
        }
        struct listing listing = {.n = 0};
        int pipes[2], words = -1;
        pid_t reader = -1;
        const pid_t listener = start_reader(life); /* before the pipe, whose end it would hold */
        ck_assert_int_eq(pipe(pipes), 0);
        const pid_t child = fork();
        if (child == 0) {
            close(pipes[0]);
            use_root_file(life);
            record_for_ever(life, pipes[1], (unsigned)round);
        }
        close(pipes[1]);
        drain_later(pipes[0], &reader, &words);
        /* Some live long enough to lose more than a second, if they could. */
        const long ms = round % 4 == 3 ? 2600 : 150 + (long)(rand_r(&seed) % 1200);
        const struct word word = kill_after(child, words, ms);
        ck_assert_int_eq(waitpid(reader, NULL, 0), reader);
        kill_reader(listener);
        ck_assert_msg(life_open(life) == VPRIV_OK, "after %ld ms: %s", ms, vpriv_error_detail());
        ck_ok(vpriv_recording_list(life->vault, NULL, keep_last, &listing));
        const size_t n_new = listing.n - n_before;
        /* One more than told: killed between the commit and the word. */
        ck_assert_msg(n_new >= word.n_confirmed && n_new <= word.n_confirmed + 1,
            "after %ld ms: %zu recordings, %llu confirmed", ms, n_new,
            (unsigned long long)word.n_confirmed);
        n_before = listing.n;
        n_all += n_new;
        if (word.is_confirmed) {
            const struct life_sound sound =
                life_listen(life, &listing.last.id, VPRIV_PURPOSE_KEEP_HISTORY);
            ck_assert_msg(sound.status == VPRIV_OK, "%s", vpriv_status_text(sound.status));
            const uint64_t lost =
                word.pushed_frames > sound.n_frames ? word.pushed_frames - sound.n_frames : 0;
            n_unfinished += sound.is_unfinished;
            worst_ms =
                lost * 1000 / LIFE_RATE_HZ > worst_ms ? lost * 1000 / LIFE_RATE_HZ : worst_ms;
        }
        vpriv_vault_info info = {.struct_size = sizeof info};
        ck_ok(vpriv_vault_about(life->vault, &info));
        ck_assert_uint_eq(info.n_pending, 0);
        vpriv_verification found = {.struct_size = sizeof found};
        ck_ok(vpriv_vault_verify(life->vault, life->owner, NULL, NULL, &found));
        ck_assert(life_database_is_sound(life));
        ck_assert_int_eq(life_strays(life), 0);
        life_close(life);
    }
    printf("kill -9 while recording: %d rounds, %zu recordings, %llu unfinished, at most %llu ms "
           "lost\n",
        n_rounds, n_all, (unsigned long long)n_unfinished, (unsigned long long)worst_ms);
    ck_assert_uint_gt(n_unfinished, 0);
    /* One second, the packet at hand, and what a busy machine took to get to it. */
    ck_assert_uint_le(worst_ms, 1000 + 60 + 500);
    life_end(life);
    free(life);
}
END_TEST

/* ---- Killed while destroying ---- */

static void destroy_for_ever(struct life *life, int fd)
{
    struct word word = {.pushed_frames = 0};
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    vpriv_outcome outcome;
    if (life_open(life) != VPRIV_OK)
        _exit(4);
    if (vpriv_subject_add(life->vault, VPRIV_SUBJECT_USER, "Bea", NULL, subject) != VPRIV_OK)
        _exit(5);
    for (;;) {
        if (life_give(life, subject, VPRIV_PURPOSE_KEEP_HISTORY) != VPRIV_OK ||
            life_record_into(life, life->vault, subject, 40, 500, &outcome) != VPRIV_OK)
            _exit(6);
        word.doomed = outcome.recording;
        word.is_erased = 0;
        tell(fd, &word);
        if (vpriv_vault_erase(life->vault, &outcome.recording, 1, NULL) != VPRIV_OK)
            _exit(7);
        word.is_erased = 1;
        word.n_destroyed++;
        tell(fd, &word);
        if (life_record_into(life, life->vault, subject, 40, 600, &outcome) != VPRIV_OK)
            _exit(8);
        word.doomed = outcome.recording;
        word.is_erased = 0;
        tell(fd, &word);
        if (vpriv_consent_withdraw(life->vault, subject, VPRIV_PURPOSE_KEEP_HISTORY, NULL, NULL) !=
            VPRIV_OK)
            _exit(9);
        word.is_erased = 1;
        word.n_destroyed++;
        tell(fd, &word);
    }
}

START_TEST(a_killed_destroyer_destroys_or_not)
{
    struct life *life = calloc(1, sizeof *life);
    const int n_rounds = n_rounds_wanted();
    unsigned seed = first_seed() + 1;
    uint64_t n_destroyed = 0;
    vpriv_recording_id kept;
    size_t n_readings = 0;
    for (int round = 0; round < n_rounds; round++) {
        if (round % LIFE_ROUNDS == 0) {
            if (round > 0)
                life_end(life);
            life_begin(life);
            use_root_file(life);
            ck_ok(life_create(life));
            life_settle_in(life);
            life_record(life, 100, 440, &kept);
        }
        int pipes[2], words = -1;
        pid_t reader = -1;
        ck_assert_int_eq(pipe(pipes), 0);
        const pid_t child = fork();
        if (child == 0) {
            struct life *own = calloc(1, sizeof *own);
            close(pipes[0]);
            *own = *life;
            own->vault = NULL;
            use_root_file(own);
            destroy_for_ever(own, pipes[1]);
        }
        close(pipes[1]);
        drain_later(pipes[0], &reader, &words);
        for (int i = 0; i < 5; i++, n_readings++) /* this process reads all the while */
            ck_assert_int_eq(life_listen(life, &kept, VPRIV_PURPOSE_KEEP_HISTORY).status, VPRIV_OK);
        const struct word word = kill_after(child, words, (long)(rand_r(&seed) % 150));
        ck_assert_int_eq(waitpid(reader, NULL, 0), reader);
        n_destroyed += word.n_destroyed;
        ck_assert_int_eq(life_listen(life, &kept, VPRIV_PURPOSE_KEEP_HISTORY).status, VPRIV_OK);
        if (word.is_erased) {
            const struct life_sound sound =
                life_listen(life, &word.doomed, VPRIV_PURPOSE_KEEP_HISTORY);
            ck_assert_msg(sound.status == VPRIV_E_ERASED || sound.status == VPRIV_E_CONSENT,
                "destroyed, and yet: %s", vpriv_status_text(sound.status));
        }
        vpriv_verification found = {.struct_size = sizeof found};
        ck_ok(vpriv_vault_verify(life->vault, life->owner, NULL, NULL, &found));
        if (round % 3 == 0) {
            life_close(life);
            ck_ok(life_open(life));
        }
    }
    printf("kill -9 while destroying: %d rounds, %llu destroyed, %zu readings beside it\n",
        n_rounds, (unsigned long long)n_destroyed, n_readings);
    ck_assert_uint_gt(n_destroyed, 0);
    ck_assert(life_database_is_sound(life));
    life_end(life);
    free(life);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fault: kill -9");
    TCase *tcase = tcase_create("kill");
    tcase_set_timeout(tcase, 120 + 6 * n_rounds_wanted());
    tcase_add_test(tcase, a_killed_recorder_loses_a_second_at_most);
    tcase_add_test(tcase, a_killed_destroyer_destroys_or_not);
    suite_add_tcase(suite, tcase);
    setvbuf(stdout, NULL, _IOLBF, 0);
    return unit_main(suite);
}
