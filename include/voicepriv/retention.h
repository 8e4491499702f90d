/** @file retention.h
 *  Keeping recordings no longer than was promised, and setting them aside.
 *
 *      vpriv_retention_report report = {.struct_size = sizeof report};
 *      do                                              // from the device's scheduler
 *          st = vpriv_retention_run(vault, 20, &report);
 *      while (st == VPRIV_OK && !report.is_done);
 *      schedule_at(report.next_due_us);
 *
 *  Whatever has run out is refused by the gate from its last microsecond on, without any of this. These calls
 *  destroy the keys, so that it is gone for good. Terms are counted by the vault's clock, which never
 *  runs backwards. A clock that jumps forward by more than a day, as a wrong one does, destroys nothing:
 *  the run is held until somebody confirms the time (vpriv_retention_trust_clock), or until the machine has
 *  been running for a day with it. */
#ifndef VOICEPRIV_RETENTION_H
#define VOICEPRIV_RETENTION_H

#include <voicepriv/vault.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a run has done, and what is left. */
typedef struct vpriv_retention_report {
    size_t struct_size;  /**< sizeof(vpriv_retention_report), set by the caller */
    uint64_t n_expired;  /**< recordings whose keys were destroyed by this call */
    uint64_t n_narrowed; /**< recordings that lost a purpose whose own term is over */
    uint64_t n_consents; /**< consents that were over, whose keys were destroyed: their time or uses
                              ran out, or a guardian gave them for somebody who is of age now */
    uint64_t n_unread; /**< with is_done: recordings, terms of purposes and people that could not be
                              looked at, because they are damaged or were changed */
    bool is_done;      /**< nothing more is due now, or it is held */
    bool is_held;      /**< the clock jumped: nothing was destroyed */
    int64_t
        next_due_us; /**< UTC: when the next term runs out; VPRIV_TIME_FOREVER_US is never. In the
                                past when it is held or not done */
    int64_t held_until_us; /**< UTC, when it is held: the earliest it goes on by itself */
} vpriv_retention_report;

/** Destroy what has run out, about oldest first. One commit and one replacement of the root key for each batch of
 *  up to 256 recordings, 16 when the disk is full; a log entry for each batch. Recordings that are set aside
 *  stay. Once a day, and with a vault that was opened anew, it looks at every recording that runs out, 1,024 in
 *  one transaction, when nothing else is due.
 *
 *  What is damaged, or was changed by somebody, keeps nothing else: it is passed over, and stays, for what cannot
 *  be read cannot be proven to be due. The call that is done then fails, and so does every later one, until the
 *  recording is erased by its id (vpriv_vault_verify tells it) or the file is restored.
 *  @param      vault       opened with its root store
 *  @param      most_ms     no new batch is begun after so many milliseconds; 0 does one
 *  @param[in,out] report_out  struct_size set; filled, also where VPRIV_E_AUTH comes with n_unread; untouched
 *                          on other failures
 *  Owns:     borrows both
 *  Threads:  any      Realtime: no      Secrets: destroyed
 *  @retval VPRIV_OK also when there was nothing to do  @retval VPRIV_E_ARG
 *  @retval VPRIV_E_NO_KEY open for capture only  @retval VPRIV_E_ROOT see vpriv_vault_erase
 *  @retval VPRIV_E_AUTH something could not be looked at; with n_unread, which the text has too, everything else
 *          was done
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_retention_run(
    vpriv_vault *vault, uint32_t most_ms, vpriv_retention_report *report_out);

/** Confirm that the clock is right: a run that was held goes on.
 *  @param      vault  opened with its root store
 *  @param      actor  who says so, 1 to VPRIV_LOG_ACTOR_BYTES - 1 bytes, for the log
 *  Owns:     borrows both
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK durable; also when nothing was held  @retval VPRIV_E_ARG  @retval VPRIV_E_NO_KEY
 *  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL
 *  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_retention_trust_clock(
    vpriv_vault *vault, const char *actor);

/** Set recordings aside, all or none: nobody opens them, whatever was consented to, and they do not expire,
 *  nor does any of their purposes.
 *  Under a legal hold they cannot be erased either, which the person can see (vpriv_recording_list, the
 *  log); a withdrawal closes them all the same. Each gets a new key, and the root key is replaced: no older
 *  backup, and no old row, brings back what is not set aside.
 *  @param      vault        opened with its root store
 *  @param      recordings   ids of kept recordings
 *  @param      n            how many; at least 1
 *  @param      restriction  why; one of more weight takes the place of another
 *  @param      actor        who does it, 1 to VPRIV_LOG_ACTOR_BYTES - 1 bytes, for the log
 *  @param      reason       why, for the log; NULL is none given
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK durable  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND one of them does not exist;
 *          none is set aside
 *  @retval VPRIV_E_ERASED one of them was erased  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recording_restrict(vpriv_vault *vault,
    const vpriv_recording_id *recordings, size_t n, vpriv_restriction restriction,
    const char *actor, const char *reason);

/** End a restriction, all or none. What has run out meanwhile expires at the next run.
 *  @param      vault        opened with its root store
 *  @param      recordings   ids of kept recordings; those that are not set aside stay as they are
 *  @param      n            how many; at least 1
 *  @param      actor        who does it, 1 to VPRIV_LOG_ACTOR_BYTES - 1 bytes, for the log
 *  @param      reason       why, for the log; NULL is none given
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK durable  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND  @retval VPRIV_E_ERASED
 *  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recording_lift(vpriv_vault *vault,
    const vpriv_recording_id *recordings, size_t n, const char *actor, const char *reason);

#ifdef __cplusplus
}
#endif
#endif
