/* A long file on several threads: the same packets however many there are, seams that nobody hears, and
 * everything that a recording on one thread promises. */
#include "seams.h"
#include "tape.h"
#include <math.h>
#include <stdio.h>

#define KEEP      VPRIV_PURPOSE_KEEP_HISTORY
#define RATE      HOUSEHOLD_RATE_HZ
#define SECONDS   72
#define N_FRAMES  ((size_t)SECONDS * RATE)
#define PACKET    320
#define LOOKAHEAD 104 /* pre-skip at 16 kHz */

static household h;
static int16_t *speech;
static tape t;

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    speech = tape_speech(N_FRAMES);
    tape_init(&t, speech, N_FRAMES);
    tape_hooks_reset();
}

static void tear_down(void)
{
    ck_assert_int_eq(hooks.n_threads_alive, 0); /* whatever happened, everybody was waited for */
    free(speech);
    household_close(&h);
}

static vpriv_recorder_config config_for(uint32_t n_threads)
{
    vpriv_recorder_config config = household_config(h.ada, 1);
    config.n_threads = n_threads;
    return config;
}

/* Plays the tape from its beginning. */
static vpriv_status try_run(const vpriv_recorder_config *config, vpriv_outcome *outcome_out)
{
    vpriv_recorder *recorder = NULL;
    t.at = t.n_gaps_given = 0;
    *outcome_out = (vpriv_outcome){.struct_size = sizeof *outcome_out};
    ck_ok(vpriv_recorder_open(h.vault, &t.source, config, &recorder));
    const vpriv_status st = vpriv_recorder_run(recorder, &household_button, outcome_out);
    ck_assert_int_eq(hooks.n_threads_alive, 0);
    vpriv_recorder_close(recorder);
    return st;
}

static vpriv_outcome run_on(uint32_t n_threads)
{
    const vpriv_recorder_config config = config_for(n_threads);
    vpriv_outcome outcome;
    ck_ok(try_run(&config, &outcome));
    ck_assert(outcome.is_stored);
    return outcome;
}

static void ck_nothing_is_there(void)
{
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording"), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM block"), 0);
}

static vpriv_reader *open_reader(const vpriv_outcome *outcome)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    vpriv_reader *reader = NULL;
    ck_ok(vpriv_gate_open(h.vault, h.keyring, &outcome->recording, &request, &reader));
    return reader;
}

/* Packets that both have in common from the first on; *n_out is how many the first one has. */
static size_t n_same_packets(const vpriv_outcome *a, const vpriv_outcome *b, size_t *n_out)
{
    vpriv_reader *left = open_reader(a), *right = open_reader(b);
    size_t n_same = 0, n = 0;
    for (bool same = true;; n++) {
        vpriv_packet x = {.struct_size = sizeof x}, y = {.struct_size = sizeof y};
        ck_ok(vpriv_gate_read_packet(left, &x));
        ck_ok(vpriv_gate_read_packet(right, &y));
        ck_assert_int_eq(x.is_end, y.is_end);
        if (x.is_end)
            break;
        ck_assert_uint_eq(x.duration_frames_48k, y.duration_frames_48k);
        ck_assert_uint_eq(x.lost_frames_48k, y.lost_frames_48k);
        same = same && x.n_bytes == y.n_bytes &&
               (x.n_bytes == 0 || memcmp(x.data, y.data, x.n_bytes) == 0);
        n_same += same;
    }
    vpriv_gate_close(left);
    vpriv_gate_close(right);
    *n_out = n;
    return n_same;
}

static void ck_same(const vpriv_outcome *a, const vpriv_outcome *b)
{
    size_t n = 0;
    const size_t n_same = n_same_packets(a, b, &n);
    ck_assert_uint_eq(n_same, n);
    ck_assert_uint_gt(n, 0);
    ck_assert_uint_eq(a->n_packets, b->n_packets);
    ck_assert_uint_eq(a->n_frames_48k, b->n_frames_48k);
    ck_assert_uint_eq(a->n_blocks, b->n_blocks);
}

