/* Where the root key is, as --root says it, and the words that open it. */
#include "tool.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define WORDS_BYTES      1024
#define N_PROMPT_SIGNALS 5

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

exit_code root_has_folder(const tool_arguments *arguments, const tool_root *root)
{
    struct stat info;
    char *copy = root_is_in_a_file(root) ? strdup(root->where) : NULL;
    const int error = copy && stat(dirname(copy), &info) != 0 ? errno : 0;
    free(copy);
    if (!error)
        return EXIT_GOOD;
    return tool_error(arguments, error == ENOENT ? EXIT_NOT_FOUND : EXIT_IO, "%s: %s", root->where,
        strerror(error));
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

/* A terminal that does not show what is typed. */
typedef struct quiet_terminal {
    int fd;
    struct termios before;
    struct sigaction actions[N_PROMPT_SIGNALS];
    sigset_t mask;
} quiet_terminal;

static const int prompt_signals[N_PROMPT_SIGNALS] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
static volatile sig_atomic_t caught;

static void on_prompt_signal(int number)
{
    caught = number;
}

/* The signals that would leave the terminal as it is get through in ppoll alone. */
static bool quiet_begin(quiet_terminal *quiet)
{
    sigset_t held;
    struct sigaction action = {.sa_handler = on_prompt_signal};
    quiet->fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (quiet->fd < 0 || tcgetattr(quiet->fd, &quiet->before) != 0) {
        if (quiet->fd >= 0)
            close(quiet->fd);
        return false;
    }
    caught = 0;
    sigemptyset(&action.sa_mask);
    sigemptyset(&held);
    for (size_t i = 0; i < N_PROMPT_SIGNALS; i++)
        sigaddset(&held, prompt_signals[i]);
    sigprocmask(SIG_BLOCK, &held, &quiet->mask);
    for (size_t i = 0; i < N_PROMPT_SIGNALS; i++) {
        sigaction(prompt_signals[i], NULL, &quiet->actions[i]);
        if (quiet->actions[i].sa_handler != SIG_IGN)
            sigaction(prompt_signals[i], &action, NULL);
    }
    struct termios silent = quiet->before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(quiet->fd, TCSAFLUSH, &silent);
    return true;
}

/* As it was; then the signal does what it would have done. */
static void quiet_end(quiet_terminal *quiet)
{
    sigset_t background;
    sigemptyset(&background);
    sigaddset(&background, SIGTTOU); /* also where it has no say over the terminal any more */
    sigprocmask(SIG_BLOCK, &background, NULL);
    tcsetattr(quiet->fd, TCSAFLUSH, &quiet->before);
    (void)!write(quiet->fd, "\n", 1);
    close(quiet->fd);
    for (size_t i = 0; i < N_PROMPT_SIGNALS; i++)
        sigaction(prompt_signals[i], &quiet->actions[i], NULL);
    sigprocmask(SIG_SETMASK, &quiet->mask, NULL);
    if (caught)
        raise(caught);
}

static bool type_line(const quiet_terminal *quiet, char *line_out)
{
    size_t n = 0;
    for (;;) {
        char typed = 0;
        struct pollfd terminal = {.fd = quiet->fd, .events = POLLIN};
        if (ppoll(&terminal, 1, NULL, &quiet->mask) < 0 || caught)
            return false;
        const ssize_t n_read = read(quiet->fd, &typed, 1);
        if (n_read < 0)
            return false;
        if (n_read == 0 || typed == '\n' || typed == '\r')
            break;
        if (n < WORDS_BYTES)
            line_out[n++] = typed;
    }
    const bool is_whole = n > 0 && n < WORDS_BYTES - 1;
    line_out[is_whole ? n : 0] = 0;
    return is_whole;
}

/* Asked on the terminal, without an echo; anew after it was stopped and goes on. */
static bool ask(const char *question, char *line_out)
{
    bool good = false;
    do {
        quiet_terminal quiet;
        if (!quiet_begin(&quiet))
            return false;
        dprintf(quiet.fd, "%s: ", question);
        good = type_line(&quiet, line_out);
        quiet_end(&quiet);
    } while (caught == SIGTSTP);
    return good;
}

/* What nobody sees while it is typed is typed twice. */
static exit_code ask_for_words(
    const tool_arguments *arguments, const char *question, bool are_new, char *words_out)
{
    exit_code code = EXIT_GOOD;
    char again[64];
    char *words = are_new ? calloc(1, WORDS_BYTES) : NULL;
    snprintf(again, sizeof again, "%s, again", question);
    if (are_new && !words)
        code = tool_error(arguments, EXIT_INTERNAL, "no memory");
    else if (!ask(question, words_out) || (are_new && !ask(again, words)))
        code = tool_usage(arguments, "a passphrase is needed: on a terminal, or in a file");
    else if (are_new && strcmp(words, words_out) != 0)
        code = tool_error(arguments, EXIT_USAGE, "the two differ: nothing was done");
    root_forget(words);
    return code;
}

/* The first line; in front of a recovery key may be others, which begin as no such key does. */
static exit_code read_words(
    const tool_arguments *arguments, const char *path, bool is_recovery, char *words_out)
{
    bool good = false;
    exit_code code = EXIT_GOOD;
    FILE *file = fopen(path, "re");
    if (!file)
        return tool_error(arguments, EXIT_IO, "%s: %s", path, strerror(errno));
    setvbuf(file, NULL, _IONBF, 0); /* a buffer would keep them */
    do
        good = read_line(file, words_out);
    while (good && is_recovery && words_out[0] == '#');
    if (!good)
        code = tool_error(arguments, EXIT_FORMAT,
            "%s: the first line is the passphrase, and there is none, or one of over %d bytes",
            path, WORDS_BYTES - 2);
    fclose(file);
    return code;
}

exit_code root_words(
    const tool_arguments *arguments, option_id option, root_words_kind kind, char **words_out)
{
    static const char *const questions[] = {[WORDS_OLD] = "passphrase",
        [WORDS_AGAIN] = "passphrase, again",
        [WORDS_RECOVERY] = "recovery key",
        [WORDS_NEW] = "new passphrase"};
    const char *path = option_value(arguments, option);
    char *words = calloc(1, WORDS_BYTES);
    const exit_code code =
        !words ? tool_error(arguments, EXIT_INTERNAL, "no memory")
        : path ? read_words(arguments, path, kind == WORDS_RECOVERY, words)
               : ask_for_words(arguments, questions[kind], kind == WORDS_NEW, words);
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
        errno = 0;
        const unsigned long long index = strtoull(at, &end, 0);
        config_out->index = (uint32_t)index;
        if (end == at || *at < '0' || *at > '9' || errno || index > UINT32_MAX ||
            (*end && *end != ','))
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
        if (at[1] < '0' || at[1] > '9' || pcr > 23 || (*end && *end != '+'))
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
            root->kind == ROOT_RECOVERY      ? WORDS_RECOVERY
            : access(root->where, F_OK) != 0 ? WORDS_NEW
                                             : WORDS_OLD,
            &words);
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
