//! Moving the root key, backups, checkpoints kept elsewhere, disk space, and what is left of a damaged vault.

use crate::ffi::base::{c, path, reported, text, Reported, Sized_};
use crate::ffi::callback::{on_progress, Call, Progress};
use crate::ffi::gate::RawRequest;
use crate::ffi::handle::{KeyringHandle, RootHandle, VaultHandle};
use crate::ffi::vault::RawOptions;
use crate::gate::Request;
use crate::vault::VaultOptions;
use crate::{sys, Result, Status};
use std::path::Path;

/// Gives the old store. After a failure the vault keeps both: which of them is in force is in the error's text.
pub(crate) fn move_root(vault: &VaultHandle, to: RootHandle, actor: &str) -> Result<Option<RootHandle>> {
    let actor = text(actor)?;
    let pointer = vault.get()?;
    let mut roots = vault.roots();
    let moved = c!(vpriv_vault_move_root(pointer, to.get()?, actor.as_ptr()));
    match moved {
        Ok(()) => {
            let old = roots.pop();
            roots.push(to);
            Ok(old)
        }
        Err(error) => {
            roots.insert(0, to);
            Err(error)
        }
    }
}

pub(crate) fn backup(vault: &VaultHandle, file: &Path, replace: bool, progress: Progress<'_>) -> Result<()> {
    let file = path(file)?;
    let pointer = vault.get()?;
    let mut call = Call::new(progress);
    // SAFETY: see ffi/mod.rs.
    let status = unsafe {
        sys::vpriv_vault_backup(pointer, file.as_ptr(), flags(replace), Some(on_progress), call.user())
    };
    call.finish(status)
}

fn flags(replace: bool) -> u32 {
    if replace {
        sys::VPRIV_STORAGE_REPLACE
    } else {
        0
    }
}

/// What it is worth; that it is worth nothing is no failure here.
pub(crate) fn backup_check(file: &Path, root: &mut RootHandle) -> Result<sys::vpriv_backup_info> {
    let file = path(file)?;
    let mut info: sys::vpriv_backup_info = Sized_::sized();
    let result = c!(vpriv_backup_check(file.as_ptr(), root.get()?, &mut info));
    match result {
        Err(error) if info.state == 0 || ![Status::Rollback, Status::Root].contains(&error.status()) => {
            Err(error)
        }
        _ => Ok(info),
    }
}

pub(crate) fn backup_restore(
    file: &Path,
    root: &mut RootHandle,
    vault: &Path,
    replace: bool,
    progress: Progress<'_>,
) -> Result<()> {
    let (file, vault) = (path(file)?, path(vault)?);
    let root = root.get()?;
    let mut call = Call::new(progress);
    // SAFETY: see ffi/mod.rs.
    let status = unsafe {
        sys::vpriv_backup_restore(
            file.as_ptr(),
            root,
            vault.as_ptr(),
            flags(replace),
            Some(on_progress),
            call.user(),
        )
    };
    call.finish(status)
}

pub(crate) fn verify_checkpoint(vault: &VaultHandle, note: &[u8]) -> Result<u64> {
    let mut size = 0;
    c!(vpriv_vault_verify_checkpoint(vault.get()?, note.as_ptr().cast(), note.len(), &mut size))?;
    Ok(size)
}

pub(crate) fn space(vault: &VaultHandle) -> Result<sys::vpriv_space> {
    let mut space = Sized_::sized();
    c!(vpriv_vault_space(vault.get()?, &mut space))?;
    Ok(space)
}

/// What a salvage takes.
pub(crate) struct Salvage<'a> {
    pub(crate) file: &'a Path,
    pub(crate) root: &'a mut RootHandle,
    pub(crate) keyring: &'a KeyringHandle,
    pub(crate) options: &'a VaultOptions,
    pub(crate) request: &'a Request,
    pub(crate) folder: &'a Path,
}

pub(crate) fn salvage(what: Salvage<'_>, progress: Progress<'_>) -> Reported<sys::vpriv_salvage_report> {
    reported(|report| {
        let (file, folder) = (path(what.file)?, path(what.folder)?);
        let (options, request) = (RawOptions::new(what.options)?, RawRequest::new(what.request)?);
        let (root, keyring) = (what.root.get()?, what.keyring.get()?);
        let mut call = Call::new(progress);
        // SAFETY: see ffi/mod.rs.
        let status = unsafe {
            sys::vpriv_vault_salvage(
                file.as_ptr(),
                root,
                keyring,
                &options.raw,
                &request.raw,
                folder.as_ptr(),
                Some(on_progress),
                call.user(),
                report,
            )
        };
        call.finish(status)
    })
}
