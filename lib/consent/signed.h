/* Signed documents: jurisdiction profiles, orders to pause, policies. JSON, read so strictly that what is
 * not known is refused: a field of a later version could forbid something.
 *
 *   signature = Ed25519 over "voicepriv document" ‖ 0 ‖ kind (1 byte) ‖ the exact bytes of the file */
#ifndef VPI_CONSENT_SIGNED_H
#define VPI_CONSENT_SIGNED_H

#include "consent/rules.h"
#include <jansson.h>

/* Sticky, like the cursors of base/bytes.h: after the first field that is wrong everything reads as
 * nothing, and `problem` has its text. */
typedef struct vpi_signed {
    json_t *root;
    bool failed;
    bool is_later; /* of a later version */
    char problem[160];
} vpi_signed;

/* form: the field that has the version, which is 1. To be closed in any case. */
vpriv_status vpi_signed_open(
    const char *json, size_t n_bytes, const char *form, vpi_signed *document_out);
void vpi_signed_close(vpi_signed *document);
/* VPRIV_OK, or VPRIV_E_FORMAT (VPRIV_E_VERSION) with the problem. */
vpriv_status vpi_signed_finish(const vpi_signed *document);

void vpi_signed_wrong(vpi_signed *document, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* An object with no fields but these; the list ends with NULL. */
void vpi_signed_fields(
    vpi_signed *document, json_t *object, const char *where, const char *const *names);
/* Required fields. Texts are plain, and copied; times are RFC 3339 or dates. */
void vpi_signed_text(
    vpi_signed *document, const json_t *object, const char *name, char *text_out, size_t capacity);
int64_t vpi_signed_number(
    vpi_signed *document, const json_t *object, const char *name, int64_t low, int64_t high);
bool vpi_signed_flag(vpi_signed *document, const json_t *object, const char *name);
int64_t vpi_signed_time(vpi_signed *document, const json_t *object, const char *name);
json_t *vpi_signed_list(vpi_signed *document, const json_t *object, const char *name, size_t most);
/* Names of purposes; "*" is all. */
uint32_t vpi_signed_purposes(vpi_signed *document, const json_t *object, const char *name);
/* An ISO 8601 duration of years, months, weeks and days. */
vpriv_rules_term vpi_signed_duration(vpi_signed *document, const json_t *object, const char *name);

/* What a profile says, one row for each of its rules. */
#define VPI_PROFILE_PLACES_MAX 64
#define VPI_PROFILE_RULES_MAX  96

typedef enum vpi_rule_kind {
    VPI_RULE_MINIMUM_AGE,
    VPI_RULE_ALL_PARTIES,
    VPI_RULE_VOICEPRINTS,
    VPI_RULE_FORBIDDEN,
    VPI_RULE_CONSENT_FORM,
    VPI_RULE_LONGEST_RETENTION,
    VPI_RULE_STOP,
    VPI_N_RULE_KINDS,
} vpi_rule_kind;

typedef struct vpi_profile_rule {
    vpi_rule_kind kind;
    uint64_t places; /* bits of vpi_profile.places; 0 is all of them */
    uint32_t purposes;
    uint32_t years;
    bool flag;        /* the young are refused; required; allowed; in writing */
    bool has_no_term; /* until erased */
    vpriv_rules_term term;
    vpriv_rules_stop stop;
} vpi_profile_rule;

typedef struct vpi_profile {
    vpriv_profile_info info;
    uint32_t n_places;
    char places[VPI_PROFILE_PLACES_MAX][VPRIV_JURISDICTION_BYTES];
    uint32_t n_rules;
    vpi_profile_rule rules[VPI_PROFILE_RULES_MAX];
} vpi_profile;

vpriv_status vpi_profile_parse(const char *json, size_t n_bytes, vpi_profile *profile_out);

/* The rules of a place: the strictest of the profiles that govern it, `strict` when none does. A part of
 * a country is governed by the country's profiles too. What a profile is silent about is strict. */
void vpi_profiles_resolve(
    const vpi_profile *profiles, size_t n_profiles, const char *place, vpriv_rules *rules_out);

/* An order to pause or to resume. */
typedef struct vpi_order {
    uint64_t number;
    bool resumes;
    uint32_t purposes;
    uint32_t n_scopes;
    char scopes[VPI_PROFILE_PLACES_MAX][VPRIV_PROFILE_NAME_BYTES];
    int64_t from_us;
    int64_t until_us;
    char issuer[VPRIV_PARTY_ID_BYTES];
    char reason[128];
} vpi_order;

vpriv_status vpi_order_parse(const char *json, size_t n_bytes, vpi_order *order_out);

/* A policy epoch. */
typedef struct vpi_epoch {
    uint64_t number; /* 0: none */
    int64_t issued_us;
    int64_t effective_us;
    int64_t ttl_us;
    char issuer[VPRIV_PARTY_ID_BYTES];
} vpi_epoch;

vpriv_status vpi_epoch_parse(const char *json, size_t n_bytes, vpi_epoch *epoch_out);

#endif
