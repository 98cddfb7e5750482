"""The market maker against the real exchange: its levels, stock, inventory and restraint."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.core.model.commands import (
    AnyCommand,
    CancelAllOrders,
    PlaceOrder,
    ReplaceQuotes,
    SetIndexPrices,
    SetMarginMode,
    SetMarketState,
)
from simulator.core.model.enums import MarginMode, MarketState, OrderType, Side
from simulator.core.model.events import CommandRejected
from simulator.core.model.units import NS_PER_SECOND, RATE_ONE
from simulator.market.bots.market_maker import MakerConfig, MarketMaker
from tests.market.markets import BASIS_POINT, PERPETUAL, PRICE, START_NS, Market

MAKER, TAKER = 2, 3
CONFIG = MakerConfig(
    level_quantity=100,
    max_inventory=1_000,
    replenish_per_second=50,
    levels=3,
    spread_rate=4 * BASIS_POINT,
    level_spacing_rate=2 * BASIS_POINT,
    skew_rate=20 * BASIS_POINT,
    interval_ns=NS_PER_SECOND,
)
FULL_BIDS = [(5_998_800, 100), (5_997_600, 100), (5_996_400, 100)]
FULL_ASKS = [(6_001_200, 100), (6_002_400, 100), (6_003_600, 100)]
"""Half the spread of 24.00 around 60,000.00, then 2 bp from level to level."""


def changed(**values: int) -> MakerConfig:
    return msgspec.structs.replace(CONFIG, **values)


class Desk:
    """A maker at its market, woken each second, and somebody to trade with."""

    def __init__(self, config: MakerConfig = CONFIG) -> None:
        self.market = Market(2)
        self.maker = MarketMaker(MAKER, PERPETUAL, config)

    def wake(self, seconds: int = 1) -> Sequence[AnyCommand]:
        """Lets time pass and executes what the maker wants."""
        self.market.time_ns += seconds * NS_PER_SECOND
        commands = self.maker.wake(self.market.time_ns, self.market.state)
        self.market.do(*commands)
        return commands

    def take(self, side: Side, quantity: int) -> None:
        self.market.do(PlaceOrder(TAKER, 1, side, OrderType.MARKET, quantity))

    def index(self, price: int) -> None:
        self.market.do(SetIndexPrices(((1, price),)))

    @property
    def bids(self) -> list[tuple[int, int]]:
        return self.market.levels(Side.BUY)

    @property
    def asks(self) -> list[tuple[int, int]]:
        return self.market.levels(Side.SELL)


def test_it_quotes_its_levels_around_the_index() -> None:
    desk = Desk()
    commands = desk.wake()
    assert commands == [ReplaceQuotes(MAKER, 1, tuple(FULL_BIDS), tuple(FULL_ASKS))]
    assert (desk.bids, desk.asks) == (FULL_BIDS, FULL_ASKS)


def test_it_wakes_on_a_grid_of_world_time() -> None:
    maker = MarketMaker(MAKER, PERPETUAL, CONFIG)
    assert maker.next_wake(START_NS) == START_NS + NS_PER_SECOND
    assert maker.next_wake(START_NS + 1) == START_NS + NS_PER_SECOND


def test_small_moves_leave_the_quotes_as_they_are() -> None:
    desk = Desk()
    desk.wake()
    desk.index(PRICE + 1_200)  # half the spread of 24.00, not more
    assert desk.wake() == []
    desk.index(PRICE + 1_201)
    assert len(desk.wake()) == 1
    assert desk.bids[0] == (6_000_000, 100)
    desk.index(PRICE + 1_201 - 1_202)
    assert len(desk.wake()) == 1
    assert desk.wake() == []


def test_what_is_taken_comes_back_at_its_rate_from_the_outside_in() -> None:
    desk = Desk(changed(skew_rate=0))
    desk.wake()
    desk.take(Side.BUY, 250)
    assert desk.asks == [(6_003_600, 50)]
    assert desk.wake() == []  # 50 came back: less than a level
    desk.wake()
    assert desk.asks == [(6_002_400, 50), (6_003_600, 100)]
    assert desk.bids == FULL_BIDS
    desk.wake(seconds=2)
    assert [quantity for _, quantity in desk.asks] == [50, 100, 100]
    desk.wake(seconds=60)
    assert sum(quantity for _, quantity in desk.asks) == 250  # less than a level is not worth it
    desk.index(PRICE + 100_000)
    desk.wake()
    assert [quantity for _, quantity in desk.asks] == [100, 100, 100]


def test_a_swept_side_is_quoted_again_with_the_first_lot() -> None:
    desk = Desk()
    desk.wake()
    desk.take(Side.SELL, 300)
    assert desk.bids == []
    desk.wake()
    assert [quantity for _, quantity in desk.bids] == [50]
    assert len(desk.asks) == 3


def test_moving_quotes_does_not_bring_back_what_was_taken() -> None:
    desk = Desk(changed(replenish_per_second=0))
    desk.wake()
    desk.take(Side.BUY, 150)
    for price in (PRICE + 50_000, PRICE - 50_000, PRICE):
        desk.index(price)
        desk.wake()
        assert [quantity for _, quantity in desk.asks] == [50, 100]


def test_inventory_moves_the_center_against_it() -> None:
    desk = Desk()
    assert desk.maker.quotes(PRICE, 0) is None  # nothing in stock before the first look
    desk.wake()
    long = desk.maker.quotes(PRICE, 500)
    assert long is not None
    center = PRICE - PRICE * 10 // 10_000  # half of the skew of 20 bp
    assert (long.bids[0][0] + long.asks[0][0]) // 2 == center
    short = desk.maker.quotes(PRICE, -5_000)  # more than the largest counts as the largest
    assert short is not None
    assert short.bids[0][0] == (PRICE + PRICE * 20 // 10_000) * 9_998 // 10_000 // 10 * 10
    assert short.asks == ()


def test_quotes_never_lead_beyond_the_largest_inventory() -> None:
    desk = Desk(changed(max_inventory=350))
    desk.wake()
    desk.take(Side.SELL, 300)
    desk.wake(seconds=60)
    assert sum(quantity for _, quantity in desk.bids) == 50
    desk.take(Side.SELL, 50)
    desk.wake(seconds=60)
    assert desk.market.inventory(MAKER) == 350
    assert desk.bids == []
    assert sum(quantity for _, quantity in desk.asks) == 300


def test_while_halted_it_withdraws_and_keeps_its_stock() -> None:
    desk = Desk()
    desk.wake()
    desk.take(Side.BUY, 100)
    desk.market.do(SetMarketState(1, MarketState.HALTED))
    assert desk.wake() == [CancelAllOrders(MAKER, 1)]
    assert desk.bids == desk.asks == []
    assert desk.wake() == []
    desk.market.do(SetMarketState(1, MarketState.OPEN))
    desk.wake()
    assert sum(quantity for _, quantity in desk.bids) == 300
    assert sum(quantity for _, quantity in desk.asks) == 300  # 3 s gave back the 100


def test_without_an_index_it_waits() -> None:
    market = Market(2, price=None)
    assert MarketMaker(MAKER, PERPETUAL, CONFIG).wake(START_NS, market.state) == []


def test_quotes_that_were_refused_cost_no_stock() -> None:
    """An account that is not in CROSS may not quote; once it is, the book is full at once."""
    desk = Desk()
    market = desk.market
    market.do(SetMarginMode(MAKER, 1, MarginMode.ISOLATED))
    for _ in range(3):
        market.time_ns += NS_PER_SECOND
        for command in desk.maker.wake(market.time_ns, market.state):
            events = market.try_to(command)
            assert isinstance(events[0], CommandRejected)
    market.do(SetMarginMode(MAKER, 1, MarginMode.CROSS))
    desk.wake()
    desk.wake()
    assert [quantity for _, quantity in desk.bids] == [100, 100, 100]


def test_refused_quotes_take_the_old_ones_out_of_the_book() -> None:
    """Standing quotes at an old price would be a present to whoever comes first."""
    desk = Desk()
    desk.wake()
    market = desk.market
    desk.index(PRICE + 100_000)
    market.time_ns += NS_PER_SECOND
    assert len(desk.maker.wake(market.time_ns, market.state)) == 1  # never reaches the exchange
    assert desk.wake() == [CancelAllOrders(MAKER, 1)]
    desk.wake()
    assert [quantity for _, quantity in desk.asks] == [100, 100, 100]


def test_after_a_restart_the_standing_quotes_are_the_stock() -> None:
    desk = Desk()
    desk.wake()
    desk.take(Side.BUY, 250)
    desk.maker = MarketMaker(MAKER, PERPETUAL, CONFIG)
    desk.wake()
    assert [quantity for _, quantity in desk.asks] == [50]
    desk.wake(seconds=2)
    assert [quantity for _, quantity in desk.asks] == [50, 100]


def test_levels_are_at_least_a_tick_apart() -> None:
    desk = Desk(changed(spread_rate=1, level_spacing_rate=0))
    desk.wake()
    assert [price for price, _ in desk.bids] == [5_999_990, 5_999_980, 5_999_970]
    assert [price for price, _ in desk.asks] == [6_000_010, 6_000_020, 6_000_030]


@given(
    reference=st.integers(1, 10**9),
    inventory=st.integers(-2_000, 2_000),
    levels=st.integers(1, 20),
    spread=st.integers(1, 500 * BASIS_POINT),
    spacing=st.integers(0, 100 * BASIS_POINT),
    skew=st.integers(0, 100 * BASIS_POINT),
)
def test_quotes_are_always_acceptable(
    reference: int, inventory: int, levels: int, spread: int, spacing: int, skew: int
) -> None:
    """On tick and lot, positive, best first, never crossed, never beyond the inventory."""
    config = MakerConfig(
        level_quantity=100,
        max_inventory=1_000,
        replenish_per_second=50,
        levels=levels,
        spread_rate=spread,
        level_spacing_rate=spacing,
        skew_rate=skew,
    )
    maker = MarketMaker(MAKER, PERPETUAL, config)
    maker.wake(START_NS, Market(2).state)  # fills the stock
    quotes = maker.quotes(reference, inventory)
    if quotes is None:
        quotes = MarketMaker(MAKER, PERPETUAL, config).quotes(reference, inventory)
    if quotes is None:
        return
    bids, asks = [price for price, _ in quotes.bids], [price for price, _ in quotes.asks]
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    assert all(price > 0 and price % PERPETUAL.tick_size == 0 for price in bids + asks)
    assert not bids or not asks or bids[0] < asks[0]
    assert all(quantity % PERPETUAL.lot_size == 0 for _, quantity in quotes.bids + quotes.asks)
    for side, levels_of_side in ((1, quotes.bids), (-1, quotes.asks)):
        total = sum(quantity for _, quantity in levels_of_side)
        assert total <= max(0, 1_000 - side * inventory)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"levels": 0}, "levels is 0: it should be positive"),
        ({"spread_rate": 0}, "spread_rate is 0"),
        ({"spread_rate": RATE_ONE}, "spread_rate is 10"),
        ({"skew_rate": -1}, "skew_rate is -1"),
        ({"max_inventory": 99}, "max_inventory is 99: it should be one level_quantity or more"),
        ({"level_quantity": 102}, "level_quantity is 102: it should be a multiple of the lot of 5"),
    ],
)
def test_wrong_configs_are_refused(values: dict[str, int], problem: str) -> None:
    fields = {**msgspec.structs.asdict(CONFIG), **values}
    with pytest.raises(ValueError, match=problem):
        MarketMaker(MAKER, PERPETUAL, MakerConfig(**fields))
