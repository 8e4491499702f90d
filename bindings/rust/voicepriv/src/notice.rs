//! What people are shown: the exact text of a notice, and notices as documents.

use crate::ffi;
use crate::macros::FromC;
use crate::{Result, Sha256};

/// The exact text a person is shown.
///
/// ```
/// let notice = voicepriv::Notice::new("history", "1", "en", "We keep what you say for you.");
/// assert_eq!(notice.hash()?.to_string().len(), 64); // the SHA-256 that consents bind to
/// # Ok::<(), voicepriv::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// 1 to 63 bytes.
    pub id: String,
    /// 1 to 31 bytes.
    pub version: String,
    /// BCP 47.
    pub language: String,
    /// 1 to 65,536 bytes.
    pub text: String,
}

impl Notice {
    /// Puts the parts together.
    pub fn new(
        id: impl Into<String>,
        version: impl Into<String>,
        language: impl Into<String>,
        text: impl Into<String>,
    ) -> Notice {
        Notice { id: id.into(), version: version.into(), language: language.into(), text: text.into() }
    }

    /// Makes the exact text from a notice document (`doc/notices.md`), in one of its languages.
    pub fn render(json: &[u8], language: &str) -> Result<Notice> {
        ffi::notice::render(json, language)
    }

    /// Checks it and hashes its text: what consents bind to.
    pub fn hash(&self) -> Result<Sha256> {
        ffi::consent::notice_hash(self).map(Sha256::from_bytes)
    }
}

c_enum! {
    /// What a check of a notice document can find.
    NoticeRule: vpriv_notice_rule {
        /// One control, several optional purposes, not flagged.
        ControlCoversSeveral = VPRIV_NOTICE_CONTROL_COVERS_SEVERAL,
        /// Nothing plain says what a purpose or control means.
        NoSentence = VPRIV_NOTICE_NO_SENTENCE,
        /// Said in one language and not in another.
        LanguageMissing = VPRIV_NOTICE_LANGUAGE_MISSING,
        /// More than 80 words.
        TextTooLong = VPRIV_NOTICE_TEXT_TOO_LONG,
        /// No purpose has this name.
        UnknownPurpose = VPRIV_NOTICE_UNKNOWN_PURPOSE,
        /// An explicit purpose has no control of its own.
        ExplicitNotSeparate = VPRIV_NOTICE_EXPLICIT_NOT_SEPARATE,
        /// Nobody is named as responsible.
        NoController = VPRIV_NOTICE_NO_CONTROLLER,
        /// Nothing says how to take a consent back.
        NoWithdrawal = VPRIV_NOTICE_NO_WITHDRAWAL,
        /// Listening people come with an improvement.
        ReviewHidden = VPRIV_NOTICE_REVIEW_HIDDEN,
        /// A control that is on before anybody touched it.
        Preticked = VPRIV_NOTICE_PRETICKED,
        /// A purpose that is explained and never asked for.
        NoControl = VPRIV_NOTICE_NO_CONTROL,
        /// Asks for what does not rest on consent.
        NotByConsent = VPRIV_NOTICE_NOT_BY_CONSENT,
    }
    /// Of a newer library.
    else Other
}
named!(NoticeRule, ffi::notice::rule_name);

impl NoticeRule {
    /// Explains what a finding of this rule means, in one English sentence without a full stop.
    pub fn text(self) -> &'static str {
        ffi::notice::rule_text(self.raw())
    }
}

record! {
    /// One thing that is wrong with a notice document.
    NoticeFinding from vpriv_notice_finding {
        /// Which rule.
        rule: NoticeRule,
        /// Such as `languages.de.purposes.keep_history`.
        at: String = where_,
    }
}

/// Checks a notice document by every rule. It is good when there is no finding.
pub fn lint_notice(json: &[u8]) -> Result<Vec<NoticeFinding>> {
    let mut findings = Vec::new();
    ffi::notice::lint(json, &mut |finding| {
        findings.push(NoticeFinding::from_c(finding));
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(findings)
}
