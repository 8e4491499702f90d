"""A recording process in Python, beside push_child.c line by line: it pushes sound in pieces of 20 ms, as an
audio callback does, but as fast as there is room.

    push_child.py VAULT ROOT SUBJECT RAW TIMES     (48 kHz, 16 bits, stereo)
"""

import sys
import time
from datetime import timedelta

import numpy

import voicepriv as vp

PIECE_FRAMES = 960
PIECES_AT_ONCE = 50  # an audio callback does not ask for room each time
BUFFER = timedelta(seconds=2)


def nap():
    """As long as the others do."""
    time.sleep(0.01)


def feed(source, frames, n_times):
    """How many frames it were."""
    n_pieces = len(frames) // PIECE_FRAMES
    for _ in range(n_times):
        for piece in range(n_pieces):
            while piece % PIECES_AT_ONCE == 0 and source.space < PIECES_AT_ONCE * PIECE_FRAMES:
                nap()
            source.write(frames[piece * PIECE_FRAMES:(piece + 1) * PIECE_FRAMES])
    source.end()
    return n_times * n_pieces * PIECE_FRAMES


def main(vault_path, root_path, subject, raw, n_times):
    """What is measured lies between "ready" and "done"."""
    with vp.RootStore.file(root_path) as root, vp.Vault.open(vault_path, root) as vault, \
            vp.PushSource(48000, 2, buffer=BUFFER) as source:
        frames = numpy.fromfile(raw, numpy.int16).reshape(-1, 2)
        print("ready", flush=True)
        with vp.Recorder(vault, source, subjects=[vp.SubjectId.fromhex(subject)], all_identified=True,
                         retention=vp.Retention.DAYS_90) as recorder:
            recorder.start()
            recorder.trigger(vp.TriggerKind.BUTTON)
            recorder.confirm()
            n_frames = feed(source, frames, int(n_times))
            while recorder.state == vp.RecorderState.COMMITTED:
                nap()
            outcome = recorder.stop()
        print("done", flush=True)
    if not outcome.is_stored or outcome.n_lost_frames_48k or outcome.n_frames_48k != n_frames:
        sys.exit(3)


if __name__ == "__main__":
    main(*sys.argv[1:])
