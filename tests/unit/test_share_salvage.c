/* What comes out of a damaged vault: each page of a scripted one is damaged in turn. Every recording of
 * which no page is concerned comes out as it was, to the bit; of the others nothing that was not recorded,
 * and each is on the list. Which page concerns whom is found by looking for the rows' bytes in it. */
#include "gate/gate.h"
#include "household.h"
#include "packets/ogg_reader.h"
#include "share/jose.h"
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE        4096
#define PAGES_MAX   512
#define N           5 /* recordings that are open; then one that is set aside, one withdrawn, one erased */
#define ITEMS_MAX   2048
#define N_FRAMES    (4 * HOUSEHOLD_RATE_HZ)
#define SEARCH_FROM 64
#define BLOCKS_MAX  32

/* Packets of a file, each at its place. */
typedef struct sound {
    size_t n;
    struct item {
        uint64_t at_48k;
        uint32_t n_frames;
        size_t n_bytes;
        uint8_t hash[16];
    } items[ITEMS_MAX];
    uint64_t length_48k;
} sound;

static household h;
static vpriv_recording_id ids[N + 3];
static sound originals[N + 3];
static uint8_t whole[PAGES_MAX * PAGE];
static size_t n_pages;
static bool concerns[N][PAGES_MAX]; /* pages, from 0 */
static char folder[PATH_BYTES];
static sound found;

typedef struct bytes {
    uint8_t *data;
    size_t n, at;
} bytes;

static vpriv_status keep_bytes(void *user, const void *data, size_t n)
{
    bytes *b = user;
    b->data = realloc(b->data, b->n + n);
    memcpy(b->data + b->n, data, n);
    b->n += n;
    return VPRIV_OK;
}

static vpriv_status give_bytes(void *user, void *out, size_t capacity, size_t *n_out)
{
    bytes *b = user;
    *n_out = b->n - b->at < capacity ? b->n - b->at : capacity;
    memcpy(out, b->data + b->at, *n_out);
    b->at += *n_out;
    return VPRIV_OK;
}

static void parse_sound(bytes *b, sound *s)
{
    vpi_ogg_reader *reader = NULL;
    uint64_t at = 0;
    s->n = 0;
    ck_ok(vpi_ogg_reader_open(give_bytes, b, &reader));
    for (;;) {
        vpi_ogg_item item;
        ck_ok(vpi_ogg_reader_next(reader, &item));
        at += item.n_lost_frames48;
        if (item.n_bytes == 0)
            break;
        ck_assert_uint_lt(s->n, ITEMS_MAX);
        struct item *to = &s->items[s->n++];
        *to = (struct item){
            .at_48k = at, .n_frames = item.duration_frames48, .n_bytes = item.n_bytes};
        crypto_generichash(to->hash, sizeof to->hash, item.packet, item.n_bytes, NULL, 0);
        at += item.duration_frames48;
    }
    s->length_48k = vpi_ogg_reader_length_frames48(reader);
    vpi_ogg_reader_close(reader);
    free(b->data);
}

static const vpriv_gate_request request = {.struct_size = sizeof request,
    .purpose = VPRIV_PURPOSE_KEEP_HISTORY,
    .actor = "ada",
    .reason = "the disk is broken"};

static void export_from(vpriv_vault *vault, const vpriv_recording_id *id, sound *s)
{
    bytes b = {0};
    vpriv_reader *reader = NULL;
    ck_ok(vpriv_gate_open(vault, h.keyring, id, &request, &reader));
    ck_ok(vpriv_gate_export_opus(reader, keep_bytes, &b));
    vpriv_gate_close(reader);
    parse_sound(&b, s);
}

static vpriv_recording_id record(const uint8_t *subject, unsigned seed)
{
    static int16_t frames[N_FRAMES];
    const vpriv_recorder_config config = household_config(subject, 1);
    vpriv_outcome outcome = {.struct_size = sizeof outcome};
    vpriv_recorder *recorder = NULL;
    srand(seed);
    for (size_t i = 0; i < N_FRAMES; i++) /* noise: every packet is another */
        frames[i] = (int16_t)(rand() % 20000 - 10000);
    vpriv_source *source = household_source(frames, N_FRAMES);
    ck_ok(vpriv_recorder_open(h.vault, source, &config, &recorder));
    ck_ok(vpriv_recorder_run(recorder, &household_button, &outcome));
    vpriv_recorder_close(recorder);
    vpriv_capture_close(source);
    return outcome.recording;
}

