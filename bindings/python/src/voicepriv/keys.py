"""Keyrings: who holds which purpose's key."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from ._convert import c_path, purpose_bits, purposes_of
from ._handle import Handle, may_open, using
from ._native import ffi, lib
from .enums import Purpose
from .errors import check


class Keyring(Handle):
    """Keys of one holder: secret halves of purposes, or a capture credential. The keys are in
    locked memory of the library; Python never sees them."""

    def __init__(self, ptr: Any) -> None:
        super().__init__(ptr, lib.vpriv_keyring_close)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Keyring:
        """Read a keyring file."""
        may_open()
        out = ffi.new("vpriv_keyring **")
        check(lib.vpriv_keyring_load(c_path(path), out))
        return cls(out[0])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a keyring file of mode 0600, with the secret keys in the clear. An existing file is
        kept."""
        with using(self) as (keyring,):
            check(lib.vpriv_keyring_save(keyring, c_path(path)))

    def split(self, purposes: Iterable[Purpose]) -> Keyring:
        """A keyring with fewer purposes, for a reviewer's or trainer's process."""
        out = ffi.new("vpriv_keyring **")
        with using(self) as (keyring,):
            check(lib.vpriv_keyring_split(keyring, purpose_bits(purposes), out))
        return Keyring(out[0])

    @property
    def purposes(self) -> frozenset[Purpose]:
        """Whose secret keys it holds; empty for a capture credential."""
        with using(self) as (keyring,):
            return purposes_of(lib.vpriv_keyring_purposes(keyring))

    @property
    def is_capture_credential(self) -> bool:
        """Public keys and the capture policy: nothing that opens a recording."""
        with using(self) as (keyring,):
            return bool(lib.vpriv_keyring_is_capture_credential(keyring))
