"""docs/analytics.md, word for word: every command is run, and prints what the page shows."""

from pathlib import Path

from tests.e2e.tours import ROOT, make_workplace, read_tour, run


def test_the_page_shows_what_its_commands_print(tmp_path: Path) -> None:
    workplace = make_workplace(tmp_path)
    steps = read_tour(ROOT / "docs" / "analytics.md")
    assert len(steps) >= 10
    for step in steps:
        printed = [line.rstrip() for line in run(step.command, workplace).splitlines()]
        assert "\n".join(printed).strip() == "\n".join(step.output).strip(), step.command
