"""An attacker who has every version of every row that was ever written, and some secrets: opens what these
open together, takes the keys found inside, and goes on until nothing new opens. Knows doc/format.md, by way
of tests/vectors/reader; keeps no rule of reading. First each row is tried with the keys that the format
names for it, then whatever is still closed with every key there is."""

import ctypes
import ctypes.util
import itertools
import pathlib
import struct
import sys
from collections import defaultdict

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "vectors"))
import reader  # noqa: E402
from reader import derive, place, tried  # noqa: E402

sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
opens = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt
LONG, TEXT = ctypes.c_ulonglong, ctypes.c_char_p
opens.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, TEXT, LONG, TEXT, LONG, TEXT, TEXT]
ROOM = ctypes.create_string_buffer(1 << 21)


class Sealed:
    """A sealed row with its place, ready to be tried many times."""

    def __init__(self, sealed, where):
        self.nonce, self.data, self.where = sealed[1:25], sealed[25:], where
        self.right = sealed[0] == 1 and len(sealed) >= 41
        self.plain = None

    def attempt(self, key):
        """True when it is open now."""
        if self.plain is None and self.right and opens(
                ROOM, None, None, self.data, len(self.data), self.where, len(self.where), self.nonce,
                key) == 0:
            self.plain = ROOM.raw[:len(self.data) - 16]
            return True
        return False

    def padded(self):
        """What a padded row holds."""
        length = struct.unpack_from("<I", self.plain)[0]
        return self.plain[4:4 + length]


def is_blob(value, *sizes):
    """Bytes, of one of these sizes."""
    return isinstance(value, bytes) and (not sizes or len(value) in sizes)


