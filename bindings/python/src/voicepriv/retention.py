"""How long recordings are kept, and the runs that see to it.

    vault.run_retention(within=timedelta(milliseconds=20))
    vault.restrict([recording], Restriction.DISPUTE, actor="ada")
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ._convert import FOREVER_US, RecordingId, c_text, from_us, in_units, struct, text
from ._handle import Handle, using
from ._native import ffi, lib
from .enums import Restriction
from .errors import check


class Retention(int):
    """A class of retention, or a term of its own: `Retention.DAYS_90`, `Retention.hours(12)`,
    `Retention.from_name("P10D")`."""

    NONE: Retention
    HOURS_48: Retention
    HOURS_72: Retention
    DAYS_90: Retention
    MONTHS_3: Retention
    MONTHS_18: Retention
    MONTHS_36: Retention
    ERASED_ONLY: Retention

    @classmethod
    def hours(cls, n: int) -> Retention:
        """1 to VPRIV_RETENTION_COUNT_MAX hours."""
        return cls(lib.vpy_retention_hours(_count(n)))

    @classmethod
    def days(cls, n: int) -> Retention:
        """1 to VPRIV_RETENTION_COUNT_MAX days."""
        return cls(lib.vpy_retention_days(_count(n)))

    @classmethod
    def months(cls, n: int) -> Retention:
        """1 to VPRIV_RETENTION_COUNT_MAX calendar months."""
        return cls(lib.vpy_retention_months(_count(n)))

    @classmethod
    def from_name(cls, name: str) -> Retention:
        """The class of a name ("90d"), or of an ISO 8601 duration ("P10D")."""
        out = ffi.new("vpriv_retention *")
        check(lib.vpriv_retention_from_name(c_text(name), out))
        return cls(out[0])

    @classmethod
    def of(cls, term: Retention | timedelta | str | None) -> Retention:
        """From a term, a timedelta of whole hours or days, a name, or None for "don't save"."""
        if term is None:
            return cls.NONE
        if isinstance(term, str):
            return cls.from_name(term)
        if isinstance(term, timedelta):
            n_hours = in_units(term, timedelta(hours=1), "retention")
            return cls.hours(n_hours) if n_hours % 24 else cls.days(n_hours // 24)
        if not isinstance(term, Retention):
            raise TypeError("a retention is a Retention, a timedelta or a name")
        return term

    @property
    def text(self) -> str:
        """The library's name: "90d", "PT12H"."""
        room = ffi.new("char[]", lib.VPRIV_RETENTION_BYTES)
        return text(lib.vpriv_retention_name(int(self), room))

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Retention({self.text})"


def _count(n: int) -> int:
    if not 1 <= n <= lib.VPRIV_RETENTION_COUNT_MAX:
        raise ValueError(f"a term is 1 to {lib.VPRIV_RETENTION_COUNT_MAX}")
    return n


Retention.NONE = Retention(lib.VPRIV_RETENTION_NONE)
Retention.HOURS_48 = Retention(lib.VPRIV_RETENTION_48_HOURS)
Retention.HOURS_72 = Retention(lib.VPRIV_RETENTION_72_HOURS)
Retention.DAYS_90 = Retention(lib.VPRIV_RETENTION_90_DAYS)
Retention.MONTHS_3 = Retention(lib.VPRIV_RETENTION_3_MONTHS)
Retention.MONTHS_18 = Retention(lib.VPRIV_RETENTION_18_MONTHS)
Retention.MONTHS_36 = Retention(lib.VPRIV_RETENTION_36_MONTHS)
Retention.ERASED_ONLY = Retention(lib.VPRIV_RETENTION_ERASED_ONLY)


@dataclass(frozen=True)
class RetentionReport:
    """What a run has done, and what is left."""

    n_expired: int
    n_narrowed: int
    n_consents: int
    is_done: bool
    is_held: bool
    next_due: datetime | None  #: None is never
    held_until: datetime | None


def id_array(recordings: RecordingId | Iterable[RecordingId]) -> tuple[Any, int]:
    """Ids for C, and how many."""
    ids = [recordings] if isinstance(recordings, bytes) else list(recordings)
    array = ffi.new("vpriv_recording_id[]", len(ids))
    for place, recording in enumerate(ids):
        array[place].bytes = bytes(RecordingId(recording))
    return array, len(ids)


class RetentionCalls(Handle):
    """What a vault can do about terms."""

    def run_retention(self, within: timedelta = timedelta(0)) -> RetentionReport:
        """Destroy what has run out, oldest first. within: no new batch is begun after so much time;
        without it does one. From the device's scheduler; call again until is_done.

        AuthError in place of the report that would be the last: everything else was done, and the
        text says how much could not be looked at, because it is damaged."""
        report = struct("vpriv_retention_report")
        with using(self) as (vault,):
            check(lib.vpriv_retention_run(
                vault, in_units(within, timedelta(milliseconds=1), "within"), report))
        return RetentionReport(
            report.n_expired, report.n_narrowed, report.n_consents, report.is_done, report.is_held,
            None if report.next_due_us == FOREVER_US else from_us(report.next_due_us),
            from_us(report.held_until_us) if report.is_held else None)

    def trust_clock(self, actor: str) -> None:
        """Confirm that the clock is right: a run that was held goes on."""
        with using(self) as (vault,):
            check(lib.vpriv_retention_trust_clock(vault, c_text(actor)))

    def restrict(self, recordings: RecordingId | Iterable[RecordingId], restriction: Restriction, *,
                 actor: str, reason: str | None = None) -> None:
        """Set recordings aside, all or none: nobody opens them and they do not expire."""
        ids, n = id_array(recordings)
        with using(self) as (vault,):
            check(lib.vpriv_recording_restrict(
                vault, ids, n, int(restriction), c_text(actor),
                ffi.NULL if reason is None else c_text(reason)))

    def lift_restriction(self, recordings: RecordingId | Iterable[RecordingId], *, actor: str,
                         reason: str | None = None) -> None:
        """End a restriction, all or none."""
        ids, n = id_array(recordings)
        with using(self) as (vault,):
            check(lib.vpriv_recording_lift(vault, ids, n, c_text(actor),
                                           ffi.NULL if reason is None else c_text(reason)))