/* ---- Sound ---- */

static float *decode(const vpriv_outcome *outcome)
{
    vpriv_reader *reader = open_reader(outcome);
    float *pcm = calloc(N_FRAMES + 1000, sizeof *pcm);
    size_t n = 0, n_read = 1;
    while (n_read > 0) {
        ck_ok(vpriv_gate_read_frames(reader, pcm + n, 1000, &n_read));
        n += n_read;
        ck_assert_uint_le(n, N_FRAMES);
    }
    ck_assert_uint_eq(n, N_FRAMES);
    vpriv_gate_close(reader);
    return pcm;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static uint64_t sum_of_bytes(const vpriv_outcome *outcome)
{
    vpriv_reader *reader = open_reader(outcome);
    vpriv_packet packet = {.struct_size = sizeof packet};
    uint64_t n_bytes = 0;
    while (!packet.is_end) {
        ck_ok(vpriv_gate_read_packet(reader, &packet));
        n_bytes += packet.n_bytes;
    }
    vpriv_gate_close(reader);
    return n_bytes;
}

/* What it costs behind each seam, sorted. */
static void measure(
    const float *in, const float *single, const float *bulk, size_t n_frames, double *losses_db_out)
{
    for (size_t i = 0; i < hooks.n_cuts; i++) {
        const size_t at = (size_t)hooks.cuts[i] * PACKET - LOOKAHEAD;
        losses_db_out[i] =
            seam_snr_db(in + at, single + at, n_frames) - seam_snr_db(in + at, bulk + at, n_frames);
    }
    qsort(losses_db_out, hooks.n_cuts, sizeof *losses_db_out, by_value);
    printf("%zu seams: %zu frames behind them lose %.2f dB in the middle, %.2f at worst\n",
        hooks.n_cuts, n_frames, losses_db_out[hooks.n_cuts / 2], losses_db_out[hooks.n_cuts - 1]);
}

/* With pauses, where it is cut, and without any, where the pre-roll has to do. */
START_TEST(seams_cannot_be_heard)
{
    vpriv_recorder_config config = config_for(1);
    vpriv_outcome single, bulk;
    double losses_db[64], worst_jump = 0;
    if (_i == 1) {
        free(speech);
        speech = tape_crowd(N_FRAMES);
        tape_init(&t, speech, N_FRAMES);
        config.encoding =
            (vpriv_encoding){.struct_size = sizeof config.encoding, .bitrate_bps = 48000};
    }
    config.no_high_pass = true; /* so that what went in can be compared */
    ck_ok(try_run(&config, &single));
    ck_assert_int_eq(hooks.n_threads_started, 0);
    config.n_threads = 2;
    ck_ok(try_run(&config, &bulk));
    ck_assert_int_eq(hooks.n_threads_started, 2);
    ck_assert_uint_ge(hooks.n_cuts, SECONDS / 10);
    ck_assert_uint_le(hooks.n_cuts, 64);
    float *before = decode(&single), *after = decode(&bulk), *in = calloc(N_FRAMES, sizeof *in);
    for (size_t i = 0; i < N_FRAMES; i++)
        in[i] = (float)speech[i] / 32768;
    for (size_t i = 0; i < hooks.n_cuts; i++) {
        const size_t at = (size_t)hooks.cuts[i] * PACKET - LOOKAHEAD;
        worst_jump = fmax(worst_jump, seam_jump(after + at, RATE));
    }
    printf("worst jump %.2f\n", worst_jump);
    ck_assert_double_le(worst_jump, 1.3);
    measure(in, before, after, RATE / 5, losses_db);
    ck_assert_double_le(losses_db[hooks.n_cuts / 2], 1.0);
    ck_assert_double_le(losses_db[hooks.n_cuts - 1], 3.0);
    measure(in, before, after, PACKET, losses_db);
    ck_assert_double_le(losses_db[hooks.n_cuts / 2], 1.0);
    const double bytes = (double)sum_of_bytes(&bulk) / (double)sum_of_bytes(&single);
    ck_assert_msg(bytes > 0.97 && bytes < 1.02, "%.3f times as many bytes", bytes);
    free(in);
    free(before);
    free(after);
}
END_TEST

static double level(size_t from_packet, size_t n_packets)
{
    double sum = 0;
    for (size_t i = from_packet * PACKET; i < (from_packet + n_packets) * PACKET; i++)
        sum += (double)speech[i] * (double)speech[i];
    return sqrt(sum / (double)(n_packets * PACKET));
}

START_TEST(cuts_are_in_pauses_and_multiples_of_four)
{
    vpriv_outcome single = run_on(1), bulk = run_on(2);
    uint32_t before = 0;
    size_t n = 0;
    for (size_t i = 0; i < hooks.n_cuts; i++) {
        const uint32_t cut = hooks.cuts[i];
        ck_assert_uint_eq(cut % 4, 0);
        ck_assert_uint_ge(cut - before, 400);
        ck_assert_uint_lt(cut - before, 500);
        ck_assert_double_lt(level(cut - 1, 2), level(before, 500) / 4);
        before = cut;
    }
    /* Up to the first cut it is what one encoder makes, and as many packets all in all. */
    const size_t n_same = n_same_packets(&single, &bulk, &n);
    ck_assert_uint_ge(n_same, hooks.cuts[0]);
    ck_assert_uint_lt(n_same, n);
    ck_assert_uint_eq(single.n_packets, bulk.n_packets);
    ck_assert_uint_eq(single.n_frames_48k, bulk.n_frames_48k);
    ck_assert_uint_eq(bulk.n_frames_48k, 3 * N_FRAMES);
}
END_TEST

START_TEST(packets_do_not_depend_on_threads_or_their_speed)
{
    static const uint32_t n_threads[] = {3, 5, 64};
    const vpriv_outcome first = run_on(2);
    for (size_t i = 0; i < 3; i++) {
        hooks.jitters = true;
        const vpriv_outcome other = run_on(n_threads[i]);
        ck_same(&first, &other);
    }
    tape_hooks_reset();
    hooks.first_is_slow = true;
    const vpriv_outcome other = run_on(3);
    ck_same(&first, &other);
}
END_TEST

START_TEST(loud_rates_and_other_packets_are_stitched_too)
{
    static const vpriv_encoding encodings[] = {
        {.rate_hz = 48000, .n_channels = 2, .bitrate_bps = 256000, .packet_us = 60000},
        {.rate_hz = 48000,
            .bitrate_bps = 510000,
            .packet_us = 2500,
            .application = VPRIV_APPLICATION_LOW_DELAY},
        {.rate_hz = 8000, .bitrate_bps = 6000, .packet_us = 40000},
        {.rate_hz = 24000, .packet_us = 10000, .constant_bitrate = true}};
    for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++) {
        vpriv_recorder_config config = config_for(1);
        vpriv_outcome single, two, five;
        size_t n = 0;
        config.encoding = encodings[i];
        config.encoding.struct_size = sizeof config.encoding;
        config.encoding.complexity_plus_one = 1;
        tape_init(&t, speech, 25 * RATE);
        ck_ok(try_run(&config, &single));
        tape_hooks_reset();
        config.n_threads = 2;
        ck_ok(try_run(&config, &two));
        ck_assert_uint_gt(hooks.n_cuts, 1);
        config.n_threads = 5;
        hooks.jitters = true;
        ck_ok(try_run(&config, &five));
        ck_same(&two, &five);
        ck_assert_uint_gt(n_same_packets(&single, &two, &n), 50);
        ck_assert_uint_eq(single.n_packets, two.n_packets);
        ck_assert_uint_eq(single.n_frames_48k, two.n_frames_48k);
        ck_assert_uint_eq(household_hear(&h, &two.recording, KEEP), VPRIV_OK);
    }
}
END_TEST

