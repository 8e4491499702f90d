"""Exceptions: one class for each failure of the library, with the library's text.

    try:
        vault.open_recording(keyring, recording, Purpose.HUMAN_REVIEW, actor="lab")
    except ConsentError as refusal:
        print(refusal, refusal.reasons)

`str(error)` is the C text: the phrase of doc/errors.md, and what exactly was wrong. It never holds
a key, a sample, a name or a transcript. Errors that only Python knows (a closed handle, a fork) are
subclasses of UsageError.
"""

from __future__ import annotations

import threading

from ._native import ffi, lib
from .enums import Deny, Status


class Error(Exception):
    """Whatever the library refuses or fails at."""

    #: What the call came to.
    status: Status = Status.INTERNAL
    #: What exactly was wrong, as vpriv_error_detail() has it; may be empty.
    detail: str = ""

    def __init__(self, detail: str = "") -> None:
        self.detail = detail
        super().__init__(f"{self.status.text}: {detail}" if detail else self.status.text)

    def __reduce__(self) -> tuple[type[Error], tuple[str]]:
        return type(self), (self.detail,)


class InternalError(Error):
    """A call did not finish and did not say why. Close the handles involved."""

    status = Status.INTERNAL


class ArgumentError(Error, ValueError):
    """An argument is outside what the call accepts; nothing was changed."""

    status = Status.ARG


class OutOfMemoryError(Error, MemoryError):
    """No memory, or it could not be locked (ulimit -l)."""

    status = Status.MEMORY


class IoError(Error):
    """The operating system refused a read or a write."""

    status = Status.IO


class FullError(Error):
    """No space on the disk."""

    status = Status.FULL


class BusyError(Error):
    """Another process held the vault for more than five seconds."""

    status = Status.BUSY


class FormatError(Error):
    """Not a valid file of this kind."""

    status = Status.FORMAT


class VersionError(Error):
    """Written by a newer version."""

    status = Status.VERSION


class AuthError(Error):
    """Something sealed or signed did not hold; never says which."""

    status = Status.AUTH


class RollbackError(Error):
    """Vault and root store are of different ages."""

    status = Status.ROLLBACK


class RootError(Error):
    """The root store cannot be used; from a call that destroys, the destruction is not final
    yet."""

    status = Status.ROOT


class ConsentError(Error):
    """No consent. Not a fault: ask the person, or leave it."""

    status = Status.CONSENT

    @property
    def reasons(self) -> frozenset[Deny]:
        """Every reason that the text names; empty when it says it in other words."""
        parts = set(self.detail.partition(": ")[2].split("; "))
        return frozenset(reason for reason in Deny if reason.text in parts)


class NotFoundError(Error, LookupError):
    """No such file, recording, person, notice, name or microphone."""

    status = Status.NOT_FOUND


class ExistsError(Error):
    """Something of that name is there already; it was left as it is."""

    status = Status.EXISTS


class StateError(Error):
    """The call is right but the time is wrong."""

    status = Status.STATE


class UnsupportedError(Error):
    """A valid request that this build or format does not serve."""

    status = Status.UNSUPPORTED


class LimitError(Error):
    """Larger than a documented limit; the text says which."""

    status = Status.LIMIT


class NoKeyError(Error):
    """The keyring does not hold the key that this needs."""

    status = Status.NO_KEY


class DeviceLostError(Error):
    """The chosen microphone went away; no other takes its place."""

    status = Status.DEVICE_LOST


class ErasedError(Error):
    """Erased; only a tombstone is left."""

    status = Status.ERASED


class CancelledError(Error):
    """A callback asked to stop; what was under way was thrown away."""

    status = Status.CANCELLED


class UsageError(RuntimeError):
    """A handle was used in a way that C forbids. Nothing was done."""


class ClosedError(UsageError, ValueError):
    """The handle is closed."""


class InUseError(UsageError):
    """The handle is in use: by a call that this one comes from, or by something that depends on
    it."""


class ForkedError(UsageError):
    """The handle is of the process that forked this one, or that had handles open when it did."""


def _leaves(base: type[Error]) -> dict[int, type[Error]]:
    return {int(kind.status): kind for kind in base.__subclasses__()}


_BY_STATUS = _leaves(Error)


class _Pending(threading.local):
    """What a callback raised on this thread, while a call of the library is under way."""

    error: BaseException | None = None
    depth: int = 0

    def begin(self) -> None:
        """A call begins, and check() comes after it."""
        if self.depth == 0:
            self.error = None
        self.depth += 1

    def end(self) -> None:
        """It is over."""
        self.depth = max(0, self.depth - 1)


pending = _Pending()


def error_of(status: int, detail: str) -> Error:
    """The exception for a status; one of a newer library is an Error of its own."""
    kind = _BY_STATUS.get(status)
    if kind is None:
        error = Error(detail)
        error.status = Status(status)
        return error
    return kind(detail)


def detail() -> str:
    """The text of this thread's latest failure."""
    text = ffi.string(lib.vpy_detail())
    return text.decode(errors="replace") if isinstance(text, bytes) else text


def check(status: int) -> None:
    """Raise unless it is good. What a callback raised meanwhile goes first, or is the cause."""
    raised, pending.error = pending.error, None
    if status == 0 and raised is None:
        return
    if raised is not None and (status in (0, lib.VPRIV_E_CANCELLED)
                               or not isinstance(raised, Exception)):
        raise raised
    raise error_of(status, detail()) from raised
