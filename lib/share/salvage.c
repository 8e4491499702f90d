/* Getting out of a damaged vault what is not damaged. The order: rebuild, look at everything (each block is
 * opened and wiped, nobody hears it), write the record, and only then sound. */
#include "share/salvage.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/try.h"
#include "gate/gate.h"
#include "vault/check.h"
#include "vault/ingest.h"
#include "vault/rebuild.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REBUILT    "rebuilt.part"
#define README     "README.txt"
#define RECORDINGS "recordings"

static const char readme[] =
    "This is what could be got out of a damaged vault.\n\n"
    "recordings/     sound, as Ogg Opus. Where something is lost it has a gap of that length\n"
    "damage.txt      what is damaged or lost, and where; damage.json says the same for programs\n"
    "salvage.jws     who opened this, when and why, signed by the device: the vault's own log "
    "could\n"
    "                not take it. Check it with device-key.jwk, and that with one kept elsewhere\n"
    "salvage.json    what was opened; its SHA-256 is in salvage.jws\n\n"
    "Nothing in this folder is encrypted. Whoever has it can listen to it.\n";

typedef struct salvage {
    vpriv_vault *vault;
    const vpriv_keyring *keyring;
    const vpriv_gate_request *request;
    vpriv_storage_fn progress;
    void *user;
    vpi_folder folder, recordings;
    vpi_salvage_list list;
    vpi_part part;
    json_t *lost; /* of the recording at hand; NULL while looking */
    uint64_t n_lost_48k;
    uint64_t n_seen, n_all;
    size_t n_taken; /* of those that the record says are opened: both are in the rows' order */
    bool is_damaged;
    bool is_heard;   /* there is sound: from here on what was made stays */
    uint32_t broken; /* tables that may lack rows: VPI_MISSES_PERSON and so on */
    vpriv_salvage_report report;
} salvage;

static void note_page(void *user, uint32_t page, const char *table, const char *what)
{
    static const struct {
        const char *table;
        uint32_t what;
    } asked[] = {{"subject", VPI_MISSES_PERSON}, {"consent_record", VPI_MISSES_CONSENT},
        {"notice", VPI_MISSES_NOTICE}};
    salvage *s = user;
    s->is_damaged = true;
    for (size_t i = 0; table && i < sizeof asked / sizeof asked[0]; i++)
        if (strcmp(table, asked[i].table) == 0)
            s->broken |= asked[i].what;
    vpi_salvage_damage(&s->list, page, table, what);
}

static void note_finding(void *user, const char *finding)
{
    note_page(user, 0, NULL, finding);
}

static void note_lost(void *user, uint64_t from_48k, uint64_t n_48k)
{
    salvage *s = user;
    s->n_lost_48k += n_48k;
    if (s->lost)
        vpi_salvage_stretch(&s->list, s->lost, from_48k, n_48k);
}

static vpriv_status tell(const salvage *s)
{
    if (!s->progress || s->progress(s->user, s->n_seen, s->n_all))
        return VPRIV_OK;
    return vpi_fail(VPRIV_E_CANCELLED, s->is_heard
                                           ? "the salvage was stopped; the folder is not finished"
                                           : "the salvage was stopped; nothing of it is left");
}

/* What recording processes left is taken over in the copy; all of it or, where that fails, nothing. */
static vpriv_status adopt(vpriv_vault *vault)
{
    vpriv_status st = vpi_database_script(vault->database, "SAVEPOINT adoption");
    if (st == VPRIV_OK && vpi_ingest_adopt_all(vault) != VPRIV_OK)
        st = vpi_database_script(vault->database, "ROLLBACK TO adoption");
    if (st == VPRIV_OK)
        vpi_fail_clear();
    return st;
}

static vpriv_status check_rows(salvage *s)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_check check = {.vault = s->vault, .fn = note_finding, .user = s, .is_copy = true};
    VPI_TRY(vpi_check_keys(&check));
    VPI_TRY(vpi_check_people(&check));
    VPI_TRY(vpi_check_recordings(&check));
    VPI_TRY(vpi_check_log(&check));
    VPI_TRY(vpi_check_rest(&check));
    st = VPRIV_OK;
