/** @file people.h
 *  The people whose voices they are: subjects, the notices they were shown, and what they consented
 *  to.
 *
 *      uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
 *      vpriv_subject_add(vault, VPRIV_SUBJECT_USER, "Ada", NULL, subject);
 *      vpriv_notice_add(vault, &notice);
 *      vpriv_consent_evidence evidence = {.struct_size = sizeof evidence, .notice_id = "history",
 *          .by = VPRIV_CONSENT_BY_PERSON, .method = VPRIV_CONSENT_METHOD_TAP, .surface = "app"};
 *      vpriv_consent_give(vault, subject, VPRIV_PURPOSE_KEEP_HISTORY, &evidence, &receipt);
 *      ...
 *      vpriv_consent_withdraw(vault, subject, VPRIV_PURPOSE_KEEP_HISTORY, &evidence, &receipt);
 *
 *  Withdrawing destroys one key, and with it every recording's wrap for that purpose, in all copies. */
#ifndef VOICEPRIV_PEOPLE_H
#define VOICEPRIV_PEOPLE_H

#include <voicepriv/vault.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VPRIV_SUBJECT_NAME_BYTES    128
#define VPRIV_SUBJECT_CONTACT_BYTES 128

/** A person, as the owner of the vault sees them. */
typedef struct vpriv_subject_info {
    size_t struct_size; /**< sizeof(vpriv_subject_info), set by the library */
    uint8_t id[VPRIV_SUBJECT_ID_BYTES];
    vpriv_subject_class subject_class;
    char name[VPRIV_SUBJECT_NAME_BYTES];
    char contact[VPRIV_SUBJECT_CONTACT_BYTES];
    char home[VPRIV_JURISDICTION_BYTES]; /**< as in ISO 3166, or "strict": nobody says */
    int birth_year;                      /**< 0: not known */
    int birth_month;                     /**< 1 to 12; 0: not known */
} vpriv_subject_info;

/** Add a person. Nothing may be recorded of them until they consent.
 *  @param      vault          opened with its root store
 *  @param      subject_class  user, guest, bystander or child
 *  @param      name           what the household calls them, UTF-8, may be empty; sealed under a key
 *                             of the person's own
 *  @param      contact        NULL or how to reach them
 *  @param[out] subject_out    VPRIV_SUBJECT_ID_BYTES: a random pseudonym; untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: name and contact are stored sealed
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NO_KEY open for capture only
 *  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL
 *  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_subject_add(vpriv_vault *vault,
    vpriv_subject_class subject_class, const char *name, const char *contact, uint8_t *subject_out);

/** Gets one person; info lives for the call. Return false to stop. */
typedef bool (*vpriv_subject_fn)(void *user, const vpriv_subject_info *info);

