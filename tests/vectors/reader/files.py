"""Files beside the vault: root keys and keyrings."""

import ctypes
import hashlib
import struct

from .primitives import (
    Cursor, FormatError, PURPOSES, RootError, VersionError, blake, box_open, derive, need,
    place, sodium, unseal, x25519_public)


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
