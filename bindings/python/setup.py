"""What pyproject.toml cannot say: the extension, the limited API, and the version, which is the
library's."""

import importlib.util
import pathlib

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = pathlib.Path(__file__).resolve().parent
_spec = importlib.util.spec_from_file_location("native_build", HERE / "native" / "build.py")
native = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(native)


class BuildWithStub(build_py):
    """Besides the modules, the stub of the compiled one."""

    def run(self):
        super().run()
        if not self.editable_mode:
            stub = pathlib.Path(self.build_lib) / "voicepriv" / "_native.pyi"
            stub.parent.mkdir(parents=True, exist_ok=True)
            stub.write_text(native.make_stub(), encoding="utf-8")


setup(
    version=native.pkg_config("--modversion"),
    cffi_modules=["native/build.py:make_ffi"],
    cmdclass={"build_py": BuildWithStub},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
