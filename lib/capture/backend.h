/* What can be opened by name: one row per kind of source, in capture/open.c. A kind that this build
 * lacks keeps its row, so that the error can say how to get it. */
#ifndef VPI_CAPTURE_BACKEND_H
#define VPI_CAPTURE_BACKEND_H

#include "base/status.h"
#include <voicepriv/capture.h>

/* Notices that devices may have come or gone; which ones, the listing tells. Never waits. */
typedef struct vpi_device_watch {
    /* Asked a few times per second, on one thread. *state is NULL the first time; begins the watch, and
     * mends one that broke (its server went away). */
    bool (*has_news)(void **state);
    void (*end)(void *state);
} vpi_device_watch;

typedef struct vpi_backend {
    const char *name;         /* what stands before the colon */
    const char *build_switch; /* of configure; NULL for what is always there */
    bool needs_device;        /* the name alone is not enough */
    bool takes_no_device;     /* the name alone is all */
    /* device is what stands behind the colon, "" for the default. The options are checked. NULL in
     * a build without. */
    vpriv_status (*open)(
        const char *device, const vpriv_capture_options *options, vpriv_source **source_out);
    /* NULL when it has no devices. VPRIV_E_NOT_FOUND: there cannot be any now; VPRIV_E_CANCELLED:
     * fn said to stop. */
    vpriv_status (*list)(vpriv_capture_device_fn fn, void *user);
    const vpi_device_watch *watch;
} vpi_backend;

extern const vpi_backend vpi_backends[];
extern const size_t vpi_n_backends;

/* "kind:device", as vpriv_capture_open takes it; VPRIV_E_LIMIT when it is too long. */
vpriv_status vpi_source_set_name(vpriv_source *source, const char *kind, const char *device);

vpriv_status vpi_alsa_open(
    const char *device, const vpriv_capture_options *options, vpriv_source **source_out);
vpriv_status vpi_alsa_list(vpriv_capture_device_fn fn, void *user);
extern const vpi_device_watch vpi_alsa_watch;

vpriv_status vpi_pulse_open(
    const char *device, const vpriv_capture_options *options, vpriv_source **source_out);
vpriv_status vpi_pulse_list(vpriv_capture_device_fn fn, void *user);
extern const vpi_device_watch vpi_pulse_watch;

#endif
