"""Asking back what has left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ._callbacks import lib_function, listed
from ._convert import RecordingId, SubjectId, c_text, from_us, raw, reasons_of, text, time_or_none
from ._handle import Handle, using
from ._native import ffi, lib
from .enums import Deny, Purpose
from .errors import check
from .kinds import RecallCause, RecallOutcome
from .log import Receipt, new_receipt, receipt_of


@dataclass(frozen=True)
class Recall:
    """One copy that must come back; log_index names it."""

    log_index: int
    left: datetime
    recording: RecordingId
    purpose: Purpose
    actor: str
    recipient: str
    cause: RecallCause
    reasons: frozenset[Deny]
    asked: datetime | None
    answered: datetime | None
    outcome: RecallOutcome


def _recall(c: Any, _number: int) -> Recall:
    return Recall(c.log_index, from_us(c.left_us), RecordingId(raw(c.recording.bytes)),
                  Purpose(c.purpose), text(c.actor), text(c.recipient), RecallCause(c.cause),
                  reasons_of(c.deny_reasons), time_or_none(c.asked_us),
                  time_or_none(c.answered_us), RecallOutcome(c.outcome))


def recall_outcome_from_name(name: str) -> RecallOutcome:
    """The outcome of a name: "deleted"."""
    out = ffi.new("vpriv_recall_outcome *")
    check(lib.vpriv_recall_outcome_from_name(c_text(name), out))
    return RecallOutcome(out[0])


class RecallCalls(Handle):
    """What a vault knows of copies that left."""

    def recalls(self, subject: SubjectId | None = None, first: int = 0, *,
                limit: int | None = None) -> list[Recall]:
        """Every copy that left through the gate and must come back, oldest first."""
        whom = ffi.NULL if subject is None else bytes(SubjectId(subject))
        with using(self) as (vault,):
            return listed(lambda fn, user: lib.vpriv_recall_list(vault, whom, first, fn, user),
                          lib_function("vpy_on_recall"), _recall, "const vpriv_recall *", limit)

    def ask_recall(self, log_index: int, *, actor: str) -> Receipt:
        """Ask a copy back; the signed receipt is the notice for the recipient."""
        receipt = new_receipt()
        with using(self) as (vault,):
            check(lib.vpriv_recall_ask(vault, log_index, c_text(actor), receipt))
        return receipt_of(receipt)

    def acknowledge_recall(self, log_index: int, outcome: RecallOutcome, *, actor: str) -> Receipt:
        """Put the recipient's answer on record."""
        receipt = new_receipt()
        with using(self) as (vault,):
            check(lib.vpriv_recall_acknowledge(vault, log_index, c_text(actor), int(outcome),
                                               receipt))
        return receipt_of(receipt)
