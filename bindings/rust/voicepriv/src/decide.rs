//! The one question that everything asks: is this allowed?

use crate::ffi;
use crate::time::micros;
use crate::{
    sys, ConsentState, DenyReasons, Error, Purpose, RecordingState, Result, Status, SubjectClass, Time,
};

/// What is not known is C's zero.
pub(crate) fn fact(known: Option<bool>) -> sys::vpriv_fact {
    match known {
        None => sys::VPRIV_FACT_UNKNOWN,
        Some(false) => sys::VPRIV_FACT_NO,
        Some(true) => sys::VPRIV_FACT_YES,
    }
}

/// What is about to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Take sound in.
    Capture,
    /// Open a kept recording.
    Read,
}

/// What a decision needs to know of one speaker, about the purpose in question. `None`: nobody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Speaker {
    /// Whose voice it is.
    pub class: Option<SubjectClass>,
    /// Where the consent stands.
    pub state: Option<ConsentState>,
    /// Until when it holds; [`Time::FOREVER`] has no end.
    pub valid_until: Option<Time>,
    /// How often it may be used still; `u32::MAX` when not counted.
    pub uses_left: Option<u32>,
    /// The notice consented to is the one in force.
    pub notice_current: Option<bool>,
    /// The recipient stands in the record.
    pub recipient_named: Option<bool>,
    /// The grant key exists.
    pub has_grant_key: Option<bool>,
    /// The rule on children is satisfied; yes for an adult.
    pub child_rule_holds: Option<bool>,
    /// It was given in the form that the jurisdiction asks for.
    pub form_suffices: Option<bool>,
}

/// Everything a decision depends on. What is not known is a reason to say no.
///
/// ```
/// use voicepriv::{Deny, Facts};
/// let reasons = Facts::default().decide()?; // nothing is known
/// assert!(!reasons.is_empty() && reasons.contains(Deny::NoSubject));
/// # Ok::<(), voicepriv::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// What is about to be done.
    pub operation: Option<Operation>,
    /// What for.
    pub purpose: Option<Purpose>,
    /// The vault knows the purpose.
    pub purpose_defined: Option<bool>,
    /// Something may be kept for it.
    pub purpose_storable: Option<bool>,
    /// What time it is.
    pub now: Option<Time>,
    /// Which law holds is known.
    pub jurisdiction_known: Option<bool>,
    /// No rule of a place that counts forbids the purpose.
    pub lawful_here: Option<bool>,
    /// The purpose is paused here.
    pub paused: Option<bool>,
    /// A person triggered it.
    pub triggered_by_person: Option<bool>,
    /// Whom it is for is known.
    pub recipient_known: Option<bool>,
    /// Everybody who is heard must agree here.
    pub all_parties: Option<bool>,
    /// The speakers below are everybody who is heard.
    pub all_identified: Option<bool>,
    /// How old the controller's policy is, in microseconds.
    pub policy_age_us: Option<i64>,
    /// How old it may be, in microseconds.
    pub policy_ttl_us: Option<i64>,
    /// Where the recording stands; asked for a read only.
    pub recording_state: Option<RecordingState>,
    /// First moment it may no longer be kept.
    pub retention_until: Option<Time>,
    /// Who speaks, at most 16.
    pub speakers: Vec<Speaker>,
}

impl Facts {
    /// Decides. A pure function: the same facts always give the same answer, with every reason. None is yes.
    pub fn decide(&self) -> Result<DenyReasons> {
        let mut raw = sys::vpriv_decision_input {
            operation: match self.operation {
                None => sys::VPRIV_DECISION_UNKNOWN,
                Some(Operation::Capture) => sys::VPRIV_DECISION_CAPTURE,
                Some(Operation::Read) => sys::VPRIV_DECISION_READ,
            },
            // Not known is no purpose, and not the first one.
            purpose: self.purpose.map_or(sys::VPRIV_PURPOSES_MAX, Purpose::raw),
            purpose_defined: fact(self.purpose_defined),
            purpose_storable: fact(self.purpose_storable),
            now_us: self.now.map_or(-1, Time::as_micros),
            jurisdiction_known: fact(self.jurisdiction_known),
            lawful_here: fact(self.lawful_here),
            paused: fact(self.paused),
            triggered_by_person: fact(self.triggered_by_person),
            recipient_known: fact(self.recipient_known),
            all_parties: fact(self.all_parties),
            all_identified: fact(self.all_identified),
            policy_age_us: self.policy_age_us.unwrap_or(0),
            policy_ttl_us: self.policy_ttl_us.unwrap_or(0),
            recording_state: self.recording_state.map_or(0, RecordingState::raw),
            retention_until_us: micros(self.retention_until),
            n_subjects: self.speakers.len() as u32,
            ..Default::default()
        };
        if self.speakers.len() > raw.subjects.len() {
            return Err(Error::new(Status::Limit, "more than 16 speakers"));
        }
        for (subject, speaker) in raw.subjects.iter_mut().zip(&self.speakers) {
            *subject = sys::vpriv_decision_subject {
                subject_class: speaker.class.map_or(0, SubjectClass::raw),
                state: speaker.state.map_or(0, ConsentState::raw),
                valid_until_us: micros(speaker.valid_until),
                uses_known: fact(speaker.uses_left.map(|_| true)),
                uses_left: speaker.uses_left.unwrap_or(0),
                notice_current: fact(speaker.notice_current),
                recipient_named: fact(speaker.recipient_named),
                has_grant_key: fact(speaker.has_grant_key),
                child_rule_holds: fact(speaker.child_rule_holds),
                form_suffices: fact(speaker.form_suffices),
            };
        }
        ffi::consent::decide(&raw).map(DenyReasons::from_bits)
    }
}
