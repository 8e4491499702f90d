"""Sound in and out: numpy arrays when numpy is there, buffers otherwise, and no copy on the way
in."""

from __future__ import annotations

import array
import gc
import subprocess
import sys
import textwrap
import tracemalloc
from datetime import timedelta

import numpy as np
import pytest
from conftest import SPEECH, Home, live, push_speech, speech_frames
from hypothesis import given, settings
from hypothesis import strategies as st

import voicepriv as vp


def outcome_of_pushing(home: Home, source: vp.PushSource, *pieces: object) -> vp.Outcome:
    """Record what is pushed; everything is taken."""
    for piece in pieces:
        source.write(piece)
    source.end()
    with vp.Recorder(home.vault, source, subjects=[home.ada], all_identified=True,
                     retention="90d", voice_gate=vp.VoiceGate.OFF) as recorder:
        return recorder.run()


def test_every_kind_of_buffer_gives_the_same_sound(spoken: Home) -> None:
    frames, rate_hz = speech_frames()
    s16 = np.frombuffer(frames, np.int16)
    letters = array.array("h")
    letters.frombytes(frames)
    f32 = (s16 / np.float32(32768)).astype(np.float32)
    s32 = s16.astype(np.int32) << 16
    s24 = b"".join(int(s).to_bytes(3, "little", signed=True) for s in s16.astype(np.int32) << 8)
    kinds: list[tuple[vp.SampleFormat, object]] = [
        (vp.SampleFormat.S16, frames), (vp.SampleFormat.S16, bytearray(frames)),
        (vp.SampleFormat.S16, memoryview(frames)), (vp.SampleFormat.S16, letters),
        (vp.SampleFormat.S16, s16), (vp.SampleFormat.S16, s16.reshape(-1, 1)),
        (vp.SampleFormat.F32, f32), (vp.SampleFormat.S32, s32), (vp.SampleFormat.S24, s24)]
    heard = []
    for sample_format, pushed in kinds:
        with vp.PushSource(rate_hz, 1, sample_format, timedelta(seconds=5)) as source:
            outcome = outcome_of_pushing(spoken, source, pushed)
        assert outcome.n_lost_frames_48k == 0
        with spoken.open(outcome.recording) as reader:
            heard.append(reader.read_all())
    assert all(np.array_equal(heard[0], other) for other in heard[1:])
    assert heard[0].dtype == np.float32 and heard[0].shape == (len(heard[0]), 1)


def test_what_is_written_is_not_copied_in_python() -> None:
    with vp.PushSource(48000, 2, buffer=timedelta(seconds=10)) as source:
        frames = np.zeros((400_000, 2), np.int16)
        source.write(frames[:960])
        tracemalloc.start()
        try:
            before = tracemalloc.take_snapshot()
            tracemalloc.reset_peak()
            base, _ = tracemalloc.get_traced_memory()
            assert source.write(frames) == 400_000
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert before and peak - base < 4096  # of 1.6 MB


def test_what_cannot_be_read_in_place_is_refused() -> None:
    wrong: list[tuple[type[BaseException], object]] = [
        (TypeError, np.zeros(960, np.float32)), (TypeError, np.zeros(960, np.uint16)),
        (TypeError, np.zeros(960, ">i2")), (TypeError, [0] * 960), (TypeError, "sound"),
        (ValueError, b"abc"), (ValueError, np.zeros(960, np.int16)[:959:1][:3]),
        (BufferError, np.zeros((960, 4), np.int16)[:, ::2]),
        (BufferError, np.zeros((2, 960), np.int16).T)]
    with vp.PushSource(48000, 2) as source:
        for kind, frames in wrong:
            with pytest.raises(kind):
                source.write(frames)
        assert source.write(b"") == 0
        assert source.write(np.zeros((480, 2), np.int16)) == 480
        assert source.name == "push" and source.level() == -200
        assert source.format == vp.StreamFormat(vp.SampleFormat.S16, 48000, 2)
        source.end()
        with pytest.raises(vp.StateError):
            source.write(b"")


def test_samples_have_the_size_that_c_reads() -> None:
    """The native int of numpy has 8 bytes, and a letter that also stands for 4."""
    same: list[tuple[vp.SampleFormat, object]] = [
        (vp.SampleFormat.S16, np.zeros(960, np.int16)),
        (vp.SampleFormat.S24, bytes(3 * 960)),
        (vp.SampleFormat.S32, np.zeros(960, np.int32)),
        (vp.SampleFormat.S32, array.array("i", [0] * 960)),
        (vp.SampleFormat.F32, np.zeros(960, np.float32))]
    for sample_format, frames in same:
        with vp.PushSource(48000, 1, sample_format) as source:
            assert source.write(frames) == 960
            for other in (np.int64, np.longlong, np.float64, np.int8):
                with pytest.raises(TypeError):
                    source.write(np.zeros(960, other))
            for letter in "lq":
                if array.array(letter).itemsize == 8:
                    with pytest.raises(TypeError, match="8 bytes"):
                        source.write(array.array(letter, [0] * 960))


