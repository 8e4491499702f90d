//! Everything a vault knows, and all of it to take away.

use crate::ffi::base::{path, reported, Reported, Sized_};
use crate::ffi::callback::{on_progress, run, slice, writing, Call, Flow, Progress};
use crate::ffi::gate::RawRequest;
use crate::ffi::handle::{KeyringHandle, VaultHandle};
use crate::gate::Request;
use crate::{sys, Result};
use std::io;
use std::os::raw::c_void;
use std::path::Path;
use std::ptr::null_mut;

/// One part, as C tells it.
pub(crate) enum Part<'a> {
    Vault(&'a sys::vpriv_inventory_vault),
    Pause(&'a sys::vpriv_pause),
    Notice(&'a sys::vpriv_inventory_notice, &'a [u8]),
    Subject(&'a sys::vpriv_subject_info),
    Consent(&'a sys::vpriv_consent_record, bool),
    Recording(&'a sys::vpriv_inventory_recording),
    Derivative(&'a sys::vpriv_derivative_info),
    Access(u64, &'a sys::vpriv_log_entry),
    Event(u64, &'a sys::vpriv_log_entry),
    FalseWakes(&'a sys::vpriv_inventory_false_wakes),
}

type EachPart<'a> = &'a mut dyn FnMut(Part<'_>) -> Flow;

unsafe fn tell(user: *mut c_void, part: Part<'_>) -> bool {
    run(user, false, |each: &mut EachPart<'_>| each(part).is_continue())
}

macro_rules! teller {
    ($($name:ident: $raw:ident => $part:ident;)*) => {$(
        unsafe extern "C" fn $name(user: *mut c_void, item: *const sys::$raw) -> bool {
            tell(user, Part::$part(&*item))
        }
    )*};
}
teller! {
    on_vault: vpriv_inventory_vault => Vault;
    on_pause: vpriv_pause => Pause;
    on_subject: vpriv_subject_info => Subject;
    on_recording: vpriv_inventory_recording => Recording;
    on_derivative: vpriv_derivative_info => Derivative;
    on_false_wakes: vpriv_inventory_false_wakes => FalseWakes;
}

unsafe extern "C" fn on_notice(user: *mut c_void, notice: *const sys::vpriv_inventory_notice) -> bool {
    let notice = &*notice;
    tell(user, Part::Notice(notice, slice(notice.text.cast(), notice.text_bytes)))
}

unsafe extern "C" fn on_consent(
    user: *mut c_void,
    record: *const sys::vpriv_consent_record,
    is_latest: bool,
) -> bool {
    tell(user, Part::Consent(&*record, is_latest))
}

unsafe extern "C" fn on_access(user: *mut c_void, index: u64, entry: *const sys::vpriv_log_entry) -> bool {
    tell(user, Part::Access(index, &*entry))
}

unsafe extern "C" fn on_event(user: *mut c_void, index: u64, entry: *const sys::vpriv_log_entry) -> bool {
    tell(user, Part::Event(index, &*entry))
}

fn pointer_of(keyring: Option<&KeyringHandle>) -> Result<*mut sys::vpriv_keyring> {
    keyring.map_or(Ok(null_mut()), |keyring| keyring.get())
}

/// Whether somebody changed the vault meanwhile.
pub(crate) fn walk(vault: &VaultHandle, keyring: Option<&KeyringHandle>, each: EachPart<'_>) -> Result<bool> {
    let visitor = sys::vpriv_inventory_visitor {
        vault: Some(on_vault),
        pause: Some(on_pause),
        notice: Some(on_notice),
        subject: Some(on_subject),
        consent: Some(on_consent),
        recording: Some(on_recording),
        derivative: Some(on_derivative),
        access: Some(on_access),
        event: Some(on_event),
        false_wakes: Some(on_false_wakes),
        ..Sized_::sized()
    };
    let (pointer, keyring) = (vault.get()?, pointer_of(keyring)?);
    let mut changed = false;
    let mut call = Call::new(each);
    // SAFETY: see ffi/mod.rs.
    let status = unsafe { sys::vpriv_inventory(pointer, keyring, &visitor, call.user(), &mut changed) };
    call.finish(status)?;
    Ok(changed)
}

pub(crate) fn json(
    vault: &VaultHandle,
    keyring: Option<&KeyringHandle>,
    writer: &mut dyn io::Write,
) -> Result<()> {
    let (vault, keyring) = (vault.get()?, pointer_of(keyring)?);
    // SAFETY: see ffi/mod.rs.
    writing(writer, |write, user| Ok(unsafe { sys::vpriv_inventory_json(vault, keyring, write, user) }))
}

/// What was done comes with a failure as well.
pub(crate) fn portable_export(
    vault: &VaultHandle,
    keyring: &KeyringHandle,
    request: &Request,
    folder: &Path,
    progress: Progress<'_>,
) -> Reported<sys::vpriv_portable_report> {
    reported(|report| {
        let (request, folder) = (RawRequest::new(request)?, path(folder)?);
        let (pointer, keyring) = (vault.get()?, keyring.get()?);
        let mut call = Call::new(progress);
        // SAFETY: see ffi/mod.rs.
        let status = unsafe {
            sys::vpriv_portable_export(
                pointer,
                keyring,
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
