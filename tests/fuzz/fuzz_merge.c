/* Merging consent events: the order of arrival makes no difference, and no yes comes out of none. */
#include "consent/merge.h"
#include "fuzz/fuzz.h"

#define EVENTS_MAX 12
#define PURPOSES   2

static void setup(void)
{
    fuzz_seed("\0\1\0\1\1\0\0\0\1\1\1\0\1\0\0\1\2\0\2\1\0\1\1\0", 24);
    fuzz_seed("\0\2\0\1\1\0\0\0\0\1\0\3\0\0\0\0\0\1\0\5\0\0\0\0", 24);
}

/* Eight bytes are an event. */
static vpi_merge_event event_of(const uint8_t *d, uint8_t number)
{
    static const char *const names[] = {"app", "tv", "web"};
    vpi_merge_event event = {.notice_in_force = d[4] & 1, .hash = {number}};
    vpriv_surface_event *said = &event.said;
    said->struct_size = sizeof *said;
    strcpy(said->surface, names[d[0] % 3]);
    said->sequence = 1 + d[1] % 4;
    said->purpose = (vpriv_purpose)(d[2] % PURPOSES);
    said->event = (vpriv_consent_event)(1 + d[3] % VPRIV_CONSENT_EVENT_RECONFIRM);
    said->time_us = d[5];
    for (unsigned i = 0; i < 3; i++)
        if (i != d[0] % 3 && d[6 + (i > 1)] >> i & 1) {
            strcpy(said->seen[said->n_seen].surface, names[i]);
            said->seen[said->n_seen++].sequence = 1 + d[7] % 4;
        }
    return event;
}

static void one(const uint8_t *data, size_t n_bytes)
{
    vpi_merge_event events[EVENTS_MAX], turned[EVENTS_MAX];
    const size_t n = n_bytes / 8 < EVENTS_MAX ? n_bytes / 8 : EVENTS_MAX;
    bool has_yes = false;
    for (size_t i = 0; i < n; i++)
        turned[n - 1 - i] = events[i] = event_of(data + 8 * i, (uint8_t)i);
    vpi_merge_sort(events, n);
    vpi_merge_sort(turned, n);
    for (int purpose = 0; purpose < PURPOSES; purpose++) {
        const vpi_merge_result a = vpi_merge(events, n, (vpriv_purpose)purpose);
        const vpi_merge_result b = vpi_merge(turned, n, (vpriv_purpose)purpose);
        fuzz_check(a.state == b.state && a.has_gap == b.has_gap && a.is_forked == b.is_forked);
        fuzz_check(!a.winner == !b.winner && (!a.winner || memcmp(a.winner->hash, b.winner->hash,
                                                               sizeof a.winner->hash) == 0));
        has_yes = false;
        for (size_t i = 0; i < n; i++)
            has_yes |= events[i].said.purpose == (vpriv_purpose)purpose &&
                       events[i].notice_in_force && vpi_merge_is_yes(events[i].said.event);
        fuzz_check(has_yes || (a.state != VPRIV_CONSENT_GIVEN && a.state != VPRIV_CONSENT_RENEWED));
        (void)vpi_merge_known(events, n, "app");
    }
}

const fuzz_target fuzz_merge = {"merge", setup, one, EVENTS_MAX * 8, 0};
