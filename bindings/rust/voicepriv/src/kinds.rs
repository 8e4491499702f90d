//! What recordings, triggers and consents can be, and sets of them.

use crate::ffi;
use crate::macros::FromC;
use crate::{sys, Error, Result, Status};
use std::fmt;

c_enum! {
    /// What a recording may be used for.
    Purpose: vpriv_purpose {
        /// Answer the request, in memory only.
        ExecuteRequest = VPRIV_PURPOSE_EXECUTE_REQUEST,
        /// Send it away to answer the request.
        TransmitForExecution = VPRIV_PURPOSE_TRANSMIT_FOR_EXECUTION,
        /// Store it for the person.
        KeepHistory = VPRIV_PURPOSE_KEEP_HISTORY,
        /// People listen to it.
        HumanReview = VPRIV_PURPOSE_HUMAN_REVIEW,
        /// Improve the service, nobody listens.
        ImproveByMachine = VPRIV_PURPOSE_IMPROVE_BY_MACHINE,
        /// Research and new features.
        DevelopNewFeatures = VPRIV_PURPOSE_DEVELOP_NEW_FEATURES,
        /// Adapt this device to the voice.
        OnDeviceAdaptation = VPRIV_PURPOSE_ON_DEVICE_ADAPTATION,
        /// Tell who speaks; special category.
        SpeakerIdentification = VPRIV_PURPOSE_SPEAKER_IDENTIFICATION,
        /// Profiles for content or advertising.
        ProfileForContentOrAds = VPRIV_PURPOSE_PROFILE_FOR_CONTENT_OR_ADS,
        /// Features of false wakes, never the sound.
        FalseWakeAnalysis = VPRIV_PURPOSE_FALSE_WAKE_ANALYSIS,
        /// Find one fault, one use.
        DiagnoseFault = VPRIV_PURPOSE_DIAGNOSE_FAULT,
        /// Not by consent: a legal basis of its own.
        SafetyOrAbuse = VPRIV_PURPOSE_SAFETY_OR_ABUSE,
        /// Not by consent: a hold, visible.
        LegalObligation = VPRIV_PURPOSE_LEGAL_OBLIGATION,
        /// Given away for research.
        Donation = VPRIV_PURPOSE_DONATION,
        /// Others train their models with it.
        TrainThirdParty = VPRIV_PURPOSE_TRAIN_THIRD_PARTY,
    }
    /// The vendor's own: 15 to 31.
    else Vendor
}
named!(Purpose, ffi::consent::purpose_name, ffi::consent::purpose_from_name);

fn purpose_bit(purpose: Purpose) -> Option<u32> {
    1u32.checked_shl(purpose.raw())
}

set! {
    /// A set of purposes. There are 32, so that `Purpose::Vendor(40)` is none: every call with a set that it was
    /// put into fails with [`Status::Argument`].
    ///
    /// ```
    /// use voicepriv::{Purpose, Purposes};
    /// let set = Purposes::from(Purpose::KeepHistory) | Purpose::HumanReview.into();
    /// assert!(set.contains(Purpose::HumanReview) && !set.contains(Purpose::Donation));
    /// assert_eq!(set.iter().map(|purpose| purpose.to_string()).collect::<Vec<_>>(),
    ///     ["keep_history", "human_review"]);
    /// ```
    Purposes of Purpose, sys::VPRIV_PURPOSES_MAX, purpose_bit, Purpose::from_raw
}

/// What is paused in or belongs to an entry of the log, where it may be none.
impl FromC<i32> for Option<Purpose> {
    fn from_c(c: &i32) -> Option<Purpose> {
        u32::try_from(*c).ok().map(Purpose::from_raw)
    }
}

