"""Root stores: where the one key lives that everything in a vault hangs on.

    root = RootStore.file("home.root")
    root = RootStore.passphrase("home.root", getpass())
    root = RootStore.vendor(MySecureElement())

A root store serves a vault until that is closed; closing the store closes the vault first.
"""

from __future__ import annotations

import abc
import os
from contextlib import ExitStack
from typing import Any

from ._callbacks import caught, remember
from ._convert import c_path, c_text, given, struct
from ._handle import Handle, beside, may_open, using
from ._native import ffi, lib
from ._secret import Secret, SecretInput, borrowed, terminated
from .enums import Assurance
from .errors import InUseError, check

__all__ = ["RootStore", "VendorRoot"]


class VendorRoot(abc.ABC):
    """A medium of the vendor's own: a secure element, a keystore.

    The methods run on whatever thread uses the vault, a recorder's among them, with the vault's
    lock held: they must be quick and must not call into this package. `record` is memory of the
    library, wiped and out of reach after the call. What they raise becomes RootError.
    """

    #: Say KEYED only when the medium really forgets.
    assurance: Assurance = Assurance.BEST_EFFORT

    @abc.abstractmethod
    def load(self, record: memoryview) -> bool:
        """Read the record into `record` (VPRIV_ROOT_RECORD_BYTES); False when the store is
        empty. Another process may be replacing it: read the old record or the new one, whole, and
        change nothing."""

    @abc.abstractmethod
    def replace(self, record: memoryview) -> None:
        """Put the record in place of the old one, atomically. Return only when it survives a power
        cut and the old one can no longer be read."""

    @abc.abstractmethod
    def destroy(self) -> None:
        """Forget the record for good."""


@ffi.def_extern(onerror=caught(lib.VPRIV_E_ROOT))
def vpy_call_root(user: Any, what: int, record: Any) -> int:
    store: VendorRoot = ffi.from_handle(user)
    try:
        if what == 2:
            store.destroy()
            return lib.VPRIV_OK
        with memoryview(ffi.buffer(record, lib.VPRIV_ROOT_RECORD_BYTES)) as view:
            if what == 1:
                store.replace(view)
            elif not store.load(view):
                return lib.VPRIV_E_NOT_FOUND
        return lib.VPRIV_OK
    except BaseException as error:
        remember(error, store)
        return lib.VPRIV_E_ROOT


def _cost(n_passes: int | None, memory_bytes: int | None) -> Any:
    if n_passes is None and memory_bytes is None:
        return ffi.NULL
    return struct("vpriv_passphrase_cost", n_passes=given(n_passes, "n_passes"),
                  memory_bytes=given(memory_bytes, "memory_bytes"))


