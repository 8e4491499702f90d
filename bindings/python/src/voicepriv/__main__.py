"""python -m voicepriv: which versions work together here."""

import sys

from . import __version__, cpu_level, library_version
from ._native import ffi, lib
from .sound import HAS_NUMPY


def main() -> int:
    """Print versions, one a line."""
    headers = ffi.string(lib.VPRIV_VERSION_TEXT)
    print(f"voicepriv (Python) {__version__}")
    print(f"libvoicepriv {library_version()}"
          f" (built for {headers.decode() if isinstance(headers, bytes) else headers})")
    print(f"sound kernels {cpu_level()}")
    print(f"Python {sys.version.split()[0]}")
    if HAS_NUMPY:
        import numpy
        print(f"numpy {numpy.__version__}")
    else:
        print("numpy not installed: buffers instead of arrays")
    return 0


sys.exit(main())
