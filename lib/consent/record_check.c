#include "base/try.h"
#include "consent/purpose.h"
#include "consent/record.h"
#include "consent/state.h"
#include "consent/text.h"
#include <sodium.h>
#include <string.h>

#define ENSURE(condition, text) VPI_ENSURE(condition, VPRIV_E_ARG, "consent record: %s", text)

#define TEXT(field)     check_text(field, sizeof(field), #field, true)
#define OPTIONAL(field) check_text(field, sizeof(field), #field, false)

static bool is_between(int value, int low, int high)
{
    return value >= low && value <= high;
}

static vpriv_status check_text(const char *field, size_t capacity, const char *name, bool required)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const char *dot = strrchr(name, '>');
    const char *shown = dot ? dot + 1 : name;
    VPI_ENSURE(vpi_text_field_is_plain(field, capacity), VPRIV_E_ARG,
        "consent record: %s is not plain UTF-8 that ends within %zu bytes", shown, capacity);
    VPI_ENSURE(!required || field[0] != '\0', VPRIV_E_ARG, "consent record: %s is empty", shown);
    st = VPRIV_OK;
out:
    return st;
}

static const vpriv_party *party_of(const vpriv_consent_record *record, const char *id)
{
    for (size_t i = 0; i < record->n_parties; i++)
        if (strcmp(record->parties[i].id, id) == 0)
            return &record->parties[i];
    return NULL;
}

static vpriv_status check_parties(const vpriv_consent_record *record)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    ENSURE(record->n_parties >= 1 && record->n_parties <= VPRIV_PARTIES_MAX,
        "n_parties is not 1 to 8");
    for (size_t i = 0; i < record->n_parties; i++) {
        const vpriv_party *party = &record->parties[i];
        VPI_TRY(TEXT(party->id));
        VPI_TRY(TEXT(party->name));
        VPI_TRY(TEXT(party->country));
        VPI_TRY(OPTIONAL(party->contact));
        ENSURE(vpi_text_is_country(party->country), "a party's country is not two capitals");
        ENSURE(is_between((int)party->role, VPRIV_PARTY_CONTROLLER, VPRIV_PARTY_AUTHORITY),
            "a party's role is not known");
        ENSURE(party_of(record, party->id) == party, "two parties have one id");
    }
    VPI_TRY(TEXT(record->controller_id));
    const vpriv_party *controller = party_of(record, record->controller_id);
    ENSURE(controller && controller->role == VPRIV_PARTY_CONTROLLER,
        "controller_id is not a party with the role of controller");
    ENSURE(record->n_recipients <= VPRIV_RECIPIENTS_MAX, "n_recipients is more than 8");
    for (size_t i = 0; i < record->n_recipients; i++) {
        VPI_TRY(TEXT(record->recipients[i]));
        ENSURE(party_of(record, record->recipients[i]), "a recipient is not among the parties");
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status check_notice(const vpriv_notice_ref *notice)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    VPI_TRY(TEXT(notice->id));
    VPI_TRY(TEXT(notice->version));
    VPI_TRY(TEXT(notice->language));
    ENSURE(vpi_text_is_language(notice->language),
        "language is not a language tag such as \"de\" or \"pt-BR\"");
    ENSURE(!sodium_is_zero(notice->sha256, sizeof notice->sha256), "the notice has no hash");
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status check_places(const vpriv_consent_record *record)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    ENSURE(record->n_jurisdictions >= 1 && record->n_jurisdictions <= VPRIV_JURISDICTIONS_MAX,
        "n_jurisdictions is not 1 to 4");
    for (size_t i = 0; i < record->n_jurisdictions; i++) {
        VPI_TRY(TEXT(record->jurisdictions[i]));
        ENSURE(vpi_text_is_jurisdiction(record->jurisdictions[i]),
            "a jurisdiction does not look like \"DE\" or \"US-CA\"");
    }
    ENSURE(record->n_laws <= VPRIV_LAWS_MAX, "n_laws is more than 4");
    for (size_t i = 0; i < record->n_laws; i++) {
        VPI_TRY(TEXT(record->laws[i]));
        ENSURE(vpi_text_is_iri(record->laws[i]), "a law is not an IRI");
    }
    VPI_TRY(TEXT(record->storage_device));
    VPI_TRY(OPTIONAL(record->storage_country));
    ENSURE(!record->storage_country[0] || vpi_text_is_country(record->storage_country),
        "storage_country is not two capitals");
    VPI_TRY(TEXT(record->retention));
    ENSURE(vpi_text_is_duration(record->retention) ||
               strcmp(record->retention, VPRIV_RETENTION_UNTIL_ERASED) == 0,
        "retention is neither a duration such as \"P3M\" nor \"until-erased\"");
    VPI_TRY(TEXT(record->withdrawal));
    st = VPRIV_OK;
out:
    return st;
}

