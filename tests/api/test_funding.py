"""FND-1, FND-2 over REST: the coming rate among the marks, settled rates, an account's payments."""

import msgspec
import pytest

from simulator.core.model.accounts import INSURANCE_FUND
from simulator.core.model.commands import (
    AdjustBalance,
    AdvanceTime,
    ListInstrument,
    SetFundingRates,
    SetIndexPrices,
)
from simulator.core.model.units import NS_PER_HOUR
from tests.api.venue import BTC, SYMBOLS, Trader, Venue, exchange_config
from tests.scenario import rate

pytestmark = pytest.mark.anyio

NUMBER, SYMBOL = 77, "FNDUSDT-PERP"


async def funded(venue: Venue) -> int:
    """Lists a copy of BTC with funding each hour, at an index of 20,000; its first stamp in ns."""
    listed = exchange_config().instruments[SYMBOLS[0]]
    terms = msgspec.structs.replace(
        listed.terms,
        instrument_id=NUMBER,
        symbol=SYMBOL,
        base="FND",
        funding_interval_ns=NS_PER_HOUR,
    )
    await venue.do(ListInstrument(terms, listed.tiers))
    await venue.do(SetIndexPrices(((NUMBER, 20_000_00),)))
    stamp = venue.world.state.instruments[NUMBER].next_funding_ns
    assert stamp is not None
    return stamp


async def hold_both_sides(venue: Venue) -> tuple[Trader, Trader]:
    ann, bob = await venue.join(), await venue.join()
    await ann.place(symbol=SYMBOL, side="SELL", quantity="0.1", price="20000")
    await bob.place(symbol=SYMBOL, side="BUY", quantity="0.1", price="20000")
    return ann, bob


async def test_fnd_2_a_stamp_over_rest(venue: Venue) -> None:
    stamp = await funded(venue)
    ann, bob = await hold_both_sides(venue)
    await venue.do(SetFundingRates(((NUMBER, rate("0.05%")),)))
    marks = {each["symbol"]: each for each in (await venue.public("/marks"))["items"]}
    assert marks[SYMBOL]["funding_rate"] == "0.0005"
    assert marks[SYMBOL]["next_funding"] == stamp // 10**6
    assert marks[SYMBOL]["last_funding_rate"] is None
    assert (marks[BTC]["funding_rate"], marks[BTC]["next_funding"]) == (None, None)
    # an index of an hour ago would be stale
    await venue.do(AdvanceTime(stamp - 10**9))
    await venue.do(SetIndexPrices(((NUMBER, 20_000_00),)))
    await venue.do(AdvanceTime(stamp))
    (settled,) = (await venue.public(f"/funding/{SYMBOL}"))["items"]
    assert (settled["rate"], settled["mark_price"]) == ("0.0005", "20000")
    assert (settled["stamp"], settled["average_premium"]) == (stamp // 10**6, None)
    (paid,) = await bob.items("/funding")
    assert (paid["amount"], paid["quantity"], paid["position_side"]) == ("1", "0.1", "LONG")
    table = (await bob.call("GET", "/funding", params={"format": "csv"})).text.splitlines()
    assert table[1].endswith("LONG," + f"{paid['wallet_id']},0.1,1")
    (received,) = await ann.items("/funding")
    assert (received["amount"], received["stamp"]) == ("-1", paid["stamp"])
    marks = {each["symbol"]: each for each in (await venue.public("/marks"))["items"]}
    assert marks[SYMBOL]["last_funding_rate"] == "0.0005"
    assert marks[SYMBOL]["next_funding"] == stamp // 10**6 + 3_600_000


async def test_fnd_1_the_terms_of_funding_are_among_the_instruments(venue: Venue) -> None:
    await funded(venue)
    terms = await venue.public(f"/instruments/{SYMBOL}")
    assert (terms["funding_interval"], terms["funding_cap_rate"]) == (3_600_000, "0.02")
    assert (terms["funding_interest_rate"], terms["funding_clamp_rate"]) == ("0.0001", "0.0005")
    assert terms["liquidation_policy"] == "LADDER"
    assert (await venue.public(f"/instruments/{BTC}"))["funding_interval"] is None


async def test_liq_7_who_was_deleveraged_is_in_the_liquidation(venue: Venue) -> None:
    """Bob is bankrupt in one step and the fund is empty: Ann's short is closed against him."""
    await funded(venue)
    ann, bob = await without_a_fund(venue)
    (queued,) = await ann.items("/positions")
    assert (queued["adl_rank"], queued["adl_lights"]) == (1, 5)
    await venue.do(SetIndexPrices(((NUMBER, 12_000_00),)))
    (liquidation,) = await bob.items("/liquidations")
    detail = await bob.get(f"/liquidations/{liquidation['liquidation_id']}")
    (closed,) = detail["deleveragings"]
    assert (closed["account_id"], closed["position_side"]) == (ann.account_id, "SHORT")
    assert (liquidation["shortfall"], await ann.items("/positions")) == ("0", [])


async def without_a_fund(venue: Venue) -> tuple[Trader, Trader]:
    """With nothing in the insurance fund any more."""
    balance = venue.world.state.holding(INSURANCE_FUND).balance
    await venue.do(AdjustBalance(INSURANCE_FUND, 1, -balance, "a test"))
    return await hold_both_sides(venue)
