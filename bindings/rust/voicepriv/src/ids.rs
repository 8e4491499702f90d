//! Names of things: random, or hashes.

use crate::macros::FromC;
use crate::sys;

id! {
    /// A person's pseudonym in a vault.
    SubjectId, 16
}
id! {
    /// The name of one recording.
    RecordingId, 16
}
id! {
    /// The name of one consent record.
    ConsentRecordId, 16
}
id! {
    /// A SHA-256.
    Sha256, 32
}
id! {
    /// An Ed25519 public key.
    PublicKey, 32
}

impl FromC<sys::vpriv_recording_id> for RecordingId {
    fn from_c(c: &sys::vpriv_recording_id) -> RecordingId {
        RecordingId::from_bytes(c.bytes)
    }
}

impl RecordingId {
    /// Bytes of many, as the calls take them.
    pub(crate) fn all(ids: &[RecordingId]) -> Vec<[u8; 16]> {
        ids.iter().map(|id| *id.as_bytes()).collect()
    }
}
