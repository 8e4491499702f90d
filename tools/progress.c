#include "tool.h"
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define US_PER_SECOND 1000000
#define METER_STEPS   20

void progress_begin(const tool_arguments *arguments, const char *what, tool_progress *progress_out)
{
    *progress_out = (tool_progress){.arguments = arguments,
        .what = what,
        .is_terminal = isatty(STDERR_FILENO) == 1 && !option_given(arguments, OPTION_QUIET),
        .shown = UINT64_MAX};
}

void progress_indicate(void *user, vpriv_indicator indicator)
{
    tool_progress *progress = user;
    atomic_store(&progress->indicator, (int)indicator);
}

/* What the lamp of a device would say. */
static const char *indicator_name(int indicator)
{
    static const char *const names[] = {[VPRIV_INDICATOR_OFF] = "off",
        [VPRIV_INDICATOR_LISTENING] = "listening",
        [VPRIV_INDICATOR_RECORDING] = "recording",
        [VPRIV_INDICATOR_MUTED] = "muted"};
    return names[indicator];
}

/* What it is at, for how long, and how loud: one step is 3 dB, the quietest shown is -60 dB. */
static void show_meter(tool_progress *progress, uint64_t done_us)
{
    float peak_db = 0;
    const int indicator = atomic_load(&progress->indicator);
    if (indicator != progress->shown_indicator)
        progress->indicated_us = progress->shown_indicator == VPRIV_INDICATOR_OFF ? 0 : done_us;
    progress->shown_indicator = indicator;
    const uint64_t seconds = (done_us - progress->indicated_us) / US_PER_SECOND;
    if (vpriv_capture_level(progress->microphone, &peak_db) != VPRIV_OK)
        return;
    const int n_steps = peak_db <= -60 ? 0 : peak_db >= 0 ? METER_STEPS : (int)(peak_db / 3) + 20;
    fprintf(stderr, "\rvoicepriv: %s: %s: %" PRIu64 ":%02" PRIu64 " [%.*s%*s] %s\033[K",
        progress->arguments->command->words, progress->what, seconds / 60, seconds % 60, n_steps,
        "====================", METER_STEPS - n_steps, "", indicator_name(indicator));
    fflush(stderr);
    progress->is_shown = true;
}

bool progress_tell(void *user, uint64_t done_us, uint64_t total_us)
{
    tool_progress *progress = user;
    atomic_store(&progress->done_us, done_us);
    if (progress->is_terminal && progress->microphone) {
        show_meter(progress, done_us);
    } else if (progress->is_terminal) {
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
