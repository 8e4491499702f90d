"""Consents that reach back to what is stored already."""

from __future__ import annotations

from dataclasses import dataclass

from ._callbacks import Progress, counted
from ._convert import SubjectId, c_text, struct
from ._handle import Handle, using
from ._native import lib
from .enums import Purpose
from .keys import Keyring


@dataclass(frozen=True)
class PastReport:
    """What became of a person's recordings; each of those looked at is counted once."""

    n_looked_at: int
    n_opened: int
    n_open_already: int
    n_later: int
    n_other_speaker: int
    n_set_aside: int
    n_over: int
    n_no_key: int
    n_refused: int
    n_damaged: int


class PastCalls(Handle):
    """What a vault does about the past."""

    def apply_to_past(self, keyring: Keyring, subject: SubjectId, purpose: Purpose, *, actor: str,
                      progress: Progress | None = None) -> PastReport:
        """Open a person's earlier recordings for a purpose, by their consent that covers the past.
        progress(n_done, n_recordings) returns False to stop; another call goes on."""
        report = struct("vpriv_past_report")
        with using(self, keyring) as (vault, keys):
            counted(lambda fn, user: lib.vpriv_consent_apply_to_past(
                vault, keys, bytes(SubjectId(subject)), int(purpose), c_text(actor), fn, user,
                report), progress)
        return PastReport(
            report.n_looked_at, report.n_opened, report.n_open_already, report.n_later,
            report.n_other_speaker, report.n_set_aside, report.n_over, report.n_no_key,
            report.n_refused, report.n_damaged)
