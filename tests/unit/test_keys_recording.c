/* Recording keys: a wrap opens only with everything it was made from, a block only where it belongs. */
#include "base/memory.h"
#include "keys/keyring.h"
#include "keys/recording.h"
#include "unit.h"
#include <sodium.h>

#define N_GRANTS 4
#define PURPOSE  3

static vpi_recording_keys keys;
static vpi_recording_bond bond;
static vpi_grant grants[VPI_SUBJECTS_MAX + 1];
static uint8_t public_key[VPI_KEY_BYTES], secret_key[VPI_KEY_BYTES];

static void set_up(void)
{
    vpi_recording_keys_generate(&keys);
    randombytes_buf(&bond, sizeof bond);
    randombytes_buf(grants, sizeof grants);
    crypto_box_keypair(public_key, secret_key);
}

/* The wrap for PURPOSE under the first n grants. */
static void wrap_up(size_t n_grants, uint8_t wrap_out[VPI_WRAP_BYTES])
{
    uint8_t inner[VPI_INNER_BYTES], key[VPI_KEY_BYTES];
    vpi_grant copy[VPI_SUBJECTS_MAX];
    memcpy(copy, grants, n_grants * sizeof *grants);
    ck_ok(vpi_inner_seal(keys.recording_key, &bond, public_key, inner));
    ck_ok(vpi_wrap_key(keys.shred_key, &bond, PURPOSE, copy, n_grants, key));
    vpi_wrap_seal(key, &bond, PURPOSE, inner, wrap_out);
}

/* All the way from a wrap to the recording key. */
static vpriv_status open_up(const uint8_t *shred_key, const vpi_recording_bond *place,
    unsigned purpose, const vpi_grant *held, size_t n_held, const uint8_t wrap[VPI_WRAP_BYTES])
{
    uint8_t inner[VPI_INNER_BYTES], key[VPI_KEY_BYTES], recording_key[VPI_KEY_BYTES];
    vpi_grant copy[VPI_SUBJECTS_MAX];
    memcpy(copy, held, n_held * sizeof *held);
    vpriv_status st = vpi_wrap_key(shred_key, place, purpose, copy, n_held, key);
    if (st == VPRIV_OK)
        st = vpi_wrap_open(key, place, purpose, wrap, inner);
    if (st == VPRIV_OK)
        st = vpi_inner_open(inner, place, public_key, secret_key, recording_key);
    if (st == VPRIV_OK)
        ck_assert_mem_eq(recording_key, keys.recording_key, VPI_KEY_BYTES);
    return st;
}

START_TEST(wrap_opens_with_everything_it_was_made_from)
{
    uint8_t wrap[VPI_WRAP_BYTES];
    for (size_t n = 1; n <= VPI_SUBJECTS_MAX; n++) {
        wrap_up(n, wrap);
        ck_ok(open_up(keys.shred_key, &bond, PURPOSE, grants, n, wrap));
    }
}
END_TEST

START_TEST(wrap_needs_every_grant)
{
    uint8_t wrap[VPI_WRAP_BYTES];
    wrap_up(N_GRANTS, wrap);
    for (unsigned held = 1; held < 1u << N_GRANTS; held++) {
        vpi_grant some[N_GRANTS];
        size_t n = 0;
        for (size_t i = 0; i < N_GRANTS; i++)
            if (held >> i & 1)
                some[n++] = grants[i];
        const vpriv_status st = open_up(keys.shred_key, &bond, PURPOSE, some, n, wrap);
        ck_assert_int_eq(st, held + 1 == 1u << N_GRANTS ? VPRIV_OK : VPRIV_E_AUTH);
    }
    ck_fails(open_up(keys.shred_key, &bond, PURPOSE, grants, N_GRANTS + 1, wrap), VPRIV_E_AUTH);
}
END_TEST

