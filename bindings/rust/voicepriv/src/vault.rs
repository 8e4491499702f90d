//! The encrypted local store: creating and opening it, what it holds, and making it forget.

use crate::ffi;
use crate::ffi::callback::Flow;
use crate::ffi::handle::VaultHandle;
use crate::ffi::root::Clock;
use crate::macros::FromC;
use crate::root::{Assurance, RootStore};
use crate::time::micros;
use crate::{
    sys, ConsentRecordId, EndReason, Error, Keyring, LogKind, PublicKey, Purposes, RecordingId,
    RecordingState, Restriction, Result, Retention, Sha256, Status, SubjectId, Time, TriggerKind,
};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How to make or open a vault. What is not set is the default; all but the clock counts at creation only.
#[derive(Clone, Default)]
pub struct VaultOptions {
    pub(crate) controller_id: Option<String>,
    pub(crate) controller_name: Option<String>,
    pub(crate) controller_country: Option<String>,
    pub(crate) jurisdiction: Option<String>,
    pub(crate) authority: Option<[u8; 32]>,
    pub(crate) device_class: Option<String>,
    pub(crate) reserve_bytes: u32,
    pub(crate) clock: Option<Arc<Clock>>,
    pub(crate) keyring_path: Option<PathBuf>,
}

impl VaultOptions {
    /// All defaults.
    pub fn new() -> VaultOptions {
        VaultOptions::default()
    }

    /// Who decides what recordings are for: id ("owner"), what people call it ("The owner of this device"), and
    /// the country of its seat, ISO 3166-1 ("ZZ": not said).
    pub fn controller(mut self, id: &str, name: &str, country: &str) -> VaultOptions {
        self.controller_id = Some(id.to_owned());
        self.controller_name = Some(name.to_owned());
        self.controller_country = Some(country.to_owned());
        self
    }

    /// Where the device is, as in ISO 3166: "DE", "US-CA". Without it nobody says: the strictest rules hold.
    pub fn jurisdiction(mut self, place: &str) -> VaultOptions {
        self.jurisdiction = Some(place.to_owned());
        self
    }

    /// Whose signed documents count.
    pub fn authority(mut self, key: PublicKey) -> VaultOptions {
        self.authority = Some(*key.as_bytes());
        self
    }

    /// "speaker", "wearable", …; "device".
    pub fn device_class(mut self, class: &str) -> VaultOptions {
        self.device_class = Some(class.to_owned());
        self
    }

    /// Where the keyring is saved, before the vault is one: a device that may lose power in between should give it.
    /// Without it the caller saves the keyring.
    pub fn keyring_path(mut self, path: impl AsRef<Path>) -> VaultOptions {
        self.keyring_path = Some(path.as_ref().to_owned());
        self
    }

    /// Disk kept aside for erasing, in bytes; 512 KiB is the least and the default.
    pub fn reserve_bytes(mut self, n: u32) -> VaultOptions {
        self.reserve_bytes = n;
        self
    }

    /// A clock instead of the system's, for tests and simulations. It runs with the vault's lock held: calls on
    /// a vault from within it fail. One that panics says nothing: the vault's time stands.
    pub fn clock(mut self, clock: impl Fn() -> Time + Send + Sync + 'static) -> VaultOptions {
        self.clock = Some(Arc::new(Clock(Box::new(clock))));
        self
    }
}

impl fmt::Debug for VaultOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultOptions")
            .field("controller_id", &self.controller_id)
            .field("jurisdiction", &self.jurisdiction)
            .field("device_class", &self.device_class)
            .finish_non_exhaustive()
    }
}

/// An open vault. Any threads may use it at the same time; calls take turns on a lock inside.
///
/// A clone is the same vault, not a copy of it. It is closed, and its keys are wiped, when the last clone and
/// the last recorder, reader and hub on it are dropped: the order of closing cannot be wrong.
///
/// ```
/// # let folder = voicepriv::doctest_folder("vault");
/// use voicepriv::{RootStore, SubjectClass, Vault};
/// let (vault, keyring) = Vault::create(folder.join("home.vault"), RootStore::file(folder.join("home.root"))?)?;
/// keyring.save(folder.join("home.keyring"))?; // now: the vault keeps only the public halves
/// let ada = vault.add_subject(SubjectClass::User, "Ada", None)?;
/// assert_eq!(vault.about()?.subjects, 1);
/// # drop(ada);
/// # Ok::<(), voicepriv::Error>(())
/// ```
///
/// What is closed cannot be used:
///
/// ```compile_fail,E0382
/// # use voicepriv::{RootStore, Vault};
/// let vault = Vault::open("home.vault", RootStore::file("home.root")?)?;
/// vault.close()?;
/// vault.about()?; // use of a moved value
/// # Ok::<(), voicepriv::Error>(())
/// ```
#[derive(Clone)]
pub struct Vault(pub(crate) Arc<VaultHandle>);

