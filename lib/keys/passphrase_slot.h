/* The bytes of a root key file that a passphrase opens, or a recovery key. Two slots (root_slots.h):
 *
 *   slot bytes = vault id (16) ‖ order (u64)
 *              ‖ Argon2id passes (u64) ‖ Argon2id bytes of memory (u64) ‖ salt (16)
 *              ‖ file key sealed under Argon2id(passphrase)
 *              ‖ recovery public key (32, zeros: none) ‖ file key in a sealed box to it (80)
 *              ‖ root record sealed under the file key
 *
 * See doc/format.md, "Root keys". */
#ifndef VPI_KEYS_PASSPHRASE_SLOT_H
#define VPI_KEYS_PASSPHRASE_SLOT_H

#include "keys/root.h"
#include "keys/seal.h"
#include <sodium.h>

#define VPI_PASSPHRASE_SALT_BYTES          16
#define VPI_PASSPHRASE_SEALED_KEY_BYTES    (VPI_KEY_BYTES + VPI_SEAL_OVERHEAD)
#define VPI_PASSPHRASE_BOX_BYTES           (VPI_KEY_BYTES + crypto_box_SEALBYTES)
#define VPI_PASSPHRASE_SEALED_RECORD_BYTES (VPRIV_ROOT_RECORD_BYTES + VPI_SEAL_OVERHEAD)
#define VPI_PASSPHRASE_SLOT_BYTES                                                                  \
    (VPI_VAULT_ID_BYTES + 8 + 8 + 8 + VPI_PASSPHRASE_SALT_BYTES +                                  \
        VPI_PASSPHRASE_SEALED_KEY_BYTES + VPI_KEY_BYTES + VPI_PASSPHRASE_BOX_BYTES +               \
        VPI_PASSPHRASE_SEALED_RECORD_BYTES)
/* What the sealed file key is bound to. */
#define VPI_PASSPHRASE_BOUND_BYTES (8 + 8 + VPI_PASSPHRASE_SALT_BYTES)

/* What lies in the open in a slot, in its order. */
typedef struct vpi_passphrase_head {
    uint8_t vault_id[VPI_VAULT_ID_BYTES];
    uint64_t order;
    uint64_t n_passes;
    uint64_t memory_bytes;
    uint8_t salt[VPI_PASSPHRASE_SALT_BYTES];
    uint8_t sealed_key[VPI_PASSPHRASE_SEALED_KEY_BYTES];
    uint8_t recovery_public_key[VPI_KEY_BYTES];
    uint8_t box[VPI_PASSPHRASE_BOX_BYTES];
} vpi_passphrase_head;

/* What finding the file key is to cost, and a salt; NULL is the default. */
vpriv_status vpi_passphrase_take_cost(vpi_passphrase_head *head, const vpriv_passphrase_cost *cost);
/* The head of a slot, if its cost is one that is paid. */
vpriv_status vpi_passphrase_read_slot(const uint8_t *slot, vpi_passphrase_head *head_out);
/* The sealed file key is bound to what it costs to get at it. */
vpi_place vpi_passphrase_key_place(
    const vpi_passphrase_head *head, uint8_t bound_out[VPI_PASSPHRASE_BOUND_BYTES]);
vpriv_status vpi_passphrase_open_record(const uint8_t file_key[VPI_KEY_BYTES],
    const vpi_passphrase_head *head, const uint8_t *slot, uint8_t *out);
/* Writes the head, too. */
void vpi_passphrase_seal_record(const uint8_t file_key[VPI_KEY_BYTES],
    const vpi_passphrase_head *head, const uint8_t *record, uint8_t *slot_out);

#endif
