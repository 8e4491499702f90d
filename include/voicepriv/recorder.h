/** @file recorder.h
 *  From a source to the vault: pre-roll, trigger, confirm, stop.
 *
 *      vpriv_recorder_config config = {.struct_size = sizeof config, .subjects = subject,
 *          .n_subjects = 1, .all_identified = VPRIV_FACT_YES, .retention = VPRIV_RETENTION_90_DAYS};
 *      vpriv_recorder_open(vault, source, &config, &recorder);
 *      vpriv_recorder_start(recorder);                      // listening, in locked memory only
 *      vpriv_recorder_trigger(recorder, &trigger);          // provisional: pre-roll joins
 *      vpriv_recorder_confirm(recorder);                    // the wake was meant: kept
 *      vpriv_recorder_stop(recorder, &outcome);             // durable when it returns
 *
 *  Until confirm the recording's key is in locked memory only: a rejection, a time-out, a crash or a
 *  power cut leaves ciphertext that nobody can open. A recorder runs one worker thread, or
 *  shares the workers of a hub (hub.h) with others; the source's real-time side never waits for it.
 *
 *  A recording ends by itself when nobody has spoken for a while, or at its hard maximum; the recorder then
 *  listens on. What happens to it while it runs:
 *
 *      silence, maximum, vpriv_recorder_finish   kept; listens on
 *      vpriv_recorder_mute                       kept up to there; the device is closed; MUTED
 *      vpriv_recorder_stop                       kept; IDLE
 *      withdrawal or pause of its purpose        kept up to the last sealed block, and withdrawn with
 *                                                the rest; the device is closed; ENDED
 *      the disk is full, the device is lost      kept up to there; the device is closed; ENDED
 *      crash, power cut                          kept up to the last sealed block; "unfinished"
 *      the system's clock jumps                  goes on: lengths and time-outs do not depend on it
 *
 *  and to one that is not confirmed yet: nothing of it is kept, whatever happens.
 *
 *  Of several speakers, everybody has to allow a purpose; a guest or an unknown speaker allows none, so
 *  nothing is stored. Who speaks may change from trigger to trigger (vpriv_trigger.subjects). */
#ifndef VOICEPRIV_RECORDER_H
#define VOICEPRIV_RECORDER_H

#include <voicepriv/capture.h>
#include <voicepriv/packets.h>
#include <voicepriv/vault.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A recorder: a source, whose voice it is, and what is kept. */
typedef struct vpriv_recorder vpriv_recorder;

/** Where a recorder stands. */
typedef enum vpriv_recorder_state {
    VPRIV_RECORDER_IDLE = 0,        /**< not started, or stopped: the source is not read */
    VPRIV_RECORDER_RING = 1,        /**< listening: the last moments in locked memory only */
    VPRIV_RECORDER_PROVISIONAL = 2, /**< triggered, not confirmed: sealed, key in memory only */
    VPRIV_RECORDER_COMMITTED = 3,   /**< confirmed: being kept */
    VPRIV_RECORDER_ENDED = 4,       /**< it cannot go on; the device is closed; stop tells why */
    VPRIV_RECORDER_MUTED = 5,       /**< the device is closed until vpriv_recorder_unmute */
} vpriv_recorder_state;

/** What a lamp is to show. */
typedef enum vpriv_indicator {
    VPRIV_INDICATOR_OFF = 0,       /**< the microphone is not open */
    VPRIV_INDICATOR_LISTENING = 1, /**< it is, for a trigger; nothing is kept */
    VPRIV_INDICATOR_RECORDING = 2, /**< from the trigger to the end, confirmed or not */
    VPRIV_INDICATOR_MUTED = 3,     /**< the microphone was closed by vpriv_recorder_mute */
} vpriv_indicator;

/** Told before the first sample of a state is read, and after the last one of the state before is done with:
 *  a lamp that waits for this tells the truth. LISTENING comes before the device is opened, MUTED and
 *  OFF after it is closed and what it gave is wiped, RECORDING before the first sample (the pre-roll's
 *  included) goes into the recording. Never twice the same in a row. On the worker's thread or on that of the
 *  call that changes the state: it must not call this recorder's functions. */
typedef void (*vpriv_indicator_fn)(void *user, vpriv_indicator indicator);