c_enum! {
    /// Why a decision was no.
    Deny: vpriv_deny {
        /// The question was malformed.
        InputMalformed = VPRIV_DENY_INPUT_MALFORMED,
        /// Neither capture nor read.
        OperationUnknown = VPRIV_DENY_OPERATION_UNKNOWN,
        /// The vault does not know the purpose.
        PurposeUndefined = VPRIV_DENY_PURPOSE_UNDEFINED,
        /// Nothing may be kept for it.
        PurposeNotStorable = VPRIV_DENY_PURPOSE_NOT_STORABLE,
        /// It does not rest on consent.
        PurposeOtherBasis = VPRIV_DENY_PURPOSE_OTHER_BASIS,
        /// No person triggered it.
        NotTriggered = VPRIV_DENY_NOT_TRIGGERED,
        /// What time it is is not known.
        TimeUnknown = VPRIV_DENY_TIME_UNKNOWN,
        /// Which law holds is not known.
        JurisdictionUnknown = VPRIV_DENY_JURISDICTION_UNKNOWN,
        /// The purpose is paused here.
        Paused = VPRIV_DENY_PAUSED,
        /// The controller's policy is too old.
        PolicyStale = VPRIV_DENY_POLICY_STALE,
        /// Whom it is for is not known.
        RecipientUnknown = VPRIV_DENY_RECIPIENT_UNKNOWN,
        /// Nobody is named as speaker.
        NoSubject = VPRIV_DENY_NO_SUBJECT,
        /// A speaker is not known.
        SubjectUnknown = VPRIV_DENY_SUBJECT_UNKNOWN,
        /// A speaker is a guest.
        SubjectGuest = VPRIV_DENY_SUBJECT_GUEST,
        /// A speaker is a bystander.
        SubjectBystander = VPRIV_DENY_SUBJECT_BYSTANDER,
        /// The rule on children is not satisfied.
        ChildRule = VPRIV_DENY_CHILD_RULE,
        /// Somebody was not asked, or did not answer.
        ConsentMissing = VPRIV_DENY_CONSENT_MISSING,
        /// Somebody said no.
        ConsentRefused = VPRIV_DENY_CONSENT_REFUSED,
        /// Somebody took the consent back.
        ConsentWithdrawn = VPRIV_DENY_CONSENT_WITHDRAWN,
        /// The controller ended the consent.
        ConsentRevoked = VPRIV_DENY_CONSENT_REVOKED,
        /// The consent is over.
        ConsentExpired = VPRIV_DENY_CONSENT_EXPIRED,
        /// What was consented to has changed.
        ConsentInvalidated = VPRIV_DENY_CONSENT_INVALIDATED,
        /// Its uses are spent.
        UsesSpent = VPRIV_DENY_USES_SPENT,
        /// The notice changed since.
        NoticeChanged = VPRIV_DENY_NOTICE_CHANGED,
        /// The recipient does not stand in the consent.
        RecipientNotNamed = VPRIV_DENY_RECIPIENT_NOT_NAMED,
        /// The grant key does not exist.
        NoGrantKey = VPRIV_DENY_NO_GRANT_KEY,
        /// No such recording.
        RecordingUnknown = VPRIV_DENY_RECORDING_UNKNOWN,
        /// Its trigger is not confirmed.
        RecordingProvisional = VPRIV_DENY_RECORDING_PROVISIONAL,
        /// It is set aside.
        RecordingRestricted = VPRIV_DENY_RECORDING_RESTRICTED,
        /// Its key is gone.
        RecordingShredded = VPRIV_DENY_RECORDING_SHREDDED,
        /// It may not be kept any longer.
        RetentionOver = VPRIV_DENY_RETENTION_OVER,
        /// The rules of a place that counts forbid it, or ask for another form of consent.
        NotLawfulHere = VPRIV_DENY_NOT_LAWFUL_HERE,
    }
    /// Not one reason.
    else Other
}
named!(Deny, ffi::consent::deny_name);

impl Deny {
    /// Explains it to a person, in one English sentence without a full stop.
    pub fn text(self) -> &'static str {
        ffi::consent::deny_text(self.raw())
    }
}

set! {
    /// Every reason why a decision was no. None means yes.
    DenyReasons of Deny, sys::VPRIV_DENY_REASONS, |one: Deny| Some(one.raw()), |i| Deny::from_raw(1u32 << i)
}

