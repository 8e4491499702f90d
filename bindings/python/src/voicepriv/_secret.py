"""Secrets on their way through Python.

What Python was given as `str` or `bytes` stays in its memory until that is used again: nobody can
wipe it. `bytearray` and Secret can be wiped. Copies that this module makes are.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ._native import ffi, lib


class Secret:
    """Bytes that are not shown, cannot be pickled, and are wiped with `wipe()`, at the end of a
    `with` block, or when the object goes.

    `reveal()` gives a view of the bytes, and `text()` a str, which cannot be wiped.
    """

    __slots__ = ("_bytes",)

    def __init__(self, content: bytes | bytearray | memoryview) -> None:
        self._bytes = bytearray(content)

    def reveal(self) -> memoryview:
        """The bytes themselves, not a copy."""
        return memoryview(self._bytes)

    def text(self) -> str:
        """The bytes as text. Python keeps it for as long as it likes."""
        return self._bytes.decode()

    def wipe(self) -> None:
        """Overwrite it with zeros. Its length stays."""
        if self._bytes:
            with ffi.from_buffer(self._bytes, require_writable=True) as ptr:
                lib.vpy_wipe(ptr, len(self._bytes))

    def __enter__(self) -> Secret:
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()

    def __del__(self) -> None:
        if hasattr(self, "_bytes"):
            self.wipe()

    def __len__(self) -> int:
        return len(self._bytes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._bytes, other._bytes)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Secret of {len(self._bytes)} bytes>"

    def __reduce__(self) -> str:
        raise TypeError("a Secret cannot be copied or pickled")


#: What a passphrase may be given as. Text becomes UTF-8.
SecretInput = str | bytes | bytearray | memoryview | Secret


def _utf8_into(text: str, room: bytearray) -> int:
    """Encode text without a copy that nobody wipes: codecs would leave one."""
    at = 0
    for char in text:
        code = ord(char)
        if 0xD800 <= code < 0xE000:
            raise ValueError("the text is not UTF-8")
        if code < 0x80:
            room[at] = code
            at += 1
            continue
        n_more = 1 if code < 0x800 else 2 if code < 0x10000 else 3
        room[at] = (0xFF00 >> n_more + 1 & 0xFF) | code >> 6 * n_more
        for place in range(n_more):
            room[at + 1 + place] = 0x80 | code >> 6 * (n_more - 1 - place) & 0x3F
        at += 1 + n_more
    return at




@contextmanager
def borrowed(secret: SecretInput) -> Iterator[tuple[Any, int]]:
    """Pointer and length for one call. Bytes are not copied; text is, and the copy is wiped, and
    ends with NUL behind its length."""
    if isinstance(secret, str):
        room = bytearray(4 * len(secret) + 1)
        with ffi.from_buffer("char[]", room, require_writable=True) as ptr:
            try:
                yield ptr, _utf8_into(secret, room)
            finally:
                lib.vpy_wipe(ptr, len(room))
        return
    if not isinstance(secret, (bytes, bytearray, memoryview, Secret)):
        raise TypeError(f"a secret is str or bytes, not {type(secret).__name__}")
    content = secret.reveal() if isinstance(secret, Secret) else secret
    with ffi.from_buffer("char[]", content) as ptr:
        yield ptr, len(ptr)


@contextmanager
def terminated(secret: SecretInput, what: str) -> Iterator[Any]:
    """A copy for one call, for C that reads to the first NUL: one inside is refused. It is
    wiped."""
    with borrowed(secret) as (words, n):
        room = ffi.new("char[]", n + 1)
        try:
            ffi.memmove(room, words, n)
            if lib.vpy_length(room) != n:
                raise ValueError(f"{what}: a NUL inside a secret that is a text")
            yield room
        finally:
            lib.vpy_wipe(room, n + 1)


def fixed(secret: SecretInput, n_bytes: int) -> SecretInput:
    """The same, when it has the length that C reads."""
    length = len(secret) if not isinstance(secret, memoryview) else secret.nbytes
    if isinstance(secret, str) or length != n_bytes:
        raise ValueError(f"a secret of {n_bytes} bytes is needed")
    return secret
