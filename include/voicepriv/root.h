/** @file root.h
 *  Root stores: where the one key lives that everything in a vault hangs on.
 *
 *      vpriv_root_store *root;
 *      vpriv_root_tpm_open(NULL, &root);                          // or:
 *      vpriv_root_file_open("kitchen.root", &root);
 *      vpriv_root_passphrase_open("kitchen.root", words, strlen(words), NULL, &root);
 *      vpriv_vault_open("kitchen.vault", root, NULL, &vault);
 *
 *  Whatever is erased stays readable to whoever finds an old root key and an old vault. A root store
 *  therefore replaces its key each time something is erased, and says how well it forgets the old one. */
#ifndef VOICEPRIV_ROOT_H
#define VOICEPRIV_ROOT_H

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

/** Read the record. Give VPRIV_E_NOT_FOUND when the store is empty. Processes that only read hold no lock of
 *  the vault's: a load may run while another process replaces the record. It must give the old record or
 *  the new one, whole, and must not change anything in the medium.
 *  record_out is locked memory of VPRIV_ROOT_RECORD_BYTES. */
typedef vpriv_status (*vpriv_root_load_fn)(void *user, uint8_t *record_out);
/** Put the record in place of the old one, atomically. Give VPRIV_OK only when the new record will
 *  survive a power cut and the old one can no longer be read. Two replacements of one vault's record never
 *  overlap; loads of other processes may overlap one. */
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

/** How much work a passphrase costs whoever tries one: Argon2id (RFC 9106), one lane. */
typedef struct vpriv_passphrase_cost {
    size_t struct_size; /**< sizeof(vpriv_passphrase_cost) */
    uint32_t n_passes;  /**< 1 to 1000; 0 is 3 */
    uint64_t
        memory_bytes; /**< 8 KiB to 4 GiB; 0 is 64 MiB. It is needed at each opening, and not locked */
} vpriv_passphrase_cost;

/** Bytes of a recovery key as text, with the NUL: eight groups of four, with hyphens. */
#define VPRIV_RECOVERY_KEY_TEXT_BYTES 40

