"""The log: entries, the Merkle tree over them, checkpoints."""

import base64
import re

from .primitives import Cursor, FormatError, PURPOSES, VersionError, ed25519_holds, need, sha256


def parse_entry(data):
    """A log entry."""
    c = Cursor(data, FormatError)
    need(c.bytes(4) == b"VPLE", FormatError, "not a log entry")
    version = c.u16()
    need(version > 0, FormatError, "not a log entry")
    need(version == 1, VersionError, "a newer log entry")
    entry = {"kind": c.count(1, 30), "time_us": c.i64(), "purpose": c.u8(),
             "deny_reasons": c.u32(), "count": c.u64(), "actor": c.text(63),
             "reason": c.text(255), "recipient": c.text(63), "recording": c.bytes(16),
             "subject": c.bytes(16), "consent_record": c.bytes(16), "detail_hash": c.bytes(32)}
    c.zeros(256)
    need(entry["purpose"] < PURPOSES or entry["purpose"] == 0xff, FormatError)
    need(entry["actor"], FormatError)
    if entry["kind"] in (6, 26):
        need(entry["purpose"] < PURPOSES and not entry["deny_reasons"] and
             any(entry["recording"]), FormatError)
    if entry["kind"] in (23, 24):
        need(entry["purpose"] < PURPOSES and any(entry["recording"]) and
             any(entry["detail_hash"]), FormatError)
    return entry


def log_commitment(payload):
    """Of a sealed payload."""
    return sha256(b"voicepriv log payload v1\0" + payload)


def leaf_hash(commitment):
    """Of a commitment."""
    return sha256(b"\0" + commitment)


def parent_hash(left, right):
    """Of two subtrees."""
    return sha256(b"\1" + left + right)


def merkle_root(leaves):
    """RFC 6962, straight from its definition."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return parent_hash(merkle_root(leaves[:split]), merkle_root(leaves[split:]))


def check_checkpoint(note, vault_id, public):
    """size, root of a signed checkpoint"""
    text, gap, signatures = note.rpartition("\n\n")
    need(gap and text and signatures.endswith("\n"), FormatError, "not a signed note")
    text += "\n"
    origin = f"voicepriv/{vault_id.hex()}"
    key_id = sha256(origin.encode() + b"\n\1" + public)[:4]
    good = 0
    for line in signatures.splitlines():
        match = re.fullmatch(r"\u2014 (\S+) ([A-Za-z0-9+/]+=*)", line)
        need(match, FormatError, "a malformed signature line")
        signature = base64.b64decode(match[2], validate=True)
        if match[1] != origin or signature[:4] != key_id:
            continue
        need(ed25519_holds(public, text.encode(), signature[4:]))
        good += 1
    need(good)
    lines = text.splitlines()
    need(len(lines) >= 3 and re.fullmatch(r"0|[1-9][0-9]*", lines[1]), FormatError)
    need(lines[0] == origin)
    root = base64.b64decode(lines[2], validate=True)
    need(len(root) == 32, FormatError)
    return int(lines[1]), root
