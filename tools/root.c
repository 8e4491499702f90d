/* Where the root key is, as --root says it, and the words that open it. */
#include "tool.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#define WORDS_BYTES 1024

static const struct {
    const char *word;
    tool_root_kind kind;
} kinds[] = {{"file:", ROOT_FILE}, {"passphrase:", ROOT_PASSPHRASE}, {"recovery:", ROOT_RECOVERY},
    {"kernel:", ROOT_KERNEL}, {"tpm:", ROOT_TPM}};

tool_root root_parse(const char *text)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const size_t n = strlen(kinds[i].word);
        if (strncmp(text, kinds[i].word, n) == 0)
            return (tool_root){kinds[i].kind, text, text + n};
    }
    return (tool_root){ROOT_FILE, text, text};
}

bool root_is_in_a_file(const tool_root *root)
{
    return root->kind == ROOT_FILE || root->kind == ROOT_PASSPHRASE || root->kind == ROOT_RECOVERY;
}

/* The first line of a stream, without its end; false when there is none, or it is too long. */
static bool read_line(FILE *stream, char *line_out)
{
    if (!fgets(line_out, WORDS_BYTES, stream))
        return false;
    const size_t n = strcspn(line_out, "\r\n");
    const bool is_whole = line_out[n] != 0 || feof(stream);
    line_out[n] = 0;
    return is_whole && n > 0;
}

/* Asked on the terminal, without an echo. */
static bool ask(const char *question, char *line_out)
{
    struct termios before, silent;
    FILE *terminal = fopen("/dev/tty", "r+");
    if (!terminal)
        return false;
    setvbuf(terminal, NULL, _IONBF, 0);
    const bool is_terminal = tcgetattr(fileno(terminal), &before) == 0;
    if (is_terminal) {
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
    }
    fprintf(terminal, "%s: ", question);
    const bool good = read_line(terminal, line_out);
    if (is_terminal)
        tcsetattr(fileno(terminal), TCSAFLUSH, &before);
    fputc('\n', terminal);
    fclose(terminal);
    return good;
}

exit_code root_words(
    const tool_arguments *arguments, option_id option, const char *question, char **words_out)
{
    const char *path = option_value(arguments, option);
    char *words = calloc(1, WORDS_BYTES);
    exit_code code = EXIT_GOOD;
    if (!words) {
        code = tool_error(arguments, EXIT_INTERNAL, "no memory");
    } else if (path) {
        FILE *file = fopen(path, "re");
        if (!file)
            code = tool_error(arguments, EXIT_IO, "%s: %s", path, strerror(errno));
        else if (!read_line(file, words))
            code = tool_error(arguments, EXIT_FORMAT,
                "%s: the first line is the passphrase, and there is none, or one of over %d bytes",
                path, WORDS_BYTES - 2);
        if (file)
            fclose(file);
    } else if (!ask(question, words)) {
        code = tool_usage(arguments, "a passphrase is needed: on a terminal, or in a file");
    }
    if (code == EXIT_GOOD)
        *words_out = words;
    else
        root_forget(words);
    return code;
}

void root_forget(char *words)
{
    if (words)
        explicit_bzero(words, WORDS_BYTES);
    free(words);
}

/* "", "0x1500016", "0x1500016,pcrs=0+7" or "pcrs=0+7". */
static exit_code read_tpm(
    const tool_arguments *arguments, const char *text, vpriv_root_tpm_config *config_out)
{
    const char *at = text;
    if (*at && *at != ',' && strncmp(at, "pcrs=", 5) != 0) {
        char *end = NULL;
        config_out->index = (uint32_t)strtoul(at, &end, 0);
        if (end == at || (*end && *end != ','))
            return tool_usage(
                arguments, "tpm:%s: the handle of an NV index is like 0x1500016", text);
        at = end;
    }
    at += *at == ',';
    if (!*at)
        return EXIT_GOOD;
    if (strncmp(at, "pcrs=", 5) != 0)
        return tool_usage(arguments, "tpm:%s: only pcrs=0+7 may follow", text);
    at += 4;
    while (*at) {
        char *end = NULL;
        const unsigned long pcr = strtoul(at + 1, &end, 10);
        if (end == at + 1 || pcr > 23 || (*end && *end != '+'))
            return tool_usage(
                arguments, "tpm:%s: PCRs are numbers from 0 to 23, with + between", text);
        config_out->pcrs |= UINT32_C(1) << pcr;
        at = end;
    }
    return EXIT_GOOD;
}

static exit_code open_tpm(
    const tool_arguments *arguments, const tool_root *root, vpriv_root_store **store_out)
{
    vpriv_root_tpm_config config = {.struct_size = sizeof config,
        .connection = getenv("VOICEPRIV_TPM"),
        .owner_auth = getenv("VOICEPRIV_TPM_OWNER_AUTH"),
        .auth = getenv("VOICEPRIV_TPM_AUTH")};
    const exit_code code = read_tpm(arguments, root->where, &config);
    if (code != EXIT_GOOD)
        return code;
    setenv("TSS2_LOG", "all+none", 0); /* what fails is told here, once */
    const vpriv_status st = vpriv_root_tpm_open(&config, store_out);
    return st == VPRIV_OK ? EXIT_GOOD : tool_failed(arguments, root->text, st);
}

exit_code root_open(const tool_arguments *arguments, const tool_root *root, option_id words_option,
    vpriv_root_store **store_out)
{
    char *words = NULL;
    exit_code code = EXIT_GOOD;
    vpriv_status st = VPRIV_OK;
    if (root->kind == ROOT_TPM)
        return open_tpm(arguments, root, store_out);
    if (root->kind == ROOT_PASSPHRASE || root->kind == ROOT_RECOVERY)
        code = root_words(arguments, words_option,
            root->kind == ROOT_RECOVERY ? "recovery key" : "passphrase", &words);
    if (code != EXIT_GOOD)
        return code;
    if (root->kind == ROOT_PASSPHRASE)
        st = vpriv_root_passphrase_open(root->where, words, strlen(words), NULL, store_out);
    else if (root->kind == ROOT_RECOVERY)
        st = vpriv_root_recovery_open(root->where, words, store_out);
    else if (root->kind == ROOT_KERNEL)
        st = vpriv_root_kernel_open(root->where, store_out);
    else
        st = vpriv_root_file_open(root->where, store_out);
    root_forget(words);
    return st == VPRIV_OK ? EXIT_GOOD : tool_failed(arguments, root->where, st);
}
