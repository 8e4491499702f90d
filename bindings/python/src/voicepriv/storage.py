"""Looking after a vault: root keys that move, backups, disk space, and what is left of a damaged
one."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ._callbacks import Progress, counted
from ._convert import Keep, c_path, c_text, raw, struct
from ._handle import Handle, may_open, using
from ._native import lib
from .clock import ManualClock
from .enums import Purpose
from .errors import RollbackError, RootError, check
from .gate import c_request
from .keys import Keyring
from .kinds import BackupState
from .root import RootStore


@dataclass(frozen=True)
class BackupInfo:
    """What there is to know about a backup without opening it."""

    state: BackupState
    vault_id: bytes
    generation: int
    root_generation: int
    n_bytes: int


@dataclass(frozen=True)
class Space:
    """How much disk space a vault takes, in bytes."""

    file_bytes: int
    log_bytes: int  #: of the write-ahead log
    free_bytes: int
    reserve_bytes: int
    can_shrink: bool


@dataclass(frozen=True)
class SalvageReport:
    """What a salvage came to."""

    n_damages: int
    n_whole: int
    n_partial: int
    n_lost: int
    n_closed: int
    n_lost_frames_48k: int


def _flags(replace: bool) -> int:
    return lib.VPRIV_STORAGE_REPLACE if replace else 0


def check_backup(path: str | os.PathLike[str], root: RootStore) -> BackupInfo:
    """Say whether a backup is of use. One that is not is no exception: look at state."""
    info = struct("vpriv_backup_info")
    with using(root) as (store,):
        try:
            check(lib.vpriv_backup_check(c_path(path), store, info))
        except (RollbackError, RootError):
            if not info.state:
                raise
    return BackupInfo(BackupState(info.state), raw(info.vault_id), info.generation,
                      info.root_generation, info.n_bytes)


def restore_backup(path: str | os.PathLike[str], root: RootStore, vault: str | os.PathLike[str], *,
                   replace: bool = False, progress: Progress | None = None) -> None:
    """Put a backup in place as the vault file `vault`; the copy is verified first. replace: in the
    place of a file that is there. progress(n_done, n_total) in bytes; False stops."""
    may_open()
    with using(root) as (store,):
        root._unused("nothing is restored")
        counted(lambda fn, user: lib.vpriv_backup_restore(
            c_path(path), store, c_path(vault), _flags(replace), fn, user), progress)


def salvage(path: str | os.PathLike[str], root: RootStore, keyring: Keyring, purpose: Purpose,
            folder: str | os.PathLike[str], *, actor: str, reason: str | None = None,
            recipient: str | None = None, clock: ManualClock | None = None,
            progress: Progress | None = None) -> SalvageReport:
    """Get out of a damaged vault file what is not damaged, into a folder that is missing or empty.
    progress(n_done, n_recordings); False stops."""
    may_open()
    keep, report, options = Keep(), struct("vpriv_salvage_report"), struct("vpriv_vault_options")
    if clock is not None:
        lib.vpy_clock_use(options, clock._ptr)
    with using(root, keyring) as (store, keys):
        root._unused("nothing is salvaged")
        counted(lambda fn, user: lib.vpriv_vault_salvage(
            c_path(path), store, keys, options, c_request(purpose, actor, reason, recipient, keep),
            c_path(folder), fn, user, report), progress)
    return SalvageReport(report.n_damages, report.n_whole, report.n_partial, report.n_lost,
                         report.n_closed, report.n_lost_frames_48k)


class StorageCalls(Handle):
    """What a vault does about its storage."""

    def move_root(self, to: RootStore, *, actor: str) -> None:
        """Move the root key to another store, which the vault uses from now on. The old one is
        emptied, and can be closed after the vault."""
        with using(self, to) as (vault, store):
            to._unused("no vault moves to it")
            status = lib.vpriv_vault_move_root(vault, store, c_text(actor))
            # It may have moved, and only the old store refused to be emptied.
            if status in (lib.VPRIV_OK, lib.VPRIV_E_ROOT):
                self._lean_on(to)
            check(status)

    def backup(self, path: str | os.PathLike[str], *, replace: bool = False,
               progress: Progress | None = None) -> None:
        """Copy the vault while it is in use. replace: in the place of an older backup of it.
        progress(n_done, n_total) in bytes; False stops."""
        with using(self) as (vault,):
            counted(lambda fn, user: lib.vpriv_vault_backup(
                vault, c_path(path), _flags(replace), fn, user), progress)

    def space(self) -> Space:
        """How much disk space it takes."""
        found = struct("vpriv_space")
        with using(self) as (vault,):
            check(lib.vpriv_vault_space(vault, found))
        return Space(found.file_bytes, found.log_bytes, found.free_bytes, found.reserve_bytes,
                     found.can_shrink)


