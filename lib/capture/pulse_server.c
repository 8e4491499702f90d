#include "capture/pulse_server.h"
#include "base/clock.h"
#include "base/try.h"
#include <stdlib.h>
#include <string.h>

#define WAIT_US           INT64_C(5000000)
#define TURN_US           100000
#define SERVER_TEXT_BYTES 1024
#define BLANKS            " \t\n"

/* One entry of a list of servers: "{machine}unix:/path", where the first part may be missing. */
static bool is_unix_socket(const char *entry)
{
    if (entry[0] == '{') {
        const char *end = strchr(entry, '}');
        if (!end)
            return false;
        entry = end + 1;
    }
    return entry[0] == '/' || strncmp(entry, "unix:/", 6) == 0;
}

/* The servers to try, all of them sockets of this machine. libpulse is never left to choose: it
 * would also go to the network. */
static vpriv_status choose_server(char *servers_out)
{
    const char *named = getenv("PULSE_SERVER");
    const char *run = getenv("PULSE_RUNTIME_PATH");
    const char *session = getenv("XDG_RUNTIME_DIR");
    char copy[SERVER_TEXT_BYTES];
    char *rest = copy;
    int n = 0;
    if (named && named[strspn(named, BLANKS)])
        n = snprintf(servers_out, SERVER_TEXT_BYTES, "%s", named);
    else if (run && run[0])
        n = snprintf(servers_out, SERVER_TEXT_BYTES, "unix:%s/native", run);
    else if (session && session[0])
        n = snprintf(
            servers_out, SERVER_TEXT_BYTES, "unix:%s/pulse/native unix:/run/pulse/native", session);
    else
        n = snprintf(servers_out, SERVER_TEXT_BYTES, "unix:/run/pulse/native");
    if (n < 0 || n >= SERVER_TEXT_BYTES)
        return vpi_fail(VPRIV_E_LIMIT, "the name of the sound server is too long");
    memcpy(copy, servers_out, (size_t)n + 1);
    for (const char *entry = strtok_r(copy, BLANKS, &rest); entry;
         entry = strtok_r(NULL, BLANKS, &rest))
        if (!is_unix_socket(entry))
            return vpi_fail(VPRIV_E_UNSUPPORTED,
                "PULSE_SERVER names '%.200s', which is not a unix socket: sound is not taken from "
                "the network",
                entry);
    return VPRIV_OK;
}

static const char *last_error(const vpi_pulse *server)
{
    return vpi_pa.strerror(vpi_pa.context_errno(server->context));
}

vpriv_status vpi_pulse_turn(vpi_pulse *server)
{
    if (vpi_pa.mainloop_prepare(server->loop, TURN_US) < 0 ||
        vpi_pa.mainloop_poll(server->loop) < 0 || vpi_pa.mainloop_dispatch(server->loop) < 0)
        return vpi_fail(VPRIV_E_IO, "the connection to the sound server broke");
    return VPRIV_OK;
}

vpriv_status vpi_pulse_wait(vpi_pulse *server, const bool *done)
{
    const int64_t began_us = vpi_monotonic_us();
    while (!*done) {
        const vpriv_status st = vpi_pulse_turn(server);
        if (st != VPRIV_OK)
            return st;
        if (!*done && !PA_CONTEXT_IS_GOOD(vpi_pa.context_get_state(server->context)))
            return vpi_fail(VPRIV_E_IO, "the sound server went away: %s", last_error(server));
        if (!*done && vpi_monotonic_us() - began_us > WAIT_US)
            return vpi_fail(VPRIV_E_IO, "the sound server does not answer");
    }
    return VPRIV_OK;
}

vpriv_status vpi_pulse_finish(vpi_pulse *server, pa_operation *operation, const bool *done)
{
    if (!operation)
        return vpi_fail(VPRIV_E_IO, "the sound server refuses: %s", last_error(server));
    const vpriv_status st = vpi_pulse_wait(server, done);
    if (st != VPRIV_OK)
        vpi_pa.operation_cancel(operation); /* its callback writes to what is about to go */
    vpi_pa.operation_unref(operation);
    return st;
}