/* Every page that has bytes of a blob, at its beginning or behind. */
static void find_blob(const uint8_t *blob, size_t n_bytes, bool *pages)
{
    for (size_t from = 0; from + 32 <= n_bytes; from += 16)
        for (size_t page = 0; page < n_pages; page++)
            if (!pages[page] && memmem(whole + page * PAGE, PAGE, blob + from, 32))
                pages[page] = true;
}

static void find_rows(const char *sql, int64_t row, bool *pages)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(sqlite3_open_v2(h.path, &database, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    ck_assert_msg(sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK, "%s", sql);
    sqlite3_bind_int64(statement, 1, row);
    int n = 0;
    for (; sqlite3_step(statement) == SQLITE_ROW; n++)
        find_blob(
            sqlite3_column_blob(statement, 0), (size_t)sqlite3_column_bytes(statement, 0), pages);
    ck_assert_int_gt(n, 0);
    sqlite3_finalize(statement);
    sqlite3_close(database);
}

static int64_t row_of(const vpriv_recording_id *id)
{
    char sql[128], hex[33];
    sodium_bin2hex(hex, sizeof hex, id->bytes, sizeof id->bytes);
    snprintf(sql, sizeof sql, "SELECT id FROM recording WHERE name = x'%s'", hex);
    return household_count(&h, sql);
}

/* What opening any recording of Ada takes: keys, herself, her consents, the notice, the policy. */
static void map_pages(void)
{
    bool common[PAGES_MAX] = {false};
    static const char *const shared[] = {"SELECT sealed FROM key_node", "SELECT sealed FROM policy",
        "SELECT person FROM subject", "SELECT reference FROM subject",
        "SELECT consents FROM subject", "SELECT sealed FROM consent_record",
        "SELECT sealed FROM notice"};
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++)
        find_rows(shared[i], 0, common);
    for (int i = 0; i < N; i++) {
        const int64_t row = row_of(&ids[i]);
        memcpy(concerns[i], common, sizeof common);
        find_rows("SELECT sealed FROM block WHERE id >> 24 = ?1", row, concerns[i]);
        find_rows("SELECT sealed FROM wrap WHERE recording = ?1", row, concerns[i]);
        find_rows("SELECT header FROM recording WHERE id = ?1", row, concerns[i]);
    }
}

static void read_file(void)
{
    const int fd = open(h.path, O_RDONLY);
    const ssize_t n = read(fd, whole, sizeof whole);
    ck_assert_int_gt(n, 0);
    ck_assert_int_lt(n, (ssize_t)sizeof whole);
    n_pages = (size_t)n / PAGE;
    close(fd);
}

static void write_file(const uint8_t *data, size_t n)
{
    const int fd = open(h.path, O_WRONLY | O_TRUNC | O_CREAT, 0600);
    ck_assert_int_eq(write(fd, data, n), (ssize_t)n);
    close(fd);
}

static void remove_all(const char *path)
{
    DIR *entries = opendir(path);
    if (!entries)
        return;
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
        char name[600];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (unlink(name) != 0)
            remove_all(name);
    }
    closedir(entries);
    rmdir(path);
}

static void move_in(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_file(&h, "out", folder);
    household_give(&h, h.ada, VPRIV_PURPOSE_KEEP_HISTORY);
    household_give(&h, h.bob, VPRIV_PURPOSE_KEEP_HISTORY);
    for (unsigned i = 0; i < N + 3; i++) {
        ids[i] = record(i == N + 1 ? h.bob : h.ada, i + 1);
        export_from(h.vault, &ids[i], &originals[i]);
        for (size_t j = 0; j < originals[i].n; j++)
            ck_assert_uint_gt(originals[i].items[j].n_bytes, 1); /* no gap of its own */
    }
    ck_ok(
        vpriv_recording_restrict(h.vault, &ids[N], 1, VPRIV_RESTRICTION_DISPUTE, "ada", "dispute"));
    household_withdraw(&h, h.bob, VPRIV_PURPOSE_KEEP_HISTORY);
    ck_ok(vpriv_vault_erase(h.vault, &ids[N + 2], 1, NULL));
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    read_file();
    map_pages();
}

