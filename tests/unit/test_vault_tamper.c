/* Tampering is an error, never noise and never other sound (P13); the log cannot be bent unnoticed
 * (P8). Whatever is done to the rows of a vault, a recording opens as it was or not at all. */
#include "tampered.h"
#include "vault/log_store.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct tampering {
    const char *sql;
    vpriv_status opening;
    vpriv_status a;
    vpriv_status b;
} tampering;

static void ck_tampering(const tampering *t)
{
    uint64_t sound = 0;
    restore();
    household_sql(&h, t->sql);
    const vpriv_status opening = household_open_vault(&h, h.path, &h.vault);
    ck_assert_msg(opening == t->opening, "%s: opening gave %s: %s", t->sql,
        vpriv_status_text(opening), vpriv_error_detail());
    if (opening != VPRIV_OK) {
        ck_assert_str_ne(vpriv_error_detail(), "");
        return;
    }
    vpriv_status st = listen(&a, &sound);
    ck_assert_msg(st == t->a && (st != VPRIV_OK || sound == sound_a), "%s: first gave %s: %s",
        t->sql, vpriv_status_text(st), vpriv_error_detail());
    st = listen(&b, &sound);
    ck_assert_msg(st == t->b && (st != VPRIV_OK || sound == sound_b), "%s: second gave %s: %s",
        t->sql, vpriv_status_text(st), vpriv_error_detail());
    /* Whatever it is, verifying tells. */
    vpriv_verification verified = {.struct_size = sizeof verified};
    ck_fails(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &verified), VPRIV_E_AUTH);
    ck_assert_uint_gt(verified.n_findings, 0);
}

#define A_BLOCK(n) "(1 << 24) + " #n
#define B_BLOCK(n) "(2 << 24) + " #n
#define SWAP(table, column, key, x, y)                                                             \
    "CREATE TEMP TABLE t AS SELECT " key " k, " column " v FROM " table " WHERE " key " IN (" x    \
    ", " y "); UPDATE " table " SET " column " = (SELECT v FROM t WHERE k = (CASE " table "." key  \
    " WHEN " x " THEN " y " ELSE " x " END)) WHERE " key " IN (" x ", " y ")"
START_TEST(untouched_vault_is_whole)
{
    uint64_t sound = 0;
    vpriv_verification verified = {.struct_size = sizeof verified};
    restore();
    household_reopen(&h);
    ck_ok(listen(&a, &sound));
    ck_assert(sound == sound_a);
    ck_ok(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &verified));
    ck_assert_uint_eq(verified.n_findings, 0);
    ck_assert_uint_eq(verified.n_blocks_opened, 8);
}
END_TEST

static const tampering of_blocks[] = {
    {SWAP("block", "sealed", "id", A_BLOCK(0), A_BLOCK(1)), 0, VPRIV_E_AUTH, 0},
    {SWAP("block", "sealed", "id", A_BLOCK(2), A_BLOCK(3)), 0, VPRIV_E_AUTH, 0},
    {SWAP("block", "sealed", "id", A_BLOCK(1), B_BLOCK(1)), 0, VPRIV_E_AUTH, VPRIV_E_AUTH},
    {"DELETE FROM block WHERE id = " A_BLOCK(3), 0, VPRIV_E_AUTH, 0},
    {"DELETE FROM block WHERE id = " A_BLOCK(1), 0, VPRIV_E_AUTH, 0},
    {"DELETE FROM block WHERE id = " A_BLOCK(0), 0, VPRIV_E_AUTH, 0},
    {"DELETE FROM block WHERE id < " B_BLOCK(0), 0, VPRIV_E_AUTH, 0},
    {"INSERT INTO block SELECT id + 1, sealed FROM block WHERE id = " A_BLOCK(3), 0, VPRIV_E_AUTH,
        0},
    {"UPDATE block SET id = id + 1 WHERE id = " A_BLOCK(3), 0, VPRIV_E_AUTH, 0},
    {"UPDATE block SET sealed = zeroblob(4096) WHERE id = " A_BLOCK(2), 0, VPRIV_E_AUTH, 0},
    {"UPDATE block SET sealed = substr(sealed, 1, 4095) WHERE id = " A_BLOCK(2), 0, VPRIV_E_AUTH,
        0},
    {"UPDATE block SET sealed = CAST(sealed || x'00' AS BLOB) WHERE id = " A_BLOCK(2), 0,
        VPRIV_E_AUTH, 0},
    {"UPDATE block SET sealed = x'' WHERE id = " A_BLOCK(0), 0, VPRIV_E_AUTH, 0},
    {"UPDATE block SET sealed = CAST(x'02' || substr(sealed, 2) AS BLOB) WHERE id = " A_BLOCK(0), 0,
        VPRIV_E_AUTH, 0},
    {"UPDATE block SET sealed = CAST(substr(sealed, 1, 4095) || CASE substr(sealed, 4096) WHEN"
     " x'00' THEN x'01' ELSE x'00' END AS BLOB) WHERE id = " A_BLOCK(3),
        0, VPRIV_E_AUTH, 0},
    /* Everything of the second over the first. */
    {"UPDATE block SET sealed = (SELECT sealed FROM block AS other WHERE other.id = block.id +"
     " (1 << 24)) WHERE id < " B_BLOCK(0),
        0, VPRIV_E_AUTH, 0},
};

