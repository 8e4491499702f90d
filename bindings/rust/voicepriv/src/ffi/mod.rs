//! Everything that is `unsafe`: the only module where C is called. What leaves it is safe to use in any order.
//!
//! Why it is sound, once for all of it:
//!
//! - A pointer handed to C is that of a reference, a slice with its length, or a text with its NUL that lives
//!   until the call returns; or of a handle that is open ([`handle`]) and, where C allows one call at a time
//!   only, borrowed exclusively.
//! - What C keeps beyond a call (vault and source of a recorder, root store of a vault, what a callback gets)
//!   is owned by the handle that C was given it for, and freed after that is closed.
//! - No panic crosses C: every function that C calls catches it ([`callback`]).
//! - A handle that came through a fork is refused and never closed ([`guard`]).

pub(crate) mod base;
pub(crate) mod callback;
pub(crate) mod capture;
pub(crate) mod consent;
pub(crate) mod derivative;
pub(crate) mod effects;
pub(crate) mod gate;
pub(crate) mod guard;
pub(crate) mod handle;
pub(crate) mod inventory;
pub(crate) mod keys;
pub(crate) mod log;
pub(crate) mod notice;
pub(crate) mod people;
pub(crate) mod places;
pub(crate) mod recorder;
pub(crate) mod root;
pub(crate) mod share;
pub(crate) mod storage;
pub(crate) mod vault;
pub(crate) mod wipe;
