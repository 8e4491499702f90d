#include "vault/log_store.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/try.h"
#include "consent/text.h"
#include "vault/root_head.h"
#include "vault/subject.h"
#include <sodium.h>
#include <string.h>

#define LEVEL_SHIFT   56
#define OWNERS_MAX    VPI_SUBJECTS_MAX
#define OWNERS_BYTES  (1 + OWNERS_MAX * 8)
#define PAYLOAD_BYTES (VPRIV_LOG_HASH_BYTES + VPI_LOG_ENTRY_BYTES_MAX + VPI_SEAL_OVERHEAD)

static vpriv_status get_hash(void *user, uint32_t level, uint64_t index, uint8_t *hash_out)
{
    vpriv_vault *vault = user;
    vpi_row row = VPI_NO_ROW;
    vpriv_status st =
        vpi_database_query(vault->database, &row, "SELECT hash FROM log_hash WHERE id = ?1", "i",
            (int64_t)((uint64_t)level << LEVEL_SHIFT | index));
    if (st == VPRIV_OK)
        st = vpi_column_copy(&row, 0, hash_out, VPRIV_LOG_HASH_BYTES);
    vpi_row_end(&row);
    return vpi_must_exist(st);
}

static vpriv_status put_hash(void *user, uint32_t level, uint64_t index, const uint8_t *hash)
{
    vpriv_vault *vault = user;
    return vpi_database_run(vault->database, "INSERT INTO log_hash(id, hash) VALUES (?1, ?2)", "ib",
        (int64_t)((uint64_t)level << LEVEL_SHIFT | index), hash, (size_t)VPRIV_LOG_HASH_BYTES);
}

vpi_merkle_store vpi_log_hashes(vpriv_vault *vault)
{
    return (vpi_merkle_store){get_hash, put_hash, vault};
}

vpriv_status vpi_log_head_read(vpriv_vault *vault, vpi_log_head *head_out)
{
    uint8_t plain[VPI_PADDED_SEAL_BYTES(64)];
    size_t n_bytes = 0;
    vpriv_status st = vpi_state_read(vault, VPI_STATE_LOG, plain, sizeof plain, &n_bytes);
    if (st != VPRIV_OK)
        return st;
    vpi_reader r = vpi_reader_of(plain, n_bytes);
    head_out->size = vpi_get_u64(&r);
    vpi_get_copy(&r, head_out->root, sizeof head_out->root);
    head_out->clock_us = vpi_get_i64(&r);
    /* The vault's clock never runs back behind it: a time that no clock gives is none. */
    const bool is_possible = head_out->clock_us == 0 || vpi_time_is_plausible(head_out->clock_us);
    return vpi_reader_finish(&r, "log head") == VPRIV_OK && is_possible ? VPRIV_OK
                                                                        : vpi_auth_failed();
}

static vpriv_status head_write(vpriv_vault *vault, const vpi_log_head *head)
{
    uint8_t plain[64];
    vpi_writer w = vpi_writer_of(plain, sizeof plain);
    vpi_put_u64(&w, head->size);
    vpi_put_bytes(&w, head->root, sizeof head->root);
    vpi_put_i64(&w, head->clock_us);
    return vpi_state_write(vault, VPI_STATE_LOG, plain, vpi_writer_used(&w));
}

vpriv_status vpi_log_start(vpriv_vault *vault)
{
    vpi_log_head head = {0, {0}, vpi_vault_now_us(vault)};
    const vpi_merkle_store store = vpi_log_hashes(vault);
    const vpriv_status st = vpi_merkle_root(&store, 0, head.root);
    return st == VPRIV_OK ? head_write(vault, &head) : st;
}

