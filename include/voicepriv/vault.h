/** @file vault.h
 *  The encrypted local store: creating and opening it, what it holds, and making it forget.
 *
 *      vpriv_vault_options options = {.struct_size = sizeof options, .controller_id = "acme"};
 *      vpriv_vault_create("kitchen.vault", root, &options, &owner_keyring, &vault);
 *      ...
 *      vpriv_vault_erase(vault, &recording, 1, &receipt);   // final when it returns
 *      vpriv_vault_close(vault);
 *
 *  A vault is one SQLite file (with its -wal and -shm while in use), a small reserve of disk space
 *  beside it that is given up so that erasing works on a full disk, and a lock file. Several processes
 *  may have it open. A vault handle may be used from several threads; calls on it take turns. */
#ifndef VOICEPRIV_VAULT_H
#define VOICEPRIV_VAULT_H

#include <voicepriv/consent.h>
#include <voicepriv/keys.h>
#include <voicepriv/log.h>
#include <voicepriv/packets.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An open vault. */
typedef struct vpriv_vault vpriv_vault;

/** A clock: microseconds since 1970-01-01 UTC. Before 1970 and after 2400 it says nothing: the vault's time
 *  stands where it was seen last. */
typedef int64_t (*vpriv_clock_fn)(void *user);

/** How long recordings are kept. */
typedef enum vpriv_retention {
    VPRIV_RETENTION_NONE = 0, /**< don't save: nothing is stored. The default */
    VPRIV_RETENTION_48_HOURS = 1,
    VPRIV_RETENTION_72_HOURS = 2,
    VPRIV_RETENTION_90_DAYS = 3,
    VPRIV_RETENTION_3_MONTHS = 4, /**< calendar months */
    VPRIV_RETENTION_18_MONTHS = 5,
    VPRIV_RETENTION_36_MONTHS = 6,
    VPRIV_RETENTION_ERASED_ONLY = 7, /**< until somebody erases it */
} vpriv_retention;

/** A term of its own: 1 to VPRIV_RETENTION_COUNT_MAX hours, days or calendar months. */
#define VPRIV_RETENTION_HOURS(n)  ((vpriv_retention)(0x1000 + (n)))
#define VPRIV_RETENTION_DAYS(n)   ((vpriv_retention)(0x2000 + (n)))
#define VPRIV_RETENTION_MONTHS(n) ((vpriv_retention)(0x3000 + (n)))
#define VPRIV_RETENTION_COUNT_MAX 4000

/** Name a retention class: "none", "48h", "72h", "90d", "3months", "18months", "36months",
 *  "until-erased"; a term of its own as an ISO 8601 duration: "PT12H", "P10D", "P6M".
 *  @param      retention  any value; unknown ones get a phrase of their own
 *  @param[out] name_out   VPRIV_RETENTION_BYTES bytes, ends with NUL
 *  @return     name_out
 *  Owns:     borrows name_out
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_retention_name(vpriv_retention retention, char *name_out);

/** Find the retention class of a name, as vpriv_retention_name() gives it, or of an ISO 8601 duration in
 *  one unit, or in years and months: "P2W", "P1Y6M".
 *  @param      name           text
 *  @param[out] retention_out  untouched on failure
 *  Owns:     borrows name
 *  Threads:  any      Realtime: yes      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a pointer is NULL  @retval VPRIV_E_NOT_FOUND no such class
 *  @retval VPRIV_E_UNSUPPORTED a duration that mixes units, or is too long or too fine
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_retention_from_name(
    const char *name, vpriv_retention *retention_out);

/** How to make or open a vault. Zero means the default. Texts are copied. */
typedef struct vpriv_vault_options {
    size_t struct_size;             /**< sizeof(vpriv_vault_options) */
    const char *controller_id;      /**< create: who decides what recordings are for; "owner" */
    const char *controller_name;    /**< create: what people call it; "The owner of this device" */
    const char *controller_country; /**< create: ISO 3166-1; "ZZ" (not said) */
    const char *jurisdiction; /**< create: where the device is, as in ISO 3166 ("DE", "US-CA");
                                   "strict": nobody says. See places.h */
    const uint8_t *authority; /**< create: whose signed documents count, as in
                                   vpriv_jurisdiction_trust(); NULL: nobody's */
    const char *device_class; /**< create: "speaker", "wearable", …; "device" */
    uint32_t
        reserve_bytes;    /**< create: disk kept aside for erasing; 512 KiB, the least, to 64 MiB */
    vpriv_clock_fn clock; /**< instead of the system's, for tests and simulations */
    void *clock_user;     /**< handed to clock */
    const char *
        keyring_path; /**< create: where the keyring is saved, a name that is not taken, before the vault
                                   is one; NULL: the caller saves it */
} vpriv_vault_options;