static const tampering of_recordings[] = {
    {SWAP("wrap", "sealed", "recording", "1", "2"), 0, VPRIV_E_AUTH, VPRIV_E_AUTH},
    {SWAP("recording", "header", "id", "1", "2"), 0, VPRIV_E_AUTH, VPRIV_E_AUTH},
    {SWAP("recording", "key_slot", "id", "1", "2"), 0, VPRIV_E_AUTH, VPRIV_E_AUTH},
    {"DELETE FROM wrap WHERE recording = 1", 0, VPRIV_E_AUTH, 0},
    {"UPDATE wrap SET sealed = zeroblob(length(sealed)) WHERE recording = 1", 0, VPRIV_E_AUTH, 0},
    {"UPDATE recording SET key_slot = 0 WHERE id = 1", 0, VPRIV_E_AUTH, 0},
    {"UPDATE recording SET key_slot = 100 WHERE id = 1", 0, VPRIV_E_AUTH, 0},
    {"UPDATE recording SET key_slot = -1 WHERE id = 1", 0, VPRIV_E_AUTH, 0},
    {"UPDATE recording SET key_slot = 9000000000000000000 WHERE id = 1", 0, VPRIV_E_AUTH, 0},
    {"UPDATE recording SET key_slot = NULL WHERE id = 1", 0, VPRIV_E_AUTH, 0},
    {"UPDATE recording SET header = NULL WHERE id = 1", 0, VPRIV_E_AUTH, 0},
    {"UPDATE recording SET header = x'00' WHERE id = 1", 0, VPRIV_E_AUTH, 0},
    {"UPDATE recording SET header = substr(header, 1, length(header) - 256) WHERE id = 1", 0,
        VPRIV_E_AUTH, 0},
    {"UPDATE recording SET retention = 1 WHERE id = 1", 0, VPRIV_E_AUTH, 0},
    {"UPDATE recording SET retention = 99 WHERE id = 1", 0, VPRIV_E_AUTH, 0},
    {"UPDATE recording SET state = 3 WHERE id = 1", 0, VPRIV_E_AUTH, 0},
    {"UPDATE recording SET state = 4 WHERE id = 1", 0, VPRIV_E_AUTH, 0},
    {"UPDATE recording SET state = 0 WHERE id = 1", 0, VPRIV_E_AUTH, 0},
    {"UPDATE recording SET state = -7 WHERE id = 1", 0, VPRIV_E_AUTH, 0},
    {"UPDATE recording SET name = randomblob(16) WHERE id = 1", 0, VPRIV_E_NOT_FOUND, 0},
    {"CREATE TEMP TABLE n AS SELECT id, name FROM recording; UPDATE recording SET name ="
     " randomblob(16); UPDATE recording SET name = (SELECT name FROM n WHERE n.id = 3 -"
     " recording.id)",
        0, VPRIV_E_AUTH, VPRIV_E_AUTH},
    /* A tombstone put in the place of a living one is an honest answer: it cannot be opened. */
    {"UPDATE recording SET state = 4, key_slot = NULL, header = NULL WHERE id = 1", 0,
        VPRIV_E_ERASED, 0},
};

