"""What was made from a recording: a transcript, labels, features of a voice."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ._callbacks import lib_function, listed, written
from ._convert import (
    DerivativeId,
    Keep,
    RecordingId,
    c_text,
    from_us,
    purpose_bits,
    purposes_of,
    raw,
    struct,
    text,
)
from ._handle import Handle, using
from ._native import ffi, lib
from .enums import Purpose
from .errors import check
from .gate import c_request
from .keys import Keyring
from .kinds import DerivativeKind
from .log import Receipt, new_receipt, receipt_of
from .recordings import c_recording


@dataclass(frozen=True)
class DerivativeInfo:
    """What is known about a derivative without opening it."""

    id: DerivativeId
    recording: RecordingId
    kind: DerivativeKind
    media_type: str
    language: str
    made_by: str
    made: datetime
    n_bytes: int
    purposes: frozenset[Purpose]


def derivative_of(info: Any, _number: int = 0) -> DerivativeInfo:
    """From C."""
    return DerivativeInfo(
        DerivativeId(raw(info.id.bytes)), RecordingId(raw(info.recording.bytes)),
        DerivativeKind(info.kind), text(info.media_type), text(info.language), text(info.made_by),
        from_us(info.made_us), info.n_bytes, purposes_of(info.purposes))


def derivative_kind_from_name(name: str) -> DerivativeKind:
    """The kind of a name: "transcript"."""
    out = ffi.new("vpriv_derivative_kind *")
    check(lib.vpriv_derivative_kind_from_name(c_text(name), out))
    return DerivativeKind(out[0])


def _c_id(derivative: DerivativeId) -> Any:
    made = ffi.new("vpriv_derivative_id *")
    made.bytes = bytes(DerivativeId(derivative))
    return made


class DerivativeCalls(Handle):
    """What a vault does with derivatives."""

    def add_derivative(self, recording: RecordingId, content: bytes | bytearray | memoryview | str,
                       *, kind: DerivativeKind, made_by: str, purposes: Purpose | Iterable[Purpose],
                       media_type: str | None = None, language: str | None = None) -> DerivativeId:
        """Keep something made from a recording, under its key. Each purpose must be open now. Text
        becomes UTF-8."""
        keep, out = Keep(), ffi.new("vpriv_derivative_id *")
        about = struct("vpriv_derivative", kind=int(kind), media_type=keep.text(media_type),
                       language=keep.text(language), made_by=keep.text(made_by),
                       purposes=purpose_bits(purposes))
        body = content.encode() if isinstance(content, str) else content
        with using(self) as (vault,), ffi.from_buffer(body) as at:
            check(lib.vpriv_derivative_add(
                vault, c_recording(recording), about, at, len(at), out))
        return DerivativeId(raw(out.bytes))

    def derivatives(self, recording: RecordingId) -> list[DerivativeInfo]:
        """What was made from a recording, in the order it was added; not what it says."""
        with using(self) as (vault,):
            return listed(lambda fn, user: lib.vpriv_derivative_list(
                vault, c_recording(recording), fn, user),
                lib_function("vpy_on_derivative"), derivative_of, "const vpriv_derivative_info *")

    def derivative(self, derivative: DerivativeId) -> DerivativeInfo:
        """Look one up."""
        info = ffi.new("vpriv_derivative_info *")
        with using(self) as (vault,):
            check(lib.vpriv_derivative_about(vault, _c_id(derivative), info))
        return derivative_of(info)

    def erase_derivative(self, derivative: DerivativeId) -> Receipt:
        """Erase one for good; its recording stays, under a new key."""
        receipt = new_receipt()
        with using(self) as (vault,):
            check(lib.vpriv_derivative_erase(vault, _c_id(derivative), receipt))
        return receipt_of(receipt)

    def read_derivative(self, keyring: Keyring, derivative: DerivativeId, purpose: Purpose, *,
                        actor: str, reason: str | None = None,
                        recipient: str | None = None) -> bytes:
        """Read what it says, through the gate, as a recording is read."""
        keep, out = Keep(), io.BytesIO()
        with using(self, keyring) as (vault, keys):
            written(lambda fn, user: lib.vpriv_gate_read_derivative(
                vault, keys, _c_id(derivative),
                c_request(purpose, actor, reason, recipient, keep), fn, user), out)
        return out.getvalue()
