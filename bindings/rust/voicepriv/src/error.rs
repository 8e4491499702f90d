//! What can go wrong.

use std::fmt;

macro_rules! statuses {
    ($($(#[$meta:meta])* $variant:ident = $constant:ident,)*) => {
        /// What a failing call came to: C's status, and two of this crate's own. `doc/errors.md` explains each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Status {
            $($(#[$meta])* $variant,)*
            /// A callback of yours panicked on a thread of the library's. What it belonged to has ended.
            Panicked,
            /// The handle is of the process that this one was forked from. Only that one may use it.
            Forked,
            /// A status of a newer library.
            Other(i32),
        }

        impl Status {
            pub(crate) fn from_raw(raw: crate::sys::vpriv_status) -> Status {
                match raw {
                    $(crate::sys::$constant => Status::$variant,)*
                    other => Status::Other(other),
                }
            }

            /// C's number; `VPRIV_E_CANCELLED` and `VPRIV_E_STATE` for what is this crate's own.
            pub fn code(self) -> i32 {
                match self {
                    $(Status::$variant => crate::sys::$constant,)*
                    Status::Panicked => crate::sys::VPRIV_E_CANCELLED,
                    Status::Forked => crate::sys::VPRIV_E_STATE,
                    Status::Other(raw) => raw,
                }
            }
        }
    };
}

statuses! {
    /// A call did not finish and did not say why.
    Internal = VPRIV_E_INTERNAL,
    /// An argument is outside what the call accepts.
    Argument = VPRIV_E_ARG,
    /// No memory, or memory could not be locked.
    Memory = VPRIV_E_MEMORY,
    /// The operating system refused a read or a write.
    Io = VPRIV_E_IO,
    /// No space left on the disk.
    Full = VPRIV_E_FULL,
    /// Another process held the vault for too long.
    Busy = VPRIV_E_BUSY,
    /// Not a file of this kind, or malformed input.
    Format = VPRIV_E_FORMAT,
    /// Written by a newer version of the library.
    Version = VPRIV_E_VERSION,
    /// Data was changed, cut, moved or is not ours; never says which.
    Authentication = VPRIV_E_AUTH,
    /// The vault file is older than its root store, or the reverse.
    Rollback = VPRIV_E_ROLLBACK,
    /// The root store is missing, unusable or of another vault.
    Root = VPRIV_E_ROOT,
    /// No consent for this; the text has every reason.
    Consent = VPRIV_E_CONSENT,
    /// No such file, recording, subject or notice.
    NotFound = VPRIV_E_NOT_FOUND,
    /// Something of that name is there already.
    Exists = VPRIV_E_EXISTS,
    /// Not possible in the present state of the handle or record.
    State = VPRIV_E_STATE,
    /// A valid request that this build or format does not serve.
    Unsupported = VPRIV_E_UNSUPPORTED,
    /// Larger than a documented limit.
    Limit = VPRIV_E_LIMIT,
    /// The keyring does not hold the key this needs.
    NoKey = VPRIV_E_NO_KEY,
    /// The microphone went away.
    DeviceLost = VPRIV_E_DEVICE_LOST,
    /// The recording was erased; only its tombstone is left.
    Erased = VPRIV_E_ERASED,
    /// A callback asked to stop.
    Cancelled = VPRIV_E_CANCELLED,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Panicked => f.pad("a callback panicked"),
            Status::Forked => f.pad("handle of another process"),
            other => f.pad(crate::ffi::base::status_text(other.code())),
        }
    }
}

/// A failure: what it was, and what exactly was wrong, in words for people and log files. Neither contains a
/// key, a sample, a name or a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    status: Status,
    detail: String,
}

impl Error {
    /// A failure of your own, for what a [`Medium`](crate::Medium) gives.
    pub fn new(status: Status, detail: impl Into<String>) -> Error {
        Error { status, detail: detail.into() }
    }

    /// What it was.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Which file, field or limit; empty when there is nothing to add.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Error {
        Error::new(status, "")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.detail.is_empty() {
            write!(f, "{}", self.status)
        } else {
            write!(f, "{}: {}", self.status, self.detail)
        }
    }
}

impl std::error::Error for Error {}

/// What a call gives.
pub type Result<T> = std::result::Result<T, Error>;

/// What did not finish: why, and what was done before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished<R> {
    /// Why.
    pub error: Error,
    /// What was done, and stays done.
    pub report: Box<R>,
}

impl<R> From<Unfinished<R>> for Error {
    fn from(unfinished: Unfinished<R>) -> Error {
        unfinished.error
    }
}

impl<R> fmt::Display for Unfinished<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<R: fmt::Debug> std::error::Error for Unfinished<R> {}