static void move_out(void)
{
    remove_all(folder);
    household_close(&h);
}

static vpriv_status salvage(vpriv_salvage_report *report)
{
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    *report = (vpriv_salvage_report){.struct_size = sizeof *report};
    remove_all(folder);
    return vpriv_vault_salvage(
        h.path, h.root, h.keyring, &options, &request, folder, NULL, NULL, report);
}

/* The file of a recording; false when there is none. */
static bool load(int i)
{
    char path[PATH_BYTES * 2], hex[33];
    bytes b = {0};
    snprintf(path, sizeof path, "%s/recordings", folder);
    sodium_bin2hex(hex, sizeof hex, ids[i].bytes, sizeof ids[i].bytes);
    DIR *entries = opendir(path);
    if (!entries)
        return false;
    bool is_there = false;
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
        char name[600], data[65536];
        ck_assert_ptr_null(strstr(entry->d_name, ".part"));
        if (!strstr(entry->d_name, hex))
            continue;
        is_there = true;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        FILE *file = fopen(name, "rb");
        for (size_t n; (n = fread(data, 1, sizeof data, file)) > 0;)
            keep_bytes(&b, data, n);
        fclose(file);
    }
    closedir(entries);
    if (is_there)
        parse_sound(&b, &found);
    return is_there;
}

static bool is_bit_exact(int i)
{
    return found.n == originals[i].n && found.length_48k == originals[i].length_48k &&
           memcmp(found.items, originals[i].items, found.n * sizeof found.items[0]) == 0;
}

/* No packet that the original has not got at this very place. Gives how much of it is not there. */
static uint64_t check_invents_nothing(int i)
{
    uint64_t n_lost = originals[i].length_48k;
    size_t j = 0;
    ck_assert_uint_eq(found.length_48k, originals[i].length_48k);
    for (size_t k = 0; k < found.n; k++) {
        if (found.items[k].n_bytes == 1)
            continue;
        while (j < originals[i].n && originals[i].items[j].at_48k < found.items[k].at_48k)
            j++;
        ck_assert(j < originals[i].n);
        ck_assert_mem_eq(&originals[i].items[j], &found.items[k], sizeof found.items[k]);
        n_lost -= found.items[k].n_frames < n_lost ? found.items[k].n_frames : n_lost;
    }
    return n_lost;
}

static json_t *read_list(void)
{
    char path[PATH_BYTES * 2];
    snprintf(path, sizeof path, "%s/damage.json", folder);
    json_t *list = json_load_file(path, 0, NULL);
    ck_assert_ptr_nonnull(list);
    return list;
}

static const char *listed_as(const json_t *list, int i)
{
    char hex[33];
    size_t at;
    json_t *item;
    sodium_bin2hex(hex, sizeof hex, ids[i].bytes, sizeof ids[i].bytes);
    json_array_foreach(json_object_get(list, "recordings"), at, item)
    {
        if (strcmp(json_string_value(json_object_get(item, "id")), hex) == 0)
            return json_string_value(json_object_get(item, "is"));
    }
    return "nothing";
}

