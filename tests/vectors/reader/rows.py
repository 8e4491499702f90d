"""What rows of the vault hold, once they are unsealed."""

import itertools
import re
import struct

from .primitives import (
    Cursor, FormatError, PURPOSES, VersionError, aead_open, blake, box_open, derive, need,
    place, sha256, unseal)

NODE_KEYS = 125
BLOCK_PLAIN_BYTES = 4079


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
