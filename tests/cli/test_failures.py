"""Exit codes and what is said: to a person in one line, to a program as one JSON problem."""

import socket

import pytest

from tests.cli.fake_server import CommandLine, FakeServer

POSITIONS = ("GET", "/accounts/17/positions")


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [
        (409, "INSUFFICIENT_MARGIN", 1),
        (403, "MISSING_SCOPE", 1),
        (400, "MALFORMED_REQUEST", 2),
        (401, "NOT_AUTHENTICATED", 2),
        (404, "UNKNOWN_ACCOUNT", 2),
        (422, "INVALID", 2),
        (503, "WORLD_HALTED", 3),
        (500, "INTERNAL", 3),
    ],
)
def test_what_the_server_answers(
    status: int, code: str, exit_code: int, trader: CommandLine, server: FakeServer
) -> None:
    server.answers[POSITIONS] = (status, {"code": code, "detail": "because", "status": status})
    said = trader("positions")
    assert (said.code, said.out) == (exit_code, "")
    assert said.err.startswith("simulator: ")
    assert said.err.count("\n") == 1
    problem = trader("positions", "--json").problem()
    assert (problem["code"], problem["detail"]) == (code, "because")


def test_an_answer_of_another_kind(trader: CommandLine, server: FakeServer) -> None:
    server.answers[POSITIONS] = (200, {"hello": 1})
    assert trader("positions").code == 3
    assert trader("positions", "--json").problem()["code"] == "NOT_UNDERSTOOD"


@pytest.mark.parametrize("call", [("positions",), ("world", "list"), ("watch", "--once")])
def test_nobody_there(call: tuple[str, ...], simulator: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    simulator.log_in(url)
    said = simulator(*call)
    assert (said.code, said.out) == (3, "")
    assert said.err.startswith(f"simulator: no answer from {url} (no answer: ")
    assert "simulator serve" in said.err
    assert said.err.count("\n") == 1
    assert simulator(*call, "--json").problem()["code"] == "UNREACHABLE"


def test_nobody_is_logged_in(simulator: CommandLine) -> None:
    said = simulator("positions")
    assert said.code == 2
    assert "simulator account join" in said.err
    assert simulator("positions", "--json").problem()["code"] == "NO_ACCOUNT_CHOSEN"


@pytest.mark.parametrize(
    "call",
    [
        ("order", "place", "BTCUSDT-PERP", "buy"),
        ("order", "place", "BTCUSDT-PERP", "hold", "1"),
        ("order", "cancel", "first"),
        ("account", "leverage", "BTCUSDT-PERP", "high"),
        ("positions", "--loud"),
        ("order", "plce"),
        ("watch",),
        ("world", "list", "--server", "http://127.0.0.1:80x"),
    ],
)
def test_a_call_that_cannot_be_understood(call: tuple[str, ...], simulator: CommandLine) -> None:
    said = simulator(*call, "--json")
    assert said.code == 2
    assert said.problem()["code"] == "WRONG_CALL"


def test_a_person_is_told_what_is_missing(simulator: CommandLine) -> None:
    said = simulator("order", "cancel")
    assert said.code == 2
    assert "ORDER_ID" in said.err.replace("-", "_")
    assert said.out == ""