static bool has_name(const char *name)
{
    char path[PATH_BYTES * 2];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

/* What must hold whatever happened to the file; page is the damaged one, or n_pages for all from there. */
static void check_outcome(const bool *is_bad, const char *what, size_t where)
{
    vpriv_salvage_report report;
    const vpriv_status st = salvage(&report);
    bool all_need_it = true;
    for (int i = 0; i < N; i++) {
        bool is_concerned = false;
        for (size_t page = 0; page < n_pages; page++)
            is_concerned = is_concerned || (is_bad[page] && concerns[i][page]);
        all_need_it = all_need_it && is_concerned;
        const bool is_there = st == VPRIV_OK && load(i);
        if (!is_concerned && st != VPRIV_E_STATE)
            ck_assert_msg(is_there && is_bit_exact(i), "%s %zu: recording %d: %s: %s", what, where,
                i, is_there ? "not as it was" : "not there", vpriv_error_detail());
        if (is_there && !is_bit_exact(i))
            check_invents_nothing(i);
    }
    ck_assert_msg(st == VPRIV_OK || all_need_it || st == VPRIV_E_STATE, "%s %zu: %s", what, where,
        vpriv_error_detail());
    if (st == VPRIV_OK) {
        json_t *list = read_list();
        for (int i = 0; i < N; i++) {
            const char *is = listed_as(list, i);
            const bool is_there = load(i);
            ck_assert_msg(
                strcmp(is, is_there ? is_bit_exact(i) ? "whole" : "partial" : "lost") == 0 ||
                    (!is_there && strcmp(is, "nothing") == 0 && report.n_damages > 0) ||
                    (!is_there && strcmp(is, "closed") == 0),
                "%s %zu: recording %d is %s", what, where, i, is);
        }
        ck_assert(report.n_damages > 0 || report.n_partial + report.n_lost > 0);
        ck_assert(has_name("salvage.jws") && has_name("damage.txt") && has_name("device-key.jwk"));
        json_decref(list);
    }
    for (int i = N; i < N + 3; i++) /* set aside, withdrawn, erased */
        ck_assert(!load(i));
    ck_assert(!has_name("rebuilt.part") && !has_name("rebuilt.part-wal"));
}

static void damage_page(size_t page, bool with_random)
{
    static uint8_t copy[PAGES_MAX * PAGE];
    bool is_bad[PAGES_MAX] = {false};
    is_bad[page] = true;
    memcpy(copy, whole, n_pages * PAGE);
    if (with_random)
        randombytes_buf(copy + page * PAGE, PAGE);
    else
        memset(copy + page * PAGE, 0, PAGE);
    write_file(copy, n_pages * PAGE);
    check_outcome(is_bad, with_random ? "random page" : "zeroed page", page + 1);
    /* The damaged file was only read. */
    static uint8_t after[PAGES_MAX * PAGE];
    const int fd = open(h.path, O_RDONLY);
    ck_assert_int_eq(read(fd, after, sizeof after), (ssize_t)(n_pages * PAGE));
    close(fd);
    ck_assert_mem_eq(after, copy, n_pages * PAGE);
}

START_TEST(every_page_zeroed)
{
    /* Few pages concern everybody; most concern one or two. */
    size_t n_common = 0, n_none = 0;
    for (size_t page = 0; page < n_pages; page++) {
        size_t n = 0;
        for (int i = 0; i < N; i++)
            n += concerns[i][page];
        n_common += n == N;
        n_none += n == 0;
    }
    ck_assert_uint_gt(n_pages, 60);
    ck_assert_uint_le(n_common, 12);
    ck_assert_uint_ge(n_none, 20);
    for (size_t page = 0; page < n_pages; page++)
        damage_page(page, false);
}
END_TEST

START_TEST(every_page_replaced_by_noise)
{
    for (size_t page = 0; page < n_pages; page++)
        damage_page(page, true);
}
END_TEST

START_TEST(cut_at_every_page)
{
    for (size_t page = 0; page < n_pages; page++) {
        bool is_bad[PAGES_MAX] = {false};
        for (size_t i = page; i < n_pages; i++)
            is_bad[i] = true;
        write_file(whole, page * PAGE);
        check_outcome(is_bad, "cut before page", page + 1);
    }
}
END_TEST

START_TEST(a_whole_vault_is_not_salvaged)
{
    vpriv_salvage_report report;
    ck_fails(salvage(&report), VPRIV_E_STATE);
    ck_assert(!has_name("recordings") && !has_name("salvage.jws") && !has_name("rebuilt.part"));
}
END_TEST

static int64_t block_page(int i, int sequence)
{
    bool pages[PAGES_MAX] = {false};
    find_rows("SELECT substr(sealed, 1000) FROM block WHERE id = ?1",
        row_of(&ids[i]) << 24 | sequence, pages);
    for (size_t page = 0; page < n_pages; page++)
        if (pages[page])
            return (int64_t)page;
    return -1;
}

/* Where each block begins, by the blocks themselves; last the end of the sound. As it is played. */
static size_t block_starts(int i, uint64_t starts[BLOCKS_MAX])
{
    vpriv_reader *reader = NULL;
    vpi_block_entry entry;
    size_t n = 0;
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_ok(vpriv_gate_open(h.vault, h.keyring, &ids[i], &request, &reader));
    const uint64_t pre_skip = reader->recording->tag.pre_skip_48k;
    while (vpi_gate_next_entry(reader, &entry) == VPRIV_OK)
        if (reader->next_block > n)
            starts[n++] = reader->walk.start_48k > pre_skip ? reader->walk.start_48k - pre_skip : 0;
    starts[n] = reader->recording->finish.n_frames_48k;
    vpriv_gate_close(reader);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    return n;
}

START_TEST(a_lost_block_is_a_gap_of_its_exact_length)
{
    uint64_t starts[BLOCKS_MAX + 1];
    vpriv_salvage_report report;
    const size_t n_blocks = block_starts(0, starts);
    read_file(); /* which was opened for that, and logged */
    ck_assert_uint_ge(n_blocks, 4);
    for (size_t b = 0; b < n_blocks; b++) {
        const int64_t page = block_page(0, (int)b);
        write_file(whole, n_pages * PAGE);
        const uint8_t other = (uint8_t)~whole[page * PAGE + 2000];
        const int fd = open(h.path, O_RDWR);
        ck_assert_int_eq(pwrite(fd, &other, 1, page * PAGE + 2000), 1); /* one byte */
        close(fd);
        ck_ok(salvage(&report));
        ck_assert_uint_eq(report.n_partial, 1);
        ck_assert_uint_eq(report.n_whole, N - 1);
        ck_assert_uint_eq(report.n_lost_frames_48k, starts[b + 1] - starts[b]);
        ck_assert(load(0));
        /* To a packet at its ends, which are played in part. */
        const uint64_t n_lost = check_invents_nothing(0);
        ck_assert_uint_le(n_lost, report.n_lost_frames_48k);
        ck_assert_uint_ge(n_lost + 2 * 960, report.n_lost_frames_48k);
        json_t *list = read_list();
        ck_assert_str_eq(listed_as(list, 0), "partial");
        json_t *lost =
            json_object_get(json_array_get(json_object_get(list, "recordings"), 0), "lost");
        ck_assert_uint_eq(json_array_size(lost), 1);
        ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(lost, 0), "from_48k")),
            (int64_t)starts[b]);
        json_decref(list);
        write_file(whole, n_pages * PAGE);
    }
}
END_TEST

