/* C2SP signed notes with Ed25519, and checkpoints as their text. Both directions are strict: what
 * this writes, this reads, and every other spelling of the same is refused.
 *
 *   text, every line ending in a newline | empty line | "— name base64(key id ‖ signature)" lines
 *
 * Here a log's key has the log's own name (its origin). */
#ifndef VPI_LOG_NOTE_H
#define VPI_LOG_NOTE_H

#include "base/status.h"
#include <voicepriv/log.h>

#define VPI_NOTE_KEY_ID_BYTES     4
#define VPI_NOTE_SECRET_KEY_BYTES 64 /* libsodium's form: seed ‖ public key */

/* 1 to VPRIV_LOG_ORIGIN_BYTES - 1 bytes of UTF-8 without spaces of any kind, controls and plus. */
bool vpi_note_name_is_valid(const char *name);

/* First four bytes of SHA-256(name ‖ newline ‖ 0x01 ‖ public key). */
void vpi_note_key_id(const char *name, const uint8_t *public_key, uint8_t *key_id_out);

/* Base64 in its one canonical spelling: how many bytes it stands for; 0 when it is not. libsodium alone takes
 * some bytes above 127 for letters. */
size_t vpi_note_base64_bytes(const char *text, size_t n_bytes);

/* Sign a text that ends in a newline. Writes the whole note, then NUL; n_bytes_out counts without
 * the NUL. VPRIV_E_ARG for a text or name that cannot be signed, VPRIV_E_LIMIT for too little room.
 */
vpriv_status vpi_note_sign(const char *text, size_t text_bytes, const char *name,
    const uint8_t *secret_key, char *note_out, size_t capacity_bytes, size_t *n_bytes_out);

/* Check a note: well-formed, and signed by this key at least once and never wrongly. Gives the
 * length of its text, which is the start of the note. VPRIV_E_FORMAT, VPRIV_E_AUTH, VPRIV_E_LIMIT.
 */
vpriv_status vpi_note_open(const char *note, size_t n_bytes, const char *name,
    const uint8_t *public_key, size_t *text_bytes_out);

/* origin ‖ size ‖ root as a signed checkpoint. The key must be the log's. */
vpriv_status vpi_checkpoint_sign(const char *origin, uint64_t size, const uint8_t *root,
    const uint8_t *secret_key, vpriv_log_checkpoint *checkpoint_out);

#endif