vpriv_status vpi_log_head_check(vpriv_vault *vault)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t root[VPRIV_LOG_HASH_BYTES];
    vpi_root_head then;
    vpi_log_head head;
    const vpi_merkle_store store = vpi_log_hashes(vault);
    VPI_TRY(vpi_log_head_read(vault, &head));
    VPI_TRY(vpi_root_head_read(vault, &then));
    if (then.is_there) {
        VPI_ENSURE(then.log_size <= head.size, VPRIV_E_ROLLBACK, "the log is shorter than it was");
        VPI_TRY(vpi_merkle_root(&store, then.log_size, root));
        VPI_ENSURE(memcmp(root, then.log_root, sizeof root) == 0, VPRIV_E_AUTH,
            "the vault file is damaged or was changed");
    }
    vault->clock.seen_us =
        head.clock_us > vault->clock.seen_us ? head.clock_us : vault->clock.seen_us;
    st = VPRIV_OK;
out:
    return st;
}

/* People are named by their key slots: a row's number may come again once its person was erased, a
 * slot never does. */
static vpriv_status slots_of(
    vpriv_vault *vault, const int64_t *subjects, size_t n_subjects, uint64_t slots_out[OWNERS_MAX])
{
    for (size_t i = 0; i < n_subjects; i++) {
        vpi_subject subject;
        const vpriv_status st = vpi_subject_load(vault, subjects[i], &subject);
        if (st != VPRIV_OK)
            return st;
        slots_out[i] = subject.key_slot;
    }
    return VPRIV_OK;
}

/* A payload's key: derived through the keys of everybody it is about, so that each can erase it. */
static vpriv_status payload_key(
    vpriv_vault *vault, uint64_t index, const uint64_t *slots, size_t n_slots)
{
    vpi_vault_secrets *secrets = vault->secrets;
    uint8_t number[8];
    vpi_writer w = vpi_writer_of(number, sizeof number);
    vpi_put_u64(&w, index);
    vpi_derive(secrets->catalogue_key, "log: payload", number, sizeof number, secrets->payload_key);
    for (size_t i = 0; i < n_slots; i++) {
        const vpriv_status st = vpi_tree_get(vault->tree, slots[i], secrets->subject_key);
        if (st != VPRIV_OK)
            return st;
        vpi_derive(secrets->subject_key, "log: payload", secrets->payload_key, VPI_KEY_BYTES,
            secrets->payload_key);
        vpi_wipe(secrets->subject_key, VPI_KEY_BYTES);
    }
    return VPRIV_OK;
}

/* A payload answers for the tag it is found by. */
static vpi_place payload_place(const vpriv_vault *vault, uint64_t index, const uint8_t *tag)
{
    return (vpi_place){
        vault->vault_id, VPI_COLUMN_LOG_PAYLOAD, index, tag, tag ? VPI_TAG_BYTES : 0};
}

static vpriv_status seal_owners(
    vpriv_vault *vault, uint64_t index, const uint64_t *slots, size_t n_slots, uint8_t *sealed_out)
{
    uint8_t plain[OWNERS_BYTES];
    const vpi_place place = {
        vault->vault_id, VPI_COLUMN_LOG_PAYLOAD, index, (const uint8_t *)"o", 1};
    vpi_writer w = vpi_writer_of(plain, sizeof plain);
    vpi_put_u8(&w, (uint8_t)n_slots);
    for (size_t i = 0; i < n_slots; i++)
        vpi_put_u64(&w, slots[i]);
    vpi_put_zeros_to(&w, sizeof plain);
    vpi_seal(vault->secrets->catalogue_key, &place, plain, sizeof plain, sealed_out);
    return vpi_writer_finish(&w, "owners");
}

static vpriv_status open_owners(vpriv_vault *vault, uint64_t index, const uint8_t *sealed,
    size_t n_sealed, uint64_t slots_out[OWNERS_MAX], size_t *n_out)
{
    uint8_t plain[OWNERS_BYTES];
    const vpi_place place = {
        vault->vault_id, VPI_COLUMN_LOG_PAYLOAD, index, (const uint8_t *)"o", 1};
    if (n_sealed != OWNERS_BYTES + VPI_SEAL_OVERHEAD ||
        vpi_unseal(vault->secrets->catalogue_key, &place, sealed, n_sealed, plain) != VPRIV_OK ||
        plain[0] > OWNERS_MAX ||
        !sodium_is_zero(plain + 1 + (size_t)plain[0] * 8, (OWNERS_MAX - plain[0]) * (size_t)8))
        return vpi_auth_failed();
    vpi_reader r = vpi_reader_of(plain + 1, sizeof plain - 1);
    for (size_t i = 0; i < plain[0]; i++)
        slots_out[i] = vpi_get_u64(&r);
    *n_out = plain[0];
    return VPRIV_OK;
}