START_TEST(an_old_copy_is_refused_and_a_vault_in_use_too)
{
    vpriv_salvage_report report;
    static const uint8_t zeros[PAGE];
    int ready[2];
    char byte = 0;
    ck_assert_int_eq(pipe(ready), 0);
    const pid_t child = fork(); /* before this process opens it: SQLite must not be carried over */
    if (child == 0) {
        vpriv_vault *vault = NULL;
        ck_ok(household_open_vault(&h, h.path, &vault));
        ck_assert_int_eq(write(ready[1], &byte, 1), 1);
        pause();
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_ok(vpriv_vault_erase(h.vault, &ids[0], 1, NULL));
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    ck_fails(salvage(&report), VPRIV_E_BUSY);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    char wal[PATH_BYTES + 8];
    snprintf(wal, sizeof wal, "%s-wal", h.path);
    unlink(wal);
    write_file(whole, n_pages * PAGE); /* as it was before the erasure, and damaged */
    const int fd = open(h.path, O_RDWR);
    ck_assert_int_eq(pwrite(fd, zeros, PAGE, block_page(1, 1) * PAGE), PAGE);
    close(fd);
    ck_fails(salvage(&report), VPRIV_E_ROLLBACK);
    ck_assert(!has_name("recordings"));
}
END_TEST

START_TEST(what_is_in_the_write_ahead_log_counts)
{
    vpriv_salvage_report report;
    char to[PATH_BYTES], wal[PATH_BYTES + 8];
    uint8_t byte = 0x55;
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ids[0] = record(h.ada, 77);
    export_from(h.vault, &ids[0], &originals[0]);
    household_copy(&h, "copy.vault"); /* as after a power cut */
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    household_file(&h, "copy.vault", to);
    snprintf(wal, sizeof wal, "%s-wal", to);
    ck_assert_int_eq(access(wal, F_OK), 0);
    strcpy(h.path, to);
    ck_fails(salvage(&report), VPRIV_E_STATE);
    const int fd = open(to, O_WRONLY); /* the schema, which is in every vault the same */
    ck_assert_int_eq(pwrite(fd, &byte, 1, 4000), 1);
    close(fd);
    const int log = open(wal, O_RDWR);
    const off_t n = lseek(log, 0, SEEK_END);
    ck_assert_int_gt(n, 4 * PAGE);
    ck_assert_int_eq(pwrite(log, &byte, 1, 32 + 24 + 8), 1);
    close(log);
    ck_ok(salvage(&report)); /* the log is damaged in its first frame: what is in it is lost */
    ck_assert(!load(0));
    ck_assert(load(1) && is_bit_exact(1));
    for (int i = N; i < N + 3; i++)
        ck_assert(!load(i));
}
END_TEST

static size_t read_text(const char *name, char *text_out, size_t capacity)
{
    char path[PATH_BYTES * 2];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    const size_t n = fread(text_out, 1, capacity, file);
    ck_assert_uint_lt(n, capacity);
    fclose(file);
    return n;
}

/* The list beside the record is the one that was signed. */
static void check_details(const json_t *details, const vpriv_salvage_report *report)
{
    static char text[1 << 20];
    uint8_t hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof hash + 1];
    const size_t n =
        read_text(json_string_value(json_object_get(details, "file")), text, sizeof text);
    crypto_hash_sha256(hash, (const uint8_t *)text, n);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    ck_assert_str_eq(json_string_value(json_object_get(details, "sha256")), hex);
    json_t *list = json_loadb(text, n, 0, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(list, "opens")), N);
    ck_assert_uint_eq(json_array_size(json_object_get(list, "damage")), report->n_damages);
    json_decref(list);
}