out:
    return st;
}

static bool is_trouble(vpriv_status status)
{
    return status == VPRIV_E_IO || status == VPRIV_E_FULL || status == VPRIV_E_MEMORY ||
           status == VPRIV_E_BUSY || status == VPRIV_E_CANCELLED || status == VPRIV_E_INTERNAL ||
           status == VPRIV_E_NO_KEY;
}

/* Every block is opened, and forgotten: whether there is anything to salvage at all. */
static vpriv_status look_at_sound(salvage *s, vpriv_reader *reader)
{
    vpi_block_entry entry;
    vpriv_status st = VPRIV_OK;
    while ((st = vpi_gate_next_entry(reader, &entry)) == VPRIV_OK)
        ;
    if (reader->n_bad_blocks > 0 && !s->lost) {
        char id[2 * VPI_RECORDING_ID_BYTES + 1], what[128];
        sodium_bin2hex(id, sizeof id, reader->recording->id, VPI_RECORDING_ID_BYTES);
        snprintf(what, sizeof what, "%llu of %llu blocks of recording %s do not open",
            (unsigned long long)reader->n_bad_blocks,
            (unsigned long long)(reader->n_bad_blocks + reader->n_good_blocks), id);
        note_page(s, 0, "block", what);
    }
    return st == VPRIV_E_NOT_FOUND ? VPRIV_OK : st;
}

static vpriv_status look_at(salvage *s, int64_t row, const vpi_recording *recording)
{
    vpriv_reader *reader = NULL;
    uint32_t reasons = 0;
    vpriv_status st = vpi_gate_salvage(s->vault, s->keyring, row, s->request, &reader, &reasons);
    if (st == VPRIV_OK) {
        vpi_salvage_will_open(&s->list, recording->id);
        st = look_at_sound(s, reader);
    }
    vpriv_gate_close(reader);
    if (!is_trouble(st)) {
        s->is_damaged = s->is_damaged || (st != VPRIV_OK && st != VPRIV_E_CONSENT);
        vpi_fail_clear();
        st = VPRIV_OK;
    }
    return st;
}

static vpriv_status write_sound(void *user, const void *bytes, size_t n_bytes)
{
    salvage *s = user;
    return vpi_part_write(&s->part, bytes, n_bytes);
}

static vpriv_status write_file(salvage *s, vpriv_reader *reader, const char *name)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    reader->lost_fn = note_lost;
    reader->lost_user = s;
    s->is_heard = true;
    VPI_TRY(vpi_part_begin(&s->recordings, name, &s->part));
    VPI_TRY(vpriv_gate_export_opus(reader, write_sound, s));
    VPI_TRY(vpi_part_finish(&s->part));
    st = VPRIV_OK;
out:
    vpi_part_abandon(&s->part);
    return st;
}

/* A recording of which not one block opens is lost, and no file of nothing is made. */
static bool has_sound(const vpriv_reader *reader)
{
    return reader->n_blocks == 0 || reader->n_good_blocks > 0;
}

static vpriv_status write_recording(
    salvage *s, int64_t row, const vpi_recording *recording, vpi_salvaged *how_out, char *name_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpriv_reader *reader = NULL;
    vpriv_recording_info info;
    uint32_t reasons = 0;
    s->n_lost_48k = 0;
    const vpriv_status opened =
        vpi_gate_salvage(s->vault, s->keyring, row, s->request, &reader, &reasons);
    if (opened == VPRIV_E_CONSENT)
        *how_out = vpi_gate_misses(s->vault, recording, s->request->purpose, reasons) & s->broken
                       ? VPI_SALVAGED_LOST
                       : VPI_SALVAGED_CLOSED;
    VPI_TRY(opened);
    *how_out = VPI_SALVAGED_CLOSED;
    VPI_ENSURE(vpi_salvage_opens(&s->list, &s->n_taken, recording->id), VPRIV_E_CONSENT,
        "it was not open yet when the record was signed");
    VPI_TRY(look_at_sound(s, reader));
    *how_out = VPI_SALVAGED_LOST;
    if (has_sound(reader)) {
        vpi_recording_describe(recording, &info);
        vpi_folder_sound_name(&info, name_out);
        *how_out = reader->n_bad_blocks > 0 ? VPI_SALVAGED_PARTIAL : VPI_SALVAGED_WHOLE;
        vpriv_gate_close(reader);
        reader = NULL;
        VPI_TRY(vpi_gate_salvage(s->vault, s->keyring, row, s->request, &reader, &reasons));
        VPI_TRY(write_file(s, reader, name_out));
    }
    st = VPRIV_OK;
out:
    vpriv_gate_close(reader);
    return st;
}

