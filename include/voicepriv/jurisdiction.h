/** @file jurisdiction.h
 *  What the law of a place asks for, as data: profiles in JSON, signed by an authority. Making one
 *  needs no vault:
 *
 *      uint8_t seed[VPRIV_AUTHORITY_SEED_BYTES], key[VPRIV_AUTHORITY_PUBLIC_KEY_BYTES];
 *      uint8_t signature[VPRIV_AUTHORITY_SIGNATURE_BYTES];
 *      vpriv_authority_make(seed, key);
 *      vpriv_authority_sign(VPRIV_DOCUMENT_JURISDICTION, json, n_bytes, seed, signature);
 *
 *  Where they count is in places.h; what the files say is in doc/jurisdictions.md. Engineering readings
 *  of the law, not legal advice. */
#ifndef VOICEPRIV_JURISDICTION_H
#define VOICEPRIV_JURISDICTION_H

#include <voicepriv/consent.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sizes of texts, the final NUL included. */
#define VPRIV_PROFILE_NAME_BYTES  16
#define VPRIV_PROFILE_TITLE_BYTES 128
#define VPRIV_PROFILE_NAMES_BYTES 64

#define VPRIV_AUTHORITY_SEED_BYTES       32
#define VPRIV_AUTHORITY_PUBLIC_KEY_BYTES 32
#define VPRIV_AUTHORITY_SIGNATURE_BYTES  64

/** Longest signed document. */
#define VPRIV_DOCUMENT_BYTES_MAX 65536
/** Most terms of retention in one set of rules. */
#define VPRIV_RULES_TERMS_MAX 8
/** Most stops in one set of rules. */
#define VPRIV_RULES_STOPS_MAX 4

/** What an authority signs. A signature of one kind does not hold for another. */
typedef enum vpriv_document_kind {
    VPRIV_DOCUMENT_JURISDICTION = 1, /**< a jurisdiction profile */
    VPRIV_DOCUMENT_PAUSE = 2,        /**< an order to pause or to resume */
    VPRIV_DOCUMENT_POLICY = 3,       /**< a policy epoch */
} vpriv_document_kind;

/** Make the key of an authority: of whoever signs documents for many vaults, as a rule the vendor.
 *  @param[out] seed_out        VPRIV_AUTHORITY_SEED_BYTES: secret, to be kept by the authority and wiped
 *                              by the caller
 *  @param[out] public_key_out  VPRIV_AUTHORITY_PUBLIC_KEY_BYTES (Ed25519), for
 *                              vpriv_jurisdiction_trust()
 *  Owns:     nothing is kept
 *  Threads:  any      Realtime: no      Secrets: seed_out
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a pointer is NULL
 *  @retval VPRIV_E_INTERNAL the cryptography library did not start
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_authority_make(
    uint8_t *seed_out, uint8_t *public_key_out);

/** Sign a document. It is checked first: nothing that a vault would refuse gets a signature.
 *  @param      kind           what it is
 *  @param      json           the exact bytes
 *  @param      n_bytes        1 to VPRIV_DOCUMENT_BYTES_MAX
 *  @param      seed           VPRIV_AUTHORITY_SEED_BYTES from vpriv_authority_make()
 *  @param[out] signature_out  VPRIV_AUTHORITY_SIGNATURE_BYTES, untouched on failure
 *  Owns:     borrows the inputs for the call
 *  Threads:  any      Realtime: no      Secrets: seed; copies are wiped
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_FORMAT with the field that is wrong
 *  @retval VPRIV_E_LIMIT too long  @retval VPRIV_E_MEMORY  @retval VPRIV_E_INTERNAL
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_authority_sign(vpriv_document_kind kind,
    const char *json, size_t n_bytes, const uint8_t *seed, uint8_t *signature_out);

/** Check a document's signature, over its exact bytes; not what the document says.
 *  @param  kind        what it is
 *  @param  json        the exact bytes
 *  @param  n_bytes     1 to VPRIV_DOCUMENT_BYTES_MAX
 *  @param  signature   VPRIV_AUTHORITY_SIGNATURE_BYTES
 *  @param  public_key  VPRIV_AUTHORITY_PUBLIC_KEY_BYTES
 *  Owns:     borrows the inputs for the call
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_LIMIT too long
 *  @retval VPRIV_E_AUTH another key signed it, or a byte was changed  @retval VPRIV_E_INTERNAL
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_authority_verify(vpriv_document_kind kind,
    const char *json, size_t n_bytes, const uint8_t *signature, const uint8_t *public_key);

/** A jurisdiction profile, as its file describes it. */
typedef struct vpriv_profile_info {
    size_t struct_size; /**< sizeof(vpriv_profile_info), set by the library */
    char name[VPRIV_PROFILE_NAME_BYTES];
    char title[VPRIV_PROFILE_TITLE_BYTES];
    uint64_t revision;
    int64_t looked_up_us;   /**< when somebody read the law */
    int64_t valid_until_us; /**< first microsecond it says nothing any more */
    uint32_t n_places;
    uint32_t n_rules;
    uint8_t sha256[VPRIV_SHA256_BYTES]; /**< of the exact bytes */
    bool is_in_force; /**< in a vault: signed by the authority it trusts, and not out of date */
} vpriv_profile_info;

