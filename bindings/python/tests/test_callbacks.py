"""Callbacks that raise, are slow, go away or close what called them: no crash, and nothing is lost.

This file runs once more under AddressSanitizer (tests/run-asan).
"""

from __future__ import annotations

import gc
import io
import pathlib
import threading
import time
from datetime import timedelta

import pytest
from conftest import NOTICE, Home, live, push_speech, speech_frames

import voicepriv as vp

KEEP = vp.Purpose.KEEP_HISTORY


# ---- Exceptions in callbacks ----

class Failure(Exception):
    """Ours."""


def test_a_callback_that_raises_does_not_stop_a_recording(
        spoken: Home, failures: list[vp.CallbackFailure]) -> None:
    def fail(*_: object) -> None:
        raise Failure

    source, recorder = live(spoken, on_event=fail, on_indicator=fail, on_frames=fail,
                            on_progress=fail)
    recorder.trigger(vp.TriggerKind.BUTTON)
    recorder.confirm()
    n_frames = push_speech(source)
    source.end()
    outcome = recorder.stop()
    recorder.close()
    source.close()
    assert outcome.is_stored and abs(outcome.n_frames_48k - n_frames) <= 3  # at 16 kHz
    assert len(failures) > 5
    assert all(isinstance(f.error, (Failure, vp.DroppedEvents)) for f in failures)


def test_a_callback_that_raises_does_not_stop_a_run(
        spoken: Home, failures: list[vp.CallbackFailure]) -> None:
    def fail(*_: object) -> None:
        raise Failure

    outcome = spoken.record(on_event=fail, on_indicator=fail, on_frames=fail, on_progress=fail)
    assert outcome.is_stored and outcome.status is vp.Status.OK
    assert len(failures) > 5 and all(isinstance(f.error, Failure) for f in failures)


def test_a_hook_that_raises_is_left_alone(spoken: Home, capfd: pytest.CaptureFixture[str]) -> None:
    def fail(*_: object) -> None:
        raise Failure

    before = vp.set_callback_hook(fail)
    try:
        assert spoken.record(on_progress=fail).is_stored
    finally:
        vp.set_callback_hook(before)
    assert "Failure" in capfd.readouterr().err


def test_what_a_writer_raises_comes_out_of_the_call(spoken: Home) -> None:
    recording = spoken.record().recording

    class Full:
        def write(self, data: bytes) -> None:
            raise Failure("full")

    for export in ("export_opus", "export_wav"):
        with spoken.open(recording) as reader, pytest.raises(Failure, match="full"):
            getattr(reader, export)(Full())
    closed = io.BytesIO()
    closed.close()
    with spoken.open(recording) as reader, pytest.raises(ValueError, match="closed file"):
        reader.export_wav(closed)


def test_what_progress_raises_comes_out_of_the_call(spoken: Home) -> None:
    def fail(*_: object) -> None:
        raise Failure

    with pytest.raises(Failure):
        spoken.vault.backup(spoken.folder / "home.backup", progress=fail)
    assert not (spoken.folder / "home.backup").exists()
    with pytest.raises(vp.CancelledError):
        spoken.vault.backup(spoken.folder / "home.backup", progress=lambda done, total: False)
    spoken.record()
    with pytest.raises(Failure):
        spoken.vault.purge(everything=True, progress=fail)


class Medium(vp.VendorRoot):
    """A vendor's medium that can be told to fail."""

    def __init__(self) -> None:
        self.record = b""
        self.fails = False
        self.kept: list[memoryview] = []

    def load(self, record: memoryview) -> bool:
        if self.fails:
            raise Failure("load")
        self.kept.append(record)
        record[:len(self.record)] = self.record
        return bool(self.record)

    def replace(self, record: memoryview) -> None:
        if self.fails:
            raise Failure("replace")
        self.record = bytes(record)

    def destroy(self) -> None:
        self.record = b""


def test_a_vendors_medium_that_raises_is_a_root_error(tmp_path: pathlib.Path) -> None:
    medium = Medium()
    with vp.RootStore.vendor(medium) as root:
        vault, keyring = vp.Vault.create(tmp_path / "a.vault", root)
        with keyring, vault:
            medium.fails = True
            with pytest.raises(vp.RootError) as failure:
                vault.change_controller("other", "Other", "DE", actor="the test")
            assert isinstance(failure.value.__cause__, Failure)
            medium.fails = False
            assert vault.verify().is_well
        for view in medium.kept:  # out of reach after the call
            with pytest.raises(ValueError, match="released"):
                view[0]
        medium.fails = True
        with pytest.raises(vp.RootError) as failure:
            vp.Vault.open(tmp_path / "a.vault", root)
        assert isinstance(failure.value.__cause__, Failure)


class Clinging(Medium):
    """Does not let go of what it holds."""

    def destroy(self) -> None:
        raise Failure("destroy")