impl Vault {
    /// Makes a new vault with an empty root store. Gives the owner's keyring too, with every purpose's secret
    /// key: save it now, the vault keeps only the public halves. Cut off anywhere the call can be made again; a cut
    /// between it and saving leaves a vault whose recordings nobody will ever open, unless
    /// [`VaultOptions::keyring_path`] saved it.
    pub fn create(path: impl AsRef<Path>, root: RootStore) -> Result<(Vault, Keyring)> {
        Vault::create_with(path, root, &VaultOptions::new())
    }

    /// The same with options.
    pub fn create_with(
        path: impl AsRef<Path>,
        root: RootStore,
        options: &VaultOptions,
    ) -> Result<(Vault, Keyring)> {
        let (vault, keyring) = ffi::vault::create(path.as_ref(), root.into_handle(), options)?;
        Ok((Vault(Arc::new(vault)), Keyring(keyring)))
    }

    /// Opens a vault with its root store: to manage it, and, together with a keyring, to read.
    pub fn open(path: impl AsRef<Path>, root: RootStore) -> Result<Vault> {
        Vault::open_with(path, root, &VaultOptions::new())
    }

    /// The same with a clock.
    pub fn open_with(path: impl AsRef<Path>, root: RootStore, options: &VaultOptions) -> Result<Vault> {
        let vault = ffi::vault::open(path.as_ref(), root.into_handle(), options)?;
        Ok(Vault(Arc::new(vault)))
    }

    /// Opens a vault for recording only, with a capture credential and no root store.
    pub fn open_for_capture(path: impl AsRef<Path>, credential: &Keyring) -> Result<Vault> {
        Vault::open_for_capture_with(path, credential, &VaultOptions::new())
    }

    /// The same with a clock.
    pub fn open_for_capture_with(
        path: impl AsRef<Path>,
        credential: &Keyring,
        options: &VaultOptions,
    ) -> Result<Vault> {
        let vault = ffi::vault::open_for_capture(path.as_ref(), &credential.0, options)?;
        Ok(Vault(Arc::new(vault)))
    }

    /// Makes a capture credential for a recording process.
    pub fn capture_credential(&self) -> Result<Keyring> {
        ffi::vault::capture_credential(&self.0).map(Keyring)
    }

    /// Closes the vault now and gives its root store back, if it was opened with one. Dropping it closes it
    /// too.
    ///
    /// # Errors
    /// [`Status::State`] when a clone, recorder, reader or hub has it open still: it closes with the last.
    pub fn close(self) -> Result<Option<RootStore>> {
        match Arc::try_unwrap(self.0) {
            Ok(handle) => Ok(handle.close().map(RootStore::from_handle)),
            Err(_) => {
                Err(Error::new(Status::State, "a clone, recorder, reader or hub has the vault open still"))
            }
        }
    }

    /// What it is and holds.
    pub fn about(&self) -> Result<VaultInfo> {
        ffi::vault::about(&self.0).map(|info| VaultInfo::from_c(&info))
    }

    /// Lists recordings in the order they were started.
    pub fn recordings(&self, filter: &RecordingFilter) -> Result<Vec<RecordingInfo>> {
        let mut found = Vec::new();
        self.each_recording(filter, |info| {
            found.push(info);
            Flow::Continue(())
        })?;
        Ok(found)
    }

    /// The same one by one, for vaults with very many. The closure may use the vault.
    pub fn each_recording(
        &self,
        filter: &RecordingFilter,
        mut each: impl FnMut(RecordingInfo) -> Flow,
    ) -> Result<()> {
        let bounds = (micros(filter.since), micros(filter.until));
        let subject = filter.subject.as_ref().map(SubjectId::as_bytes);
        ffi::vault::recording_list(&self.0, subject, bounds, filter.with_tombstones, &mut |info| {
            each(RecordingInfo::from_c(info))
        })
    }

    /// Looks one recording up.
    pub fn recording(&self, id: RecordingId) -> Result<RecordingInfo> {
        ffi::vault::recording_about(&self.0, id.as_bytes()).map(|info| RecordingInfo::from_c(&info))
    }

