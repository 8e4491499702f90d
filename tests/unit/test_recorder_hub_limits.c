/* What a hub refuses, and in which words; and that as many recorders as it takes fit the memory that may be
 * locked. */
#include "rooms.h"
#include <stdio.h>

START_TEST(what_is_wrong_is_named)
{
    vpriv_hub *other = NULL;
    vpriv_recorder *second = NULL;
    vpriv_vault *handle = NULL;
    const vpriv_recorder_config config = config_of(0);
    vpriv_hub_config bad[5];
    for (size_t i = 0; i < 5; i++)
        bad[i] = (vpriv_hub_config){.struct_size = sizeof bad[i]};
    bad[0].struct_size = 1;
    bad[1].n_workers = VPRIV_HUB_WORKERS_MAX + 1;
    bad[2].n_recorders_max = VPRIV_HUB_RECORDERS_MAX + 1;
    bad[3].tick_ms = 4;
    bad[4].tick_ms = 51;
    for (size_t i = 0; i < 5; i++) {
        ck_fails(vpriv_hub_open(h.vault, &bad[i], &other), VPRIV_E_ARG);
        ck_assert_str_ne(vpriv_error_detail(), "");
        ck_assert_ptr_null(other);
    }
    ck_fails(vpriv_hub_open(NULL, NULL, &other), VPRIV_E_ARG);
    ck_fails(vpriv_hub_open(h.vault, NULL, NULL), VPRIV_E_ARG);
    const vpriv_hub_config small = {
        .struct_size = sizeof small, .n_workers = 1, .n_recorders_max = 1};
    ck_ok(vpriv_hub_open(h.vault, &small, &other));
    open_rooms(1, 1000);
    ck_fails(vpriv_hub_start(NULL, rooms[0].recorder), VPRIV_E_ARG);
    ck_fails(vpriv_hub_start(hub, NULL), VPRIV_E_ARG);
    ck_fails(vpriv_hub_start(hub, rooms[0].recorder), VPRIV_E_STATE);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "in a hub already"));
    ck_fails(vpriv_hub_start(other, rooms[0].recorder), VPRIV_E_STATE);
    ck_fails(vpriv_recorder_start(rooms[0].recorder), VPRIV_E_STATE);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "in a hub already"));
    ck_fails(vpriv_recorder_run(rooms[0].recorder, &household_button, NULL), VPRIV_E_STATE);
    /* Its source is in use: the place that was kept for it is free again. */
    ck_ok(vpriv_recorder_open(h.vault, rooms[0].source, &config, &second));
    for (int i = 0; i < 3; i++)
        ck_fails(vpriv_hub_start(other, second), VPRIV_E_STATE);
    vpriv_recorder_close(second);
    open_room(1, &config);
    ck_ok(vpriv_recorder_start(rooms[1].recorder));
    ck_fails(vpriv_hub_start(hub, rooms[1].recorder), VPRIV_E_STATE);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "started already"));
    (void)stop(1);
    ck_ok(vpriv_hub_start(other, rooms[1].recorder));
    open_room(2, &config);
    ck_fails(vpriv_hub_start(other, rooms[2].recorder), VPRIV_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "room for 1"));
    (void)stop(1);
    ck_ok(vpriv_hub_start(other, rooms[2].recorder));
    vpriv_hub_close(other);
    vpriv_hub_close(NULL);
    vpriv_root_store *root = household_root(h.cell);
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    ck_ok(vpriv_vault_open(h.path, root, &options, &handle));
    ck_ok(vpriv_recorder_open(handle, rooms[2].source, &config, &second));
    ck_fails(vpriv_hub_start(hub, second), VPRIV_E_ARG);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "another vault"));
    vpriv_recorder_close(second);
    vpriv_vault_close(handle);
    vpriv_root_close(root);
}
END_TEST

/* Sanitizers make mlock do nothing. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CANNOT_LOCK true
#elif defined(__has_feature)
#define CANNOT_LOCK __has_feature(thread_sanitizer)
#else
#define CANNOT_LOCK false
#endif

static long locked_kib(void)
{
    char line[256];
    long kib = -1;
    FILE *file = fopen("/proc/self/status", "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "VmLck: %ld", &kib) == 1)
            break;
    fclose(file);
    return kib;
}

/* What a device with 8 MB of lockable memory can do: 64 that listen, and 64 that record. */
START_TEST(sixty_four_recorders_fit_the_memory_that_may_be_locked)
{
    const vpriv_stream_format format = {VPRIV_SAMPLE_S16, 48000, 1};
    const vpriv_hub_config most = {.struct_size = sizeof most, .n_workers = 4}; /* by default */
    vpriv_hub_close(hub);
    ck_ok(vpriv_hub_open(h.vault, &most, &hub));
    const long before = locked_kib();
    for (size_t i = 0; i < 64; i++) {
        const vpriv_recorder_config config = config_of(i);
        ck_ok(vpriv_capture_push_open(&format, 200, &rooms[i].source));
        ck_ok(vpriv_recorder_open(h.vault, rooms[i].source, &config, &rooms[i].recorder));
        ck_ok(vpriv_hub_start(hub, rooms[i].recorder));
    }
    const long listening = locked_kib();
    for (size_t i = 0; i < 64; i++)
        keep(i);
    const long recording = locked_kib();
    printf("locked by each of 64: %ld KiB listening, %ld KiB recording; in all %ld KiB\n",
        (listening - before) / 64, (recording - before) / 64, listening);
    ck_assert_int_ge(listening, CANNOT_LOCK ? 0 : 64 * 64); /* that it can fail */
    ck_assert_int_le(listening, 8192);
    ck_assert_int_le(recording, 8192);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recorder: hub: limits");
    TCase *tests = tcase_create("limits");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, what_is_wrong_is_named);
    tcase_add_test(tests, sixty_four_recorders_fit_the_memory_that_may_be_locked);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
