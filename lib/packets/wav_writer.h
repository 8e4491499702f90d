/* WAV with 16 bits, the way out for people without an Opus player. The header goes first, with the
 * length when it is known; otherwise the length is put in at the end when the sink can go back, or
 * says "until the end" when it cannot. */
#ifndef VPI_PACKETS_WAV_WRITER_H
#define VPI_PACKETS_WAV_WRITER_H

#include "packets/ogg_writer.h"

#define VPI_WAV_LENGTH_UNKNOWN UINT64_MAX

/* Go to an offset from the start of the file; the next write overwrites there. */
typedef vpriv_status (*vpi_seek_fn)(void *user, uint64_t offset_bytes);

typedef struct vpi_wav_writer {
    vpi_sink_fn sink;
    vpi_seek_fn seek; /* NULL when the sink cannot go back */
    void *user;
    uint32_t rate_hz;
    uint32_t n_channels;   /* 1 or 2 */
    uint64_t total_frames; /* VPI_WAV_LENGTH_UNKNOWN, or what will be written */
    uint64_t n_frames;     /* written so far; start with 0 */
} vpi_wav_writer;

/* The caller fills the struct in; nothing is allocated, and there is nothing to close. */
vpriv_status vpi_wav_writer_start(vpi_wav_writer *writer);
/* Interleaved frames. VPRIV_E_LIMIT past 4 GiB or the announced length. */
vpriv_status vpi_wav_writer_write(vpi_wav_writer *writer, const int16_t *frames, size_t n_frames);
/* VPRIV_E_STATE when fewer frames came than were announced. */
vpriv_status vpi_wav_writer_finish(vpi_wav_writer *writer);

#endif
