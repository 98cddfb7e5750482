"""The numbers a newcomer will check, on the exchange itself: no fees, no spread, tier 1 at 0.4%.

Each first mark of a call or a liquidation is exact: one price unit above it nothing happens.
"""

from decimal import Decimal

import pytest

from simulator.core.model.events import LiquidationStarted, MarginCallIssued
from tests.scenario import World, plain
from tests.story import story


def leveraged(deposit: str, leverage: int, position: str) -> World:
    """Ann is long BTC at 10,000 for this much, and her deposit is all of her margin."""
    world = World()
    world.instrument("BTC", tiers="50000:0.4%:125 0.5%:100")
    world.account("ann", cross=deposit)
    world.mark(BTC="10000")
    quantity = str(Decimal(position) / 10_000)
    world.maker("BTC", asks=f"10000 x {quantity}")
    world.buy("ann", "BTC", quantity, leverage=leverage)
    assert world.position("ann", "BTC") == (quantity, position)
    assert world.balance("ann") == "0"
    return world


LONG = ("BTC", "LONG")


@pytest.mark.parametrize(
    ("deposit", "leverage", "position", "mark", "equity"),
    [
        ("1000", 5, "5000", "9000", "500"),  # -10% is half of the margin
        ("1000", 5, "5000", "11000", "1500"),
        ("600", 10, "6000", "9900", "540"),  # -1% is a tenth of it
        ("1500", 8, "12000", "9500", "900"),
        ("100", 20, "2000", "9900", "80"),
    ],
)
def test_marg_1_what_a_move_does_to_the_margin(
    deposit: str, leverage: int, position: str, mark: str, equity: str
) -> None:
    world = leveraged(deposit, leverage, position)
    world.mark(BTC=mark)
    assert world.risk("ann", at=LONG)["equity"] == equity


@pytest.mark.parametrize(
    ("deposit", "leverage", "position", "first_mark", "percent"),
    [
        # LP = 10,000 x (1 - 1/L) / (1 - 0.004), the first mark at or under it
        ("1000", 5, "5000", "8032.12", "-19.679"),
        ("600", 10, "6000", "9036.14", "-9.639"),
        ("1500", 8, "12000", "8785.14", "-12.149"),
        ("100", 20, "2000", "9538.15", "-4.618"),
        ("200", 50, "10000", "9839.35", "-1.606"),
        ("100", 100, "10000", "9939.75", "-0.602"),
    ],
)
def test_liq_1_the_first_mark_of_liquidation(
    deposit: str, leverage: int, position: str, first_mark: str, percent: str
) -> None:
    world = leveraged(deposit, leverage, position)
    above = plain(world.price("BTC", first_mark) + 1, 2)
    world.mark(BTC=above)
    assert world.happened(LiquidationStarted) == []
    world.mark(BTC=first_mark)
    assert len(world.happened(LiquidationStarted)) == 1
    change = (Decimal(first_mark) / 10_000 - 1) * 100
    assert abs(change - Decimal(percent)) < Decimal("0.0006")


@pytest.mark.parametrize(
    ("deposit", "leverage", "first_mark", "percent"),
    [
        ("100", 100, "9949.74", "-0.503"),
        ("200", 50, "9849.24", "-1.508"),
        ("500", 20, "9547.73", "-4.523"),
    ],
)
def test_call_1_the_first_mark_of_a_margin_call(
    deposit: str, leverage: int, first_mark: str, percent: str
) -> None:
    """At equity = maintenance / 0.8: 10,000 x (1 - 1/L) / (1 - 0.005)."""
    world = leveraged(deposit, leverage, "10000")
    world.mark(BTC=plain(world.price("BTC", first_mark) + 1, 2))
    assert world.happened(MarginCallIssued) == []
    world.mark(BTC=first_mark)
    assert len(world.happened(MarginCallIssued)) == 1
    assert world.happened(LiquidationStarted) == []
    change = (Decimal(first_mark) / 10_000 - 1) * 100
    assert abs(change - Decimal(percent)) < Decimal("0.0006")


def test_marg_1_at_50x_a_dip_of_two_percent_is_the_whole_margin() -> None:
    """Were it not liquidated at -1.606% already, nothing would be left."""
    world = leveraged("200", 50, "10000")
    world.halt("BTC")
    world.exchange.state.instruments[1].mark_price = world.price("BTC", "9800")
    assert world.risk("ann", at=LONG)["equity"] == "0"


def test_call_1_with_more_leverage_the_call_comes_before_the_liquidation() -> None:
    world = leveraged("100", 100, "10000")
    world.mark(BTC="9945")
    assert [line.split(":")[0] for line in story(world)[2:]] == ["call 1 issued"]
    world.mark(BTC="9939")
    assert story(world)[2].startswith("liquidation 1 started")
