//! What C opened and has to close: each handle closes itself, once, after whatever depends on it.

use crate::ffi::guard::{check_unlocked, is_inside_any, Origin};
use crate::ffi::root::{Clock, MediumState};
use crate::{sys, Result};
use std::io;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex};
use std::thread::Builder;

/// A pointer of C's with the process it belongs to.
pub(super) struct Raw<T> {
    pointer: NonNull<T>,
    origin: Origin,
}

impl<T> Raw<T> {
    /// `pointer` was just given out by a call that succeeded.
    pub(super) fn new(pointer: *mut T) -> Raw<T> {
        Raw { pointer: NonNull::new(pointer).expect("a handle is never NULL"), origin: Origin::here() }
    }

    pub(super) fn get(&self) -> Result<*mut T> {
        self.origin.check()?;
        Ok(self.pointer.as_ptr())
    }

    /// To be closed; `None` in a forked child, which may not.
    pub(super) fn take(&self) -> Option<*mut T> {
        self.origin.is_here().then_some(self.pointer.as_ptr())
    }
}

macro_rules! handle {
    ($(#[$meta:meta])* $name:ident, $raw:ident, $close:ident { $($field:ident: $kind:ty),* }) => {
        $(#[$meta])*
        pub(crate) struct $name {
            raw: Raw<sys::$raw>,
            $(#[allow(dead_code)] pub(super) $field: $kind,)*
        }

        #[allow(dead_code)]
        impl $name {
            pub(super) fn new(pointer: *mut sys::$raw $(, $field: $kind)*) -> $name {
                $name { raw: Raw::new(pointer) $(, $field)* }
            }

            pub(super) fn get(&self) -> Result<*mut sys::$raw> {
                self.raw.get()
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                if let Some(pointer) = self.raw.take() {
                    // SAFETY: open until here, and nobody else has it any more.
                    unsafe { sys::$close(pointer) };
                }
            }
        }
    };
}

handle!(
    /// C: one call at a time, but for `vpriv_root_assurance`; all others take it exclusively.
    RootHandle, vpriv_root_store, vpriv_root_close { medium: Option<Arc<MediumState>> }
);
// SAFETY: any thread; see above. A medium is `Send` and is called by one thread at a time.
unsafe impl Send for RootHandle {}
unsafe impl Sync for RootHandle {}

handle!(
    /// C: any threads at the same time; it does not change once made.
    KeyringHandle,
    vpriv_keyring,
    vpriv_keyring_close {}
);
// SAFETY: see above.
unsafe impl Send for KeyringHandle {}
unsafe impl Sync for KeyringHandle {}

handle!(
    /// C: `name`, `format` and `level` at any time from anywhere; the rest is kept apart by the types of the
    /// capture module: one writer, one reader.
    SourceHandle,
    vpriv_source,
    vpriv_capture_close {}
);
// SAFETY: see above.
unsafe impl Send for SourceHandle {}
unsafe impl Sync for SourceHandle {}

handle!(
    /// C: one call at a time, from any thread.
    ReaderHandle, vpriv_reader, vpriv_gate_close { vault: Arc<VaultHandle> }
);
// SAFETY: see above; it is not `Sync`.
unsafe impl Send for ReaderHandle {}

handle!(
    /// A text that does not change.
    NoticeTextHandle,
    vpriv_notice_text,
    vpriv_notice_text_free {}
);
// SAFETY: never written to once made.
unsafe impl Send for NoticeTextHandle {}
unsafe impl Sync for NoticeTextHandle {}

/// C: any threads at the same time; calls take turns on a lock inside.
pub(crate) struct VaultHandle {
    raw: Raw<sys::vpriv_vault>,
    /// The one in use last; others before it when a move of the root key was cut off.
    roots: Mutex<Vec<RootHandle>>,
    _clock: Option<Arc<Clock>>,
}

// SAFETY: see above. A clock is `Send` and `Sync`.
unsafe impl Send for VaultHandle {}
unsafe impl Sync for VaultHandle {}

impl VaultHandle {
    pub(super) fn new(
        pointer: *mut sys::vpriv_vault,
        root: Option<RootHandle>,
        clock: Option<Arc<Clock>>,
    ) -> VaultHandle {
        VaultHandle { raw: Raw::new(pointer), roots: Mutex::new(root.into_iter().collect()), _clock: clock }
    }

    pub(super) fn get(&self) -> Result<*mut sys::vpriv_vault> {
        check_unlocked()?;
        self.raw.get()
    }

    pub(super) fn roots(&self) -> std::sync::MutexGuard<'_, Vec<RootHandle>> {
        self.roots.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Closes the vault and gives its root store back, if it has one.
    pub(crate) fn close(self) -> Option<RootHandle> {
        let mut roots = std::mem::take(&mut *self.roots());
        drop(self);
        roots.pop()
    }
}

impl Drop for VaultHandle {
    fn drop(&mut self) {
        if let Some(pointer) = self.raw.take() {
            // SAFETY: recorders, readers and hubs on it own a share of it, so none is left.
            unsafe { sys::vpriv_vault_close(pointer) };
        }
    }
}

/// C: `vpriv_hub_start` any, at the same time.
pub(crate) struct HubHandle {
    raw: Raw<sys::vpriv_hub>,
    pub(super) vault: Option<Arc<VaultHandle>>,
}

// SAFETY: see above. Recorders started in it own a share of it, so that no call on one of them is under way
// when it is closed.
unsafe impl Send for HubHandle {}
unsafe impl Sync for HubHandle {}

impl HubHandle {
    pub(super) fn new(pointer: *mut sys::vpriv_hub, vault: Arc<VaultHandle>) -> HubHandle {
        HubHandle { raw: Raw::new(pointer), vault: Some(vault) }
    }

    pub(super) fn get(&self) -> Result<*mut sys::vpriv_hub> {
        self.raw.get()
    }
}

impl Drop for HubHandle {
    fn drop(&mut self) {
        if let Some(pointer) = self.raw.take() {
            let pointer = Moved(pointer);
            let vault = self.vault.take();
            // SAFETY: nobody else has it any more.
            close(is_inside_any(), move || unsafe { sys::vpriv_hub_close(pointer.get()) }, vault);
        }
    }
}

/// A pointer on its way to another thread.
pub(super) struct Moved<T>(pub(super) *mut T);

// SAFETY: what C opened on one thread may be closed on another.
unsafe impl<T> Send for Moved<T> {}

impl<T> Moved<T> {
    pub(super) fn get(&self) -> *mut T {
        self.0
    }
}

/// Closes, and lets go of what had to live until then. From within a callback that C waits for when it
/// closes, it is done on a thread of its own, as soon as the callback has returned. False when there is no thread
/// to be had: then it is never closed, and what C uses stays for good.
pub(super) fn close<T: Send + 'static>(
    from_callback: bool,
    closing: impl FnOnce() + Send + 'static,
    afterwards: T,
) -> bool {
    if from_callback {
        return hand_over(|work| Builder::new().spawn(work).map(drop), closing, afterwards);
    }
    closing();
    drop(afterwards);
    true
}

/// The same on a thread that `spawn` makes.
fn hand_over<T: Send + 'static>(
    spawn: impl FnOnce(Box<dyn FnOnce() + Send>) -> io::Result<()>,
    closing: impl FnOnce() + Send + 'static,
    afterwards: T,
) -> bool {
    // Who cannot make a thread drops what it was to run. C still uses what would go with that.
    let held = ManuallyDrop::new((closing, afterwards));
    let work = move || {
        let (closing, afterwards) = ManuallyDrop::into_inner(held);
        closing();
        drop(afterwards);
    };
    spawn(Box::new(work)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn without_a_thread_nothing_goes_that_c_still_uses() {
        let held = Arc::new(());
        let n_closed = Arc::new(AtomicUsize::new(0));
        let closing = || {
            let n_closed = Arc::clone(&n_closed);
            move || {
                n_closed.fetch_add(1, Ordering::SeqCst);
            }
        };
        let no_thread = |_| Err(io::Error::from(io::ErrorKind::WouldBlock));
        assert!(!hand_over(no_thread, closing(), Arc::clone(&held)));
        assert_eq!((n_closed.load(Ordering::SeqCst), Arc::strong_count(&held)), (0, 2));
        let at_once = |work: Box<dyn FnOnce() + Send>| {
            work();
            Ok(())
        };
        assert!(hand_over(at_once, closing(), Arc::clone(&held)));
        assert_eq!((n_closed.load(Ordering::SeqCst), Arc::strong_count(&held)), (1, 2));
    }
}
