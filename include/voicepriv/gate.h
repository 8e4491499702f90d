/** @file gate.h
 *  The only way audio comes back out: decide, record it in the log, then unwrap the key.
 *
 *      vpriv_gate_request request = {.struct_size = sizeof request, .actor = "ada",
 *          .purpose = VPRIV_PURPOSE_KEEP_HISTORY, .reason = "played in the app"};
 *      if (vpriv_gate_open(vault, keyring, &recording, &request, &reader) == VPRIV_OK) {
 *          while (vpriv_gate_read_frames(reader, pcm, 960, &n) == VPRIV_OK && n > 0)
 *              play(pcm, n);
 *          vpriv_gate_close(reader);
 *      }
 *
 *  The entry in the log is durable before the key is derived; a refusal is recorded too. */
#ifndef VOICEPRIV_GATE_H
#define VOICEPRIV_GATE_H

#include <voicepriv/derivative.h>
#include <voicepriv/vault.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Who wants to hear a recording, and what for. */
typedef struct vpriv_gate_request {
    size_t struct_size;    /**< sizeof(vpriv_gate_request) */
    vpriv_purpose purpose; /**< what for */
    const char *actor;     /**< who, 1 to VPRIV_LOG_ACTOR_BYTES - 1 bytes; goes into the log */
    const char *reason;    /**< why, goes into the log; NULL is none given */
    const char *recipient; /**< party id as named in the consent; NULL is the vault's controller */
} vpriv_gate_request;

/** A recording being read. */
typedef struct vpriv_reader vpriv_reader;

/** Open a recording for a purpose. Decides first, records the answer in the log and waits for the
 *  disk, and only then derives any key.
 *  @param      vault       opened with its root store; stays open longer than the reader
 *  @param      keyring     holds the purpose's secret key; may be closed afterwards
 *  @param      recording   its id
 *  @param      request     who and what for
 *  @param[out] reader_out  to be closed with vpriv_gate_close; untouched on failure
 *  Owns:     the caller owns the reader
 *  Threads:  any      Realtime: no      Secrets: the recording's key, in locked memory until closed
 *  @retval VPRIV_OK the sound can be read and the log says so
 *  @retval VPRIV_E_CONSENT refused, with every reason in vpriv_error_detail(); the log has it
 *  @retval VPRIV_E_ERASED only a tombstone is left; the log has the refusal
 *  @retval VPRIV_E_NO_KEY the keyring lacks the purpose's key; the log has the refusal
 *  @retval VPRIV_E_NOT_FOUND  @retval VPRIV_E_ARG  @retval VPRIV_E_AUTH damaged or changed
 *  @retval VPRIV_E_FULL the log cannot be written, so nothing is opened  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_IO  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_gate_open(vpriv_vault *vault,
    const vpriv_keyring *keyring, const vpriv_recording_id *recording,
    const vpriv_gate_request *request, vpriv_reader **reader_out);

/** What a reader gives. */
typedef struct vpriv_reader_info {
    size_t struct_size;       /**< sizeof(vpriv_reader_info), set by the caller */
    uint32_t rate_hz;         /**< of vpriv_gate_read_frames */
    uint32_t n_channels;      /**< of vpriv_gate_read_frames */
    uint64_t n_frames;        /**< in all, at rate_hz; 0 when unfinished, which is not known */
    bool is_unfinished;       /**< power or process went away while it was taken */
    uint64_t n_lost_frames;   /**< of gaps met so far, at rate_hz; they read as zeros */
    uint64_t n_silent_frames; /**< of silence met so far, at rate_hz; it reads as zeros too */
} vpriv_reader_info;

/** Tell what a reader gives.
 *  @param          reader    an open reader
 *  @param[in,out]  info_out  struct_size set; the rest is filled, untouched on failure
 *  Owns:     borrows both
 *  Threads:  one call at a time per reader      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_gate_about(
    const vpriv_reader *reader, vpriv_reader_info *info_out);

/** Decode the next frames. Gaps of lost sound, and silence that the voice gate left out, read as zeros
 *  of the right length.
 *  @param      reader      an open reader
 *  @param[out] pcm_out     interleaved float, n_frames × channels, nominal −1..1; on failure nothing
 *                          in it counts
 *  @param      n_frames    how many fit; any number above 0
 *  @param[out] n_read_out  how many were written; 0 at the end; untouched on failure
 *  Owns:     borrows pcm_out for the call
 *  Threads:  one call at a time per reader      Realtime: no      Secrets: pcm_out
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_CONSENT withdrawn since it was opened
 *  @retval VPRIV_E_ERASED erased since  @retval VPRIV_E_AUTH damaged or changed
 *  @retval VPRIV_E_STATE packets were read from this reader  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_gate_read_frames(
    vpriv_reader *reader, float *pcm_out, size_t n_frames, size_t *n_read_out);

/** One stored Opus packet, a gap of lost sound, or silence that was not encoded. */
typedef struct vpriv_packet {
    size_t struct_size;           /**< sizeof(vpriv_packet), set by the caller */
    const uint8_t *data;          /**< NULL without a packet; lives until the next call */
    size_t n_bytes;               /**< 0 for a gap, for silence and at the end */
    uint32_t duration_frames_48k; /**< of the packet, the gap in the stream, or the silence */
    uint64_t lost_frames_48k;     /**< gap: how much was lost exactly */
    bool is_end;                  /**< there are no more */
    bool is_silence;              /**< nobody spoke; nothing was lost */
} vpriv_packet;

