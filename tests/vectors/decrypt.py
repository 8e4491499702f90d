#!/usr/bin/env python3
"""An independent reader of vaults, written from doc/format.md alone.

    decrypt.py VAULT ROOT-KEY-FILE [KEYRING ...] [--checkpoint FILE]

prints what the vault holds as JSON. As a module it also plays the attacker: open_with() takes any
number of copies of a vault file, root records and keyrings, and opens whatever these open together,
whether the rules of reading allow it or not.
"""

import argparse
import base64
import ctypes
import ctypes.util
import hashlib
import itertools
import json
import pathlib
import re
import shutil
import sqlite3
import struct
import sys
import tempfile

PAGE = pathlib.Path(__file__).resolve().parents[2] / "doc" / "format.md"
NODE_KEYS = 125
NODE_LEVELS = 5
BLOCK_PLAIN_BYTES = 4079
PURPOSES = 32
STRICT_CATALOGUE, INDEX, INGEST, DEVICE, POLICY = range(5)
NO_SLOT = 2**64 - 1


class Failure(Exception):
    """What the library calls by a status."""


class AuthError(Failure):
    """VPRIV_E_AUTH: changed, cut, moved or not ours."""


class FormatError(Failure):
    """VPRIV_E_FORMAT."""


class VersionError(Failure):
    """VPRIV_E_VERSION."""


class RollbackError(Failure):
    """VPRIV_E_ROLLBACK."""


class RootError(Failure):
    """VPRIV_E_ROOT."""


class Erased(Failure):
    """VPRIV_E_ERASED: the key is gone."""


class NoConsent(Failure):
    """VPRIV_E_CONSENT: a wrap or a grant key is not there."""


class NoKey(Failure):
    """VPRIV_E_NO_KEY: no keyring holds the secret half."""


def need(condition, error=AuthError, text="does not authenticate"):
    """Go on only if the condition holds."""
    if not condition:
        raise error(text)


# Primitives

sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
if sodium.sodium_init() < 0:
    sys.exit("libsodium did not start")


def aead_open(key, nonce, associated, sealed):
    """XChaCha20-Poly1305-IETF; the tag is the end of `sealed`."""
    need(len(sealed) >= 16 and len(key) == 32 and len(nonce) == 24)
    plain = ctypes.create_string_buffer(len(sealed) - 16 or 1)
    code = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain, None, None, sealed, ctypes.c_ulonglong(len(sealed)), associated,
        ctypes.c_ulonglong(len(associated)), nonce, key)
    need(code == 0)
    return plain.raw[:len(sealed) - 16]


def x25519_public(secret):
    """The public half."""
    public = ctypes.create_string_buffer(32)
    need(sodium.crypto_scalarmult_base(public, secret) == 0)
    return public.raw


def box_open(secret, sealed):
    """libsodium's sealed box."""
    need(len(sealed) >= 48)
    plain = ctypes.create_string_buffer(len(sealed) - 48 or 1)
    code = sodium.crypto_box_seal_open(plain, sealed, ctypes.c_ulonglong(len(sealed)),
                                       x25519_public(secret), secret)
    need(code == 0)
    return plain.raw[:len(sealed) - 48]


def ed25519_public(seed):
    """The public half of a seed."""
    public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
    sodium.crypto_sign_seed_keypair(public, secret, seed)
    return public.raw


def ed25519_holds(public, message, signature):
    """Whether the signature is this key's."""
    return len(signature) == 64 and sodium.crypto_sign_verify_detached(
        signature, message, ctypes.c_ulonglong(len(message)), public) == 0


def blake(data, key=b""):
    """BLAKE2b-256."""
    return hashlib.blake2b(data, digest_size=32, key=key).digest()


def sha256(data):
    """SHA-256."""
    return hashlib.sha256(data).digest()


def derive(key, label, data=b""):
    """One key becomes many."""
    return blake(label.encode() + b"\0" + data, key)


def blind(key, label, data=b""):
    """A blind tag."""
    return derive(key, label, data)[:16]


# Encodings

class Cursor:
    """Takes an encoding apart; too short is `error`."""

    def __init__(self, data, error=AuthError):
        self.data, self.at, self.error = data, 0, error

    def bytes(self, n):
        """n bytes as they are."""
        need(len(self.data) - self.at >= n, self.error, "cut short")
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, letter):
        """A number, little-endian."""
        return struct.unpack("<" + letter, self.bytes(struct.calcsize("<" + letter)))[0]

    def u8(self):
        return self.number("B")

    def u16(self):
        return self.number("H")

    def u32(self):
        return self.number("I")

    def u64(self):
        return self.number("Q")

    def i64(self):
        return self.number("q")

    def text(self, longest=65535):
        """A length and UTF-8."""
        data = self.bytes(self.u16())
        need(len(data) <= longest and b"\0" not in data, self.error, "not a text")
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise self.error("not UTF-8") from None

    def count(self, low, high):
        """A u8 within bounds."""
        count = self.u8()
        need(low <= count <= high, self.error, "a count out of bounds")
        return count

    def end(self):
        """Nothing is left."""
        need(self.at == len(self.data), self.error, "bytes too many")

    def zeros(self, step):
        """Zeros up to a multiple of step, and no more than needed."""
        left = self.data[self.at:]
        need(len(self.data) % step == 0 and len(left) < step and not any(left), self.error,
             "wrong padding")


def place(vault_id, column, row, extra=b""):
    """Associated data."""
    return b"vpriv" + struct.pack("<H", 1) + vault_id + struct.pack("<BQ", column,
                                                                    row % 2**64) + extra


def unseal(key, where, sealed):
    """A sealed row."""
    need(sealed is not None and len(sealed) >= 41 and sealed[0] == 1)
    return aead_open(key, sealed[1:25], where, sealed[25:])


def unseal_padded(key, where, sealed):
    """A padded one."""
    plain = unseal(key, where, sealed)
    need(len(plain) >= 4)
    length = struct.unpack_from("<I", plain)[0]
    need(length <= len(plain) - 4 and not any(plain[4 + length:]))
    return plain[4:4 + length]


# Files beside the vault

def parse_root_record(record):
    """vault id, generation, key"""
    need(len(record) == 56, FormatError, "not a root record")
    return {"vault_id": record[:16], "generation": struct.unpack_from("<Q", record, 16)[0],
            "key": record[24:]}


def parse_root_file(data):
    """The record in force."""
    need(len(data) <= 8192, FormatError, "not a root key file")
    whole = []
    for slot in (data[:4096], data[4096:]):
        if slot[:8] == b"VPRIVRT1" and blake(slot[:64]) == slot[64:96]:
            whole.append(parse_root_record(slot[8:64]))
    need(whole or any(data), RootError, "the root key file is empty")
    need(whole and len(data) == 8192, FormatError, "not a root key file, or a damaged one")
    return max(whole, key=lambda record: record["generation"])


