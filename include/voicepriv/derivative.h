/** @file derivative.h
 *  What was made from a recording: a transcript, how the request went, labels, features of a voice.
 *
 *      vpriv_derivative about = {.struct_size = sizeof about, .kind = VPRIV_DERIVATIVE_TRANSCRIPT,
 *          .media_type = "text/plain", .language = "en", .made_by = "ada's speaker",
 *          .purposes = VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY)};
 *      vpriv_derivative_add(vault, &recording, &about, "lights on", 9, &id);
 *
 *  A derivative lives and dies with its recording: erasing that, or the end of its term, takes everything
 *  made from it; withdrawing a purpose closes what was made for it, in old copies too. What it says is
 *  read through the gate only: vpriv_gate_read_derivative() in gate.h. */
#ifndef VOICEPRIV_DERIVATIVE_H
#define VOICEPRIV_DERIVATIVE_H

#include <voicepriv/vault.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Longest content of a derivative. */
#define VPRIV_DERIVATIVE_BYTES_MAX 1048576
/** Most derivatives of one recording. */
#define VPRIV_DERIVATIVES_MAX 64
/* Sizes of texts, the final NUL included. */
#define VPRIV_MEDIA_TYPE_BYTES 64
#define VPRIV_MADE_BY_BYTES    64

/** The name of one derivative: 16 random bytes. */
typedef struct vpriv_derivative_id {
    uint8_t bytes[16];
} vpriv_derivative_id;

/** What it is. */
typedef enum vpriv_derivative_kind {
    VPRIV_DERIVATIVE_TRANSCRIPT = 1, /**< what was said */
    VPRIV_DERIVATIVE_OUTCOME = 2,    /**< how the request went */
    VPRIV_DERIVATIVE_LABEL = 3,      /**< annotations, flags */
    VPRIV_DERIVATIVE_FEATURE = 4,    /**< numbers computed from the voice */
    VPRIV_DERIVATIVE_OTHER = 5,
} vpriv_derivative_kind;

/** Name a kind: "transcript", "outcome", "label", "feature", "other".
 *  @param  kind  any value; unknown ones get a phrase of their own
 *  @return static text, never NULL
 *  Owns:     the library owns the text; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_derivative_kind_name(vpriv_derivative_kind kind);

/** Find the kind of a name, as vpriv_derivative_kind_name() gives it.
 *  @param      name      text
 *  @param[out] kind_out  untouched on failure
 *  Owns:     borrows name
 *  Threads:  any      Realtime: yes      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a pointer is NULL  @retval VPRIV_E_NOT_FOUND no such kind
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_derivative_kind_from_name(
    const char *name, vpriv_derivative_kind *kind_out);

/** What is to be kept. Texts are copied, and sealed with the content. */
typedef struct vpriv_derivative {
    size_t struct_size; /**< sizeof(vpriv_derivative) */
    vpriv_derivative_kind kind;
    const char *media_type; /**< "text/plain"; NULL: not said */
    const char *language;   /**< BCP 47; NULL: not said */
    const char *made_by;    /**< person or program, not empty; goes into the log */
    uint32_t purposes;      /**< bits, at least one: what it may be read for */
} vpriv_derivative;

/** What is known about a derivative without opening it. */
typedef struct vpriv_derivative_info {
    size_t struct_size; /**< sizeof(vpriv_derivative_info), set by the library */
    vpriv_derivative_id id;
    vpriv_recording_id recording;
    vpriv_derivative_kind kind;
    char media_type[VPRIV_MEDIA_TYPE_BYTES];
    char language[VPRIV_LANGUAGE_BYTES];
    char made_by[VPRIV_MADE_BY_BYTES];
    int64_t made_us;   /**< UTC: when it was added */
    uint64_t n_bytes;  /**< of the content */
    uint32_t purposes; /**< bits: it was made for, and the recording is still wrapped for */
} vpriv_derivative_info;

/** Keep something made from a recording, under the recording's own key. Each of its purposes must be one
 *  that the gate would open the recording for now: consented to by everybody who speaks, not paused, not
 *  over.
 *  @param      vault       opened with its root store
 *  @param      recording   what it was made from
 *  @param      derivative  what it is, and what for
 *  @param      bytes       the content
 *  @param      n_bytes     1 to VPRIV_DERIVATIVE_BYTES_MAX
 *  @param[out] id_out      its name; may be NULL; untouched on failure
 *  Owns:     borrows all; bytes are copied, sealed
 *  Threads:  any      Realtime: no      Secrets: bytes are the caller's to wipe
 *  @retval VPRIV_OK it is on the disk, and the log says so
 *  @retval VPRIV_E_CONSENT one of the purposes is not open: withdrawn, expired, paused, the recording set
 *          aside or still on trial; every reason in vpriv_error_detail()
 *  @retval VPRIV_E_ERASED only a tombstone is left of the recording
 *  @retval VPRIV_E_LIMIT too long, or the recording has too many derivatives
 *  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND no such recording
 *  @retval VPRIV_E_NO_KEY open for capture only  @retval VPRIV_E_AUTH damaged or changed
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_ROOT
 *  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_derivative_add(vpriv_vault *vault,
    const vpriv_recording_id *recording, const vpriv_derivative *derivative, const void *bytes,
    size_t n_bytes, vpriv_derivative_id *id_out);

/** Gets one derivative; info lives for the call. Return false to stop. */
typedef bool (*vpriv_derivative_fn)(void *user, const vpriv_derivative_info *info);

/** List what was made from a recording, in the order it was added. For the owner: it opens no content.
 *  @param  vault      opened with its root store
 *  @param  recording  its id; an erased one has none
 *  @param  fn         called for each, outside of the vault's lock; it may call into the library
 *  @param  user       handed to fn
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: descriptive data goes to fn
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND no such recording
 *  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH one is damaged, changed or missing  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_derivative_list(
    vpriv_vault *vault, const vpriv_recording_id *recording, vpriv_derivative_fn fn, void *user);

/** Look one derivative up.
 *  @param      vault       opened with its root store
 *  @param      derivative  its id
 *  @param[out] info_out    filled, struct_size too; untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: descriptive data in info_out
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG
 *  @retval VPRIV_E_ERASED it went with its recording; VPRIV_E_NOT_FOUND once housekeeping was there
 *  @retval VPRIV_E_NOT_FOUND
 *  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  @retval VPRIV_E_FULL  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_derivative_about(
    vpriv_vault *vault, const vpriv_derivative_id *derivative, vpriv_derivative_info *info_out);

/** Erase one derivative for good; its recording stays, under a new key. As final as vpriv_vault_erase().
 *  @param      vault        opened with its root store
 *  @param      derivative   its id
 *  @param[in,out] receipt_out  struct_size set, or NULL; filled, untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: destroyed
 *  @retval VPRIV_OK also when it went with its recording before
 *  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND no such derivative
 *  @retval VPRIV_E_STATE its recording is under a legal hold: nothing was erased
 *  @retval VPRIV_E_NO_KEY open for capture only  @retval VPRIV_E_ROOT erased in the file, but the root
 *          store could not be replaced yet: the next call or opening finishes it
 *  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL not even the
 *          reserve was enough  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_derivative_erase(
    vpriv_vault *vault, const vpriv_derivative_id *derivative, vpriv_receipt *receipt_out);

#ifdef __cplusplus
}
#endif
#endif
