//! Changing who may open what is stored already.

use crate::ffi;
use crate::ffi::callback::Flow;
use crate::macros::FromC;
use crate::{Keyring, Purpose, Receipt, RecordingId, Result, SubjectClass, SubjectId, Unfinished, Vault};

record! {
    /// What became of a person's recordings; each of those looked at is counted once.
    PastReport from vpriv_past_report {
        /// Recordings the person speaks in.
        looked_at: u64 = n_looked_at,
        /// Open for the purpose by this call.
        opened: u64 = n_opened,
        /// Were open for it before.
        open_already: u64 = n_open_already,
        /// Began after the consent.
        later: u64 = n_later,
        /// Skipped: somebody else who speaks has no consent in force that covers it.
        other_speaker: u64 = n_other_speaker,
        /// Skipped: under a restriction.
        set_aside: u64 = n_set_aside,
        /// Skipped: its term, or that of the purpose, is over.
        over: u64 = n_over,
        /// Skipped: no purpose the keyring has keys of opens it now.
        no_key: u64 = n_no_key,
        /// Skipped: the purpose is refused for it for another reason.
        refused: u64 = n_refused,
        /// Skipped: it does not authenticate.
        damaged: u64 = n_damaged,
    }
}

/// A later consent that covers the past, and a speaker who was noticed afterwards.
impl Vault {
    /// Opens a person's earlier recordings for a purpose, by their consent that covers the past. `progress`
    /// gets how many of how many are done, before each step; what was done when it breaks stays done.
    pub fn apply_consent_to_past(
        &self,
        keyring: &Keyring,
        subject: SubjectId,
        purpose: Purpose,
        actor: &str,
        mut progress: impl FnMut(u64, u64) -> Flow,
    ) -> std::result::Result<PastReport, Unfinished<PastReport>> {
        ffi::people::consent_apply_to_past(
            &self.0,
            &keyring.0,
            subject.as_bytes(),
            purpose.raw(),
            actor,
            &mut progress,
        )
        .map(|report| PastReport::from_c(&report))
        .map_err(|(error, report)| Unfinished { error, report: Box::new(PastReport::from_c(&report)) })
    }

    /// Notes that somebody else speaks in a stored recording; `speaker` is a person of this vault, or what is
    /// known of somebody who is not. It stays open for those purposes only that this person allows too.
    pub fn add_speaker(
        &self,
        recording: RecordingId,
        speaker: std::result::Result<SubjectId, SubjectClass>,
        actor: &str,
        reason: Option<&str>,
    ) -> Result<Receipt> {
        let class = speaker.err().unwrap_or(SubjectClass::Unknown);
        let subject = speaker.as_ref().ok().map(SubjectId::as_bytes);
        ffi::people::recording_add_speaker(&self.0, recording.as_bytes(), subject, class.raw(), actor, reason)
            .map(Receipt)
    }
}
