/** @file storage.h
 *  Looking after a vault: where its root key lives, backups, checkpoints kept elsewhere, and how much disk
 *  space it takes.
 *
 *      vpriv_root_store *tpm;
 *      vpriv_root_tpm_open(NULL, &tpm);
 *      vpriv_vault_move_root(vault, tpm, "installer");            // the key file is gone afterwards
 *
 *      vpriv_vault_backup(vault, "/media/stick/home.backup", VPRIV_STORAGE_REPLACE, NULL, NULL);
 *      ...
 *      vpriv_backup_restore("/media/stick/home.backup", root, "home.vault", 0, NULL, NULL);
 *
 *  A backup is ciphertext and holds no root key and no keyring. It opens with the root key that was in force
 *  when it was made: whatever is erased, withdrawn, paused, set aside or expires afterwards, and every change of
 *  rules, replaces the root, and with that every older backup is noise. Make a new one after such a thing. doc/storage.md has it all. */
#ifndef VOICEPRIV_STORAGE_H
#define VOICEPRIV_STORAGE_H

#include <voicepriv/vault.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Move a vault's root key to another root store. The key is replaced on the way and then destroyed in the
 *  old store: copies of the old store open nothing of the vault as it is from now on, unless the file was copied,
 *  too, while it moved (or before its log was emptied, which waits five seconds for readers). To take a vault to
 *  another device, move its root into a file with a passphrase, carry both there, and move it again.
 *  Where power is cut, the vault opens with the old store or the new one, or with both until one of them is
 *  used to destroy something; move it again then.
 *  A store that is the old one by another handle (the same file, kernel key or TPM index) is found out by what
 *  is in it after the commit: the root key stays there, replaced as if something had been destroyed (backups
 *  made before are noise), the log says that it was moved, and the call fails.
 *  @param  vault  open with its root; from now on it uses the new store, and after VPRIV_E_ARG, VPRIV_E_EXISTS
 *                 and VPRIV_E_BUSY the old one
 *  @param  to     an empty store, or one in which a move of this vault was cut off; stays open as long as
 *                 the vault
 *  @param  actor  who does it, for the log
 *  Owns:     borrows all; the old store is still the caller's to close
 *  Threads:  any; other processes with the old store get VPRIV_E_ROOT from then on. Processes with a capture
 *            credential notice nothing
 *  Realtime: no
 *  Secrets:  the root key goes from one store to the other through locked memory
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG no store, the store in use (also by another handle, see above),
 *          or a bad actor
 *  @retval VPRIV_E_EXISTS the new store holds another key, or something else: it is kept
 *  @retval VPRIV_E_NO_KEY open for capture only
 *  @retval VPRIV_E_ROOT a store refused: when it was the new one, the old one is still in force, and the new
 *          one is emptied if it was empty before; when it was the old one, the vault has moved and the old store
 *          holds a key that opens nothing any more, or could not be looked at and was left alone (the text says
 *          which)
 *  @retval VPRIV_E_BUSY another process holds the vault, or has put a root key into the old store at each of many
 *          tries: that is still in force, and the new one may hold a copy; move it again
 *  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_AUTH  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_move_root(
    vpriv_vault *vault, vpriv_root_store *to, const char *actor);

/** Told how far it is, in bytes; with n_total 0 that is not known yet. Return false to stop. */
typedef bool (*vpriv_storage_fn)(void *user, uint64_t n_done, uint64_t n_total);

/** What the calls below may do; bits. */
typedef enum vpriv_storage_flag {
    VPRIV_STORAGE_REPLACE = 1, /**< put the new file in the place of the one that is there */
} vpriv_storage_flag;

/** Copy a vault while it is in use: from one snapshot, so that others record, read and erase meanwhile, and
 *  nobody's writing makes it start over. The file appears only when it is whole and on the disk; until then
 *  it is PATH.part, which the next call takes over where this one was killed. Where something is destroyed
 *  during the copying, it is made again: a copy that is handed out is of the root in force.
 *
 *  The write-ahead log of the vault cannot be folded in while the snapshot is held: it grows by what others
 *  write meanwhile.
 *  @param  vault     opened with its root store. A capture process makes no backup: it cannot tell whether
 *                    the root that a copy belongs to is still in force
 *  @param  path      of the file to make, mode 0600
 *  @param  flags     0, or VPRIV_STORAGE_REPLACE to put it in the place of an older backup of this vault (of
 *                    nothing else)
 *  @param  progress  NULL, or told how far it is
 *  @param  user      handed to progress
 *  Owns:     borrows all
 *  Threads:  any; other threads go on using the vault      Realtime: no
 *  Secrets:  none: the copy holds ciphertext, and no root key
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG
 *  @retval VPRIV_E_EXISTS the file is there; or it is no backup of this vault, and is not replaced; or the
 *          vault file has its name with .part behind it
 *  @retval VPRIV_E_CANCELLED progress said stop: there is no file
 *  @retval VPRIV_E_FULL no space: there is no file  @retval VPRIV_E_NO_KEY open for capture only
 *  @retval VPRIV_E_BUSY something was destroyed during each of four tries, or another process makes the
 *          same file
 *  @retval VPRIV_E_NOT_FOUND the folder does not exist  @retval VPRIV_E_AUTH the vault file is damaged
 *  @retval VPRIV_E_IO  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Source:   SQLite's online backup API
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_backup(
    vpriv_vault *vault, const char *path, uint32_t flags, vpriv_storage_fn progress, void *user);

/** What a backup is worth with the root store at hand. */
typedef enum vpriv_backup_state {
    VPRIV_BACKUP_CURRENT = 1,     /**< opens everything that was alive when it was made */
    VPRIV_BACKUP_OUTDATED = 2,    /**< something was destroyed since: opens for nothing, for good */
    VPRIV_BACKUP_AHEAD = 3,       /**< the root store is the older one: it was put back */
    VPRIV_BACKUP_OTHER_VAULT = 4, /**< the root store is another vault's */
    VPRIV_BACKUP_NO_ROOT = 5,     /**< the root store is empty */
} vpriv_backup_state;

