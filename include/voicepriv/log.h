/** @file log.h
 *  The transparency log, as seen by somebody who checks it: a witness, an auditor, the person.
 *
 *  The log is a Merkle tree (RFC 6962) over commitments to sealed entries. A checkpoint is a
 *  C2SP tlog-checkpoint: a signed note (Ed25519) with the log's name, its size and its root. These
 *  calls need no vault and no secret:
 *
 *      vpriv_log_verify_checkpoint(text, n, origin, public_key, &size, root);
 *      vpriv_log_verify_consistency(old_size, old_root, size, root, proof, n_hashes);
 *      vpriv_log_verify_inclusion(leaf_hash, index, size, proof, n_hashes, root);
 *
 *  A checkpoint that verifies says who signed it. That nothing was dropped or reordered since an
 *  older one is what the consistency proof says. */
#ifndef VOICEPRIV_LOG_H
#define VOICEPRIV_LOG_H

#include <voicepriv/consent.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VPRIV_LOG_HASH_BYTES       32
#define VPRIV_LOG_PUBLIC_KEY_BYTES 32
#define VPRIV_RECORDING_ID_BYTES   16

/** Most hashes a proof can have. */
#define VPRIV_LOG_PROOF_HASHES_MAX 64
/** Longest name of a log, the final NUL included. */
#define VPRIV_LOG_ORIGIN_BYTES 128
/** Room for a verifier key's text, the final NUL included. */
#define VPRIV_LOG_VERIFIER_KEY_BYTES 192
/** Room for a checkpoint this library writes, the final NUL included. */
#define VPRIV_LOG_CHECKPOINT_BYTES 512
/** Longest checkpoint this library reads: others may add signatures and lines of their own. */
#define VPRIV_LOG_CHECKPOINT_READ_BYTES_MAX 131072

/** A checkpoint as text: UTF-8, ends with a newline, then a NUL. */
typedef struct vpriv_log_checkpoint {
    char text[VPRIV_LOG_CHECKPOINT_BYTES];
} vpriv_log_checkpoint;

