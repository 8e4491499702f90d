#include "base/status.h"
#include <stdio.h>
#include <string.h>

static _Thread_local char detail[VPI_DETAIL_BYTES];

static const struct {
    vpriv_status status;
    const char *text;
} texts[] = {
    {VPRIV_OK, "good"},
    {VPRIV_E_INTERNAL, "internal error"},
    {VPRIV_E_ARG, "invalid argument"},
    {VPRIV_E_MEMORY, "out of memory"},
    {VPRIV_E_IO, "input/output error"},
    {VPRIV_E_FULL, "disk full"},
    {VPRIV_E_BUSY, "vault is busy"},
    {VPRIV_E_FORMAT, "not a valid file of this kind"},
    {VPRIV_E_VERSION, "written by a newer version"},
    {VPRIV_E_AUTH, "authentication failed"},
    {VPRIV_E_ROLLBACK, "vault and root store are of different ages"},
    {VPRIV_E_ROOT, "root store cannot be used"},
    {VPRIV_E_CONSENT, "no consent"},
    {VPRIV_E_NOT_FOUND, "not found"},
    {VPRIV_E_EXISTS, "exists already"},
    {VPRIV_E_STATE, "not possible in this state"},
    {VPRIV_E_UNSUPPORTED, "not supported"},
    {VPRIV_E_LIMIT, "over a limit"},
    {VPRIV_E_NO_KEY, "no key for this"},
    {VPRIV_E_DEVICE_LOST, "microphone lost"},
    {VPRIV_E_ERASED, "erased"},
    {VPRIV_E_CANCELLED, "cancelled"},
};

const char *vpriv_status_text(vpriv_status status)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "unknown status";
}

const char *vpriv_error_detail(void)
{
    return detail;
}

const char *vpriv_version(void)
{
    return VPRIV_VERSION_TEXT;
}

vpriv_status vpi_fail(vpriv_status status, const char *format, ...)
{
    /* The text that is there may be among the arguments. */
    char text[sizeof detail];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memcpy(detail, text, strlen(text) + 1);
    return status;
}

void vpi_fail_clear(void)
{
    detail[0] = '\0';
}

vpi_reason vpi_fail_text(void)
{
    vpi_reason reason;
    memcpy(reason.text, detail, sizeof reason.text);
    return reason;
}

void vpi_fail_text_again(const vpi_reason *reason)
{
    memcpy(detail, reason->text, sizeof detail);
}

vpriv_status vpi_fail_in(vpriv_status status, const char *what)
{
    char before[sizeof detail];
    memcpy(before, detail, sizeof before);
    snprintf(detail, sizeof detail, "%.200s: %.300s", what,
        before[0] ? before : vpriv_status_text(status));
    return status;
}
