"""What the tests of the command line share: a folder of their own, the program as it was built, and
sound to put in. Each test program ends with e2e.main(), which fails when nothing was tested."""

import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = pathlib.Path(os.environ.get("top_srcdir", pathlib.Path(__file__).parents[2])).resolve()
BUILD = pathlib.Path(os.environ.get("top_builddir", SOURCE / "build")).resolve()
VOICES = pathlib.Path("/usr/share/sounds/alsa")
VOICE = VOICES / "Front_Center.wav"
VOICE_MS = 1428
PURPOSES = ("execute_request", "transmit_for_execution", "keep_history", "human_review",
            "improve_by_machine", "develop_new_features", "on_device_adaptation",
            "speaker_identification", "profile_for_content_or_ads", "false_wake_analysis",
            "diagnose_fault", "safety_or_abuse", "legal_obligation", "donation", "train_third_party")
STORABLE = ("keep_history", "human_review", "improve_by_machine", "develop_new_features",
            "on_device_adaptation", "diagnose_fault", "donation", "train_third_party")
ID = re.compile(r"[0-9a-f]{32}")

os.environ["LD_LIBRARY_PATH"] = ":".join(
    filter(None, (str(BUILD / ".libs"), os.environ.get("LD_LIBRARY_PATH"))))

# A shell lets what it starts in the background ignore this, and children inherit it.
signal.signal(signal.SIGINT, signal.default_int_handler)


def built(path):
    """A program as it was built. Where libtool put a script before it, to find the library, it is the program
    behind that: a shell for each start would be most of what these tests wait for."""
    path = BUILD / path
    if path.exists() and path.read_bytes()[:2] == b"#!":
        return path.parent / ".libs" / path.name
    return path


TOOL = built("tools/voicepriv")