START_TEST(the_record_is_signed_and_says_who)
{
    vpriv_salvage_report report;
    static const uint8_t zeros[PAGE];
    static char text[1 << 16];
    const int fd = open(h.path, O_RDWR);
    ck_assert_int_eq(pwrite(fd, zeros, PAGE, block_page(1, 1) * PAGE), PAGE);
    close(fd);
    ck_ok(salvage(&report));
    const size_t n = read_text("salvage.jws", text, sizeof text);
    char *payload = NULL;
    size_t n_payload = 0;
    ck_ok(vpi_jose_open(text, n, h.keyring->device_public_key, &payload, &n_payload));
    json_t *record = json_loadb(payload, n_payload, 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(record, "actor")), "ada");
    ck_assert_str_eq(json_string_value(json_object_get(record, "reason")), "the disk is broken");
    ck_assert_int_eq(json_integer_value(json_object_get(record, "n_opens")), N);
    check_details(json_object_get(record, "details"), &report);
    ck_assert_ptr_nonnull(
        strstr(json_string_value(json_object_get(record, "note")), "could not take this"));
    json_decref(record);
    free(payload);
}
END_TEST

/* Pages behind the vault's own, each with as many cells as fit, and none that is one: one finding each; and so
 * many of them that a list of all could not be signed. */
START_TEST(what_is_whole_comes_out_however_much_is_damaged)
{
    static uint8_t noise[PAGE] = {0x0d, 0, 0, 2040 >> 8, 2040 & 0xff};
    static const size_t n_bad[] = {8, 16000};
    vpriv_salvage_report report;
    for (size_t i = 0; i < 2; i++) {
        const int fd = open(h.path, O_RDWR);
        for (size_t page = 0; page < n_bad[i]; page++)
            ck_assert_int_eq(pwrite(fd, noise, PAGE, (off_t)((n_pages + page) * PAGE)), PAGE);
        close(fd);
        ck_ok(salvage(&report));
        ck_assert_uint_eq(report.n_damages, n_bad[i]);
        ck_assert_uint_eq(report.n_whole, N);
        for (int r = 0; r < N; r++)
            ck_assert(load(r) && is_bit_exact(r));
        ck_assert(has_name("salvage.jws") && has_name("salvage.json"));
    }
}
END_TEST