static bool basis_fits(const vpriv_purpose_info *purpose, vpriv_legal_basis basis)
{
    if (!is_between((int)basis, VPRIV_LEGAL_BASIS_CONSENT, VPRIV_LEGAL_BASIS_EXPLICIT_CONSENT))
        return false;
    const bool is_consent =
        basis == VPRIV_LEGAL_BASIS_CONSENT || basis == VPRIV_LEGAL_BASIS_EXPLICIT_CONSENT;
    if (purpose->is_explicit)
        return basis == VPRIV_LEGAL_BASIS_EXPLICIT_CONSENT;
    if (purpose->basis == VPRIV_PURPOSE_BASIS_CONSENT)
        return is_consent;
    return purpose->basis != VPRIV_PURPOSE_BASIS_LAW || !is_consent;
}

static bool involvement_fits(vpriv_purpose purpose, vpriv_human_involvement involvement)
{
    if (purpose == VPRIV_PURPOSE_HUMAN_REVIEW)
        return involvement != VPRIV_HUMAN_NOT_INVOLVED;
    if (purpose == VPRIV_PURPOSE_IMPROVE_BY_MACHINE)
        return involvement == VPRIV_HUMAN_NOT_INVOLVED;
    return true;
}

static vpriv_status check_purpose(const vpriv_consent_record *record)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const vpriv_purpose_info *purpose = vpriv_purpose_about(record->purpose);
    ENSURE(purpose, "no such purpose");
    ENSURE(basis_fits(purpose, record->legal_basis), "legal_basis does not fit the purpose");
    ENSURE(record->operations != 0 && (record->operations & ~(uint32_t)VPRIV_PROCESSING_ALL) == 0,
        "operations is empty or has unknown bits");
    ENSURE(
        is_between((int)record->human_involvement, VPRIV_HUMAN_NOT_INVOLVED, VPRIV_HUMAN_INVOLVED),
        "human_involvement is not known");
    ENSURE(involvement_fits(record->purpose, record->human_involvement),
        "human_involvement does not fit the purpose");
    ENSURE(record->max_sample_ppm <= 1000000, "max_sample_ppm is more than a million");
    ENSURE(record->max_uses == 0 || record->uses <= record->max_uses, "uses is above max_uses");
    ENSURE(
        purpose->uses_max == 0 || (record->max_uses >= 1 && record->max_uses <= purpose->uses_max),
        "max_uses is more than the purpose allows");
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status check_event(const vpriv_consent_indication *event)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    ENSURE(is_between((int)event->state, VPRIV_CONSENT_REQUESTED, VPRIV_CONSENT_RENEWED),
        "the event's state is not known");
    VPI_TRY(vpi_consent_may(event->by, vpi_consent_event_into(event->state)));
    ENSURE(is_between((int)event->method, VPRIV_CONSENT_METHOD_TAP, VPRIV_CONSENT_METHOD_IMPORT),
        "the event's method is not known");
    ENSURE(vpi_time_is_plausible(event->time_us), "the event's time is not within 1970 to 2400");
    ENSURE(event->valid_until_us == 0 || (vpi_time_is_plausible(event->valid_until_us) &&
                                             event->valid_until_us > event->time_us),
        "valid_until is not after the event's time and within 1970 to 2400");
    VPI_TRY(TEXT(event->surface));
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_consent_record_check(const vpriv_consent_record *record)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    ENSURE(record, "NULL");
    ENSURE(record->struct_size == sizeof *record, "struct_size is not known");
    ENSURE(vpi_uuid4_is_valid(record->record_id), "record_id is not a version 4 UUID");
    ENSURE(!sodium_is_zero(record->subject, sizeof record->subject), "subject is all zeros");
    ENSURE(is_between((int)record->subject_class, VPRIV_SUBJECT_UNKNOWN, VPRIV_SUBJECT_CHILD),
        "subject_class is not known");
    VPI_TRY(check_parties(record));
    VPI_TRY(check_places(record));
    VPI_TRY(check_notice(&record->notice));
    VPI_TRY(check_purpose(record));
    VPI_TRY(check_event(&record->event));
    st = VPRIV_OK;
out:
    return st;
}
