"""Noise traders: random but repeatable, within their bounds, and never refused."""

from collections import Counter

import msgspec
import pytest

from simulator.core.model.commands import (
    AnyCommand,
    CancelOrder,
    PlaceOrder,
    SetIndexPrices,
    SetMarketState,
)
from simulator.core.model.enums import MarketState, OrderType, Side
from simulator.core.model.units import NS_PER_SECOND, RATE_ONE
from simulator.market.bots.noise import NoiseConfig, NoiseTrader
from tests.market.markets import BASIS_POINT, PERPETUAL, PRICE, START_NS, Market

TRADER, OTHER = 2, 3
CONFIG = NoiseConfig(
    max_quantity=200,
    max_inventory=600,
    mean_interval_ns=4 * NS_PER_SECOND,
    order_lifetime_ns=20 * NS_PER_SECOND,
)


def deep_book(market: Market) -> None:
    """More on both sides than anybody here will take."""
    for side, price in ((Side.BUY, PRICE - 3_000), (Side.SELL, PRICE + 3_000)):
        market.do(PlaceOrder(OTHER, 1, side, OrderType.LIMIT, 500_000, price))


def live(seconds: int, seed: int = 1, config: NoiseConfig = CONFIG) -> list[AnyCommand]:
    """What a trader does in a quiet market with a deep book; nothing of it may be refused."""
    market, trader = Market(2), NoiseTrader(TRADER, PERPETUAL, config, seed)
    deep_book(market)
    done: list[AnyCommand] = []
    wake_ns = trader.next_wake(START_NS)
    while wake_ns < START_NS + seconds * NS_PER_SECOND:
        market.time_ns = wake_ns
        market.do(SetIndexPrices(((1, PRICE),)))
        commands = trader.wake(wake_ns, market.state)
        market.do(*commands)
        done += commands
        assert abs(market.inventory(TRADER)) <= config.max_inventory
        exposure = market.state.find_exposure(TRADER, 1)
        assert exposure is None or all(
            wake_ns - order.created_ns < config.order_lifetime_ns
            for order in exposure.orders.values()
        )
        wake_ns = trader.next_wake(wake_ns)
    return done


def test_it_places_orders_of_all_kinds_within_its_bounds() -> None:
    done = live(3_600)
    placed = [each for each in done if isinstance(each, PlaceOrder)]
    assert 800 < len(placed) < 1_000  # an order each 4 s
    assert 0.42 < sum(each.order_type == OrderType.MARKET for each in placed) / len(placed) < 0.58
    assert 0.45 < sum(each.side == Side.BUY for each in placed) / len(placed) < 0.55
    assert any(isinstance(each, CancelOrder) for each in done)
    for each in placed:
        assert each.quantity % PERPETUAL.lot_size == 0
        assert PERPETUAL.min_quantity <= each.quantity <= CONFIG.max_quantity
        if each.price is not None:
            distance = (PRICE - each.price) * each.side
            assert 0 <= distance <= PRICE * 15 // 10_000 + PERPETUAL.tick_size
    assert len(Counter(each.quantity for each in placed)) > 30


def test_it_is_repeatable_from_its_seed() -> None:
    assert live(300, seed=1) == live(300, seed=1)
    assert live(300, seed=1) != live(300, seed=2)


def test_it_waits_from_half_to_one_and_a_half_of_its_interval() -> None:
    trader = NoiseTrader(TRADER, PERPETUAL, CONFIG, 1)
    waits = [trader.next_wake(START_NS + number) - START_NS - number for number in range(1_000)]
    assert 2 * NS_PER_SECOND <= min(waits) < 2.1 * NS_PER_SECOND
    assert 5.9 * NS_PER_SECOND < max(waits) <= 6 * NS_PER_SECOND


