#include "realtime_calls.h"
#include "capture/alsa_library.h"
#include "capture/pulse_library.h"
#include "realtime_guard.h"

/* A function that is missing here is called inside the stretch, and what it does is reported. */

#define CALL(table, type, name, parameters, arguments)                                             \
    static __typeof__(table.name) real_##name;                                                     \
    static type name parameters                                                                    \
    {                                                                                              \
        const char before = guard_off(#name);                                                      \
        type result = real_##name arguments;                                                       \
        guard_restore(before);                                                                     \
        return result;                                                                             \
    }
#define CALL_VOID(table, name, parameters, arguments)                                              \
    static __typeof__(table.name) real_##name;                                                     \
    static void name parameters                                                                    \
    {                                                                                              \
        const char before = guard_off(#name);                                                      \
        real_##name arguments;                                                                     \
        guard_restore(before);                                                                     \
    }
#define PUT(table, name)                                                                           \
    do {                                                                                           \
        real_##name = table.name;                                                                  \
        table.name = name;                                                                         \
    } while (0)

#define SND(type, name, parameters, arguments) CALL(vpi_snd, type, name, parameters, arguments)
SND(snd_pcm_sframes_t, pcm_avail, (snd_pcm_t * pcm), (pcm))
SND(int, pcm_htimestamp, (snd_pcm_t * pcm, snd_pcm_uframes_t *avail, snd_htimestamp_t *stamp),
    (pcm, avail, stamp))
SND(int, pcm_mmap_begin,
    (snd_pcm_t * pcm, const snd_pcm_channel_area_t **areas, snd_pcm_uframes_t *offset,
        snd_pcm_uframes_t *n),
    (pcm, areas, offset, n))
SND(snd_pcm_sframes_t, pcm_mmap_commit,
    (snd_pcm_t * pcm, snd_pcm_uframes_t offset, snd_pcm_uframes_t n), (pcm, offset, n))
SND(snd_pcm_sframes_t, pcm_readi, (snd_pcm_t * pcm, void *buffer, snd_pcm_uframes_t n),
    (pcm, buffer, n))
SND(snd_pcm_sframes_t, pcm_forward, (snd_pcm_t * pcm, snd_pcm_uframes_t n), (pcm, n))
SND(int, pcm_prepare, (snd_pcm_t * pcm), (pcm))
SND(int, pcm_start, (snd_pcm_t * pcm), (pcm))
SND(int, pcm_drop, (snd_pcm_t * pcm), (pcm))
SND(int, pcm_status, (snd_pcm_t * pcm, snd_pcm_status_t *status), (pcm, status))
SND(snd_pcm_state_t, pcm_state, (snd_pcm_t * pcm), (pcm))
SND(int, pcm_poll_descriptors_revents,
    (snd_pcm_t * pcm, struct pollfd *polled, unsigned n, unsigned short *events),
    (pcm, polled, n, events))
SND(snd_local_error_handler_t, lib_error_set_local, (snd_local_error_handler_t handler), (handler))

void calls_guard_alsa(void)
{
    PUT(vpi_snd, lib_error_set_local);
    PUT(vpi_snd, pcm_avail);
    PUT(vpi_snd, pcm_htimestamp);
    PUT(vpi_snd, pcm_mmap_begin);
    PUT(vpi_snd, pcm_mmap_commit);
    PUT(vpi_snd, pcm_readi);
    PUT(vpi_snd, pcm_forward);
    PUT(vpi_snd, pcm_prepare);
    PUT(vpi_snd, pcm_start);
    PUT(vpi_snd, pcm_drop);
    PUT(vpi_snd, pcm_status);
    PUT(vpi_snd, pcm_state);
    PUT(vpi_snd, pcm_poll_descriptors_revents);
}

#define PA(type, name, parameters, arguments) CALL(vpi_pa, type, name, parameters, arguments)
PA(int, mainloop_prepare, (pa_mainloop * loop, int timeout_us), (loop, timeout_us))
PA(int, mainloop_poll, (pa_mainloop * loop), (loop))
PA(int, mainloop_dispatch, (pa_mainloop * loop), (loop))
PA(size_t, stream_readable_size, (const pa_stream *stream), (stream))
PA(int, stream_peek, (pa_stream * stream, const void **bytes, size_t *n), (stream, bytes, n))
PA(int, stream_drop, (pa_stream * stream), (stream))
PA(pa_stream_state_t, stream_get_state, (const pa_stream *stream), (stream))
PA(const char *, stream_get_device_name, (const pa_stream *stream), (stream))
PA(uint32_t, stream_get_device_index, (const pa_stream *stream), (stream))
PA(pa_context_state_t, context_get_state, (const pa_context *context), (context))
CALL_VOID(vpi_pa, context_disconnect, (pa_context * context), (context))

/* One stream is enough here: what it calls back is kept in one place each. */
#define CALLED_BACK(setter, object, function, parameters, arguments)                               \
    static __typeof__(vpi_pa.setter) real_##setter;                                                \
    static function ours_of_##setter;                                                              \
    static void on_##setter parameters                                                             \
    {                                                                                              \
        const char before = guard_on();                                                            \
        ours_of_##setter arguments;                                                                \
        (void)guard_off("libpulse");                                                               \
        guard_restore(before);                                                                     \
    }                                                                                              \
    static void setter(object *of, function ours, void *user)                                      \
    {                                                                                              \
        const char before = guard_off(#setter);                                                    \
        ours_of_##setter = ours;                                                                   \
        real_##setter(of, ours ? on_##setter : NULL, user);                                        \
        guard_restore(before);                                                                     \
    }
#define OF_STREAM(setter)                                                                          \
    CALLED_BACK(setter, pa_stream, pa_stream_notify_cb_t, (pa_stream * stream, void *user),        \
        (stream, user))
OF_STREAM(stream_set_state_callback)
OF_STREAM(stream_set_moved_callback)
OF_STREAM(stream_set_suspended_callback)
CALLED_BACK(stream_set_read_callback, pa_stream, pa_stream_request_cb_t,
    (pa_stream * stream, size_t n, void *user), (stream, n, user))
CALLED_BACK(context_set_state_callback, pa_context, pa_context_notify_cb_t,
    (pa_context * context, void *user), (context, user))
CALLED_BACK(context_set_subscribe_callback, pa_context, pa_context_subscribe_cb_t,
    (pa_context * context, pa_subscription_event_type_t event, uint32_t index, void *user),
    (context, event, index, user))

void calls_guard_pulse(void)
{
    PUT(vpi_pa, mainloop_prepare);
    PUT(vpi_pa, mainloop_poll);
    PUT(vpi_pa, mainloop_dispatch);
    PUT(vpi_pa, stream_readable_size);
    PUT(vpi_pa, stream_peek);
    PUT(vpi_pa, stream_drop);
    PUT(vpi_pa, stream_get_state);
    PUT(vpi_pa, stream_get_device_name);
    PUT(vpi_pa, stream_get_device_index);
    PUT(vpi_pa, context_get_state);
    PUT(vpi_pa, context_disconnect);
    PUT(vpi_pa, stream_set_state_callback);
    PUT(vpi_pa, stream_set_moved_callback);
    PUT(vpi_pa, stream_set_suspended_callback);
    PUT(vpi_pa, stream_set_read_callback);
    PUT(vpi_pa, context_set_state_callback);
    PUT(vpi_pa, context_set_subscribe_callback);
}
