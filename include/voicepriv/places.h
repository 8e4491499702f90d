/** @file places.h
 *  Which places count, what their law asks for, purposes that are paused there, and the controller's
 *  policy with its dates.
 *
 *      vpriv_jurisdiction_trust(vault, vendor_key, "installer");
 *      vpriv_jurisdiction_install(vault, json, n_bytes, signature, "installer");
 *      vpriv_jurisdiction_set_device(vault, "US-CA", "location service");
 *      vpriv_subject_set_home(vault, ada, "DE");
 *      ...
 *      vpriv_pause_begin(vault, &(vpriv_pause){.struct_size = sizeof(vpriv_pause),
 *          .purposes = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW), .where = "EU",
 *          .actor = "acme", .reason = "recordings were leaked"});
 *
 *  Three places count: where a speaker is at home, where the device is, where the controller has its
 *  seat; for a recording also where it was taken. The strictest of their rules holds. A place that no
 *  valid profile governs has the built-in rules `strict`, and counts as lying in every place that
 *  something is paused in. */
#ifndef VOICEPRIV_PLACES_H
#define VOICEPRIV_PLACES_H

#include <voicepriv/jurisdiction.h>
#include <voicepriv/people.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most profiles a vault keeps. */
#define VPRIV_PROFILES_MAX 32
/** Most places a vault knows rules for. */
#define VPRIV_PLACES_MAX 32
/** Most pauses a vault keeps at a time. */
#define VPRIV_PAUSES_MAX 16
/** Room for the reason of a pause, the final NUL included. */
#define VPRIV_PAUSE_REASON_BYTES 160

/** Say whose signature on profiles, pauses and policies counts. What another one signed counts no more.
 *  @param  vault       opened with its root store
 *  @param  public_key  VPRIV_AUTHORITY_PUBLIC_KEY_BYTES; NULL is nobody
 *  @param  actor       who says so, for the log
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK durable  @retval VPRIV_E_ARG  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_jurisdiction_trust(
    vpriv_vault *vault, const uint8_t *public_key, const char *actor);

/** Keep a profile, in place of an earlier revision of the same name. In force at once.
 *  @param  vault      opened with its root store
 *  @param  json       the exact bytes
 *  @param  n_bytes    1 to VPRIV_DOCUMENT_BYTES_MAX
 *  @param  signature  VPRIV_AUTHORITY_SIGNATURE_BYTES of the authority that the vault trusts
 *  @param  actor      who installs it, for the log
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK durable; also when this very file is kept already  @retval VPRIV_E_ARG
 *  @retval VPRIV_E_FORMAT  @retval VPRIV_E_VERSION  @retval VPRIV_E_LIMIT too long, or too many
 *  @retval VPRIV_E_AUTH not signed by the authority, or no authority is trusted
 *  @retval VPRIV_E_ROLLBACK this revision or a later one is kept
 *  @retval VPRIV_E_STATE out of date already  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_jurisdiction_install(vpriv_vault *vault,
    const char *json, size_t n_bytes, const uint8_t *signature, const char *actor);

/** Gets one profile; info lives for the call. Return false to stop. */
typedef bool (*vpriv_profile_fn)(void *user, const vpriv_profile_info *info);

