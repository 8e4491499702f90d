/** @file share.h
 *  What can be given to others: receipts that anybody checks without the vault.
 *
 *      vpriv_receipt done = {.struct_size = sizeof done};
 *      vpriv_consent_give(vault, ada, VPRIV_PURPOSE_KEEP_HISTORY, &tap, &done);
 *      vpriv_receipt_sign(vault, &done, 1, NULL, write_to_file, file);    // right after the call
 *      ...
 *      vpriv_receipt_claims claims = {.struct_size = sizeof claims};      // elsewhere, no vault
 *      vpriv_receipt_verify(text, n_bytes, device_public_key, NULL, NULL, &claims);
 *
 *  A receipt is a JSON-LD document (ISO/IEC TS 27560 in the terms of the Data Privacy Vocabulary 2.3)
 *  inside a compact JWS (RFC 7515) signed with the device's Ed25519 key (RFC 8037): any JOSE library
 *  verifies it. It names people by their pseudonyms, the log's leaf that it stands for, and the device by
 *  its key's thumbprint (RFC 7638). The same facts always give the same bytes. It says what the device
 *  recorded, not that the world was so. */
#ifndef VOICEPRIV_SHARE_H
#define VOICEPRIV_SHARE_H

#include <voicepriv/gate.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Longest receipt, as text. */
#define VPRIV_RECEIPT_BYTES_MAX 1048576
/** Most log entries one receipt can stand for. */
#define VPRIV_RECEIPT_ENTRIES_MAX 32
/** Room for the device's public key as a JWK, the final NUL included. */
#define VPRIV_JWK_BYTES 256
/** Longest JWK that is read. */
#define VPRIV_JWK_READ_BYTES_MAX 4096
/** Room for a key's thumbprint, the final NUL included. */
#define VPRIV_KEY_ID_BYTES 44

/** What a receipt is about. */
typedef enum vpriv_receipt_kind {
    VPRIV_RECEIPT_UNKNOWN = 0,
    VPRIV_RECEIPT_CONSENT = 1, /**< what somebody said about purposes: one record for each */
    VPRIV_RECEIPT_ACCESS =
        2, /**< who opened what, what for and under which consent, or was refused */
    VPRIV_RECEIPT_DISCLOSURE =
        3,                     /**< what was opened for, or given to, somebody but the controller */
    VPRIV_RECEIPT_ERASURE = 4, /**< what was made unreadable, and how surely */
    VPRIV_RECEIPT_PAUSE = 5,   /**< purposes closed for everybody, or opened again */
    VPRIV_RECEIPT_RECALL = 6,  /**< what left was asked back, and why; or the recipient's answer */
} vpriv_receipt_kind;

/** Name a kind of receipt: "consent", "erasure".
 *  @param      kind  any value; unknown ones get a phrase of their own
 *  @return     static text, never NULL
 *  Owns:     the library owns the text; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_receipt_kind_name(vpriv_receipt_kind kind);

/** What only the caller knows; the receipt says that it comes from there. Zero states nothing. */
typedef struct vpriv_receipt_statement {
    size_t struct_size;     /**< sizeof(vpriv_receipt_statement) */
    const uint8_t *subject; /**< erasure: whom it concerns, VPRIV_SUBJECT_ID_BYTES; or NULL */
    const char *const
        *recipients_told;     /**< erasure: ids of parties who were told to erase it as well */
    size_t n_recipients_told; /**< at most VPRIV_RECIPIENTS_MAX */
} vpriv_receipt_statement;

