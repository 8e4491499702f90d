/** @file sync.h
 *  Consent events of other surfaces, merged into a vault, and the vault's own for them:
 *
 *      vpriv_surface_trust(vault, "app", app_key, "installer");
 *      vpriv_consent_sync(vault, lines, n_bytes, show, NULL, &result);
 *      vpriv_consent_export_events(vault, write_line, file);
 *
 *  What events are, and how they are merged, is in surface.h and doc/consent-events.md. */
#ifndef VOICEPRIV_SYNC_H
#define VOICEPRIV_SYNC_H

#include <voicepriv/people.h>
#include <voicepriv/surface.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most surfaces a vault trusts. */
#define VPRIV_SURFACES_MAX 8
/** Longest file of events. */
#define VPRIV_SYNC_BYTES_MAX (16 * 1024 * 1024)

/** Trust a surface: events that its key signed count from now on. A name keeps its key.
 *  @param  vault       opened with its root store
 *  @param  name        letters, digits and . _ / - only; not the vault's own, vpriv_vault_log_origin()
 *  @param  public_key  VPRIV_SURFACE_PUBLIC_KEY_BYTES (Ed25519); of another vault its device key
 *  @param  actor       who says so, for the log
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK durable; also when it is trusted already  @retval VPRIV_E_ARG
 *  @retval VPRIV_E_EXISTS the name has another key  @retval VPRIV_E_LIMIT too many
 *  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_surface_trust(
    vpriv_vault *vault, const char *name, const uint8_t *public_key, const char *actor);

/** One surface that is trusted. */
typedef struct vpriv_surface_info {
    size_t struct_size; /**< sizeof(vpriv_surface_info), set by the library */
    char name[VPRIV_SURFACE_BYTES];
    uint8_t public_key[VPRIV_SURFACE_PUBLIC_KEY_BYTES];
} vpriv_surface_info;

/** Gets one surface; info lives for the call. Return false to stop. */
typedef bool (*vpriv_surface_fn)(void *user, const vpriv_surface_info *info);

/** List the surfaces that a vault trusts, not itself among them.
 *  @param  vault  opened with its root store
 *  @param  fn     called for each, outside of the vault's lock
 *  @param  user   handed to fn
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_surface_list(
    vpriv_vault *vault, vpriv_surface_fn fn, void *user);

/** Add a person under the pseudonym that other vaults or surfaces know them by. Whoever sees both can
 *  tell that it is the same person: vpriv_subject_add() is for everything else.
 *  @param  vault          opened with its root store
 *  @param  subject_class  user, guest, bystander or child
 *  @param  name           as in vpriv_subject_add()
 *  @param  contact        as in vpriv_subject_add()
 *  @param  subject        VPRIV_SUBJECT_ID_BYTES, not all zeros
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: name and contact are stored sealed
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_EXISTS this vault has them already
 *  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_subject_add_known(vpriv_vault *vault,
    vpriv_subject_class subject_class, const char *name, const char *contact,
    const uint8_t *subject);

/** What taking events in came to. */
typedef struct vpriv_sync_result {
    size_t struct_size; /**< sizeof(vpriv_sync_result), set by the caller */
    uint64_t n_new;     /**< events that were not there */
    uint64_t n_known;   /**< events that were there already */
    uint64_t n_skipped; /**< events about people who are not in this vault */
    uint64_t n_changed; /**< consents that changed */
    uint64_t n_gaps;    /**< consents where a yes waits for events that are missing before it */
    uint64_t n_forked;  /**< consents where a surface used one number twice */
} vpriv_sync_result;

/** Take in a file of events: one line each. All or nothing: a line that is forged, cut off, of a surface
 *  that is not trusted or with a notice that is not kept here refuses the file, and nothing changes.
 *  Events about people who are not in this vault (erased, perhaps) are skipped and counted. Consents
 *  that end by it lose their keys, as with vpriv_consent_withdraw(), in the same transaction.
 *  @param      vault    opened with its root store
 *  @param      lines    the file
 *  @param      n_bytes  0 to VPRIV_SYNC_BYTES_MAX
 *  @param      fn       NULL, or called for the record of each consent that changed, when all is done
 *                       and outside of the vault's lock
 *  @param      user     handed to fn
 *  @param[in,out] result_out  struct_size set, or NULL; filled, untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: makes and destroys grant keys
 *  @retval VPRIV_OK durable; final when keys were destroyed  @retval VPRIV_E_ARG
 *  @retval VPRIV_E_FORMAT with the number of the line  @retval VPRIV_E_VERSION a later form
 *  @retval VPRIV_E_LIMIT too long
 *  @retval VPRIV_E_AUTH a line is not signed by its surface, or the surface is not trusted, or the
 *          vault is damaged
 *  @retval VPRIV_E_NOT_FOUND a notice that is not kept here  @retval VPRIV_E_NO_KEY
 *  @retval VPRIV_E_ROOT  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL
 *  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_consent_sync(vpriv_vault *vault, const char *lines,
    size_t n_bytes, vpriv_consent_fn fn, void *user, vpriv_sync_result *result_out);

/** Gets one line, which ends with a newline; it lives for the call. Return false to stop. */
typedef bool (*vpriv_line_fn)(void *user, const char *line, size_t n_bytes);

/** Write every event that a vault has, its own and those it took in, as lines for vpriv_consent_sync().
 *  Its own are signed by the device's key under the name vpriv_vault_log_origin().
 *  @param  vault  opened with its root store
 *  @param  fn     called for each line, outside of the vault's lock
 *  @param  user   handed to fn
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: pseudonyms, and what they consented to, go to fn
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_AUTH
 *  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_MEMORY  @retval VPRIV_E_ROOT
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_consent_export_events(
    vpriv_vault *vault, vpriv_line_fn fn, void *user);

#ifdef __cplusplus
}
#endif
#endif
