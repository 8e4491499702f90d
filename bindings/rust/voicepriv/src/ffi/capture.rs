//! Sources of sound, and watching devices.

use crate::capture::CaptureOptions;
use crate::ffi::base::{c, path, static_text, text, Sized_};
use crate::ffi::callback::{on_item, Call, Each};
use crate::ffi::guard::{inside, is_inside};
use crate::ffi::handle::{close, Moved, Raw, SourceHandle};
use crate::{sys, Result};
use std::ffi::CStr;
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::Path;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

pub(crate) fn open(input: &str, options: &CaptureOptions) -> Result<SourceHandle> {
    let input = text(input)?;
    let wanted = options.wanted.map_or_else(Default::default, |format| format.raw());
    let options = sys::vpriv_capture_options {
        wanted,
        buffer_ms: crate::time::milliseconds(options.buffer),
        allow_non_card: options.allow_non_card,
        allow_monitor: options.allow_monitor,
        ..Sized_::sized()
    };
    let mut source = null_mut();
    c!(vpriv_capture_open(input.as_ptr(), &options, &mut source))?;
    Ok(SourceHandle::new(source))
}

pub(crate) fn file_open(file: &Path) -> Result<SourceHandle> {
    let file = path(file)?;
    let mut source = null_mut();
    c!(vpriv_capture_file_open(file.as_ptr(), &mut source))?;
    Ok(SourceHandle::new(source))
}

pub(crate) fn push_open(format: &sys::vpriv_stream_format, buffer_ms: u32) -> Result<SourceHandle> {
    let mut source = null_mut();
    c!(vpriv_capture_push_open(format, buffer_ms, &mut source))?;
    Ok(SourceHandle::new(source))
}

/// Frames as bytes; as many whole ones as there are. No lock, allocation or system call when it succeeds.
pub(crate) fn push_write(source: &SourceHandle, frames: &[u8], bytes_per_frame: usize) -> Result<usize> {
    let mut n_taken = 0;
    c!(vpriv_capture_push_write(
        source.get()?,
        frames.as_ptr().cast(),
        frames.len() / bytes_per_frame,
        &mut n_taken,
    ))?;
    Ok(n_taken)
}

/// The bytes of samples, as C reads them.
pub(crate) fn bytes_of<T: Sample>(samples: &[T]) -> &[u8] {
    // SAFETY: numbers without padding, and bytes have no alignment.
    unsafe { std::slice::from_raw_parts(samples.as_ptr().cast(), std::mem::size_of_val(samples)) }
}

/// A number that can be a sample, on machines whose byte order is that of the samples.
pub(crate) trait Sample: Copy {}
impl Sample for i16 {}
impl Sample for i32 {}
impl Sample for f32 {}

pub(crate) fn push_space(source: &SourceHandle) -> usize {
    // SAFETY: an open source.
    source.get().map_or(0, |source| unsafe { sys::vpriv_capture_push_space(source) })
}

pub(crate) fn push_end(source: &SourceHandle) -> Result<()> {
    c!(vpriv_capture_push_end(source.get()?))
}

pub(crate) fn format(source: &SourceHandle) -> Result<sys::vpriv_stream_format> {
    let mut format = sys::vpriv_stream_format::default();
    c!(vpriv_capture_format(source.get()?, &mut format))?;
    Ok(format)
}

pub(crate) fn name(source: &SourceHandle) -> Result<String> {
    let source = source.get()?;
    // SAFETY: the source's own text, copied while it is open.
    Ok(unsafe { CStr::from_ptr(sys::vpriv_capture_name(source)) }.to_string_lossy().into_owned())
}

pub(crate) fn level(source: &SourceHandle) -> Result<f32> {
    let mut level = 0.0;
    c!(vpriv_capture_level(source.get()?, &mut level))?;
    Ok(level)
}

/// What a device says of itself.
pub(crate) struct RawDevice<'a> {
    pub(crate) raw: &'a sys::vpriv_capture_device,
    pub(crate) input: &'a str,
    pub(crate) description: &'a str,
}

