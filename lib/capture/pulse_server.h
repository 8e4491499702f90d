/* A connection to the local PulseAudio server, or to PipeWire's. Everything runs on the thread that
 * calls, which turns the main loop; nothing here needs a lock. */
#ifndef VPI_CAPTURE_PULSE_SERVER_H
#define VPI_CAPTURE_PULSE_SERVER_H

#include "capture/pulse_library.h"
#include "capture/source.h"

typedef struct vpi_pulse {
    pa_mainloop *loop;
    pa_context *context;
} vpi_pulse;

/* What one source of the server is. */
typedef struct vpi_pulse_device {
    uint32_t index;
    char name[VPI_SOURCE_NAME_BYTES];
    bool is_monitor;
    pa_sample_spec spec;
    pa_channel_map map;
} vpi_pulse_device;

/* Only a unix socket: what PULSE_SERVER names, or the session's, or the system's. Starts no server. */
vpriv_status vpi_pulse_connect(vpi_pulse *server_out);
void vpi_pulse_disconnect(vpi_pulse *server);

/* Turn the main loop once; waits for up to a tenth of a second. */
vpriv_status vpi_pulse_turn(vpi_pulse *server);
/* Turn it until *done, the connection fails, or 5 seconds have passed. */
vpriv_status vpi_pulse_wait(vpi_pulse *server, const bool *done);
/* The same for an operation; takes it. */
vpriv_status vpi_pulse_finish(vpi_pulse *server, pa_operation *operation, const bool *done);

/* The name of the default source; "" when there is none. */
vpriv_status vpi_pulse_default(vpi_pulse *server, char *name_out, size_t capacity_bytes);
/* name "" is the default one. */
vpriv_status vpi_pulse_find(vpi_pulse *server, const char *name, vpi_pulse_device *device_out);

#endif
