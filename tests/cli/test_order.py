"""`simulator order` and `positions` against prepared answers: questions, refusals, tables."""

import io
from typing import Any

import pytest

from tests.cli.fake_server import CommandLine, FakeServer
from tests.cli.shapes import mark, order, position, preview

BUY = ("order", "place", "BTCUSDT-PERP", "buy", "0.1")
PREVIEW = ("POST", "/accounts/17/orders/preview")
PLACE = ("POST", "/accounts/17/orders")


@pytest.fixture
def market(server: FakeServer) -> FakeServer:
    """A server on which the buy would be accepted."""
    server.answers[PREVIEW] = (200, preview())
    server.answers[PLACE] = (201, {"order": order(), "fills": [], "seq": 8, "time": 1})
    server.answers["GET", "/worlds/practice/marks"] = (
        200,
        {"items": [mark()], "seq": 7, "time": 1},
    )
    return server


def targets(server: FakeServer) -> list[str]:
    return [f"{each.method} {each.target.partition('?')[0]}" for each in server.asked]


def say(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))


@pytest.mark.parametrize(
    ("answer", "code", "placed"), [("y\n", 0, True), ("\n", 1, False), ("no\n", 1, False)]
)
def test_the_preview_comes_first_and_a_yes_places_the_order(
    answer: str,
    code: int,
    placed: bool,
    trader: CommandLine,
    market: FakeServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    say(monkeypatch, answer)
    done = trader(*BUY)
    assert done.code == code
    assert "57,000, 5.00 % from mark 60,000" in done.out
    assert "303.00 of 10,000.00 available" in done.out
    assert ("POST /accounts/17/orders" in targets(market)) == placed
    assert ("Not placed." in done.out) != placed


def test_where_nobody_answers_the_question_nothing_is_placed(
    trader: CommandLine, market: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(monkeypatch, "")
    done = trader(*BUY)
    assert done.code == 2
    assert "say --yes" in done.err
    assert "POST /accounts/17/orders" not in targets(market)


def test_what_is_sent(trader: CommandLine, market: FakeServer) -> None:
    done = trader(
        *BUY, "--price", "59000.5", "--time-in-force", "IOC", "--reduce-only", "--yes", "--json",
        "--client-order-id", "mine",
    )  # fmt: skip
    assert done.json()["order"]["order_id"] == 627
    assert targets(market) == ["POST /accounts/17/orders"]
    assert market.last.body == {
        "symbol": "BTCUSDT-PERP",
        "side": "BUY",
        "order_type": "LIMIT",
        "quantity": "0.1",
        "price": "59000.5",
        "time_in_force": "IOC",
        "post_only": False,
        "reduce_only": True,
        "keep_margin": False,
        "client_order_id": "mine",
    }


def test_json_asks_no_questions(trader: CommandLine, market: FakeServer) -> None:
    assert trader(*BUY, "--json").problem()["code"] == "WRONG_CALL"
    assert market.asked == []
    assert trader(*BUY, "--json", "--preview").json()["liquidation_price"] == "57000"
    assert targets(market) == ["POST /accounts/17/orders/preview"]


@pytest.mark.parametrize("answer", [["--preview"], ["--yes"], []])
def test_an_order_that_would_be_refused(
    answer: list[str], trader: CommandLine, market: FakeServer
) -> None:
    refusal = {
        "code": "INSUFFICIENT_MARGIN",
        "detail": "the margin is not enough: needed 30344.5, available 9696.8",
        "needed": "30344.5",
        "available": "9696.8",
    }
    market.answers[PREVIEW] = (200, preview(accepted=False, refusal=refusal))
    done = trader(*BUY, *answer)
    assert done.code == 1
    assert "needed 30344.5, available 9696.8" in done.out
    assert "POST /accounts/17/orders" not in targets(market)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"liquidation_price": None, "liquidation_status": "NEVER"}, "never"),
        ({"liquidation_price": None, "liquidation_status": "ALREADY"}, "already"),
        ({"position_quantity": "0", "entry_price": None}, "none without a position"),
    ],
)
def test_a_preview_without_a_liquidation_price(
    changes: dict[str, Any], line: str, trader: CommandLine, market: FakeServer
) -> None:
    market.answers[PREVIEW] = (200, preview(**changes))
    assert line in trader(*BUY, "--preview").out


