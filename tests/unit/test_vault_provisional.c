/* A recording that is not confirmed yet: what is withdrawn meanwhile is out of it for good (P2, P3), and its
 * number is its own, whoever else records, ends or tidies at the same time. */
#include "base/bytes.h"
#include "household.h"
#include "vault/ingest.h"
#include "vault/sweep.h"
#include <sodium.h>
#include <stdio.h>

#define KEEP   VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW VPRIV_PURPOSE_HUMAN_REVIEW

#define PAD_BYTES      512 /* of an envelope's inside */
#define ENVELOPE_PADS  4
#define BOX_BYTES      48
#define FILE_BYTES_MAX (4u << 20)

static household h;
static vpriv_vault *captures[2];
static vpriv_keyring *credential;
static uint8_t plain[VPI_BLOCK_PLAIN_BYTES];

static void set_up(void)
{
    vpi_block_builder builder;
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
    for (int i = 0; i < 2; i++)
        ck_ok(vpriv_vault_open_for_capture(h.path, credential, &options, &captures[i]));
    vpi_block_clear(&builder, 0);
    vpi_block_finish(&builder, plain);
}

static void tear_down(void)
{
    for (int i = 0; i < 2; i++)
        vpriv_vault_close(captures[i]);
    vpriv_keyring_close(credential);
    household_close(&h);
}

static vpi_sealer *begin_in(vpriv_vault *vault)
{
    vpi_sealer *sealer = NULL;
    vpi_sealer_request request = household_request(h.ada);
    request.optional = VPRIV_PURPOSE_BIT(REVIEW);
    ck_ok(vpi_sealer_create(vault, &request, &sealer));
    return sealer;
}

/* ---- what is withdrawn ---- */

/* Everything secret of now, by which nothing of the past should open that was withdrawn. */
typedef struct attacker {
    uint8_t ingest[VPI_KEY_BYTES], ingest_public[VPI_KEY_BYTES];
    uint8_t recording_id[VPI_RECORDING_ID_BYTES];
    int n_envelopes; /* that open */
    uint32_t opened; /* purposes whose inner box opens */
} attacker;

static void open_inner(attacker *a, const uint8_t *envelope, size_t n_bytes)
{
    vpi_reader r = vpi_reader_of(envelope, n_bytes);
    uint8_t inner[VPI_INNER_BYTES - BOX_BYTES];
    (void)vpi_get_u8(&r);
    (void)vpi_get_bytes(&r, VPI_VAULT_ID_BYTES);
    const uint8_t *id = vpi_get_bytes(&r, VPI_RECORDING_ID_BYTES);
    ck_assert(id && memcmp(id, a->recording_id, VPI_RECORDING_ID_BYTES) == 0);
    (void)vpi_get_bytes(&r, VPI_KEY_BYTES + VPI_HASH_BYTES);
    (void)vpi_get_bytes(&r, vpi_get_u16(&r));
    const uint32_t purposes = vpi_get_u32(&r);
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        const uint8_t *box = purposes >> p & 1 ? vpi_get_bytes(&r, VPI_INNER_BYTES) : NULL;
        if (box && crypto_box_seal_open(inner, box, VPI_INNER_BYTES, h.keyring->public_key[p],
                       h.keyring->secret_key[p]) == 0)
            a->opened |= VPRIV_PURPOSE_BIT(p);
    }
    ck_assert(!r.failed);
}

/* At every byte that may be where an envelope begins. */
static void carve(attacker *a, const char *name)
{
    static uint8_t bytes[FILE_BYTES_MAX], envelope[ENVELOPE_PADS * PAD_BYTES];
    char path[PATH_BYTES];
    household_file(&h, name, path);
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    const size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    ck_assert_uint_lt(n, sizeof bytes);
    for (size_t at = 0; at < n; at++)
        for (size_t size = PAD_BYTES;
             bytes[at] == VPI_SUITE && size <= sizeof envelope && at + 1 + BOX_BYTES + size <= n;
             size += PAD_BYTES)
            if (crypto_box_seal_open(
                    envelope, bytes + at + 1, BOX_BYTES + size, a->ingest_public, a->ingest) == 0) {
                a->n_envelopes++;
                open_inner(a, envelope, size);
            }
}

