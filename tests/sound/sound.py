"""Real sound servers and virtual microphones for tests, private to each test.

Every server lives in a folder of the test's own (socket, HOME, XDG_RUNTIME_DIR), so that any number
of tests run side by side, and dies with the test: at its end, and also when the test itself is
killed. A server program that is not installed is a failure."""

import array
import ctypes
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import e2e  # noqa: E402

WAIT_S = 30
UNSUPPORTED, NOT_FOUND, DEVICE_LOST, LIMIT, IO = -16, -13, -19, -17, -4  # vpriv_status
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _die_with_parent():
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def until(condition, what, seconds=WAIT_S):
    """Wait until something is so, and give what it gave; never for ever."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"gave up waiting for {what}")
        time.sleep(0.02)


class Case(e2e.Case):
    """A test with a folder, an environment and processes of its own."""

    def setUp(self):
        super().setUp()
        environment = unittest.mock.patch.dict(os.environ)
        environment.start()
        self.addCleanup(environment.stop)
        # Whatever the caller's session has must not be met: neither its servers nor its settings.
        for name in list(os.environ):
            if name.startswith(("PULSE_", "PIPEWIRE_", "ALSA_", "XDG_", "DBUS_", "DISPLAY")):
                del os.environ[name]
        for name in ("run", "home"):
            self.path(name).mkdir(mode=0o700)
        os.environ.update({"XDG_RUNTIME_DIR": str(self.path("run")), "HOME": str(self.path("home")),
                           "XDG_STATE_HOME": str(self.path("home")),
                           "XDG_CONFIG_HOME": str(self.path("home")), "LC_ALL": "C.UTF-8"})

    def start(self, *words, **more):
        """Start a program that ends with the test at the latest."""
        if not shutil.which(str(words[0])):
            self.fail(f"{words[0]} is not there (scripts/setup installs the servers)")
        log = open(self.path(f"{pathlib.Path(words[0]).name}.log"), "ab")
        self.addCleanup(log.close)
        more = {"stdout": log, "stderr": log, "stdin": subprocess.DEVNULL, **more}
        process = subprocess.Popen([str(word) for word in words], cwd=self.folder,
                                   preexec_fn=_die_with_parent, **more)
        self.addCleanup(self.end, process)
        return process

    def recordings(self):
        """What records from the sound server: one line for each."""
        return self.say("pactl", "list", "short", "source-outputs").splitlines()

    def voice(self, *options):
        """Real speech as raw bytes: 48 kHz, mono, 16 bits, unless sox is told otherwise."""
        path = self.path("voice.raw")
        self.say("sox", e2e.VOICE, "-t", "raw", *(options or ("-e", "signed", "-b", "16")), path)
        return path.read_bytes()

    def play(self, *more):
        """Something else that is heard from the speaker: loud, for half a minute."""
        path = self.path("other.wav")
        self.say("sox", "-n", "-r", "48000", "-b", "16", "-c", "1", path, "synth", "30", "sawtooth",
                 "997", "gain", "-1")
        return self.start("paplay", "--device=spk", path, *more)

    def say(self, *words, check=True):
        """Run a program and give what it prints."""
        done = subprocess.run([str(word) for word in words], cwd=self.folder, capture_output=True,
                              text=True, timeout=WAIT_S, check=False)
        if check:
            self.assertEqual(done.returncode, 0, f"{words}: {done.stdout} {done.stderr}")
        return done.stdout.strip()

    def log(self, name):
        """What a program wrote."""
        return self.path(f"{name}.log").read_text(errors="replace")


class PulseAudio(Case):
    """PulseAudio with a speaker `spk`; microphones are pipes that the test writes into."""

    def setUp(self):
        super().setUp()
        socket = self.path("run") / "pa.sock"
        os.environ["PULSE_SERVER"] = f"unix:{socket}"
        self.server = self.start(
            "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--system=no",
            "--use-pid-file=no", "--disallow-exit=no", "--log-target=stderr",
            "-L", f"module-native-protocol-unix auth-anonymous=1 socket={socket}",
            "-L", "module-null-sink sink_name=spk rate=48000 channels=1 format=s16le")
        until(lambda: self.server.poll() is not None or (
            socket.exists() and "spk" in self.say("pactl", "list", "short", "sinks", check=False)),
            "PulseAudio")
        self.assertIsNone(self.server.poll(), "PulseAudio ended")

    def add_microphone(self, name="mic", rate_hz=48000, n_channels=1, sample_format="s16le"):
        """A microphone; gives its module's number and the pipe to write to."""
        fifo = self.path(f"{name}.fifo")
        module = self.say("pactl", "load-module", "module-pipe-source", f"source_name={name}",
                          f"file={fifo}", f"format={sample_format}", f"rate={rate_hz}",
                          f"channels={n_channels}")
        return module, fifo

    def set_default(self, source):
        """Choose the microphone that recordings without a name get."""
        self.say("pactl", "set-default-source", source)


