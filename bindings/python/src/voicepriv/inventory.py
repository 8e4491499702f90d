"""What a vault knows about whom: all of it, for the person; and all of it to take away."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ._callbacks import Collector, Progress, counted, written
from ._convert import (
    ConsentRecordId,
    Keep,
    SubjectId,
    c_path,
    from_us,
    purposes_of,
    raw,
    struct,
    text,
    time_or_none,
)
from ._handle import Handle, using
from ._native import ffi, lib
from .consent import ConsentRecord, NoticeRef, notice_ref_of, record_of
from .derivative import DerivativeInfo, derivative_of
from .enums import Purpose, TriggerKind
from .errors import check
from .gate import c_request
from .keys import Keyring
from .log import LogEntry, entry_of
from .people import SubjectInfo, subject_of
from .places import Pause, pause_of
from .recordings import RecordingInfo, recording_of

if TYPE_CHECKING:
    from .vault import VaultInfo


@dataclass(frozen=True)
class InventoryVault:
    """The vault itself, and who holds its keys."""

    about: VaultInfo
    made: datetime
    controller_name: str
    controller_country: str
    device_class: str
    n_unconfirmed: int
    key_purposes: frozenset[Purpose]
    keyring_purposes: frozenset[Purpose] | None  #: None: no keyring was given
    paused: frozenset[Purpose]


@dataclass(frozen=True)
class InventoryNotice:
    """A notice, with the exact text."""

    ref: NoticeRef
    is_in_force: bool
    text: str


@dataclass(frozen=True)
class InventoryBasis:
    """One consent that a recording rests on."""

    subject: SubjectId
    purpose: Purpose
    record_id: ConsentRecordId
    is_later: bool


@dataclass(frozen=True)
class InventoryRecording:
    """A recording, with what was made from it and who opened or wanted it."""

    info: RecordingInfo
    n_bytes: int  #: of sealed sound in the vault file
    open_for: frozenset[Purpose]
    until: dict[Purpose, datetime | None]  #: by its terms; None: without one
    bases: tuple[InventoryBasis, ...]
    derivatives: list[DerivativeInfo] = field(default_factory=list)
    accesses: list[LogEntry] = field(default_factory=list)


@dataclass(frozen=True)
class InventorySubject:
    """Somebody, with everything they said, oldest first."""

    info: SubjectInfo
    consents: list[tuple[ConsentRecord, bool]] = field(default_factory=list)  #: and: is the latest


@dataclass(frozen=True)
class FalseWakes:
    """Triggers that came to nothing, of one kind on one day."""

    day: datetime
    trigger: TriggerKind
    n: int


@dataclass
class Inventory:
    """Everything that a vault knows."""

    vault: InventoryVault | None = None
    pauses: list[Pause] = field(default_factory=list)
    notices: list[InventoryNotice] = field(default_factory=list)
    subjects: list[InventorySubject] = field(default_factory=list)
    recordings: list[InventoryRecording] = field(default_factory=list)
    events: list[LogEntry] = field(default_factory=list)
    false_wakes: list[FalseWakes] = field(default_factory=list)
    changed_meanwhile: bool = False


@dataclass(frozen=True)
class PortableReport:
    """What a portability export came to."""

    n_written: int
    n_kept: int
    n_closed: int
    n_damaged: int
    n_removed: int
    n_receipts: int
    n_derivatives: int
    n_derivatives_closed: int


def _vault(c: Any) -> InventoryVault:
    from .vault import vault_info_of
    return InventoryVault(
        vault_info_of(c.about), from_us(c.made_us), text(c.controller_name),
        text(c.controller_country), text(c.device_class), c.n_unconfirmed,
        purposes_of(c.key_purposes), purposes_of(c.keyring_purposes) if c.has_keyring else None,
        purposes_of(c.paused))


def _recording(c: Any) -> InventoryRecording:
    until = {purpose: time_or_none(c.until_us[purpose])
             for purpose in Purpose if c.until_us[purpose]}
    bases = tuple(
        InventoryBasis(SubjectId(raw(b.subject)), Purpose(b.purpose),
                       ConsentRecordId(raw(b.record_id)), b.is_later)
        for b in (c.bases[i] for i in range(c.n_bases)))
    return InventoryRecording(
        recording_of(c.info), c.n_bytes, purposes_of(c.open_for), until, bases)


def _taker(into: Inventory) -> Callable[[int, Any, int], bool]:
    """The parts are numbered as native/calls.h does."""
    def vault(c: Any, _n: int) -> None:
        into.vault = _vault(c)

    def notice(c: Any, _n: int) -> None:
        into.notices.append(InventoryNotice(notice_ref_of(c.ref), c.is_in_force,
                                            raw(c.text, c.text_bytes).decode()))

    takers: dict[int, tuple[str, Callable[[Any, int], Any]]] = {
        1: ("vpriv_inventory_vault", vault),
        2: ("vpriv_pause", lambda c, n: into.pauses.append(pause_of(c))),
        3: ("vpriv_inventory_notice", notice),
        4: ("vpriv_subject_info",
            lambda c, n: into.subjects.append(InventorySubject(subject_of(c)))),
        5: ("vpriv_consent_record",
            lambda c, n: into.subjects[-1].consents.append((record_of(c), bool(n)))),
        6: ("vpriv_inventory_recording", lambda c, n: into.recordings.append(_recording(c))),
        7: ("vpriv_derivative_info",
            lambda c, n: into.recordings[-1].derivatives.append(derivative_of(c))),
        8: ("vpriv_log_entry", lambda c, n: into.recordings[-1].accesses.append(entry_of(c, n))),
        9: ("vpriv_log_entry", lambda c, n: into.events.append(entry_of(c, n))),
        10: ("vpriv_inventory_false_wakes", lambda c, n: into.false_wakes.append(
            FalseWakes(from_us(c.day_us), TriggerKind(c.trigger), c.n))),
    }

    def take(part: int, item: Any, number: int) -> bool:
        c_type, taker = takers[part]
        taker(ffi.cast(f"const {c_type} *", item), number)
        return True

    return take


class InventoryCalls(Handle):
    """All that a vault knows."""

    def inventory(self, keyring: Keyring | None = None) -> Inventory:
        """Walk through everything. Opens no sound. keyring: whose purposes are told."""
        found, changed = Inventory(), ffi.new("bool *")
        visitor = ffi.new("vpriv_inventory_visitor *")
        lib.vpy_visit(visitor)
        collector = Collector(_taker(found))
        with using(self, keyring) as (vault, keys):
            check(lib.vpriv_inventory(vault, keys, visitor, collector.handle, changed))
        found.changed_meanwhile = bool(changed[0])
        return found

    def inventory_json(self, keyring: Keyring | None = None) -> Any:
        """The same as the JSON document of doc/inventory.md, parsed."""
        out = io.BytesIO()
        with using(self, keyring) as (vault, keys):
            written(lambda fn, user: lib.vpriv_inventory_json(vault, keys, fn, user), out)
        return json.loads(out.getvalue())

    def export_portable(self, keyring: Keyring, folder: str | os.PathLike[str], *, actor: str,
                        purpose: Purpose = Purpose.KEEP_HISTORY, reason: str | None = None,
                        recipient: str | None = None,
                        progress: Progress | None = None) -> PortableReport:
        """Write everything into a folder that any player and JSON reader opens; it is not
        encrypted. After an interruption the same call goes on. progress(n_done, n_recordings);
        False stops."""
        keep, report = Keep(), struct("vpriv_portable_report")
        with using(self, keyring) as (vault, keys):
            counted(lambda fn, user: lib.vpriv_portable_export(
                vault, keys, c_request(purpose, actor, reason, recipient, keep), c_path(folder),
                fn, user, report), progress)
        return PortableReport(report.n_written, report.n_kept, report.n_closed, report.n_damaged,
                              report.n_removed, report.n_receipts, report.n_derivatives,
                              report.n_derivatives_closed)
