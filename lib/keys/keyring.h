/* The inside of a keyring. All of it is guarded memory. */
#ifndef VPI_KEYS_KEYRING_H
#define VPI_KEYS_KEYRING_H

#include "keys/seal.h"
#include <voicepriv/keys.h>

#define VPI_PURPOSES_MAX 32

struct vpriv_keyring {
    uint8_t vault_id[VPI_VAULT_ID_BYTES];
    bool is_capture_credential;
    uint32_t has_public; /* purpose bits */
    uint32_t has_secret;
    uint8_t public_key[VPI_PURPOSES_MAX][VPI_KEY_BYTES];
    uint8_t secret_key[VPI_PURPOSES_MAX][VPI_KEY_BYTES];
    uint8_t device_public_key[VPI_KEY_BYTES]; /* Ed25519, verifies checkpoints */
    uint8_t policy_key[VPI_KEY_BYTES];        /* capture credentials: reads the capture policy */
};

vpriv_status vpi_keyring_create(
    const uint8_t vault_id[VPI_VAULT_ID_BYTES], vpriv_keyring **keyring_out);
/* A fresh X25519 pair for a purpose. */
void vpi_keyring_generate(vpriv_keyring *keyring, unsigned purpose);

#endif
