/* WAV from a pipe, read by ourselves: libsndfile wants to seek. */
#ifndef VPI_CAPTURE_PIPE_H
#define VPI_CAPTURE_PIPE_H

#include "capture/source.h"

/* Waits for the header; fd is borrowed and must stay open. A length that its writer could not know
 * means until the end, and half a frame there is dropped; a length that is not reached is
 * VPRIV_E_FORMAT. */
vpriv_status vpi_pipe_open(int fd, vpriv_source **source_out);

#endif
