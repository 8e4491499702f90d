/* Fail-closed control flow. A function that uses these has
 *
 *     vpriv_status st = VPRIV_E_INTERNAL;
 *     ...
 *     st = VPRIV_OK;
 *     out:
 *
 * and `st` turns good on the last line only: a forgotten branch is a failure. */
#ifndef VPI_BASE_TRY_H
#define VPI_BASE_TRY_H

#include "base/status.h"
#include <stdio.h>
#include <stdlib.h>

/* Leave through `out` when the call failed. */
#define VPI_TRY(call)                                                                              \
    do {                                                                                           \
        const vpriv_status vpi_tried = (call);                                                     \
        if (vpi_tried != VPRIV_OK) {                                                               \
            st = vpi_tried;                                                                        \
            goto out;                                                                              \
        }                                                                                          \
    } while (0)

/* Leave through `out` with this status and text when the condition does not hold. */
#define VPI_ENSURE(condition, ...)                                                                 \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            st = vpi_fail(__VA_ARGS__);                                                            \
            goto out;                                                                              \
        }                                                                                          \
    } while (0)

/* A state that cannot be: stop the program in every build, without printing values. */
#define VPI_IMPOSSIBLE_UNLESS(condition)                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "libvoicepriv: impossible state at %s:%d\n", __FILE__, __LINE__);      \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
