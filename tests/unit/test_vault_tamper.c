/* Tampering is an error, never noise and never other sound (P13); the log cannot be bent unnoticed
 * (P8). Whatever is done to the rows of a vault, a recording opens as it was or not at all. */
#include "household.h"
#include "vault/ingest.h"
#include "vault/log_store.h"
#include "vault/policy.h"
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEEP   VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW VPRIV_PURPOSE_HUMAN_REVIEW

static household h;
static vpriv_recording_id a, b; /* rows 1 and 2; blocks 0 to 3 each */
static uint64_t sound_a, sound_b;

static vpriv_recording_id record_four_blocks(const uint8_t *subject)
{
    vpi_sealer *sealer = NULL;
    vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    vpriv_recording_id id;
    vpi_sealer_request request = household_request(subject);
    request.optional = VPRIV_PURPOSE_BIT(REVIEW);
    ck_ok(vpi_sealer_create(h.vault, &request, &sealer));
    memcpy(id.bytes, vpi_sealer_recording_id(sealer), sizeof id.bytes);
    for (uint64_t i = 0; i < 4; i++) {
        /* Twenty packets of 20 ms of nothing in particular, different in each block. */
        vpi_block_clear(&builder, i * 20 * 960);
        for (int k = 0; k < 20; k++) {
            uint8_t packet[40] = {0x48};
            for (size_t j = 1; j < sizeof packet; j++)
                packet[j] = (uint8_t)(id.bytes[j % 16] + 31 * i + (uint64_t)k + j);
            ck_assert(vpi_block_add_packet(&builder, packet, sizeof packet));
        }
        vpi_block_finish(&builder, plain);
        if (i < 3)
            ck_ok(vpi_sealer_write(sealer, plain, 1));
        if (i == 2)
            ck_ok(vpi_sealer_commit(sealer));
    }
    ck_ok(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 4 * 20 * 960));
    vpi_sealer_destroy(sealer);
    return id;
}

/* What a recording sounds like, as one number; the status when it does not open to its end. */
static vpriv_status listen(const vpriv_recording_id *id, uint64_t *sound_out)
{
    const vpriv_gate_request request = {
        .struct_size = sizeof request, .purpose = KEEP, .actor = "test"};
    vpriv_reader *reader = NULL;
    vpriv_packet packet = {.struct_size = sizeof packet};
    uint64_t sound = 14695981039346656037u;
    vpriv_status st = vpriv_gate_open(h.vault, h.keyring, id, &request, &reader);
    while (st == VPRIV_OK && !packet.is_end) {
        st = vpriv_gate_read_packet(reader, &packet);
        for (size_t i = 0; st == VPRIV_OK && i < packet.n_bytes; i++)
            sound = (sound ^ packet.data[i]) * 1099511628211u;
    }
    vpriv_gate_close(reader);
    *sound_out = sound;
    return st;
}

static void set_up(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_give(&h, h.ada, KEEP);
    household_give(&h, h.ada, REVIEW);
    household_give(&h, h.bob, KEEP);
    a = record_four_blocks(h.ada);
    b = record_four_blocks(h.bob);
    ck_ok(listen(&a, &sound_a));
    ck_ok(listen(&b, &sound_b));
    ck_assert(sound_a != sound_b);
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM block"), 8);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    household_copy(&h, "good");
}

static void tear_down(void)
{
    household_close(&h);
}

/* The files as they were. */
static void restore(void)
{
    char good[PATH_BYTES], command[5 * PATH_BYTES];
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    household_file(&h, "good", good);
    snprintf(
        command, sizeof command, "cp %s %s && rm -f %s-wal %s-shm", good, h.path, h.path, h.path);
    ck_assert_int_eq(system(command), 0);
}

typedef struct tampering {
    const char *sql;
    vpriv_status opening;
    vpriv_status a;
    vpriv_status b;
} tampering;

static bool ignore_recording(void *user, const vpriv_recording_info *info)
{
    (void)info;
    ++*(int *)user;
    return true;
}

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
    const vpriv_recording_id foreign = record_four_blocks(h.ada);
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

/* A pending envelope that does not open belongs to a recording that nobody can ever open. It must not
 * keep anybody from reading, withdrawing and erasing. */
