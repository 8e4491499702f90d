#include "keys/passphrase_slot.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/try.h"
#include "keys/root_slots.h"
#include <string.h>

/* RFC 9106, section 4, the second recommended option, but for its four lanes: libsodium has one. */
#define PASSES_DEFAULT 3
#define MEMORY_DEFAULT (64U << 20)
#define PASSES_MAX     1000
#define MEMORY_MIN     (8U << 10)
#define MEMORY_MAX     (UINT64_C(4) << 30)

_Static_assert(VPI_PASSPHRASE_SLOT_BYTES <= VPI_SLOT_BYTES_MAX, "a slot has room");
_Static_assert(VPI_PASSPHRASE_SALT_BYTES == crypto_pwhash_SALTBYTES, "Argon2id's salt");

static void encode_head(vpi_writer *w, const vpi_passphrase_head *head)
{
    vpi_put_bytes(w, head->vault_id, sizeof head->vault_id);
    vpi_put_u64(w, head->order);
    vpi_put_u64(w, head->n_passes);
    vpi_put_u64(w, head->memory_bytes);
    vpi_put_bytes(w, head->salt, sizeof head->salt);
    vpi_put_bytes(w, head->sealed_key, sizeof head->sealed_key);
    vpi_put_bytes(w, head->recovery_public_key, sizeof head->recovery_public_key);
    vpi_put_bytes(w, head->box, sizeof head->box);
}

static void decode_head(vpi_reader *r, vpi_passphrase_head *head_out)
{
    vpi_get_copy(r, head_out->vault_id, sizeof head_out->vault_id);
    head_out->order = vpi_get_u64(r);
    head_out->n_passes = vpi_get_u64(r);
    head_out->memory_bytes = vpi_get_u64(r);
    vpi_get_copy(r, head_out->salt, sizeof head_out->salt);
    vpi_get_copy(r, head_out->sealed_key, sizeof head_out->sealed_key);
    vpi_get_copy(r, head_out->recovery_public_key, sizeof head_out->recovery_public_key);
    vpi_get_copy(r, head_out->box, sizeof head_out->box);
}

vpi_place vpi_passphrase_key_place(
    const vpi_passphrase_head *head, uint8_t bound_out[VPI_PASSPHRASE_BOUND_BYTES])
{
    static const uint8_t no_vault[VPI_VAULT_ID_BYTES];
    vpi_writer w = vpi_writer_of(bound_out, VPI_PASSPHRASE_BOUND_BYTES);
    vpi_put_u64(&w, head->n_passes);
    vpi_put_u64(&w, head->memory_bytes);
    vpi_put_bytes(&w, head->salt, sizeof head->salt);
    return (vpi_place){
        no_vault, VPI_COLUMN_ROOT_FILE_KEY, 0, bound_out, VPI_PASSPHRASE_BOUND_BYTES};
}

/* The record is bound to everything before it in the slot. */
static vpi_place record_place(
    const vpi_passphrase_head *head, const uint8_t *slot, uint8_t *digest_out)
{
    crypto_generichash(digest_out, crypto_generichash_BYTES, slot,
        VPI_PASSPHRASE_SLOT_BYTES - VPI_PASSPHRASE_SEALED_RECORD_BYTES, NULL, 0);
    return (vpi_place){
        head->vault_id, VPI_COLUMN_ROOT_RECORD, head->order, digest_out, crypto_generichash_BYTES};
}

vpriv_status vpi_passphrase_take_cost(vpi_passphrase_head *head, const vpriv_passphrase_cost *cost)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    head->n_passes = PASSES_DEFAULT;
    head->memory_bytes = MEMORY_DEFAULT;
    if (cost) {
        VPI_ENSURE(cost->struct_size == sizeof *cost, VPRIV_E_ARG,
            "vpriv_passphrase_cost.struct_size is not set");
        head->n_passes = cost->n_passes ? cost->n_passes : PASSES_DEFAULT;
        head->memory_bytes = cost->memory_bytes ? cost->memory_bytes : MEMORY_DEFAULT;
    }
    VPI_ENSURE(head->n_passes <= PASSES_MAX, VPRIV_E_ARG, "Argon2id passes: 1 to %d", PASSES_MAX);
    VPI_ENSURE(head->memory_bytes >= MEMORY_MIN && head->memory_bytes <= MEMORY_MAX, VPRIV_E_ARG,
        "Argon2id memory: %u bytes to %llu", MEMORY_MIN, (unsigned long long)MEMORY_MAX);
    vpi_random(head->salt, sizeof head->salt);
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_passphrase_read_slot(const uint8_t *slot, vpi_passphrase_head *head_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_reader r = vpi_reader_of(slot, VPI_PASSPHRASE_SLOT_BYTES);
    decode_head(&r, head_out);
    VPI_ENSURE(head_out->n_passes >= 1 && head_out->n_passes <= PASSES_MAX &&
                   head_out->memory_bytes >= MEMORY_MIN && head_out->memory_bytes <= MEMORY_MAX,
        VPRIV_E_FORMAT, "the root key file asks for more work than this library does");
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_passphrase_open_record(const uint8_t file_key[VPI_KEY_BYTES],
    const vpi_passphrase_head *head, const uint8_t *slot, uint8_t *out)
{
    uint8_t digest[crypto_generichash_BYTES];
    const vpi_place place = record_place(head, slot, digest);
    return vpi_unseal(file_key, &place,
        slot + VPI_PASSPHRASE_SLOT_BYTES - VPI_PASSPHRASE_SEALED_RECORD_BYTES,
        VPI_PASSPHRASE_SEALED_RECORD_BYTES, out);
}

void vpi_passphrase_seal_record(const uint8_t file_key[VPI_KEY_BYTES],
    const vpi_passphrase_head *head, const uint8_t *record, uint8_t *slot_out)
{
    uint8_t digest[crypto_generichash_BYTES];
    vpi_writer w = vpi_writer_of(slot_out, VPI_PASSPHRASE_SLOT_BYTES);
    encode_head(&w, head);
    const vpi_place place = record_place(head, slot_out, digest);
    vpi_seal(file_key, &place, record, VPRIV_ROOT_RECORD_BYTES, w.at);
}