static vpriv_status connect_to(vpi_pulse *server, const char *servers)
{
    const int64_t began_us = vpi_monotonic_us();
    if (vpi_pa.context_connect(server->context, servers, PA_CONTEXT_NOAUTOSPAWN, NULL) < 0)
        return vpi_fail(VPRIV_E_NOT_FOUND, "no sound server answers at %.200s: %s", servers,
            last_error(server));
    while (vpi_pa.context_get_state(server->context) != PA_CONTEXT_READY) {
        const vpriv_status st = vpi_pulse_turn(server);
        if (st != VPRIV_OK)
            return st;
        if (!PA_CONTEXT_IS_GOOD(vpi_pa.context_get_state(server->context)))
            return vpi_fail(VPRIV_E_NOT_FOUND, "no sound server answers at %.200s: %s", servers,
                last_error(server));
        if (vpi_monotonic_us() - began_us > WAIT_US)
            return vpi_fail(VPRIV_E_IO, "the sound server at %.200s does not answer", servers);
    }
    if (vpi_pa.context_is_local(server->context) != 1)
        return vpi_fail(VPRIV_E_UNSUPPORTED, "the sound server is not on this machine");
    return VPRIV_OK;
}

vpriv_status vpi_pulse_connect(vpi_pulse *server_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_pulse server = {0};
    char servers[SERVER_TEXT_BYTES];
    VPI_TRY(choose_server(servers));
    VPI_TRY(vpi_pa_load());
    server.loop = vpi_pa.mainloop_new();
    VPI_ENSURE(server.loop, VPRIV_E_MEMORY, "no memory for a connection to the sound server");
    server.context = vpi_pa.context_new(vpi_pa.mainloop_get_api(server.loop), "libvoicepriv");
    VPI_ENSURE(server.context, VPRIV_E_MEMORY, "no memory for a connection to the sound server");
    VPI_TRY(connect_to(&server, servers));
    *server_out = server;
    server = (vpi_pulse){0};
    st = VPRIV_OK;
out:
    vpi_pulse_disconnect(&server);
    return st;
}

void vpi_pulse_disconnect(vpi_pulse *server)
{
    if (server->context) {
        vpi_pa.context_set_state_callback(server->context, NULL, NULL);
        vpi_pa.context_disconnect(server->context);
        vpi_pa.context_unref(server->context);
    }
    if (server->loop)
        vpi_pa.mainloop_free(server->loop);
    *server = (vpi_pulse){0};
}

typedef struct default_answer {
    bool done;
    char *name;
    size_t capacity_bytes;
} default_answer;

static void on_server_info(pa_context *context, const pa_server_info *info, void *user)
{
    default_answer *answer = user;
    (void)context;
    if (info && info->default_source_name)
        snprintf(answer->name, answer->capacity_bytes, "%s", info->default_source_name);
    answer->done = true;
}

vpriv_status vpi_pulse_default(vpi_pulse *server, char *name_out, size_t capacity_bytes)
{
    default_answer answer = {.name = name_out, .capacity_bytes = capacity_bytes};
    name_out[0] = '\0';
    return vpi_pulse_finish(server,
        vpi_pa.context_get_server_info(server->context, on_server_info, &answer), &answer.done);
}

typedef struct find_answer {
    bool done;
    bool found;
    vpi_pulse_device device;
} find_answer;

static void on_source_info(pa_context *context, const pa_source_info *info, int end, void *user)
{
    find_answer *answer = user;
    (void)context;
    if (info && !end) {
        answer->found = true;
        answer->device = (vpi_pulse_device){.index = info->index,
            .is_monitor = info->monitor_of_sink != PA_INVALID_INDEX,
            .spec = info->sample_spec,
            .map = info->channel_map};
        snprintf(answer->device.name, sizeof answer->device.name, "%s", info->name);
    }
    if (end)
        answer->done = true;
}

vpriv_status vpi_pulse_find(vpi_pulse *server, const char *name, vpi_pulse_device *device_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    char chosen[VPI_SOURCE_NAME_BYTES];
    find_answer answer = {0};
    snprintf(chosen, sizeof chosen, "%s", name);
    if (!name[0])
        VPI_TRY(vpi_pulse_default(server, chosen, sizeof chosen));
    VPI_ENSURE(chosen[0], VPRIV_E_NOT_FOUND, "the sound server has no microphone");
    VPI_TRY(vpi_pulse_finish(server,
        vpi_pa.context_get_source_info_by_name(server->context, chosen, on_source_info, &answer),
        &answer.done));
    VPI_ENSURE(answer.found, VPRIV_E_NOT_FOUND, "the sound server has no source '%s'", chosen);
    /* Servers know names that stand for whatever is the default at the moment: never those. */
    if (strcmp(answer.device.name, chosen) != 0)
        VPI_ENSURE(!name[0], VPRIV_E_ARG, "'%s' is not the name of one source: that is '%s'",
            chosen, answer.device.name);
    *device_out = answer.device;
    st = VPRIV_OK;
out:
    return st;
}
