/* Signed profiles, the places that count, and the rules that hold there, compiled into one row of the
 * capture policy: a process without the root decides by it too. What does not open, or is not the row
 * that the policy's head names, says nothing: then `strict` holds. */
#ifndef VPI_VAULT_PLACES_H
#define VPI_VAULT_PLACES_H

#include "consent/signed.h"
#include "vault/policy.h"

typedef struct vpi_places {
    uint32_t n;
    vpriv_rules rules[VPRIV_PLACES_MAX];
} vpi_places;

/* What a new vault's head says of places. */
vpriv_status vpi_places_start(vpriv_vault *vault, const uint8_t *authority, vpi_policy_head *head);

vpriv_status vpi_places_load(
    vpriv_vault *vault, const vpi_policy_head *head, vpi_places *places_out);
/* What holds at a place now. */
void vpi_places_rules(
    const vpi_places *places, const char *place, int64_t now_us, vpriv_rules *rules_out);
/* What holds for the device and the controller together. */
void vpi_places_here(const vpi_places *places, const vpi_policy_head *head, int64_t now_us,
    vpriv_rules *device_out, vpriv_rules *controller_out);

/* Inside a transaction: rules for every place that counts, and one more (may be NULL), from the profiles
 * that are kept. Leaves their hashes in head, which is to be written. */
vpriv_status vpi_places_compile(vpriv_vault *vault, vpi_policy_head *head, const char *more);

/* The start of a call that changes what the head says: lock, transaction, head; and its end. */
vpriv_status vpi_head_change_begin(vpriv_vault *vault, vpi_policy_head **head_out);
vpriv_status vpi_head_change_commit(vpriv_vault *vault, const vpi_policy_head *head);
vpriv_status vpi_head_change_commit_shredding(
    vpriv_vault *vault, const vpi_policy_head *head, const uint64_t *slots, size_t n_slots);

/* VPRIV_E_AUTH unless the head's authority signed it. */
vpriv_status vpi_head_verify(const vpi_policy_head *head, vpriv_document_kind kind,
    const char *json, size_t n_bytes, const uint8_t *signature,
    uint8_t sha256_out[VPRIV_SHA256_BYTES]);

/* One line of the log about places, profiles and policies. */
vpriv_status vpi_places_log(vpriv_vault *vault, const char *actor, const uint8_t *detail_hash,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* For checking a vault: rows that do not fit the head are VPRIV_E_AUTH. */
vpriv_status vpi_places_check(vpriv_vault *vault, const vpi_policy_head *head);
vpriv_status vpi_places_there(vpriv_vault *vault, bool *there_out);

#endif
