#include "tool.h"
#include <stdio.h>
#include <string.h>

static const struct {
    exit_code code;
    const char *meaning;
} exit_codes[] = {
    {EXIT_GOOD, "good"},
    {EXIT_FINDINGS, "verify, notice lint, export-all or salvage found something wrong"},
    {EXIT_USAGE, "wrong use: an option, operand or value"},
    {EXIT_CONSENT, "refused: there is no consent for it"},
    {EXIT_NOT_FOUND, "not found, or erased"},
    {EXIT_AUTH, "damaged, changed or older than its root key, or the root key is missing or of "
                "another vault"},
    {EXIT_FULL, "no space left on the disk"},
    {EXIT_IO, "another input or output error, or the microphone was lost"},
    {EXIT_FORMAT, "a file is not of a kind that is read here, or is damaged"},
    {EXIT_EXISTS, "something of that name is there already"},
    {EXIT_NO_KEY, "the keyring or credential does not hold the key for it"},
    {EXIT_BUSY, "another process held the vault for too long"},
    {EXIT_STATE, "not possible now, after what happened before"},
    {EXIT_INTERRUPTED,
        "interrupted, or not confirmed: nothing was kept; what purge or retention run erased "
        "stays erased, and what salvage or export-all wrote stays"},
    {EXIT_INTERNAL, "no memory, or an internal error"},
};

exit_code exit_code_of(vpriv_status status)
{
    switch (status) {
    case VPRIV_OK:
        return EXIT_GOOD;
    case VPRIV_E_ARG:
        return EXIT_USAGE;
    case VPRIV_E_CONSENT:
        return EXIT_CONSENT;
    case VPRIV_E_NOT_FOUND:
    case VPRIV_E_ERASED:
        return EXIT_NOT_FOUND;
    case VPRIV_E_AUTH:
    case VPRIV_E_ROLLBACK:
    case VPRIV_E_ROOT:
        return EXIT_AUTH;
    case VPRIV_E_FULL:
        return EXIT_FULL;
    case VPRIV_E_IO:
    case VPRIV_E_DEVICE_LOST:
        return EXIT_IO;
    case VPRIV_E_FORMAT:
    case VPRIV_E_VERSION:
    case VPRIV_E_UNSUPPORTED:
    case VPRIV_E_LIMIT:
        return EXIT_FORMAT;
    case VPRIV_E_EXISTS:
        return EXIT_EXISTS;
    case VPRIV_E_NO_KEY:
        return EXIT_NO_KEY;
    case VPRIV_E_BUSY:
        return EXIT_BUSY;
    case VPRIV_E_STATE:
        return EXIT_STATE;
    case VPRIV_E_CANCELLED:
        return EXIT_INTERRUPTED;
    case VPRIV_E_MEMORY:
    case VPRIV_E_INTERNAL:
        break;
    }
    return EXIT_INTERNAL;
}

void exit_codes_help(void)
{
    printf("\nExit codes:\n");
    for (size_t i = 0; i < sizeof exit_codes / sizeof exit_codes[0]; i++)
        printf("  %2d  %s\n", (int)exit_codes[i].code, exit_codes[i].meaning);
}

static void begin_message(const tool_arguments *arguments)
{
    fprintf(stderr, "voicepriv: ");
    if (arguments->command)
        fprintf(stderr, "%s: ", arguments->command->words);
}

exit_code tool_usage(const tool_arguments *arguments, const char *format, ...)
{
    va_list values;
    begin_message(arguments);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fprintf(stderr, "\nTry 'voicepriv %s%s--help'.\n",
        arguments->command ? arguments->command->words : "", arguments->command ? " " : "");
    return EXIT_USAGE;
}

exit_code tool_error(const tool_arguments *arguments, exit_code code, const char *format, ...)
{
    va_list values;
    begin_message(arguments);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
    return code;
}

void tool_note(const tool_arguments *arguments, const char *format, ...)
{
    va_list values;
    begin_message(arguments);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
}

exit_code tool_failed(const tool_arguments *arguments, const char *what, vpriv_status status)
{
    const char *detail = vpriv_error_detail();
    const size_t n = what ? strlen(what) : 0;
    if (what && strncmp(detail, what, n) == 0 && strncmp(detail + n, ": ", 2) == 0)
        detail += n + 2; /* it names the file already */
    if (strcmp(detail, vpriv_status_text(status)) == 0)
        detail = ""; /* and says no more */
    begin_message(arguments);
    if (what)
        fprintf(stderr, "%s: ", what);
    fprintf(stderr, "%s%s%s\n", vpriv_status_text(status), detail[0] ? ": " : "", detail);
    return exit_code_of(status);
}
