#include "packets/wav_writer.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/try.h"

#define HEADER_BYTES     44u
#define SOUND_BYTES_MAX  (UINT32_MAX - HEADER_BYTES)
#define CHUNK_SAMPLES    1024u
#define LENGTH_NOT_KNOWN UINT32_MAX

static vpriv_status write_header(const vpi_wav_writer *writer, uint64_t n_frames)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t header[HEADER_BYTES];
    const uint32_t frame_bytes = writer->n_channels * 2;
    const bool known = n_frames != VPI_WAV_LENGTH_UNKNOWN;
    const uint32_t sound_bytes = known ? (uint32_t)(n_frames * frame_bytes) : LENGTH_NOT_KNOWN;
    vpi_writer w = vpi_writer_of(header, sizeof header);
    vpi_put_bytes(&w, "RIFF", 4);
    vpi_put_u32(&w, known ? HEADER_BYTES - 8 + sound_bytes : LENGTH_NOT_KNOWN);
    vpi_put_bytes(&w, "WAVEfmt ", 8);
    vpi_put_u32(&w, 16);
    vpi_put_u16(&w, 1); /* integers */
    vpi_put_u16(&w, (uint16_t)writer->n_channels);
    vpi_put_u32(&w, writer->rate_hz);
    vpi_put_u32(&w, writer->rate_hz * frame_bytes);
    vpi_put_u16(&w, (uint16_t)frame_bytes);
    vpi_put_u16(&w, 16);
    vpi_put_bytes(&w, "data", 4);
    vpi_put_u32(&w, sound_bytes);
    VPI_TRY(vpi_writer_finish(&w, "WAV header"));
    VPI_TRY(writer->sink(writer->user, header, sizeof header));
    st = VPRIV_OK;
out:
    return st;
}

static uint64_t frames_max(const vpi_wav_writer *writer)
{
    return writer->total_frames != VPI_WAV_LENGTH_UNKNOWN
               ? writer->total_frames
               : SOUND_BYTES_MAX / (writer->n_channels * 2);
}

vpriv_status vpi_wav_writer_start(vpi_wav_writer *writer)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_ENSURE(writer->sink && writer->n_channels >= 1 && writer->n_channels <= 2 &&
                   writer->rate_hz >= 1 && writer->rate_hz <= 192000 && writer->n_frames == 0,
        VPRIV_E_ARG, "WAV of %u Hz and %u channels", writer->rate_hz, writer->n_channels);
    VPI_ENSURE(writer->total_frames == VPI_WAV_LENGTH_UNKNOWN ||
                   writer->total_frames <= SOUND_BYTES_MAX / (writer->n_channels * 2),
        VPRIV_E_LIMIT, "a WAV file cannot be longer than 4 GiB");
    VPI_TRY(write_header(writer, writer->total_frames));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_wav_writer_write(vpi_wav_writer *writer, const int16_t *frames, size_t n_frames)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint8_t chunk[CHUNK_SAMPLES * 2];
    VPI_ENSURE(n_frames <= frames_max(writer) - writer->n_frames, VPRIV_E_LIMIT,
        "more sound than the WAV file was announced with or can hold");
    for (size_t n_left = n_frames * writer->n_channels; n_left > 0;) {
        const size_t n_samples = n_left < CHUNK_SAMPLES ? n_left : CHUNK_SAMPLES;
        for (size_t i = 0; i < n_samples; i++) {
            const uint16_t sample = (uint16_t)frames[i];
            chunk[2 * i] = (uint8_t)sample;
            chunk[2 * i + 1] = (uint8_t)(sample >> 8);
        }
        VPI_TRY(writer->sink(writer->user, chunk, n_samples * 2));
        frames += n_samples;
        n_left -= n_samples;
    }
    writer->n_frames += n_frames;
    st = VPRIV_OK;
out:
    vpi_wipe(chunk, sizeof chunk);
    return st;
}

vpriv_status vpi_wav_writer_finish(vpi_wav_writer *writer)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    if (writer->total_frames != VPI_WAV_LENGTH_UNKNOWN) {
        VPI_ENSURE(writer->n_frames == writer->total_frames, VPRIV_E_STATE,
            "%llu frames where the WAV file announces %llu", (unsigned long long)writer->n_frames,
            (unsigned long long)writer->total_frames);
    } else if (writer->seek) {
        VPI_TRY(writer->seek(writer->user, 0));
        VPI_TRY(write_header(writer, writer->n_frames));
    }
    st = VPRIV_OK;
out:
    return st;
}
