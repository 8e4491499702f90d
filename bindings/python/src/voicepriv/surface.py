"""Consent events of several surfaces, as signed lines. Nothing here needs a vault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ._callbacks import waiting
from ._convert import (
    ConsentRecordId,
    SubjectId,
    bound_us,
    c_text,
    fixed,
    from_us,
    raw,
    struct,
    text,
    time_or_none,
    to_us,
)
from ._native import ffi, lib
from ._secret import SecretInput, borrowed
from ._secret import fixed as fixed_secret
from .enums import ConsentBy, ConsentEvent, ConsentMethod, Purpose
from .errors import check


@dataclass(frozen=True)
class SurfaceEvent:
    """One event. Times are whole seconds; names of surfaces have letters, digits and . _ / -
    only."""

    surface: str
    sequence: int  #: counts the events of this surface about this person, from 1
    time: datetime
    subject: SubjectId
    purpose: Purpose
    event: ConsentEvent
    record_id: ConsentRecordId  #: a version 4 UUID
    by: ConsentBy = ConsentBy.PERSON
    method: ConsentMethod = ConsentMethod.TAP
    notice: bytes = b""  #: SHA-256 of what was shown; empty: nothing, not for a yes
    valid_until: datetime | None = None
    retention: str = text(lib.VPRIV_RETENTION_UNTIL_ERASED)
    max_uses: int = 0
    seen: Mapping[str, int] = field(default_factory=dict)  #: other surfaces, up to which number


def sign_event(event: SurfaceEvent, seed: SecretInput) -> str:
    """Write an event as a line, which ends with a newline, and sign it. seed: of the surface's
    Ed25519 key."""
    if len(event.seen) > lib.VPRIV_SURFACE_SEEN_MAX:
        raise ValueError(f"seen: at most {lib.VPRIV_SURFACE_SEEN_MAX} surfaces")
    n_hash = lib.VPRIV_SHA256_BYTES
    c = struct(
        "vpriv_surface_event", surface=_short(event.surface), sequence=event.sequence,
        time_us=to_us(event.time), subject=bytes(SubjectId(event.subject)),
        purpose=int(event.purpose), event=int(event.event), by=int(event.by),
        method=int(event.method),
        notice=fixed(event.notice or bytes(n_hash), n_hash, "notice"),
        record_id=bytes(ConsentRecordId(event.record_id)),
        valid_until_us=bound_us(event.valid_until),
        retention=c_text(event.retention), max_uses=event.max_uses, n_seen=len(event.seen),
        seen=[{"surface": _short(name), "sequence": number}
              for name, number in sorted(event.seen.items())])
    room = ffi.new("char[]", lib.VPRIV_SURFACE_LINE_BYTES)
    seed = fixed_secret(seed, lib.VPRIV_SURFACE_SEED_BYTES)
    with waiting(), borrowed(seed) as (bits, _):
        check(lib.vpriv_surface_event_sign(c, ffi.cast("uint8_t *", bits), room))
    return text(room)


def _short(name: str) -> bytes:
    found = c_text(name, "surface")
    if len(found) >= lib.VPRIV_SURFACE_BYTES:
        raise ValueError(f"surface: at most {lib.VPRIV_SURFACE_BYTES - 1} bytes")
    return found


def read_event(line: str, public_key: bytes | None = None) -> SurfaceEvent:
    """Read a line. Without a public key its signature is not checked."""
    out, body = struct("vpriv_surface_event"), line.encode()
    key = ffi.NULL if public_key is None else \
        fixed(public_key, lib.VPRIV_SURFACE_PUBLIC_KEY_BYTES, "public_key")
    with waiting():
        check(lib.vpriv_surface_event_read(body, len(body), key, out))
    notice = raw(out.notice)
    return SurfaceEvent(
        text(out.surface), out.sequence, from_us(out.time_us), SubjectId(raw(out.subject)),
        Purpose(out.purpose), ConsentEvent(out.event), ConsentRecordId(raw(out.record_id)),
        ConsentBy(out.by), ConsentMethod(out.method), notice if any(notice) else b"",
        time_or_none(out.valid_until_us), text(out.retention), out.max_uses,
        {text(out.seen[i].surface): out.seen[i].sequence for i in range(out.n_seen)})
