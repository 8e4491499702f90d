"""A vault, opened strictly by the rules of doc/format.md."""

import hashlib
import json
import pathlib
import re
import shutil
import sqlite3
import struct
import tempfile

from .primitives import (
    AuthError, Cursor, Erased, FormatError, NoConsent, NoKey, PURPOSES, RollbackError,
    RootError, VersionError, blind, derive, ed25519_holds, ed25519_public, need, place, sha256,
    unseal, unseal_padded, x25519_public)
from .rows import (
    NODE_KEYS, bases_of, branch_of, commitment_of, is_place, open_block, open_content,
    open_derivative_wrap, open_envelope, open_inner, parse_block, parse_false_wakes,
    parse_header, parse_node, parse_notice, parse_places, parse_record, parse_settings,
    parse_shelf, parse_wraps, wrap_key)
from .log import leaf_hash, log_commitment, merkle_root, parent_hash, parse_entry

PAGE = pathlib.Path(__file__).resolve().parents[3] / "doc" / "format.md"
NODE_LEVELS = 5
NO_SLOT = 2**64 - 1
STRICT_CATALOGUE, INDEX, INGEST, DEVICE, POLICY = range(5)


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
        need(len(self.head) in (0, 64))
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
            need(merkle_root(leaves[:n]) == self.head[8:40])
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
