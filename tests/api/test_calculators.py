"""The calculators over REST: on a world's terms, for everybody, with clear refusals."""

from typing import Any

import pytest

from simulator.analytics.liquidation_odds import PriceModel, Sample, liquidation_odds
from simulator.core.model.enums import PositionSide
from simulator.decimal_text import format_rate
from tests.api.venue import BTC, ETH, Json, Venue, order_body
from tests.scenario import rate

pytestmark = pytest.mark.anyio

LONG: Json = {"symbol": BTC, "side": "LONG", "entry": "20000", "leverage": 10}
CROSS: Json = {"symbol": BTC, "side": "LONG", "entry": "20000", "balance": "1000"}
ODDS: Json = {**LONG, "hours": 24, "volatility": "0.8", "paths": 2_000, "steps": 50}


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
        ("margin", LONG, {"cost": "2010", "call_margin": "100", "maintenance_margin": "80"}),
        ("average", {"symbol": BTC, "side": "LONG", "fills": "0.1@20000,0.3@18000,-0.2@19000"},
            {"quantity": "0.2", "entry_price": "18500", "realized_pnl": "100"}),
        ("average", {"symbol": BTC, "side": "SHORT", "fills": "0.1@20000,-0.1@18000"},
            {"quantity": "0", "entry_price": None, "realized_pnl": "200"}),
        ("interest", {"principal": "16000", "daily_rate": "0.0003", "hours": 24,
                      "assets": "20000"}, {"charges": 25, "interest": "5",
                                           "margin_level": "1.249609497032"}),
        ("interest", {"principal": "0", "daily_rate": "0", "hours": 0},
            {"interest": "0", "margin_level": None}),
        ("funding", {"symbol": BTC, "side": "SHORT", "entry": "20000", "rate": "0.0001",
                     "hours": 24}, {"payments": 3, "cost": "-6"}),
        ("funding", {"symbol": BTC, "side": "SHORT", "entry": "20000", "rate": "-0.0001",
                     "hours": 24}, {"per_payment": "2"}),
        ("cross", {"symbol": BTC, "side": "LONG", "entry": "20000", "balance": "2000"},
            {"liquidation_price": "18072.29", "status": "OK", "bankruptcy_price": "18000"}),
        ("cross", {"symbol": BTC, "side": "LONG", "entry": "20000", "balance": "3000",
                   "others": f"{ETH}:SHORT:2:1500"},
            {"equity": "3000", "maintenance_margin": "92"}),
        ("cross", {"symbol": BTC, "side": "LONG", "entry": "20000", "balance": "3000",
                   "mark": "19000", "debt": "1000", "liquidation_level": "1.1"},
            {"equity": "1000", "maintenance_margin": "176"}),
        ("cross", {"symbol": BTC, "side": "LONG", "entry": "20000", "balance": "1000",
                   "mark": "18000"}, {"liquidation_price": None, "status": "ALREADY"}),
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
        ("margin", {**LONG, "leverage": 500}, 409, "LEVERAGE_NOT_ALLOWED"),
        ("average", {"symbol": BTC, "side": "LONG", "fills": "1@5,-2@6"}, 422,
            "MALFORMED_REQUEST"),
        ("average", {"symbol": BTC, "side": "LONG", "fills": "1 at 5"}, 422, "MALFORMED_REQUEST"),
        ("average", {"symbol": BTC, "side": "LONG", "fills": "0@5"}, 422, "MALFORMED_REQUEST"),
        ("interest", {"principal": "1", "daily_rate": "-1", "hours": 1}, 422,
            "MALFORMED_REQUEST"),
        ("interest", {"principal": "1", "daily_rate": "1", "hours": -1}, 422,
            "MALFORMED_REQUEST"),
        ("funding", {**LONG, "rate": "x", "hours": 1}, 422, "MALFORMED_REQUEST"),
        ("cross", {**CROSS, "others": "ETHUSDT-PERP:UP:1:1"}, 422, "MALFORMED_REQUEST"),
        ("cross", {**CROSS, "others": "DUCK:LONG:1:1"}, 404, "UNKNOWN_INSTRUMENT"),
        ("cross", {**CROSS, "others": ",".join(["X:LONG:1:1"] * 21)}, 422, "MALFORMED_REQUEST"),
        ("cross", {**CROSS, "debt": "1", "call_level": "0.9"}, 422, "MALFORMED_REQUEST"),
        ("odds", {**ODDS, "paths": 20_000, "steps": 51}, 422, "MALFORMED_REQUEST"),
        ("odds", {**ODDS, "volatility": "101"}, 422, "MALFORMED_REQUEST"),
        ("odds", {**ODDS, "leverage": 500}, 409, "LEVERAGE_NOT_ALLOWED"),
    ],
)  # fmt: skip
async def test_what_cannot_be_worked_out_is_refused(
    venue: Venue, name: str, query: Json, status: int, code: str
) -> None:
    response = await ask(venue, name, **query)
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_odds_are_those_of_the_analysis_and_say_what_they_assume(venue: Venue) -> None:
    """20x at 20,000 ends at 19,076.31, a fall of 4.62 %: under 4.2 % in a day at 80 % a year."""
    response = await ask(venue, "odds", **{**ODDS, "leverage": 20})
    assert response.status_code == 200, response.text
    found = response.json()
    expected = liquidation_odds(
        (2_000_000, 1_907_631), PositionSide.LONG, 86_400, PriceModel(rate("0.8")),
        Sample(2_000, 50, 1),
    )  # fmt: skip
    assert found["liquidation_price"] == "19076.31"
    assert found["crossed"] == expected.crossed
    assert found["probability"] == format_rate(expected.probability)
    assert tuple(found["assumptions"]) == expected.assumptions
    assert (await ask(venue, "odds", **{**ODDS, "leverage": 20})).json() == found
    nearer = (await ask(venue, "odds", **{**ODDS, "leverage": 20, "mark": "19500"})).json()
    assert nearer["crossed"] > found["crossed"]


async def test_a_cross_wallet_needs_a_mark_of_each_instrument(venue: Venue) -> None:
    given = (await ask(venue, "cross", **CROSS, others=f"{ETH}:LONG:1:1500:1400")).json()
    now = (await ask(venue, "cross", **CROSS, others=f"{ETH}:LONG:1:1500")).json()
    assert (given["equity"], now["equity"]) == ("900", "1000")
