"""WAL-4, BOR-5, MARG-7 of isolated spot margin: one wallet per pair, and its own product."""

from typing import Any

import msgspec
import pytest

from simulator.core import views
from simulator.core.model import commands as c
from simulator.core.model.enums import OrderType, Side
from simulator.core.model.events import (
    LiquidationEnded,
    MarginCallIssued,
    OrderCanceled,
)
from simulator.core.model.margin_levels import isolated_leverage, tier_leverage
from tests.scenario import amount, rate
from tests.spot_scenario import SpotWorld

PAIR = ("ETHUSDT", "PAIR")


def market(cross: str = "4000", leverage: int = 10, **spot: Any) -> SpotWorld:
    world = SpotWorld()
    world.spot("ETHUSDT", "ETH", **spot)
    world.account("ann", cross=cross)
    world.account("bob", spot="10000000")
    world.deposit("bob", "1000", "SPOT", "ETH")
    world.pool("USDT", "1000000")
    world.pool("ETH", "1000")
    world.mark(ETHUSDT="2000")
    world.mode("ann", "ETHUSDT", "ISOLATED")
    world.leverage("ann", "ETHUSDT", leverage)
    return world


@pytest.fixture
def world() -> SpotWorld:
    return market()


def held(world: SpotWorld, asset: str) -> dict[str, str]:
    return world.held("ann", asset, at=PAIR)


def asks(world: SpotWorld, price: str = "2000") -> None:
    world.quotes("bob", "ETHUSDT", asks=f"{price} x 100")


def bids(world: SpotWorld, price: str = "2000") -> None:
    world.quotes("bob", "ETHUSDT", bids=f"{price} x 100")


def test_wal_4_a_long_moves_its_part_from_cross_and_borrows_the_rest(world: SpotWorld) -> None:
    """N = 20,000 at 10x: 2,000 from CROSS, 18,000 borrowed."""
    asks(world)
    world.buy("ann", "ETHUSDT", "10")
    assert world.held("ann", "USDT") == {"balance": "2000"}
    assert held(world, "ETH") == {"balance": "10"}
    assert held(world, "USDT") == {"borrowed": "18000"}
    risk = world.risk("ann", at=PAIR)
    assert risk == {
        "equity": "2000",
        "maintenance": "900",
        "call": "1800",
        "initial": "2000",
        "free": "0",
    }


@pytest.mark.parametrize(
    ("leverage", "side", "distance"),
    [
        (10, "BUY", "0.01"),  # 1 - 1.1 * 18,000 / 20,000
        (3, "BUY", "0.186666666666"),  # 1 - 1.22 * 2 / 3
        (10, "SELL", "0.010101010101"),  # 20,000 / (1.1 * 18,000) - 1
    ],
)
def test_bor_5_the_preview_says_how_near_the_first_call_is(
    leverage: int, side: str, distance: str
) -> None:
    world = market(cross="40000", leverage=leverage)
    world.quotes("bob", "ETHUSDT", bids="2000 x 100")
    if side == "BUY":
        world.quotes("bob", "ETHUSDT", asks="2000 x 100")
    quantity = "10" if side == "BUY" else "9"
    command = c.PlaceOrder(
        world.names["ann"],
        world.symbols["ETHUSDT"],
        Side[side],
        OrderType.MARKET,
        world.quantity("ETHUSDT", quantity),
    )
    shown = views.preview(world.exchange.state, command)
    assert shown.accepted
    assert shown.call_distance == rate(distance)
    waits = msgspec.structs.replace(command, order_type=OrderType.LIMIT, price=190_000)
    if side == "BUY":
        assert views.preview(world.exchange.state, waits).call_distance is None


def test_wal_4_a_short_leaves_assets_of_leverage_times_its_margin(world: SpotWorld) -> None:
    """9 ETH sold at 10x: all 9 are borrowed, 18,000 / 9 = 2,000 move: 20,000 stand to 2,000."""
    bids(world)
    world.sell("ann", "ETHUSDT", "9")
    assert world.held("ann", "USDT") == {"balance": "2000"}
    assert held(world, "USDT") == {"balance": "20000"}
    assert held(world, "ETH") == {"borrowed": "9"}
    assert world.risk("ann", at=PAIR)["free"] == "0"


def test_wal_4_closing_a_pair_repays_and_returns_what_is_left_to_cross(world: SpotWorld) -> None:
    asks(world)
    world.buy("ann", "ETHUSDT", "10")
    world.mark(ETHUSDT="2100")
    bids(world, "2100")
    world.sell("ann", "ETHUSDT", "4")
    assert held(world, "USDT") == {"borrowed": "9600"}
    world.sell("ann", "ETHUSDT", "6")
    assert held(world, "USDT") == held(world, "ETH") == {}
    assert world.held("ann", "USDT") == {"balance": "5000"}
    assert world.total("USDT") == world.total("ETH") == 0