static const tampering of_people[] = {
    {SWAP("subject", "reference", "id", "1", "2"), 0, VPRIV_E_AUTH, VPRIV_E_AUTH},
    {SWAP("subject", "key_slot", "id", "1", "2"), 0, VPRIV_E_AUTH, VPRIV_E_AUTH},
    {SWAP("subject", "consents", "id", "1", "2"), 0, VPRIV_E_AUTH, VPRIV_E_AUTH},
    {"UPDATE subject SET consents = x'' WHERE id = 1", 0, VPRIV_E_AUTH, 0},
    {"UPDATE subject SET reference = zeroblob(58) WHERE id = 1", 0, VPRIV_E_AUTH, 0},
    {"CREATE TEMP TABLE n AS SELECT id, tag FROM subject; UPDATE subject SET tag = randomblob(16);"
     " UPDATE subject SET tag = (SELECT tag FROM n WHERE n.id = 3 - subject.id)",
        0, VPRIV_E_AUTH, VPRIV_E_AUTH},
    {SWAP("consent_record", "sealed", "id", "1", "2"), 0, VPRIV_E_AUTH, 0},
    {SWAP("consent_record", "sealed", "id", "1", "3"), 0, VPRIV_E_AUTH, VPRIV_E_AUTH},
    {"UPDATE consent_record SET subject = 2 WHERE id = 1", 0, VPRIV_E_AUTH, 0},
    {"DELETE FROM consent_record WHERE id = 1", 0, VPRIV_E_AUTH, 0},
    {"UPDATE consent_record SET id = 77 WHERE id = 1", 0, VPRIV_E_AUTH, 0},
    {"UPDATE notice SET sealed = zeroblob(length(sealed))", 0, VPRIV_E_AUTH, VPRIV_E_AUTH},
    {SWAP("subject", "person", "id", "1", "2"), 0, VPRIV_E_AUTH, VPRIV_E_AUTH},
    {"DELETE FROM recording_subject WHERE recording = 1", 0, 0, 0},
    {"UPDATE recording_subject SET recording = 3 - recording", 0, 0, 0},
    {"DELETE FROM policy WHERE tag <> zeroblob(16)", 0, 0, 0},
};

/* A table or index that would be read, in every word of its definition right, from the page of another. */
#define ROOT_OF(name, other)                                                                       \
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage ="                             \
    " (SELECT rootpage FROM sqlite_schema WHERE name = '" other "') WHERE name = '" name "'"

static const tampering of_the_vault[] = {
    {"UPDATE meta SET vault_id = randomblob(16)", VPRIV_E_ROOT, 0, 0},
    {"UPDATE meta SET device_public_key = randomblob(32)", VPRIV_E_AUTH, 0, 0},
    {"UPDATE meta SET device_public_key = x'00'", VPRIV_E_AUTH, 0, 0},
    {"UPDATE meta SET reserve_bytes = -1", VPRIV_E_AUTH, 0, 0},
    {"DELETE FROM meta", VPRIV_E_AUTH, 0, 0},
    {SWAP("purpose", "sealed", "id", "2", "3"), VPRIV_E_AUTH, 0, 0},
    {SWAP("state", "sealed", "id", "1", "2"), VPRIV_E_AUTH, 0, 0},
    {"DELETE FROM state WHERE id = 2", VPRIV_E_AUTH, 0, 0},
    {"DELETE FROM key_node", VPRIV_E_AUTH, 0, 0},
    {"UPDATE key_node SET sealed = zeroblob(length(sealed))", VPRIV_E_AUTH, 0, 0},
    {"UPDATE root_state SET generation = generation + 1", VPRIV_E_ROLLBACK, 0, 0},
    {"UPDATE root_state SET generation = 0", VPRIV_E_AUTH, 0, 0},
    {"UPDATE root_state SET head = zeroblob(length(head))", VPRIV_E_AUTH, 0, 0},
    {"DELETE FROM root_state", VPRIV_E_AUTH, 0, 0},
    {"DROP TABLE sweep", VPRIV_E_AUTH, 0, 0},
    {"DROP INDEX log_payload_tag", VPRIV_E_AUTH, 0, 0},
    {"CREATE TABLE more(x)", VPRIV_E_AUTH, 0, 0},
    {"CREATE TRIGGER t AFTER INSERT ON block BEGIN DELETE FROM block; END", VPRIV_E_AUTH, 0, 0},
    {"CREATE VIEW v AS SELECT 1", VPRIV_E_AUTH, 0, 0},
    {ROOT_OF("recording", "sweep"), VPRIV_E_AUTH, 0, 0},
    {ROOT_OF("subject", "ingest"), VPRIV_E_AUTH, 0, 0},
    {ROOT_OF("consent_record_subject", "notice_series"), VPRIV_E_AUTH, 0, 0},
    {"PRAGMA user_version = 2", VPRIV_E_VERSION, 0, 0},
    {"PRAGMA user_version = 0", VPRIV_E_FORMAT, 0, 0},
    {"PRAGMA application_id = 1", VPRIV_E_FORMAT, 0, 0},
};

