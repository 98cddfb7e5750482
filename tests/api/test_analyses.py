"""Attribution and explanations over REST: they add up, are true, and others do not see them."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from simulator.analytics import explanations
from simulator.analytics.attribution import PARTS
from simulator.api import analyses
from tests.api.test_histories import liquidated
from tests.api.venue import BTC, START_MS, Json, Trader, Venue

pytestmark = pytest.mark.anyio


async def equity(trader: Trader) -> Decimal:
    return sum((Decimal(each["equity"]) for each in await trader.items("/wallets")), Decimal(0))


def parts(found: Json) -> Decimal:
    return sum((Decimal(found[part]) for part in PARTS), Decimal(0))


async def test_the_parts_add_up_to_the_equity_of_the_wallets(venue: Venue) -> None:
    trader = await liquidated(venue)
    found = await trader.get("/attribution")
    assert Decimal(found["end_equity"]) == await equity(trader)
    assert Decimal(found["change"]) == Decimal(found["end_equity"]) == parts(found)
    assert (found["price"], found["fees"], found["takeovers"]) == ("-465", "-5", "-21")
    assert (found["forced_fills"], found["liquidation_fees"]) == ("-4", "-10")
    assert found["transfers"] == "10000"


async def test_periods_that_meet_add_up(venue: Venue) -> None:
    trader = await liquidated(venue)
    await venue.world.run_until(venue.world.state.time_ns + 10**10)
    await venue.set_index({1: 19_000_00})
    cut = START_MS + 5_000
    whole = await trader.get("/attribution")
    early = await trader.get("/attribution", to=cut)
    late = await trader.get("/attribution", **{"from": cut + 1})
    assert early["end_seq"] == late["begin_seq"]
    assert early["end_equity"] == late["begin_equity"]
    for part in (*PARTS, "change"):
        assert Decimal(whole[part]) == Decimal(early[part]) + Decimal(late[part]), part


@pytest.mark.parametrize(
    "period", [{"from": START_MS + 5, "to": START_MS - 5}, {"from": -1}, {"to": "noon"}]
)
async def test_a_period_that_cannot_be(venue: Venue, period: Json) -> None:
    trader = await venue.join()
    response = await trader.call("GET", "/attribution", params=period)
    assert (response.status_code, response.json()["code"]) == (422, "MALFORMED_REQUEST")


async def test_a_liquidation_is_explained_with_what_would_have_avoided_it(venue: Venue) -> None:
    trader = await liquidated(venue)
    card = await trader.get("/liquidations/1/explanation")
    assert card["title"] == f"Liquidation 1: the isolated long on {BTC}"
    (liquidation,) = await trader.items("/liquidations")
    for name in ("equity", "maintenance_margin", "call_margin"):
        assert card["unit"][name] == liquidation[name]
    assert (card["seq"], card["outcome"]) == (liquidation["started_seq"], "CLOSED")
    assert card["fund"] == {
        "liquidation_fee": "10",
        "taken_notional": "5700",
        "deficit_paid": "0",
        "shortfall": "0",
    }
    (step,) = card["steps"]
    assert [each["quantity"] for each in step["counterparties"]] == ["0.2", "0.3"]
    found = {each["kind"]: each for each in card["remedies"]}
    assert found["LEVERAGE"]["leverage"] == 19
    assert found["MARGIN"]["amount"] == "3.15"
    said = [line for each in card["sections"] for line in each["lines"]]
    assert any("Everybody else acts as recorded" in line for line in said)


async def test_a_margin_call_is_explained(venue: Venue) -> None:
    trader = await liquidated(venue)
    (call,) = await trader.items("/margin-calls")
    card = await trader.get(f"/margin-calls/{call['margin_call_id']}/explanation")
    assert card["kind"] == "MARGIN_CALL"
    cures = ("quantity_to_reduce", "amount_to_add", "amount_to_repay")
    assert card["cure"] == {name: call[name] for name in cures}
    assert card["outcome"] == "LIQUIDATED"
    assert (card["steps"], card["ledger"], card["fund"]) == ([], [], None)


async def test_what_is_not_ones_own_is_not_explained(venue: Venue) -> None:
    await liquidated(venue)
    other = await venue.join()
    for path, code in (
        ("/liquidations/1/explanation", "UNKNOWN_LIQUIDATION"),
        ("/margin-calls/1/explanation", "UNKNOWN_MARGIN_CALL"),
    ):
        response = await other.call("GET", path)
        assert (response.status_code, response.json()["code"]) == (404, code)


async def test_who_asks_meanwhile_waits_for_the_same_work_and_it_is_kept(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await liquidated(venue)
    worked = []

    def counted(*args: Any) -> explanations.Explanation:
        worked.append(args)
        return explanations.explain(*args)

    monkeypatch.setattr(analyses, "explain", counted)
    path = "/liquidations/1/explanation"
    first, second = await asyncio.gather(trader.get(path), trader.get(path))
    assert first == second == await trader.get(path)
    assert len(worked) == 1


async def test_a_card_that_fails_is_told_and_not_kept(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader = await liquidated(venue)

    def failing(*args: Any) -> explanations.Explanation:
        raise ArithmeticError("a test")

    path = "/liquidations/1/explanation"
    with monkeypatch.context() as patched:
        patched.setattr(analyses, "explain", failing)
        assert (await trader.call("GET", path)).status_code == 500
    assert (await trader.get(path))["id"] == 1
