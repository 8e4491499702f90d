/* A household whose receipts are made from calls and from the log, verified without the vault, and read. */
#ifndef TESTS_UNIT_RECEIPTS_H
#define TESTS_UNIT_RECEIPTS_H

#include "household.h"
#include <jansson.h>

#define KEEP   VPRIV_PURPOSE_KEEP_HISTORY
#define REVIEW VPRIV_PURPOSE_HUMAN_REVIEW

extern household h;

/* A checked fixture. */
void set_up(void);
void tear_down(void);

/* A receipt's text, or a document's. */
typedef struct text {
    char bytes[VPRIV_RECEIPT_BYTES_MAX];
    size_t n;
} text;
vpriv_status collect(void *user, const void *bytes, size_t n_bytes);
text *from_call(const vpriv_receipt *receipts, size_t n, const vpriv_receipt_statement *more);
text *from_log(uint64_t index);
/* Verifies without the vault, frees the text, and gives the document. */
json_t *read_receipt(text *jws, vpriv_receipt_claims *claims_out);
/* A member's text, or that of its first one, or its "@id". */
const char *at(const json_t *object, const char *key);
json_int_t number(const json_t *object, const char *key);

vpriv_receipt give(const uint8_t *subject, vpriv_purpose purpose);
vpriv_receipt withdraw(const uint8_t *subject, vpriv_purpose purpose);
uint64_t log_size(void);
vpriv_status open_for(
    const vpriv_recording_id *recording, vpriv_purpose purpose, const char *recipient);

#endif
