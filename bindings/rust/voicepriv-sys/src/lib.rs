//! The declarations of libvoicepriv's headers, as bindgen reads them; what they mean is in the headers and
//! their manual pages (`man voicepriv_gate`). Use the crate `voicepriv`, which is safe.
//!
//! `src/bindings.rs` is checked in, so that nobody needs bindgen or libclang. With the feature `bindgen` it
//! is made anew at each build, from the headers that pkg-config finds, by the program `bindgen` (or
//! `$BINDGEN`); `bindings/rust/regenerate` puts the result in the place of the file that is checked in.
#![allow(non_camel_case_types, non_upper_case_globals, non_snake_case, missing_docs)]

include!(concat!(env!("OUT_DIR"), "/bindings.rs"));

/// A time that never comes. (A macro of a macro: bindgen does not see its value.)
pub const VPRIV_TIME_FOREVER_US: i64 = i64::MAX;
/// The last bit of [`vpriv_deny`], which is no enumerator in C.
pub const VPRIV_DENY_NOT_LAWFUL_HERE: vpriv_deny = 1 << 31;

/// The bit of a purpose in a set of purposes.
pub const fn VPRIV_PURPOSE_BIT(purpose: vpriv_purpose) -> u32 {
    1 << purpose
}
/// A term of so many hours.
pub const fn VPRIV_RETENTION_HOURS(n: u32) -> vpriv_retention {
    0x1000 + n
}
/// A term of so many days.
pub const fn VPRIV_RETENTION_DAYS(n: u32) -> vpriv_retention {
    0x2000 + n
}
/// A term of so many calendar months.
pub const fn VPRIV_RETENTION_MONTHS(n: u32) -> vpriv_retention {
    0x3000 + n
}
