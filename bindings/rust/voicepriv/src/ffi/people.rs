//! Subjects, notices, consents; what of them comes from elsewhere, and what reaches back.

use crate::ffi::base::{c, optional, pointer, reported, text, Reported, Sized_};
use crate::ffi::callback::{on_item, on_line, on_progress, Call, Each, Flow, Progress};
use crate::ffi::consent::RawNotice;
use crate::ffi::handle::{KeyringHandle, VaultHandle};
use crate::notice::Notice;
use crate::people::Evidence;
use crate::{sys, Result, Secret};
use std::ffi::CString;
use std::os::raw::c_char;
use std::ptr::null;

pub(crate) fn subject_add(
    vault: &VaultHandle,
    class: sys::vpriv_subject_class,
    name: &str,
    contact: Option<&str>,
) -> Result<[u8; 16]> {
    let (name, contact) = (text(name)?, optional(contact)?);
    let mut id = [0; 16];
    c!(vpriv_subject_add(vault.get()?, class, name.as_ptr(), pointer(&contact), id.as_mut_ptr()))?;
    Ok(id)
}

pub(crate) fn subject_add_known(
    vault: &VaultHandle,
    class: sys::vpriv_subject_class,
    name: &str,
    contact: Option<&str>,
    id: &[u8; 16],
) -> Result<()> {
    let (name, contact) = (text(name)?, optional(contact)?);
    c!(vpriv_subject_add_known(vault.get()?, class, name.as_ptr(), pointer(&contact), id.as_ptr()))
}

pub(crate) fn subject_list(vault: &VaultHandle, each: Each<'_, sys::vpriv_subject_info>) -> Result<()> {
    let pointer = vault.get()?;
    let mut call = Call::new(each);
    // SAFETY: see ffi/mod.rs.
    let status = unsafe { sys::vpriv_subject_list(pointer, Some(on_item), call.user()) };
    call.finish(status)
}

pub(crate) fn subject_erase(vault: &VaultHandle, id: &[u8; 16]) -> Result<sys::vpriv_receipt> {
    let mut receipt = Sized_::sized();
    c!(vpriv_subject_erase(vault.get()?, id.as_ptr(), &mut receipt))?;
    Ok(receipt)
}

pub(crate) fn subject_set_home(vault: &VaultHandle, id: &[u8; 16], place: &str) -> Result<()> {
    let place = text(place)?;
    c!(vpriv_subject_set_home(vault.get()?, id.as_ptr(), place.as_ptr()))
}

pub(crate) fn subject_set_birth(vault: &VaultHandle, id: &[u8; 16], year: i32, month: i32) -> Result<()> {
    c!(vpriv_subject_set_birth(vault.get()?, id.as_ptr(), year, month))
}

pub(crate) fn notice_add(vault: &VaultHandle, notice: &Notice) -> Result<[u8; 32]> {
    let notice = RawNotice::new(notice)?;
    let mut hash = [0; 32];
    c!(vpriv_notice_add(vault.get()?, &notice.raw, hash.as_mut_ptr()))?;
    Ok(hash)
}

/// Evidence as C takes it, with what it points to.
pub(super) struct RawEvidence {
    pub(super) raw: sys::vpriv_consent_evidence,
    _texts: [Option<CString>; 4],
    _recipients: (Vec<CString>, Vec<*const c_char>),
}

impl RawEvidence {
    pub(super) fn new(evidence: &Evidence) -> Result<RawEvidence> {
        let texts = [
            optional(evidence.surface.as_deref())?,
            optional(evidence.notice_id.as_deref())?,
            optional(evidence.language.as_deref())?,
            optional(evidence.retention.as_deref())?,
        ];
        let recipients = evidence.recipients.iter().map(|id| text(id)).collect::<Result<Vec<CString>>>()?;
        let pointers: Vec<*const c_char> = recipients.iter().map(|id| id.as_ptr()).collect();
        let raw = sys::vpriv_consent_evidence {
            by: evidence.by.map_or(0, |by| by.raw()),
            method: evidence.method.map_or(0, |method| method.raw()),
            surface: pointer(&texts[0]),
            notice_id: pointer(&texts[1]),
            language: pointer(&texts[2]),
            valid_until_us: crate::time::micros(evidence.valid_until),
            recipients: if pointers.is_empty() { null() } else { pointers.as_ptr() },
            n_recipients: pointers.len(),
            covers_past: evidence.covers_past,
            retention: pointer(&texts[3]),
            max_uses: evidence.max_uses,
            ..Sized_::sized()
        };
        Ok(RawEvidence { raw, _texts: texts, _recipients: (recipients, pointers) })
    }
}

/// The calls that are all alike.
macro_rules! consent_call {
    ($name:ident, $function:ident $(, $event:ident: $kind:ty)?) => {
        pub(crate) fn $name(
            vault: &VaultHandle,
            subject: &[u8; 16],
            purpose: sys::vpriv_purpose,
            $($event: $kind,)?
            evidence: &Evidence,
        ) -> Result<sys::vpriv_receipt> {
            let evidence = RawEvidence::new(evidence)?;
            let mut receipt = Sized_::sized();
            c!($function(vault.get()?, subject.as_ptr(), purpose, $($event,)? &evidence.raw, &mut receipt))?;
            Ok(receipt)
        }
    };
}
consent_call!(consent_give, vpriv_consent_give);
consent_call!(consent_refuse, vpriv_consent_refuse);
consent_call!(consent_withdraw, vpriv_consent_withdraw);
consent_call!(consent_record_event, vpriv_consent_record_event, event: sys::vpriv_consent_event);