/** Make a new vault. By default it stores nothing: no consent exists and retention is "don't save".
 *  Cut off anywhere (a kill, the power) it leaves a vault that is whole, or nothing that opens; then the same call with
 *  the same path, root store and keyring_path can simply be made again, and takes away what is left of the one before.
 *  Without keyring_path a cut between this call and vpriv_keyring_save() leaves a vault whose recordings nobody will
 *  ever open: a device that may lose power should give it.
 *  @param      path         a file name that is not taken, but by what is left of a vault that never came to be
 *  @param      root         a root store that is empty, but for the same; the vault uses it until it is closed
 *  @param      options      NULL for the defaults
 *  @param[out] keyring_out  the owner's keyring with every purpose's secret key: save it now, unless
 *                           keyring_path did, the vault keeps only the public halves; untouched on failure
 *  @param[out] vault_out    to be closed with vpriv_vault_close; untouched on failure
 *  Owns:     the caller owns both; root is borrowed until the vault is closed
 *  Threads:  any      Realtime: no      Secrets: made in locked memory
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_EXISTS path, keyring_path or root store is in use already,
 *          the store by a root key or by something else  @retval VPRIV_E_BUSY another process makes a vault there
 *  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_create(const char *path, vpriv_root_store *root,
    const vpriv_vault_options *options, vpriv_keyring **keyring_out, vpriv_vault **vault_out);

/** Open a vault with its root store: to manage it, and, together with a keyring, to read.
 *  Finishes what a crash cut in two; there is no repair step.
 *  @param      path       the vault file
 *  @param      root       the vault's root store, borrowed until the vault is closed
 *  @param      options    NULL, or a clock; the other fields count at creation only
 *  @param[out] vault_out  to be closed with vpriv_vault_close; untouched on failure
 *  Owns:     the caller owns the vault
 *  Threads:  any      Realtime: no      Secrets: in locked memory until closed
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND no such file
 *  @retval VPRIV_E_FORMAT not a vault  @retval VPRIV_E_VERSION of a newer format
 *  @retval VPRIV_E_AUTH damaged or changed  @retval VPRIV_E_ROLLBACK file and root of different ages
 *  @retval VPRIV_E_ROOT the root store is empty, unusable or of another vault
 *  @retval VPRIV_E_EXISTS something else is in the root store's place
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_open(const char *path, vpriv_root_store *root,
    const vpriv_vault_options *options, vpriv_vault **vault_out);

/** Open a vault for recording only, with a capture credential and no root store. Such a process,
 *  taken over, opens no earlier recording: it holds public keys only.
 *  @param      path        the vault file
 *  @param      credential  from vpriv_vault_capture_credential; copied
 *  @param      options     NULL, or a clock
 *  @param[out] vault_out   to be closed with vpriv_vault_close; untouched on failure
 *  Owns:     the caller owns the vault
 *  Threads:  any      Realtime: no      Secrets: the policy key, in locked memory
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND  @retval VPRIV_E_FORMAT
 *  @retval VPRIV_E_VERSION  @retval VPRIV_E_AUTH  @retval VPRIV_E_NO_KEY not a capture credential, or
 *          of another vault
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_open_for_capture(const char *path,
    const vpriv_keyring *credential, const vpriv_vault_options *options, vpriv_vault **vault_out);

/** Make a capture credential for a recording process.
 *  @param      vault        opened with its root store
 *  @param[out] keyring_out  to be saved and closed; untouched on failure
 *  Owns:     the caller owns the keyring
 *  Threads:  any      Realtime: no      Secrets: the policy key, in locked memory
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NO_KEY the vault is open for capture only
 *  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_capture_credential(
    vpriv_vault *vault, vpriv_keyring **keyring_out);

/** Close a vault and wipe its keys. Recorders and readers on it must be closed before.
 *  @param  vault  NULL is fine
 *  Owns:     frees the vault
 *  Threads:  no other call on this vault      Realtime: no      Secrets: wiped
 *  @return nothing
 *  Since: 0.1 */