/** A piece of sound on its way. */
typedef struct vpriv_frames {
    size_t struct_size;   /**< sizeof(vpriv_frames), set by the library */
    const float *samples; /**< n_frames × n_channels, interleaved, nominal −1 to 1; locked memory,
                                   wiped after the call: what is copied is the application's to wipe */
    size_t n_frames;      /**< at 48 kHz up to 1,000 or so: one piece of 20 ms and a little more */
    uint32_t n_channels;  /**< the encoding's */
    uint32_t rate_hz;     /**< the encoding's */
    uint64_t
        position_frames; /**< of the first one since the recording began, or since listening did;
                                   it jumps where sound was lost */
    bool is_request;     /**< false: from while listening, before any trigger */
} vpriv_frames;

/** Gets the sound of the request at hand, for the application's own recogniser: from the trigger on, the
 *  pre-roll first, until it ends, whether it is stored or not. Nothing of it is kept by the library for
 *  this. On the worker's thread, or on that of the call that begins or ends the recording: it must not
 *  call this recorder's functions. */
typedef void (*vpriv_frames_fn)(void *user, const vpriv_frames *frames);

struct vpriv_outcome;

/** What happened. */
typedef enum vpriv_recorder_event_kind {
    VPRIV_RECORDER_EVENT_ENDED =
        1, /**< a confirmed recording came to its end, by itself or asked for; or
                                         the recorder ended. outcome tells how */
    VPRIV_RECORDER_EVENT_TIMED_OUT = 2, /**< nobody confirmed: nothing is kept; listens on */
    VPRIV_RECORDER_EVENT_NO_SPEECH = 3, /**< a wrist was raised and nobody spoke; as timed out */
    VPRIV_RECORDER_EVENT_CLOSED = 4, /**< too many false wakes: triggers are refused from here on */
} vpriv_recorder_event_kind;

/** One event. */
typedef struct vpriv_recorder_event {
    size_t struct_size; /**< sizeof(vpriv_recorder_event), set by the library */
    vpriv_recorder_event_kind kind;
    vpriv_trigger_kind trigger; /**< of the trigger it is about */
    vpriv_status status; /**< timed out: not VPRIV_OK when its rows could not be removed or it could
                                     not be counted; its key is gone all the same */
    const struct vpriv_outcome *outcome; /**< of VPRIV_RECORDER_EVENT_ENDED; lives for the call */
} vpriv_recorder_event;

/** Gets an event, once the recorder is in its new state. On the worker's thread or on that of the call that
 *  brought it about: it must not call this recorder's functions. */
typedef void (*vpriv_recorder_event_fn)(void *user, const vpriv_recorder_event *event);

/** What sort of device it is, and how strict it has to be. */
typedef enum vpriv_recorder_profile {
    VPRIV_RECORDER_PROFILE_DEFAULT = 0,
    /** On a body, where most false wakes come from: confirm_ms is 700, at most 6 false wakes an hour are
     *  put up with, and a raise that nobody speaks after within 700 ms is none. */
    VPRIV_RECORDER_PROFILE_WEARABLE = 1,
} vpriv_recorder_profile;

/** Name a state, for people: "listening", "recording".
 *  @param  state  any value; unknown ones get a phrase of their own
 *  @return static text, never NULL
 *  Owns:     the library owns the text; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_recorder_state_name(vpriv_recorder_state state);

/** Name what a lamp shows: "off", "listening", "recording", "muted".
 *  @param  indicator  any value; unknown ones get a phrase of their own
 *  @return static text, never NULL
 *  Owns:     the library owns the text; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_indicator_name(vpriv_indicator indicator);

/** Told while a recorder listens, from its start on, and while a recording or import runs. total_us is 0
 *  when nobody knows. Return false to end it: a source of known length is then forgotten altogether
 *  (VPRIV_E_CANCELLED), a recording from a live one stops there and is kept. Runs on the worker's thread (in a hub on any of its workers'), or on that of
 *  vpriv_recorder_run: it must not call this recorder's functions. */
typedef bool (*vpriv_progress_fn)(void *user, uint64_t done_us, uint64_t total_us);

