"""What a purpose does, what would happen now, and the usual choices as one call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ._convert import Keep, SubjectId, c_text, purpose_bits, purposes_of, struct, subject_ids, text
from ._handle import Handle, using
from ._native import ffi, lib
from .enums import HumanInvolvement, Processing, Purpose, PurposeBasis
from .errors import check
from .kinds import Profile
from .people import Evidence, c_evidence
from .retention import Retention


@dataclass(frozen=True)
class Effect:
    """What one purpose does, when it is in force."""

    purpose: Purpose
    basis: PurposeBasis
    operations: Processing
    human_involvement: HumanInvolvement
    gives_frames: bool
    may_be_shared: bool
    is_written: bool
    opened_by: frozenset[Purpose]
    people_listen: bool
    uses_max: int
    text: str = field(repr=False)  #: three English sentences, one a line


@dataclass(frozen=True)
class Effects:
    """What would happen now."""

    in_force: frozenset[Purpose]
    gives_frames: bool
    may_be_shared: frozenset[Purpose]
    is_written: bool
    opened_by: frozenset[Purpose]
    people_listen: frozenset[Purpose]
    retention: Retention
    text: str = field(repr=False)  #: English sentences, one a line


def effect_of(purpose: Purpose) -> Effect:
    """What a purpose does."""
    c, room = struct("vpriv_effect"), ffi.new("char[]", lib.VPRIV_EFFECT_TEXT_BYTES)
    check(lib.vpriv_effect_of(int(purpose), c))
    return Effect(Purpose(c.purpose), PurposeBasis(c.basis), Processing(c.operations),
                  HumanInvolvement(c.human_involvement), c.gives_frames, c.may_be_shared,
                  c.is_written, purposes_of(c.opened_by), c.people_listen, c.uses_max,
                  text(lib.vpriv_effect_text(c, room)))


def _effects(c: Any) -> Effects:
    room = ffi.new("char[]", lib.VPRIV_EFFECT_TEXT_BYTES)
    return Effects(purposes_of(c.in_force), c.gives_frames, purposes_of(c.may_be_shared),
                   c.is_written, purposes_of(c.opened_by), purposes_of(c.people_listen),
                   Retention(c.retention), text(lib.vpriv_effects_text(c, room)))


def _request(keep: Keep, subjects: Iterable[SubjectId],
             retention: Retention | timedelta | str | None,
             required_purposes: Iterable[Purpose], with_frames: bool,
             starts_by_itself: bool) -> Any:
    ids = subject_ids(subjects)
    return struct("vpriv_effects_request", subjects=keep.bytes(ids) if ids else ffi.NULL,
                  n_subjects=len(ids) // lib.VPRIV_SUBJECT_ID_BYTES,
                  retention=int(Retention.of(retention)),
                  required_purposes=purpose_bits(required_purposes), with_frames=with_frames,
                  starts_by_itself=starts_by_itself)


def effects_of(in_force: Iterable[Purpose], *,
               retention: Retention | timedelta | str | None = None,
               required_purposes: Iterable[Purpose] = (), with_frames: bool = False,
               starts_by_itself: bool = False) -> Effects:
    """What a set of purposes does together. Pure."""
    keep, out = Keep(), struct("vpriv_effects")
    check(lib.vpriv_effects_of(purpose_bits(in_force), _request(
        keep, (), retention, required_purposes, with_frames, starts_by_itself), out))
    return _effects(out)


@dataclass(frozen=True)
class ProfileChoice:
    """What a profile stands for."""

    profile: Profile
    name: str
    sentence: str
    purposes: frozenset[Purpose]
    retention: Retention


def about_profile(profile: Profile) -> ProfileChoice:
    """Look a profile up."""
    row = lib.vpriv_profile_about(int(profile))
    if row == ffi.NULL:
        raise ValueError(f"no profile {int(profile)}")
    return ProfileChoice(Profile(row.profile), text(row.name), text(row.sentence),
                         purposes_of(row.purposes), Retention(row.retention))


def profile_from_name(name: str) -> Profile:
    """The profile of a name: "private"."""
    out = ffi.new("vpriv_profile *")
    check(lib.vpriv_profile_from_name(c_text(name), out))
    return Profile(out[0])


@dataclass(frozen=True)
class ProfileOutcome:
    """What choosing a profile came to. Ask for to_ask one by one, with a notice each."""

    withdrawn: frozenset[Purpose]
    refused: frozenset[Purpose]
    in_force: frozenset[Purpose]
    to_ask: frozenset[Purpose]
    retention: Retention


def _outcome(c: Any) -> ProfileOutcome:
    return ProfileOutcome(purposes_of(c.withdrawn), purposes_of(c.refused), purposes_of(c.in_force),
                          purposes_of(c.to_ask), Retention(c.retention))


class EffectCalls(Handle):
    """What a vault tells of effects, and profiles for people."""

    def effects_now(self, subjects: Iterable[SubjectId], *,
                    retention: Retention | timedelta | str | None = None,
                    required_purposes: Iterable[Purpose] = (), with_frames: bool = False,
                    starts_by_itself: bool = False) -> Effects:
        """What would happen if these people, who are everybody who is heard, were recorded now."""
        keep, out = Keep(), struct("vpriv_effects")
        with using(self) as (vault,):
            check(lib.vpriv_effects_now(vault, _request(
                keep, subjects, retention, required_purposes, with_frames, starts_by_itself), out))
        return _effects(out)

    def apply_profile(self, subject: SubjectId, profile: Profile,
                      evidence: Evidence | None = None) -> ProfileOutcome:
        """Withdraw everything optional that a profile does not have. Nothing is ever given."""
        keep, out = Keep(), struct("vpriv_profile_outcome")
        with using(self) as (vault,):
            check(lib.vpriv_profile_apply(vault, bytes(SubjectId(subject)), int(profile),
                                          c_evidence(evidence, keep), out))
        return _outcome(out)

    def make_private(self, subject: SubjectId, evidence: Evidence | None = None) -> ProfileOutcome:
        """Nothing optional, don't save."""
        keep, out = Keep(), struct("vpriv_profile_outcome")
        with using(self) as (vault,):
            check(lib.vpriv_profile_private(vault, bytes(SubjectId(subject)),
                                            c_evidence(evidence, keep), out))
        return _outcome(out)