VPRIV_API void vpriv_vault_close(vpriv_vault *vault);

/** What a vault is and holds. */
typedef struct vpriv_vault_info {
    size_t struct_size;   /**< sizeof(vpriv_vault_info), set by the caller */
    uint8_t vault_id[16]; /**< random */
    uint64_t generation;  /**< of the root key; grows with every destruction, and with every
                                    change that no old file may undo */
    vpriv_assurance
        assurance; /**< how well what is kept can be forgotten: as the root store does, and BEST_EFFORT
                                  as long as anything is kept that lay under such a store before a move */
    uint64_t n_recordings; /**< kept ones */
    uint64_t n_erased;     /**< tombstones */
    uint64_t n_subjects;
    uint64_t n_pending; /**< taken by a capture process, not yet adopted */
    uint64_t log_size;  /**< leaves in the log */
    uint8_t device_public_key[VPRIV_LOG_PUBLIC_KEY_BYTES]; /**< Ed25519, signs checkpoints */
    char controller_id[VPRIV_PARTY_ID_BYTES];
    char jurisdiction[VPRIV_JURISDICTION_BYTES]; /**< where the device is, or "strict" */
    bool for_capture_only; /**< opened with a capture credential; counts are then zero */
} vpriv_vault_info;

/** Tell what a vault is and holds.
 *  @param          vault     an open vault
 *  @param[in,out]  info_out  struct_size set; the rest is filled, untouched on failure
 *  Owns:     borrows both
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_IO
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_about(
    vpriv_vault *vault, vpriv_vault_info *info_out);

/** What was done, for the person. The signed form comes with receipts in share.h. */
typedef struct vpriv_receipt {
    size_t struct_size;         /**< sizeof(vpriv_receipt), set by the caller */
    vpriv_log_kind kind;        /**< what happened */
    int64_t time_us;            /**< when, UTC */
    uint64_t n_recordings;      /**< erasure: how many were made unreadable by this call */
    uint64_t n_derivatives;     /**< erasure: how much that was made from recordings went with it */
    uint64_t n_held;            /**< erasure: how many stay because of a legal hold */
    uint64_t generation_before; /**< of the root key */
    uint64_t generation_after;  /**< larger when the root key was replaced */
    vpriv_assurance
        assurance;      /**< how well it is forgotten: as the root store does, and BEST_EFFORT where
                                   anything of it lay under such a store before vpriv_vault_move_root() */
    uint64_t log_index; /**< the leaf that records it */
    uint8_t leaf_hash[VPRIV_LOG_HASH_BYTES];
    uint8_t consent_record[VPRIV_CONSENT_RECORD_ID_BYTES]; /**< consent: the record made */
    uint8_t record_sha256[VPRIV_SHA256_BYTES];             /**< consent: its hash */
} vpriv_receipt;

