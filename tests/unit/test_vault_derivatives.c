/* What is made from a recording is kept with it (S13), and what is done to its rows from outside is noticed. */
#include "derived.h"
#include <stdio.h>

START_TEST(s13_what_a_reviewer_found_comes_back)
{
    static const struct {
        vpriv_derivative_kind kind;
        const char *media_type, *language, *content;
    } results[] = {{VPRIV_DERIVATIVE_OUTCOME, "text/plain", "", "failed"},
        {VPRIV_DERIVATIVE_TRANSCRIPT, "text/plain", "de", "Licht an, bitte. Größe: 3 €"},
        {VPRIV_DERIVATIVE_LABEL, "application/json", "", "{\"flags\":[\"accidental\",\"child\"]}"}};
    vpriv_derivative_id ids[3];
    const vpriv_recording_id id = household_quick(&h, h.ada);
    for (int i = 0; i < 3; i++) {
        vpriv_derivative result = about(results[i].kind, BIT(REVIEW));
        result.media_type = results[i].media_type;
        result.language = results[i].language;
        ck_ok(vpriv_derivative_add(
            h.vault, &id, &result, results[i].content, strlen(results[i].content), &ids[i]));
        household_pass(&h, SECOND_US);
    }
    household_reopen(&h);
    ck_ok(list(&id));
    ck_assert_uint_eq(listed.n, 3);
    for (int i = 0; i < 3; i++) {
        const vpriv_derivative_info *info = &listed.infos[i];
        vpriv_derivative_info alone;
        ck_assert_uint_eq(info->struct_size, sizeof *info);
        ck_assert_mem_eq(info->id.bytes, ids[i].bytes, sizeof info->id.bytes);
        ck_assert_mem_eq(info->recording.bytes, id.bytes, sizeof id.bytes);
        ck_assert_int_eq(info->kind, results[i].kind);
        ck_assert_str_eq(info->media_type, results[i].media_type);
        ck_assert_str_eq(info->language, results[i].language);
        ck_assert_str_eq(info->made_by, "tester");
        ck_assert_int_eq(info->made_us, HOUSEHOLD_START_US + i * SECOND_US);
        ck_assert_uint_eq(info->n_bytes, strlen(results[i].content));
        ck_assert_uint_eq(info->purposes, BIT(REVIEW));
        ck_ok(vpriv_derivative_about(h.vault, &ids[i], &alone));
        ck_assert_mem_eq(&alone, info, sizeof alone);
        ck_reads(&ids[i], REVIEW, results[i].content);
    }
    ck_ok(household_hear(&h, &id, KEEP));
    ck_sound();
}
END_TEST

START_TEST(any_length_comes_back_whole_and_lengths_say_little)
{
    static uint8_t bytes[VPRIV_DERIVATIVE_BYTES_MAX + 1];
    static const size_t lengths[] = {1, 4076, 4077, 4078, 8154, 8155, 65536, 1048576};
    const vpriv_recording_id id = household_quick(&h, h.ada);
    const vpriv_derivative other = about(VPRIV_DERIVATIVE_OTHER, BIT(KEEP));
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 251);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        vpriv_derivative_id made;
        ck_ok(vpriv_derivative_add(h.vault, &id, &other, bytes, lengths[i], &made));
        ck_ok(read_for(&made, KEEP));
        ck_assert_uint_eq(got.n, lengths[i]);
        ck_assert_mem_eq(got.bytes, bytes, lengths[i]);
    }
    ck_assert_int_eq(
        household_count(&h, "SELECT count(*) FROM derivative WHERE length(sealed) % 4096 <> 0"), 0);
    ck_assert_int_eq(household_count(&h, "SELECT count(DISTINCT length(sealed)) FROM derivative"
                                         " WHERE id <= 3"),
        1);
    ck_fails(vpriv_derivative_add(h.vault, &id, &other, bytes, sizeof bytes, NULL), VPRIV_E_LIMIT);
    ck_fails(vpriv_derivative_add(h.vault, &id, &other, bytes, 0, NULL), VPRIV_E_ARG);
}
END_TEST

START_TEST(number_is_bounded)
{
    const vpriv_recording_id id = household_quick(&h, h.ada);
    for (int i = 0; i < VPRIV_DERIVATIVES_MAX; i++)
        (void)add(&id, BIT(KEEP));
    ck_fails(try_add(&id, BIT(KEEP), NULL), VPRIV_E_LIMIT);
    ck_ok(list(&id));
    ck_assert_uint_eq(listed.n, VPRIV_DERIVATIVES_MAX);
    ck_ok(vpriv_derivative_erase(h.vault, &listed.infos[7].id, NULL));
    ck_ok(try_add(&id, BIT(KEEP), NULL));
}
END_TEST