START_TEST(short_files_are_encoded_as_ever)
{
    size_t n = 0;
    tape_init(&t, speech, 19 * RATE);
    const vpriv_outcome single = run_on(1), many = run_on(8);
    ck_assert_int_eq(hooks.n_threads_started, 0);
    ck_assert_uint_eq(n_same_packets(&single, &many, &n), n);
    ck_assert_uint_gt(n, 900);
    /* Also what is cut to be short, and what is not stored at all. */
    vpriv_outcome outcome;
    vpriv_recorder_config config = config_for(8);
    tape_init(&t, speech, N_FRAMES);
    config.maximum_ms = 5000;
    ck_ok(try_run(&config, &outcome));
    config.maximum_ms = 0;
    config.retention = VPRIV_RETENTION_NONE;
    ck_ok(try_run(&config, &outcome));
    ck_assert(!outcome.is_stored);
    ck_assert_int_eq(hooks.n_threads_started, 0);
    config.n_threads = 65;
    vpriv_recorder *recorder = NULL;
    ck_fails(vpriv_recorder_open(h.vault, &t.source, &config, &recorder), VPRIV_E_ARG);
    ck_assert(strstr(vpriv_error_detail(), "n_threads"));
}
END_TEST

START_TEST(longest_recording_is_as_long_as_on_one_thread)
{
    vpriv_recorder_config config = config_for(1);
    vpriv_outcome single, bulk;
    config.maximum_ms = 45010;
    ck_ok(try_run(&config, &single));
    config.n_threads = 2;
    ck_ok(try_run(&config, &bulk));
    ck_assert_int_eq(hooks.n_threads_started, 2);
    ck_assert_int_eq(bulk.end_reason, VPRIV_END_MAXIMUM);
    ck_assert_uint_eq(bulk.n_frames_48k, single.n_frames_48k);
    ck_assert_uint_eq(bulk.n_packets, single.n_packets);
    ck_assert_uint_ge(bulk.n_frames_48k, 48 * 45010);
    ck_assert_uint_le(bulk.n_frames_48k, 48 * 45030);
}
END_TEST