static attacker attack(const vpi_sealer *sealer)
{
    attacker a = {.n_envelopes = 0};
    bool began = false;
    memcpy(a.recording_id, vpi_sealer_recording_id(sealer), sizeof a.recording_id);
    ck_ok(vpi_vault_enter(h.vault, true));
    ck_ok(vpi_vault_read_begin(h.vault, &began));
    ck_ok(vpi_tree_get(h.vault->tree, VPI_SLOT_INGEST, a.ingest));
    vpi_vault_read_end(h.vault, began);
    vpi_vault_leave(h.vault);
    crypto_scalarmult_base(a.ingest_public, a.ingest);
    carve(&a, "house.vault");
    carve(&a, "house.vault-wal");
    return a;
}

enum { NOTHING, WITHDRAWN, GIVEN_AGAIN, PAUSED, N_CASES };

/* With the root at hand and without. */
START_TEST(what_is_withdrawn_while_it_is_provisional_opens_with_nothing)
{
    const int what = _i / 2;
    const bool with_root = _i % 2 == 0;
    vpi_sealer *sealer = begin_in(with_root ? h.vault : captures[0]);
    ck_ok(vpi_sealer_write(sealer, plain, 1));
    if (what == WITHDRAWN || what == GIVEN_AGAIN)
        household_withdraw(&h, h.ada, REVIEW);
    if (what == GIVEN_AGAIN)
        household_give(&h, h.ada, REVIEW);
    if (what == PAUSED)
        ck_ok(vpriv_purpose_pause(h.vault, VPRIV_PURPOSE_BIT(REVIEW), "test", NULL));
    ck_ok(vpi_sealer_commit(sealer));
    const attacker a = attack(sealer);
    ck_assert_int_ge(a.n_envelopes, 1);
    /* That the attack works at all: what is in force opens. */
    ck_assert_uint_eq(
        a.opened, VPRIV_PURPOSE_BIT(KEEP) | (what == NOTHING ? VPRIV_PURPOSE_BIT(REVIEW) : 0));
    ck_ok(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 0));
    vpi_sealer_destroy(sealer);
    uint64_t n_left = 0;
    ck_ok(vpriv_vault_tidy(h.vault, 100, &n_left));
    vpriv_recording_id id;
    memcpy(id.bytes, a.recording_id, sizeof id.bytes);
    ck_ok(household_hear(&h, &id, KEEP));
    if (what == NOTHING)
        ck_ok(household_hear(&h, &id, REVIEW));
    else
        ck_fails(household_hear(&h, &id, REVIEW), VPRIV_E_CONSENT);
}
END_TEST

/* What is required ends the recording, as ever. */
START_TEST(what_is_required_and_withdrawn_is_not_confirmed)
{
    vpi_sealer *sealer = begin_in(captures[0]);
    ck_ok(vpi_sealer_write(sealer, plain, 1));
    household_withdraw(&h, h.ada, KEEP);
    ck_fails(vpi_sealer_commit(sealer), VPRIV_E_CONSENT);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM ingest"), 0);
    vpi_sealer_destroy(sealer);
}
END_TEST

/* ---- its number ---- */

static int64_t next_number(void)
{
    return household_count(&h, "SELECT coalesce(max(id), 0) + 1 FROM recording");
}

/* Whoever rejects gives the row back first and the lock afterwards. */
START_TEST(a_number_that_is_not_given_back_yet_is_passed_over)
{
    vpi_sealer *first = begin_in(captures[0]), *second = begin_in(captures[0]);
    const int64_t next = next_number();
    ck_ok(vpi_recorder_lock(captures[1], next));
    ck_ok(vpi_recorder_lock(captures[1], next + 1));
    ck_ok(vpi_sealer_write(first, plain, 1));
    ck_assert_str_eq(vpriv_error_detail(), "");
    ck_assert_int_eq(household_count(&h, "SELECT max(id) FROM recording"), next + 2);
    /* Its lock is its own: neither of the two is it. */
    vpi_recorder_unlock(captures[1], next);
    vpi_recorder_unlock(captures[1], next + 1);
    ck_assert(vpi_recorder_is_alive(h.vault, next + 2));
    ck_assert(!vpi_recorder_is_alive(h.vault, next));
    ck_ok(vpi_sealer_write(second, plain, 1));
    ck_assert_int_eq(household_count(&h, "SELECT max(id) FROM recording"), next + 3);
    ck_ok(vpi_sealer_commit(first));
    ck_ok(vpi_sealer_finish(first, plain, VPRIV_END_STOPPED, 0));
    vpi_sealer_destroy(first);
    vpi_sealer_destroy(second);
}
END_TEST

