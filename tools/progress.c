#include "tool.h"
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define US_PER_SECOND 1000000

void progress_begin(const tool_arguments *arguments, const char *what, tool_progress *progress_out)
{
    *progress_out = (tool_progress){.arguments = arguments,
        .what = what,
        .is_terminal = isatty(STDERR_FILENO) == 1,
        .shown = UINT64_MAX};
}

bool progress_tell(void *user, uint64_t done_us, uint64_t total_us)
{
    tool_progress *progress = user;
    if (progress->is_terminal) {
        const uint64_t now = total_us > 0 ? (uint64_t)(100.0 * (double)done_us / (double)total_us)
                                          : done_us / US_PER_SECOND;
        if (now != progress->shown) {
            fprintf(stderr, "\rvoicepriv: %s: %s: %" PRIu64 " %s\033[K",
                progress->arguments->command->words, progress->what, now, total_us > 0 ? "%" : "s");
            fflush(stderr);
        }
        progress->shown = now;
        progress->is_shown = true;
    }
    return interrupts_seen() <= progress->n_interrupts_allowed;
}

void progress_end(tool_progress *progress)
{
    if (progress->is_shown)
        fprintf(stderr, "\r\033[K");
    progress->is_shown = false;
}
