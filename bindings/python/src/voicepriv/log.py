"""The transparency log: reading it, and checking it without the vault."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ._callbacks import lib_function, listed
from ._convert import (
    ConsentRecordId,
    RecordingId,
    SubjectId,
    c_text,
    fixed,
    from_us,
    raw,
    reasons_of,
    struct,
    text,
)
from ._handle import Handle, using
from ._native import ffi, lib
from .enums import Assurance, Deny, Purpose
from .errors import check
from .kinds import LogKind

HASH_BYTES: int = lib.VPRIV_LOG_HASH_BYTES


@dataclass(frozen=True)
class LogEntry:
    """One entry of the log. Ids that are not there are None."""

    index: int
    kind: LogKind
    time: datetime
    purpose: Purpose | None
    reasons: frozenset[Deny]  #: of a refusal
    count: int
    actor: str
    reason: str
    recipient: str
    recording: RecordingId | None
    subject: SubjectId | None
    consent_record: ConsentRecordId | None
    detail_hash: bytes


def entry_of(entry: Any, index: int) -> LogEntry:
    """From C."""
    def some(kind: Any, field: Any) -> Any:
        found = raw(field)
        return kind(found) if any(found) else None

    return LogEntry(
        index, LogKind(entry.kind), from_us(entry.time_us),
        None if entry.purpose == lib.VPRIV_LOG_NO_PURPOSE else Purpose(entry.purpose),
        reasons_of(entry.deny_reasons), entry.count, text(entry.actor), text(entry.reason),
        text(entry.recipient), some(RecordingId, entry.recording), some(SubjectId, entry.subject),
        some(ConsentRecordId, entry.consent_record), raw(entry.detail_hash))


@dataclass(frozen=True)
class Receipt:
    """What was done, for the person. Sign it with `vault.sign_receipt()`, right after the call."""

    kind: LogKind
    time: datetime
    n_recordings: int  #: erasure: made unreadable by this call
    n_derivatives: int
    n_held: int  #: erasure: stay because of a legal hold
    generation_before: int  #: of the root key
    generation_after: int
    assurance: Assurance  #: how well it is forgotten: as the weakest root store it lay under
    log_index: int
    leaf_hash: bytes
    consent_record: ConsentRecordId | None
    record_sha256: bytes
    _c: bytes

    def __repr__(self) -> str:
        return f"<Receipt {self.kind}, entry {self.log_index} of the log, {self.time}>"


def new_receipt() -> Any:
    """Room for one."""
    return struct("vpriv_receipt")


def receipt_of(receipt: Any) -> Receipt:
    """From C."""
    record = raw(receipt.consent_record)
    return Receipt(
        LogKind(receipt.kind), from_us(receipt.time_us), receipt.n_recordings,
        receipt.n_derivatives, receipt.n_held, receipt.generation_before, receipt.generation_after,
        Assurance(receipt.assurance), receipt.log_index, raw(receipt.leaf_hash),
        ConsentRecordId(record) if any(record) else None, raw(receipt.record_sha256),
        raw(ffi.addressof(receipt[0]), ffi.sizeof(receipt[0])))


def leaf_hash(commitment: bytes) -> bytes:
    """The RFC 6962 hash of a leaf's commitment."""
    out = ffi.new("uint8_t[]", HASH_BYTES)
    check(lib.vpriv_log_leaf_hash(fixed(commitment, HASH_BYTES, "commitment"), out))
    return raw(out)


def _proof(proof: bytes) -> tuple[bytes, int]:
    n, rest = divmod(len(proof), HASH_BYTES)
    if rest:
        raise ValueError(f"a proof is made of hashes of {HASH_BYTES} bytes")
    return bytes(proof), n


def verify_inclusion(leaf: bytes, index: int, size: int, proof: bytes, root: bytes) -> None:
    """Check that a leaf is in a log of this size and root; AuthError when not."""
    hashes, n = _proof(proof)
    check(lib.vpriv_log_verify_inclusion(
        fixed(leaf, HASH_BYTES, "leaf"), index, size, hashes, n, fixed(root, HASH_BYTES, "root")))


