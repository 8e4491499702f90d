//! Looking after a vault: moving its root key, backups, and what is left of a damaged one.

use crate::ffi;
use crate::ffi::callback::Flow;
use crate::macros::FromC;
use crate::vault::VaultOptions;
use crate::{Keyring, Request, Result, RootStore, Unfinished, Vault};
use std::path::Path;

c_enum! {
    /// What a backup is worth with the root store at hand.
    BackupState: vpriv_backup_state {
        /// Opens everything that was alive when it was made.
        Current = VPRIV_BACKUP_CURRENT,
        /// Something was destroyed since: opens for nothing, for good.
        Outdated = VPRIV_BACKUP_OUTDATED,
        /// The root store is the older one: it was put back.
        Ahead = VPRIV_BACKUP_AHEAD,
        /// The root store is another vault's.
        OtherVault = VPRIV_BACKUP_OTHER_VAULT,
        /// The root store is empty.
        NoRoot = VPRIV_BACKUP_NO_ROOT,
    }
    /// Of a newer library.
    else Other
}

record! {
    /// What there is to know about a backup without opening it.
    BackupInfo from vpriv_backup_info {
        /// What it is worth.
        state: BackupState,
        /// Of the backup.
        vault_id: [u8; 16],
        /// Of the root that the backup belongs to.
        generation: u64,
        /// Of the root in the store; 0 without one.
        root_generation: u64,
        /// Of the file.
        bytes: u64 = n_bytes,
    }
}

record! {
    /// What a salvage came to.
    SalvageReport from vpriv_salvage_report {
        /// Things that are wrong, each with its place in damage.json.
        damages: u64 = n_damages,
        /// Recordings written from the first sample to the last.
        whole: u64 = n_whole,
        /// Written with gaps where blocks are lost.
        partial: u64 = n_partial,
        /// Of which nothing opens, or for which consent cannot be decided any more.
        lost: u64 = n_lost,
        /// That are not open for the purpose.
        closed: u64 = n_closed,
        /// In those written with gaps, in frames at 48 kHz.
        lost_frames_48k: u64 = n_lost_frames_48k,
    }
}

/// Storage. `progress` gets bytes done and in all (0: not known yet); a break stops with
/// [`Status::Cancelled`](crate::Status::Cancelled).
impl Vault {
    /// Moves the root key to another store, which has to be empty. Gives the old store, which is empty then.
    /// After a failure the vault keeps both until it is closed; the text says which is in force.
    pub fn move_root(&self, to: RootStore, actor: &str) -> Result<Option<RootStore>> {
        let old = ffi::storage::move_root(&self.0, to.into_handle(), actor)?;
        Ok(old.map(RootStore::from_handle))
    }

    /// Copies the vault while it is in use; ciphertext only. `replace`: in the place of an older backup of this
    /// vault.
    pub fn backup(
        &self,
        path: impl AsRef<Path>,
        replace: bool,
        mut progress: impl FnMut(u64, u64) -> Flow,
    ) -> Result<()> {
        ffi::storage::backup(&self.0, path.as_ref(), replace, &mut progress)
    }
}

/// Says whether a backup is of use. Nothing is written.
pub fn check_backup(path: impl AsRef<Path>, root: &mut RootStore) -> Result<BackupInfo> {
    ffi::storage::backup_check(path.as_ref(), root.handle_mut()).map(|info| BackupInfo::from_c(&info))
}

/// Verifies a backup and puts it in place. `replace`: of a vault file that is there, which nobody may have open.
pub fn restore_backup(
    path: impl AsRef<Path>,
    root: &mut RootStore,
    vault: impl AsRef<Path>,
    replace: bool,
    mut progress: impl FnMut(u64, u64) -> Flow,
) -> Result<()> {
    ffi::storage::backup_restore(path.as_ref(), root.handle_mut(), vault.as_ref(), replace, &mut progress)
}

/// Gets out of a damaged vault file what is not damaged, into a folder: what the gate would open for the
/// request's purpose, as Ogg Opus, and a list of the damage. The sound is there in the clear.
pub fn salvage(
    path: impl AsRef<Path>,
    root: &mut RootStore,
    keyring: &Keyring,
    options: &VaultOptions,
    request: &Request,
    folder: impl AsRef<Path>,
    mut progress: impl FnMut(u64, u64) -> Flow,
) -> std::result::Result<SalvageReport, Unfinished<SalvageReport>> {
    let what = ffi::storage::Salvage {
        file: path.as_ref(),
        root: root.handle_mut(),
        keyring: &keyring.0,
        options,
        request,
        folder: folder.as_ref(),
    };
    ffi::storage::salvage(what, &mut progress)
        .map(|report| SalvageReport::from_c(&report))
        .map_err(|(error, report)| Unfinished { error, report: Box::new(SalvageReport::from_c(&report)) })
}
