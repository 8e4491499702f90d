//! Who may call: not a forked child, and not from within a callback that C forbids it in.

use crate::{Error, Result, Status};
use std::cell::{Cell, RefCell};
use std::os::raw::c_int;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Once;

extern "C" {
    fn pthread_atfork(
        prepare: Option<extern "C" fn()>,
        parent: Option<extern "C" fn()>,
        child: Option<extern "C" fn()>,
    ) -> c_int;
}

/// How many forks lie between the first process and this one. Counting in the child costs nothing where it
/// matters: asking for the process's number at each call would be a system call in an audio callback.
static FORKS: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count_fork() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// The process that a handle was made in.
#[derive(Clone, Copy)]
pub(crate) struct Origin(usize);

impl Origin {
    pub(crate) fn here() -> Origin {
        static REGISTER: Once = Once::new();
        REGISTER.call_once(|| {
            // SAFETY: the function lives as long as the program and only counts.
            let failed = unsafe { pthread_atfork(None, None, Some(count_fork)) };
            assert_eq!(failed, 0, "no memory for three pointers");
        });
        Origin(FORKS.load(Ordering::Relaxed))
    }

    pub(crate) fn is_here(self) -> bool {
        self.0 == FORKS.load(Ordering::Relaxed)
    }

    pub(crate) fn check(self) -> Result<()> {
        if self.is_here() {
            Ok(())
        } else {
            Err(Error::new(Status::Forked, "the handle was made before a fork"))
        }
    }
}

// Old compilers make a constant of it on the way.
#[allow(clippy::declare_interior_mutable_const)]
mod marks {
    use super::*;
    thread_local! {
        /// The owners of the callbacks that this thread is in, innermost last.
        pub(super) static INSIDE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
        /// Within a callback that runs under a vault's lock.
        pub(super) static LOCKED: Cell<bool> = const { Cell::new(false) };
    }
}
use marks::{INSIDE, LOCKED};

/// Runs a callback of the given owner.
pub(crate) fn inside<T>(owner: usize, callback: impl FnOnce() -> T) -> T {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            let _ = INSIDE.try_with(|inside| inside.borrow_mut().pop());
        }
    }
    INSIDE.with(|inside| inside.borrow_mut().push(owner));
    let _leave = Leave;
    callback()
}

/// Whether this thread is in a callback of this owner.
pub(crate) fn is_inside(owner: usize) -> bool {
    INSIDE.try_with(|inside| inside.borrow().contains(&owner)).unwrap_or(false)
}

/// Whether this thread is in a callback of anybody's.
pub(crate) fn is_inside_any() -> bool {
    INSIDE.try_with(|inside| !inside.borrow().is_empty()).unwrap_or(false)
}

/// Runs a callback that C calls with a vault's lock held.
pub(crate) fn locked<T>(callback: impl FnOnce() -> T) -> T {
    struct Leave(bool);
    impl Drop for Leave {
        fn drop(&mut self) {
            let _ = LOCKED.try_with(|locked| locked.set(self.0));
        }
    }
    let _leave = Leave(LOCKED.with(|locked| locked.replace(true)));
    callback()
}

/// Refuses calls from within such a callback: they would wait for a lock that their own thread holds.
pub(crate) fn check_unlocked() -> Result<()> {
    if LOCKED.try_with(Cell::get).unwrap_or(false) {
        Err(Error::new(Status::State, "a vault is being used by the call that this callback belongs to"))
    } else {
        Ok(())
    }
}
