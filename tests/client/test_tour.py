"""docs/tour-python.md, block by block in one program, against a real server."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import process

TOUR = Path(__file__).parents[2] / "docs" / "tour-python.md"


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", TOUR.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.slow
def test_every_block_of_the_tour_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server = process.start(process.make_home(tmp_path))
    scope: dict[str, Any] = {"__name__": "tour"}
    try:
        for number, block in enumerate(blocks(), start=1):
            code = block.replace("http://127.0.0.1:8000", server.url)
            exec(compile(code, f"block {number} of the tour", "exec"), scope)
        scope["client"].close()
    finally:
        server.stop()
    said = capsys.readouterr().out
    for expected in (
        "a float cannot hold",
        "liquidation would be at",
        "INSUFFICIENT_MARGIN needed",
        "CANCELED",
        "deposited 10000",
        "open positions: 0",
        "starting at",
    ):
        assert expected in said
    assert len(re.findall(r"^SELL 0\.01 at", said, re.MULTILINE)) == 1
