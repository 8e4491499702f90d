"""What may open at the end of a scripted life (attacked.c), from what was told of it and the rules that are
promised; and whether an attacker (attacker.py) opens exactly that."""

import hashlib
from collections import defaultdict

import reader

IMPROVE, IMPROVE_US = 4, 72 * 3600 * 10**6
FOREVER_US = 2**63 - 1
TERMS_US = (48 * 3600 * 10**6, 90 * 86400 * 10**6)


class Recording:
    """What it may open for, and what it could once."""

    def __init__(self, line, purposes, started_us, expires_us, speakers):
        self.line, self.now, self.once = line, set(purposes), set(purposes)
        self.started_us, self.expires_us, self.speakers = started_us, expires_us, set(speakers)
        self.how, self.is_cut = "living", False

    def end(self, how):
        """For good."""
        self.now, self.how = set(), how


class Life:
    """The rules, line by line."""

    def __init__(self, path):
        self.recordings, self.sealed = {}, defaultdict(dict)
        self.names, self.consents = {}, {}   # of those who are there; (subject, purpose): (line, past)
        self.forgotten, self.rejected, self.tokens = {}, set(), {}
        self.doubts = set()  # nobody was told how these came out
        self.counts = defaultdict(int)
        begun, killed = {}, 0
        for number, line in enumerate(path.read_text().splitlines()):
            head, *words = line.split()
            if head == "seals":
                self.sealed[words[0]].setdefault(int(words[1]), set()).add(words[2])
                begun[words[0]] = number
            elif head == "again":
                killed = number
            elif head == "now" and words[2] == "1":
                self.reopened(*words[:2])
            elif head == "did" and words[0] != "not":
                self.counts[words[0]] += 1
                getattr(self, words[0])(number, *words[1:])
                if words[0] == "record":
                    self.recordings[words[1]].is_cut = begun.get(words[1], 0) < killed

    def begin(self, _):
        """Nobody is there."""

    def pause(self, _):
        """Over before anything else happened."""

    def past(self, _, subject, purpose):
        """What it opened is told by lines of its own."""

    def reopened(self, name, purpose):
        """By a consent that covers the past; everybody must have one."""
        recording, purpose = self.recordings[name], int(purpose)
        assert recording.how == "living"
        assert all((s, purpose) in self.consents for s in recording.speakers), "opened without consent"
        recording.now.add(purpose)
        recording.once.add(purpose)

    def person(self, _, name, subject):
        """Moves in."""
        self.names[subject] = name

    def give(self, number, subject, purpose, past, _):
        """From now on, or for the past too."""
        self.consents[subject, int(purpose)] = (number, past == "1")

    def withdraw(self, _, subject, purpose):
        """Reaches back, for all recordings they speak in."""
        del self.consents[subject, int(purpose)]
        for recording in self.recordings.values():
            if subject in recording.speakers:
                recording.now.discard(int(purpose))

    def forget(self, _, subject):
        """With everything."""
        self.forgotten[subject] = self.names.pop(subject)
        self.consents = {k: v for k, v in self.consents.items() if k[0] != subject}
        for recording in self.recordings.values():
            if subject in recording.speakers:
                recording.end("of a person who was erased")

    def record(self, number, name, purposes, started_us, expires_us, *speakers):
        """For what everybody in it allows."""
        allowed = {p for p in range(32) if all((s, p) in self.consents for s in speakers)}
        told = {p for p in range(32) if int(purposes) >> p & 1}
        assert told == allowed, f"{name} was taken for {told}, allowed were {allowed}"
        started_us, expires_us = int(started_us), int(expires_us)
        assert expires_us == FOREVER_US or expires_us - started_us in TERMS_US
        self.recordings[name] = Recording(number, told, started_us, expires_us, speakers)

    def reject(self, _, name):
        """Was not meant."""
        self.rejected.add(name)

    def lose(self, _, what, *words):
        """Begun when the kill came, and not there afterwards, or nobody knows."""
        if what == "derive":
            self.doubts.add(words[2])
        elif what == "record" and words[0] not in self.recordings:
            self.doubts.add(words[0])

    def erase(self, _, *names):
        """One or several."""
        self.counts["erased"] += len(names)
        for name in names:
            self.recordings[name].end("erased")

    def expire(self, _, now_us):
        """What has run out, and purposes with a shorter term."""
        for recording in self.recordings.values():
            if recording.expires_us <= int(now_us):
                recording.end("expired")
            elif recording.started_us + IMPROVE_US <= int(now_us):
                recording.now.discard(IMPROVE)

    def speaker(self, _, name, subject, now_us):
        """Somebody else speaks: only what they allow for that time stays."""
        recording = self.recordings[name]
        if subject == "guest":
            recording.end("with a guest")
            return
        for purpose in list(recording.now):
            given = self.consents.get((subject, purpose))
            is_over = purpose == IMPROVE and recording.started_us + IMPROVE_US <= int(now_us)
            if not given or is_over or not (given[1] or given[0] < recording.line):
                recording.now.discard(purpose)
        recording.speakers.add(subject)

    def derive(self, _, name, purpose, token, identity):
        """A transcript, for one purpose."""
        self.tokens[token] = (name, int(purpose), identity)

    def underive(self, _, __, token):
        """That one alone."""
        name, _, identity = self.tokens[token]
        self.tokens[token] = (name, None, identity)