c_enum! {
    /// What is done with a recording.
    Processing: vpriv_processing {
        /// Take it.
        Record = VPRIV_PROCESSING_RECORD,
        /// Keep it.
        Store = VPRIV_PROCESSING_STORE,
        /// Compute with it.
        Analyse = VPRIV_PROCESSING_ANALYSE,
        /// Hear it.
        Listen = VPRIV_PROCESSING_LISTEN,
        /// Write down what was said.
        Transcribe = VPRIV_PROCESSING_TRANSCRIBE,
        /// Label it.
        Annotate = VPRIV_PROCESSING_ANNOTATE,
        /// Give it to others.
        Share = VPRIV_PROCESSING_SHARE,
    }
    /// Of a newer library, or several.
    else Other
}

set! {
    /// What is done with recordings.
    Operations of Processing, 7u32, |one: Processing| Some(one.raw()), |i| Processing::from_raw(1u32 << i)
}

c_enum! {
    /// What a purpose rests on.
    Basis: vpriv_purpose_basis {
        /// The person's yes, for this purpose alone.
        Consent = VPRIV_PURPOSE_BASIS_CONSENT,
        /// The person triggered the request.
        Trigger = VPRIV_PURPOSE_BASIS_TRIGGER,
        /// A legal basis other than consent.
        Law = VPRIV_PURPOSE_BASIS_LAW,
    }
    /// Of a newer library.
    else Other
}

c_enum! {
    /// Where the consent of one person for one purpose stands. Only `Given` and `Renewed` permit.
    ConsentState: vpriv_consent_state {
        /// Never asked, never answered: no.
        Unknown = VPRIV_CONSENT_UNKNOWN,
        /// Asked, not answered.
        Requested = VPRIV_CONSENT_REQUESTED,
        /// Yes.
        Given = VPRIV_CONSENT_GIVEN,
        /// No.
        Refused = VPRIV_CONSENT_REFUSED,
        /// "Ask me later": no.
        Deferred = VPRIV_CONSENT_DEFERRED,
        /// Taken back by the person, a parent or a guardian.
        Withdrawn = VPRIV_CONSENT_WITHDRAWN,
        /// Ended by the controller.
        Revoked = VPRIV_CONSENT_REVOKED,
        /// Its time or its uses ran out.
        Expired = VPRIV_CONSENT_EXPIRED,
        /// What was consented to has changed, or a child came of age.
        Invalidated = VPRIV_CONSENT_INVALIDATED,
        /// Given again after it had expired.
        Renewed = VPRIV_CONSENT_RENEWED,
    }
    /// Of a newer library.
    else Other
}
named!(ConsentState, ffi::consent::consent_state_name);

c_enum! {
    /// What can happen to a consent.
    ConsentEvent: vpriv_consent_event {
        /// The person is asked, with the current notice.
        Request = VPRIV_CONSENT_EVENT_REQUEST,
        /// Yes.
        Give = VPRIV_CONSENT_EVENT_GIVE,
        /// No.
        Refuse = VPRIV_CONSENT_EVENT_REFUSE,
        /// Later.
        Defer = VPRIV_CONSENT_EVENT_DEFER,
        /// The person, a parent or a guardian takes it back.
        Withdraw = VPRIV_CONSENT_EVENT_WITHDRAW,
        /// The controller ends it.
        Revoke = VPRIV_CONSENT_EVENT_REVOKE,
        /// Time or uses ran out.
        Expire = VPRIV_CONSENT_EVENT_EXPIRE,
        /// What was consented to has changed.
        Invalidate = VPRIV_CONSENT_EVENT_INVALIDATE,
        /// Yes again, after it expired.
        Reconfirm = VPRIV_CONSENT_EVENT_RECONFIRM,
    }
    /// Of a newer library.
    else Other
}

c_enum! {
    /// Who said it.
    ConsentBy: vpriv_consent_by {
        /// Not known; as evidence: the person.
        Unknown = VPRIV_CONSENT_BY_UNKNOWN,
        /// The person.
        Person = VPRIV_CONSENT_BY_PERSON,
        /// A parent.
        Parent = VPRIV_CONSENT_BY_PARENT,
        /// A guardian.
        Guardian = VPRIV_CONSENT_BY_GUARDIAN,
        /// The controller.
        Controller = VPRIV_CONSENT_BY_CONTROLLER,
        /// Everybody who has parental responsibility, together.
        Guardians = VPRIV_CONSENT_BY_GUARDIANS,
    }
    /// Of a newer library.
    else Other
}

