/* Where things end: how many there may be of each. */
#include "counted.h"
#include "refused.h"
#include "vault/decision.h"
#include "vault/header.h"
#include "vault/log_store.h"
#include <sodium.h>
#include <stdio.h>

START_TEST(surfaces_are_eight)
{
    uint8_t seed[32], key[32], secret[64];
    char name[16];
    for (int i = 1; i <= VPRIV_SURFACES_MAX; i++) {
        memset(seed, i, sizeof seed);
        crypto_sign_seed_keypair(key, secret, seed);
        snprintf(name, sizeof name, "s%d", i);
        if (i < VPRIV_SURFACES_MAX)
            ck_ok(vpriv_surface_trust(d.h.vault, name, key, "test"));
        else
            ck_refused(vpriv_surface_trust(d.h.vault, name, key, "test"), VPRIV_E_LIMIT,
                "more than 8 surfaces");
    }
    ck_refused(vpriv_surface_trust(d.h.vault, "app", key, "test"), VPRIV_E_EXISTS, "another key");
}
END_TEST

START_TEST(places_are_thirty_two)
{
    char place[8];
    vpriv_status st = VPRIV_OK;
    int n = 0;
    for (; st == VPRIV_OK && n < 2 * VPRIV_PLACES_MAX; n++) {
        uint8_t who[VPRIV_SUBJECT_ID_BYTES];
        snprintf(place, sizeof place, "US-%c%c", 'A' + n / 26, 'A' + n % 26);
        ck_ok(vpriv_subject_add(d.h.vault, VPRIV_SUBJECT_USER, "Cem", NULL, who));
        st = vpriv_subject_set_home(d.h.vault, who, place);
    }
    ck_assert_int_eq(st, VPRIV_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "32 places"));
    ck_assert_int_gt(n, VPRIV_PLACES_MAX - 4);
}
END_TEST

START_TEST(an_order_finds_no_room_beside_sixteen_pauses)
{
    char json[1024];
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    vpriv_pause p = {.struct_size = sizeof p,
        .purposes = VPRIV_PURPOSE_BIT(KEEP),
        .from_us = d.h.cell->now_us,
        .actor = "test"};
    vpriv_status st = VPRIV_OK;
    for (int i = 1; st == VPRIV_OK && i <= VPRIV_PAUSES_MAX; i++) {
        p.until_us = d.h.cell->now_us + i * DAY_US;
        st = vpriv_pause_begin(d.h.vault, &p);
    }
    ck_assert_int_eq(st, VPRIV_E_LIMIT); /* one is there by order */
    const uint64_t before = household_print(&d.h);
    snprintf(json, sizeof json,
        "{\"voicepriv_pause\":1,\"number\":9,\"action\":\"pause\",\"purposes\":[\"donation\"],"
        "\"where\":[\"IT\"],\"issuer\":\"acme\",\"reason\":\"stop\"}");
    ck_ok(vpriv_authority_sign(VPRIV_DOCUMENT_PAUSE, json, strlen(json), d.seed, signature));
    ck_refused(vpriv_pause_order(d.h.vault, json, strlen(json), signature), VPRIV_E_LIMIT,
        "16 pauses already");
    ck_assert(household_print(&d.h) == before);
}
END_TEST

START_TEST(profiles_are_thirty_two)
{
    char json[1024];
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
    vpriv_status st = VPRIV_OK;
    int n = 1, most = 1000; /* one is there */
    for (; st == VPRIV_OK && n < 2 * VPRIV_PROFILES_MAX; n += st == VPRIV_OK) {
        snprintf(json, sizeof json,
            "{\"voicepriv_jurisdiction\":1,\"name\":\"p%d\",\"title\":\"T\",\"note\":\"N\","
            "\"revision\":1,\"looked_up\":\"2026-11-01\",\"valid_until\":\"2027-11-01\","
            "\"places\":[\"DE\"],\"rules\":[]}",
            n);
        ck_ok(vpriv_authority_sign(
            VPRIV_DOCUMENT_JURISDICTION, json, strlen(json), d.seed, signature));
        st = vpriv_jurisdiction_install(d.h.vault, json, strlen(json), signature, "test");
    }
    ck_assert_int_eq(st, VPRIV_E_LIMIT);
    ck_assert_int_eq(n, VPRIV_PROFILES_MAX);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "32 profiles"));
    n_seen = 0;
    ck_ok(vpriv_jurisdiction_list(d.h.vault, count_profile, &most));
    ck_assert_int_eq(n_seen, VPRIV_PROFILES_MAX);
}
END_TEST

START_TEST(one_shelf_holds_several)
{
    const vpriv_derivative about = {.struct_size = sizeof about,
        .kind = VPRIV_DERIVATIVE_LABEL,
        .made_by = "test",
        .purposes = VPRIV_PURPOSE_BIT(KEEP)};
    vpriv_derivative_id second;
    vpriv_derivative_info info;
    vpriv_keyring *review = NULL;
    vpriv_verification verified = {.struct_size = sizeof verified};
    ck_ok(vpriv_derivative_add(d.h.vault, &d.ids[0], &about, "x", 1, &second));
    ck_ok(vpriv_derivative_about(d.h.vault, &second, &info));
    ck_assert_int_eq(info.kind, VPRIV_DERIVATIVE_LABEL);
    ck_ok(vpriv_derivative_erase(d.h.vault, &second, NULL));
    ck_ok(vpriv_derivative_about(d.h.vault, &d.made, &info));
    /* With the keys of another purpose none of them is looked into. */
    ck_ok(
        vpriv_keyring_split(d.h.keyring, VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_DIAGNOSE_FAULT), &review));
    ck_ok(vpriv_vault_verify(d.h.vault, review, NULL, NULL, &verified));
    ck_assert_uint_eq(verified.n_derivative_blocks, 0);
    ck_assert_uint_gt(verified.n_derivatives, 0);
    vpriv_keyring_close(review);
}
END_TEST