/** Sign a receipt of what calls just did, from what they returned. Several consents of one person make one
 *  receipt with a record for each. Only here does a receipt know the generations of the root key before and
 *  after, how many recordings an erasure of many took, and whom the caller told. What the log knows is
 *  compared with it.
 *  @param  vault       opened with its root store
 *  @param  receipts    as the calls filled them, of one kind, in the order of the log; one, or consents of
 *                      one person
 *  @param  n_receipts  1 to VPRIV_RECEIPT_ENTRIES_MAX
 *  @param  statement   NULL, or what the caller states besides
 *  @param  write       gets the compact JWS: ASCII, no newline, no NUL; called outside of the vault's lock
 *  @param  user        handed to write
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: the device key is used and wiped
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a receipt is not what the log has
 *  @retval VPRIV_E_UNSUPPORTED entries of this kind have no receipt
 *  @retval VPRIV_E_NOT_FOUND no such log entry, or its consent record is gone
 *  @retval VPRIV_E_ERASED the person was erased
 *  @retval VPRIV_E_NO_KEY open for capture only  @retval VPRIV_E_AUTH damaged or changed
 *  @retval VPRIV_E_LIMIT longer than VPRIV_RECEIPT_BYTES_MAX  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_receipt_sign(vpriv_vault *vault,
    const vpriv_receipt *receipts, size_t n_receipts, const vpriv_receipt_statement *statement,
    vpriv_write_fn write, void *user);

/** Sign a receipt for entries of the log, at any time later: accesses, pauses, or anything that
 *  vpriv_receipt_sign() was not called for. An erasure's receipt made this way lacks what only its call
 *  knew, and says so.
 *  @param  vault      opened with its root store
 *  @param  indexes    leaves as vpriv_vault_log() and vpriv_gate_who_heard() number them, ascending, of one
 *                     kind; several only for consents of one person, and for purposes that were paused or
 *                     resumed together
 *  @param  n_indexes  1 to VPRIV_RECEIPT_ENTRIES_MAX
 *  @param  write      gets the compact JWS, as with vpriv_receipt_sign()
 *  @param  user       handed to write
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: the device key is used and wiped
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG entries that do not go together
 *  @retval VPRIV_E_NOT_FOUND no such entry  @retval VPRIV_E_ERASED a person it is about was erased
 *  @retval VPRIV_E_UNSUPPORTED entries of this kind have no receipt
 *  @retval VPRIV_E_NO_KEY open for capture only  @retval VPRIV_E_AUTH damaged or changed
 *  @retval VPRIV_E_LIMIT longer than VPRIV_RECEIPT_BYTES_MAX  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_receipt_from_log(vpriv_vault *vault,
    const uint64_t *indexes, size_t n_indexes, vpriv_write_fn write, void *user);

/** Write the device's public key as a JWK (RFC 7517, RFC 8037), for those who check receipts. Give it to
 *  people when the device is set up, on a way that nobody between can change.
 *  @param      vault    an open vault
 *  @param[out] jwk_out  VPRIV_JWK_BYTES bytes, ends with NUL; untouched on failure
 *  Owns:     borrows both
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a pointer is NULL  @retval VPRIV_E_INTERNAL
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_receipt_jwk(vpriv_vault *vault, char *jwk_out);

/** Read a public key from a JWK. A private key is refused: it should not be where it was found.
 *  @param      jwk             JSON text; need not end with NUL
 *  @param      jwk_bytes       1 to VPRIV_JWK_READ_BYTES_MAX
 *  @param[out] public_key_out  VPRIV_LOG_PUBLIC_KEY_BYTES bytes; untouched on failure
 *  Owns:     borrows jwk for the call
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a pointer is NULL  @retval VPRIV_E_LIMIT too long
 *  @retval VPRIV_E_FORMAT not a JWK, or it contradicts itself
 *  @retval VPRIV_E_UNSUPPORTED a key of another kind than a public Ed25519 key for signatures
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_receipt_jwk_parse(
    const char *jwk, size_t jwk_bytes, uint8_t *public_key_out);

/** Name a public key: its JWK thumbprint (RFC 7638), the kid of receipts.
 *  @param      public_key  VPRIV_LOG_PUBLIC_KEY_BYTES bytes (Ed25519)
 *  @param[out] key_id_out  VPRIV_KEY_ID_BYTES bytes, ends with NUL; untouched on failure
 *  Owns:     borrows public_key for the call
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a pointer is NULL  @retval VPRIV_E_INTERNAL
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_receipt_key_id(
    const uint8_t *public_key, char *key_id_out);

/** What a receipt that holds says. */
typedef struct vpriv_receipt_claims {
    size_t struct_size; /**< sizeof(vpriv_receipt_claims), set by the caller */
    vpriv_receipt_kind kind;
    int64_t time_us;                         /**< UTC, of the latest thing it stands for */
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES]; /**< pseudonym; zeros when it names nobody */
    uint32_t n_entries;                      /**< leaves of the log it stands for */
    uint64_t log_index;                      /**< the first of them */
    uint8_t leaf_hash[VPRIV_LOG_HASH_BYTES]; /**< of the first; see vpriv_log_verify_inclusion() */
} vpriv_receipt_claims;

/** Check a receipt, without the vault. Nothing in the receipt decides how it is checked: the header must be
 *  the one this library writes for this very key, byte for byte, so no other algorithm, no key that comes
 *  along and no extension is followed.
 *  @param      text          the compact JWS; need not end with NUL
 *  @param      n_bytes       1 to VPRIV_RECEIPT_BYTES_MAX
 *  @param      public_key    VPRIV_LOG_PUBLIC_KEY_BYTES bytes, from where you trust it
 *  @param      write         NULL, or gets the signed document (JSON-LD, UTF-8) once everything holds
 *  @param      user          handed to write
 *  @param[in,out] claims_out struct_size set, or NULL; filled, untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK every byte is as this key signed it, and it is a receipt
 *  @retval VPRIV_E_ARG  @retval VPRIV_E_LIMIT too long
 *  @retval VPRIV_E_FORMAT not a compact JWS as this library writes it, or no receipt inside
 *  @retval VPRIV_E_AUTH not signed by this key, or changed
 *  @retval VPRIV_E_VERSION a receipt of a newer form  @retval VPRIV_E_MEMORY  @retval VPRIV_E_INTERNAL
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_receipt_verify(const char *text, size_t n_bytes,
    const uint8_t *public_key, vpriv_write_fn write, void *user, vpriv_receipt_claims *claims_out);

#ifdef __cplusplus
}
#endif
#endif
