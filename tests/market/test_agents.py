"""Feeds and bots driven as the runtime drives them, alone and all together."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from simulator.core.model.commands import (
    AdvanceTime,
    AnyCommand,
    CancelAllOrders,
    ReplaceQuotes,
    SetIndexPrices,
)
from simulator.core.model.enums import Side
from simulator.core.model.units import NS_PER_MINUTE, NS_PER_SECOND
from simulator.market.bots.agents import BotAgent, FollowedFeed, ReplayAgent, SyntheticAgent
from simulator.market.bots.market_maker import MakerConfig, MarketMaker
from simulator.market.bots.noise import NoiseConfig, NoiseTrader
from simulator.market.feeds.klines import Bar
from simulator.market.feeds.paths import replay_commands
from simulator.market.feeds.price_walk import SyntheticInstrument
from simulator.market.feeds.regimes import SyntheticConfig
from simulator.market.feeds.synthetic import SyntheticFeed
from simulator.runtime.ports import Agent
from tests.market.markets import PERPETUAL, PRICE, START_NS, Market, kline_file

BTC = SyntheticInstrument(instrument_id=1, start_price=PRICE)
MAKER_CONFIG = MakerConfig(level_quantity=100, max_inventory=20_000, replenish_per_second=100)
NOISE_CONFIG = NoiseConfig(max_quantity=300, max_inventory=1_000, mean_interval_ns=3 * 10**9)


def synthetic_agent(seed: int = 1, time_ns: int = START_NS) -> SyntheticAgent:
    return SyntheticAgent(SyntheticFeed(seed, [BTC], SyntheticConfig()), time_ns)


def drive(market: Market, agents: Sequence[Agent], until_ns: int) -> list[tuple[int, AnyCommand]]:
    """Wakes agents in the order of their times, as a world does; no command may be refused."""
    done: list[tuple[int, AnyCommand]] = []
    while True:
        wakes = [
            (wake, number)
            for number, agent in enumerate(agents)
            if (wake := agent.next_wake_ns) is not None and wake <= until_ns
        ]
        if not wakes:
            return done
        wake_ns, number = min(wakes)
        while (due := market.exchange.next_due()) is not None and due <= wake_ns:
            market.time_ns = due
            market.do(AdvanceTime(due))
        market.time_ns = wake_ns
        commands = agents[number].wake(wake_ns, market.state)
        market.do(*commands)
        done += [(wake_ns, command) for command in commands]


# -- the synthetic feed --------------------------------------------------------------------------


def test_a_synthetic_feed_begins_with_the_starting_prices_and_keeps_its_grid() -> None:
    market = Market(1, price=None)
    agent = synthetic_agent(time_ns=START_NS + 300_000_000)
    done = drive(market, [agent], START_NS + 3 * NS_PER_SECOND)
    assert [time_ns - START_NS for time_ns, _ in done] == [300_000_000, 10**9, 2 * 10**9, 3 * 10**9]
    assert done[0][1] == SetIndexPrices(((1, PRICE),))
    assert market.is_open()


def test_a_synthetic_feed_goes_on_from_the_prices_of_the_state() -> None:
    """A restarted feed repeats the last prices and then takes the same way, to the unit."""
    half, whole = START_NS + 100 * NS_PER_SECOND, START_NS + 200 * NS_PER_SECOND
    undisturbed, market = Market(1, price=None), Market(1, price=None)
    drive(undisturbed, [synthetic_agent()], whole)
    drive(market, [synthetic_agent()], half)
    last = market.state.instruments[1].index_price
    done = drive(market, [synthetic_agent(time_ns=half)], whole)
    assert done[0] == (half, SetIndexPrices(((1, last or 0),)))
    expected = undisturbed.state.instruments[1].index_price
    found = market.state.instruments[1].index_price
    assert expected is not None
    assert found is not None
    assert abs(expected - found) <= 1
    assert found != last


# -- a replay ------------------------------------------------------------------------------------


def falling_bars(tmp_path: Path) -> list[tuple[int, SetIndexPrices]]:
    """Three minutes in whole USDT cents: flat, down by 1 %, flat; then a hole and one minute."""
    prices = (6_000_000, 6_000_000, 5_940_000, 5_940_000)
    bars = [
        Bar(START_NS + number * NS_PER_MINUTE, before, before, after, after)
        for number, (before, after) in enumerate(pairwise(prices))
    ]
    late = Bar(START_NS + 9 * NS_PER_MINUTE, 5_900_000, 5_900_000, 5_900_000, 5_900_000)
    return list(replay_commands({1: [kline_file(tmp_path, "a.csv", [*bars, late])]}))


def test_a_replay_gives_each_moment_at_its_time_and_ends(tmp_path: Path) -> None:
    moments = falling_bars(tmp_path)
    agent = ReplayAgent(moments)
    market = Market(1, price=None)
    assert drive(market, [agent], START_NS + 20 * NS_PER_MINUTE) == moments
    assert agent.next_wake_ns is None
    assert agent.wake(START_NS + 21 * NS_PER_MINUTE, market.state) == []


def test_a_replay_that_is_late_leaves_no_moment_out(tmp_path: Path) -> None:
    moments = falling_bars(tmp_path)
    agent, state = ReplayAgent(moments), Market(1).state
    assert agent.wake(START_NS - 1, state) == []
    late = START_NS + NS_PER_MINUTE
    assert [agent.wake(late, state)[0] for _ in range(3)] == [command for _, command in moments[:3]]


def test_mark_1_a_hole_halts_the_instrument_and_its_end_reopens_it(tmp_path: Path) -> None:
    market, agent = Market(1, price=None), ReplayAgent(falling_bars(tmp_path))
    drive(market, [agent], START_NS + 8 * NS_PER_MINUTE)
    assert market.is_open()  # nobody looked yet
    due = market.exchange.next_due()
    assert due is not None
    assert due < START_NS + 5 * NS_PER_MINUTE
    market.do(AdvanceTime(due))
    assert not market.is_open()
    drive(market, [agent], START_NS + 9 * NS_PER_MINUTE)
    assert market.is_open()


def test_followers_quote_at_every_price_of_a_replay(tmp_path: Path) -> None:
    """The maker moves at the moment of the price, after the exchange has it."""
    market = Market(1, price=None)
    maker = MarketMaker(2, PERPETUAL, MAKER_CONFIG)
    agent = FollowedFeed(ReplayAgent(falling_bars(tmp_path)), [maker])
    done = drive(market, [agent], START_NS + 4 * NS_PER_MINUTE)
    prices = [each for each in done if isinstance(each[1], SetIndexPrices)]
    quotes = [each for each in done if isinstance(each[1], ReplaceQuotes)]
    assert len(prices) > 20
    assert {time_ns for time_ns, _ in quotes} <= {time_ns for time_ns, _ in prices}
    assert len(quotes) > 15  # 1 % in steps of 5 bp, each more than half the spread of 4 bp
    best_bid, best_ask = market.levels(Side.BUY)[0][0], market.levels(Side.SELL)[0][0]
    assert best_bid < 5_940_000 < best_ask
    assert best_ask - best_bid < 5_940_000 * 6 // 10_000


def test_after_a_hole_no_quote_stands_at_the_old_price(tmp_path: Path) -> None:
    """Or else liquidations at the new mark would sell to quotes from before the hole."""
    market, maker = Market(1, price=None), MarketMaker(2, PERPETUAL, MAKER_CONFIG)
    agent = FollowedFeed(ReplayAgent(falling_bars(tmp_path)), [maker])
    drive(market, [agent], START_NS + 8 * NS_PER_MINUTE)
    assert market.levels(Side.BUY)[0][0] > 5_930_000
    end_of_hole = START_NS + 9 * NS_PER_MINUTE
    done = drive(market, [agent], end_of_hole)
    assert [command for _, command in done[:2]] == [
        CancelAllOrders(2, 1),
        SetIndexPrices(((1, 5_900_000),)),
    ]
    assert isinstance(done[2][1], ReplaceQuotes)
    assert {time_ns for time_ns, _ in done} == {end_of_hole}
    assert 5_890_000 < market.levels(Side.BUY)[0][0] < 5_900_000


def test_a_feed_without_followers_is_just_the_feed(tmp_path: Path) -> None:
    moments = falling_bars(tmp_path)
    agent = FollowedFeed(ReplayAgent(moments), [])
    assert drive(Market(1, price=None), [agent], START_NS + 20 * NS_PER_MINUTE) == moments


# -- all together --------------------------------------------------------------------------------


def population(seed: int, time_ns: int) -> list[Agent]:
    """A synthetic feed with a maker behind it, and three noise traders."""
    maker = MarketMaker(2, PERPETUAL, MAKER_CONFIG)
    noise = [NoiseTrader(account, PERPETUAL, NOISE_CONFIG, seed) for account in (3, 4, 5)]
    return [
        FollowedFeed(synthetic_agent(seed, time_ns), [maker]),
        *(BotAgent(trader, time_ns) for trader in noise),
    ]


def test_a_populated_market_trades_and_stays_in_shape() -> None:
    """Ten minutes: nothing refused, two sides at all times, trades, bounded inventories."""
    market = Market(4, price=None)
    agents = population(5, START_NS)
    commands = []
    for second in range(1, 601):
        commands += drive(market, agents, START_NS + second * NS_PER_SECOND)
        assert market.levels(Side.BUY)
        assert market.levels(Side.SELL)
        assert not market.state.books[1].is_crossed()
    assert len(market.trades) > 100
    for account in (3, 4, 5):
        assert abs(market.inventory(account)) <= NOISE_CONFIG.max_inventory
    assert abs(market.inventory(2)) <= MAKER_CONFIG.max_inventory
    assert sum(market.inventory(account) for account in (2, 3, 4, 5)) == 0
    quotes = [each for each in commands if isinstance(each[1], ReplaceQuotes)]
    assert len(quotes) < 450  # it does not requote at every price
    assert not [each for each in commands if isinstance(each[1], CancelAllOrders)]


def test_the_same_seed_gives_the_same_commands() -> None:
    def run(seed: int) -> list[tuple[int, AnyCommand]]:
        return drive(
            Market(4, price=None), population(seed, START_NS), START_NS + 60 * NS_PER_SECOND
        )

    assert run(5) == run(5)
    assert run(5) != run(6)


def test_a_restarted_population_goes_on() -> None:
    """Agents built anew from (config, seed, world time, state): no refusal, still two sides."""
    market = Market(4, price=None)
    half, whole = START_NS + 60 * NS_PER_SECOND, START_NS + 120 * NS_PER_SECOND
    drive(market, population(5, START_NS), half)
    done = drive(market, population(5, half), whole)
    assert len(done) > 60
    assert market.levels(Side.BUY)
    assert market.levels(Side.SELL)
