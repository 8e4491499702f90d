/* Control-C and its like. A handler may only set a flag; where the source is standard input it also
 * puts the end of a file in its place, so that a recording from a live pipe ends as it does when the
 * pipe is closed, and is kept. */
#include "tool.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t n_seen;
static volatile sig_atomic_t end_of_file = -1;

static void on_signal(int number)
{
    const int error = errno;
    (void)number;
    if (n_seen < 2)
        n_seen++;
    if (end_of_file >= 0)
        dup2(end_of_file, STDIN_FILENO);
    errno = error;
}

void interrupts_watch(bool ends_standard_input)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    if (ends_standard_input)
        end_of_file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct sigaction before;
        /* Whoever started us with a signal ignored (nohup) wants it ignored. */
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    }
}

static void hold(int how)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaddset(&set, signals[i]);
    sigprocmask(how, &set, NULL);
}

void interrupts_hold(void)
{
    hold(SIG_BLOCK);
}

void interrupts_let_go(void)
{
    hold(SIG_UNBLOCK);
}

int interrupts_seen(void)
{
    return (int)n_seen;
}