def argon2id(passphrase, salt, passes, memory):
    """A key from a passphrase."""
    key = ctypes.create_string_buffer(32)
    code = sodium.crypto_pwhash(key, ctypes.c_ulonglong(32), passphrase,
                                ctypes.c_ulonglong(len(passphrase)), salt,
                                ctypes.c_ulonglong(passes), ctypes.c_size_t(memory), 2)
    need(code == 0, FormatError, "Argon2id did not run")
    return key.raw


def recovery_secret(text):
    """The secret key that a recovery key stands for."""
    letters = text.upper().replace("O", "0").replace("I", "1").replace("L", "1")
    number = 0
    for letter in letters.replace("-", "").replace(" ", ""):
        number = number * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(letter)
    data = number.to_bytes(20, "big")
    need(hashlib.blake2b(data[:18], digest_size=16).digest()[:2] == data[18:], FormatError,
         "mistyped")
    return derive(bytes(32), "root: recovery key", data[:18])


def passphrase_slot(data):
    """The slot in force of a root key file with a passphrase."""
    need(len(data) <= 8192, FormatError, "not a root key file")
    whole = [slot[8:346] for slot in (data[:4096], data[4096:])
             if slot[:8] == b"VPRIVRP1" and blake(slot[:346]) == slot[346:378]]
    need(whole or any(data), RootError, "the root key file is empty")
    need(whole and len(data) == 8192, FormatError, "not a root key file, or a damaged one")
    return max(whole, key=lambda slot: struct.unpack_from("<Q", slot, 16)[0])


def parse_passphrase_file(data, passphrase=None, recovery=None):
    """The record in force, through the passphrase or the recovery key."""
    slot = passphrase_slot(data)
    head = Cursor(slot, FormatError)
    vault_id, order, passes, memory = head.bytes(16), head.u64(), head.u64(), head.u64()
    salt, sealed_key, public, box = head.bytes(16), head.bytes(73), head.bytes(32), head.bytes(80)
    need(1 <= passes <= 1000 and 8192 <= memory <= 2**32, FormatError, "Argon2id's cost")
    if passphrase is not None:
        where = place(bytes(16), 32, 0, slot[24:56])
        file_key = unseal(argon2id(passphrase, salt, passes, memory), where, sealed_key)
    else:
        secret = recovery_secret(recovery)
        need(x25519_public(secret) == public)
        file_key = box_open(secret, box)
    where = place(vault_id, 33, order, blake(slot[:241]))
    return parse_root_record(unseal(file_key, where, slot[241:]))


def parse_keyring(data):
    """A keyring file."""
    need(data[:7] == b"VPRIVKR" and len(data) >= 8, FormatError, "not a keyring")
    need(data[7:8] <= b"1", VersionError, "a newer keyring")
    need(data[7:8] == b"1", FormatError, "not a keyring")
    need(len(data) >= 123 and blake(data[:-32]) == data[-32:], FormatError, "a damaged keyring")
    c = Cursor(data[8:-32], FormatError)
    kind = c.u8()
    need(kind in (1, 2), FormatError, "unknown kind of keyring")
    ring = {"kind": kind, "vault_id": c.bytes(16), "device_public_key": c.bytes(32),
            "policy_key": c.bytes(32), "public": {}, "secret": {}}
    last = -1
    for _ in range(c.u8()):
        purpose = c.u8()
        need(last < purpose < PURPOSES, FormatError, "purposes out of order")
        last = purpose
        ring["public"][purpose] = c.bytes(32)
        secret = c.bytes(32)
        need(kind == 1 or not any(secret), FormatError, "a credential with a secret key")
        if kind == 1:
            ring["secret"][purpose] = secret
    c.end()
    need(kind == 2 or not any(ring["policy_key"]), FormatError, "a keyring with a policy key")
    return ring


# What rows hold

def parse_node(plain):
    """used, keys"""
    need(len(plain) == 1 + 32 * NODE_KEYS and plain[0] <= NODE_KEYS)
    return plain[0], [plain[1 + 32 * i:33 + 32 * i] for i in range(NODE_KEYS)]


def parse_settings(c):
    """From a cursor, because the policy head goes on behind them."""
    return {"controller_id": c.text(63), "controller_name": c.text(127),
            "controller_country": c.text(3), "jurisdiction": c.text(7),
            "device_class": c.text(63), "policy_since_us": c.i64(), "policy_ttl_us": c.i64(),
            "policy_epoch": c.u64(), "first_notice": c.i64()}


def is_place(text):
    """As in ISO 3166, or "strict": nobody says."""
    return text == "strict" or re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", text) is not None


def parse_places(plain):
    """What holds at each place that counts."""
    c = Cursor(plain)
    places = []
    for _ in range(c.count(1, 32)):
        rules = {"place": c.text(7), "profiles": c.text(63).split(), "valid_until_us": c.i64(),
                 "minimum_age": c.u8(), "young_are_refused": c.count(0, 1),
                 "all_parties": c.count(0, 1), "forbidden": c.u32(), "express": c.u32(),
                 "written": c.u32()}
        rules["terms"] = [(c.u32(), c.u16(), c.u16()) for _ in range(c.count(0, 8))]
        rules["stops"] = [(c.u32(), c.i64(), c.i64()) for _ in range(c.count(0, 4))]
        need(is_place(rules["place"]) and rules["profiles"])
        places.append(rules)
    c.end()
    return places


def parse_false_wakes(plain):
    """How many there were, by day and trigger."""
    c = Cursor(plain)
    need(c.u8() <= 1)
    n_times = c.u8()
    times = [c.i64() for _ in range(64)]
    need(n_times <= 64 and not any(times[n_times:]))
    n_counts = c.u8()
    counts = [((c.u32(), c.u8()), c.u32()) for _ in range(64)]
    need(n_counts <= 64 and not any(day or n for (day, _), n in counts[n_counts:]))
    c.end()
    return dict(counts[:n_counts])


def parse_notice(plain):
    """A notice with its text."""
    c = Cursor(plain)
    notice = {"id": c.text(63), "version": c.text(31), "language": c.text(35),
              "sha256": c.bytes(32)}
    notice["text"] = c.bytes(c.u32())
    c.end()
    need(sha256(notice["text"]) == notice["sha256"])
    return notice


