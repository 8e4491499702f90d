/* A microphone of the local PulseAudio server, or of PipeWire's.
 *
 * Such servers move a recording to another source when its own goes away, and the other source is
 * often what the speaker plays. So the stream is bound to one source by name, asks never to be moved,
 * and ends with any of: a move, a suspension, another source's index, the source's removal, the end of
 * the stream or of the connection. */
#include "base/clock.h"
#include "base/memory.h"
#include "base/try.h"
#include "capture/backend.h"
#include "capture/pace.h"
#include "capture/pulse_server.h"
#include <pthread.h>
#include <string.h>

#define FRAGMENT_MS 20

typedef struct pulse_source {
    vpriv_source base;
    vpi_pulse_device device;
    pa_sample_spec spec; /* what is asked for: the source's own, where we read that */
    vpi_pulse server;
    pa_stream *stream;
    pthread_t thread;
    bool has_thread;
    _Atomic bool quit;

    /* the capturing thread's; until it runs, the starter's */
    const char *lost;
    bool is_settled; /* the stream runs, or never will */
    vpi_pace pace;
    size_t frame_bytes;
    uint8_t part[VPRIV_CHANNELS_MAX * sizeof(float)]; /* the beginning of a frame */
    size_t part_bytes;
} pulse_source;

static void lose(pulse_source *from, const char *why)
{
    if (from->lost)
        return;
    from->lost = why;
    from->is_settled = true;
    vpi_queue_end(from->base.queue, VPRIV_E_DEVICE_LOST, why);
}

/* Bytes of whole frames and their rests; frames may be cut anywhere. */
static size_t take_bytes(pulse_source *from, const uint8_t *bytes, size_t n_bytes)
{
    size_t n_frames = 0;
    if (from->part_bytes > 0) {
        const size_t missing = from->frame_bytes - from->part_bytes;
        const size_t n = n_bytes < missing ? n_bytes : missing;
        memcpy(from->part + from->part_bytes, bytes, n);
        from->part_bytes += n;
        bytes += n;
        n_bytes -= n;
        if (from->part_bytes < from->frame_bytes)
            return 0;
        vpi_queue_write(from->base.queue, from->part, 1);
        from->part_bytes = 0;
        n_frames = 1;
    }
    const size_t n_whole = n_bytes / from->frame_bytes;
    vpi_queue_write(from->base.queue, bytes, n_whole);
    from->part_bytes = n_bytes % from->frame_bytes;
    memcpy(from->part, bytes + n_whole * from->frame_bytes, from->part_bytes);
    return n_frames + n_whole;
}

static void on_frames(pa_stream *stream, size_t n_ready, void *user)
{
    pulse_source *from = user;
    uint64_t n_frames = 0;
    (void)n_ready;
    while (!from->lost && vpi_pa.stream_readable_size(stream) > 0) {
        const void *bytes = NULL;
        size_t n_bytes = 0;
        if (vpi_pa.stream_peek(stream, &bytes, &n_bytes) < 0)
            lose(from, "it cannot be read any more");
        if (from->lost || n_bytes == 0)
            break;
        if (bytes) {
            n_frames += take_bytes(from, bytes, n_bytes);
        } else { /* a hole */
            vpi_queue_lose(from->base.queue, n_bytes / from->frame_bytes);
            n_frames += n_bytes / from->frame_bytes;
        }
        (void)vpi_pa.stream_drop(stream);
    }
    if (!from->lost && n_frames > 0)
        vpi_queue_lose(from->base.queue, vpi_pace_tick(&from->pace, n_frames, vpi_monotonic_us()));
}

/* By what is known without asking the server. */
static void check_stream(pulse_source *from)
{
    const pa_stream_state_t state = vpi_pa.stream_get_state(from->stream);
    if (!PA_STREAM_IS_GOOD(state))
        lose(from, "it was taken away");
    if (state != PA_STREAM_READY || from->lost)
        return;
    const char *name = vpi_pa.stream_get_device_name(from->stream);
    if (vpi_pa.stream_get_device_index(from->stream) != from->device.index || !name ||
        strcmp(name, from->device.name) != 0)
        lose(from, "the sound server put another source in its place");
}

static void on_state(pa_stream *stream, void *user)
{
    pulse_source *from = user;
    check_stream(from);
    if (vpi_pa.stream_get_state(stream) == PA_STREAM_READY)
        from->is_settled = true;
}

static void on_moved(pa_stream *stream, void *user)
{
    (void)stream;
    lose(user, "the sound server moved the recording to another source");
}

