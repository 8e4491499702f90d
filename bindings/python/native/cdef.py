"""Turn the public C headers into what cffi reads, without retyping a size, an offset or a value.

Every constant, enumerator, array length and struct layout is left open ("..."): the C compiler
fills it in when the extension is built. What is not of the form that the headers keep is an error,
not a guess.
"""

import pathlib
import re
from typing import NamedTuple

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
_MACRO = re.compile(r"^#define[ \t]+(VPRIV_\w+)(\([^)]*\))?[ \t]*(.*)$", re.M)
_ATTRIBUTE_MACROS = {"VPRIV_API", "VPRIV_MUST_CHECK"}
_FUNCTION = re.compile(r"(?P<returns>.*?)\b(?P<name>vpriv_\w+) ?\((?P<params>.*)\)$", re.S)


class Function(NamedTuple):
    """One exported function, as declared and without attributes."""

    returns: str
    name: str
    params: str


class Interface(NamedTuple):
    """What the headers declare, in their order."""

    functions: list[Function]
    types: list[str]
    integers: list[str]
    texts: list[str]
    enums: dict[str, list[str]]
    functions_like: list[str]


def _blank(text: str) -> str:
    return _COMMENT.sub(" ", text)


def _join(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _enum(body: str, name: str, interface: Interface) -> str:
    members = [part.split("=")[0].strip() for part in body.split(",") if part.strip()]
    # A part of an expression with commas would be no name.
    for member in members:
        if not re.fullmatch(r"VPRIV_\w+", member):
            raise ValueError(f"{name}: not an enumerator: {member}")
    interface.enums[name] = members
    listed = ", ".join(members)
    return f"typedef enum {name} {{ {listed}, ... }} {name};"


def _struct(body: str, name: str) -> str:
    fields = re.sub(r"\[[^\]]+\]", "[...]", _join(body))
    return f"typedef struct {name} {{ {fields} ...; }} {name};"


def _statements(code: str) -> list[str]:
    """Top-level statements: up to a semicolon outside of braces."""
    found, depth, start = [], 0, 0
    for index, char in enumerate(code):
        depth += (char == "{") - (char == "}")
        if char == ";" and depth == 0:
            found.append(_join(code[start:index]))
            start = index + 1
    if _join(code[start:]):
        raise ValueError(f"left over at the end of a header: {_join(code[start:])[:60]}")
    return found


def _statement(text: str, interface: Interface) -> None:
    if match := re.fullmatch(r"typedef enum (\w+) \{(.*)\} (\w+)", text, re.S):
        interface.types.append(_enum(match[2], match[3], interface))
    elif match := re.fullmatch(r"typedef struct (\w+) \{(.*)\} (\w+)", text, re.S):
        interface.types.append(_struct(match[2], match[3]))
    elif text.startswith(("typedef ", "struct ")):
        interface.types.append(text + ";")
    elif text.startswith("VPRIV_API"):
        plain = _join(re.sub(r"\bVPRIV_(?:API|MUST_CHECK)\b", "", text))
        match = _FUNCTION.fullmatch(plain)
        if not match:
            raise ValueError(f"cannot read this declaration: {plain}")
        params = re.sub(r"\[[^\]]*\]", "[]", match["params"])
        interface.functions.append(Function(match["returns"].strip(), match["name"], params))
    elif text:
        raise ValueError(f"cannot read this: {text[:80]}")


def _macros(code: str, interface: Interface) -> None:
    for name, arguments, value in _MACRO.findall(code):
        if name in _ATTRIBUTE_MACROS or name.endswith("_H") or not value:
            continue
        if arguments:
            interface.functions_like.append(name)
        elif value.lstrip().startswith('"'):
            interface.texts.append(name)
        else:
            interface.integers.append(name)


def read(folder: pathlib.Path) -> Interface:
    """Read voicepriv.h in a folder, and what it includes, in that order."""
    interface = Interface([], [], [], [], {}, [])
    done: set[str] = set()

    def take(name: str) -> None:
        if name in done:
            return
        done.add(name)
        code = _blank((folder / name).read_text(encoding="utf-8"))
        for included in re.findall(r"#include <voicepriv/(\w+\.h)>", code):
            take(included)
        _macros(code, interface)
        code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*$", "", code, flags=re.M)
        code = re.sub(r'extern "C" \{', "", code)
        code = re.sub(r"\}\s*\Z", "", code)  # of extern "C"
        for statement in _statements(code):
            _statement(statement, interface)

    take("voicepriv.h")
    if not interface.functions:
        raise ValueError(f"no function is declared in {folder}")
    return interface


def cdef(interface: Interface) -> str:
    """The declarations for cffi."""
    lines = [f"#define {name} ..." for name in interface.integers]
    lines += [f"static const char *const {name};" for name in interface.texts]
    lines += interface.types
    lines += [f"{f.returns} {f.name}({f.params});" for f in interface.functions]
    return "\n".join(lines) + "\n"


def keep_details(interface: Interface) -> str:
    """Macros that copy the text of a failure in the same C call in which it failed: whatever Python
    does before it asks (a finaliser, a signal handler) may call the library again on this
    thread."""
    return "".join(
        f"#define {f.name}(...) vpy_keep(({f.name})(__VA_ARGS__))\n"
        for f in interface.functions if f.returns == "vpriv_status")


_PYTHON_TYPES = {"int": "int", "bool": "bool", "void": "None", "float": "float"}


def _python_type(c_type: str, enums: dict[str, list[str]]) -> str:
    c_type = _join(c_type.replace("const ", ""))
    if "*" in c_type or "[" in c_type or "(" in c_type:
        return "Any"
    if c_type in enums or re.fullmatch(r"u?int\d+_t|size_t", c_type):
        return "int"
    return _PYTHON_TYPES.get(c_type, "Any")


def _split_commas(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for index, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [part.strip() for part in [*parts, text[start:]] if part.strip() not in ("", "void")]


def _parameter(text: str, enums: dict[str, list[str]]) -> str:
    match = re.fullmatch(r"(.*?[\s*])(\w+)((?:\[\])?)", text, re.S)
    if not match:
        raise ValueError(f"cannot read this parameter: {text}")
    return f"{match[2]}: {_python_type(match[1] + match[3], enums)}"


_STUB_HEAD = '''"""Made from the headers when the extension was built. What points to C is Any."""

from collections.abc import Callable
from typing import Any, TypeVar

_F = TypeVar("_F", bound=Callable[..., Any])

class _FFI:
    NULL: Any
    def new(self, cdecl: str, init: Any = ...) -> Any: ...
    def cast(self, cdecl: str, source: Any) -> Any: ...
    def string(self, cdata: Any, maxlen: int = ...) -> bytes | str: ...
    def buffer(self, cdata: Any, size: int = ...) -> Any: ...
    def from_buffer(self, cdecl: Any, buffer: Any = ..., require_writable: bool = ...) -> Any: ...
    def sizeof(self, cdecl: Any) -> int: ...
    def memmove(self, dest: Any, src: Any, n: int) -> None: ...
    def addressof(self, cdata: Any, *fields: str | int) -> Any: ...
    def new_handle(self, obj: object) -> Any: ...
    def from_handle(self, handle: Any) -> Any: ...
    def def_extern(
        self, name: str = ..., error: Any = ..., onerror: Any = ...) -> Callable[[_F], _F]: ...

class _Lib:
'''


def stub(interface: Interface, own: Interface) -> str:
    """The .pyi of the compiled module."""
    constants = interface.integers + own.integers
    constants += [name for names in interface.enums.values() for name in names]
    lines = [f"    {name}: int" for name in constants]
    lines += [f"    {name}: Any" for name in interface.texts]
    for function in interface.functions + own.functions:
        params = "".join(f", {_parameter(p, interface.enums)}"
                         for p in _split_commas(function.params))
        # By position only: C knows no names.
        marker = ", /" if params else ""
        returns = _python_type(function.returns, interface.enums)
        lines.append(f"    def {function.name}(self{params}{marker}) -> {returns}: ...")
    return _STUB_HEAD + "\n".join([*lines, "", "lib: _Lib", "ffi: _FFI", ""])
