//! Functions that C calls on the caller's own thread, while a call lasts. A panic stops the call and goes on
//! behind it; an error of a writer comes back as that of the call.

use crate::ffi::base::check;
use crate::{sys, Error, Result, Status};
use std::any::Any;
use std::io;
use std::ops::ControlFlow;
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};

/// Goes on or stops.
pub(crate) type Flow = ControlFlow<()>;

type Payload = Box<dyn Any + Send>;

/// What a panic said, for those who only get words.
pub(super) fn words_of(payload: &Payload) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "without a word".to_owned()
    }
}

/// One or more closures of a call, behind the `user` that C hands through.
pub(super) struct Call<F> {
    pub(super) f: F,
    panic: Option<Payload>,
}

impl<F> Call<F> {
    pub(super) fn new(f: F) -> Call<F> {
        Call { f, panic: None }
    }

    pub(super) fn user(&mut self) -> *mut c_void {
        (self as *mut Call<F>).cast()
    }

    /// Goes on with the panic, if there was one; else gives what the call came to.
    pub(super) fn finish(self, status: sys::vpriv_status) -> Result<()> {
        let result = check(status);
        match self.panic {
            Some(payload) => resume_unwind(payload),
            None => result,
        }
    }
}

/// Runs a closure of a call; `stopped` is what C gets when it panics, now or before.
///
/// # Safety
/// `user` is of [`Call::user`], and the call is under way.
pub(super) unsafe fn run<F, R>(user: *mut c_void, stopped: R, go: impl FnOnce(&mut F) -> R) -> R {
    let call = &mut *user.cast::<Call<F>>();
    if call.panic.is_some() {
        return stopped;
    }
    let f = &mut call.f;
    match catch_unwind(AssertUnwindSafe(|| go(f))) {
        Ok(answer) => answer,
        Err(payload) => {
            call.panic = Some(payload);
            stopped
        }
    }
}

/// Something that gets items one by one.
pub(crate) type Each<'a, T> = &'a mut dyn FnMut(&T) -> Flow;

/// `bool fn(void *user, const T *item)`.
pub(super) unsafe extern "C" fn on_item<T>(user: *mut c_void, item: *const T) -> bool {
    run(user, false, |each: &mut Each<'_, T>| item.as_ref().map_or(true, |item| each(item).is_continue()))
}

/// `bool fn(void *user, uint64_t index, const T *item)`.
pub(super) unsafe extern "C" fn on_indexed<T>(user: *mut c_void, index: u64, item: *const T) -> bool {
    run(user, false, |each: &mut &mut dyn FnMut(u64, &T) -> Flow| {
        item.as_ref().map_or(true, |item| each(index, item).is_continue())
    })
}

/// How far it is: so many of so many.
pub(crate) type Progress<'a> = &'a mut dyn FnMut(u64, u64) -> Flow;

/// `bool fn(void *user, uint64_t done, uint64_t total)`.
pub(super) unsafe extern "C" fn on_progress(user: *mut c_void, done: u64, total: u64) -> bool {
    run(user, false, |progress: &mut Progress<'_>| progress(done, total).is_continue())
}

/// `bool fn(void *user, const char *line, size_t n_bytes)`.
pub(super) unsafe extern "C" fn on_line(user: *mut c_void, line: *const c_char, n_bytes: usize) -> bool {
    run(user, false, |each: &mut &mut dyn FnMut(&[u8]) -> Flow| {
        each(slice(line.cast(), n_bytes)).is_continue()
    })
}

/// A slice of C's, which may be NULL when it is empty.
///
/// # Safety
/// There are `n` items that live as long as the result is used.
pub(super) unsafe fn slice<'a, T>(items: *const T, n: usize) -> &'a [T] {
    if items.is_null() || n == 0 {
        &[]
    } else {
        std::slice::from_raw_parts(items, n)
    }
}

/// Where bytes go.
pub(super) struct Sink<'a> {
    writer: &'a mut dyn io::Write,
    error: Option<io::Error>,
}

/// `vpriv_status fn(void *user, const void *bytes, size_t n_bytes)`.
unsafe extern "C" fn on_bytes(user: *mut c_void, bytes: *const c_void, n_bytes: usize) -> sys::vpriv_status {
    run(user, sys::VPRIV_E_CANCELLED, |sink: &mut Sink<'_>| {
        match sink.writer.write_all(slice(bytes.cast(), n_bytes)) {
            Ok(()) => sys::VPRIV_OK,
            Err(error) => {
                sink.error = Some(error);
                sys::VPRIV_E_IO
            }
        }
    })
}

/// Makes a call that writes.
pub(super) fn writing(
    writer: &mut dyn io::Write,
    call: impl FnOnce(sys::vpriv_write_fn, *mut c_void) -> Result<sys::vpriv_status>,
) -> Result<()> {
    let mut sink = Call::new(Sink { writer, error: None });
    let status = call(Some(on_bytes), sink.user())?;
    match sink.f.error.take() {
        Some(error) => {
            let _ = sink.finish(status);
            Err(Error::new(Status::Io, format!("the writer failed: {error}")))
        }
        None => sink.finish(status),
    }
}
