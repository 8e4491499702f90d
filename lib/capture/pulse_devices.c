#include "base/clock.h"
#include "base/memory.h"
#include "base/try.h"
#include "capture/backend.h"
#include "capture/pulse_server.h"
#include <stdlib.h>
#include <string.h>

#define MEND_US INT64_C(2000000)

typedef struct list_answer {
    bool done;
    bool stopped;
    const char *default_name;
    vpriv_capture_device_fn fn;
    void *user;
} list_answer;

static void on_source(pa_context *context, const pa_source_info *info, int end, void *user)
{
    list_answer *answer = user;
    char input[VPI_SOURCE_NAME_BYTES];
    (void)context;
    if (end)
        answer->done = true;
    if (end || !info || answer->stopped)
        return;
    snprintf(input, sizeof input, "pulse:%s", info->name);
    const bool is_monitor = info->monitor_of_sink != PA_INVALID_INDEX;
    const vpriv_capture_device device = {.struct_size = sizeof device,
        .input = input,
        .description = info->description ? info->description : info->name,
        .rate_min_hz = info->sample_spec.rate,
        .rate_max_hz = info->sample_spec.rate,
        .n_channels_min = info->sample_spec.channels,
        .n_channels_max = info->sample_spec.channels,
        .is_default = !is_monitor && strcmp(info->name, answer->default_name) == 0,
        .is_monitor = is_monitor};
    answer->stopped = !answer->fn(answer->user, &device);
}

vpriv_status vpi_pulse_list(vpriv_capture_device_fn fn, void *user)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_pulse server = {0};
    char default_name[VPI_SOURCE_NAME_BYTES];
    list_answer answer = {.default_name = default_name, .fn = fn, .user = user};
    VPI_TRY(vpi_pulse_connect(&server));
    VPI_TRY(vpi_pulse_default(&server, default_name, sizeof default_name));
    VPI_TRY(vpi_pulse_finish(&server,
        vpi_pa.context_get_source_info_list(server.context, on_source, &answer), &answer.done));
    st = answer.stopped ? VPRIV_E_CANCELLED : VPRIV_OK;
out:
    vpi_pulse_disconnect(&server);
    return st == VPRIV_OK || st == VPRIV_E_CANCELLED ? st : vpi_fail_in(st, "pulse");
}

typedef struct pulse_watch {
    vpi_pulse server;
    int64_t tried_us;
    bool has_news;
} pulse_watch;

static void on_change(
    pa_context *context, pa_subscription_event_type_t event, uint32_t index, void *user)
{
    (void)context, (void)event, (void)index;
    ((pulse_watch *)user)->has_news = true;
}

static void begin(pulse_watch *watch)
{
    watch->tried_us = vpi_monotonic_us();
    if (vpi_pulse_connect(&watch->server) != VPRIV_OK)
        return;
    vpi_pa.context_set_subscribe_callback(watch->server.context, on_change, watch);
    pa_operation *asked = vpi_pa.context_subscribe(watch->server.context,
        PA_SUBSCRIPTION_MASK_SOURCE | PA_SUBSCRIPTION_MASK_SERVER, NULL, NULL);
    if (asked)
        vpi_pa.operation_unref(asked);
    watch->has_news = true;
}

static bool has_news(void **state)
{
    pulse_watch *watch = *state;
    if (!watch) {
        if (vpi_alloc(1, sizeof *watch, (void **)&watch) != VPRIV_OK)
            return false;
        *state = watch;
        begin(watch);
    }
    if (!watch->server.context && vpi_monotonic_us() - watch->tried_us > MEND_US)
        begin(watch);
    while (watch->server.loop && vpi_pa.mainloop_iterate(watch->server.loop, 0, NULL) > 0)
        ;
    if (watch->server.context &&
        !PA_CONTEXT_IS_GOOD(vpi_pa.context_get_state(watch->server.context))) {
        vpi_pulse_disconnect(&watch->server);
        watch->has_news = true;
    }
    const bool found = watch->has_news;
    watch->has_news = false;
    return found;
}

static void end_watch(void *state)
{
    pulse_watch *watch = state;
    vpi_pulse_disconnect(&watch->server);
    free(watch);
}

const vpi_device_watch vpi_pulse_watch = {.has_news = has_news, .end = end_watch};
