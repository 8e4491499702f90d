//! The people whose voices they are, what they were shown, and what they consented to.

use crate::ffi;
use crate::ffi::callback::Flow;
use crate::macros::FromC;
use crate::{
    sys, Basis, ConsentBy, ConsentEvent, ConsentMethod, ConsentRecordId, ConsentState, Notice, Operations,
    Purpose, Purposes, Receipt, Result, Retention, Sha256, SubjectClass, SubjectId, Time, Vault,
};
use std::fmt;

/// A person, as the owner of the vault sees them. Name, contact and birth are never printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubjectInfo {
    /// Pseudonym.
    pub id: SubjectId,
    /// Whose voice it is.
    pub class: SubjectClass,
    /// What the household calls them.
    pub name: String,
    /// How to reach them.
    pub contact: String,
    /// As in ISO 3166, or "strict": nobody says.
    pub home: String,
    /// Year and month, when they are known.
    pub birth: Option<(i32, i32)>,
}

impl FromC<sys::vpriv_subject_info> for SubjectInfo {
    fn from_c(c: &sys::vpriv_subject_info) -> SubjectInfo {
        SubjectInfo {
            id: FromC::from_c(&c.id),
            class: FromC::from_c(&c.subject_class),
            name: FromC::from_c(&c.name),
            contact: FromC::from_c(&c.contact),
            home: FromC::from_c(&c.home),
            birth: (c.birth_year != 0).then_some((c.birth_year, c.birth_month)),
        }
    }
}

impl fmt::Debug for SubjectInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubjectInfo")
            .field("id", &self.id)
            .field("class", &self.class)
            .finish_non_exhaustive()
    }
}

/// How a person said it. What is not set is the default: the person, with a tap, on the device.
///
/// ```
/// use voicepriv::{ConsentMethod, Evidence};
/// let said = Evidence::new().notice("history", "en").method(ConsentMethod::Voice).surface("app");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    pub(crate) by: Option<ConsentBy>,
    pub(crate) method: Option<ConsentMethod>,
    pub(crate) surface: Option<String>,
    pub(crate) notice_id: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) valid_until: Option<Time>,
    pub(crate) recipients: Vec<String>,
    pub(crate) covers_past: bool,
    pub(crate) retention: Option<String>,
    pub(crate) max_uses: u32,
}

impl Evidence {
    /// All defaults; enough for a withdrawal.
    pub fn new() -> Evidence {
        Evidence::default()
    }

    /// Which notice was shown, and in which language (BCP 47). A yes needs one.
    pub fn notice(mut self, id: &str, language: &str) -> Evidence {
        self.notice_id = Some(id.to_owned());
        self.language = Some(language.to_owned());
        self
    }

    /// Who said it.
    pub fn by(mut self, by: ConsentBy) -> Evidence {
        self.by = Some(by);
        self
    }

    /// How.
    pub fn method(mut self, method: ConsentMethod) -> Evidence {
        self.method = Some(method);
        self
    }

    /// Where: "app", "device".
    pub fn surface(mut self, name: &str) -> Evidence {
        self.surface = Some(name.to_owned());
        self
    }

    /// Until when it holds.
    pub fn valid_until(mut self, time: Time) -> Evidence {
        self.valid_until = Some(time);
        self
    }

    /// One more party besides the controller who may have it.
    pub fn recipient(mut self, party: &str) -> Evidence {
        self.recipients.push(party.to_owned());
        self
    }

    /// Also what was recorded before, by [`Vault::apply_consent_to_past`].
    pub fn covers_past(mut self) -> Evidence {
        self.covers_past = true;
        self
    }

    /// How long a recording may be kept for this purpose.
    pub fn retention(mut self, retention: Retention) -> Evidence {
        self.retention = Some(retention.to_string());
        self
    }

    /// How many times it may be used.
    pub fn max_uses(mut self, n: u32) -> Evidence {
        self.max_uses = n;
        self
    }
}

record! {
    /// Somebody with a part in a consent.
    Party from vpriv_party {
        /// Unique within the record.
        id: String,
        /// What people call it.
        name: String,
        /// ISO 3166-1, two capitals.
        country: String,
        /// Address, mail or web; may be empty.
        contact: String,
        /// What it is to the person.
        role: PartyRole,
    }
}

