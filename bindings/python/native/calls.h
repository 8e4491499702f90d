/* Calls from the library into Python: every function here is given to the library as a callback, and asks
 * first whether the interpreter is still there. Those of recorders and watches go through the ring. */
#ifndef VPY_CALLS_H
#define VPY_CALLS_H

#include "events.h"
#include <poll.h>
#include <time.h>

#define VPY_SIGNALS_NS 50000000 /* Python looks for control-C at least so often */

static _Atomic bool vpy_is_exiting;
static _Thread_local char vpy_text[VPRIV_DETAIL_BYTES];

/* Of Python, in src/voicepriv/_callbacks.py. user is the handle of an object there. */
static int vpy_call_item(void *user, int part, const void *item, uint64_t number);
static int vpy_call_write(void *user, const void *bytes, size_t n_bytes);
static int vpy_call_count(void *user, uint64_t a, uint64_t b);
static int vpy_call_root(void *user, int what, uint8_t *record);
static int vpy_call_direct(void *user, int kind, const void *item);

static void vpy_set_exiting(void)
{
    atomic_store(&vpy_is_exiting, true);
}

static vpriv_status vpy_keep(vpriv_status st)
{
    if (st != VPRIV_OK)
        memcpy(vpy_text, vpriv_error_detail(), sizeof vpy_text);
    return st;
}

static const char *vpy_detail(void)
{
    return vpy_text;
}

static size_t vpy_length(const char *text)
{
    return strlen(text);
}

static void vpy_wipe(void *bytes, size_t n_bytes)
{
    explicit_bzero(bytes, n_bytes);
}

/* ---- Lists: one item after the other, on the caller's thread ---- */

static bool vpy_item(void *user, int part, const void *item, uint64_t number)
{
    return !atomic_load(&vpy_is_exiting) && vpy_call_item(user, part, item, number) != 0;
}

#define VPY_LIST(name, type)                                                                       \
    static bool vpy_on_##name(void *user, const type *item)                                        \
    {                                                                                              \
        return vpy_item(user, 0, item, 0);                                                         \
    }

VPY_LIST(subject, vpriv_subject_info)
VPY_LIST(consent, vpriv_consent_record)
VPY_LIST(recording, vpriv_recording_info)
VPY_LIST(derivative, vpriv_derivative_info)
VPY_LIST(capture_device, vpriv_capture_device)
VPY_LIST(profile, vpriv_profile_info)
VPY_LIST(pause, vpriv_pause)
VPY_LIST(surface, vpriv_surface_info)
VPY_LIST(recall, vpriv_recall)
VPY_LIST(notice_finding, vpriv_notice_finding)
VPY_LIST(purge, vpriv_purge_report)

static bool vpy_on_log_entry(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    return vpy_item(user, 0, entry, index);
}

static bool vpy_on_line(void *user, const char *line, size_t n_bytes)
{
    return vpy_item(user, 0, line, n_bytes);
}

static void vpy_on_finding(void *user, const char *finding)
{
    vpy_item(user, 0, finding, 0);
}

#define VPY_PART(name, part, type)                                                                 \
    static bool vpy_part_##name(void *user, const type *item)                                      \
    {                                                                                              \
        return vpy_item(user, part, item, 0);                                                      \
    }

VPY_PART(vault, 1, vpriv_inventory_vault)
VPY_PART(pause, 2, vpriv_pause)
VPY_PART(notice, 3, vpriv_inventory_notice)
VPY_PART(subject, 4, vpriv_subject_info)
VPY_PART(recording, 6, vpriv_inventory_recording)
VPY_PART(derivative, 7, vpriv_derivative_info)
VPY_PART(false_wakes, 10, vpriv_inventory_false_wakes)

static bool vpy_part_consent(void *user, const vpriv_consent_record *record, bool is_latest)
{
    return vpy_item(user, 5, record, is_latest);
}

static bool vpy_part_access(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    return vpy_item(user, 8, entry, index);
}

static bool vpy_part_event(void *user, uint64_t index, const vpriv_log_entry *entry)
{
    return vpy_item(user, 9, entry, index);
}

