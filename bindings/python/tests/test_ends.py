"""Fork, and the end of the interpreter in the middle of things: an error or a defined end.

This file runs once more under AddressSanitizer (tests/run-asan).
"""

from __future__ import annotations

import gc
import os
import pathlib
import signal
import subprocess
import textwrap
import warnings
from collections.abc import Callable

import pytest
from conftest import PYTHON, SPEECH, Home, live, push_speech

import voicepriv as vp

KEEP = vp.Purpose.KEEP_HISTORY


def python(code: str, *arguments: object, expect: int = 0, timeout: float = 60) -> str:
    """Run a program of its own; its stdout. It may not die of a signal, nor say anything about
    memory."""
    done = subprocess.run(
        [PYTHON, "-X", "faulthandler", "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == expect, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "AddressSanitizer" not in done.stderr and "Fatal" not in done.stderr, done.stderr
    return done.stdout


# ---- Fork ----

def in_child(work: Callable[[], object]) -> str:
    """Do something in a forked child; what came of it."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pid = os.fork()
    if pid == 0:
        try:
            os.close(read)
            try:
                said = f"fine {work()!r}"
            except BaseException as error:
                said = type(error).__name__
            os.write(write, said.encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(pid, 0)
    assert status == 0, f"the child ended with {status}"
    return said


def test_a_child_of_fork_may_use_nothing(spoken: Home) -> None:
    recording = spoken.record().recording
    reader = spoken.open(recording)
    source, recorder = live(spoken)
    recorder.trigger()
    recorder.confirm()
    calls: list[Callable[[], object]] = [
        spoken.vault.about, spoken.vault.close, reader.read, reader.close, recorder.stop,
        recorder.close, lambda: recorder.state, lambda: source.write(b"\0\0"), source.close,
        spoken.keyring.close, spoken.root.close, lambda: spoken.keyring.purposes,
        spoken.vault.__enter__,
        # Nor open anything: SQLite and locks of the parent are still in its memory.
        lambda: vp.Vault.open(spoken.folder / "home.vault", spoken.root),
        lambda: vp.RootStore.file(spoken.folder / "other.root"), vp.PushSource,
        lambda: vp.Keyring.load(spoken.folder / "no")]
    for call in calls:
        assert in_child(call) == "ForkedError"
    assert in_child(lambda: vp.about_purpose(KEEP).name) == "fine 'keep_history'"
    assert in_child(gc.collect).startswith("fine")
    # The parent did not notice.
    n_frames = push_speech(source)
    outcome = recorder.stop()
    assert outcome.is_stored and outcome.n_frames_48k >= n_frames
    assert len(reader.read_all()) > 16000
    for handle in (reader, recorder, source):
        handle.close()
    assert spoken.vault.verify(spoken.keyring).is_well


def test_a_child_that_leaves_its_blocks_and_exits_closes_nothing(spoken: Home) -> None:
    out = python("""
        import os, sys, pathlib, voicepriv as vp
        folder = pathlib.Path(sys.argv[1])
        with vp.RootStore.file(folder / "b.root") as root:
            vault, keyring = vp.Vault.create(folder / "b.vault", root)
            with vault, keyring:
                pid = os.fork()
                if pid == 0:
                    sys.exit(0)  # through three blocks and atexit
                assert os.waitpid(pid, 0)[1] == 0
                vault.add_subject("Ada")
                assert vault.verify(keyring).is_well
        print("fine")
        """, spoken.folder)
    assert out == "fine\n"


def test_a_fork_before_the_first_handle_is_fine(tmp_path: pathlib.Path) -> None:
    out = python("""
        import os, sys, pathlib, voicepriv as vp
        pid = os.fork()
        if pid == 0:
            with vp.RootStore.file(sys.argv[1] + "/c.root") as root:
                vault, keyring = vp.Vault.create(sys.argv[1] + "/c.vault", root)
                with vault, keyring:
                    print(vault.about().n_recordings, flush=True)
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        """, tmp_path)
    assert out == "0\n"


# ---- The end of the interpreter ----

RECORDING = """
    import os, sys, threading, time, wave, pathlib, voicepriv as vp
    folder = pathlib.Path(sys.argv[1])
    with wave.open(sys.argv[2]) as file:
        frames = file.readframes(file.getnframes())
    root = vp.RootStore.file(folder / "e.root")
    vault, keyring = vp.Vault.create(folder / "e.vault", root)
    keyring.save(folder / "e.keyring")
    ada = vault.add_subject("Ada")
    vault.add_notice(vp.Notice("history", "1", "en", "We keep it."))
    vault.give_consent(ada, vp.Purpose.KEEP_HISTORY, notice="history")
    source = vp.PushSource(48000, 1, buffer=vp.capture.timedelta(seconds=5))
    def told(what):
        print(type(what).__name__, what, flush=True)
    recorder = vp.Recorder(vault, source, subjects=[ada], all_identified=True, retention="90d",
                           on_indicator=told, voice_gate=vp.VoiceGate.OFF)
    def push_forever():
        while True:
            source.write(frames[:19200])
            time.sleep(0.02)
    def begin():
        recorder.start()
        recorder.trigger(vp.TriggerKind.BUTTON)
        recorder.confirm()
        source.write(frames)
"""


def after_exit(folder: pathlib.Path) -> list[vp.RecordingInfo]:
    """What a program left, once everything in it was checked."""
    with vp.RootStore.file(folder / "e.root") as root, \
            vp.Vault.open(folder / "e.vault", root) as vault, \
            vp.Keyring.load(folder / "e.keyring") as keyring:
        assert vault.verify(keyring).is_well
        return vault.recordings()


def test_the_interpreter_ends_during_a_recording(tmp_path: pathlib.Path) -> None:
    out = python(RECORDING + """
    begin()
    threading.Thread(target=push_forever, daemon=True).start()
    time.sleep(0.2)
    """, tmp_path, SPEECH)
    (recording,) = after_exit(tmp_path)
    assert recording.end_reason is vp.EndReason.STOPPED  # closed in order, and durable
    assert recording.duration.total_seconds() > 1
    assert out.splitlines()[-1].endswith("OFF")  # and the lamp was told


@pytest.mark.parametrize("end", ["sys.exit(0)", "raise SystemExit(0)", "sys.exit()"])
def test_sys_exit_during_a_recording(tmp_path: pathlib.Path, end: str) -> None:
    python(RECORDING + f"""
    begin()
    {end}
    """, tmp_path, SPEECH)
    assert after_exit(tmp_path)[0].end_reason is vp.EndReason.STOPPED


def test_the_interpreter_ends_while_a_thread_runs_a_recording(tmp_path: pathlib.Path) -> None:
    python(RECORDING + """
    threading.Thread(target=push_forever, daemon=True).start()
    threading.Thread(target=recorder.run, args=[vp.TriggerKind.CONTINUOUS], daemon=True).start()
    while recorder.state is not vp.RecorderState.COMMITTED:
        time.sleep(0.01)
    time.sleep(0.3)
    """, tmp_path, SPEECH)
    assert len(after_exit(tmp_path)) == 1


def test_the_interpreter_ends_while_a_run_waits_for_sound(tmp_path: pathlib.Path) -> None:
    python(RECORDING + """
    import voicepriv._handle
    voicepriv._handle.EXIT_PATIENCE_S = 0.5
    threading.Thread(target=recorder.run, args=[vp.TriggerKind.CONTINUOUS], daemon=True).start()
    while recorder.state is not vp.RecorderState.COMMITTED:
        time.sleep(0.01)
    """, tmp_path, SPEECH)
    after_exit(tmp_path)


def test_the_interpreter_ends_while_callbacks_hang(tmp_path: pathlib.Path) -> None:
    python(RECORDING + """
    import voicepriv._handle
    voicepriv._handle.EXIT_PATIENCE_S = 0.5
    def hang(frames):
        time.sleep(1000)
    recorder.close()
    recorder = vp.Recorder(vault, source, subjects=[ada], all_identified=True, retention="90d",
                           on_frames=hang)
    begin()
    """, tmp_path, SPEECH)
    assert len(after_exit(tmp_path)) == 1


def test_exit_in_a_callback(tmp_path: pathlib.Path) -> None:
    """SystemExit on the events' thread is an exception like any other."""
    done = subprocess.run(
        [PYTHON, "-c", textwrap.dedent(RECORDING + """
    recorder.close()
    recorder = vp.Recorder(vault, source, subjects=[ada], all_identified=True, retention="90d",
                           on_frames=lambda frames: sys.exit(7))
    begin()
    time.sleep(0.2)
    """), str(tmp_path), str(SPEECH)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0 and "SystemExit" in done.stderr
    assert len(after_exit(tmp_path)) == 1


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), 9)", "os.abort()"])
def test_a_process_that_dies_leaves_what_was_sealed(tmp_path: pathlib.Path, end: str) -> None:
    done = subprocess.run(
        [PYTHON, "-c", textwrap.dedent(RECORDING + f"""
    begin()
    time.sleep(0.5)
    {end}
    """), str(tmp_path), str(SPEECH)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (0, -signal.SIGKILL, -signal.SIGABRT)
    assert all(r.end_reason is vp.EndReason.UNFINISHED for r in after_exit(tmp_path))


def test_control_c_ends_a_run(tmp_path: pathlib.Path) -> None:
    out = python(RECORDING + """
    import signal
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also when started to ignore it
    threading.Thread(target=push_forever, daemon=True).start()
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    try:
        recorder.run(vp.TriggerKind.CONTINUOUS)
    except KeyboardInterrupt:
        print("interrupted")
    """, tmp_path, SPEECH)
    assert "interrupted" in out
    assert len(after_exit(tmp_path)) == 1  # from a live source: kept up to there


def test_control_c_ends_a_list(spoken: Home) -> None:
    def interrupt(done: int, total: int) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            spoken.vault.backup(spoken.folder / "home.backup", progress=interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
