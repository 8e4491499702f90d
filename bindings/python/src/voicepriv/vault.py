"""The encrypted local store.

    with RootStore.file("home.root") as root:
        vault, keyring = Vault.create("home.vault", root)
        with vault, keyring:
            ada = vault.add_subject("Ada")
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from ._callbacks import Collector, lib_function
from ._convert import Keep, c_path, fixed, raw, struct, text
from ._handle import may_open, using
from ._native import ffi, lib
from .clock import ManualClock
from .derivative import DerivativeCalls
from .effects import EffectCalls
from .enums import Assurance
from .errors import AuthError, check
from .gate import GateCalls
from .inventory import InventoryCalls
from .keys import Keyring
from .log import LogCalls
from .past import PastCalls
from .people import PeopleCalls
from .places import PlaceCalls
from .purge import PurgeCalls
from .recall import RecallCalls
from .recordings import RecordingCalls
from .retention import RetentionCalls
from .root import RootStore
from .share import ReceiptCalls
from .storage import StorageCalls
from .sync import SyncCalls


@dataclass(frozen=True)
class VaultInfo:
    """What a vault is and holds."""

    vault_id: bytes
    generation: int  #: of the root key; grows with every destruction
    assurance: Assurance  #: of all that is kept: the weakest root store that any of it lay under
    n_recordings: int  #: kept ones
    n_erased: int  #: tombstones
    n_subjects: int
    n_pending: int  #: taken by a capture process, not yet adopted
    log_size: int
    device_public_key: bytes  #: Ed25519, signs checkpoints and receipts
    controller_id: str
    jurisdiction: str
    for_capture_only: bool


def vault_info_of(info: Any) -> VaultInfo:
    """From C."""
    return VaultInfo(
        raw(info.vault_id), info.generation, Assurance(info.assurance), info.n_recordings,
        info.n_erased, info.n_subjects, info.n_pending, info.log_size,
        raw(info.device_public_key), text(info.controller_id), text(info.jurisdiction),
        info.for_capture_only)


@dataclass(frozen=True)
class Verification:
    """What a verification looked at, and what it found."""

    n_keys: int
    n_recordings: int
    n_blocks: int
    n_blocks_opened: int
    n_recordings_opened: int
    n_recordings_shut: int
    n_derivatives: int
    n_derivative_blocks: int
    n_consents: int
    n_log_leaves: int
    n_findings: int
    n_lost_frames_48k: int
    n_silent_frames_48k: int
    findings: tuple[str, ...]

    @property
    def is_well(self) -> bool:
        """Nothing is off."""
        return self.n_findings == 0


class Vault(RecordingCalls, PeopleCalls, RetentionCalls, LogCalls, GateCalls, DerivativeCalls,
            EffectCalls, PlaceCalls, PastCalls, PurgeCalls, RecallCalls, ReceiptCalls,
            StorageCalls, SyncCalls, InventoryCalls):
    """An open vault. Any thread may use it; calls take turns. Closing it closes its readers,
    recorders and hubs first."""

    def __init__(self, ptr: Any, root: RootStore | None, clock: ManualClock | None) -> None:
        super().__init__(ptr, _Close(clock), () if root is None else (root,))

    @classmethod
    def create(cls, path: str | os.PathLike[str], root: RootStore, *,
               controller_id: str | None = None, controller_name: str | None = None,
               controller_country: str | None = None, jurisdiction: str | None = None,
               authority: bytes | None = None, device_class: str | None = None,
               reserve_bytes: int = 0, clock: ManualClock | None = None,
               keyring_path: str | os.PathLike[str] | None = None) -> tuple[Vault, Keyring]:
        """Make a vault, and the owner's keyring: save that now, the vault keeps only the public
        halves. By default it stores nothing. Cut off anywhere the call can be made again; a cut
        between it and saving leaves a vault whose recordings nobody will ever open, unless
        keyring_path says where to save it before the vault is one.

        controller_country: ISO 3166-1. jurisdiction: where the device is, "DE" or "US-CA".
        authority: public key whose signed documents count. reserve_bytes: disk kept for erasing.
        """
        may_open()
        keep = Keep()
        key = None if authority is None else fixed(
            authority, lib.VPRIV_AUTHORITY_PUBLIC_KEY_BYTES, "authority")
        options = struct(
            "vpriv_vault_options", controller_id=keep.text(controller_id),
            controller_name=keep.text(controller_name),
            controller_country=keep.text(controller_country), jurisdiction=keep.text(jurisdiction),
            authority=keep.bytes(key), device_class=keep.text(device_class),
            reserve_bytes=reserve_bytes, keyring_path=keep.path(keyring_path))
        _use_clock(options, clock)
        keyring, vault = ffi.new("vpriv_keyring **"), ffi.new("vpriv_vault **")
        with using(root) as (store,):
            root._unused("no second vault opens with it")
            check(lib.vpriv_vault_create(c_path(path), store, options, keyring, vault))
            return cls(vault[0], root, clock), Keyring(keyring[0])

    @classmethod
    def open(cls, path: str | os.PathLike[str], root: RootStore, *,
             clock: ManualClock | None = None) -> Vault:
        """Open a vault with its root store."""
        may_open()
        options, out = struct("vpriv_vault_options"), ffi.new("vpriv_vault **")
        _use_clock(options, clock)
        with using(root) as (store,):
            root._unused("no second vault opens with it")
            check(lib.vpriv_vault_open(c_path(path), store, options, out))
            return cls(out[0], root, clock)

    @classmethod
    def open_for_capture(cls, path: str | os.PathLike[str], credential: Keyring, *,
                         clock: ManualClock | None = None) -> Vault:
        """Open a vault for recording only: such a process opens no earlier recording."""
        may_open()
        options, out = struct("vpriv_vault_options"), ffi.new("vpriv_vault **")
        _use_clock(options, clock)
        with using(credential) as (keyring,):
            check(lib.vpriv_vault_open_for_capture(c_path(path), keyring, options, out))
        return cls(out[0], None, clock)

    def capture_credential(self) -> Keyring:
        """Make a capture credential for a recording process."""
        out = ffi.new("vpriv_keyring **")
        with using(self) as (vault,):
            check(lib.vpriv_vault_capture_credential(vault, out))
        return Keyring(out[0])

    def about(self) -> VaultInfo:
        """What it is and holds."""
        info = struct("vpriv_vault_info")
        with using(self) as (vault,):
            check(lib.vpriv_vault_about(vault, info))
        return vault_info_of(info)

    def tidy(self, n_steps: int = 1000) -> int:
        """Do waiting housekeeping, a few milliseconds a step; gives the steps still waiting."""
        left = ffi.new("uint64_t *")
        with using(self) as (vault,):
            check(lib.vpriv_vault_tidy(vault, n_steps, left))
        return int(left[0])

    def verify(self, keyring: Keyring | None = None) -> Verification:
        """Check every row, block, wrap and log leaf; with a keyring every block that consent lets
        it open, which the log has. Findings are no exception: look at is_well."""
        findings: list[str] = []

        def take(_part: int, finding: Any, _number: int) -> bool:
            findings.append(text(ffi.cast("const char *", finding)))
            return True

        collector = Collector(take)
        found = struct("vpriv_verification")
        with using(self, keyring) as (vault, keys):
            try:
                check(lib.vpriv_vault_verify(
                    vault, keys, lib_function("vpy_on_finding"), collector.handle, found))
            except AuthError:
                if not found.n_findings:
                    raise
        return Verification(
            found.n_keys, found.n_recordings, found.n_blocks, found.n_blocks_opened,
            found.n_recordings_opened, found.n_recordings_shut, found.n_derivatives,
            found.n_derivative_blocks, found.n_consents, found.n_log_leaves, found.n_findings,
            found.n_lost_frames_48k, found.n_silent_frames_48k, tuple(findings))


def _use_clock(options: Any, clock: ManualClock | None) -> None:
    if clock is not None:
        lib.vpy_clock_use(options, clock._ptr)


class _Close:
    """Closes a vault, and keeps its clock until then."""

    def __init__(self, clock: ManualClock | None) -> None:
        self.clock = clock

    def __call__(self, ptr: Any) -> None:
        lib.vpriv_vault_close(ptr)
        self.clock = None