START_TEST(arguments_are_checked)
{
    const vpriv_recording_id id = household_quick(&h, h.ada), nobody = {{1}};
    const vpriv_derivative_id nothing = {{1}};
    vpriv_derivative_info info;
    vpriv_derivative bad = about(VPRIV_DERIVATIVE_LABEL, BIT(KEEP));
    bad.struct_size = 0;
    ck_fails(vpriv_derivative_add(h.vault, &id, &bad, "x", 1, NULL), VPRIV_E_ARG);
    bad = about((vpriv_derivative_kind)0, BIT(KEEP));
    ck_fails(vpriv_derivative_add(h.vault, &id, &bad, "x", 1, NULL), VPRIV_E_ARG);
    bad = about((vpriv_derivative_kind)6, BIT(KEEP));
    ck_fails(vpriv_derivative_add(h.vault, &id, &bad, "x", 1, NULL), VPRIV_E_ARG);
    bad = about(VPRIV_DERIVATIVE_LABEL, 0);
    ck_fails(vpriv_derivative_add(h.vault, &id, &bad, "x", 1, NULL), VPRIV_E_ARG);
    bad = about(VPRIV_DERIVATIVE_LABEL, BIT(KEEP));
    bad.made_by = "";
    ck_fails(vpriv_derivative_add(h.vault, &id, &bad, "x", 1, NULL), VPRIV_E_ARG);
    bad.made_by = "two\nlines";
    ck_fails(vpriv_derivative_add(h.vault, &id, &bad, "x", 1, NULL), VPRIV_E_ARG);
    bad = about(VPRIV_DERIVATIVE_LABEL, BIT(KEEP));
    bad.language = "no language";
    ck_fails(vpriv_derivative_add(h.vault, &id, &bad, "x", 1, NULL), VPRIV_E_ARG);
    ck_fails(try_add(&nobody, BIT(KEEP), NULL), VPRIV_E_NOT_FOUND);
    ck_fails(list(&nobody), VPRIV_E_NOT_FOUND);
    ck_fails(vpriv_derivative_about(h.vault, &nothing, &info), VPRIV_E_NOT_FOUND);
    ck_fails(vpriv_derivative_erase(h.vault, &nothing, NULL), VPRIV_E_NOT_FOUND);
    ck_fails(read_for(&nothing, KEEP), VPRIV_E_NOT_FOUND);
    ck_ok(list(&id));
    ck_assert_uint_eq(listed.n, 0);
}
END_TEST

static void ck_tampered(const char *sql, const vpriv_derivative_id *made)
{
    char command[5 * PATH_BYTES], good[PATH_BYTES];
    vpriv_verification looked = {.struct_size = sizeof looked};
    household_sql(&h, sql);
    household_reopen(&h);
    got.n = 0;
    const vpriv_status st = read_for(made, KEEP);
    ck_assert_msg(st == VPRIV_E_AUTH, "%s: %s", sql, vpriv_status_text(st));
    const vpriv_status verified = vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &looked);
    ck_assert_msg(verified == VPRIV_E_AUTH, "%s: verify: %s", sql, vpriv_status_text(verified));
    vpriv_vault_close(h.vault);
    household_file(&h, "good", good);
    snprintf(
        command, sizeof command, "cp %s %s && rm -f %s-wal %s-shm", good, h.path, h.path, h.path);
    ck_assert_int_eq(system(command), 0);
    ck_ok(household_open_vault(&h, h.path, &h.vault));
}

