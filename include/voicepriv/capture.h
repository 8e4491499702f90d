/** @file capture.h
 *  Where sound comes from: a microphone, a file, a pipe, or a program that pushes frames in.
 *
 *      vpriv_source *source;
 *      vpriv_capture_open("pulse", NULL, &source);      // or "alsa:hw:0", "file:voice.wav", "-"
 *
 *      const vpriv_stream_format format = {VPRIV_SAMPLE_S16, 16000, 1};
 *      vpriv_capture_push_open(&format, 0, &source);
 *      // in the audio callback:
 *      vpriv_capture_push_write(source, frames, n_frames, &n_taken);
 *
 *  The chosen microphone or nothing: when it goes away the source ends with VPRIV_E_DEVICE_LOST, and
 *  no frame of another device ever takes its place. Frames that cannot be taken become a gap of their
 *  length at their place; silence is never invented for them.
 */
#ifndef VOICEPRIV_CAPTURE_H
#define VOICEPRIV_CAPTURE_H

#include <voicepriv/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VPRIV_RATE_MIN_HZ            8000u
#define VPRIV_RATE_MAX_HZ            192000u
#define VPRIV_CHANNELS_MAX           8u
#define VPRIV_PUSH_BUFFER_MAX_MS     10000u
#define VPRIV_CAPTURE_FILE_MAX_HOURS 24u

/** How one sample is stored; always little-endian, channels interleaved. */
typedef enum vpriv_sample_format {
    VPRIV_SAMPLE_S16 = 1, /**< signed 16 bits */
    VPRIV_SAMPLE_S24 = 2, /**< signed 24 bits, packed into 3 bytes */
    VPRIV_SAMPLE_S32 = 3, /**< signed 32 bits */
    VPRIV_SAMPLE_F32 = 4, /**< IEEE 754 single, nominal range -1 to 1 */
} vpriv_sample_format;

/** What a stream of frames looks like. */
typedef struct vpriv_stream_format {
    vpriv_sample_format sample_format;
    uint32_t rate_hz;    /**< VPRIV_RATE_MIN_HZ to VPRIV_RATE_MAX_HZ */
    uint32_t n_channels; /**< 1 to VPRIV_CHANNELS_MAX */
} vpriv_stream_format;

/** One origin of frames. Which calls may meet on different threads is said at each call. */
typedef struct vpriv_source vpriv_source;

/** How vpriv_capture_open() opens. Zero means the default. */
typedef struct vpriv_capture_options {
    size_t struct_size; /**< sizeof(vpriv_capture_options) */
    /** What a sound card should give; fields that are 0 have no preference. It gives what is nearest:
     *  vpriv_capture_format() tells. Other sources give what they have. */
    vpriv_stream_format wanted;
    uint32_t buffer_ms;  /**< sound that fits between device and reader, at least; 0 means 1000, at
                              most VPRIV_PUSH_BUFFER_MAX_MS */
    bool allow_non_card; /**< alsa: PCMs that are no card, such as file plug-ins. Those of sound
                              servers (types pulse, pipewire, jack) are refused all the same; one that
                              keeps no time, such as null, is lost as soon as it shows */
    bool allow_monitor;  /**< pulse: a monitor, which is what a speaker plays, if it is named */
} vpriv_capture_options;

/** Open a source by name: "alsa:NAME" (a PCM such as hw:0 or hw:CARD=Mic; "alsa" is its default),
 *  "pulse:NAME" (a source of the local PulseAudio or PipeWire server; "pulse" is the default one, and
 *  stays the one that was it now), "file:PATH" or "-" (as vpriv_capture_file_open()).
 *
 *  With the first "alsa" or "pulse" source that is opened, listed or watched, its sound library is
 *  loaded into the process, and stays.
 *
 *  A device is looked at for its format and closed again: it captures between start and stop of
 *  the recorder only. With the first start runs a thread of the source's own that does not lock,
 *  allocate, write, or call anything but the sound library; what that does is its own affair.
 *
 *  Through "alsa", no count of the device's is believed beyond what its buffer holds and its rate, and a
 *  sixteenth of that, can have given since it was last read, heard or lost: a device that tells of more ends
 *  with VPRIV_E_DEVICE_LOST.
 *
 *  Through "pulse", frames that the server reports as lost are gaps of exactly their length. What it
 *  loses without a word is found with the clock when it is 8 ms or more: the gap is right to a
 *  few ms, and comes up to two seconds late.
 *  @param      input       the name
 *  @param      options     copied; NULL for the defaults
 *  @param[out] source_out  the source; untouched on failure
 *  Owns:     the caller owns the source and closes it with vpriv_capture_close()
 *  Threads:  any, at the same time      Realtime: no (waits for the server for up to 5 s)
 *  Secrets:  frames pass through the sound library's memory, which is not guarded; the buffer behind
 *            it is
 *  @retval VPRIV_OK
 *  @retval VPRIV_E_ARG          input is not of this form, or a field of options is out of range
 *  @retval VPRIV_E_NOT_FOUND    no such device or file; no sound server answers
 *  @retval VPRIV_E_UNSUPPORTED  this build lacks the source (the text names the configure switch); the
 *                               sound library is not installed (the text names it and its package);
 *                               not a card; a monitor; a server that is not on this machine; a format
 *                               that is not read here
 *  @retval VPRIV_E_IO           the device is in use or does not answer
 *  @retval VPRIV_E_FORMAT       as vpriv_capture_file_open()
 *  @retval VPRIV_E_LIMIT        a name or a value beyond the bounds
 *  @retval VPRIV_E_MEMORY       no memory, or it could not be locked
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_capture_open(
    const char *input, const vpriv_capture_options *options, vpriv_source **source_out);

/** One microphone, or monitor of a speaker. Texts live for the call that gets it. */
typedef struct vpriv_capture_device {
    size_t struct_size;      /**< of the library's vpriv_capture_device */
    const char *input;       /**< what vpriv_capture_open() takes */
    const char *description; /**< for people */
    uint32_t rate_min_hz;    /**< 0 when not known now, such as while in use */
    uint32_t rate_max_hz;
    uint32_t n_channels_min;
    uint32_t n_channels_max;
    bool is_default; /**< what the source's name without a device opens */
    bool is_monitor; /**< what a speaker plays; opens only with allow_monitor */
} vpriv_capture_device;

