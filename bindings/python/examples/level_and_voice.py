# %% [markdown]
# How loud it was, and when somebody spoke
#
# Cells for Jupyter or an editor that knows `# %%`; as a program:
#
#     python level_and_voice.py FOLDER WAV... OUT.png
#
# It records WAV files with two seconds of nothing between them, with the voice gate on, so that
# what nobody says is not encoded; then it reads the recording twice: as sound for the level, and as
# packets for the silence.

# %%
import pathlib
import sys
import wave
from datetime import timedelta

import matplotlib
import numpy as np

import voicepriv as vp

matplotlib.use("Agg")
from matplotlib import pyplot as plt

if len(sys.argv) < 4:
    sys.exit("usage: level_and_voice.py FOLDER WAV... OUT.png")
folder, *wavs, out = sys.argv[1:]
RATE_HZ, WINDOW_S, PAUSE_S = 48000, 0.02, 2.0

# %% A vault, and Ada, who agrees.
root = vp.RootStore.file(pathlib.Path(folder) / "level.root")
vault, keyring = vp.Vault.create(pathlib.Path(folder) / "level.vault", root)
ada = vault.add_subject("Ada")
vault.add_notice(vp.Notice("history", "1", "en", "We keep what you say for you."))
vault.give_consent(ada, vp.Purpose.KEEP_HISTORY, notice="history")

# %% Speech and pauses, with the noise of a quiet room under both.
pieces = []
for name in wavs:
    with wave.open(name) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE_HZ, 1, 2)
        pieces += [np.zeros(int(RATE_HZ * PAUSE_S), np.int16),
                   np.frombuffer(file.readframes(file.getnframes()), np.int16)]
pieces.append(np.zeros(int(RATE_HZ * PAUSE_S), np.int16))
sound = np.concatenate(pieces)
hiss = np.random.default_rng(1).normal(0, 8, len(sound))
sound = np.clip(sound + hiss, -32768, 32767).astype(np.int16)

# %% Record it. The push source takes at most 10 s at once, so it is fed while the recorder reads.
source = vp.PushSource(RATE_HZ, 1, buffer=timedelta(seconds=10))
recorder = vp.Recorder(vault, source, subjects=[ada], all_identified=True, retention="90d",
                       voice_gate=vp.VoiceGate.ON, no_trailing_silence=True, no_maximum=True)
recorder.start()
recorder.trigger(vp.TriggerKind.BUTTON)
recorder.confirm()
for at in range(0, len(sound), RATE_HZ // 10):
    piece = sound[at:at + RATE_HZ // 10]
    while source.space < len(piece):
        pass
    source.write(piece)
source.end()
while recorder.state is vp.RecorderState.COMMITTED:
    pass
outcome = recorder.stop()
recorder.close()
source.close()
assert outcome.recording is not None
print(f"kept {outcome.duration.total_seconds():.1f} s, "
      f"of that {outcome.n_silent_frames_48k / 48000:.1f} s silence")

# %% The level of each window, in dB below full scale.
with vault.open_recording(keyring, outcome.recording, vp.Purpose.KEEP_HISTORY, actor="ada",
                          reason="a look at the level") as reader:
    heard, rate_hz = reader.read_all()[:, 0], reader.about().rate_hz
window = int(rate_hz * WINDOW_S)
windows = heard[:len(heard) // window * window].reshape(-1, window)
level_db = 20 * np.log10(np.maximum(np.sqrt(np.mean(windows ** 2, axis=1)), 1e-5))
level_s = np.arange(len(level_db)) * WINDOW_S

# %% When somebody spoke: everything but the packets that say "silence".
with vault.open_recording(keyring, outcome.recording, vp.Purpose.KEEP_HISTORY, actor="ada",
                          reason="a look at the voice") as reader:
    packets = list(reader.packets())
starts_s = np.cumsum([0.0, *(p.duration.total_seconds() for p in packets)])
is_voice = np.array([not p.is_silence for p in packets])

# %% Both over time.
figure, axes = plt.subplots(figsize=(9, 3.5), layout="constrained")
axes.plot(level_s, level_db, linewidth=0.8, color="C0", label="level")
axes.fill_between(starts_s, -100, 0, where=[*is_voice, False], step="post", alpha=0.2, color="C1",
                  label="voice")
axes.set(xlabel="time (s)", ylabel="level (dB of full scale)", ylim=(-100, 0),
         xlim=(0, starts_s[-1]), title="What is kept, and when somebody spoke")
axes.legend(loc="lower right")
figure.savefig(out)
print(f"voice for {float(np.diff(starts_s)[is_voice].sum()):.1f} s of {starts_s[-1]:.1f} s: {out}")

# %% Close everything: what uses something before what it uses.
keyring.close()
vault.close()
root.close()
