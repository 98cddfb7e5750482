"""The client's calculators against the exchange: every one, by both names of a number."""

from decimal import Decimal

import pytest

from simulator.client import AsyncClient, Refused
from simulator.client.calculations import (
    AverageEntry,
    FundingCost,
    InterestCost,
    LiquidationLines,
    UnitLines,
)
from simulator.client.methods.calculators import OtherPosition
from simulator.client.numbers import Number
from tests.api.venue import BTC, ETH, Venue

pytestmark = pytest.mark.anyio


@pytest.fixture
def client(venue: Venue) -> AsyncClient:
    transport = venue.client._transport
    return AsyncClient("http://test", world="practice", transport=transport)


async def test_a_trade_before_it_is_made(client: AsyncClient) -> None:
    lines = await client.calculate_liquidation(BTC, "LONG", 20_000, 10)
    assert lines == LiquidationLines(
        symbol=BTC,
        notional=Decimal(20_000),
        initial_margin=Decimal(2_000),
        fee=Decimal(10),
        cost=Decimal(2_010),
        maintenance_margin=Decimal(80),
        liquidation_price=Decimal("18072.29"),
        distance=Decimal("0.0963855"),
        bankruptcy_price=Decimal(18_000),
    )
    pnl = await client.calculate_pnl(BTC, "LONG", "20000", 21_000, leverage=10, fee_rate=0)
    assert (pnl.pnl, pnl.roi) == (Decimal(1_000), Decimal("0.5"))
    target = await client.calculate_target(BTC, "SHORT", 20_000, profit=500, fee_rate="0")
    assert target.price == 19_500
    size = await client.calculate_size(BTC, 100, 20_000, 19_500, fee_rate=0)
    assert (size.quantity, size.highest_leverage) == (Decimal("0.2"), 34)
    largest = await client.calculate_largest(BTC, 1_000, 20_000, 10, fee_rate=0)
    assert largest.quantity == Decimal("0.5")
    needed = await client.calculate_margin(BTC, "LONG", 20_000, 10, quantity="0.5")
    assert (needed.cost, needed.call_margin) == (Decimal(1_005), Decimal(50))
    with pytest.raises(Refused) as refused:
        await client.calculate_margin(BTC, "LONG", 20_000, 500)
    assert refused.value.code == "LEVERAGE_NOT_ALLOWED"


async def test_what_it_costs_and_risks_to_hold(client: AsyncClient) -> None:
    fills: list[tuple[Number, Number]] = [
        ("0.1", 20_000),
        (Decimal("0.3"), 18_000),
        ("-0.2", 19_000),
    ]
    assert await client.calculate_average(BTC, "LONG", fills) == AverageEntry(
        symbol=BTC,
        quantity=Decimal("0.2"),
        entry_notional=Decimal(3_700),
        entry_price=Decimal(18_500),
        realized_pnl=Decimal(100),
    )
    assert await client.calculate_interest(16_000, "0.0003", 24, assets=20_000) == InterestCost(
        charges=25,
        per_charge=Decimal("0.2"),
        interest=Decimal(5),
        margin_level=Decimal("1.249609497032"),
    )
    assert await client.calculate_funding(BTC, "LONG", 20_000, "-0.0001", 24) == FundingCost(
        symbol=BTC, payments=3, per_payment=Decimal(-2), cost=Decimal(-6)
    )
    others: list[OtherPosition] = [(ETH, "SHORT", 2, 1_500, 1_450), (ETH, "LONG", 1, 1_500, None)]
    found = await client.calculate_cross(BTC, "LONG", 20_000, 3_000, others=others, debt=100)
    assert isinstance(found, UnitLines)
    assert (found.equity, found.status) == (Decimal(3_000), "OK")
    odds = await client.calculate_odds(
        BTC, "LONG", 20_000, 20, "0.8", 24, paths=500, steps=40, jump_mean="-0.05"
    )
    assert odds.probability * 500 == odds.crossed
    assert len(odds.assumptions) == 7
