/** @file keys.h
 *  Root stores and keyrings: where the keys live, and who holds which.
 *
 *      vpriv_root_store *root;
 *      vpriv_root_file_open("kitchen.root", &root);               // or the vendor's secure element
 *      vpriv_vault_open("kitchen.vault", root, NULL, &vault);
 *
 *      vpriv_keyring *owner, *reviewer;
 *      vpriv_keyring_load("kitchen.keyring", &owner);
 *      vpriv_keyring_split(owner, VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW), &reviewer);
 *
 *  Opening a recording for a purpose takes the root store, the grant keys of everybody who speaks
 *  in it, and that purpose's secret key from a keyring: no one of them is enough. */
#ifndef VOICEPRIV_KEYS_H
#define VOICEPRIV_KEYS_H

#include <voicepriv/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of the record a root store keeps: vault id (16), generation (8, little-endian), key (32). */
#define VPRIV_ROOT_RECORD_BYTES 56

/** How well a root store forgets. Erasure receipts repeat it. */
typedef enum vpriv_assurance {
    VPRIV_ASSURANCE_BEST_EFFORT = 1, /**< a file: old copies of the medium may keep the old key */
    VPRIV_ASSURANCE_KEYED = 2, /**< the medium really forgets: TPM, secure element, keystore */
} vpriv_assurance;

/** Where a vault's root key lives. */
typedef struct vpriv_root_store vpriv_root_store;

/** Read the record. Give VPRIV_E_NOT_FOUND when the store is empty.
 *  record_out is locked memory of VPRIV_ROOT_RECORD_BYTES. */
typedef vpriv_status (*vpriv_root_load_fn)(void *user, uint8_t *record_out);
/** Put the record in place of the old one, atomically. Give VPRIV_OK only when the new record will
 *  survive a power cut and the old one can no longer be read. Calls never overlap for one vault. */
typedef vpriv_status (*vpriv_root_replace_fn)(void *user, const uint8_t *record);
/** Forget the record for good. */
typedef vpriv_status (*vpriv_root_destroy_fn)(void *user);

/** A vendor's own root store. The functions are called with a vault's lock held: they must not call
 *  into the library. */
typedef struct vpriv_root_callbacks {
    size_t struct_size;            /**< sizeof(vpriv_root_callbacks) */
    vpriv_assurance assurance;     /**< say KEYED only when the medium really forgets */
    vpriv_root_load_fn load;       /**< required */
    vpriv_root_replace_fn replace; /**< required */
    vpriv_root_destroy_fn destroy; /**< required */
    void *user;                    /**< handed to each call */
} vpriv_root_callbacks;

/** Use a key file of mode 0600. The file need not exist until a vault is created with it.
 *  Replacing overwrites in place, so it works on a full disk; a file system that copies on write and
 *  flash translation layers may keep old bytes, hence VPRIV_ASSURANCE_BEST_EFFORT.
 *  @param      path       file name, copied
 *  @param[out] store_out  to be closed with vpriv_root_close; untouched on failure
 *  Owns:     the caller owns the store
 *  Threads:  any      Realtime: no      Secrets: none yet; the file is read by the vault
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG path is NULL or empty  @retval VPRIV_E_MEMORY no locked memory
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_root_file_open(
    const char *path, vpriv_root_store **store_out);

/** Use the vendor's own medium: a secure element, a keystore, a TPM by other means.
 *  @param      callbacks  copied; all three functions are required
 *  @param[out] store_out  to be closed with vpriv_root_close; untouched on failure
 *  Owns:     the caller owns the store and keeps callbacks->user alive until it is closed
 *  Threads:  any; the callbacks run on the threads that use the vault      Realtime: no
 *  Secrets:  the callbacks see the root key; the memory they get is locked and wiped afterwards
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a function is missing, or struct_size or assurance is wrong
 *  @retval VPRIV_E_MEMORY no locked memory
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_root_callbacks_open(
    const vpriv_root_callbacks *callbacks, vpriv_root_store **store_out);

/** Tell how well the store forgets.
 *  @param  store  an open store
 *  @return VPRIV_ASSURANCE_BEST_EFFORT or VPRIV_ASSURANCE_KEYED
 *  Owns:     borrows store
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API vpriv_assurance vpriv_root_assurance(const vpriv_root_store *store);

/** Forget the root key for good: everything in the vault becomes noise, in all copies as far as the
 *  store can forget. There is no way back.
 *  @param  store  an open store that no open vault uses
 *  Owns:     borrows store
 *  Threads:  one call at a time per store      Realtime: no      Secrets: destroys the root key
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG store is NULL  @retval VPRIV_E_ROOT the medium refused
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_root_destroy(vpriv_root_store *store);

/** Close a store. Vaults opened with it must be closed before.
 *  @param  store  NULL is fine
 *  Owns:     frees the store
 *  Threads:  no other call on this store      Realtime: no      Secrets: wiped
 *  @return nothing
 *  Since: 0.1 */
