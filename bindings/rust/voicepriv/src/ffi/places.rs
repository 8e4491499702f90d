//! Authorities, jurisdictions, pauses, policies, and the controller.

use crate::ffi::base::{c, optional, pointer, text, Sized_};
use crate::ffi::callback::{on_item, Call, Each};
use crate::ffi::handle::VaultHandle;
use crate::places::Pause;
use crate::secret::Seed;
use crate::{sys, Result};
use std::ffi::CStr;
use std::ptr::null;

pub(crate) fn authority_make() -> Result<(Seed, [u8; 32])> {
    let (mut seed, mut key) = (Seed::zeros(), [0; 32]);
    c!(vpriv_authority_make(seed.bytes_mut().as_mut_ptr(), key.as_mut_ptr()))?;
    Ok((seed, key))
}

pub(crate) fn authority_sign(kind: sys::vpriv_document_kind, json: &[u8], seed: &Seed) -> Result<[u8; 64]> {
    let mut signature = [0; 64];
    c!(vpriv_authority_sign(
        kind,
        json.as_ptr().cast(),
        json.len(),
        seed.expose().as_ptr(),
        signature.as_mut_ptr()
    ))?;
    Ok(signature)
}

pub(crate) fn authority_verify(
    kind: sys::vpriv_document_kind,
    json: &[u8],
    signature: &[u8; 64],
    key: &[u8; 32],
) -> Result<()> {
    c!(vpriv_authority_verify(kind, json.as_ptr().cast(), json.len(), signature.as_ptr(), key.as_ptr()))
}

pub(crate) fn profile_read(json: &[u8]) -> Result<sys::vpriv_profile_info> {
    let mut info = Sized_::sized();
    c!(vpriv_profile_read(json.as_ptr().cast(), json.len(), &mut info))?;
    Ok(info)
}

pub(crate) fn rules_strict() -> sys::vpriv_rules {
    // SAFETY: static rules.
    unsafe { *sys::vpriv_rules_strict() }
}

pub(crate) fn rules_keep_until(
    rules: &sys::vpriv_rules,
    purpose: sys::vpriv_purpose,
    started_us: i64,
) -> i64 {
    // SAFETY: see ffi/mod.rs.
    unsafe { sys::vpriv_rules_keep_until(rules, purpose, started_us) }
}

pub(crate) fn trust(vault: &VaultHandle, key: Option<&[u8; 32]>, actor: &str) -> Result<()> {
    let actor = text(actor)?;
    c!(vpriv_jurisdiction_trust(vault.get()?, key.map_or(null(), |key| key.as_ptr()), actor.as_ptr()))
}

pub(crate) fn install(vault: &VaultHandle, json: &[u8], signature: &[u8; 64], actor: &str) -> Result<()> {
    let actor = text(actor)?;
    c!(vpriv_jurisdiction_install(
        vault.get()?,
        json.as_ptr().cast(),
        json.len(),
        signature.as_ptr(),
        actor.as_ptr()
    ))
}

pub(crate) fn list(vault: &VaultHandle, each: Each<'_, sys::vpriv_profile_info>) -> Result<()> {
    let pointer = vault.get()?;
    let mut call = Call::new(each);
    // SAFETY: see ffi/mod.rs.
    let status = unsafe { sys::vpriv_jurisdiction_list(pointer, Some(on_item), call.user()) };
    call.finish(status)
}

pub(crate) fn set_device(vault: &VaultHandle, place: &str, actor: &str) -> Result<()> {
    let (place, actor) = (text(place)?, text(actor)?);
    c!(vpriv_jurisdiction_set_device(vault.get()?, place.as_ptr(), actor.as_ptr()))
}

pub(crate) fn rules(
    vault: &VaultHandle,
    place: Option<&str>,
    subject: Option<&[u8; 16]>,
) -> Result<sys::vpriv_rules> {
    let place = optional(place)?;
    let mut rules = Sized_::sized();
    c!(vpriv_jurisdiction_rules(
        vault.get()?,
        pointer(&place),
        subject.map_or(null(), |id| id.as_ptr()),
        &mut rules
    ))?;
    Ok(rules)
}

/// Calls with C's form of a pause.
fn with_pause(pause: &Pause, call: impl FnOnce(&sys::vpriv_pause) -> Result<()>) -> Result<()> {
    let (scope, actor, reason) = (
        optional(pause.scope.as_deref())?,
        optional(pause.actor.as_deref())?,
        optional(pause.reason.as_deref())?,
    );
    call(&sys::vpriv_pause {
        purposes: pause.purposes.checked_bits()?,
        where_: pointer(&scope),
        from_us: crate::time::micros(pause.from),
        until_us: crate::time::micros(pause.until),
        actor: pointer(&actor),
        reason: pointer(&reason),
        ..Sized_::sized()
    })
}

pub(crate) fn pause_begin(vault: &VaultHandle, pause: &Pause) -> Result<()> {
    let vault = vault.get()?;
    with_pause(pause, |pause| c!(vpriv_pause_begin(vault, pause)))
}

pub(crate) fn pause_end(vault: &VaultHandle, pause: &Pause) -> Result<()> {
    let vault = vault.get()?;
    with_pause(pause, |pause| c!(vpriv_pause_end(vault, pause)))
}

/// Reads a pause of C's while it lives: purposes, scope, from, until.
pub(crate) fn pause_of(raw: &sys::vpriv_pause) -> (u32, Option<String>, i64, i64) {
    // SAFETY: NULL, or a text that lives as long as the pause.
    let scope =
        (!raw.where_.is_null()).then(|| unsafe { CStr::from_ptr(raw.where_) }.to_string_lossy().into_owned());
    (raw.purposes, scope, raw.from_us, raw.until_us)
}

pub(crate) fn pause_list(vault: &VaultHandle, each: Each<'_, sys::vpriv_pause>) -> Result<()> {
    let pointer = vault.get()?;
    let mut call = Call::new(each);
    // SAFETY: see ffi/mod.rs.
    let status = unsafe { sys::vpriv_pause_list(pointer, Some(on_item), call.user()) };
    call.finish(status)
}

pub(crate) fn pause_order(vault: &VaultHandle, json: &[u8], signature: &[u8; 64]) -> Result<()> {
    c!(vpriv_pause_order(vault.get()?, json.as_ptr().cast(), json.len(), signature.as_ptr()))
}

pub(crate) fn controller_change(
    vault: &VaultHandle,
    id: &str,
    name: &str,
    country: &str,
    actor: &str,
) -> Result<usize> {
    let (id, name, country, actor) = (text(id)?, text(name)?, text(country)?, text(actor)?);
    let controller = sys::vpriv_controller {
        id: id.as_ptr(),
        name: name.as_ptr(),
        country: country.as_ptr(),
        ..Sized_::sized()
    };
    let mut n_consents = 0;
    c!(vpriv_controller_change(vault.get()?, &controller, actor.as_ptr(), &mut n_consents))?;
    Ok(n_consents)
}

pub(crate) fn policy_publish(vault: &VaultHandle, json: &[u8], signature: &[u8; 64]) -> Result<()> {
    c!(vpriv_policy_publish(vault.get()?, json.as_ptr().cast(), json.len(), signature.as_ptr()))
}

pub(crate) fn policy_about(vault: &VaultHandle) -> Result<sys::vpriv_policy_info> {
    let mut info = Sized_::sized();
    c!(vpriv_policy_about(vault.get()?, &mut info))?;
    Ok(info)
}