START_TEST(whatever_is_done_to_the_rows_is_noticed)
{
    static uint8_t bytes[9000];
    vpriv_derivative_id made, same;
    const vpriv_derivative other = about(VPRIV_DERIVATIVE_OTHER, BIT(KEEP));
    const vpriv_recording_id id = household_quick(&h, h.ada), next = household_quick(&h, h.ada);
    ck_ok(vpriv_derivative_add(h.vault, &id, &other, bytes, sizeof bytes, &made)); /* row 1 */
    ck_ok(vpriv_derivative_add(h.vault, &id, &other, bytes, sizeof bytes, &same)); /* row 2 */
    (void)add(&next, BIT(KEEP));                                                   /* row 3 */
    household_reopen(&h);
    vpriv_vault_close(h.vault);
    household_copy(&h, "good");
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    static const char *const everything[] = {
        /* Of one recording's, the content of another; all blocks, or one. */
        "UPDATE derivative SET sealed = (SELECT sealed FROM derivative WHERE id = 2) WHERE id = 1",
        "UPDATE derivative SET sealed = CAST(substr(sealed, 1, 4096) ||"
        " (SELECT substr(sealed, 4097) FROM derivative WHERE id = 2) AS BLOB) WHERE id = 1",
        /* Blocks in another order, twice, one short, one more, a byte short. */
        "UPDATE derivative SET sealed = CAST(substr(sealed, 4097, 4096) ||"
        " substr(sealed, 1, 4096) || substr(sealed, 8193) AS BLOB) WHERE id = 1",
        "UPDATE derivative SET sealed = substr(sealed, 1, 8192) WHERE id = 1",
        "UPDATE derivative SET sealed = CAST(sealed || substr(sealed, 1, 4096) AS BLOB)"
        " WHERE id = 1",
        "UPDATE derivative SET sealed = substr(sealed, 1, 12287) WHERE id = 1",
        "UPDATE derivative SET sealed = x'' WHERE id = 1",
        "UPDATE derivative SET recording = 2 WHERE id = 1", /* moved to another recording */
        /* Shelves exchanged, gone, or of the other. */
        "UPDATE shelf SET sealed = (SELECT sealed FROM shelf WHERE recording = 2)"
        " WHERE recording = 1",
        "DELETE FROM shelf WHERE recording = 1",
        "DELETE FROM derivative WHERE id = 2",
        "INSERT INTO derivative(name, recording, sealed) VALUES (x'01', 1, x'00')",
    };
    for (size_t i = 0; i < sizeof everything / sizeof everything[0]; i++)
        ck_tampered(everything[i], &made);
    /* A derivative under the name of another one is neither. */
    household_sql(&h,
        "CREATE TEMP TABLE n AS SELECT id, name FROM derivative;"
        "UPDATE derivative SET name = x'00' WHERE id = 1;"
        "UPDATE derivative SET name = (SELECT name FROM n WHERE id = 1) WHERE id = 2;"
        "UPDATE derivative SET name = (SELECT name FROM n WHERE id = 2) WHERE id = 1");
    ck_fails(read_for(&made, KEEP), VPRIV_E_AUTH);
    ck_fails(read_for(&same, KEEP), VPRIV_E_AUTH);
}
END_TEST

static void flip(const char *table, const char *where, int at, int bit)
{
    char sql[400];
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(sqlite3_open_v2(h.path, &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    snprintf(sql, sizeof sql, "SELECT sealed FROM %s WHERE %s", table, where);
    ck_assert_int_eq(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    const int n = sqlite3_column_bytes(statement, 0);
    uint8_t *bytes = malloc((size_t)n);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, sqlite3_column_blob(statement, 0), (size_t)n);
    sqlite3_finalize(statement);
    bytes[at % n] ^= (uint8_t)(1 << bit);
    snprintf(sql, sizeof sql, "UPDATE %s SET sealed = ?1 WHERE %s", table, where);
    ck_assert_int_eq(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    sqlite3_bind_blob(statement, 1, bytes, n, SQLITE_TRANSIENT);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_DONE);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    free(bytes);
}

START_TEST(a_flipped_bit_is_noticed)
{
    static uint8_t bytes[9000];
    vpriv_derivative_id made;
    const vpriv_derivative other = about(VPRIV_DERIVATIVE_OTHER, BIT(KEEP));
    const vpriv_recording_id id = household_quick(&h, h.ada);
    ck_ok(vpriv_derivative_add(h.vault, &id, &other, bytes, sizeof bytes, &made));
    for (int at = 0; at < 3 * 4096; at += at % 4096 < 4 || at % 4096 > 4090 ? 1 : 409) {
        flip("derivative", "id = 1", at, at % 8);
        ck_fails(read_for(&made, KEEP), VPRIV_E_AUTH);
        flip("derivative", "id = 1", at, at % 8);
    }
    for (int at = 0; at < 600; at += at < 30 ? 1 : 37) {
        flip("shelf", "recording = 1", at, at % 8);
        ck_fails(read_for(&made, KEEP), VPRIV_E_AUTH);
        ck_fails(list(&id), VPRIV_E_AUTH);
        ck_fails(try_add(&id, BIT(KEEP), NULL), VPRIV_E_AUTH);
        flip("shelf", "recording = 1", at, at % 8);
    }
    ck_ok(read_for(&made, KEEP));
    ck_ok(household_hear(&h, &id, KEEP));
    /* Damage does not keep a recording, or what was made from it, alive. */
    flip("shelf", "recording = 1", 99, 0);
    flip("derivative", "id = 1", 99, 0);
    ck_ok(vpriv_vault_erase(h.vault, &id, 1, NULL));
    ck_ok(vpriv_vault_tidy(h.vault, 100, NULL));
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM derivative"), 0);
    ck_sound();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: derivatives");
    TCase *tests = tcase_create("kept");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, s13_what_a_reviewer_found_comes_back);
    tcase_add_test(tests, any_length_comes_back_whole_and_lengths_say_little);
    tcase_add_test(tests, number_is_bounded);
    tcase_add_test(tests, arguments_are_checked);
    tcase_add_test(tests, whatever_is_done_to_the_rows_is_noticed);
    tcase_add_test(tests, a_flipped_bit_is_noticed);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
