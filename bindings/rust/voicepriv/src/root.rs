//! Root stores: where the one key lives that everything in a vault hangs on.

use crate::ffi;
use crate::ffi::handle::RootHandle;
use crate::secret::{Passphrase, RecoveryKey};
use crate::{sys, Result};
use std::fmt;
use std::path::Path;

c_enum! {
    /// How well a root store forgets. Erasure receipts repeat it.
    Assurance: vpriv_assurance {
        /// A file: old copies of the medium may keep the old key.
        BestEffort = VPRIV_ASSURANCE_BEST_EFFORT,
        /// The medium really forgets: TPM, secure element, keystore.
        Keyed = VPRIV_ASSURANCE_KEYED,
    }
    /// Of a newer library.
    else Other
}

/// How much work a passphrase costs whoever tries one: Argon2id (RFC 9106), one lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassphraseCost {
    /// 1 to 1000; 0 is 3.
    pub passes: u32,
    /// Bytes: 8 KiB to 4 GiB; 0 is 64 MiB.
    pub memory_bytes: u64,
}

/// Where in a TPM 2.0 the root key is.
#[derive(Debug, Default)]
pub struct TpmConfig {
    /// `device:/dev/tpmrm0`, `swtpm:host=…,port=…`; `None` for the system's own.
    pub connection: Option<String>,
    /// Handle of the NV index, 0x01000000 to 0x01fffffe; 0 is 0x01500016.
    pub index: u32,
    /// Bit i: the key is bound to PCR i as it is when the vault is created; 0 for none.
    pub pcrs: u32,
    /// Of the owner hierarchy, needed to create and destroy.
    pub owner_auth: Option<Passphrase>,
    /// Of the index, needed whenever the key is read. With `pcrs` the index has none.
    pub auth: Option<Passphrase>,
}

/// The record that a root store keeps: vault id (16 bytes), generation (8), key (32). It is never printed.
pub struct RootRecord<'a>(pub(crate) &'a mut [u8; RootRecord::BYTES]);

impl RootRecord<'_> {
    /// How many bytes there are.
    pub const BYTES: usize = sys::VPRIV_ROOT_RECORD_BYTES as usize;

    /// The bytes, the root key among them. What is copied from here is yours to wipe.
    pub fn expose(&self) -> &[u8; RootRecord::BYTES] {
        self.0
    }

    /// Where [`Medium::load`] puts them: locked memory.
    pub fn expose_mut(&mut self) -> &mut [u8; RootRecord::BYTES] {
        self.0
    }
}

impl fmt::Debug for RootRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootRecord(..)")
    }
}

/// A vendor's own medium for the root record: a secure element, a keystore, a TPM by other means.
///
/// It is called on whichever thread uses the vault, with the vault's lock held: a call on a vault from
/// within it fails with [`Status::State`](crate::Status::State). One that panics has failed
/// ([`Status::Root`](crate::Status::Root)), now and from then on. One that gives an error has failed, also with a
/// status that is a success of C's.
pub trait Medium: Send {
    /// Reads the record; [`Status::NotFound`](crate::Status::NotFound) when the medium is empty. Another
    /// process may be replacing it: the old record or the new one is read, whole, and nothing is changed.
    fn load(&mut self, record: &mut RootRecord<'_>) -> Result<()>;

    /// Puts a record in place of the old one, atomically. `Ok` only when it will survive a power cut and the
    /// old one can no longer be read.
    fn replace(&mut self, record: &RootRecord<'_>) -> Result<()>;

    /// Forgets the record for good.
    fn destroy(&mut self) -> Result<()>;
}

/// Where a vault's root key lives. A vault takes it over, and gives it back when it is closed.
///
/// Dropping it closes it and wipes what it holds.
///
/// ```
/// use voicepriv::{Assurance, RootStore};
/// let root = RootStore::file("kitchen.root")?; // the file appears with the vault
/// assert_eq!(root.assurance()?, Assurance::BestEffort);
/// # Ok::<(), voicepriv::Error>(())
/// ```
pub struct RootStore(RootHandle);

impl RootStore {
    /// A key file of mode 0600. It need not exist until a vault is created with it.
    pub fn file(path: impl AsRef<Path>) -> Result<RootStore> {
        ffi::root::file_open(path.as_ref()).map(RootStore)
    }

    /// A key file that only a passphrase opens, or a recovery key. `cost` counts for a new file.
    pub fn passphrase(
        path: impl AsRef<Path>,
        words: &Passphrase,
        cost: Option<PassphraseCost>,
    ) -> Result<RootStore> {
        ffi::root::passphrase_open(path.as_ref(), words, cost.as_ref()).map(RootStore)
    }

    /// Such a file when the passphrase is forgotten. Then set a new one.
    pub fn recover(path: impl AsRef<Path>, key: &RecoveryKey) -> Result<RootStore> {
        ffi::root::recovery_open(path.as_ref(), key).map(RootStore)
    }

    /// The kernel's key retention service: the key is in the kernel's memory only, until the next restart.
    pub fn kernel(name: &str) -> Result<RootStore> {
        ffi::root::kernel_open(name).map(RootStore)
    }

    /// A TPM 2.0.
    pub fn tpm(config: &TpmConfig) -> Result<RootStore> {
        ffi::root::tpm_open(config).map(RootStore)
    }

    /// A medium of your own. Say [`Assurance::Keyed`] only when it really forgets.
    pub fn medium(assurance: Assurance, medium: impl Medium + 'static) -> Result<RootStore> {
        ffi::root::medium_open(assurance, Box::new(medium)).map(RootStore)
    }

    /// How well the store forgets.
    pub fn assurance(&self) -> Result<Assurance> {
        ffi::root::assurance(&self.0).map(Assurance::from_raw)
    }

    /// Puts a new passphrase in place of the old one. The recovery key, if there is one, stays good.
    pub fn change_passphrase(&mut self, words: &Passphrase, cost: Option<PassphraseCost>) -> Result<()> {
        ffi::root::passphrase_change(&mut self.0, words, cost.as_ref())
    }

    /// Makes a recovery key; takes the present passphrase. An earlier one is worth nothing from then on.
    pub fn make_recovery_key(&mut self, words: &Passphrase) -> Result<RecoveryKey> {
        ffi::root::recovery_key(&mut self.0, words)
    }

    /// Forgets the root key for good: everything in the vault becomes noise. There is no way back.
    /// The store is empty then.
    pub fn destroy(&mut self) -> Result<()> {
        ffi::root::destroy(&mut self.0)
    }

    pub(crate) fn into_handle(self) -> RootHandle {
        self.0
    }

    pub(crate) fn from_handle(handle: RootHandle) -> RootStore {
        RootStore(handle)
    }

    pub(crate) fn handle_mut(&mut self) -> &mut RootHandle {
        &mut self.0
    }
}

impl fmt::Debug for RootStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootStore").field("assurance", &self.assurance().ok()).finish_non_exhaustive()
    }
}