START_TEST(wrap_refuses_a_grant_with_any_bit_wrong)
{
    uint8_t wrap[VPI_WRAP_BYTES];
    vpi_grant wrong[N_GRANTS];
    wrap_up(N_GRANTS, wrap);
    for (size_t bit = 0; bit < 8 * sizeof wrong; bit++) {
        memcpy(wrong, grants, sizeof wrong);
        ((uint8_t *)wrong)[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_fails(open_up(keys.shred_key, &bond, PURPOSE, wrong, N_GRANTS, wrap), VPRIV_E_AUTH);
    }
    /* The right keys in the wrong hands. */
    for (size_t i = 1; i < N_GRANTS; i++) {
        memcpy(wrong, grants, sizeof wrong);
        memcpy(wrong[0].key, grants[i].key, VPI_KEY_BYTES);
        memcpy(wrong[i].key, grants[0].key, VPI_KEY_BYTES);
        ck_fails(open_up(keys.shred_key, &bond, PURPOSE, wrong, N_GRANTS, wrap), VPRIV_E_AUTH);
    }
}
END_TEST

START_TEST(wrap_does_not_depend_on_the_order_of_grants)
{
    static const int orders[][N_GRANTS] = {
        {0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}, {3, 0, 1, 2}};
    uint8_t first[VPI_KEY_BYTES], key[VPI_KEY_BYTES];
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        vpi_grant shuffled[N_GRANTS];
        for (int j = 0; j < N_GRANTS; j++)
            shuffled[j] = grants[orders[i][j]];
        ck_ok(vpi_wrap_key(keys.shred_key, &bond, PURPOSE, shuffled, N_GRANTS, key));
        if (i == 0)
            memcpy(first, key, sizeof first);
        ck_assert_mem_eq(key, first, sizeof key);
        for (int j = 1; j < N_GRANTS; j++)
            ck_assert_int_lt(
                memcmp(shuffled[j - 1].subject_id, shuffled[j].subject_id, VPI_SUBJECT_ID_BYTES),
                0);
    }
}
END_TEST

START_TEST(wrap_refuses_a_subject_twice_nobody_and_too_many)
{
    uint8_t key[VPI_KEY_BYTES] = {0x77}, before[VPI_KEY_BYTES];
    memcpy(before, key, sizeof key);
    for (size_t a = 0; a < N_GRANTS; a++)
        for (size_t b = 0; b < a; b++) {
            vpi_grant twice[N_GRANTS];
            memcpy(twice, grants, sizeof twice);
            memcpy(twice[a].subject_id, twice[b].subject_id, VPI_SUBJECT_ID_BYTES);
            ck_fails(
                vpi_wrap_key(keys.shred_key, &bond, PURPOSE, twice, N_GRANTS, key), VPRIV_E_ARG);
        }
    ck_fails(vpi_wrap_key(keys.shred_key, &bond, PURPOSE, grants, 0, key), VPRIV_E_ARG);
    ck_fails(vpi_wrap_key(keys.shred_key, &bond, PURPOSE, grants, VPI_SUBJECTS_MAX + 1, key),
        VPRIV_E_ARG);
    ck_assert_mem_eq(key, before, sizeof key);
}
END_TEST

