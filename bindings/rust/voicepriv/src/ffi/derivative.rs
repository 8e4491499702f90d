//! What was made from a recording.

use crate::derivative::NewDerivative;
use crate::ffi::base::{c, name_of, optional, pointer, text, value_of, Sized_};
use crate::ffi::callback::{on_item, Call, Each};
use crate::ffi::handle::VaultHandle;
use crate::{sys, Result};

name_of!(kind_name, vpriv_derivative_kind_name, sys::vpriv_derivative_kind);
value_of!(kind_from_name, vpriv_derivative_kind_from_name, sys::vpriv_derivative_kind);

pub(crate) fn add(
    vault: &VaultHandle,
    recording: &[u8; 16],
    about: &NewDerivative,
    bytes: &[u8],
) -> Result<[u8; 16]> {
    let media_type = optional(about.media_type.as_deref())?;
    let language = optional(about.language.as_deref())?;
    let made_by = text(&about.made_by)?;
    let raw = sys::vpriv_derivative {
        kind: about.kind.raw(),
        media_type: pointer(&media_type),
        language: pointer(&language),
        made_by: made_by.as_ptr(),
        purposes: about.purposes.checked_bits()?,
        ..Sized_::sized()
    };
    let recording = sys::vpriv_recording_id { bytes: *recording };
    let mut id = sys::vpriv_derivative_id::default();
    c!(vpriv_derivative_add(vault.get()?, &recording, &raw, bytes.as_ptr().cast(), bytes.len(), &mut id))?;
    Ok(id.bytes)
}

pub(crate) fn list(
    vault: &VaultHandle,
    recording: &[u8; 16],
    each: Each<'_, sys::vpriv_derivative_info>,
) -> Result<()> {
    let recording = sys::vpriv_recording_id { bytes: *recording };
    let pointer = vault.get()?;
    let mut call = Call::new(each);
    // SAFETY: see ffi/mod.rs.
    let status = unsafe { sys::vpriv_derivative_list(pointer, &recording, Some(on_item), call.user()) };
    call.finish(status)
}

pub(crate) fn about(vault: &VaultHandle, id: &[u8; 16]) -> Result<sys::vpriv_derivative_info> {
    let id = sys::vpriv_derivative_id { bytes: *id };
    let mut info = Sized_::sized();
    c!(vpriv_derivative_about(vault.get()?, &id, &mut info))?;
    Ok(info)
}

pub(crate) fn erase(vault: &VaultHandle, id: &[u8; 16]) -> Result<sys::vpriv_receipt> {
    let id = sys::vpriv_derivative_id { bytes: *id };
    let mut receipt = Sized_::sized();
    c!(vpriv_derivative_erase(vault.get()?, &id, &mut receipt))?;
    Ok(receipt)
}
