"""Erasing many recordings with few replacements of the root key, and knowing the wear
beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ._callbacks import Collector, lib_function
from ._convert import FOREVER_US, RecordingId, SubjectId, bound_us, struct
from ._handle import Handle, using
from ._native import ffi, lib
from .errors import check
from .log import Receipt, new_receipt, receipt_of
from .retention import id_array


@dataclass(frozen=True)
class PurgeCost:
    """What a purge would cost the medium, on the high side."""

    n_recordings: int
    n_held: int
    n_root_replacements: int
    n_nv_writes: int
    n_pages: int
    n_bytes: int


@dataclass(frozen=True)
class PurgeReport:
    """What a purge has done."""

    n_recordings: int  #: erased for good
    n_held: int
    n_unread: int  #: stay: damaged, or not this person's; at the end an AuthError
    n_root_replacements: int
    is_done: bool
    is_cancelled: bool


def _report(c: Any) -> PurgeReport:
    return PurgeReport(
        c.n_recordings, c.n_held, c.n_unread, c.n_root_replacements, c.is_done, c.is_cancelled)


def _criteria(recordings: Iterable[RecordingId] | None, subject: SubjectId | None,
              since: datetime | None, until: datetime | None, everything: bool,
              window: int) -> tuple[Any, list[Any]]:
    ids, n = (ffi.NULL, 0) if recordings is None else id_array(recordings)
    whom = ffi.NULL if subject is None else ffi.new("uint8_t[]", SubjectId(subject))
    if everything and (n or subject is not None or since or until):
        raise ValueError("everything is everything: no other criterion goes with it")
    return struct("vpriv_purge_criteria", recordings=ids, n_recordings=n, subject=whom,
                  since_us=bound_us(since),
                  until_us=FOREVER_US if everything else bound_us(until),
                  window=window), [ids, whom]


class PurgeCalls(Handle):
    """How a vault erases much at once."""

    def purge(self, recordings: Iterable[RecordingId] | None = None, *,
              subject: SubjectId | None = None, since: datetime | None = None,
              until: datetime | None = None, everything: bool = False, window: int = 0,
              progress: Callable[[PurgeReport], object] | None = None,
              ) -> tuple[PurgeReport, Receipt]:
        """Erase for good what is named, or what meets every criterion: speaker, started at or after
        since, started before until. Window by window; window: recordings per replacement of the
        root key. progress gets the report after each; return False to stop."""
        criteria, kept = _criteria(recordings, subject, since, until, everything, window)
        report, receipt = struct("vpriv_purge_report"), new_receipt()

        def take(_part: int, so_far: Any, _number: int) -> bool:
            if progress is None:
                return True
            return progress(_report(ffi.cast("const vpriv_purge_report *", so_far))) is not False

        collector = Collector(take)
        with using(self) as (vault,):
            check(lib.vpriv_purge(vault, criteria, lib_function("vpy_on_purge"), collector.handle,
                                  report, receipt))
        del kept
        return _report(report), receipt_of(receipt)

    def estimate_purge(self, recordings: Iterable[RecordingId] | None = None, *,
                       subject: SubjectId | None = None, since: datetime | None = None,
                       until: datetime | None = None, everything: bool = False,
                       window: int = 0) -> PurgeCost:
        """What it would cost; nothing is changed."""
        criteria, kept = _criteria(recordings, subject, since, until, everything, window)
        cost = struct("vpriv_purge_cost")
        with using(self) as (vault,):
            check(lib.vpriv_purge_estimate(vault, criteria, cost))
        del kept
        return PurgeCost(cost.n_recordings, cost.n_held, cost.n_root_replacements,
                         cost.n_nv_writes, cost.n_pages, cost.n_bytes)