def test_a_vault_that_moved_stands_on_its_new_store_also_after_a_failure(
        tmp_path: pathlib.Path) -> None:
    with vp.RootStore.vendor(Clinging()) as root:
        vault, keyring = vp.Vault.create(tmp_path / "a.vault", root)
        to = vp.RootStore.file(tmp_path / "to.root")
        with keyring, vault:
            with pytest.raises(vp.RootError, match="has moved"):
                vault.move_root(to, actor="the test")
            assert vault.verify().is_well
            to.close()
            assert vault.closed
    with vp.RootStore.file(tmp_path / "to.root") as moved, vp.Vault.open(
            tmp_path / "a.vault", moved) as vault:
        assert vault.verify().is_well


def test_a_vendors_medium_may_be_forgotten_by_its_maker(tmp_path: pathlib.Path) -> None:
    with vp.RootStore.vendor(Medium()) as root:
        gc.collect()
        vault, keyring = vp.Vault.create(tmp_path / "a.vault", root)
        gc.collect()
        with vault, keyring:
            assert vault.about().generation >= 1


def test_a_vendors_medium_that_fails_during_a_recording(
        tmp_path: pathlib.Path, failures: list[vp.CallbackFailure]) -> None:
    """Asked on the recorder's own thread, for the root that another handle replaced meanwhile: the
    recording has a defined end, and the hook is told what was raised there."""
    medium = Medium()
    with vp.RootStore.vendor(medium) as root, vp.RootStore.vendor(medium) as again:
        vault, keyring = vp.Vault.create(tmp_path / "a.vault", root)
        with keyring, vault, vp.Vault.open(tmp_path / "a.vault", again) as other:
            ada = vault.add_subject("Ada")
            vault.add_notice(NOTICE)
            vault.give_consent(ada, KEEP, notice="history")
            with vp.PushSource(48000, 1, buffer=timedelta(seconds=5)) as source, vp.Recorder(
                    vault, source, subjects=[ada], all_identified=True, retention="90d",
                    voice_gate=vp.VoiceGate.OFF) as recorder:
                recorder.start()
                recorder.trigger(vp.TriggerKind.CONTINUOUS)
                recorder.confirm()
                other.change_controller("other", "Other", "DE", actor="the test")  # a new root
                medium.fails = True
                until = time.monotonic() + 30
                while recorder.state is not vp.RecorderState.ENDED and time.monotonic() < until:
                    source.write(speech_frames()[0][:9600])
                    time.sleep(0.05)
                assert recorder.state is vp.RecorderState.ENDED
                outcome = recorder.stop()
            medium.fails = False
            assert outcome.status is not vp.Status.OK
            assert vault.verify().is_well
    assert any(isinstance(f.error, Failure) for f in failures)


# ---- Slow callbacks ----

def test_events_that_do_not_fit_are_counted_and_told(
        spoken: Home, failures: list[vp.CallbackFailure]) -> None:
    go_on, told = threading.Event(), []

    def slow(frames: vp.Frames) -> None:
        go_on.wait(30)

    source, recorder = live(spoken, on_frames=slow, on_event=told.append, on_indicator=told.append)
    recorder.trigger(vp.TriggerKind.BUTTON)
    recorder.confirm()
    for _ in range(3):
        push_speech(source)
    outcome = recorder.stop()  # recording did not wait for anybody
    assert outcome.is_stored and outcome.n_lost_frames_48k == 0
    go_on.set()
    recorder.close()
    source.close()
    assert recorder.n_dropped_events > 0
    dropped = [f for f in failures if isinstance(f.error, vp.DroppedEvents)]
    assert sum(f.n_dropped for f in dropped) == recorder.n_dropped_events
    # Lamps and ends are not what is left out.
    assert [t for t in told if isinstance(t, vp.Indicator)][-1] is vp.Indicator.OFF
    assert [t.kind for t in told if isinstance(t, vp.RecorderEvent)] == [vp.RecorderEventKind.ENDED]


def test_a_callback_may_close_its_own_recorder(
        spoken: Home, failures: list[vp.CallbackFailure]) -> None:
    box: list[vp.Recorder] = []
    is_closed = threading.Event()

    def close(indicator: vp.Indicator) -> None:
        if indicator is vp.Indicator.RECORDING:
            box[0].close()
            is_closed.set()

    source, recorder = live(spoken, on_indicator=close)
    box.append(recorder)
    recorder.trigger()
    assert is_closed.wait(30)
    assert recorder.closed and not failures
    source.close()


def test_sound_in_a_callback_is_wiped_behind_it(spoken: Home) -> None:
    kept: list[vp.Frames] = []
    loud: list[float] = []

    def keep(frames: vp.Frames) -> None:
        kept.append(frames)
        loud.append(float(abs(frames.samples).max()))

    spoken.record(on_frames=keep)
    n_direct = len(kept)
    assert n_direct and max(loud) > 0.01
    source, recorder = live(spoken, on_frames=keep)
    recorder.trigger(vp.TriggerKind.BUTTON)
    push_speech(source)
    recorder.close()
    source.close()
    assert len(kept) > n_direct and max(loud[n_direct:]) > 0.01
    assert not any(abs(frames.samples).max() for frames in kept)
