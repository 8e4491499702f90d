"""From a source to the vault: pre-roll, trigger, confirm, stop.

    with Recorder(vault, source, subjects=[ada], all_identified=True,
                  retention=Retention.DAYS_90, on_event=print) as recorder:
        recorder.start()
        recorder.trigger(TriggerKind.BUTTON)
        recorder.confirm()
        ...
        outcome = recorder.stop()

Callbacks run on one thread of Python for all recorders, in order, a moment after what they tell.
They may call anything. What they raise goes to the hook (set_callback_hook), and recording goes on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ._convert import (
    Keep,
    RecordingId,
    SubjectId,
    at_48k,
    c_path,
    c_text,
    fact,
    in_ms,
    purpose_bits,
    raw,
    struct,
    subject_ids,
    text,
)
from ._events import Tap
from ._handle import Handle, beside, may_open, using
from ._native import ffi, lib
from .capture import Source
from .enums import EndReason, Fact, Purpose, Status, TriggerKind
from .errors import InUseError, check
from .kinds import Indicator, RecorderEventKind, RecorderProfile, RecorderState, VoiceGate
from .packets import Encoding, c_encoding
from .retention import Retention
from .sound import shaped
from .vault import Vault


@dataclass(frozen=True)
class Outcome:
    """How a recording came out."""

    is_stored: bool
    recording: RecordingId | None  #: when it is stored
    end_reason: EndReason
    status: Status  #: why it ended early; OK otherwise
    n_frames_48k: int  #: stored sound and gaps, at 48 kHz
    n_lost_frames_48k: int  #: of that, gaps
    n_silent_frames_48k: int  #: of that, not encoded because nobody spoke
    n_packets: int
    n_blocks: int
    detail: str

    @property
    def duration(self) -> timedelta:
        """Stored sound and gaps."""
        return at_48k(self.n_frames_48k)


def outcome_of(c: Any) -> Outcome:
    """From C."""
    return Outcome(c.is_stored, RecordingId(raw(c.recording.bytes)) if c.is_stored else None,
                   EndReason(c.end_reason), Status(c.status), c.n_frames_48k, c.n_lost_frames_48k,
                   c.n_silent_frames_48k, c.n_packets, c.n_blocks, text(c.detail))


@dataclass(frozen=True)
class RecorderEvent:
    """One event."""

    kind: RecorderEventKind
    trigger: TriggerKind
    status: Status
    outcome: Outcome | None  #: of ENDED


@dataclass(frozen=True)
class Frames:
    """A piece of sound on its way. `samples` is float32, (n, channels), and is wiped after the
    callback: copy what you keep, and wipe it yourself."""

    samples: Any
    n_channels: int
    rate_hz: int
    position_frames: int  #: of the first one; jumps where sound was lost
    is_request: bool  #: False: from while listening


@dataclass(frozen=True)
class Trigger:
    """What started a recording."""

    kind: TriggerKind
    score: float = 0.0
    wake_word: str | None = None
    device_class: str | None = None
    subjects: tuple[SubjectId, ...] | None = None  #: whose voices this time; None is the recorder's
    n_guests: int = 0
    n_unknown_speakers: int = 0
    all_identified: Fact | bool | None = None


@dataclass(frozen=True)
class RecorderConfig:
    """What a recorder does. None means the default; retention None is "don't save"."""

    subjects: Iterable[SubjectId] = ()  #: whose voices
    n_guests: int = 0
    n_unknown_speakers: int = 0
    all_identified: Fact | bool | None = None  #: whether these are everybody who is heard
    encoding: Encoding | None = None
    retention: Retention | timedelta | str | None = None
    required_purposes: Iterable[Purpose] = ()  #: must be consented to; keep_history
    optional_purposes: Iterable[Purpose] = ()  #: added when consented to; every storable one
    required_only: bool = False
    pre_roll: timedelta | None = None  #: up to 10 s; 500 ms. timedelta(0) is none
    confirm: timedelta | None = None  #: time-out of an unconfirmed trigger, up to 60 s; 2 s
    maximum: timedelta | None = None  #: hard end, up to a day; depends on the trigger
    no_maximum: bool = False
    unsealed: timedelta | None = None  #: sound a power cut may take, 100 ms to 1 s; 1 s
    no_high_pass: bool = False
    n_threads: int = 0  #: that encode a long file, 1 to 64; one per processor
    voice_gate: VoiceGate = VoiceGate.DEFAULT
    trailing_silence: timedelta | None = None  #: 200 ms to 60 s; depends on the trigger
    no_trailing_silence: bool = False
    profile: RecorderProfile = RecorderProfile.DEFAULT
    false_wakes_per_hour: int = 0  #: 1 to 63; no limit, 6 for wearables
    frames_while_listening: bool = False
    on_indicator: Callable[[Indicator], object] | None = None
    on_event: Callable[[RecorderEvent], object] | None = None
    on_frames: Callable[[Frames], object] | None = None
    #: done, and total or None; return False to end it.
    on_progress: Callable[[timedelta, timedelta | None], object] | None = None


def _c_config(config: RecorderConfig, tap: Tap, keep: Keep) -> Any:
    no_pre_roll = config.pre_roll == timedelta(0)
    subjects = subject_ids(config.subjects)
    c = struct(
        "vpriv_recorder_config", subjects=keep.bytes(subjects) if subjects else ffi.NULL,
        n_subjects=len(subjects) // lib.VPRIV_SUBJECT_ID_BYTES, n_guests=config.n_guests,
        n_unknown_speakers=config.n_unknown_speakers, all_identified=fact(config.all_identified),
        retention=int(Retention.of(config.retention)),
        required_purposes=purpose_bits(config.required_purposes),
        optional_purposes=purpose_bits(config.optional_purposes),
        required_only=config.required_only, no_pre_roll=no_pre_roll,
        pre_roll_ms=0 if no_pre_roll else in_ms(config.pre_roll, "pre_roll"),
        confirm_ms=in_ms(config.confirm, "confirm"), maximum_ms=in_ms(config.maximum, "maximum"),
        unsealed_ms=in_ms(config.unsealed, "unsealed"), no_high_pass=config.no_high_pass,
        n_threads=config.n_threads, voice_gate=int(config.voice_gate),
        no_maximum=config.no_maximum,
        trailing_silence_ms=in_ms(config.trailing_silence, "trailing_silence"),
        no_trailing_silence=config.no_trailing_silence, profile=int(config.profile),
        false_wakes_per_hour=config.false_wakes_per_hour,
        frames_while_listening=config.frames_while_listening)
    if config.encoding is not None:
        c.encoding = c_encoding(config.encoding)[0]
    lib.vpy_tap_attach(tap.ptr, c, config.on_indicator is not None, config.on_event is not None,
                       config.on_frames is not None, config.on_progress is not None)
    return c


def _c_trigger(trigger: Trigger | TriggerKind, keep: Keep) -> Any:
    if isinstance(trigger, TriggerKind):
        trigger = Trigger(trigger)
    subjects = None if trigger.subjects is None else subject_ids(trigger.subjects)
    return struct(
        "vpriv_trigger", kind=int(trigger.kind), score=trigger.score,
        wake_word=keep.text(trigger.wake_word), device_class=keep.text(trigger.device_class),
        subjects=keep.bytes(subjects or None),
        n_subjects=len(subjects or b"") // lib.VPRIV_SUBJECT_ID_BYTES, n_guests=trigger.n_guests,
        n_unknown_speakers=trigger.n_unknown_speakers,
        all_identified=fact(trigger.all_identified))


class _Deliver:
    """Turns what comes out of a ring into calls of a config's callbacks."""

    def __init__(self, config: RecorderConfig) -> None:
        self.config = config
        self.tap: Tap | None = None

    def __repr__(self) -> str:
        return "a recorder's callback"

    def __call__(self, kind: int, item: Any, n_bytes: int) -> object:
        is_direct, kind = kind < 0, abs(kind)
        if kind == lib.VPY_INDICATOR and self.config.on_indicator:
            self.config.on_indicator(Indicator(ffi.cast("int *", item)[0]))
        elif kind == lib.VPY_EVENT and self.config.on_event:
            event = ffi.cast("vpy_event *", item)
            self.config.on_event(RecorderEvent(
                RecorderEventKind(event.kind), TriggerKind(event.trigger), Status(event.status),
                outcome_of(event.outcome) if event.has_outcome else None))
        elif kind == lib.VPY_FRAMES and self.config.on_frames:
            self.frames(item, is_direct)
        elif kind == lib.VPY_PROGRESS and self.config.on_progress:
            progress = ffi.cast("vpy_progress *", item)
            answer = self.config.on_progress(
                timedelta(microseconds=progress.done_us),
                timedelta(microseconds=progress.total_us) if progress.total_us else None)
            if answer is False and self.tap is not None:
                self.tap.cancel()
            return answer
        return None

    def frames(self, item: Any, is_direct: bool) -> None:
        assert self.config.on_frames is not None
        head = ffi.cast("vpriv_frames *" if is_direct else "vpy_frames *", item)
        n_bytes = head.n_frames * head.n_channels * 4
        at = head.samples if is_direct else \
            ffi.cast("char *", item) + ffi.sizeof("vpy_frames")
        # Direct frames are memory of the library, which is gone after the call: copied here, and
        # wiped behind the callback. The others are in a room that stays, wiped by who empties
        # rings.
        content = bytearray(ffi.buffer(at, n_bytes)) if is_direct else ffi.buffer(at, n_bytes)
        try:
            self.config.on_frames(Frames(
                shaped(content, head.n_frames, head.n_channels), head.n_channels, head.rate_hz,
                head.position_frames, bool(head.is_request)))
        finally:
            if is_direct:
                lib.vpy_wipe(ffi.from_buffer(content), n_bytes)


