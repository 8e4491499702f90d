"""What is promised of the package as such: nothing of the C interface is missing or typed again."""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

import voicepriv as vp
from voicepriv import _native

TREE = pathlib.Path(__file__).resolve().parents[3]
SOURCES = sorted((TREE / "bindings/python/src/voicepriv").glob("*.py"))
sys.path.insert(0, str(TREE / "bindings/python/native"))
sys.dont_write_bytecode = True
import cdef  # noqa: E402

INTERFACE = cdef.read(TREE / "include/voicepriv")

#: Functions that no Python calls, with the reason.
NOT_CALLED = {"vpriv_error_detail": "C copies the text in the call that failed: native/cdef.py"}

#: Enumerators that no member of an enumeration has, with the reason.
NOT_MEMBERS = {
    "VPRIV_PURPOSE_VENDOR_FIRST": "VENDOR_15", "VPRIV_STORAGE_REPLACE": "replace=True"}


def uses(prefix: str) -> set[str]:
    """Attributes of lib that the sources name."""
    return {node.attr for path in SOURCES for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
            and node.value.id in ("lib", "_lib") and node.attr.startswith(prefix)}


def test_every_function_is_reached() -> None:
    symbols = {line.split()[0] for line in (TREE / "lib/symbols.txt").read_text().splitlines()
               if line.startswith("vpriv_")}
    assert symbols == {function.name for function in INTERFACE.functions}
    assert symbols - uses("vpriv_") == set(NOT_CALLED)


def test_every_enumerator_is_a_member() -> None:
    named = uses("VPRIV_")
    missing = {name for names in INTERFACE.enums.values() for name in names} - named
    assert missing == set(NOT_MEMBERS) - named
    assert vp.Purpose.VENDOR_15 == _native.lib.VPRIV_PURPOSE_VENDOR_FIRST
    assert vp.Purpose.VENDOR_31 == _native.lib.VPRIV_PURPOSE_VENDOR_LAST
    assert len(vp.Purpose) == _native.lib.VPRIV_PURPOSES_MAX
    assert len(vp.Deny) == _native.lib.VPRIV_DENY_REASONS
    assert len(vp.NoticeRule) == _native.lib.VPRIV_NOTICE_RULES


def test_every_field_is_used() -> None:
    """A field of a struct that no source names is something that Python cannot say or see."""
    words = set(re.findall(r"\w+", " ".join(path.read_text() for path in SOURCES)))
    for declared in INTERFACE.types:
        match = re.match(r"typedef struct (\w+) \{(.*)\}", declared)
        if not match or match[1] == "vpriv_inventory_visitor":
            continue
        for field in match[2].replace("...;", "").split(";"):
            names = re.findall(r"(\w+)\s*(?:\[\.\.\.\])*\s*$", field.strip())
            for name in names:
                is_known = name in words or name in {
                    "indicator_user", "event_user", "frames_user", "progress_user", "clock_user",
                    "clock", "user", "load", "destroy", "indicator", "event", "frames", "progress"}
                assert is_known, f"{match[1]}.{name}"


def test_no_value_of_c_is_typed_again() -> None:
    """Numbers in the sources: none is a constant of the headers by another way."""
    values = {getattr(_native.lib, name) for name in INTERFACE.integers}
    common = set(range(-1, 33)) | {64, 1000, 48_000, 256, 0x80, 0x800, 0x10000}  # say nothing
    typed = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and type(node.value) is int \
                    and node.value in values - common:
                typed.append(f"{path.name}:{node.lineno}: {node.value}")
    assert typed == []


def test_every_failure_has_a_class() -> None:
    for status in vp.Status:
        if status is vp.Status.OK:
            continue
        error = vp.errors.error_of(int(status), "what was wrong")
        assert error.status is status and type(error) is not vp.Error
        assert str(error) == f"{status.text}: what was wrong"
    newer = vp.errors.error_of(-99, "")
    assert type(newer) is vp.Error and newer.status == -99


def public() -> Iterator[tuple[str, object]]:
    """Everything that people use, with the methods of classes."""
    for name in vp.__all__:
        found = getattr(vp, name)
        yield name, found
        if inspect.isclass(found):
            for member, value in vars(found).items():
                if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                    yield f"{name}.{member}", value


def test_everything_is_explained() -> None:
    missing = [name for name, found in public()
               if (inspect.isclass(found) or inspect.isroutine(found)
                   or isinstance(found, property)) and not inspect.getdoc(found)]
    assert missing == []


def test_what_takes_a_number_or_duration_says_its_unit() -> None:
    """Names carry units (_hz, _ms, _us, n_…), or the text does; durations are timedeltas."""
    for name, found in public():
        if not inspect.isroutine(found):
            continue
        for parameter in inspect.signature(found).parameters.values():
            if parameter.annotation in ("float", "timedelta", "timedelta | None"):
                text = inspect.getdoc(found) or ""
                assert parameter.name in text or parameter.name in ("by", "done", "score"), name


def test_the_list_of_public_names_is_whole() -> None:
    tree = ast.parse((pathlib.Path(vp.__file__).parent / "__init__.py").read_text())
    imported = {alias.asname or alias.name for node in tree.body
                if isinstance(node, ast.ImportFrom) for alias in node.names}
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    expected = {name for name in imported | defined if not name.startswith("_")} | {"__version__"}
    assert set(vp.__all__) == expected


def test_the_wheel_is_of_the_limited_api_and_typed() -> None:
    files = importlib.metadata.files("voicepriv") or []
    names = {pathlib.PurePath(file).name for file in files}
    assert "_native.abi3.so" in names and {"py.typed", "_native.pyi"} <= names
    wheel = importlib.metadata.distribution("voicepriv").read_text("WHEEL") or ""
    assert re.search(r"^Tag: cp311-abi3-linux_", wheel, re.M)
    assert importlib.metadata.version("voicepriv") == vp.__version__ == vp.library_version()


def test_versions_are_printed() -> None:
    done = subprocess.run([sys.executable, "-m", "voicepriv"], capture_output=True, text=True,
                          check=True)
    for part in (f"voicepriv (Python) {vp.__version__}", f"libvoicepriv {vp.library_version()}",
                 f"sound kernels {vp.cpu_level()}", sys.version.split()[0]):
        assert part in done.stdout


@pytest.mark.parametrize("text", ["struct x;\nint y", "typedef enum a { VPRIV_A = f(1, 2) } a;"])
def test_headers_of_another_form_are_refused(tmp_path: pathlib.Path, text: str) -> None:
    (tmp_path / "voicepriv.h").write_text(text)
    with pytest.raises(ValueError, match=r"cannot read|left over|not an enumerator"):
        cdef.read(tmp_path)
