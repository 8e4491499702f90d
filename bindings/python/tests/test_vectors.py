"""The shared vectors of tests/vectors: what other readers open and refuse, Python opens and
refuses."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import pathlib
import sys
from types import ModuleType
from typing import Any

import pytest

import voicepriv as vp

VECTORS = pathlib.Path(__file__).resolve().parents[3] / "tests" / "vectors"
RAISES = {"format": vp.FormatError, "version": vp.VersionError, "auth": vp.AuthError,
          "root": vp.RootError, "not_found": vp.NotFoundError}


def load_reader() -> ModuleType:
    """check-vectors: it knows how to read cases, and how to make a vault of vault.txt."""
    sys.path.insert(0, str(VECTORS))
    loader = importlib.machinery.SourceFileLoader("check_vectors", str(VECTORS / "check-vectors"))
    spec = importlib.util.spec_from_loader("check_vectors", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


READER = load_reader()


def cases(name: str) -> list[object]:
    """One parameter for each case of a file."""
    found = [pytest.param(case, id=case.name) for case in READER.cases_of(name)]
    assert found
    return found


@pytest.mark.parametrize("case", cases("keyring"))
def test_keyrings(case: Any, tmp_path: pathlib.Path) -> None:
    (tmp_path / "k").write_bytes(case.hex("file"))
    if case.expected != "ok":
        with pytest.raises(RAISES[case.expected]):
            vp.Keyring.load(tmp_path / "k")
        return
    with vp.Keyring.load(tmp_path / "k") as keyring:
        bits = case.number("has_secret")
        assert keyring.purposes == {p for p in vp.Purpose if bits >> p & 1}
        assert keyring.is_capture_credential == (case.number("kind") == 2)
        keyring.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == case.hex("file")


@pytest.mark.parametrize("case", cases("passphrase-file"))
def test_passphrase_files(case: Any, tmp_path: pathlib.Path) -> None:
    (tmp_path / "r").write_bytes(case.hex("file"))

    def open_it() -> vp.RootStore:
        if case.has("recovery_key"):
            return vp.RootStore.recovery(tmp_path / "r", case.text("recovery_key"))
        return vp.RootStore.passphrase(tmp_path / "r", case.hex("passphrase"))

    if case.expected == "ok":
        open_it().close()
        return
    with pytest.raises(RAISES[case.expected]):
        open_it()


@pytest.mark.parametrize("case", cases("checkpoint"))
def test_checkpoints(case: Any) -> None:
    origin = f"voicepriv/{case.text('vault_id')}"

    def check_it() -> tuple[int, bytes]:
        return vp.verify_checkpoint(case.hex("note").decode(), origin, case.hex("public_key"))

    if case.expected == "ok":
        assert check_it() == (case.number("size"), case.hex("root"))
        return
    with pytest.raises(RAISES[case.expected]):
        check_it()


@pytest.mark.parametrize("case", cases("log-leaf"))
def test_leaves(case: Any) -> None:
    if case.has("commitment"):
        assert vp.leaf_hash(case.hex("commitment")) == case.hex("leaf_hash")


class Record(vp.VendorRoot):
    """A root store with the record of vault.txt in it."""

    def __init__(self, record: bytes) -> None:
        self.record = record

    def load(self, record: memoryview) -> bool:
        record[:] = self.record
        return True

    def replace(self, record: memoryview) -> None:
        self.record = bytes(record)

    def destroy(self) -> None:
        self.record = b""


def test_the_vault_of_the_vectors(tmp_path: pathlib.Path) -> None:
    path, _, _ = READER.rebuilt(tmp_path)
    (record,) = [case.hex("record") for case in READER.cases_of("vault") if case.name == "root"]
    with vp.RootStore.vendor(Record(record)) as root, vp.Vault.open(path, root) as vault:
        assert [s.name for s in vault.subjects()] == ["Ada", "Bob"]
        about = vault.about()
        assert (about.controller_id, about.n_subjects) == ("acme", 2) and about.generation >= 10
        # The third recording was on trial when the vault was dumped: nobody can open it.
        first, second = vault.recordings()[:2]
        ada, bob = (s.id for s in vault.subjects())
        assert first.subjects == (ada, bob) and first.n_added == 1
        assert first.purposes == second.purposes == {
            vp.Purpose.KEEP_HISTORY, vp.Purpose.IMPROVE_BY_MACHINE}
        (made,) = [d for r in (first, second) for d in vault.derivatives(r.id)]
        assert (made.kind, made.made_by, made.n_bytes) == (vp.DerivativeKind.TRANSCRIPT, "acme", 9)
        kinds = [int(entry.kind) for entry in vault.log()]
        assert kinds[:3] == [1, 2, 2] and 30 in kinds
        assert [s.home for s in vault.subjects()] == ["QX", "strict"]