/// Reads the texts of a device while it lives.
pub(crate) fn device(raw: &sys::vpriv_capture_device) -> RawDevice<'_> {
    fn words<'a>(text: *const c_char) -> &'a str {
        // They live for the call that gets the device, which is as long as `raw` is borrowed.
        static_text(text)
    }
    RawDevice { raw, input: words(raw.input), description: words(raw.description) }
}

pub(crate) fn list(each: Each<'_, sys::vpriv_capture_device>) -> Result<()> {
    let mut call = Call::new(each);
    // SAFETY: see ffi/mod.rs.
    let status = unsafe { sys::vpriv_capture_list(Some(on_item), call.user()) };
    call.finish(status)
}

type OnChange = Box<dyn FnMut(sys::vpriv_device_change, &sys::vpriv_capture_device) + Send>;

/// What a watch calls, until it panics.
pub(crate) struct WatchState {
    f: Mutex<OnChange>,
    is_dead: AtomicBool,
}

unsafe extern "C" fn on_change(
    user: *mut c_void,
    change: sys::vpriv_device_change,
    device: *const sys::vpriv_capture_device,
) {
    let state = &*user.cast::<WatchState>();
    if state.is_dead.load(Ordering::Relaxed) {
        return;
    }
    let answer = catch_unwind(AssertUnwindSafe(|| {
        if let (Ok(mut f), Some(device)) = (state.f.lock(), device.as_ref()) {
            inside(user as usize, || f(change, device));
        }
    }));
    if answer.is_err() {
        state.is_dead.store(true, Ordering::Relaxed);
    }
}

/// C: closed by one thread, not from within its callback.
pub(crate) struct WatchHandle {
    raw: Raw<sys::vpriv_capture_watch>,
    state: Arc<WatchState>,
}

// SAFETY: nothing is called on it but its closing, by whoever owns it.
unsafe impl Send for WatchHandle {}
unsafe impl Sync for WatchHandle {}

impl WatchHandle {
    /// Whether the callback has panicked, and is called no more.
    pub(crate) fn is_dead(&self) -> bool {
        self.state.is_dead.load(Ordering::Relaxed)
    }
}

impl Drop for WatchHandle {
    fn drop(&mut self) {
        if let Some(pointer) = self.raw.take() {
            let from_callback = is_inside(Arc::as_ptr(&self.state) as usize);
            let (pointer, state) = (Moved(pointer), Arc::clone(&self.state));
            // SAFETY: nobody else has it any more.
            if !close(from_callback, move || unsafe { sys::vpriv_capture_watch_close(pointer.get()) }, state)
            {
                self.state.is_dead.store(true, Ordering::Relaxed);
            }
        }
    }
}

pub(crate) fn watch(f: OnChange) -> Result<WatchHandle> {
    let state = Arc::new(WatchState { f: Mutex::new(f), is_dead: AtomicBool::new(false) });
    let mut watch = null_mut();
    c!(vpriv_capture_watch_open(Some(on_change), Arc::as_ptr(&state) as *mut c_void, &mut watch))?;
    Ok(WatchHandle { raw: Raw::new(watch), state })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn a_panic_in_a_watch_is_its_last_word() {
        let n = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&n);
        let f: OnChange = Box::new(move |change, raw| {
            assert_eq!((change, device(raw).input), (sys::VPRIV_DEVICE_GONE, ""));
            counted.fetch_add(1, Ordering::SeqCst);
            panic!("unplugged");
        });
        let state = Arc::new(WatchState { f: Mutex::new(f), is_dead: AtomicBool::new(false) });
        let gone = sys::vpriv_capture_device::default();
        for _ in 0..2 {
            // SAFETY: as C calls it.
            unsafe { on_change(Arc::as_ptr(&state) as *mut c_void, sys::VPRIV_DEVICE_GONE, &gone) };
        }
        assert_eq!(n.load(Ordering::SeqCst), 1);
        assert!(state.is_dead.load(Ordering::SeqCst));
    }
}
