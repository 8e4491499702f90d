//! Which places count, what their law asks for, purposes that are paused there, and the controller's policy.

use crate::ffi;
use crate::ffi::callback::Flow;
use crate::macros::FromC;
use crate::secret::Seed;
use crate::{sys, Error, PublicKey, Purpose, Purposes, Result, Sha256, Status, SubjectId, Time, Vault};
use std::fmt;

id! {
    /// An Ed25519 signature of an authority.
    Signature, 64
}

c_enum! {
    /// What an authority signs. A signature of one kind does not hold for another.
    DocumentKind: vpriv_document_kind {
        /// A jurisdiction profile.
        Jurisdiction = VPRIV_DOCUMENT_JURISDICTION,
        /// An order to pause or to resume.
        Pause = VPRIV_DOCUMENT_PAUSE,
        /// A policy epoch.
        Policy = VPRIV_DOCUMENT_POLICY,
    }
    /// Of a newer library.
    else Other
}

/// Whoever signs documents for many vaults, as a rule the vendor. The secret half is wiped when it is dropped.
///
/// ```
/// let authority = voicepriv::Authority::make()?;
/// assert!(!format!("{authority:?}").contains(&format!("{:?}", authority.seed().expose())));
/// # Ok::<(), voicepriv::Error>(())
/// ```
#[derive(Debug)]
pub struct Authority {
    seed: Seed,
    key: PublicKey,
}

impl Authority {
    /// Makes a new key.
    pub fn make() -> Result<Authority> {
        let (seed, key) = ffi::places::authority_make()?;
        Ok(Authority { seed, key: PublicKey::from_bytes(key) })
    }

    /// From what was kept.
    pub fn from_parts(seed: Seed, key: PublicKey) -> Authority {
        Authority { seed, key }
    }

    /// The secret half, to be kept where only the authority reads it.
    pub fn seed(&self) -> &Seed {
        &self.seed
    }

    /// For [`Vault::trust_authority`].
    pub fn public_key(&self) -> PublicKey {
        self.key
    }

    /// Signs a document. It is checked first: nothing that a vault would refuse gets a signature.
    pub fn sign(&self, kind: DocumentKind, json: &[u8]) -> Result<Signature> {
        ffi::places::authority_sign(kind.raw(), json, &self.seed).map(Signature::from_bytes)
    }
}

/// Checks a document's signature, over its exact bytes; not what the document says.
pub fn verify_document(kind: DocumentKind, json: &[u8], signature: &Signature, key: PublicKey) -> Result<()> {
    ffi::places::authority_verify(kind.raw(), json, signature.as_bytes(), key.as_bytes())
}

record! {
    /// A jurisdiction profile, as its file describes it.
    JurisdictionInfo from vpriv_profile_info {
        /// Its name.
        name: String,
        /// For people.
        title: String,
        /// Counts up.
        revision: u64,
        /// When somebody read the law.
        looked_up: Time = looked_up_us,
        /// First moment it says nothing any more.
        valid_until: Time = valid_until_us,
        /// How many places it governs.
        places: u32 = n_places,
        /// How many rules it has.
        rules: u32 = n_rules,
        /// Of the exact bytes.
        sha256: Sha256,
        /// In a vault: signed by the authority it trusts, and not out of date.
        is_in_force: bool,
    }
}

/// Reads a jurisdiction profile and checks every field of it.
pub fn read_jurisdiction(json: &[u8]) -> Result<JurisdictionInfo> {
    ffi::places::profile_read(json).map(|info| JurisdictionInfo::from_c(&info))
}

/// How long something may be kept at most for some purposes; both zero is "do not keep".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RulesTerm {
    /// Which purposes.
    pub purposes: Purposes,
    /// Calendar months, and then
    pub months: u16,
    /// days.
    pub days: u16,
}

/// A time in which nothing may be done for some purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RulesStop {
    /// Which purposes.
    pub purposes: Purposes,
    /// From when.
    pub from: Time,
    /// [`Time::FOREVER`] without an end.
    pub until: Time,
}

/// What holds at a place, or at several: the strictest of them.
#[derive(Clone, Copy)]
pub struct Rules(sys::vpriv_rules);

impl Rules {
    /// The built-in rules: what holds where nothing is known.
    pub fn strict() -> Rules {
        Rules(ffi::places::rules_strict())
    }