/** What becomes of the time in which nobody speaks. */
typedef enum vpriv_voice_gate {
    VPRIV_VOICE_GATE_DEFAULT =
        0,                    /**< on for continuous and wake-word triggers, off for all others */
    VPRIV_VOICE_GATE_ON = 1,  /**< not encoded: a piece of silence of its length is kept */
    VPRIV_VOICE_GATE_OFF = 2, /**< everything is encoded */
} vpriv_voice_gate;

/** What a recorder does. Zero means the default. */
typedef struct vpriv_recorder_config {
    size_t struct_size;          /**< sizeof(vpriv_recorder_config) */
    const uint8_t *subjects;     /**< n_subjects × VPRIV_SUBJECT_ID_BYTES: whose voices; copied */
    size_t n_subjects;           /**< up to VPRIV_RECORDING_SUBJECTS_MAX, n_guests and
                                     n_unknown_speakers included; one of the three is 1 at least */
    uint32_t n_guests;           /**< speakers who are guests: they allow nothing to be stored */
    uint32_t n_unknown_speakers; /**< speakers whom nobody knows: they allow nothing to be stored */
    /** Whether these are everybody who is heard. Somebody has to know: who watches the room, or a speaker
     *  diarisation that counts voices. Where all parties must agree, which is also where nobody told what
     *  place it is, only VPRIV_FACT_YES lets anything be stored; elsewhere those named decide */
    vpriv_fact all_identified;
    vpriv_encoding encoding;    /**< struct_size 0: all defaults */
    vpriv_retention retention;  /**< default: don't save; nothing is stored then */
    uint32_t required_purposes; /**< bits that must be consented to; keep_history */
    uint32_t
        optional_purposes; /**< bits added when consented to, at the start and still when it is confirmed; 0 is
                                     every storable one */
    bool required_only;   /**< add no optional purposes */
    uint32_t pre_roll_ms; /**< up to 10000 of sound from before the trigger; 500, and none for
                                     VPRIV_TRIGGER_CONTINUOUS */
    bool no_pre_roll;     /**< none at all */
    uint32_t confirm_ms;  /**< time-out of an unconfirmed trigger, up to 60000; 2000 */
    uint32_t maximum_ms;  /**< hard end of a recording, pre-roll included, up to a day, more than
                                     pre_roll_ms; 15000 for wake-word, raise, tap and voice-activity
                                     triggers, none for all others and for
                                     files that vpriv_recorder_run keeps whole */
    uint32_t unsealed_ms; /**< sound that a power cut may take, 100 to 1000; 1000 */
    bool no_high_pass;    /**< leave out the 50 Hz high-pass */
    vpriv_progress_fn progress; /**< may be NULL; on the worker's thread, or run's caller's */
    void *progress_user;        /**< handed to progress */
    uint32_t n_threads;         /**< that encode a long file, 1 to 64; one per processor */
    /** on: nothing is encoded while nothing sticks out of the noise. Each beginning is kept from
     *  200 ms before; these are held back, and are part of unsealed_ms, which must be 300 at least.
     *  By default it stays off below that */
    vpriv_voice_gate voice_gate;
    bool no_maximum; /**< whatever the trigger */
    /** A confirmed recording ends when nobody has spoken for so long, 200 to 60000; 1500 for wake-word,
     *  raise, tap and voice-activity triggers, never for all others and for files that
     *  vpriv_recorder_run keeps whole. It counts from the confirmation at the earliest, and where the
     *  noise is not known yet: two seconds after the beginning */
    uint32_t trailing_silence_ms;
    bool no_trailing_silence; /**< whatever the trigger */
    vpriv_recorder_profile profile;
    /** False wakes (triggers rejected or timed out) within an hour that are put up with, 1 to 63. One more,
     *  and triggers are refused until the person acts: presses a button (VPRIV_TRIGGER_BUTTON), or
     *  whatever vpriv_recorder_acknowledge stands for. No limit by default, 6 for wearables. Kept in the
     *  vault, over restarts; with "don't save" in the recorder alone */
    uint32_t false_wakes_per_hour;
    vpriv_indicator_fn indicator;  /**< may be NULL */
    void *indicator_user;          /**< handed to indicator */
    vpriv_recorder_event_fn event; /**< may be NULL */
    void *event_user;              /**< handed to event */
    /** may be NULL. Asked for with each trigger and every second: purpose execute_request, which a person's
     *  own trigger permits (not voice-activity and continuous) unless it is paused; a pause ends the
     *  recording. Where it is permitted and keeping is not, whatever the retention, the frames come all
     *  the same and nothing is stored */
    vpriv_frames_fn frames;
    void *frames_user;           /**< handed to frames */
    bool frames_while_listening; /**< also before a trigger: for a wake-word engine */
} vpriv_recorder_config;

