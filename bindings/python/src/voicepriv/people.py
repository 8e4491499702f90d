"""The people whose voices they are, the notices they were shown, and what they consented to.

    ada = vault.add_subject("Ada")
    vault.add_notice(Notice("history", "1", "en", "We keep what you say for you."))
    vault.give_consent(ada, Purpose.KEEP_HISTORY, notice="history")
    vault.withdraw_consent(ada, Purpose.KEEP_HISTORY)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ._callbacks import lib_function, listed
from ._convert import (
    Keep,
    SubjectId,
    bound_us,
    c_text,
    purpose_bits,
    purposes_of,
    raw,
    struct,
    text,
)
from ._handle import Handle, using
from ._native import ffi, lib
from .consent import ConsentRecord, record_of
from .enums import ConsentBy, ConsentEvent, ConsentMethod, Purpose, SubjectClass
from .errors import check
from .log import Receipt, new_receipt, receipt_of
from .notice import Notice, c_notice


@dataclass(frozen=True)
class SubjectInfo:
    """A person, as the owner of the vault sees them. Name and contact are not in the repr."""

    id: SubjectId
    subject_class: SubjectClass
    name: str = field(repr=False)
    contact: str = field(repr=False)
    home: str  #: as in ISO 3166, or "strict"
    birth_year: int | None = field(repr=False)
    birth_month: int | None = field(repr=False)


def subject_of(info: Any, _number: int = 0) -> SubjectInfo:
    """From C."""
    return SubjectInfo(SubjectId(raw(info.id)), SubjectClass(info.subject_class), text(info.name),
                       text(info.contact), text(info.home), info.birth_year or None,
                       info.birth_month or None)


@dataclass(frozen=True)
class Evidence:
    """How a person said it."""

    by: ConsentBy = ConsentBy.PERSON
    method: ConsentMethod = ConsentMethod.TAP
    surface: str | None = None  #: where: "app", "device"
    notice: str | None = None  #: id of a notice kept in the vault
    language: str | None = None  #: of the notice, BCP 47; English without
    valid_until: datetime | None = None  #: None is no end
    recipients: tuple[str, ...] = ()  #: ids of parties besides the controller
    covers_past: bool = False  #: also what was recorded before; see apply_to_past()
    retention: str | None = None  #: how long a recording may be kept for this purpose
    max_uses: int = 0  #: 0 for no limit


def c_evidence(evidence: Evidence | None, keep: Keep) -> Any:
    """For C; keep what it points to."""
    if evidence is None:
        return ffi.NULL
    recipients, n = keep.texts(evidence.recipients)
    return struct(
        "vpriv_consent_evidence", by=int(evidence.by), method=int(evidence.method),
        surface=keep.text(evidence.surface), notice_id=keep.text(evidence.notice),
        language=keep.text(evidence.language), valid_until_us=bound_us(evidence.valid_until),
        recipients=recipients, n_recipients=n, covers_past=evidence.covers_past,
        retention=keep.text(evidence.retention), max_uses=evidence.max_uses)


class PeopleCalls(Handle):
    """What a vault knows of people, and records for them."""

    def add_subject(self, name: str, subject_class: SubjectClass = SubjectClass.USER, *,
                    contact: str | None = None) -> SubjectId:
        """Add a person; gives a random pseudonym. Nothing may be recorded until they consent."""
        out = ffi.new("uint8_t[]", lib.VPRIV_SUBJECT_ID_BYTES)
        with using(self) as (vault,):
            check(lib.vpriv_subject_add(vault, int(subject_class), c_text(name, "name"),
                                        ffi.NULL if contact is None else c_text(contact), out))
        return SubjectId(raw(out))

    def subjects(self) -> list[SubjectInfo]:
        """The people in the vault."""
        with using(self) as (vault,):
            return listed(lambda fn, user: lib.vpriv_subject_list(vault, fn, user),
                          lib_function("vpy_on_subject"), subject_of, "const vpriv_subject_info *")

    def erase_subject(self, subject: SubjectId) -> Receipt:
        """Erase a person: recordings, name, consents and what the log says of them, for good."""
        receipt = new_receipt()
        with using(self) as (vault,):
            check(lib.vpriv_subject_erase(vault, bytes(SubjectId(subject)), receipt))
        return receipt_of(receipt)

    def add_notice(self, notice: Notice) -> bytes:
        """Keep the exact text of a notice; the latest of an id and language is in force. Gives the
        SHA-256 of the text."""
        out = ffi.new("uint8_t[]", lib.VPRIV_SHA256_BYTES)
        c, kept = c_notice(notice)
        with using(self) as (vault,):
            check(lib.vpriv_notice_add(vault, c, out))
        del kept
        return raw(out)

    def give_consent(self, subject: SubjectId, purpose: Purpose, *, notice: str,
                     **evidence: Any) -> Receipt:
        """Record a yes. notice: the id of the text that was shown; the rest as in Evidence."""
        said, keep, receipt = Evidence(notice=notice, **evidence), Keep(), new_receipt()
        with using(self) as (vault,):
            check(lib.vpriv_consent_give(vault, bytes(SubjectId(subject)), int(purpose),
                                         c_evidence(said, keep), receipt))
        return receipt_of(receipt)

    def refuse_consent(self, subject: SubjectId, purpose: Purpose,
                       evidence: Evidence | None = None) -> Receipt:
        """Record a no."""
        keep, receipt = Keep(), new_receipt()
        with using(self) as (vault,):
            check(lib.vpriv_consent_refuse(vault, bytes(SubjectId(subject)), int(purpose),
                                           c_evidence(evidence, keep), receipt))
        return receipt_of(receipt)

    def withdraw_consent(self, subject: SubjectId, purpose: Purpose,
                         evidence: Evidence | None = None) -> Receipt:
        """Take a yes back. Final when it returns, in old copies too; a recording in progress stops
        within one block."""
        keep, receipt = Keep(), new_receipt()
        with using(self) as (vault,):
            check(lib.vpriv_consent_withdraw(vault, bytes(SubjectId(subject)), int(purpose),
                                             c_evidence(evidence, keep), receipt))
        return receipt_of(receipt)

    def record_consent_event(self, subject: SubjectId, purpose: Purpose, event: ConsentEvent,
                             evidence: Evidence | None = None) -> Receipt:
        """Record any event of a consent's life."""
        keep, receipt = Keep(), new_receipt()
        with using(self) as (vault,):
            check(lib.vpriv_consent_record_event(
                vault, bytes(SubjectId(subject)), int(purpose), int(event),
                c_evidence(evidence, keep), receipt))
        return receipt_of(receipt)

    def consents(self, subject: SubjectId, *, with_history: bool = False) -> list[ConsentRecord]:
        """A person's consents, oldest first: the latest of each purpose, or every record."""
        with using(self) as (vault,):
            return listed(
                lambda fn, user: lib.vpriv_consent_list(
                    vault, bytes(SubjectId(subject)), with_history, fn, user),
                lib_function("vpy_on_consent"), record_of, "const vpriv_consent_record *")

    def pause(self, purposes: Purpose | Iterable[Purpose], *, actor: str,
              reason: str | None = None) -> None:
        """Pause purposes, for everybody: nothing is taken in or opened for them. No consent
        changes."""
        with using(self) as (vault,):
            check(lib.vpriv_purpose_pause(vault, purpose_bits(purposes), c_text(actor),
                                          ffi.NULL if reason is None else c_text(reason)))

    def resume(self, purposes: Purpose | Iterable[Purpose], *, actor: str,
               reason: str | None = None) -> None:
        """End a pause."""
        with using(self) as (vault,):
            check(lib.vpriv_purpose_resume(vault, purpose_bits(purposes), c_text(actor),
                                           ffi.NULL if reason is None else c_text(reason)))

    @property
    def paused(self) -> frozenset[Purpose]:
        """What is paused."""
        out = ffi.new("uint32_t *")
        with using(self) as (vault,):
            check(lib.vpriv_purpose_paused(vault, out))
        return purposes_of(out[0])
