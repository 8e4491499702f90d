/* libpulse, loaded on demand: pa_stream_new is called as vpi_pa.stream_new, after vpi_pa_load. A call by
 * the function's own name does not link. */
#ifndef VPI_CAPTURE_PULSE_LIBRARY_H
#define VPI_CAPTURE_PULSE_LIBRARY_H

#include "base/library.h"
#include <pulse/pulseaudio.h>

/* clang-format off */
#define VPI_PULSE_FUNCTIONS(X) \
    X(context_connect) X(context_disconnect) X(context_errno) X(context_get_server_info) \
    X(context_get_source_info_by_name) X(context_get_source_info_list) X(context_get_state) \
    X(context_is_local) X(context_new) X(context_set_state_callback) \
    X(context_set_subscribe_callback) X(context_subscribe) X(context_unref) X(mainloop_dispatch) \
    X(mainloop_free) X(mainloop_get_api) X(mainloop_iterate) X(mainloop_new) X(mainloop_poll) \
    X(mainloop_prepare) X(mainloop_wakeup) X(operation_cancel) X(operation_unref) \
    X(sample_spec_equal) X(stream_connect_record) X(stream_disconnect) X(stream_drop) \
    X(stream_get_device_index) X(stream_get_device_name) X(stream_get_sample_spec) \
    X(stream_get_state) X(stream_is_suspended) X(stream_new) X(stream_peek) \
    X(stream_readable_size) X(stream_set_moved_callback) X(stream_set_read_callback) \
    X(stream_set_state_callback) X(stream_set_suspended_callback) X(stream_unref) X(strerror) \
    X(usec_to_bytes)
/* clang-format on */

typedef struct vpi_pa_functions {
#define X(name) __typeof__(&pa_##name) name;
    VPI_PULSE_FUNCTIONS(X)
#undef X
} vpi_pa_functions;

extern vpi_pa_functions vpi_pa;

/* See vpi_library_load. */
vpriv_status vpi_pa_load(void);

#endif