static vpriv_status take(salvage *s, int64_t row, const vpi_recording *recording)
{
    char name[VPI_FOLDER_NAME_BYTES] = "", why[VPRIV_DETAIL_BYTES] = "";
    vpi_salvaged how = VPI_SALVAGED_LOST;
    s->lost = json_array();
    if (!s->lost)
        return vpi_fail(VPRIV_E_MEMORY, "no memory for the list of damage");
    const vpriv_status st = write_recording(s, row, recording, &how, name);
    if (is_trouble(st)) {
        json_decref(s->lost);
        s->lost = NULL;
        return st;
    }
    if (st != VPRIV_OK && recording->state == VPRIV_RECORDING_RESTRICTED)
        how = VPI_SALVAGED_CLOSED; /* whatever else cannot be decided */
    else if (st != VPRIV_OK && st != VPRIV_E_CONSENT)
        how = VPI_SALVAGED_LOST;
    if (st == VPRIV_E_CONSENT && how == VPI_SALVAGED_LOST)
        snprintf(why, sizeof why, "consent cannot be decided: what somebody said is lost");
    else if (st != VPRIV_OK)
        snprintf(why, sizeof why, "%s", vpriv_error_detail());
    else if (how == VPI_SALVAGED_LOST)
        snprintf(why, sizeof why, "none of its blocks opens");
    s->report.n_whole += how == VPI_SALVAGED_WHOLE;
    s->report.n_partial += how == VPI_SALVAGED_PARTIAL;
    s->report.n_lost += how == VPI_SALVAGED_LOST;
    s->report.n_closed += how == VPI_SALVAGED_CLOSED;
    s->report.n_lost_frames_48k += how == VPI_SALVAGED_PARTIAL ? s->n_lost_48k : 0;
    const bool has_file = how == VPI_SALVAGED_WHOLE || how == VPI_SALVAGED_PARTIAL;
    vpi_salvage_recording(&s->list, recording->id, how, has_file ? name : NULL, why, s->lost);
    s->lost = NULL;
    vpi_fail_clear();
    return VPRIV_OK;
}

typedef vpriv_status (*each_fn)(salvage *s, int64_t row, const vpi_recording *recording);

/* A row whose description does not open has an id all the same, if only by its own word. */
static vpriv_status lose_row(salvage *s, int64_t row, bool counts)
{
    vpi_row found = VPI_NO_ROW;
    uint8_t id[VPI_RECORDING_ID_BYTES];
    vpriv_status st = vpi_database_query(
        s->vault->database, &found, "SELECT name FROM recording WHERE id = ?1", "i", row);
    if (st == VPRIV_OK)
        st = vpi_column_copy(&found, 0, id, sizeof id);
    vpi_row_end(&found);
    s->is_damaged = true;
    if (counts) {
        s->report.n_lost++;
        if (st == VPRIV_OK)
            vpi_salvage_recording(&s->list, id, VPI_SALVAGED_LOST, NULL,
                "its description, or its key, does not open", json_array());
    }
    vpi_fail_clear();
    return VPRIV_OK;
}

