//! Consent events of other surfaces (app, web page, voice, device), made offline and merged later.

use crate::ffi;
use crate::ffi::callback::Flow;
use crate::macros::FromC;
use crate::secret::Seed;
use crate::time::micros;
use crate::{
    sys, ConsentBy, ConsentEvent, ConsentMethod, ConsentRecord, ConsentRecordId, Error, PublicKey, Purpose,
    Result, Retention, Sha256, Status, SubjectId, Time, Vault,
};
use std::os::raw::c_char;

/// One event of a surface. Names of surfaces have letters, digits and `. _ / -` only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurfaceEvent {
    /// Who writes it.
    pub surface: String,
    /// Counts the events of this surface about this person, from 1.
    pub sequence: u64,
    /// Whole seconds.
    pub time: Time,
    /// About whom.
    pub subject: SubjectId,
    /// One that rests on consent.
    pub purpose: Purpose,
    /// What happened.
    pub event: ConsentEvent,
    /// Who said it.
    pub by: ConsentBy,
    /// How.
    pub method: ConsentMethod,
    /// Sha256 of what was shown; `None`: nothing, which is not for a yes.
    pub notice: Option<Sha256>,
    /// A version 4 UUID.
    pub record_id: ConsentRecordId,
    /// Whole seconds.
    pub valid_until: Option<Time>,
    /// How long it may be kept.
    pub retention: Retention,
    /// 0 is unlimited.
    pub max_uses: u32,
    /// What the surface knew of others: name and number of the latest event; by name, ascending, not the own one.
    pub seen: Vec<(String, u64)>,
}

fn put(text: &str, room: &mut [c_char]) -> Result<()> {
    if text.len() >= room.len() || text.contains('\0') {
        return Err(Error::new(Status::Argument, "a text is too long, or has a NUL in it"));
    }
    for (to, from) in room.iter_mut().zip(text.bytes()) {
        *to = from as c_char;
    }
    Ok(())
}

impl SurfaceEvent {
    /// Writes it as a line and signs it with the surface's Ed25519 key. It is checked first.
    pub fn sign(&self, seed: &Seed) -> Result<String> {
        let mut raw = sys::vpriv_surface_event {
            sequence: self.sequence,
            time_us: self.time.as_micros(),
            subject: *self.subject.as_bytes(),
            purpose: self.purpose.raw(),
            event: self.event.raw(),
            by: self.by.raw(),
            method: self.method.raw(),
            notice: self.notice.map_or([0; 32], |hash| *hash.as_bytes()),
            record_id: *self.record_id.as_bytes(),
            valid_until_us: micros(self.valid_until),
            max_uses: self.max_uses,
            n_seen: self.seen.len() as u32,
            ..Default::default()
        };
        put(&self.surface, &mut raw.surface)?;
        let retention = match self.retention {
            Retention::UntilErased => "until-erased".to_owned(),
            Retention::Hours(n) => format!("PT{n}H"),
            Retention::Days(n) => format!("P{n}D"),
            Retention::Months(n) => format!("P{n}M"),
            _ => return Err(Error::new(Status::Argument, "a consent to keeping has a term")),
        };
        put(&retention, &mut raw.retention)?;
        if self.seen.len() > raw.seen.len() {
            return Err(Error::new(Status::Limit, "more than 8 other surfaces"));
        }
        for (to, (name, sequence)) in raw.seen.iter_mut().zip(&self.seen) {
            put(name, &mut to.surface)?;
            to.sequence = *sequence;
        }
        ffi::people::surface_event_sign(&raw, seed)
    }

    /// Reads a line; `None` for the key does not check the signature.
    pub fn read(line: &str, key: Option<PublicKey>) -> Result<SurfaceEvent> {
        let raw = ffi::people::surface_event_read(line.as_bytes(), key.as_ref().map(PublicKey::as_bytes))?;
        let retention: String = FromC::from_c(&raw.retention);
        let notice = Sha256::from_bytes(raw.notice);
        Ok(SurfaceEvent {
            surface: FromC::from_c(&raw.surface),
            sequence: raw.sequence,
            time: FromC::from_c(&raw.time_us),
            subject: FromC::from_c(&raw.subject),
            purpose: FromC::from_c(&raw.purpose),
            event: FromC::from_c(&raw.event),
            by: FromC::from_c(&raw.by),
            method: FromC::from_c(&raw.method),
            notice: (!notice.is_none()).then_some(notice),
            record_id: FromC::from_c(&raw.record_id),
            valid_until: (raw.valid_until_us != 0).then(|| Time::from_micros(raw.valid_until_us)),
            retention: retention.parse()?,
            max_uses: raw.max_uses,
            seen: raw
                .seen
                .iter()
                .take(raw.n_seen as usize)
                .map(|seen| (FromC::from_c(&seen.surface), seen.sequence))
                .collect(),
        })
    }
}

record! {
    /// One surface that is trusted.
    SurfaceInfo from vpriv_surface_info {
        /// Its name.
        name: String,
        /// Its key.
        public_key: PublicKey,
    }
}

record! {
    /// What taking events in came to.
    SyncResult from vpriv_sync_result {
        /// Events that were not there.
        new: u64 = n_new,
        /// Events that were there already.
        known: u64 = n_known,
        /// Events about people who are not in this vault.
        skipped: u64 = n_skipped,
        /// Consents that changed.
        changed: u64 = n_changed,
        /// Consents where a yes waits for events that are missing before it.
        gaps: u64 = n_gaps,
        /// Consents where a surface used one number twice.
        forked: u64 = n_forked,
    }
}

/// Events of surfaces.
impl Vault {
    /// Trusts a surface: events that its key signed count from now on. A name keeps its key.
    pub fn trust_surface(&self, name: &str, key: PublicKey, actor: &str) -> Result<()> {
        ffi::people::surface_trust(&self.0, name, key.as_bytes(), actor)
    }

    /// Lists the surfaces that are trusted.
    pub fn surfaces(&self) -> Result<Vec<SurfaceInfo>> {
        let mut found = Vec::new();
        ffi::people::surface_list(&self.0, &mut |info| {
            found.push(SurfaceInfo::from_c(info));
            Flow::Continue(())
        })?;
        Ok(found)
    }

    /// Takes in a file of events, one line each: all or nothing. Gives what it came to, and the record of each
    /// consent that changed.
    pub fn sync_consents(&self, lines: &str) -> Result<(SyncResult, Vec<ConsentRecord>)> {
        let mut changed = Vec::new();
        let result = ffi::people::consent_sync(&self.0, lines.as_bytes(), &mut |record| {
            changed.push(ConsentRecord::from_c(record));
            Flow::Continue(())
        })?;
        Ok((SyncResult::from_c(&result), changed))
    }

    /// Every event that the vault has, its own and those it took in, as lines for [`Vault::sync_consents`].
    pub fn export_consent_events(&self) -> Result<String> {
        let mut lines = Vec::new();
        ffi::people::consent_export_events(&self.0, &mut |line| {
            lines.extend_from_slice(line);
            Flow::Continue(())
        })?;
        String::from_utf8(lines).map_err(|_| Error::new(Status::Internal, "a line is not UTF-8"))
    }
}