static void vpy_visit(vpriv_inventory_visitor *visitor)
{
    *visitor = (vpriv_inventory_visitor){.struct_size = sizeof *visitor,
        .vault = vpy_part_vault,
        .pause = vpy_part_pause,
        .notice = vpy_part_notice,
        .subject = vpy_part_subject,
        .consent = vpy_part_consent,
        .recording = vpy_part_recording,
        .derivative = vpy_part_derivative,
        .access = vpy_part_access,
        .event = vpy_part_event,
        .false_wakes = vpy_part_false_wakes};
}

static vpriv_status vpy_on_write(void *user, const void *bytes, size_t n_bytes)
{
    if (atomic_load(&vpy_is_exiting))
        return VPRIV_E_CANCELLED;
    return (vpriv_status)vpy_call_write(user, bytes, n_bytes);
}

static bool vpy_on_count(void *user, uint64_t a, uint64_t b)
{
    return !atomic_load(&vpy_is_exiting) && vpy_call_count(user, a, b) != 0;
}

/* ---- A vendor's root store: the vault waits for an answer. Never on a thread that takes samples ---- */

static vpriv_status vpy_root(void *user, int what, uint8_t *record)
{
    if (atomic_load(&vpy_is_exiting))
        return VPRIV_E_ROOT;
    return (vpriv_status)vpy_call_root(user, what, record);
}

static vpriv_status vpy_root_load(void *user, uint8_t *record_out)
{
    return vpy_root(user, 0, record_out);
}

static vpriv_status vpy_root_replace(void *user, const uint8_t *record)
{
    uint8_t copy[VPRIV_ROOT_RECORD_BYTES]; /* Python's view of it can be written to */
    memcpy(copy, record, sizeof copy);
    const vpriv_status st = vpy_root(user, 1, copy);
    explicit_bzero(copy, sizeof copy);
    return st;
}

static vpriv_status vpy_root_destroy(void *user)
{
    return vpy_root(user, 2, NULL);
}

static void vpy_root_fill(vpriv_root_callbacks *callbacks, void *user)
{
    callbacks->load = vpy_root_load;
    callbacks->replace = vpy_root_replace;
    callbacks->destroy = vpy_root_destroy;
    callbacks->user = user;
}

/* ---- A clock that Python sets and the library reads, on whatever thread ---- */

typedef struct vpy_clock {
    _Atomic int64_t now_us;
} vpy_clock;

static int64_t vpy_clock_read(void *user)
{
    return atomic_load(&((vpy_clock *)user)->now_us);
}

static void vpy_clock_set(vpy_clock *clock, int64_t now_us)
{
    atomic_store(&clock->now_us, now_us);
}

static void vpy_clock_use(vpriv_vault_options *options, vpy_clock *clock)
{
    options->clock = vpy_clock_read;
    options->clock_user = clock;
}

/* ---- Recorders and watches ---- */

static bool vpy_direct(vpy_tap *tap)
{
    return atomic_load(&tap->is_direct);
}

static void vpy_direct_call(vpy_tap *tap, int kind, const void *item)
{
    if (!atomic_load(&vpy_is_exiting) && !vpy_call_direct(tap->handle, kind, item))
        atomic_store(&tap->is_cancelled, true);
}

static void vpy_on_indicator(void *user, vpriv_indicator indicator)
{
    const int now = (int)indicator;
    if (vpy_direct(user))
        vpy_direct_call(user, VPY_INDICATOR, &now);
    else
        vpy_put(user, VPY_INDICATOR, &now, sizeof now, NULL, 0);
}

static void vpy_on_event(void *user, const vpriv_recorder_event *event)
{
    vpy_event copy = {.kind = (int)event->kind,
        .trigger = (int)event->trigger,
        .status = (int)event->status,
        .has_outcome = event->outcome != NULL};
    if (event->outcome)
        copy.outcome = *event->outcome;
    if (vpy_direct(user))
        vpy_direct_call(user, VPY_EVENT, &copy);
    else
        vpy_put(user, VPY_EVENT, &copy, sizeof copy, NULL, 0);
}

