/* Consent in a salvage: it is decided as ever, by what is left of it, and what cannot be decided is not a no. */
#include "salvage_world.h"

START_TEST(a_consent_of_so_many_uses_opens_nothing)
{
    vpriv_salvage_report report;
    uint8_t cleo[VPRIV_SUBJECT_ID_BYTES];
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_USER, "Cleo", NULL, cleo));
    ck_ok(household_give_with(
        &h, cleo, VPRIV_PURPOSE_KEEP_HISTORY, (vpriv_consent_evidence){.max_uses = 5}));
    ids[0] = record(cleo, 99);
    export_from(h.vault, &ids[0], &originals[0]);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    read_file();
    damage_schema();
    ck_ok(salvage(&report));
    ck_assert(!load(0));
    ck_assert(load(1) && is_bit_exact(1));
    json_t *list = read_list();
    ck_assert_str_eq(listed_as(list, 0), "closed");
    json_decref(list);
}
END_TEST

/* The pause is over when the record is on the disk: only then each recording is asked about again. */
static bool let_time_pass(void *user, uint64_t n_done, uint64_t n_all)
{
    int *n_passes = user;
    (void)n_all;
    if (n_done == 0 && ++*n_passes == 2)
        household_pass(&h, DAY_US);
    return true;
}

START_TEST(what_the_record_does_not_have_is_not_opened)
{
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    const vpriv_pause pause = {.struct_size = sizeof pause,
        .purposes = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY),
        .until_us = household_clock(h.cell) + DAY_US / 2,
        .actor = "ada"};
    vpriv_salvage_report report = {.struct_size = sizeof report};
    int n_passes = 0;
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_ok(vpriv_pause_begin(h.vault, &pause));
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    read_file();
    damage_schema();
    ck_ok(vpriv_vault_salvage(
        h.path, h.root, h.keyring, &options, &request, folder, let_time_pass, &n_passes, &report));
    ck_assert_int_eq(n_passes, 2);
    ck_assert_uint_eq(report.n_whole, 0);
    ck_assert_uint_ge(report.n_closed, N_OPEN);
    for (int i = 0; i < N_OPEN; i++)
        ck_assert(!load(i));
    ck_ok(salvage(&report)); /* and now it is, and they are */
    ck_assert_uint_eq(report.n_whole, N_OPEN);
}
END_TEST

/* The pages of a column of all rows. */
static void zero_pages_of(const char *sql)
{
    bool pages[PAGES_MAX] = {false};
    find_rows(sql, 0, pages);
    for (size_t page = 0; page < n_pages; page++)
        if (pages[page])
            memset(whole + page * PAGE, 0, PAGE);
    write_file(whole, n_pages * PAGE);
}

/* Whoever speaks is gone with the damage (0), or what they were told (1), or what they said (2): nobody can decide
 * any more. That is not a no. What is set aside is shut either way. */
START_TEST(what_cannot_be_decided_is_lost)
{
    static const char *const rows[] = {"SELECT person FROM subject", "SELECT sealed FROM notice",
        "SELECT sealed FROM consent_record"};
    vpriv_salvage_report report;
    zero_pages_of(rows[_i]);
    ck_ok(salvage(&report));
    json_t *list = read_list();
    for (int i = 0; i < N_OPEN; i++)
        ck_assert_msg(strcmp(listed_as(list, i), "lost") == 0, "%s", json_dumps(list, 0));
    ck_assert_str_eq(listed_as(list, N_OPEN), "closed");
    ck_assert_uint_eq(
        report.n_lost, _i == 1 ? N_OPEN : N_OPEN + 1); /* that Bob said no is lost, too */
    ck_assert_uint_eq(report.n_whole + report.n_partial, 0);
    json_decref(list);
}
END_TEST

/* And without them being on a page that is damaged, it is one. */
START_TEST(what_is_not_open_for_other_reasons_is_closed)
{
    vpriv_salvage_report report;
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    household_withdraw(&h, h.ada, VPRIV_PURPOSE_KEEP_HISTORY);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    read_file();
    damage_schema();
    ck_ok(salvage(&report));
    ck_assert_uint_eq(report.n_lost, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("share salvage: consent");
    TCase *tests = tcase_create("consent");
    tcase_add_checked_fixture(tests, move_in, move_out);
    tcase_set_timeout(tests, 240);
    tcase_add_test(tests, a_consent_of_so_many_uses_opens_nothing);
    tcase_add_test(tests, what_the_record_does_not_have_is_not_opened);
    tcase_add_loop_test(tests, what_cannot_be_decided_is_lost, 0, 3);
    tcase_add_test(tests, what_is_not_open_for_other_reasons_is_closed);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
