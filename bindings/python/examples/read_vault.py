"""Open a recording that any language made, and print the SHA-256 of its sound: the samples of the
gate's WAV (PCM, 16 bits, little-endian).

    python read_vault.py VAULT ROOTFILE KEYRING RECORDING
"""

import hashlib
import io
import sys
import wave

import voicepriv as vp


def main(path: str, root_file: str, keyring_file: str, recording: str) -> None:
    wav = io.BytesIO()
    with vp.RootStore.file(root_file) as root, vp.Vault.open(path, root) as vault, \
            vp.Keyring.load(keyring_file) as keyring, \
            vault.open_recording(keyring, vp.RecordingId(recording), vp.Purpose.KEEP_HISTORY,
                                 actor="read_vault", reason="another language wrote it") as reader:
        reader.export_wav(wav)
    wav.seek(0)
    with wave.open(wav) as file:
        if file.getsampwidth() != 2:
            sys.exit("read_vault: the gate's WAV does not have 16 bits")
        print(hashlib.sha256(file.readframes(file.getnframes())).hexdigest())


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: read_vault.py VAULT ROOTFILE KEYRING RECORDING")
    main(*sys.argv[1:])
