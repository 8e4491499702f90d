//! Privacy-aware voice capture: consent, Opus, an encrypted vault, and a gate that leaves a trace. The safe
//! binding of libvoicepriv; every promise of the C library holds here, and more of its rules are checked by the
//! compiler. `doc/bindings.md` says what maps to what.
//!
//! ```
//! # let folder = voicepriv::doctest_folder("start");
//! use std::time::Duration;
//! use voicepriv::*;
//!
//! let root = RootStore::file(folder.join("home.root"))?;
//! let (vault, keyring) = Vault::create(folder.join("home.vault"), root)?;
//! keyring.save(folder.join("home.keyring"))?;
//! let ada = vault.add_subject(SubjectClass::User, "Ada", None)?;
//! vault.add_notice(&Notice::new("history", "1", "en", "We keep what you say for you."))?;
//! vault.give_consent(ada, Purpose::KeepHistory, &Evidence::new().notice("history", "en"))?;
//!
//! let microphone = StreamFormat::new(SampleFormat::S16, 48_000, 1); // or Source::open("pulse")?
//! let (mut writer, source) = Source::push(microphone, Duration::from_secs(2))?;
//! writer.write_i16(&[0; 48_000])?; // in the audio callback
//! writer.end()?;
//! let mut recorder = Recorder::config()
//!     .subject(ada)
//!     .all_identified(true) // nobody else is heard
//!     .retention(Retention::Days(90)) // without it nothing is stored
//!     .open(&vault, source)?;
//! let kept = recorder.run(&Trigger::button())?;
//! assert_eq!(kept.duration(), Duration::from_secs(1));
//!
//! let mut reader = vault.read(&keyring, kept.recording, &Request::new(Purpose::KeepHistory, "ada"))?;
//! let samples: usize = reader.frames(960)?.map(|sound| sound.map_or(0, |sound| sound.len())).sum();
//! assert_eq!(samples, reader.about()?.rate_hz as usize);
//!
//! vault.withdraw_consent(ada, Purpose::KeepHistory, &Evidence::new())?; // reaches back, at once
//! let refused = vault.read(&keyring, kept.recording, &Request::new(Purpose::KeepHistory, "ada"));
//! assert_eq!(refused.unwrap_err().status(), Status::Consent);
//! # Ok::<(), Error>(())
//! ```
//!
//! # Closing
//!
//! Dropping closes and wipes. A [`Recorder`], [`Reader`] or [`Hub`] keeps its [`Vault`] open, and a started
//! recorder its hub: whatever is dropped first, the order is right.
//!
//! # Threads
//!
//! What C lets many threads do takes `&self` on a type that is `Sync`; what it lets one thread do at a time takes
//! `&mut self`, or is on a type that is not `Sync`. Closures that run on the library's threads are
//! `Send + 'static`.
//!
//! # Panics
//!
//! None crosses C. One in a closure that runs while a call lasts goes on behind that call; one on a thread of the
//! library's ends the recorder, whose next call fails with [`Status::Panicked`]. With `panic = "abort"` the
//! program ends at once, as everywhere.
//!
//! # Forks
//!
//! In a child after `fork`, every call on a handle of the parent's fails with [`Status::Forked`], and dropping it
//! does nothing. The child keeps copies of the parent's secrets in memory all the same: call `exec`, or do not
//! fork. (A fork that goes past libc, by a system call of one's own, is not noticed.)
#![deny(unsafe_code, missing_docs, missing_debug_implementations)]
#![warn(rust_2018_idioms)]

pub(crate) use voicepriv_sys as sys;

#[macro_use]
mod macros;
#[allow(unsafe_code)]
mod ffi;

mod capture;
mod config;
mod decide;
mod derivative;
mod effects;
mod error;
mod forget;
mod gate;
mod hub;
mod ids;
mod inventory;
mod keys;
mod kinds;
mod log;
mod notice;
mod past;
mod people;
mod places;
mod recorder;
mod root;
mod secret;
mod share;
mod storage;
mod sync;
mod text;
mod threads;
mod time;
mod vault;

pub use capture::*;
pub use config::*;
pub use decide::{Facts, Operation, Speaker};
pub use derivative::*;
pub use effects::*;
pub use error::{Error, Result, Status, Unfinished};
pub use forget::*;
pub use gate::*;
pub use hub::*;
pub use ids::*;
pub use inventory::*;
pub use keys::*;
pub use kinds::*;
pub use log::*;
pub use notice::*;
pub use past::*;
pub use people::*;
pub use places::*;
pub use recorder::*;
pub use root::*;
pub use secret::*;
pub use share::*;
pub use storage::*;
pub use sync::*;
pub use time::Time;
pub use vault::{
    Receipt, RecordingFilter, RecordingInfo, Space, Vault, VaultInfo, VaultOptions, Verification,
    VerificationCounts,
};

/// The version of the library that is running.
pub fn version() -> &'static str {
    ffi::base::version()
}

/// The instruction set that the sound kernels use in this process: "c", "sse2", "avx2", "avx512" or "neon".
pub fn cpu_level() -> &'static str {
    ffi::base::cpu_level()
}

/// An empty folder for an example of this documentation, which goes with it.
#[doc(hidden)]
pub fn doctest_folder(name: &str) -> DoctestFolder {
    let folder = std::env::temp_dir().join(format!("voicepriv-doctest-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder for the example");
    DoctestFolder(folder)
}

/// See [`doctest_folder`].
#[doc(hidden)]
#[derive(Debug)]
pub struct DoctestFolder(std::path::PathBuf);

impl std::ops::Deref for DoctestFolder {
    type Target = std::path::Path;
    fn deref(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for DoctestFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