/** Hash a leaf as RFC 6962 does: SHA-256 of a zero byte and the leaf's commitment.
 *  @param      commitment     VPRIV_LOG_HASH_BYTES bytes, as listed with the log's leaves
 *  @param[out] leaf_hash_out  VPRIV_LOG_HASH_BYTES bytes, untouched on failure
 *  Owns:     borrows commitment for the call
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a pointer is NULL
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_log_leaf_hash(
    const uint8_t *commitment, uint8_t *leaf_hash_out);

/** Check that a leaf is in a log of the given size and root.
 *  @param      leaf_hash   VPRIV_LOG_HASH_BYTES bytes, from vpriv_log_leaf_hash()
 *  @param      index       the leaf's place, 0 to size - 1
 *  @param      size        leaves in the log
 *  @param      proof       n_hashes × VPRIV_LOG_HASH_BYTES bytes, from the leaf upwards; may be
 * NULL when n_hashes is 0
 *  @param      n_hashes    hashes in the proof
 *  @param      root        VPRIV_LOG_HASH_BYTES bytes, from a verified checkpoint
 *  Owns:     borrows everything for the call
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK the leaf is there  @retval VPRIV_E_ARG a pointer is NULL or index is not below
 *          size
 *  @retval VPRIV_E_AUTH the proof does not hold
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_log_verify_inclusion(const uint8_t *leaf_hash,
    uint64_t index, uint64_t size, const uint8_t *proof, size_t n_hashes, const uint8_t *root);

/** Check that a log grew from one state to another by adding leaves only.
 *  @param      size1       leaves before; 0 to size2
 *  @param      root1       VPRIV_LOG_HASH_BYTES bytes; the root before
 *  @param      size2       leaves now
 *  @param      root2       VPRIV_LOG_HASH_BYTES bytes; the root now
 *  @param      proof       n_hashes × VPRIV_LOG_HASH_BYTES bytes; may be NULL when n_hashes is 0
 *  @param      n_hashes    hashes in the proof
 *  Owns:     borrows everything for the call
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK nothing was dropped, changed or reordered
 *  @retval VPRIV_E_ARG a pointer is NULL or size1 is above size2
 *  @retval VPRIV_E_AUTH the proof does not hold
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_log_verify_consistency(uint64_t size1,
    const uint8_t *root1, uint64_t size2, const uint8_t *root2, const uint8_t *proof,
    size_t n_hashes);

/** Read a checkpoint after checking its signature.
 *  Signatures of others are ignored, and so are extension lines. A signature that claims to be of
 *  this key must hold, every one of them.
 *  @param      text        the signed note; need not end with NUL
 *  @param      text_bytes  1 to VPRIV_LOG_CHECKPOINT_READ_BYTES_MAX
 *  @param      origin      the log's name, which is also the key's
 *  @param      public_key  VPRIV_LOG_PUBLIC_KEY_BYTES bytes (Ed25519)
 *  @param[out] size_out    leaves in the log, untouched on failure
 *  @param[out] root_out    VPRIV_LOG_HASH_BYTES bytes, untouched on failure
 *  Owns:     borrows the inputs for the call
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a pointer is NULL or origin is not a key name
 *  @retval VPRIV_E_LIMIT too long
 *  @retval VPRIV_E_FORMAT not a checkpoint
 *  @retval VPRIV_E_AUTH not signed by this key, or of another log
 *  @retval VPRIV_E_INTERNAL the cryptography library did not start
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_log_verify_checkpoint(const char *text,
    size_t text_bytes, const char *origin, const uint8_t *public_key, uint64_t *size_out,
    uint8_t *root_out);

/** Write a log's public key the way witness tools take it: "name+hash+base64".
 *  @param      origin      the log's name: no spaces, no plus, 1 to VPRIV_LOG_ORIGIN_BYTES - 1
 * bytes
 *  @param      public_key  VPRIV_LOG_PUBLIC_KEY_BYTES bytes (Ed25519)
 *  @param[out] text_out    VPRIV_LOG_VERIFIER_KEY_BYTES bytes, ends with NUL; untouched on failure
 *  Owns:     borrows the inputs for the call
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a pointer is NULL or origin is not a key name
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_log_verifier_key(
    const char *origin, const uint8_t *public_key, char *text_out);

/** Read a verifier key's text; the inverse of vpriv_log_verifier_key().
 *  @param      text            "name+hash+base64"
 *  @param[out] origin_out      VPRIV_LOG_ORIGIN_BYTES bytes, ends with NUL; untouched on failure
 *  @param[out] public_key_out  VPRIV_LOG_PUBLIC_KEY_BYTES bytes; untouched on failure
 *  Owns:     borrows text for the call
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a pointer is NULL
 *  @retval VPRIV_E_FORMAT not a verifier key, or its hash is wrong
 *  @retval VPRIV_E_UNSUPPORTED a key of another kind than Ed25519
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_log_verifier_key_parse(
    const char *text, char *origin_out, uint8_t *public_key_out);

/** What happened. */
typedef enum vpriv_log_kind {
    VPRIV_LOG_UNKNOWN = 0,
    VPRIV_LOG_VAULT_CREATED = 1,
    VPRIV_LOG_SUBJECT_ADDED = 2,
    VPRIV_LOG_SUBJECT_ERASED = 3,
    VPRIV_LOG_NOTICE_ADDED = 4,
    VPRIV_LOG_CONSENT_EVENT = 5,
    VPRIV_LOG_ACCESS_GRANTED = 6, /**< written before the sound is readable */
    VPRIV_LOG_ACCESS_REFUSED = 7,
    VPRIV_LOG_ERASURE = 8,
    VPRIV_LOG_RETENTION_EXPIRED = 9,
    VPRIV_LOG_RESTRICTION = 10,
    VPRIV_LOG_RESTRICTION_LIFTED = 11,
    VPRIV_LOG_PAUSE = 12,
    VPRIV_LOG_PAUSE_LIFTED = 13,
    VPRIV_LOG_ADOPTION = 14,    /**< count: recordings taken over from a capture process */
    VPRIV_LOG_FALSE_WAKES = 15, /**< count: triggers that were rejected */
    VPRIV_LOG_KEYRING_SPLIT = 16,
    VPRIV_LOG_DISCLOSURE = 17, /**< something left the vault for others than the person */
    VPRIV_LOG_SAMPLING_COMMITTED = 18,
    VPRIV_LOG_SAMPLING_REVEALED = 19,
    VPRIV_LOG_POLICY = 20,
    VPRIV_LOG_CHECKPOINT = 21,
    VPRIV_LOG_VERIFICATION = 22, /**< count: recordings whose blocks were opened and thrown away */
    VPRIV_LOG_RECALL = 23,       /**< what left was asked back; count: entry of the disclosure,
                                      detail_hash: its leaf's, deny_reasons: why */
    VPRIV_LOG_RECALL_ACKNOWLEDGED =
        24,                            /**< the recipient answered; as for a recall, reason: what */
    VPRIV_LOG_DERIVATIVE_ADDED = 25,   /**< something made from a recording was kept with it */
    VPRIV_LOG_DERIVATIVE_READ = 26,    /**< written before its content is readable */
    VPRIV_LOG_DERIVATIVE_REFUSED = 27, /**< somebody wanted to read it */
    VPRIV_LOG_DERIVATIVE_ERASED = 28,  /**< count: how many; not those that went with a recording */
    VPRIV_LOG_CONSENT_APPLIED = 29,    /**< to what was recorded before it; count: recordings */
    VPRIV_LOG_SPEAKER_ADDED = 30,      /**< to a stored recording; count: purposes it lost */
} vpriv_log_kind;

