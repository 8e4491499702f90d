//! Points in time as the vault keeps them.

use crate::macros::FromC;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time: microseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(i64);

impl Time {
    /// A time that never comes: valid without end, kept until erased.
    pub const FOREVER: Time = Time(i64::MAX);
    /// 1970-01-01. In what the library gives it often means that nothing is known. Where a time may be left out,
    /// `None` is no bound, and this is one: the microsecond after it.
    pub const ZERO: Time = Time(0);

    /// So many microseconds after 1970-01-01 UTC.
    pub const fn from_micros(micros: i64) -> Time {
        Time(micros)
    }

    /// Microseconds since 1970-01-01 UTC.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// What the system's clock says.
    pub fn now() -> Time {
        Time::from(SystemTime::now())
    }

    /// The system's form of it; `None` for [`Time::FOREVER`].
    pub fn to_system_time(self) -> Option<SystemTime> {
        let distance = Duration::from_micros(self.0.unsigned_abs());
        if self == Time::FOREVER {
            None
        } else if self.0 >= 0 {
            UNIX_EPOCH.checked_add(distance)
        } else {
            UNIX_EPOCH.checked_sub(distance)
        }
    }
}

impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Time {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Time(i64::try_from(after.as_micros()).unwrap_or(i64::MAX)),
            Err(before) => Time(i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |us| -us)),
        }
    }
}

impl FromC<i64> for Time {
    fn from_c(c: &i64) -> Time {
        Time(*c)
    }
}

/// A bound in time, as C has it: 0 is none there, so that 1970 itself becomes the microsecond after it.
pub(crate) fn micros(time: Option<Time>) -> i64 {
    match time.map(Time::as_micros) {
        None => 0,
        Some(0) => 1,
        Some(us) => us,
    }
}

/// C's milliseconds, rounded up, so that zero alone is zero; more than fit are as many as fit, which the library
/// then refuses by name.
pub(crate) fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_nanos().saturating_add(999_999) / 1_000_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_zero_is_a_bound() {
        assert_eq!(micros(None), 0);
        assert_eq!(micros(Some(Time::ZERO)), 1);
        assert_eq!(micros(Some(Time::from(UNIX_EPOCH))), 1);
        for us in [-1, 1, 2, i64::MIN, i64::MAX] {
            assert_eq!(micros(Some(Time::from_micros(us))), us);
        }
    }

    #[test]
    fn only_zero_is_no_milliseconds() {
        assert_eq!(milliseconds(Duration::ZERO), 0);
        for (ns, ms) in [(1, 1), (999_999, 1), (1_000_000, 1), (1_000_001, 2), (20_000_000, 20)] {
            assert_eq!(milliseconds(Duration::from_nanos(ns)), ms);
        }
        assert_eq!(milliseconds(Duration::MAX), u32::MAX);
    }
}
