/* A household on a medium that rots: bytes of its vault file change in place, below SQLite. */
#ifndef TESTS_SPOILT_H
#define TESTS_SPOILT_H

#include "passing.h"

/* One bit of the blob that this SQL names, in the file; the vault is closed and opened again. */
void spoil(const char *sql);
/* Of a recording's header. */
void spoil_header(const vpriv_recording_id *id);
/* SQL beside the library, as somebody writes it who has the file and no key. %s is the recording's number. */
void forge(const vpriv_recording_id *id, const char *sql);
int64_t row_of(const vpriv_recording_id *id);
bool is_kept(const vpriv_recording_id *id);
/* The call failed because of so many that are damaged, says so, and sends to whoever names them. */
void ck_tells(vpriv_status st, unsigned n);
/* What somebody knows who took a copy "before" and has all keys of now. */
bool opens_in_old_copy(const uint8_t key[VPI_KEY_BYTES]);

#endif
