/** @file inventory.h
 *  What a vault knows about whom: all of it, for the person; and all of it to take away.
 *
 *      vpriv_inventory_json(vault, keyring, write_to_file, file);       // one document
 *      ...
 *      vpriv_portable_report report = {.struct_size = sizeof report};
 *      vpriv_portable_export(vault, keyring, &request, "/media/ada/voice", NULL, NULL, &report);
 *
 *  An inventory opens no sound and destroys nothing. It is for the owner of the vault: it has names. What
 *  it cannot know it does not guess: a vault does not learn who has copies of a keyring, or of a capture
 *  credential (which opens no recording). */
#ifndef VOICEPRIV_INVENTORY_H
#define VOICEPRIV_INVENTORY_H

#include <voicepriv/derivative.h>
#include <voicepriv/people.h>
#include <voicepriv/places.h>
#include <voicepriv/share.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The vault itself, and who holds its keys. Comes first. */
typedef struct vpriv_inventory_vault {
    size_t struct_size; /**< sizeof(vpriv_inventory_vault), set by the library */
    vpriv_vault_info
        about;       /**< assurance and generation of the root store, counts, the log's size */
    int64_t made_us; /**< UTC: when the inventory was made */
    char controller_name[VPRIV_PARTY_NAME_BYTES];
    char controller_country[VPRIV_COUNTRY_BYTES];
    char device_class[VPRIV_DEVICE_BYTES];
    uint64_t n_unconfirmed; /**< triggers on trial, or left by a crash: nobody can open them */
    uint32_t
        key_purposes; /**< bits: purposes with a key pair. Whoever has the secret half of one, and
                                    the root store, opens what is consented to for it */
    bool has_keyring; /**< a keyring was given */
    uint32_t keyring_purposes; /**< bits: whose secret halves it holds */
    uint32_t paused;           /**< bits: here and now */
} vpriv_inventory_vault;

/** A notice, with the exact text. */
typedef struct vpriv_inventory_notice {
    size_t struct_size; /**< sizeof(vpriv_inventory_notice), set by the library */
    vpriv_notice_ref ref;
    bool is_in_force; /**< the latest of its id and language */
    const char *text; /**< lives for the call; does not end with NUL */
    size_t text_bytes;
} vpriv_inventory_notice;

/** One consent that a recording rests on. */
typedef struct vpriv_inventory_basis {
    uint8_t subject[VPRIV_SUBJECT_ID_BYTES];
    vpriv_purpose purpose;
    uint8_t record_id[VPRIV_CONSENT_RECORD_ID_BYTES];
    bool is_later; /**< it was not taken under this one; see past.h */
} vpriv_inventory_basis;

/** Most consents that one recording rests on. */
#define VPRIV_INVENTORY_BASES_MAX 368

/** A recording. Of an erased one only id, state and who heard it are left. */
typedef struct vpriv_inventory_recording {
    size_t struct_size; /**< sizeof(vpriv_inventory_recording), set by the library */
    vpriv_recording_info info;
    uint64_t n_bytes;  /**< of sealed sound in the vault file */
    uint32_t open_for; /**< bits: purposes the gate would open it for now, for the controller, to
                              somebody with the purpose's key */
    int64_t until_us
        [VPRIV_PURPOSES_MAX]; /**< by its terms, for each purpose it is wrapped for; 0 for the
 others. VPRIV_TIME_FOREVER_US without a term. The rules of a place may close it earlier: open_for */
    size_t n_bases;
    vpriv_inventory_basis bases[VPRIV_INVENTORY_BASES_MAX];
} vpriv_inventory_recording;

/** Triggers that came to nothing, of one kind on one day. A day may come in two parts. */
typedef struct vpriv_inventory_false_wakes {
    size_t struct_size; /**< sizeof(vpriv_inventory_false_wakes), set by the library */
    int64_t day_us;     /**< UTC midnight */
    vpriv_trigger_kind trigger;
    uint64_t n;
} vpriv_inventory_false_wakes;

/** Gets the parts, in this order; each lives for the call. Any may be NULL. They are called outside of the
 *  vault's lock, and may call into the library. Return false to stop. */
typedef struct vpriv_inventory_visitor {
    size_t struct_size; /**< sizeof(vpriv_inventory_visitor) */
    bool (*vault)(void *user, const vpriv_inventory_vault *vault);
    /** One that is on or to come, anywhere; who and why is among the events. */
    bool (*pause)(void *user, const vpriv_pause *pause);
    bool (*notice)(void *user, const vpriv_inventory_notice *notice);
    /** Somebody, followed by everything they said. */
    bool (*subject)(void *user, const vpriv_subject_info *subject);
    /** Oldest first; is_latest: nothing came after it about this purpose. */
    bool (*consent)(void *user, const vpriv_consent_record *record, bool is_latest);
    /** A recording, followed by what was made from it, and by everybody who opened one of these or was
     *  refused. */
    bool (*recording)(void *user, const vpriv_inventory_recording *recording);
    /** In the order it was added; not what it says. */
    bool (*derivative)(void *user, const vpriv_derivative_info *derivative);
    bool (*access)(void *user, uint64_t index, const vpriv_log_entry *entry);
    /** What the log has of things that are in no other part: erasures, expiries, restrictions, pauses,
     *  disclosures, later consents applied, speakers added. */
    bool (*event)(void *user, uint64_t index, const vpriv_log_entry *entry);
    bool (*false_wakes)(void *user, const vpriv_inventory_false_wakes *count);
} vpriv_inventory_visitor;