/** Read a profile and check every field of it. What is not known is refused, not skipped.
 *  @param      json      the exact bytes
 *  @param      n_bytes   1 to VPRIV_DOCUMENT_BYTES_MAX
 *  @param[out] info_out  what it says of itself, or NULL; untouched on failure
 *  Owns:     borrows json for the call
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_LIMIT too long
 *  @retval VPRIV_E_FORMAT with the field that is wrong  @retval VPRIV_E_VERSION of a later form
 *  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_profile_read(
    const char *json, size_t n_bytes, vpriv_profile_info *info_out);

/** How long something may be kept at most for some purposes. */
typedef struct vpriv_rules_term {
    uint32_t purposes; /**< bits */
    uint16_t n_months; /**< calendar months, and then */
    uint16_t n_days;   /**< days; both 0 is "do not keep" */
} vpriv_rules_term;

/** A time in which nothing may be done for some purposes. */
typedef struct vpriv_rules_stop {
    uint32_t purposes; /**< bits */
    int64_t from_us;
    int64_t until_us; /**< VPRIV_TIME_FOREVER_US without an end */
} vpriv_rules_stop;

/** What holds at a place, or at several: the strictest of them. Sets of purposes are bits. */
typedef struct vpriv_rules {
    size_t struct_size; /**< sizeof(vpriv_rules), set by the library */
    char
        place[VPRIV_JURISDICTION_BYTES]; /**< of one place; empty for several, and when not known */
    char profiles[VPRIV_PROFILE_NAMES_BYTES]; /**< names that govern, a blank between them; "strict"
                                                   among them: a place where none does */
    int64_t valid_until_us;                   /**< first microsecond it is `strict` again */
    uint32_t minimum_age;                     /**< years; who is younger cannot consent alone */
    bool young_are_refused; /**< who is younger cannot consent at all, not even with a guardian */
    bool all_parties;   /**< everybody who is heard must agree: it has to be known that those who
                                   are named are all. Those are asked anyway */
    uint32_t forbidden; /**< purposes that nobody can consent to */
    uint32_t express;   /**< consent must be given here: tap, voice, button, paper */
    uint32_t written;   /**< consent must be given on paper */
    uint32_t n_terms;
    vpriv_rules_term terms[VPRIV_RULES_TERMS_MAX]; /**< the shortest of those that apply counts */
    uint32_t n_stops;
    vpriv_rules_stop stops[VPRIV_RULES_STOPS_MAX];
} vpriv_rules;

/** The built-in rules: what holds where nothing is known.
 *  @return static rules
 *  Owns:     the library owns them; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const vpriv_rules *vpriv_rules_strict(void);

/** When something that was recorded has to be gone for a purpose.
 *  @param  rules       of vpriv_jurisdiction_rules(); NULL is vpriv_rules_strict()
 *  @param  purpose     0 to 31
 *  @param  started_us  when it was recorded
 *  @return the first microsecond; VPRIV_TIME_FOREVER_US when the rules set no term
 *  Owns:     borrows rules for the call
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API int64_t vpriv_rules_keep_until(
    const vpriv_rules *rules, vpriv_purpose purpose, int64_t started_us);

#ifdef __cplusplus
}
#endif
#endif
