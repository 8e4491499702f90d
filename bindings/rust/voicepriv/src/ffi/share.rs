//! Receipts and recalls.

use crate::ffi::base::{c, filled, name_of, text, value_of, Sized_};
use crate::ffi::callback::{on_item, writing, Call, Each};
use crate::ffi::handle::VaultHandle;
use crate::{sys, Result};
use std::ffi::CString;
use std::io;
use std::os::raw::{c_char, c_void};
use std::ptr::null;

name_of!(kind_name, vpriv_receipt_kind_name, sys::vpriv_receipt_kind);
name_of!(recall_cause_name, vpriv_recall_cause_name, sys::vpriv_recall_cause);
name_of!(recall_outcome_name, vpriv_recall_outcome_name, sys::vpriv_recall_outcome);
value_of!(recall_outcome_from_name, vpriv_recall_outcome_from_name, sys::vpriv_recall_outcome);

pub(crate) fn sign(
    vault: &VaultHandle,
    receipts: &[sys::vpriv_receipt],
    subject: Option<&[u8; 16]>,
    recipients_told: &[String],
    writer: &mut dyn io::Write,
) -> Result<()> {
    let told = recipients_told.iter().map(|id| text(id)).collect::<Result<Vec<CString>>>()?;
    let pointers: Vec<*const c_char> = told.iter().map(|id| id.as_ptr()).collect();
    let statement = sys::vpriv_receipt_statement {
        subject: subject.map_or(null(), |id| id.as_ptr()),
        recipients_told: if pointers.is_empty() { null() } else { pointers.as_ptr() },
        n_recipients_told: pointers.len(),
        ..Sized_::sized()
    };
    let statement: *const sys::vpriv_receipt_statement =
        if subject.is_none() && pointers.is_empty() { null() } else { &statement };
    let vault = vault.get()?;
    // SAFETY: see ffi/mod.rs.
    writing(writer, |write, user| {
        Ok(unsafe {
            sys::vpriv_receipt_sign(vault, receipts.as_ptr(), receipts.len(), statement, write, user)
        })
    })
}

pub(crate) fn from_log(vault: &VaultHandle, indexes: &[u64], writer: &mut dyn io::Write) -> Result<()> {
    let vault = vault.get()?;
    // SAFETY: see ffi/mod.rs.
    writing(writer, |write, user| {
        Ok(unsafe { sys::vpriv_receipt_from_log(vault, indexes.as_ptr(), indexes.len(), write, user) })
    })
}

pub(crate) fn jwk(vault: &VaultHandle) -> Result<String> {
    let mut jwk = [0u8; sys::VPRIV_JWK_BYTES as usize];
    c!(vpriv_receipt_jwk(vault.get()?, jwk.as_mut_ptr().cast()))?;
    Ok(filled(&jwk))
}

pub(crate) fn jwk_parse(jwk: &[u8]) -> Result<[u8; 32]> {
    let mut key = [0; 32];
    c!(vpriv_receipt_jwk_parse(jwk.as_ptr().cast(), jwk.len(), key.as_mut_ptr()))?;
    Ok(key)
}

pub(crate) fn key_id(key: &[u8; 32]) -> Result<String> {
    let mut id = [0u8; sys::VPRIV_KEY_ID_BYTES as usize];
    c!(vpriv_receipt_key_id(key.as_ptr(), id.as_mut_ptr().cast()))?;
    Ok(filled(&id))
}

pub(crate) fn verify(
    jws: &[u8],
    key: &[u8; 32],
    writer: &mut dyn io::Write,
) -> Result<sys::vpriv_receipt_claims> {
    let mut claims = Sized_::sized();
    // SAFETY: see ffi/mod.rs.
    writing(writer, |write, user: *mut c_void| {
        Ok(unsafe {
            sys::vpriv_receipt_verify(jws.as_ptr().cast(), jws.len(), key.as_ptr(), write, user, &mut claims)
        })
    })?;
    Ok(claims)
}

pub(crate) fn recall_list(
    vault: &VaultHandle,
    subject: Option<&[u8; 16]>,
    first: u64,
    each: Each<'_, sys::vpriv_recall>,
) -> Result<()> {
    let pointer = vault.get()?;
    let subject = subject.map_or(null(), |id| id.as_ptr());
    let mut call = Call::new(each);
    // SAFETY: see ffi/mod.rs.
    let status = unsafe { sys::vpriv_recall_list(pointer, subject, first, Some(on_item), call.user()) };
    call.finish(status)
}

pub(crate) fn recall_ask(vault: &VaultHandle, log_index: u64, actor: &str) -> Result<sys::vpriv_receipt> {
    let actor = text(actor)?;
    let mut receipt = Sized_::sized();
    c!(vpriv_recall_ask(vault.get()?, log_index, actor.as_ptr(), &mut receipt))?;
    Ok(receipt)
}

pub(crate) fn recall_acknowledge(
    vault: &VaultHandle,
    log_index: u64,
    actor: &str,
    outcome: sys::vpriv_recall_outcome,
) -> Result<sys::vpriv_receipt> {
    let actor = text(actor)?;
    let mut receipt = Sized_::sized();
    c!(vpriv_recall_acknowledge(vault.get()?, log_index, actor.as_ptr(), outcome, &mut receipt))?;
    Ok(receipt)
}
