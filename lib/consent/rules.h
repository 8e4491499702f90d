/* What holds at a place, and the strictest of several. Pure: times come in, answers go out. */
#ifndef VPI_CONSENT_RULES_H
#define VPI_CONSENT_RULES_H

#include "base/bytes.h"
#include <voicepriv/jurisdiction.h>

/* The name of what holds where nothing is known; no profile that is installed has it. */
#define VPI_STRICT "strict"

/* When a person was born; year 0 is not known. */
typedef struct vpi_birth {
    uint16_t year;
    uint8_t month; /* 1 to 12 */
} vpi_birth;

/* The built-in rules, for this place ("" or "strict": none in particular). */
void vpi_rules_strict_for(const char *place, vpriv_rules *rules_out);

/* Whether a profile governs here. Where none does, `strict` holds. */
bool vpi_rules_are_known(const vpriv_rules *rules);

/* Rules that ran out are strict. */
void vpi_rules_at(vpriv_rules *rules, int64_t now_us);

/* Narrow rules by others: nothing that either forbids is allowed afterwards. Where the lists have no
 * room, what is over is merged into something stricter. */
void vpi_rules_join(vpriv_rules *rules, const vpriv_rules *others);
void vpi_rules_add_term(vpriv_rules *rules, vpriv_rules_term term);
void vpi_rules_add_stop(vpriv_rules *rules, vpriv_rules_stop stop);

/* The first microsecond somebody is of age: 0 for who always was, VPRIV_TIME_FOREVER_US for a child of
 * whom nobody knows when. */
int64_t vpi_rules_of_age_us(
    const vpriv_rules *rules, vpriv_subject_class subject_class, vpi_birth birth);

/* Whether what was said then counts now, as far as age goes: a guardian's word as long as the person is
 * young (and the young may consent at all), the person's own when they were of age. Times of 0 or less
 * are not known, which is young. */
bool vpi_rules_child_holds(const vpriv_rules *rules, vpriv_subject_class subject_class,
    vpi_birth birth, vpriv_consent_by by, int64_t said_us, int64_t now_us);

/* Somebody said yes for them who has no say any more, because they are of age now. */
bool vpi_rules_outgrown(const vpriv_rules *rules, vpriv_subject_class subject_class,
    vpi_birth birth, vpriv_consent_by by, int64_t now_us);

/* Whether a consent was given in the form that is asked for. */
bool vpi_rules_form_suffices(
    const vpriv_rules *rules, vpriv_purpose purpose, vpriv_consent_method method);

bool vpi_rules_stop_now(const vpriv_rules *rules, vpriv_purpose purpose, int64_t now_us);

/* "*", a place, or a profile's name: 1 to VPRIV_PROFILE_NAME_BYTES - 1 bytes. */
bool vpi_scope_is_valid(const char *where);
/* Whether what is paused there is paused under these rules. Where nothing is known it is. */
bool vpi_scope_covers(const char *where, const vpriv_rules *rules);

/* One encoding; decoding is strict. */
#define VPI_RULES_BYTES_MAX                                                                        \
    (2 + VPRIV_JURISDICTION_BYTES + 2 + VPRIV_PROFILE_NAMES_BYTES + 8 + 3 + 12 + 1 +               \
        VPRIV_RULES_TERMS_MAX * 8 + 1 + VPRIV_RULES_STOPS_MAX * 20)
void vpi_rules_put(vpi_writer *writer, const vpriv_rules *rules);
void vpi_rules_get(vpi_reader *reader, vpriv_rules *rules_out);

#endif