def parse_record(data):
    """A consent record."""
    c = Cursor(data, FormatError)
    need(c.bytes(4) == b"VPCR", FormatError, "not a consent record")
    version = c.u16()
    need(version > 0, FormatError, "not a consent record")
    need(version == 1, VersionError, "a newer consent record")
    record = {"record_id": c.bytes(16), "subject": c.bytes(16), "subject_class": c.count(0, 4),
              "controller_id": c.text(63)}
    record["parties"] = [
        {"id": c.text(63), "name": c.text(127), "country": c.text(3), "contact": c.text(127),
         "role": c.count(1, 4)} for _ in range(c.count(1, 8))]
    record["recipients"] = [c.text(63) for _ in range(c.count(0, 8))]
    record["jurisdictions"] = [c.text(7) for _ in range(c.count(1, 4))]
    record["laws"] = [c.text(127) for _ in range(c.count(0, 4))]
    record["notice"] = {"id": c.text(63), "version": c.text(31), "language": c.text(35),
                        "sha256": c.bytes(32)}
    record.update(purpose=c.count(0, 31), legal_basis=c.count(1, 7), operations=c.u32(),
                  human_involvement=c.count(1, 4), storage_device=c.text(63),
                  storage_country=c.text(3), retention=c.text(31), withdrawal=c.text(255),
                  state=c.count(1, 9), by=c.count(1, 5), method=c.count(1, 5), time_us=c.i64(),
                  valid_until_us=c.i64(), surface_sequence=c.u64(), surface=c.text(63),
                  covers_past=c.count(0, 1), max_sample_ppm=c.u32(), max_uses=c.u32(),
                  uses=c.u32(), policy_epoch=c.u64(), previous_hash=c.bytes(32))
    c.zeros(256)
    need(record["record_id"][6] >> 4 == 4 and record["record_id"][8] >> 6 == 2, FormatError)
    need(0 < record["operations"] < 128 and any(record["subject"]), FormatError)
    record["sha256"] = sha256(data)
    return record


def parse_tag(data):
    """A recording's tag."""
    c = Cursor(data)
    need(c.u16() == 1 and len(data) <= 8192)
    tag = {"subjects": [c.bytes(16) for _ in range(c.count(1, 16))]}
    need(all(a < b for a, b in itertools.pairwise(tag["subjects"])))
    tag["all_identified"] = c.count(0, 2)
    tag["purposes"] = c.u32()
    tag["consents"] = []
    for _ in range(c.count(0, 128)):
        consent = {"subject": c.u8(), "purpose": c.u8(), "record_id": c.bytes(16),
                   "notice": c.bytes(32)}
        need(consent["subject"] < len(tag["subjects"]) and consent["purpose"] < PURPOSES)
        tag["consents"].append(consent)
    tag.update(trigger=c.u8(), trigger_score=c.number("f"), wake_word=c.text(31),
               device_class=c.text(63), jurisdiction=c.text(7), retention=c.u16(),
               policy_epoch=c.u64(), started_us=c.i64(), rate_hz=c.u32(), n_channels=c.u8(),
               pre_skip_48k=c.u32())
    c.end()
    return tag


def tag_hash(tag):
    """What everything of a recording is bound to."""
    return blake(b"recording: tag\0" + tag)


def parse_header(plain):
    """A recording's header."""
    c = Cursor(plain)
    need(c.u16() == 1)
    header = {"tag_bytes": c.bytes(c.u16()), "commitment": c.bytes(32), "expires_us": c.i64(),
              "wrapped": c.u32(), "is_finished": c.count(0, 1), "end_reason": c.u8(),
              "n_blocks": c.u64(), "n_frames_48k": c.u64(), "ended_us": c.i64(),
              "n_accesses": c.u64(), "restriction": c.count(0, 2)}
    header["terms"] = {c.count(0, PURPOSES - 1): c.i64() for _ in range(c.u8())}
    header["n_derivatives"] = c.u16()
    header["tag"] = parse_tag(header["tag_bytes"])
    header["tag_hash"] = tag_hash(header["tag_bytes"])
    header["added"] = [c.bytes(16) for _ in range(c.u8())]
    header["speakers"] = header["tag"]["subjects"] + header["added"]
    need(len(set(header["speakers"])) == len(header["speakers"]) <= 16)
    later = [((c.count(0, PURPOSES - 1), c.count(0, len(header["speakers"]) - 1)), c.bytes(16))
             for _ in range(c.count(0, 240))]
    c.end()
    need(all(a[0] < b[0] for a, b in itertools.pairwise(later)))
    header["later"] = dict(later)
    return header


def bases_of(header):
    """(purpose, speaker): the consent records that wraps rest on, and whether they came later."""
    bases = {(x["purpose"], x["subject"]): (x["record_id"], False)
             for x in header["tag"]["consents"]}
    return bases | {where: (record, True) for where, record in header["later"].items()}


def parse_wraps(plain):
    """purpose: wrap"""
    c = Cursor(plain)
    purposes = c.u32()
    wraps = {p: c.bytes(137) for p in range(PURPOSES) if purposes >> p & 1}
    c.end()
    return wraps


def wrap_key(shred_key, vault_id, recording_id, purpose, grants):
    """grants: (subject id, grant key) of everybody who speaks"""
    data = (b"recording: wrap\0" + vault_id + recording_id + bytes([purpose, len(grants)]) +
            b"".join(subject + key for subject, key in sorted(grants)))
    return blake(data, shred_key)


def parse_shelf(plain):
    """What was made from a recording, its wraps by purpose: (branch tag, wrap)."""
    shelf, entries = Cursor(plain), []
    while shelf.at < len(plain):
        c = Cursor(shelf.bytes(shelf.u16()))
        entry = {"id": c.bytes(16), "kind": c.count(1, 5), "made_us": c.i64(), "n_bytes": c.u32(),
                 "commitment": c.bytes(32), "media_type": c.text(63), "language": c.text(35),
                 "made_by": c.text(63), "purposes": c.u32()}
        need(0 < entry["n_bytes"] <= 2**20)
        entry["wraps"] = {p: (c.bytes(16), c.bytes(137)) for p in range(PURPOSES)
                          if entry["purposes"] >> p & 1}
        c.end()
        entries.append(entry)
    return entries


def branch_of(inner):
    """What an opened wrap gives to what was made from the recording."""
    return blake(b"derivative: branch\0" + inner)


def open_derivative_wrap(wrap, branch, secret, vault_id, recording_id, entry):
    """The derivative's key, for a purpose and entry of the shelf."""
    purpose, (_, sealed) = wrap
    names = recording_id + entry["id"]
    box = unseal(derive(branch, "derivative: wrap", vault_id + names),
                 place(vault_id, 20, purpose, names), sealed)
    plain = box_open(secret, box)
    need(len(plain) == 48 and plain[32:] == entry["id"])
    key = plain[:32]
    need(derive(key, "derivative: commitment", vault_id + names) == entry["commitment"])
    return key