def hashes(plains):
    """As they were told."""
    return {hashlib.blake2b(plain, digest_size=32).hexdigest() for plain in plains}


def judge_recordings(life, attacker):
    """Sound. One that was confirmed, and lost because the kill came in the middle, may open or not."""
    for name in sorted({*life.sealed, *life.recordings} - life.doubts):
        recording = life.recordings.get(name)
        opened = attacker.purposes.get(bytes.fromhex(name), set())
        wanted = recording.now if recording else set()
        how = recording.how if recording else "never confirmed"
        if opened - wanted:
            yield f"{name} ({how}) opens for {sorted(opened - wanted)}"
        if wanted - opened:
            yield f"the attacker is blind: {name} does not open for {sorted(wanted - opened)}"
        for sequence, told in life.sealed[name].items() if wanted and opened else ():
            found = hashes(attacker.blocks[bytes.fromhex(name)].get(sequence, ()))
            if not found and recording.is_cut and sequence == max(life.sealed[name]):
                continue  # the kill came before it was written
            if not found or not found <= told:
                yield f"block {sequence} of {name} is not what was sealed"


def judge_headers(life, attacker):
    """What describes sound that is gone."""
    for name in {row[2].hex() for row, sealed in attacker.headers if sealed.plain is not None}:
        recording = life.recordings.get(name)
        if recording and recording.how not in ("living",):
            yield f"the header of {name} ({recording.how}) opens"


def judge_derivatives(life, attacker):
    """What was made from it."""
    found = {text.decode() for text in attacker.contents.values()}
    for token, (name, purpose, _) in life.tokens.items():
        is_open = purpose in life.recordings[name].now
        if (token in found) != is_open:
            yield f"{token}, made from {name}, {'is closed' if is_open else 'opens'}"
    if found - set(life.tokens) - life.doubts:
        yield "texts open that nobody wrote"


def judge_people(life, attacker):
    """Names, consents, and what the log says of them."""
    words = list(attacker.words())
    for subject, name in life.forgotten.items():
        told = {label for label, plain in words if name.encode() in plain}
        told |= {label for label, plain in words if bytes.fromhex(subject) in plain and
                 label.startswith("consent")}
        told |= {f"log entry {i} of kind {entry['kind']}" for i, entry in (
            (i, reader.parse_entry(plain)) for i, plain in attacker.entries.items())
                 if entry["subject"].hex() == subject}
        if told:
            yield f"of {name}, who was erased: {sorted(told)}"
    for subject, name in life.names.items():
        if not any(name.encode() in plain for label, plain in words if label == "subject: person"):
            yield f"the attacker is blind: the name of {name} does not open"
        if not any(bytes.fromhex(subject) in plain for label, plain in words
                   if label == "consent: record"):
            yield f"the attacker is blind: no consent of {name} opens"
    if not attacker.entries:
        yield "the attacker is blind: no log entry opens"


def judge(life, attacker):
    """What is wrong, in words."""
    return [*judge_recordings(life, attacker), *judge_headers(life, attacker),
            *judge_derivatives(life, attacker), *judge_people(life, attacker)]
