/* Sealed rows open in their own place and nowhere else, whole and unchanged or not at all. */
#include "base/memory.h"
#include "keys/seal.h"
#include "unit.h"
#include <sodium.h>

static const uint8_t key[VPI_KEY_BYTES] = {1, 2, 3};
static const uint8_t vault_id[VPI_VAULT_ID_BYTES] = {9, 8, 7};
static const uint8_t extra[] = {5, 5, 6};
static const char row[] = "what one row holds";

static vpi_place home(void)
{
    return (vpi_place){vault_id, VPI_COLUMN_NOTICE, 77, extra, sizeof extra};
}

#define SEALED_BYTES (sizeof row + VPI_SEAL_OVERHEAD)

START_TEST(seal_opens_in_its_place_to_the_same_bytes)
{
    const vpi_place place = home();
    uint8_t sealed[SEALED_BYTES], plain[sizeof row];
    vpi_seal(key, &place, row, sizeof row, sealed);
    ck_assert_uint_eq(sealed[0], VPI_SUITE);
    ck_ok(vpi_unseal(key, &place, sealed, sizeof sealed, plain));
    ck_assert_mem_eq(plain, row, sizeof row);
    ck_assert_ptr_null(memmem(sealed, sizeof sealed, row, 8));
}
END_TEST

START_TEST(seal_of_nothing_opens_and_still_authenticates)
{
    const vpi_place place = home();
    uint8_t sealed[VPI_SEAL_OVERHEAD], nothing[1] = {0x77};
    vpi_seal(key, &place, NULL, 0, sealed);
    ck_ok(vpi_unseal(key, &place, sealed, sizeof sealed, nothing));
    ck_assert_uint_eq(nothing[0], 0x77);
    sealed[30] ^= 1;
    ck_fails(vpi_unseal(key, &place, sealed, sizeof sealed, nothing), VPRIV_E_AUTH);
}
END_TEST

START_TEST(seal_uses_a_fresh_nonce_each_time)
{
    const vpi_place place = home();
    static uint8_t sealed[200][SEALED_BYTES];
    for (int i = 0; i < 200; i++) {
        vpi_seal(key, &place, row, sizeof row, sealed[i]);
        for (int j = 0; j < i; j++)
            ck_assert_mem_ne(sealed[i] + 1, sealed[j] + 1, 24);
    }
}
END_TEST

START_TEST(seal_with_any_bit_flipped_is_refused)
{
    const vpi_place place = home();
    uint8_t sealed[SEALED_BYTES], plain[sizeof row];
    vpi_seal(key, &place, row, sizeof row, sealed);
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_fails(vpi_unseal(key, &place, sealed, sizeof sealed, plain), VPRIV_E_AUTH);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_ok(vpi_unseal(key, &place, sealed, sizeof sealed, plain));
}
END_TEST

START_TEST(seal_cut_short_or_longer_is_refused)
{
    const vpi_place place = home();
    uint8_t sealed[SEALED_BYTES + 1] = {0}, plain[sizeof row + 1];
    vpi_seal(key, &place, row, sizeof row, sealed);
    for (size_t n = 0; n < SEALED_BYTES; n++)
        ck_fails(vpi_unseal(key, &place, sealed, n, plain), VPRIV_E_AUTH);
    ck_fails(vpi_unseal(key, &place, sealed, SEALED_BYTES + 1, plain), VPRIV_E_AUTH);
    ck_fails(vpi_unseal(key, &place, NULL, 0, plain), VPRIV_E_AUTH);
}
END_TEST

START_TEST(seal_says_the_same_whatever_was_wrong)
{
    vpi_place place = home();
    uint8_t sealed[SEALED_BYTES], plain[sizeof row];
    char text[200];
    vpi_seal(key, &place, row, sizeof row, sealed);
    ck_fails(vpi_unseal(key, &place, sealed, 3, plain), VPRIV_E_AUTH);
    strcpy(text, vpriv_error_detail());
    ck_assert_uint_gt(strlen(text), 0);
    place.row++;
    ck_fails(vpi_unseal(key, &place, sealed, sizeof sealed, plain), VPRIV_E_AUTH);
    ck_assert_str_eq(vpriv_error_detail(), text);
    place.row--;
    sealed[0] = 2;
    ck_fails(vpi_unseal(key, &place, sealed, sizeof sealed, plain), VPRIV_E_AUTH);
    ck_assert_str_eq(vpriv_error_detail(), text);
}
END_TEST