class Talker:
    """Somebody who speaks into a pipe, as fast as people do: 48 kHz, mono, 16 bits, if nothing else is
    said."""

    def __init__(self, case, fifo, data, bytes_per_s=96000):
        self.data, self.bytes_per_s, self.n_said, self.quiet = data, bytes_per_s, 0, False
        # For both ways and never waiting: nobody may be listening.
        self.pipe = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
        self.thread = threading.Thread(target=self._speak, daemon=True)
        self.thread.start()
        case.addCleanup(self.stop)

    def _speak(self):
        begin = time.monotonic()
        piece = self.bytes_per_s // 100
        while not self.quiet and self.n_said < len(self.data):
            try:
                self.n_said += os.write(self.pipe, self.data[self.n_said:self.n_said + piece])
            except BlockingIOError:
                time.sleep(0.01)
            time.sleep(max(0, begin + self.n_said / self.bytes_per_s - time.monotonic()))

    def stop(self):
        """Be quiet."""
        self.quiet = True
        self.thread.join()
        if self.pipe is not None:
            os.close(self.pipe)
        self.pipe = None


class PipeWire(Case):
    """PipeWire with its session manager and its PulseAudio server, a speaker and microphones."""

    def setUp(self):
        super().setUp()
        run = self.path("run")
        os.environ["PULSE_SERVER"] = f"unix:{run}/pulse/native"
        os.environ["PIPEWIRE_RUNTIME_DIR"] = str(run)
        bus = self.path("bus")
        self.start("dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address=unix:path={bus}")
        until(bus.exists, "D-Bus")
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={bus}"
        self.pipewire = self.start("pipewire")
        until((run / "pipewire-0").exists, "PipeWire")
        self.start("wireplumber")
        self.pulse = self.start("pipewire-pulse")
        until((run / "pulse" / "native").exists, "PipeWire's PulseAudio server")
        self.add_node("spk", "Audio/Sink")
        self.add_node("mic", "Audio/Source/Virtual")
        until(lambda: {"spk.monitor", "mic"} <= set(self.sources()), "the virtual devices")
        # Devices can be there before the session manager is; only then a default can be chosen.
        until(lambda: self.say("pactl", "get-default-source") == "mic", "the session manager")

    def add_node(self, name, media_class):
        """A virtual device."""
        self.say("pw-cli", "create-node", "adapter",
                 "{ factory.name=support.null-audio-sink node.name=%s media.class=%s "
                 "object.linger=true audio.position=[MONO] audio.rate=48000 }" % (name, media_class))

    def speak_into(self, path, node):
        """Play a sound file into a microphone; gives the player."""
        player = self.start("pw-play", "--target=0", path)
        until(lambda: "pw-play:output_MONO" in self.say("pw-link", "-o", check=False), "the player")
        self.say("pw-link", "pw-play:output_MONO", f"{node}:input_MONO")
        return player

    def sources(self):
        """Names of the sources that the PulseAudio server shows."""
        listing = self.say("pactl", "list", "short", "sources", check=False)
        return [line.split("\t")[1] for line in listing.splitlines()]

    def remove_node(self, name):
        """Take a virtual device away."""
        self.say("pw-cli", "destroy", name)

    def set_default(self, source):
        """Choose the microphone that recordings without a name get."""
        self.say("pactl", "set-default-source", source)
        until(lambda: self.say("pactl", "get-default-source") == source, "the default source")


class Recording:
    """The program `capture` at work; see capture.c for what it says."""

    def __init__(self, case, source, *options):
        self.case = case
        self.path = case.path("captured.raw")
        self.process = case.start(e2e.BUILD / "tests/sound/capture", source, self.path, *options,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.said = []
        self.name, sample_format, rate_hz, n_channels = self.wait("open")
        self.sample_format, self.rate_hz = int(sample_format), int(rate_hz)
        self.n_channels = int(n_channels)

    def tell(self, *words):
        """Give it orders."""
        self.process.stdin.write("".join(f"{word}\n" for word in words).encode())

    def wait(self, word, seconds=WAIT_S):
        """What it says after this word, the next time; what comes before is kept in `said`."""
        end = time.monotonic() + seconds
        line = b""
        while time.monotonic() < end:
            if select.select([self.process.stdout], [], [], 0.1)[0]:
                byte = self.process.stdout.read(1)
                if not byte:
                    break
                line += byte
                if byte == b"\n":
                    words = line.decode().split()
                    self.said.append(words)
                    if words[0] == word:
                        return words[1:]
                    line = b""
        raise AssertionError(f"no '{word}' came: {self.said} {self.case.log('capture')}")

    def start(self):
        """Begin, and be sure that it did."""
        self.tell("start")
        self.wait("started")
        return self

    def stop(self):
        """End; gives where it stands and how full the queue ever was."""
        self.tell("stop")
        return [int(word) for word in self.wait("stopped")]

    def gaps(self):
        """(where, how long) of every gap so far."""
        return [(int(words[1]), int(words[2])) for words in self.said if words[0] == "gap"]

    def bytes(self):
        """Everything that was captured."""
        return self.path.read_bytes()

    def numbers(self):
        """The samples of the first channel, of 16 or 32-bit integers."""
        samples = array.array({1: "h", 3: "i"}[self.sample_format], self.bytes())
        return samples[::self.n_channels]


def refusal(case, source, *options):
    """(status, text) with which a source is not opened."""
    done = subprocess.run([e2e.BUILD / "tests/sound/capture", source, case.path("none.raw"), *options],
                          capture_output=True, text=True, timeout=WAIT_S, check=False,
                          stdin=subprocess.DEVNULL)
    case.assertEqual(done.returncode, 1, f"{source}: {done.stdout} {done.stderr}")
    case.assertEqual(done.stderr, "", "the sound library speaks for itself")
    words = done.stdout.split(maxsplit=2)
    case.assertEqual(words[0], "failed")
    return int(words[1]), words[2].strip()


main = e2e.main