START_TEST(bad_envelope_of_a_capture_process_blocks_nothing)
{
    static const char *const bad[] = {
        "INSERT INTO recording VALUES (50, randomblob(16), 1, 0, NULL, NULL); INSERT INTO ingest"
        " VALUES (50, 1, randomblob(1073))",
        "INSERT INTO recording VALUES (50, randomblob(16), 1, 0, NULL, NULL); INSERT INTO ingest"
        " VALUES (50, 1, x''), (50, 2, x'01')",
        "INSERT INTO ingest VALUES (1, 2, randomblob(561))",
        "INSERT INTO ingest VALUES (1, 1, randomblob(1073))",
        "INSERT INTO ingest VALUES (1, 9, randomblob(1073))",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t sound = 0;
        int n = 0;
        uint8_t record[VPRIV_ROOT_RECORD_BYTES];
        memcpy(record, h.cell->record, sizeof record);
        restore();
        household_sql(&h, bad[i]);
        ck_ok(household_open_vault(&h, h.path, &h.vault));
        ck_ok(listen(&a, &sound));
        ck_assert(sound == sound_a);
        ck_ok(vpriv_recording_list(h.vault, NULL, ignore_recording, &n));
        ck_assert_int_eq(n, 2);
        household_withdraw(&h, h.ada, KEEP);
        ck_fails(listen(&a, &sound), VPRIV_E_CONSENT);
        ck_ok(vpriv_vault_erase(h.vault, &b, 1, NULL));
        uint64_t n_left = 1;
        while (n_left > 0)
            ck_ok(vpriv_vault_tidy(h.vault, 10, &n_left));
        ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM ingest"), 0);
        ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM recording WHERE state = 1"), 0);
        memcpy(h.cell->record, record, sizeof record);
    }
}
END_TEST

/* Whoever took a capture credential over can seal envelopes that open, about any recording. */
static void forge_commit(const vpi_recording *recording)
{
    static vpi_ingest_commit commit;
    commit = (vpi_ingest_commit){.shred_key = {1},
        .n_tag_bytes = recording->n_tag_bytes,
        .purposes = VPRIV_PURPOSE_BIT(KEEP)};
    memcpy(commit.tag_bytes, recording->tag_bytes, recording->n_tag_bytes);
    ck_ok(vpi_ingest_write_commit(h.vault, recording->row, a.bytes, &commit));
}

static void forge_finish(const vpi_recording *recording)
{
    vpi_finish finish = recording->finish;
    ck_assert(finish.is_finished);
    finish.n_frames_48k /= 2;
    finish.ended_us -= SECOND_US / 2;
    finish.reason = VPRIV_END_FAILED;
    ck_ok(vpi_ingest_write_finish(h.vault, recording->row, a.bytes, &finish));
}

START_TEST(what_was_adopted_cannot_be_replaced_by_a_capture_process)
{
    static vpi_recording recording;
    uint8_t key[VPI_KEY_BYTES], same[VPI_KEY_BYTES];
    vpriv_recording_info before, after;
    uint64_t sound = 0, n_left = 1;
    restore();
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_ok(vpriv_recording_about(h.vault, &a, &before));
    household_shred_key(&h, &a, key);
    ck_ok(vpi_vault_enter(h.vault, true));
    ck_ok(vpi_vault_begin(h.vault));
    ck_ok(vpi_recording_load(h.vault, 1, &recording));
    (_i == 0 ? forge_commit : forge_finish)(&recording);
    ck_ok(vpi_vault_commit(h.vault));
    vpi_vault_leave(h.vault);
    vpriv_vault_close(h.vault);
    for (int round = 0; round < 2; round++) {
        ck_ok(household_open_vault(&h, h.path, &h.vault)); /* which adopts */
        ck_ok(listen(&a, &sound));
        ck_assert(sound == sound_a);
        ck_ok(vpriv_recording_about(h.vault, &a, &after));
        ck_assert_uint_eq(after.duration_us, before.duration_us);
        ck_assert_int_eq(after.end_reason, before.end_reason);
        household_shred_key(&h, &a, same);
        ck_assert_mem_eq(same, key, sizeof key);
        ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM ingest"), round == 0);
        while (n_left > 0)
            ck_ok(vpriv_vault_tidy(h.vault, 10, &n_left));
        vpriv_vault_close(h.vault);
        h.vault = NULL;
    }
}
END_TEST

/* Two recordings of a capture process, not adopted yet. */
static void record_pending(vpriv_recording_id ids_out[2])
{
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    vpriv_keyring *credential = NULL;
    vpriv_vault *rooted = h.vault;
    ck_ok(vpriv_vault_capture_credential(h.vault, &credential));
    ck_ok(vpriv_vault_open_for_capture(h.path, credential, &options, &h.vault));
    for (int i = 0; i < 2; i++)
        ids_out[i] = record_four_blocks(h.bob);
    vpriv_vault_close(h.vault);
    vpriv_keyring_close(credential);
    h.vault = rooted;
}

