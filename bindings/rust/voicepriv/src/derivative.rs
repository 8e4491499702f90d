//! What was made from a recording: a transcript, how the request went, labels, features of a voice.

use crate::ffi;
use crate::ffi::callback::Flow;
use crate::macros::FromC;
use crate::secret::Content;
use crate::{sys, Keyring, Purposes, Receipt, RecordingId, Request, Result, Time, Vault};

id! {
    /// The name of one derivative.
    DerivativeId, 16
}

impl FromC<sys::vpriv_derivative_id> for DerivativeId {
    fn from_c(c: &sys::vpriv_derivative_id) -> DerivativeId {
        DerivativeId::from_bytes(c.bytes)
    }
}

c_enum! {
    /// What a derivative is.
    DerivativeKind: vpriv_derivative_kind {
        /// What was said.
        Transcript = VPRIV_DERIVATIVE_TRANSCRIPT,
        /// How the request went.
        Outcome = VPRIV_DERIVATIVE_OUTCOME,
        /// Annotations, flags.
        Label = VPRIV_DERIVATIVE_LABEL,
        /// Numbers computed from the voice.
        Feature = VPRIV_DERIVATIVE_FEATURE,
        /// Anything else.
        Something = VPRIV_DERIVATIVE_OTHER,
    }
    /// Of a newer library.
    else Other
}
named!(DerivativeKind, ffi::derivative::kind_name, ffi::derivative::kind_from_name);

/// What is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDerivative {
    pub(crate) kind: DerivativeKind,
    pub(crate) media_type: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) made_by: String,
    pub(crate) purposes: Purposes,
}

impl NewDerivative {
    /// What it is, what it may be read for, and the person or program that made it, for the log.
    pub fn new(kind: DerivativeKind, purposes: impl Into<Purposes>, made_by: &str) -> NewDerivative {
        NewDerivative {
            kind,
            media_type: None,
            language: None,
            made_by: made_by.to_owned(),
            purposes: purposes.into(),
        }
    }

    /// "text/plain".
    pub fn media_type(mut self, media_type: &str) -> NewDerivative {
        self.media_type = Some(media_type.to_owned());
        self
    }

    /// BCP 47.
    pub fn language(mut self, language: &str) -> NewDerivative {
        self.language = Some(language.to_owned());
        self
    }
}

record! {
    /// What is known about a derivative without opening it.
    DerivativeInfo from vpriv_derivative_info {
        /// Its id.
        id: DerivativeId,
        /// What it was made from.
        recording: RecordingId,
        /// What it is.
        kind: DerivativeKind,
        /// Such as "text/plain"; empty: not said.
        media_type: String,
        /// BCP 47; empty: not said.
        language: String,
        /// Person or program.
        made_by: String,
        /// When it was added.
        made: Time = made_us,
        /// Of the content.
        bytes: u64 = n_bytes,
        /// It was made for, and the recording is still wrapped for.
        purposes: Purposes,
    }
}

/// What was made from recordings. It lives and dies with its recording.
impl Vault {
    /// Keeps something made from a recording, under the recording's own key. `bytes` are yours to wipe.
    pub fn add_derivative(
        &self,
        recording: RecordingId,
        about: &NewDerivative,
        bytes: &[u8],
    ) -> Result<DerivativeId> {
        ffi::derivative::add(&self.0, recording.as_bytes(), about, bytes).map(DerivativeId::from_bytes)
    }

    /// Lists what was made from a recording, in the order it was added.
    pub fn derivatives(&self, recording: RecordingId) -> Result<Vec<DerivativeInfo>> {
        let mut found = Vec::new();
        ffi::derivative::list(&self.0, recording.as_bytes(), &mut |info| {
            found.push(DerivativeInfo::from_c(info));
            Flow::Continue(())
        })?;
        Ok(found)
    }

    /// Looks one up.
    pub fn derivative(&self, id: DerivativeId) -> Result<DerivativeInfo> {
        ffi::derivative::about(&self.0, id.as_bytes()).map(|info| DerivativeInfo::from_c(&info))
    }

    /// Reads one, through the gate: decides first, records the answer in the log, and only then derives any key.
    pub fn read_derivative(&self, keyring: &Keyring, id: DerivativeId, request: &Request) -> Result<Content> {
        let mut content = Content::default();
        ffi::gate::read_derivative(&self.0, &keyring.0, id.as_bytes(), request, &mut content)?;
        Ok(content)
    }

    /// Erases one for good; its recording stays, under a new key.
    pub fn erase_derivative(&self, id: DerivativeId) -> Result<Receipt> {
        ffi::derivative::erase(&self.0, id.as_bytes()).map(Receipt)
    }
}
