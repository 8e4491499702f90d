//! Keyrings: who holds which purpose's key.

use crate::ffi;
use crate::ffi::handle::KeyringHandle;
use crate::{Purposes, Result};
use std::fmt;
use std::path::Path;

/// Keys of one holder: secret halves of purposes, or a capture credential. Any threads may use it at the
/// same time. Dropping it closes it and wipes its keys.
pub struct Keyring(pub(crate) KeyringHandle);

impl Keyring {
    /// Reads a keyring file.
    pub fn load(path: impl AsRef<Path>) -> Result<Keyring> {
        ffi::keys::load(path.as_ref()).map(Keyring)
    }

    /// Writes a keyring file of mode 0600; an existing file is kept. It holds the secret keys in the clear.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        ffi::keys::save(&self.0, path.as_ref())
    }

    /// Makes a keyring with fewer purposes, for a reviewer's or trainer's process.
    pub fn split(&self, purposes: impl Into<Purposes>) -> Result<Keyring> {
        ffi::keys::split(&self.0, purposes.into().checked_bits()?).map(Keyring)
    }

    /// Which purposes' secret keys it holds; none for a capture credential.
    pub fn purposes(&self) -> Result<Purposes> {
        ffi::keys::purposes(&self.0).map(Purposes::from_bits)
    }

    /// Whether it is a capture credential: public keys and the capture policy, nothing that opens a recording.
    pub fn is_capture_credential(&self) -> Result<bool> {
        ffi::keys::is_capture_credential(&self.0)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("purposes", &self.purposes().ok()).finish_non_exhaustive()
    }
}
