"""The thread that calls Python about recorders and devices.

Capture and worker threads put what happened into rings (native/events.h); one thread of Python
takes it out, in order, and calls back. A callback that raises is reported, one that is slow delays
the others; recording goes on in any case. What did not fit into a ring was left out, sound first,
and is told.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from . import _handle
from ._callbacks import DroppedEvents, caught, remember, report
from ._native import ffi, lib
from .errors import OutOfMemoryError

Deliver = Callable[[int, Any, int], object]


class Tap:
    """A ring, and who gets what comes out of it: deliver(kind, pointer, n_bytes)."""

    def __init__(self, deliver: Deliver) -> None:
        self.deliver: Deliver | None = deliver
        self.handle = ffi.new_handle(self)
        self.n_dropped = 0
        self.interrupt: BaseException | None = None
        self.ptr = lib.vpy_tap_open(_pump.start(), self.handle)
        if self.ptr == ffi.NULL:
            raise OutOfMemoryError("the ring for events could not be locked (ulimit -l)")
        _pump.taps.add(self)

    def close(self) -> None:
        """What is in it is delivered first. Nobody writes to it any more."""
        _pump.flush(self)
        _pump.free(self)

    def cancel(self) -> None:
        """Progress says stop from now on."""
        if self.ptr is not None:
            lib.vpy_tap_cancel(self.ptr)


class _Pump:
    """The thread, and the rings it empties."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self.taps: weakref.WeakSet[Tap] = weakref.WeakSet()
        self.thread: threading.Thread | None = None
        self.wake = -1
        self.is_over = False
        self.room: Any | None = None
        self.turn = threading.Condition(threading.RLock())  # held while a ring is emptied

    def start(self) -> int:
        """The descriptor that wakes the thread, which runs from the first time on."""
        with self.lock:
            if self.thread is None:
                self.wake = lib.vpy_wake_open()
                self.room = lib.vpy_guarded(lib.VPY_RING_BYTES)
                if self.wake < 0 or self.room == ffi.NULL:
                    raise OutOfMemoryError("no room for events")
                self.thread = threading.Thread(
                    target=self.run, name="voicepriv-events", daemon=True)
                self.thread.start()
            return self.wake

    def run(self) -> None:
        while not self.is_over:
            lib.vpy_wait(self.wake)
            for tap in list(self.taps):
                self.empty(tap)

    def empty(self, tap: Tap) -> None:
        n_bytes = ffi.new("size_t *")
        with self.turn:
            while tap.ptr is not None:
                kind = lib.vpy_tap_take(tap.ptr, self.room, n_bytes)
                n_dropped = lib.vpy_tap_dropped(tap.ptr)
                if n_dropped:
                    tap.n_dropped += n_dropped
                    error = DroppedEvents(f"{n_dropped} events were left out: callbacks are slow")
                    report(error, tap.deliver, n_dropped)
                if kind == lib.VPY_NOTHING:
                    break
                try:
                    if tap.deliver is not None:
                        tap.deliver(kind, self.room, n_bytes[0])
                except BaseException as raised:
                    report(raised, tap.deliver)
                finally:
                    lib.vpy_wipe(self.room, n_bytes[0])
            self.turn.notify_all()

    def flush(self, tap: Tap, patience_s: float | None = None) -> None:
        """Wait until a ring is empty. On the pump's own thread it is emptied right here."""
        if self.turn.acquire(timeout=_handle.EXIT_PATIENCE_S if patience_s is None else patience_s):
            try:
                self.empty(tap)
            finally:
                self.turn.release()

    def free(self, tap: Tap) -> None:
        # A callback that does not come back keeps its ring: better a leak than a wild pointer.
        if self.turn.acquire(timeout=0 if self.is_over else _handle.EXIT_PATIENCE_S):
            try:
                ptr, tap.ptr = tap.ptr, None
                if ptr is not None:
                    lib.vpy_tap_close(ptr)
            finally:
                self.turn.release()
        tap.deliver = None
        self.taps.discard(tap)

    def stop(self) -> None:
        """Deliver what is there, and end; at the end of the interpreter."""
        if self.thread is None:
            return
        until = time.monotonic() + _handle.EXIT_PATIENCE_S
        for tap in list(self.taps):
            self.flush(tap, max(0.0, until - time.monotonic()))
        self.is_over = True
        lib.vpy_wake_now(self.wake)
        if self.thread is not threading.current_thread():
            self.thread.join(max(0.0, until - time.monotonic()))


_pump = _Pump()
_handle.before_the_rest.append(_pump.stop)


def _after_fork() -> None:
    _pump.lock = threading.Lock()
    _pump.reset()


os.register_at_fork(after_in_child=_after_fork)


@ffi.def_extern(onerror=caught(0))
def vpy_call_direct(user: Any, kind: int, item: Any) -> int:
    """On the thread of vpriv_recorder_run, which is one of Python's. Gives 0 to stop."""
    tap: Tap = ffi.from_handle(user)
    try:
        answer = None if tap.deliver is None else tap.deliver(-kind, item, 0)
        return int(answer is not False)
    except Exception as error:
        report(error, tap.deliver)
        return 1
    except BaseException as error:  # control-C, sys.exit: they stop it, and go on behind it
        remember(error, tap.deliver)
        return 0
