//! The transparency log: reading it, and checking it without a vault.

use crate::ffi;
use crate::ffi::callback::Flow;
use crate::macros::FromC;
use crate::{
    ConsentRecordId, DenyReasons, PublicKey, Purpose, RecordingId, Result, Sha256, SubjectId, Time, Vault,
};

c_enum! {
    /// What happened.
    LogKind: vpriv_log_kind {
        /// Not known.
        Unknown = VPRIV_LOG_UNKNOWN,
        /// The vault was made.
        VaultCreated = VPRIV_LOG_VAULT_CREATED,
        /// Somebody was added.
        SubjectAdded = VPRIV_LOG_SUBJECT_ADDED,
        /// Somebody was erased.
        SubjectErased = VPRIV_LOG_SUBJECT_ERASED,
        /// A notice was kept.
        NoticeAdded = VPRIV_LOG_NOTICE_ADDED,
        /// Something happened to a consent.
        ConsentEvent = VPRIV_LOG_CONSENT_EVENT,
        /// Written before the sound is readable.
        AccessGranted = VPRIV_LOG_ACCESS_GRANTED,
        /// Somebody wanted to hear it.
        AccessRefused = VPRIV_LOG_ACCESS_REFUSED,
        /// Recordings were erased.
        Erasure = VPRIV_LOG_ERASURE,
        /// Their term was over.
        RetentionExpired = VPRIV_LOG_RETENTION_EXPIRED,
        /// Set aside.
        Restriction = VPRIV_LOG_RESTRICTION,
        /// No longer set aside.
        RestrictionLifted = VPRIV_LOG_RESTRICTION_LIFTED,
        /// A purpose was paused.
        Pause = VPRIV_LOG_PAUSE,
        /// A pause ended.
        PauseLifted = VPRIV_LOG_PAUSE_LIFTED,
        /// Recordings taken over from a capture process.
        Adoption = VPRIV_LOG_ADOPTION,
        /// Triggers that were rejected.
        FalseWakes = VPRIV_LOG_FALSE_WAKES,
        /// A keyring was split.
        KeyringSplit = VPRIV_LOG_KEYRING_SPLIT,
        /// Something left the vault for others than the person.
        Disclosure = VPRIV_LOG_DISCLOSURE,
        /// A sample was committed to.
        SamplingCommitted = VPRIV_LOG_SAMPLING_COMMITTED,
        /// A sample was revealed.
        SamplingRevealed = VPRIV_LOG_SAMPLING_REVEALED,
        /// A policy.
        Policy = VPRIV_LOG_POLICY,
        /// A checkpoint.
        Checkpoint = VPRIV_LOG_CHECKPOINT,
        /// Recordings whose blocks were opened and thrown away.
        Verification = VPRIV_LOG_VERIFICATION,
        /// What left was asked back.
        Recall = VPRIV_LOG_RECALL,
        /// The recipient answered.
        RecallAcknowledged = VPRIV_LOG_RECALL_ACKNOWLEDGED,
        /// Something made from a recording was kept with it.
        DerivativeAdded = VPRIV_LOG_DERIVATIVE_ADDED,
        /// Written before its content is readable.
        DerivativeRead = VPRIV_LOG_DERIVATIVE_READ,
        /// Somebody wanted to read it.
        DerivativeRefused = VPRIV_LOG_DERIVATIVE_REFUSED,
        /// Not those that went with a recording.
        DerivativeErased = VPRIV_LOG_DERIVATIVE_ERASED,
        /// A consent was applied to what was recorded before it.
        ConsentApplied = VPRIV_LOG_CONSENT_APPLIED,
        /// Somebody else speaks in a stored recording.
        SpeakerAdded = VPRIV_LOG_SPEAKER_ADDED,
    }
    /// Of a newer library.
    else Other
}
named!(LogKind, ffi::log::kind_name);

record! {
    /// One entry of the log. Ids of zeros mean "none".
    LogEntry from vpriv_log_entry {
        /// What happened.
        kind: LogKind,
        /// When.
        time: Time = time_us,
        /// What for, if it was for something.
        purpose: Option<Purpose>,
        /// Why it was refused.
        deny_reasons: DenyReasons,
        /// How many, for the kinds that count.
        count: u64,
        /// Who did it.
        actor: String,
        /// The reason they gave.
        reason: String,
        /// For whom, as named in the consent.
        recipient: String,
        /// Which recording.
        recording: RecordingId,
        /// Which person.
        subject: SubjectId,
        /// Which consent.
        consent_record: ConsentRecordId,
        /// Of what the entry speaks about.
        detail_hash: Sha256,
    }
}

