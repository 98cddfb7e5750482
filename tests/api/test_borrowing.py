"""Borrowing over REST: loans, repayments, levels, interest; refusals with their numbers."""

import pytest

from simulator.core.model.commands import AdvanceTime
from simulator.core.model.units import NS_PER_HOUR
from tests.api.venue import ETH_SPOT, Json, Trader, Venue, open_spot_market

pytestmark = pytest.mark.anyio

LOAN = {"wallet": "CROSS", "asset": "ETH", "amount": "2"}


async def borrower(venue: Venue) -> Trader:
    """Ann, with 10,000 USDT in CROSS; ETH at 1,500 and in the lending pool."""
    await open_spot_market(venue)
    return await venue.join()


async def of_cross(trader: Trader, asset: str) -> Json:
    found: Json
    (found,) = [each for each in (await trader.cross())["assets"] if each["asset"] == asset]
    return found


async def test_bor_1_a_loan_and_its_repayment(venue: Venue) -> None:
    """2 ETH at 0.01 % a day: an hour is 2 x 0.0001 / 24, rounded up."""
    ann = await borrower(venue)
    response = await ann.call("POST", "/borrow", json=LOAN)
    assert response.status_code == 201, response.text
    told = response.json()
    assert (told["asset"], told["amount"], told["interest"]) == ("ETH", "2", "0.00000834")
    held = await of_cross(ann, "ETH")
    assert (held["balance"], held["borrowed"], held["interest"]) == ("2", "2", "0.00000834")
    cross = await ann.cross()
    # 10,000 USDT and 2 ETH at 1,500 against 2.00000834 ETH
    assert cross["margin_level"].startswith("4.3333")
    assert (cross["call_level"], cross["liquidation_level"]) == ("1.3", "1.1")
    assert cross["borrow_leverage"] == 3
    repaid = (await ann.call("POST", "/repay", json={**LOAN, "amount": "1"})).json()
    assert (repaid["interest"], repaid["principal"]) == ("0.00000834", "0.99999166")
    rest = {"wallet": "CROSS", "asset": "ETH"}
    again = await ann.call("POST", "/repay", json=rest)
    assert again.json()["principal"] == "1"
    held = await of_cross(ann, "ETH")
    assert held["borrowed"] == "0.00000834"
    assert held["balance"] == "0"
    nothing_left = await ann.call("POST", "/repay", json=rest)
    assert nothing_left.status_code == 409


async def test_bor_2_more_than_may_be_borrowed(venue: Venue) -> None:
    ann = await borrower(venue)
    most = await ann.get("/borrowable", asset="ETH")
    assert (most["wallet"], most["asset"], most["daily_borrow_rate"]) == ("CROSS", "ETH", "0.0001")
    refused = await ann.call("POST", "/borrow", json={**LOAN, "amount": "100"})
    assert refused.status_code == 409
    problem = refused.json()
    assert problem["code"] == "INSUFFICIENT_MARGIN"
    assert (problem["needed"], problem["available"]) == ("100", most["amount"])
    whole = await ann.call("POST", "/borrow", json={**LOAN, "amount": most["amount"]})
    assert whole.status_code == 201
    assert (await ann.get("/borrowable", asset="ETH"))["amount"] == "0"
    capped = await ann.call("POST", "/borrow", json={**LOAN, "amount": "5000"})
    assert capped.json()["code"] == "BORROW_CAP"
    assert capped.json()["needed"] == "5000"


async def test_bor_3_each_clock_hour_is_in_the_history(venue: Venue) -> None:
    ann = await borrower(venue)
    await ann.call("POST", "/borrow", json=LOAN)
    hour = venue.world.state.interest_due_ns
    assert hour is not None
    await venue.do(AdvanceTime(hour + NS_PER_HOUR))
    charges = await ann.items("/interest")
    assert [each["interest"] for each in charges] == ["0.00000834"] * 3
    assert [each["principal"] for each in charges] == ["2"] * 3
    assert charges[0]["time"] == (hour + NS_PER_HOUR) // 10**6
    assert charges[-1]["daily_borrow_rate"] == "0.0001"
    table = (await ann.call("GET", "/interest", params={"format": "csv"})).text.splitlines()
    assert table[0] == "seq,time,wallet_id,asset,principal,daily_borrow_rate,interest"
    assert len(table) == 4
    assert (await of_cross(ann, "ETH"))["interest"] == "0.00002502"