VPRIV_API void vpriv_root_close(vpriv_root_store *store);

/** Keys of one holder: secret halves of purposes, or a capture credential. */
typedef struct vpriv_keyring vpriv_keyring;

/** Read a keyring file.
 *  @param      path         file written by vpriv_keyring_save
 *  @param[out] keyring_out  to be closed with vpriv_keyring_close; untouched on failure
 *  Owns:     the caller owns the keyring
 *  Threads:  any      Realtime: no      Secrets: held in locked memory until closed
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND no such file
 *  @retval VPRIV_E_FORMAT not a keyring, or damaged  @retval VPRIV_E_VERSION a newer format
 *  @retval VPRIV_E_IO  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_keyring_load(
    const char *path, vpriv_keyring **keyring_out);

/** Write a keyring file of mode 0600. It appears only when it is whole; an existing file is kept.
 *  @param  keyring  an open keyring
 *  @param  path     a name that is not taken
 *  Owns:     borrows both
 *  Threads:  any      Realtime: no      Secrets: the file holds the secret keys in the clear
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_EXISTS  @retval VPRIV_E_IO
 *  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_keyring_save(
    const vpriv_keyring *keyring, const char *path);

/** Make a keyring with fewer purposes, for a reviewer's or trainer's process.
 *  @param      keyring         an open keyring that holds all of them
 *  @param      purposes        bits as made by VPRIV_PURPOSE_BIT; at least one
 *  @param[out] keyring_out     to be closed with vpriv_keyring_close; untouched on failure
 *  Owns:     the caller owns the new keyring
 *  Threads:  any      Realtime: no      Secrets: copied into locked memory
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG no purpose asked for
 *  @retval VPRIV_E_NO_KEY the keyring lacks one of them  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_keyring_split(
    const vpriv_keyring *keyring, uint32_t purposes, vpriv_keyring **keyring_out);

/** Tell which purposes' secret keys a keyring holds; 0 for a capture credential.
 *  @param  keyring  an open keyring
 *  @return bits as made by VPRIV_PURPOSE_BIT
 *  Owns:     borrows keyring
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API uint32_t vpriv_keyring_purposes(const vpriv_keyring *keyring);

/** Tell whether a keyring is a capture credential: public keys and the capture policy, nothing that
 *  opens a recording.
 *  @param  keyring  an open keyring
 *  @return true for a capture credential
 *  Owns:     borrows keyring
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API bool vpriv_keyring_is_capture_credential(const vpriv_keyring *keyring);

/** Close a keyring and wipe its keys.
 *  @param  keyring  NULL is fine
 *  Owns:     frees the keyring
 *  Threads:  no other call on this keyring      Realtime: no      Secrets: wiped
 *  @return nothing
 *  Since: 0.1 */
VPRIV_API void vpriv_keyring_close(vpriv_keyring *keyring);

#ifdef __cplusplus
}
#endif
#endif
