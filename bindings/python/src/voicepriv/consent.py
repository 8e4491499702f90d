"""What consent records say, the table of purposes, and the one question: is this allowed?

    decide(DecisionInput(operation=DecisionOperation.CAPTURE, purpose=Purpose.KEEP_HISTORY, ...))

Everything here is pure: no vault, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ._convert import (
    FOREVER_US,
    ConsentRecordId,
    SubjectId,
    bound_us,
    c_text,
    fact,
    from_us,
    raw,
    reasons_of,
    struct,
    text,
    time_or_none,
    to_us,
)
from ._native import ffi, lib
from .enums import (
    ConsentBy,
    ConsentMethod,
    ConsentState,
    DecisionOperation,
    Deny,
    Fact,
    HumanInvolvement,
    LegalBasis,
    PartyRole,
    Processing,
    Purpose,
    PurposeBasis,
    RecordingState,
    SubjectClass,
)
from .errors import check

#: A consent that does not count its uses.
USES_UNLIMITED: int = lib.VPRIV_USES_UNLIMITED


@dataclass(frozen=True)
class PurposeInfo:
    """One row of the table of purposes."""

    purpose: Purpose
    name: str
    sentence: str  #: what it means, in one plain English sentence
    broader_iris: tuple[str, ...]
    basis: PurposeBasis
    is_on_by_default: bool
    is_explicit: bool
    is_special_category: bool
    is_storable: bool
    uses_max: int  #: uses one consent can allow; 0 is unlimited


def about_purpose(purpose: Purpose) -> PurposeInfo:
    """Look a purpose up."""
    row = lib.vpriv_purpose_about(int(purpose))
    if row == ffi.NULL:
        raise ValueError(f"no purpose {int(purpose)}")
    iris = tuple(iri for iri in (text(row.broader_iri), text(row.broader2_iri)) if iri)
    return PurposeInfo(Purpose(row.purpose), text(row.name), text(row.sentence), iris,
                       PurposeBasis(row.basis), row.is_on_by_default, row.is_explicit,
                       row.is_special_category, row.is_storable, row.uses_max)


def purpose_from_name(name: str) -> Purpose:
    """The purpose of a name: "human_review"."""
    out = ffi.new("vpriv_purpose *")
    check(lib.vpriv_purpose_from_name(c_text(name), out))
    return Purpose(out[0])


@dataclass(frozen=True)
class DecisionSubject:
    """What a decision needs to know of one speaker. What is left out is not known, which is no."""

    subject_class: SubjectClass = SubjectClass.UNKNOWN
    state: ConsentState = ConsentState.UNKNOWN
    valid_until: datetime | None = None  #: None is not known; see valid_without_end
    valid_without_end: bool = False
    uses_left: int | None = None  #: None is not known
    notice_current: Fact | bool | None = None
    recipient_named: Fact | bool | None = None
    has_grant_key: Fact | bool | None = None
    child_rule_holds: Fact | bool | None = None
    form_suffices: Fact | bool | None = None


@dataclass(frozen=True)
class DecisionInput:
    """Everything a decision depends on. As it is without arguments, it says no."""

    operation: DecisionOperation = DecisionOperation.UNKNOWN
    purpose: Purpose = Purpose.EXECUTE_REQUEST
    purpose_defined: Fact | bool | None = None
    purpose_storable: Fact | bool | None = None
    now: datetime | None = None
    jurisdiction_known: Fact | bool | None = None
    lawful_here: Fact | bool | None = None
    paused: Fact | bool | None = None
    triggered_by_person: Fact | bool | None = None
    recipient_known: Fact | bool | None = None
    all_parties: Fact | bool | None = None
    all_identified: Fact | bool | None = None
    policy_age: timedelta | None = None
    policy_ttl: timedelta | None = None
    recording_state: RecordingState = RecordingState.NONE
    retention_until: datetime | None = None  #: None is not known; see kept_until_erased
    kept_until_erased: bool = False
    subjects: tuple[DecisionSubject, ...] = ()


_FACTS = ("purpose_defined", "purpose_storable", "jurisdiction_known", "lawful_here", "paused",
          "triggered_by_person", "recipient_known", "all_parties", "all_identified")
_SUBJECT_FACTS = ("notice_current", "recipient_named", "has_grant_key", "child_rule_holds",
                  "form_suffices")
_US = timedelta(microseconds=1)


def decide(facts: DecisionInput) -> frozenset[Deny]:
    """Decide whether a recording may be taken or read. Gives every reason against it; empty is yes.
    The same facts always give the same answer."""
    if len(facts.subjects) > lib.VPRIV_DECISION_SUBJECTS_MAX:
        raise ValueError(f"at most {lib.VPRIV_DECISION_SUBJECTS_MAX} subjects")
    c = struct("vpriv_decision_input", operation=int(facts.operation), purpose=int(facts.purpose),
               now_us=to_us(facts.now, 0), recording_state=int(facts.recording_state),
               policy_age_us=(facts.policy_age or timedelta()) // _US,
               policy_ttl_us=(facts.policy_ttl or timedelta()) // _US,
               retention_until_us=FOREVER_US if facts.kept_until_erased
               else bound_us(facts.retention_until), n_subjects=len(facts.subjects))
    for name in _FACTS:
        setattr(c, name, fact(getattr(facts, name)))
    for subject, room in zip(facts.subjects, c.subjects, strict=False):
        room.subject_class = int(subject.subject_class)
        room.state = int(subject.state)
        room.valid_until_us = (
            FOREVER_US if subject.valid_without_end else bound_us(subject.valid_until))
        room.uses_known = fact(subject.uses_left is not None)
        room.uses_left = subject.uses_left or 0
        for name in _SUBJECT_FACTS:
            setattr(room, name, fact(getattr(subject, name)))
    reasons = ffi.new("uint32_t *")
    check(lib.vpriv_decide(c, reasons))
    return reasons_of(reasons[0])


@dataclass(frozen=True)
class Party:
    """Somebody with a part in a consent."""

    id: str
    name: str
    country: str
    contact: str
    role: PartyRole


@dataclass(frozen=True)
class NoticeRef:
    """Which text a person was shown."""

    id: str
    version: str
    language: str
    sha256: bytes


@dataclass(frozen=True)
class ConsentRecord:
    """One consent: one person, one purpose, one controller; the fields of ISO/IEC TS 27560."""

    record_id: ConsentRecordId
    subject: SubjectId
    subject_class: SubjectClass
    purpose: Purpose
    state: ConsentState
    by: ConsentBy
    method: ConsentMethod
    time: datetime
    valid_until: datetime | None  #: None is no end
    surface: str
    surface_sequence: int
    notice: NoticeRef
    controller_id: str
    parties: tuple[Party, ...]
    recipients: tuple[str, ...]
    jurisdictions: tuple[str, ...]
    laws: tuple[str, ...]
    legal_basis: LegalBasis
    operations: Processing
    human_involvement: HumanInvolvement
    storage_device: str
    storage_country: str
    retention: str
    withdrawal: str
    covers_past: bool
    max_sample_ppm: int
    max_uses: int  #: 0 is unlimited
    uses: int
    policy_epoch: int
    previous_hash: bytes


def notice_ref_of(ref: Any) -> NoticeRef:
    """From C."""
    return NoticeRef(text(ref.id), text(ref.version), text(ref.language), raw(ref.sha256))


def _texts(array: Any, n: int) -> tuple[str, ...]:
    return tuple(text(array[i]) for i in range(n))


def record_of(record: Any, _number: int = 0) -> ConsentRecord:
    """From C."""
    event = record.event
    parties = tuple(
        Party(text(p.id), text(p.name), text(p.country), text(p.contact), PartyRole(p.role))
        for p in (record.parties[i] for i in range(record.n_parties)))
    return ConsentRecord(
        ConsentRecordId(raw(record.record_id)), SubjectId(raw(record.subject)),
        SubjectClass(record.subject_class), Purpose(record.purpose), ConsentState(event.state),
        ConsentBy(event.by), ConsentMethod(event.method), from_us(event.time_us),
        time_or_none(event.valid_until_us), text(event.surface), event.surface_sequence,
        notice_ref_of(record.notice), text(record.controller_id), parties,
        _texts(record.recipients, record.n_recipients),
        _texts(record.jurisdictions, record.n_jurisdictions), _texts(record.laws, record.n_laws),
        LegalBasis(record.legal_basis), Processing(record.operations),
        HumanInvolvement(record.human_involvement), text(record.storage_device),
        text(record.storage_country), text(record.retention), text(record.withdrawal),
        record.covers_past, record.max_sample_ppm, record.max_uses, record.uses,
        record.policy_epoch, raw(record.previous_hash))