START_TEST(gaps_keep_their_place_and_length)
{
    static const tape_gap gaps[] = {{3 * RATE + 7, 100}, {3 * RATE + 407, 50}, {9 * RATE, 5000},
        {30 * RATE + 1, 425}, {41 * RATE, 20 * RATE}, {41 * RATE + 401, 30}, {N_FRAMES, 4000}};
    size_t n = 0;
    memcpy(t.gaps, gaps, sizeof gaps);
    const vpriv_outcome single = run_on(1), two = run_on(2), five = run_on(5);
    ck_assert_uint_gt(hooks.n_cuts, 4);
    ck_same(&two, &five);
    ck_assert_uint_gt(n_same_packets(&single, &two, &n), 400);
    ck_assert_uint_eq(single.n_packets, two.n_packets);
    ck_assert_uint_eq(single.n_frames_48k, two.n_frames_48k);
    ck_assert_uint_eq(single.n_lost_frames_48k, two.n_lost_frames_48k);
    ck_assert_uint_eq(two.n_lost_frames_48k, 3 * (100 + 50 + 5000 + 425 + 20 * RATE + 30 + 4000));
    ck_assert_uint_eq(household_hear(&h, &two.recording, KEEP), VPRIV_OK);
}
END_TEST

/* ---- When it does not go well ---- */

