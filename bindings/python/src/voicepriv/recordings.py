"""What recordings there are, and their end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ._callbacks import lib_function, listed
from ._convert import (
    RecordingId,
    SubjectId,
    bound_us,
    c_text,
    from_us,
    purposes_of,
    raw,
    struct,
    text,
    time_or_none,
    to_us,
)
from ._handle import Handle, using
from ._native import ffi, lib
from .enums import EndReason, Purpose, RecordingState, Restriction, SubjectClass, TriggerKind
from .errors import check
from .log import Receipt, new_receipt, receipt_of
from .retention import Retention, id_array


@dataclass(frozen=True)
class RecordingInfo:
    """What is known about a recording without opening its sound."""

    id: RecordingId
    state: RecordingState
    started: datetime  #: UTC, of the first frame kept
    expires: datetime | None  #: UTC; None without a term
    duration: timedelta  #: 0 while unfinished
    end_reason: EndReason
    retention: Retention
    restriction: Restriction
    trigger: TriggerKind
    trigger_score: float
    wake_word: str
    device_class: str
    jurisdiction: str
    purposes: frozenset[Purpose]  #: consented to and wrapped
    subjects: tuple[SubjectId, ...]
    n_added: int  #: the last so many subjects were added afterwards
    rate_hz: int  #: of the stored Opus stream
    n_channels: int


def recording_of(info: Any, _number: int = 0) -> RecordingInfo:
    """From C."""
    return RecordingInfo(
        RecordingId(raw(info.id.bytes)), RecordingState(info.state), from_us(info.started_us),
        time_or_none(info.expires_us), timedelta(microseconds=info.duration_us),
        EndReason(info.end_reason), Retention(info.retention), Restriction(info.restriction),
        TriggerKind(info.trigger), info.trigger_score, text(info.wake_word),
        text(info.device_class), text(info.jurisdiction), purposes_of(info.purposes),
        tuple(SubjectId(raw(info.subjects[i])) for i in range(info.n_subjects)), info.n_added,
        info.rate_hz, info.n_channels)


def c_recording(recording: RecordingId) -> Any:
    """An id for C."""
    return id_array(RecordingId(recording))[0]


class RecordingCalls(Handle):
    """What a vault can tell of recordings, and do to them."""

    def recordings(self, *, subject: SubjectId | None = None, since: datetime | None = None,
                   until: datetime | None = None, with_tombstones: bool = False,
                   limit: int | None = None) -> list[RecordingInfo]:
        """Recordings in the order they were started. since: started at or after; until: before.
        with_tombstones: also what was erased, with id and state only."""
        subject_id = ffi.NULL if subject is None else ffi.new("uint8_t[]", SubjectId(subject))
        wanted = struct("vpriv_recording_filter", subject=subject_id, since_us=bound_us(since),
                        until_us=bound_us(until), with_tombstones=with_tombstones)
        with using(self) as (vault,):
            return listed(lambda fn, user: lib.vpriv_recording_list(vault, wanted, fn, user),
                          lib_function("vpy_on_recording"), recording_of,
                          "const vpriv_recording_info *", limit)

    def recording(self, recording: RecordingId) -> RecordingInfo:
        """Look one recording up."""
        info = ffi.new("vpriv_recording_info *")
        with using(self) as (vault,):
            check(lib.vpriv_recording_about(vault, c_recording(recording), info))
        return recording_of(info)

    def erase(self, recordings: RecordingId | Iterable[RecordingId]) -> Receipt:
        """Erase recordings for good, all or none: final when it returns."""
        ids, n = id_array(recordings)
        receipt = new_receipt()
        with using(self) as (vault,):
            check(lib.vpriv_vault_erase(vault, ids, n, receipt))
        return receipt_of(receipt)

    def erase_before(self, before: datetime | None) -> Receipt:
        """Erase everything that started before a moment; None erases every recording."""
        receipt = new_receipt()
        with using(self) as (vault,):
            check(lib.vpriv_vault_erase_before(
                vault, to_us(before, lib.VPRIV_TIME_FOREVER_US), receipt))
        return receipt_of(receipt)

    def erase_between(self, since: datetime | None, until: datetime) -> Receipt:
        """Erase everything that started within a time; since None is from the beginning."""
        receipt = new_receipt()
        with using(self) as (vault,):
            check(lib.vpriv_vault_erase_between(vault, bound_us(since), to_us(until), receipt))
        return receipt_of(receipt)

    def add_speaker(self, recording: RecordingId, subject: SubjectId | None, *, actor: str,
                    subject_class: SubjectClass = SubjectClass.UNKNOWN,
                    reason: str | None = None) -> Receipt:
        """Note that somebody else speaks in a recording, which may close or erase it: the receipt's
        kind is SPEAKER_ADDED or ERASURE. subject None is somebody this vault does not know;
        subject_class counts then only."""
        receipt = new_receipt()
        with using(self) as (vault,):
            check(lib.vpriv_recording_add_speaker(
                vault, c_recording(recording),
                ffi.NULL if subject is None else bytes(SubjectId(subject)), int(subject_class),
                c_text(actor), ffi.NULL if reason is None else c_text(reason), receipt))
        return receipt_of(receipt)