def tone(n_frames, rate_hz=16000, period_frames=40):
    """16-bit mono frames of a buzz: loud, cheap to make, and never silent."""
    del rate_hz
    wave = b"".join(struct.pack("<h", (index * 50000 // period_frames) % 50000 - 25000)
                    for index in range(period_frames))
    return (wave * (n_frames // period_frames + 1))[:2 * n_frames]


def wav(data, rate_hz=16000, n_channels=1, n_bits=16, kind=1, claim=None):
    """A WAV file; claim lies about the length of its data."""
    n_bytes = len(data) if claim is None else claim
    frame = n_channels * n_bits // 8
    head = struct.pack("<4sHHIIHH", b"WAVE", 0, 0, 0, 0, 0, 0)[:4]
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, kind, n_channels, rate_hz,
                      rate_hz * frame & 0xffffffff, frame & 0xffff, n_bits)
    return (struct.pack("<4sI", b"RIFF", min(n_bytes + 36, 0xffffffff)) + head + fmt
            + struct.pack("<4sI", b"data", n_bytes) + data)


def floats(*samples):
    """Float samples as bytes."""
    return struct.pack(f"<{len(samples)}f", *samples)


class Case(unittest.TestCase):
    """A test in an empty folder."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="voicepriv-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.vault = "home.vault"

    def path(self, name):
        """A file in the folder."""
        return self.folder / name

    def put(self, name, content):
        """Make a file."""
        self.path(name).write_bytes(content)
        return name

    def run_tool(self, *words, code=0, **more):
        """Run the command; its exit code must be as given. Output comes back as bytes or text."""
        more.setdefault("text", True)
        more.setdefault("stdin", subprocess.DEVNULL if "input" not in more else None)
        if more["stdin"] is None:
            del more["stdin"]
        env = {**os.environ, **more.pop("env", {})}
        done = subprocess.run([TOOL, *map(str, words)], cwd=self.folder, capture_output=True,
                              timeout=120, check=False, env=env, **more)
        self.assertEqual(done.returncode, code, f"{words}: {done.stdout!r} {done.stderr!r}")
        return done

    def out(self, *words, **more):
        """What the command prints, without the last newline."""
        return self.run_tool(*words, **more).stdout.rstrip("\n")

    def start_tool(self, *words, **more):
        """Start the command and leave it running; it is ended with the test."""
        process = subprocess.Popen([TOOL, *map(str, words)], cwd=self.folder,
                                   stdout=subprocess.PIPE, stderr=more.pop("stderr", subprocess.PIPE),
                                   **more)
        self.addCleanup(self.end, process)
        return process

    def wait_until_it_catches_signals(self, process):
        """Until the program itself, not libtool's script, handles SIGINT."""
        while not self._catches_signals(process.pid):
            self.assertIsNone(process.poll(), "it ended before it caught signals")
            time.sleep(0.005)

    @staticmethod
    def _catches_signals(pid):
        status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        caught = int(re.search(r"^SigCgt:\s*([0-9a-f]+)$", status, re.M)[1], 16)
        program = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
        return bool(caught & 1 << signal.SIGINT - 1) and "voicepriv" in program

    def shim(self, words):
        """An environment in which some calls of the system fail; see shim.c."""
        library = self.folder.parent / f"{self.folder.name}.so"
        subprocess.run(shlex.split(os.environ.get("CC", "cc")) + [
            "-shared", "-fPIC", "-o", library, SOURCE / "tests/e2e/shim.c", "-ldl"], check=True)
        self.addCleanup(library.unlink, missing_ok=True)
        options = os.environ.get("ASAN_OPTIONS", "")
        return {"LD_PRELOAD": str(library), "SHIM": words,
                "ASAN_OPTIONS": f"{options}:verify_asan_link_order=0".lstrip(":")}

    @staticmethod
    def end(process):
        """End a program that was started, and wait until it is gone."""
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream and not stream.closed:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass

    def refused(self, code, says, *words, **more):
        """The command fails with this code, names what was wrong, and prints nothing else."""
        done = self.run_tool(*words, code=code, **more)
        self.assertEqual(done.stdout, "", words)
        self.assertRegex(done.stderr, r"^voicepriv: ")
        for part in (says,) if isinstance(says, str) else says:
            self.assertIn(part, done.stderr)
        return done

    def json(self, *words):
        """One JSON document and nothing else."""
        return json.loads(self.out(*words, "--json"))

    def make_vault(self, *consents, name="Ada", init=()):
        """A vault with one person in it who consents to some purposes; gives their id."""
        self.run_tool("init", self.vault, *init)
        return self.add_person(*consents, name=name)

    def add_person(self, *consents, name="Ada"):
        """Another person."""
        subject = self.out("subject", "add", self.vault, "--name", name)
        self.assertRegex(subject, ID)
        for purpose in consents:
            self.consent("give", subject, purpose)
        return subject

    def consent(self, what, subject, purpose, *more, code=0):
        """A word of a person on a purpose."""
        return self.run_tool("consent", what, self.vault, "--subject", subject, "--purpose",
                             purpose, *more, code=code)

    def record(self, subject, *more, sound=VOICE, retention="90d"):
        """A recording's id."""
        recording = self.out("record", self.vault, "--subject", subject, "--input",
                             f"file:{sound}", "--retention", retention, *more)
        self.assertRegex(recording, f"^{ID.pattern}$")
        return recording

    def export(self, recording, output="out.opus", *more, purpose="keep_history", code=0):
        """Write a recording to a file in the folder."""
        return self.run_tool("export", self.vault, recording, "--purpose", purpose, "--output",
                             output, *more, code=code)

    def length_ms(self, name):
        """How long an exported file plays, as opusdec and sox see it."""
        path = self.path(name)
        if path.suffix == ".opus":
            decoded = path.with_suffix(".decoded.wav")
            subprocess.run(["opusdec", "--quiet", path, decoded], check=True, capture_output=True)
            path = decoded
        seconds = subprocess.run(["soxi", "-D", path], check=True, capture_output=True, text=True)
        return round(float(seconds.stdout) * 1000)

    def files(self):
        """Names of everything in the folder."""
        return sorted(path.name for path in self.folder.iterdir())


def main():
    """Run every test of the program; none at all is a failure."""
    if not TOOL.exists():
        sys.exit(f"{TOOL} is not built")
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    if suite.countTestCases() == 0:
        sys.exit("no test was found")
    result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(suite)
    if result.testsRun == 0 or result.skipped:
        sys.exit("nothing was tested, or something was skipped")
    sys.exit(0 if result.wasSuccessful() else 1)
