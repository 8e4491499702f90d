/** @file salvage.h
 *  What is left of a damaged vault.
 *
 *      const vpriv_gate_request request = {.struct_size = sizeof request,
 *          .purpose = VPRIV_PURPOSE_KEEP_HISTORY, .actor = "ada", .reason = "the card is broken"};
 *      vpriv_salvage_report report = {.struct_size = sizeof report};
 *      vpriv_vault_salvage("home.vault", root, keyring, NULL, &request, "rescued", NULL, NULL, &report);
 *
 *  It is no backup: one bad page of the key tree costs everything. doc/storage.md says what each costs. */
#ifndef VOICEPRIV_SALVAGE_H
#define VOICEPRIV_SALVAGE_H

#include <voicepriv/gate.h>
#include <voicepriv/storage.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a salvage came to. */
typedef struct vpriv_salvage_report {
    size_t struct_size; /**< sizeof(vpriv_salvage_report), set by the caller */
    uint64_t n_damages; /**< things that are wrong, each with its place in damage.json */
    uint64_t n_whole;   /**< recordings written from the first sample to the last */
    uint64_t n_partial; /**< written with gaps where blocks are lost */
    uint64_t n_lost; /**< of which nothing opens, or for which consent cannot be decided any more */
    uint64_t n_closed; /**< that are not open for the purpose: nothing to do with the damage */
    uint64_t n_lost_frames_48k; /**< in those written with gaps, at 48 kHz */
} vpriv_salvage_report;

/** Get out of a damaged vault file what is not damaged: a folder with each recording that the gate would
 *  open for the request's purpose, as Ogg Opus, and a list of the damage with its places, as JSON and as
 *  text. The file is only read. Its rows are read page by page and put into fresh tables in the folder for
 *  the time of the call; each has to open with its key at its place, so that nothing that was made up, moved
 *  or is of another time comes out.
 *
 *  Consent is decided as ever, by what is left of it: what cannot be decided stays shut. Where a block is
 *  lost (it does not open, or is malformed inside), the sound has a gap of exactly that length, marked as
 *  lost, and no sound is put in its place. What is there in several versions is not chosen from, unless the
 *  tables lead to one of them. A consent that allows so many uses opens nothing: its uses could not be
 *  counted.
 *
 *  The vault's log cannot take an entry any more. So there is a record signed with the device's key in the
 *  folder, on the disk before the first sound: who opened what, when, why. What it says of what is opened is the
 *  SHA-256 of a list beside it, so that there is no recording, and no damage, too many for it.
 *  @param         path        of the vault file; nobody may have it open
 *  @param         root        the store in use today
 *  @param         keyring     holds the purpose's secret key
 *  @param         options     NULL, or the clock to go by
 *  @param         request     who, why and for whom; purpose: keep_history as a rule
 *  @param         folder      missing, or empty; until the first sound is in it a salvage that fails takes
 *                             back what it made, a missing folder, too
 *  @param         progress    NULL, or told how many recordings are done
 *  @param         user        handed to progress
 *  @param[in,out] report_out  struct_size set, or NULL; filled also when it is not finished
 *  Owns:     borrows all
 *  Threads:  any; not while this process has the vault open      Realtime: no
 *  Secrets:  the sound is in the folder in the clear; the rebuilt tables are ciphertext, and removed
 *  @retval VPRIV_OK what could be had is in the folder  @retval VPRIV_E_ARG
 *  @retval VPRIV_E_STATE the vault is not damaged: use vpriv_portable_export, whose trace is in the log
 *  @retval VPRIV_E_EXISTS the folder has files  @retval VPRIV_E_NO_KEY the keyring lacks the purpose's key
 *  @retval VPRIV_E_AUTH the keys to everything else are lost: nothing opens
 *  @retval VPRIV_E_ROLLBACK an old copy: something was destroyed since
 *  @retval VPRIV_E_BUSY somebody has the vault open  @retval VPRIV_E_CANCELLED progress said stop
 *  @retval VPRIV_E_IO the disk does not give what is needed: another time, or from a copy, it may
 *  @retval VPRIV_E_ROOT  @retval VPRIV_E_NOT_FOUND  @retval VPRIV_E_FULL
 *  @retval VPRIV_E_FORMAT not a regular file  @retval VPRIV_E_LIMIT  @retval VPRIV_E_MEMORY
 *  Source:   SQLite's file format
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_salvage(const char *path,
    vpriv_root_store *root, const vpriv_keyring *keyring, const vpriv_vault_options *options,
    const vpriv_gate_request *request, const char *folder, vpriv_storage_fn progress, void *user,
    vpriv_salvage_report *report_out);

#ifdef __cplusplus
}
#endif
#endif
