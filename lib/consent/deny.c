#include <voicepriv/consent.h>

static const struct {
    vpriv_deny reason;
    const char *name;
    const char *text;
} explanations[VPRIV_DENY_REASONS] = {
    {VPRIV_DENY_INPUT_MALFORMED, "input_malformed", "the question itself was not well-formed"},
    {VPRIV_DENY_OPERATION_UNKNOWN, "operation_unknown",
        "it is not known whether something is to be recorded or opened"},
    {VPRIV_DENY_PURPOSE_UNDEFINED, "purpose_undefined", "this purpose has not been defined here"},
    {VPRIV_DENY_PURPOSE_NOT_STORABLE, "purpose_not_storable",
        "nothing may be kept or opened for this purpose"},
    {VPRIV_DENY_PURPOSE_OTHER_BASIS, "purpose_other_basis",
        "this purpose does not rest on consent and cannot be allowed this way"},
    {VPRIV_DENY_NOT_TRIGGERED, "not_triggered", "nobody asked for it by a wake word, touch or key"},
    {VPRIV_DENY_TIME_UNKNOWN, "time_unknown", "the present time is not known"},
    {VPRIV_DENY_JURISDICTION_UNKNOWN, "jurisdiction_unknown",
        "it is not known which country's rules apply"},
    {VPRIV_DENY_PAUSED, "paused", "this purpose is paused here, or it is not known that it is not"},
    {VPRIV_DENY_POLICY_STALE, "policy_stale", "the rules in force are too old or not known"},
    {VPRIV_DENY_RECIPIENT_UNKNOWN, "recipient_unknown", "it is not known who would receive it"},
    {VPRIV_DENY_NO_SUBJECT, "no_subject", "it is not known whose voice it is"},
    {VPRIV_DENY_SUBJECT_UNKNOWN, "subject_unknown", "somebody who is not known is speaking"},
    {VPRIV_DENY_SUBJECT_GUEST, "subject_guest", "a guest is speaking"},
    {VPRIV_DENY_SUBJECT_BYSTANDER, "subject_bystander", "somebody who happened to be near speaks"},
    {VPRIV_DENY_CHILD_RULE, "child_rule", "the rule that protects children is not met"},
    {VPRIV_DENY_CONSENT_MISSING, "consent_missing", "a speaker has not consented to this purpose"},
    {VPRIV_DENY_CONSENT_REFUSED, "consent_refused", "a speaker has refused this purpose"},
    {VPRIV_DENY_CONSENT_WITHDRAWN, "consent_withdrawn", "a speaker has withdrawn consent"},
    {VPRIV_DENY_CONSENT_REVOKED, "consent_revoked", "the controller has ended a consent"},
    {VPRIV_DENY_CONSENT_EXPIRED, "consent_expired",
        "a consent has run out, or it is not known until when it holds"},
    {VPRIV_DENY_CONSENT_INVALIDATED, "consent_invalidated",
        "what a speaker had consented to has changed since"},
    {VPRIV_DENY_USES_SPENT, "uses_spent", "a consent has no uses left"},
    {VPRIV_DENY_NOTICE_CHANGED, "notice_changed",
        "a speaker consented to another notice than the one in force"},
    {VPRIV_DENY_RECIPIENT_NOT_NAMED, "recipient_not_named",
        "a speaker's consent does not name who would receive it"},
    {VPRIV_DENY_NO_GRANT_KEY, "no_grant_key", "the key that a speaker's consent made is gone"},
    {VPRIV_DENY_RECORDING_UNKNOWN, "recording_unknown", "there is no such recording"},
    {VPRIV_DENY_RECORDING_PROVISIONAL, "recording_provisional",
        "the recording is not confirmed yet"},
    {VPRIV_DENY_RECORDING_RESTRICTED, "recording_restricted", "the recording has been set aside"},
    {VPRIV_DENY_RECORDING_SHREDDED, "recording_shredded", "the recording has been erased"},
    {VPRIV_DENY_RETENTION_OVER, "retention_over",
        "the time for which it may be kept is over or not known"},
    {VPRIV_DENY_NOT_LAWFUL_HERE, "not_lawful_here",
        "the rules of a place that counts forbid it, or ask for another form of consent"},
};

static int position(vpriv_deny reason)
{
    for (int i = 0; i < VPRIV_DENY_REASONS; i++)
        if (explanations[i].reason == reason)
            return i;
    return -1;
}

const char *vpriv_deny_name(vpriv_deny reason)
{
    const int at = position(reason);
    return at < 0 ? "unknown reason" : explanations[at].name;
}

const char *vpriv_deny_text(vpriv_deny reason)
{
    const int at = position(reason);
    return at < 0 ? "unknown reason" : explanations[at].text;
}
