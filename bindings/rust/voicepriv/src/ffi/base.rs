//! Statuses, texts, and structs that carry their size.

use crate::{sys, Error, Result, Status};
use std::ffi::{CStr, CString};
use std::os::raw::c_char;
use std::path::Path;

/// Calls C and turns its status into a result.
macro_rules! c {
    ($function:ident($($argument:expr),* $(,)?)) => {{
        #[allow(unused_unsafe)]
        // SAFETY: see ffi/mod.rs.
        let status = unsafe { crate::sys::$function($($argument),*) };
        crate::ffi::base::check(status)
    }};
}
pub(super) use c;

/// Turns a status of the call that was just made on this thread into a result.
pub(super) fn check(status: sys::vpriv_status) -> Result<()> {
    if status == sys::VPRIV_OK {
        return Ok(());
    }
    // SAFETY: never NULL; lives until this thread's next call.
    let detail = unsafe { CStr::from_ptr(sys::vpriv_error_detail()) };
    Err(Error::new(Status::from_raw(status), detail.to_string_lossy()))
}

/// A static text of the library's.
macro_rules! name_of {
    ($(#[$meta:meta])* $name:ident, $function:ident, $kind:ty) => {
        $(#[$meta])*
        pub(crate) fn $name(value: $kind) -> &'static str {
            // SAFETY: takes any value and gives a static text, never NULL.
            crate::ffi::base::static_text(unsafe { crate::sys::$function(value) })
        }
    };
}
pub(super) use name_of;

/// The value of a name.
macro_rules! value_of {
    ($name:ident, $function:ident, $kind:ty) => {
        pub(crate) fn $name(name: &str) -> crate::Result<$kind> {
            let name = crate::ffi::base::text(name)?;
            let mut value: $kind = 0;
            c!($function(name.as_ptr(), &mut value))?;
            Ok(value)
        }
    };
}
pub(super) use value_of;

pub(super) fn static_text(text: *const c_char) -> &'static str {
    if text.is_null() {
        return "";
    }
    // SAFETY: the library's own, never freed.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap_or("")
}

name_of!(status_text, vpriv_status_text, sys::vpriv_status);

/// The version of the library that is running.
pub(crate) fn version() -> &'static str {
    // SAFETY: a static text.
    static_text(unsafe { sys::vpriv_version() })
}

/// The instruction set that the sound kernels use.
pub(crate) fn cpu_level() -> &'static str {
    // SAFETY: a static text.
    static_text(unsafe { sys::vpriv_cpu_level() })
}

/// A text for C.
pub(super) fn text(text: &str) -> Result<CString> {
    bytes_text(text.as_bytes())
}

pub(super) fn bytes_text(bytes: &[u8]) -> Result<CString> {
    CString::new(bytes).map_err(|_| Error::new(Status::Argument, "a text has a NUL in it"))
}

/// A text that may be left out.
pub(super) fn optional(text_or_none: Option<&str>) -> Result<Option<CString>> {
    text_or_none.map(text).transpose()
}

pub(super) fn pointer(text: &Option<CString>) -> *const c_char {
    text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr())
}

/// A file name for C.
pub(super) fn path(path: &Path) -> Result<CString> {
    use std::os::unix::ffi::OsStrExt;
    bytes_text(path.as_os_str().as_bytes())
}

/// The text in a buffer that C has filled.
pub(super) fn filled(buffer: &[u8]) -> String {
    let n = buffer.iter().position(|&byte| byte == 0).unwrap_or(buffer.len());
    String::from_utf8_lossy(&buffer[..n]).into_owned()
}

/// A struct that says how large it is.
pub(super) trait Sized_: Default {
    /// All zeros but for the size.
    fn sized() -> Self;
}

/// What a call fills whether it works or not.
pub(crate) type Reported<T> = std::result::Result<T, (Error, T)>;

/// Makes a call that fills a report.
pub(super) fn reported<T: Sized_>(call: impl FnOnce(&mut T) -> Result<()>) -> Reported<T> {
    let mut report = T::sized();
    match call(&mut report) {
        Ok(()) => Ok(report),
        Err(error) => Err((error, report)),
    }
}

macro_rules! sized {
    ($($name:ident),* $(,)?) => {$(
        impl Sized_ for sys::$name {
            fn sized() -> Self {
                sys::$name { struct_size: std::mem::size_of::<sys::$name>(), ..Default::default() }
            }
        }
    )*};
}

sized!(
    vpriv_backup_info,
    vpriv_capture_options,
    vpriv_consent_evidence,
    vpriv_controller,
    vpriv_decision_input,
    vpriv_derivative,
    vpriv_derivative_info,
    vpriv_effect,
    vpriv_effects,
    vpriv_effects_request,
    vpriv_encoding,
    vpriv_gate_request,
    vpriv_hub_config,
    vpriv_inventory_visitor,
    vpriv_notice,
    vpriv_outcome,
    vpriv_packet,
    vpriv_passphrase_cost,
    vpriv_past_report,
    vpriv_pause,
    vpriv_policy_info,
    vpriv_portable_report,
    vpriv_profile_info,
    vpriv_profile_outcome,
    vpriv_purge_cost,
    vpriv_purge_criteria,
    vpriv_purge_report,
    vpriv_reader_info,
    vpriv_receipt,
    vpriv_receipt_claims,
    vpriv_receipt_statement,
    vpriv_recorder_config,
    vpriv_recording_filter,
    vpriv_recording_info,
    vpriv_retention_report,
    vpriv_root_callbacks,
    vpriv_root_tpm_config,
    vpriv_rules,
    vpriv_salvage_report,
    vpriv_space,
    vpriv_surface_event,
    vpriv_sync_result,
    vpriv_trigger,
    vpriv_vault_info,
    vpriv_vault_options,
    vpriv_verification,
);
