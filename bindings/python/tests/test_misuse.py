"""Whatever a program does wrong is an error or has a defined end, never a crash.

This file runs once more under AddressSanitizer (tests/run-asan).
"""

from __future__ import annotations

import copy
import gc
import io
import pathlib
import pickle
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from datetime import timedelta

import pytest
from conftest import NOTICE, SPEECH, START, Home, live, push_speech, speech_frames

import voicepriv as vp

KEEP = vp.Purpose.KEEP_HISTORY


# ---- Use after close ----

def test_a_closed_vault_is_closed(spoken: Home) -> None:
    vault, recording = spoken.vault, spoken.record().recording
    assert recording is not None
    vault.close()
    vault.close()
    calls: list[Callable[[], object]] = [
        vault.about, vault.subjects, vault.recordings, vault.log, vault.checkpoint, vault.tidy,
        vault.verify, vault.space, vault.inventory, vault.jwk, vault.policy, vault.pauses,
        lambda: vault.paused, lambda: vault.erase(recording), lambda: vault.add_subject("Bob"),
        lambda: vault.give_consent(spoken.ada, KEEP, notice="history"),
        lambda: spoken.open(recording), vault.__enter__, lambda: spoken.record()]
    for call in calls:
        with pytest.raises(vp.ClosedError):
            call()
    assert vault.closed and "closed" in repr(vault)


def test_everything_else_that_is_closed_is_closed(spoken: Home) -> None:
    reader = spoken.open(spoken.record().recording)
    reader.close()
    for call in (reader.read, reader.about, lambda: list(reader.packets()),
                 lambda: reader.export_opus(io.BytesIO()), lambda: reader.read_into(bytearray(8))):
        with pytest.raises((vp.ClosedError, TypeError)):
            call()
    source, recorder = live(spoken)
    recorder.close()
    for call in (recorder.start, recorder.trigger, recorder.confirm, recorder.stop, recorder.run,
                 recorder.mute, lambda: recorder.state):
        with pytest.raises(vp.ClosedError):
            call()
    source.close()
    for call in (lambda: source.write(b""), lambda: source.space, source.end, source.level,
                 lambda: source.name):
        with pytest.raises(vp.ClosedError):
            call()
    spoken.keyring.close()
    with pytest.raises(vp.ClosedError):
        _ = spoken.keyring.purposes
    hub = vp.Hub(spoken.vault)
    hub.close()
    with pytest.raises(vp.ClosedError):
        hub.start(recorder)
    spoken.root.close()
    with pytest.raises(vp.ClosedError):
        vp.Vault.open(spoken.folder / "home.vault", spoken.root)


def test_closing_what_others_stand_on_closes_them_first(spoken: Home) -> None:
    recording = spoken.record().recording
    reader = spoken.open(recording)
    source, recorder = live(spoken)
    recorder.trigger()
    recorder.confirm()
    push_speech(source)
    hub = vp.Hub(spoken.vault)
    spoken.root.close()  # and so the vault, and so the rest
    assert spoken.vault.closed and reader.closed and recorder.closed and hub.closed
    assert not source.closed and not spoken.keyring.closed
    with vp.RootStore.file(spoken.folder / "home.root") as root, \
            vp.Vault.open(spoken.folder / "home.vault", root, clock=spoken.clock) as vault:
        assert len(vault.recordings()) == 2  # what was confirmed is kept
    source.close()


def test_closing_a_source_closes_its_recorder(spoken: Home) -> None:
    source, recorder = live(spoken)
    with pytest.raises(vp.InUseError):
        vp.Recorder(spoken.vault, source, subjects=[spoken.ada])
    source.close()
    assert recorder.closed


def test_a_root_store_serves_one_vault(home: Home) -> None:
    for call in (lambda: vp.Vault.open(home.folder / "home.vault", home.root),
                 lambda: home.root.destroy(), lambda: home.root.change_passphrase("x"),
                 lambda: home.root.make_recovery_key("x"),
                 lambda: vp.restore_backup(home.folder / "no", home.root, home.folder / "no")):
        with pytest.raises(vp.InUseError):
            call()