static void on_suspended(pa_stream *stream, void *user)
{
    if (vpi_pa.stream_is_suspended(stream) == 1)
        lose(user, "it was suspended");
}

static void on_context(pa_context *context, void *user)
{
    if (!PA_CONTEXT_IS_GOOD(vpi_pa.context_get_state(context)))
        lose(user, "the sound server went away");
}

static void on_change(
    pa_context *context, pa_subscription_event_type_t event, uint32_t index, void *user)
{
    pulse_source *from = user;
    (void)context;
    if ((event & PA_SUBSCRIPTION_EVENT_TYPE_MASK) == PA_SUBSCRIPTION_EVENT_REMOVE &&
        index == from->device.index)
        lose(from, "it was taken away");
}

static void *capture(void *user)
{
    pulse_source *from = user;
    while (!from->lost && !atomic_load(&from->quit)) {
        if (vpi_pulse_turn(&from->server) != VPRIV_OK)
            lose(from, "the connection to the sound server broke");
        check_stream(from);
    }
    if (from->lost) { /* whatever the server would send now is not wanted */
        vpi_pa.context_set_state_callback(from->server.context, NULL, NULL);
        vpi_pa.stream_set_state_callback(from->stream, NULL, NULL);
        vpi_pa.context_disconnect(from->server.context);
    }
    return NULL;
}

static void disconnect(pulse_source *from)
{
    if (from->stream) {
        vpi_pa.stream_set_state_callback(from->stream, NULL, NULL);
        vpi_pa.stream_set_read_callback(from->stream, NULL, NULL);
        (void)vpi_pa.stream_disconnect(from->stream);
        vpi_pa.stream_unref(from->stream);
        from->stream = NULL;
    }
    vpi_pulse_disconnect(&from->server);
    vpi_wipe(from->part, sizeof from->part);
    from->part_bytes = 0;
}

static void on_done(pa_context *context, int success, void *user)
{
    (void)context, (void)success;
    *(bool *)user = true;
}

static vpriv_status subscribe(pulse_source *from)
{
    bool done = false;
    vpi_pa.context_set_subscribe_callback(from->server.context, on_change, from);
    return vpi_pulse_finish(&from->server,
        vpi_pa.context_subscribe(from->server.context, PA_SUBSCRIPTION_MASK_SOURCE, on_done, &done),
        &done);
}

static vpriv_status connect_stream(pulse_source *from)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const uint32_t whatever = UINT32_MAX;
    const pa_buffer_attr buffer = {.maxlength = whatever,
        .tlength = whatever,
        .prebuf = whatever,
        .minreq = whatever,
        .fragsize = (uint32_t)vpi_pa.usec_to_bytes(FRAGMENT_MS * 1000, &from->spec)};
    from->stream =
        vpi_pa.stream_new(from->server.context, "voice recording", &from->spec, &from->device.map);
    VPI_ENSURE(from->stream, VPRIV_E_IO, "the sound server refuses its own format: %s",
        vpi_pa.strerror(vpi_pa.context_errno(from->server.context)));
    vpi_pa.stream_set_state_callback(from->stream, on_state, from);
    vpi_pa.stream_set_read_callback(from->stream, on_frames, from);
    vpi_pa.stream_set_moved_callback(from->stream, on_moved, from);
    vpi_pa.stream_set_suspended_callback(from->stream, on_suspended, from);
    VPI_ENSURE(vpi_pa.stream_connect_record(from->stream, from->device.name, &buffer,
                   PA_STREAM_DONT_MOVE | PA_STREAM_FAIL_ON_SUSPEND | PA_STREAM_ADJUST_LATENCY |
                       PA_STREAM_NO_REMAP_CHANNELS | PA_STREAM_NO_REMIX_CHANNELS) == 0,
        VPRIV_E_IO, "the sound server refuses: %s",
        vpi_pa.strerror(vpi_pa.context_errno(from->server.context)));
    VPI_TRY(vpi_pulse_wait(&from->server, &from->is_settled));
    VPI_ENSURE(!from->lost, VPRIV_E_DEVICE_LOST, "%s", from->lost);
    VPI_ENSURE(vpi_pa.sample_spec_equal(vpi_pa.stream_get_sample_spec(from->stream), &from->spec),
        VPRIV_E_UNSUPPORTED, "the sound server gives another format than the source's own");
    st = VPRIV_OK;
out:
    return st;
}

