"""Where sound comes from: a microphone, a file, or a program that pushes frames in.

    source = Source.open("pulse")                      # or "alsa:hw:0", "file:voice.wav", "-"
    source = PushSource(rate_hz=16000, n_channels=1, sample_format=SampleFormat.S16)
    n_taken = source.write(frames)                     # numpy, array, bytes: not copied on the way
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ._callbacks import lib_function, listed
from ._convert import c_path, c_text, in_ms, struct, text
from ._events import Tap
from ._handle import Handle, beside, may_open, using
from ._native import ffi, lib
from .errors import check, error_of
from .kinds import DeviceChange, SampleFormat

#: Bytes of one sample, and what buffers may call it besides plain bytes.
_SAMPLES = {SampleFormat.S16: (2, "h"), SampleFormat.S24: (3, ""),
            SampleFormat.S32: (4, "il"), SampleFormat.F32: (4, "f")}


@dataclass(frozen=True)
class StreamFormat:
    """What frames look like."""

    sample_format: SampleFormat
    rate_hz: int
    n_channels: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame: a sample of each channel."""
        return _SAMPLES[self.sample_format][0] * self.n_channels


@dataclass(frozen=True)
class CaptureDevice:
    """One microphone, or monitor of a speaker."""

    input: str  #: what Source.open takes
    description: str
    rate_min_hz: int  #: 0 when not known now
    rate_max_hz: int
    n_channels_min: int
    n_channels_max: int
    is_default: bool
    is_monitor: bool


def _device_of(device: Any, _number: int = 0) -> CaptureDevice:
    return CaptureDevice(text(device.input), text(device.description), device.rate_min_hz,
                         device.rate_max_hz, device.n_channels_min, device.n_channels_max,
                         device.is_default, device.is_monitor)


def devices() -> list[CaptureDevice]:
    """The microphones of every source in this build."""
    return listed(lib.vpriv_capture_list, lib_function("vpy_on_capture_device"), _device_of,
                  "const vpriv_capture_device *")


class Source(Handle):
    """One origin of frames. A recorder reads it; closing it closes the recorder first."""

    def __init__(self, ptr: Any) -> None:
        super().__init__(ptr, lib.vpriv_capture_close, alone=True)
        found = ffi.new("vpriv_stream_format *")
        check(lib.vpriv_capture_format(ptr, found))
        self._format = StreamFormat(SampleFormat(found.sample_format), found.rate_hz,
                                    found.n_channels)

    @classmethod
    def open(cls, name: str, *, wanted: StreamFormat | None = None,
             buffer: timedelta | None = None, allow_non_card: bool = False,
             allow_monitor: bool = False) -> Source:
        """Open by name: "alsa:NAME", "pulse:NAME", "file:PATH" or "-". wanted: what a sound card
        should give. buffer: sound between device and reader; 1 s without."""
        may_open()
        options = struct("vpriv_capture_options", buffer_ms=in_ms(buffer, "buffer"),
                         allow_non_card=allow_non_card, allow_monitor=allow_monitor)
        if wanted is not None:
            options.wanted = _c_format(wanted)[0]
        out = ffi.new("vpriv_source **")
        check(lib.vpriv_capture_open(c_text(name), options, out))
        return Source(out[0])

    @classmethod
    def file(cls, path: str | os.PathLike[str]) -> Source:
        """A sound file: WAV, AIFF or FLAC; "-" is WAV on standard input."""
        may_open()
        out = ffi.new("vpriv_source **")
        check(lib.vpriv_capture_file_open(c_path(path), out))
        return Source(out[0])

    @property
    def format(self) -> StreamFormat:
        """What its frames look like."""
        return self._format

    @property
    def name(self) -> str:
        """Such as "alsa:hw:0", with the device that the default came to."""
        with beside(self) as source:
            return text(lib.vpriv_capture_name(source))

    def level(self) -> float:
        """The loudest sample since the last call, in dB: 0 is full scale, -200 silence. The first
        call gives silence, and it is measured from then on."""
        out = ffi.new("float *")
        with beside(self) as source:
            check(lib.vpriv_capture_level(source, out))
        return float(out[0])


