/** @file recall.h
 *  Asking back what has left: copies that reviewers, trainers and other parties were given, and that they
 *  may not have any more.
 *
 *      vpriv_consent_withdraw(vault, ada, VPRIV_PURPOSE_HUMAN_REVIEW, &tap, NULL);
 *      vpriv_recall_list(vault, NULL, 0, ask, vault);   // every copy that must come back
 *      ...
 *      vpriv_receipt asked = {.struct_size = sizeof asked};            // in ask(), after it returned
 *      vpriv_recall_ask(vault, recall->log_index, "privacy team", &asked);
 *      vpriv_receipt_sign(vault, &asked, 1, NULL, write_to_mail, mail); // the notice for the recipient
 *      ...
 *      vpriv_recall_acknowledge(vault, log_index, "lab", VPRIV_RECALL_DELETED, NULL);
 *
 *  Keys that are destroyed here close what is here. A copy that was opened for somebody else before, and that
 *  they kept, is out of the library's reach: all there is to do is to know of it, to ask, and to have the
 *  answer on record. What leaves is therefore written into the log without anything about the person, so
 *  that it can be asked back when that person is erased, too.
 *
 *  There is no list beside the log: what is open follows from the log's disclosures and answers and from
 *  what the gate would say now. */
#ifndef VOICEPRIV_RECALL_H
#define VOICEPRIV_RECALL_H

#include <voicepriv/share.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Why a copy must come back. */
typedef enum vpriv_recall_cause {
    VPRIV_RECALL_NOT_DUE = 0,
    VPRIV_RECALL_WITHDRAWN =
        1, /**< somebody who speaks took the consent back, or it ended or changed */
    VPRIV_RECALL_EXPIRED = 2, /**< it may not be kept any longer */
    VPRIV_RECALL_ERASED =
        3, /**< the recording was destroyed; its tombstone does not say what for */
} vpriv_recall_cause;

/** Name a cause: "withdrawn", "expired", "erased".
 *  @param      cause  any value; unknown ones get a phrase of their own
 *  @return     static text, never NULL
 *  Owns:     the library owns the text; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_recall_cause_name(vpriv_recall_cause cause);

/** What the recipient answered. */
typedef enum vpriv_recall_outcome {
    VPRIV_RECALL_UNANSWERED = 0,
    VPRIV_RECALL_DELETED = 1,     /**< every copy there is gone; closes the recall */
    VPRIV_RECALL_NOT_KEPT = 2,    /**< it was heard, and no copy was made; closes the recall */
    VPRIV_RECALL_NOT_DELETED = 3, /**< it cannot be, or is not: stays open, and is on record */
} vpriv_recall_outcome;

/** Name an outcome: "deleted", "not-kept", "not-deleted", "unanswered".
 *  @param      outcome  any value; unknown ones get a phrase of their own
 *  @return     static text, never NULL
 *  Owns:     the library owns the text; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_recall_outcome_name(vpriv_recall_outcome outcome);

/** Find the outcome of a name.
 *  @param      name         as vpriv_recall_outcome_name() gives it; not "unanswered"
 *  @param[out] outcome_out  untouched on failure
 *  Owns:     borrows name
 *  Threads:  any      Realtime: yes      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a pointer is NULL  @retval VPRIV_E_NOT_FOUND no such outcome
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recall_outcome_from_name(
    const char *name, vpriv_recall_outcome *outcome_out);

/** One copy that must come back. */
typedef struct vpriv_recall {
    size_t struct_size; /**< sizeof(vpriv_recall), set by the library */
    uint64_t log_index; /**< names it: the log's entry of the disclosure */
    int64_t left_us;    /**< when it was opened for them */
    vpriv_recording_id recording;
    vpriv_purpose purpose;                     /**< what it was opened for */
    char actor[VPRIV_LOG_ACTOR_BYTES];         /**< who opened it */
    char recipient[VPRIV_LOG_RECIPIENT_BYTES]; /**< for which party */
    vpriv_recall_cause cause;
    uint32_t deny_reasons;        /**< set of vpriv_deny: what the gate would say to them now */
    int64_t asked_us;             /**< when it was last asked back; 0: never */
    int64_t answered_us;          /**< when it was last answered; 0: never */
    vpriv_recall_outcome outcome; /**< unanswered, or not-deleted: all others are not listed */
} vpriv_recall;

/** Gets one recall; it lives for the call. Return false to stop. */
typedef bool (*vpriv_recall_fn)(void *user, const vpriv_recall *recall);

/** List every copy that left through the gate and must come back, oldest first: opened for a purpose that
 *  does not serve the person alone, or for somebody other than the controller, of a recording that was
 *  erased since, has run out, or is closed for that purpose because somebody's consent ended. What is only
 *  paused, restricted or stale is not asked back: it may open again. Reads the whole log.
 *  @param  vault    opened with its root store
 *  @param  subject  whose voice, VPRIV_SUBJECT_ID_BYTES; NULL is everybody's. Of recordings that are gone
 *                   only the first speaker is known, and of erased people nothing: ask for all of them
 *  @param  first    entries of the log from this one on
 *  @param  fn       called for each, outside of the vault's lock
 *  @param  user     handed to fn
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND no such person
 *  @retval VPRIV_E_NO_KEY open for capture only  @retval VPRIV_E_AUTH damaged or changed
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recall_list(
    vpriv_vault *vault, const uint8_t *subject, uint64_t first, vpriv_recall_fn fn, void *user);

/** Ask a copy back: logs that it was asked for, by whom and why. The receipt of this, signed, is the notice
 *  for the recipient, who checks with the device's public key that it is this device that asks
 *  (vpriv_receipt_sign(), or vpriv_receipt_from_log() at any time later).
 *  @param         vault        opened with its root store
 *  @param         log_index    as in vpriv_recall.log_index
 *  @param         actor        who asks, 1 to VPRIV_LOG_ACTOR_BYTES - 1 bytes; goes into the log
 *  @param[in,out] receipt_out  struct_size set, or NULL; filled, untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK the log has it  @retval VPRIV_E_ARG
 *  @retval VPRIV_E_NOT_FOUND the log has no disclosure there
 *  @retval VPRIV_E_STATE nothing that has to come back: it may be had still, or was answered
 *  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH  @retval VPRIV_E_FULL  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_IO  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recall_ask(
    vpriv_vault *vault, uint64_t log_index, const char *actor, vpriv_receipt *receipt_out);

/** Put the recipient's answer on record. VPRIV_RECALL_DELETED and VPRIV_RECALL_NOT_KEPT close the recall; so
 *  they do for a copy that was given back before anybody asked. Nobody can check it from here: it is what
 *  was answered, and who said so.
 *  @param         vault        opened with its root store
 *  @param         log_index    as in vpriv_recall.log_index
 *  @param         actor        who answers, 1 to VPRIV_LOG_ACTOR_BYTES - 1 bytes; goes into the log
 *  @param         outcome      but VPRIV_RECALL_UNANSWERED
 *  @param[in,out] receipt_out  struct_size set, or NULL; filled, untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK the log has it  @retval VPRIV_E_ARG
 *  @retval VPRIV_E_NOT_FOUND the log has no disclosure there
 *  @retval VPRIV_E_STATE it was closed already
 *  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH  @retval VPRIV_E_FULL  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_IO  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recall_acknowledge(vpriv_vault *vault,
    uint64_t log_index, const char *actor, vpriv_recall_outcome outcome,
    vpriv_receipt *receipt_out);

#ifdef __cplusplus
}
#endif
#endif
