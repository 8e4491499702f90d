/* Who asks to stop: lists and long calls end when their callback says so, and what was done by then is whole. */
#include "counted.h"
#include "refused.h"
#include <sodium.h>
#include <voicepriv/past.h>
#include <voicepriv/purge.h>
#include <voicepriv/storage.h>

static void trust_another(void)
{
    uint8_t seed[32], key[32], secret[64];
    randombytes_buf(seed, sizeof seed);
    crypto_sign_seed_keypair(key, secret, seed);
    ck_ok(vpriv_surface_trust(d.h.vault, "web", key, "test"));
}

/* Told to stop at the first, and then never. */
START_TEST(lists_stop_when_they_are_told_to)
{
    int most = _i == 0 ? 1 : 1000;
    const vpriv_recording_filter filter = {.struct_size = sizeof filter};
    trust_another();
    ck_ok(vpriv_purpose_pause(d.h.vault, VPRIV_PURPOSE_BIT(KEEP), "test", NULL));
#define CK_SEEN(call, n_all)                                                                       \
    do {                                                                                           \
        n_seen = 0;                                                                                \
        ck_ok(call);                                                                               \
        ck_assert_int_eq(n_seen, most == 1 ? 1 : (n_all));                                         \
    } while (0)
    CK_SEEN(vpriv_surface_list(d.h.vault, count_surface, &most), 2);
    CK_SEEN(vpriv_pause_list(d.h.vault, count_pause, &most), 2);
    CK_SEEN(vpriv_jurisdiction_list(d.h.vault, count_profile, &most), 1);
    CK_SEEN(vpriv_consent_export_events(d.h.vault, count_line, &most), 5);
    CK_SEEN(vpriv_consent_list(d.h.vault, d.h.ada, true, count_consent, &most), 3);
    CK_SEEN(vpriv_derivative_list(d.h.vault, &d.ids[0], count_derivative, &most), 1);
    CK_SEEN(vpriv_subject_list(d.h.vault, count_subject, &most), 2);
    CK_SEEN(vpriv_recording_list(d.h.vault, &filter, count_recording, &most), 4);
    n_seen = 0;
    ck_ok(vpriv_vault_log(d.h.vault, 0, count_entry, &most));
    ck_assert(most == 1 ? n_seen == 1 : n_seen > 10);
}
END_TEST

START_TEST(a_list_between_times_has_no_tombstones)
{
    int most = 1000;
    vpriv_recording_filter f = {.struct_size = sizeof f, .with_tombstones = true};
#define N_LISTED(n)                                                                                \
    do {                                                                                           \
        n_seen = 0;                                                                                \
        ck_ok(vpriv_recording_list(d.h.vault, &f, count_recording, &most));                        \
        ck_assert_int_eq(n_seen, n);                                                               \
    } while (0)
    N_LISTED(5);
    f.since_us = 1;
    N_LISTED(4);
    f.since_us = HOUSEHOLD_START_US + 1;
    N_LISTED(3);
    f.until_us = HOUSEHOLD_START_US + 2;
    N_LISTED(0);
    f.since_us = 0;
    N_LISTED(1);
    f.until_us = HOUSEHOLD_START_US + DAY_US;
    N_LISTED(4);
}
END_TEST

static bool until(void *user, const vpriv_purge_report *so_far)
{
    (void)so_far;
    return ++n_seen < *(int *)user;
}

/* One window at a time; told to stop, it has done what it said, and another call goes on. */
START_TEST(a_purge_in_windows)
{
    int most = 1;
    vpriv_purge_report report = {.struct_size = sizeof report};
    vpriv_purge_criteria c = {
        .struct_size = sizeof c, .until_us = VPRIV_TIME_FOREVER_US, .window = 1};
    ck_ok(vpriv_purge(d.h.vault, &c, until, &most, &report, NULL));
    ck_assert(report.is_cancelled && !report.is_done);
    ck_assert_uint_eq(report.n_recordings, 1);
    c.until_us = HOUSEHOLD_START_US; /* nothing is as old */
    report = (vpriv_purge_report){.struct_size = sizeof report};
    most = 1000;
    ck_ok(vpriv_purge(d.h.vault, &c, until, &most, &report, NULL));
    ck_assert(report.is_done);
    ck_assert_uint_eq(report.n_recordings, 0);
    c.since_us = HOUSEHOLD_START_US + DAY_US; /* nor as young */
    c.until_us = 0;
    report = (vpriv_purge_report){.struct_size = sizeof report};
    ck_ok(vpriv_purge(d.h.vault, &c, NULL, NULL, &report, NULL));
    ck_assert_uint_eq(report.n_recordings, 0);
    c.since_us = 1;
    report = (vpriv_purge_report){.struct_size = sizeof report};
    n_seen = 0;
    ck_ok(vpriv_purge(d.h.vault, &c, until, &most, &report, NULL));
    ck_assert(report.is_done && !report.is_cancelled);
    ck_assert_uint_eq(report.n_recordings, 3);
    const vpriv_recording_filter f = {.struct_size = sizeof f};
    n_seen = 0;
    ck_ok(vpriv_recording_list(d.h.vault, &f, count_recording, &most));
    ck_assert_int_eq(n_seen, 0);
    /* What is gone does not count again, and stopping at the end is no stopping. */
    c = (vpriv_purge_criteria){.struct_size = sizeof c, .recordings = d.ids, .n_recordings = 3};
    report = (vpriv_purge_report){.struct_size = sizeof report};
    most = 0;
    ck_ok(vpriv_purge(d.h.vault, &c, until, &most, &report, NULL));
    ck_assert(report.is_done && !report.is_cancelled);
    ck_assert_uint_eq(report.n_recordings, 0);
}
END_TEST