    /// Erases recordings for good, all or none. When it returns, no old copy of the vault file together with
    /// every key that exists now opens them, as far as the root store can forget.
    pub fn erase(&self, recordings: &[RecordingId]) -> Result<Receipt> {
        ffi::vault::erase(&self.0, &RecordingId::all(recordings)).map(Receipt)
    }

    /// Erases everything that started before a moment, for good.
    pub fn erase_before(&self, before: Time) -> Result<Receipt> {
        ffi::vault::erase_before(&self.0, before.as_micros()).map(Receipt)
    }

    /// Erases everything that started within a time, a day for instance, for good.
    pub fn erase_between(&self, since: Time, until: Time) -> Result<Receipt> {
        ffi::vault::erase_between(&self.0, since.as_micros(), until.as_micros()).map(Receipt)
    }

    /// Does waiting housekeeping in at most so many small steps of a few milliseconds; gives how many are known
    /// to be waiting still.
    pub fn tidy(&self, steps: u32) -> Result<u64> {
        ffi::vault::tidy(&self.0, steps)
    }

    /// Checks every row, block, wrap and log leaf; blocks can be opened only with a keyring. Findings are no
    /// failure of the call: look at [`Verification::findings`].
    pub fn verify(&self, keyring: Option<&Keyring>) -> Result<Verification> {
        let (raw, findings) = ffi::vault::verify(&self.0, keyring.map(|keyring| &keyring.0))?;
        Ok(Verification { counts: FromC::from_c(&raw), findings })
    }

    /// How much disk space it takes.
    pub fn space(&self) -> Result<Space> {
        ffi::storage::space(&self.0).map(|space| Space::from_c(&space))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}

record! {
    /// What a vault is and holds.
    VaultInfo from vpriv_vault_info {
        /// Random.
        vault_id: [u8; 16],
        /// Of the root key; grows with every destruction.
        generation: u64,
        /// How well all that is kept can be forgotten: as the weakest root store that any of it lay under.
        assurance: Assurance,
        /// Recordings that are kept.
        recordings: u64 = n_recordings,
        /// Tombstones.
        erased: u64 = n_erased,
        /// People.
        subjects: u64 = n_subjects,
        /// Recordings taken by a capture process, not yet adopted.
        pending: u64 = n_pending,
        /// Leaves in the log.
        log_size: u64,
        /// Signs checkpoints and receipts.
        device_public_key: PublicKey,
        /// Who decides what recordings are for.
        controller_id: String,
        /// Where the device is, or "strict".
        jurisdiction: String,
        /// Opened with a capture credential; counts are then zero.
        for_capture_only: bool,
    }
}

/// Which recordings to list; by default all that are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordingFilter {
    /// Only those this person speaks in.
    pub subject: Option<SubjectId>,
    /// Started at or after.
    pub since: Option<Time>,
    /// Started before.
    pub until: Option<Time>,
    /// Also what was erased: id and state only.
    pub with_tombstones: bool,
}

/// What is known about a recording without opening its sound.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RecordingInfo {
    /// Its id.
    pub id: RecordingId,
    /// Where its life stands.
    pub state: RecordingState,
    /// Of the first frame kept.
    pub started: Time,
    /// [`Time::FOREVER`] without a term.
    pub expires: Time,
    /// Microseconds; 0 while unfinished.
    pub duration_us: u64,
    /// Why it ended.
    pub end_reason: EndReason,
    /// How long it is kept.
    pub retention: Retention,
    /// Why it is set aside, in state [`RecordingState::Restricted`].
    pub restriction: Restriction,
    /// What started it.
    pub trigger: TriggerKind,
    /// Of the wake-word engine, 0 when it gave none.
    pub trigger_score: f32,
    /// The wake word's id.
    pub wake_word: String,
    /// Of the device that heard it.
    pub device_class: String,
    /// Where it was taken.
    pub jurisdiction: String,
    /// Consented to and wrapped.
    pub purposes: Purposes,
    /// Who speaks in it; all zeros: somebody who is not known.
    pub subjects: Vec<SubjectId>,
    /// The last so many of them were added afterwards.
    pub added: u32,
    /// Of the stored Opus stream, in Hz.
    pub rate_hz: u32,
    /// Of the stored Opus stream.
    pub channels: u32,
}