/** Walk through everything a vault knows. What capture processes left is adopted first. Every part is of
 *  one moment; the whole is when nobody changed the vault meanwhile.
 *  @param      vault        opened with its root store
 *  @param      keyring      NULL, or whose purposes are told
 *  @param      visitor      what to call
 *  @param      user         handed to each call
 *  @param[out] changed_out  NULL, or whether somebody changed the vault meanwhile; untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: names and descriptive data go to the visitor
 *  @retval VPRIV_OK everything was told  @retval VPRIV_E_CANCELLED a call said stop
 *  @retval VPRIV_E_ARG  @retval VPRIV_E_NO_KEY open for capture only
 *  @retval VPRIV_E_AUTH something is damaged or changed, or may be missing: what was told is not all
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_ROOT
 *  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_inventory(vpriv_vault *vault,
    const vpriv_keyring *keyring, const vpriv_inventory_visitor *visitor, void *user,
    bool *changed_out);

/** The same as one JSON document; doc/inventory.md describes it. Members whose value is not known are null,
 *  and times are RFC 3339. A document that is not whole does not parse.
 *  @param  vault    opened with its root store
 *  @param  keyring  NULL, or whose purposes are told
 *  @param  write    gets the bytes in order, UTF-8
 *  @param  user     handed to write
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: names and descriptive data go to write
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL  @retval VPRIV_E_ROOT
 *  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_inventory_json(
    vpriv_vault *vault, const vpriv_keyring *keyring, vpriv_write_fn write, void *user);

/** Told before each recording, while it is written, and at the end. Return false to stop. */
typedef bool (*vpriv_portable_fn)(void *user, uint64_t n_done, uint64_t n_recordings);

/** What a portability export came to. */
typedef struct vpriv_portable_report {
    size_t struct_size;  /**< sizeof(vpriv_portable_report), set by the caller */
    uint64_t n_written;  /**< recordings written by this call */
    uint64_t n_kept;     /**< that an earlier call had written already */
    uint64_t n_closed;   /**< that are not open for the purpose: in the inventory, without sound */
    uint64_t n_damaged;  /**< that do not authenticate, or something made from them does not: in the
                              inventory only */
    uint64_t n_removed;  /**< files of an earlier call that may not be there any more */
    uint64_t n_receipts; /**< in the folder */
    uint64_t n_derivatives; /**< in the folder */
    uint64_t
        n_derivatives_closed; /**< made for other purposes, or not open: in the inventory only */
} vpriv_portable_report;

/** Write everything into a folder that any player and any JSON reader opens: recordings as Ogg Opus, what
 *  was made from them as it is, receipts, the device's public key, and the inventory. Each recording and each
 *  derivative goes through the gate for the request's purpose, and the log has each opening.
 *
 *  Every file appears only when it is whole and on the disk, the inventory last: with it the export is
 *  finished. After an interruption or a full disk the same call goes on where it stopped, and removes what
 *  was erased or closed since. Whoever has the folder can read it: it is not encrypted.
 *  @param      vault       opened with its root store
 *  @param      keyring     holds the purpose's secret key
 *  @param      request     who, why and for whom; purpose: keep_history as a rule
 *  @param      folder      missing, empty, or of an earlier call for this vault that did not finish
 *  @param      progress    NULL, or told how far it is
 *  @param      user        handed to progress
 *  @param[in,out] report_out  struct_size set, or NULL; filled also when the export is not finished
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: the sound is in the folder in the clear
 *  @retval VPRIV_OK finished  @retval VPRIV_E_ARG
 *  @retval VPRIV_E_EXISTS the folder has other files, or a finished export: nothing was changed
 *  @retval VPRIV_E_CANCELLED progress said stop  @retval VPRIV_E_FULL the disk is full; call again
 *  @retval VPRIV_E_NO_KEY the keyring lacks the purpose's key, or open for capture only
 *  @retval VPRIV_E_NOT_FOUND the folder above does not exist  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_IO  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_portable_export(vpriv_vault *vault,
    const vpriv_keyring *keyring, const vpriv_gate_request *request, const char *folder,
    vpriv_portable_fn progress, void *user, vpriv_portable_report *report_out);

#ifdef __cplusplus
}
#endif
#endif
