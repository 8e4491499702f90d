/* The database below the seals, read page by page as salvage does it: a small file that SQLite wrote, and its
 * write-ahead log, with bytes of them changed and the log's checksums put right. Where nothing is found to be
 * wrong, and SQLite finds nothing either, its rows are the ones that were read. */
#include "base/pages.h"
#include "base/pages_log.h"
#include "fuzz/file.h"
#include <fcntl.h>
#include <sodium.h>
#include <sqlite3.h>
#include <unistd.h>

#define FILE_BYTES_MAX  (32 * VPI_PAGE_BYTES)
#define LOG_HEAD_BYTES  32
#define FRAME_HEAD      24
#define FRAME_BYTES     (FRAME_HEAD + VPI_PAGE_BYTES)
#define LOG_BYTES_MAX   (LOG_HEAD_BYTES + 24 * FRAME_BYTES)
#define EDIT_HEAD_BYTES 4
#define TABLES          2

enum { HAS_LOG = 1, LOG_IS_MENDED = 2, FILE_IS_CUT = 4 };

typedef struct content {
    uint8_t bytes[FILE_BYTES_MAX > LOG_BYTES_MAX ? FILE_BYTES_MAX : LOG_BYTES_MAX];
    size_t n_bytes;
} content;
static content made_file, made_log, file, log_file;

/* A table, and one that is its own index, as the vault's are. */
static const struct {
    const char *name, *select;
    bool has_rowid;
    size_t n_values;
} tables[TABLES] = {{"a", "SELECT id, NULL, body, n FROM a ORDER BY id", true, 3},
    {"w", "SELECT 0, tag, n FROM w ORDER BY tag, n", false, 2}};
static uint32_t roots[3]; /* of both, and of the index */

/* Rows as they were read: a digest of each table's. */
typedef struct rows {
    crypto_generichash_state state;
    uint64_t n;
    size_t table;
    bool is_odd; /* not as many columns as the table has */
} rows;

static void rows_start(rows *r, size_t table)
{
    *r = (rows){.table = table};
    crypto_generichash_init(&r->state, NULL, 0, 32);
}

static void add_number(rows *r, uint64_t number)
{
    uint8_t bytes[8];
    vpi_writer w = vpi_writer_of(bytes, sizeof bytes);
    vpi_put_u64(&w, number);
    crypto_generichash_update(&r->state, bytes, sizeof bytes);
}

static void add_value(rows *r, uint64_t kind, const void *bytes, uint64_t number)
{
    add_number(r, kind);
    add_number(r, number);
    if (kind == VPI_VALUE_BLOB && number > 0)
        crypto_generichash_update(&r->state, bytes, number);
}

static vpriv_status take_row(void *user, const vpi_page_row *row)
{
    rows *r = user;
    r->n++;
    add_number(r, (uint64_t)row->rowid);
    fuzz_check(row->page > 0 && row->n_values <= VPI_PAGES_COLUMNS_MAX);
    for (size_t i = 0; i < row->n_values; i++) {
        const vpi_value *value = &row->values[i];
        /* The rowid counts, whatever is in its column. */
        const bool is_id = tables[r->table].has_rowid && i == 0;
        const vpi_value_kind kind = is_id ? VPI_VALUE_NULL : value->kind;
        add_value(r, kind, value->bytes,
            kind == VPI_VALUE_BLOB  ? value->n_bytes
            : kind == VPI_VALUE_INT ? (uint64_t)value->number
                                    : 0);
    }
    r->is_odd = r->is_odd || row->n_values != tables[r->table].n_values ||
                row->has_rowid != tables[r->table].has_rowid;
    return VPRIV_OK;
}

static vpriv_status take_stray(void *user, const vpi_page_row *row)
{
    fuzz_check(row->n_values <= VPI_PAGES_COLUMNS_MAX);
    for (size_t i = 0; i < row->n_values; i++)
        if (row->values[i].kind == VPI_VALUE_BLOB && row->values[i].n_bytes > 0)
            fuzz_check(row->values[i].bytes);
    ++*(uint64_t *)user;
    return VPRIV_OK;
}

static void damage(void *user, uint32_t page, const char *table, const char *what)
{
    (void)page;
    (void)table;
    fuzz_check(what);
    ++*(uint64_t *)user;
}

