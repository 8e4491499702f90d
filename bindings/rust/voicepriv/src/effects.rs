//! What a purpose does, and the usual choices as one call.

use crate::ffi;
use crate::macros::FromC;
use crate::people::Evidence;
use crate::{
    sys, Basis, HumanInvolvement, Operations, Purpose, Purposes, Result, Retention, SubjectId, Unfinished,
    Vault,
};
use std::fmt;

record! {
    /// What one purpose does, when it is in force. `Display` says it in three English sentences.
    Effect from vpriv_effect {
        /// Which.
        purpose: Purpose,
        /// What it rests on.
        basis: Basis,
        /// What is done.
        operations: Operations,
        /// What part people have in it.
        human_involvement: HumanInvolvement,
        /// Sound goes to the application, in memory, while a request lasts.
        gives_frames: bool,
        /// Sound may be given to the recipients that the consent names.
        may_be_shared: bool,
        /// A sealed recording may be kept for it.
        is_written: bool,
        /// Purposes whose keys open what is kept for it. Its own, or none.
        opened_by: Purposes,
        /// People hear what is opened for it.
        people_listen: bool,
        /// How often one consent lets it be opened; 0 is without limit.
        uses_max: u32,
    }
}

impl Effect {
    /// Of one purpose.
    ///
    /// ```
    /// use voicepriv::{Effect, Purpose};
    /// let review = Effect::of(Purpose::HumanReview)?;
    /// assert!(review.people_listen);
    /// assert_eq!(review.to_string().trim_end().lines().count(), 3);
    /// # Ok::<(), voicepriv::Error>(())
    /// ```
    pub fn of(purpose: Purpose) -> Result<Effect> {
        ffi::effects::effect_of(purpose.raw()).map(|effect| Effect::from_c(&effect))
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is shown is what the library says of this purpose: never prose beside its tables.
        match ffi::effects::effect_of(self.purpose.raw()) {
            Ok(effect) => f.write_str(&ffi::effects::effect_text(&effect)),
            Err(_) => Err(fmt::Error),
        }
    }
}

/// What is about to be recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Everybody who is heard.
    pub subjects: Vec<SubjectId>,
    /// How long it would be kept.
    pub retention: Retention,
    /// None is keep_history.
    pub required_purposes: Purposes,
    /// The recorder gives frames to the application.
    pub with_frames: bool,
    /// Triggered by voice activity, or continuous: no person's request.
    pub starts_by_itself: bool,
}

impl Plan {
    fn raw(&self) -> Result<ffi::effects::RawPlan> {
        Ok(ffi::effects::RawPlan {
            subjects: self.subjects.iter().flat_map(|id| *id.as_bytes()).collect(),
            retention: self.retention.raw(),
            required_purposes: self.required_purposes.checked_bits()?,
            with_frames: self.with_frames,
            starts_by_itself: self.starts_by_itself,
        })
    }

    /// Works out what a set of purposes does together. Pure.
    pub fn effects_of(&self, in_force: Purposes) -> Result<Effects> {
        ffi::effects::effects_of(in_force.checked_bits()?, &self.raw()?).map(Effects)
    }
}

/// What would happen. `Display` says it in English sentences, one a line.
#[derive(Clone, Copy)]
pub struct Effects(sys::vpriv_effects);

impl Effects {
    /// Purposes that all who speak allow, and nothing else forbids.
    pub fn in_force(&self) -> Purposes {
        Purposes::from_bits(self.0.in_force)
    }

    /// Sound goes to the application, in memory.
    pub fn gives_frames(&self) -> bool {
        self.0.gives_frames
    }

    /// Purposes in force for which it may be given to others.
    pub fn may_be_shared(&self) -> Purposes {
        Purposes::from_bits(self.0.may_be_shared)
    }

    /// A sealed recording is kept.
    pub fn is_written(&self) -> bool {
        self.0.is_written
    }

    /// Each of these purposes' keys opens it.
    pub fn opened_by(&self) -> Purposes {
        Purposes::from_bits(self.0.opened_by)
    }