fn raw(hashes: &[Sha256]) -> Vec<[u8; 32]> {
    hashes.iter().map(|hash| *hash.as_bytes()).collect()
}

fn cooked(hashes: Vec<[u8; 32]>) -> Vec<Sha256> {
    hashes.into_iter().map(Sha256::from_bytes).collect()
}

/// Hashes a leaf as RFC 6962 does.
pub fn leaf_hash(commitment: Sha256) -> Result<Sha256> {
    ffi::log::leaf_hash(commitment.as_bytes()).map(Sha256::from_bytes)
}

/// Checks that a leaf is in a log of the given size and root.
pub fn verify_inclusion(leaf: Sha256, index: u64, size: u64, proof: &[Sha256], root: Sha256) -> Result<()> {
    ffi::log::verify_inclusion(leaf.as_bytes(), index, size, &raw(proof), root.as_bytes())
}

/// Checks that a log grew from one state (size, root) to another by adding leaves only.
pub fn verify_consistency(old: (u64, Sha256), new: (u64, Sha256), proof: &[Sha256]) -> Result<()> {
    ffi::log::verify_consistency((old.0, old.1.as_bytes()), (new.0, new.1.as_bytes()), &raw(proof))
}

/// Reads a checkpoint after checking its signature: size and root of the log.
pub fn verify_checkpoint(note: &str, origin: &str, key: PublicKey) -> Result<(u64, Sha256)> {
    ffi::log::verify_checkpoint(note.as_bytes(), origin, key.as_bytes())
        .map(|(size, root)| (size, Sha256::from_bytes(root)))
}

/// Writes a log's public key the way witness tools take it: "name+hash+base64".
pub fn verifier_key(origin: &str, key: PublicKey) -> Result<String> {
    ffi::log::verifier_key(origin, key.as_bytes())
}

/// Reads a verifier key's text: name and key.
pub fn parse_verifier_key(text: &str) -> Result<(String, PublicKey)> {
    ffi::log::verifier_key_parse(text).map(|(origin, key)| (origin, PublicKey::from_bytes(key)))
}

/// The log.
impl Vault {
    /// Reads the log from an entry on, oldest first, each with its number.
    pub fn log(&self, first: u64) -> Result<Vec<(u64, LogEntry)>> {
        let mut found = Vec::new();
        self.each_log_entry(first, |index, entry| {
            found.push((index, entry));
            Flow::Continue(())
        })?;
        Ok(found)
    }

    /// The same one by one. The closure may use the vault.
    pub fn each_log_entry(&self, first: u64, mut each: impl FnMut(u64, LogEntry) -> Flow) -> Result<()> {
        ffi::vault::log(&self.0, first, &mut |index, entry| each(index, LogEntry::from_c(entry)))
    }

    /// Signs the log as it stands, for a witness to keep: a C2SP signed note.
    pub fn checkpoint(&self) -> Result<String> {
        ffi::vault::checkpoint(&self.0)
    }

    /// Names the log in its checkpoints.
    pub fn log_origin(&self) -> Result<String> {
        ffi::vault::log_origin(&self.0)
    }

    /// Proves that a leaf is in the log of a given size: its hash, and the proof for [`verify_inclusion`].
    pub fn prove_inclusion(&self, index: u64, size: u64) -> Result<(Sha256, Vec<Sha256>)> {
        let (leaf, proof) = ffi::vault::prove_inclusion(&self.0, index, size)?;
        Ok((Sha256::from_bytes(leaf), cooked(proof)))
    }

    /// Proves that the log of `new_size` continues that of `old_size`, for [`verify_consistency`].
    pub fn prove_consistency(&self, old_size: u64, new_size: u64) -> Result<Vec<Sha256>> {
        ffi::vault::prove_consistency(&self.0, old_size, new_size).map(cooked)
    }

    /// Holds the log against a checkpoint that was kept elsewhere; gives the entries it speaks of.
    pub fn verify_checkpoint(&self, note: &str) -> Result<u64> {
        ffi::storage::verify_checkpoint(&self.0, note.as_bytes())
    }
}
