#include "salvage_world.h"
#include "packets/ogg_reader.h"
#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#define N_FRAMES (4 * HOUSEHOLD_RATE_HZ)

household h;
vpriv_recording_id ids[N_OPEN + 3];
sound originals[N_OPEN + 3];
uint8_t whole[PAGES_MAX * PAGE];
size_t n_pages;
bool concerns[N_OPEN][PAGES_MAX];
char folder[PATH_BYTES];
sound found;

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

const vpriv_gate_request request = {.struct_size = sizeof request,
    .purpose = VPRIV_PURPOSE_KEEP_HISTORY,
    .actor = "ada",
    .reason = "the disk is broken"};

void export_from(vpriv_vault *vault, const vpriv_recording_id *id, sound *s)
{
    bytes b = {0};
    vpriv_reader *reader = NULL;
    ck_ok(vpriv_gate_open(vault, h.keyring, id, &request, &reader));
    ck_ok(vpriv_gate_export_opus(reader, keep_bytes, &b));
    vpriv_gate_close(reader);
    parse_sound(&b, s);
}

vpriv_recording_id record(const uint8_t *subject, unsigned seed)
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

static void find_blob(const uint8_t *blob, size_t n_bytes, bool *pages)
{
    for (size_t from = 0; from + 32 <= n_bytes; from += 16)
        for (size_t page = 0; page < n_pages; page++)
            if (!pages[page] && memmem(whole + page * PAGE, PAGE, blob + from, 32))
                pages[page] = true;
}

void find_rows(const char *sql, int64_t row, bool *pages)
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

int64_t row_of(const vpriv_recording_id *id)
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
    for (int i = 0; i < N_OPEN; i++) {
        const int64_t row = row_of(&ids[i]);
        memcpy(concerns[i], common, sizeof common);
        find_rows("SELECT sealed FROM block WHERE id >> 24 = ?1", row, concerns[i]);
        find_rows("SELECT sealed FROM wrap WHERE recording = ?1", row, concerns[i]);
        find_rows("SELECT header FROM recording WHERE id = ?1", row, concerns[i]);
    }
}

void read_file(void)
{
    const int fd = open(h.path, O_RDONLY);
    const ssize_t n = read(fd, whole, sizeof whole);
    ck_assert_int_gt(n, 0);
    ck_assert_int_lt(n, (ssize_t)sizeof whole);
    n_pages = (size_t)n / PAGE;
    close(fd);
}

void write_file(const uint8_t *data, size_t n)
{
    const int fd = open(h.path, O_WRONLY | O_TRUNC | O_CREAT, 0600);
    ck_assert_int_eq(write(fd, data, n), (ssize_t)n);
    close(fd);
}

void remove_all(const char *path)
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

void move_in(void)
{
    household_open(&h, HOUSEHOLD_FORGETS);
    household_file(&h, "out", folder);
    household_give(&h, h.ada, VPRIV_PURPOSE_KEEP_HISTORY);
    household_give(&h, h.bob, VPRIV_PURPOSE_KEEP_HISTORY);
    for (unsigned i = 0; i < N_OPEN + 3; i++) {
        ids[i] = record(i == N_OPEN + 1 ? h.bob : h.ada, i + 1);
        export_from(h.vault, &ids[i], &originals[i]);
        for (size_t j = 0; j < originals[i].n; j++)
            ck_assert_uint_gt(originals[i].items[j].n_bytes, 1); /* no gap of its own */
    }
    ck_ok(vpriv_recording_restrict(
        h.vault, &ids[N_OPEN], 1, VPRIV_RESTRICTION_DISPUTE, "ada", "dispute"));
    household_withdraw(&h, h.bob, VPRIV_PURPOSE_KEEP_HISTORY);
    ck_ok(vpriv_vault_erase(h.vault, &ids[N_OPEN + 2], 1, NULL));
    vpriv_vault_close(h.vault);
    h.vault = NULL;
    read_file();
    map_pages();
}

void move_out(void)
{
    remove_all(folder);
    household_close(&h);
}

vpriv_status salvage(vpriv_salvage_report *report)
{
    const vpriv_vault_options options = {
        .struct_size = sizeof options, .clock = household_clock, .clock_user = h.cell};
    *report = (vpriv_salvage_report){.struct_size = sizeof *report};
    remove_all(folder);
    return vpriv_vault_salvage(
        h.path, h.root, h.keyring, &options, &request, folder, NULL, NULL, report);
}

bool load(int i)
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

bool is_bit_exact(int i)
{
    return found.n == originals[i].n && found.length_48k == originals[i].length_48k &&
           memcmp(found.items, originals[i].items, found.n * sizeof found.items[0]) == 0;
}

uint64_t check_invents_nothing(int i)
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

json_t *read_list(void)
{
    char path[PATH_BYTES * 2];
    snprintf(path, sizeof path, "%s/damage.json", folder);
    json_t *list = json_load_file(path, 0, NULL);
    ck_assert_ptr_nonnull(list);
    return list;
}

const char *listed_as(const json_t *list, int i)
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

bool has_name(const char *name)
{
    char path[PATH_BYTES * 2];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

int64_t block_page(int i, int sequence)
{
    bool pages[PAGES_MAX] = {false};
    find_rows("SELECT substr(sealed, 1000) FROM block WHERE id = ?1",
        row_of(&ids[i]) << 24 | sequence, pages);
    for (size_t page = 0; page < n_pages; page++)
        if (pages[page])
            return (int64_t)page;
    return -1;
}

void damage_schema(void)
{
    static const char words[] = "CREATE TABLE wrap(";
    int n = 0; /* also where SQLite left an old copy */
    for (uint8_t *at; (at = memmem(whole, n_pages * PAGE, words, strlen(words))); n++)
        at[7] = 'V';
    ck_assert_int_gt(n, 0);
    write_file(whole, n_pages * PAGE);
}
