//! Overwriting what was secret.

use std::sync::atomic::{compiler_fence, Ordering};

/// Overwrites with zeros, in a way that no compiler leaves out.
pub(crate) fn wipe<T: Plain>(values: &mut [T]) {
    for value in values.iter_mut() {
        // SAFETY: a reference, and every bit pattern of T is one.
        unsafe { std::ptr::write_volatile(value, T::ZERO) };
    }
    compiler_fence(Ordering::SeqCst);
}

/// Also what lies between length and capacity.
pub(crate) fn wipe_vec<T: Plain>(values: &mut Vec<T>) {
    values.resize(values.capacity(), T::ZERO);
    wipe(values);
    values.clear();
}

/// Numbers.
pub(crate) trait Plain: Copy {
    const ZERO: Self;
}

impl Plain for u8 {
    const ZERO: u8 = 0;
}

impl Plain for f32 {
    const ZERO: f32 = 0.0;
}
