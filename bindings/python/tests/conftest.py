"""What the tests share: real speech, and vaults that agree to being used."""

from __future__ import annotations

import pathlib
import sys
import threading
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

import voicepriv as vp

VOICES = pathlib.Path("/usr/share/sounds/alsa")
SPEECH = VOICES / "Front_Center.wav"
OTHER_SPEECH = VOICES / "Rear_Left.wav"
NOTICE = vp.Notice("history", "1", "en", "We keep what you say, for you alone.")
START = datetime(2025, 3, 1, 12, tzinfo=UTC)


def speech_frames(path: pathlib.Path = SPEECH) -> tuple[bytes, int]:
    """Mono s16 frames of a real voice, and their rate."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.readframes(file.getnframes()), file.getframerate()


@dataclass
class Home:
    """A vault with one person in it, and all that belongs to it."""

    folder: pathlib.Path
    root: vp.RootStore
    vault: vp.Vault
    keyring: vp.Keyring
    ada: vp.SubjectId
    clock: vp.ManualClock

    def consent(self, *purposes: vp.Purpose, **evidence: object) -> None:
        """Ada says yes."""
        for purpose in purposes or (vp.Purpose.KEEP_HISTORY,):
            self.vault.give_consent(self.ada, purpose, notice="history", **evidence)

    def record(self, path: pathlib.Path = SPEECH, **config: object) -> vp.Outcome:
        """Record a file of speech."""
        fields: dict[str, object] = {
            "subjects": [self.ada], "all_identified": True, "retention": vp.Retention.DAYS_90}
        fields.update(config)
        with vp.Source.file(path) as source, vp.Recorder(self.vault, source, **fields) as recorder:
            return recorder.run(vp.TriggerKind.BUTTON)

    def open(self, recording: vp.RecordingId | None,
             purpose: vp.Purpose = vp.Purpose.KEEP_HISTORY) -> vp.Reader:
        """Open a recording."""
        assert recording is not None
        return self.vault.open_recording(self.keyring, recording, purpose, actor="the test")


@pytest.fixture
def home(tmp_path: pathlib.Path) -> Iterator[Home]:
    """A new vault by a clock that stands, with Ada, who was asked nothing."""
    clock = vp.ManualClock(START)
    with vp.RootStore.file(tmp_path / "home.root") as root:
        vault, keyring = vp.Vault.create(tmp_path / "home.vault", root, clock=clock)
        with vault, keyring:
            ada = vault.add_subject("Ada")
            vault.add_notice(NOTICE)
            yield Home(tmp_path, root, vault, keyring, ada, clock)


@pytest.fixture
def spoken(home: Home) -> Home:
    """The same, and Ada agreed to her history being kept."""
    home.consent()
    return home


@pytest.fixture
def failures() -> Iterator[list[vp.CallbackFailure]]:
    """What goes to the hook for exceptions in callbacks."""
    told: list[vp.CallbackFailure] = []
    before = vp.set_callback_hook(told.append)
    yield told
    vp.set_callback_hook(before)


PYTHON = sys.executable


def live(home: Home, **config: object) -> tuple[vp.PushSource, vp.Recorder]:
    """A started recorder and its source."""
    source = vp.PushSource(48000, 1)
    recorder = vp.Recorder(home.vault, source, subjects=[home.ada], all_identified=True,
                           retention=vp.Retention.DAYS_90, **config)
    recorder.start()
    return source, recorder


def push_speech(source: vp.PushSource) -> int:
    """All of a real voice, as fast as it is taken."""
    frames, _ = speech_frames()
    at, step = 0, 2 * 960
    while at < len(frames):
        if source.space < 960:
            time.sleep(0.002)
            continue
        assert source.write(frames[at:at + step]) == len(frames[at:at + step]) // 2
        at += step
    return len(frames) // 2


# ---- Results for scripts/test, and which functions of C were really called ----

def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--trs", metavar="FILE", help="write results the way automake does")
    parser.addoption("--reached", action="store_true",
                     help="fail unless every function of the library was called")


_results: dict[str, str] = {}
_called: set[str] = set()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """The worst that any phase of a test came to. Nothing may be skipped."""
    result = {"passed": "PASS", "failed": "FAIL", "skipped": "SKIP"}[report.outcome]
    if _results.get(report.nodeid, "PASS") == "PASS":
        _results[report.nodeid] = result


def _note(_frame: object, event: str, function: object) -> None:
    if event == "c_call":
        name = getattr(function, "__name__", "")
        if name.startswith("vpriv_"):
            _called.add(name)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--reached"):
        sys.setprofile(_note)
        threading.setprofile(_note)


def pytest_sessionfinish(session: pytest.Session) -> None:
    file = session.config.getoption("--trs")
    if session.config.getoption("--reached"):
        sys.setprofile(None)
        from test_package import INTERFACE, NOT_CALLED
        missing = {f.name for f in INTERFACE.functions} - _called - set(NOT_CALLED)
        _results["every function is called"] = "FAIL" if missing else "PASS"
        if missing:
            print(f"\nnever called: {', '.join(sorted(missing))}")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if file:
        pathlib.Path(file).write_text("".join(
            f":test-result: {result} {name}\n" for name, result in _results.items()))
