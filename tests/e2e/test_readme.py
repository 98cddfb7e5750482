"""The README's tour, word for word: every command is run, what it shows is what it prints.

Output of the replay part is compared to the letter, but for how long it took. The trading part
runs against a live market, so its answers are compared by their shape.
"""

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
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PORT = 8_431
_SECONDS = re.compile(r"in [0-9.]+ s")


class Step(NamedTuple):
    command: str
    output: list[str]


def _tour() -> list[Step]:
    """The `$` commands of the README's console blocks, each with the lines that follow it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    steps: list[Step] = []
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append(Step(line[2:], []))
            else:
                steps[-1].output.append(line)
    return steps


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder like a fresh clone: the tour's files, and `.venv/bin` with the command in it."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    binaries = tmp_path / ".venv" / "bin"
    binaries.mkdir(parents=True)
    command = binaries / "simulator"
    command.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'from simulator.cli import main; main()' \"$@\"\n"
    )
    command.chmod(0o755)
    return tmp_path


def _environment() -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if "SIMULATOR" not in key}
    return inherited | {"PYTHONPATH": str(ROOT), "SIMULATOR_PORT": str(PORT)}


def _run(command: str, workplace: Path, before: str = "") -> str:
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


def _without_time(lines: list[str]) -> list[str]:
    return [_SECONDS.sub("in N s", line.rstrip()) for line in lines if line.strip()]


def test_the_replay_of_the_tour_prints_what_the_readme_shows(workplace: Path) -> None:
    steps = [step for step in _tour() if "curl" not in step.command and step.output]
    assert len(steps) >= 4
    for step in steps:
        printed = _run(step.command, workplace).splitlines()
        assert _without_time(printed) == _without_time(step.output), step.command


@pytest.fixture
def exchange(workplace: Path) -> Iterator[None]:
    server = subprocess.Popen(
        [workplace / ".venv" / "bin" / "simulator", "serve"],
        cwd=workplace,
        env=_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/ready", timeout=1):
                    break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        else:
            raise AssertionError("the exchange did not come up within 30 seconds")
        yield
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.mark.usefixtures("exchange")
def test_the_trading_of_the_tour_answers_in_the_shape_that_the_readme_shows(
    workplace: Path,
) -> None:
    settings = ""
    answered = 0
    for step in _tour():
        if "$H" not in step.command and not step.command.startswith(("H=", "TOKEN=", "ACCOUNT=")):
            continue
        command = step.command.replace("127.0.0.1:8000", f"127.0.0.1:{PORT}")
        if re.match(r"[A-Z]+=", command):
            settings += command + "\n"
            continue
        printed = _run(command, workplace, settings)
        if step.output:
            answered += 1
            assert _shape(json.loads(printed)) == _shape(json.loads(step.output[0])), command
    assert answered >= 5


def _shape(value: object) -> object:
    """Keys and kinds of values; of a list the shape of its first item."""
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shape(item) for item in value[:1]]
    return type(value).__name__
