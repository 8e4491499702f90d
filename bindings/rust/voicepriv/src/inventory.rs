//! What a vault knows about whom: all of it, for the person; and all of it to take away.

use crate::ffi;
use crate::ffi::callback::Flow;
use crate::ffi::inventory::Part;
use crate::macros::FromC;
use crate::{
    sys, ConsentRecord, ConsentRecordId, DerivativeInfo, Keyring, LogEntry, NoticeRef, Pause, Purpose,
    Purposes, RecordingInfo, Request, Result, SubjectId, SubjectInfo, Time, TriggerKind, Unfinished, Vault,
    VaultInfo,
};
use std::io;
use std::path::Path;

record! {
    /// The vault itself, and who holds its keys. Comes first.
    InventoryVault from vpriv_inventory_vault {
        /// What it is and holds.
        about: VaultInfo,
        /// When the inventory was made.
        made: Time = made_us,
        /// What people call the controller.
        controller_name: String,
        /// Of its seat.
        controller_country: String,
        /// Such as "speaker".
        device_class: String,
        /// Triggers on trial, or left by a crash: nobody can open them.
        unconfirmed: u64 = n_unconfirmed,
        /// Purposes with a key pair.
        key_purposes: Purposes,
        /// A keyring was given.
        has_keyring: bool,
        /// Whose secret halves it holds.
        keyring_purposes: Purposes,
        /// Here and now.
        paused: Purposes,
    }
}

record! {
    /// One consent that a recording rests on.
    InventoryBasis from vpriv_inventory_basis {
        /// Whose.
        subject: SubjectId,
        /// For what.
        purpose: Purpose,
        /// Which record.
        record_id: ConsentRecordId,
        /// It was not taken under this one.
        is_later: bool,
    }
}

/// A recording. Of an erased one only id, state and who heard it are left.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InventoryRecording {
    /// What is known of it.
    pub info: RecordingInfo,
    /// Of sealed sound in the vault file.
    pub bytes: u64,
    /// Purposes the gate would open it for now.
    pub open_for: Purposes,
    /// By its terms, for each purpose it is wrapped for.
    pub until: Vec<(Purpose, Time)>,
    /// Consents that it rests on.
    pub bases: Vec<InventoryBasis>,
}

impl FromC<sys::vpriv_inventory_recording> for InventoryRecording {
    fn from_c(c: &sys::vpriv_inventory_recording) -> InventoryRecording {
        let until = |(i, &us): (usize, &i64)| {
            (us != 0).then(|| (Purpose::from_raw(i as sys::vpriv_purpose), Time::from_micros(us)))
        };
        InventoryRecording {
            info: FromC::from_c(&c.info),
            bytes: c.n_bytes,
            open_for: FromC::from_c(&c.open_for),
            until: c.until_us.iter().enumerate().filter_map(until).collect(),
            bases: c.bases.iter().take(c.n_bases).map(FromC::from_c).collect(),
        }
    }
}

record! {
    /// Triggers that came to nothing, of one kind on one day. A day may come in two parts.
    FalseWakes from vpriv_inventory_false_wakes {
        /// UTC midnight.
        day: Time = day_us,
        /// Which kind.
        trigger: TriggerKind,
        /// How many.
        count: u64 = n,
    }
}

/// One part of an inventory, in this order.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum InventoryPart {
    /// The vault itself.
    Vault(Box<InventoryVault>),
    /// A pause that is on or to come, anywhere.
    Pause(Pause),
    /// A notice with its exact text; whether it is in force.
    Notice(NoticeRef, String, bool),
    /// Somebody, followed by everything they said.
    Subject(SubjectInfo),
    /// Oldest first; whether nothing came after it about this purpose.
    Consent(Box<ConsentRecord>, bool),
    /// A recording, followed by what was made from it, and by everybody who opened one of these or was refused.
    Recording(Box<InventoryRecording>),
    /// In the order it was added; not what it says.
    Derivative(DerivativeInfo),
    /// Who opened it, with the number in the log.
    Access(u64, LogEntry),
    /// What the log has of things that are in no other part.
    Event(u64, LogEntry),
    /// Triggers that came to nothing.
    FalseWakes(FalseWakes),
}