static vpriv_status each(salvage *s, each_fn fn, bool counts)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_recording *recording = NULL;
    int64_t row = 0;
    s->n_seen = 0;
    VPI_TRY(vpi_alloc(1, sizeof *recording, (void **)&recording));
    for (;; s->n_seen++) {
        const vpriv_status next = vpi_check_next_recording(s->vault, row, &row);
        if (next == VPRIV_E_NOT_FOUND)
            break;
        VPI_TRY(next);
        VPI_TRY(tell(s));
        const vpriv_status loaded = vpi_recording_load(s->vault, row, recording);
        if (is_trouble(loaded))
            VPI_TRY(loaded);
        if (loaded != VPRIV_OK)
            VPI_TRY(lose_row(s, row, counts));
        else if (recording->state == VPRIV_RECORDING_COMMITTED ||
                 recording->state == VPRIV_RECORDING_RESTRICTED)
            VPI_TRY(fn(s, row, recording));
    }
    s->n_all = s->n_seen;
    st = VPRIV_OK;
out:
    free(recording);
    return st;
}

/* Blocks whose recording has no row left: all that can be said is how many. */
static vpriv_status count_strays(salvage *s)
{
    vpi_row row = VPI_NO_ROW;
    vpriv_status st = vpi_database_query(s->vault->database, &row,
        "SELECT id >> 24, count(*) FROM block WHERE id >> 24 NOT IN (SELECT id FROM recording)"
        " GROUP BY 1",
        "");
    while (st == VPRIV_OK) {
        s->report.n_lost++;
        st = vpi_row_next(&row);
    }
    vpi_row_end(&row);
    return st == VPRIV_E_NOT_FOUND ? VPRIV_OK : st;
}

static vpriv_status refuse_name(void *user, const char *name)
{
    (void)user;
    (void)name;
    return vpi_fail(VPRIV_E_EXISTS, "the folder has files: a salvage takes a new one");
}

static vpriv_status put_readme(const vpi_folder *folder)
{
    vpi_part part = {.fd = -1};
    vpriv_status st = vpi_part_begin(folder, README, &part);
    if (st == VPRIV_OK)
        st = vpi_part_write(&part, readme, strlen(readme));
    if (st == VPRIV_OK)
        st = vpi_part_finish(&part);
    vpi_part_abandon(&part);
    return st;
}

static vpriv_status write_all(salvage *s)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_salvage_write_record(&s->list, &s->folder, s->vault, s->request));
    VPI_TRY(put_readme(&s->folder));
    VPI_TRY(vpi_folder_open_in(&s->folder, RECORDINGS, &s->recordings));
    VPI_TRY(each(s, take, true));
    VPI_TRY(count_strays(s));
    s->report.n_damages = json_array_size(s->list.damages);
    VPI_TRY(vpi_folder_sync(&s->recordings));
    VPI_TRY(vpi_salvage_write_list(&s->list, &s->folder, s->vault->vault_id, &s->report));
    VPI_TRY(vpi_folder_sync(&s->folder));
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status check_arguments(const char *path, const salvage *s, const char *folder)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(path && path[0] && folder && folder[0] && s->keyring, VPRIV_E_ARG,
        "a vault file, its root store, a keyring and a folder are needed");
    VPI_TRY(vpi_gate_check_request(s->request));
    VPI_ENSURE(vpriv_keyring_purposes(s->keyring) >> s->request->purpose & 1, VPRIV_E_NO_KEY,
        "the keyring does not hold the key of %s", vpriv_purpose_name(s->request->purpose));
    if (access(path, F_OK) != 0) {
        st = vpi_errno_failed(errno, path);
        goto out;
    }
    st = VPRIV_OK;
out:
    return st;
}

/* In a folder that had nothing: the rebuilt tables, and when it failed before anybody could hear anything all that
 * was made. */
static void clean_up(salvage *s, vpriv_status status)
{
    static const char *const rebuilt[] = {REBUILT, REBUILT "-wal", REBUILT "-shm"};
    static const char *const written[] = {README, VPI_SALVAGE_FILES};
    vpi_folder_remove_all(&s->folder, rebuilt, sizeof rebuilt / sizeof rebuilt[0]);
    if (status == VPRIV_OK || s->is_heard)
        return;
    vpi_folder_remove_all(&s->folder, written, sizeof written / sizeof written[0]);
    vpi_folder_take_back_in(&s->folder, RECORDINGS, &s->recordings);
}