/** Gets one device; it lives for the call. Return false to stop. */
typedef bool (*vpriv_capture_device_fn)(void *user, const vpriv_capture_device *device);

/** List the devices of every source in this build. A sound server that does not run has none.
 *  @param  fn    called for each
 *  @param  user  handed to fn
 *  Owns:     borrows both
 *  Threads:  any, at the same time; fn runs on the caller's      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG fn is NULL
 *  @retval VPRIV_E_UNSUPPORTED a sound library is not installed, or the sound server is not on this
 *          machine (the text tells); other devices were listed
 *  @retval VPRIV_E_IO a server or card does not answer; other devices were listed
 *  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_capture_list(vpriv_capture_device_fn fn, void *user);

/** What happened to a device. */
typedef enum vpriv_device_change {
    VPRIV_DEVICE_APPEARED = 1, /**< it is there now */
    VPRIV_DEVICE_GONE = 2,     /**< it is not there any more */
    VPRIV_DEVICE_DEFAULT = 3,  /**< it became the default, or stopped being it */
} vpriv_device_change;

/** Gets one change; the device lives for the call, as it is now, or was. */
typedef void (*vpriv_device_change_fn)(
    void *user, vpriv_device_change change, const vpriv_capture_device *device);

/** A watch on devices coming and going. */
typedef struct vpriv_capture_watch vpriv_capture_watch;

/** Watch devices come and go. The devices that are there are told first, as VPRIV_DEVICE_APPEARED.
 *  Changes are told within about a second; a server that was started, within two more. What
 *  vpriv_capture_list() finds not supported has no devices.
 *  @param      fn         called for each change
 *  @param      user       handed to fn
 *  @param[out] watch_out  untouched on failure
 *  Owns:     the caller owns the watch and ends it with
 *            vpriv_capture_watch_close(); user is borrowed until then
 *  Threads:  any; fn runs on a thread of the watch's own, one call at a time, and must not end the
 *            watch      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a pointer is NULL
 *  @retval VPRIV_E_MEMORY no memory, descriptor or thread
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_capture_watch_open(
    vpriv_device_change_fn fn, void *user, vpriv_capture_watch **watch_out);

/** End a watch. When it returns, fn is not running and will not be called again.
 *  @param  watch  NULL is fine
 *  Owns:     takes the watch
 *  Threads:  one, not from within fn      Realtime: no      Secrets: none
 *  Since: 0.1 */
VPRIV_API void vpriv_capture_watch_close(vpriv_capture_watch *watch);

