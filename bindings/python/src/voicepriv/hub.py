"""Many recorders in one process: a few worker threads for all of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ._convert import in_ms, struct
from ._handle import Handle, Token, may_open, using
from ._native import ffi, lib
from .errors import ClosedError, UsageError, check
from .recorder import Recorder
from .vault import Vault


class Hub(Handle):
    """Worker threads that drive many recorders of one vault. Closing it stops what runs in it: what
    was confirmed is kept; recorders stay open."""

    def __init__(self, vault: Vault, *, n_workers: int = 0, n_recorders_max: int = 0,
                 tick: timedelta | None = None) -> None:
        """n_workers: threads, 1 to 64; one per processor, at most four. n_recorders_max: 1 to 256;
        64. tick: how often sources are looked at, 5 to 50 ms; 20 ms."""
        may_open()
        config = struct("vpriv_hub_config", n_workers=n_workers, n_recorders_max=n_recorders_max,
                        tick_ms=in_ms(tick, "tick"))
        out = ffi.new("vpriv_hub **")
        self._vault = vault
        started: list[Recorder] = []
        with using(vault) as (v,):
            check(lib.vpriv_hub_open(v, config, out))
            super().__init__(out[0], _Close(started), (vault,))
        self._started = started

    def start(self, recorder: Recorder) -> None:
        """Start listening, driven by the hub's workers. Everything else is called on the
        recorder."""
        with using(self, recorder) as (hub, r):
            check(lib.vpriv_hub_start(hub, r))
            if recorder not in self._started:
                self._started.append(recorder)


class _Close:
    """Closes a hub when no call on a recorder in it is under way, and keeps others out
    meanwhile."""

    def __init__(self, started: list[Recorder]) -> None:
        self.started = started

    def __call__(self, ptr: Any) -> None:
        held: list[tuple[Any, Token]] = []
        try:
            for recorder in self.started:
                core, token = recorder._core, Token()
                held.append((core, token))
                while True:
                    try:
                        core.enter(False, token)
                    except ClosedError:
                        if core.settle():
                            continue
                        held.pop()
                    except UsageError:  # the caller's own call
                        held.pop()
                    break
            lib.vpriv_hub_close(ptr)
        finally:
            for core, token in held:
                core.leave(token)
            self.started.clear()
