"""What the law of a place asks for, as signed data. Making a document needs no vault."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ._callbacks import waiting
from ._convert import (
    FOREVER_US,
    fixed,
    from_us,
    purposes_of,
    raw,
    struct,
    text,
    time_or_none,
    to_us,
)
from ._native import ffi, lib
from ._secret import Secret, SecretInput, borrowed
from ._secret import fixed as fixed_secret
from .enums import Purpose
from .errors import check
from .kinds import DocumentKind


def make_authority() -> tuple[Secret, bytes]:
    """Make the key of an authority: the seed, to be kept secret, and the public key."""
    seed = ffi.new("uint8_t[]", lib.VPRIV_AUTHORITY_SEED_BYTES)
    public_key = ffi.new("uint8_t[]", lib.VPRIV_AUTHORITY_PUBLIC_KEY_BYTES)
    try:
        check(lib.vpriv_authority_make(seed, public_key))
        with memoryview(ffi.buffer(seed)) as view:
            return Secret(view), raw(public_key)
    finally:
        lib.vpy_wipe(seed, len(seed))


def sign_document(kind: DocumentKind, document: str | bytes, seed: SecretInput) -> bytes:
    """Sign a document; nothing that a vault would refuse gets a signature."""
    out, body = ffi.new("uint8_t[]", lib.VPRIV_AUTHORITY_SIGNATURE_BYTES), body_of(document)
    seed = fixed_secret(seed, lib.VPRIV_AUTHORITY_SEED_BYTES)
    with waiting(), borrowed(seed) as (bits, _):
        check(lib.vpriv_authority_sign(
            int(kind), body, len(body), ffi.cast("uint8_t *", bits), out))
    return raw(out)


def verify_document(kind: DocumentKind, document: str | bytes, signature: bytes,
                    public_key: bytes) -> None:
    """Check a document's signature; AuthError when it does not hold."""
    body = body_of(document)
    check(lib.vpriv_authority_verify(
        int(kind), body, len(body), signature_of(signature),
        fixed(public_key, lib.VPRIV_AUTHORITY_PUBLIC_KEY_BYTES, "public_key")))


def body_of(document: str | bytes) -> bytes:
    """The exact bytes."""
    return document.encode() if isinstance(document, str) else bytes(document)


def signature_of(signature: bytes) -> bytes:
    """One of the right length."""
    return fixed(signature, lib.VPRIV_AUTHORITY_SIGNATURE_BYTES, "signature")


@dataclass(frozen=True)
class ProfileInfo:
    """A jurisdiction profile, as its file describes it."""

    name: str
    title: str
    revision: int
    looked_up: datetime
    valid_until: datetime
    n_places: int
    n_rules: int
    sha256: bytes
    is_in_force: bool


def profile_info_of(info: Any, _number: int = 0) -> ProfileInfo:
    """From C."""
    return ProfileInfo(text(info.name), text(info.title), info.revision, from_us(info.looked_up_us),
                       from_us(info.valid_until_us), info.n_places, info.n_rules, raw(info.sha256),
                       info.is_in_force)


def read_profile(document: str | bytes) -> ProfileInfo:
    """Read a profile and check every field of it."""
    info, body = struct("vpriv_profile_info"), body_of(document)
    check(lib.vpriv_profile_read(body, len(body), info))
    return profile_info_of(info)


@dataclass(frozen=True)
class Term:
    """How long something may be kept at most for some purposes."""

    purposes: frozenset[Purpose]
    n_months: int  #: calendar months, and then
    n_days: int  #: days; both 0 is "do not keep"


@dataclass(frozen=True)
class Stop:
    """A time in which nothing may be done for some purposes."""

    purposes: frozenset[Purpose]
    start: datetime
    end: datetime | None  #: None: without an end


@dataclass(frozen=True)
class Rules:
    """What holds at a place, or at several: the strictest of them."""

    place: str
    profiles: tuple[str, ...]
    valid_until: datetime | None
    minimum_age: int
    young_are_refused: bool
    all_parties: bool
    forbidden: frozenset[Purpose]
    express: frozenset[Purpose]
    written: frozenset[Purpose]
    terms: tuple[Term, ...]
    stops: tuple[Stop, ...]
    _c: bytes

    def __repr__(self) -> str:
        return f"<Rules of {self.place or 'several places'}: {' '.join(self.profiles)}>"

    def keep_until(self, purpose: Purpose, started: datetime) -> datetime | None:
        """When something recorded then has to be gone for a purpose; None: no term."""
        rules = ffi.new("vpriv_rules *")
        ffi.memmove(rules, self._c, len(self._c))
        until = lib.vpriv_rules_keep_until(rules, int(purpose), to_us(started))
        return None if until == FOREVER_US else from_us(until)


def rules_of(c: Any) -> Rules:
    """From C."""
    return Rules(
        text(c.place), tuple(text(c.profiles).split()), time_or_none(c.valid_until_us),
        c.minimum_age, c.young_are_refused, c.all_parties, purposes_of(c.forbidden),
        purposes_of(c.express), purposes_of(c.written),
        tuple(Term(purposes_of(t.purposes), t.n_months, t.n_days)
              for t in (c.terms[i] for i in range(c.n_terms))),
        tuple(Stop(purposes_of(s.purposes), from_us(s.from_us), time_or_none(s.until_us))
              for s in (c.stops[i] for i in range(c.n_stops))),
        raw(ffi.addressof(c[0]), ffi.sizeof(c[0])))


def strict_rules() -> Rules:
    """The built-in rules: what holds where nothing is known."""
    return rules_of(lib.vpriv_rules_strict())
