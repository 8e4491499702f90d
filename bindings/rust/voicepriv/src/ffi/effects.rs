//! What purposes do, and the usual choices.

use crate::ffi::base::{c, filled, reported, static_text, value_of, Reported, Sized_};
use crate::ffi::handle::VaultHandle;
use crate::ffi::people::RawEvidence;
use crate::people::Evidence;
use crate::{sys, Result};
use std::ptr::null;

value_of!(profile_from_name, vpriv_profile_from_name, sys::vpriv_profile);

pub(crate) fn effect_of(purpose: sys::vpriv_purpose) -> Result<sys::vpriv_effect> {
    let mut effect = Sized_::sized();
    c!(vpriv_effect_of(purpose, &mut effect))?;
    Ok(effect)
}

const TEXT_BYTES: usize = sys::VPRIV_EFFECT_TEXT_BYTES as usize;

pub(crate) fn effect_text(effect: &sys::vpriv_effect) -> String {
    let mut words = [0u8; TEXT_BYTES];
    // SAFETY: there is room for the longest text.
    unsafe { sys::vpriv_effect_text(effect, words.as_mut_ptr().cast()) };
    filled(&words)
}

pub(crate) fn effects_text(effects: &sys::vpriv_effects) -> String {
    let mut words = [0u8; TEXT_BYTES];
    // SAFETY: there is room for the longest text.
    unsafe { sys::vpriv_effects_text(effects, words.as_mut_ptr().cast()) };
    filled(&words)
}

/// What is about to be recorded.
pub(crate) struct RawPlan {
    pub(crate) subjects: Vec<u8>,
    pub(crate) retention: sys::vpriv_retention,
    pub(crate) required_purposes: u32,
    pub(crate) with_frames: bool,
    pub(crate) starts_by_itself: bool,
}

impl RawPlan {
    fn with<T>(&self, call: impl FnOnce(&sys::vpriv_effects_request) -> T) -> T {
        call(&sys::vpriv_effects_request {
            subjects: if self.subjects.is_empty() { null() } else { self.subjects.as_ptr() },
            n_subjects: self.subjects.len() / 16,
            retention: self.retention,
            required_purposes: self.required_purposes,
            with_frames: self.with_frames,
            starts_by_itself: self.starts_by_itself,
            ..Sized_::sized()
        })
    }
}

pub(crate) fn effects_of(in_force: u32, plan: &RawPlan) -> Result<sys::vpriv_effects> {
    let mut effects = Sized_::sized();
    plan.with(|request| c!(vpriv_effects_of(in_force, request, &mut effects)))?;
    Ok(effects)
}

pub(crate) fn effects_now(vault: &VaultHandle, plan: &RawPlan) -> Result<sys::vpriv_effects> {
    let mut effects = Sized_::sized();
    let vault = vault.get()?;
    plan.with(|request| c!(vpriv_effects_now(vault, request, &mut effects)))?;
    Ok(effects)
}

/// Name and sentence, purposes and retention.
pub(crate) fn profile_about(
    profile: sys::vpriv_profile,
) -> Option<(&'static str, &'static str, u32, sys::vpriv_retention)> {
    // SAFETY: NULL, or a row of a static table.
    let row = unsafe { sys::vpriv_profile_about(profile).as_ref() }?;
    Some((static_text(row.name), static_text(row.sentence), row.purposes, row.retention))
}

/// What was done comes with a failure as well.
pub(crate) fn profile_apply(
    vault: &VaultHandle,
    subject: &[u8; 16],
    profile: sys::vpriv_profile,
    evidence: &Evidence,
) -> Reported<sys::vpriv_profile_outcome> {
    reported(|outcome| {
        let evidence = RawEvidence::new(evidence)?;
        c!(vpriv_profile_apply(vault.get()?, subject.as_ptr(), profile, &evidence.raw, outcome))
    })
}

pub(crate) fn profile_private(
    vault: &VaultHandle,
    subject: &[u8; 16],
    evidence: &Evidence,
) -> Reported<sys::vpriv_profile_outcome> {
    reported(|outcome| {
        let evidence = RawEvidence::new(evidence)?;
        c!(vpriv_profile_private(vault.get()?, subject.as_ptr(), &evidence.raw, outcome))
    })
}
