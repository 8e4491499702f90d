#include "fuzz/home.h"
#include "base/memory.h"
#include "base/random.h"
#include "keys/tree.h"
#include "vault/notice_store.h"
#include "vault/sealer.h"
#include <dirent.h>
#include <sodium.h>
#include <unistd.h>

home fuzz_home;

static char folder[64];
static vpriv_root_store *root;
static struct {
    bool is_there;
    uint8_t record[VPRIV_ROOT_RECORD_BYTES];
} cell;

static vpriv_status load(void *user, uint8_t *record_out)
{
    (void)user;
    if (!cell.is_there)
        return VPRIV_E_NOT_FOUND;
    memcpy(record_out, cell.record, sizeof cell.record);
    return VPRIV_OK;
}

static vpriv_status replace(void *user, const uint8_t *record)
{
    (void)user;
    cell.is_there = true;
    memcpy(cell.record, record, sizeof cell.record);
    return VPRIV_OK;
}

static vpriv_status destroy(void *user)
{
    (void)user;
    cell.is_there = false;
    return VPRIV_OK;
}

static int64_t fixed_clock(void *user)
{
    (void)user;
    return HOME_NOW_US;
}

static void close_all(void)
{
    vpriv_vault_close(fuzz_home.vault);
    vpriv_keyring_close(fuzz_home.keyring);
    vpriv_root_close(root);
    memset(&fuzz_home, 0, sizeof fuzz_home);
    root = NULL;
    cell.is_there = false;
    home_swap_end();
    home_watch((home_rows){0});
    DIR *files = opendir(folder);
    for (struct dirent *entry; files && (entry = readdir(files));) {
        char path[sizeof folder + 260];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        (void)unlink(path);
    }
    if (files)
        closedir(files);
    (void)rmdir(folder);
}

static void record(vpriv_vault *vault, bool finished, uint8_t id_out[VPI_RECORDING_ID_BYTES])
{
    static vpi_block_builder builder;
    uint8_t plain[VPI_BLOCK_PLAIN_BYTES];
    vpi_sealer *sealer = NULL;
    vpi_sealer_request request = {.required = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY),
        .optional = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW),
        .tag = {.n_subjects = 1,
            .all_identified = VPRIV_FACT_YES,
            .trigger = VPRIV_TRIGGER_BUTTON,
            .retention = VPRIV_RETENTION_36_MONTHS,
            .started_us = HOME_NOW_US,
            .rate_hz = 16000,
            .n_channels = 1,
            .pre_skip_48k = 312}};
    memcpy(request.tag.subjects[0], fuzz_home.ada.id, VPI_SUBJECT_ID_BYTES);
    vpi_block_clear(&builder, 0);
    fuzz_check(vpi_block_add_packet(&builder, (const uint8_t *)"\x78ound", 5));
    vpi_block_finish(&builder, plain);
    fuzz_must(vpi_sealer_create(vault, &request, &sealer));
    fuzz_must(vpi_sealer_write(sealer, plain, 1));
    fuzz_must(vpi_sealer_commit(sealer));
    if (finished)
        fuzz_must(vpi_sealer_finish(sealer, plain, VPRIV_END_STOPPED, 960));
    memcpy(id_out, vpi_sealer_recording_id(sealer), VPI_RECORDING_ID_BYTES);
    vpi_sealer_destroy(sealer);
}

#define SOURCE "\"source\":{\"law\":\"L\",\"article\":\"1\",\"looked_up\":\"2026-01-01\"}}"
static const char profile[] =
    "{\"voicepriv_jurisdiction\":1,\"name\":\"qx\",\"title\":\"T\",\"note\":\"N\",\"revision\":4,"
    "\"looked_up\":\"2026-01-01\",\"valid_until\":\"2300-01-01\",\"places\":[\"QX\"],\"rules\":["
    "{\"rule\":\"minimum_age\",\"years\":9,\"younger\":\"refused\"," SOURCE ","
    "{\"rule\":\"stop\",\"purposes\":[\"donation\"],\"from\":\"2200-01-01\"," SOURCE "]}";