static void vpy_on_frames(void *user, const vpriv_frames *frames)
{
    const vpy_frames head = {.n_frames = frames->n_frames,
        .position_frames = frames->position_frames,
        .n_channels = frames->n_channels,
        .rate_hz = frames->rate_hz,
        .is_request = frames->is_request};
    if (vpy_direct(user))
        vpy_direct_call(user, VPY_FRAMES, frames);
    else
        vpy_put(user, VPY_FRAMES, &head, sizeof head, frames->samples,
            frames->n_frames * frames->n_channels * sizeof *frames->samples);
}

static bool vpy_is_time(vpy_tap *tap)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const int64_t now_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    if (!tap->wants_progress && now_ns - tap->asked_ns < VPY_SIGNALS_NS)
        return false;
    tap->asked_ns = now_ns;
    return true;
}

static bool vpy_on_progress(void *user, uint64_t done_us, uint64_t total_us)
{
    vpy_tap *tap = user;
    const vpy_progress progress = {done_us, total_us};
    if (vpy_direct(tap)) {
        if (atomic_load(&vpy_is_exiting))
            return false;
        if (vpy_is_time(tap))
            vpy_direct_call(tap, VPY_PROGRESS, &progress);
    } else if (tap->wants_progress) {
        vpy_put(tap, VPY_PROGRESS, &progress, sizeof progress, NULL, 0);
    }
    return !atomic_load(&tap->is_cancelled);
}

static void vpy_on_device(
    void *user, vpriv_device_change change, const vpriv_capture_device *device)
{
    vpy_device copy = {.change = (int)change,
        .rate_min_hz = device->rate_min_hz,
        .rate_max_hz = device->rate_max_hz,
        .n_channels_min = device->n_channels_min,
        .n_channels_max = device->n_channels_max,
        .is_default = device->is_default,
        .is_monitor = device->is_monitor};
    strncpy(copy.input, device->input, sizeof copy.input - 1);
    strncpy(copy.description, device->description, sizeof copy.description - 1);
    vpy_put(user, VPY_DEVICE, &copy, sizeof copy, NULL, 0);
}

static void vpy_tap_attach(vpy_tap *tap, vpriv_recorder_config *config, bool indicator, bool event,
    bool frames, bool progress)
{
    config->indicator = indicator ? vpy_on_indicator : NULL;
    config->event = event ? vpy_on_event : NULL;
    config->frames = frames ? vpy_on_frames : NULL;
    config->progress = vpy_on_progress;
    config->indicator_user = config->event_user = config->frames_user = tap;
    config->progress_user = tap;
    tap->wants_progress = progress;
}

static void vpy_tap_direct(vpy_tap *tap, bool is_direct)
{
    atomic_store(&tap->is_direct, is_direct);
    if (is_direct)
        atomic_store(&tap->is_cancelled, false);
}

static void vpy_tap_cancel(vpy_tap *tap)
{
    atomic_store(&tap->is_cancelled, true);
}

/* Wait until something is in a ring; false when it was a signal. */
static bool vpy_wait(int wake)
{
    uint64_t n = 0;
    struct pollfd ready = {.fd = wake, .events = POLLIN};
    return poll(&ready, 1, -1) == 1 && read(wake, &n, sizeof n) == (ssize_t)sizeof n;
}

/* ---- What the headers do with macros that take arguments ---- */

/* 0 for what is no purpose. */
static uint32_t vpy_purpose_bit(uint32_t purpose)
{
    return purpose < VPRIV_PURPOSES_MAX ? VPRIV_PURPOSE_BIT(purpose) : 0;
}

static int vpy_retention_hours(int n)
{
    return (int)VPRIV_RETENTION_HOURS(n);
}

static int vpy_retention_days(int n)
{
    return (int)VPRIV_RETENTION_DAYS(n);
}

static int vpy_retention_months(int n)
{
    return (int)VPRIV_RETENTION_MONTHS(n);
}

#endif