impl FromC<sys::vpriv_recording_info> for RecordingInfo {
    fn from_c(c: &sys::vpriv_recording_info) -> RecordingInfo {
        RecordingInfo {
            id: FromC::from_c(&c.id),
            state: FromC::from_c(&c.state),
            started: FromC::from_c(&c.started_us),
            expires: FromC::from_c(&c.expires_us),
            duration_us: c.duration_us,
            end_reason: FromC::from_c(&c.end_reason),
            retention: FromC::from_c(&c.retention),
            restriction: FromC::from_c(&c.restriction),
            trigger: FromC::from_c(&c.trigger),
            trigger_score: c.trigger_score,
            wake_word: FromC::from_c(&c.wake_word),
            device_class: FromC::from_c(&c.device_class),
            jurisdiction: FromC::from_c(&c.jurisdiction),
            purposes: FromC::from_c(&c.purposes),
            subjects: c.subjects.iter().take(c.n_subjects as usize).map(FromC::from_c).collect(),
            added: c.n_added,
            rate_hz: c.rate_hz,
            channels: c.n_channels,
        }
    }
}

/// What was done, for the person; [`Vault::sign_receipt`] makes the form that anybody can check.
#[derive(Clone, Copy)]
pub struct Receipt(pub(crate) sys::vpriv_receipt);

impl Receipt {
    /// What happened.
    pub fn kind(&self) -> LogKind {
        LogKind::from_raw(self.0.kind)
    }

    /// When.
    pub fn time(&self) -> Time {
        Time::from_micros(self.0.time_us)
    }

    /// Erasure: how many recordings were made unreadable.
    pub fn recordings(&self) -> u64 {
        self.0.n_recordings
    }

    /// Erasure: how much that was made from recordings went with them.
    pub fn derivatives(&self) -> u64 {
        self.0.n_derivatives
    }

    /// Erasure: how many stay because of a legal hold.
    pub fn held(&self) -> u64 {
        self.0.n_held
    }

    /// Of the root key, before and after; it grows when keys were destroyed.
    pub fn generations(&self) -> (u64, u64) {
        (self.0.generation_before, self.0.generation_after)
    }

    /// How well it is forgotten: as the weakest root store that any of it ever lay under.
    pub fn assurance(&self) -> Assurance {
        Assurance::from_raw(self.0.assurance)
    }

    /// The leaf of the log that records it, and its hash.
    pub fn leaf(&self) -> (u64, Sha256) {
        (self.0.log_index, Sha256::from_bytes(self.0.leaf_hash))
    }

    /// Consent: the record made, and its hash.
    pub fn consent_record(&self) -> (ConsentRecordId, Sha256) {
        (ConsentRecordId::from_bytes(self.0.consent_record), Sha256::from_bytes(self.0.record_sha256))
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("kind", &self.kind())
            .field("time", &self.time())
            .field("recordings", &self.recordings())
            .field("generations", &self.generations())
            .field("leaf", &self.leaf())
            .finish_non_exhaustive()
    }
}

record! {
    /// What a verification looked at.
    VerificationCounts from vpriv_verification {
        /// Living keys in the key tree.
        keys: u64 = n_keys,
        /// Headers and wraps opened.
        recordings: u64 = n_recordings,
        /// Opened with the keyring, or counted without one.
        blocks: u64 = n_blocks,
        /// Opened.
        blocks_opened: u64 = n_blocks_opened,
        /// With the keyring: every wrap and block of them.
        recordings_opened: u64 = n_recordings_opened,
        /// With a keyring: no consent or key is left, or they are set aside.
        recordings_shut: u64 = n_recordings_shut,
        /// Whose place on the shelf was looked at.
        derivatives: u64 = n_derivatives,
        /// Opened with the keyring.
        derivative_blocks: u64 = n_derivative_blocks,
        /// Consent records.
        consents: u64 = n_consents,
        /// Leaves of the log.
        log_leaves: u64 = n_log_leaves,
        /// In the blocks opened: gaps of lost sound, in frames at 48 kHz.
        lost_frames_48k: u64 = n_lost_frames_48k,
        /// In the blocks opened: silence that was not encoded, in frames at 48 kHz.
        silent_frames_48k: u64 = n_silent_frames_48k,
    }
}

/// What a verification came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// What was looked at.
    pub counts: VerificationCounts,
    /// What is off, and where, in words. None: all is well.
    pub findings: Vec<String>,
}

record! {
    /// How much disk space a vault takes, in bytes.
    Space from vpriv_space {
        /// Of the vault file.
        file_bytes: u64,
        /// Of the write-ahead log beside it.
        log_bytes: u64,
        /// Of the vault file: pages that hold nothing.
        free_bytes: u64,
        /// Kept aside for erasing on a full disk; 0 while it is given up.
        reserve_bytes: u64,
        /// [`Vault::tidy`] makes the file smaller.
        can_shrink: bool,
    }
}