/** List the people in a vault.
 *  @param  vault  opened with its root store
 *  @param  fn     called for each, outside of the vault's lock
 *  @param  user   handed to fn
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: names go to fn
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NO_KEY
 *  @retval VPRIV_E_AUTH one of them is damaged or changed, or, at the end, somebody may be missing
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_subject_list(
    vpriv_vault *vault, vpriv_subject_fn fn, void *user);

/** Erase a person: every recording they speak in, their name, their consents and what the log says
 *  about them, for good. The log's proofs still hold. One transaction; on a disk with too little space for
 *  that the recordings go first, a few at a time, each batch with its own entry in the log, and the person with
 *  the last ones. When that is interrupted (by an error, or a power cut) the person is still there, what was
 *  erased stays erased, and calling again goes on. The receipt counts what this call erased.
 *  Damaged recordings go with the person. One that was changed so that nobody can tell its key stays as a row
 *  of nobody: without the person's keys its sound opens in no copy. One that is filed with them, and whose header
 *  does not name them, is somebody else's, and stays as it is. The call then fails when all else is done.
 *  @param      vault        opened with its root store
 *  @param      subject      VPRIV_SUBJECT_ID_BYTES
 *  @param[in,out] receipt_out  struct_size set, or NULL; filled, also where such a recording stays;
 *                           untouched on other failures
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: destroyed
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND  @retval VPRIV_E_NO_KEY
 *  @retval VPRIV_E_STATE a recording of theirs is under a legal hold: nothing was erased, unless another
 *          process ordered the hold in between two batches
 *  @retval VPRIV_E_ROOT see vpriv_vault_erase
 *  @retval VPRIV_E_AUTH such recordings stay: the text says how many, and the person is erased; or other damage
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_subject_erase(
    vpriv_vault *vault, const uint8_t *subject, vpriv_receipt *receipt_out);

/** Keep the exact text of a notice. The latest version of an id and language is the one in force: a
 *  consent given on another text does not count any more.
 *  @param      vault       opened with its root store
 *  @param      notice      id, version, language and text
 *  @param[out] sha256_out  VPRIV_SHA256_BYTES of the text, or NULL; untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK also when this very text is kept already  @retval VPRIV_E_ARG
 *  @retval VPRIV_E_FORMAT  @retval VPRIV_E_LIMIT too long, or more than 64 notices in force
 *  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_notice_add(
    vpriv_vault *vault, const vpriv_notice *notice, uint8_t *sha256_out);

/** How a person said it. Zero means the default; texts are copied. */
typedef struct vpriv_consent_evidence {
    size_t struct_size;            /**< sizeof(vpriv_consent_evidence) */
    vpriv_consent_by by;           /**< the person */
    vpriv_consent_method method;   /**< tap */
    const char *surface;           /**< where: "app", "device"; "device" */
    const char *notice_id;         /**< of a notice kept with vpriv_notice_add; required unless the
                                      person withdraws, refuses or defers */
    const char *language;          /**< of the notice, BCP 47; "en" */
    int64_t valid_until_us;        /**< UTC; 0 for no end */
    const char *const *recipients; /**< ids of parties besides the controller who may have it */
    size_t n_recipients;           /**< at most VPRIV_RECIPIENTS_MAX − 1 */
    bool covers_past;              /**< also what was recorded before: by
                                      vpriv_consent_apply_to_past(), see past.h */
    const char *retention;         /**< how long a recording may be kept for this purpose, as
                                      vpriv_retention_from_name() takes it; "until-erased": as long
                                      as the recording is kept anyway */
    uint32_t max_uses;             /**< 0 for no limit */
} vpriv_consent_evidence;

/** Record a consent. Effective for the next block.
 *  @param      vault        opened with its root store
 *  @param      subject      VPRIV_SUBJECT_ID_BYTES
 *  @param      purpose      one that rests on consent
 *  @param      evidence     how it was said; notice_id is required
 *  @param[in,out] receipt_out  struct_size set, or NULL; filled, untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: makes the grant key
 *  @retval VPRIV_OK durable  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND no such subject or notice
 *  @retval VPRIV_E_STATE not possible after what happened before  @retval VPRIV_E_NO_KEY
 *  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL
 *  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_consent_give(vpriv_vault *vault,
    const uint8_t *subject, vpriv_purpose purpose, const vpriv_consent_evidence *evidence,
    vpriv_receipt *receipt_out);

/** Record a refusal.
 *  @param      vault        opened with its root store
 *  @param      subject      VPRIV_SUBJECT_ID_BYTES
 *  @param      purpose      one that rests on consent
 *  @param      evidence     how it was said; NULL for the defaults
 *  @param[in,out] receipt_out  struct_size set, or NULL; filled, untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK durable  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND  @retval VPRIV_E_STATE
 *  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_consent_refuse(vpriv_vault *vault,
    const uint8_t *subject, vpriv_purpose purpose, const vpriv_consent_evidence *evidence,
    vpriv_receipt *receipt_out);

/** Withdraw a consent. When it returns, one key is destroyed and with it every wrap for this purpose
 *  of every recording of this person, also in old copies of the vault file. The cost does not depend
 *  on how many recordings there are. A recording in progress stops within one block.
 *  @param      vault        opened with its root store
 *  @param      subject      VPRIV_SUBJECT_ID_BYTES
 *  @param      purpose      one that was consented to
 *  @param      evidence     how it was said; NULL for the defaults
 *  @param[in,out] receipt_out  struct_size set, or NULL; filled, untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: destroys the grant key
 *  @retval VPRIV_OK final  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND  @retval VPRIV_E_STATE there
 *          is nothing to withdraw
 *  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_ROOT see vpriv_vault_erase  @retval VPRIV_E_AUTH
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_consent_withdraw(vpriv_vault *vault,
    const uint8_t *subject, vpriv_purpose purpose, const vpriv_consent_evidence *evidence,
    vpriv_receipt *receipt_out);

/** Record any event of a consent's life; give, refuse and withdraw are short forms of it.
 *  @param      vault        opened with its root store
 *  @param      subject      VPRIV_SUBJECT_ID_BYTES
 *  @param      purpose      one that rests on consent
 *  @param      event        what happened
 *  @param      evidence     how; NULL for the defaults where no notice is needed
 *  @param[in,out] receipt_out  struct_size set, or NULL; filled, untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: makes or destroys the grant key
 *  @retval VPRIV_OK durable; final when a key was destroyed  @retval VPRIV_E_ARG
 *  @retval VPRIV_E_NOT_FOUND  @retval VPRIV_E_STATE  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_ROOT
 *  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL
 *  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_consent_record_event(vpriv_vault *vault,
    const uint8_t *subject, vpriv_purpose purpose, vpriv_consent_event event,
    const vpriv_consent_evidence *evidence, vpriv_receipt *receipt_out);

/** Gets one consent record; it lives for the call. Return false to stop. */
typedef bool (*vpriv_consent_fn)(void *user, const vpriv_consent_record *record);

