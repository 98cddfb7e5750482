"""`simulator account attribution` and `explain`, and the two verbs that need no server."""

import re
from typing import Any

import pytest

from simulator.api.examples import load
from simulator.commandline.account_analyses import read_time
from simulator.commandline.failures import UsageError
from tests.cli.fake_server import CommandLine, FakeServer

ACCOUNT = "/accounts/17"


def recorded(operation: str) -> Any:
    """What a real exchange answered, of the OpenAPI document's examples."""
    return load()[operation][0].answer


@pytest.fixture
def answers(trader: CommandLine, server: FakeServer) -> FakeServer:
    server.answers |= {
        ("GET", f"{ACCOUNT}/attribution"): (200, recorded("get_attribution")),
        ("GET", f"{ACCOUNT}/liquidations/1/explanation"): (200, recorded("explain_liquidation")),
        ("GET", f"{ACCOUNT}/margin-calls/1/explanation"): (200, recorded("explain_margin_call")),
    }
    return server


def test_attribution_lists_the_parts_that_there_are(
    answers: FakeServer, simulator: CommandLine
) -> None:
    said = simulator("account", "attribution", "--from", "2023-11-14T22:13:20", "--to", "99")
    assert said.code == 0, said.err
    assert "from=1700000000000" in answers.last.target
    assert "to=99" in answers.last.target
    lines = dict(re.split(r"  +", line.strip()) for line in said.out.splitlines())
    assert lines["price"] == "-465.00"
    assert lines["deposits and withdrawals"] == "+10,000.00"
    assert lines["equity at 2023-11-14 22:13:20"] == "9,495.00"
    assert "funding" not in lines


def test_attribution_as_json_is_exact(answers: FakeServer, simulator: CommandLine) -> None:
    found = simulator("account", "attribution", "--json").json()
    assert found == recorded("get_attribution")
    assert "?" not in answers.last.target.replace("?world=practice", "")


def test_a_card_is_read_line_by_line(answers: FakeServer, simulator: CommandLine) -> None:
    said = simulator("account", "explain", "1")
    assert said.code == 0, said.err
    card = recorded("explain_liquidation")
    lines = said.out.splitlines()
    assert lines[0] == card["title"]
    for section in card["sections"]:
        begin = lines.index(section["title"])
        count = len(section["lines"])
        assert lines[begin + 1 : begin + 1 + count] == section["lines"]
    called = simulator("account", "explain", "1", "--margin-call", "--json").json()
    assert called["title"] == recorded("explain_margin_call")["title"]


def test_times_are_milliseconds_or_dates_in_utc() -> None:
    assert read_time("--from", None) is None
    assert read_time("--from", "1700000000000") == 1_700_000_000_000
    assert read_time("--from", "2023-11-14T22:13:20") == 1_700_000_000_000
    assert read_time("--from", "2023-11-14T23:13:20+01:00") == 1_700_000_000_000
    with pytest.raises(UsageError, match="--from should be like"):
        read_time("--from", "noon")


def test_a_world_that_is_not_there(
    simulator: CommandLine, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = f"sqlite:///{tmp_path}/none.db"
    assert simulator("migrate", "--database", database).code == 0
    for verb in (("explain", "tour", "1"), ("attribution", "tour")):
        said = simulator(*verb, "--database", database)
        assert said.code == 2
        assert "there is no world tour" in said.err
