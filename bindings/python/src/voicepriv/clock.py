"""A clock that stands where it was set, for tests and simulations."""

from __future__ import annotations

from datetime import datetime, timedelta

from ._convert import from_us, to_us
from ._native import ffi, lib


class ManualClock:
    """Instead of the system's clock: `Vault.open(path, root, clock=ManualClock(start))`. The
    library reads it on whatever thread; no Python runs there."""

    def __init__(self, now: datetime) -> None:
        self._ptr = ffi.new("vpy_clock *")
        self.now = now

    @property
    def now(self) -> datetime:
        """What it shows, UTC."""
        return from_us(lib.vpy_clock_read(self._ptr))

    @now.setter
    def now(self, when: datetime) -> None:
        lib.vpy_clock_set(self._ptr, to_us(when))

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by
