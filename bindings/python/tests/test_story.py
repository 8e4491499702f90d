"""The story of scripts/story, told by Python: a voice goes in and comes out as long as she
agrees."""

from __future__ import annotations

import io
import pathlib
import shutil
import wave

import pytest
from conftest import NOTICE, OTHER_SPEECH, SPEECH, speech_frames

import voicepriv as vp

KEEP = vp.Purpose.KEEP_HISTORY


def record(vault: vp.Vault, ada: vp.SubjectId, path: pathlib.Path = SPEECH) -> vp.Outcome:
    with vp.Source.file(path) as source, vp.Recorder(
            vault, source, subjects=[ada], all_identified=True,
            retention=vp.Retention.DAYS_90) as recorder:
        return recorder.run()


def copy_of(folder: pathlib.Path, to: pathlib.Path) -> None:
    """The files of a vault that nobody has open, as a backup of the disk has them."""
    to.mkdir()
    for path in folder.glob("home.*"):
        shutil.copy(path, to / path.name)


def test_story(tmp_path: pathlib.Path) -> None:
    home, before = tmp_path / "home", tmp_path / "before"
    home.mkdir()
    with vp.RootStore.file(home / "home.root") as root:
        vault, keyring = vp.Vault.create(home / "home.vault", root)
        with vault, keyring:
            keyring.save(home / "home.keyring")
            ada = vault.add_subject("Ada Lovelace")

            # She was never asked.
            with pytest.raises(vp.ConsentError) as refusal:
                record(vault, ada)
            assert vp.Deny.CONSENT_MISSING in refusal.value.reasons
            assert vault.recordings() == []

            # She is shown a notice and says yes.
            vault.add_notice(NOTICE)
            vault.give_consent(ada, KEEP, notice="history")
            outcome = record(vault, ada)
            frames, rate_hz = speech_frames()
            assert outcome.is_stored and outcome.end_reason is vp.EndReason.SOURCE_ENDED
            assert abs(outcome.duration.total_seconds() - len(frames) / 2 / rate_hz) <= 0.02
            assert outcome.recording is not None
            recording = outcome.recording
            for path in home.iterdir():
                held = path.read_bytes()
                assert b"OpusHead" not in held and b"Ada Lovelace" not in held

            # What comes out is the voice that went in.
            out = io.BytesIO()
            with vault.open_recording(keyring, recording, KEEP, actor="the story") as reader:
                reader.export_wav(out)
            out.seek(0)
            with wave.open(out) as file:
                seconds = file.getnframes() / file.getframerate()
                samples = memoryview(file.readframes(file.getnframes())).cast("h")
            assert abs(seconds - len(frames) / 2 / rate_hz) <= 0.02
            loudest, original = max(map(abs, samples)), max(map(abs, memoryview(frames).cast("h")))
            assert 0.6 * original <= loudest <= 1.5 * original

            # No listening is off the record.
            heard = vault.who_heard(recording)
            assert [(e.kind, e.actor, e.purpose) for e in heard] == [
                (vp.LogKind.ACCESS_GRANTED, "the story", KEEP)]

        copy_of(home, before)
        with vp.Vault.open(home / "home.vault", root) as vault, \
                vp.Keyring.load(home / "home.keyring") as keyring:
            # She takes it back: for the past and for the future.
            receipt = vault.withdraw_consent(ada, KEEP)
            assert receipt.generation_after > receipt.generation_before
            with pytest.raises(vp.Error) as shut:
                vault.open_recording(keyring, recording, KEEP, actor="the story")
            assert isinstance(shut.value, (vp.ConsentError, vp.ErasedError))
            with pytest.raises(vp.ConsentError) as refusal:
                record(vault, ada)
            assert vp.Deny.CONSENT_WITHDRAWN in refusal.value.reasons

    # A copy of the vault from before, with the root key of now.
    shutil.copy(home / "home.root", before / "home.root")
    with vp.RootStore.file(before / "home.root") as root, pytest.raises(vp.RollbackError):
        vp.Vault.open(before / "home.vault", root)
    shutil.rmtree(before)

    with vp.RootStore.file(home / "home.root") as root:
        with vp.Vault.open(home / "home.vault", root) as vault, \
                vp.Keyring.load(home / "home.keyring") as keyring:
            # Yes again: a new recording is kept; the old one stays shut.
            vault.give_consent(ada, KEEP, notice="history")
            second = record(vault, ada, OTHER_SPEECH).recording
            assert second is not None
            with vault.open_recording(keyring, second, KEEP, actor="the story") as reader:
                assert len(reader.read_all()) > 48000 // 4
            with pytest.raises(vp.Error):
                vault.open_recording(keyring, recording, KEEP, actor="the story")
        copy_of(home, before)
        with vp.Vault.open(home / "home.vault", root) as vault, \
                vp.Keyring.load(home / "home.keyring") as keyring:
            assert vault.verify(keyring).is_well
            vault.erase(second)
            with pytest.raises(vp.ErasedError):
                vault.open_recording(keyring, second, KEEP, actor="the story")
            assert vault.tidy() == 0  # the withdrawn one, which no purpose is left for
            assert vault.recordings() == []
            assert vault.verify().is_well

    # A copy made before the erasure does not open with any key of now.
    shutil.copy(home / "home.root", before / "home.root")
    with vp.RootStore.file(before / "home.root") as root, pytest.raises(vp.RollbackError):
        vp.Vault.open(before / "home.vault", root)
