"""Tours in Markdown under test: the commands of their console blocks are run as a reader would.

What a live market answers is compared by its shape: of JSON the keys and kinds of values, of CSV
the header row and the number of cells, of lines like `name: value` the names.
"""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
_SETTING: Final = re.compile(r"[A-Z]+=")


class Step(NamedTuple):
    command: str
    output: list[str]


def read_tour(path: Path) -> list[Step]:
    """The `$` commands of a page's console blocks, each with the lines that follow it."""
    steps: list[Step] = []
    for block in re.findall(r"```console\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append(Step(line[2:], []))
            else:
                steps[-1].output.append(line)
    return steps


def make_workplace(folder: Path) -> Path:
    """A folder like a fresh clone: the tour's files, and `.venv/bin` with the command in it."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    binaries = folder / ".venv" / "bin"
    binaries.mkdir(parents=True)
    command = binaries / "simulator"
    command.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'from simulator.cli import main; main()' \"$@\"\n"
    )
    command.chmod(0o755)
    return folder


def run(command: str, workplace: Path, before: str = "") -> str:
    """What a command prints, after settings of the shell. It must succeed."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", before + command],
        cwd=workplace,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def _environment() -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if "SIMULATOR" not in key}
    return inherited | {"PYTHONPATH": str(ROOT)}


@contextmanager
def serving(workplace: Path, port: int) -> Iterator[None]:
    """The exchange at a port, from when it is ready."""
    server = subprocess.Popen(
        [workplace / ".venv" / "bin" / "simulator", "serve"],
        cwd=workplace,
        env=_environment() | {"SIMULATOR_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=1):
                    break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        else:
            raise AssertionError("the exchange did not come up within 30 seconds")
        yield
    finally:
        server.terminate()
        server.wait(timeout=20)


def walk(steps: list[Step], workplace: Path, port: int) -> Iterator[tuple[Step, str]]:
    """Runs the steps against the exchange at a port; gives each that prints with what it printed.

    Settings of the shell (`TOKEN=...`) are kept for the steps that follow.
    """
    settings = ""
    for step in steps:
        command = step.command.replace("127.0.0.1:8000", f"127.0.0.1:{port}")
        if _SETTING.match(command):
            settings += command + "\n"
            continue
        printed = run(command, workplace, settings)
        if printed.strip():
            yield step, printed


def shape_of(text: str) -> object:
    """What stays the same of a printed answer when the market moves: see the module."""
    if text.startswith("{"):
        return _shape(json.loads(text))
    lines = text.splitlines()
    if ": " in lines[0]:
        return [line.partition(": ")[0] for line in lines]
    header, *rows = csv.reader(lines)
    return header, [len(header) == len(row) for row in rows]


def _shape(value: object) -> object:
    """Keys and kinds of values; of a list the shape of its first item."""
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shape(item) for item in value[:1]]
    return type(value).__name__