# ---- Objects that go away ----

def test_an_unclosed_recorder_is_closed_when_it_goes(spoken: Home) -> None:
    told: list[object] = []
    source, recorder = live(spoken, on_event=lambda event: told.append(event))
    recorder.trigger()
    recorder.confirm()
    push_speech(source)
    with pytest.warns(ResourceWarning, match="unclosed Recorder"):
        del recorder
        gc.collect()
    assert len(spoken.vault.recordings()) == 1
    assert len(told) == 1  # what it had to tell was told
    source.close()


def test_parents_live_as_long_as_their_children(spoken: Home) -> None:
    recording = spoken.record().recording
    assert recording is not None
    spoken.vault.close()
    with vp.RootStore.file(spoken.folder / "home.root") as root:
        vault = vp.Vault.open(spoken.folder / "home.vault", root, clock=spoken.clock)
        reader = vault.open_recording(spoken.keyring, recording, KEEP, actor="the test")
        del vault
        gc.collect()
        assert len(reader.read_all()) > 16000
        reader.close()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del reader
            gc.collect()
        assert [str(w.message) for w in caught] == ["unclosed Vault"]


class Owner:
    """Has a recorder, and is known to it or to itself."""

    def __init__(self, home: Home, listens: bool) -> None:
        self.me = self
        self.told: list[object] = []
        self.source = vp.PushSource()
        self.recorder = vp.Recorder(home.vault, self.source, subjects=[home.ada],
                                    on_indicator=self.told.append if not listens else self.tell)
        self.recorder.start()

    def tell(self, indicator: vp.Indicator) -> None:
        self.told.append(indicator)