/** List the profiles a vault keeps.
 *  @param  vault  opened with its root store
 *  @param  fn     called for each, outside of the vault's lock
 *  @param  user   handed to fn
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_jurisdiction_list(
    vpriv_vault *vault, vpriv_profile_fn fn, void *user);

/** Say where the device is. New recordings carry it; it counts at once, for reading as well.
 *  @param  vault  opened with its root store
 *  @param  place  ISO 3166: "DE", "US-CA"; "strict" when it is not known
 *  @param  actor  who or what says so, for the log
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK durable  @retval VPRIV_E_ARG  @retval VPRIV_E_LIMIT more than VPRIV_PLACES_MAX
 *  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_jurisdiction_set_device(
    vpriv_vault *vault, const char *place, const char *actor);

/** Say where a person is at home. Kept under the person's own key, and in the capture policy.
 *  @param  vault    opened with its root store
 *  @param  subject  VPRIV_SUBJECT_ID_BYTES
 *  @param  place    ISO 3166: "DE", "US-CA"; "strict" when it is not known
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: descriptive data is stored sealed
 *  @retval VPRIV_OK durable  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND no such subject
 *  @retval VPRIV_E_LIMIT more than VPRIV_PLACES_MAX  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_subject_set_home(
    vpriv_vault *vault, const uint8_t *subject, const char *place);

/** Say in which month a person was born, for the ages that profiles set. Without it a child is a child
 *  and everybody else is not. Of age from the first day of the following month.
 *  @param  vault    opened with its root store
 *  @param  subject  VPRIV_SUBJECT_ID_BYTES
 *  @param  year     1900 to 2399; 0 with month 0 is not known
 *  @param  month    1 to 12
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: descriptive data is stored sealed
 *  @retval VPRIV_OK durable  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND no such subject
 *  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_subject_set_birth(
    vpriv_vault *vault, const uint8_t *subject, int year, int month);

/** Tell what holds now: at a place, or for the device and a person together.
 *  @param      vault      an open vault
 *  @param      place      ISO 3166, or NULL: the strictest of device, controller and subject
 *  @param      subject    VPRIV_SUBJECT_ID_BYTES, or NULL for nobody in particular
 *  @param[out] rules_out  struct_size set by the library; untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND no such subject
 *  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_jurisdiction_rules(
    vpriv_vault *vault, const char *place, const uint8_t *subject, vpriv_rules *rules_out);

/** Purposes that are closed somewhere for a while. Zero means the default; texts are copied. */
typedef struct vpriv_pause {
    size_t struct_size; /**< sizeof(vpriv_pause) */
    uint32_t purposes;  /**< VPRIV_PURPOSE_BIT of each; not empty */
    const char
        *where; /**< "*" (the default), a place with all its parts ("DE", "US"), or a profile by
                             its name with all its places ("EU", "us-ca") */
    int64_t from_us;    /**< 0: now */
    int64_t until_us;   /**< 0: until it is ended */
    const char *actor;  /**< who does it, 1 to VPRIV_LOG_ACTOR_BYTES - 1 bytes */
    const char *reason; /**< why, up to VPRIV_PAUSE_REASON_BYTES - 1 bytes; NULL: none given */
} vpriv_pause;

/** Close purposes somewhere, for everybody. Nobody's consent changes, and no key is destroyed. What is
 *  closed now is closed at once: recordings that need it end within one block (VPRIV_END_PAUSED). The
 *  root key is replaced, so that an old state of the file does not end the pause.
 *
 *  One that begins later is kept until then. A place that no profile governs is in every scope.
 *  @param  vault  opened with its root store
 *  @param  pause  what, where, when, who, why; the log has all of it
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK durable  @retval VPRIV_E_ARG  @retval VPRIV_E_LIMIT more than VPRIV_PAUSES_MAX
 *  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_pause_begin(
    vpriv_vault *vault, const vpriv_pause *pause);

/** End pauses of these purposes with this very scope, present and coming. Those of other scopes stay.
 *  What people consented to counts again, unless its notice changed meanwhile: then they are asked
 *  again, as always.
 *  @param  vault  opened with its root store
 *  @param  pause  purposes, where, actor and reason count
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK durable; also when nothing was paused  @retval VPRIV_E_ARG  @retval VPRIV_E_NO_KEY
 *  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL
 *  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_pause_end(
    vpriv_vault *vault, const vpriv_pause *pause);

/** Gets one pause; it lives for the call, its actor and reason are NULL (they are in the log). Return
 *  false to stop. */
typedef bool (*vpriv_pause_fn)(void *user, const vpriv_pause *pause);