/* The end of the first recording once more; of another vault that had the same ingest key, if so. */
static void seal_finish(const vpriv_recording_id *id, uint8_t other_vault)
{
    static vpi_policy_head head;
    uint8_t plain[512] = {0}, sealed[1 + crypto_box_SEALBYTES + sizeof plain] = {VPI_SUITE};
    vpi_writer w = vpi_writer_of(plain, sizeof plain);
    ck_ok(vpi_vault_enter(h.vault, true));
    ck_ok(vpi_policy_read_head(h.vault, &head));
    vpi_put_u8(&w, VPI_INGEST_FINISH);
    vpi_put_bytes(&w, h.vault->vault_id, VPI_VAULT_ID_BYTES);
    plain[1] ^= other_vault;
    vpi_put_bytes(&w, id->bytes, VPI_RECORDING_ID_BYTES);
    vpi_put_u8(&w, VPRIV_END_STOPPED);
    vpi_put_u64(&w, 4);
    vpi_put_u64(&w, 4 * 20 * 960);
    vpi_put_i64(&w, HOUSEHOLD_START_US);
    ck_assert_int_eq(crypto_box_seal(sealed + 1, plain, sizeof plain, head.ingest_public_key), 0);
    ck_ok(vpi_vault_begin(h.vault));
    ck_ok(vpi_database_run(h.vault->database,
        "UPDATE ingest SET sealed = ?1 WHERE recording = 3 AND kind = 2", "b", sealed,
        sizeof sealed));
    ck_ok(vpi_vault_commit(h.vault));
    vpi_vault_leave(h.vault);
}

/* 0: nothing is moved; 1: from one recording to the other; 2: from the beginning to the end; 3: from this
 * vault; 4: from another. */
START_TEST(an_envelope_belongs_to_its_place)
{
    static const char *const moves[] = {NULL,
        "UPDATE ingest SET recording = -recording; UPDATE ingest SET recording = 7 + recording",
        "UPDATE ingest SET kind = -kind; UPDATE ingest SET kind = 3 + kind", NULL, NULL};
    static const int n_left_of[] = {0, 4, 4, 0, 1};
    const bool is_adopted = _i == 0 || _i >= 3;
    vpriv_recording_id ids[2];
    uint64_t sound = 0, n_left = 1;
    int n = 0;
    restore();
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    record_pending(ids);
    ck_assert_int_eq(household_count(&h, "SELECT sum(recording) FROM ingest"), 3 + 3 + 4 + 4);
    if (moves[_i])
        household_sql(&h, moves[_i]);
    if (_i >= 3)
        seal_finish(&ids[0], _i == 4);
    vpriv_vault_close(h.vault);
    ck_ok(household_open_vault(&h, h.path, &h.vault)); /* which adopts */
    ck_assert_int_eq(household_count(&h, "SELECT count(*) FROM ingest"), n_left_of[_i]);
    ck_fails(listen(&ids[0], &sound), is_adopted ? VPRIV_OK : VPRIV_E_CONSENT);
    while (n_left > 0)
        ck_ok(vpriv_vault_tidy(h.vault, 10, &n_left));
    ck_ok(vpriv_recording_list(h.vault, NULL, ignore_recording, &n));
    ck_assert_int_eq(n, is_adopted ? 4 : 2);
    if (is_adopted) {
        vpriv_recording_info info;
        ck_ok(vpriv_recording_about(h.vault, &ids[0], &info));
        ck_assert_int_eq(info.end_reason, _i == 4 ? VPRIV_END_UNFINISHED : VPRIV_END_STOPPED);
    }
    ck_ok(listen(&a, &sound));
    ck_assert(sound == sound_a);
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
    tcase_add_test(tests, erasing_hits_its_recording_whatever_the_row_says);
    tcase_add_test(tests, damaged_recording_can_be_erased);
    tcase_add_test(tests, older_file_is_refused);
    tcase_add_test(tests, what_is_no_vault_is_said_to_be_none);
    tcase_add_test(tests, vault_cut_short_anywhere_is_refused);
    tcase_add_test(tests, bad_envelope_of_a_capture_process_blocks_nothing);
    tcase_add_loop_test(tests, an_envelope_belongs_to_its_place, 0, 5);
    tcase_add_loop_test(tests, what_was_adopted_cannot_be_replaced_by_a_capture_process, 0, 2);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