vpriv_status vpi_log_append(vpriv_vault *vault, vpriv_log_entry *entry, const int64_t *subjects,
    size_t n_subjects, uint64_t *index_out, uint8_t leaf_hash_out[VPRIV_LOG_HASH_BYTES])
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t plain[VPI_LOG_ENTRY_BYTES_MAX], payload[PAYLOAD_BYTES], tag[VPI_TAG_BYTES];
    uint8_t owners[OWNERS_BYTES + VPI_SEAL_OVERHEAD], commitment[VPRIV_LOG_HASH_BYTES];
    uint8_t leaf_hash[VPRIV_LOG_HASH_BYTES];
    size_t n_plain = 0;
    uint64_t slots[OWNERS_MAX];
    vpi_log_head head;
    const vpi_merkle_store store = vpi_log_hashes(vault);
    const bool has_recording = !sodium_is_zero(entry->recording, sizeof entry->recording);
    VPI_ENSURE(
        n_subjects <= OWNERS_MAX, VPRIV_E_LIMIT, "%zu subjects in one log entry", n_subjects);
    VPI_TRY(vpi_log_head_read(vault, &head));
    entry->struct_size = sizeof *entry;
    if (entry->time_us == 0)
        entry->time_us = vpi_vault_now_us(vault);
    VPI_TRY(vpi_log_entry_encode(entry, plain, sizeof plain, &n_plain));
    VPI_TRY(slots_of(vault, subjects, n_subjects, slots));
    VPI_TRY(payload_key(vault, head.size, slots, n_subjects));
    VPI_TRY(seal_owners(vault, head.size, slots, n_subjects, owners));
    /* The cipher alone would let one ciphertext open to two texts under two keys. */
    vpi_derive(vault->secrets->payload_key, "log: key commitment", NULL, 0, payload);
    vpi_log_recording_tag(vault, entry->recording, tag);
    const vpi_place place = payload_place(vault, head.size, has_recording ? tag : NULL);
    vpi_seal(vault->secrets->payload_key, &place, plain, n_plain, payload + VPRIV_LOG_HASH_BYTES);
    const size_t n_payload = VPRIV_LOG_HASH_BYTES + n_plain + VPI_SEAL_OVERHEAD;
    vpi_log_commitment(payload, n_payload, commitment);
    VPI_TRY(vpriv_log_leaf_hash(commitment, leaf_hash));
    VPI_TRY(vpi_database_run(vault->database,
        "INSERT INTO log_payload(id, tag, owners, sealed) VALUES (?1, ?2, ?3, ?4)", "ibbb",
        (int64_t)head.size, has_recording ? tag : NULL, sizeof tag, owners, sizeof owners, payload,
        n_payload));
    VPI_TRY(vpi_merkle_append(&store, head.size, leaf_hash));
    const uint64_t index = head.size++;
    VPI_TRY(vpi_merkle_root(&store, head.size, head.root));
    head.clock_us = vpi_vault_now_us(vault);
    VPI_TRY(head_write(vault, &head));
    if (index_out)
        *index_out = index;
    if (leaf_hash_out)
        memcpy(leaf_hash_out, leaf_hash, sizeof leaf_hash);
    st = VPRIV_OK;
out:
    vpi_wipe(vault->secrets->payload_key, VPI_KEY_BYTES);
    vpi_wipe(plain, sizeof plain);
    return st;
}