impl InventoryPart {
    fn new(part: Part<'_>) -> InventoryPart {
        match part {
            Part::Vault(vault) => InventoryPart::Vault(Box::new(FromC::from_c(vault))),
            Part::Pause(pause) => InventoryPart::Pause(Pause::from_raw(pause)),
            Part::Notice(notice, text) => InventoryPart::Notice(
                FromC::from_c(&notice.ref_),
                String::from_utf8_lossy(text).into_owned(),
                notice.is_in_force,
            ),
            Part::Subject(subject) => InventoryPart::Subject(FromC::from_c(subject)),
            Part::Consent(record, is_latest) => {
                InventoryPart::Consent(Box::new(FromC::from_c(record)), is_latest)
            }
            Part::Recording(recording) => InventoryPart::Recording(Box::new(FromC::from_c(recording))),
            Part::Derivative(derivative) => InventoryPart::Derivative(FromC::from_c(derivative)),
            Part::Access(index, entry) => InventoryPart::Access(index, FromC::from_c(entry)),
            Part::Event(index, entry) => InventoryPart::Event(index, FromC::from_c(entry)),
            Part::FalseWakes(count) => InventoryPart::FalseWakes(FromC::from_c(count)),
        }
    }
}

record! {
    /// What a portability export came to.
    PortableReport from vpriv_portable_report {
        /// Recordings written by this call.
        written: u64 = n_written,
        /// That an earlier call had written already.
        kept: u64 = n_kept,
        /// That are not open for the purpose: in the inventory, without sound.
        closed: u64 = n_closed,
        /// That do not authenticate: in the inventory only.
        damaged: u64 = n_damaged,
        /// Files of an earlier call that may not be there any more.
        removed: u64 = n_removed,
        /// In the folder.
        receipts: u64 = n_receipts,
        /// In the folder.
        derivatives: u64 = n_derivatives,
        /// Made for other purposes, or not open: in the inventory only.
        derivatives_closed: u64 = n_derivatives_closed,
    }
}

/// Everything, for the person.
impl Vault {
    /// Walks through everything the vault knows; a break stops with
    /// [`Status::Cancelled`](crate::Status::Cancelled). Gives whether somebody changed the vault meanwhile.
    pub fn inventory(
        &self,
        keyring: Option<&Keyring>,
        mut each: impl FnMut(InventoryPart) -> Flow,
    ) -> Result<bool> {
        ffi::inventory::walk(&self.0, keyring.map(|keyring| &keyring.0), &mut |part| {
            each(InventoryPart::new(part))
        })
    }

    /// The same as one JSON document (`doc/inventory.md`). A document that is not whole does not parse.
    pub fn inventory_json(&self, keyring: Option<&Keyring>, mut writer: impl io::Write) -> Result<()> {
        ffi::inventory::json(&self.0, keyring.map(|keyring| &keyring.0), &mut writer)
    }

    /// Writes everything into a folder that any player and any JSON reader opens. Whoever has the folder can
    /// read it: it is not encrypted. `progress` gets recordings done and in all; after a break, a full disk or an
    /// interruption the same call goes on.
    pub fn export_portable(
        &self,
        keyring: &Keyring,
        request: &Request,
        folder: impl AsRef<Path>,
        mut progress: impl FnMut(u64, u64) -> Flow,
    ) -> std::result::Result<PortableReport, Unfinished<PortableReport>> {
        ffi::inventory::portable_export(&self.0, &keyring.0, request, folder.as_ref(), &mut progress)
            .map(|report| PortableReport::from_c(&report))
            .map_err(|(error, report)| Unfinished {
                error,
                report: Box::new(PortableReport::from_c(&report)),
            })
    }
}
