#include "consent/purpose.h"
#include <string.h>

#define DPV "https://w3id.org/dpv#"

#define CONSENT VPRIV_PURPOSE_BASIS_CONSENT
#define TRIGGER VPRIV_PURPOSE_BASIS_TRIGGER
#define LAW     VPRIV_PURPOSE_BASIS_LAW

enum { IS_EXPLICIT = 1, IS_SPECIAL = 2, IS_STORABLE = 4, IS_ON = 8 };

#define ROW(id, name, basis, flags, uses_max, broader, broader2, sentence)                         \
    {                                                                                              \
        id, name, sentence, broader, broader2, basis, ((flags)&IS_ON) != 0,                        \
            ((flags)&IS_EXPLICIT) != 0, ((flags)&IS_SPECIAL) != 0, ((flags)&IS_STORABLE) != 0,     \
            uses_max                                                                               \
    }

#define VENDOR(number)                                                                             \
    ROW((vpriv_purpose)(number), "vendor_" #number, CONSENT, 0, 0, "", "",                         \
        "A purpose of the vendor's own, described in the vendor's notice.")

static const vpriv_purpose_info table[VPRIV_PURPOSES_MAX] = {
    ROW(VPRIV_PURPOSE_EXECUTE_REQUEST, "execute_request", TRIGGER, IS_ON, 0,
        DPV "RequestedServiceProvision", "",
        "Your words are used in memory to answer your request and are gone afterwards."),
    ROW(VPRIV_PURPOSE_TRANSMIT_FOR_EXECUTION, "transmit_for_execution", CONSENT, 0, 0,
        DPV "TechnicalServiceProvision", "",
        "Your words leave the device so that your request can be answered elsewhere."),
    ROW(VPRIV_PURPOSE_KEEP_HISTORY, "keep_history", CONSENT, IS_STORABLE, 0,
        DPV "ServicePersonalisation", "",
        "Your recordings are kept so that you can listen to them again."),
    ROW(VPRIV_PURPOSE_HUMAN_REVIEW, "human_review", CONSENT, IS_STORABLE | IS_EXPLICIT, 0,
        DPV "ImproveExistingProductsAndServices", "",
        "People listen to recordings of you to judge how well the service worked."),
    ROW(VPRIV_PURPOSE_IMPROVE_BY_MACHINE, "improve_by_machine", CONSENT, IS_STORABLE, 0,
        DPV "ImproveExistingProductsAndServices", "",
        "Machines learn from your recordings to improve the service; nobody listens."),
    ROW(VPRIV_PURPOSE_DEVELOP_NEW_FEATURES, "develop_new_features", CONSENT, IS_STORABLE, 0,
        DPV "ResearchAndDevelopment", "", "Your recordings are used to develop new features."),
    ROW(VPRIV_PURPOSE_ON_DEVICE_ADAPTATION, "on_device_adaptation", CONSENT, IS_STORABLE, 0,
        DPV "Personalisation", "",
        "This device learns from your recordings to understand you better; they stay on it."),
    ROW(VPRIV_PURPOSE_SPEAKER_IDENTIFICATION, "speaker_identification", CONSENT,
        IS_STORABLE | IS_EXPLICIT | IS_SPECIAL, 0, DPV "IdentityVerification", "",
        "Your voice is measured so that you can be recognised by it."),
    ROW(VPRIV_PURPOSE_PROFILE_FOR_CONTENT_OR_ADS, "profile_for_content_or_ads", CONSENT,
        IS_STORABLE, 0, DPV "PersonalisedAdvertising", "",
        "What you say is used to choose content or advertising for you."),
    ROW(VPRIV_PURPOSE_FALSE_WAKE_ANALYSIS, "false_wake_analysis", CONSENT, 0, 0,
        DPV "RepairImpairments", "",
        "When the device wakes by mistake, figures about the sound are used to make that rarer; "
        "the sound itself is not kept."),
    ROW(VPRIV_PURPOSE_DIAGNOSE_FAULT, "diagnose_fault", CONSENT, IS_STORABLE, 1, DPV "CustomerCare",
        "", "A recording is used once to find a fault that you reported."),
    ROW(VPRIV_PURPOSE_SAFETY_OR_ABUSE, "safety_or_abuse", LAW, 0, 0,
        DPV "MisusePreventionAndDetection", "",
        "Recordings are used against danger or abuse, on a legal basis other than consent."),
    ROW(VPRIV_PURPOSE_LEGAL_OBLIGATION, "legal_obligation", LAW, 0, 0, DPV "LegalCompliance", "",
        "A law requires that recordings are held; you can see that they are."),
    ROW(VPRIV_PURPOSE_DONATION, "donation", CONSENT, IS_STORABLE | IS_EXPLICIT, 0,
        DPV "NonCommercialResearch", DPV "CommercialResearch",
        "You give recordings away for research."),
    ROW(VPRIV_PURPOSE_TRAIN_THIRD_PARTY, "train_third_party", CONSENT, IS_STORABLE | IS_EXPLICIT, 0,
        DPV "CommercialResearch", "", "Other companies train their models with your recordings."),
    VENDOR(15),
    VENDOR(16),
    VENDOR(17),
    VENDOR(18),
    VENDOR(19),
    VENDOR(20),
    VENDOR(21),
    VENDOR(22),
    VENDOR(23),
    VENDOR(24),
    VENDOR(25),
    VENDOR(26),
    VENDOR(27),
    VENDOR(28),
    VENDOR(29),
    VENDOR(30),
    VENDOR(31),
};