static const char *log_path(void)
{
    static char path[96];
    snprintf(path, sizeof path, "%s-wal", file_path());
    return path;
}

static void write_log(void)
{
    (void)unlink(log_path());
    if (log_file.n_bytes == 0)
        return;
    const int fd = open(log_path(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    fuzz_check(fd >= 0 && write(fd, log_file.bytes, log_file.n_bytes) == (ssize_t)log_file.n_bytes);
    close(fd);
}

static void read_whole(const char *path, content *content_out)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    fuzz_check(fd >= 0);
    const ssize_t n = read(fd, content_out->bytes, sizeof content_out->bytes);
    fuzz_check(n > 0 && n < (ssize_t)sizeof content_out->bytes);
    content_out->n_bytes = (size_t)n;
    close(fd);
}

static void run(sqlite3 *handle, const char *sql)
{
    fuzz_check(sqlite3_exec(handle, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static int64_t number_of(sqlite3 *handle, const char *sql, const char *name)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;
    if (sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) == SQLITE_OK &&
        (!name || sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC) == SQLITE_OK) &&
        sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

/* What the tables are made of; another letter in it makes other columns of the same bytes. */
#define ALL_SQL  "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema ORDER BY name)"
#define SAME_SQL "SELECT (" ALL_SQL ") = ?1"
static char made_sql[512];

static void read_sql(sqlite3 *handle)
{
    sqlite3_stmt *statement = NULL;
    fuzz_check(sqlite3_prepare_v2(handle, ALL_SQL, -1, &statement, NULL) == SQLITE_OK &&
               sqlite3_step(statement) == SQLITE_ROW);
    const int n = snprintf(made_sql, sizeof made_sql, "%s", sqlite3_column_text(statement, 0));
    fuzz_check(n > 0 && (size_t)n < sizeof made_sql);
    sqlite3_finalize(statement);
}

#define ROOT_OF "SELECT rootpage FROM sqlite_schema WHERE name = ?1 AND rootpage > 0"

/* Rows of all sizes, chains, inner pages, free pages; in the log a few changes and a file that became shorter. */
static void make(void)
{
    sqlite3 *handle = NULL;
    file_fill("", 0);
    (void)unlink(log_path());
    fuzz_check(sqlite3_open(file_path(), &handle) == SQLITE_OK);
    run(handle,
        "PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;"
        "PRAGMA wal_autocheckpoint=0;"
        "CREATE TABLE a (id INTEGER PRIMARY KEY, body BLOB, n INTEGER);"
        "CREATE INDEX a_n ON a (n);"
        "CREATE TABLE w (tag BLOB, n INTEGER, PRIMARY KEY (tag, n)) WITHOUT ROWID;"
        "WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 60)"
        "INSERT INTO a SELECT i * i, zeroblob(CASE i % 20 WHEN 0 THEN 4096 WHEN 7 THEN 9000"
        " ELSE i % 90 END), i * 1000003 % 71 FROM c;"
        "INSERT INTO w SELECT CAST(n || ' is a tag that is as long as others' AS BLOB), n FROM a;"
        "DELETE FROM a WHERE id BETWEEN 700 AND 1700;"
        "PRAGMA wal_checkpoint(TRUNCATE);"
        "INSERT INTO a VALUES (5, x'0102', NULL), (NULL, zeroblob(5000), -5);"
        "PRAGMA incremental_vacuum(2);"
        "DELETE FROM a WHERE id = 49;");
    for (size_t i = 0; i < 3; i++)
        roots[i] = (uint32_t)number_of(handle, ROOT_OF, i < TABLES ? tables[i].name : "a_n");
    read_sql(handle);
    read_whole(file_path(), &made_file);
    read_whole(log_path(), &made_log);
    sqlite3_close(handle);
}

/* Bytes N, which page of the file and then of the log, where in it, and the bytes. */
static void seed_edit(uint8_t flags, uint8_t page, uint16_t at, const void *bytes, uint8_t n_bytes)
{
    uint8_t seed[64] = {flags, n_bytes, page, (uint8_t)at, (uint8_t)(at >> 8)};
    memcpy(seed + 1 + EDIT_HEAD_BYTES, bytes, n_bytes);
    fuzz_seed(seed, 1 + EDIT_HEAD_BYTES + n_bytes);
}

static void setup(void)
{
    make();
    const uint8_t n_pages = (uint8_t)(made_file.n_bytes / VPI_PAGE_BYTES);
    fuzz_seed("", 0);
    fuzz_seed("\1", 1);
    fuzz_seed("\4\x10\0", 3);
    for (uint8_t page = 0; page < n_pages; page++) {
        seed_edit(0, page, page ? 0 : 100, "\x0d\0\0\0\1\x0f\xf0\0\x0f\xf0", 10);
        seed_edit(0, page, 4090, "\0\0\0\3", 4);
    }
    for (uint8_t i = 0; i < (made_log.n_bytes - LOG_HEAD_BYTES) / FRAME_BYTES; i++) {
        seed_edit(HAS_LOG | LOG_IS_MENDED, (uint8_t)(n_pages + i), 0, "\0\0\0\2\0\0\0\x10", 8);
        seed_edit(HAS_LOG, (uint8_t)(n_pages + i), 4000, "\1", 1);
        seed_edit(HAS_LOG | LOG_IS_MENDED, (uint8_t)(n_pages + i), 0, "\0\0\0\0", 4); /* no page */
    }
}

static void put_word(uint8_t *at, uint32_t word)
{
    for (int i = 3; i >= 0; i--, word >>= 8)
        at[i] = (uint8_t)word;
}

static void mend_log(void)
{
    uint32_t sums[2] = {0, 0};
    const bool is_big = log_file.bytes[3] & 1;
    vpi_pages_log_sum(log_file.bytes, LOG_HEAD_BYTES - 8, is_big, sums);
    put_word(log_file.bytes + LOG_HEAD_BYTES - 8, sums[0]);
    put_word(log_file.bytes + LOG_HEAD_BYTES - 4, sums[1]);
    for (size_t at = LOG_HEAD_BYTES; at + FRAME_BYTES <= log_file.n_bytes; at += FRAME_BYTES) {
        vpi_pages_log_sum(log_file.bytes + at, 8, is_big, sums);
        vpi_pages_log_sum(log_file.bytes + at + FRAME_HEAD, VPI_PAGE_BYTES, is_big, sums);
        put_word(log_file.bytes + at + 16, sums[0]);
        put_word(log_file.bytes + at + 20, sums[1]);
    }
}

static void edit(uint8_t page, size_t at, const uint8_t *bytes, size_t n_bytes)
{
    const size_t n_pages = file.n_bytes / VPI_PAGE_BYTES;
    content *to = page < n_pages ? &file : &log_file;
    at += page < n_pages ? (size_t)page * VPI_PAGE_BYTES
                         : LOG_HEAD_BYTES + (page - n_pages) * FRAME_BYTES;
    if (page == UINT8_MAX)
        at = at % LOG_HEAD_BYTES; /* the log's own head */
    if (at < to->n_bytes)
        memcpy(to->bytes + at, bytes, n_bytes < to->n_bytes - at ? n_bytes : to->n_bytes - at);
}

static void apply(const uint8_t *data, size_t n_bytes)
{
    const uint8_t flags = n_bytes ? data[0] : 0;
    vpi_reader r = vpi_reader_of(data + (n_bytes ? 1 : 0), n_bytes ? n_bytes - 1 : 0);
    file = made_file;
    log_file = made_log;
    const size_t cut = flags & FILE_IS_CUT ? vpi_get_u16(&r) : 0;
    while (vpi_reader_left(&r) >= EDIT_HEAD_BYTES) {
        const size_t n = vpi_get_u8(&r);
        const uint8_t page = vpi_get_u8(&r);
        const size_t at = vpi_get_u16(&r);
        const size_t left = vpi_reader_left(&r);
        const size_t taken = n < left ? n : left;
        edit(page, at, vpi_get_bytes(&r, taken), taken);
    }
    if (flags & FILE_IS_CUT)
        file.n_bytes = cut * 2 < file.n_bytes ? cut * 2 : file.n_bytes;
    if (!(flags & HAS_LOG))
        log_file.n_bytes = 0;
    else if (flags & LOG_IS_MENDED)
        mend_log();
    file_fill(file.bytes, file.n_bytes);
    write_log();
}

/* False when SQLite finds anything to be wrong, or other tables. */
static bool sqlite_reads(rows *r, size_t table)
{
    sqlite3 *handle = NULL;
    sqlite3_stmt *statement = NULL;
    int code = SQLITE_ERROR;
    bool is_sound = sqlite3_open_v2(file_path(), &handle, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK;
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    for (size_t i = 0; i < 3 && is_sound; i++)
        is_sound = number_of(handle, ROOT_OF, i < TABLES ? tables[i].name : "a_n") == roots[i];
    is_sound = is_sound && number_of(handle, "SELECT count(*) FROM sqlite_schema", NULL) == 3 &&
               number_of(handle, SAME_SQL, made_sql) == 1 &&
               sqlite3_prepare_v2(handle, "PRAGMA integrity_check(1)", -1, &statement, NULL) ==
                   SQLITE_OK &&
               sqlite3_step(statement) == SQLITE_ROW &&
               strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
    sqlite3_finalize(statement);
    statement = NULL;
    if (is_sound)
        code = sqlite3_prepare_v2(handle, tables[table].select, -1, &statement, NULL);
    while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        r->n++;
        add_number(r, (uint64_t)sqlite3_column_int64(statement, 0));
        for (int i = 1; i < sqlite3_column_count(statement); i++)
            switch (sqlite3_column_type(statement, i)) {
            case SQLITE_INTEGER:
                add_value(r, VPI_VALUE_INT, NULL, (uint64_t)sqlite3_column_int64(statement, i));
                break;
            case SQLITE_BLOB: {
                const void *bytes = sqlite3_column_blob(statement, i);
                add_value(r, VPI_VALUE_BLOB, bytes, (uint64_t)sqlite3_column_bytes(statement, i));
                break;
            }
            default:
                add_value(r, VPI_VALUE_NULL, NULL, 0);
            }
        code = SQLITE_OK;
    }
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return is_sound && code == SQLITE_DONE;
}

static void compare(rows *ours, size_t table)
{
    rows theirs;
    uint8_t a[32], b[32];
    rows_start(&theirs, table);
    if (!sqlite_reads(&theirs, table))
        return;
    fuzz_check(ours->n == theirs.n);
    crypto_generichash_final(&ours->state, a, sizeof a);
    crypto_generichash_final(&theirs.state, b, sizeof b);
    fuzz_check(memcmp(a, b, sizeof a) == 0);
}

static void one(const uint8_t *data, size_t n_bytes)
{
    vpi_pages *pages = NULL;
    rows read[TABLES];
    uint64_t n_damages = 0, n_strays = 0;
    bool whole = false, all_whole = true;
    apply(data, n_bytes);
    fuzz_must(vpi_pages_open(file_path(), damage, &n_damages, &pages));
    fuzz_must(vpi_pages_walk(pages, "sqlite_schema", 1, NULL, NULL, &whole));
    all_whole = all_whole && whole;
    for (size_t i = 0; i < TABLES; i++) {
        rows_start(&read[i], i);
        fuzz_must(vpi_pages_walk(pages, tables[i].name, roots[i], take_row, &read[i], &whole));
        all_whole = all_whole && whole && !read[i].is_odd;
    }
    fuzz_must(vpi_pages_walk(pages, "an index", roots[2], NULL, NULL, &whole));
    all_whole = all_whole && whole;
    fuzz_check(!all_whole || n_damages == 0);
    all_whole = vpi_pages_free_list(pages) && all_whole && !vpi_pages_log_is_cut(pages);
    fuzz_must(vpi_pages_strays(pages, take_stray, &n_strays));
    vpi_pages_close(pages);
    if (n_bytes == 0 || (n_bytes == 1 && data[0] == HAS_LOG))
        fuzz_check(all_whole && n_strays == 0 && read[0].n > 30 && read[1].n > 30);
    if (!all_whole)
        return;
    for (size_t i = 0; i < TABLES; i++)
        compare(&read[i], i);
}

const fuzz_target fuzz_pages = {"pages", setup, one, 1024, 0};