def test_wal_4_covering_a_short_pays_out_of_the_pair(world: SpotWorld) -> None:
    bids(world)
    world.sell("ann", "ETHUSDT", "9")
    world.mark(ETHUSDT="1950")
    asks(world, "1950")
    world.buy("ann", "ETHUSDT", "9")
    assert held(world, "USDT") == held(world, "ETH") == {}
    assert world.held("ann", "USDT") == {"balance": "4450"}


def test_wal_4_fees_come_from_cross_beside_the_margin() -> None:
    world = market(taker_fee_rate=rate("0.1%"))
    asks(world)
    world.buy("ann", "ETHUSDT", "10")
    assert world.held("ann", "USDT") == {"balance": "1980"}
    assert held(world, "USDT") == {"borrowed": "18000"}


def test_wal_4_the_first_hour_of_interest_is_covered_by_cross() -> None:
    world = market(borrow_rate="0.24%")
    bids(world)
    world.sell("ann", "ETHUSDT", "9")
    # an hour of 9 ETH is 0.0009, 1.8 USDT: it and a ninth of it
    assert world.held("ann", "USDT") == {"balance": "1998"}
    assert world.risk("ann", at=PAIR)["free"] == "0"


def test_bor_1_a_canceled_order_gives_loan_and_margin_back(world: SpotWorld) -> None:
    world.buy("ann", "ETHUSDT", "10", at="2000")
    assert held(world, "USDT") == {"balance": "20000", "locked": "20000", "borrowed": "18000"}
    world.sell("bob", "ETHUSDT", "2.5", at="2000")
    assert held(world, "USDT") == {"balance": "15000", "locked": "15000", "borrowed": "18000"}
    world.cancel_all("ann")
    assert held(world, "USDT") == {"borrowed": "4500"}
    assert world.held("ann", "USDT") == {"balance": "3500"}
    world.sell("ann", "ETHUSDT", "1", at="2100")
    world.cancel_all("ann")
    assert held(world, "ETH") == {"balance": "2.5"}


def test_bor_1_a_canceled_short_gives_its_margin_back(world: SpotWorld) -> None:
    world.sell("ann", "ETHUSDT", "9", at="2000")
    assert held(world, "ETH") == {"balance": "9", "locked": "9", "borrowed": "9"}
    assert held(world, "USDT") == {"balance": "2000"}
    world.cancel_all("ann")
    assert held(world, "ETH") == held(world, "USDT") == {}
    assert world.held("ann", "USDT") == {"balance": "4000"}


def test_wal_4_amending_funds_anew(world: SpotWorld) -> None:
    world.buy("ann", "ETHUSDT", "10", at="1900")
    order_id = world.exchange.state.counters.order
    world.amend("ann", order_id, quantity="5")
    assert held(world, "USDT") == {"balance": "9500", "locked": "9500", "borrowed": "8550"}
    assert world.held("ann", "USDT") == {"balance": "3050"}
    world.amend("ann", order_id, at="1950", quantity="10")
    assert held(world, "USDT") == {"balance": "19500", "locked": "19500", "borrowed": "17550"}
    assert world.held("ann", "USDT") == {"balance": "2050"}


def test_wal_4_amending_a_short_counts_on_no_margin_that_the_pair_keeps() -> None:
    """A resting short of 9 moved its margin to the pair, where 9 more are short, by now at a loss:
    so less than that can go back to CROSS, and a larger order does not get it for nothing."""
    world = market(cross="4100")
    bids(world)
    world.sell("ann", "ETHUSDT", "9")
    world.sell("ann", "ETHUSDT", "9", at="2010")
    order_id = world.exchange.state.counters.order
    left = world.held("ann", "USDT")
    world.mark(ETHUSDT="2020")
    world.amend("ann", order_id, quantity="9.3")
    assert world.reason() == "INSUFFICIENT_MARGIN"
    assert world.held("ann", "USDT") == left
    assert world.total("USDT") == world.total("ETH") == 0


def test_marg_7_a_long_pair_is_liquidated_where_the_formula_says(world: SpotWorld) -> None:
    """(quote debt * m - quote) / (base - base debt * m) = 18,000 * 1.05 / 10 = 1,890."""
    asks(world)
    world.buy("ann", "ETHUSDT", "10")
    state = world.exchange.state
    view = views.wallet_view(state, world.wallet("ann", at=PAIR).wallet_id)
    assert view.assets[1].liquidation_price == 189_000
    assert view.margin_level == amount("1.11111111") * 10**4 + 1_111
    world.mark(ETHUSDT="1980.01")
    assert world.happened(MarginCallIssued) == []
    world.mark(ETHUSDT="1980")  # 1.1 * 18,000: one percent below the entry
    assert len(world.happened(MarginCallIssued)) == 1
    world.mark(ETHUSDT="1890.01")
    assert world.happened(LiquidationEnded) == []
    world.mark(ETHUSDT="1890")
    assert len(world.happened(LiquidationEnded)) == 1


