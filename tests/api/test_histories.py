"""What happened to an account, over REST: margin calls, liquidations, ledger, every number."""

from decimal import Decimal

import pytest

from tests.api.venue import BTC, Trader, Venue

pytestmark = pytest.mark.anyio


async def liquidated(venue: Venue) -> Trader:
    """A 20x isolated long of 0.5 BTC from 20,000 that is called, then liquidated."""
    maker, trader = await venue.join(), await venue.join()
    await trader.set_up(BTC, "ISOLATED", 20)
    await maker.set_up(BTC, "CROSS", 20)
    await maker.place(side="SELL", price="20000", quantity="0.5")
    await trader.place(price="20000", quantity="0.5")
    await venue.set_index({1: 19_090_00})
    await maker.place(side="BUY", price="19050", quantity="0.2")
    await venue.set_index({1: 19_070_00})
    return trader


async def test_call_1_and_liq_9_are_told_to_the_account(venue: Venue) -> None:
    """CALL-1, LIQ-9 over REST: the call with its cure, then the liquidation with its steps."""
    trader = await liquidated(venue)
    (call,) = await trader.items("/margin-calls")
    assert (call["symbol"], call["position_side"], call["mark_price"]) == (BTC, "LONG", "19090")
    assert Decimal(call["equity"]) <= Decimal(call["call_margin"])
    assert Decimal(call["amount_to_add"]) > 0
    assert Decimal(call["quantity_to_reduce"]) > 0
    assert call["ended_by"] == "LIQUIDATED"
    (liquidation,) = await trader.items("/liquidations")
    assert call["issued_seq"] < liquidation["started_seq"]
    assert Decimal(liquidation["equity"]) <= Decimal(liquidation["maintenance_margin"])
    assert liquidation["outcome"] == "CLOSED"
    detail = await trader.get(f"/liquidations/{liquidation['liquidation_id']}")
    assert {key: detail[key] for key in liquidation} == liquidation
    (step,) = detail["steps"]
    assert (step["symbol"], step["quantity"], step["mark_price"]) == (BTC, "0.5", "19070")
    (takeover,) = detail["takeovers"]
    assert takeover["quantity"] == "0.3"
    fills = await trader.items("/fills")
    assert (fills[0]["order_id"], fills[0]["quantity"]) == (step["order_id"], "0.2")
    assert await trader.items("/positions") == []
    assert (await trader.call("GET", "/liquidations/77")).status_code == 404


async def test_led_2_the_ledger_explains_the_balance(venue: Venue) -> None:
    """LED-2 over REST: an account's transfers, page by page, add up to its wallets."""
    trader = await liquidated(venue)
    wallets = await trader.items("/wallets")
    own = {f"wallet:{each['wallet_id']}" for each in wallets}
    entries = []
    after: dict[str, str] = {}
    while True:
        page = await trader.get("/ledger", order="OLDEST", limit=2, **after)
        entries += page["items"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert [(each["seq"], each["index"]) for each in entries] == sorted(
        (each["seq"], each["index"]) for each in entries
    )
    own |= {
        name
        for each in entries
        for name in (each["source"], each["target"])
        if name.startswith("wallet:")
    }
    balance = sum(
        (Decimal(each["amount"]) * ((each["target"] in own) - (each["source"] in own)))
        for each in entries
    )
    assert balance == sum(Decimal(each["balance"]) for each in wallets)
    assert entries[0]["kind"] == "DEPOSIT"
    assert entries[0]["source"] == "mint"
    assert entries[0]["asset"] == "USDT"
    assert {"FEE", "TRADE", "REALIZED_PNL", "LIQUIDATION_FEE", "TRANSFER"} & {
        each["kind"] for each in entries
    }


async def test_fills_can_be_read_for_one_instrument(venue: Venue) -> None:
    trader = await liquidated(venue)
    assert len(await trader.items("/fills", symbol=BTC)) == 2
    assert await trader.items("/fills", symbol="ETHUSDT-PERP") == []
    response = await trader.call("GET", "/fills", params={"symbol": "BTC"})
    assert (response.status_code, response.json()["code"]) == (404, "UNKNOWN_INSTRUMENT")


async def test_a_wallet_shows_its_standing_call(venue: Venue) -> None:
    maker, trader = await venue.join(), await venue.join()
    await trader.set_up(BTC, "ISOLATED", 20)
    await maker.place(side="SELL", price="20000", quantity="0.5")
    await trader.place(price="20000", quantity="0.5")
    await venue.set_index({1: 19_090_00})
    (call,) = await trader.items("/margin-calls")
    assert call["ended"] is None
    isolated = (await trader.items("/wallets"))[2]
    assert isolated["margin_call_id"] == call["margin_call_id"]
    cure = Decimal(isolated["clears_at_equity"]) - Decimal(isolated["equity"])
    assert cure == Decimal(call["amount_to_add"])