class RootStore(Handle):
    """Where a vault's root key lives. Made by one of the class methods."""

    def __init__(self, ptr: Any, vendor: VendorRoot | None = None,
                 kept: object | None = None) -> None:
        super().__init__(ptr, _Close(vendor, kept), alone=True)

    @classmethod
    def _open(cls, call: Any, *keep: Any) -> RootStore:
        may_open()
        out = ffi.new("vpriv_root_store **")
        check(call(out))
        return cls(out[0], *keep)

    @classmethod
    def file(cls, path: str | os.PathLike[str]) -> RootStore:
        """A key file of mode 0600; it appears when a vault is created with it."""
        return cls._open(lambda out: lib.vpriv_root_file_open(c_path(path), out))

    @classmethod
    def passphrase(cls, path: str | os.PathLike[str], passphrase: SecretInput, *,
                   n_passes: int | None = None, memory_bytes: int | None = None) -> RootStore:
        """A key file that only a passphrase opens (Argon2id).

        n_passes: 1 to 1000; 3 without. memory_bytes: 8 KiB to 4 GiB; 64 MiB without. Both are for a
        new file. The passphrase is yours to wipe: give a bytearray or a Secret.
        """
        with borrowed(passphrase) as (words, n):
            return cls._open(lambda out: lib.vpriv_root_passphrase_open(
                c_path(path), words, n, _cost(n_passes, memory_bytes), out))

    @classmethod
    def recovery(cls, path: str | os.PathLike[str], recovery_key: SecretInput) -> RootStore:
        """Such a file when the passphrase is forgotten. Set a new one then."""
        with terminated(recovery_key, "recovery_key") as key:
            return cls._open(lambda out: lib.vpriv_root_recovery_open(c_path(path), key, out))

    @classmethod
    def kernel(cls, name: str) -> RootStore:
        """The Linux kernel's memory: gone with a restart. name: 1 to 64 letters, digits, . _ -"""
        return cls._open(lambda out: lib.vpriv_root_kernel_open(c_text(name), out))

    @classmethod
    def tpm(cls, *, connection: str | None = None, index: int = 0, pcrs: int = 0,
            owner_auth: SecretInput | None = None, auth: SecretInput | None = None) -> RootStore:
        """A TPM 2.0. index: of the NV index, 0 is the usual; pcrs: bit i binds the key to PCR i. No
        NUL may be in owner_auth and auth."""
        with ExitStack() as stack:
            def secret(value: SecretInput | None, what: str) -> Any:
                if value is None:
                    return ffi.NULL
                return stack.enter_context(terminated(value, what))

            where = ffi.NULL if connection is None else ffi.new("char[]", c_text(connection))
            config = struct("vpriv_root_tpm_config", connection=where, index=index, pcrs=pcrs,
                            owner_auth=secret(owner_auth, "owner_auth"),
                            auth=secret(auth, "auth"))
            return cls._open(lambda out: lib.vpriv_root_tpm_open(config, out))

    @classmethod
    def vendor(cls, store: VendorRoot) -> RootStore:
        """A medium of the vendor's own."""
        handle = ffi.new_handle(store)
        callbacks = struct("vpriv_root_callbacks", assurance=int(store.assurance))
        lib.vpy_root_fill(callbacks, handle)
        return cls._open(lambda out: lib.vpriv_root_callbacks_open(callbacks, out), store, handle)

    @property
    def assurance(self) -> Assurance:
        """How well the store forgets."""
        with beside(self) as store:
            return Assurance(lib.vpriv_root_assurance(store))

    def _unused(self, what: str) -> None:
        if self._has_children():
            raise InUseError(f"RootStore: {what} while a vault uses it; close that first")

    def change_passphrase(self, passphrase: SecretInput, *, n_passes: int | None = None,
                          memory_bytes: int | None = None) -> None:
        """Put a new passphrase in place of the old one. A recovery key stays good."""
        self._unused("the passphrase cannot change")
        with using(self) as (store,), borrowed(passphrase) as (words, n):
            check(lib.vpriv_root_passphrase_change(store, words, n, _cost(n_passes, memory_bytes)))

    def make_recovery_key(self, passphrase: SecretInput) -> Secret:
        """Make a recovery key: 144 random bits to write down. An earlier one is worth nothing from
        then on. passphrase: the present one."""
        self._unused("no recovery key is made")
        n_room = lib.VPRIV_RECOVERY_KEY_TEXT_BYTES
        room = ffi.new("char[]", n_room)
        try:
            with using(self) as (store,), borrowed(passphrase) as (words, n):
                check(lib.vpriv_root_recovery_key(store, words, n, room))
            with memoryview(ffi.buffer(room, n_room - 1)) as view:
                return Secret(view)
        finally:
            lib.vpy_wipe(room, n_room)

    def destroy(self) -> None:
        """Forget the root key for good: everything in the vault becomes noise. No way back."""
        self._unused("it is not destroyed")
        with using(self) as (store,):
            check(lib.vpriv_root_destroy(store))


class _Close:
    """Closes a store, and keeps the vendor's medium alive until then."""

    def __init__(self, *kept: object) -> None:
        self.kept = kept

    def __call__(self, ptr: Any) -> None:
        lib.vpriv_root_close(ptr)
        self.kept = ()


