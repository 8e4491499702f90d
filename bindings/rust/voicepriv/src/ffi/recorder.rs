//! Recorders and hubs, and what they call on threads of the library's.

use crate::config::{Callbacks, RecorderConfig, Trigger};
use crate::ffi::base::{c, check, name_of, optional, path, pointer, Sized_};
use crate::ffi::callback::words_of;
use crate::ffi::guard::{inside, is_inside};
use crate::ffi::handle::{close, HubHandle, Moved, Raw, SourceHandle, VaultHandle};
use crate::{sys, Error, Result, Status};
use std::os::raw::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::Path;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};

name_of!(state_name, vpriv_recorder_state_name, sys::vpriv_recorder_state);
name_of!(indicator_name, vpriv_indicator_name, sys::vpriv_indicator);

/// What a recorder calls, and how it went.
pub(crate) struct CallbackState {
    callbacks: Mutex<Callbacks>,
    has_panicked: AtomicBool,
    words: Mutex<String>,
}

impl CallbackState {
    fn new(callbacks: Callbacks) -> Arc<CallbackState> {
        Arc::new(CallbackState {
            callbacks: Mutex::new(callbacks),
            has_panicked: AtomicBool::new(false),
            words: Mutex::default(),
        })
    }

    fn key(&self) -> usize {
        self as *const CallbackState as usize
    }

    /// Runs one of them. After a panic none is called again, and the recorder is told to end.
    fn run<R>(&self, stopped: R, call: impl FnOnce(&mut Callbacks) -> R) -> R {
        if self.has_panicked.load(Ordering::Relaxed) {
            return stopped;
        }
        let answer = catch_unwind(AssertUnwindSafe(|| {
            let mut callbacks = self.callbacks.lock().ok()?;
            Some(inside(self.key(), || call(&mut callbacks)))
        }));
        match answer {
            Ok(Some(answer)) => answer,
            Ok(None) => stopped,
            Err(payload) => {
                if let Ok(mut words) = self.words.lock() {
                    *words = words_of(&payload);
                }
                self.has_panicked.store(true, Ordering::Relaxed);
                stopped
            }
        }
    }

    /// The panic of a callback, as the failure of the call that comes upon it.
    pub(crate) fn check(&self) -> Result<()> {
        if self.has_panicked.load(Ordering::Relaxed) {
            let words = self.words.lock().map(|words| words.clone()).unwrap_or_default();
            Err(Error::new(Status::Panicked, words))
        } else {
            Ok(())
        }
    }
}

unsafe extern "C" fn on_progress(user: *mut c_void, done_us: u64, total_us: u64) -> bool {
    let state = &*user.cast::<CallbackState>();
    state.run(false, |callbacks| match &mut callbacks.progress {
        Some(progress) => progress(done_us, total_us).is_continue(),
        None => true,
    })
}

unsafe extern "C" fn on_indicator(user: *mut c_void, indicator: sys::vpriv_indicator) {
    let state = &*user.cast::<CallbackState>();
    state.run((), |callbacks| {
        if let Some(f) = &mut callbacks.indicator {
            f(indicator);
        }
    });
}

unsafe extern "C" fn on_event(user: *mut c_void, event: *const sys::vpriv_recorder_event) {
    let state = &*user.cast::<CallbackState>();
    state.run((), |callbacks| {
        if let (Some(f), Some(event)) = (&mut callbacks.event, event.as_ref()) {
            f(event, event.outcome.as_ref());
        }
    });
}

unsafe extern "C" fn on_frames(user: *mut c_void, frames: *const sys::vpriv_frames) {
    let state = &*user.cast::<CallbackState>();
    state.run((), |callbacks| {
        if let (Some(f), Some(frames)) = (&mut callbacks.frames, frames.as_ref()) {
            let n = frames.n_frames * frames.n_channels as usize;
            f(frames, super::callback::slice(frames.samples, n));
        }
    });
}

/// A configuration whose pointers are NULL still.
#[derive(Default)]
pub(crate) struct RawConfig(pub(crate) sys::vpriv_recorder_config);

// SAFETY: numbers, and pointers that are NULL.
unsafe impl Send for RawConfig {}