/* Monitors only by name and with leave; the same source with the same format as before. */
static vpriv_status find_device(pulse_source *from, const char *name, bool allow_monitor)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(vpi_pulse_find(&from->server, name, &from->device));
    VPI_ENSURE(!from->device.is_monitor || (name[0] && allow_monitor), VPRIV_E_UNSUPPORTED,
        "'%s' is the monitor of a speaker, not a microphone: %s", from->device.name,
        name[0] ? "that must be allowed explicitly"
                : "the sound server has no microphone as its default");
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status pulse_start(vpriv_source *source)
{
    pulse_source *from = (pulse_source *)source;
    vpriv_status st = VPRIV_E_INTERNAL;
    const vpi_pulse_device before = from->device;
    VPI_TRY(vpi_pulse_connect(&from->server));
    VPI_TRY(find_device(from, before.name, before.is_monitor));
    VPI_ENSURE(vpi_pa.sample_spec_equal(&from->device.spec, &before.spec) &&
                   from->device.is_monitor == before.is_monitor,
        VPRIV_E_DEVICE_LOST, "it is another device now, or gives another format");
    vpi_queue_reset(from->base.queue);
    from->lost = NULL;
    from->is_settled = false;
    vpi_pace_begin(&from->pace, from->spec.rate);
    vpi_pa.context_set_state_callback(from->server.context, on_context, from);
    VPI_TRY(subscribe(from));
    VPI_TRY(connect_stream(from));
    atomic_store(&from->quit, false);
    VPI_ENSURE(pthread_create(&from->thread, NULL, capture, from) == 0, VPRIV_E_MEMORY,
        "no thread to capture on");
    from->has_thread = true;
    st = VPRIV_OK;
out:
    if (st != VPRIV_OK) {
        disconnect(from);
        from->device = before;
    }
    return st;
}

static void pulse_stop(vpriv_source *source)
{
    pulse_source *from = (pulse_source *)source;
    if (from->has_thread) {
        atomic_store(&from->quit, true);
        vpi_pa.mainloop_wakeup(from->server.loop);
        pthread_join(from->thread, NULL);
        from->has_thread = false;
    }
    disconnect(from);
    vpi_queue_reset(source->queue);
}

static const vpi_source_table pulse_table = {
    .name = "pulse",
    .start = pulse_start,
    .read = vpi_source_read_queue,
    .stop = pulse_stop,
    .close = vpi_source_free,
};

/* The server's own format; one that is not read here comes in 32 bits, which takes nothing from it. */
static vpriv_status choose_format(pulse_source *from)
{
    from->spec = from->device.spec;
    vpriv_sample_format sample_format = VPRIV_SAMPLE_S32;
    switch (from->spec.format) {
    case PA_SAMPLE_S16LE:
        sample_format = VPRIV_SAMPLE_S16;
        break;
    case PA_SAMPLE_S24LE:
        sample_format = VPRIV_SAMPLE_S24;
        break;
    case PA_SAMPLE_FLOAT32LE:
        sample_format = VPRIV_SAMPLE_F32;
        break;
    default:
        from->spec.format = PA_SAMPLE_S32LE;
    }
    from->base.format = (vpriv_stream_format){sample_format, from->spec.rate, from->spec.channels};
    from->frame_bytes = vpi_frame_bytes(&from->base.format);
    if (vpi_stream_format_check(&from->base.format) != VPRIV_OK)
        return vpi_fail_in(VPRIV_E_UNSUPPORTED, "its format");
    return VPRIV_OK;
}

vpriv_status vpi_pulse_open(
    const char *device, const vpriv_capture_options *options, vpriv_source **source_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    pulse_source *from = NULL;
    VPI_TRY(vpi_alloc(1, sizeof *from, (void **)&from));
    from->base.table = &pulse_table;
    from->base.total_frames = VPI_FRAMES_UNKNOWN;
    VPI_TRY(vpi_source_set_name(&from->base, "pulse", device));
    VPI_TRY(vpi_pulse_connect(&from->server));
    VPI_TRY(find_device(from, device, options->allow_monitor));
    vpi_pulse_disconnect(&from->server);
    VPI_TRY(vpi_source_set_name(&from->base, "pulse", from->device.name));
    VPI_TRY(choose_format(from));
    VPI_TRY(vpi_queue_create(&from->base.format, options->buffer_ms, &from->base.queue));
    *source_out = &from->base;
    from = NULL;
    st = VPRIV_OK;
out:
    if (from) {
        st = vpi_fail_in(st, device[0] ? from->base.name : "pulse");
        vpi_pulse_disconnect(&from->server);
        vpi_source_free(&from->base);
    }
    return st;
}
