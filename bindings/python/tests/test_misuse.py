"""Whatever a program does wrong is an error or has a defined end, never a crash.

This file runs once more under AddressSanitizer (tests/run-asan).
"""

from __future__ import annotations

import copy
import gc
import io
import pathlib
import pickle
import signal
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from conftest import SPEECH, START, Home, live, push_speech

import voicepriv as vp
from voicepriv import _handle

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


class Once:
    """Sets an event as soon as a thread waits for another one, in whatever handle."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waits, wait = threading.Event(), _handle._Core._wait

        def told(core: _handle._Core, until: float | None) -> bool:
            self.waits.set()
            return wait(core, until)

        monkeypatch.setattr(_handle._Core, "_wait", told)


class SlowMedium(vp.VendorRoot):
    """Stops in load() until it may go on."""

    def __init__(self) -> None:
        self.record: bytes | None = None
        self.inside, self.may_go = threading.Event(), threading.Event()
        self.may_go.set()

    def load(self, record: memoryview) -> bool:
        self.inside.set()
        assert self.may_go.wait(60)
        if self.record is not None:
            record[:] = self.record
        return self.record is not None

    def replace(self, record: memoryview) -> None:
        self.record = bytes(record)

    def destroy(self) -> None:
        self.record = None


def test_what_a_call_still_opens_is_closed_too(
        tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vault that is being opened while its root store is closed does not stay on a store that is
    gone."""
    medium = SlowMedium()
    with vp.RootStore.vendor(medium) as root:
        for handle in vp.Vault.create(tmp_path / "v", root):
            handle.close()
    root = vp.RootStore.vendor(medium)
    medium.inside.clear()
    medium.may_go.clear()
    opened: list[vp.Vault] = []
    thread = threading.Thread(target=lambda: opened.append(vp.Vault.open(tmp_path / "v", root)))
    thread.start()
    assert medium.inside.wait(60)
    assert not root._core.shut(time.monotonic()) and not root.closed  # the time is up: still open
    medium_goes_on = Once(monkeypatch)
    helper = threading.Thread(
        target=lambda: medium_goes_on.waits.wait(60) and medium.may_go.set())
    helper.start()
    root.close()
    thread.join()
    helper.join()
    assert root.closed and opened[0].closed
    with pytest.raises(vp.ClosedError):
        opened[0].about()


def blocked(handle: vp.Handle, name: str, order: list[str]) -> tuple[threading.Event,
                                                                     threading.Event]:
    """From now on closing it stops within C's part, says so, and waits to go on."""
    inside, may_go, close = threading.Event(), threading.Event(), handle._core.close

    def slow(ptr: object) -> None:
        inside.set()
        assert may_go.wait(60)
        close(ptr)
        order.append(name)

    handle._core.close = slow
    return inside, may_go