bool vpi_purpose_is_valid(int purpose)
{
    return purpose >= 0 && purpose < VPRIV_PURPOSES_MAX;
}

const vpriv_purpose_info *vpriv_purpose_about(vpriv_purpose purpose)
{
    return vpi_purpose_is_valid((int)purpose) ? &table[purpose] : NULL;
}

const char *vpriv_purpose_name(vpriv_purpose purpose)
{
    const vpriv_purpose_info *info = vpriv_purpose_about(purpose);
    return info ? info->name : "unknown purpose";
}

vpriv_status vpriv_purpose_from_name(const char *name, vpriv_purpose *purpose_out)
{
    if (!name || !purpose_out)
        return vpi_fail(VPRIV_E_ARG, "purpose: name or output is NULL");
    for (size_t i = 0; i < VPRIV_PURPOSES_MAX; i++) {
        if (strcmp(table[i].name, name) == 0) {
            *purpose_out = table[i].purpose;
            return VPRIV_OK;
        }
    }
    return vpi_fail(VPRIV_E_NOT_FOUND, "no such purpose");
}

uint32_t vpi_purposes_storable(void)
{
    uint32_t set = 0;
    for (size_t i = 0; i < VPRIV_PURPOSES_MAX; i++)
        if (table[i].is_storable)
            set |= VPRIV_PURPOSE_BIT(i);
    return set;
}

/* What is done besides taking it in and, where that may be, keeping it. */
static uint32_t more_than_keeping(vpriv_purpose purpose)
{
    switch (purpose) {
    case VPRIV_PURPOSE_TRANSMIT_FOR_EXECUTION:
        return VPRIV_PROCESSING_SHARE;
    case VPRIV_PURPOSE_KEEP_HISTORY:
        return 0;
    case VPRIV_PURPOSE_HUMAN_REVIEW:
        return VPRIV_PROCESSING_LISTEN | VPRIV_PROCESSING_TRANSCRIBE | VPRIV_PROCESSING_ANNOTATE;
    case VPRIV_PURPOSE_DONATION:
    case VPRIV_PURPOSE_TRAIN_THIRD_PARTY:
        return VPRIV_PROCESSING_ANALYSE | VPRIV_PROCESSING_SHARE;
    default:
        return VPRIV_PROCESSING_ANALYSE;
    }
}

uint32_t vpi_purpose_operations(vpriv_purpose purpose)
{
    const vpriv_purpose_info *about = vpriv_purpose_about(purpose);
    const uint32_t keeps = about && about->is_storable ? VPRIV_PROCESSING_STORE : 0;
    return VPRIV_PROCESSING_RECORD | keeps | more_than_keeping(purpose);
}

vpriv_human_involvement vpi_purpose_human_involvement(vpriv_purpose purpose)
{
    return vpi_purpose_operations(purpose) & VPRIV_PROCESSING_LISTEN ? VPRIV_HUMAN_INVOLVED
                                                                     : VPRIV_HUMAN_NOT_INVOLVED;
}
