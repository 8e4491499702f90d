"""Between Python and C: times, texts, ids and sets. Whatever does not fit is refused, never
bent."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from ._native import ffi, lib
from .enums import Deny, Fact, Purpose

FOREVER_US: int = lib.VPRIV_TIME_FOREVER_US
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_Id = TypeVar("_Id", bound="Id")


class Id(bytes):
    """A random name of 16 bytes. Made from bytes or from hex; prints as hex."""

    def __new__(cls: type[_Id], content: bytes | str) -> _Id:
        # A number would be so many zeros.
        if not isinstance(content, (str, bytes, bytearray, memoryview)):
            raise TypeError(f"a {cls.__name__} is made from bytes or hex")
        raw = bytes.fromhex(content) if isinstance(content, str) else bytes(content)
        if len(raw) != lib.VPRIV_RECORDING_ID_BYTES:
            raise ValueError(f"a {cls.__name__} has {lib.VPRIV_RECORDING_ID_BYTES} bytes")
        return super().__new__(cls, raw)

    def __str__(self) -> str:
        return self.hex()

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self.hex()}')"

    def __getnewargs__(self) -> tuple[bytes]:
        return (bytes(self),)


class SubjectId(Id):
    """The pseudonym of a person in one vault."""


class RecordingId(Id):
    """The name of a recording."""


class DerivativeId(Id):
    """The name of something that was made from a recording."""


class ConsentRecordId(Id):
    """The name of a consent record (a version 4 UUID)."""


def to_us(when: datetime | None, without: int | None = None) -> int:
    """Microseconds since 1970; `without` for None, if that may be. A time without a zone is
    refused."""
    if when is None and without is not None:
        return without
    if not isinstance(when, datetime):
        raise TypeError(f"a time is a datetime, not {type(when).__name__}")
    if when.tzinfo is None or when.utcoffset() is None:
        raise ValueError("a time needs a time zone: datetime.now(timezone.utc)")
    return (when - _EPOCH) // _MICROSECOND


def bound_us(when: datetime | None) -> int:
    """For where C reads 0 as "no bound" or "now", which None is here: 1970 itself, which
    is 0, becomes the microsecond after it."""
    return 0 if when is None else to_us(when) or 1


def from_us(us: int) -> datetime:
    """UTC."""
    return _EPOCH + us * _MICROSECOND


def time_or_none(us: int) -> datetime | None:
    """None for 0, and for a time that never comes."""
    return None if us == 0 or us == FOREVER_US else from_us(us)


def in_units(duration: timedelta | None, unit: timedelta, what: str) -> int:
    """A whole number of units; 0 for None."""
    if duration is None:
        return 0
    if not isinstance(duration, timedelta):
        raise TypeError(f"{what}: a duration is a timedelta, not {type(duration).__name__}")
    n, rest = divmod(duration, unit)
    if rest or n < 0:
        raise ValueError(f"{what}: not a whole number of {unit.total_seconds():g} s")
    return n


def in_ms(duration: timedelta | None, what: str) -> int:
    """Milliseconds; 0 for None. Zero itself is refused: it means the default to C."""
    n = in_units(duration, timedelta(milliseconds=1), what)
    if duration is not None and n == 0:
        raise ValueError(f"{what}: zero is not a duration here; leave it out")
    return n


def at_48k(n_frames: int) -> timedelta:
    """The duration of frames at 48 kHz, to the microsecond."""
    return timedelta(microseconds=n_frames * 1_000_000 // 48_000)


def text(found: Any) -> str:
    """A text of C: a char array or pointer."""
    raw = ffi.string(found)
    return raw.decode() if isinstance(raw, bytes) else str(raw)


def text_or_none(found: Any) -> str | None:
    """None for NULL and for an empty text."""
    return None if found == ffi.NULL else text(found) or None


def c_text(value: str, what: str = "a text") -> bytes:
    """Text for C, which ends at NUL: one inside is refused."""
    if not isinstance(value, str):
        raise TypeError(f"{what}: a str is needed, not {type(value).__name__}")
    if "\0" in value:
        raise ValueError(f"{what}: a NUL inside a text")
    return value.encode()


def c_path(path: str | os.PathLike[str]) -> bytes:
    """A file name for C."""
    raw = os.fsencode(path)
    if b"\0" in raw:
        raise ValueError("a NUL inside a file name")
    return raw


def raw(found: Any, n_bytes: int | None = None) -> bytes:
    """Bytes of a C array, or of a pointer with a length."""
    return bytes(ffi.buffer(found, n_bytes) if n_bytes is not None else ffi.buffer(found))


def fixed(value: bytes | bytearray | memoryview, n_bytes: int, what: str) -> bytes:
    """Bytes of the length that C reads."""
    if isinstance(value, (str, int)) or len(content := bytes(value)) != n_bytes:
        raise ValueError(f"{what}: {n_bytes} bytes are needed")
    return content


def given(number: int | None, what: str) -> int:
    """A number, or 0 for None, which is the default to C; 0 itself is refused."""
    if number is None:
        return 0
    if number == 0:
        raise ValueError(f"{what}: 0 is none of its values; leave it out for the default")
    return number


def subject_ids(subjects: Iterable[SubjectId]) -> bytes:
    """Ids in a row."""
    return b"".join(SubjectId(subject) for subject in subjects)


def purpose_bits(purposes: Purpose | Iterable[Purpose]) -> int:
    """A set of purposes for C. A single one is a set, too."""
    if isinstance(purposes, Purpose):
        purposes = (purposes,)
    bits = 0
    for purpose in purposes:
        if not 0 <= purpose < lib.VPRIV_PURPOSES_MAX:
            raise ValueError(f"no purpose {int(purpose)}")
        bits |= lib.vpy_purpose_bit(purpose)
    return bits


def purposes_of(bits: int) -> frozenset[Purpose]:
    """A set of purposes from C."""
    return frozenset(p for p in Purpose if bits & lib.vpy_purpose_bit(p))


def reasons_of(bits: int) -> frozenset[Deny]:
    """A set of reasons from C."""
    return frozenset(reason for reason in Deny if bits & int(reason))


def fact(value: Fact | bool | None) -> int:
    """A fact for C: True, False, None or the enumeration."""
    if isinstance(value, Fact):
        return int(value)
    if value is None:
        return int(Fact.UNKNOWN)
    if not isinstance(value, bool):
        raise TypeError(f"a fact is True, False or None, not {type(value).__name__}")
    return int(Fact.YES if value else Fact.NO)


def struct(c_type: str, /, **fields: Any) -> Any:
    """A C struct that says how large it is."""
    made = ffi.new(f"{c_type} *", fields)
    made.struct_size = ffi.sizeof(made[0])
    return made


class Keep:
    """Texts and arrays that a struct points to, kept alive for as long as this."""

    def __init__(self) -> None:
        self._kept: list[Any] = []

    def text(self, value: str | None, what: str = "a text") -> Any:
        """A char pointer; NULL for None."""
        if value is None:
            return ffi.NULL
        self._kept.append(ffi.new("char[]", c_text(value, what)))
        return self._kept[-1]

    def path(self, value: str | os.PathLike[str] | None) -> Any:
        """A file name; NULL for None."""
        if value is None:
            return ffi.NULL
        self._kept.append(ffi.new("char[]", c_path(value)))
        return self._kept[-1]

    def bytes(self, value: bytes | None) -> Any:
        """A pointer to bytes; NULL for None."""
        if value is None:
            return ffi.NULL
        self._kept.append(ffi.from_buffer("uint8_t[]", value))
        return self._kept[-1]

    def texts(self, values: Iterable[str]) -> tuple[Any, int]:
        """An array of char pointers, and its length. One text is refused: its letters would be
        taken for texts."""
        if isinstance(values, (str, bytes)):
            raise TypeError(f"texts are needed, not one {type(values).__name__}")
        found = [self.text(value) for value in values]
        if not found:
            return ffi.NULL, 0
        self._kept.append(ffi.new("const char *[]", found))
        return self._kept[-1], len(found)
