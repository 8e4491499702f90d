/* Failing with a reason. `vpi_fail` records what was wrong for vpriv_error_detail() and hands the
 * status back, so that a function can say `return vpi_fail(...)`.
 * Never put keys, samples, names or anything a person said into the text. */
#ifndef VPI_BASE_STATUS_H
#define VPI_BASE_STATUS_H

#include <stdarg.h>
#include <voicepriv/base.h>

/* The longest text, with its NUL. */
#define VPI_DETAIL_BYTES VPRIV_DETAIL_BYTES

vpriv_status vpi_fail(vpriv_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3), cold));

/* Forget an earlier failure's text; for calls that handle a failure and go on. */
void vpi_fail_clear(void);

/* The text of a failure, for what has to be called after it and has texts of its own. */
typedef struct vpi_reason {
    char text[VPI_DETAIL_BYTES];
} vpi_reason;
vpi_reason vpi_fail_text(void);
void vpi_fail_text_again(const vpi_reason *reason);

/* Put the failing item in front of the text already there ("out.wav: no space left"). */
vpriv_status vpi_fail_in(vpriv_status status, const char *what);

#endif
