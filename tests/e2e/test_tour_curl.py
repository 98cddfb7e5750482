"""docs/tour-curl.md: every command is run, and answers in the shape that the page shows."""

from pathlib import Path

import pytest

from tests.e2e.tours import ROOT, make_workplace, read_tour, serving, shape_of, walk

pytestmark = pytest.mark.slow

PORT = 8_432
PAGE = ROOT / "docs" / "tour-curl.md"


def test_every_command_of_the_tour_answers_as_shown(tmp_path: Path) -> None:
    workplace = make_workplace(tmp_path)
    steps = read_tour(PAGE)
    shown = [step for step in steps if step.output]
    answered = []
    with serving(workplace, PORT):
        for step, printed in walk(steps, workplace, PORT):
            assert shape_of(printed) == shape_of("\n".join(step.output)), step.command
            answered.append(step)
    assert answered == shown
    assert len(shown) >= 18
