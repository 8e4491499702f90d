//! What can be given to others, and asking back what has left.

use crate::ffi;
use crate::ffi::callback::Flow;
use crate::macros::FromC;
use crate::{
    sys, DenyReasons, Error, PublicKey, Purpose, Receipt, RecordingId, Result, Sha256, Status, SubjectId,
    Time, Vault,
};

c_enum! {
    /// What a signed receipt is about.
    ReceiptKind: vpriv_receipt_kind {
        /// Not known.
        Unknown = VPRIV_RECEIPT_UNKNOWN,
        /// What somebody said about purposes.
        Consent = VPRIV_RECEIPT_CONSENT,
        /// Who opened what, or was refused.
        Access = VPRIV_RECEIPT_ACCESS,
        /// What was opened for, or given to, somebody but the controller.
        Disclosure = VPRIV_RECEIPT_DISCLOSURE,
        /// What was made unreadable, and how surely.
        Erasure = VPRIV_RECEIPT_ERASURE,
        /// Purposes closed for everybody, or opened again.
        Pause = VPRIV_RECEIPT_PAUSE,
        /// What left was asked back; or the recipient's answer.
        Recall = VPRIV_RECEIPT_RECALL,
    }
    /// Of a newer library.
    else Other
}
named!(ReceiptKind, ffi::share::kind_name);

/// What only the caller knows; the receipt says that it comes from there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// Erasure: whom it concerns.
    pub subject: Option<SubjectId>,
    /// Erasure: ids of parties who were told to erase it as well.
    pub recipients_told: Vec<String>,
}

record! {
    /// What a receipt that holds says.
    ReceiptClaims from vpriv_receipt_claims {
        /// What it is about.
        kind: ReceiptKind,
        /// Of the latest thing it stands for.
        time: Time = time_us,
        /// Pseudonym; zeros when it names nobody.
        subject: SubjectId,
        /// Leaves of the log it stands for.
        entries: u32 = n_entries,
        /// The first of them.
        log_index: u64,
        /// Of the first.
        leaf_hash: Sha256,
    }
}

fn utf8(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|_| Error::new(Status::Internal, "a text is not UTF-8"))
}

/// Checks a signed receipt, without the vault: what it says, and the signed document (JSON-LD).
pub fn verify_receipt(jws: &str, key: PublicKey) -> Result<(ReceiptClaims, String)> {
    let mut document = Vec::new();
    let claims = ffi::share::verify(jws.as_bytes(), key.as_bytes(), &mut document)?;
    Ok((ReceiptClaims::from_c(&claims), utf8(document)?))
}

/// Reads a public key from a JWK. A private key is refused.
pub fn parse_jwk(jwk: &str) -> Result<PublicKey> {
    ffi::share::jwk_parse(jwk.as_bytes()).map(PublicKey::from_bytes)
}

impl PublicKey {
    /// Names it: its JWK thumbprint (RFC 7638), the kid of receipts.
    pub fn key_id(&self) -> Result<String> {
        ffi::share::key_id(self.as_bytes())
    }
}

c_enum! {
    /// Why a copy must come back.
    RecallCause: vpriv_recall_cause {
        /// It need not.
        NotDue = VPRIV_RECALL_NOT_DUE,
        /// Somebody who speaks took the consent back, or it ended or changed.
        Withdrawn = VPRIV_RECALL_WITHDRAWN,
        /// It may not be kept any longer.
        Expired = VPRIV_RECALL_EXPIRED,
        /// The recording was destroyed.
        Erased = VPRIV_RECALL_ERASED,
    }
    /// Of a newer library.
    else Other
}
named!(RecallCause, ffi::share::recall_cause_name);

c_enum! {
    /// What the recipient answered.
    RecallOutcome: vpriv_recall_outcome {
        /// Nothing yet.
        Unanswered = VPRIV_RECALL_UNANSWERED,
        /// Every copy there is gone; closes the recall.
        Deleted = VPRIV_RECALL_DELETED,
        /// It was heard, and no copy was made; closes the recall.
        NotKept = VPRIV_RECALL_NOT_KEPT,
        /// It cannot be, or is not: stays open, and is on record.
        NotDeleted = VPRIV_RECALL_NOT_DELETED,
    }
    /// Of a newer library.
    else Other
}
named!(RecallOutcome, ffi::share::recall_outcome_name, ffi::share::recall_outcome_from_name);

record! {
    /// One copy that must come back.
    Recall from vpriv_recall {
        /// Names it: the log's entry of the disclosure.
        log_index: u64,
        /// When it was opened for them.
        left: Time = left_us,
        /// Which recording.
        recording: RecordingId,
        /// What it was opened for.
        purpose: Purpose,
        /// Who opened it.
        actor: String,
        /// For which party.
        recipient: String,
        /// Why it must come back.
        cause: RecallCause,
        /// What the gate would say to them now.
        deny_reasons: DenyReasons,
        /// When it was last asked back; [`Time::ZERO`]: never.
        asked: Time = asked_us,
        /// When it was last answered; [`Time::ZERO`]: never.
        answered: Time = answered_us,
        /// What was answered.
        outcome: RecallOutcome,
    }
}

/// Receipts and recalls.
impl Vault {
    /// Signs a receipt of what calls just did, from what they returned: a compact JWS that any JOSE library
    /// verifies. Several consents of one person make one receipt.
    pub fn sign_receipt(&self, receipts: &[Receipt], statement: &Statement) -> Result<String> {
        let raw: Vec<sys::vpriv_receipt> = receipts.iter().map(|receipt| receipt.0).collect();
        let subject = statement.subject.as_ref().map(SubjectId::as_bytes);
        let mut jws = Vec::new();
        ffi::share::sign(&self.0, &raw, subject, &statement.recipients_told, &mut jws)?;
        utf8(jws)
    }

    /// Signs a receipt for entries of the log, at any time later.
    pub fn receipt_from_log(&self, indexes: &[u64]) -> Result<String> {
        let mut jws = Vec::new();
        ffi::share::from_log(&self.0, indexes, &mut jws)?;
        utf8(jws)
    }

    /// The device's public key as a JWK, for those who check receipts.
    pub fn jwk(&self) -> Result<String> {
        ffi::share::jwk(&self.0)
    }

    /// Lists every copy that left through the gate and must come back, oldest first; of entries of the log from
    /// `first` on.
    pub fn recalls(&self, subject: Option<SubjectId>, first: u64) -> Result<Vec<Recall>> {
        let mut found = Vec::new();
        ffi::share::recall_list(&self.0, subject.as_ref().map(SubjectId::as_bytes), first, &mut |recall| {
            found.push(Recall::from_c(recall));
            Flow::Continue(())
        })?;
        Ok(found)
    }

    /// Asks a copy back. The receipt of this, signed, is the notice for the recipient.
    pub fn ask_recall(&self, log_index: u64, actor: &str) -> Result<Receipt> {
        ffi::share::recall_ask(&self.0, log_index, actor).map(Receipt)
    }

    /// Puts the recipient's answer on record.
    pub fn acknowledge_recall(&self, log_index: u64, actor: &str, outcome: RecallOutcome) -> Result<Receipt> {
        ffi::share::recall_acknowledge(&self.0, log_index, actor, outcome.raw()).map(Receipt)
    }
}