static bool stop_past(void *user, uint64_t n_done, uint64_t n_recordings)
{
    (void)user;
    return n_done > n_recordings;
}

START_TEST(the_past_stops_when_it_is_told_to)
{
    const uint64_t before = household_print(&d.h);
    ck_refused(vpriv_consent_apply_to_past(d.h.vault, d.h.keyring, d.h.ada,
                   VPRIV_PURPOSE_HUMAN_REVIEW, "test", stop_past, NULL, NULL),
        VPRIV_E_CANCELLED, "goes on with it");
    ck_assert(household_print(&d.h) == before);
}
END_TEST

static bool stop(void *user, uint64_t n_done, uint64_t n_total)
{
    (void)user;
    (void)n_done;
    (void)n_total;
    return false;
}

START_TEST(copying_stops_when_it_is_told_to)
{
    char path[PATH_BYTES];
    household_file(&d.h, "copy", path);
    ck_refused(vpriv_vault_backup(d.h.vault, path, 0, stop, NULL), VPRIV_E_CANCELLED, "stopped");
    ck_ok(vpriv_vault_backup(d.h.vault, path, 0, NULL, NULL));
    vpriv_vault_close(d.h.vault);
    d.h.vault = NULL;
    const uint64_t before = household_print(&d.h);
    ck_refused(vpriv_backup_restore(path, d.h.root, d.h.path, VPRIV_STORAGE_REPLACE, stop, NULL),
        VPRIV_E_CANCELLED, "nothing was changed");
    ck_assert(household_print(&d.h) == before);
    ck_ok(vpriv_backup_restore(path, d.h.root, d.h.path, VPRIV_STORAGE_REPLACE, NULL, NULL));
}
END_TEST

static bool changed(void *user, const vpriv_consent_record *record)
{
    (void)record;
    return ++n_seen < *(int *)user;
}

/* Two people's consents change in one file; whoever is told may stop listening, and all the same it is done. */
START_TEST(syncing_tells_what_changed)
{
    char lines[2 * VPRIV_SURFACE_LINE_BYTES] = "";
    int most = _i == 0 ? 1 : 9;
    vpriv_sync_result result = {.struct_size = sizeof result};
    for (int i = 0; i < 2; i++) {
        char line[VPRIV_SURFACE_LINE_BYTES];
        vpriv_surface_event e = {.struct_size = sizeof e,
            .surface = "app",
            .sequence = (uint64_t)i + 2,
            .time_us = HOUSEHOLD_START_US + SECOND_US,
            .purpose = KEEP,
            .event = VPRIV_CONSENT_EVENT_WITHDRAW,
            .by = VPRIV_CONSENT_BY_PERSON,
            .method = VPRIV_CONSENT_METHOD_TAP,
            .retention = VPRIV_RETENTION_UNTIL_ERASED};
        memcpy(e.subject, i ? d.h.bob : d.h.ada, sizeof e.subject);
        memset(e.record_id, 9 + i, sizeof e.record_id);
        e.record_id[6] = 0x40;
        e.record_id[8] = 0x80;
        ck_ok(vpriv_surface_event_sign(&e, d.seed, line));
        strcat(lines, line);
    }
    ck_ok(vpriv_consent_sync(d.h.vault, lines, strlen(lines), changed, &most, &result));
    ck_assert_uint_eq(result.n_new, 2);
    ck_assert_uint_eq(result.n_changed, 2);
    ck_assert_int_eq(n_seen, _i == 0 ? 1 : 2);
    ck_fails(household_hear_in(d.h.vault, d.h.keyring, &d.ids[0], KEEP, NULL), VPRIV_E_CONSENT);
    memset(lines, 'x', sizeof lines - 2);
    lines[sizeof lines - 2] = '\n';
    ck_refused(vpriv_consent_sync(d.h.vault, lines, sizeof lines - 1, NULL, NULL, NULL),
        VPRIV_E_LIMIT, "longer than");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: stops");
    TCase *tcase = tcase_create("stops");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, lists_stop_when_they_are_told_to, 0, 2);
    tcase_add_test(tcase, a_list_between_times_has_no_tombstones);
    tcase_add_test(tcase, a_purge_in_windows);
    tcase_add_test(tcase, the_past_stops_when_it_is_told_to);
    tcase_add_test(tcase, copying_stops_when_it_is_told_to);
    tcase_add_loop_test(tcase, syncing_tells_what_changed, 0, 2);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