/** Use a key file of mode 0600 that only a passphrase opens, or a recovery key. Argon2id runs here, once;
 *  the root key is replaced without it. Where there is no file, one appears with the vault's creation.
 *  Old copies of the file open with the passphrase of their time, hence VPRIV_ASSURANCE_BEST_EFFORT.
 *  @param      path        file name, copied
 *  @param      passphrase  UTF-8 or any other bytes, compared as they are; need not end with NUL
 *  @param      n_bytes     its length, at least 1
 *  @param      cost        for a new file; NULL for the usual. A file's own cost stays until it is changed
 *  @param[out] store_out   to be closed with vpriv_root_close; untouched on failure
 *  Owns:     the caller owns the store, and wipes the passphrase
 *  Threads:  any      Realtime: no
 *  Secrets:  the file's key is held in locked memory until the store is closed. Argon2id's own memory is
 *            given back to the system, but neither locked nor wiped before.
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG no path, no passphrase, or a cost out of range
 *  @retval VPRIV_E_AUTH the passphrase is wrong  @retval VPRIV_E_FORMAT not such a file, or damaged
 *  @retval VPRIV_E_IO  @retval VPRIV_E_BUSY another process has the file locked for longer than ten seconds
 *  @retval VPRIV_E_MEMORY too little for Argon2id, or no locked memory
 *  Source:   RFC 9106, section 4
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_root_passphrase_open(const char *path,
    const char *passphrase, size_t n_bytes, const vpriv_passphrase_cost *cost,
    vpriv_root_store **store_out);

/** Use such a file when the passphrase is forgotten. Then set a new one with vpriv_root_passphrase_change.
 *  @param      path          file name, copied
 *  @param      recovery_key  as vpriv_root_recovery_key gave it; capitals, blanks and hyphens do not matter
 *  @param[out] store_out     to be closed with vpriv_root_close; untouched on failure
 *  Owns:     the caller owns the store, and wipes the text
 *  Threads:  any      Realtime: no      Secrets: as vpriv_root_passphrase_open
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND no such file, or it has no recovery key
 *  @retval VPRIV_E_AUTH another file's recovery key, or one replaced since
 *  @retval VPRIV_E_FORMAT mistyped, or not such a file  @retval VPRIV_E_IO  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_root_recovery_open(
    const char *path, const char *recovery_key, vpriv_root_store **store_out);

/** Put a new passphrase in place of the old one. The recovery key, if there is one, stays good. Other
 *  processes must open their store again. What opened the file before does not open it from now on; old
 *  copies of the file are beyond anybody's reach.
 *  @param  store       a store of vpriv_root_passphrase_open or vpriv_root_recovery_open whose vault exists
 *  @param  passphrase  the new one
 *  @param  n_bytes     its length, at least 1
 *  @param  cost        NULL for the usual
 *  Owns:     borrows all
 *  Threads:  one call at a time per store      Realtime: no      Secrets: as vpriv_root_passphrase_open
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG another kind of store, no passphrase, or a cost out of range
 *  @retval VPRIV_E_NOT_FOUND there is no file yet  @retval VPRIV_E_AUTH it was changed elsewhere meanwhile
 *  @retval VPRIV_E_FORMAT  @retval VPRIV_E_IO the old one stays in force  @retval VPRIV_E_MEMORY
 *  @retval VPRIV_E_BUSY another process has the file locked for longer than ten seconds
 *  @retval VPRIV_E_ROOT the new one is in force, but the old version of the file could not be wiped, and an image of
 *          the disk may open with the old passphrase: change it again
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_root_passphrase_change(vpriv_root_store *store,
    const char *passphrase, size_t n_bytes, const vpriv_passphrase_cost *cost);

/** Make a recovery key: 144 random bits to write down and lock away. An earlier one is worth nothing
 *  from then on.
 *  @param      store       a store of vpriv_root_passphrase_open whose vault exists
 *  @param      passphrase  the present one: whoever finds a device open does not get a recovery key
 *  @param      n_bytes     its length
 *  @param[out] text_out    VPRIV_RECOVERY_KEY_TEXT_BYTES, ends with NUL; empty on failure, but for VPRIV_E_ROOT
 *  Owns:     the caller owns the text, and wipes it
 *  Threads:  one call at a time per store      Realtime: no      Secrets: text_out is one
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG another kind of store, or no passphrase
 *  @retval VPRIV_E_AUTH the passphrase is wrong  @retval VPRIV_E_NOT_FOUND there is no file yet
 *  @retval VPRIV_E_FORMAT  @retval VPRIV_E_IO the old one stays good  @retval VPRIV_E_MEMORY  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_ROOT the new one is good, and in text_out, but the old version of the file could not be wiped:
 *          make another
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_root_recovery_key(vpriv_root_store *store,
    const char *passphrase, size_t n_bytes, char text_out[VPRIV_RECOVERY_KEY_TEXT_BYTES]);

/** Use the Linux kernel's key retention service: the root key is in the kernel's memory only, under the
 *  account's user keyring, and the kernel wipes it when it is replaced. With a restart or a power cut the
 *  whole vault is gone: for what must not outlive the session, or where something else brings the root
 *  key in at each start. Hence VPRIV_ASSURANCE_KEYED; hibernation and images of a virtual machine's
 *  memory do keep it.
 *  @param      name       of the key, 1 to 64 letters, digits, '.', '_' or '-'; others of the account see it
 *  @param[out] store_out  to be closed with vpriv_root_close; untouched on failure
 *  Owns:     the caller owns the store
 *  Threads:  any      Realtime: no      Secrets: none yet; the key is read by the vault
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG the name is missing or has other characters
 *  @retval VPRIV_E_UNSUPPORTED no such service in this kernel or sandbox  @retval VPRIV_E_MEMORY
 *  Source:   keyrings(7), keyctl(2)
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_root_kernel_open(
    const char *name, vpriv_root_store **store_out);

/** Where in a TPM 2.0 the root key is. */
typedef struct vpriv_root_tpm_config {
    size_t struct_size; /**< sizeof(vpriv_root_tpm_config) */
    const char
        *connection; /**< "device:/dev/tpmrm0", "swtpm:host=…,port=…"; NULL for the system's own */
    uint32_t index; /**< handle of the NV index, 0x01000000 to 0x01fffffe; 0 is 0x01500016. The
                                 counter of generations is the handle behind it: two stores are at
                                 least two apart */
    uint32_t pcrs;  /**< bit i: the key is bound to PCR i (SHA-256 bank) as it is when it is first
                                 put there, at the vault's creation or a move; 0 for none */
    const char
        *owner_auth; /**< of the owner hierarchy, needed to create and destroy; NULL is empty */
    const char
        *auth; /**< of the index, needed whenever the key is read; NULL is empty. With pcrs the
                                 index has none */
} vpriv_root_tpm_config;

/** Use a TPM 2.0 (TCG TPM 2.0 Library, through tpm2-tss): the record is in an NV index that is written
 *  over at each shred, and a monotonic counter tells an old record that was put back. The connection is
 *  made for each call, so that the TPM is free for others in between. Hence VPRIV_ASSURANCE_KEYED: what
 *  can be read out of the chip with a laboratory's means is not protected against. Values on the way to
 *  the chip are encrypted against whoever listens on the bus, not against whoever speaks on it. Where the
 *  index or the one behind it holds something else than this store's, whatever uses the store gives
 *  VPRIV_E_EXISTS, and it is kept.
 *  @param      config     copied; NULL for the defaults
 *  @param[out] store_out  to be closed with vpriv_root_close; untouched on failure
 *  Owns:     the caller owns the store
 *  Threads:  any      Realtime: no
 *  Secrets:  the auth values are held in locked memory. While a call runs tpm2-tss has copies in ordinary memory:
 *            those of its objects are cleared, those of its sessions, and of an index being made, it frees unwiped
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG struct_size, a handle out of range, an auth value over 32 bytes
 *  @retval VPRIV_E_UNSUPPORTED built without it, or tpm2-tss cannot be loaded  @retval VPRIV_E_MEMORY
 *  Source:   TCG TPM 2.0 Library, part 3, NV commands
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_root_tpm_open(
    const vpriv_root_tpm_config *config, vpriv_root_store **store_out);

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
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG store is NULL  @retval VPRIV_E_ROOT the medium refused, or is empty
 *  @retval VPRIV_E_EXISTS something else is in the store's place, and was kept
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_root_destroy(vpriv_root_store *store);

/** Close a store. Vaults opened with it must be closed before.
 *  @param  store  NULL is fine
 *  Owns:     frees the store
 *  Threads:  no other call on this store      Realtime: no      Secrets: wiped
 *  @return nothing
 *  Since: 0.1 */
VPRIV_API void vpriv_root_close(vpriv_root_store *store);

#ifdef __cplusplus
}
#endif
#endif
