"""The wheel: pure Python, or with SIMULATOR_COMPILE=1 with the core compiled for this machine.

Without a C compiler, or where the core does not compile, the wheel is pure Python all the same, and
says so: it does the same, only slower.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MYPYC = ("mypy==2.4.1", "setuptools>=80", "msgspec>=0.22,<0.23")
"""What compiling needs: mypyc reads the types of msgspec."""


class CompiledCore(BuildHookInterface):
    """See the module."""

    def dependencies(self) -> list[str]:
        return list(MYPYC) if self._is_wanted() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if not self._is_wanted():
            return
        sys.path.insert(0, self.root)
        from build_core import CannotCompileError, compile_core

        self._folder = tempfile.TemporaryDirectory()
        target = Path(self._folder.name) / "compiled"
        try:
            compiled = compile_core(Path(self.root), target)
        except CannotCompileError as error:
            self.app.display_warning(f"the core stays pure Python, it does not compile:\n{error}")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["force_include"].update({str(target / each): str(each) for each in compiled})

    def _is_wanted(self) -> bool:
        return self.target_name == "wheel" and os.environ.get("SIMULATOR_COMPILE") == "1"
