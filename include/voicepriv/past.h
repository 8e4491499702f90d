/** @file past.h
 *  Changing who may open what is stored already: a later consent that covers the past, and a speaker who
 *  was noticed afterwards.
 *
 *      vpriv_past_report report = {.struct_size = sizeof report};
 *      vpriv_consent_evidence yes = {.struct_size = sizeof yes, .notice_id = "review",
 *          .covers_past = true};
 *      vpriv_consent_give(vault, ada, VPRIV_PURPOSE_HUMAN_REVIEW, &yes, NULL);
 *      vpriv_consent_apply_to_past(vault, keyring, ada, VPRIV_PURPOSE_HUMAN_REVIEW, "ada", NULL, NULL,
 *          &report);
 *      ...
 *      vpriv_recording_add_speaker(vault, &recording, bob, VPRIV_SUBJECT_USER, "ada", NULL, NULL);
 *
 *  A consent reaches back by the first call only, and never by itself. The second only takes away: nothing
 *  ever opens for more than before because somebody else turns out to speak in it. */
#ifndef VOICEPRIV_PAST_H
#define VOICEPRIV_PAST_H

#include <voicepriv/people.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What became of a person's recordings; each of those looked at is counted once. */
typedef struct vpriv_past_report {
    size_t struct_size;      /**< sizeof(vpriv_past_report), set by the caller */
    uint64_t n_looked_at;    /**< recordings the person speaks in */
    uint64_t n_opened;       /**< open for the purpose by this call */
    uint64_t n_open_already; /**< were open for it before, also by an earlier call */
    uint64_t n_later; /**< began after the consent: it does not have to reach back for them */
    uint64_t
        n_other_speaker; /**< skipped: somebody else who speaks has no consent in force that covers it */
    uint64_t n_set_aside; /**< skipped: under a restriction */
    uint64_t n_over;      /**< skipped: its term, or that of the purpose, is over */
    uint64_t n_no_key;    /**< skipped: no purpose the keyring has keys of opens it now */
    uint64_t
        n_refused; /**< skipped: the purpose is refused for it for another reason, as a pause */
    uint64_t n_damaged; /**< skipped: it does not authenticate */
} vpriv_past_report;

/** Told before each step. Return false to stop: what was done stays done, and another call goes on. */
typedef bool (*vpriv_past_fn)(void *user, uint64_t n_done, uint64_t n_recordings);

/** Open a person's earlier recordings for a purpose, by their consent that covers the past
 *  (vpriv_consent_evidence.covers_past).
 *
 *  Each recording's key is taken through another purpose that opens it now, of which the keyring has the
 *  secret key; the log has that access on the disk before the key is derived, for each recording. Everybody
 *  else who speaks in it must have a consent for the purpose in force as well, given before it was recorded or
 *  covering the past; if not it is skipped. So is what is set aside or over. No recording is kept longer than
 *  before. A consent that counts its uses is no way to the key: none is spent.
 *
 *  Goes in steps of up to 64 recordings, each a change that is whole or not there. After a crash, or when
 *  progress says stop, the same call goes on.
 *  @param      vault       opened with its root store
 *  @param      keyring     holds the secret key of a purpose that opens the recordings now
 *  @param      subject     VPRIV_SUBJECT_ID_BYTES
 *  @param      purpose     what they consented to; its secret key is not needed
 *  @param      actor       who does it, 1 to VPRIV_LOG_ACTOR_BYTES - 1 bytes, for the log
 *  @param      progress    NULL, or told how far it is, outside of the vault's lock; it may call into the
 *                          library
 *  @param      user        handed to progress
 *  @param[in,out] report_out  struct_size set, or NULL; filled also on failure, with what was done
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: recording keys, in locked memory, wiped
 *  @retval VPRIV_OK all were looked at  @retval VPRIV_E_ARG
 *  @retval VPRIV_E_CONSENT there is no consent in force that covers the past, or not any more
 *  @retval VPRIV_E_CANCELLED progress said stop
 *  @retval VPRIV_E_NOT_FOUND no such subject  @retval VPRIV_E_NO_KEY open for capture only, or the keyring is
 *          of another vault
 *  @retval VPRIV_E_AUTH something is damaged or changed; what is not was dealt with where it was found
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL the log cannot be written, so nothing is
 *          opened
 *  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_consent_apply_to_past(vpriv_vault *vault,
    const vpriv_keyring *keyring, const uint8_t *subject, vpriv_purpose purpose, const char *actor,
    vpriv_past_fn progress, void *user, vpriv_past_report *report_out);

/** Note that somebody else speaks in a stored recording. It stays open for those purposes only for which
 *  this person too has a consent in force that was given before it was recorded, or covers the past; a
 *  person who is not known, a guest or a bystander allows none. The recording gets a new shred key, so that
 *  old copies of the vault file open for no more than it does. It is theirs from then on: in their list, and
 *  erased with them.
 *
 *  When no purpose is left it is erased, in the same change; the receipt says which of the two was done.
 *  @param      vault          opened with its root store
 *  @param      recording      a kept recording
 *  @param      subject        VPRIV_SUBJECT_ID_BYTES, or NULL: somebody this vault does not know
 *  @param      subject_class  without a subject: unknown, guest or bystander; else not looked at
 *  @param      actor          who says so, 1 to VPRIV_LOG_ACTOR_BYTES - 1 bytes, for the log
 *  @param      reason         why, for the log; NULL is none given
 *  @param[in,out] receipt_out  struct_size set, or NULL; filled, untouched on failure. kind is
 *                             VPRIV_LOG_SPEAKER_ADDED, or VPRIV_LOG_ERASURE when no purpose was left
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: the shred key is destroyed
 *  @retval VPRIV_OK final  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND no such recording or subject
 *  @retval VPRIV_E_ERASED  @retval VPRIV_E_EXISTS the person is known to speak in it
 *  @retval VPRIV_E_STATE it is under a legal hold: lift it first
 *  @retval VPRIV_E_LIMIT VPRIV_RECORDING_SUBJECTS_MAX people speak in it already
 *  @retval VPRIV_E_NO_KEY open for capture only  @retval VPRIV_E_ROOT see vpriv_vault_erase
 *  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL
 *  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recording_add_speaker(vpriv_vault *vault,
    const vpriv_recording_id *recording, const uint8_t *subject, vpriv_subject_class subject_class,
    const char *actor, const char *reason, vpriv_receipt *receipt_out);

#ifdef __cplusplus
}
#endif
#endif