START_TEST(seal_does_not_open_anywhere_else)
{
    uint8_t sealed[SEALED_BYTES], plain[sizeof row], other_key[VPI_KEY_BYTES];
    uint8_t other_vault[VPI_VAULT_ID_BYTES], other_extra[sizeof extra + 1] = {0};
    vpi_place place = home();
    vpi_seal(key, &place, row, sizeof row, sealed);
    for (size_t bit = 0; bit < 8 * VPI_VAULT_ID_BYTES; bit++) {
        memcpy(other_vault, vault_id, sizeof other_vault);
        other_vault[bit / 8] ^= (uint8_t)(1 << bit % 8);
        place.vault_id = other_vault;
        ck_fails(vpi_unseal(key, &place, sealed, sizeof sealed, plain), VPRIV_E_AUTH);
    }
    for (int column = 0; column < 256; column++) {
        place = home();
        place.column = (vpi_column)column;
        ck_assert_int_eq(vpi_unseal(key, &place, sealed, sizeof sealed, plain) == VPRIV_OK,
            column == VPI_COLUMN_NOTICE);
    }
    for (int bit = 0; bit < 64; bit++) {
        place = home();
        place.row ^= UINT64_C(1) << bit;
        ck_fails(vpi_unseal(key, &place, sealed, sizeof sealed, plain), VPRIV_E_AUTH);
    }
    memcpy(other_extra, extra, sizeof extra);
    place = home();
    place.extra = other_extra;
    for (size_t n = 0; n <= sizeof other_extra; n++) {
        place.n_extra_bytes = n;
        ck_assert_int_eq(
            vpi_unseal(key, &place, sealed, sizeof sealed, plain) == VPRIV_OK, n == sizeof extra);
    }
    place.n_extra_bytes = sizeof extra;
    for (size_t bit = 0; bit < 8 * sizeof extra; bit++) {
        other_extra[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_fails(vpi_unseal(key, &place, sealed, sizeof sealed, plain), VPRIV_E_AUTH);
        other_extra[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    place = home();
    for (size_t bit = 0; bit < 8 * VPI_KEY_BYTES; bit++) {
        memcpy(other_key, key, sizeof other_key);
        other_key[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_fails(vpi_unseal(other_key, &place, sealed, sizeof sealed, plain), VPRIV_E_AUTH);
    }
    ck_ok(vpi_unseal(key, &place, sealed, sizeof sealed, plain));
}
END_TEST

START_TEST(padding_gives_lengths_of_256_steps_only)
{
    const vpi_place place = home();
    uint8_t text[1100], sealed[VPI_PADDED_SEAL_BYTES(1100)], plain[2048];
    size_t n_sealed = 0, n_plain = 0;
    randombytes_buf(text, sizeof text);
    for (size_t n = 0; n <= sizeof text; n++) {
        ck_ok(vpi_seal_padded(key, &place, text, n, sealed, sizeof sealed, &n_sealed));
        ck_assert_uint_eq((n_sealed - VPI_SEAL_OVERHEAD) % 256, 0);
        ck_assert_uint_eq(n_sealed - VPI_SEAL_OVERHEAD, (n + 4 + 255) / 256 * 256);
        ck_ok(vpi_unseal_padded(key, &place, sealed, n_sealed, plain, sizeof plain, &n_plain));
        ck_assert_uint_eq(n_plain, n);
        ck_assert_mem_eq(plain, text, n);
    }
}
END_TEST

START_TEST(padding_needs_the_room_it_needs)
{
    const vpi_place place = home();
    uint8_t text[300] = {1}, sealed[VPI_PADDED_SEAL_BYTES(300)], plain[512];
    size_t n_sealed = 4321, n_plain = 4321;
    ck_fails(vpi_seal_padded(key, &place, text, sizeof text, sealed, sizeof sealed - 1, &n_sealed),
        VPRIV_E_LIMIT);
    ck_assert_uint_eq(n_sealed, 4321);
    ck_ok(vpi_seal_padded(key, &place, text, sizeof text, sealed, sizeof sealed, &n_sealed));
    ck_fails(vpi_unseal_padded(key, &place, sealed, n_sealed, plain, sizeof plain - 1, &n_plain),
        VPRIV_E_AUTH);
    ck_assert_uint_eq(n_plain, 4321);
    ck_ok(vpi_unseal_padded(key, &place, sealed, n_sealed, plain, sizeof plain, &n_plain));
}
END_TEST

/* What is sealed here could only come from somebody who has the key, or from a faulty version. */
START_TEST(padding_that_is_wrong_is_refused)
{
    const vpi_place place = home();
    uint8_t body[256] = {0}, sealed[256 + VPI_SEAL_OVERHEAD], plain[256];
    size_t n_plain = 4321;
    for (size_t at = 14; at < sizeof body; at++) {
        memset(body, 0, sizeof body);
        body[0] = 10;
        body[at] = 1;
        vpi_seal(key, &place, body, sizeof body, sealed);
        ck_fails(
            vpi_unseal_padded(key, &place, sealed, sizeof sealed, plain, sizeof plain, &n_plain),
            VPRIV_E_AUTH);
    }
    static const uint32_t lengths[] = {253, 256, 0x10000, 0xffffffff, 0xfffffffc};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        memset(body, 0, sizeof body);
        for (int j = 0; j < 4; j++)
            body[j] = (uint8_t)(lengths[i] >> (8 * j));
        vpi_seal(key, &place, body, sizeof body, sealed);
        ck_fails(
            vpi_unseal_padded(key, &place, sealed, sizeof sealed, plain, sizeof plain, &n_plain),
            VPRIV_E_AUTH);
    }
    for (size_t n = 0; n < 4; n++) {
        vpi_seal(key, &place, body, n, sealed);
        ck_fails(vpi_unseal_padded(
                     key, &place, sealed, n + VPI_SEAL_OVERHEAD, plain, sizeof plain, &n_plain),
            VPRIV_E_AUTH);
    }
    ck_assert_uint_eq(n_plain, 4321);
    memset(body, 0, sizeof body);
    body[0] = 252;
    body[255] = 1;
    vpi_seal(key, &place, body, sizeof body, sealed);
    ck_ok(vpi_unseal_padded(key, &place, sealed, sizeof sealed, plain, sizeof plain, &n_plain));
    ck_assert_uint_eq(n_plain, 252);
}
END_TEST

START_TEST(padding_every_flipped_bit_and_truncation_is_refused)
{
    const vpi_place place = home();
    uint8_t sealed[VPI_PADDED_SEAL_BYTES(10)], plain[256];
    size_t n_sealed = 0, n_plain = 0;
    ck_ok(vpi_seal_padded(key, &place, row, 10, sealed, sizeof sealed, &n_sealed));
    for (size_t bit = 0; bit < 8 * n_sealed; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_fails(vpi_unseal_padded(key, &place, sealed, n_sealed, plain, sizeof plain, &n_plain),
            VPRIV_E_AUTH);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t n = 0; n < n_sealed; n++)
        ck_fails(
            vpi_unseal_padded(key, &place, sealed, n, plain, sizeof plain, &n_plain), VPRIV_E_AUTH);
}
END_TEST

START_TEST(derived_keys_depend_on_key_label_and_data_and_on_where_they_part)
{
    uint8_t keys[7][VPI_KEY_BYTES], other[VPI_KEY_BYTES] = {1, 2, 4};
    vpi_derive(key, "ab", "c", 1, keys[0]);
    vpi_derive(key, "a", "bc", 2, keys[1]);
    vpi_derive(key, "abc", NULL, 0, keys[2]);
    vpi_derive(key, "ab", "d", 1, keys[3]);
    vpi_derive(key, "ab", "c\0", 2, keys[4]);
    vpi_derive(other, "ab", "c", 1, keys[5]);
    memcpy(keys[6], key, VPI_KEY_BYTES);
    for (int a = 0; a < 7; a++)
        for (int b = 0; b < a; b++)
            ck_assert_mem_ne(keys[a], keys[b], VPI_KEY_BYTES);
    uint8_t wanted[VPI_KEY_BYTES];
    crypto_generichash(wanted, sizeof wanted, (const uint8_t *)"ab\0c", 4, key, VPI_KEY_BYTES);
    ck_assert_mem_eq(keys[0], wanted, sizeof wanted);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys: seal");
    TCase *tests = tcase_create("seal");
    if (vpi_crypto_init() != VPRIV_OK)
        return EXIT_FAILURE;
    tcase_add_test(tests, seal_opens_in_its_place_to_the_same_bytes);
    tcase_add_test(tests, seal_of_nothing_opens_and_still_authenticates);
    tcase_add_test(tests, seal_uses_a_fresh_nonce_each_time);
    tcase_add_test(tests, seal_with_any_bit_flipped_is_refused);
    tcase_add_test(tests, seal_cut_short_or_longer_is_refused);
    tcase_add_test(tests, seal_says_the_same_whatever_was_wrong);
    tcase_add_test(tests, seal_does_not_open_anywhere_else);
    tcase_add_test(tests, padding_gives_lengths_of_256_steps_only);
    tcase_add_test(tests, padding_needs_the_room_it_needs);
    tcase_add_test(tests, padding_that_is_wrong_is_refused);
    tcase_add_test(tests, padding_every_flipped_bit_and_truncation_is_refused);
    tcase_add_test(tests, derived_keys_depend_on_key_label_and_data_and_on_where_they_part);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
