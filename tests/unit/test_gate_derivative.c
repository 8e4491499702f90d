/* What is made from a recording is read through the gate only. */
#include "derived.h"
#include <sodium.h>

typedef struct heard {
    int n;
    uint64_t indexes[16];
    vpriv_log_entry entries[16];
} heard;

static bool take_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    heard *all = user;
    ck_assert_int_lt(all->n, 16);
    all->indexes[all->n] = index;
    all->entries[all->n++] = *entry;
    return true;
}

START_TEST(a_pause_shuts_it_until_it_ends)
{
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id made = add(&id, BIT(KEEP) | BIT(REVIEW));
    ck_ok(vpriv_purpose_pause(h.vault, BIT(KEEP), "owner", "holiday"));
    ck_fails(read_for(&made, KEEP), VPRIV_E_CONSENT);
    ck_assert_uint_eq(got.n, 0);
    ck_reads(&made, REVIEW, "lights on");
    ck_ok(vpriv_purpose_resume(h.vault, BIT(KEEP), "owner", NULL));
    ck_reads(&made, KEEP, "lights on");
}
END_TEST

START_TEST(wrong_purpose_is_refused_and_logged)
{
    heard all = {0};
    uint8_t hash[32];
    vpriv_keyring *part = NULL;
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id made = add(&id, BIT(KEEP));
    /* The recording itself is open for it. */
    ck_ok(household_hear(&h, &id, REVIEW));
    ck_fails(read_for(&made, REVIEW), VPRIV_E_CONSENT);
    ck_reads(&made, KEEP, "lights on");
    ck_ok(vpriv_keyring_split(h.keyring, BIT(REVIEW), &part));
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "reviewer"};
    got.n = 0;
    ck_fails(
        vpriv_gate_read_derivative(h.vault, part, &made, &request, take, &got), VPRIV_E_NO_KEY);
    ck_assert_uint_eq(got.n, 0);
    vpriv_keyring_close(part);
    ck_ok(vpriv_gate_who_heard(h.vault, &id, take_entry, &all));
    ck_assert_int_eq(all.n, 4);
    crypto_hash_sha256(hash, made.bytes, sizeof made.bytes);
    static const vpriv_log_kind kinds[] = {VPRIV_LOG_ACCESS_GRANTED, VPRIV_LOG_DERIVATIVE_REFUSED,
        VPRIV_LOG_DERIVATIVE_READ, VPRIV_LOG_DERIVATIVE_REFUSED};
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(all.entries[i].kind, kinds[i]);
        ck_assert_mem_eq(all.entries[i].recording, id.bytes, sizeof id.bytes);
        if (i > 0)
            ck_assert_mem_eq(all.entries[i].detail_hash, hash, sizeof hash);
    }
    ck_assert_uint_eq(all.entries[1].deny_reasons, VPRIV_DENY_CONSENT_MISSING);
    ck_assert_str_eq(all.entries[2].reason, "shown");
    ck_assert_str_eq(all.entries[2].actor, "test");
    /* The list cannot be thinned out. */
    household_sql(
        &h, "UPDATE log_payload SET tag = NULL WHERE id = (SELECT max(id) FROM log_payload)");
    ck_fails(vpriv_gate_who_heard(h.vault, &id, take_entry, &all), VPRIV_E_AUTH);
}
END_TEST

typedef struct early {
    uint64_t size_before;
    uint64_t size_during;
    int n;
} early;

static vpriv_status look_at_log(void *user, const void *bytes, size_t n_bytes)
{
    early *seen = user;
    vpriv_vault_info info = {.struct_size = sizeof info};
    vpriv_vault *other = NULL;
    (void)bytes;
    (void)n_bytes;
    /* As another process sees it, on the disk, before anything was given out. */
    ck_ok(household_open_vault(&h, h.path, &other));
    ck_ok(vpriv_vault_about(other, &info));
    vpriv_vault_close(other);
    seen->size_during = info.log_size;
    seen->n++;
    return VPRIV_E_CANCELLED;
}

START_TEST(nothing_is_read_off_the_record)
{
    early seen = {0};
    vpriv_vault_info info = {.struct_size = sizeof info};
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id made = add(&id, BIT(KEEP));
    ck_ok(vpriv_vault_about(h.vault, &info));
    seen.size_before = info.log_size;
    ck_fails(vpriv_gate_read_derivative(h.vault, h.keyring, &made, &request, look_at_log, &seen),
        VPRIV_E_CANCELLED);
    ck_assert_int_eq(seen.n, 1);
    ck_assert_uint_eq(seen.size_during, seen.size_before + 1);
    /* Where the log cannot be written nothing opens. */
    household_sql(&h, "DELETE FROM state WHERE id = 2");
    got.n = 0;
    const vpriv_status st =
        vpriv_gate_read_derivative(h.vault, h.keyring, &made, &request, take, &got);
    ck_assert(st != VPRIV_OK);
    ck_assert_uint_eq(got.n, 0);
}
END_TEST

START_TEST(uses_that_are_counted_are_spent)
{
    vpriv_consent_evidence twice = {
        .struct_size = sizeof twice, .notice_id = "history", .max_uses = 2};
    household_withdraw(&h, h.ada, REVIEW);
    ck_ok(household_give_with(&h, h.ada, REVIEW, twice));
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative_id made = add(&id, BIT(REVIEW));
    ck_reads(&made, REVIEW, "lights on");
    ck_reads(&made, REVIEW, "lights on");
    ck_fails(read_for(&made, REVIEW), VPRIV_E_CONSENT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gate: derivatives");
    TCase *tests = tcase_create("gate");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_pause_shuts_it_until_it_ends);
    tcase_add_test(tests, wrong_purpose_is_refused_and_logged);
    tcase_add_test(tests, nothing_is_read_off_the_record);
    tcase_add_test(tests, uses_that_are_counted_are_spent);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