def test_cycles_are_collected_without_harm(spoken: Home) -> None:
    gone = weakref.ref(Owner(spoken, listens=False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    assert gone() is None


def test_a_recorder_that_somebody_listens_to_lives_until_it_is_closed(spoken: Home) -> None:
    """Nothing but a callback refers to its owner: it is called all the same."""
    owner = Owner(spoken, listens=True)
    gone, told = weakref.ref(owner), owner.told
    del owner
    gc.collect()
    assert gone() is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        spoken.vault.close()
        gc.collect()
    assert told == [vp.Indicator.LISTENING, vp.Indicator.OFF]
    assert gone() is None


def test_handles_are_not_copied(home: Home) -> None:
    for handle in (home.vault, home.keyring, home.root):
        for call in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError):
                call(handle)


# ---- Threads ----

def test_two_threads_read_one_reader(spoken: Home) -> None:
    recording = spoken.record().recording
    with spoken.open(recording) as reader:
        whole = bytes(reader.read_all())
    pieces: list[bytes] = []
    with spoken.open(recording) as reader:
        def read() -> None:
            while len(piece := reader.read(480)):
                pieces.append(bytes(piece))

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sum(map(len, pieces)) == len(whole)
    assert all(piece in whole for piece in pieces)


def test_many_threads_on_one_recorder(spoken: Home) -> None:
    source, recorder = live(spoken, voice_gate=vp.VoiceGate.OFF)
    seen: set[vp.RecorderState] = set()
    errors: list[BaseException] = []
    is_over = threading.Event()

    def meddle(call: Callable[[], object]) -> None:
        while not is_over.is_set():
            try:
                call()
            except (vp.StateError, vp.ClosedError):
                pass
            except BaseException as error:
                errors.append(error)

    calls = [recorder.trigger, recorder.confirm, recorder.reject, recorder.finish,
             lambda: seen.add(recorder.state), recorder.mute, recorder.unmute,
             recorder.acknowledge]
    threads = [threading.Thread(target=meddle, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    push_speech(source)
    recorder.close()  # while they go on
    is_over.set()
    for thread in threads:
        thread.join()
    assert not errors
    assert seen
    source.close()
    assert spoken.vault.verify(spoken.keyring).is_well


def test_closing_waits_for_calls(spoken: Home) -> None:
    """A list whose consumer takes its time: the vault is closed behind it, not under it."""
    spoken.record()
    inside, order = threading.Event(), []

    class Slow:
        def write(self, data: bytes) -> None:
            if not inside.is_set():
                inside.set()
                time.sleep(0.3)
            order.append("written")

    reader = spoken.open(spoken.vault.recordings()[0].id)
    thread = threading.Thread(target=reader.export_wav, args=[Slow()])
    thread.start()
    inside.wait()
    spoken.vault.close()
    order.append("closed")
    thread.join()
    assert order[-1] == "closed" and "written" in order


def test_closing_from_within_a_call_is_an_error(spoken: Home) -> None:
    spoken.record()

    class Closer:
        def __init__(self, call: Callable[[], object]) -> None:
            self.call = call

        def write(self, data: bytes) -> None:
            self.call()

    with spoken.open(spoken.vault.recordings()[0].id) as reader, pytest.raises(vp.InUseError):
        reader.export_wav(Closer(reader.close))
    with spoken.open(spoken.vault.recordings()[0].id) as reader, pytest.raises(vp.InUseError):
        reader.export_wav(Closer(reader.read))
    with spoken.open(spoken.vault.recordings()[0].id) as reader, pytest.raises(vp.InUseError):
        reader.export_wav(Closer(spoken.vault.close))
    assert spoken.vault.about().n_recordings == 1


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


def test_a_vendors_medium_may_be_forgotten_by_its_maker(tmp_path: pathlib.Path) -> None:
    with vp.RootStore.vendor(Medium()) as root:
        gc.collect()
        vault, keyring = vp.Vault.create(tmp_path / "a.vault", root)
        gc.collect()
        with vault, keyring:
            assert vault.about().generation >= 1


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


# ---- Arguments ----

def test_arguments_that_c_would_misread(home: Home) -> None:
    wrong: list[tuple[type[BaseException], Callable[[], object]]] = [
        (ValueError, lambda: home.vault.add_subject("A\0da")),
        (TypeError, lambda: home.vault.add_subject(b"Ada")),  # type: ignore[arg-type]
        (ValueError, lambda: vp.RootStore.file("a\0b")),
        (ValueError, lambda: home.vault.consents(b"short")),  # type: ignore[arg-type]
        (ValueError, lambda: vp.SubjectId("00")),
        (ValueError, lambda: home.vault.erase_before(START.replace(tzinfo=None))),
        (TypeError, lambda: home.vault.erase_before(5)),  # type: ignore[arg-type]
        (OverflowError, lambda: home.vault.tidy(-1)),
        (OverflowError, lambda: home.vault.tidy(1 << 40)),
        (OverflowError, lambda: home.vault.log(-1)),
        (vp.ArgumentError, lambda: home.vault.erase([])),
        (ValueError, lambda: vp.verify_receipt("x", b"short")),
        (ValueError, lambda: vp.verify_inclusion(b"", 0, 1, b"", b"")),
        (ValueError, lambda: home.vault.trust_authority(b"short", actor="x")),
        (ValueError, lambda: vp.sign_document(vp.DocumentKind.PAUSE, "{}", b"short")),
        (ValueError, lambda: vp.about_purpose(99)),  # type: ignore[arg-type]
        (TypeError, lambda: vp.Recorder(home.vault, vp.Source.file(SPEECH), subjects=[home.ada],
                                        all_identified=1)),
        (ValueError, lambda: vp.decide(vp.DecisionInput(subjects=(vp.DecisionSubject(),) * 17))),
        (ValueError, lambda: vp.Retention.days(4001)),
        (vp.ArgumentError, lambda: vp.PushSource(rate_hz=1)),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for kind, call in wrong:
            with pytest.raises(kind):
                call()
        gc.collect()


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