/** What started a recording. */
typedef enum vpriv_trigger_kind {
    VPRIV_TRIGGER_WAKE_WORD = 1,
    VPRIV_TRIGGER_BUTTON = 2,
    VPRIV_TRIGGER_RAISE = 3,
    VPRIV_TRIGGER_TAP = 4,
    VPRIV_TRIGGER_VOICE_ACTIVITY = 5,
    VPRIV_TRIGGER_CONTINUOUS = 6,
    VPRIV_TRIGGER_IMPORT = 7,
} vpriv_trigger_kind;

/** Why a recording ended. */
typedef enum vpriv_end_reason {
    VPRIV_END_UNFINISHED = 0,        /**< it did not: power or process went away */
    VPRIV_END_STOPPED = 1,           /**< vpriv_recorder_stop */
    VPRIV_END_SOURCE_ENDED = 2,      /**< the file or stream ended */
    VPRIV_END_CONSENT_WITHDRAWN = 3, /**< consent went away while recording */
    VPRIV_END_DEVICE_LOST = 4,
    VPRIV_END_DISK_FULL = 5,
    VPRIV_END_MAXIMUM = 6, /**< the longest allowed recording */
    VPRIV_END_FAILED = 7,  /**< an error; what was sealed before is whole */
    VPRIV_END_SILENCE = 8, /**< nobody spoke for as long as the recorder waits for it */
    VPRIV_END_MUTED = 9,   /**< vpriv_recorder_mute */
    VPRIV_END_PAUSED = 10, /**< one of its purposes was paused */
} vpriv_end_reason;

/** Name a trigger: "wake-word", "button" and so on.
 *  @param  kind  any value; unknown ones get a phrase of their own
 *  @return static text, never NULL
 *  Owns:     the library owns the text; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_trigger_name(vpriv_trigger_kind kind);

/** Find the trigger of a name, as vpriv_trigger_name() gives it.
 *  @param      name      text
 *  @param[out] kind_out  untouched on failure
 *  Owns:     borrows name
 *  Threads:  any      Realtime: yes      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a pointer is NULL  @retval VPRIV_E_NOT_FOUND no such trigger
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_trigger_from_name(
    const char *name, vpriv_trigger_kind *kind_out);

/** Name why a recording ended: "stopped", "consent-withdrawn" and so on.
 *  @param  reason  any value; unknown ones get a phrase of their own
 *  @return static text, never NULL
 *  Owns:     the library owns the text; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_end_reason_name(vpriv_end_reason reason);

#define VPRIV_RECORDING_SUBJECTS_MAX 16
#define VPRIV_WAKE_WORD_BYTES        32

/** The name of one recording: 16 random bytes. */
typedef struct vpriv_recording_id {
    uint8_t bytes[VPRIV_RECORDING_ID_BYTES];
} vpriv_recording_id;

/** Why a recording is set aside. */
typedef enum vpriv_restriction {
    VPRIV_RESTRICTION_NONE = 0,
    VPRIV_RESTRICTION_DISPUTE = 1,    /**< GDPR art. 18: the person asked for it. Nobody opens it */
    VPRIV_RESTRICTION_LEGAL_HOLD = 2, /**< must be kept: nobody opens it, and nothing destroys it. A
                                         withdrawal closes it for good all the same: see retention.h */
} vpriv_restriction;

