"""Compiles rules and state of the core with mypyc, in a copy of the package (decision 0004).

    python build_core.py build/compiled

The modules of msgspec structs stay Python, and so does everything outside of the core. The copy is
run with the folder in front of the path; its hashes are those of the source.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MODEL = ("accounts", "enums", "risk_tiers", "units")
"""The modules of core/model that hold numbers and functions."""

NOT_COMPILED = ("__init__", "notes", "rows")
"""Of rules and state: those of msgspec structs."""

LINES_OF_LOG = 20


class CannotCompileError(Exception):
    """mypyc or a C compiler is missing, or the source does not compile; the message says which."""


def compile_core(root: Path, target: Path) -> list[Path]:
    """Copies the package to `target` and compiles there.

    Returns:
        The compiled modules, relative to `target`.

    Raises:
        CannotCompileError: nothing usable is left in `target`.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in ("simulator", "config", "migrations"):
        shutil.copytree(root / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "mypyc", "--strict", "--explicit-package-bases"]
    done = subprocess.run(
        [*command, *sources(target)], cwd=target, capture_output=True, text=True, check=False
    )
    if done.returncode:
        shutil.rmtree(target)
        said = (done.stdout + done.stderr).splitlines()[-LINES_OF_LOG:]
        raise CannotCompileError("\n".join(said))
    shutil.rmtree(target / "build", ignore_errors=True)
    return sorted(each.relative_to(target) for each in target.rglob("*.so"))


def sources(root: Path) -> Iterator[str]:
    """What is compiled, relative to `root`, in a fixed order."""
    core = Path("simulator") / "core"
    yield str(core / "exchange.py")
    for name in MODEL:
        yield str(core / "model" / f"{name}.py")
    for folder in ("rules", "state"):
        for path in sorted((root / core / folder).glob("*.py")):
            if path.stem not in NOT_COMPILED:
                yield str(path.relative_to(root))


def main() -> None:
    try:
        compiled = compile_core(Path(__file__).parent, Path(sys.argv[1]).absolute())
    except CannotCompileError as error:
        sys.exit(f"the core cannot be compiled:\n{error}")
    sys.stdout.write(f"{len(compiled)} compiled modules in {sys.argv[1]}\n")


if __name__ == "__main__":
    main()
