/** @file storage.h
 *  Looking after a vault: where its root key lives, and how much disk space it takes.
 *
 *      vpriv_root_store *tpm;
 *      vpriv_root_tpm_open(NULL, &tpm);
 *      vpriv_vault_move_root(vault, tpm, "installer");            // the key file is gone afterwards
 */
#ifndef VOICEPRIV_STORAGE_H
#define VOICEPRIV_STORAGE_H

#include <voicepriv/vault.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Move a vault's root key to another root store. The key is replaced on the way and then destroyed in the
 *  old store: copies of the old store open nothing of the vault as it is from now on. To take a vault to
 *  another device, move its root into a file with a passphrase, carry both there, and move it again.
 *  Where power is cut, the vault opens with the old store or the new one, or with both until one of them is
 *  used to destroy something; move it again then.
 *  @param  vault  open with its root; from now on it uses the new store
 *  @param  to     an empty store, or one in which a move of this vault was cut off; stays open as long as
 *                 the vault
 *  @param  actor  who does it, for the log
 *  Owns:     borrows all; the old store is still the caller's to close
 *  Threads:  any; other processes with the old store get VPRIV_E_ROOT from then on. Processes with a capture
 *            credential notice nothing
 *  Realtime: no
 *  Secrets:  the root key goes from one store to the other through locked memory
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG no store, the store in use, or a bad actor
 *  @retval VPRIV_E_EXISTS the new store holds another key  @retval VPRIV_E_NO_KEY open for capture only
 *  @retval VPRIV_E_ROOT a store refused: when it was the new one, the old one is still in force and the new
 *          one is emptied; when it was the old one, the vault has moved and the old store holds a key that
 *          opens nothing any more (the text says which)
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_AUTH  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_move_root(
    vpriv_vault *vault, vpriv_root_store *to, const char *actor);

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