/// A configuration as C takes it, for as long as the config and the state live.
fn raw_config(
    config: &RecorderConfig,
    subjects: &[u8],
    state: &Arc<CallbackState>,
) -> Result<sys::vpriv_recorder_config> {
    config.check()?;
    let callbacks = state.callbacks.lock().map_err(|_| Error::from(Status::Internal))?;
    let user = Arc::as_ptr(state) as *mut c_void;
    let mut raw = config.raw.0;
    raw.struct_size = std::mem::size_of_val(&raw);
    raw.subjects = if subjects.is_empty() { null() } else { subjects.as_ptr() };
    raw.n_subjects = config.subjects.len();
    // Also without a closure of its own: it is what ends a recorder whose callback panicked.
    if callbacks.is_any() {
        raw.progress = Some(on_progress);
        raw.progress_user = user;
    }
    if callbacks.indicator.is_some() {
        raw.indicator = Some(on_indicator);
        raw.indicator_user = user;
    }
    if callbacks.event.is_some() {
        raw.event = Some(on_event);
        raw.event_user = user;
    }
    if callbacks.frames.is_some() {
        raw.frames = Some(on_frames);
        raw.frames_user = user;
    }
    Ok(raw)
}

fn flat(subjects: &[crate::SubjectId]) -> Vec<u8> {
    subjects.iter().flat_map(|id| *id.as_bytes()).collect()
}

/// C: one call at a time, from any thread; the state at any time from anywhere.
pub(crate) struct RecorderHandle {
    raw: Raw<sys::vpriv_recorder>,
    /// For those who ask for the state; empty when it is about to be closed.
    view: Arc<View>,
    state: Arc<CallbackState>,
    hub: Option<Arc<HubHandle>>,
    owned: Option<(Arc<SourceHandle>, Arc<VaultHandle>)>,
}

// SAFETY: see above: what is one call at a time takes it exclusively.
unsafe impl Send for RecorderHandle {}
unsafe impl Sync for RecorderHandle {}

/// Where others look at the state.
pub(crate) struct View(RwLock<Option<Raw<sys::vpriv_recorder>>>);

// SAFETY: the pointer is used for `vpriv_recorder_state_now` only, which any thread may call.
unsafe impl Send for View {}
unsafe impl Sync for View {}

impl View {
    /// `None` when the recorder is closed.
    pub(crate) fn state(&self) -> Option<sys::vpriv_recorder_state> {
        let view = self.0.try_read().ok()?;
        let pointer = view.as_ref()?.get().ok()?;
        // SAFETY: it is not closed before this view is emptied, which waits for the read lock.
        Some(unsafe { sys::vpriv_recorder_state_now(pointer) })
    }
}

impl RecorderHandle {
    /// To be called on, exclusively, and not from its own callbacks: its lock is held there.
    fn enter(&mut self) -> Result<*mut sys::vpriv_recorder> {
        if is_inside(self.state.key()) {
            return Err(Error::new(Status::State, "called from a callback of the recorder's own"));
        }
        if let Some((_, vault)) = &self.owned {
            vault.get()?;
        }
        self.raw.get()
    }

    pub(crate) fn view(&self) -> Arc<View> {
        Arc::clone(&self.view)
    }

    pub(crate) fn panic(&self) -> Result<()> {
        self.state.check()
    }
}

impl Drop for RecorderHandle {
    fn drop(&mut self) {
        if let Some(pointer) = self.raw.take() {
            *self.view.0.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = None;
            let from_callback = is_inside(self.state.key());
            let pointer = Moved(pointer);
            let rest = (Arc::clone(&self.state), self.hub.take(), self.owned.take());
            // SAFETY: nobody else has it any more.
            if !close(from_callback, move || unsafe { sys::vpriv_recorder_close(pointer.get()) }, rest) {
                // It is never closed. At least it hears no more.
                self.state.has_panicked.store(true, Ordering::Relaxed);
            }
        }
    }
}

pub(crate) fn open(
    vault: Arc<VaultHandle>,
    source: Arc<SourceHandle>,
    mut config: RecorderConfig,
) -> Result<RecorderHandle> {
    let state = CallbackState::new(std::mem::take(&mut config.callbacks));
    let subjects = flat(&config.subjects);
    let raw = raw_config(&config, &subjects, &state)?;
    let mut recorder = null_mut();
    c!(vpriv_recorder_open(vault.get()?, source.get()?, &raw, &mut recorder))?;
    Ok(RecorderHandle {
        raw: Raw::new(recorder),
        view: Arc::new(View(RwLock::new(Some(Raw::new(recorder))))),
        state,
        hub: None,
        owned: Some((source, vault)),
    })
}

