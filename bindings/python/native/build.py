"""Build voicepriv._native: pkg-config finds the library, the headers say what is in it."""

import os
import pathlib
import re
import shlex
import subprocess
import sys

import cffi

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import cdef  # noqa: E402

PACKAGE = "voicepriv"


def pkg_config(*arguments: str) -> str:
    """What pkg-config says of the library."""
    command = [*shlex.split(os.environ.get("PKG_CONFIG", "pkg-config")), *arguments, PACKAGE]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise SystemExit("voicepriv: pkg-config is needed to find libvoicepriv") from None
    if done.returncode:
        raise SystemExit(f"voicepriv: {done.stderr.strip()}\nvoicepriv: install libvoicepriv, or "
                         "name the folder of its build in PKG_CONFIG_PATH")
    return done.stdout.strip()


def _flags(kind: str, letter: str) -> list[str]:
    return [flag[2:] for flag in shlex.split(pkg_config(kind)) if flag.startswith(letter)]


def header_folder() -> pathlib.Path:
    """Where voicepriv/ with the public headers is."""
    for folder in [*_flags("--cflags", "-I"), pkg_config("--variable=includedir"), "/usr/include"]:
        if (pathlib.Path(folder) / PACKAGE / "voicepriv.h").is_file():
            return pathlib.Path(folder) / PACKAGE
    raise SystemExit("voicepriv: the headers are not where pkg-config says")


def own_declarations() -> tuple[str, cdef.Interface]:
    """What events.h and calls.h add: for cffi, and for the stub."""
    text = (HERE / "own.cdef").read_text(encoding="utf-8")
    plain = re.sub(r'extern "Python" \{.*?\}', "", re.sub(r"/\*.*?\*/", " ", text, flags=re.S),
                   flags=re.S)
    functions = [cdef.Function(m[1].strip(), m[2], m[3])
                 for m in re.finditer(r"^([\w ]+?[ *]+)(vpy_\w+)\(([^;]*)\);$", plain, re.M)]
    integers = re.findall(r"^#define (\w+)", plain, re.M)
    integers += [name for body in re.findall(r"typedef enum \w+ \{([^}]*)\}", plain)
                 for name in re.findall(r"VPY_\w+", body)]
    return text, cdef.Interface(functions, [], integers, [], {}, [])


def make_ffi() -> cffi.FFI:
    """What setuptools compiles (setup.py names this function)."""
    interface = cdef.read(header_folder())
    own_text, _ = own_declarations()
    builder = cffi.FFI()
    builder.cdef(cdef.cdef(interface))
    builder.cdef(own_text)
    folders = _flags("--libs", "-L")
    builder.set_source(
        "voicepriv._native",
        f'#include "calls.h"\n{cdef.keep_details(interface)}',
        include_dirs=[*_flags("--cflags", "-I"), str(HERE)],
        library_dirs=folders,
        libraries=_flags("--libs", "-l"),
        # Found at run time where it was found now; of a staged installation that is nowhere.
        runtime_library_dirs=[] if os.environ.get("PKG_CONFIG_SYSROOT_DIR") else folders,
        depends=[str(HERE / name) for name in ("calls.h", "events.h", "own.cdef")],
    )
    return builder


def make_stub() -> str:
    """The .pyi of voicepriv._native."""
    return cdef.stub(cdef.read(header_folder()), own_declarations()[1])
