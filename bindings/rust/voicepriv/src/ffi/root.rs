//! Root stores and clocks.

use crate::ffi::base::{c, check, optional, path, pointer, text, Sized_};
use crate::ffi::guard::locked;
use crate::ffi::handle::RootHandle;
use crate::root::{Medium, PassphraseCost, RootRecord, TpmConfig};
use crate::secret::Passphrase;
use crate::{sys, Assurance, Error, RecoveryKey, Result, Status};
use std::os::raw::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::Path;
use std::ptr::{null, null_mut};
use std::sync::{Arc, Mutex};

/// A vendor's medium, behind a store's callbacks.
pub(crate) struct MediumState(Mutex<Box<dyn Medium>>);

fn opened(pointer: *mut sys::vpriv_root_store) -> RootHandle {
    RootHandle::new(pointer, None)
}

pub(crate) fn file_open(file: &Path) -> Result<RootHandle> {
    let file = path(file)?;
    let mut store = null_mut();
    c!(vpriv_root_file_open(file.as_ptr(), &mut store))?;
    Ok(opened(store))
}

fn cost_of(cost: &PassphraseCost) -> sys::vpriv_passphrase_cost {
    sys::vpriv_passphrase_cost { n_passes: cost.passes, memory_bytes: cost.memory_bytes, ..Sized_::sized() }
}

pub(crate) fn passphrase_open(
    file: &Path,
    words: &Passphrase,
    cost: Option<&PassphraseCost>,
) -> Result<RootHandle> {
    let file = path(file)?;
    let cost = cost.map(cost_of);
    let mut store = null_mut();
    c!(vpriv_root_passphrase_open(
        file.as_ptr(),
        words.expose().as_ptr().cast(),
        words.expose().len(),
        cost.as_ref().map_or(null(), |cost| cost as *const _),
        &mut store,
    ))?;
    Ok(opened(store))
}

pub(crate) fn recovery_open(file: &Path, key: &RecoveryKey) -> Result<RootHandle> {
    let file = path(file)?;
    let mut store = null_mut();
    c!(vpriv_root_recovery_open(file.as_ptr(), key.with_nul().as_ptr().cast(), &mut store))?;
    Ok(opened(store))
}

pub(crate) fn passphrase_change(
    store: &mut RootHandle,
    words: &Passphrase,
    cost: Option<&PassphraseCost>,
) -> Result<()> {
    let cost = cost.map(cost_of);
    c!(vpriv_root_passphrase_change(
        store.get()?,
        words.expose().as_ptr().cast(),
        words.expose().len(),
        cost.as_ref().map_or(null(), |cost| cost as *const _),
    ))
}

pub(crate) fn recovery_key(store: &mut RootHandle, words: &Passphrase) -> Result<RecoveryKey> {
    let mut key = RecoveryKey::empty();
    c!(vpriv_root_recovery_key(
        store.get()?,
        words.expose().as_ptr().cast(),
        words.expose().len(),
        key.buffer().as_mut_ptr().cast(),
    ))?;
    Ok(key)
}

pub(crate) fn kernel_open(name: &str) -> Result<RootHandle> {
    let name = text(name)?;
    let mut store = null_mut();
    c!(vpriv_root_kernel_open(name.as_ptr(), &mut store))?;
    Ok(opened(store))
}

pub(crate) fn tpm_open(config: &TpmConfig) -> Result<RootHandle> {
    let connection = optional(config.connection.as_deref())?;
    let auth = |value: &Option<Passphrase>| -> Result<Option<Passphrase>> {
        value.as_ref().map(Passphrase::to_c_text).transpose()
    };
    let (owner_auth, index_auth) = (auth(&config.owner_auth)?, auth(&config.auth)?);
    let start =
        |value: &Option<Passphrase>| value.as_ref().map_or(null(), |text| text.expose().as_ptr().cast());
    let raw = sys::vpriv_root_tpm_config {
        connection: pointer(&connection),
        index: config.index,
        pcrs: config.pcrs,
        owner_auth: start(&owner_auth),
        auth: start(&index_auth),
        ..Sized_::sized()
    };
    let mut store = null_mut();
    c!(vpriv_root_tpm_open(&raw, &mut store))?;
    Ok(opened(store))
}

/// C's number of a status that is said to be a failure, and then is one.
fn failure(status: Status) -> sys::vpriv_status {
    match status.code() {
        code if code < sys::VPRIV_OK => code,
        _ => sys::VPRIV_E_ROOT,
    }
}

/// Calls a medium: what it says, or that it failed when it panics.
unsafe fn on_medium(
    user: *mut c_void,
    call: impl FnOnce(&mut dyn Medium) -> Result<()>,
) -> sys::vpriv_status {
    let state = &*user.cast::<MediumState>();
    let answer = catch_unwind(AssertUnwindSafe(|| {
        locked(|| {
            let mut medium = state.0.lock().map_err(|_| Error::from(Status::Root))?;
            call(&mut **medium)
        })
    }));
    match answer {
        Ok(Ok(())) => sys::VPRIV_OK,
        Ok(Err(error)) => failure(error.status()),
        Err(_) => sys::VPRIV_E_ROOT,
    }
}

unsafe extern "C" fn on_load(user: *mut c_void, record_out: *mut u8) -> sys::vpriv_status {
    let record = &mut *record_out.cast::<[u8; RootRecord::BYTES]>();
    on_medium(user, |medium| medium.load(&mut RootRecord(record)))
}

unsafe extern "C" fn on_replace(user: *mut c_void, record: *const u8) -> sys::vpriv_status {
    // What is written to would be C's own; a copy that is wiped is handed out.
    let mut copy = crate::secret::Secret::<{ RootRecord::BYTES }>::zeros();
    copy.bytes_mut().copy_from_slice(&*record.cast::<[u8; RootRecord::BYTES]>());
    on_medium(user, |medium| medium.replace(&RootRecord(copy.bytes_mut())))
}

unsafe extern "C" fn on_destroy(user: *mut c_void) -> sys::vpriv_status {
    on_medium(user, |medium| medium.destroy())
}

pub(crate) fn medium_open(assurance: Assurance, medium: Box<dyn Medium>) -> Result<RootHandle> {
    let state = Arc::new(MediumState(Mutex::new(medium)));
    let callbacks = sys::vpriv_root_callbacks {
        assurance: assurance.raw(),
        load: Some(on_load),
        replace: Some(on_replace),
        destroy: Some(on_destroy),
        user: Arc::as_ptr(&state) as *mut c_void,
        ..Sized_::sized()
    };
    let mut store = null_mut();
    c!(vpriv_root_callbacks_open(&callbacks, &mut store))?;
    Ok(RootHandle::new(store, Some(state)))
}

pub(crate) fn assurance(store: &RootHandle) -> Result<sys::vpriv_assurance> {
    // SAFETY: an open store.
    Ok(unsafe { sys::vpriv_root_assurance(store.get()?) })
}

pub(crate) fn destroy(store: &mut RootHandle) -> Result<()> {
    let pointer = store.get()?;
    // SAFETY: an open store that no vault owns.
    check(unsafe { sys::vpriv_root_destroy(pointer) })
}

/// A clock for a vault.
pub(crate) struct Clock(pub(crate) Box<dyn Fn() -> crate::Time + Send + Sync>);

/// A clock that panics says nothing: the vault's time stands.
pub(super) unsafe extern "C" fn on_clock(user: *mut c_void) -> i64 {
    let clock = &*user.cast::<Clock>();
    catch_unwind(AssertUnwindSafe(|| locked(|| (clock.0)().as_micros()))).unwrap_or(i64::MIN)
}
