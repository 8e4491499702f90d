/* The usual choices. A profile takes away, and says what would have to be asked for. It never gives: a
 * name that somebody picked is no answer to a notice that nobody showed them. */
#include "base/try.h"
#include "consent/state.h"
#include <string.h>
#include <voicepriv/effects.h>

#define HISTORY VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_KEEP_HISTORY)
#define MACHINE VPRIV_PURPOSE_BIT(VPRIV_PURPOSE_IMPROVE_BY_MACHINE)

static const vpriv_profile_choice table[] = {
    {VPRIV_PROFILE_PRIVATE, "private",
        "Your words answer your request and are gone; nothing is kept.", 0, VPRIV_RETENTION_NONE},
    {VPRIV_PROFILE_HISTORY, "history", "Your recordings are kept for you alone, for three months.",
        HISTORY, VPRIV_RETENTION_3_MONTHS},
    {VPRIV_PROFILE_IMPROVE_BY_MACHINE, "improve_by_machine",
        "Your recordings are kept for you for three months, and machines learn from them; nobody "
        "listens.",
        HISTORY | MACHINE, VPRIV_RETENTION_3_MONTHS},
};

#define N_PROFILES (sizeof table / sizeof table[0])

const vpriv_profile_choice *vpriv_profile_about(vpriv_profile profile)
{
    return (size_t)profile < N_PROFILES ? &table[profile] : NULL;
}

vpriv_status vpriv_profile_from_name(const char *name, vpriv_profile *profile_out)
{
    if (!name || !profile_out)
        return vpi_fail(VPRIV_E_ARG, "profile: name or output is NULL");
    for (size_t i = 0; i < N_PROFILES; i++) {
        if (strcmp(table[i].name, name) == 0) {
            *profile_out = table[i].profile;
            return VPRIV_OK;
        }
    }
    return vpi_fail(VPRIV_E_NOT_FOUND, "no such profile");
}

typedef struct standing {
    vpriv_consent_state states[VPRIV_PURPOSES_MAX];
} standing;

static bool note(void *user, const vpriv_consent_record *record)
{
    standing *now = user;
    now->states[record->purpose] = record->event.state;
    return true;
}

/* One purpose that the profile has not. */
static vpriv_status close_purpose(vpriv_vault *vault, const uint8_t *subject, vpriv_purpose purpose,
    vpriv_consent_state state, const vpriv_consent_evidence *evidence,
    vpriv_profile_outcome *outcome)
{
    vpriv_status st = VPRIV_OK;
    if (vpi_consent_permits(state)) {
        st = vpriv_consent_withdraw(vault, subject, purpose, evidence, NULL);
        if (st == VPRIV_OK)
            outcome->withdrawn |= VPRIV_PURPOSE_BIT(purpose);
    } else if (state == VPRIV_CONSENT_REQUESTED) {
        st = vpriv_consent_refuse(vault, subject, purpose, evidence, NULL);
        if (st == VPRIV_OK)
            outcome->refused |= VPRIV_PURPOSE_BIT(purpose);
    }
    return st;
}

vpriv_status vpriv_profile_apply(vpriv_vault *vault, const uint8_t *subject, vpriv_profile profile,
    const vpriv_consent_evidence *evidence, vpriv_profile_outcome *outcome_out)
{
    vpriv_status st = VPRIV_E_INTERNAL;
    standing now = {{VPRIV_CONSENT_UNKNOWN}};
    const vpriv_profile_choice *choice = vpriv_profile_about(profile);
    vpriv_profile_outcome outcome = {.struct_size = sizeof outcome};
    VPI_ENSURE(choice, VPRIV_E_ARG, "profile %d is not known", (int)profile);
    VPI_ENSURE(!outcome_out || outcome_out->struct_size == sizeof outcome, VPRIV_E_ARG,
        "vpriv_profile_outcome.struct_size is not set");
    outcome.retention = choice->retention;
    VPI_TRY(vpriv_consent_list(vault, subject, false, note, &now));
    for (int p = 0; p < VPRIV_PURPOSES_MAX; p++) {
        const uint32_t bit = VPRIV_PURPOSE_BIT(p);
        if (!(choice->purposes & bit))
            VPI_TRY(
                close_purpose(vault, subject, (vpriv_purpose)p, now.states[p], evidence, &outcome));
        else if (vpi_consent_permits(now.states[p]))
            outcome.in_force |= bit;
        else
            outcome.to_ask |= bit;
    }
    st = VPRIV_OK;
out:
    if (outcome_out && outcome_out->struct_size == sizeof outcome)
        *outcome_out = outcome;
    return st;
}

vpriv_status vpriv_profile_private(vpriv_vault *vault, const uint8_t *subject,
    const vpriv_consent_evidence *evidence, vpriv_profile_outcome *outcome_out)
{
    return vpriv_profile_apply(vault, subject, VPRIV_PROFILE_PRIVATE, evidence, outcome_out);
}