START_TEST(fewer_threads_where_memory_is_short)
{
    const vpriv_outcome single = run_on(1), two = run_on(2);
    /* For one segment; for the window alone; not even for that. */
    tape_hooks_reset();
    hooks.most_locked_bytes = 700000;
    const vpriv_outcome few = run_on(8);
    ck_assert_int_eq(hooks.n_threads_started, 1);
    ck_same(&two, &few);
    tape_hooks_reset();
    hooks.most_locked_bytes = 400000;
    const vpriv_outcome less = run_on(8);
    ck_assert_int_eq(hooks.n_threads_started, 1);
    ck_same(&two, &less);
    tape_hooks_reset();
    hooks.most_locked_bytes = 200000;
    const vpriv_outcome none = run_on(8);
    ck_assert_int_eq(hooks.n_threads_started, 0);
    ck_same(&single, &none);
}
END_TEST

START_TEST(fewer_threads_where_they_cannot_be_started)
{
    const vpriv_outcome single = run_on(1), two = run_on(2);
    tape_hooks_reset();
    hooks.n_threads_allowed = 1;
    const vpriv_outcome one = run_on(4);
    ck_assert_int_eq(hooks.n_threads_started, 1);
    ck_same(&two, &one);
    tape_hooks_reset();
    hooks.n_threads_allowed = 0;
    const vpriv_outcome none = run_on(4);
    ck_same(&single, &none);
}
END_TEST

START_TEST(failure_on_a_worker_keeps_nothing)
{
    static const uint64_t calls[] = {1, 700, 3600};
    const vpriv_recorder_config config = config_for(3);
    vpriv_outcome outcome;
    for (size_t i = 0; i < 3; i++) {
        tape_hooks_reset();
        hooks.fail_encode = calls[i];
        ck_fails(try_run(&config, &outcome), VPRIV_E_INTERNAL);
        ck_assert(strstr(vpriv_error_detail(), "libopus did not encode"));
        ck_assert_int_eq(outcome.end_reason, VPRIV_END_FAILED);
        ck_assert(!outcome.is_stored);
        ck_nothing_is_there();
    }
    tape_hooks_reset();
    run_on(3);
}
END_TEST

START_TEST(torn_source_keeps_nothing)
{
    static const vpriv_status failures[] = {
        VPRIV_E_FORMAT, VPRIV_E_DEVICE_LOST, VPRIV_E_IO, VPRIV_E_FORMAT};
    static const size_t places[] = {1, 9 * RATE, 50 * RATE, N_FRAMES};
    const vpriv_recorder_config config = config_for(2);
    for (size_t i = 0; i < 4; i++) {
        vpriv_outcome outcome;
        t.failure = failures[i];
        t.fails_at = places[i];
        ck_fails(try_run(&config, &outcome), failures[i]);
        ck_assert_str_eq(vpriv_error_detail(), "the tape is torn");
        ck_assert(!outcome.is_stored);
        ck_nothing_is_there();
    }
}
END_TEST