/** What is known about a recording without opening its sound. */
typedef struct vpriv_recording_info {
    size_t struct_size; /**< sizeof(vpriv_recording_info), set by the library */
    vpriv_recording_id id;
    vpriv_recording_state state;
    int64_t started_us;   /**< UTC; of the first frame kept */
    int64_t expires_us;   /**< UTC; VPRIV_TIME_FOREVER_US without a term */
    uint64_t duration_us; /**< 0 while unfinished */
    vpriv_end_reason end_reason;
    vpriv_retention retention;
    vpriv_restriction restriction; /**< why it is set aside, in state RESTRICTED */
    vpriv_trigger_kind trigger;
    float trigger_score; /**< of the wake-word engine, 0 when it gave none */
    char wake_word[VPRIV_WAKE_WORD_BYTES];
    char device_class[VPRIV_DEVICE_BYTES];
    char jurisdiction[VPRIV_JURISDICTION_BYTES];
    uint32_t purposes; /**< bits: consented to and wrapped */
    uint32_t n_subjects;
    uint32_t n_added; /**< the last so many of them were added afterwards; see past.h */
    uint8_t subjects[VPRIV_RECORDING_SUBJECTS_MAX][VPRIV_SUBJECT_ID_BYTES];
    uint32_t rate_hz; /**< of the stored Opus stream */
    uint32_t n_channels;
} vpriv_recording_info;

/** Which recordings to list. Zero lists all that are kept. A range of time is searched for, not walked to: what a
 *  clock that was ahead dated in the future, or a process filed behind more than 256 that began later, is
 *  found for sure without one. */
typedef struct vpriv_recording_filter {
    size_t struct_size;     /**< sizeof(vpriv_recording_filter) */
    const uint8_t *subject; /**< VPRIV_SUBJECT_ID_BYTES, or NULL for everybody */
    int64_t since_us;       /**< started at or after; 0 for no bound */
    int64_t until_us;       /**< started before; 0 for no bound */
    bool with_tombstones;   /**< also what was erased: id and state only */
} vpriv_recording_filter;

/** Gets one recording; info lives for the call. Return false to stop. */
typedef bool (*vpriv_recording_fn)(void *user, const vpriv_recording_info *info);

