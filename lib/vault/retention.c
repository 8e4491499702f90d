#include "base/try.h"
#include "vault/header.h"
#include <string.h>

#define US_PER_HOUR INT64_C(3600000000)

static const struct {
    const char *name;
    int n_hours;
    int n_months;
} classes[] = {
    [VPRIV_RETENTION_NONE] = {"none", 0, 0},
    [VPRIV_RETENTION_48_HOURS] = {"48h", 48, 0},
    [VPRIV_RETENTION_72_HOURS] = {"72h", 72, 0},
    [VPRIV_RETENTION_90_DAYS] = {"90d", 90 * 24, 0},
    [VPRIV_RETENTION_3_MONTHS] = {"3months", 0, 3},
    [VPRIV_RETENTION_18_MONTHS] = {"18months", 0, 18},
    [VPRIV_RETENTION_36_MONTHS] = {"36months", 0, 36},
    [VPRIV_RETENTION_ERASED_ONLY] = {"until-erased", 0, 0},
};
#define N_CLASSES (sizeof classes / sizeof classes[0])

const char *vpriv_retention_name(vpriv_retention retention)
{
    return (size_t)retention < N_CLASSES ? classes[retention].name : "unknown retention";
}

vpriv_status vpriv_retention_from_name(const char *name, vpriv_retention *retention_out)
{
    if (!name || !retention_out)
        return vpi_fail(VPRIV_E_ARG, "a name and room for the class are needed");
    for (size_t i = 0; i < N_CLASSES; i++)
        if (strcmp(classes[i].name, name) == 0) {
            *retention_out = (vpriv_retention)i;
            return VPRIV_OK;
        }
    return vpi_fail(VPRIV_E_NOT_FOUND,
        "no retention class \"%.32s\": there are none, 48h, 72h, 90d, 3months, 18months, 36months, "
        "until-erased",
        name);
}

int64_t vpi_retention_end_us(vpriv_retention retention, int64_t started_us)
{
    if (retention == VPRIV_RETENTION_ERASED_ONLY)
        return VPRIV_TIME_FOREVER_US;
    if ((size_t)retention >= N_CLASSES)
        return started_us; /* a class of a later version: not kept */
    return vpi_time_add_months_us(started_us, classes[retention].n_months) +
           classes[retention].n_hours * US_PER_HOUR;
}

static const char *const trigger_names[] = {[VPRIV_TRIGGER_WAKE_WORD] = "wake-word",
    [VPRIV_TRIGGER_BUTTON] = "button",
    [VPRIV_TRIGGER_RAISE] = "raise",
    [VPRIV_TRIGGER_TAP] = "tap",
    [VPRIV_TRIGGER_VOICE_ACTIVITY] = "voice-activity",
    [VPRIV_TRIGGER_CONTINUOUS] = "continuous",
    [VPRIV_TRIGGER_IMPORT] = "import"};
#define N_TRIGGERS (sizeof trigger_names / sizeof trigger_names[0])

const char *vpriv_trigger_name(vpriv_trigger_kind kind)
{
    return (size_t)kind < N_TRIGGERS && trigger_names[kind] ? trigger_names[kind]
                                                            : "unknown trigger";
}

vpriv_status vpriv_trigger_from_name(const char *name, vpriv_trigger_kind *kind_out)
{
    if (!name || !kind_out)
        return vpi_fail(VPRIV_E_ARG, "a name and room for the trigger are needed");
    for (size_t i = 0; i < N_TRIGGERS; i++)
        if (trigger_names[i] && strcmp(trigger_names[i], name) == 0) {
            *kind_out = (vpriv_trigger_kind)i;
            return VPRIV_OK;
        }
    return vpi_fail(VPRIV_E_NOT_FOUND, "no trigger \"%.32s\"", name);
}

const char *vpriv_end_reason_name(vpriv_end_reason reason)
{
    static const char *const names[] = {[VPRIV_END_UNFINISHED] = "unfinished",
        [VPRIV_END_STOPPED] = "stopped",
        [VPRIV_END_SOURCE_ENDED] = "source-ended",
        [VPRIV_END_CONSENT_WITHDRAWN] = "consent-withdrawn",
        [VPRIV_END_DEVICE_LOST] = "device-lost",
        [VPRIV_END_DISK_FULL] = "disk-full",
        [VPRIV_END_MAXIMUM] = "maximum",
        [VPRIV_END_FAILED] = "failed",
        [VPRIV_END_SILENCE] = "silence",
        [VPRIV_END_MUTED] = "muted",
        [VPRIV_END_PAUSED] = "paused"};
    return (size_t)reason < sizeof names / sizeof names[0] ? names[reason] : "unknown end";
}