class Attacker:
    """Give it rows and secrets, let it solve, and look what it found."""

    def __init__(self, rows, vault_id, keyrings, by_force=True):
        self.vault_id, self.by_force = vault_id, by_force
        self.secrets = {}
        self.keys = {}          # key: in which order it was found
        self.slots = defaultdict(set)   # leaf: keys it ever had
        self.roots = set()
        self.inners = set()     # (name, purpose, inner)
        self.recording_keys = set()     # (name, tag hash, key)
        self.blocks = defaultdict(dict)  # name: {sequence: plaintexts}
        self.purposes = defaultdict(set)  # name: those for which its key was found
        self.contents = {}      # derivative id: what it says
        self.entries = {}       # leaf index: entry
        self.derived = {}
        self.n_tried = 0
        self.envelopes_open = set()
        self.wraps_tried, self.envelopes_tried, self.tried_with, self.shreds = {}, set(), {}, {}
        for ring in keyrings:
            self.secrets.update(ring["secret"])
            if any(ring["policy_key"]):
                self.add_key(ring["policy_key"])
        self.sort(rows)

    def sort(self, rows):
        """By their shapes; where two tables have one shape a row is taken for both."""
        at = self.place
        self.nodes, self.pendings, self.plain_rows = defaultdict(list), [], []
        self.headers, self.wraps, self.shelves, self.policies = [], [], [], []
        self.personal, self.payloads, self.envelopes = [], [], []
        self.block_rows, self.content_rows = defaultdict(set), defaultdict(set)
        names, pairs = defaultdict(set), []
        self.subject_slots = defaultdict(set)  # of a subject's row
        self.numbers = defaultdict(set)  # a recording's row; others may have had the same
        for row in rows:
            shape = tuple("n" if v is None else "b" if is_blob(v) else "i" for v in row)
            kind = "".join(shape)
            if kind == "inb" and len(row[2]) == 4042:
                self.nodes[row[0]].append(Sealed(row[2], at(1, row[0])))
            elif kind == "inb" and len(row[2]) == 4096:
                self.block_rows[row[0] >> 24].add((row[0] & 2**24 - 1, row[2]))
            elif kind == "inb" and len(row[2]) > 41:
                pairs.append((row[0], row[2]))
            elif kind == "inib" and len(row[3]) > 41:
                if len(row[3]) == 73:
                    self.pendings.append((row[2], row[3]))
                subject = struct.pack("<q", row[2])
                self.personal.append(("consent: record", row, Sealed(row[3], at(8, row[0], subject))))
                self.personal.append(("consent: event", row, Sealed(row[3], at(18, row[0], subject))))
            elif kind == "inbibbb" and is_blob(row[2], 16) and is_blob(row[4], 58):
                extra = struct.pack("<Q", row[3]) + row[2]
                self.subject_slots[row[0]].add(row[3])
                self.personal.append(("subject: reference", row, Sealed(row[4], at(6, row[0], extra))))
                self.plain_rows.append(Sealed(row[4], at(6, row[0], extra)))  # as if it were forgotten there
                self.personal.append(("subject: person", row, Sealed(row[5], at(7, row[0]))))
                self.personal.append(("subject: consents", row, Sealed(row[6], at(16, row[0]))))
            elif kind[:4] == "inbi" and len(row) == 7 and is_blob(row[2], 16):
                names[row[0]].add(row[2])
                self.numbers[row[2]].add(row[0])
                if is_blob(row[6]):
                    extra = row[2] + struct.pack("<BHQ", row[3], row[4], row[5])
                    self.headers.append((row, Sealed(row[6], at(10, row[0], extra))))
            elif kind == "inbib" and is_blob(row[2], 16) and len(row[4]) % 4096 == 0:
                self.content_rows[row[2]].add(row[4])
            elif kind in ("innbb", "inbbb") and is_blob(row[3], 170):
                self.payloads.append((row, Sealed(row[3], at(14, row[0], b"o"))))
            elif kind == "inbbb" and is_blob(row[2], 16) and is_blob(row[3], 16):
                self.plain_rows.append(Sealed(row[4], at(5, row[0])))
            elif kind == "nbb" and is_blob(row[1], 16):
                self.plain_rows.append(Sealed(row[2], at(9, 0, row[1])))
                self.policies.append(self.plain_rows[-1])
            elif kind == "niib" and row[2] in (1, 2):
                self.envelopes.append(row[3])
        for row, sealed in pairs:
            self.plain_rows += [Sealed(sealed, at(column, row)) for column in (4, 15, 17)
                                if 0 <= row < (5 if column == 15 else 32)]
            self.wraps.append((row, Sealed(sealed, at(11, row))))
            self.shelves += [(row, name, Sealed(sealed, at(19, row, name))) for name in names[row]]
        self.wraps_of, self.shelves_of = defaultdict(list), defaultdict(list)
        for wrap in self.wraps:
            self.wraps_of[wrap[0]].append(wrap[1])
        for shelf in self.shelves:
            self.shelves_of[shelf[1]].append(shelf)

    def place(self, column, row, extra=b""):
        """Associated data of this vault."""
        return place(self.vault_id, column, row, extra)

    # What is known

    def add_root(self, record):
        """A root record, parsed."""
        self.roots.add(record["key"])

    def add_key(self, key):
        """Anything of 32 bytes that could be one."""
        if any(key) and key not in self.keys:
            self.keys[key] = len(self.keys)

    def under(self, label, key):
        """Derived once."""
        if (label, key) not in self.derived:
            self.derived[label, key] = derive(key, label)
        return self.derived[label, key]

    def try_one(self, sealed, key):
        """Count it."""
        self.n_tried += 1
        return sealed.attempt(key)

    # By the format

    def follow_roots(self):
        """Roots that roots give, and the keys of tops."""
        more = True
        while more:
            more = False
            for (generation, sealed), root in itertools.product(self.pendings, sorted(self.roots)):
                row = Sealed(sealed, self.place(2, generation))
                if self.try_one(row, derive(root, "root: next root")) and row.plain not in self.roots:
                    self.roots.add(row.plain)
                    more = True
        for root in self.roots:
            self.add_key(derive(root, "root: key tree"))

    def took_node(self, row, sealed):
        """Its keys are for the nodes below, or are leaves."""
        _, keys = reader.parse_node(sealed.plain)
        level, index = row >> 56, row & 2**56 - 1
        for position, key in enumerate(keys):
            number = index * reader.NODE_KEYS + position
            if not any(key):
                continue
            self.add_key(key)
            if level == 0:
                self.slots[number].add(key)
            else:
                self.walk((level - 1) << 56 | number, key)

    def walk(self, row, key):
        """All versions of a node with a key that is meant for it."""
        for sealed in self.nodes.get(row, ()):
            if self.try_one(sealed, key):
                self.took_node(row, sealed)

    def guided(self):
        """Each row with the keys that the format names for it."""
        for root in sorted(self.roots):
            for row in sorted(self.nodes):
                if row & 2**56 - 1 == 0:
                    self.walk(row, derive(root, "root: key tree"))
        for row, sealed in self.headers:
            for key in self.slots.get(row[5], ()):
                self.try_one(sealed, self.under("recording: header", key))
            for key in self.slots.get(row[5], ()):
                for wrap in self.wraps_of[row[0]]:
                    self.try_one(wrap, self.under("recording: wraps", key))
                for _, _, shelf in self.shelves_of[row[2]]:
                    self.try_one(shelf, self.under("derivative: shelf", key))
        for label, row, sealed in self.personal:
            subject = row[2] if label.startswith("consent:") else row[0]
            for slot in self.subject_slots[subject]:
                for key in self.slots.get(slot, ()):
                    self.try_one(sealed, self.under(label, key))
        for sealed in self.plain_rows:
            for key in self.slots[reader.STRICT_CATALOGUE] | self.slots[reader.POLICY]:
                self.try_one(sealed, key)
        for _, sealed in self.payloads:
            for key in self.slots[reader.STRICT_CATALOGUE]:
                self.try_one(sealed, key)

    # By force

    def closed(self):
        """(label or None, row) of all that a key could open and none has."""
        yield from ((None, s) for versions in self.nodes.values() for s in versions if s.plain is None)
        yield from (("recording: header", s) for _, s in self.headers if s.plain is None)
        yield from (("recording: wraps", s) for _, s in self.wraps if s.plain is None)
        yield from (("derivative: shelf", s) for _, _, s in self.shelves if s.plain is None)
        yield from ((label, s) for label, _, s in self.personal if s.plain is None)
        yield from ((None, s) for s in self.plain_rows if s.plain is None)
        yield from ((None, s) for _, s in self.payloads if s.plain is None)

    def force(self):
        """Every closed row with every key that was not tried on it."""
        keys = list(self.keys)
        lists = {}
        for label, sealed in self.closed():
            done = self.tried_with.get(id(sealed), 0)
            if label not in lists:
                lists[label] = [self.under(label, key) for key in keys] if label else keys
            for key in lists[label][done:]:
                if sealed.attempt(key):
                    break
            self.n_tried += len(keys) - done
            self.tried_with[id(sealed)] = len(keys)
        for row, versions in self.nodes.items():
            for sealed in versions:
                if sealed.plain is not None:
                    self.took_node(row, sealed)

    def open_envelopes(self):
        """Every key as an ingest secret, or every one that ever was."""
        keys = self.keys if self.by_force else self.slots[reader.INGEST]
        publics = [(key, reader.x25519_public(key)) for key in keys]
        open_box = reader.sodium.crypto_box_seal_open
        for sealed in self.envelopes:
            for key, public in publics:
                if sealed in self.envelopes_open or (sealed, key) in self.envelopes_tried:
                    continue
                self.envelopes_tried.add((sealed, key))
                self.n_tried += 1
                if open_box(ROOM, sealed[1:], LONG(len(sealed) - 1), public, key) == 0:
                    self.envelopes_open.add(sealed)
                    envelope = reader.open_envelope(key, sealed)
                    if envelope["kind"] == 1:
                        self.add_key(envelope["shred_key"])
                        for purpose, inner in envelope["inner"].items():
                            self.open_inner(envelope["recording_id"], purpose, inner,
                                            reader.tag_hash(envelope["tag"]))

    def open_inner(self, name, purpose, inner, hashed):
        """The recording key, with the secret half of its purpose; or with any other."""
        if (name, purpose, inner) in self.inners:
            return
        self.inners.add((name, purpose, inner))
        for secret in dict.fromkeys([self.secrets.get(purpose), *self.secrets.values()]):
            key = tried(reader.open_inner, inner, secret, name) if secret else None
            if key:
                self.recording_keys.add((name, hashed, key))
                self.purposes[name].add(purpose)
                self.open_blocks(name, hashed, key)
                return

    def open_wraps(self):
        """Of every header that is open, each wrap; any key may be a grant key."""
        slots_of = defaultdict(set)  # grant keys that consent records name
        for label, _, sealed in self.personal:
            if label == "consent: record" and sealed.plain is not None:
                record = sealed.padded()
                slot = struct.unpack_from("<Q", record)[0]
                slots_of[record[8 + 6 + 16:8 + 6 + 32]] |= self.slots.get(slot, set())
        for row, sealed in self.headers:
            if sealed.plain is None:
                continue
            header = reader.parse_header(sealed.padded())
            for wraps in self.wraps_of[row[0]]:
                for purpose, wrap in reader.parse_wraps(wraps.padded()).items() if wraps.plain else ():
                    self.open_wrap(row[2], header, self.shred_of(row, sealed), purpose, wrap, slots_of)

    def shred_of(self, row, sealed):
        """The key that opened a header."""
        if id(sealed) not in self.shreds:
            self.shreds[id(sealed)] = next(
                key for key in itertools.chain(self.slots.get(row[5], ()), self.keys)
                if Sealed(row[6], sealed.where).attempt(self.under("recording: header", key)))
        return self.shreds[id(sealed)]

    def open_wrap(self, name, header, shred, purpose, wrap, slots_of):
        """One of them, with everybody's possible grant keys: for two speakers any key for one, and any
        that a record of theirs names for the other."""
        speakers = header["speakers"]
        key = (name, shred, wrap, tuple(speakers))
        if self.wraps_tried.get(key, -1) in (len(self.keys), True):
            return
        self.wraps_tried[key] = len(self.keys)
        row = Sealed(wrap, self.place(12, purpose, name + header["tag_hash"]))
        named, everything = [list(slots_of[s]) for s in speakers], list(self.keys)
        choices = [named]
        if self.by_force:
            choices += [named[:i] + [everything] + named[i + 1:] for i in range(len(speakers))]
        for grants in itertools.chain.from_iterable(itertools.product(*c) for c in choices):
            self.n_tried += 1
            if row.attempt(reader.wrap_key(shred, self.vault_id, name, purpose,
                                            list(zip(speakers, grants)))):
                self.wraps_tried[key] = True
                self.open_inner(name, purpose, row.plain, header["tag_hash"])
                return

    def open_blocks(self, name, hashed, key):
        """All versions of all blocks where it ever lay."""
        for number in self.numbers[name]:
            for (sequence, sealed), final in itertools.product(self.block_rows[number], (0, 1)):
                plain = tried(reader.open_block, key, self.vault_id, name, hashed, sequence, final,
                              sealed)
                if plain:
                    self.blocks[name].setdefault(sequence, set()).add(plain)

    def open_shelves(self):
        """What was made from recordings, with every inner box that is open."""
        inners = defaultdict(set)
        for name, purpose, inner in self.inners:
            inners[name].add((purpose, inner))
        for _, name, shelf in self.shelves:
            if shelf.plain is None:
                continue
            for entry in reader.parse_shelf(shelf.padded()):
                for (_, inner), (purpose, wrap) in itertools.product(inners[name], entry["wraps"].items()):
                    if entry["id"] in self.contents or purpose not in self.secrets:
                        continue
                    key = tried(reader.open_derivative_wrap, (purpose, wrap), reader.branch_of(inner),
                                self.secrets[purpose], self.vault_id, name, entry)
                    for sealed in self.content_rows[entry["id"]] if key else ():
                        said = tried(reader.open_content, key, self.vault_id, name, entry, sealed)
                        if said:
                            self.contents[entry["id"]] = said

    def open_payloads(self):
        """The log's entries: the owners' keys in their slots, any key for an only owner."""
        catalogues = self.slots[reader.STRICT_CATALOGUE]
        for row, owners in self.payloads:
            if owners.plain is None or row[0] in self.entries:
                continue
            c = reader.Cursor(owners.plain)
            slots = [c.u64() for _ in range(c.count(0, 16))]
            for catalogue in catalogues:
                start = derive(catalogue, "log: payload", struct.pack("<Q", row[0]))
                choices = [list(self.slots.get(slot, ())) for slot in slots]
                if len(slots) == 1 and self.by_force:
                    choices = [choices[0] + list(self.keys)]
                for chain in itertools.product(*choices):
                    key = start
                    for owner in chain:
                        key = derive(owner, "log: payload", key)
                    self.n_tried += 1
                    if row[4][:32] == derive(key, "log: key commitment"):
                        sealed = Sealed(row[4][32:], self.place(14, row[0], row[2] or b""))
                        if sealed.attempt(key):
                            self.entries[row[0]] = sealed.plain
                            break

    def named(self):
        """The ids of people, wherever one can be read."""
        ids = set()
        for label, _, sealed in self.personal:
            if sealed.plain is not None and label == "subject: reference":
                ids.add(sealed.plain[:16])
            elif sealed.plain is not None and label == "consent: record":
                ids.add(sealed.padded()[30:46])
        for _, sealed in self.headers:
            if sealed.plain is not None:
                ids.update(reader.parse_header(sealed.padded())["speakers"])
        for plain in self.entries.values():
            ids.add(reader.parse_entry(plain)["subject"])
        return ids

    def open_policies(self):
        """What the capture policy says of whom one can name; by force, with any key as its own."""
        keys = self.keys if self.by_force else self.slots[reader.POLICY]
        theirs = [derive(key, "policy: person", name) for name in self.named() for key in keys]
        for sealed in self.policies:
            for key in theirs if sealed.plain is None else ():
                if self.try_one(sealed, key):
                    break

    def solve(self):
        """Until nothing new opens."""
        n_before = -1
        while n_before != len(self.keys) + len(self.inners):
            n_before = len(self.keys) + len(self.inners)
            self.follow_roots()
            self.guided()
            if self.by_force:
                self.force()
            self.open_envelopes()
            self.open_wraps()
        self.open_shelves()
        self.open_payloads()
        self.open_policies()

    # What it found

    def words(self):
        """Everything that describes anybody or anything, in the clear."""
        for label, _, sealed in self.personal:
            if sealed.plain is not None:
                yield label, sealed.plain
        for sealed in self.plain_rows:
            if sealed.plain is not None:
                yield "catalogue", sealed.plain
        for _, sealed in self.headers:
            if sealed.plain is not None:
                yield "header", sealed.plain
        for plain in self.entries.values():
            yield "log", plain
