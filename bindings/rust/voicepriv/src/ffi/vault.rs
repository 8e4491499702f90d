//! Vaults: opening them, what is in them, and making them forget.

use crate::ffi::base::{c, filled, name_of, optional, path, pointer, text, value_of, Sized_};
use crate::ffi::callback::{on_indexed, on_item, Call, Each, Flow};
use crate::ffi::handle::{KeyringHandle, RootHandle, VaultHandle};
use crate::ffi::root::{on_clock, Clock};
use crate::vault::VaultOptions;
use crate::{sys, Error, Result, Status};
use std::ffi::{CStr, CString};
use std::os::raw::{c_char, c_void};
use std::path::Path;
use std::ptr::{null, null_mut};
use std::sync::Arc;

name_of!(trigger_name, vpriv_trigger_name, sys::vpriv_trigger_kind);
value_of!(trigger_from_name, vpriv_trigger_from_name, sys::vpriv_trigger_kind);
name_of!(end_reason_name, vpriv_end_reason_name, sys::vpriv_end_reason);
value_of!(retention_from_name, vpriv_retention_from_name, sys::vpriv_retention);

pub(crate) fn retention_name(retention: sys::vpriv_retention) -> String {
    let mut name = [0u8; sys::VPRIV_RETENTION_BYTES as usize];
    // SAFETY: there is room for the longest name.
    unsafe { sys::vpriv_retention_name(retention, name.as_mut_ptr().cast()) };
    filled(&name)
}

/// Options as C takes them, with what they point to.
pub(super) struct RawOptions {
    pub(super) raw: sys::vpriv_vault_options,
    clock: Option<Arc<Clock>>,
    _texts: Vec<CString>,
    _authority: Option<Box<[u8; 32]>>,
}

impl RawOptions {
    pub(super) fn new(options: &VaultOptions) -> Result<RawOptions> {
        let mut texts = Vec::new();
        let mut keep = |value: &Option<String>| -> Result<*const c_char> {
            match value {
                None => Ok(null()),
                Some(value) => {
                    texts.push(text(value)?);
                    Ok(texts[texts.len() - 1].as_ptr())
                }
            }
        };
        let keyring_path = match &options.keyring_path {
            None => None,
            Some(name) => Some(path(name)?),
        };
        let authority = options.authority.map(Box::new);
        let raw = sys::vpriv_vault_options {
            controller_id: keep(&options.controller_id)?,
            controller_name: keep(&options.controller_name)?,
            controller_country: keep(&options.controller_country)?,
            jurisdiction: keep(&options.jurisdiction)?,
            device_class: keep(&options.device_class)?,
            authority: authority.as_ref().map_or(null(), |key| key.as_ptr()),
            reserve_bytes: options.reserve_bytes,
            clock: options.clock.as_ref().map(|_| on_clock as unsafe extern "C" fn(*mut c_void) -> i64),
            clock_user: options.clock.as_ref().map_or(null_mut(), |clock| Arc::as_ptr(clock) as *mut c_void),
            keyring_path: keyring_path.as_ref().map_or(null(), |name| name.as_ptr()),
            ..Sized_::sized()
        };
        texts.extend(keyring_path);
        Ok(RawOptions { raw, clock: options.clock.clone(), _texts: texts, _authority: authority })
    }
}

pub(crate) fn create(
    file: &Path,
    root: RootHandle,
    options: &VaultOptions,
) -> Result<(VaultHandle, KeyringHandle)> {
    let file = path(file)?;
    let options = RawOptions::new(options)?;
    let (mut keyring, mut vault) = (null_mut(), null_mut());
    c!(vpriv_vault_create(file.as_ptr(), root.get()?, &options.raw, &mut keyring, &mut vault))?;
    Ok((VaultHandle::new(vault, Some(root), options.clock), KeyringHandle::new(keyring)))
}

pub(crate) fn open(file: &Path, root: RootHandle, options: &VaultOptions) -> Result<VaultHandle> {
    let file = path(file)?;
    let options = RawOptions::new(options)?;
    let mut vault = null_mut();
    c!(vpriv_vault_open(file.as_ptr(), root.get()?, &options.raw, &mut vault))?;
    Ok(VaultHandle::new(vault, Some(root), options.clock))
}

pub(crate) fn open_for_capture(
    file: &Path,
    credential: &KeyringHandle,
    options: &VaultOptions,
) -> Result<VaultHandle> {
    let file = path(file)?;
    let options = RawOptions::new(options)?;
    let mut vault = null_mut();
    c!(vpriv_vault_open_for_capture(file.as_ptr(), credential.get()?, &options.raw, &mut vault))?;
    Ok(VaultHandle::new(vault, None, options.clock))
}

pub(crate) fn capture_credential(vault: &VaultHandle) -> Result<KeyringHandle> {
    let mut keyring = null_mut();
    c!(vpriv_vault_capture_credential(vault.get()?, &mut keyring))?;
    Ok(KeyringHandle::new(keyring))
}

pub(crate) fn about(vault: &VaultHandle) -> Result<sys::vpriv_vault_info> {
    let mut info = Sized_::sized();
    c!(vpriv_vault_about(vault.get()?, &mut info))?;
    Ok(info)
}

