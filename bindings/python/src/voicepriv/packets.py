"""How sound is encoded before it is kept: Opus, always."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ._convert import given, in_units, struct
from ._native import lib
from .errors import check
from .kinds import Application


@dataclass(frozen=True)
class Encoding:
    """How to encode. None in a field means its default."""

    rate_hz: int | None = None  #: 8000, 12000, 16000, 24000 or 48000; 16000
    n_channels: int | None = None  #: 1 or 2; 1
    bitrate_bps: int | None = None  #: 6000 to 510000; 24000
    complexity: int | None = None  #: 0 (least work) to 10 (best sound), as libopus has it; 5
    application: Application | None = None  #: VOIP
    packet: timedelta | None = None  #: 2.5, 5, 10, 20, 40 or 60 ms; 20 ms
    constant_bitrate: bool = False  #: packets of one size

    def filled(self) -> Encoding:
        """The same with the defaults put in; ArgumentError when a field is out of range."""
        out = struct("vpriv_encoding")
        check(lib.vpriv_encoding_check(c_encoding(self), out))
        return Encoding(out.rate_hz, out.n_channels, out.bitrate_bps, out.complexity_plus_one - 1,
                        Application(out.application), timedelta(microseconds=out.packet_us),
                        out.constant_bitrate)


def c_encoding(encoding: Encoding) -> Any:
    """For C."""
    packet_us = in_units(encoding.packet, timedelta(microseconds=1), "packet")
    if encoding.complexity is not None and encoding.complexity < 0:
        raise ValueError("complexity: 0 to 10")
    return struct(
        "vpriv_encoding", rate_hz=given(encoding.rate_hz, "rate_hz"),
        n_channels=given(encoding.n_channels, "n_channels"),
        bitrate_bps=given(encoding.bitrate_bps, "bitrate_bps"),
        complexity_plus_one=0 if encoding.complexity is None else encoding.complexity + 1,
        application=int(encoding.application or 0),
        packet_us=given(None if encoding.packet is None else packet_us, "packet"),
        constant_bitrate=encoding.constant_bitrate)


