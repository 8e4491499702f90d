"""Sound in Python's memory: a numpy array when numpy is there, a memoryview otherwise."""

from __future__ import annotations

from typing import Any

try:
    import numpy
except ImportError:  # numpy is optional
    numpy = None  # type: ignore[assignment]

from ._native import ffi

#: Whether arrays of numpy are given out.
HAS_NUMPY: bool = numpy is not None


def shaped(content: Any, n_frames: int, n_channels: int) -> Any:
    """float32 samples of a buffer as (n_frames, n_channels), not copied."""
    if numpy is not None:
        return numpy.frombuffer(content, numpy.float32, n_frames * n_channels).reshape(
            n_frames, n_channels)
    view = memoryview(content).cast("B")[:n_frames * n_channels * 4]
    if n_frames == 0:
        return view.cast("f")
    return view.cast("f", (n_frames, n_channels))


def room_of(out: Any, n_channels: int) -> tuple[Any, int]:
    """Pointer to, and frames that fit into, a writable buffer of float32."""
    view = memoryview(out)
    if view.format is None or view.format.lstrip("<=@") != "f":
        raise TypeError(f"sound comes as float32, not as {view.format!r}")
    n, rest = divmod(view.nbytes, 4 * n_channels)
    if rest or n == 0:
        raise ValueError(f"room for whole frames of {n_channels} channels is needed")
    return ffi.from_buffer("float[]", view, require_writable=True), n
