/** @file effects.h
 *  What a purpose does: what leaves memory, what is written, who can open it; and the usual choices as
 *  one call.
 *
 *      vpriv_effects now = {.struct_size = sizeof now};
 *      vpriv_effects_request request = {.struct_size = sizeof request, .subjects = ada,
 *          .n_subjects = 1, .retention = VPRIV_RETENTION_90_DAYS};
 *      vpriv_effects_now(vault, &request, &now);            // before the lamp says anything else
 *      ...
 *      vpriv_profile_private(vault, ada, &tap, &outcome);   // nothing optional, at once
 *
 *  The statements are made from the tables that the library decides by, never from prose beside them:
 *  a statement that is wrong is a wrong decision. The library itself sends nothing anywhere; what an
 *  application does with sound that it was given is the application's to answer for. */
#ifndef VOICEPRIV_EFFECTS_H
#define VOICEPRIV_EFFECTS_H

#include <voicepriv/people.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What one purpose does, when it is in force. */
typedef struct vpriv_effect {
    size_t struct_size; /**< sizeof(vpriv_effect), set by the library */
    vpriv_purpose purpose;
    vpriv_purpose_basis basis;
    uint32_t operations; /**< set of vpriv_processing; as consent records have it */
    vpriv_human_involvement human_involvement;
    bool gives_frames;  /**< sound goes to the application, in memory, while a request lasts */
    bool may_be_shared; /**< sound may be given to the recipients that the consent names */
    bool is_written;    /**< a sealed recording may be kept for it */
    uint32_t opened_by; /**< bits: purposes whose keys open what is kept for it. Its own, or none */
    bool people_listen; /**< people hear what is opened for it */
    uint32_t uses_max;  /**< how often one consent lets it be opened; 0 is without limit */
} vpriv_effect;

/** Tell what a purpose does.
 *  @param      purpose     0 to 31
 *  @param[out] effect_out  filled, struct_size too; untouched on failure
 *  Owns:     borrows effect_out
 *  Threads:  any      Realtime: yes      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_effect_of(
    vpriv_purpose purpose, vpriv_effect *effect_out);

/** Room for the words of a statement, the final NUL included. */
#define VPRIV_EFFECT_TEXT_BYTES 1024

/** Say it in three English sentences, one a line: what leaves memory, what is written, who can open it.
 *  @param      effect    of vpriv_effect_of()
 *  @param[out] text_out  VPRIV_EFFECT_TEXT_BYTES bytes, ends with NUL
 *  @return     text_out
 *  Owns:     borrows both
 *  Threads:  any      Realtime: no      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_effect_text(const vpriv_effect *effect, char *text_out);

/** What is about to be recorded, as in vpriv_recorder_config. */
typedef struct vpriv_effects_request {
    size_t struct_size;         /**< sizeof(vpriv_effects_request) */
    const uint8_t *subjects;    /**< n_subjects × VPRIV_SUBJECT_ID_BYTES: everybody who is
                                     heard */
    size_t n_subjects;          /**< 1 to VPRIV_RECORDING_SUBJECTS_MAX */
    vpriv_retention retention;  /**< don't save by default */
    uint32_t required_purposes; /**< 0 is keep_history */
    bool with_frames;      /**< the recorder has a frames callback: without execute_request it does
                                     not record at all */
    bool starts_by_itself; /**< triggered by voice activity, or continuous: no person's request */
} vpriv_effects_request;

/** What would happen now. */
typedef struct vpriv_effects {
    size_t struct_size; /**< sizeof(vpriv_effects), set by the caller */
    uint32_t in_force;  /**< bits: purposes that all who speak allow, and nothing else forbids */
    bool gives_frames;  /**< sound goes to the application, in memory */
    uint32_t may_be_shared; /**< bits: purposes in force for which it may be given to others */
    bool is_written;        /**< a sealed recording is kept */
    uint32_t opened_by;     /**< bits: each of these purposes' keys opens it */
    uint32_t people_listen; /**< bits: those of them where people hear it */
    vpriv_retention retention;
} vpriv_effects;

/** Work out what a set of purposes does together. Pure.
 *  @param         in_force     bits
 *  @param         request      as for vpriv_effects_now(); subjects may be NULL
 *  @param[in,out] effects_out  struct_size set; filled, untouched on failure
 *  Owns:     borrows both
 *  Threads:  any      Realtime: yes      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_effects_of(
    uint32_t in_force, const vpriv_effects_request *request, vpriv_effects *effects_out);

/** Tell what would happen if these people were recorded now, by the decision the recorder itself asks for.
 *  @param         vault        an open vault; a capture credential is enough
 *  @param         request      who speaks, and how it would be recorded
 *  @param[in,out] effects_out  struct_size set; filled, untouched on failure
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY
 *  @retval VPRIV_E_IO  @retval VPRIV_E_ROOT  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_effects_now(
    vpriv_vault *vault, const vpriv_effects_request *request, vpriv_effects *effects_out);

/** Say it in English sentences, one a line.
 *  @param      effects   of vpriv_effects_now() or vpriv_effects_of()
 *  @param[out] text_out  VPRIV_EFFECT_TEXT_BYTES bytes, ends with NUL
 *  @return     text_out
 *  Owns:     borrows both
 *  Threads:  any      Realtime: no      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_effects_text(const vpriv_effects *effects, char *text_out);

/** The usual choices. Each is the ones before it and something more. */
typedef enum vpriv_profile {
    VPRIV_PROFILE_PRIVATE = 0, /**< nothing optional, don't save: where everybody begins */
    VPRIV_PROFILE_HISTORY = 1, /**< kept for the person alone, for 3 months */
    VPRIV_PROFILE_IMPROVE_BY_MACHINE = 2, /**< and machines learn from it; nobody listens */
} vpriv_profile;