def test_what_does_not_fit_is_a_gap_of_its_length(spoken: Home) -> None:
    with vp.PushSource(48000, 1, buffer=timedelta(milliseconds=100)) as source:
        room = source.space
        assert source.write(np.zeros(room + 4800, np.int16)) == room
        outcome = outcome_of_pushing(spoken, source)
    assert abs(outcome.n_lost_frames_48k - 4800) <= 3


def test_reading_into_memory_of_ones_own(spoken: Home) -> None:
    recording = spoken.record().recording
    with spoken.open(recording) as reader:
        whole = reader.read_all()
    own = np.full((1000, 1), 7, np.float32)
    with spoken.open(recording) as reader:
        assert reader.read_into(own) == 1000 and np.array_equal(own, whole[:1000])
        letters = array.array("f", [0] * 480)
        assert reader.read_into(letters) == 480
        assert np.array_equal(np.array(letters), whole[1000:1480, 0])
        for kind, room in ((TypeError, bytearray(4000)), (TypeError, np.zeros(10)),
                           (ValueError, np.zeros(0, np.float32)),
                           ((BufferError, ValueError), np.zeros((10, 2), np.float32)[:, :1])):
            with pytest.raises(kind):
                reader.read_into(room)
        frozen = np.zeros(10, np.float32)
        frozen.flags.writeable = False
        with pytest.raises((BufferError, ValueError, TypeError)):
            reader.read_into(frozen)
        with pytest.raises(ValueError, match="frame"):
            reader.read(0)
        rest = np.concatenate(list(reader))
        assert np.array_equal(rest, whole[1480:]) and len(reader.read()) == 0
    info = reader
    assert info.closed


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 5000), min_size=1, max_size=20))
def test_sound_does_not_depend_on_how_it_is_read(sizes: list[int]) -> None:
    whole, reader = WHOLE["sound"], WHOLE["open"]()
    with reader:
        at = 0
        for size in sizes:
            piece = reader.read(size)
            assert np.array_equal(piece, whole[at:at + size])
            at += len(piece)


WHOLE: dict[str, object] = {}


@pytest.fixture(autouse=True)
def whole(request: pytest.FixtureRequest) -> None:
    """For the property: one recording, opened as often as one likes."""
    if request.node.name == "test_sound_does_not_depend_on_how_it_is_read":
        home = request.getfixturevalue("spoken")
        recording = home.record().recording
        with home.open(recording) as reader:
            WHOLE["sound"] = reader.read_all()
        WHOLE["open"] = lambda: home.open(recording)


def test_a_request_is_heard_while_it_is_recorded(spoken: Home) -> None:
    heard: list[np.ndarray] = []
    positions: list[int] = []

    def listen(frames: vp.Frames) -> None:
        heard.append(frames.samples.copy())
        positions.append(frames.position_frames)
        assert (frames.n_channels, frames.rate_hz, frames.is_request) == (1, 16000, True)

    outcome = spoken.record(on_frames=listen)
    n_heard = sum(map(len, heard))
    assert abs(n_heard * 3 - outcome.n_frames_48k) <= 960
    assert positions == sorted(positions) and float(np.abs(np.concatenate(heard)).max()) > 0.05


def test_live_events_come_in_order(spoken: Home, failures: list[vp.CallbackFailure]) -> None:
    told: list[object] = []
    source, recorder = live(spoken, on_indicator=told.append, on_event=told.append,
                            on_progress=lambda done, total: told.append((done, total)))
    assert recorder.state is vp.RecorderState.RING
    recorder.trigger(vp.Trigger(vp.TriggerKind.WAKE_WORD, score=0.9, wake_word="computer",
                                device_class="speaker"))
    assert recorder.state is vp.RecorderState.PROVISIONAL
    recorder.confirm()
    push_speech(source)
    recorder.mute()
    recorder.unmute()
    outcome = recorder.stop()
    recorder.acknowledge()
    recorder.close()
    source.close()
    assert not failures and recorder.n_dropped_events == 0
    lamps = [t for t in told if isinstance(t, vp.Indicator)]
    assert lamps == [vp.Indicator.LISTENING, vp.Indicator.RECORDING, vp.Indicator.MUTED,
                     vp.Indicator.LISTENING, vp.Indicator.OFF]
    (event,) = [t for t in told if isinstance(t, vp.RecorderEvent)]
    assert event.kind is vp.RecorderEventKind.ENDED and event.trigger is vp.TriggerKind.WAKE_WORD
    assert event.outcome is not None and event.outcome.end_reason is vp.EndReason.MUTED
    assert event.outcome == outcome  # nobody was told before
    (info,) = spoken.vault.recordings()
    assert (info.wake_word, info.device_class) == ("computer", "speaker")
    assert abs(info.trigger_score - 0.9) < 1e-6
    assert any(isinstance(t, tuple) and t[1] is None for t in told)