pub(crate) fn recording_list(
    vault: &VaultHandle,
    subject: Option<&[u8; 16]>,
    bounds: (i64, i64),
    with_tombstones: bool,
    each: Each<'_, sys::vpriv_recording_info>,
) -> Result<()> {
    let filter = sys::vpriv_recording_filter {
        subject: subject.map_or(null(), |id| id.as_ptr()),
        since_us: bounds.0,
        until_us: bounds.1,
        with_tombstones,
        ..Sized_::sized()
    };
    let pointer = vault.get()?;
    let mut call = Call::new(each);
    // SAFETY: see ffi/mod.rs.
    let status = unsafe { sys::vpriv_recording_list(pointer, &filter, Some(on_item), call.user()) };
    call.finish(status)
}

pub(crate) fn recording_about(vault: &VaultHandle, id: &[u8; 16]) -> Result<sys::vpriv_recording_info> {
    let id = sys::vpriv_recording_id { bytes: *id };
    let mut info = Sized_::sized();
    c!(vpriv_recording_about(vault.get()?, &id, &mut info))?;
    Ok(info)
}

pub(super) fn raw_ids(ids: &[[u8; 16]]) -> Vec<sys::vpriv_recording_id> {
    ids.iter().map(|&bytes| sys::vpriv_recording_id { bytes }).collect()
}

pub(crate) fn erase(vault: &VaultHandle, ids: &[[u8; 16]]) -> Result<sys::vpriv_receipt> {
    let ids = raw_ids(ids);
    let mut receipt = Sized_::sized();
    c!(vpriv_vault_erase(vault.get()?, ids.as_ptr(), ids.len(), &mut receipt))?;
    Ok(receipt)
}

pub(crate) fn erase_before(vault: &VaultHandle, before_us: i64) -> Result<sys::vpriv_receipt> {
    let mut receipt = Sized_::sized();
    c!(vpriv_vault_erase_before(vault.get()?, before_us, &mut receipt))?;
    Ok(receipt)
}

pub(crate) fn erase_between(vault: &VaultHandle, since_us: i64, until_us: i64) -> Result<sys::vpriv_receipt> {
    let mut receipt = Sized_::sized();
    c!(vpriv_vault_erase_between(vault.get()?, since_us, until_us, &mut receipt))?;
    Ok(receipt)
}

pub(crate) fn tidy(vault: &VaultHandle, n_steps: u32) -> Result<u64> {
    let mut n_left = 0;
    c!(vpriv_vault_tidy(vault.get()?, n_steps, &mut n_left))?;
    Ok(n_left)
}

unsafe extern "C" fn on_finding(user: *mut c_void, finding: *const c_char) {
    super::callback::run(user, (), |findings: &mut Vec<String>| {
        findings.push(CStr::from_ptr(finding).to_string_lossy().into_owned());
    });
}

/// What was looked at, and what was found; findings are no failure here.
pub(crate) fn verify(
    vault: &VaultHandle,
    keyring: Option<&KeyringHandle>,
) -> Result<(sys::vpriv_verification, Vec<String>)> {
    let keyring = keyring.map_or(Ok(null_mut()), |keyring| keyring.get())?;
    let pointer = vault.get()?;
    let mut verification: sys::vpriv_verification = Sized_::sized();
    let mut call = Call::new(Vec::<String>::new());
    // SAFETY: see ffi/mod.rs.
    let status = unsafe {
        sys::vpriv_vault_verify(pointer, keyring, Some(on_finding), call.user(), &mut verification)
    };
    let findings = std::mem::take(&mut call.f);
    match call.finish(status) {
        Err(error) if error.status() != Status::Authentication || findings.is_empty() => Err(error),
        _ => Ok((verification, findings)),
    }
}

pub(crate) fn checkpoint(vault: &VaultHandle) -> Result<String> {
    let mut checkpoint = sys::vpriv_log_checkpoint::default();
    c!(vpriv_vault_checkpoint(vault.get()?, &mut checkpoint))?;
    Ok(crate::macros::FromC::from_c(&checkpoint.text))
}

pub(crate) fn log_origin(vault: &VaultHandle) -> Result<String> {
    let mut origin = [0u8; sys::VPRIV_LOG_ORIGIN_BYTES as usize];
    c!(vpriv_vault_log_origin(vault.get()?, origin.as_mut_ptr().cast()))?;
    Ok(filled(&origin))
}

/// Something that gets entries of the log with their numbers.
pub(crate) type EachEntry<'a> = &'a mut dyn FnMut(u64, &sys::vpriv_log_entry) -> Flow;

pub(crate) fn log(vault: &VaultHandle, first: u64, each: EachEntry<'_>) -> Result<()> {
    let pointer = vault.get()?;
    let mut call = Call::new(each);
    // SAFETY: see ffi/mod.rs.
    let status = unsafe { sys::vpriv_vault_log(pointer, first, Some(on_indexed), call.user()) };
    call.finish(status)
}

