"""Record from pushes of 20 ms, and print what it cost; the same as push.c."""

import pathlib
import sys
import time
from datetime import timedelta

import numpy

import voicepriv as vp

RATE_HZ, PIECE, PIECE_S = 48000, 960, 0.02


def push_all(source, frames, is_paced):
    """All of it; paced: one push every 20 ms."""
    due = time.monotonic()
    for at in range(0, len(frames) - PIECE + 1, PIECE):
        if source.write(frames[at:at + PIECE]) != PIECE:
            sys.exit("push.py: frames were lost")
        if is_paced:
            due += PIECE_S
            time.sleep(max(0.0, due - time.monotonic()))


def main(folder, raw, is_paced):
    """Everything but the recording is not measured."""
    frames = numpy.fromfile(raw, numpy.int16)
    with vp.RootStore.file(folder / "push-py.root") as root:
        vault, keyring = vp.Vault.create(folder / "push-py.vault", root)
        with keyring, vault, vp.PushSource(RATE_HZ, 1, buffer=timedelta(seconds=10)) as source:
            ada = vault.add_subject("Ada")
            vault.add_notice(vp.Notice("history", "1", "en", "We keep it."))
            vault.give_consent(ada, vp.Purpose.KEEP_HISTORY, notice="history")
            with vp.Recorder(vault, source, subjects=[ada], all_identified=True,
                             retention=vp.Retention.DAYS_90,
                             voice_gate=vp.VoiceGate.OFF) as recorder:
                begin_ns = time.process_time_ns()
                if is_paced:
                    recorder.start()
                    recorder.trigger(vp.TriggerKind.CONTINUOUS)
                    recorder.confirm()
                    push_all(source, frames, True)
                    outcome = recorder.stop()
                else:
                    push_all(source, frames, False)
                    source.end()
                    outcome = recorder.run(vp.TriggerKind.CONTINUOUS)
                print(time.process_time_ns() - begin_ns)
            if not outcome.is_stored or outcome.n_lost_frames_48k:
                sys.exit("push.py: the recording is not whole")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "paced")