/** List pauses that are on or to come.
 *  @param  vault  an open vault
 *  @param  fn     called for each, outside of the vault's lock
 *  @param  user   handed to fn
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_IO  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_pause_list(
    vpriv_vault *vault, vpriv_pause_fn fn, void *user);

/** Do what a signed order says: pause or resume. Each order has a number; it is done once, and none
 *  that is older than one that was done.
 *  @param  vault      opened with its root store
 *  @param  json       the exact bytes
 *  @param  n_bytes    1 to VPRIV_DOCUMENT_BYTES_MAX
 *  @param  signature  VPRIV_AUTHORITY_SIGNATURE_BYTES of the authority that the vault trusts
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK durable  @retval VPRIV_E_ARG  @retval VPRIV_E_FORMAT  @retval VPRIV_E_VERSION
 *  @retval VPRIV_E_LIMIT  @retval VPRIV_E_AUTH not signed by the authority
 *  @retval VPRIV_E_ROLLBACK it or a later one was done already  @retval VPRIV_E_NO_KEY
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_pause_order(
    vpriv_vault *vault, const char *json, size_t n_bytes, const uint8_t *signature);

/** The controller's policy: which epoch, and until when it may be acted on. */
typedef struct vpriv_policy_info {
    size_t struct_size;  /**< sizeof(vpriv_policy_info), set by the library */
    uint64_t epoch;      /**< 0: none was ever published */
    int64_t issued_us;   /**< when it was signed; its age counts from here */
    int64_t stale_us;    /**< when it is too old; VPRIV_TIME_FOREVER_US: never */
    bool is_stale;       /**< only what serves the person goes on: see vpriv_policy_publish() */
    uint64_t next_epoch; /**< published and not yet effective; 0: none */
    int64_t next_effective_us; /**< when it will be; 0: none */
} vpriv_policy_info;

/** Who decides what recordings are for. */
typedef struct vpriv_controller {
    size_t struct_size;  /**< sizeof(vpriv_controller) */
    const char *id;      /**< 1 to VPRIV_PARTY_ID_BYTES - 1 bytes */
    const char *name;    /**< what people call it, 1 to VPRIV_PARTY_NAME_BYTES - 1 bytes */
    const char *country; /**< of its seat, ISO 3166-1; "ZZ" is not known */
} vpriv_controller;

/** Say that somebody else is the controller now, or that the same one has another name or seat. Every consent
 *  becomes invalid and its key is destroyed: nothing that was recorded before opens any more, and every
 *  notice so far is out of force. Whoever wants to keep what is theirs takes it away first
 *  (vpriv_portable_export()); the people are asked again, with a notice that names the new controller.
 *  @param      vault           opened with its root store
 *  @param      controller      who it is now; nothing happens when that is who it was
 *  @param      actor           who says so, for the log
 *  @param[out] n_consents_out  how many consents ended, or NULL; untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: destroys the grant keys
 *  @retval VPRIV_OK final  @retval VPRIV_E_ARG  @retval VPRIV_E_LIMIT rules for one more place do not fit
 *  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_ROOT see vpriv_vault_erase  @retval VPRIV_E_AUTH
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_controller_change(vpriv_vault *vault,
    const vpriv_controller *controller, const char *actor, size_t *n_consents_out);

/** Publish a policy epoch: new recordings and consents name it from the time it is effective. When the
 *  latest one is older than it allows, everything closes but answering requests, keeping the history,
 *  adapting the device, and erasing.
 *  @param  vault      opened with its root store
 *  @param  json       the exact bytes
 *  @param  n_bytes    1 to VPRIV_DOCUMENT_BYTES_MAX
 *  @param  signature  VPRIV_AUTHORITY_SIGNATURE_BYTES of the authority that the vault trusts
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK durable  @retval VPRIV_E_ARG  @retval VPRIV_E_FORMAT  @retval VPRIV_E_VERSION
 *  @retval VPRIV_E_LIMIT  @retval VPRIV_E_AUTH not signed by the authority
 *  @retval VPRIV_E_ROLLBACK it is not newer than the latest  @retval VPRIV_E_NO_KEY
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_policy_publish(
    vpriv_vault *vault, const char *json, size_t n_bytes, const uint8_t *signature);

/** Tell which policy is in force.
 *  @param      vault     an open vault
 *  @param[out] info_out  filled; untouched on failure
 *  Owns:     borrows both
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_IO  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_policy_about(
    vpriv_vault *vault, vpriv_policy_info *info_out);

#ifdef __cplusplus
}
#endif
#endif