    /// When something that was recorded has to be gone for a purpose; [`Time::FOREVER`] without a term.
    ///
    /// ```
    /// use voicepriv::{Purpose, Rules, Time};
    /// let until = Rules::strict().keep_until(Purpose::KeepHistory, Time::ZERO);
    /// assert!(until >= Time::ZERO);
    /// ```
    pub fn keep_until(&self, purpose: Purpose, started: Time) -> Time {
        Time::from_micros(ffi::places::rules_keep_until(&self.0, purpose.raw(), started.as_micros()))
    }

    /// Of one place; empty for several, and when not known.
    pub fn place(&self) -> String {
        FromC::from_c(&self.0.place)
    }

    /// Names of the profiles that govern, a blank between them.
    pub fn profiles(&self) -> String {
        FromC::from_c(&self.0.profiles)
    }

    /// First moment it is `strict` again.
    pub fn valid_until(&self) -> Time {
        Time::from_micros(self.0.valid_until_us)
    }

    /// Years; who is younger cannot consent alone.
    pub fn minimum_age(&self) -> u32 {
        self.0.minimum_age
    }

    /// Who is younger cannot consent at all, not even with a guardian.
    pub fn young_are_refused(&self) -> bool {
        self.0.young_are_refused
    }

    /// Everybody who is heard must agree.
    pub fn all_parties(&self) -> bool {
        self.0.all_parties
    }

    /// Purposes that nobody can consent to.
    pub fn forbidden(&self) -> Purposes {
        Purposes::from_bits(self.0.forbidden)
    }

    /// Consent must be given here: tap, voice, button, paper.
    pub fn express(&self) -> Purposes {
        Purposes::from_bits(self.0.express)
    }

    /// Consent must be given on paper.
    pub fn written(&self) -> Purposes {
        Purposes::from_bits(self.0.written)
    }

    /// The shortest of those that apply counts.
    pub fn terms(&self) -> Vec<RulesTerm> {
        let of = |term: &sys::vpriv_rules_term| RulesTerm {
            purposes: Purposes::from_bits(term.purposes),
            months: term.n_months,
            days: term.n_days,
        };
        self.0.terms.iter().take(self.0.n_terms as usize).map(of).collect()
    }

    /// Times in which nothing may be done.
    pub fn stops(&self) -> Vec<RulesStop> {
        let of = |stop: &sys::vpriv_rules_stop| RulesStop {
            purposes: Purposes::from_bits(stop.purposes),
            from: Time::from_micros(stop.from_us),
            until: Time::from_micros(stop.until_us),
        };
        self.0.stops.iter().take(self.0.n_stops as usize).map(of).collect()
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("place", &self.place())
            .field("profiles", &self.profiles())
            .finish_non_exhaustive()
    }
}

/// Purposes that are closed somewhere for a while.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pause {
    /// Which; not empty.
    pub purposes: Purposes,
    /// "*" (the default), a place with all its parts ("DE", "US"), or a profile by its name with all its places.
    pub scope: Option<String>,
    /// From when; `None`: now.
    pub from: Option<Time>,
    /// Until when; `None`: until it is ended.
    pub until: Option<Time>,
    /// Who does it, 1 to 63 bytes; required. `None` in lists: the log has it.
    pub actor: Option<String>,
    /// Why, up to 159 bytes. `None` in lists: the log has it.
    pub reason: Option<String>,
}

impl Pause {
    /// Of these purposes, everywhere, from now on.
    pub fn new(purposes: impl Into<Purposes>, actor: &str) -> Pause {
        Pause { purposes: purposes.into(), actor: Some(actor.to_owned()), ..Pause::default() }
    }

    /// Somewhere only.
    pub fn scope(mut self, place: &str) -> Pause {
        self.scope = Some(place.to_owned());
        self
    }

    /// Why.
    pub fn reason(mut self, reason: &str) -> Pause {
        self.reason = Some(reason.to_owned());
        self
    }

    /// From and until when.
    pub fn during(mut self, from: Option<Time>, until: Option<Time>) -> Pause {
        self.from = from;
        self.until = until;
        self
    }

    pub(crate) fn from_raw(raw: &sys::vpriv_pause) -> Pause {
        let (purposes, scope, from, until) = ffi::places::pause_of(raw);
        let time = |us| (us != 0).then(|| Time::from_micros(us));
        Pause {
            purposes: Purposes::from_bits(purposes),
            scope,
            from: time(from),
            until: time(until),
            actor: None,
            reason: None,
        }
    }
}

