"""The only way audio comes back out: decide, record it in the log, then unwrap the key.

    with vault.open_recording(keyring, recording, Purpose.KEEP_HISTORY, actor="ada") as reader:
        for piece in reader:
            play(piece)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ._callbacks import Writer, lib_function, listed, written
from ._convert import Keep, RecordingId, at_48k, struct
from ._handle import Handle, may_open, using
from ._native import ffi, lib
from .enums import Purpose
from .errors import check
from .keys import Keyring
from .log import LogEntry, entry_of
from .recordings import c_recording
from .sound import room_of, shaped


@dataclass(frozen=True)
class ReaderInfo:
    """What a reader gives."""

    rate_hz: int
    n_channels: int
    n_frames: int | None  #: in all, at rate_hz; None while that is not known
    is_unfinished: bool
    n_lost_frames: int  #: of gaps met so far; they read as zeros
    n_silent_frames: int  #: of silence met so far; it reads as zeros too

    @property
    def duration(self) -> timedelta | None:
        """In all; None when that is not known."""
        if self.n_frames is None:
            return None
        return timedelta(microseconds=self.n_frames * 1_000_000 // self.rate_hz)


@dataclass(frozen=True)
class Packet:
    """One stored Opus packet; or, without data, a gap of lost sound or silence not encoded."""

    data: bytes | None = field(repr=False)
    duration: timedelta
    n_lost_frames_48k: int  #: gap: how much was lost exactly
    is_silence: bool  #: nobody spoke; nothing was lost


def c_request(purpose: Purpose, actor: str, reason: str | None, recipient: str | None,
              keep: Keep) -> Any:
    """Who wants to hear it, and what for."""
    return struct("vpriv_gate_request", purpose=int(purpose), actor=keep.text(actor, "actor"),
                  reason=keep.text(reason, "reason"), recipient=keep.text(recipient, "recipient"))


class Reader(Handle):
    """A recording being read; one call at a time. Consent is asked again at every block."""

    def __init__(self, ptr: Any, vault: Handle) -> None:
        super().__init__(ptr, lib.vpriv_gate_close, (vault,), alone=True)

    def about(self) -> ReaderInfo:
        """What it gives, and what was met so far."""
        info = struct("vpriv_reader_info")
        with using(self) as (reader,):
            check(lib.vpriv_gate_about(reader, info))
        return ReaderInfo(info.rate_hz, info.n_channels,
                          info.n_frames if info.n_frames or not info.is_unfinished else None,
                          info.is_unfinished, info.n_lost_frames, info.n_silent_frames)

    def read_into(self, out: Any) -> int:
        """Decode the next frames into a writable buffer of float32 (channels interleaved); how many
        were written, 0 at the end. The sound in it is yours to wipe."""
        n_read = ffi.new("size_t *")
        with using(self) as (reader,):
            pointer, n = room_of(out, self._channels(reader))
            check(lib.vpriv_gate_read_frames(reader, pointer, n, n_read))
        return int(n_read[0])

    def read(self, n_frames: int = 48000) -> Any:
        """Decode the next frames, at most so many: float32, (n, channels); none at the end."""
        if n_frames < 1:
            raise ValueError("at least one frame")
        n_read = ffi.new("size_t *")
        with using(self) as (reader,):
            n_channels = self._channels(reader)
            content = bytearray(n_frames * n_channels * 4)
            check(lib.vpriv_gate_read_frames(
                reader, ffi.from_buffer("float[]", content), n_frames, n_read))
        return shaped(content, n_read[0], n_channels)

    def read_all(self) -> Any:
        """Decode everything that is left, in memory of its own: float32, (n, channels)."""
        pieces = list(self)
        n_channels = self.about().n_channels
        content = bytearray().join(bytes(piece) for piece in pieces)
        return shaped(content, len(content) // (4 * n_channels), n_channels)

    def __iter__(self) -> Iterator[Any]:
        """Pieces of a second."""
        rate_hz = self.about().rate_hz
        while len(piece := self.read(rate_hz)) > 0:
            yield piece

    @staticmethod
    def _channels(reader: Any) -> int:
        info = struct("vpriv_reader_info")
        check(lib.vpriv_gate_about(reader, info))
        return int(info.n_channels)

    def packets(self) -> Iterator[Packet]:
        """The stored packets, as they are."""
        while True:
            packet = struct("vpriv_packet")
            with using(self) as (reader,):
                check(lib.vpriv_gate_read_packet(reader, packet))
                if packet.is_end:
                    return
                data = None if packet.data == ffi.NULL or not packet.n_bytes else \
                    bytes(ffi.buffer(packet.data, packet.n_bytes))
            yield Packet(data, at_48k(packet.duration_frames_48k), packet.lost_frames_48k,
                         packet.is_silence)

    def export_opus(self, file: Writer) -> None:
        """Write it as Ogg Opus, without re-encoding. file: anything with write(bytes)."""
        with using(self) as (reader,):
            written(lambda fn, user: lib.vpriv_gate_export_opus(reader, fn, user), file)

    def export_wav(self, file: Writer) -> None:
        """Write it as WAV (16-bit PCM)."""
        with using(self) as (reader,):
            written(lambda fn, user: lib.vpriv_gate_export_wav(reader, fn, user), file)


class GateCalls(Handle):
    """How sound comes out of a vault."""

    def open_recording(self, keyring: Keyring, recording: RecordingId, purpose: Purpose, *,
                       actor: str, reason: str | None = None,
                       recipient: str | None = None) -> Reader:
        """Open a recording for a purpose. actor: who, reason: why; both go into the log, on the
        disk before any key is derived. recipient: party id as in the consent; None is the
        controller."""
        may_open()
        keep, out = Keep(), ffi.new("vpriv_reader **")
        with using(self, keyring) as (vault, keys):
            check(lib.vpriv_gate_open(vault, keys, c_recording(recording),
                                      c_request(purpose, actor, reason, recipient, keep), out))
            return Reader(out[0], self)

    def who_heard(self, recording: RecordingId, *, limit: int | None = None) -> list[LogEntry]:
        """Who opened a recording or read what was made from it, and who was refused."""
        with using(self) as (vault,):
            return listed(lambda fn, user: lib.vpriv_gate_who_heard(
                vault, c_recording(recording), fn, user),
                lib_function("vpy_on_log_entry"), entry_of, "const vpriv_log_entry *", limit)