/* Consents of several kinds; an authority with a profile; a surface and its word. */
static void settle(void)
{
    vpriv_vault *vault = fuzz_home.vault;
    const vpriv_notice notice = {sizeof notice, "all", "1", "en", "We keep it; people listen.", 26};
    const vpriv_consent_evidence tap = {.struct_size = sizeof tap, .notice_id = "all"};
    uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES], secret[crypto_sign_SECRETKEYBYTES];
    uint8_t surface[VPRIV_SURFACE_PUBLIC_KEY_BYTES];
    fuzz_must(vpriv_notice_add(vault, &notice, NULL));
    fuzz_must(vpriv_subject_add(vault, VPRIV_SUBJECT_USER, "Ada", "mail", fuzz_home.ada.id));
    fuzz_must(vpriv_consent_give(vault, fuzz_home.ada.id, VPRIV_PURPOSE_KEEP_HISTORY, &tap, NULL));
    fuzz_must(vpriv_consent_give(vault, fuzz_home.ada.id, VPRIV_PURPOSE_HUMAN_REVIEW, &tap, NULL));
    memset(fuzz_home.authority_seed, 'a', sizeof fuzz_home.authority_seed);
    crypto_sign_seed_keypair(fuzz_home.authority, secret, fuzz_home.authority_seed);
    fuzz_must(vpriv_jurisdiction_trust(vault, fuzz_home.authority, "acme"));
    fuzz_must(vpriv_authority_sign(VPRIV_DOCUMENT_JURISDICTION, profile, sizeof profile - 1,
        fuzz_home.authority_seed, signature));
    fuzz_must(vpriv_jurisdiction_install(vault, profile, sizeof profile - 1, signature, "acme"));
    fuzz_must(vpriv_subject_set_home(vault, fuzz_home.ada.id, "QX"));
    fuzz_must(vpriv_subject_set_birth(vault, fuzz_home.ada.id, 1980, 2));
    memset(fuzz_home.surface_seed, 's', sizeof fuzz_home.surface_seed);
    crypto_sign_seed_keypair(surface, secret, fuzz_home.surface_seed);
    fuzz_must(vpriv_surface_trust(vault, "app/phone", surface, "acme"));
    fuzz_must(
        vpriv_consent_withdraw(vault, fuzz_home.ada.id, VPRIV_PURPOSE_HUMAN_REVIEW, NULL, NULL));
}

static void transcribe(const uint8_t id[VPI_RECORDING_ID_BYTES])
{
    vpriv_recording_id recording;
    vpriv_derivative_id made;
    const vpriv_derivative transcript = {.struct_size = sizeof transcript,
        .kind = VPRIV_DERIVATIVE_TRANSCRIPT,
        .media_type = "text/plain",
        .language = "en",
        .made_by = "test",
        .purposes = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY)};
    memcpy(recording.bytes, id, sizeof recording.bytes);
    fuzz_must(vpriv_derivative_add(fuzz_home.vault, &recording, &transcript, "sound", 5, &made));
}

/* In another process this would be the recorder, which has no root key. */
static void capture(const char *path)
{
    const vpriv_vault_options options = {.struct_size = sizeof options, .clock = fixed_clock};
    vpriv_keyring *credential = NULL;
    vpriv_vault *vault = NULL;
    fuzz_must(vpriv_vault_capture_credential(fuzz_home.vault, &credential));
    fuzz_must(vpriv_vault_open_for_capture(path, credential, &options, &vault));
    record(vault, true, fuzz_home.pending);
    vpriv_vault_close(vault);
    vpriv_keyring_close(credential);
}