/** Name a kind: "access_granted".
 *  @param      kind  any value; unknown ones get a phrase of their own
 *  @return     static text, never NULL
 *  Owns:     the library owns the text; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_log_kind_name(vpriv_log_kind kind);

/* Sizes of texts, the final NUL included. All texts are UTF-8 without control characters. */
#define VPRIV_LOG_ACTOR_BYTES     64
#define VPRIV_LOG_REASON_BYTES    256
#define VPRIV_LOG_RECIPIENT_BYTES 64

/** The purpose of an entry that has none. */
#define VPRIV_LOG_NO_PURPOSE (-1)

/** One entry of the log as those who may open it read it. Ids of zeros mean "none". */
typedef struct vpriv_log_entry {
    size_t struct_size; /**< sizeof(vpriv_log_entry) */
    vpriv_log_kind kind;
    int64_t time_us;                           /**< UTC microseconds, years 1970 to 2400 */
    int32_t purpose;                           /**< a vpriv_purpose or VPRIV_LOG_NO_PURPOSE */
    uint32_t deny_reasons;                     /**< set of vpriv_deny */
    uint64_t count;                            /**< how many, for the kinds that count */
    char actor[VPRIV_LOG_ACTOR_BYTES];         /**< who did it; not empty */
    char reason[VPRIV_LOG_REASON_BYTES];       /**< the reason they gave */
    char recipient[VPRIV_LOG_RECIPIENT_BYTES]; /**< for whom, as named in the consent */
    uint8_t recording[VPRIV_RECORDING_ID_BYTES];
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    uint8_t consent_record[VPRIV_CONSENT_RECORD_ID_BYTES];
    uint8_t detail_hash[VPRIV_LOG_HASH_BYTES]; /**< of what the entry speaks about; a derivative's
                                                    is the SHA-256 of its id */
} vpriv_log_entry;

/** Gets one entry of the log; it lives for the call. Return false to stop. */
typedef bool (*vpriv_log_entry_fn)(void *user, uint64_t index, const vpriv_log_entry *entry);

#ifdef __cplusplus
}
#endif
#endif