def verify_consistency(size1: int, root1: bytes, size2: int, root2: bytes, proof: bytes) -> None:
    """Check that a log grew by adding leaves only; AuthError when not."""
    hashes, n = _proof(proof)
    check(lib.vpriv_log_verify_consistency(
        size1, fixed(root1, HASH_BYTES, "root1"), size2, fixed(root2, HASH_BYTES, "root2"),
        hashes, n))


def verify_checkpoint(checkpoint: str, origin: str, public_key: bytes) -> tuple[int, bytes]:
    """Check a checkpoint's signature; gives size and root of the log."""
    size, root = ffi.new("uint64_t *"), ffi.new("uint8_t[]", HASH_BYTES)
    note = checkpoint.encode()
    check(lib.vpriv_log_verify_checkpoint(
        note, len(note), c_text(origin),
        fixed(public_key, lib.VPRIV_LOG_PUBLIC_KEY_BYTES, "public_key"), size, root))
    return int(size[0]), raw(root)


def verifier_key(origin: str, public_key: bytes) -> str:
    """A log's public key as witness tools take it: "name+hash+base64"."""
    room = ffi.new("char[]", lib.VPRIV_LOG_VERIFIER_KEY_BYTES)
    check(lib.vpriv_log_verifier_key(
        c_text(origin), fixed(public_key, lib.VPRIV_LOG_PUBLIC_KEY_BYTES, "public_key"), room))
    return text(room)


def parse_verifier_key(key: str) -> tuple[str, bytes]:
    """Name and public key of a verifier key's text."""
    origin = ffi.new("char[]", lib.VPRIV_LOG_ORIGIN_BYTES)
    public_key = ffi.new("uint8_t[]", lib.VPRIV_LOG_PUBLIC_KEY_BYTES)
    check(lib.vpriv_log_verifier_key_parse(c_text(key), origin, public_key))
    return text(origin), raw(public_key)


class LogCalls(Handle):
    """What a vault tells of its log."""

    def log(self, first: int = 0, *, limit: int | None = None) -> list[LogEntry]:
        """Everything that was done, oldest first, from a leaf on."""
        with using(self) as (vault,):
            return listed(lambda fn, user: lib.vpriv_vault_log(vault, first, fn, user),
                          lib_function("vpy_on_log_entry"), entry_of, "const vpriv_log_entry *",
                          limit)

    @property
    def log_origin(self) -> str:
        """The log's name in its checkpoints."""
        room = ffi.new("char[]", lib.VPRIV_LOG_ORIGIN_BYTES)
        with using(self) as (vault,):
            check(lib.vpriv_vault_log_origin(vault, room))
        return text(room)

    def checkpoint(self) -> str:
        """Sign the log as it stands, for a witness to keep: a C2SP signed note."""
        out = ffi.new("vpriv_log_checkpoint *")
        with using(self) as (vault,):
            check(lib.vpriv_vault_checkpoint(vault, out))
        return text(out.text)

    def verify_own_checkpoint(self, checkpoint: str) -> int:
        """Hold the log against a checkpoint that was kept elsewhere; gives the entries it speaks
        of. RollbackError when the vault was put back to an earlier state."""
        size, note = ffi.new("uint64_t *"), checkpoint.encode()
        with using(self) as (vault,):
            check(lib.vpriv_vault_verify_checkpoint(vault, note, len(note), size))
        return int(size[0])

    def prove_inclusion(self, index: int, size: int) -> tuple[bytes, bytes]:
        """Leaf hash and proof that a leaf is in the log of a size."""
        leaf = ffi.new("uint8_t[]", HASH_BYTES)
        proof = ffi.new("uint8_t[]", HASH_BYTES * lib.VPRIV_LOG_PROOF_HASHES_MAX)
        n = ffi.new("size_t *")
        with using(self) as (vault,):
            check(lib.vpriv_vault_prove_inclusion(vault, index, size, leaf, proof, n))
        return raw(leaf), raw(proof, n[0] * HASH_BYTES)

    def prove_consistency(self, size1: int, size2: int) -> bytes:
        """Proof that the log of size2 continues that of size1."""
        proof = ffi.new("uint8_t[]", HASH_BYTES * lib.VPRIV_LOG_PROOF_HASHES_MAX)
        n = ffi.new("size_t *")
        with using(self) as (vault,):
            check(lib.vpriv_vault_prove_consistency(vault, size1, size2, proof, n))
        return raw(proof, n[0] * HASH_BYTES)