void home_open(void)
{
    const vpriv_root_callbacks callbacks = {
        sizeof callbacks, VPRIV_ASSURANCE_KEYED, load, replace, destroy, NULL};
    const vpriv_vault_options options = {.struct_size = sizeof options,
        .controller_id = "acme",
        .controller_country = "DE",
        .device_class = "speaker",
        .clock = fixed_clock};
    char path[sizeof folder + 8];
    uint8_t id[VPI_RECORDING_ID_BYTES];
    static vpi_recording recording;
    snprintf(folder, sizeof folder, "%s/voicepriv-fuzz-XXXXXX",
        access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    fuzz_check(mkdtemp(folder));
    fuzz_at_end(close_all);
    snprintf(path, sizeof path, "%s/vault", folder);
    fuzz_must(vpriv_root_callbacks_open(&callbacks, &root));
    fuzz_must(vpriv_vault_create(path, root, &options, &fuzz_home.keyring, &fuzz_home.vault));
    settle();
    record(fuzz_home.vault, true, id);
    transcribe(id);
    capture(path);
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    const uint8_t *ada = fuzz_home.ada.id;
    uint8_t name[VPI_SUBJECT_ID_BYTES];
    memcpy(name, ada, sizeof name);
    fuzz_must(vpi_subject_find(fuzz_home.vault, name, &fuzz_home.ada));
    fuzz_must(vpi_recording_find(fuzz_home.vault, id, &recording));
    fuzz_home.row = recording.row;
    fuzz_must(vpi_tree_get(fuzz_home.vault->tree, recording.key_slot, fuzz_home.shred_key));
    vpi_vault_leave(fuzz_home.vault);
}

void home_begin(void)
{
    fuzz_must(vpi_vault_enter(fuzz_home.vault, true));
    fuzz_must(vpi_vault_begin(fuzz_home.vault));
}

void home_undo(void)
{
    vpi_vault_rollback(fuzz_home.vault);
    vpi_vault_leave(fuzz_home.vault);
}

static home_rows swapped, watched;
static const void *other;
static size_t n_other;
static unsigned n_swapped;
static uint8_t seen[1 << 18];
static size_t n_seen;

void home_swap(home_rows rows, const void *plain, size_t n_bytes)
{
    swapped = rows;
    other = plain;
    n_other = n_bytes;
    n_swapped = 0;
}

void home_swap_end(void)
{
    swapped = (home_rows){0};
}

unsigned home_n_swapped(void)
{
    return n_swapped;
}

void home_watch(home_rows rows)
{
    watched = rows;
    n_seen = 0;
}

const uint8_t *home_seen(size_t *n_bytes_out)
{
    *n_bytes_out = n_seen;
    return seen;
}

void home_seed_seen(void)
{
    fuzz_check(n_seen > 0);
    fuzz_seed(seen, n_seen);
}

static bool is_one_of(const home_rows *rows, const vpi_place *place)
{
    return rows->column == place->column && (rows->row == 0 || rows->row == place->row) &&
           (!rows->extra || (rows->n_extra_bytes == place->n_extra_bytes &&
                                (rows->n_extra_bytes == 0 ||
                                    memcmp(rows->extra, place->extra, rows->n_extra_bytes) == 0)));
}

static void see(const vpi_place *place, const void *plain, size_t n_bytes)
{
    if (!is_one_of(&watched, place))
        return;
    fuzz_check(n_bytes <= sizeof seen);
    if (n_bytes)
        memcpy(seen, plain, n_bytes);
    n_seen = n_bytes;
}

/* The seals themselves (see -Wl,--wrap in sources.mk). */
vpriv_status __real_vpi_unseal(const uint8_t *key, const vpi_place *place, const void *sealed,
    size_t n_sealed, void *plain_out);
vpriv_status __wrap_vpi_unseal(const uint8_t *key, const vpi_place *place, const void *sealed,
    size_t n_sealed, void *plain_out);
vpriv_status __wrap_vpi_unseal(const uint8_t *key, const vpi_place *place, const void *sealed,
    size_t n_sealed, void *plain_out)
{
    const vpriv_status st = __real_vpi_unseal(key, place, sealed, n_sealed, plain_out);
    if (st != VPRIV_OK)
        return st;
    /* Callers know the length before they open: it is the one that was sealed. */
    const size_t n_plain = n_sealed - VPI_SEAL_OVERHEAD;
    if (is_one_of(&swapped, place)) {
        n_swapped++;
        memset(plain_out, 0, n_plain);
        memcpy(plain_out, other, n_other < n_plain ? n_other : n_plain);
    }
    see(place, plain_out, n_plain);
    return VPRIV_OK;
}

vpriv_status __real_vpi_unseal_padded(const uint8_t *key, const vpi_place *place,
    const void *sealed, size_t n_sealed, void *plain_out, size_t capacity, size_t *n_bytes_out);
vpriv_status __wrap_vpi_unseal_padded(const uint8_t *key, const vpi_place *place,
    const void *sealed, size_t n_sealed, void *plain_out, size_t capacity, size_t *n_bytes_out);
vpriv_status __wrap_vpi_unseal_padded(const uint8_t *key, const vpi_place *place,
    const void *sealed, size_t n_sealed, void *plain_out, size_t capacity, size_t *n_bytes_out)
{
    vpriv_status st =
        __real_vpi_unseal_padded(key, place, sealed, n_sealed, plain_out, capacity, n_bytes_out);
    if (st != VPRIV_OK)
        return st;
    if (is_one_of(&swapped, place)) {
        n_swapped++;
        if (VPI_PADDED_SEAL_BYTES(n_other) - VPI_SEAL_OVERHEAD > capacity)
            return vpi_auth_failed();
        memcpy(plain_out, other, n_other);
        *n_bytes_out = n_other;
    }
    see(place, plain_out, *n_bytes_out);
    return VPRIV_OK;
}

void __real_vpi_seal(const uint8_t *key, const vpi_place *place, const void *plain, size_t n_bytes,
    uint8_t *sealed_out);
void __wrap_vpi_seal(const uint8_t *key, const vpi_place *place, const void *plain, size_t n_bytes,
    uint8_t *sealed_out);
void __wrap_vpi_seal(const uint8_t *key, const vpi_place *place, const void *plain, size_t n_bytes,
    uint8_t *sealed_out)
{
    see(place, plain, n_bytes);
    __real_vpi_seal(key, place, plain, n_bytes, sealed_out);
}

vpriv_status __real_vpi_seal_padded(const uint8_t *key, const vpi_place *place, const void *plain,
    size_t n_bytes, uint8_t *sealed_out, size_t capacity, size_t *n_sealed_out);
vpriv_status __wrap_vpi_seal_padded(const uint8_t *key, const vpi_place *place, const void *plain,
    size_t n_bytes, uint8_t *sealed_out, size_t capacity, size_t *n_sealed_out);
vpriv_status __wrap_vpi_seal_padded(const uint8_t *key, const vpi_place *place, const void *plain,
    size_t n_bytes, uint8_t *sealed_out, size_t capacity, size_t *n_sealed_out)
{
    see(place, plain, n_bytes);
    return __real_vpi_seal_padded(key, place, plain, n_bytes, sealed_out, capacity, n_sealed_out);
}