def _of(config: RecorderConfig | None, fields: dict[str, Any]) -> RecorderConfig:
    if config is None:
        return RecorderConfig(**fields)
    if fields:
        raise TypeError("give a config, or its fields")
    return config


class Recorder(Handle):
    """A recorder: a source, whose voice it is, and what is kept. One call at a time: calls of other
    threads wait for their turn; `state` does not."""

    def __init__(self, vault: Vault, source: Source, config: RecorderConfig | None = None,
                 **fields: Any) -> None:
        """Reads and writes nothing yet. Give a RecorderConfig, or its fields as keywords."""
        may_open()
        config, keep = _of(config, fields), Keep()
        deliver = _Deliver(config)
        tap = deliver.tap = Tap(deliver)
        out = ffi.new("vpriv_recorder **")
        try:
            with using(vault) as (v,), beside(source) as s:
                if source._has_children():
                    raise InUseError("Source: another recorder reads it")
                check(lib.vpriv_recorder_open(v, s, _c_config(config, tap, keep), out))
                super().__init__(out[0], lib.vpriv_recorder_close, (vault, source), alone=True,
                                 then=tap.close)
        except BaseException:
            if out[0] == ffi.NULL:
                tap.close()
            raise
        self._tap = tap

    @property
    def n_dropped_events(self) -> int:
        """Events that were left out because callbacks were too slow; the hook was told, too."""
        return self._tap.n_dropped

    def start(self) -> None:
        """Start listening, in locked memory only."""
        with using(self) as (recorder,):
            check(lib.vpriv_recorder_start(recorder))

    def trigger(self, trigger: Trigger | TriggerKind = TriggerKind.BUTTON) -> None:
        """Begin a provisional recording with the pre-roll in front. Consent is asked first."""
        keep = Keep()
        with using(self) as (recorder,):
            check(lib.vpriv_recorder_trigger(recorder, _c_trigger(trigger, keep)))

    def confirm(self) -> None:
        """The trigger was meant: the recording is kept."""
        with using(self) as (recorder,):
            check(lib.vpriv_recorder_confirm(recorder))

    def reject(self) -> None:
        """The trigger was not meant: nothing of it is left."""
        with using(self) as (recorder,):
            check(lib.vpriv_recorder_reject(recorder))

    def finish(self) -> Outcome:
        """End the recording at hand and listen on."""
        outcome = struct("vpriv_outcome")
        with using(self) as (recorder,):
            check(lib.vpriv_recorder_finish(recorder, outcome))
        return outcome_of(outcome)

    def mute(self) -> None:
        """The device is closed and the pre-roll wiped when it returns."""
        with using(self) as (recorder,):
            check(lib.vpriv_recorder_mute(recorder))

    def unmute(self) -> None:
        """Open the device again and listen."""
        with using(self) as (recorder,):
            check(lib.vpriv_recorder_unmute(recorder))

    def acknowledge(self) -> None:
        """The person acted: triggers that were refused after too many false wakes are let in."""
        with using(self) as (recorder,):
            check(lib.vpriv_recorder_acknowledge(recorder))

    def stop(self) -> Outcome:
        """Stop: what was confirmed is durable when it returns, what was not leaves nothing."""
        outcome = struct("vpriv_outcome")
        with using(self) as (recorder,):
            check(lib.vpriv_recorder_stop(recorder, outcome))
        return outcome_of(outcome)

    def run(self, trigger: Trigger | TriggerKind = TriggerKind.BUTTON) -> Outcome:
        """Record a whole source, on this thread: triggers and confirms at once, reads until the
        source ends. Callbacks run on this thread too. Control-C ends it."""
        keep, outcome = Keep(), struct("vpriv_outcome")
        with using(self) as (recorder,):
            lib.vpy_tap_direct(self._tap.ptr, True)
            try:
                check(lib.vpriv_recorder_run(recorder, _c_trigger(trigger, keep), outcome))
            finally:
                lib.vpy_tap_direct(self._tap.ptr, False)
        return outcome_of(outcome)

    @property
    def state(self) -> RecorderState:
        """Where it stands; at any time, from any thread."""
        with beside(self) as recorder:
            return RecorderState(lib.vpriv_recorder_state_now(recorder))


def import_opus(vault: Vault, path: str | os.PathLike[str], config: RecorderConfig | None = None,
                **fields: Any) -> Outcome:
    """Import an Ogg Opus file without re-encoding. Config as for a Recorder; encoding and pre-roll
    do not count."""
    config, keep, outcome = _of(config, fields), Keep(), struct("vpriv_outcome")
    deliver = _Deliver(config)
    tap = deliver.tap = Tap(deliver)
    try:
        lib.vpy_tap_direct(tap.ptr, True)
        with using(vault) as (v,):
            check(lib.vpriv_recorder_import_opus(
                v, c_path(path), _c_config(config, tap, keep), outcome))
    finally:
        tap.close()
    return outcome_of(outcome)


def trigger_from_name(name: str) -> TriggerKind:
    """The trigger of a name: "wake-word"."""
    out = ffi.new("vpriv_trigger_kind *")
    check(lib.vpriv_trigger_from_name(c_text(name), out))
    return TriggerKind(out[0])
