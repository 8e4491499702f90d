/** @file purge.h
 *  Erasing many recordings with few replacements of the root key, and knowing the wear beforehand.
 *
 *      vpriv_purge_criteria old = {.struct_size = sizeof old, .until_us = last_year_us};
 *      vpriv_purge_cost cost = {.struct_size = sizeof cost};
 *      vpriv_purge_estimate(vault, &old, &cost);               // nothing is changed
 *      vpriv_purge_report report = {.struct_size = sizeof report};
 *      st = vpriv_purge(vault, &old, NULL, NULL, &report);
 *
 *  A purge goes window by window. One window is one commit, one log entry and one replacement of the root
 *  key, and counts as erased when that replacement is done, not before. Recorders go on between windows. */
#ifndef VOICEPRIV_PURGE_H
#define VOICEPRIV_PURGE_H

#include <voicepriv/vault.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VPRIV_PURGE_WINDOW     1024  /**< recordings per replacement when nothing is said */
#define VPRIV_PURGE_WINDOW_MAX 16384 /**< the most; a recorder waits while a window is written */

/** Which recordings go: those that are named, or those that meet every criterion that is set. */
typedef struct vpriv_purge_criteria {
    size_t struct_size;                   /**< sizeof(vpriv_purge_criteria), set by the caller */
    const vpriv_recording_id *recordings; /**< ids, and then no other criterion; NULL */
    size_t n_recordings;                  /**< how many ids; 0 without */
    const uint8_t *subject; /**< who speaks in it, VPRIV_SUBJECT_ID_BYTES; NULL is anybody */
    int64_t since_us;       /**< UTC: started at or after; 0 is from the beginning */
    int64_t until_us;       /**< UTC: started before; 0 is no bound. VPRIV_TIME_FOREVER_US alone is
                                          every recording */
    uint32_t window;        /**< recordings per replacement, up to VPRIV_PURGE_WINDOW_MAX; 0 is
                                          VPRIV_PURGE_WINDOW */
} vpriv_purge_criteria;

/** What a purge would cost the medium: on the high side, from what the vault holds now. */
typedef struct vpriv_purge_cost {
    size_t struct_size;           /**< sizeof(vpriv_purge_cost), set by the caller */
    uint64_t n_recordings;        /**< would be erased; with damaged ones, which may be meant */
    uint64_t n_held;              /**< would stay, because of a legal hold */
    uint64_t n_root_replacements; /**< of the root key, when the disk is not full */
    uint64_t n_nv_writes;         /**< of a TPM, if the root key is in one */
    uint64_t n_pages;             /**< of 4,096 bytes that change, at most */
    uint64_t n_bytes; /**< written to files, at most: to the write-ahead log, from there to the
                                       vault, and to a key file */
} vpriv_purge_cost;

/** What a purge has done. */
typedef struct vpriv_purge_report {
    size_t struct_size;    /**< sizeof(vpriv_purge_report), set by the caller */
    uint64_t n_recordings; /**< erased for good: the root key was replaced since */
    uint64_t n_held;       /**< met the criteria and stay, because of a legal hold */
    uint64_t n_unread;     /**< stay: damaged, changed, or filed with a subject they do not name */
    uint64_t n_root_replacements; /**< so far */
    bool is_done;                 /**< everything that met the criteria was looked at */
    bool is_cancelled;            /**< fn said so */
} vpriv_purge_report;

/** Gets the report after each window, when that is final. False: stop here. */
typedef bool (*vpriv_purge_fn)(void *user, const vpriv_purge_report *so_far);

/** Erase for good what meets the criteria, window by window; see vpriv_vault_erase. What was done stays
 *  done, whether it is cancelled, fails, or power is cut. On a full disk windows are of 16 recordings. Damaged
 *  recordings keep no other: see vpriv_vault_erase_before. Named by id they are erased.
 *  @param      vault       opened with its root store
 *  @param      criteria    which; at least one must be set
 *  @param      fn          called after each window, outside of the vault's lock, where it may call into the
 *                          library; NULL
 *  @param      user        handed to fn
 *  @param[in,out] report_out   struct_size set, or NULL; filled also on failure, with what is final
 *  @param[in,out] receipt_out  struct_size set, or NULL; for all windows together, its leaf the last one's.
 *                          Filled also where VPRIV_E_AUTH comes with n_unread and is_done; else untouched on
 *                          failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: destroyed
 *  @retval VPRIV_OK also when it was cancelled or there was none; what is under a legal hold stays and is
 *          counted  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND a recording or person that is named does
 *          not exist; none is erased  @retval VPRIV_E_NO_KEY open for capture only
 *  @retval VPRIV_E_ROOT the last window is erased in the file, but the root store could not be replaced yet:
 *          it is not in the report, and the next call or opening finishes it
 *  @retval VPRIV_E_AUTH something could not be looked at; with is_done, everything else was done  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL
 *  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_purge(vpriv_vault *vault,
    const vpriv_purge_criteria *criteria, vpriv_purge_fn fn, void *user,
    vpriv_purge_report *report_out, vpriv_receipt *receipt_out);

/** Estimate what vpriv_purge would cost; nothing is changed. Not in it: what capture processes left to be
 *  adopted, and removing the dead ciphertext (vpriv_vault_tidy).
 *  @param      vault     opened with its root store
 *  @param      criteria  as for vpriv_purge
 *  @param[in,out] cost_out  struct_size set; filled, untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND a recording or person that is named does
 *          not exist  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_IO  @retval VPRIV_E_ROOT  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_purge_estimate(
    vpriv_vault *vault, const vpriv_purge_criteria *criteria, vpriv_purge_cost *cost_out);

#ifdef __cplusplus
}
#endif
#endif