def open_content(key, vault_id, recording_id, entry, sealed):
    """What it says."""
    need(sealed and len(sealed) % 4096 == 0)
    names, content = recording_id + entry["id"], b""
    n_blocks = len(sealed) // 4096
    for sequence in range(n_blocks):
        block, is_final = sealed[4096 * sequence:4096 * (sequence + 1)], sequence + 1 == n_blocks
        nonce = derive(key, "derivative: block nonce")[:16] + struct.pack(
            "<Q", 2 * sequence + is_final)
        need(block[0] == 1)
        c = Cursor(aead_open(derive(key, "derivative: block key"), nonce,
                             place(vault_id, 21, sequence, names), block[1:]))
        part = c.bytes(c.u16())
        need(not any(c.data[c.at:]) and part and (is_final or len(part) == 4077))
        content += part
    need(len(content) == entry["n_bytes"])
    return content


def open_inner(inner, secret, recording_id):
    """The recording key."""
    plain = box_open(secret, inner)
    need(len(plain) == 48 and plain[32:] == recording_id)
    return plain[:32]


def commitment_of(recording_key, vault_id, recording_id, hashed_tag):
    """What the header keeps of a recording key."""
    return derive(recording_key, "recording: commitment", vault_id + recording_id + hashed_tag)


def open_block(recording_key, vault_id, recording_id, hashed_tag, sequence, is_final, block):
    """The plaintext of a block."""
    need(block is not None and len(block) == 4096 and block[0] == 1)
    nonce = derive(recording_key, "recording: block nonce")[:16] + struct.pack(
        "<Q", 2 * sequence + is_final)
    return aead_open(derive(recording_key, "recording: block key"), nonce,
                     place(vault_id, 13, sequence, recording_id + hashed_tag), block[1:])


def parse_block(plain):
    """position, entries: packets as bytes, gaps as (skipped, lost), silence as its length"""
    need(len(plain) == BLOCK_PLAIN_BYTES)
    c = Cursor(plain)
    position = c.u64()
    sizes = [c.u16() for _ in range(c.u16())]
    entries = []
    for size in sizes:
        if size == 0x8001:
            entries.append((c.u32(), c.u64()))
        elif size == 0x8002:
            entries.append(c.u32())
            need(entries[-1] > 0)
        else:
            need(1 <= size <= 4000)
            entries.append(c.bytes(size))
    need(not any(plain[c.at:]))
    return position, entries


def parse_envelope(plain):
    """What a recording process left."""
    need(len(plain) % 512 == 0)
    c = Cursor(plain)
    envelope = {"kind": c.u8(), "vault_id": c.bytes(16), "recording_id": c.bytes(16)}
    if envelope["kind"] == 1:
        envelope.update(shred_key=c.bytes(32), commitment=c.bytes(32), tag=c.bytes(c.u16()))
        purposes = c.u32()
        envelope["inner"] = {p: c.bytes(96) for p in range(PURPOSES) if purposes >> p & 1}
    else:
        need(envelope["kind"] == 2)
        envelope.update(end_reason=c.u8(), n_blocks=c.u64(), n_frames_48k=c.u64(),
                        ended_us=c.i64())
    c.zeros(512)
    return envelope


def open_envelope(secret, sealed):
    """An ingest row."""
    need(sealed and sealed[0] == 1)
    return parse_envelope(box_open(secret, sealed[1:]))


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


# The database

def schema_of(database):
    """Type, name, table and text of everything."""
    return database.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema"
                            " ORDER BY name").fetchall()