/** What started a recording. */
typedef struct vpriv_trigger {
    size_t struct_size;       /**< sizeof(vpriv_trigger) */
    vpriv_trigger_kind kind;  /**< required */
    float score;              /**< of the wake-word engine; 0 when it gives none */
    const char *wake_word;    /**< its id, up to VPRIV_WAKE_WORD_BYTES - 1 bytes; NULL is none */
    const char *device_class; /**< "speaker", "wearable", …: of the device that heard it, up to
                                   VPRIV_DEVICE_BYTES - 1 bytes; NULL is the vault's */
    const uint8_t
        *subjects;     /**< n_subjects × VPRIV_SUBJECT_ID_BYTES: whose voices this time; NULL is
                                   the recorder's, n_guests and all the rest of it included */
    size_t n_subjects; /**< as in vpriv_recorder_config */
    uint32_t n_guests; /**< besides the recorder's, or with subjects instead of them */
    uint32_t n_unknown_speakers; /**< the same */
    vpriv_fact
        all_identified; /**< as in vpriv_recorder_config; VPRIV_FACT_UNKNOWN without subjects is
                                      what the recorder says */
} vpriv_trigger;

/** How a recording came out. */
typedef struct vpriv_outcome {
    size_t struct_size;           /**< sizeof(vpriv_outcome), set by the caller */
    bool is_stored;               /**< false: nothing of it is in the vault */
    vpriv_recording_id recording; /**< its id when stored */
    vpriv_end_reason end_reason;
    vpriv_status status;        /**< why it ended early; VPRIV_OK otherwise */
    uint64_t n_frames_48k;      /**< stored sound and gaps, at 48 kHz */
    uint64_t n_lost_frames_48k; /**< of that, gaps */
    uint64_t n_packets;
    uint64_t n_blocks;
    uint64_t n_silent_frames_48k; /**< of n_frames_48k, not encoded because nobody spoke */
    char detail
        [VPRIV_DETAIL_BYTES]; /**< what status was about, in words, as vpriv_error_detail() had it
                                          then; empty when all was well */
} vpriv_outcome;