/** Open a source that is fed by vpriv_capture_push_write().
 *  @param      format      what the frames will look like; copied
 *  @param      buffer_ms   how much sound fits between writer and reader, at least; 0 means 1000,
 *                          at most VPRIV_PUSH_BUFFER_MAX_MS
 *  @param[out] source_out  the source; untouched on failure
 *  Owns:     the caller owns the source and closes it with vpriv_capture_close()
 *  Threads:  any      Realtime: no      Secrets: the buffer is guarded memory
 *  @retval VPRIV_OK
 *  @retval VPRIV_E_ARG     a pointer is NULL, or a field of the format or buffer_ms is out of range
 *  @retval VPRIV_E_MEMORY  no memory, or the buffer could not be locked
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_capture_push_open(
    const vpriv_stream_format *format, uint32_t buffer_ms, vpriv_source **source_out);

/** Give frames to a push source. Takes as many whole frames as fit, from the first on; the rest is
 *  lost, and the reader is told of a gap of exactly that many frames at exactly that place. Once its
 *  recorder has stopped or is muted, frames are taken and dropped, until it listens again. Never
 *  waits, locks, allocates, logs or calls the system; leaves vpriv_error_detail() as it was.
 *  @param      source       a push source
 *  @param      frames       n_frames frames in the source's format; may be NULL when n_frames is 0
 *  @param      n_frames     how many frames, any number
 *  @param[out] n_taken_out  frames taken, 0 to n_frames; untouched on failure
 *  Owns:     borrows frames for the call
 *  Threads:  one writing thread per source (write, space, end); a reader may be at work beside it
 *  Realtime: yes      Secrets: frames; the copy lies in guarded memory and is wiped once read
 *  @retval VPRIV_OK       also when frames were lost
 *  @retval VPRIV_E_ARG    a pointer is NULL, or not a push source
 *  @retval VPRIV_E_STATE  vpriv_capture_push_end() was called before
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_capture_push_write(
    vpriv_source *source, const void *frames, size_t n_frames, size_t *n_taken_out);

/** Say how many frames a write would take now, for callers who would rather wait than lose any.
 *  @param      source  a push source
 *  @return     frames; 0 when there is no room, after the end, or when source is not a push source
 *  Owns:     nothing
 *  Threads:  the writing thread      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API size_t vpriv_capture_push_space(const vpriv_source *source);

/** Say that no more frames will come. The reader meets the end after the last frame taken, and
 * after a gap when frames were lost last. Calling it again changes nothing.
 *  @param      source  a push source
 *  Owns:     nothing; the source is still to be closed
 *  Threads:  the writing thread      Realtime: yes      Secrets: none
 *  @retval VPRIV_OK
 *  @retval VPRIV_E_ARG  source is NULL or not a push source
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_capture_push_end(vpriv_source *source);

/** Open a sound file. Read are WAV, RF64, AIFF and AIFF-C with 8, 16, 24 or 32-bit integers or
 *  32-bit floats, and FLAC with 8, 16 or 24 bits; nothing else gets as far as a decoder. 16-bit
 *  files come out as VPRIV_SAMPLE_S16, all others as VPRIV_SAMPLE_F32. What a header claims is
 *  checked against the size of the file first, and a file that was cut short is refused.
 *
 *  The path "-" is standard input with WAV in it, which may be a pipe; the call waits for the
 *  header. 16, 24 and 32-bit integers and 32-bit floats come out as they are. A length of 0, or
 *  within 4 KiB of 2 GiB and above (what writers put there that cannot know), means until the end.
 *  @param      path        name of a regular file, or "-"
 *  @param[out] source_out  the source; untouched on failure
 *  Owns:     the caller owns the source and closes it with vpriv_capture_close(); standard input
 *            itself stays open
 *  Threads:  any      Realtime: no
 *  Secrets:  frames pass through the decoder's own memory, which is not guarded; the file itself is
 *            in clear
 *  @retval VPRIV_OK
 *  @retval VPRIV_E_ARG          a pointer is NULL
 *  @retval VPRIV_E_NOT_FOUND    no such file
 *  @retval VPRIV_E_IO           the file cannot be opened or read
 *  @retval VPRIV_E_FORMAT       not a sound file, empty, damaged or cut short
 *  @retval VPRIV_E_UNSUPPORTED  a sound file of a kind that is not read here
 *  @retval VPRIV_E_LIMIT        rate, channels or length (VPRIV_CAPTURE_FILE_MAX_HOURS) beyond the
 *                               bounds
 *  @retval VPRIV_E_MEMORY       no memory
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_capture_file_open(
    const char *path, vpriv_source **source_out);

/** Tell what the frames of a source look like.
 *  @param      source      any source
 *  @param[out] format_out  its format; untouched on failure
 *  Owns:     nothing
 *  Threads:  any      Realtime: yes      Secrets: none
 *  @retval VPRIV_OK
 *  @retval VPRIV_E_ARG  a pointer is NULL
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_capture_format(
    const vpriv_source *source, vpriv_stream_format *format_out);

/** Tell the name of a source, with the device that the default came to.
 *  @param      source  any source
 *  @return     such as "alsa:hw:0", "pulse:alsa_input.usb-mic", "file" or "push"; never NULL
 *  Owns:     the source owns the text
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_capture_name(const vpriv_source *source);

/** Tell how loud it was since the last call, for a meter. The first call gives silence, and the source
 *  measures from then on, on the thread that reads it.
 *  @param      source       any source
 *  @param[out] peak_db_out  the loudest sample, 0 is full scale; -200 for silence; untouched on failure
 *  Owns:     nothing
 *  Threads:  any, beside a recorder that reads it; before it is closed      Realtime: yes
 *  Secrets:  whether somebody speaks, and how loud
 *  @retval VPRIV_OK
 *  @retval VPRIV_E_ARG  a pointer is NULL
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_capture_level(
    vpriv_source *source, float *peak_db_out);

/** Close a source and wipe what it still holds.
 *  @param      source  any source, or NULL
 *  Owns:     takes the source; it must not be used again, by any thread, nor be in use
 *  Threads:  one      Realtime: no      Secrets: buffered frames are wiped
 *  Since: 0.1 */
VPRIV_API void vpriv_capture_close(vpriv_source *source);

#ifdef __cplusplus
}
#endif
#endif