def test_marg_7_a_short_pair_is_liquidated_where_the_formula_says(world: SpotWorld) -> None:
    """20,000 / (9 * 1.05) = 2,116.40."""
    bids(world)
    world.sell("ann", "ETHUSDT", "9")
    world.mark(ETHUSDT="2116.40")
    assert world.happened(LiquidationEnded) == []
    world.mark(ETHUSDT="2116.41")
    assert len(world.happened(LiquidationEnded)) == 1


@pytest.mark.parametrize(
    ("leverage", "call", "maintenance"),
    [(10, "1800", "900"), (5, "3040", "2400"), (3, "2933.33333334", "2400")],
)
def test_bor_5_the_products_of_a_pair(leverage: int, call: str, maintenance: str) -> None:
    """Of 20,000, 18,000, 16,000 and 13,333.33 are owed: times 10%, 19%, 22% and 5%, 15%, 18%."""
    world = market(cross="10000", leverage=leverage)
    asks(world)
    world.buy("ann", "ETHUSDT", "10")
    risk = world.risk("ann", at=PAIR)
    assert (risk["call"], risk["maintenance"]) == (call, maintenance)


def test_bor_5_leverage_of_a_tier() -> None:
    """floor2(IR / (IR - 1)): 1.111 is 10.00, 1.1264 is 8.91."""
    assert tier_leverage(rate("1.111")) == 1_000
    assert tier_leverage(rate("1.1264")) == 891
    rows = ((100, 1_000, rate("1.111")), (200, 2_000, rate("1.25")), (None, None, rate("2")))
    assert isolated_leverage(rows, 100, 1_000, 10) == 1_000
    assert isolated_leverage(rows, 101, 0, 10) == 500
    assert isolated_leverage(rows, 0, 2_001, 10) == 200
    assert isolated_leverage(rows, 201, 1, 3) == 200
    assert isolated_leverage(rows, 0, 0, 3) == 300


def test_bor_5_what_is_borrowed_beyond_a_tier_needs_the_margin_of_the_next() -> None:
    tiers = (
        (amount("100"), amount("10000"), rate("1.111")),
        (None, None, rate("1.25")),
    )
    world = market(margin_tiers=tiers)
    asks(world)
    world.buy("ann", "ETHUSDT", "5.555")  # 9,999 borrowed
    assert world.refused() is None
    world.buy("ann", "ETHUSDT", "0.001")
    assert world.reason() == "INSUFFICIENT_MARGIN"


def test_wal_3_leverage_of_a_pair_with_a_debt_needs_cover(world: SpotWorld) -> None:
    asks(world)
    world.buy("ann", "ETHUSDT", "10")
    world.leverage("ann", "ETHUSDT", 5)
    assert world.refused() == ("INSUFFICIENT_MARGIN", amount("4500"), amount("2000"))
    world.leverage("ann", "ETHUSDT", 4)
    assert world.refused() == ("LEVERAGE_NOT_ALLOWED", 4, 10)
    world.mode("ann", "ETHUSDT", "CROSS")
    assert world.reason() == "OPEN_POSITION_OR_ORDER"
    world.transfer("ann", "2000", "CROSS", "ISOLATED", at=PAIR)
    world.transfer("ann", "1", "ISOLATED", "CROSS", at=PAIR)
    assert world.reason() == "INSUFFICIENT_BALANCE"


def test_wal_4_an_isolated_loss_stays_in_its_pair(world: SpotWorld) -> None:
    asks(world)
    world.buy("ann", "ETHUSDT", "10")
    world.quotes("bob", "ETHUSDT")
    world.mark(ETHUSDT="1000")
    assert len(world.happened(LiquidationEnded)) == 1
    assert world.held("ann", "USDT") == {"balance": "2000"}
    assert held(world, "USDT") == held(world, "ETH") == {}


def test_wal_4_a_fill_that_would_call_the_pair_cancels_the_maker(world: SpotWorld) -> None:
    world.buy("ann", "ETHUSDT", "10", at="2000")
    world.mark(ETHUSDT="1970")
    world.sell("bob", "ETHUSDT", "10", at="2000")
    assert [each.reason.name for each in world.happened(OrderCanceled)] == [
        "WOULD_CAUSE_MARGIN_CALL"
    ]
    assert world.held("ann", "USDT") == {"balance": "4000"}