def test_a_trigger_that_was_not_meant_leaves_nothing(spoken: Home) -> None:
    source, recorder = live(spoken, pre_roll=timedelta(0), confirm=timedelta(seconds=30))
    recorder.trigger()
    push_speech(source)
    recorder.reject()
    recorder.trigger()
    with pytest.raises(vp.StateError):
        recorder.finish()
    recorder.confirm()
    push_speech(source)
    assert recorder.finish().is_stored
    assert recorder.state is vp.RecorderState.RING
    recorder.close()
    source.close()
    assert len(spoken.vault.recordings()) == 1


def test_progress_ends_a_live_recording(spoken: Home) -> None:
    source, recorder = live(spoken, on_progress=lambda done, total: False)
    recorder.trigger()
    recorder.confirm()
    for _ in range(200):
        push_speech(source)
        if recorder.state is vp.RecorderState.ENDED:
            break
    assert recorder.state is vp.RecorderState.ENDED
    recorder.close()
    source.close()


def test_progress_cancels_a_file(spoken: Home) -> None:
    with pytest.raises(vp.CancelledError):
        spoken.record(on_progress=lambda done, total: False)
    assert spoken.vault.recordings() == []


def test_a_hub_drives_many_recorders(spoken: Home) -> None:
    with vp.Hub(spoken.vault, n_workers=2, n_recorders_max=8,
                tick=timedelta(milliseconds=5)) as hub:
        pairs = []
        for _ in range(3):
            source = vp.PushSource(48000, 1)
            recorder = vp.Recorder(spoken.vault, source, subjects=[spoken.ada],
                                   all_identified=True, retention="90d")
            hub.start(recorder)
            with pytest.raises(vp.StateError):
                hub.start(recorder)
            recorder.trigger()
            recorder.confirm()
            pairs.append((source, recorder))
        for source, _ in pairs:
            push_speech(source)
        assert pairs[0][1].stop().is_stored
    for source, recorder in pairs:
        assert recorder.state is vp.RecorderState.IDLE
        recorder.close()
        source.close()
    assert len(spoken.vault.recordings()) == 3


def test_encodings() -> None:
    filled = vp.Encoding().filled()
    assert (filled.rate_hz, filled.n_channels, filled.complexity) == (16000, 1, 5)
    assert filled.packet == timedelta(milliseconds=20) and filled.application is vp.Application.VOIP
    assert vp.Encoding(complexity=0).filled().complexity == 0
    for wrong in (vp.Encoding(rate_hz=44100), vp.Encoding(complexity=11)):
        with pytest.raises(vp.ArgumentError):
            wrong.filled()
    with pytest.raises(ValueError, match="complexity"):
        vp.Encoding(complexity=-1).filled()


def test_without_numpy(spoken: Home) -> None:
    """The same without numpy: memoryviews of float32 in the same shape."""
    outcome = spoken.record()
    spoken.keyring.save(spoken.folder / "home.keyring")
    with spoken.open(outcome.recording) as reader:
        expected = reader.read_all()
    total = float(np.abs(expected).sum())
    spoken.vault.close()
    code = """
        import sys
        sys.modules["numpy"] = None
        import pathlib, voicepriv as vp
        folder, recording = pathlib.Path(sys.argv[1]), vp.RecordingId(sys.argv[2])
        with vp.RootStore.file(folder / "home.root") as root, \\
                vp.Vault.open(folder / "home.vault", root, clock=vp.ManualClock(
                    vp.clock.datetime.fromisoformat(sys.argv[3]))) as vault, \\
                vp.Keyring.load(folder / "home.keyring") as keyring:
            def open():
                return vault.open_recording(keyring, recording, vp.Purpose.KEEP_HISTORY, actor="x")
            with open() as reader:
                sound = reader.read_all()
            assert isinstance(sound, memoryview), type(sound)
            total = sum(abs(frame[0]) for frame in sound.tolist())
            with open() as reader:
                assert sum(len(piece) for piece in reader) == len(sound) and len(reader.read()) == 0
        print(sound.format, sound.shape[0], sound.shape[1], total)
    """
    out = subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(spoken.folder),
                          str(outcome.recording), spoken.clock.now.isoformat()],
                         capture_output=True, text=True, check=False)
    assert out.returncode == 0, out.stderr
    letter, n, n_channels, heard = out.stdout.split()
    assert (letter, int(n), int(n_channels)) == ("f", *expected.shape)
    assert abs(float(heard) - total) < 1e-2
    gc.collect()


def test_the_gil_is_free_while_a_call_waits(spoken: Home) -> None:
    """A long file is encoded while another thread of Python goes on."""
    import threading
    n = 0
    is_over = threading.Event()

    def count() -> None:
        nonlocal n
        while not is_over.is_set():
            n += 1

    frames, rate_hz = speech_frames()
    with vp.PushSource(rate_hz, 1, buffer=timedelta(seconds=10)) as source:
        for _ in range(5):
            source.write(frames)
        source.end()
        thread = threading.Thread(target=count)
        with vp.Recorder(spoken.vault, source, subjects=[spoken.ada], all_identified=True,
                         retention="90d") as recorder:
            thread.start()
            before = n
            recorder.run()
            during = n - before
        is_over.set()
        thread.join()
    assert during > 1000
    assert SPEECH.exists()