static const tampering of_the_log[] = {
    {"DELETE FROM log_payload WHERE id = (SELECT max(id) FROM log_payload)", 0, 0, 0},
    {"UPDATE log_payload SET sealed = zeroblob(length(sealed)) WHERE id = 3", 0, 0, 0},
    {"UPDATE log_payload SET owners = zeroblob(length(owners)) WHERE id = 3", 0, 0, 0},
    {"UPDATE log_payload SET tag = NULL", 0, 0, 0},
    {SWAP("log_payload", "sealed", "id", "1", "2"), 0, 0, 0},
    {"UPDATE log_hash SET hash = zeroblob(32) WHERE id = 1", 0, 0, 0},
};

#define ck_all(table)                                                                              \
    for (size_t i = 0; i < sizeof(table) / sizeof(table)[0]; i++)                                  \
    ck_tampering(&(table)[i])

START_TEST(changed_blocks_do_not_open)
{
    ck_all(of_blocks);
}
END_TEST

START_TEST(changed_rows_of_recordings_do_not_open)
{
    ck_all(of_recordings);
}
END_TEST

START_TEST(changed_rows_of_people_do_not_open)
{
    ck_all(of_people);
}
END_TEST

START_TEST(changed_vault_is_refused)
{
    ck_all(of_the_vault);
}
END_TEST

START_TEST(changed_log_is_found_by_verifying)
{
    ck_all(of_the_log);
}
END_TEST

START_TEST(every_bit_of_header_and_wraps_counts)
{
    uint64_t sound = 0;
    for (int at = 0; at < 600; at += 37) {
        static const char *const columns[][2] = {
            {"recording", "header"}, {"wrap", "sealed"}, {"subject", "consents"}};
        for (size_t c = 0; c < 3; c++) {
            char sql[300];
            restore();
            const char *id = c == 1 ? "recording" : "id";
            snprintf(sql, sizeof sql,
                "UPDATE %s SET %s = CAST(substr(%s, 1, %d) || CASE substr(%s, %d, 1) WHEN x'5a'"
                " THEN x'a5' ELSE x'5a' END || substr(%s, %d) AS BLOB) WHERE %s = 1 AND length(%s) "
                "> %d",
                columns[c][0], columns[c][1], columns[c][1], at, columns[c][1], at + 1,
                columns[c][1], at + 2, id, columns[c][1], at);
            household_sql(&h, sql);
            household_reopen(&h);
            snprintf(sql, sizeof sql, "SELECT length(%s) > %d FROM %s WHERE %s = 1", columns[c][1],
                at, columns[c][0], id);
            ck_fails(listen(&a, &sound), household_count(&h, sql) ? VPRIV_E_AUTH : VPRIV_OK);
        }
    }
}
END_TEST

START_TEST(rows_of_another_vault_do_not_open)
{
    household other;
    uint64_t sound = 0;
    char sql[600];
    household_open(&other, HOUSEHOLD_FORGETS);
    household_give(&other, other.ada, KEEP);
    const household mine = h;
    h = other;
    const vpriv_recording_id foreign = record_four_blocks(h.ada, 0);
    ck_ok(listen(&foreign, &sound));
    other = h;
    h = mine;
    vpriv_vault_close(other.vault);
    other.vault = NULL;
    restore();
    snprintf(sql, sizeof sql,
        "ATTACH '%s' AS other; DELETE FROM block WHERE id >> 24 = 1; DELETE FROM wrap WHERE"
        " recording = 1; INSERT INTO block SELECT * FROM other.block; INSERT INTO wrap SELECT *"
        " FROM other.wrap; UPDATE recording SET name = (SELECT name FROM other.recording), header"
        " = (SELECT header FROM other.recording) WHERE id = 1",
        other.path);
    household_sql(&h, sql);
    household_reopen(&h);
    ck_fails(listen(&foreign, &sound), VPRIV_E_AUTH);
    ck_ok(listen(&b, &sound));
    snprintf(sql, sizeof sql,
        "ATTACH '%s' AS other; UPDATE block SET sealed = (SELECT sealed FROM other.block AS o"
        " WHERE o.id = block.id) WHERE id >> 24 = 1",
        other.path);
    restore();
    household_sql(&h, sql);
    household_reopen(&h);
    ck_fails(listen(&a, &sound), VPRIV_E_AUTH);
    household_close(&other);
}
END_TEST