@pytest.mark.parametrize("what", ["recorder", "source", "vault", "hub"])
def test_closing_what_another_thread_is_closing_waits_for_it(
        spoken: Home, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing goes away under a recorder that C is still closing."""
    source = vp.PushSource(48000, 1)
    recorder = vp.Recorder(spoken.vault, source, subjects=[spoken.ada], all_identified=True,
                           retention=vp.Retention.DAYS_90)
    others: dict[str, vp.Handle] = {
        "recorder": recorder, "source": source, "vault": spoken.vault}
    if what == "hub":
        others["hub"] = hub = vp.Hub(spoken.vault)
        hub.start(recorder)
    other = others[what]
    order: list[str] = []
    inside, may_go = blocked(recorder, "recorder's", order)
    if other is not recorder:
        _, may_go_on = blocked(other, what, order)
        may_go_on.set()
    thread = threading.Thread(target=recorder.close)
    thread.start()
    assert inside.wait(60)
    if what != "hub":
        assert not other._core.shut(time.monotonic())  # the time is up
        assert other is recorder or not other.closed
    once = Once(monkeypatch)
    helper = threading.Thread(target=lambda: once.waits.wait(60) and may_go.set())
    helper.start()
    try:
        other.close()
        assert order == ["recorder's"] + [what] * (other is not recorder)
    finally:
        once.waits.set()
        thread.join()
        helper.join()
    assert other.closed and recorder.closed
    source.close()


def test_closing_from_within_closing(spoken: Home) -> None:
    """On the very thread that is closing: the same is nothing to do, what it stands on is an
    error."""
    source, recorder = live(spoken)
    close, tried = recorder._core.close, []

    def nested(ptr: object) -> None:
        recorder.close()
        with pytest.raises(vp.InUseError):
            source.close()
        tried.append(source.closed)
        close(ptr)

    recorder._core.close = nested
    recorder.close()
    assert tried == [False] and recorder.closed
    assert source.name == "push"
    source.close()


def test_a_call_that_somebody_waits_for_does_not_wait_for_them(
        spoken: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread closes the vault and waits for an export; that closes the vault, too."""
    spoken.record()
    reader = spoken.open(spoken.vault.recordings()[0].id)
    once, inside, errors = Once(monkeypatch), threading.Event(), []

    class Closer:
        def write(self, data: bytes) -> None:
            inside.set()
            assert once.waits.wait(60)
            try:
                spoken.vault.close()
            except vp.InUseError as error:
                errors.append(error)

    thread = threading.Thread(target=reader.export_wav, args=[Closer()])
    thread.start()
    assert inside.wait(60)
    spoken.vault.close()
    thread.join()
    assert errors and spoken.vault.closed and reader.closed


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
        (ValueError, lambda: home.vault.pause([vp.Purpose(45)], actor="x")),
        (ValueError, lambda: home.keyring.split([34])),  # type: ignore[list-item]
        (ValueError, lambda: vp.RootStore.recovery("r", "ABC\0DEF")),
        (ValueError, lambda: vp.RootStore.tpm(auth=b"\0secret")),
        (ValueError, lambda: vp.RootStore.tpm(owner_auth=vp.Secret(b"secret\0"))),
        (TypeError, lambda: home.consent(recipients="acme")),
        (TypeError, lambda: home.vault.sign_receipt([], recipients_told="acme")),
        (ValueError, lambda: home.vault.set_subject_birth(home.ada, 0, 0)),
        (ValueError, lambda: home.vault.set_subject_birth(home.ada, 1990, 0)),
        (ValueError, lambda: home.vault.set_subject_birth(home.ada, -1, 1)),
        (vp.ArgumentError, lambda: home.vault.set_subject_birth(home.ada, 1990, 13)),
        (TypeError, lambda: vp.SubjectId(16)),  # type: ignore[arg-type]
        (TypeError, lambda: home.vault.consents(16)),  # type: ignore[arg-type]
        (TypeError, lambda: vp.Recorder(home.vault, vp.Source.file(SPEECH), subjects=home.ada)),
        (ValueError, lambda: home.vault.sign_receipt([], subject=b"short")),  # type: ignore[arg-type]
        (ValueError, lambda: home.vault.trust_authority(
            memoryview(bytes(128)).cast("i"), actor="x")),  # type: ignore[arg-type]
        (ValueError, lambda: vp.Vault.create(
            "v", home.root, authority=memoryview(bytes(128)).cast("i"))),  # type: ignore[arg-type]
        (ValueError, lambda: vp.RootStore.passphrase("r", "words", n_passes=0)),
        (ValueError, lambda: vp.Encoding(rate_hz=0).filled()),
        (ValueError, lambda: vp.Encoding(packet=timedelta(0)).filled()),
        (OverflowError, lambda: vp.Encoding(bitrate_bps=-1).filled()),
        (OverflowError, lambda: vp.Encoding(bitrate_bps=1 << 32).filled()),
        (OverflowError, lambda: vp.PushSource(1 << 32)),
        (OverflowError, lambda: home.consent(max_uses=-1)),
        (OverflowError, lambda: home.consent(max_uses=1 << 32)),
        (OverflowError, lambda: vp.PushSource(buffer=timedelta(days=50))),
        (OverflowError, lambda: home.vault.estimate_purge(everything=True, window=-1)),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for kind, call in wrong:
            with pytest.raises(kind):
                call()
        gc.collect()
    assert home.vault.consents(home.ada) == [] and not home.vault.paused


def test_1970_is_no_missing_bound(spoken: Home) -> None:
    """What a program gives by mistake more often than any other time."""
    spoken.record()
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    vault = spoken.vault
    assert vault.recordings(until=epoch) == [] and len(vault.recordings(since=epoch)) == 1
    assert vault.estimate_purge(subject=spoken.ada, until=epoch).n_recordings == 0
    report, _ = vault.purge(subject=spoken.ada, until=epoch)
    assert report.n_recordings == 0 and len(vault.recordings()) == 1
    for wrong in (lambda: spoken.consent(vp.Purpose.HUMAN_REVIEW, valid_until=epoch),
                  lambda: vault.begin_pause(vp.Purpose.HUMAN_REVIEW, actor="x", end=epoch),
                  lambda: vault.erase_before(epoch), lambda: vault.erase_between(None, epoch)):
        with pytest.raises(vp.ArgumentError):
            wrong()
    assert vault.pauses() == [] and len(vault.consents(spoken.ada)) == 1
    assert len(vault.recordings()) == 1


def test_a_signal_handler_may_use_the_handle_that_it_interrupts() -> None:
    n_handled = 0

    def handle(*_: object) -> None:
        nonlocal n_handled
        n_handled += source.space >= 0

    with vp.PushSource(48000, 1) as source:
        before = signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
        try:
            until = time.monotonic() + 0.5
            while time.monotonic() < until:
                source.write(bytes(1920))
                assert source.format.rate_hz == 48000 and source.name == "push"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
    assert n_handled > 10


def test_a_signal_handler_that_raises_leaves_nothing_in_use() -> None:
    """As control-C does, at whatever moment: the handle can be used and closed behind it."""
    class Interrupt(Exception):
        pass

    def handle(*_: object) -> None:
        raise Interrupt

    n_raised = 0
    source = vp.PushSource(48000, 1)
    profile = sys.getprofile()
    sys.setprofile(None)  # one that is interrupted is gone, and --reached is one
    before = signal.signal(signal.SIGALRM, handle)
    try:
        for _ in range(1000):
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0003)
                for _ in range(100):
                    assert source.name == "push" and source.space >= 0
                    source.level()
                    source.write(bytes(1920))
            except Interrupt:
                n_raised += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        sys.setprofile(profile)
    source.close()
    assert n_raised > 100