/** List recordings in the order they were started.
 *  @param  vault   opened with its root store
 *  @param  filter  NULL for all that are kept
 *  @param  fn      called for each, outside of the vault's lock; it may call into the library
 *  @param  user    handed to fn
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: descriptive data goes to fn
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NO_KEY open for capture only
 *  @retval VPRIV_E_NOT_FOUND no such subject
 *  @retval VPRIV_E_AUTH one of them is damaged or changed, or filed with a subject whom it does not name, or, at
 *          the end, some may be missing
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recording_list(
    vpriv_vault *vault, const vpriv_recording_filter *filter, vpriv_recording_fn fn, void *user);

/** Look one recording up.
 *  @param      vault      opened with its root store
 *  @param      recording  its id
 *  @param[out] info_out   filled, struct_size too; untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: descriptive data in info_out
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND  @retval VPRIV_E_NO_KEY
 *  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL
 *  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_recording_about(
    vpriv_vault *vault, const vpriv_recording_id *recording, vpriv_recording_info *info_out);

/** Erase recordings for good, all or none. When it returns, no old copy of the vault file together
 *  with every key that exists now opens them, as far as the root store can forget (receipt's
 *  assurance). Works on a full disk, and while others record. Cost: a few key nodes, whatever the
 *  number of recordings in the vault; the dead ciphertext goes in vpriv_vault_tidy. A recording whose header is
 *  damaged is erased like any other; whether it was under a legal hold nobody can tell then.
 *  @param      vault        opened with its root store
 *  @param      recordings   ids; all must exist, erased ones are counted as done
 *  @param      n            how many; at least 1
 *  @param[in,out] receipt_out  struct_size set, or NULL; filled, untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: destroyed
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND one of them does not exist; none
 *          is erased  @retval VPRIV_E_STATE one of them is under a legal hold; none is erased
 *  @retval VPRIV_E_NO_KEY open for capture only  @retval VPRIV_E_ROOT erased in the file, but the root
 *          store could not be replaced yet: the next call or opening finishes it, and a receipt is then
 *          made from the log
 *  @retval VPRIV_E_AUTH nobody can tell which key is its own (header and key number were changed), or other
 *          damage; none is erased
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL not even the reserve was enough
 *  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_erase(
    vpriv_vault *vault, const vpriv_recording_id *recordings, size_t n, vpriv_receipt *receipt_out);

/** Erase everything that started before a moment, for good; see vpriv_vault_erase. Damaged
 *  recordings say nothing of their time: they stay, and the call fails when everything else is done. With
 *  VPRIV_TIME_FOREVER_US they go too, unless they may be under a legal hold (set aside, and nothing says why).
 *  @param      vault        opened with its root store
 *  @param      before_us    UTC microseconds; VPRIV_TIME_FOREVER_US erases every recording
 *  @param[in,out] receipt_out  struct_size set, or NULL; filled, also where some could not be looked
 *                           at; untouched on other failures
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: destroyed
 *  @retval VPRIV_OK also when there was none; what is under a legal hold stays and is counted
 *  @retval VPRIV_E_ARG  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_ROOT
 *  @retval VPRIV_E_AUTH some could not be looked at: the text says how many, and the rest was done; or other damage
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_erase_before(
    vpriv_vault *vault, int64_t before_us, vpriv_receipt *receipt_out);

/** Erase everything that started within a time, a day for instance, for good; see vpriv_vault_erase. Damaged
 *  recordings are left as vpriv_vault_erase_before says.
 *  @param      vault        opened with its root store
 *  @param      since_us     UTC microseconds; 0 is from the beginning
 *  @param      until_us     UTC microseconds: before this; later than since_us
 *  @param[in,out] receipt_out  struct_size set, or NULL; filled, also where some could not be looked
 *                           at; untouched on other failures
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: destroyed
 *  @retval VPRIV_OK also when there was none; what is under a legal hold stays and is counted
 *  @retval VPRIV_E_ARG  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_ROOT
 *  @retval VPRIV_E_AUTH some could not be looked at: the text says how many, and the rest was done; or other damage
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_erase_between(
    vpriv_vault *vault, int64_t since_us, int64_t until_us, vpriv_receipt *receipt_out);

/** Do waiting housekeeping in small steps: remove ciphertext whose keys are gone, shred recordings
 *  that no purpose is left for, adopt what capture processes left, make the file smaller, empty the
 *  write-ahead log as far as nobody reads it, rebuild the disk reserve. Recorders go on between steps.
 *  What cannot be done, because it is damaged or was made up by somebody, is passed over, and the call that has
 *  done everything else fails; damaged recordings are looked at again by each call.
 *  @param      vault       opened with its root store
 *  @param      n_steps     how many steps at most; one step is at most a few milliseconds
 *  @param[out] n_left_out  steps known to be waiting still, 0 when done; may be NULL. Filled also when it fails
 *                          for what cannot be done, which it counts
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: destroys those of dead recordings
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_ROOT
 *  @retval VPRIV_E_AUTH some of it cannot be done: the text says how much, and the rest was done; or other damage
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_tidy(
    vpriv_vault *vault, uint32_t n_steps, uint64_t *n_left_out);

/** Gets one finding of a verification: what and where, in words. Text lives for the call. */
typedef void (*vpriv_finding_fn)(void *user, const char *finding);

/** What a verification looked at. */
typedef struct vpriv_verification {
    size_t struct_size;    /**< sizeof(vpriv_verification), set by the caller */
    uint64_t n_keys;       /**< living keys in the key tree */
    uint64_t n_recordings; /**< headers and wraps opened */
    uint64_t n_blocks;     /**< opened with the keyring, or counted without one */
    uint64_t n_blocks_opened;
    uint64_t n_recordings_opened; /**< with the keyring: every wrap and block of them */
    uint64_t
        n_recordings_shut;  /**< with a keyring: no consent or key is left, or they are set aside */
    uint64_t n_derivatives; /**< whose place on the shelf was looked at */
    uint64_t n_derivative_blocks; /**< opened with the keyring */
    uint64_t n_consents;
    uint64_t n_log_leaves;
    uint64_t n_findings;          /**< 0: all is well */
    uint64_t n_lost_frames_48k;   /**< in the blocks opened: gaps of lost sound */
    uint64_t n_silent_frames_48k; /**< in the blocks opened: silence that was not encoded */
} vpriv_verification;

