//! The log, as seen by somebody who checks it. No vault and no secret is needed.

use crate::ffi::base::{c, filled, name_of, text};
use crate::{sys, Result};

name_of!(kind_name, vpriv_log_kind_name, sys::vpriv_log_kind);

pub(crate) fn leaf_hash(commitment: &[u8; 32]) -> Result<[u8; 32]> {
    let mut hash = [0; 32];
    c!(vpriv_log_leaf_hash(commitment.as_ptr(), hash.as_mut_ptr()))?;
    Ok(hash)
}

pub(crate) fn verify_inclusion(
    leaf: &[u8; 32],
    index: u64,
    size: u64,
    proof: &[[u8; 32]],
    root: &[u8; 32],
) -> Result<()> {
    c!(vpriv_log_verify_inclusion(
        leaf.as_ptr(),
        index,
        size,
        proof.as_ptr().cast(),
        proof.len(),
        root.as_ptr()
    ))
}

pub(crate) fn verify_consistency(
    old: (u64, &[u8; 32]),
    new: (u64, &[u8; 32]),
    proof: &[[u8; 32]],
) -> Result<()> {
    c!(vpriv_log_verify_consistency(
        old.0,
        old.1.as_ptr(),
        new.0,
        new.1.as_ptr(),
        proof.as_ptr().cast(),
        proof.len()
    ))
}

pub(crate) fn verify_checkpoint(note: &[u8], origin: &str, key: &[u8; 32]) -> Result<(u64, [u8; 32])> {
    let origin = text(origin)?;
    let (mut size, mut root) = (0, [0; 32]);
    c!(vpriv_log_verify_checkpoint(
        note.as_ptr().cast(),
        note.len(),
        origin.as_ptr(),
        key.as_ptr(),
        &mut size,
        root.as_mut_ptr()
    ))?;
    Ok((size, root))
}

pub(crate) fn verifier_key(origin: &str, key: &[u8; 32]) -> Result<String> {
    let origin = text(origin)?;
    let mut words = [0u8; sys::VPRIV_LOG_VERIFIER_KEY_BYTES as usize];
    c!(vpriv_log_verifier_key(origin.as_ptr(), key.as_ptr(), words.as_mut_ptr().cast()))?;
    Ok(filled(&words))
}

pub(crate) fn verifier_key_parse(words: &str) -> Result<(String, [u8; 32])> {
    let words = text(words)?;
    let (mut origin, mut key) = ([0u8; sys::VPRIV_LOG_ORIGIN_BYTES as usize], [0; 32]);
    c!(vpriv_log_verifier_key_parse(words.as_ptr(), origin.as_mut_ptr().cast(), key.as_mut_ptr()))?;
    Ok((filled(&origin), key))
}
