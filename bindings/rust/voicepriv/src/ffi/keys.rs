//! Keyrings.

use crate::ffi::base::{c, path};
use crate::ffi::handle::KeyringHandle;
use crate::{sys, Result};
use std::path::Path;
use std::ptr::null_mut;

pub(crate) fn load(file: &Path) -> Result<KeyringHandle> {
    let file = path(file)?;
    let mut keyring = null_mut();
    c!(vpriv_keyring_load(file.as_ptr(), &mut keyring))?;
    Ok(KeyringHandle::new(keyring))
}

pub(crate) fn save(keyring: &KeyringHandle, file: &Path) -> Result<()> {
    let file = path(file)?;
    c!(vpriv_keyring_save(keyring.get()?, file.as_ptr()))
}

pub(crate) fn split(keyring: &KeyringHandle, purposes: u32) -> Result<KeyringHandle> {
    let mut part = null_mut();
    c!(vpriv_keyring_split(keyring.get()?, purposes, &mut part))?;
    Ok(KeyringHandle::new(part))
}

pub(crate) fn purposes(keyring: &KeyringHandle) -> Result<u32> {
    // SAFETY: an open keyring.
    Ok(unsafe { sys::vpriv_keyring_purposes(keyring.get()?) })
}

pub(crate) fn is_capture_credential(keyring: &KeyringHandle) -> Result<bool> {
    // SAFETY: an open keyring.
    Ok(unsafe { sys::vpriv_keyring_is_capture_credential(keyring.get()?) })
}