START_TEST(full_disk_keeps_nothing)
{
    const vpriv_recorder_config config = config_for(2);
    vpriv_outcome outcome;
    sqlite3 *database = vpi_database_handle(h.vault->database);
    const int64_t n_pages = household_count(&h, "PRAGMA page_count");
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA max_page_count = %lld", (long long)n_pages + 40);
    ck_assert_int_eq(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    ck_fails(try_run(&config, &outcome), VPRIV_E_FULL);
    ck_assert_int_eq(outcome.end_reason, VPRIV_END_DISK_FULL);
    ck_assert(!outcome.is_stored);
    ck_nothing_is_there();
    ck_assert_int_eq(
        sqlite3_exec(database, "PRAGMA max_page_count = 1000000", NULL, NULL, NULL), SQLITE_OK);
    run_on(2);
}
END_TEST

typedef struct watch {
    uint64_t told_us;
    uint64_t n_told;
    uint64_t stop_at_us;
    uint64_t withdraw_at_us;
} watch;

static bool look(void *user, uint64_t done_us, uint64_t total_us)
{
    watch *w = user;
    ck_assert_uint_eq(total_us, (uint64_t)SECONDS * 1000000);
    ck_assert(w->n_told == 0 || done_us > w->told_us);
    ck_assert_uint_le(done_us, total_us);
    w->told_us = done_us;
    w->n_told++;
    if (w->withdraw_at_us && done_us >= w->withdraw_at_us) {
        household_withdraw(&h, h.ada, KEEP);
        w->withdraw_at_us = 0;
    }
    return !w->stop_at_us || done_us < w->stop_at_us;
}

START_TEST(progress_is_what_was_encoded)
{
    vpriv_recorder_config config = config_for(2);
    vpriv_outcome outcome;
    watch w = {.told_us = 0};
    config.progress = look;
    config.progress_user = &w;
    ck_ok(try_run(&config, &outcome));
    ck_assert_uint_ge(w.n_told, 3); /* no more than 30 s are under way */
    ck_assert_uint_ge(w.told_us, (uint64_t)SECONDS * 1000000 - 100000);
}
END_TEST

START_TEST(cancelled_at_any_time_it_keeps_nothing)
{
    static const uint64_t at_s[] = {1, SECONDS / 2, SECONDS - 2};
    vpriv_recorder_config config = config_for(2);
    for (size_t i = 0; i < 3; i++) {
        watch w = {.stop_at_us = at_s[i] * 1000000};
        vpriv_outcome outcome;
        config.progress = look;
        config.progress_user = &w;
        ck_fails(try_run(&config, &outcome), VPRIV_E_CANCELLED);
        ck_assert_str_eq(vpriv_error_detail(), "cancelled; nothing was kept");
        ck_assert_int_eq(outcome.end_reason, VPRIV_END_STOPPED);
        ck_assert(!outcome.is_stored);
        ck_assert_uint_le(t.at, (size_t)(at_s[i] + 31) * RATE);
        ck_nothing_is_there();
    }
}
END_TEST

START_TEST(consent_withdrawn_meanwhile_keeps_nothing)
{
    static const uint64_t at_s[] = {20, SECONDS - 2};
    for (size_t i = 0; i < 2; i++) {
        vpriv_recorder_config config = config_for(2);
        watch w = {.withdraw_at_us = at_s[i] * 1000000};
        vpriv_outcome outcome;
        config.progress = look;
        config.progress_user = &w;
        ck_fails(try_run(&config, &outcome), VPRIV_E_CONSENT);
        ck_assert_int_eq(outcome.end_reason, VPRIV_END_CONSENT_WITHDRAWN);
        ck_assert(!outcome.is_stored);
        ck_nothing_is_there();
        household_give(&h, h.ada, KEEP);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recorder: bulk");
    TCase *tests = tcase_create("bulk");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, seams_cannot_be_heard, 0, 2);
    tcase_add_test(tests, cuts_are_in_pauses_and_multiples_of_four);
    tcase_add_test(tests, packets_do_not_depend_on_threads_or_their_speed);
    tcase_add_test(tests, loud_rates_and_other_packets_are_stitched_too);
    tcase_add_test(tests, short_files_are_encoded_as_ever);
    tcase_add_test(tests, longest_recording_is_as_long_as_on_one_thread);
    tcase_add_test(tests, gaps_keep_their_place_and_length);
    tcase_add_test(tests, fewer_threads_where_memory_is_short);
    tcase_add_test(tests, fewer_threads_where_they_cannot_be_started);
    tcase_add_test(tests, failure_on_a_worker_keeps_nothing);
    tcase_add_test(tests, torn_source_keeps_nothing);
    tcase_add_test(tests, full_disk_keeps_nothing);
    tcase_add_test(tests, progress_is_what_was_encoded);
    tcase_add_test(tests, cancelled_at_any_time_it_keeps_nothing);
    tcase_add_test(tests, consent_withdrawn_meanwhile_keeps_nothing);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