def test_amend_and_cancel(trader: CommandLine, server: FakeServer) -> None:
    path = "/accounts/17/orders/627"
    server.answers["PATCH", path] = (200, {"order": order(), "fills": [], "seq": 8, "time": 1})
    canceled = order(status="CANCELED", cancel_reason="BY_USER")
    server.answers["DELETE", path] = (200, {"order": canceled, "fills": [], "seq": 9, "time": 1})
    server.answers["DELETE", "/accounts/17/orders"] = (200, {"order_ids": [1, 2], "seq": 9})
    assert trader("order", "amend", "627").code == 2
    assert trader("order", "amend", "627", "--price", "59500").code == 0
    assert server.last.body == {"price": "59500"}
    assert "CANCELED: BY_USER" in trader("order", "cancel", "627").out
    assert trader("order", "cancel-all", "BTCUSDT-PERP").out == "Canceled: 1, 2\n"
    assert server.last.target.endswith("symbol=BTCUSDT-PERP")


def test_lists(trader: CommandLine, server: FakeServer) -> None:
    page = {"items": [order()], "next": "c7", "seq": 8}
    server.answers["GET", "/accounts/17/orders"] = (200, {**page, "items": []})
    server.answers["GET", "/accounts/17/orders/history"] = (200, page)
    server.answers["GET", "/accounts/17/orders/627"] = (200, {"order": order(), "seq": 8})
    assert trader("order", "list").out == "No open orders.\n"
    history = trader("order", "history", "--limit", "1").out.splitlines()
    assert history[1].split() == [
        "627", "BTCUSDT-PERP", "BUY", "59,000", "0", "of", "0.1", "RESTING", "11-14", "22:13:20",
    ]  # fmt: skip
    assert "--after c7" in history[-1]
    assert "limit=1" in server.last.target
    assert trader("order", "show", "627", "--json").json()["order"]["price"] == "59000"


def test_positions(trader: CommandLine, server: FakeServer) -> None:
    server.answers["GET", "/accounts/17/positions"] = (
        200,
        {"items": [position()], "seq": 8, "time": 1},
    )
    out = trader("positions").out.splitlines()
    assert out[2].split() == ["BTCUSDT-PERP", "0.1", "60,500", "-50.00", "302.50", "57,000"]
    assert out[3].split() == [
        "LONG", "20x", "isolated", "60,000", "-16.53", "%", "9.50", "%", "5.00", "%",
    ]  # fmt: skip
    assert max(map(len, out)) <= 80
    found = trader("positions", "--json").json()["items"][0]
    assert found["roi"] == "-0.165289256198"


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        (["--stop", "58000"], {"order_type": "STOP_MARKET", "trigger_price": "58000"}),
        (
            ["--take-profit", "61000", "--price", "61000", "--trigger-on", "last"],
            {
                "order_type": "TAKE_PROFIT_LIMIT",
                "trigger_price": "61000",
                "trigger_source": "LAST",
            },
        ),
        (
            ["--trailing", "0.01", "--activation", "61000"],
            {
                "order_type": "TRAILING_STOP_MARKET",
                "callback_rate": "0.01",
                "activation_price": "61000",
            },
        ),
    ],
)
def test_what_an_order_waits_for_is_sent(
    said: list[str], sent: dict[str, str], trader: CommandLine, market: FakeServer
) -> None:
    """ORD-1."""
    assert trader(*BUY, *said, "--yes", "--json").code == 0
    body = market.last.body
    assert {name: body[name] for name in sent} == sent


@pytest.mark.parametrize(
    "said",
    [
        ["--stop", "1", "--trailing", "0.01"],
        ["--close-position"],
        ["--stop", "1", "--activation", "2"],
        ["--trailing", "0.01", "--price", "2"],
    ],
)
def test_triggers_that_do_not_go_together(
    said: list[str], trader: CommandLine, market: FakeServer
) -> None:
    assert trader(*BUY, *said, "--yes", "--json").problem()["code"] == "WRONG_CALL"
    assert market.asked == []


def test_a_bracket_and_a_countdown_are_sent(trader: CommandLine, market: FakeServer) -> None:
    orders = [order(order_id=each, list_id=1) for each in (1, 2, 3)]
    placed = {"list_id": 1, "list_type": "OTOCO", "orders": orders, "fills": []}
    market.answers["POST", "/accounts/17/orders/lists"] = (201, {**placed, "seq": 1, "time": 1})
    done = trader("order", "bracket", *BUY[2:], "--take-profit", "66000", "--stop", "58000")
    assert done.code == 0, done.err
    assert "OTOCO 1" in done.out
    body = market.last.body
    assert [each["order_type"] for each in body["orders"]] == [
        "MARKET",
        "TAKE_PROFIT_MARKET",
        "STOP_MARKET",
    ]
    assert [each["side"] for each in body["orders"]] == ["BUY", "SELL", "SELL"]
    armed = {"symbol": None, "due": 1_700_000_060_000, "seq": 1}
    market.answers["PUT", "/accounts/17/countdown"] = (200, armed)
    assert "will be canceled at" in trader("order", "countdown", "60").out
    assert market.last.body == {"countdown": 60_000}
