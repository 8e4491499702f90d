"""Calls from C into Python on the thread that made the call: lists, writers, progress, root stores.

What such a callback raises stops the call as far as C lets it, and comes out of it: nothing passes
through C frames, and nothing is lost. On a thread that is none of Python's it goes to the hook.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, TypeVar

from ._native import ffi, lib
from .errors import check, pending

T = TypeVar("T")


@dataclass(frozen=True)
class CallbackFailure:
    """A callback raised and nobody was there to be told."""

    error: BaseException
    callback: object
    #: How many events were left out since the last one that arrived; the error is then a
    #: DroppedEvents.
    n_dropped: int = 0


class DroppedEvents(RuntimeWarning):
    """Callbacks were too slow, and events were left out: oldest kept, newest gone."""


def print_failure(failure: CallbackFailure) -> None:
    """The hook in the beginning: like sys.unraisablehook, to stderr."""
    if sys.stderr is None:
        return
    if isinstance(failure.error, DroppedEvents):
        print(f"voicepriv: {failure.error}", file=sys.stderr)
        return
    print(f"Exception ignored in a callback of voicepriv: {failure.callback!r}", file=sys.stderr)
    traceback.print_exception(failure.error, file=sys.stderr)


_hook: Callable[[CallbackFailure], object] = print_failure


def set_callback_hook(
        hook: Callable[[CallbackFailure], object] | None) -> Callable[[CallbackFailure], object]:
    """Say who is told of exceptions in callbacks that nobody waits for. None is the one in the
    beginning, which prints. Gives the hook that was there."""
    global _hook
    before, _hook = _hook, hook or print_failure
    return before


def report(error: BaseException, callback: object, n_dropped: int = 0) -> None:
    """Tell the hook; a hook that raises is left alone."""
    try:
        _hook(CallbackFailure(error, callback, n_dropped))
    except BaseException as second:
        with suppress(BaseException):
            print_failure(CallbackFailure(second, _hook))


def remember(error: BaseException, callback: object) -> None:
    """For the call that is under way on this thread, or for the hook."""
    if pending.depth == 0 or pending.error is not None:
        report(error, callback)
    else:
        pending.error = error


@contextmanager
def waiting() -> Iterator[None]:
    """A call without a handle is under way on this thread, and check() comes after it."""
    pending.begin()
    try:
        yield
    finally:
        pending.end()


def caught(answer: int) -> Callable[[Any, BaseException, TracebackType], int]:
    """For def_extern: what was raised before the callback's own try began, as control-C may be.
    Nothing is ever left to cffi, which would print it and go on."""
    def onerror(_kind: Any, error: BaseException, _trace: TracebackType) -> int:
        remember(error, None)
        return answer

    return onerror


class Collector:
    """Takes the items of a list."""

    def __init__(self, take: Callable[[int, Any, int], bool]) -> None:
        self.take = take
        self.handle = ffi.new_handle(self)


@ffi.def_extern(onerror=caught(0))
def vpy_call_item(user: Any, part: int, item: Any, number: int) -> int:
    collector = ffi.from_handle(user)
    try:
        return int(collector.take(part, item, number))
    except BaseException as error:
        remember(error, collector.take)
        return 0


class Writer(Protocol):
    """Whatever has write(bytes): a file, a BytesIO."""

    def write(self, data: bytes, /) -> object:
        """Take bytes."""


class _Sink:
    def __init__(self, writer: Writer) -> None:
        self.write = writer.write
        self.handle = ffi.new_handle(self)


@ffi.def_extern(onerror=caught(lib.VPRIV_E_CANCELLED))
def vpy_call_write(user: Any, content: Any, n_bytes: int) -> int:
    sink = ffi.from_handle(user)
    try:
        data = bytes(ffi.buffer(content, n_bytes))
        while data:
            n = sink.write(data)
            # A raw file may take less than it was given.
            data = data[n:] if isinstance(n, int) and n < len(data) else b""
        return lib.VPRIV_OK
    except BaseException as error:
        remember(error, sink.write)
        return lib.VPRIV_E_CANCELLED


class _Counter:
    def __init__(self, tell: Callable[[int, int], object] | None) -> None:
        self.tell = tell
        self.handle = ffi.new_handle(self)


@ffi.def_extern(onerror=caught(0))
def vpy_call_count(user: Any, a: int, b: int) -> int:
    counter = ffi.from_handle(user)
    try:
        return int(counter.tell is None or counter.tell(a, b) is not False)
    except BaseException as error:
        remember(error, counter.tell)
        return 0


#: Told how far a long call is; return False to stop it.
Progress = Callable[[int, int], object]


def listed(call: Callable[[Any, Any], int], callback: Any, convert: Callable[[Any, int], T],
           c_type: str, limit: int | None = None) -> list[T]:
    """Call a function that lists, and give what it listed. With a limit it stops there."""
    found: list[T] = []

    def take(_part: int, item: Any, number: int) -> bool:
        if limit is not None and len(found) >= limit:
            return False
        found.append(convert(ffi.cast(c_type, item), number))
        return limit is None or len(found) < limit

    if limit is not None and limit < 1:
        raise ValueError("a limit is at least 1")
    collector = Collector(take)
    with waiting():
        status = call(callback, collector.handle)
        check(status)
    return found


def written(call: Callable[[Any, Any], int], writer: Writer) -> None:
    """Call a function that writes."""
    sink = _Sink(writer)
    with waiting():
        check(call(lib_function("vpy_on_write"), sink.handle))


def counted(call: Callable[[Any, Any], int], tell: Progress | None) -> None:
    """Call a function that tells how far it is. Control-C stops it, too."""
    counter = _Counter(tell)
    with waiting():
        check(call(lib_function("vpy_on_count"), counter.handle))


def lib_function(name: str) -> Any:
    """The address of a C function of ours, for a callback."""
    return ffi.addressof(lib, name)