START_TEST(speakers_are_sixteen)
{
    uint32_t reasons = 0;
    int64_t rows[VPI_SUBJECTS_MAX + 1] = {0};
    vpriv_log_entry entry = {.kind = VPRIV_LOG_PAUSE, .purpose = KEEP, .actor = "test"};
    static uint8_t subjects[17][VPRIV_SUBJECT_ID_BYTES];
    vpi_voices v = {.subjects = subjects[0], .all_identified = VPRIV_FACT_YES};
    ck_ok(vpi_vault_enter(d.h.vault, true));
    ck_ok(vpi_vault_begin(d.h.vault));
#define DECIDE vpi_decide_capture(d.h.vault, &v, KEEP, VPRIV_RETENTION_48_HOURS, &reasons, NULL)
    ck_refused_with(v, n_subjects, 17, DECIDE, VPRIV_E_LIMIT, "at most 16 speakers");
    ck_refused_with(v, n_guests, 17, DECIDE, VPRIV_E_LIMIT, "at most 16 speakers");
    ck_refused_with(v, n_unknown, 17, DECIDE, VPRIV_E_LIMIT, "at most 16 speakers");
    v.n_guests = 8;
    ck_refused_with(v, n_unknown, 9, DECIDE, VPRIV_E_LIMIT, "at most 16 speakers");
    v.n_unknown = 8;
    ck_ok(DECIDE);
    ck_assert(reasons & VPRIV_DENY_SUBJECT_UNKNOWN);
    ck_refused(vpi_decide_capture(
                   d.h.vault, &v, (vpriv_purpose)32, VPRIV_RETENTION_48_HOURS, &reasons, NULL),
        VPRIV_E_ARG, "outside 0 to 31");
    /* As many reasons as there are do not fit into the words, and are cut. */
    ck_refused(vpi_denied(UINT32_MAX, KEEP), VPRIV_E_CONSENT, vpriv_deny_text(1));
    ck_refused(vpi_log_append(d.h.vault, &entry, rows, VPI_SUBJECTS_MAX + 1, NULL, NULL),
        VPRIV_E_LIMIT, "17 subjects");
    vpi_vault_leave(d.h.vault);
}
END_TEST

START_TEST(a_block_holds_so_many_entries)
{
    static vpi_block_builder builder;
    static uint8_t block[VPI_BLOCK_BYTES];
    const uint8_t packet[1] = {0x48};
    vpi_block_clear(&builder, 0);
    unsigned n = 0;
    while (vpi_block_add_packet(&builder, packet, sizeof packet))
        n++;
    ck_assert_uint_eq(n, VPI_BLOCK_ENTRIES_MAX);
    ck_assert(!vpi_block_add_gap(&builder, 1, 1));
    vpi_block_clear(&builder, 0);
    ck_assert(vpi_block_add_silence(&builder, UINT32_MAX - 5));
    ck_assert(vpi_block_add_silence(&builder, 5));
    ck_assert_uint_eq(builder.n_entries, 1);
    ck_assert(vpi_block_add_silence(&builder, 1)); /* does not fit into the same mark */
    ck_assert_uint_eq(builder.n_entries, 2);
    ck_ok(vpi_vault_enter(d.h.vault, true));
    ck_ok(vpi_vault_begin(d.h.vault));
    ck_refused(vpi_blocks_insert(d.h.vault, 1, UINT64_C(1) << 24, block), VPRIV_E_LIMIT, "2^24");
    vpi_vault_leave(d.h.vault);
}
END_TEST

START_TEST(terms_have_one_spelling)
{
    static const struct {
        vpriv_retention retention;
        const char *text;
    } spelled[] = {{VPRIV_RETENTION_ERASED_ONLY, VPRIV_RETENTION_UNTIL_ERASED},
        {VPRIV_RETENTION_3_MONTHS, "P3M"}, {VPRIV_RETENTION_48_HOURS, "P2D"},
        {VPRIV_RETENTION_HOURS(5), "PT5H"}, {VPRIV_RETENTION_NONE, "PT0H"},
        {VPRIV_RETENTION_MONTHS(7), "P7M"}, {(vpriv_retention)8, "PT0H"},
        {(vpriv_retention)-1, "PT0H"}};
    for (size_t i = 0; i < sizeof spelled / sizeof spelled[0]; i++) {
        char text[VPRIV_RETENTION_BYTES];
        vpi_retention_as_duration(spelled[i].retention, text);
        ck_assert_str_eq(text, spelled[i].text);
    }
    ck_assert(!vpi_retention_is_valid((vpriv_retention)8));
    ck_assert(!vpi_retention_is_valid((vpriv_retention)-1));
    ck_assert(!vpi_retention_is_valid(VPRIV_RETENTION_DAYS(4001)));
    ck_assert(vpi_retention_is_valid(VPRIV_RETENTION_DAYS(4000)));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: limits");
    TCase *tcase = tcase_create("limits");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, surfaces_are_eight);
    tcase_add_test(tcase, places_are_thirty_two);
    tcase_add_test(tcase, an_order_finds_no_room_beside_sixteen_pauses);
    tcase_add_test(tcase, profiles_are_thirty_two);
    tcase_add_test(tcase, one_shelf_holds_several);
    tcase_add_test(tcase, speakers_are_sixteen);
    tcase_add_test(tcase, a_block_holds_so_many_entries);
    tcase_add_test(tcase, terms_have_one_spelling);
    suite_add_tcase(suite, tcase);
    return unit_main(suite);
}
