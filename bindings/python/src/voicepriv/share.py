"""Receipts that anybody checks without the vault.

    jws = vault.sign_receipt(vault.withdraw_consent(ada, Purpose.KEEP_HISTORY))
    claims, document = verify_receipt(jws, device_public_key)
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ._callbacks import waiting, written
from ._convert import Keep, SubjectId, fixed, from_us, raw, struct, text
from ._handle import Handle, using
from ._native import ffi, lib
from .errors import check
from .kinds import ReceiptKind
from .log import Receipt


@dataclass(frozen=True)
class ReceiptClaims:
    """What a receipt that holds says."""

    kind: ReceiptKind
    time: datetime
    subject: SubjectId | None
    n_entries: int
    log_index: int
    leaf_hash: bytes


def verify_receipt(receipt: str, public_key: bytes) -> tuple[ReceiptClaims, str]:
    """Check a receipt; gives what it says, and the signed document (JSON-LD). public_key: from
    where you trust it."""
    claims, out, jws = struct("vpriv_receipt_claims"), io.BytesIO(), receipt.encode()
    key = fixed(public_key, lib.VPRIV_LOG_PUBLIC_KEY_BYTES, "public_key")
    written(lambda fn, user: lib.vpriv_receipt_verify(jws, len(jws), key, fn, user, claims), out)
    subject = raw(claims.subject)
    return ReceiptClaims(
        ReceiptKind(claims.kind), from_us(claims.time_us),
        SubjectId(subject) if any(subject) else None, claims.n_entries, claims.log_index,
        raw(claims.leaf_hash)), out.getvalue().decode()


def parse_jwk(jwk: str) -> bytes:
    """The public key of a JWK; a private one is refused."""
    body, out = jwk.encode(), ffi.new("uint8_t[]", lib.VPRIV_LOG_PUBLIC_KEY_BYTES)
    with waiting():
        check(lib.vpriv_receipt_jwk_parse(body, len(body), out))
    return raw(out)


def key_id(public_key: bytes) -> str:
    """The JWK thumbprint (RFC 7638) of a public key, the kid of receipts."""
    room = ffi.new("char[]", lib.VPRIV_KEY_ID_BYTES)
    check(lib.vpriv_receipt_key_id(
        fixed(public_key, lib.VPRIV_LOG_PUBLIC_KEY_BYTES, "public_key"), room))
    return text(room)


class ReceiptCalls(Handle):
    """What a vault signs."""

    def sign_receipt(self, receipts: Receipt | Iterable[Receipt], *,
                     subject: SubjectId | None = None, recipients_told: Iterable[str] = ()) -> str:
        """Sign what calls just did, from what they returned: one receipt, or consents of one
        person. subject, recipients_told: of an erasure, what only the caller knows. Gives a compact
        JWS."""
        given = [receipts] if isinstance(receipts, Receipt) else list(receipts)
        array = ffi.new("vpriv_receipt[]", len(given))
        for place, receipt in enumerate(given):
            ffi.memmove(ffi.addressof(array, place), receipt._c, len(receipt._c))
        keep, out = Keep(), io.BytesIO()
        told, n_told = keep.texts(recipients_told)
        statement = struct("vpriv_receipt_statement",
                           subject=keep.bytes(
                               None if subject is None else bytes(SubjectId(subject))),
                           recipients_told=told, n_recipients_told=n_told)
        with using(self) as (vault,):
            written(lambda fn, user: lib.vpriv_receipt_sign(
                vault, array, len(given), statement if subject is not None or n_told else ffi.NULL,
                fn, user), out)
        return out.getvalue().decode()

    def receipt_from_log(self, indexes: int | Iterable[int]) -> str:
        """Sign a receipt for entries of the log, at any time later. Gives a compact JWS."""
        wanted = [indexes] if isinstance(indexes, int) else list(indexes)
        array, out = ffi.new("uint64_t[]", wanted), io.BytesIO()
        with using(self) as (vault,):
            written(lambda fn, user: lib.vpriv_receipt_from_log(
                vault, array, len(wanted), fn, user), out)
        return out.getvalue().decode()

    def jwk(self) -> str:
        """The device's public key as a JWK."""
        room = ffi.new("char[]", lib.VPRIV_JWK_BYTES)
        with using(self) as (vault,):
            check(lib.vpriv_receipt_jwk(vault, room))
        return text(room)