/** Check every row, block, wrap and log leaf. Blocks can be opened only with a keyring, and only where
 *  consent holds; opening them here keeps no sound and is recorded in the log as one entry.
 *  @param      vault       opened with its root store
 *  @param      keyring     NULL checks what can be checked without
 *  @param      fn          called for each finding; may be NULL
 *  @param      user        handed to fn
 *  @param[in,out] verification_out  struct_size set; filled, untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: wiped as it goes
 *  @retval VPRIV_OK nothing is off  @retval VPRIV_E_AUTH there are findings (verification_out is
 *          filled)
 *  @retval VPRIV_E_ARG  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_verify(vpriv_vault *vault,
    const vpriv_keyring *keyring, vpriv_finding_fn fn, void *user,
    vpriv_verification *verification_out);

/** Sign the log as it stands, for a witness to keep.
 *  @param      vault           opened with its root store
 *  @param[out] checkpoint_out  a C2SP signed note; untouched on failure
 *  Owns:     borrows both
 *  Threads:  any      Realtime: no      Secrets: the device key is used and wiped
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_checkpoint(
    vpriv_vault *vault, vpriv_log_checkpoint *checkpoint_out);

/** Name the log in its checkpoints: "voicepriv/" and the vault's id.
 *  @param      vault       an open vault
 *  @param[out] origin_out  VPRIV_LOG_ORIGIN_BYTES bytes; untouched on failure
 *  Owns:     borrows both
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_log_origin(
    vpriv_vault *vault, char *origin_out);

/** Read the log, oldest first: everything that was done in this vault and to it. Entries about people who
 *  were erased are left out: their words are gone, and the proofs still hold.
 *  @param  vault  opened with its root store
 *  @param  first  the leaf to begin with, from 0
 *  @param  fn     called for each, outside of the vault's lock; it may call into the library
 *  @param  user   handed to fn
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: what the log says goes to fn
 *  @retval VPRIV_OK also when there is none from there on  @retval VPRIV_E_ARG
 *  @retval VPRIV_E_NO_KEY open for capture only  @retval VPRIV_E_AUTH an entry is damaged or changed
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_log(
    vpriv_vault *vault, uint64_t first, vpriv_log_entry_fn fn, void *user);

/** Prove that a leaf is in the log of a given size; check with vpriv_log_verify_inclusion().
 *  @param      vault          opened with its root store
 *  @param      index          the leaf, from 0
 *  @param      size           leaves in the log that a checkpoint speaks of
 *  @param[out] leaf_hash_out  VPRIV_LOG_HASH_BYTES bytes; untouched on failure
 *  @param[out] proof_out      room for VPRIV_LOG_PROOF_HASHES_MAX hashes
 *  @param[out] n_hashes_out   how many were written; untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG index or size is beyond the log  @retval VPRIV_E_NO_KEY
 *  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_prove_inclusion(vpriv_vault *vault,
    uint64_t index, uint64_t size, uint8_t *leaf_hash_out, uint8_t *proof_out,
    size_t *n_hashes_out);

/** Prove that the log of size2 continues that of size1; check with vpriv_log_verify_consistency().
 *  @param      vault         opened with its root store
 *  @param      size1         leaves of the older checkpoint
 *  @param      size2         leaves of the newer one
 *  @param[out] proof_out     room for VPRIV_LOG_PROOF_HASHES_MAX hashes
 *  @param[out] n_hashes_out  how many were written; untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG sizes beyond the log or in the wrong order
 *  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_vault_prove_consistency(
    vpriv_vault *vault, uint64_t size1, uint64_t size2, uint8_t *proof_out, size_t *n_hashes_out);

#ifdef __cplusplus
}
#endif
#endif