START_TEST(with_every_number_taken_it_is_busy_and_goes_on_when_it_is_not)
{
    const int64_t next = next_number();
    vpi_sealer *sealer = begin_in(captures[0]);
    for (int64_t i = 0; i < 1000; i++)
        ck_ok(vpi_recorder_lock(captures[1], next + i));
    ck_fails(vpi_sealer_write(sealer, plain, 1), VPRIV_E_BUSY);
    ck_assert_int_eq(next_number(), next);
    vpi_recorder_unlock(captures[1], next);
    ck_ok(vpi_sealer_write(sealer, plain, 1));
    ck_assert_int_eq(next_number(), next + 1);
    vpi_sealer_destroy(sealer);
}
END_TEST

/* ---- and while somebody tidies ---- */

static vpi_sealer *rejected, *begun;

bool __real_vpi_recorder_is_alive(const vpriv_vault *vault, int64_t row);
bool __wrap_vpi_recorder_is_alive(const vpriv_vault *vault, int64_t row);
/* Just before it is asked for the first time, the recording is rejected, and just behind that another one gets
 * its number. */
bool __wrap_vpi_recorder_is_alive(const vpriv_vault *vault, int64_t row)
{
    bool closed = false;
    if (!rejected)
        return __real_vpi_recorder_is_alive(vault, row);
    vpi_sealer *now = rejected;
    rejected = NULL;
    ck_assert(__real_vpi_recorder_is_alive(vault, row));
    ck_ok(vpi_sealer_reject(now, 0, &closed));
    const bool is_alive = __real_vpi_recorder_is_alive(vault, row);
    ck_assert(!is_alive);
    ck_ok(vpi_sealer_write(begun, plain, 1));
    ck_assert(__real_vpi_recorder_is_alive(vault, row));
    return is_alive;
}

static void tidy_provisional(void)
{
    ck_ok(vpi_vault_enter(h.vault, false));
    ck_ok(vpi_sweep_dead_provisional(h.vault));
    ck_assert(!vpi_database_in_transaction(h.vault->database));
    vpi_vault_leave(h.vault);
}

START_TEST(a_number_that_is_anothers_by_now_is_left_alone)
{
    vpi_sealer *first = begin_in(captures[0]);
    begun = begin_in(captures[1]);
    ck_ok(vpi_sealer_write(first, plain, 1));
    const int64_t row = next_number() - 1;
    rejected = first;
    tidy_provisional();
    ck_assert_ptr_null(rejected);
    ck_assert_int_eq(next_number() - 1, row);
    ck_ok(vpi_sealer_write(begun, plain, 1));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM block"), 2);
    ck_ok(vpi_sealer_commit(begun));
    ck_ok(vpi_sealer_finish(begun, plain, VPRIV_END_STOPPED, 0));
    vpi_sealer_destroy(first);
    vpi_sealer_destroy(begun);
}
END_TEST

/* The one whose process died goes, and those behind it stay. */
START_TEST(what_nobody_records_goes)
{
    vpi_sealer *dead = begin_in(captures[0]), *alive = begin_in(captures[1]);
    ck_ok(vpi_sealer_write(dead, plain, 1));
    const int64_t row = next_number() - 1;
    ck_ok(vpi_sealer_write(alive, plain, 1));
    vpi_recorder_unlock(captures[0], row); /* as the system does */
    tidy_provisional();
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording"), 1);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM block"), 1);
    ck_ok(vpi_sealer_write(alive, plain, 1));
    vpi_sealer_destroy(dead);
    vpi_sealer_destroy(alive);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: provisional recordings");
    TCase *tcase = tcase_create("provisional");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(
        tcase, what_is_withdrawn_while_it_is_provisional_opens_with_nothing, 0, 2 * N_CASES);
    tcase_add_test(tcase, what_is_required_and_withdrawn_is_not_confirmed);
    tcase_add_test(tcase, a_number_that_is_not_given_back_yet_is_passed_over);
    tcase_add_test(tcase, with_every_number_taken_it_is_busy_and_goes_on_when_it_is_not);
    tcase_add_test(tcase, a_number_that_is_anothers_by_now_is_left_alone);
    tcase_add_test(tcase, what_nobody_records_goes);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
