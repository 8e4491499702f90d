"""Handles of the library: open, in use, closed; and never past that.

The C library trusts its caller: a closed handle, two calls at once where one is allowed, a handle
of the process before fork are the end of a C program. Here each of them is an exception or a wait:

* Calls are counted. Closing waits for calls on other threads, and is an InUseError from within one.
* Whoever closes what another thread is closing waits until that is done.
* Where C allows one call at a time, others wait for their turn.
* A child keeps what it stands on open; closing that closes the child first, also one that a call
  under way was still making.
* A process that was forked gets ForkedError, and closes nothing.
* At the end of the interpreter everything is closed, newest first; see close_all().
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, TypeVar

from ._native import ffi, lib
from .errors import ClosedError, ForkedError, InUseError, pending

_Self = TypeVar("_Self", bound="Handle")

#: How long the end of the interpreter waits for calls that are still under way.
EXIT_PATIENCE_S = 5.0
LOOK_AGAIN_S = 0.5

_get_ident = threading.get_ident
_this_pid = os.getpid()
_forked_with_handles = False


class Token:
    """One call under way. It goes with the frame that made it: what a signal handler that raises
    cut off between two steps of Python is no call any more."""

    __slots__ = ("__weakref__",)


class _Closing:
    """Somebody is closing a handle."""

    __slots__ = ("thread",)

    def __init__(self) -> None:
        self.thread = _get_ident()


class _Core:
    """What a handle is underneath. It outlives the object for as long as a finaliser needs it."""

    __slots__ = ("__weakref__", "alone", "calls", "children", "close", "closing", "is_closed",
                 "lock", "loners", "n_waiting", "name", "parents", "pid", "ptr", "then", "turn")

    def __init__(self, name: str, ptr: Any, close: Callable[[Any], None],
                 then: Callable[[], None] | None, alone: bool,
                 parents: tuple[_Core, ...]) -> None:
        self.name = name
        self.ptr: Any | None = ptr
        self.close = close
        self.then = then  # after it, with nothing of C in use any more
        self.alone = alone  # one call at a time
        self.pid = _this_pid
        # By itself, because taking a Condition costs a dozen calls of Python, 50 times a second;
        # one that may be taken twice, because a signal handler may use the same handle.
        self.lock = threading.RLock()
        self.turn = threading.Condition(self.lock)
        self.n_waiting = 0
        # The threads of calls under way, and of those that C allows one at a time only.
        self.calls: weakref.WeakKeyDictionary[Token, int] = weakref.WeakKeyDictionary()
        self.loners: weakref.WeakKeyDictionary[Token, int] = weakref.WeakKeyDictionary()
        self.closing: _Closing | None = None
        self.is_closed = False  # and what C did to close it is done
        self.parents = parents
        self.children: weakref.WeakSet[_Core] = weakref.WeakSet()

    def check(self) -> None:
        if self.pid != _this_pid:
            raise ForkedError(f"{self.name}: opened by another process, before fork")

    def enter(self, beside: bool, token: Token) -> Any:
        """Begin a call, which leave() ends by its token: also one that never quite began, because a
        signal handler raised. beside: C allows it next to another one."""
        if self.pid != _this_pid:
            self.check()
        me = _get_ident()
        with self.lock:
            is_loner = self.alone and not beside
            if is_loner:
                while self.loners and self.closing is None:
                    if me in self.loners.values():
                        raise InUseError(f"{self.name}: called from within a call on itself")
                    self._wait(None)
            if self.ptr is None or self.closing is not None:
                raise ClosedError(f"{self.name}: it is closed")
            self.calls[token] = me
            if is_loner:
                self.loners[token] = me
            return self.ptr

    def is_free(self) -> bool:
        """With the lock held: a call that does not wait may be made before it is let go."""
        return self.ptr is not None and not self.loners and self.closing is None

    def leave(self, token: Token) -> None:
        with self.lock:
            self.calls.pop(token, None)
            self.loners.pop(token, None)
            if self.n_waiting:
                self.turn.notify_all()

    def _wait(self, until: float | None) -> bool:
        """Wait for a call of another thread to end; with the lock held. False when until came."""
        left_s = LOOK_AGAIN_S if until is None else until - time.monotonic()
        self.n_waiting += 1
        try:
            # Nobody says that a call was cut off: look again by oneself.
            self.turn.wait(max(0.0, min(left_s, LOOK_AGAIN_S)))
            return until is None or time.monotonic() < until
        finally:
            self.n_waiting -= 1

    def adopt(self, child: _Core) -> None:
        """It stands on this one."""
        with self.lock:
            self.children.add(child)

    def open_children(self) -> list[_Core]:
        """Those that C has not closed yet."""
        with self.lock:
            return [child for child in self.children if not child.is_closed]

    def _refuse_if_called_here(self) -> None:
        """Nor may a call on a child be under way here: whoever closes would wait for it."""
        me = _get_ident()
        with self.lock:
            if me in self.calls.values():
                raise InUseError(f"{self.name}: closed from within a call on it")
        for child in self.open_children():
            child._refuse_if_called_here()

    def _begin_to_close(self, mine: _Closing, until: float | None) -> bool:
        """Be the one who closes; with the lock held. False when it is closed, this very thread is
        closing it further out, or until came first."""
        while not self.is_closed:
            self._refuse_if_called_here()
            if self.closing is None:
                self.closing = mine
                return True
            if self.closing.thread == mine.thread or not self._wait(until):
                return False
        return False

    def _wait_for_calls(self, until: float | None) -> bool:
        with self.lock:
            while self.calls:
                self._refuse_if_called_here()
                if not self._wait(until):
                    return False
        return True

    def _shut_children(self, until: float | None) -> bool:
        """Those that there are, and those that closing them brought."""
        while children := _newest_first(self.open_children()):
            for child in children:
                if not child.shut(until):
                    return False
                if not child.is_closed:
                    raise InUseError(f"{self.name}: closed from within the closing of a "
                                     f"{child.name}")
        return True

    def settle(self) -> bool:
        """Wait while another thread closes it. Whether it is open then."""
        with self.lock:
            while self.closing is not None and not self.is_closed:
                me = _get_ident()
                if self.closing.thread == me or me in self.calls.values():
                    return False
                self._wait(None)
            return self.ptr is not None

    def shut(self, until: float | None = None) -> bool:
        """Close, children first. False when until came first: it is left open then. On the thread
        that is closing it already, it does nothing."""
        if self.pid != _this_pid:
            return True
        if self.is_closed:
            return True
        self._refuse_if_called_here()
        is_first = self.closing is None
        # While it can still be used: their callbacks may want to.
        if is_first and not self._shut_children(until):
            return False
        mine = _Closing()
        try:
            with self.lock:
                if not self._begin_to_close(mine, until):
                    return self.is_closed or (
                        self.closing is not None and self.closing.thread == mine.thread)
            # No call is let in from here on, so that nobody makes one more child.
            if not self._wait_for_calls(until) or not self._shut_children(until):
                return False
            try:
                ptr, self.ptr = self.ptr, None
                self.close(ptr)
            finally:
                with self.lock:
                    self.is_closed = True
                    self.turn.notify_all()
                _living.pop(id(self), None)
        finally:
            with self.lock:
                if self.closing is mine:
                    self.closing = None
                    self.turn.notify_all()
        if self.then is not None:
            self.then()
        return True


def _newest_first(cores: Any) -> list[_Core]:
    order = {key: place for place, key in enumerate(list(_living))}
    return sorted(cores, key=lambda core: order.get(id(core), -1), reverse=True)


#: Everything that is open, oldest first.
_living: dict[int, _Core] = {}


def _drop(core: _Core, _keep: tuple[Handle, ...]) -> None:
    """The object is gone. Nobody can be in a call, or wait for one."""
    if core.ptr is None or core.pid != _this_pid:
        return
    core.shut()  # first: the warning may be an exception
    warnings.warn(f"unclosed {core.name}", ResourceWarning, stacklevel=2)


def may_open() -> None:
    """Refuse to open anything in a child of a process that had handles open when it forked: SQLite
    and the locks of the library are not made for that."""
    if _forked_with_handles:
        raise ForkedError("this process was forked while handles were open; fork before the first "
                          "one is opened, or start a new program")


class Handle:
    """Something of the library that is open until it is closed. Works with `with`."""

    _core: _Core

    def __init__(self, ptr: Any, close: Callable[[Any], None], parents: tuple[Handle, ...] = (),
                 *, alone: bool = False, then: Callable[[], None] | None = None) -> None:
        self._core = _Core(type(self).__name__, ptr, close, then, alone,
                           tuple(parent._core for parent in parents))
        _living[id(self._core)] = self._core
        for parent in parents:
            parent._core.adopt(self._core)
        self._parents = parents
        self._finalizer = weakref.finalize(self, _drop, self._core, parents)
        self._finalizer.atexit = False

    def close(self) -> None:
        """Close it, after what depends on it. Closing twice is fine. When another thread is closing
        it, this waits for that."""
        self._core.check()
        self._core.shut()
        self._finalizer.detach()

    @property
    def closed(self) -> bool:
        """Whether it is closed, or being closed: no call gets in any more."""
        return self._core.ptr is None

    def _lean_on(self, parent: Handle) -> None:
        """From now on it stands on one more handle."""
        self._parents = (*self._parents, parent)
        self._core.parents = (*self._core.parents, parent._core)
        parent._core.adopt(self._core)
        self._finalizer.detach()
        self._finalizer = weakref.finalize(self, _drop, self._core, self._parents)
        self._finalizer.atexit = False

    def _has_children(self) -> bool:
        return bool(self._core.open_children())

    def __enter__(self: _Self) -> _Self:
        self._core.check()
        if self.closed:
            raise ClosedError(f"{self._core.name}: it is closed")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._core.pid == _this_pid:  # leaving a block in a child of fork closes nothing
            self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open"
        return f"<{type(self).__module__}.{type(self).__name__}, {state}>"

    def __reduce__(self) -> str:
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled")


@contextmanager
def using(*handles: Handle | None) -> Iterator[tuple[Any, ...]]:
    """The C handles, for one call; NULL for None."""
    with ExitStack() as stack:
        ptrs: list[Any] = []
        stack.callback(pending.end)
        pending.begin()
        for handle in handles:
            if handle is None:
                ptrs.append(ffi.NULL)
                continue
            token = Token()
            stack.callback(handle._core.leave, token)
            ptrs.append(handle._core.enter(False, token))
        yield tuple(ptrs)


@contextmanager
def beside(handle: Handle) -> Iterator[Any]:
    """As using(), for calls that C allows next to any other."""
    token = Token()
    try:
        yield handle._core.enter(True, token)
    finally:
        handle._core.leave(token)


#: Called by close_all() when recorders are closed and before the rest is; see _events.py.
before_the_rest: list[Callable[[], None]] = []


def close_all() -> None:
    """Close what is open, newest first. What is in a call on another thread has some seconds to
    come out of it (callbacks say stop from here on), and is left alone otherwise."""
    lib.vpy_set_exiting()
    until = time.monotonic() + EXIT_PATIENCE_S
    left_alone: set[int] = set()

    def shut(core: _Core) -> None:
        if id(core) in left_alone or not core.shut(until):
            left_alone.update({id(core), *(id(parent) for parent in core.parents)})

    cores = list(reversed(_living.values()))
    for core in cores:
        if core.name in ("Recorder", "Hub", "DeviceWatch"):
            shut(core)
    for step in before_the_rest:
        step()
    for core in cores:
        shut(core)


def _after_fork() -> None:
    global _this_pid, _forked_with_handles
    _this_pid = os.getpid()
    _forked_with_handles = _forked_with_handles or bool(_living)
    _living.clear()


atexit.register(close_all)
os.register_at_fork(after_in_child=_after_fork)
