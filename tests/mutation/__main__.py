"""Breaks rules of the core one at a time, and shows that tests notice: `make mutation`.

Each mutation of `mutations.toml` is made in a copy of the tree, and its tests are run there until
the first fails. A mutation that no test notices, or whose text is no longer there, fails the
program.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table

ROOT: Final = Path(__file__).parents[2]
LIST: Final = Path(__file__).with_name("mutations.toml")
COPIED: Final = ("simulator", "tests", "config", "docs", "examples", "migrations", "pyproject.toml")
MOST_SECONDS: Final = 120
_FAILED: Final = re.compile(r"^(?:FAILED|ERROR) \S+?::(\S+)", re.MULTILINE)


class Mutation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`old` is replaced by `new` in `file`; `tests` are what pytest is asked to run."""

    name: str
    rule: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


class Outcome(msgspec.Struct, frozen=True):
    killed_by: str | None
    """The first test that failed; none: the mutation survived."""
    seconds: float


class StaleMutationError(ValueError):
    """The text that a mutation replaces is not there, or more than once."""


def read_mutations() -> list[Mutation]:
    rows = tomllib.loads(LIST.read_text(encoding="utf-8"))["mutation"]
    return msgspec.convert(rows, list[Mutation])


def mutated(mutation: Mutation) -> str:
    """The text of the file with the mutation. Raises StaleMutationError."""
    text = (ROOT / mutation.file).read_text(encoding="utf-8")
    if text.count(mutation.old) != 1:
        times = text.count(mutation.old)
        raise StaleMutationError(
            f"{mutation.name}: its text stands {times} times in {mutation.file}, 1 is right"
        )
    return text.replace(mutation.old, mutation.new)


def run_tests(folder: Path, tests: tuple[str, ...]) -> Outcome:
    began = time.monotonic()
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "not data",
        *tests,
    ]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=MOST_SECONDS, check=False
    )
    failed = _FAILED.search(done.stdout)
    if done.returncode != 0 and failed is None:
        raise RuntimeError(f"pytest ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return Outcome(None if failed is None else failed[1], time.monotonic() - began)


def try_mutation(folder: Path, mutation: Mutation) -> Outcome:
    """Changes the copy, runs its tests, and puts the file back."""
    target = folder / mutation.file
    original = target.read_text(encoding="utf-8")
    target.write_text(mutated(mutation), encoding="utf-8")
    try:
        return run_tests(folder, mutation.tests)
    finally:
        target.write_text(original, encoding="utf-8")


def copy_tree(folder: Path) -> None:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)


def main() -> int:
    table = Table(title="Broken rules, and the first test that noticed")
    for heading in ("rule", "mutation", "killed by", "seconds"):
        table.add_column(heading)
    survivors = 0
    mutations = read_mutations()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_tree(folder)
        for mutation in mutations:
            outcome = try_mutation(folder, mutation)
            survivors += outcome.killed_by is None
            killer = outcome.killed_by or "SURVIVED"
            table.add_row(mutation.rule, mutation.name, killer, f"{outcome.seconds:.1f}")
    console = Console()
    console.print(table)
    console.print(f"{len(mutations) - survivors} of {len(mutations)} mutations were noticed.")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
