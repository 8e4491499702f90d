/** @file notice.h
 *  Notices as documents: one JSON file says what is asked, by which controls and in which languages. It
 *  can be checked by a machine, and the exact text that people are shown, and that is kept and hashed, is
 *  made from it. So what was checked is what is shown.
 *
 *      vpriv_notice_lint(json, n_bytes, print_finding, NULL, &n_findings);
 *      vpriv_notice_render(json, n_bytes, "en", &text);
 *      vpriv_notice_add(vault, vpriv_notice_text_notice(text), NULL);      // people.h
 *      vpriv_notice_text_free(text);
 *
 *  The form of the file, and what each finding means, is in doc/notices.md. A notice without findings can
 *  still be unfair or wrong: nobody but people can tell. Everything here is pure. */
#ifndef VOICEPRIV_NOTICE_H
#define VOICEPRIV_NOTICE_H

#include <voicepriv/consent.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Most words that a notice may spend on one purpose. */
#define VPRIV_NOTICE_WORDS_MAX 80

/** What a check of a notice can find. */
typedef enum vpriv_notice_rule {
    VPRIV_NOTICE_CONTROL_COVERS_SEVERAL =
        0,                             /**< one control, several optional purposes, not flagged */
    VPRIV_NOTICE_NO_SENTENCE = 1,      /**< nothing plain says what a purpose or control means */
    VPRIV_NOTICE_LANGUAGE_MISSING = 2, /**< said in one language and not in another */
    VPRIV_NOTICE_TEXT_TOO_LONG = 3,    /**< more than VPRIV_NOTICE_WORDS_MAX words */
    VPRIV_NOTICE_UNKNOWN_PURPOSE = 4,  /**< no purpose has this name */
    VPRIV_NOTICE_EXPLICIT_NOT_SEPARATE = 5, /**< an explicit purpose has no control of its own */
    VPRIV_NOTICE_NO_CONTROLLER = 6,         /**< nobody is named as responsible */
    VPRIV_NOTICE_NO_WITHDRAWAL = 7,         /**< nothing says how to take a consent back */
    VPRIV_NOTICE_REVIEW_HIDDEN = 8,         /**< listening people come with an improvement */
    VPRIV_NOTICE_PRETICKED = 9,             /**< a control that is on before anybody touched it */
    VPRIV_NOTICE_NO_CONTROL = 10,           /**< a purpose that is explained and never asked for */
    VPRIV_NOTICE_NOT_BY_CONSENT = 11,       /**< asks for what does not rest on consent */
} vpriv_notice_rule;

/** How many rules there are: 0 to VPRIV_NOTICE_RULES - 1. */
#define VPRIV_NOTICE_RULES 12

/** Room for where a finding is, the final NUL included. */
#define VPRIV_NOTICE_WHERE_BYTES 160

/** One thing that is wrong with a notice. */
typedef struct vpriv_notice_finding {
    size_t struct_size; /**< sizeof(vpriv_notice_finding), set by the library */
    vpriv_notice_rule rule;
    char where[VPRIV_NOTICE_WHERE_BYTES]; /**< such as "languages.de.purposes.keep_history" */
} vpriv_notice_finding;

/** Name a rule the way command lines and files write it: "control_covers_several".
 *  @param  rule  any value; unknown ones get a phrase of their own
 *  @return static text, never NULL
 *  Owns:     the library owns the text; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_notice_rule_name(vpriv_notice_rule rule);

/** Explain what a finding of this rule means, in one English sentence without a full stop.
 *  @param  rule  any value; unknown ones get a phrase of their own
 *  @return static text, never NULL
 *  Owns:     the library owns the text; never freed
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const char *vpriv_notice_rule_text(vpriv_notice_rule rule);

/** Gets one finding; it lives for the call. Return false to stop. */
typedef bool (*vpriv_notice_finding_fn)(void *user, const vpriv_notice_finding *finding);

/** Check a notice document by every rule.
 *  @param      json            the document
 *  @param      n_bytes         1 to VPRIV_NOTICE_TEXT_BYTES_MAX
 *  @param      fn              called for each finding; NULL only counts
 *  @param      user            handed to fn
 *  @param[out] n_findings_out  how many were told; untouched on failure
 *  Owns:     borrows all for the call
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK checked; good when there is no finding  @retval VPRIV_E_ARG
 *  @retval VPRIV_E_FORMAT not such a document, with the field that is wrong
 *  @retval VPRIV_E_VERSION of a later form  @retval VPRIV_E_LIMIT too long  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_notice_lint(const char *json, size_t n_bytes,
    vpriv_notice_finding_fn fn, void *user, size_t *n_findings_out);

/** The text of a notice in one language, with the labels that notices are kept under. */
typedef struct vpriv_notice_text vpriv_notice_text;

/** Make the exact text that people are shown from a notice document. The same document always gives the
 *  same bytes.
 *  @param      json      the document; it need not be free of findings
 *  @param      n_bytes   1 to VPRIV_NOTICE_TEXT_BYTES_MAX
 *  @param      language  one of its languages, BCP 47
 *  @param[out] text_out  to be freed with vpriv_notice_text_free; untouched on failure
 *  Owns:     the caller owns the text
 *  Threads:  any      Realtime: no      Secrets: none
 *  @retval VPRIV_OK  @retval VPRIV_E_ARG  @retval VPRIV_E_FORMAT not such a document
 *  @retval VPRIV_E_VERSION of a later form  @retval VPRIV_E_NOT_FOUND not in this language
 *  @retval VPRIV_E_LIMIT document or text too long  @retval VPRIV_E_MEMORY
 *  Since: 0.1 */
VPRIV_API VPRIV_MUST_CHECK vpriv_status vpriv_notice_render(
    const char *json, size_t n_bytes, const char *language, vpriv_notice_text **text_out);

/** Show a rendered text as the notice that vpriv_notice_add() and vpriv_notice_hash() take.
 *  @param  text  from vpriv_notice_render
 *  @return it lives as long as text; NULL for NULL
 *  Owns:     the text owns it
 *  Threads:  any      Realtime: yes      Secrets: none
 *  Since: 0.1 */
VPRIV_API const vpriv_notice *vpriv_notice_text_notice(const vpriv_notice_text *text);

/** Free a rendered text.
 *  @param  text  NULL is fine
 *  Owns:     frees the text
 *  Threads:  no other call on this text      Realtime: no      Secrets: none
 *  @return nothing
 *  Since: 0.1 */
VPRIV_API void vpriv_notice_text_free(vpriv_notice_text *text);

#ifdef __cplusplus
}
#endif
#endif