/** Take the next stored packet, as it is.
 *  @param         reader      an open reader
 *  @param[in,out] packet_out  struct_size set; the rest is filled, untouched on failure
 *  Owns:     packet_out->data belongs to the reader until its next call
 *  Threads:  one call at a time per reader      Realtime: no      Secrets: the packet
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_CONSENT withdrawn since it was opened
 *  @retval VPRIV_E_ERASED erased since  @retval VPRIV_E_AUTH damaged or changed
 *  @retval VPRIV_E_STATE frames were read from this reader  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_gate_read_packet(
    vpriv_reader *reader, vpriv_packet *packet_out);

/** Close a reader and wipe its key.
 *  @param  reader  NULL is fine
 *  Owns:     frees the reader
 *  Threads:  no other call on this reader      Realtime: no      Secrets: wiped
 *  @return nothing
 *  Since: 0.1 */
VPRIV_API void vpriv_gate_close(vpriv_reader *reader);

/** Takes bytes in order. Any status but VPRIV_OK stops and is handed on. */
typedef vpriv_status (*vpriv_write_fn)(void *user, const void *bytes, size_t n_bytes);

/** Write a recording as Ogg Opus (RFC 7845) around the stored packets, without re-encoding. OpusTags
 *  name the consent records, the purpose and the hash of the consent record it was opened under.
 *  @param  reader  an open reader that nothing was read from
 *  @param  write   gets the bytes in order
 *  @param  user    handed to write
 *  Owns:     borrows all
 *  Threads:  one call at a time per reader      Realtime: no      Secrets: the bytes are the sound
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_STATE something was read before
 *  @retval VPRIV_E_CONSENT  @retval VPRIV_E_ERASED  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_IO  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_gate_export_opus(
    vpriv_reader *reader, vpriv_write_fn write, void *user);

/** Write a recording as WAV (16-bit PCM). The header of an unfinished one says "until the end".
 *  @param  reader  an open reader that nothing was read from
 *  @param  write   gets the bytes in order
 *  @param  user    handed to write
 *  Owns:     borrows all
 *  Threads:  one call at a time per reader      Realtime: no      Secrets: the bytes are the sound
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_STATE something was read before
 *  @retval VPRIV_E_LIMIT longer than a WAV file can be
 *  @retval VPRIV_E_CONSENT  @retval VPRIV_E_ERASED  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_IO  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_gate_export_wav(
    vpriv_reader *reader, vpriv_write_fn write, void *user);

/** Read what was made from a recording, a transcript for instance. As with its sound: decides first, records
 *  the answer in the log and waits for the disk, and only then derives any key. It takes what the sound
 *  takes, and that it was made for this purpose too.
 *  @param  vault       opened with its root store
 *  @param  keyring     holds the purpose's secret key
 *  @param  derivative  its id
 *  @param  request     who and what for
 *  @param  write       gets the content in order, outside of the vault's lock; on failure what it got does
 *                      not count
 *  @param  user        handed to write
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: the content goes to write; its key is wiped
 *  @retval VPRIV_OK all of it was given out, and the log says so
 *  @retval VPRIV_E_CONSENT refused, with every reason in vpriv_error_detail(); the log has it
 *  @retval VPRIV_E_ERASED it went with its recording; the log has the refusal
 *  @retval VPRIV_E_NO_KEY the keyring lacks the purpose's key; the log has the refusal
 *  @retval VPRIV_E_NOT_FOUND no such derivative  @retval VPRIV_E_ARG  @retval VPRIV_E_AUTH damaged or changed
 *  @retval VPRIV_E_FULL the log cannot be written, so nothing is opened  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_IO  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_gate_read_derivative(vpriv_vault *vault,
    const vpriv_keyring *keyring, const vpriv_derivative_id *derivative,
    const vpriv_gate_request *request, vpriv_write_fn write, void *user);

/** List who opened a recording or read what was made from it, and who was refused, oldest first.
 *  @param  vault      opened with its root store
 *  @param  recording  its id; erased ones keep their list until the person is erased
 *  @param  fn         called for each, outside of the vault's lock
 *  @param  user       handed to fn
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND no such recording
 *  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_gate_who_heard(
    vpriv_vault *vault, const vpriv_recording_id *recording, vpriv_log_entry_fn fn, void *user);

#ifdef __cplusplus
}
#endif
#endif
