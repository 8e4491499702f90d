/* One ALSA capture device, opened and set up, but not running yet. */
#ifndef VPI_CAPTURE_ALSA_PCM_H
#define VPI_CAPTURE_ALSA_PCM_H

#include "base/status.h"
#include "capture/alsa_library.h"
#include <voicepriv/capture.h>

#define VPI_ALSA_CARD_BYTES 128

typedef struct vpi_alsa_request {
    const char *name;           /* a PCM, as in "hw:0" */
    vpriv_stream_format wanted; /* fields that are 0 have no preference */
    bool is_exact;              /* this format or none */
    bool allow_non_card;
} vpi_alsa_request;

typedef struct vpi_alsa_pcm {
    snd_pcm_t *pcm;
    vpriv_stream_format format;
    bool is_mmap;
    size_t period_frames;
    size_t buffer_frames;
    char card[VPI_ALSA_CARD_BYTES]; /* which one: id and full name; "" when it is no card */
} vpi_alsa_pcm;

/* Refuses what is not a card before anything is opened (a sound server's plug-in connects at once),
 * and again by what was opened. */
vpriv_status vpi_alsa_pcm_open(const vpi_alsa_request *request, vpi_alsa_pcm *pcm_out);
void vpi_alsa_pcm_close(vpi_alsa_pcm *pcm);

/* Once the library is loaded: until the end, this thread's messages of libasound go into a text instead of to standard error. */
void vpi_alsa_messages_begin(void);
void vpi_alsa_messages_end(void);

#endif