/** Show a person's consents, oldest first.
 *  @param  vault         opened with its root store
 *  @param  subject       VPRIV_SUBJECT_ID_BYTES
 *  @param  with_history  true for every record, false for the latest of each purpose
 *  @param  fn            called for each, outside of the vault's lock
 *  @param  user          handed to fn
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: descriptive data goes to fn
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND no such subject
 *  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_consent_list(
    vpriv_vault *vault, const uint8_t *subject, bool with_history, vpriv_consent_fn fn, void *user);

/** Pause purposes, for everybody: nothing is taken in and nothing is opened for them until they are
 *  resumed. Nobody's consent changes, and no key is destroyed. Effective at once: recordings that need
 *  one of them end within one block (VPRIV_END_PAUSED). The root key is replaced, so that an old state of
 *  the file does not end the pause.
 *  @param  vault     opened with its root store
 *  @param  purposes  VPRIV_PURPOSE_BIT of each; those that are paused already stay so
 *  @param  actor     who does it, 1 to VPRIV_LOG_ACTOR_BYTES - 1 bytes, for the log
 *  @param  reason    why, for the log; NULL is none given
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK durable  @retval VPRIV_E_ARG no purpose, or one that this vault has not
 *  @retval VPRIV_E_NO_KEY open for capture only  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_purpose_pause(
    vpriv_vault *vault, uint32_t purposes, const char *actor, const char *reason);

/** End a pause: consents that were in force and still are count again.
 *  @param  vault     opened with its root store
 *  @param  purposes  VPRIV_PURPOSE_BIT of each; those that are not paused stay so
 *  @param  actor     who does it, 1 to VPRIV_LOG_ACTOR_BYTES - 1 bytes, for the log
 *  @param  reason    why, for the log; NULL is none given
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK durable  @retval VPRIV_E_ARG no purpose, or one that this vault has not
 *  @retval VPRIV_E_NO_KEY open for capture only  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_purpose_resume(
    vpriv_vault *vault, uint32_t purposes, const char *actor, const char *reason);

/** Tell what is paused.
 *  @param      vault         an open vault
 *  @param[out] purposes_out  VPRIV_PURPOSE_BIT of each; untouched on failure
 *  Owns:     borrows both
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_IO  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_purpose_paused(
    vpriv_vault *vault, uint32_t *purposes_out);

#ifdef __cplusplus
}
#endif
#endif