c_enum! {
    /// What a party is to the person, as in GDPR art. 4.
    PartyRole: vpriv_party_role {
        /// Not known.
        Unknown = VPRIV_PARTY_UNKNOWN,
        /// Decides what it is for.
        Controller = VPRIV_PARTY_CONTROLLER,
        /// Works for the controller.
        Processor = VPRIV_PARTY_PROCESSOR,
        /// Somebody else.
        ThirdParty = VPRIV_PARTY_THIRD_PARTY,
        /// An authority.
        Authority = VPRIV_PARTY_AUTHORITY,
    }
    /// Of a newer library.
    else Other
}

c_enum! {
    /// On what ground, as in GDPR art. 6(1) a to f and 9(2) a.
    LegalBasis: vpriv_legal_basis {
        /// Not known.
        Unknown = VPRIV_LEGAL_BASIS_UNKNOWN,
        /// A6-1-a.
        Consent = VPRIV_LEGAL_BASIS_CONSENT,
        /// A6-1-b.
        Contract = VPRIV_LEGAL_BASIS_CONTRACT,
        /// A6-1-c.
        LegalObligation = VPRIV_LEGAL_BASIS_LEGAL_OBLIGATION,
        /// A6-1-d.
        VitalInterest = VPRIV_LEGAL_BASIS_VITAL_INTEREST,
        /// A6-1-e.
        PublicInterest = VPRIV_LEGAL_BASIS_PUBLIC_INTEREST,
        /// A6-1-f.
        LegitimateInterest = VPRIV_LEGAL_BASIS_LEGITIMATE_INTEREST,
        /// A9-2-a, and A6-1-a asked for separately.
        ExplicitConsent = VPRIV_LEGAL_BASIS_EXPLICIT_CONSENT,
    }
    /// Of a newer library.
    else Other
}

c_enum! {
    /// What part people have in it.
    HumanInvolvement: vpriv_human_involvement {
        /// Not known.
        Unknown = VPRIV_HUMAN_UNKNOWN,
        /// None.
        NotInvolved = VPRIV_HUMAN_NOT_INVOLVED,
        /// People check results.
        ForVerification = VPRIV_HUMAN_FOR_VERIFICATION,
        /// People watch over the process.
        ForOversight = VPRIV_HUMAN_FOR_OVERSIGHT,
        /// People do it.
        Involved = VPRIV_HUMAN_INVOLVED,
    }
    /// Of a newer library.
    else Other
}

record! {
    /// Which text a person was shown.
    NoticeRef from vpriv_notice_ref {
        /// Its id.
        id: String,
        /// Its version.
        version: String,
        /// BCP 47.
        language: String,
        /// Of the exact text.
        sha256: Sha256,
    }
}

record! {
    /// The latest thing that happened to a consent.
    Indication from vpriv_consent_indication {
        /// What it came to.
        state: ConsentState,
        /// Who said it.
        by: ConsentBy,
        /// How.
        method: ConsentMethod,
        /// When.
        time: Time = time_us,
        /// First moment it no longer holds; [`Time::ZERO`] is no end.
        valid_until: Time = valid_until_us,
        /// Counts the events of one surface; 0 when not counted.
        surface_sequence: u64,
        /// Where it happened: "app", "device".
        surface: String,
    }
}

/// One consent: one person, one purpose, one controller. The fields are those of ISO/IEC TS 27560.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsentRecord {
    /// A version 4 UUID.
    pub record_id: ConsentRecordId,
    /// Pseudonym.
    pub subject: SubjectId,
    /// Whose voice it is.
    pub subject_class: SubjectClass,
    /// A party with the role of controller.
    pub controller_id: String,
    /// Everybody with a part in it.
    pub parties: Vec<Party>,
    /// Ids of parties.
    pub recipients: Vec<String>,
    /// "DE", "US-CA".
    pub jurisdictions: Vec<String>,
    /// IRIs.
    pub laws: Vec<String>,
    /// What was shown.
    pub notice: NoticeRef,
    /// What for.
    pub purpose: Purpose,
    /// On what ground.
    pub legal_basis: LegalBasis,
    /// What is done.
    pub operations: Operations,
    /// What part people have in it.
    pub human_involvement: HumanInvolvement,
    /// On what it is stored.
    pub storage_device: String,
    /// Where; may be empty for a device that moves.
    pub storage_country: String,
    /// ISO 8601 duration, or "until-erased".
    pub retention: String,
    /// How to withdraw, in words.
    pub withdrawal: String,
    /// The latest thing that happened.
    pub event: Indication,
    /// Also what was recorded before.
    pub covers_past: bool,
    /// Of a million recordings at most so many may be drawn; 0 is none.
    pub max_sample_ppm: u32,
    /// 0 is unlimited.
    pub max_uses: u32,
    /// So far.
    pub uses: u32,
    /// Of the controller's policy.
    pub policy_epoch: u64,
    /// Of the record this one follows; zeros at first.
    pub previous_hash: Sha256,
}