c_enum! {
    /// How it was indicated.
    ConsentMethod: vpriv_consent_method {
        /// Not known; as evidence: a tap.
        Unknown = VPRIV_CONSENT_METHOD_UNKNOWN,
        /// A tap.
        Tap = VPRIV_CONSENT_METHOD_TAP,
        /// Said aloud.
        Voice = VPRIV_CONSENT_METHOD_VOICE,
        /// A button.
        Button = VPRIV_CONSENT_METHOD_BUTTON,
        /// On paper.
        Paper = VPRIV_CONSENT_METHOD_PAPER,
        /// Brought along from elsewhere.
        Import = VPRIV_CONSENT_METHOD_IMPORT,
    }
    /// Of a newer library.
    else Other
}

c_enum! {
    /// Whose voice it is, as far as anybody knows.
    SubjectClass: vpriv_subject_class {
        /// Nobody knows.
        Unknown = VPRIV_SUBJECT_UNKNOWN,
        /// Somebody who uses the device.
        User = VPRIV_SUBJECT_USER,
        /// A guest: allows nothing to be stored.
        Guest = VPRIV_SUBJECT_GUEST,
        /// A bystander: allows nothing to be stored.
        Bystander = VPRIV_SUBJECT_BYSTANDER,
        /// A child: parents or guardians consent.
        Child = VPRIV_SUBJECT_CHILD,
    }
    /// Of a newer library.
    else Other
}

c_enum! {
    /// Where the life of a recording stands.
    RecordingState: vpriv_recording_state {
        /// No recording, or not known.
        None = VPRIV_RECORDING_NONE,
        /// The trigger is not confirmed.
        Provisional = VPRIV_RECORDING_PROVISIONAL,
        /// Kept.
        Committed = VPRIV_RECORDING_COMMITTED,
        /// Set aside: dispute or legal hold.
        Restricted = VPRIV_RECORDING_RESTRICTED,
        /// Its key is gone.
        Shredded = VPRIV_RECORDING_SHREDDED,
    }
    /// Of a newer library.
    else Other
}

c_enum! {
    /// What started a recording.
    TriggerKind: vpriv_trigger_kind {
        /// A wake word was heard.
        WakeWord = VPRIV_TRIGGER_WAKE_WORD,
        /// A button was pressed.
        Button = VPRIV_TRIGGER_BUTTON,
        /// A wrist was raised.
        Raise = VPRIV_TRIGGER_RAISE,
        /// A tap.
        Tap = VPRIV_TRIGGER_TAP,
        /// Somebody spoke.
        VoiceActivity = VPRIV_TRIGGER_VOICE_ACTIVITY,
        /// Nothing: everything is recorded.
        Continuous = VPRIV_TRIGGER_CONTINUOUS,
        /// A file was imported.
        Import = VPRIV_TRIGGER_IMPORT,
    }
    /// Not known, or of a newer library.
    else Other
}
named!(TriggerKind, ffi::vault::trigger_name, ffi::vault::trigger_from_name);

c_enum! {
    /// Why a recording ended.
    EndReason: vpriv_end_reason {
        /// It did not: power or process went away.
        Unfinished = VPRIV_END_UNFINISHED,
        /// It was stopped.
        Stopped = VPRIV_END_STOPPED,
        /// The file or stream ended.
        SourceEnded = VPRIV_END_SOURCE_ENDED,
        /// Consent went away while recording.
        ConsentWithdrawn = VPRIV_END_CONSENT_WITHDRAWN,
        /// The microphone went away.
        DeviceLost = VPRIV_END_DEVICE_LOST,
        /// The disk was full.
        DiskFull = VPRIV_END_DISK_FULL,
        /// The longest allowed recording.
        Maximum = VPRIV_END_MAXIMUM,
        /// An error; what was sealed before is whole.
        Failed = VPRIV_END_FAILED,
        /// Nobody spoke for as long as the recorder waits for it.
        Silence = VPRIV_END_SILENCE,
        /// It was muted.
        Muted = VPRIV_END_MUTED,
        /// One of its purposes was paused.
        Paused = VPRIV_END_PAUSED,
    }
    /// Of a newer library.
    else Other
}
named!(EndReason, ffi::vault::end_reason_name);