def schema_of_page():
    """The one that doc/format.md shows."""
    statements = re.search(r"^```sql\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)[1]
    database = sqlite3.connect(":memory:")
    database.executescript(statements)
    return schema_of(database)


class Image:
    """One copy of a vault file, with its write-ahead log when there is one, in memory."""

    TABLES = {"key_node": "id", "root_pending": "id", "root_state": "id", "meta": "id",
              "state": "id", "purpose": "id", "jurisdiction": "id", "notice": "id", "subject": "id",
              "consent_record": "id", "consent_event": "id", "policy": "tag", "recording": "id",
              "recording_subject": "tag, recording", "wrap": "recording", "shelf": "recording",
              "derivative": "id", "block": "id",
              "ingest": "recording, kind", "term": "retention, recording", "sweep": "id", "log_hash": "id", "log_payload": "id"}

    def __init__(self, path):
        with tempfile.TemporaryDirectory(prefix="voicepriv-image-") as folder:
            copy = pathlib.Path(folder) / "vault"
            shutil.copy(path, copy)
            wal = pathlib.Path(f"{path}-wal")
            if wal.exists():
                shutil.copy(wal, f"{copy}-wal")
            try:
                database = sqlite3.connect(copy)
                self.application_id = database.execute("PRAGMA application_id").fetchone()[0]
                self.user_version = database.execute("PRAGMA user_version").fetchone()[0]
                self.schema = schema_of(database)
                self.rows = {}
                for table, order in self.TABLES.items():
                    cursor = database.execute(f"SELECT * FROM {table} ORDER BY {order}")
                    names = [column[0] for column in cursor.description]
                    self.rows[table] = [dict(zip(names, row)) for row in cursor]
                database.close()
            except sqlite3.DatabaseError as error:
                raise FormatError(str(error)) from None

    def __getitem__(self, table):
        return self.rows[table]


class Tree:
    """The key tree of one image, opened strictly."""

    def __init__(self, image, vault_id, root_key):
        self.vault_id = vault_id
        self.rows = {row["id"]: row["sealed"] for row in image["key_node"]}
        need(self.rows)
        self.leaves = {}
        self.n_nodes = 0
        self.top = max(self.rows)
        need(self.top & (2**56 - 1) == 0 and self.top >> 56 < NODE_LEVELS)
        self.walk(self.top >> 56, 0, derive(root_key, "root: key tree"))
        need(self.n_nodes == len(self.rows))

    def walk(self, level, index, key):
        """A node and everything below."""
        row = level << 56 | index
        need(row in self.rows)
        used, keys = parse_node(unseal(key, place(self.vault_id, 1, row), self.rows[row]))
        self.n_nodes += 1
        for position, below in enumerate(keys):
            if not any(below):
                continue
            need(position < used)
            if level:
                self.walk(level - 1, index * NODE_KEYS + position, below)
            else:
                self.leaves[index * NODE_KEYS + position] = below

    def get(self, slot):
        """A leaf."""
        need(0 <= slot < NODE_KEYS**((self.top >> 56) + 1))
        need(slot in self.leaves, Erased, "the key was destroyed")
        return self.leaves[slot]


class Vault:
    """Everything in a vault, by the rules. `keyrings` open what is consented to."""

    def __init__(self, image, root, keyrings=()):
        self.image = image if isinstance(image, Image) else Image(image)
        self.secrets = {}
        self.open_root(root)
        for ring in keyrings:
            need(ring["vault_id"] == self.vault_id, NoKey, "a keyring of another vault")
            self.secrets.update(ring["secret"])
        self.open_catalogue()
        self.subjects = [self.open_subject(row) for row in self.image["subject"]]
        self.consents = [self.open_consent(row) for row in self.image["consent_record"]]
        self.events = [self.open_event(row) for row in self.image["consent_event"]]
        self.check_events()
        self.notices = [self.open_notice(row) for row in self.image["notice"]]
        self.policy = self.open_policy()
        self.log = self.open_log()
        self.pending = self.open_pending()
        self.recordings = [self.open_recording(row) for row in self.image["recording"]]

    def only(self, table):
        """The one row of a table that has exactly one."""
        rows = self.image[table]
        need(len(rows) == 1 and rows[0]["id"] == 1)
        return rows[0]

    def open_root(self, root):
        """Generations, and the head of this one."""
        image = self.image
        need(image.application_id == 0x56505256, FormatError, "not a vault")
        need(image.user_version <= 1, VersionError, "a newer vault")
        need(image.user_version == 1, FormatError, "not a whole vault")
        need(image.schema == schema_of_page())
        self.meta = self.only("meta")
        self.vault_id = self.meta["vault_id"]
        need(len(self.vault_id) == 16 and len(self.meta["device_public_key"]) == 32)
        need(root["vault_id"] == self.vault_id, RootError, "a root store of another vault")
        state = self.only("root_state")
        self.generation, key, ours = state["generation"], root["key"], root["generation"]
        need(ours <= self.generation, RollbackError, "the vault file is an old copy")
        if ours + 1 == self.generation:
            pending = [row for row in image["root_pending"]
                       if row["generation"] == self.generation]
            need(pending, RollbackError, "the root store is older")
            key = unseal(derive(key, "root: next root"),
                         place(self.vault_id, 2, self.generation), pending[0]["sealed"])
            ours += 1
        need(ours == self.generation, RollbackError, "the root store is older")
        self.head = unseal_padded(derive(key, "root: head"),
                                  place(self.vault_id, 3, self.generation), state["head"])
        need(len(self.head) in (0, 40))
        self.tree = Tree(image, self.vault_id, key)

    def open_catalogue(self):
        """What concerns nobody in particular."""
        leaf = self.tree.get
        self.catalogue, self.index = leaf(STRICT_CATALOGUE), leaf(INDEX)
        need(ed25519_public(leaf(DEVICE)) == self.meta["device_public_key"])
        self.state = {row["id"]: unseal_padded(self.catalogue, place(
            self.vault_id, 15, row["id"]), row["sealed"]) for row in self.image["state"]}
        need(set(self.state) == {1, 2, 3} and len(self.state[3]) == 41)
        c = Cursor(self.state[1])
        self.settings = parse_settings(c)
        c.end()
        self.public = {}
        for row in self.image["purpose"]:
            need(0 <= row["id"] < PURPOSES and len(row["sealed"]) == 73)
            self.public[row["id"]] = unseal(
                self.catalogue, place(self.vault_id, 4, row["id"]), row["sealed"])

    def open_subject(self, row):
        """A person."""
        need(row["key_slot"] >= 0)
        extra = struct.pack("<Q", row["key_slot"]) + row["tag"]
        key = self.tree.get(row["key_slot"])
        plain = unseal(derive(key, "subject: reference"), place(self.vault_id, 6, row["id"], extra),
                       row["reference"])
        need(len(plain) == 17 and row["tag"] == blind(self.index, "subject", plain[:16]))
        c = Cursor(unseal_padded(derive(key, "subject: person"),
                                 place(self.vault_id, 7, row["id"]), row["person"]))
        subject = {"row": row["id"], "id": plain[:16], "class": plain[16], "key": key,
                   "name": c.text(127), "contact": c.text(127), "home": c.text(7),
                   "birth": (c.u16(), c.count(0, 12))}
        need(is_place(subject["home"]) and (subject["birth"][0] == 0) == (subject["birth"][1] == 0))
        c.end()
        c = Cursor(unseal(derive(key, "subject: consents"), place(self.vault_id, 16, row["id"]),
                          row["consents"]))
        n_records = c.u32()
        subject["latest"] = {p: at for p, at in ((p, c.i64()) for p in range(PURPOSES)) if at}
        c.end()
        rows = [r["id"] for r in self.image["consent_record"] if r["subject"] == row["id"]]
        need(len(rows) == n_records and set(subject["latest"].values()) <= set(rows))
        return subject

    def open_consent(self, row):
        """A consent record and its grant key."""
        owner = [s for s in self.subjects if s["row"] == row["subject"]]
        need(owner)
        key = owner[0]["key"]
        plain = unseal_padded(derive(key, "consent: record"), place(
            self.vault_id, 8, row["id"], struct.pack("<q", row["subject"])), row["sealed"])
        record = parse_record(plain[8:])
        record["row"], record["slot"] = row["id"], struct.unpack_from("<Q", plain)[0]
        need(record["subject"] == owner[0]["id"])
        for purpose, latest in owner[0]["latest"].items():
            need(latest != row["id"] or purpose == record["purpose"])
        return record

    def open_event(self, row):
        """A consent event: a signed line about a person."""
        owner = [s for s in self.subjects if s["row"] == row["subject"]]
        need(owner)
        plain = unseal_padded(derive(owner[0]["key"], "consent: event"), place(
            self.vault_id, 18, row["id"], struct.pack("<q", row["subject"])), row["sealed"])
        event = json.loads(plain)
        need(event["subject"] == owner[0]["id"].hex() and event["voicepriv_event"] == 1)
        need(plain == json.dumps(event, separators=(",", ":")).encode())
        return event

    def check_events(self):
        """The latest record of a purpose comes from an event that is there."""
        said = {event["record_id"] for event in self.events}
        latest = {row for subject in self.subjects for row in subject["latest"].values()}
        for record in self.consents:
            need(record["row"] not in latest or record["state"] in (7, 8)
                 or record["record_id"].hex() in said)

    def grant(self, subject, purpose, named):
        """The grant key in force, of the consent that the wrap rests on."""
        rows = [s["latest"].get(purpose) for s in self.subjects if s["id"] == subject]
        latest = [r for r in self.consents if r["row"] in rows]
        need(latest and latest[0]["state"] in (2, 9) and latest[0]["slot"] != NO_SLOT, NoConsent,
             "no consent in force")
        need(latest[0]["record_id"] == named, NoConsent, "recorded under an earlier consent")
        try:
            return self.tree.get(latest[0]["slot"])
        except Erased:
            raise NoConsent("the grant key was destroyed") from None

    def open_notice(self, row):
        """A notice."""
        notice = parse_notice(unseal_padded(self.catalogue, place(self.vault_id, 5, row["id"]),
                                            row["sealed"]))

        def text(value):
            return struct.pack("<H", len(value.encode())) + value.encode()
        series = text(notice["id"]) + text(notice["language"])
        need(row["series"] == blind(self.index, "notice: series", series))
        need(row["tag"] == blind(self.index, "notice: version", series + text(notice["version"])))
        return notice | {"series": row["series"], "row": row["id"]}

    def open_policy(self):
        """The capture policy; what it says must be what the records say."""
        key = self.tree.get(POLICY)
        persons = {blind(key, "policy: subject", subject["id"]):
                   derive(key, "policy: person", subject["id"]) for subject in self.subjects}
        rows = {row["tag"]: unseal_padded(persons.get(row["tag"], key),
                                          place(self.vault_id, 9, 0, row["tag"]), row["sealed"])
                for row in self.image["policy"]}
        need(bytes(16) in rows)
        c = Cursor(rows.pop(bytes(16)))
        policy = {"generation": c.u64(), "ingest_public_key": c.bytes(32),
                  "settings": parse_settings(c), "written_us": c.i64(),
                  "next": (c.u64(), c.i64(), c.i64(), c.i64()), "order": c.u64(),
                  "authority": (c.count(0, 1), c.bytes(32)), "profiles_hash": c.bytes(32),
                  "places_hash": c.bytes(32),
                  "pauses": [(c.u32(), c.i64(), c.i64(), c.text(15)) for _ in range(c.count(0, 16))]}
        policy["notices"] = [c.bytes(32) for _ in range(c.u32())]
        c.end()
        need(policy["generation"] == self.generation and policy["settings"] == self.settings)
        need(policy["ingest_public_key"] == x25519_public(self.tree.get(INGEST)))
        latest = {notice["series"]: notice["sha256"] for notice in self.notices
                  if notice["row"] >= self.settings["first_notice"]}
        need(sorted(policy["notices"]) == sorted(latest.values()))
        for subject in self.subjects:
            tag = blind(key, "policy: subject", subject["id"])
            need(tag in rows)
            self.check_policy(subject, Cursor(rows.pop(tag)))
        tag = blind(key, "policy: false wakes", b"")
        policy["false_wakes"] = parse_false_wakes(rows.pop(tag)) if tag in rows else {}
        tag = blind(key, "policy: places", b"")
        places = rows.pop(tag, None)
        need(policy["places_hash"] == (sha256(places) if places else bytes(32)))
        policy["places"] = parse_places(places) if places else []
        policy["profiles"] = self.open_profiles(policy)
        need(not rows)
        return policy

    def open_profiles(self, policy):
        """The signed profiles: exactly those that the head names."""
        hashed, profiles = hashlib.sha256(), []
        for row in self.image["jurisdiction"]:
            plain = unseal_padded(self.catalogue, place(self.vault_id, 17, row["id"]), row["sealed"])
            hashed.update(struct.pack("<qI", row["id"], len(plain)) + plain)
            c = Cursor(plain)
            signature, text = c.bytes(64), c.bytes(c.u32())
            c.end()
            profile = json.loads(text)
            message = b"voicepriv document\0" + b"\1" + text
            profiles.append({"name": profile["name"], "revision": profile["revision"],
                             "signed": bool(policy["authority"][0]) and
                             ed25519_holds(policy["authority"][1], message, signature)})
        need(policy["profiles_hash"] == (hashed.digest() if profiles else bytes(32)))
        return profiles

    def check_policy(self, subject, c):
        """One person's row."""
        need(c.u8() == subject["class"])
        need((c.text(7), (c.u16(), c.u8())) == (subject["home"], subject["birth"]))
        latest = {r["purpose"]: r for r in self.consents
                  if r["row"] in subject["latest"].values()}
        need(c.u8() == len(latest))
        for purpose in sorted(latest):
            r = latest[purpose]
            need((c.u8(), c.u8(), c.u8(), c.u8()) == (purpose, r["state"], r["by"], r["method"]))
            need(c.bytes(16) == r["record_id"] and c.i64() == r["time_us"])
            need(c.i64() == r["valid_until_us"])
            need(c.bytes(32) == r["notice"]["sha256"])
            need((c.u32(), c.u32()) == (r["max_uses"], r["uses"]))
        c.end()

    def open_log(self):
        """Every leaf, every hash, the root, the heads."""
        c = Cursor(self.state[2])
        size, root, clock_us = c.u64(), c.bytes(32), c.i64()
        c.end()
        payloads = self.image["log_payload"]
        need([row["id"] for row in payloads] == list(range(size)))
        leaves = [leaf_hash(log_commitment(row["sealed"])) for row in payloads]
        hashes = dict(enumerate(leaves))
        for level in range(1, size.bit_length()):
            for i in range(size >> level):
                below = (level - 1) << 56 | 2 * i
                hashes[level << 56 | i] = parent_hash(hashes[below], hashes[below + 1])
        need(hashes == {row["id"]: row["hash"] for row in self.image["log_hash"]})
        need(merkle_root(leaves) == root)
        if self.head:
            n = struct.unpack_from("<Q", self.head)[0]
            need(n <= size, RollbackError, "the log is shorter than it was")
            need(merkle_root(leaves[:n]) == self.head[8:])
        return {"size": size, "root": root, "clock_us": clock_us,
                "entries": [self.open_payload(row) for row in payloads]}

    def open_payload(self, row):
        """An entry, or None when a person it is about was erased."""
        index = row["id"]
        c = Cursor(unseal(self.catalogue, place(self.vault_id, 14, index, b"o"), row["owners"]))
        need(len(c.data) == 129)
        owners = [c.u64() for _ in range(c.count(0, 16))]
        need(not any(c.data[c.at:]))
        key = derive(self.catalogue, "log: payload", struct.pack("<Q", index))
        try:
            for slot in owners:
                key = derive(self.tree.get(slot), "log: payload", key)
        except Erased:
            return None
        payload = row["sealed"]
        need(payload[:32] == derive(key, "log: key commitment"))
        entry = parse_entry(unseal(key, place(self.vault_id, 14, index, row["tag"] or b""),
                                   payload[32:]))
        wanted = blind(self.index, "log: recording", entry["recording"])
        need(row["tag"] == (wanted if any(entry["recording"]) else None))
        return entry

    def open_pending(self):
        """Envelopes that wait for adoption."""
        names = {row["id"]: row["name"] for row in self.image["recording"]}
        pending = []
        for row in self.image["ingest"]:
            envelope = open_envelope(self.tree.get(INGEST), row["sealed"])
            need(envelope["kind"] == row["kind"] and envelope["vault_id"] == self.vault_id)
            need(envelope["recording_id"] == names[row["recording"]])
            pending.append(envelope)
        return pending

    def open_recording(self, row):
        """A recording with every purpose that opens."""
        recording = {"row": row["id"], "id": row["name"], "state": row["state"], "opens": {},
                     "closed": {}, "derivatives": []}
        need(row["state"] in (1, 2, 3, 4) and len(row["name"]) == 16)
        need(row["key_slot"] is None or row["key_slot"] >= 0)
        wraps = [w for w in self.image["wrap"] if w["recording"] == row["id"]]
        tags = sorted(r["tag"] for r in self.image["recording_subject"]
                      if r["recording"] == row["id"])
        if row["state"] in (1, 4):
            need(row["header"] is None and row["key_slot"] is None and not wraps and not tags)
            need(all(s["recording"] != row["id"] for s in self.image["shelf"]))
            return recording
        try:
            shred = self.tree.get(row["key_slot"])
        except Erased:
            raise AuthError("a kept recording without its key") from None
        need(0 <= row["retention"] <= 7 or (row["retention"] // 0x1000 in (1, 2, 3) and
                                            1 <= row["retention"] % 0x1000 <= 4000))
        extra = row["name"] + struct.pack("<BHQ", row["state"], row["retention"],
                                          row["key_slot"])
        header = parse_header(unseal_padded(derive(shred, "recording: header"), place(
            self.vault_id, 10, row["id"], extra), row["header"]))
        need(len(wraps) == 1 and (row["state"] == 3) == (header["restriction"] != 0))
        recording["header"] = header
        people = {s["id"]: s for s in self.subjects}
        need(tags == sorted(blind(people[s]["key"], "subject: recordings")
                            for s in header["speakers"] if s in people))
        found = parse_wraps(unseal_padded(derive(shred, "recording: wraps"), place(
            self.vault_id, 11, row["id"]), wraps[0]["sealed"]))
        need(sum(1 << p for p in found) == header["wrapped"])
        name = blind(self.index, "log: recording", row["name"])
        entries = [e for e, payload in zip(self.log["entries"], self.image["log_payload"])
                   if payload["tag"] == name and (e is None or e["kind"] in (6, 7, 26, 27))]
        need(len(entries) >= header["n_accesses"])
        recording["derivatives"] = self.open_shelf(recording, shred)
        for purpose in range(PURPOSES):
            try:
                inner = self.inner_of(recording, shred, found, purpose)
                key = self.recording_key(recording, inner, purpose)
                recording["opens"][purpose] = self.open_blocks(recording, key)
            except (NoConsent, NoKey) as reason:
                recording["closed"][purpose] = str(reason)
                continue
            self.open_derivatives(recording, branch_of(inner), purpose)
        return recording

    def open_shelf(self, recording, shred):
        """What was made from it: every entry has its row, and no row is without an entry."""
        row, name = recording["row"], recording["id"]
        shelves = [s["sealed"] for s in self.image["shelf"] if s["recording"] == row]
        rows = sorted(d["name"] for d in self.image["derivative"] if d["recording"] == row)
        entries = parse_shelf(unseal_padded(derive(shred, "derivative: shelf"), place(
            self.vault_id, 19, row, name), shelves[0])) if shelves else []
        need(len(entries) == recording["header"]["n_derivatives"])
        need(bool(shelves) == bool(entries) and rows == sorted(e["id"] for e in entries))
        for entry in entries:
            entry["opens"] = {}
        return entries

    def open_derivatives(self, recording, branch, purpose):
        """Those that were made for it."""
        tag = derive(branch, "derivative: branch tag")[:16]
        for entry in recording["derivatives"]:
            wrap = entry["wraps"].get(purpose)
            if not wrap or wrap[0] != tag:
                continue
            key = open_derivative_wrap((purpose, wrap), branch, self.secrets[purpose],
                                       self.vault_id, recording["id"], entry)
            sealed = [d["sealed"] for d in self.image["derivative"] if d["name"] == entry["id"]]
            entry["opens"][purpose] = open_content(key, self.vault_id, recording["id"], entry,
                                                   sealed[0])

    def inner_of(self, recording, shred, wraps, purpose):
        """From shred key and grant keys; and there must be the secret half."""
        header, name = recording["header"], recording["id"]
        need(purpose in wraps, NoConsent, "never wrapped for this")
        bases = bases_of(header)
        grants = [(s, self.grant(s, purpose, bases.get((purpose, n), (None, False))[0]))
                  for n, s in enumerate(header["speakers"])]
        need(purpose in self.secrets, NoKey, "no keyring has the secret half")
        key = wrap_key(shred, self.vault_id, name, purpose, grants)
        return unseal(key, place(self.vault_id, 12, purpose, name + header["tag_hash"]),
                      wraps[purpose])

    def recording_key(self, recording, inner, purpose):
        """With the secret half."""
        header, name = recording["header"], recording["id"]
        recording_key = open_inner(inner, self.secrets[purpose], name)
        need(commitment_of(recording_key, self.vault_id, name, header["tag_hash"]) ==
             header["commitment"])
        return recording_key

    def open_blocks(self, recording, key):
        """position and entries of every block"""
        header, first = recording["header"], recording["row"] << 24
        blocks = [b for b in self.image["block"] if b["id"] >> 24 == recording["row"]]
        need([b["id"] for b in blocks] == [first + i for i in range(len(blocks))])
        finished = header["is_finished"]
        need(not finished or (blocks and header["n_blocks"] == len(blocks)))
        opened = []
        for sequence, block in enumerate(blocks):
            last = sequence + 1 == len(blocks)
            plain = None
            for final in ([1] if finished and last else [1, 0] if last else [0]):
                try:
                    plain = plain or open_block(key, self.vault_id, recording["id"],
                                                header["tag_hash"], sequence, final,
                                                block["sealed"])
                except AuthError:
                    pass
            need(plain)
            opened.append(parse_block(plain))
        return opened


# The attacker

def open_node_versions(images, vault_id, root_keys):
    """Every leaf that any version of any node gives, from these root keys: slot to keys."""
    versions = {}
    for image in images:
        for row in image["key_node"]:
            versions.setdefault(row["id"], set()).add(row["sealed"])
    leaves, todo, done = {}, [], set()
    for root_key in root_keys:
        todo += [(row, derive(root_key, "root: key tree")) for row in versions]
    while todo:
        row, key = todo.pop()
        if (row, key) in done:
            continue
        done.add((row, key))
        for sealed in versions.get(row, ()):
            try:
                _, keys = parse_node(unseal(key, place(vault_id, 1, row), sealed))
            except AuthError:
                continue
            level, index = row >> 56, row & (2**56 - 1)
            for position, below in enumerate(keys):
                number = index * NODE_KEYS + position
                if any(below) and level:
                    todo.append(((level - 1) << 56 | number, below))
                elif any(below):
                    leaves.setdefault(number, set()).add(below)
    return leaves


def all_root_keys(images, vault_id, roots):
    """These, and what pending rows give with them."""
    keys = {root["key"] for root in roots}
    while True:
        more = set()
        for image, key in itertools.product(images, keys):
            for row in image["root_pending"]:
                try:
                    more.add(unseal(derive(key, "root: next root"),
                                    place(vault_id, 2, row["generation"]), row["sealed"]))
                except AuthError:
                    pass
        if more <= keys:
            return keys
        keys |= more


def tried(function, *arguments):
    """The result, or None where it fails."""
    try:
        return function(*arguments)
    except Failure:
        return None


def distinct(images, table, *columns):
    """All versions of all rows of a table."""
    return sorted({tuple(row[c] for c in columns) for image in images for row in image[table]
                   if all(row[c] is not None for c in columns)})


def recording_keys(images, vault_id, leaves, secrets, inners):
    """Every recording key that can be had: (name, tag hash, key), and (name, inner) into inners. No
    rule is kept: any leaf may be the shred key, any leaf a grant key, any leaf an ingest secret."""
    keys = sorted(set().union(*leaves.values())) if leaves else []
    found = set()
    for (sealed,) in distinct(images, "ingest", "sealed"):
        for key in keys:
            envelope = tried(open_envelope, key, sealed)
            if envelope and envelope["kind"] == 1:
                for inner, secret in itertools.product(envelope["inner"].values(), secrets):
                    name = envelope["recording_id"]
                    inners.add((name, inner))
                    got = tried(open_inner, inner, secret, name)
                    if got:
                        found.add((name, tag_hash(envelope["tag"]), got))
    headers = distinct(images, "recording", "id", "name", "state", "retention", "key_slot", "header")
    wraps = distinct(images, "wrap", "recording", "sealed")
    for (row, name, state, retention, slot, sealed), shred in itertools.product(headers, keys):
        extra = name + struct.pack("<BHQ", state, retention, slot)
        plain = tried(unseal_padded, derive(shred, "recording: header"),
                      place(vault_id, 10, row, extra), sealed)
        if plain is None:
            continue
        header = parse_header(plain)
        for wrap_row, wrap_sealed in wraps:
            plain = tried(unseal_padded, derive(shred, "recording: wraps"),
                          place(vault_id, 11, wrap_row), wrap_sealed)
            for purpose, wrap in parse_wraps(plain).items() if plain else ():
                where = place(vault_id, 12, purpose, name + header["tag_hash"])
                people = header["speakers"]
                for grants in itertools.product(keys, repeat=len(people)):
                    key = wrap_key(shred, vault_id, name, purpose, list(zip(people, grants)))
                    inner = tried(unseal, key, where, wrap)
                    if inner:
                        inners.add((name, inner))
                    for secret in secrets if inner else ():
                        got = tried(open_inner, inner, secret, name)
                        if got:
                            found.add((name, header["tag_hash"], got))
    return found


def derivatives_with(images, vault_id, leaves, secrets, inners):
    """{id: content} of what was made from recordings: any leaf may be the shred key of any shelf, any
    inner that was had may be the branch."""
    keys = sorted(set().union(*leaves.values())) if leaves else []
    contents, found = {}, {}
    for identity, sealed in distinct(images, "derivative", "name", "sealed"):
        contents.setdefault(identity, []).append(sealed)
    for row, sealed in distinct(images, "shelf", "recording", "sealed"):
        for shred, (name, inner) in itertools.product(keys, sorted(inners)):
            plain = tried(unseal_padded, derive(shred, "derivative: shelf"),
                          place(vault_id, 19, row, name), sealed)
            for entry in parse_shelf(plain) if plain else ():
                for wrap, secret in itertools.product(entry["wraps"].items(), secrets):
                    key = tried(open_derivative_wrap, wrap, branch_of(inner), secret, vault_id,
                                name, entry)
                    for content in contents.get(entry["id"], ()) if key else ():
                        said = tried(open_content, key, vault_id, name, entry, content)
                        if said:
                            found[entry["id"]] = said
    return found


def open_with(images, roots, keyrings):
    """What all these copies and secrets give together.

    images: Image objects or paths, any number of any age; roots: parsed root records; keyrings:
    parsed keyrings. Returns {recording id: [entries of every block that opens]}, for judging how much
    was tried the number of leaves had, and {derivative id: content}.
    """
    images = [image if isinstance(image, Image) else Image(image) for image in images]
    vault_id = images[0]["meta"][0]["vault_id"]
    leaves = open_node_versions(images, vault_id, all_root_keys(images, vault_id, roots))
    secrets = sorted({secret for ring in keyrings for secret in ring["secret"].values()})
    opened, inners = {}, set()
    for name, hashed, key in recording_keys(images, vault_id, leaves, secrets, inners):
        blocks = {}
        for row, sealed in distinct(images, "block", "id", "sealed"):
            for final in (0, 1):
                sequence = row & (2**24 - 1)
                plain = tried(open_block, key, vault_id, name, hashed, sequence, final, sealed)
                if plain:
                    blocks[sequence] = parse_block(plain)[1]
        if blocks:
            opened[name] = [entry for s in sorted(blocks) for entry in blocks[s]]
    return (opened, sum(len(keys) for keys in leaves.values()),
            derivatives_with(images, vault_id, leaves, secrets, inners))


# For people

def plain_json(value):
    """Bytes as hexadecimal, everything else as JSON has it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(k): plain_json(v) for k, v in value.items()
                if k not in ("key", "tag_bytes", "shred_key", "inner", "wraps")}
    if isinstance(value, (list, tuple)):
        return [plain_json(v) for v in value]
    return value


def main():
    """Print a vault."""
    parser = argparse.ArgumentParser(description="print what a vault holds, as JSON")
    parser.add_argument("vault")
    parser.add_argument("root")
    parser.add_argument("keyrings", nargs="*")
    parser.add_argument("--checkpoint")
    arguments = parser.parse_args()
    try:
        root = parse_root_file(pathlib.Path(arguments.root).read_bytes())
        rings = [parse_keyring(pathlib.Path(path).read_bytes()) for path in arguments.keyrings]
        vault = Vault(arguments.vault, root, rings)
        shown = {name: getattr(vault, name) for name in (
            "vault_id", "generation", "settings", "subjects", "notices", "consents", "recordings",
            "pending", "log")}
        if arguments.checkpoint:
            note = pathlib.Path(arguments.checkpoint).read_text(encoding="utf-8")
            size, at = check_checkpoint(note, vault.vault_id, vault.meta["device_public_key"])
            leaves = [row["hash"] for row in vault.image["log_hash"] if row["id"] < 2**56]
            need(size <= len(leaves), RollbackError, "the log is shorter than the checkpoint")
            need(merkle_root(leaves[:size]) == at)
            shown["checkpoint"] = {"size": size, "root": at}
    except (Failure, OSError) as error:
        sys.exit(f"decrypt.py: {type(error).__name__}: {error}")
    json.dump(plain_json(shown), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
