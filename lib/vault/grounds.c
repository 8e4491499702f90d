#include "vault/grounds.h"
#include "base/try.h"
#include "vault/decision.h"
#include <string.h>

static vpi_voices voices_of(const vpi_grounds *grounds)
{
    return (vpi_voices){.subjects = grounds->tag.subjects[0],
        .n_subjects = grounds->tag.n_subjects,
        .n_guests = grounds->n_guests,
        .n_unknown = grounds->n_unknown,
        .all_identified = grounds->tag.all_identified};
}

/* Adds the purpose to the tag when it is allowed and its consents fit; they are named there. */
static vpriv_status try_purpose(vpriv_vault *vault, vpi_grounds *grounds, unsigned purpose,
    uint32_t *reasons_out, bool *added_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    vpi_tag *tag = &grounds->tag;
    vpi_tag_consent consents[VPI_SUBJECTS_MAX];
    const vpi_voices voices = voices_of(grounds);
    memset(consents, 0, sizeof consents);
    *added_out = false;
    VPI_TRY(vpi_decide_capture(
        vault, &voices, (vpriv_purpose)purpose, tag->retention, reasons_out, consents));
    if (*reasons_out == 0 && tag->n_consents + tag->n_subjects <= VPI_TAG_CONSENTS_MAX) {
        memcpy(tag->consents + tag->n_consents, consents, tag->n_subjects * sizeof consents[0]);
        tag->n_consents += tag->n_subjects;
        tag->purposes |= VPRIV_PURPOSE_BIT(purpose);
        *added_out = true;
    }
    st = VPRIV_OK;
out:
    return st;
}

static vpriv_status require_purpose(vpriv_vault *vault, vpi_grounds *grounds, unsigned p)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    uint32_t reasons = VPRIV_DENY_INPUT_MALFORMED;
    bool added = false;
    VPI_TRY(try_purpose(vault, grounds, p, &reasons, &added));
    if (reasons != 0) {
        st = vpi_denied(reasons, (vpriv_purpose)p);
        goto out;
    }
    VPI_ENSURE(vpriv_purpose_about((vpriv_purpose)p)->is_storable, VPRIV_E_CONSENT,
        "%s: nothing may be stored for this purpose", vpriv_purpose_name((vpriv_purpose)p));
    VPI_ENSURE(added, VPRIV_E_LIMIT, "so many speakers and required purposes: over %d consents",
        VPI_TAG_CONSENTS_MAX);
    st = VPRIV_OK;
out:
    return st;
}

/* What is required comes first: with many speakers a tag has no room for every purpose. */
vpriv_status vpi_grounds_decide(vpriv_vault *vault, vpi_grounds *grounds, uint32_t optional)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++)
        if (grounds->required >> p & 1)
            VPI_TRY(require_purpose(vault, grounds, p));
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        uint32_t reasons = VPRIV_DENY_INPUT_MALFORMED;
        bool added = false;
        if ((optional & ~grounds->required) >> p & 1 &&
            vpriv_purpose_about((vpriv_purpose)p)->is_storable)
            VPI_TRY(try_purpose(vault, grounds, p, &reasons, &added));
    }
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_grounds_ask_purpose(vpriv_vault *vault, const vpi_grounds *grounds,
    unsigned purpose, uint32_t *reasons_out, bool *rests_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    const vpi_tag *tag = &grounds->tag;
    const vpi_voices voices = voices_of(grounds);
    vpi_tag_consent consents[VPI_SUBJECTS_MAX];
    *rests_out = false;
    memset(consents, 0, sizeof consents);
    VPI_TRY(vpi_decide_capture(
        vault, &voices, (vpriv_purpose)purpose, tag->retention, reasons_out, consents));
    bool rests = *reasons_out == 0;
    for (uint32_t i = 0; i < tag->n_consents && rests; i++)
        rests = tag->consents[i].purpose != purpose ||
                memcmp(tag->consents[i].record_id, consents[tag->consents[i].subject].record_id,
                    VPRIV_CONSENT_RECORD_ID_BYTES) == 0;
    *rests_out = rests;
    st = VPRIV_OK;
out:
    return st;
}

vpriv_status vpi_grounds_ask(vpriv_vault *vault, const vpi_grounds *grounds)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    for (unsigned p = 0; p < VPI_PURPOSES_MAX; p++) {
        uint32_t reasons = VPRIV_DENY_INPUT_MALFORMED;
        bool rests = false;
        if (!(grounds->required >> p & 1))
            continue;
        VPI_TRY(vpi_grounds_ask_purpose(vault, grounds, p, &reasons, &rests));
        if (reasons != 0) {
            st = vpi_denied(reasons, (vpriv_purpose)p);
            goto out;
        }
        VPI_ENSURE(rests, VPRIV_E_CONSENT,
            "%s: the consent this recording rests on is not in force any more",
            vpriv_purpose_name((vpriv_purpose)p));
    }
    st = VPRIV_OK;
out:
    return st;
}