START_TEST(wrap_is_bound_to_purpose_recording_vault_tag_and_shred_key)
{
    uint8_t wrap[VPI_WRAP_BYTES], shred_key[VPI_KEY_BYTES];
    wrap_up(2, wrap);
    for (unsigned purpose = 0; purpose < VPI_PURPOSES_MAX; purpose++)
        ck_assert_int_eq(open_up(keys.shred_key, &bond, purpose, grants, 2, wrap),
            purpose == PURPOSE ? VPRIV_OK : VPRIV_E_AUTH);
    for (size_t bit = 0; bit < 8 * sizeof bond; bit++) {
        vpi_recording_bond other = bond;
        ((uint8_t *)&other)[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_fails(open_up(keys.shred_key, &other, PURPOSE, grants, 2, wrap), VPRIV_E_AUTH);
    }
    for (size_t bit = 0; bit < 8 * sizeof shred_key; bit++) {
        memcpy(shred_key, keys.shred_key, sizeof shred_key);
        shred_key[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_fails(open_up(shred_key, &bond, PURPOSE, grants, 2, wrap), VPRIV_E_AUTH);
    }
    for (size_t bit = 0; bit < 8 * sizeof wrap; bit++) {
        wrap[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_fails(open_up(keys.shred_key, &bond, PURPOSE, grants, 2, wrap), VPRIV_E_AUTH);
        wrap[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
END_TEST

/* A purpose's wrap put under another purpose with that purpose's own key, as only a thief of grant
 * and shred keys could: what is inside still asks for the first purpose's secret key. */
START_TEST(inner_box_opens_for_its_key_and_recording_only)
{
    uint8_t inner[VPI_INNER_BYTES], key[VPI_KEY_BYTES], other[2][VPI_KEY_BYTES];
    ck_ok(vpi_inner_seal(keys.recording_key, &bond, public_key, inner));
    ck_ok(vpi_inner_open(inner, &bond, public_key, secret_key, key));
    ck_assert_mem_eq(key, keys.recording_key, sizeof key);
    memset(key, 0x77, sizeof key);
    crypto_box_keypair(other[0], other[1]);
    ck_fails(vpi_inner_open(inner, &bond, other[0], other[1], key), VPRIV_E_AUTH);
    ck_fails(vpi_inner_open(inner, &bond, public_key, other[1], key), VPRIV_E_AUTH);
    for (size_t bit = 0; bit < 8 * VPI_RECORDING_ID_BYTES; bit++) {
        vpi_recording_bond elsewhere = bond;
        elsewhere.recording_id[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_fails(vpi_inner_open(inner, &elsewhere, public_key, secret_key, key), VPRIV_E_AUTH);
    }
    for (size_t at = 0; at < sizeof inner; at++) {
        inner[at] ^= 0x10;
        ck_fails(vpi_inner_open(inner, &bond, public_key, secret_key, key), VPRIV_E_AUTH);
        inner[at] ^= 0x10;
    }
    for (size_t i = 0; i < sizeof key; i++)
        ck_assert_uint_eq(key[i], 0x77);
}
END_TEST

/* A public key of small order would give everybody the same shared secret. */
START_TEST(inner_box_for_a_bad_public_key_is_refused)
{
    static const uint8_t zero[VPI_KEY_BYTES], one[VPI_KEY_BYTES] = {1};
    uint8_t inner[VPI_INNER_BYTES];
    ck_fails(vpi_inner_seal(keys.recording_key, &bond, zero, inner), VPRIV_E_AUTH);
    ck_fails(vpi_inner_seal(keys.recording_key, &bond, one, inner), VPRIV_E_AUTH);
}
END_TEST

START_TEST(commitment_changes_with_every_part)
{
    uint8_t wanted[VPI_HASH_BYTES], got[VPI_HASH_BYTES], key[VPI_KEY_BYTES];
    vpi_recording_commitment(keys.recording_key, &bond, wanted);
    vpi_recording_commitment(keys.recording_key, &bond, got);
    ck_assert_mem_eq(got, wanted, sizeof got);
    for (size_t bit = 0; bit < 8 * sizeof bond; bit++) {
        vpi_recording_bond other = bond;
        ((uint8_t *)&other)[bit / 8] ^= (uint8_t)(1 << bit % 8);
        vpi_recording_commitment(keys.recording_key, &other, got);
        ck_assert_mem_ne(got, wanted, sizeof got);
    }
    for (size_t bit = 0; bit < 8 * sizeof key; bit++) {
        memcpy(key, keys.recording_key, sizeof key);
        key[bit / 8] ^= (uint8_t)(1 << bit % 8);
        vpi_recording_commitment(key, &bond, got);
        ck_assert_mem_ne(got, wanted, sizeof got);
    }
    ck_assert_mem_ne(wanted, keys.block_key, sizeof wanted);
}
END_TEST

START_TEST(keys_are_fresh_each_time_and_follow_from_the_recording_key)
{
    vpi_recording_keys again, other;
    memcpy(again.recording_key, keys.recording_key, VPI_KEY_BYTES);
    vpi_recording_keys_derive(&again);
    ck_assert_mem_eq(again.block_key, keys.block_key, VPI_KEY_BYTES);
    ck_assert_mem_eq(again.stream_nonce, keys.stream_nonce, sizeof keys.stream_nonce);
    for (int i = 0; i < 100; i++) {
        vpi_recording_keys_generate(&other);
        ck_assert_mem_ne(other.recording_key, keys.recording_key, VPI_KEY_BYTES);
        ck_assert_mem_ne(other.shred_key, keys.shred_key, VPI_KEY_BYTES);
        ck_assert_mem_ne(other.shred_key, other.recording_key, VPI_KEY_BYTES);
        ck_assert_mem_ne(other.block_key, keys.block_key, VPI_KEY_BYTES);
        ck_assert_mem_ne(other.block_key, other.recording_key, VPI_KEY_BYTES);
        ck_assert_mem_ne(other.stream_nonce, keys.stream_nonce, sizeof keys.stream_nonce);
        ck_assert_mem_ne(other.stream_nonce, other.block_key, sizeof keys.stream_nonce);
    }
}
END_TEST

START_TEST(block_is_4096_bytes_and_comes_back)
{
    static uint8_t plain[VPI_BLOCK_PLAIN_BYTES], again[VPI_BLOCK_PLAIN_BYTES];
    static uint8_t block[VPI_BLOCK_BYTES + 1];
    ck_assert_int_eq(VPI_BLOCK_BYTES, 4096);
    for (int full = 0; full < 2; full++) {
        memset(plain, full ? 0x55 : 0, sizeof plain);
        block[VPI_BLOCK_BYTES] = 0x77;
        vpi_block_seal(&keys, &bond, 12, false, plain, block);
        ck_assert_uint_eq(block[VPI_BLOCK_BYTES], 0x77);
        ck_assert_uint_eq(block[0], VPI_SUITE);
        ck_ok(vpi_block_open(&keys, &bond, 12, false, block, VPI_BLOCK_BYTES, again));
        ck_assert_mem_eq(again, plain, sizeof plain);
        /* Silence looks like speech: no byte value stands out. */
        int count[256] = {0}, most = 0;
        for (size_t i = 1; i < VPI_BLOCK_BYTES; i++)
            most = ++count[block[i]] > most ? count[block[i]] : most;
        ck_assert_int_lt(most, 60);
        for (size_t n = 0; n <= VPI_BLOCK_BYTES + 1; n += n < 64 || n > 4000 ? 1 : 97)
            ck_assert_int_eq(vpi_block_open(&keys, &bond, 12, false, block, n, again) == VPRIV_OK,
                n == VPI_BLOCK_BYTES);
        ck_fails(
            vpi_block_open(&keys, &bond, 12, false, NULL, VPI_BLOCK_BYTES, again), VPRIV_E_AUTH);
    }
}
END_TEST

START_TEST(block_is_bound_to_sequence_end_recording_vault_tag_and_key)
{
    static uint8_t plain[VPI_BLOCK_PLAIN_BYTES], again[VPI_BLOCK_PLAIN_BYTES];
    uint8_t block[VPI_BLOCK_BYTES];
    const uint64_t sequence = 1000;
    vpi_block_seal(&keys, &bond, sequence, false, plain, block);
    ck_fails(
        vpi_block_open(&keys, &bond, sequence, true, block, sizeof block, again), VPRIV_E_AUTH);
    for (int bit = 0; bit < 64; bit++)
        for (int is_final = 0; is_final < 2; is_final++)
            ck_fails(vpi_block_open(&keys, &bond, sequence ^ UINT64_C(1) << bit, is_final, block,
                         sizeof block, again),
                VPRIV_E_AUTH);
    for (size_t bit = 0; bit < 8 * sizeof bond; bit++) {
        vpi_recording_bond other = bond;
        ((uint8_t *)&other)[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_fails(vpi_block_open(&keys, &other, sequence, false, block, sizeof block, again),
            VPRIV_E_AUTH);
    }
    vpi_recording_keys other = keys;
    other.block_key[7] ^= 1;
    ck_fails(
        vpi_block_open(&other, &bond, sequence, false, block, sizeof block, again), VPRIV_E_AUTH);
    other = keys;
    other.stream_nonce[15] ^= 1;
    ck_fails(
        vpi_block_open(&other, &bond, sequence, false, block, sizeof block, again), VPRIV_E_AUTH);
    for (size_t at = 0; at < sizeof block; at++) {
        block[at] ^= (uint8_t)(1 << at % 8);
        ck_fails(vpi_block_open(&keys, &bond, sequence, false, block, sizeof block, again),
            VPRIV_E_AUTH);
        block[at] ^= (uint8_t)(1 << at % 8);
    }
    ck_ok(vpi_block_open(&keys, &bond, sequence, false, block, sizeof block, again));
}
END_TEST

/* The nonce is the documented one, found by opening each block with libsodium itself; a keystream of
 * zeros tells two equal nonces apart from two different ones. */
START_TEST(block_nonces_are_the_documented_ones_and_never_repeat)
{
    enum { N = 400 };
    static uint8_t seen[2 * N][32], plain[VPI_BLOCK_PLAIN_BYTES], again[VPI_BLOCK_PLAIN_BYTES];
    static const uint64_t jumps[] = {0, 1u << 16, UINT64_C(1) << 31, UINT64_C(1) << 40};
    uint8_t block[VPI_BLOCK_BYTES], nonce[24], place[80];
    size_t n_seen = 0;
    for (uint64_t i = 0; i < N; i++)
        for (int is_final = 0; is_final < 2; is_final++) {
            const uint64_t sequence = jumps[i % 4] + i / 4;
            const uint64_t counter = 2 * sequence + (unsigned)is_final;
            vpi_block_seal(&keys, &bond, sequence, is_final, plain, block);
            memcpy(seen[n_seen], block + 1, 32);
            for (size_t j = 0; j < n_seen; j++)
                ck_assert_mem_ne(seen[j], seen[n_seen], 32);
            n_seen++;
            memcpy(nonce, keys.stream_nonce, 16);
            memcpy(place, "vpriv\1\0", 7);
            memcpy(place + 7, bond.vault_id, 16);
            place[23] = VPI_COLUMN_BLOCK;
            for (int b = 0; b < 8; b++) {
                nonce[16 + b] = (uint8_t)(counter >> (8 * b));
                place[24 + b] = (uint8_t)(sequence >> (8 * b));
            }
            memcpy(place + 32, bond.recording_id, 16);
            memcpy(place + 48, bond.tag_hash, 32);
            ck_assert_int_eq(crypto_aead_xchacha20poly1305_ietf_decrypt(again, NULL, NULL,
                                 block + 1, sizeof block - 1, place, 80, nonce, keys.block_key),
                0);
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: recordings");
    TCase *tests = tcase_create("recording");
    if (vpi_crypto_init() != VPRIV_OK)
        return EXIT_FAILURE;
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, wrap_opens_with_everything_it_was_made_from);
    tcase_add_test(tests, wrap_needs_every_grant);
    tcase_add_test(tests, wrap_refuses_a_grant_with_any_bit_wrong);
    tcase_add_test(tests, wrap_does_not_depend_on_the_order_of_grants);
    tcase_add_test(tests, wrap_refuses_a_subject_twice_nobody_and_too_many);
    tcase_add_test(tests, wrap_is_bound_to_purpose_recording_vault_tag_and_shred_key);
    tcase_add_test(tests, inner_box_opens_for_its_key_and_recording_only);
    tcase_add_test(tests, inner_box_for_a_bad_public_key_is_refused);
    tcase_add_test(tests, commitment_changes_with_every_part);
    tcase_add_test(tests, keys_are_fresh_each_time_and_follow_from_the_recording_key);
    tcase_add_test(tests, block_is_4096_bytes_and_comes_back);
    tcase_add_test(tests, block_is_bound_to_sequence_end_recording_vault_tag_and_key);
    tcase_add_test(tests, block_nonces_are_the_documented_ones_and_never_repeat);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