static uint32_t be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The page with a recording's header. */
static size_t header_page(int i)
{
    bool pages[PAGES_MAX] = {false};
    find_rows("SELECT header FROM recording WHERE id = ?1", row_of(&ids[i]), pages);
    for (size_t page = 0; page < n_pages; page++)
        if (pages[page])
            return page;
    return 0;
}

/* An old version on a free page says that nobody set the recording aside. */
START_TEST(an_old_version_is_not_taken_for_the_present_one)
{
    static uint8_t old[PAGE];
    vpriv_salvage_report report;
    uint64_t n_left = 1;
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_ok(vpriv_recording_lift(h.vault, &ids[N], 1, "ada", NULL));
    vpriv_vault_close(h.vault);
    read_file();
    const size_t page = header_page(N);
    memcpy(old, whole + page * PAGE, PAGE);
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_ok(
        vpriv_recording_restrict(h.vault, &ids[N], 1, VPRIV_RESTRICTION_DISPUTE, "ada", "dispute"));
    while (n_left > 0)
        ck_ok(vpriv_vault_tidy(h.vault, 1000, &n_left)); /* frees the pages of what was erased */
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    read_file();
    ck_assert_uint_eq(header_page(N), page);
    const uint32_t trunk = be32(whole + 32);
    ck_assert_uint_gt(trunk, 0);
    ck_assert_uint_gt(be32(whole + (trunk - 1) * PAGE + 4), 0);
    const uint32_t free_page = be32(whole + (trunk - 1) * PAGE + 8);
    memcpy(whole + (free_page - 1) * PAGE, old, PAGE);
    memset(whole + page * PAGE, 0, PAGE);
    write_file(whole, n_pages * PAGE); /* the list of free pages is whole: it is on it */
    ck_ok(salvage(&report));
    ck_assert(!load(N));
    memset(whole, 0, 100); /* and now it is not */
    write_file(whole, n_pages * PAGE);
    ck_ok(salvage(&report));
    ck_assert(!load(N));
    json_t *list = read_list();
    char *text = json_dumps(list, 0);
    ck_assert_ptr_nonnull(strstr(text, "may be an old one"));
    free(text);
    json_decref(list);
}
END_TEST

/* One letter of a table's text: nothing is lost, but the vault does not open. */
static void damage_schema(void)
{
    static const char words[] = "CREATE TABLE wrap(";
    int n = 0; /* also where SQLite left an old copy */
    for (uint8_t *at; (at = memmem(whole, n_pages * PAGE, words, strlen(words))); n++)
        at[7] = 'V';
    ck_assert_int_gt(n, 0);
    write_file(whole, n_pages * PAGE);
}

START_TEST(a_changed_schema_costs_nothing)
{
    vpriv_salvage_report report;
    damage_schema();
    ck_fails(household_open_vault(&h, h.path, &h.vault), VPRIV_E_AUTH);
    ck_ok(salvage(&report));
    ck_assert_uint_eq(report.n_whole, N);
    for (int i = 0; i < N; i++)
        ck_assert(load(i) && is_bit_exact(i));
}
END_TEST

START_TEST(a_consent_of_so_many_uses_opens_nothing)
{
    vpriv_salvage_report report;
    uint8_t cleo[VPRIV_SUBJECT_ID_BYTES];
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_ok(vpriv_subject_add(h.vault, VPRIV_SUBJECT_USER, "Cleo", NULL, cleo));
    ck_ok(household_give_with(
        &h, cleo, VPRIV_PURPOSE_KEEP_HISTORY, (vpriv_consent_evidence){.max_uses = 5}));
    ids[0] = record(cleo, 99);
    export_from(h.vault, &ids[0], &originals[0]);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    read_file();
    damage_schema();
    ck_ok(salvage(&report));
    ck_assert(!load(0));
    ck_assert(load(1) && is_bit_exact(1));
    json_t *list = read_list();
    ck_assert_str_eq(listed_as(list, 0), "closed");
    json_decref(list);
}
END_TEST

/* The pause is over when the record is on the disk: only then each recording is asked about again. */
static bool let_time_pass(void *user, uint64_t n_done, uint64_t n_all)
{
    int *n_passes = user;
    (void)n_all;
    if (n_done == 0 && ++*n_passes == 2)
        household_pass(&h, DAY_US);
    return true;
}

