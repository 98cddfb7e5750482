"""The README's tour, word for word: every command is run, what it shows is what it prints.

Output of the replay part is compared to the letter, but for how long it took. The trading part
runs against a live market, so its answers are compared by their shape.
"""

import re
from pathlib import Path

import pytest

from tests.e2e.tours import ROOT, make_workplace, read_tour, run, serving, shape_of, walk

PORT = 8_431
_SECONDS = re.compile(r"in [0-9.]+ s")


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    return make_workplace(tmp_path)


def _without_time(lines: list[str]) -> list[str]:
    return [_SECONDS.sub("in N s", line.rstrip()) for line in lines if line.strip()]


def test_the_replay_of_the_tour_prints_what_the_readme_shows(workplace: Path) -> None:
    tour = read_tour(ROOT / "README.md")
    steps = [step for step in tour if "curl" not in step.command and step.output]
    assert len(steps) >= 4
    for step in steps:
        printed = run(step.command, workplace).splitlines()
        assert _without_time(printed) == _without_time(step.output), step.command


def test_the_trading_of_the_tour_answers_in_the_shape_that_the_readme_shows(
    workplace: Path,
) -> None:
    steps = [
        step
        for step in read_tour(ROOT / "README.md")
        if "$H" in step.command or step.command.startswith(("H=", "TOKEN=", "ACCOUNT="))
    ]
    answered = 0
    with serving(workplace, PORT):
        for step, printed in walk(steps, workplace, PORT):
            answered += 1
            assert shape_of(printed) == shape_of(step.output[0]), step.command
    assert answered >= 5