/// Calls with C's form of a trigger.
fn with_trigger<T>(trigger: &Trigger, call: impl FnOnce(&sys::vpriv_trigger) -> Result<T>) -> Result<T> {
    let word = optional(trigger.wake_word.as_deref())?;
    let class = optional(trigger.device_class.as_deref())?;
    let subjects = flat(&trigger.subjects);
    call(&sys::vpriv_trigger {
        kind: trigger.kind.raw(),
        score: trigger.score,
        wake_word: pointer(&word),
        device_class: pointer(&class),
        subjects: if subjects.is_empty() { null() } else { subjects.as_ptr() },
        n_subjects: trigger.subjects.len(),
        n_guests: trigger.guests,
        n_unknown_speakers: trigger.unknown_speakers,
        all_identified: crate::decide::fact(trigger.all_identified),
        ..Sized_::sized()
    })
}

pub(crate) fn start(recorder: &mut RecorderHandle) -> Result<()> {
    c!(vpriv_recorder_start(recorder.enter()?))
}

pub(crate) fn start_in(recorder: &mut RecorderHandle, hub: &Arc<HubHandle>) -> Result<()> {
    let pointer = recorder.enter()?;
    c!(vpriv_hub_start(hub.get()?, pointer))?;
    recorder.hub = Some(Arc::clone(hub));
    Ok(())
}

pub(crate) fn trigger(recorder: &mut RecorderHandle, trigger: &Trigger) -> Result<()> {
    let pointer = recorder.enter()?;
    with_trigger(trigger, |trigger| c!(vpriv_recorder_trigger(pointer, trigger)))
}

macro_rules! plain_call {
    ($($name:ident = $function:ident,)*) => {$(
        pub(crate) fn $name(recorder: &mut RecorderHandle) -> Result<()> {
            c!($function(recorder.enter()?))
        }
    )*};
}
plain_call! {
    confirm = vpriv_recorder_confirm,
    reject = vpriv_recorder_reject,
    mute = vpriv_recorder_mute,
    unmute = vpriv_recorder_unmute,
    acknowledge = vpriv_recorder_acknowledge,
}

pub(crate) fn finish(recorder: &mut RecorderHandle) -> Result<sys::vpriv_outcome> {
    let mut outcome = Sized_::sized();
    c!(vpriv_recorder_finish(recorder.enter()?, &mut outcome))?;
    Ok(outcome)
}

pub(crate) fn stop(recorder: &mut RecorderHandle) -> Result<sys::vpriv_outcome> {
    let mut outcome = Sized_::sized();
    c!(vpriv_recorder_stop(recorder.enter()?, &mut outcome))?;
    recorder.hub = None;
    Ok(outcome)
}

/// The outcome comes with a failure as well.
pub(crate) fn run(recorder: &mut RecorderHandle, trigger: &Trigger) -> (Result<()>, sys::vpriv_outcome) {
    let mut outcome: sys::vpriv_outcome = Sized_::sized();
    let result = recorder.enter().and_then(|pointer| {
        // SAFETY: see ffi/mod.rs.
        with_trigger(trigger, |trigger| {
            check(unsafe { sys::vpriv_recorder_run(pointer, trigger, &mut outcome) })
        })
    });
    (result, outcome)
}

pub(crate) fn import_opus(
    vault: &VaultHandle,
    file: &Path,
    mut config: RecorderConfig,
) -> (Result<()>, sys::vpriv_outcome) {
    let mut outcome: sys::vpriv_outcome = Sized_::sized();
    let mut go = || {
        let state = CallbackState::new(std::mem::take(&mut config.callbacks));
        let subjects = flat(&config.subjects);
        let raw = raw_config(&config, &subjects, &state)?;
        let file = path(file)?;
        let result = c!(vpriv_recorder_import_opus(vault.get()?, file.as_ptr(), &raw, &mut outcome));
        state.check().and(result)
    };
    (go(), outcome)
}

pub(crate) fn hub_open(
    vault: &Arc<VaultHandle>,
    n_workers: u32,
    n_recorders_max: u32,
    tick_ms: u32,
) -> Result<HubHandle> {
    let config = sys::vpriv_hub_config { n_workers, n_recorders_max, tick_ms, ..Sized_::sized() };
    let mut hub = null_mut();
    c!(vpriv_hub_open(vault.get()?, &config, &mut hub))?;
    Ok(HubHandle::new(hub, Arc::clone(vault)))
}

pub(crate) fn encoding_check(encoding: &sys::vpriv_encoding) -> Result<sys::vpriv_encoding> {
    let encoding = sys::vpriv_encoding { struct_size: std::mem::size_of_val(encoding), ..*encoding };
    let mut filled = encoding;
    c!(vpriv_encoding_check(&encoding, &mut filled))?;
    Ok(filled)
}