    /// Those of them where people hear it.
    pub fn people_listen(&self) -> Purposes {
        Purposes::from_bits(self.0.people_listen)
    }

    /// How long it is kept.
    pub fn retention(&self) -> Retention {
        Retention::from_raw(self.0.retention)
    }
}

impl fmt::Display for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&ffi::effects::effects_text(&self.0))
    }
}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Effects")
            .field("in_force", &self.in_force())
            .field("is_written", &self.is_written())
            .field("opened_by", &self.opened_by())
            .finish_non_exhaustive()
    }
}

c_enum! {
    /// The usual choices. Each is the ones before it and something more.
    Profile: vpriv_profile {
        /// Nothing optional, don't save: where everybody begins.
        Private = VPRIV_PROFILE_PRIVATE,
        /// Kept for the person alone, for 3 months.
        History = VPRIV_PROFILE_HISTORY,
        /// And machines learn from it; nobody listens.
        ImproveByMachine = VPRIV_PROFILE_IMPROVE_BY_MACHINE,
    }
    /// Of a newer library.
    else Other
}

/// What a profile stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProfileChoice {
    /// Its name.
    pub name: &'static str,
    /// What it means, in one plain English sentence.
    pub sentence: &'static str,
    /// Exactly the optional purposes it has.
    pub purposes: Purposes,
    /// For the recorder.
    pub retention: Retention,
}

impl Profile {
    /// Looks it up. What it says is fixed; it does not depend on anybody's consent.
    pub fn about(self) -> Option<ProfileChoice> {
        let (name, sentence, purposes, retention) = ffi::effects::profile_about(self.raw())?;
        Some(ProfileChoice {
            name,
            sentence,
            purposes: Purposes::from_bits(purposes),
            retention: Retention::from_raw(retention),
        })
    }
}

impl std::str::FromStr for Profile {
    type Err = crate::Error;
    fn from_str(name: &str) -> Result<Profile> {
        ffi::effects::profile_from_name(name).map(Profile::from_raw)
    }
}

record! {
    /// What choosing a profile came to.
    ProfileOutcome from vpriv_profile_outcome {
        /// Consents that were in force and are withdrawn.
        withdrawn: Purposes,
        /// Open questions that are answered with no.
        refused: Purposes,
        /// What the profile has and the person consented to.
        in_force: Purposes,
        /// What it has and nobody consented to. Ask, one notice each.
        to_ask: Purposes,
        /// For the recorder.
        retention: Retention,
    }
}

/// What would happen, and the usual choices.
impl Vault {
    /// Tells what would happen if these people were recorded now, by the decision the recorder itself asks for.
    pub fn effects_now(&self, plan: &Plan) -> Result<Effects> {
        ffi::effects::effects_now(&self.0, &plan.raw()?).map(Effects)
    }

    /// Chooses a profile for somebody. Everything optional that it does not have is withdrawn; nothing is ever
    /// given. When it fails half-way, what was withdrawn stays so, and the same call goes on.
    pub fn apply_profile(
        &self,
        subject: SubjectId,
        profile: Profile,
        evidence: &Evidence,
    ) -> std::result::Result<ProfileOutcome, Unfinished<ProfileOutcome>> {
        chosen(ffi::effects::profile_apply(&self.0, subject.as_bytes(), profile.raw(), evidence))
    }

    /// Nothing optional, don't save.
    pub fn make_private(
        &self,
        subject: SubjectId,
        evidence: &Evidence,
    ) -> std::result::Result<ProfileOutcome, Unfinished<ProfileOutcome>> {
        chosen(ffi::effects::profile_private(&self.0, subject.as_bytes(), evidence))
    }
}

fn chosen(
    outcome: std::result::Result<sys::vpriv_profile_outcome, (crate::Error, sys::vpriv_profile_outcome)>,
) -> std::result::Result<ProfileOutcome, Unfinished<ProfileOutcome>> {
    outcome
        .map(|outcome| ProfileOutcome::from_c(&outcome))
        .map_err(|(error, outcome)| Unfinished { error, report: Box::new(ProfileOutcome::from_c(&outcome)) })
}