/* What the tables' names and texts are is taken from elsewhere; that they are changed keeps the vault from
 * opening all the same. With a write-ahead log the file alone says nothing. */
static vpriv_status look_at_head(salvage *s, const char *path)
{
    vpriv_vault *vault = NULL;
    struct stat log;
    char *name = NULL;
    vpriv_status st = vpi_path_with(path, "-wal", &name);
    if (st != VPRIV_OK)
        return st;
    if (stat(name, &log) != 0 || log.st_size == 0) {
        const vpriv_status opened = vpi_vault_open_still(path, NULL, &vault);
        if (opened == VPRIV_E_AUTH || opened == VPRIV_E_FORMAT)
            note_page(
                s, 1, "sqlite_schema", "the head of the file, or its list of tables, is damaged");
        vpriv_vault_close(vault);
        vpi_fail_clear();
    }
    free(name);
    return VPRIV_OK;
}

static vpriv_status open_rebuilt(salvage *s, const char *path, vpriv_root_store *root,
    const vpriv_vault_options *options, const char *folder)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_database *database = NULL;
    bool has_unread = false;
    char into[4096];
    const int n = snprintf(into, sizeof into, "%s/%s", folder, REBUILT);
    VPI_ENSURE(n > 0 && (size_t)n < sizeof into, VPRIV_E_ARG, "the folder's name is too long");
    VPI_TRY(vpi_rebuild(path, into, note_page, s, &has_unread, &database));
    VPI_TRY(vpi_vault_open_rebuilt(database, root, s->keyring, options, &s->vault));
    VPI_TRY(adopt(s->vault));
    VPI_TRY(look_at_head(s, path));
    st = VPRIV_OK;
out:
    /* What is missing may be on a page that the disk does not give, and is not damaged then. */
    if (has_unread && (st == VPRIV_E_AUTH || st == VPRIV_E_FORMAT))
        st = vpi_fail(VPRIV_E_IO, "%s: pages that are needed cannot be read", path);
    return st;
}

vpriv_status vpriv_vault_salvage(const char *path, vpriv_root_store *root,
    const vpriv_keyring *keyring, const vpriv_vault_options *options,
    const vpriv_gate_request *request, const char *folder, vpriv_storage_fn progress, void *user,
    vpriv_salvage_report *report_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    salvage s = {.keyring = keyring,
        .request = request,
        .progress = progress,
        .user = user,
        .folder = {.fd = -1},
        .recordings = {.fd = -1},
        .part = {.fd = -1},
        .report = {.struct_size = sizeof s.report}};
    bool is_ours = false;
    vpi_fail_clear();
    VPI_ENSURE(!report_out || report_out->struct_size == sizeof *report_out, VPRIV_E_ARG,
        "vpriv_salvage_report.struct_size is not set");
    VPI_ENSURE(root, VPRIV_E_ARG, "a root store is needed");
    VPI_TRY(vpi_crypto_init());
    VPI_TRY(check_arguments(path, &s, folder));
    VPI_TRY(vpi_salvage_list_open(&s.list));
    VPI_TRY(vpi_folder_open(folder, &s.folder));
    VPI_TRY(vpi_folder_each(&s.folder, refuse_name, NULL));
    is_ours = true;
    VPI_TRY(open_rebuilt(&s, path, root, options, folder));
    VPI_TRY(check_rows(&s));
    VPI_TRY(each(&s, look_at, false));
    VPI_ENSURE(s.is_damaged, VPRIV_E_STATE,
        "the vault is not damaged: what is opened of it has to stand in its log (export-all)");
    VPI_TRY(write_all(&s));
    st = VPRIV_OK;
out:
    vpriv_vault_close(s.vault);
    if (is_ours)
        clean_up(&s, st);
    vpi_folder_close(&s.recordings);
    if (st != VPRIV_OK && !s.is_heard)
        vpi_folder_take_back(&s.folder, folder);
    vpi_folder_close(&s.folder);
    vpi_salvage_list_close(&s.list);
    if (report_out && report_out->struct_size == sizeof *report_out)
        *report_out = s.report;
    return st;
}
