/* Recovery keys as people write them down: eight groups of four letters and digits.
 *
 *   18 random bytes ‖ BLAKE2b-128 of them, its first 2 bytes  →  160 bits  →  32 of Crockford's digits
 *
 * Small letters do; O is read as 0, I and L as 1; blanks and hyphens may be anywhere. */
#ifndef VPI_KEYS_RECOVERY_KEY_H
#define VPI_KEYS_RECOVERY_KEY_H

#include "base/status.h"

#define VPI_RECOVERY_BYTES 18

/* text_out holds VPRIV_RECOVERY_KEY_TEXT_BYTES. */
void vpi_recovery_key_format(const uint8_t bytes[VPI_RECOVERY_BYTES], char *text_out);
/* VPRIV_E_FORMAT with what is wrong: a strange character, too few, too many, or mistyped. */
vpriv_status vpi_recovery_key_parse(const char *text, uint8_t bytes_out[VPI_RECOVERY_BYTES]);

#endif