record! {
    /// The controller's policy: which epoch, and until when it may be acted on.
    PolicyInfo from vpriv_policy_info {
        /// 0: none was ever published.
        epoch: u64,
        /// When it was signed.
        issued: Time = issued_us,
        /// When it is too old; [`Time::FOREVER`]: never.
        stale: Time = stale_us,
        /// Only what serves the person goes on.
        is_stale: bool,
        /// Published and not yet effective; 0: none.
        next_epoch: u64,
        /// When it will be; [`Time::ZERO`]: none.
        next_effective: Time = next_effective_us,
    }
}

/// Places, pauses and policies.
impl Vault {
    /// Says whose signature on profiles, pauses and policies counts; `None` is nobody's.
    pub fn trust_authority(&self, key: Option<PublicKey>, actor: &str) -> Result<()> {
        ffi::places::trust(&self.0, key.as_ref().map(PublicKey::as_bytes), actor)
    }

    /// Keeps a jurisdiction profile, in place of an earlier revision of the same name.
    pub fn install_jurisdiction(&self, json: &[u8], signature: &Signature, actor: &str) -> Result<()> {
        ffi::places::install(&self.0, json, signature.as_bytes(), actor)
    }

    /// Lists the jurisdiction profiles that are kept.
    pub fn jurisdictions(&self) -> Result<Vec<JurisdictionInfo>> {
        let mut found = Vec::new();
        ffi::places::list(&self.0, &mut |info| {
            found.push(JurisdictionInfo::from_c(info));
            Flow::Continue(())
        })?;
        Ok(found)
    }

    /// Says where the device is: "DE", "US-CA"; "strict" when it is not known.
    pub fn set_device_place(&self, place: &str, actor: &str) -> Result<()> {
        ffi::places::set_device(&self.0, place, actor)
    }

    /// Says where a person is at home.
    pub fn set_home(&self, subject: SubjectId, place: &str) -> Result<()> {
        ffi::people::subject_set_home(&self.0, subject.as_bytes(), place)
    }

    /// Says in which month a person was born (year, month), each from 1; `None`: not known.
    pub fn set_birth(&self, subject: SubjectId, birth: Option<(i32, i32)>) -> Result<()> {
        // To C, the year 0 and the month 0 are "not known".
        if birth.map_or(false, |(year, month)| year < 1 || month < 1) {
            return Err(Error::new(Status::Argument, "years and months begin with 1; None is not known"));
        }
        let (year, month) = birth.unwrap_or((0, 0));
        ffi::people::subject_set_birth(&self.0, subject.as_bytes(), year, month)
    }

    /// Tells what holds now: at a place, or (without one) for the device and a person together.
    pub fn rules(&self, place: Option<&str>, subject: Option<SubjectId>) -> Result<Rules> {
        ffi::places::rules(&self.0, place, subject.as_ref().map(SubjectId::as_bytes)).map(Rules)
    }

    /// Closes purposes somewhere, for everybody.
    pub fn begin_pause(&self, pause: &Pause) -> Result<()> {
        ffi::places::pause_begin(&self.0, pause)
    }

    /// Ends pauses of these purposes with this very scope; times do not count.
    pub fn end_pause(&self, pause: &Pause) -> Result<()> {
        ffi::places::pause_end(&self.0, pause)
    }

    /// Lists pauses that are on or to come.
    pub fn pauses(&self) -> Result<Vec<Pause>> {
        let mut found = Vec::new();
        ffi::places::pause_list(&self.0, &mut |pause| {
            found.push(Pause::from_raw(pause));
            Flow::Continue(())
        })?;
        Ok(found)
    }

    /// Does what a signed order says: pause or resume.
    pub fn obey_pause_order(&self, json: &[u8], signature: &Signature) -> Result<()> {
        ffi::places::pause_order(&self.0, json, signature.as_bytes())
    }

    /// Says that somebody else is the controller now (id, name, country). Every consent becomes invalid, and
    /// nothing that was recorded before opens any more. Gives how many consents ended.
    pub fn change_controller(&self, id: &str, name: &str, country: &str, actor: &str) -> Result<usize> {
        ffi::places::controller_change(&self.0, id, name, country, actor)
    }

    /// Publishes a policy epoch.
    pub fn publish_policy(&self, json: &[u8], signature: &Signature) -> Result<()> {
        ffi::places::policy_publish(&self.0, json, signature.as_bytes())
    }

    /// Tells which policy is in force.
    pub fn policy(&self) -> Result<PolicyInfo> {
        ffi::places::policy_about(&self.0).map(|info| PolicyInfo::from_c(&info))
    }
}