START_TEST(what_the_record_does_not_have_is_not_opened)
{
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    const vpriv_pause pause = {.struct_size = sizeof pause,
        .purposes = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY),
        .until_us = household_clock(h.cell) + DAY_US / 2,
        .actor = "ada"};
    vpriv_salvage_report report = {.struct_size = sizeof report};
    int n_passes = 0;
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    ck_ok(vpriv_pause_begin(h.vault, &pause));
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    read_file();
    damage_schema();
    ck_ok(vpriv_vault_salvage(
        h.path, h.root, h.keyring, &options, &request, folder, let_time_pass, &n_passes, &report));
    ck_assert_int_eq(n_passes, 2);
    ck_assert_uint_eq(report.n_whole, 0);
    ck_assert_uint_ge(report.n_closed, N);
    for (int i = 0; i < N; i++)
        ck_assert(!load(i));
    ck_ok(salvage(&report)); /* and now it is, and they are */
    ck_assert_uint_eq(report.n_whole, N);
}
END_TEST

/* The pages of a column of all rows. */
static void zero_pages_of(const char *sql)
{
    bool pages[PAGES_MAX] = {false};
    find_rows(sql, 0, pages);
    for (size_t page = 0; page < n_pages; page++)
        if (pages[page])
            memset(whole + page * PAGE, 0, PAGE);
    write_file(whole, n_pages * PAGE);
}

/* Whoever speaks is gone with the damage (0), or what they were told (1), or what they said (2): nobody can decide
 * any more. That is not a no. What is set aside is shut either way. */
START_TEST(what_cannot_be_decided_is_lost)
{
    static const char *const rows[] = {"SELECT person FROM subject", "SELECT sealed FROM notice",
        "SELECT sealed FROM consent_record"};
    vpriv_salvage_report report;
    zero_pages_of(rows[_i]);
    ck_ok(salvage(&report));
    json_t *list = read_list();
    for (int i = 0; i < N; i++)
        ck_assert_msg(strcmp(listed_as(list, i), "lost") == 0, "%s", json_dumps(list, 0));
    ck_assert_str_eq(listed_as(list, N), "closed");
    ck_assert_uint_eq(report.n_lost, _i == 1 ? N : N + 1); /* that Bob said no is lost, too */
    ck_assert_uint_eq(report.n_whole + report.n_partial, 0);
    json_decref(list);
}
END_TEST

/* And without them being on a page that is damaged, it is one. */
START_TEST(what_is_not_open_for_other_reasons_is_closed)
{
    vpriv_salvage_report report;
    ck_ok(household_open_vault(&h, h.path, &h.vault));
    household_withdraw(&h, h.ada, VPRIV_PURPOSE_KEEP_HISTORY);
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    read_file();
    damage_schema();
    ck_ok(salvage(&report));
    ck_assert_uint_eq(report.n_lost, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("share salvage");
    TCase *tests = tcase_create("salvage");
    tcase_add_checked_fixture(tests, move_in, move_out);
    tcase_set_timeout(tests, 240);
    tcase_add_test(tests, a_whole_vault_is_not_salvaged);
    tcase_add_test(tests, a_lost_block_is_a_gap_of_its_exact_length);
    tcase_add_test(tests, the_record_is_signed_and_says_who);
    tcase_add_test(tests, what_is_whole_comes_out_however_much_is_damaged);
    tcase_add_test(tests, an_old_copy_is_refused_and_a_vault_in_use_too);
    tcase_add_test(tests, what_is_in_the_write_ahead_log_counts);
    tcase_add_test(tests, a_changed_schema_costs_nothing);
    tcase_add_test(tests, a_consent_of_so_many_uses_opens_nothing);
    tcase_add_test(tests, what_the_record_does_not_have_is_not_opened);
    tcase_add_loop_test(tests, what_cannot_be_decided_is_lost, 0, 3);
    tcase_add_test(tests, what_is_not_open_for_other_reasons_is_closed);
    tcase_add_test(tests, an_old_version_is_not_taken_for_the_present_one);
    tcase_add_test(tests, every_page_zeroed);
    tcase_add_test(tests, every_page_replaced_by_noise);
    tcase_add_test(tests, cut_at_every_page);
    suite_add_tcase(suite, tests);
    return unit_main(suite);
}
