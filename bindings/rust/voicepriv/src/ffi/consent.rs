//! Purposes, states and decisions: everything that is pure.

use crate::ffi::base::{c, name_of, value_of, Sized_};
use crate::notice::Notice;
use crate::{sys, Result};
use std::ffi::CString;

name_of!(purpose_name, vpriv_purpose_name, sys::vpriv_purpose);
value_of!(purpose_from_name, vpriv_purpose_from_name, sys::vpriv_purpose);
name_of!(consent_state_name, vpriv_consent_state_name, sys::vpriv_consent_state);
name_of!(deny_name, vpriv_deny_name, sys::vpriv_deny);
name_of!(deny_text, vpriv_deny_text, sys::vpriv_deny);

/// A row of the table of purposes.
pub(crate) struct PurposeRow {
    pub(crate) raw: sys::vpriv_purpose_info,
    pub(crate) name: &'static str,
    pub(crate) sentence: &'static str,
    pub(crate) broader_iris: [&'static str; 2],
}

pub(crate) fn purpose_about(purpose: sys::vpriv_purpose) -> Option<PurposeRow> {
    // SAFETY: NULL, or a row of a static table.
    let row = unsafe { sys::vpriv_purpose_about(purpose).as_ref() }?;
    let text = super::base::static_text;
    Some(PurposeRow {
        raw: *row,
        name: text(row.name),
        sentence: text(row.sentence),
        broader_iris: [text(row.broader_iri), text(row.broader2_iri)],
    })
}

pub(crate) fn decide(input: &sys::vpriv_decision_input) -> Result<u32> {
    let mut reasons = u32::MAX;
    let input = sys::vpriv_decision_input { struct_size: std::mem::size_of_val(input), ..*input };
    c!(vpriv_decide(&input, &mut reasons))?;
    Ok(reasons)
}

/// A notice as C takes it, with its labels.
pub(super) struct RawNotice<'a> {
    pub(super) raw: sys::vpriv_notice,
    _labels: [CString; 3],
    _notice: &'a Notice,
}

impl<'a> RawNotice<'a> {
    pub(super) fn new(notice: &'a Notice) -> Result<RawNotice<'a>> {
        let text = super::base::text;
        let labels = [text(&notice.id)?, text(&notice.version)?, text(&notice.language)?];
        let raw = sys::vpriv_notice {
            id: labels[0].as_ptr(),
            version: labels[1].as_ptr(),
            language: labels[2].as_ptr(),
            text: notice.text.as_ptr().cast(),
            text_bytes: notice.text.len(),
            ..Sized_::sized()
        };
        Ok(RawNotice { raw, _labels: labels, _notice: notice })
    }
}

pub(crate) fn notice_hash(notice: &Notice) -> Result<[u8; 32]> {
    let notice = RawNotice::new(notice)?;
    let mut hash = [0; 32];
    c!(vpriv_notice_hash(&notice.raw, hash.as_mut_ptr()))?;
    Ok(hash)
}
