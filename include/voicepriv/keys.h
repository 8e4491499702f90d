/** @file keys.h
 *  Keyrings: who holds which purpose's key.
 *
 *      vpriv_keyring *owner, *reviewer;
 *      vpriv_keyring_load("kitchen.keyring", &owner);
 *      vpriv_keyring_split(owner, VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_HUMAN_REVIEW), &reviewer);
 *
 *  Opening a recording for a purpose takes the root store, the grant keys of everybody who speaks
 *  in it, and that purpose's secret key from a keyring: no one of them is enough. */
#ifndef VOICEPRIV_KEYS_H
#define VOICEPRIV_KEYS_H

#include <voicepriv/root.h>

#ifdef __cplusplus
extern "C" {
#endif

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
