"""Every row that ever stood in a database, from a journal of writes (keeper.h) and what is published about
SQLite's files (https://sqlite.org/fileformat2.html): each version of each page is taken apart as soon as the
transaction that wrote it is whole, or given up."""

import struct

PAGE = 4096
FRAME = 24 + PAGE
WAL_HEAD = 32
MAP_EVERY = PAGE // 5 + 1
TABLE_LEAF, INDEX_LEAF, INDEX_INSIDE = 0x0d, 0x0a, 0x02
SIZES = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)


def varint(data, at):
    """value, where it ends"""
    value = 0
    for _ in range(8):
        byte = data[at]
        at += 1
        value = value << 7 | byte & 0x7f
        if byte < 0x80:
            return value, at
    return value << 8 | data[at], at + 1


def columns(payload):
    """The values of a record."""
    size, at = varint(payload, 0)
    kinds = []
    while at < size:
        kind, at = varint(payload, at)
        kinds.append(kind)
    values = []
    for kind in kinds:
        n_bytes = SIZES[kind] if kind < 10 else (kind - 12) // 2
        data = payload[at:at + n_bytes]
        if len(data) < n_bytes:
            raise IndexError
        at += n_bytes
        if kind == 0:
            values.append(None)
        elif kind < 8:
            values.append(int.from_bytes(data, "big", signed=True))
        elif kind < 10:
            values.append(kind - 8)
        else:
            values.append(data)
    return tuple(values)


class Rows:
    """All rows, with their row ids first (None in tables without); what they are of, their shape tells."""

    def __init__(self):
        self.found = set()
        self.n_versions = 0
        self.n_broken = 0
        self.kept, self.begun, self.waiting = {}, {}, []
        self.pages = set()
        self.cells = set()

    def page(self, number, data):
        """A version of a page."""
        self.begun[number] = data
        if number % MAP_EVERY == 2:
            return  # which page is whose
        key = (number, hash(data))
        if key not in self.pages:
            self.pages.add(key)
            self.n_versions += 1
            self.waiting.append(data)

    def end(self, whole):
        """Of a transaction: its pages know each other."""
        for data in self.waiting:
            self.take_apart(data, whole)
        if whole:
            self.kept.update(self.begun)
        self.begun, self.waiting = {}, []

    def take_apart(self, data, whole):
        """All cells of a page that has rows; of a transaction that was cut off, the ends may be missing."""
        start = 100 if data[:16] == b"SQLite format 3\0" else 0
        kind = data[start]
        if kind not in (TABLE_LEAF, INDEX_LEAF, INDEX_INSIDE):
            return
        pointers = start + (12 if kind == INDEX_INSIDE else 8)
        n_cells = int.from_bytes(data[start + 3:start + 5], "big")
        for (at,) in struct.iter_unpack(">H", data[pointers:pointers + 2 * n_cells]):
            try:
                self.cell(data, kind, at)
            except IndexError:
                self.n_broken += whole

    def cell(self, data, kind, at):
        """One of them, with what overflowed."""
        row = None
        if kind == INDEX_INSIDE:
            at += 4
        size, at = varint(data, at)
        if kind == TABLE_LEAF:
            row, at = varint(data, at)
            row = row - 2**64 if row >= 2**63 else row
        most = PAGE - 35 if kind == TABLE_LEAF else (PAGE - 12) * 64 // 255 - 23
        if size <= most:
            payload = data[at:at + size]
        else:
            least = (PAGE - 12) * 32 // 255 - 23
            here = least + (size - least) % (PAGE - 4)
            here = here if here <= most else least
            payload = data[at:at + here] + self.overflow(
                int.from_bytes(data[at + here:at + here + 4], "big"), size - here)
        key = (row, payload)
        if key not in self.cells:
            self.cells.add(key)
            self.found.add((row,) + columns(payload))

    def overflow(self, number, n_bytes):
        """The rest of a long row."""
        rest = b""
        while number and len(rest) < n_bytes:
            data = self.begun.get(number) or self.kept.get(number)
            if data is None:
                raise IndexError
            rest += data[4:]
            number = int.from_bytes(data[:4], "big")
        return rest[:n_bytes]


class Log:
    """The write-ahead log, as it grows: frames are a head and a page."""

    def __init__(self, rows):
        self.rows, self.heads, self.latest = rows, {}, 0

    def write(self, offset, data):
        """A piece of it."""
        if offset < WAL_HEAD:
            self.rows.end(False)
            self.heads, self.latest = {}, 0
            return
        frame, inside = divmod(offset - WAL_HEAD, FRAME)
        if inside == 0 and len(data) in (24, FRAME):
            if frame <= self.latest and frame in self.heads:
                self.rows.end(False)  # a transaction that was given up is written over
            self.heads[frame], self.latest = data[:24], frame
            data, inside = data[24:], 24
        if inside == 24 and len(data) == PAGE:
            number, size = struct.unpack(">II", self.heads[frame][:8])
            self.rows.page(number, data)
            if size:
                self.rows.end(True)
        elif data:
            raise ValueError(f"a write of {len(data)} bytes at {offset} of the log is no frame")


def read(path):
    """Rows, and every version of the root key file in order, the empty one left out."""
    rows, roots, root = Rows(), [], bytearray(8192)
    log = Log(rows)
    with open(path, "rb") as file:
        while head := file.read(14):
            what, kind, offset, n_bytes = struct.unpack("<ccQI", head)
            data = file.read(n_bytes)
            if what == b"S" or kind == b"w" and what != b"W":
                rows.end(False)
                log = Log(rows)
            elif what == b"W" and kind == b"w":
                log.write(offset, data)
            elif what == b"W" and kind == b"d":
                rows.page(offset // PAGE + 1, data)  # checkpoints bring nothing new
                rows.end(True)
            elif what == b"W" and kind == b"r":
                root[offset:offset + n_bytes] = data
                if not roots or roots[-1] != root:
                    roots.append(bytes(root))
    rows.end(False)
    return rows, roots
