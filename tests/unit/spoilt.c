#include "spoilt.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_FOUND 32 /* of a sealed row so many bytes are its alone */

static size_t read_blob(const char *sql, uint8_t *bytes_out)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(sqlite3_open_v2(h.path, &database, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(database, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    const size_t n = (size_t)sqlite3_column_bytes(statement, 0);
    ck_assert_uint_ge(n, N_FOUND);
    memcpy(bytes_out, sqlite3_column_blob(statement, 0), N_FOUND);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return n;
}

void spoil(const char *sql)
{
    uint8_t blob[N_FOUND];
    struct stat info;
    size_t n_spoilt = 0;
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    read_blob(sql, blob);
    const int fd = open(h.path, O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fstat(fd, &info), 0);
    uint8_t *file = malloc((size_t)info.st_size);
    ck_assert_int_eq(pread(fd, file, (size_t)info.st_size, 0), info.st_size);
    for (off_t at = 0; at + N_FOUND <= info.st_size; at++) {
        if (memcmp(file + at, blob, N_FOUND) != 0)
            continue;
        const uint8_t flipped = (uint8_t)(blob[N_FOUND - 1] ^ 0x10);
        ck_assert_int_eq(pwrite(fd, &flipped, 1, at + N_FOUND - 1), 1);
        n_spoilt++;
    }
    ck_assert_uint_ge(n_spoilt, 1);
    free(file);
    close(fd);
    ck_ok(household_open_vault(&h, h.path, &h.vault));
}

int64_t row_of(const vpriv_recording_id *id)
{
    char sql[160], hex[33];
    for (size_t i = 0; i < sizeof id->bytes; i++)
        snprintf(hex + 2 * i, 3, "%02x", id->bytes[i]);
    snprintf(sql, sizeof sql, "SELECT id FROM recording WHERE name = x'%s'", hex);
    return household_count(&h, sql);
}

void spoil_header(const vpriv_recording_id *id)
{
    char sql[160];
    snprintf(
        sql, sizeof sql, "SELECT header FROM recording WHERE id = %lld", (long long)row_of(id));
    spoil(sql);
}

void forge(const vpriv_recording_id *id, const char *sql)
{
    char text[400], row[24];
    const char *at = strstr(sql, "%s");
    ck_assert_ptr_nonnull(at);
    snprintf(row, sizeof row, "%lld", (long long)row_of(id));
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - sql), sql, row, at + 2);
    household_sql(&h, text);
}

bool is_kept(const vpriv_recording_id *id)
{
    char sql[160];
    snprintf(sql, sizeof sql,
        "SELECT count(*) FROM recording WHERE id = %lld AND header IS NOT NULL",
        (long long)row_of(id));
    return household_count(&h, sql) == 1;
}

void ck_tells(vpriv_status st, unsigned n)
{
    char how_many[32];
    snprintf(how_many, sizeof how_many, "%u could not be looked at", n);
    const char *text = vpriv_error_detail();
    ck_assert_msg(st == VPRIV_E_AUTH, "%s: %s", vpriv_status_text(st), text);
    ck_assert_msg(strstr(text, how_many) == text, "%s", text);
    ck_assert_msg(strstr(text, "voicepriv verify") != NULL, "%s", text);
}

bool opens_in_old_copy(const uint8_t key[VPI_KEY_BYTES])
{
    household_attacker attacker;
    household_attack(&h, "before", &attacker);
    const bool knows = household_knows(&attacker, key);
    household_attack_end(&attacker);
    return knows;
}