def _c_format(wanted: StreamFormat) -> Any:
    return ffi.new("vpriv_stream_format *", {
        "sample_format": int(wanted.sample_format), "rate_hz": wanted.rate_hz,
        "n_channels": wanted.n_channels})


class PushSource(Source):
    """A source that a program feeds, from one thread at a time."""

    def __init__(self, rate_hz: int = 48000, n_channels: int = 1,
                 sample_format: SampleFormat = SampleFormat.S16,
                 buffer: timedelta | None = None) -> None:
        """buffer: how much sound fits between writer and reader, at least; 1 s without."""
        may_open()
        wanted = StreamFormat(SampleFormat(sample_format), rate_hz, n_channels)
        out = ffi.new("vpriv_source **")
        check(lib.vpriv_capture_push_open(_c_format(wanted), in_ms(buffer, "buffer"), out))
        super().__init__(out[0])
        self._frame_bytes = wanted.frame_bytes
        self._item_bytes = (1, _SAMPLES[wanted.sample_format][0])
        self._letters = frozenset(order + letter for order in ("", "<", "=", "@")
                                  for letter in _SAMPLES[wanted.sample_format][1]) | {"B"}
        self._n_taken = ffi.new("size_t *")

    def write(self, frames: Any) -> int:
        """Give frames; how many were taken. What does not fit is lost, and becomes a gap of its
        length. frames: a contiguous buffer of whole frames (numpy array, array.array, bytes) with
        samples of the source's format. It is read in place, and never waits."""
        view = memoryview(frames)
        # A native "l" has 4 bytes or 8.
        if view.format not in self._letters or view.itemsize not in self._item_bytes:
            raise TypeError(f"frames of {self._format.sample_format} cannot be of type "
                            f"{view.format!r} of {view.itemsize} bytes")
        n = view.nbytes // self._frame_bytes
        if n * self._frame_bytes != view.nbytes:
            raise ValueError(f"not whole frames of {self._frame_bytes} bytes")
        pointer = ffi.from_buffer(view) if n else ffi.NULL
        core, n_taken = self._core, self._n_taken
        core.check()
        with core.lock:
            if not core.is_free():
                with using(self) as (source,):
                    status = lib.vpriv_capture_push_write(source, pointer, n, n_taken)
            else:
                status = lib.vpriv_capture_push_write(core.ptr, pointer, n, n_taken)
            if status:
                # The text of vpriv_error_detail() stays as it was: this is a real-time call.
                raise error_of(status, "the source was ended before")
            return n_taken[0]  # type: ignore[no-any-return]

    @property
    def space(self) -> int:
        """Frames that a write would take now."""
        core = self._core
        core.check()
        with core.lock:
            if core.is_free():
                return lib.vpriv_capture_push_space(core.ptr)
            with using(self) as (source,):
                return lib.vpriv_capture_push_space(source)

    def end(self) -> None:
        """Say that no more frames will come."""
        with using(self) as (source,):
            check(lib.vpriv_capture_push_end(source))


class DeviceWatch(Handle):
    """Tells of devices that come and go, those that are there first. changed(change, device) runs
    on the events' thread; what it raises goes to the hook."""

    def __init__(self, changed: Callable[[DeviceChange, CaptureDevice], object]) -> None:
        may_open()

        def deliver(_kind: int, item: Any, _n_bytes: int) -> None:
            found = ffi.cast("vpy_device *", item)
            changed(DeviceChange(found.change), _device_of(found))

        tap = Tap(deliver)
        out = ffi.new("vpriv_capture_watch **")
        try:
            check(lib.vpriv_capture_watch_open(lib_function("vpy_on_device"), tap.ptr, out))
        except BaseException:
            tap.close()
            raise
        super().__init__(out[0], lib.vpriv_capture_watch_close, then=tap.close)