/** What a profile stands for. */
typedef struct vpriv_profile_choice {
    vpriv_profile profile;
    const char *name;          /**< "private" */
    const char *sentence;      /**< what it means, in one plain English sentence */
    uint32_t purposes;         /**< bits: exactly the optional purposes it has */
    vpriv_retention retention; /**< for vpriv_recorder_config.retention */
} vpriv_profile_choice;

/** Look a profile up. What it says is fixed; it does not depend on anybody's consent.
 *  @param  profile  any value
 *  @return a row of the table; NULL when there is no such profile
 *  Owns:     the library owns the row; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const vpriv_profile_choice *vpriv_profile_about(vpriv_profile profile);

/** Find the profile of a name.
 *  @param      name         as in vpriv_profile_choice.name
 *  @param[out] profile_out  untouched on failure
 *  Owns:     borrows name
 *  Threads:  any      Realtime: yes      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG a pointer is NULL  @retval VPRIV_E_NOT_FOUND no such profile
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_profile_from_name(
    const char *name, vpriv_profile *profile_out);

/** What choosing a profile came to. */
typedef struct vpriv_profile_outcome {
    size_t struct_size; /**< sizeof(vpriv_profile_outcome), set by the caller */
    uint32_t withdrawn; /**< bits: consents that were in force and are withdrawn */
    uint32_t refused;   /**< bits: open questions that are answered with no */
    uint32_t in_force;  /**< bits: what the profile has and the person consented to */
    uint32_t to_ask;    /**< bits: what it has and nobody consented to. Ask, one notice each */
    vpriv_retention retention; /**< for vpriv_recorder_config.retention */
} vpriv_profile_outcome;

/** Choose a profile for somebody. Everything optional that it does not have is withdrawn, and a question
 *  that is open is answered with no. Nothing is ever given: choosing a name is no consent to a purpose. What
 *  the profile has and the person did not consent to comes back in to_ask, to be asked for one by one with
 *  vpriv_consent_give(). What was never asked, or put
 *  off, stays that way, which is no.
 *
 *  One purpose after the other; when it fails, what was withdrawn stays so, and the same call goes on.
 *  Recordings that no purpose is left for go in vpriv_vault_tidy().
 *  @param      vault        opened with its root store
 *  @param      subject      VPRIV_SUBJECT_ID_BYTES
 *  @param      profile      which
 *  @param      evidence     how it was said; NULL for the defaults
 *  @param[in,out] outcome_out  struct_size set, or NULL; filled, also when it stopped half-way
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: destroys grant keys
 *  @retval VPRIV_OK durable, and final where something was withdrawn  @retval VPRIV_E_ARG
 *  @retval VPRIV_E_NOT_FOUND no such subject  @retval VPRIV_E_NO_KEY  @retval VPRIV_E_ROOT
 *  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO  @retval VPRIV_E_FULL
 *  @retval VPRIV_E_MEMORY  @retval VPRIV_E_STATE somebody changed a consent at the same time
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_profile_apply(vpriv_vault *vault,
    const uint8_t *subject, vpriv_profile profile, const vpriv_consent_evidence *evidence,
    vpriv_profile_outcome *outcome_out);

/** Nothing optional, don't save: vpriv_profile_apply() with VPRIV_PROFILE_PRIVATE. A person nobody asked
 *  anything has this already.
 *  @param      vault        opened with its root store
 *  @param      subject      VPRIV_SUBJECT_ID_BYTES
 *  @param      evidence     how it was said; NULL for the defaults
 *  @param[in,out] outcome_out  struct_size set, or NULL; filled, also when it stopped half-way
 *  Owns:     borrows all
 *  Threads:  any      Realtime: no      Secrets: destroys grant keys
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_NOT_FOUND  @retval VPRIV_E_NO_KEY
 *  @retval VPRIV_E_ROOT  @retval VPRIV_E_AUTH  @retval VPRIV_E_BUSY  @retval VPRIV_E_IO
 *  @retval VPRIV_E_FULL  @retval VPRIV_E_MEMORY  @retval VPRIV_E_STATE
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_profile_private(vpriv_vault *vault,
    const uint8_t *subject, const vpriv_consent_evidence *evidence,
    vpriv_profile_outcome *outcome_out);

#ifdef __cplusplus
}
#endif
#endif