def test_it_keeps_no_memory() -> None:
    """Built anew from (config, seed, time, state) it goes on as if it had never stopped."""
    market = Market(2)
    deep_book(market)
    veteran = NoiseTrader(TRADER, PERPETUAL, CONFIG, 9)
    for second in range(30):
        now = START_NS + second * NS_PER_SECOND
        newcomer = NoiseTrader(TRADER, PERPETUAL, CONFIG, 9)
        commands = veteran.wake(now, market.state)
        assert commands == newcomer.wake(now, market.state)
        assert veteran.next_wake(now) == newcomer.next_wake(now)
        market.time_ns = now
        market.do(*commands)


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_its_inventory_is_pulled_back(side: Side) -> None:
    """At the bound it only reduces; halfway there it reduces three times of four."""
    market, trader = Market(2), NoiseTrader(TRADER, PERPETUAL, CONFIG, 3)
    deep_book(market)
    market.do(PlaceOrder(TRADER, 1, side, OrderType.MARKET, 300))

    def share_of_reducing_orders() -> float:
        orders = [
            order
            for second in range(1_000)
            for order in trader.wake(START_NS + second * NS_PER_SECOND, market.state)
            if isinstance(order, PlaceOrder)
        ]
        return sum(order.side != side for order in orders) / len(orders)

    assert share_of_reducing_orders() == pytest.approx(0.75, abs=0.05)
    market.do(PlaceOrder(TRADER, 1, side, OrderType.MARKET, 300))
    assert share_of_reducing_orders() == 1


def test_without_room_it_places_nothing() -> None:
    config = msgspec.structs.replace(CONFIG, max_inventory=200, market_share_rate=0)
    market, trader = Market(2), NoiseTrader(TRADER, PERPETUAL, config, 3)
    for side, price in ((Side.BUY, PRICE - 3_000), (Side.SELL, PRICE + 3_000)):
        market.do(PlaceOrder(TRADER, 1, side, OrderType.LIMIT, 195, price))
    assert [trader.wake(START_NS + number, market.state) for number in range(50)] == [[]] * 50


def test_while_halted_it_only_cancels() -> None:
    market, trader = Market(2), NoiseTrader(TRADER, PERPETUAL, CONFIG, 3)
    order = PlaceOrder(TRADER, 1, Side.BUY, OrderType.LIMIT, 50, PRICE - 3_000)
    market.do(order, SetMarketState(1, MarketState.HALTED))
    assert trader.wake(START_NS, market.state) == []
    later = START_NS + 20 * NS_PER_SECOND
    commands = trader.wake(later, market.state)
    assert [type(command) for command in commands] == [CancelOrder]
    market.do(*commands)
    assert trader.wake(later, market.state) == []


def test_without_a_mark_it_waits() -> None:
    market = Market(2, price=None)
    assert NoiseTrader(TRADER, PERPETUAL, CONFIG, 3).wake(START_NS, market.state) == []


def test_orders_reach_the_minimum_notional() -> None:
    """At 1.00 USDT a lot of 0.005 is worth half a cent; 5 USDT are the least."""
    market = Market(2, price=100)
    config = NoiseConfig(max_quantity=6_000, max_inventory=6_000, limit_offset_rate=BASIS_POINT)
    trader = NoiseTrader(TRADER, PERPETUAL, config, 3)
    orders = [trader.wake(START_NS + number, market.state)[0] for number in range(50)]
    for order in orders:
        assert isinstance(order, PlaceOrder)
        price = 100 if order.price is None else order.price
        assert PERPETUAL.notional(order.quantity, price) >= PERPETUAL.min_notional


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"max_quantity": 0}, "max_quantity is 0: it should be positive"),
        ({"max_quantity": 5}, "max_quantity is 5: it should be from 10 to 100000"),
        ({"max_inventory": 199}, "max_inventory is 199: it should be max_quantity or more"),
        ({"market_share_rate": RATE_ONE + 1}, "market_share_rate is 1000000000001"),
        ({"limit_offset_rate": -1}, "limit_offset_rate is -1"),
        ({"mean_interval_ns": 1}, "mean_interval_ns is 1: it should be 2 or more"),
    ],
)
def test_wrong_configs_are_refused(values: dict[str, int], problem: str) -> None:
    fields = {**msgspec.structs.asdict(CONFIG), **values}
    with pytest.raises(ValueError, match=problem):
        NoiseTrader(TRADER, PERPETUAL, NoiseConfig(**fields), 1)