const PROOF_BYTES: usize = (sys::VPRIV_LOG_PROOF_HASHES_MAX * sys::VPRIV_LOG_HASH_BYTES) as usize;

fn hashes(proof: &[u8], n_hashes: usize) -> Vec<[u8; 32]> {
    let hash = |bytes: &[u8]| bytes.try_into().expect("32 bytes each");
    proof.chunks_exact(32).take(n_hashes).map(hash).collect()
}

/// The leaf's hash and the proof.
pub(crate) fn prove_inclusion(
    vault: &VaultHandle,
    index: u64,
    size: u64,
) -> Result<([u8; 32], Vec<[u8; 32]>)> {
    let (mut leaf, mut proof, mut n_hashes) = ([0; 32], [0u8; PROOF_BYTES], 0);
    c!(vpriv_vault_prove_inclusion(
        vault.get()?,
        index,
        size,
        leaf.as_mut_ptr(),
        proof.as_mut_ptr(),
        &mut n_hashes
    ))?;
    Ok((leaf, hashes(&proof, n_hashes)))
}

pub(crate) fn prove_consistency(vault: &VaultHandle, size1: u64, size2: u64) -> Result<Vec<[u8; 32]>> {
    let (mut proof, mut n_hashes) = ([0u8; PROOF_BYTES], 0);
    c!(vpriv_vault_prove_consistency(vault.get()?, size1, size2, proof.as_mut_ptr(), &mut n_hashes))?;
    Ok(hashes(&proof, n_hashes))
}

pub(crate) fn retention_run(vault: &VaultHandle, most_ms: u32) -> Result<sys::vpriv_retention_report> {
    let mut report = Sized_::sized();
    c!(vpriv_retention_run(vault.get()?, most_ms, &mut report))?;
    Ok(report)
}

pub(crate) fn retention_trust_clock(vault: &VaultHandle, actor: &str) -> Result<()> {
    let actor = text(actor)?;
    c!(vpriv_retention_trust_clock(vault.get()?, actor.as_ptr()))
}

pub(crate) fn restrict(
    vault: &VaultHandle,
    ids: &[[u8; 16]],
    restriction: sys::vpriv_restriction,
    actor: &str,
    reason: Option<&str>,
) -> Result<()> {
    let (ids, actor, reason) = (raw_ids(ids), text(actor)?, optional(reason)?);
    c!(vpriv_recording_restrict(
        vault.get()?,
        ids.as_ptr(),
        ids.len(),
        restriction,
        actor.as_ptr(),
        pointer(&reason)
    ))
}

pub(crate) fn lift(vault: &VaultHandle, ids: &[[u8; 16]], actor: &str, reason: Option<&str>) -> Result<()> {
    let (ids, actor, reason) = (raw_ids(ids), text(actor)?, optional(reason)?);
    c!(vpriv_recording_lift(vault.get()?, ids.as_ptr(), ids.len(), actor.as_ptr(), pointer(&reason)))
}

/// Which recordings a purge takes.
pub(crate) struct Criteria<'a> {
    pub(crate) ids: &'a [[u8; 16]],
    pub(crate) subject: Option<&'a [u8; 16]>,
    pub(crate) since_us: i64,
    pub(crate) until_us: i64,
    pub(crate) window: u32,
}

impl Criteria<'_> {
    /// Calls with C's form of it.
    fn with<T>(&self, call: impl FnOnce(&sys::vpriv_purge_criteria) -> T) -> T {
        let ids = raw_ids(self.ids);
        call(&sys::vpriv_purge_criteria {
            recordings: if ids.is_empty() { null() } else { ids.as_ptr() },
            n_recordings: ids.len(),
            subject: self.subject.map_or(null(), |id| id.as_ptr()),
            since_us: self.since_us,
            until_us: self.until_us,
            window: self.window,
            ..Sized_::sized()
        })
    }
}

/// The report and the receipt; on failure the report comes with the error.
pub(crate) fn purge(
    vault: &VaultHandle,
    criteria: &Criteria<'_>,
    each: Each<'_, sys::vpriv_purge_report>,
) -> std::result::Result<(sys::vpriv_purge_report, sys::vpriv_receipt), (Error, sys::vpriv_purge_report)> {
    let mut report: sys::vpriv_purge_report = Sized_::sized();
    let mut receipt = Sized_::sized();
    let pointer = vault.get().map_err(|error| (error, report))?;
    let mut call = Call::new(each);
    // SAFETY: see ffi/mod.rs.
    let status = criteria.with(|raw| unsafe {
        sys::vpriv_purge(pointer, raw, Some(on_item), call.user(), &mut report, &mut receipt)
    });
    match call.finish(status) {
        Ok(()) => Ok((report, receipt)),
        Err(error) => Err((error, report)),
    }
}

pub(crate) fn purge_estimate(vault: &VaultHandle, criteria: &Criteria<'_>) -> Result<sys::vpriv_purge_cost> {
    let mut cost = Sized_::sized();
    let vault = vault.get()?;
    criteria.with(|raw| c!(vpriv_purge_estimate(vault, raw, &mut cost)))?;
    Ok(cost)
}
