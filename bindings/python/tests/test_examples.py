"""The examples do what they say."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

import matplotlib.image
import pytest
from conftest import OTHER_SPEECH, SPEECH, speech_frames

import voicepriv as vp

EXAMPLES = pathlib.Path(__file__).resolve().parents[1] / "examples"


def run(name: str, *arguments: object, expect: int = 0) -> str:
    command = [sys.executable, "-W", "error", str(EXAMPLES / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout if expect == 0 else done.stderr


def test_a_vault_is_written_and_read(tmp_path: pathlib.Path) -> None:
    where = (tmp_path / "a.vault", tmp_path / "a.root", tmp_path / "a.keyring")
    recording = run("write_vault.py", *where, SPEECH).strip()
    assert re.fullmatch(r"[0-9a-f]{32}", recording)
    first, second = (run("read_vault.py", *where, recording).strip() for _ in range(2))
    assert re.fullmatch(r"[0-9a-f]{64}", first) and first == second
    with vp.RootStore.file(where[1]) as root, vp.Vault.open(where[0], root) as vault:
        assert len(vault.who_heard(vp.RecordingId(recording))) == 2
        assert vault.recordings()[0].rate_hz == 48000


def python_in(page: str) -> str:
    """The first Python example of a page."""
    text = (EXAMPLES.parents[2] / page).read_text()
    return text.split("```python\n")[1].split("```")[0]


def test_the_example_of_the_readme(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch,
                                   capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    run("write_vault.py", "home.vault", "home.vault.root", "home.vault.keyring", SPEECH)
    (tmp_path / "voice.wav").symlink_to(OTHER_SPEECH)
    exec(compile(python_in("README.md"), "README.md", "exec"), {})
    assert re.match(r"0:00:0\d\.\d+ \(\d+, 1\)\n$", capsys.readouterr().out)


def test_the_example_of_the_page_on_bindings(tmp_path: pathlib.Path,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"frames": memoryview(speech_frames()[0]).cast("h")[:16000]}
    exec(compile(python_in("doc/bindings.md"), "bindings.md", "exec"), names)
    assert names["outcome"].is_stored  # type: ignore[attr-defined]
    assert len(names["sound"]) >= 16000  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["write_vault.py", "read_vault.py", "push_to_talk_asyncio.py",
                                  "level_and_voice.py"])
def test_usage(name: str) -> None:
    assert run(name, "one", expect=1).startswith("usage: ")


def test_asyncio(tmp_path: pathlib.Path) -> None:
    out = run("push_to_talk_asyncio.py", tmp_path, SPEECH).splitlines()
    assert out[0] == "lamp: listening" and out[1] == "lamp: recording" and out[-1] == "lamp: off"
    (kept,) = [float(m[1]) for line in out if (m := re.match(r"kept: ([\d.]+) s", line))]
    frames, rate_hz = speech_frames()
    assert kept >= len(frames) / 2 / rate_hz - 0.2


def test_level_and_voice(tmp_path: pathlib.Path) -> None:
    out = run("level_and_voice.py", tmp_path, SPEECH, OTHER_SPEECH, tmp_path / "out.png")
    silent, whole = (float(re.search(pattern, out)[1])  # type: ignore[index]
                     for pattern in (r"that ([\d.]+) s silence", r"kept ([\d.]+) s"))
    voice = float(re.search(r"voice for ([\d.]+) s", out)[1])  # type: ignore[index]
    assert 1 < silent < whole - 1 and abs(silent + voice - whole) < 0.2
    picture = matplotlib.image.imread(tmp_path / "out.png")
    assert picture.shape[:2] == (350, 900) and picture[..., :3].std() > 0.05
