"""Make a vault with a recording of a WAV file, and print its id: for the other languages to read.

    python write_vault.py VAULT ROOTFILE KEYRING WAV
"""

import sys

import voicepriv as vp


def main(path: str, root_file: str, keyring_file: str, wav: str) -> None:
    with vp.RootStore.file(root_file) as root:
        vault, keyring = vp.Vault.create(path, root)
        with vault, keyring, vp.Source.file(wav) as source:
            keyring.save(keyring_file)
            ada = vault.add_subject("Ada")
            vault.add_notice(vp.Notice("history", "1", "en", "We keep what you say for you."))
            vault.give_consent(ada, vp.Purpose.KEEP_HISTORY, notice="history")
            with vp.Recorder(vault, source, subjects=[ada], all_identified=True,
                             retention=vp.Retention.DAYS_90,
                             encoding=vp.Encoding(rate_hz=48000)) as recorder:
                print(recorder.run().recording)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit("usage: write_vault.py VAULT ROOTFILE KEYRING WAV")
    main(*sys.argv[1:])