impl FromC<sys::vpriv_consent_record> for ConsentRecord {
    fn from_c(c: &sys::vpriv_consent_record) -> ConsentRecord {
        fn first<C, R: FromC<C>>(items: &[C], n: u32) -> Vec<R> {
            items.iter().take(n as usize).map(R::from_c).collect()
        }
        ConsentRecord {
            record_id: FromC::from_c(&c.record_id),
            subject: FromC::from_c(&c.subject),
            subject_class: FromC::from_c(&c.subject_class),
            controller_id: FromC::from_c(&c.controller_id),
            parties: first(&c.parties, c.n_parties),
            recipients: first(&c.recipients, c.n_recipients),
            jurisdictions: first(&c.jurisdictions, c.n_jurisdictions),
            laws: first(&c.laws, c.n_laws),
            notice: FromC::from_c(&c.notice),
            purpose: FromC::from_c(&c.purpose),
            legal_basis: FromC::from_c(&c.legal_basis),
            operations: FromC::from_c(&c.operations),
            human_involvement: FromC::from_c(&c.human_involvement),
            storage_device: FromC::from_c(&c.storage_device),
            storage_country: FromC::from_c(&c.storage_country),
            retention: FromC::from_c(&c.retention),
            withdrawal: FromC::from_c(&c.withdrawal),
            event: FromC::from_c(&c.event),
            covers_past: c.covers_past,
            max_sample_ppm: c.max_sample_ppm,
            max_uses: c.max_uses,
            uses: c.uses,
            policy_epoch: c.policy_epoch,
            previous_hash: FromC::from_c(&c.previous_hash),
        }
    }
}

/// One row of the table of purposes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PurposeInfo {
    /// Which.
    pub purpose: Purpose,
    /// As [`Purpose`] is displayed.
    pub name: &'static str,
    /// What it means, in one plain English sentence.
    pub sentence: &'static str,
    /// Broader terms of the Data Privacy Vocabulary; empty for the vendor's own.
    pub broader_iris: Vec<&'static str>,
    /// What it rests on.
    pub basis: Basis,
    /// True only for [`Purpose::ExecuteRequest`], when the person triggers it.
    pub is_on_by_default: bool,
    /// Needs explicit consent, asked for separately.
    pub is_explicit: bool,
    /// GDPR art. 9 data.
    pub is_special_category: bool,
    /// A recording may be kept and have a key for it. Of the vendor's own the vault knows.
    pub is_storable: bool,
    /// Uses one consent can allow; 0 is unlimited.
    pub uses_max: u32,
}

impl Purpose {
    /// Looks it up in the table: what it rests on, what it needs, what it may keep. `None` beyond 31.
    pub fn about(self) -> Option<PurposeInfo> {
        let row = ffi::consent::purpose_about(self.raw())?;
        Some(PurposeInfo {
            purpose: Purpose::from_raw(row.raw.purpose),
            name: row.name,
            sentence: row.sentence,
            broader_iris: row.broader_iris.iter().copied().filter(|iri| !iri.is_empty()).collect(),
            basis: Basis::from_raw(row.raw.basis),
            is_on_by_default: row.raw.is_on_by_default,
            is_explicit: row.raw.is_explicit,
            is_special_category: row.raw.is_special_category,
            is_storable: row.raw.is_storable,
            uses_max: row.raw.uses_max,
        })
    }
}

