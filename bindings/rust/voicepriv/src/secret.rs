//! What is overwritten when it is no longer needed, and never printed.

use crate::ffi::wipe::{wipe, wipe_vec};
use crate::{sys, Error, Result, Status};
use std::fmt;
use std::ops::Deref;

/// A passphrase, or another secret text: bytes that are wiped when it is dropped, and never printed. It
/// takes the text over, so that no copy is left behind in its place.
///
/// ```
/// let words = voicepriv::Passphrase::from(String::from("correct horse"));
/// assert_eq!(format!("{words:?}"), "Passphrase(..)");
/// ```
pub struct Passphrase(Vec<u8>);

impl Passphrase {
    /// The bytes. What is copied from here is yours to wipe.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The same with a NUL at its end.
    pub(crate) fn to_c_text(&self) -> Result<Passphrase> {
        if self.0.contains(&0) {
            return Err(Error::new(Status::Argument, "a secret text has a NUL in it"));
        }
        let mut bytes = Vec::with_capacity(self.0.len() + 1);
        bytes.extend_from_slice(&self.0);
        bytes.push(0);
        Ok(Passphrase(bytes))
    }
}

impl From<String> for Passphrase {
    fn from(text: String) -> Passphrase {
        Passphrase(text.into_bytes())
    }
}

impl From<Vec<u8>> for Passphrase {
    fn from(bytes: Vec<u8>) -> Passphrase {
        Passphrase(bytes)
    }
}

impl Drop for Passphrase {
    fn drop(&mut self) {
        wipe_vec(&mut self.0);
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// So many secret bytes: wiped when dropped, and never printed. They stay where they are when it is moved.
pub struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    pub(crate) fn zeros() -> Secret<N> {
        Secret(Box::new([0; N]))
    }

    /// Takes a copy, and wipes what was given.
    pub fn take(bytes: &mut [u8; N]) -> Secret<N> {
        let mut secret = Secret::zeros();
        secret.0.copy_from_slice(bytes);
        wipe(bytes);
        secret
    }

    /// The bytes. What is copied from here is yours to wipe.
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        wipe(&mut self.0[..]);
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({N} bytes)")
    }
}

/// The secret half of an authority's or a surface's Ed25519 key.
pub type Seed = Secret<{ sys::VPRIV_AUTHORITY_SEED_BYTES as usize }>;

/// A recovery key as text, eight groups of four: to be written down and locked away. Wiped when dropped.
pub struct RecoveryKey(Secret<{ sys::VPRIV_RECOVERY_KEY_TEXT_BYTES as usize }>);

impl RecoveryKey {
    pub(crate) fn empty() -> RecoveryKey {
        RecoveryKey(Secret::zeros())
    }

    pub(crate) fn buffer(&mut self) -> &mut [u8; sys::VPRIV_RECOVERY_KEY_TEXT_BYTES as usize] {
        self.0.bytes_mut()
    }

    pub(crate) fn with_nul(&self) -> &[u8] {
        self.0.expose()
    }

    /// As somebody typed it; capitals, blanks and hyphens do not matter. `text` is wiped.
    pub fn from_text(text: Passphrase) -> Result<RecoveryKey> {
        let mut key = RecoveryKey::empty();
        let bytes = text.expose();
        for (n, &byte) in bytes.iter().filter(|byte| !byte.is_ascii_whitespace()).enumerate() {
            if byte == 0 || n + 1 >= key.buffer().len() {
                return Err(Error::new(Status::Format, "not a recovery key"));
            }
            key.buffer()[n] = byte;
        }
        Ok(key)
    }

    /// The text. What is copied from here is yours to wipe.
    pub fn expose(&self) -> &str {
        let bytes = self.with_nul();
        let n = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        std::str::from_utf8(&bytes[..n]).unwrap_or("")
    }
}

impl fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryKey(..)")
    }
}

/// Bytes that came out of a vault: wiped when dropped, and never printed.
#[derive(Default)]
pub struct Content(Vec<u8>);

impl Content {
    pub(crate) fn copy_of(bytes: &[u8]) -> Content {
        Content(bytes.to_vec())
    }

    /// Takes the bytes out. From here on they are yours to wipe.
    pub fn into_exposed(mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

impl Deref for Content {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl std::io::Write for Content {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.capacity() - self.0.len() < bytes.len() {
            // Growing in place might leave a copy behind.
            let mut larger = Vec::with_capacity((self.0.len() + bytes.len()) * 2);
            larger.extend_from_slice(&self.0);
            wipe_vec(&mut self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        wipe_vec(&mut self.0);
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.0.len())
    }
}

/// Samples that came out of a vault, interleaved, nominal −1 to 1: wiped when dropped, and never printed.
pub struct Sound(Vec<f32>);

impl Sound {
    pub(crate) fn zeros(n: usize) -> Sound {
        Sound(vec![0.0; n])
    }

    pub(crate) fn samples_mut(&mut self) -> &mut [f32] {
        &mut self.0
    }

    pub(crate) fn truncate(&mut self, n: usize) {
        let n = n.min(self.0.len());
        wipe(&mut self.0[n..]);
        self.0.truncate(n);
    }
}

impl Deref for Sound {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        &self.0
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        wipe_vec(&mut self.0);
    }
}

impl fmt::Debug for Sound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sound({} samples)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn nothing_secret_is_printed() {
        let mut bytes = *b"0123456789abcdef";
        let secret = Secret::take(&mut bytes);
        assert_eq!(bytes, [0; 16]);
        assert_eq!(secret.expose(), b"0123456789abcdef");
        assert_eq!(format!("{secret:?}"), "Secret(16 bytes)");
        let key = RecoveryKey::from_text(Passphrase::from("ABCD-EFGH ij".to_owned())).expect("short enough");
        assert_eq!((key.expose(), format!("{key:?}")), ("ABCD-EFGHij", "RecoveryKey(..)".to_owned()));
        assert!(RecoveryKey::from_text(Passphrase::from("x".repeat(40))).is_err());
        let mut content = Content::default();
        content.write_all(b"spoken").and_then(|()| content.write_all(b" words")).expect("memory");
        assert_eq!((&*content, format!("{content:?}").as_str()), (&b"spoken words"[..], "Content(12 bytes)"));
        let mut sound = Sound::zeros(3);
        sound.samples_mut()[2] = 0.5;
        sound.truncate(2);
        assert_eq!(format!("{sound:?}"), "Sound(2 samples)");
    }
}
