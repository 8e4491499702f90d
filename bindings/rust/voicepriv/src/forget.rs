//! Terms, restrictions, and erasing very many.

use crate::ffi;
use crate::ffi::callback::Flow;
use crate::macros::FromC;
use crate::time::{micros, milliseconds};
use crate::{Receipt, RecordingId, Restriction, Result, SubjectId, Time, Unfinished, Vault};
use std::time::Duration;

record! {
    /// What a run over the terms has done, and what is left.
    RetentionReport from vpriv_retention_report {
        /// Recordings whose keys were destroyed by this call.
        expired: u64 = n_expired,
        /// Recordings that lost a purpose whose own term is over.
        narrowed: u64 = n_narrowed,
        /// Consents that were over, whose keys were destroyed.
        consents: u64 = n_consents,
        /// Could not be looked at, because they are damaged or were changed; at the end an error.
        unread: u64 = n_unread,
        /// Nothing more is due now, or it is held.
        is_done: bool,
        /// The clock jumped: nothing was destroyed.
        is_held: bool,
        /// When the next term runs out; [`Time::FOREVER`] is never.
        next_due: Time = next_due_us,
        /// When it is held: the earliest it goes on by itself.
        held_until: Time = held_until_us,
    }
}

/// Which recordings a purge takes: those that are named, or those that meet every criterion that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PurgeCriteria {
    /// Ids, and then no other criterion.
    pub recordings: Vec<RecordingId>,
    /// Who speaks in it.
    pub subject: Option<SubjectId>,
    /// Started at or after.
    pub since: Option<Time>,
    /// Started before; [`Time::FOREVER`] alone is every recording.
    pub until: Option<Time>,
    /// Recordings per replacement of the root key, up to 16,384; 0 is 1,024.
    pub window: u32,
}

impl PurgeCriteria {
    fn with<T>(&self, call: impl FnOnce(&ffi::vault::Criteria<'_>) -> T) -> T {
        call(&ffi::vault::Criteria {
            ids: &RecordingId::all(&self.recordings),
            subject: self.subject.as_ref().map(SubjectId::as_bytes),
            since_us: micros(self.since),
            until_us: micros(self.until),
            window: self.window,
        })
    }
}

record! {
    /// What a purge would cost the medium: on the high side, from what the vault holds now.
    PurgeCost from vpriv_purge_cost {
        /// Would be erased.
        recordings: u64 = n_recordings,
        /// Would stay, because of a legal hold.
        held: u64 = n_held,
        /// Of the root key, when the disk is not full.
        root_replacements: u64 = n_root_replacements,
        /// Of a TPM, if the root key is in one.
        nv_writes: u64 = n_nv_writes,
        /// Of 4,096 bytes that change, at most.
        pages: u64 = n_pages,
        /// Written to files, at most.
        bytes: u64 = n_bytes,
    }
}

record! {
    /// What a purge has done.
    PurgeReport from vpriv_purge_report {
        /// Erased for good.
        recordings: u64 = n_recordings,
        /// Met the criteria and stay, because of a legal hold.
        held: u64 = n_held,
        /// Stay: damaged, changed, or filed with a subject they do not name; at the end an error.
        unread: u64 = n_unread,
        /// So far.
        root_replacements: u64 = n_root_replacements,
        /// Everything that met the criteria was looked at.
        is_done: bool,
        /// The closure said so.
        is_cancelled: bool,
    }
}

/// Forgetting in time, and setting aside.
impl Vault {
    /// Destroys what has run out, oldest first. No new batch is begun after so long; zero does one.
    ///
    /// What is damaged keeps nothing else: when everything else is done, it is
    /// [`Authentication`](crate::Status::Authentication), and the text says how much could not be looked at.
    ///
    /// ```
    /// # let folder = voicepriv::doctest_folder("retention");
    /// # use voicepriv::*;
    /// # let (vault, _) = Vault::create(folder.join("v"), RootStore::file(folder.join("r"))?)?;
    /// let report = vault.run_retention(std::time::Duration::from_millis(20))?; // from the device's scheduler
    /// assert!(report.is_done && report.next_due == Time::FOREVER);
    /// # Ok::<(), voicepriv::Error>(())
    /// ```
    pub fn run_retention(&self, most: Duration) -> Result<RetentionReport> {
        ffi::vault::retention_run(&self.0, milliseconds(most)).map(|report| RetentionReport::from_c(&report))
    }

    /// Confirms that the clock is right: a run that was held goes on.
    pub fn trust_clock(&self, actor: &str) -> Result<()> {
        ffi::vault::retention_trust_clock(&self.0, actor)
    }

    /// Sets recordings aside, all or none: nobody opens them, and they do not expire.
    pub fn restrict(
        &self,
        recordings: &[RecordingId],
        restriction: Restriction,
        actor: &str,
        reason: Option<&str>,
    ) -> Result<()> {
        ffi::vault::restrict(&self.0, &RecordingId::all(recordings), restriction.raw(), actor, reason)
    }

    /// Ends a restriction, all or none.
    pub fn lift_restriction(
        &self,
        recordings: &[RecordingId],
        actor: &str,
        reason: Option<&str>,
    ) -> Result<()> {
        ffi::vault::lift(&self.0, &RecordingId::all(recordings), actor, reason)
    }

    /// Erases for good what meets the criteria, window by window. `each` gets what is final after each window; a
    /// break stops there. Gives a receipt for all windows together.
    pub fn purge(
        &self,
        criteria: &PurgeCriteria,
        mut each: impl FnMut(&PurgeReport) -> Flow,
    ) -> std::result::Result<(PurgeReport, Receipt), Unfinished<PurgeReport>> {
        criteria
            .with(|raw| ffi::vault::purge(&self.0, raw, &mut |report| each(&PurgeReport::from_c(report))))
            .map(|(report, receipt)| (PurgeReport::from_c(&report), Receipt(receipt)))
            .map_err(|(error, report)| Unfinished { error, report: Box::new(PurgeReport::from_c(&report)) })
    }

    /// Estimates what [`Vault::purge`] would cost; nothing is changed.
    pub fn estimate_purge(&self, criteria: &PurgeCriteria) -> Result<PurgeCost> {
        criteria.with(|raw| ffi::vault::purge_estimate(&self.0, raw)).map(|cost| PurgeCost::from_c(&cost))
    }
}