/* The key slot stands in the clear. Whoever turns it to another recording's must not make an erasure
 * miss its aim: the erased one is noise afterwards, the other one still opens. */
START_TEST(erasing_hits_its_recording_whatever_the_row_says)
{
    uint8_t key[VPI_KEY_BYTES];
    uint64_t sound = 0;
    static const char *const slots[] = {"(SELECT key_slot FROM recording WHERE id = 2)", "0", "2",
        "(SELECT key_slot FROM subject WHERE id = 1)"};
    for (size_t i = 0; i < 4; i++) {
        char sql[200];
        household_attacker attacker;
        restore();
        household_reopen(&h);
        household_shred_key(&h, &a, key);
        household_copy(&h, "before");
        vpriv_vault_close(h.vault);
        snprintf(sql, sizeof sql, "UPDATE recording SET key_slot = %s WHERE id = 1", slots[i]);
        household_sql(&h, sql);
        ck_ok(household_open_vault(&h, h.path, &h.vault));
        uint8_t record[VPRIV_ROOT_RECORD_BYTES];
        memcpy(record, h.cell->record, sizeof record);
        ck_ok(vpriv_vault_erase(h.vault, &a, 1, NULL));
        household_attack(&h, "before", &attacker);
        ck_assert(!household_knows(&attacker, key));
        household_attack_end(&attacker);
        ck_fails(listen(&a, &sound), VPRIV_E_ERASED);
        ck_ok(listen(&b, &sound));
        household_reopen(&h);
        ck_ok(listen(&b, &sound));
        memcpy(h.cell->record, record, sizeof record); /* back for the next round */
    }
}
END_TEST

/* Whoever takes the slot out of the row could put it back later. */
START_TEST(erasing_all_misses_none_whose_slot_was_taken_out)
{
    uint8_t key[VPI_KEY_BYTES];
    household_attacker attacker;
    const vpriv_purge_criteria all = {.struct_size = sizeof all, .until_us = VPRIV_TIME_FOREVER_US};
    vpriv_purge_cost cost = {.struct_size = sizeof cost};
    vpriv_receipt receipt = {.struct_size = sizeof receipt};
    restore();
    household_reopen(&h);
    household_shred_key(&h, &a, key);
    household_copy(&h, "before");
    household_sql(&h, "UPDATE recording SET key_slot = NULL WHERE id = 1");
    ck_ok(vpriv_purge_estimate(h.vault, &all, &cost));
    ck_assert_uint_eq(cost.n_recordings, 2);
    if (_i == 0)
        ck_ok(vpriv_vault_erase_before(h.vault, VPRIV_TIME_FOREVER_US, &receipt));
    else
        ck_ok(vpriv_purge(h.vault, &all, NULL, NULL, NULL, &receipt));
    ck_assert_uint_eq(receipt.n_recordings, 2);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording WHERE state <> 4"), 0);
    household_attack(&h, "before", &attacker);
    ck_assert(!household_knows(&attacker, key));
    household_attack_end(&attacker);
}
END_TEST

START_TEST(damaged_recording_can_be_erased)
{
    uint8_t key[VPI_KEY_BYTES];
    household_attacker attacker;
    uint64_t sound = 0;
    restore();
    household_reopen(&h);
    household_shred_key(&h, &a, key);
    household_copy(&h, "before");
    household_sql(&h, "UPDATE recording SET header = zeroblob(length(header)) WHERE id = 1");
    ck_fails(listen(&a, &sound), VPRIV_E_AUTH);
    ck_ok(vpriv_vault_erase(h.vault, &a, 1, NULL));
    household_attack(&h, "before", &attacker);
    ck_assert(!household_knows(&attacker, key));
    household_attack_end(&attacker);
    ck_fails(listen(&a, &sound), VPRIV_E_ERASED);
    ck_ok(listen(&b, &sound));
}
END_TEST

