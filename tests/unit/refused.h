/* Calls that must be refused: with which status, and with which words in the text that says why. What such
 * calls leave as it was is for the test to say; household_print tells for a vault. */
#ifndef TESTS_REFUSED_H
#define TESTS_REFUSED_H

#include "unit.h"

#define ck_refused(call, status, words)                                                            \
    do {                                                                                           \
        ck_fails(call, status);                                                                    \
        ck_assert_msg(strstr(vpriv_error_detail(), words) != NULL,                                 \
            "%s: \"%s\" does not say \"%s\"", #call, vpriv_error_detail(), words);                 \
    } while (0)

/* With one field of `object` changed for this call. */
#define ck_refused_with(object, field, value, call, status, words)                                 \
    do {                                                                                           \
        unsigned char ck_kept[sizeof(object)];                                                     \
        memcpy(ck_kept, &(object), sizeof ck_kept);                                                \
        (object).field = (value);                                                                  \
        ck_refused(call, status, words);                                                           \
        memcpy(&(object), ck_kept, sizeof ck_kept);                                                \
    } while (0)

#endif
