"""The calculators over REST: on a world's terms, for everybody, with clear refusals."""

from typing import Any

import pytest

from tests.api.venue import BTC, Json, Venue, order_body

pytestmark = pytest.mark.anyio

LONG: Json = {"symbol": BTC, "side": "LONG", "entry": "20000", "leverage": 10}


async def ask(venue: Venue, name: str, **query: Any) -> Any:
    return await venue.client.get(f"/v1/worlds/practice/calculators/{name}", params=query)


async def test_the_lines_are_those_of_the_position_that_is_then_opened(venue: Venue) -> None:
    ann, bob = await venue.join(), await venue.join()
    await ann.call("POST", "/orders", json=order_body(side="SELL", price="20000", quantity="0.1"))
    leverage = {"symbol": BTC, "leverage": 10}
    assert (await bob.call("PUT", "/leverage", json=leverage)).status_code == 200
    mode = {"symbol": BTC, "margin_mode": "ISOLATED"}
    assert (await bob.call("PUT", "/margin-mode", json=mode)).status_code == 200
    worked_out = (await ask(venue, "liquidation", quantity="0.1", **LONG)).json()
    bought = await bob.call("POST", "/orders", json=order_body(price="20000", quantity="0.1"))
    assert bought.json()["order"]["status"] == "FILLED"
    (position,) = (await bob.call("GET", "/positions")).json()["items"]
    assert position["entry_price"] == "20000"
    for name in ("liquidation_price", "bankruptcy_price"):
        assert worked_out[name] == position[name], name


@pytest.mark.parametrize(
    ("name", "query", "expected"),
    [
        ("pnl", {**LONG, "exit": "21000", "fee_rate": "0"}, {"pnl": "1000", "roi": "0.5"}),
        ("target", {"symbol": BTC, "side": "SHORT", "entry": "20000", "profit": "500",
                    "fee_rate": "0"}, {"price": "19500"}),
        ("target", {"symbol": BTC, "side": "SHORT", "entry": "20000", "profit": "50000"},
            {"price": None}),
        ("size", {"symbol": BTC, "risk": "100", "entry": "20000", "stop": "20500",
                  "fee_rate": "0"}, {"quantity": "0.2", "loss_at_stop": "100"}),
        ("size", {"symbol": BTC, "risk": "0.01", "entry": "20000", "stop": "20500"},
            {"quantity": "0", "highest_leverage": None}),
        ("largest", {"symbol": BTC, "balance": "1000", "entry": "20000", "leverage": 10,
                     "fee_rate": "0"}, {"quantity": "0.5", "notional": "10000"}),
    ],
)  # fmt: skip
async def test_a_calculation(venue: Venue, name: str, query: Json, expected: Json) -> None:
    response = await ask(venue, name, **query)
    assert response.status_code == 200, response.text
    assert {key: response.json()[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("name", "query", "status", "code"),
    [
        ("liquidation", {**LONG, "leverage": 500}, 409, "LEVERAGE_NOT_ALLOWED"),
        ("liquidation", {**LONG, "leverage": 0}, 422, "MALFORMED_REQUEST"),
        ("liquidation", {**LONG, "entry": "0"}, 422, "MALFORMED_REQUEST"),
        ("liquidation", {**LONG, "entry": "NaN"}, 422, "MALFORMED_REQUEST"),
        ("liquidation", {**LONG, "entry": "9" * 40}, 422, "MALFORMED_REQUEST"),
        ("liquidation", {**LONG, "quantity": "-1"}, 422, "MALFORMED_REQUEST"),
        ("liquidation", {**LONG, "symbol": "DUCK"}, 404, "UNKNOWN_INSTRUMENT"),
        ("liquidation", {**LONG, "speed": "1"}, 422, "MALFORMED_REQUEST"),
        ("size", {"symbol": BTC, "risk": "1", "entry": "5", "stop": "5"}, 422, "MALFORMED_REQUEST"),
        ("target", {"symbol": BTC, "side": "LONG", "entry": "5", "fee_rate": "1"}, 422,
            "MALFORMED_REQUEST"),
    ],
)  # fmt: skip
async def test_what_cannot_be_worked_out_is_refused(
    venue: Venue, name: str, query: Json, status: int, code: str
) -> None:
    response = await ask(venue, name, **query)
    assert (response.status_code, response.json()["code"]) == (status, code)