START_TEST(older_file_is_refused)
{
    restore();
    household_reopen(&h);
    household_withdraw(&h, h.ada, REVIEW);
    restore();
    ck_fails(household_open_vault(&h, h.path, &h.vault), VPRIV_E_ROLLBACK);
    ck_assert_str_ne(vpriv_error_detail(), "");
}
END_TEST

static void write_file(const char *path, const char *bytes, size_t n_bytes)
{
    FILE *file = fopen(path, "wb");
    ck_assert_uint_eq(fwrite(bytes, 1, n_bytes, file), n_bytes);
    fclose(file);
}

START_TEST(what_is_no_vault_is_said_to_be_none)
{
    static char text[20000];
    char path[PATH_BYTES];
    restore();
    household_file(&h, "other", path);
    ck_fails(household_open_vault(&h, path, &h.vault), VPRIV_E_NOT_FOUND);
    write_file(path, text, 0);
    ck_fails(household_open_vault(&h, path, &h.vault), VPRIV_E_FORMAT);
    ck_assert_str_ne(vpriv_error_detail(), "");
    memset(text, 'x', sizeof text);
    write_file(path, text, sizeof text);
    ck_fails(household_open_vault(&h, path, &h.vault), VPRIV_E_FORMAT);
    unlink(path);
    sqlite3 *database = NULL;
    ck_assert_int_eq(sqlite3_open(path, &database), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(database, "CREATE TABLE t(x)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
    ck_fails(household_open_vault(&h, path, &h.vault), VPRIV_E_FORMAT);
    ck_assert_ptr_nonnull(strstr(vpriv_error_detail(), "not a vault"));
    ck_fails(household_open_vault(&h, h.folder, &h.vault), VPRIV_E_IO);
    h.vault = NULL;
}
END_TEST

START_TEST(vault_cut_short_anywhere_is_refused)
{
    struct stat info;
    restore();
    ck_assert_int_eq(stat(h.path, &info), 0);
    for (int64_t n_bytes = info.st_size - 1; n_bytes > 0; n_bytes -= info.st_size / 23) {
        uint64_t sound = 0;
        restore();
        ck_assert_int_eq(truncate(h.path, n_bytes), 0);
        const vpriv_status st = household_open_vault(&h, h.path, &h.vault);
        if (st == VPRIV_OK) {
            /* SQLite reads zeros where the file ends. Verifying notices, unless zeros were there. */
            vpriv_verification verified = {.struct_size = sizeof verified};
            const bool whole =
                vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &verified) == VPRIV_OK;
            ck_assert(!whole || n_bytes > info.st_size - 4096);
            const vpriv_status heard = listen(&a, &sound);
            ck_assert(heard == VPRIV_OK ? sound == sound_a : !whole);
        } else {
            ck_assert(st == VPRIV_E_AUTH || st == VPRIV_E_FORMAT || st == VPRIV_E_IO);
            ck_assert_str_ne(vpriv_error_detail(), "");
            h.vault = NULL;
        }
    }
}
END_TEST

/* A number that no recording can have: its blocks would be those of the first one, if it only ran over. */
START_TEST(recording_of_an_impossible_number_takes_nothing_along)
{
    static const char *const bad[] = {
        "INSERT INTO recording VALUES ((1 << 40) + 1, randomblob(16), 1, 0, NULL, NULL)",
        ("INSERT INTO recording VALUES ((1 << 40) + 1, randomblob(16), 4, 0, NULL, NULL);"
         "INSERT INTO sweep(kind, recording, cursor) VALUES (1, (1 << 40) + 1, 0)"),
        "INSERT INTO recording VALUES (-((1 << 40) - 1), randomblob(16), 1, 0, NULL, NULL)",
        "INSERT INTO recording VALUES (9223372036854775807, randomblob(16), 1, 0, NULL, NULL)"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t sound = 0, n_left = 0;
        restore();
        household_sql(&h, bad[i]);
        ck_ok(household_open_vault(&h, h.path, &h.vault));
        const vpriv_status tidied = vpriv_vault_tidy(h.vault, 10, &n_left);
        ck_assert(tidied == VPRIV_OK || tidied == VPRIV_E_AUTH);
        ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM block"), 8);
        ck_ok(listen(&a, &sound));
        ck_assert(sound == sound_a);
    }
}
END_TEST

static void keep_finding(void *user, const char *finding)
{
    const size_t n = strlen(user);
    snprintf((char *)user + n, 256 - n, "%s\n", finding);
}

/* Rows that no recording and nobody opens: verifying tells of each alone, with one line. */
START_TEST(what_is_missing_or_left_over_is_told)
{
    static const char *const bad[][2] = {
        {"DELETE FROM term WHERE recording = 3",
            "the term of a purpose of recording 3 is not filed"},
        {"UPDATE term SET retention = 0 WHERE recording = 3", "is not filed"},
        {"UPDATE term SET retention = 99 WHERE recording = 3", "is not filed"},
        {"INSERT INTO sweep(kind, recording, cursor) VALUES (3, 1, 0)",
            "1 entries of housekeeping"},
        {"INSERT INTO sweep(kind, recording, cursor) VALUES (1, 1, 0)",
            "1 entries of housekeeping"},
        {"INSERT INTO sweep(kind, recording, cursor) VALUES (1, 99, 0)",
            "1 entries of housekeeping"},
        {"INSERT INTO sweep(kind, recording, cursor) VALUES (2, 1, 0)",
            "1 entries of housekeeping"},
        {"INSERT INTO sweep(kind, tag, recording, cursor) VALUES (2, x'00', 1, 0)",
            "1 entries of housekeeping"},
        {"INSERT INTO consent_record(subject, sealed) VALUES (77, randomblob(300))",
            "1 consent records of nobody"},
        {"INSERT INTO consent_event(subject, sealed) VALUES (77, randomblob(300))",
            "1 consent events of nobody"},
    };
    char finding[256];
    vpriv_verification verified = {.struct_size = sizeof verified};
    uint64_t n_left = 0;
    restore();
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    uint8_t cleo[VPRIV_SUBJECT_ID_BYTES];
    ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_USER, "Cleo", NULL, cleo));
    ck_ok(household_give_with(&h, cleo, KEEP, (vpriv_consent_evidence){.retention = "P18M"}));
    ck_ok(household_give_with(&h, cleo, REVIEW, (vpriv_consent_evidence){.retention = "72h"}));
    (void)household_record(&h, cleo);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM term WHERE recording = 3"), 1);
    ck_ok(vpriv_vault_verify(h.vault, h.keyring, NULL, NULL, &verified));
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    household_copy(&h, "good");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        restore();
        household_sql(&h, bad[i][0]);
        finding[0] = '\0';
        ck_ok(household_open_vault(&h, h.path, &h.vault));
        ck_fails(
            vpriv_vault_verify(h.vault, h.keyring, keep_finding, finding, &verified), VPRIV_E_AUTH);
        ck_assert_msg(strstr(finding, bad[i][1]), "%s: %s", bad[i][0], finding);
        ck_assert_msg(verified.n_findings == 1, "%s: %s", bad[i][0], finding);
        if (strncmp(bad[i][0], "INSERT INTO sweep", 17) == 0)
            ck_fails(vpriv_vault_tidy(h.vault, 10, &n_left), VPRIV_E_AUTH);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vault: tampering");
    TCase *tests = tcase_create("tamper");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, untouched_vault_is_whole);
    tcase_add_test(tests, changed_blocks_do_not_open);
    tcase_add_test(tests, changed_rows_of_recordings_do_not_open);
    tcase_add_test(tests, changed_rows_of_people_do_not_open);
    tcase_add_test(tests, changed_vault_is_refused);
    tcase_add_test(tests, changed_log_is_found_by_verifying);
    tcase_add_test(tests, every_bit_of_header_and_wraps_counts);
    tcase_add_test(tests, rows_of_another_vault_do_not_open);
    tcase_add_test(tests, what_is_missing_or_left_over_is_told);
    tcase_add_test(tests, erasing_hits_its_recording_whatever_the_row_says);
    tcase_add_loop_test(tests, erasing_all_misses_none_whose_slot_was_taken_out, 0, 2);
    tcase_add_test(tests, damaged_recording_can_be_erased);
    tcase_add_test(tests, older_file_is_refused);
    tcase_add_test(tests, what_is_no_vault_is_said_to_be_none);
    tcase_add_test(tests, vault_cut_short_anywhere_is_refused);
    tcase_add_test(tests, recording_of_an_impossible_number_takes_nothing_along);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