/** What there is to know about a backup without opening it. */
typedef struct vpriv_backup_info {
    size_t struct_size; /**< sizeof(vpriv_backup_info), set by the caller */
    vpriv_backup_state state;
    uint8_t vault_id[16];     /**< of the backup */
    uint64_t generation;      /**< of the root that the backup belongs to */
    uint64_t root_generation; /**< of the root in the store; 0 without one */
    uint64_t n_bytes;         /**< of the file */
} vpriv_backup_info;

/** Say whether a backup is of use, by the generations of its root and of the one in the store. Nothing is
 *  written. This reads a number that is not authenticated: restoring checks it.
 *  @param         path      of the backup
 *  @param         root      the store in use today
 *  @param[in,out] info_out  struct_size set; filled also when the answer is no
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: the root record is read into locked memory
 *  @retval VPRIV_OK it is current  @retval VPRIV_E_ARG
 *  @retval VPRIV_E_ROLLBACK it is outdated, or the root store is older than it; the text says what to do
 *  @retval VPRIV_E_ROOT the store is empty, another vault's, or refuses  @retval VPRIV_E_NOT_FOUND
 *  @retval VPRIV_E_FORMAT not a vault file  @retval VPRIV_E_VERSION  @retval VPRIV_E_AUTH damaged
 *  @retval VPRIV_E_IO  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_backup_check(
    const char *path, vpriv_root_store *root, vpriv_backup_info *info_out);

/** Put a backup in place: it is copied beside the vault, the copy is verified (SQLite's pages, every key,
 *  person, consent, recording and log leaf, as vpriv_vault_verify does without a keyring), and then takes
 *  the vault's name, all at once. The backup stays as it is, and the root store too. What was recorded after
 *  the backup is not in it.
 *  @param  path      of the backup
 *  @param  root      the store in use today: on another device, one to which vpriv_vault_move_root brought it
 *  @param  vault     of the vault file to make
 *  @param  flags     0, or VPRIV_STORAGE_REPLACE to put it in the place of a vault file that is there (damaged
 *                    or not, or an empty file, but of nothing else); nobody may have that open. Failing, or cut
 *                    off, leaves that with everything its write-ahead log held, or the restored one in its place
 *  @param  progress  NULL, or told how far the copying is
 *  @param  user      handed to progress
 *  Owns:     borrows all
 *  Threads:  any; not while this process has the vault open      Realtime: no
 *  Secrets:  keys of the tree pass through locked memory
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_EXISTS there is a vault file; with
 *          VPRIV_STORAGE_REPLACE another file, which is not replaced; or the backup has its name with .part
 *          behind it
 *  @retval VPRIV_E_ROLLBACK an old backup: something was destroyed since  @retval VPRIV_E_AUTH it is damaged
 *  @retval VPRIV_E_BUSY somebody has the vault file open  @retval VPRIV_E_CANCELLED progress said stop
 *  @retval VPRIV_E_FULL no space: nothing was changed  @retval VPRIV_E_ROOT  @retval VPRIV_E_NOT_FOUND
 *  @retval VPRIV_E_FORMAT  @retval VPRIV_E_VERSION  @retval VPRIV_E_IO  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_backup_restore(const char *path,
    vpriv_root_store *root, const char *vault, uint32_t flags, vpriv_storage_fn progress,
    void *user);

/** Hold the log against a checkpoint that was kept where nobody who writes this disk can write: everything up to
 *  there must still be in it, unchanged. Without such an anchor nothing on a device can tell an earlier state
 *  of everything from the present one.
 *  @param      vault       opened with its root store
 *  @param      text        of vpriv_vault_checkpoint; need not end with NUL
 *  @param      text_bytes  1 to VPRIV_LOG_CHECKPOINT_READ_BYTES_MAX
 *  @param[out] size_out    NULL, or the entries the checkpoint speaks of; untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK the log goes on from it  @retval VPRIV_E_ARG
 *  @retval VPRIV_E_ROLLBACK the log is shorter: the vault was put back to an earlier state
 *  @retval VPRIV_E_AUTH the log up to there is another one; or not a checkpoint of this vault's device
 *  @retval VPRIV_E_FORMAT not a checkpoint  @retval VPRIV_E_LIMIT too long  @retval VPRIV_E_NO_KEY
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Source:   RFC 6962, C2SP tlog-checkpoint
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_verify_checkpoint(
    vpriv_vault *vault, const char *text, size_t text_bytes, uint64_t *size_out);

/** How much disk space a vault takes. */
typedef struct vpriv_space {
    size_t struct_size;     /**< sizeof(vpriv_space), set by the caller */
    uint64_t file_bytes;    /**< of the vault file */
    uint64_t log_bytes;     /**< of the write-ahead log beside it */
    uint64_t free_bytes;    /**< of the vault file: pages that hold nothing */
    uint64_t reserve_bytes; /**< kept aside for erasing on a full disk; 0 while it is given up */
    bool can_shrink; /**< vpriv_vault_tidy makes the file smaller. Vaults made before that was
                                 possible use their free pages again instead */
} vpriv_space;

/** Tell how much disk space a vault takes.
 *  @param      vault      an open vault
 *  @param[in,out] space_out  struct_size set; filled, untouched on failure
 *  Owns:     borrows both
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_space(
    vpriv_vault *vault, vpriv_space *space_out);

#ifdef __cplusplus
}
#endif
#endif