pub(crate) fn consent_list(
    vault: &VaultHandle,
    subject: &[u8; 16],
    with_history: bool,
    each: Each<'_, sys::vpriv_consent_record>,
) -> Result<()> {
    let pointer = vault.get()?;
    let mut call = Call::new(each);
    // SAFETY: see ffi/mod.rs.
    let status = unsafe {
        sys::vpriv_consent_list(pointer, subject.as_ptr(), with_history, Some(on_item), call.user())
    };
    call.finish(status)
}

pub(crate) fn purpose_pause(
    vault: &VaultHandle,
    purposes: u32,
    actor: &str,
    reason: Option<&str>,
) -> Result<()> {
    let (actor, reason) = (text(actor)?, optional(reason)?);
    c!(vpriv_purpose_pause(vault.get()?, purposes, actor.as_ptr(), pointer(&reason)))
}

pub(crate) fn purpose_resume(
    vault: &VaultHandle,
    purposes: u32,
    actor: &str,
    reason: Option<&str>,
) -> Result<()> {
    let (actor, reason) = (text(actor)?, optional(reason)?);
    c!(vpriv_purpose_resume(vault.get()?, purposes, actor.as_ptr(), pointer(&reason)))
}

pub(crate) fn purpose_paused(vault: &VaultHandle) -> Result<u32> {
    let mut purposes = 0;
    c!(vpriv_purpose_paused(vault.get()?, &mut purposes))?;
    Ok(purposes)
}

/// What was done comes with a failure as well.
pub(crate) fn consent_apply_to_past(
    vault: &VaultHandle,
    keyring: &KeyringHandle,
    subject: &[u8; 16],
    purpose: sys::vpriv_purpose,
    actor: &str,
    progress: Progress<'_>,
) -> Reported<sys::vpriv_past_report> {
    reported(|report| {
        let actor = text(actor)?;
        let (pointer, keyring) = (vault.get()?, keyring.get()?);
        let mut call = Call::new(progress);
        // SAFETY: see ffi/mod.rs.
        let status = unsafe {
            sys::vpriv_consent_apply_to_past(
                pointer,
                keyring,
                subject.as_ptr(),
                purpose,
                actor.as_ptr(),
                Some(on_progress),
                call.user(),
                report,
            )
        };
        call.finish(status)
    })
}

pub(crate) fn recording_add_speaker(
    vault: &VaultHandle,
    recording: &[u8; 16],
    subject: Option<&[u8; 16]>,
    class: sys::vpriv_subject_class,
    actor: &str,
    reason: Option<&str>,
) -> Result<sys::vpriv_receipt> {
    let (actor, reason) = (text(actor)?, optional(reason)?);
    let recording = sys::vpriv_recording_id { bytes: *recording };
    let mut receipt = Sized_::sized();
    c!(vpriv_recording_add_speaker(
        vault.get()?,
        &recording,
        subject.map_or(null(), |id| id.as_ptr()),
        class,
        actor.as_ptr(),
        pointer(&reason),
        &mut receipt,
    ))?;
    Ok(receipt)
}

pub(crate) fn surface_event_sign(event: &sys::vpriv_surface_event, seed: &Secret<32>) -> Result<String> {
    let event = sys::vpriv_surface_event { struct_size: std::mem::size_of_val(event), ..*event };
    let mut line = vec![0u8; sys::VPRIV_SURFACE_LINE_BYTES as usize];
    c!(vpriv_surface_event_sign(&event, seed.expose().as_ptr(), line.as_mut_ptr().cast()))?;
    Ok(super::base::filled(&line))
}

pub(crate) fn surface_event_read(
    line: &[u8],
    public_key: Option<&[u8; 32]>,
) -> Result<sys::vpriv_surface_event> {
    let mut event = Sized_::sized();
    c!(vpriv_surface_event_read(
        line.as_ptr().cast(),
        line.len(),
        public_key.map_or(null(), |key| key.as_ptr()),
        &mut event,
    ))?;
    Ok(event)
}

pub(crate) fn surface_trust(vault: &VaultHandle, name: &str, key: &[u8; 32], actor: &str) -> Result<()> {
    let (name, actor) = (text(name)?, text(actor)?);
    c!(vpriv_surface_trust(vault.get()?, name.as_ptr(), key.as_ptr(), actor.as_ptr()))
}

pub(crate) fn surface_list(vault: &VaultHandle, each: Each<'_, sys::vpriv_surface_info>) -> Result<()> {
    let pointer = vault.get()?;
    let mut call = Call::new(each);
    // SAFETY: see ffi/mod.rs.
    let status = unsafe { sys::vpriv_surface_list(pointer, Some(on_item), call.user()) };
    call.finish(status)
}

pub(crate) fn consent_sync(
    vault: &VaultHandle,
    lines: &[u8],
    each: Each<'_, sys::vpriv_consent_record>,
) -> Result<sys::vpriv_sync_result> {
    let mut result = Sized_::sized();
    let pointer = vault.get()?;
    let mut call = Call::new(each);
    // SAFETY: see ffi/mod.rs.
    let status = unsafe {
        sys::vpriv_consent_sync(
            pointer,
            lines.as_ptr().cast(),
            lines.len(),
            Some(on_item),
            call.user(),
            &mut result,
        )
    };
    call.finish(status)?;
    Ok(result)
}

pub(crate) fn consent_export_events(vault: &VaultHandle, each: &mut dyn FnMut(&[u8]) -> Flow) -> Result<()> {
    let pointer = vault.get()?;
    let mut call = Call::new(each);
    // SAFETY: see ffi/mod.rs.
    let status = unsafe { sys::vpriv_consent_export_events(pointer, Some(on_line), call.user()) };
    call.finish(status)
}