/// People and what they consented to.
impl Vault {
    /// Adds a person. Nothing may be recorded of them until they consent.
    pub fn add_subject(&self, class: SubjectClass, name: &str, contact: Option<&str>) -> Result<SubjectId> {
        ffi::people::subject_add(&self.0, class.raw(), name, contact).map(SubjectId::from_bytes)
    }

    /// Adds a person under the pseudonym that other vaults or surfaces know them by.
    pub fn add_known_subject(
        &self,
        class: SubjectClass,
        name: &str,
        contact: Option<&str>,
        id: SubjectId,
    ) -> Result<()> {
        ffi::people::subject_add_known(&self.0, class.raw(), name, contact, id.as_bytes())
    }

    /// Lists the people in the vault.
    pub fn subjects(&self) -> Result<Vec<SubjectInfo>> {
        let mut found = Vec::new();
        ffi::people::subject_list(&self.0, &mut |info| {
            found.push(SubjectInfo::from_c(info));
            Flow::Continue(())
        })?;
        Ok(found)
    }

    /// Erases a person: every recording they speak in, their name, their consents and what the log says about
    /// them, for good.
    pub fn erase_subject(&self, subject: SubjectId) -> Result<Receipt> {
        ffi::people::subject_erase(&self.0, subject.as_bytes()).map(Receipt)
    }

    /// Keeps the exact text of a notice. The latest version of an id and language is the one in force.
    pub fn add_notice(&self, notice: &Notice) -> Result<Sha256> {
        ffi::people::notice_add(&self.0, notice).map(Sha256::from_bytes)
    }

    /// Records a consent. Effective for the next block.
    pub fn give_consent(&self, subject: SubjectId, purpose: Purpose, evidence: &Evidence) -> Result<Receipt> {
        ffi::people::consent_give(&self.0, subject.as_bytes(), purpose.raw(), evidence).map(Receipt)
    }

    /// Records a refusal.
    pub fn refuse_consent(
        &self,
        subject: SubjectId,
        purpose: Purpose,
        evidence: &Evidence,
    ) -> Result<Receipt> {
        ffi::people::consent_refuse(&self.0, subject.as_bytes(), purpose.raw(), evidence).map(Receipt)
    }

    /// Withdraws a consent. When it returns, one key is destroyed and with it every wrap for this purpose of
    /// every recording of this person, also in old copies of the vault file.
    pub fn withdraw_consent(
        &self,
        subject: SubjectId,
        purpose: Purpose,
        evidence: &Evidence,
    ) -> Result<Receipt> {
        ffi::people::consent_withdraw(&self.0, subject.as_bytes(), purpose.raw(), evidence).map(Receipt)
    }

    /// Records any event of a consent's life; give, refuse and withdraw are short forms of it.
    pub fn record_consent_event(
        &self,
        subject: SubjectId,
        purpose: Purpose,
        event: ConsentEvent,
        evidence: &Evidence,
    ) -> Result<Receipt> {
        ffi::people::consent_record_event(&self.0, subject.as_bytes(), purpose.raw(), event.raw(), evidence)
            .map(Receipt)
    }

    /// A person's consents, oldest first: the latest of each purpose, or every record.
    pub fn consents(&self, subject: SubjectId, with_history: bool) -> Result<Vec<ConsentRecord>> {
        let mut found = Vec::new();
        ffi::people::consent_list(&self.0, subject.as_bytes(), with_history, &mut |record| {
            found.push(ConsentRecord::from_c(record));
            Flow::Continue(())
        })?;
        Ok(found)
    }

    /// Pauses purposes, for everybody: nothing is taken in and nothing is opened for them.
    pub fn pause(&self, purposes: impl Into<Purposes>, actor: &str, reason: Option<&str>) -> Result<()> {
        ffi::people::purpose_pause(&self.0, purposes.into().checked_bits()?, actor, reason)
    }

    /// Ends a pause: consents that were in force and still are count again.
    pub fn resume(&self, purposes: impl Into<Purposes>, actor: &str, reason: Option<&str>) -> Result<()> {
        ffi::people::purpose_resume(&self.0, purposes.into().checked_bits()?, actor, reason)
    }

    /// What is paused.
    pub fn paused(&self) -> Result<Purposes> {
        ffi::people::purpose_paused(&self.0).map(Purposes::from_bits)
    }
}