async def test_bor_5_the_product_of_cross(venue: Venue) -> None:
    ann = await borrower(venue)
    await ann.call("POST", "/borrow", json=LOAN)
    five = await ann.call("PUT", "/cross-leverage", json={"leverage": 5})
    assert (five.status_code, five.json()["leverage"]) == (200, 5)
    cross = await ann.cross()
    assert (cross["borrow_leverage"], cross["call_level"]) == (5, "1.16")
    four = await ann.call("PUT", "/cross-leverage", json={"leverage": 4})
    assert (four.status_code, four.json()["code"]) == (409, "LEVERAGE_NOT_ALLOWED")


async def test_wal_4_a_pair_borrows_for_its_order(venue: Venue) -> None:
    """Ten times: a tenth from CROSS, the rest from the pool; the preview says so before."""
    ann = await borrower(venue)
    bob = await venue.join()
    await ann.set_up(ETH_SPOT, "ISOLATED", 10)
    wrong = await ann.call("POST", "/borrow", json={**LOAN, "wallet": "ISOLATED"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "MALFORMED_REQUEST")
    missing = await ann.call(
        "GET", "/borrowable", params={"wallet": "ISOLATED", "symbol": ETH_SPOT}
    )
    assert (missing.status_code, missing.json()["code"]) == (404, "UNKNOWN_WALLET")
    order: Json = {"symbol": ETH_SPOT, "side": "BUY", "quantity": "2", "price": "1500"}
    body = {"order_type": "LIMIT", **order}
    preview = (await ann.call("POST", "/orders/preview", json=body)).json()
    assert (preview["paid_asset"], preview["borrowed"]) == ("USDT", "2700")
    await ann.place(**order)
    await bob.set_up(ETH_SPOT, "CROSS", 10)
    sold = await bob.place(**{**order, "side": "SELL"})
    assert sold["order"]["status"] == "FILLED"
    (pair,) = [each for each in await ann.items("/wallets") if each["kind"] == "ISOLATED"]
    held = {each["asset"]: each for each in pair["assets"]}
    assert (pair["symbol"], held["ETH"]["balance"], held["USDT"]["borrowed"]) == (
        ETH_SPOT,
        "2",
        "2700",
    )
    assert held["ETH"]["liquidation_price"] is not None
    # Bob sold what he did not have: CROSS borrowed it by itself
    assert (await of_cross(bob, "ETH"))["borrowed"] == "2"
    table = (await ann.call("GET", "/wallets", params={"format": "csv"})).text
    assert '""borrowed"":""2700""' in table


async def test_bor_1_an_order_without_borrowing(venue: Venue) -> None:
    ann = await borrower(venue)
    await ann.set_up(ETH_SPOT, "CROSS", 10)
    order: Json = {"symbol": ETH_SPOT, "side": "SELL", "quantity": "2", "price": "1500"}
    refused = await ann.place(409, auto_borrow=False, **order)
    assert (refused["code"], refused["needed"]) == ("INSUFFICIENT_BALANCE", "2")


async def test_wal_5_assets_move_between_wallets(venue: Venue) -> None:
    ann = await borrower(venue)
    await ann.call("POST", "/borrow", json=LOAN)
    move = {"source": "CROSS", "target": "SPOT", "asset": "ETH", "amount": "1.5"}
    moved = await ann.call("POST", "/transfers", json=move)
    assert moved.status_code == 201, moved.text
    assert (await of_cross(ann, "ETH"))["balance"] == "0.5"
    too_much = await ann.call("POST", "/transfers", json=move)
    assert too_much.json()["available"] == "0.5"


async def test_what_may_be_held_and_borrowed_is_public(venue: Venue) -> None:
    await open_spot_market(venue)
    assets = {each["asset"]: each for each in (await venue.public("/assets"))["items"]}
    assert assets["ETH"] == {
        "asset": "ETH",
        "decimals": 8,
        "haircut": "0.05",
        "daily_borrow_rate": "0.0001",
        "account_borrow_cap": "1200",
        "lendable": "120000",
        "symbol": ETH_SPOT,
        "index_price": "1500",
    }
    assert (assets["USDT"]["haircut"], assets["USDT"]["symbol"]) == ("0", None)
