#include "base/memory.h"
#include "base/try.h"
#include "gate/gate.h"
#include "packets/ogg_writer.h"
#include "packets/wav_writer.h"
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define COMMENT_BYTES 160
#define WAV_FRAMES    960

/* Comments for one file: each consent the recording rests on for this purpose, the purpose, and the
 * hash of the consent record it was opened under. */
typedef struct comments {
    char text[VPI_SUBJECTS_MAX + 2][COMMENT_BYTES];
    const char *lines[VPI_SUBJECTS_MAX + 2];
    size_t n;
} comments;

static char *next_line(comments *c)
{
    VPI_IMPOSSIBLE_UNLESS(c->n < sizeof c->lines / sizeof c->lines[0]);
    c->lines[c->n] = c->text[c->n];
    return c->text[c->n++];
}

static void collect(const vpriv_reader *reader, comments *c)
{
    const vpi_recording *recording = reader->recording;
    char hex[2 * VPRIV_SHA256_BYTES + 1];
    memset(c, 0, sizeof *c);
    for (uint32_t i = 0; i < vpi_n_speakers(recording); i++) {
        const uint8_t *basis = vpi_basis(recording, i, reader->purpose);
        if (!basis)
            continue;
        sodium_bin2hex(hex, sizeof hex, basis, VPRIV_CONSENT_RECORD_ID_BYTES);
        snprintf(next_line(c), COMMENT_BYTES, "CONSENT_RECORD_ID=%s", hex);
    }
    snprintf(next_line(c), COMMENT_BYTES, "PURPOSE=%s", vpriv_purpose_name(reader->purpose));
    sodium_bin2hex(hex, sizeof hex, reader->record_sha256, VPRIV_SHA256_BYTES);
    snprintf(next_line(c), COMMENT_BYTES, "RECEIPT_SHA256=%s", hex);
}

/* Every packet, gap and silence, up to the end of the recording. */
static vpriv_status copy_packets(vpriv_reader *reader, vpi_ogg_writer *writer, uint64_t end_48k)
{
    for (;;) {
        vpi_block_entry entry;
        vpriv_status st = vpi_gate_next_entry(reader, &entry);
        if (st == VPRIV_E_NOT_FOUND)
            return VPRIV_OK;
        if (st == VPRIV_OK && vpi_ogg_writer_position_frames48(writer) >= end_48k)
            continue; /* the encoder's tail lies wholly behind the end */
        if (st == VPRIV_OK)
            st = entry.is_gap || entry.is_silence
                     ? vpi_ogg_writer_gap(writer, entry.skipped_48k)
                     : vpi_ogg_writer_packet(writer, entry.packet, entry.n_bytes);
        if (st != VPRIV_OK)
            return st;
    }
}

vpriv_status vpriv_gate_export_opus(vpriv_reader *reader, vpriv_write_fn write, void *user)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_ogg_writer *writer = NULL;
    comments *c = NULL;
    VPI_ENSURE(reader && write, VPRIV_E_ARG, "a reader and a place to write to are needed");
    VPI_ENSURE(reader->use == VPI_READER_FRESH, VPRIV_E_STATE, "something was read already");
    vpi_fail_clear();
    reader->use = VPI_READER_PACKETS;
    const vpi_tag *tag = &reader->recording->tag;
    const vpi_finish *finish = &reader->recording->finish;
    const vpi_opus_head head = {.n_channels = tag->n_channels,
        .preskip_frames48 = tag->pre_skip_48k,
        .input_rate_hz = tag->rate_hz};
    VPI_TRY(vpi_alloc(1, sizeof *c, (void **)&c));
    collect(reader, c);
    VPI_TRY(vpi_ogg_writer_open(&head, c->lines, c->n, write, user, &writer));
    const uint64_t end_48k =
        finish->is_finished ? tag->pre_skip_48k + finish->n_frames_48k : UINT64_MAX;
    VPI_TRY(copy_packets(reader, writer, end_48k));
    const uint64_t position = vpi_ogg_writer_position_frames48(writer);
    const uint64_t played = position > tag->pre_skip_48k ? position - tag->pre_skip_48k : 0;
    VPI_TRY(vpi_ogg_writer_finish(writer, finish->is_finished ? finish->n_frames_48k : played));
    st = VPRIV_OK;
out:
    vpi_ogg_writer_close(writer);
    free(c);
    return st;
}

/* Round to the nearest, ties to even, clipped: what a 16-bit player expects. */
static int16_t to_s16(float sample)
{
    const float scaled = sample * 32768.0f;
    return scaled >= 32767.0f ? 32767 : scaled <= -32768.0f ? -32768 : (int16_t)lrintf(scaled);
}

typedef struct wav_scratch {
    float pcm[WAV_FRAMES * 2];
    int16_t samples[WAV_FRAMES * 2];
} wav_scratch;

vpriv_status vpriv_gate_export_wav(vpriv_reader *reader, vpriv_write_fn write, void *user)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    wav_scratch *scratch = NULL;
    vpriv_reader_info info = {.struct_size = sizeof info};
    size_t n_read = 0;
    VPI_ENSURE(reader && write, VPRIV_E_ARG, "a reader and a place to write to are needed");
    VPI_ENSURE(reader->use == VPI_READER_FRESH, VPRIV_E_STATE, "something was read already");
    VPI_TRY(vpriv_gate_about(reader, &info));
    VPI_TRY(vpi_secret_alloc(sizeof *scratch, (void **)&scratch));
    vpi_wav_writer writer = {.sink = write,
        .user = user,
        .rate_hz = info.rate_hz,
        .n_channels = info.n_channels,
        .total_frames = info.is_unfinished ? VPI_WAV_LENGTH_UNKNOWN : info.n_frames};
    VPI_TRY(vpi_wav_writer_start(&writer));
    do {
        VPI_TRY(vpriv_gate_read_frames(reader, scratch->pcm, WAV_FRAMES, &n_read));
        for (size_t i = 0; i < n_read * info.n_channels; i++)
            scratch->samples[i] = to_s16(scratch->pcm[i]);
        if (n_read > 0)
            VPI_TRY(vpi_wav_writer_write(&writer, scratch->samples, n_read));
    } while (n_read > 0);
    VPI_TRY(vpi_wav_writer_finish(&writer));
    st = VPRIV_OK;
out:
    vpi_secret_free(scratch);
    return st;
}