/** Set a recorder up. Reads and writes nothing yet.
 *  @param      vault         opened with its root store or for capture; stays open longer
 *  @param      source        stays open longer; only this recorder reads it
 *  @param      config        copied
 *  @param[out] recorder_out  to be closed with vpriv_recorder_close; untouched on failure
 *  Owns:     the caller owns the recorder; vault and source are borrowed until it is closed
 *  Threads:  any      Realtime: no      Secrets: locked memory for pre-roll and packets
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a field of config is out of range: the text names it
 *  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recorder_open(vpriv_vault *vault,
    vpriv_source *source, const vpriv_recorder_config *config, vpriv_recorder **recorder_out);

/** Start listening: a worker thread reads the source into the pre-roll, which is in locked memory and
 *  wiped as it wraps. The worker's stack is too, 96 KB of it, and wiped when the thread ends.
 *  @param  recorder  an idle recorder
 *  Owns:     borrows recorder
 *  Threads:  one call at a time per recorder      Realtime: no      Secrets: locked memory
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_STATE started already, by itself or
 *          in a hub
 *  @retval VPRIV_E_DEVICE_LOST  @retval VPRIV_E_IO  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recorder_start(vpriv_recorder *recorder);

/** Begin a provisional recording with the pre-roll in front. Consent is asked first.
 *  @param  recorder  a started recorder in state RING
 *  @param  trigger   what started it
 *  Owns:     borrows both
 *  Threads:  one call at a time per recorder      Realtime: no      Secrets: makes the recording's key
 *  @retval VPRIV_OK also with "don't save", and with a frames callback where nothing may be kept: then
 *          nothing will be stored  @retval VPRIV_E_ARG
 *  @retval VPRIV_E_STATE not listening  @retval VPRIV_E_CONSENT with every reason; goes on listening
 *  @retval VPRIV_E_NOT_FOUND  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  @retval VPRIV_E_MEMORY  @retval VPRIV_E_LIMIT more than 128 consents to required purposes, or
 *          triggers are refused after too many false wakes; goes on listening
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recorder_trigger(
    vpriv_recorder *recorder, const vpriv_trigger *trigger);

/** The trigger was meant: the recording is tagged, wrapped for each purpose consented to, and kept.
 *  @param  recorder  in state PROVISIONAL
 *  Owns:     borrows recorder
 *  Threads:  one call at a time per recorder      Realtime: no      Secrets: stores the wraps
 *  @retval VPRIV_OK durable  @retval VPRIV_E_ARG  @retval VPRIV_E_STATE there is no provisional one, or,
 *          on a wearable, nobody has spoken since the wrist was raised: it stays provisional
 *  @retval VPRIV_E_CONSENT withdrawn since the trigger: nothing is kept  @retval VPRIV_E_FULL
 *  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_MEMORY
 *  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recorder_confirm(vpriv_recorder *recorder);

/** The trigger was not meant: its key is wiped, its blocks are removed, listening goes on. One more false
 *  wake of its kind on this day is counted (with "don't save" nowhere); a count per day and kind goes
 *  into the log when the day is over.
 *  @param  recorder  in state PROVISIONAL
 *  Owns:     borrows recorder
 *  Threads:  one call at a time per recorder      Realtime: no      Secrets: wiped
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_STATE there is no provisional one
 *  @retval VPRIV_E_IO the key is gone; the rows go at the next opening, and it was not counted
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_FULL  @retval VPRIV_E_AUTH  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recorder_reject(vpriv_recorder *recorder);

/** End the recording at hand and listen on: the button was let go. When one has ended by itself
 *  meanwhile (silence, maximum) and no trigger has come since, this tells how.
 *  @param         recorder     in state COMMITTED, or RING behind a recording
 *  @param[in,out] outcome_out  struct_size set, or NULL; filled, untouched on failure
 *  Owns:     borrows both
 *  Threads:  one call at a time per recorder      Realtime: no      Secrets: wiped
 *  @retval VPRIV_OK durable; outcome_out->status tells of trouble on the way, after which the recorder
 *          may have ended
 *  @retval VPRIV_E_ARG  @retval VPRIV_E_STATE no recording is at hand, or its outcome was told already
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recorder_finish(
    vpriv_recorder *recorder, vpriv_outcome *outcome_out);

/** Mute: when it returns the device is closed, the pre-roll is wiped, an unconfirmed recording's key is
 *  gone (it counts as rejected) and a confirmed one has ended, kept up to here. What the source had not
 *  handed over yet is wiped and lost.
 *  @param  recorder  a started recorder that has not ended; a muted one stays so
 *  Owns:     borrows recorder
 *  Threads:  one call at a time per recorder      Realtime: no      Secrets: wiped
 *  @retval VPRIV_OK muted; vpriv_recorder_finish, vpriv_recorder_stop or the event tell how a
 *          recording came out
 *  @retval VPRIV_E_ARG  @retval VPRIV_E_STATE not started, or it has ended: the device is closed already
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recorder_mute(vpriv_recorder *recorder);

/** Open the device again and listen. What was said while it was closed is no gap: nobody was listening.
 *  @param  recorder  a muted recorder
 *  Owns:     borrows recorder
 *  Threads:  one call at a time per recorder      Realtime: no      Secrets: locked memory
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_STATE not muted
 *  @retval VPRIV_E_DEVICE_LOST the device is gone; still muted  @retval VPRIV_E_IO
 *  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recorder_unmute(vpriv_recorder *recorder);

/** The person acted: triggers that were refused after too many false wakes are let in again.
 *  @param  recorder  an open recorder
 *  Owns:     borrows recorder
 *  Threads:  one call at a time per recorder      Realtime: no      Secrets: none
 *  @retval VPRIV_OK also when they were let in  @retval VPRIV_E_ARG  @retval VPRIV_E_AUTH
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recorder_acknowledge(vpriv_recorder *recorder);

/** Stop, wherever it was started: the recording, if there is a confirmed one, gets its final block; the
 *  device is closed and the pre-roll is wiped. An unconfirmed trigger counts as rejected. Behind a
 *  recording that has ended by itself it tells how that came out, when nobody was told.
 *  @param         recorder     a started recorder
 *  @param[in,out] outcome_out  struct_size set, or NULL; filled, untouched on failure
 *  Owns:     borrows both
 *  Threads:  one call at a time per recorder      Realtime: no      Secrets: wiped
 *  @retval VPRIV_OK stopped, durable; outcome_out->status tells of trouble on the way
 *  @retval VPRIV_E_ARG  @retval VPRIV_E_STATE not started
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recorder_stop(
    vpriv_recorder *recorder, vpriv_outcome *outcome_out);

/** Tell where a recorder stands.
 *  @param  recorder  an open recorder
 *  @return its state
 *  Owns:     borrows recorder
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API vpriv_recorder_state vpriv_recorder_state_now(const vpriv_recorder *recorder);

/** Record a whole source without a thread: triggers and confirms at once, reads until the source
 *  ends, stops. For files and streams. A source of known length (a file) is kept as a whole or not
 *  at all; from any other, what was sealed survives whatever happens, as when recording live.
 *
 *  A source of known length that lasts longer than about 20 s is encoded on n_threads threads: cut in
 *  pauses into segments of up to 10 s, each with an encoder of its own that first hears the 160 ms
 *  before the cut, and stitched to one continuous stream of the same length and number of packets.
 *  The packets do not depend on how many threads there are, as long as there are two or more; with
 *  one they are the same up to the first cut. It takes up to 4 MB of locked memory for samples and
 *  about 400 KB per thread; where so much cannot be locked it takes fewer threads, and one encoder
 *  on the calling thread when there is none for any; so does a recording with the voice gate on. The
 *  threads end before this returns; vault, source and progress are used on the calling thread only.
 *  @param         recorder     an idle recorder
 *  @param         trigger      what started it
 *  @param[in,out] outcome_out  struct_size set, or NULL; filled, untouched on failure
 *  Owns:     borrows all
 *  Threads:  one call at a time per recorder      Realtime: no      Secrets: wiped
 *  @retval VPRIV_OK also with "don't save": the source was read and nothing was stored
 *  @retval VPRIV_E_ARG  @retval VPRIV_E_STATE started already  @retval VPRIV_E_CONSENT nothing was
 *          stored, or the recording ended where consent did (outcome_out is filled)
 *  @retval VPRIV_E_CANCELLED progress said so; nothing is kept  @retval VPRIV_E_DEVICE_LOST
 *  @retval VPRIV_E_FORMAT the source broke (outcome_out tells whether anything was kept)
 *  @retval VPRIV_E_NOT_FOUND  @retval VPRIV_E_FULL  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_IO  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT  @retval VPRIV_E_ERASED
 *  @retval VPRIV_E_LIMIT as for vpriv_recorder_trigger
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recorder_run(
    vpriv_recorder *recorder, const vpriv_trigger *trigger, vpriv_outcome *outcome_out);

/** Import an Ogg Opus file without re-encoding: its packets go into the vault as they are.
 *  @param         vault        as for vpriv_recorder_open
 *  @param         path         the .opus file
 *  @param         config       as for vpriv_recorder_open; encoding and pre-roll do not count
 *  @param[in,out] outcome_out  struct_size set, or NULL; filled, untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: packets in locked memory
 *  @retval VPRIV_OK also with "don't save": the file was checked and nothing was stored
 *  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND  @retval VPRIV_E_FORMAT not Ogg Opus, or damaged:
 *          nothing is kept
 *  @retval VPRIV_E_UNSUPPORTED  @retval VPRIV_E_CONSENT  @retval VPRIV_E_CANCELLED
 *  @retval VPRIV_E_FULL  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT  @retval VPRIV_E_ERASED
 *  @retval VPRIV_E_LIMIT as for vpriv_recorder_trigger
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recorder_import_opus(vpriv_vault *vault,
    const char *path, const vpriv_recorder_config *config, vpriv_outcome *outcome_out);

/** Close a recorder. A running one is stopped.
 *  @param  recorder  NULL is fine
 *  Owns:     frees the recorder; the source and the vault stay open
 *  Threads:  no other call on this recorder      Realtime: no      Secrets: wiped
 *  @return nothing
 *  Since: 0.1 */
VPRIV_API void vpriv_recorder_close(vpriv_recorder *recorder);

#ifdef __cplusplus
}
#endif
#endif