c_enum! {
    /// Why a recording is set aside.
    Restriction: vpriv_restriction {
        /// It is not.
        None = VPRIV_RESTRICTION_NONE,
        /// The person asked for it (GDPR art. 18). Nobody opens it.
        Dispute = VPRIV_RESTRICTION_DISPUTE,
        /// Must be kept: nobody opens it, and nothing destroys it.
        LegalHold = VPRIV_RESTRICTION_LEGAL_HOLD,
    }
    /// Of a newer library.
    else Other
}

/// How long recordings are kept. Without a term nothing is stored.
///
/// ```
/// use voicepriv::Retention;
/// assert_eq!("P1Y6M".parse(), Ok(Retention::Months(18)));
/// assert_eq!(Retention::Days(90).to_string(), "90d");
/// assert_eq!(Retention::default(), Retention::DontSave);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Retention {
    /// Nothing is stored.
    #[default]
    DontSave,
    /// So many hours, 1 to 4000.
    Hours(u16),
    /// So many days, 1 to 4000.
    Days(u16),
    /// So many calendar months, 1 to 4000.
    Months(u16),
    /// Until somebody erases it.
    UntilErased,
    /// Of a newer library.
    Other(u32),
}

impl Retention {
    pub(crate) fn from_raw(raw: sys::vpriv_retention) -> Retention {
        let count = (raw & 0xfff) as u16;
        match raw {
            sys::VPRIV_RETENTION_NONE => Retention::DontSave,
            sys::VPRIV_RETENTION_48_HOURS => Retention::Hours(48),
            sys::VPRIV_RETENTION_72_HOURS => Retention::Hours(72),
            sys::VPRIV_RETENTION_90_DAYS => Retention::Days(90),
            sys::VPRIV_RETENTION_3_MONTHS => Retention::Months(3),
            sys::VPRIV_RETENTION_18_MONTHS => Retention::Months(18),
            sys::VPRIV_RETENTION_36_MONTHS => Retention::Months(36),
            sys::VPRIV_RETENTION_ERASED_ONLY => Retention::UntilErased,
            0x1001..=0x1fff => Retention::Hours(count),
            0x2001..=0x2fff => Retention::Days(count),
            0x3001..=0x3fff => Retention::Months(count),
            other => Retention::Other(other),
        }
    }

    /// A count beyond C's is what no class has, so that the library refuses it.
    pub(crate) fn raw(self) -> sys::vpriv_retention {
        let term = |base: u32, count: u16| if count <= 0xfff { base + u32::from(count) } else { u32::MAX };
        match self {
            Retention::DontSave => sys::VPRIV_RETENTION_NONE,
            Retention::Hours(48) => sys::VPRIV_RETENTION_48_HOURS,
            Retention::Hours(72) => sys::VPRIV_RETENTION_72_HOURS,
            Retention::Hours(n) => term(0x1000, n),
            Retention::Days(90) => sys::VPRIV_RETENTION_90_DAYS,
            Retention::Days(n) => term(0x2000, n),
            Retention::Months(3) => sys::VPRIV_RETENTION_3_MONTHS,
            Retention::Months(18) => sys::VPRIV_RETENTION_18_MONTHS,
            Retention::Months(36) => sys::VPRIV_RETENTION_36_MONTHS,
            Retention::Months(n) => term(0x3000, n),
            Retention::UntilErased => sys::VPRIV_RETENTION_ERASED_ONLY,
            Retention::Other(raw) => raw,
        }
    }
}

impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&ffi::vault::retention_name(self.raw()))
    }
}

impl std::str::FromStr for Retention {
    type Err = Error;
    fn from_str(text: &str) -> Result<Retention> {
        ffi::vault::retention_from_name(text).map(Retention::from_raw)
    }
}

impl FromC<sys::vpriv_retention> for Retention {
    fn from_c(c: &sys::vpriv_retention) -> Retention {
        Retention::from_raw(*c)
    }
}

/// 0 is none.
impl FromC<sys::vpriv_status> for Option<Status> {
    fn from_c(c: &sys::vpriv_status) -> Option<Status> {
        (*c != sys::VPRIV_OK).then(|| Status::from_raw(*c))
    }
}