static vpriv_status open_payload(vpriv_vault *vault, uint64_t index, const uint8_t *tag,
    const uint8_t *payload, size_t n_payload, vpriv_log_entry *entry_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t plain[VPI_LOG_ENTRY_BYTES_MAX], commitment[VPI_KEY_BYTES];
    const vpi_place place = payload_place(vault, index, tag);
    VPI_ENSURE(n_payload > VPRIV_LOG_HASH_BYTES + VPI_SEAL_OVERHEAD && n_payload <= PAYLOAD_BYTES,
        VPRIV_E_AUTH, "the vault file is damaged or was changed");
    vpi_derive(vault->secrets->payload_key, "log: key commitment", NULL, 0, commitment);
    VPI_ENSURE(sodium_memcmp(commitment, payload, VPI_KEY_BYTES) == 0, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    VPI_TRY(vpi_unseal(vault->secrets->payload_key, &place, payload + VPRIV_LOG_HASH_BYTES,
        n_payload - VPRIV_LOG_HASH_BYTES, plain));
    VPI_TRY(vpi_log_entry_decode(
        plain, n_payload - VPRIV_LOG_HASH_BYTES - VPI_SEAL_OVERHEAD, entry_out));
    st = VPRIV_OK;
out:
    vpi_wipe(plain, sizeof plain);
    return st;
}

vpriv_status vpi_log_read(vpriv_vault *vault, uint64_t index, vpriv_log_entry *entry_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_row row = VPI_NO_ROW;
    size_t n_tag = 0, n_owners = 0, n_payload = 0, n_slots = 0;
    uint64_t slots[OWNERS_MAX];
    uint8_t commitment[VPRIV_LOG_HASH_BYTES], leaf[VPRIV_LOG_HASH_BYTES],
        kept[VPRIV_LOG_HASH_BYTES];
    const vpriv_status found = vpi_database_query(vault->database, &row,
        "SELECT owners, sealed, tag FROM log_payload WHERE id = ?1", "i", (int64_t)index);
    VPI_ENSURE(
        found != VPRIV_E_NOT_FOUND, VPRIV_E_AUTH, "the vault file is damaged or was changed");
    VPI_TRY(found);
    const uint8_t *owners = vpi_column_blob(&row, 0, &n_owners);
    const uint8_t *payload = vpi_column_blob(&row, 1, &n_payload);
    const uint8_t *tag = vpi_column_blob(&row, 2, &n_tag);
    VPI_ENSURE(
        !tag || n_tag == VPI_TAG_BYTES, VPRIV_E_AUTH, "the vault file is damaged or was changed");
    vpi_log_commitment(payload, n_payload, commitment);
    VPI_TRY(vpriv_log_leaf_hash(commitment, leaf));
    VPI_TRY(get_hash(vault, 0, index, kept));
    VPI_ENSURE(memcmp(leaf, kept, sizeof leaf) == 0, VPRIV_E_AUTH,
        "the vault file is damaged or was changed");
    VPI_TRY(open_owners(vault, index, owners, n_owners, slots, &n_slots));
    const vpriv_status keyed = payload_key(vault, index, slots, n_slots);
    VPI_ENSURE(keyed != VPRIV_E_ERASED, VPRIV_E_ERASED, "a person this entry is about was erased");
    VPI_TRY(keyed);
    VPI_TRY(open_payload(vault, index, tag, payload, n_payload, entry_out));
    st = VPRIV_OK;
out:
    vpi_row_end(&row);
    vpi_wipe(vault->secrets->payload_key, VPI_KEY_BYTES);
    return st;
}

void vpi_log_recording_tag(vpriv_vault *vault, const uint8_t recording[VPI_RECORDING_ID_BYTES],
    uint8_t tag_out[VPI_TAG_BYTES])
{
    vpi_blind_tag(
        vault->secrets->index_key, "log: recording", recording, VPI_RECORDING_ID_BYTES, tag_out);
}

vpriv_status vpi_log_next_about(vpriv_vault *vault, const uint8_t tag[VPI_TAG_BYTES], int64_t after,
    int64_t *index_out, vpriv_log_entry *entry_out)
{
    const vpriv_status st = vpi_database_next(vault->database, after, index_out,
        "SELECT id FROM log_payload WHERE tag = ?1 AND id > ?2 ORDER BY id LIMIT 1", "bi", tag,
        (size_t)VPI_TAG_BYTES, after);
    return st == VPRIV_OK ? vpi_log_read(vault, (uint64_t)*index_out, entry_out) : st;
}
