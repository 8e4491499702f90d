//! Notices as documents.

use crate::ffi::base::{c, name_of, text};
use crate::ffi::callback::{on_item, slice, Call, Each};
use crate::ffi::handle::NoticeTextHandle;
use crate::notice::Notice;
use crate::{sys, Result};
use std::ffi::CStr;
use std::ptr::null_mut;

name_of!(rule_name, vpriv_notice_rule_name, sys::vpriv_notice_rule);
name_of!(rule_text, vpriv_notice_rule_text, sys::vpriv_notice_rule);

pub(crate) fn lint(json: &[u8], each: Each<'_, sys::vpriv_notice_finding>) -> Result<usize> {
    let mut n_findings = 0;
    let mut call = Call::new(each);
    // SAFETY: see ffi/mod.rs.
    let status = unsafe {
        sys::vpriv_notice_lint(json.as_ptr().cast(), json.len(), Some(on_item), call.user(), &mut n_findings)
    };
    call.finish(status)?;
    Ok(n_findings)
}

pub(crate) fn render(json: &[u8], language: &str) -> Result<Notice> {
    let language = text(language)?;
    let mut made = null_mut();
    c!(vpriv_notice_render(json.as_ptr().cast(), json.len(), language.as_ptr(), &mut made))?;
    let handle = NoticeTextHandle::new(made);
    // SAFETY: lives as long as the handle, and what it points to as well.
    unsafe {
        let notice = &*sys::vpriv_notice_text_notice(handle.get()?);
        let label = |text| CStr::from_ptr(text).to_string_lossy().into_owned();
        let words = slice(notice.text.cast::<u8>(), notice.text_bytes);
        Ok(Notice {
            id: label(notice.id),
            version: label(notice.version),
            language: label(notice.language),
            text: String::from_utf8_lossy(words).into_owned(),
        })
    }
}
