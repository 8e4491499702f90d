"""What the tests for secrets in memory, cores and swap share: a process that records planted sound, what must
not be found of it, and the search.

The process is tests/fault/planter, the search tests/fault/plants. Every key comes from the independent
reader of the format: the root key, the keyring's, every key in the tree, each recording's, those derived
from them; and so do the packets."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
SOURCE = pathlib.Path(os.environ.get("top_srcdir", pathlib.Path(__file__).parents[2])).resolve()
BUILD = pathlib.Path(os.environ.get("top_builddir", SOURCE / "build")).resolve()
sys.path.insert(0, str(SOURCE / "tests" / "vectors"))
import reader  # noqa: E402

PLANTS = BUILD / "tests" / "fault" / "plants"
PLANTER = BUILD / "tests" / "fault" / "planter"
SHORT, LONG, LEAKED, MARKER = 7, 8, 9, 10
ROOT_LABELS = ("root: key tree", "root: next root", "root: head")
LEAF_LABELS = ("subject: person", "subject: consents", "consent: record", "recording: header",
               "recording: wraps", "derivative: shelf")
DERIVATIVE_LABELS = ("derivative: block key", "derivative: block nonce")
RECORDING_LABELS = ("recording: block key", "recording: block nonce")
CHUNK = 1 << 20


class Vault(reader.Vault):
    """Remembers the keys of the recordings, and of what was made from them, that it opens."""

    def open_derivatives(self, recording, branch, purpose):
        """Those made for it, and their keys."""
        super().open_derivatives(recording, branch, purpose)
        for entry in recording["derivatives"]:
            key = reader.open_derivative_wrap((purpose, entry["wraps"][purpose]), branch,
                                               self.secrets[purpose], self.vault_id,
                                               recording["id"], entry)
            names = self.vault_id + recording["id"] + entry["id"]
            self.made = getattr(self, "made", []) + [
                (key, branch, reader.derive(branch, "derivative: wrap", names),
                 entry["opens"][purpose])]

    def recording_key(self, recording, inner, purpose):
        """A recording's key."""
        key = super().recording_key(recording, inner, purpose)
        self.recording_keys = getattr(self, "recording_keys", {}) | {recording["row"]: key}
        return key


def secrets_of(folder):
    """name: bytes of every key, and of the packets."""
    root = reader.parse_root_file((folder / "home.root").read_bytes())
    ring = reader.parse_keyring((folder / "home.keyring").read_bytes())
    vault = Vault(folder / "home.vault", root, [ring])
    keys = {"root": root["key"]}
    keys |= {f"purpose-{purpose}": key for purpose, key in ring["secret"].items()}
    keys |= {f"leaf-{slot}": key for slot, key in vault.tree.leaves.items()}
    keys |= {f"recording-{row}": key for row, key in vault.recording_keys.items()}
    for key, branch, wrap, _ in vault.made:
        keys |= {"derivative": key, "branch": branch, "branch:wrap": wrap}
    for labels, prefix in ((ROOT_LABELS, "root"), (LEAF_LABELS, "leaf"),
                           (RECORDING_LABELS, "recording"), (DERIVATIVE_LABELS, "derivative")):
        for name in [name for name in keys if name.partition("-")[0] == prefix]:
            keys |= {f"{name}:{label.replace(' ', '_')}": reader.derive(keys[name], label)
                     for label in labels}
    found = {f"{name}/{half}": key[half:half + 16] for name, key in keys.items()
             for half in (0, 16)}
    n_packets = 0
    for recording in vault.recordings:
        for blocks in recording["opens"].values():
            for _, entries in blocks:
                for packet in entries:
                    if isinstance(packet, bytes) and len(packet) >= 40:
                        found[f"packet-{recording['row']}-{n_packets}"] = packet[8:40]
                        n_packets += 1
    for n, (*_, content) in enumerate(vault.made):
        found |= {f"content-{n}-{at}": content[at:at + 32] for at in (0, 1000, 4000, 5960)}
    assert len(keys) > 40 and n_packets > 100, (len(keys), n_packets)
    assert len(vault.recording_keys) >= 3, vault.recording_keys
    return {name: data for name, data in found.items() if data.strip(b"\0")}


class Case(unittest.TestCase):
    """A test with a folder of its own and a process that records."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="voicepriv-forgetting-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def start(self, how, until):
        """The process, in a folder of its own, when it has come so far."""
        folder = self.folder / f"{how}-{until}"
        folder.mkdir()
        for name, piece, rate in (("short", SHORT, 48000), ("long", LONG, 16000)):
            with open(folder / f"{name}.wav", "wb") as file:
                subprocess.run([PLANTS, "wav", str(piece), str(rate)], stdout=file, check=True)
        process = subprocess.Popen([PLANTER, folder, how, until], text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(self.end, process)
        self.assertEqual(process.stdout.readline(), until + "\n")
        return process, folder

    @staticmethod
    def end(process):
        """Whatever happened, it is gone."""
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()

    def snapshot(self, process):
        """The whole memory of a process in a file; where each part of that lies."""
        path, areas = self.folder / f"memory-{process.pid}", []
        with open(f"/proc/{process.pid}/maps", encoding="utf-8") as maps, \
                open(f"/proc/{process.pid}/mem", "rb", buffering=0) as memory, \
                open(path, "wb") as file:
            for line in maps:
                start, stop, rights, name = re.match(
                    r"(\w+)-(\w+) (\S+) \S+ \S+ \S+ *(.*)", line).groups()
                if rights[0] != "r" or name in ("[vvar]", "[vvar_vclock]", "[vsyscall]"):
                    continue
                start, stop = int(start, 16), int(stop, 16)
                areas.append((file.tell(), start, f"{rights} {name}"))
                try:
                    while start < stop:
                        memory.seek(start)
                        data = memory.read(min(CHUNK, stop - start))
                        file.write(data)
                        start += len(data)
                except OSError:  # a file that is shorter than its mapping
                    pass
        return path, areas

    def search(self, path, secrets, areas=()):
        """What is found of it, as it is told; names of what was found."""
        lines = subprocess.run(
            [PLANTS, "search", path], check=True, text=True, capture_output=True,
            input="".join(f"{name} {data.hex()}\n" for name, data in secrets.items())).stdout
        found, told = set(), []
        *findings, summary = lines.splitlines()
        self.assertRegex(summary, r"^searched \d+ ")
        self.assertGreater(int(summary.split()[1]), 1 << 20, "that was not much to search")
        for line in findings:
            words = line.split()
            found.add(words[0])
            inside = [area for area in areas if area[0] <= int(words[-1])][-1:]
            told.append(" ".join(words[:-2] + [f"at {words[-1]}"] + [area[2] for area in inside]))
        self.assertEqual(int(summary.split()[-1]) > 0, bool(found))
        return found, "\n".join(told)

    def judge(self, how, path, secrets, areas=()):
        """The marker; in the leaky one what it leaks too; nothing else."""
        found, told = self.search(path, secrets, areas)
        wanted = {str(MARKER)}
        if how == "leaky":
            wanted |= {str(LEAKED), "root/0", "root/16"}
        self.assertLessEqual(wanted, found, f"{how}: the search does not find what is there")
        self.assertEqual(found, wanted,
                         f"{how}: {len(found - wanted)} secrets where they must not be:\n{told}")


def main():
    """Run the tests of the program; none is a failure."""
    result = unittest.main(exit=False, verbosity=2).result
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)
