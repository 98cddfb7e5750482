"""MARK-2: the median of what index, book and trades say, and what the passing of time samples."""

from typing import Any

import pytest

from simulator.core.codec import decode_snapshot, encode_snapshot, state_hash
from simulator.core.exchange import Exchange
from simulator.core.model import commands as c
from simulator.core.model.enums import MarkMethod
from simulator.core.model.events import (
    LiquidationStarted,
    MarkPriceUpdated,
    PricesSampled,
)
from simulator.core.model.units import NS_PER_HOUR, NS_PER_SECOND
from tests.scenario import World, rate

HOURS_8 = 8 * NS_PER_HOUR


def world_of(fund: str = "0", **terms: Any) -> World:
    """BTC at an index of 100; the mark is a median."""
    world = World(fund=fund)
    world.instrument("BTC", mark_method=MarkMethod.MEDIAN, **terms)
    world.mark(BTC="100")
    return world


def trade(world: World, at: str) -> None:
    """One trade at a price, which moves the last price and leaves no order."""
    world.maker("BTC", asks=f"{at} x 1")
    if "taker" not in world.names:
        world.account("taker", cross="100000")
    world.buy("taker", "BTC", "1", at=at, leverage=1)
    world.maker("BTC")


def next_second(world: World) -> int:
    return (world.time_ns // NS_PER_SECOND + 1) * NS_PER_SECOND


# -- the three parts -----------------------------------------------------------------------------


def test_mark_2_without_book_trade_and_funding_the_mark_is_the_index() -> None:
    world = world_of()
    assert world.mark_of("BTC") == "100"
    world.mark(BTC="101.37")
    assert world.mark_of("BTC") == "101.37"


def test_mark_2_the_last_trade_alone_moves_nothing() -> None:
    """P1 and P2 are the index: they outvote a trade far away, above or below."""
    world = world_of()
    trade(world, "109")
    world.mark(BTC="100")
    assert world.mark_of("BTC") == "100"


def test_mark_2_the_median_of_two_parts_is_their_mean() -> None:
    """No trade yet: P1 is the index 100, P2 follows the mid of 103."""
    world = world_of()
    world.maker("BTC", bids="102 x 1", asks="104 x 1")
    world.wait(5)
    assert world.mark_of("BTC") == "101.5"


def test_mark_2_the_middle_one_of_three_is_the_mark() -> None:
    """P1 = 100, P2 = 103, last = 101."""
    world = world_of()
    trade(world, "101")
    world.maker("BTC", bids="102 x 1", asks="104 x 1")
    world.go_to(next_second(world) + 29 * NS_PER_SECOND)
    assert world.mark_of("BTC") == "101"


def test_mark_2_p2_is_the_mean_of_the_last_30_seconds() -> None:
    """10 seconds at a basis of 3, then 20 at 6: (10 * 3 + 20 * 6) / 30 = 5."""
    world = world_of()
    trade(world, "109")
    trade(world, "109.5")
    world.maker("BTC", bids="102 x 1", asks="104 x 1")
    start = next_second(world)
    world.go_to(start + 9 * NS_PER_SECOND)
    world.maker("BTC", bids="105 x 1", asks="107 x 1")
    world.go_to(start + 29 * NS_PER_SECOND)
    assert world.mark_of("BTC") == "105"
    world.go_to(start + 34 * NS_PER_SECOND)  # (5 * 3 + 25 * 6) / 30 = 5.5
    assert world.mark_of("BTC") == "105.5"
    world.go_to(start + 60 * NS_PER_SECOND)
    assert world.mark_of("BTC") == "106"


def test_mark_2_a_second_without_a_mid_is_left_out() -> None:
    """A basis of 4 for three seconds, then nobody asks; half a minute later P2 is the index."""
    world = world_of()
    trade(world, "108")
    world.maker("BTC", bids="103 x 1", asks="105 x 1")
    start = next_second(world)
    world.go_to(start + 2 * NS_PER_SECOND)
    world.maker("BTC", bids="103 x 1")
    world.go_to(start + 20 * NS_PER_SECOND)
    assert world.mark_of("BTC") == "104"
    assert len(world.record("BTC").mid_samples) == 1
    world.go_to(start + 32 * NS_PER_SECOND)
    assert world.mark_of("BTC") == "100"


def test_mark_2_p1_carries_the_last_funding_to_the_next_stamp() -> None:
    """A settled rate of 1%: at half the interval P1 is half a percent above the index."""
    world = world_of(funding_interval_ns=HOURS_8)
    trade(world, "109")
    world.maker("BTC", bids="108 x 9", asks="109 x 9")
    world.run(c.SetFundingRates(((1, rate("1%")),)))
    stamp = (world.time_ns // HOURS_8 + 1) * HOURS_8
    world.go_to(stamp + HOURS_8 // 2)
    assert world.mark_of("BTC") == "108.5", "P2, the basis of 8.5, and the last trade are above P1"
    world.maker("BTC", bids="99 x 9", asks="100 x 9")
    world.go_to(stamp + HOURS_8 // 2 + 60 * NS_PER_SECOND)
    # P1 = 100 * (1 + 1% * 14340 / 28800) = 100.4979.., P2 = 99.5, last = 109
    assert world.mark_of("BTC") == "100.5"
    world.go_to(stamp + HOURS_8 * 3 // 4)
    assert world.mark_of("BTC") == "100.25"


def test_mark_2_a_mark_is_never_below_one_price_unit() -> None:
    """The basis was -90 while the index was 100; then the index falls to 20, with no trade."""
    world = world_of(price_band_rate=rate("99%"))
    world.maker("BTC", bids="9.99 x 1", asks="10.01 x 1")
    world.wait(5)
    world.mark(BTC="20")
    assert world.mark_of("BTC") == "10", "the mean of 20 and 0.01, half-even"


# -- samples -------------------------------------------------------------------------------------


def test_mark_2_a_sample_is_what_held_before_the_command() -> None:
    """The command at the very moment of a sample comes after it."""
    world = world_of()
    world.maker("BTC", bids="98 x 1", asks="100 x 1")
    moment = next_second(world)
    world.time_ns = moment - 1_000_000
    world.maker("BTC", bids="104 x 1", asks="106 x 1")
    assert world.time_ns == moment
    sampled = world.happened(PricesSampled)
    assert [(each.mid_count, each.mids) for each in sampled] == [(1, ((1, -200),))]
    world.time_ns = moment + NS_PER_SECOND - 2_000_000
    world.maker("BTC")
    assert world.happened(PricesSampled) == []


def test_mark_2_a_quiet_hour_is_one_event_and_moves_the_clock_only() -> None:
    world = world_of(funding_interval_ns=HOURS_8)
    world.maker("BTC", bids="99 x 1", asks="101 x 1")
    assert world.exchange.next_due() == world.record("BTC").next_funding_ns
    world.wait(3_600)
    (sampled,) = world.happened(PricesSampled)
    assert sampled.mid_count == 30
    assert sampled.premiums == ((1, 720, 0),)
    assert world.record("BTC").mid_samples == ((world.time_ns // NS_PER_SECOND, 30, 0),)


def test_mark_2_a_halted_instrument_is_not_sampled() -> None:
    world = world_of(funding_interval_ns=HOURS_8)
    world.maker("BTC", bids="99 x 1", asks="101 x 1")
    world.halt("BTC")
    world.wait(60)
    assert world.happened(PricesSampled) == []
    world.reopen("BTC")
    world.wait(5)
    assert [each.premiums for each in world.happened(PricesSampled)] == [((1, 1, 0),)]


def test_mark_2_worlds_on_index_marks_are_not_sampled() -> None:
    world = World()
    world.instrument("BTC")
    world.mark(BTC="100")
    world.maker("BTC", bids="99 x 1", asks="101 x 1")
    world.wait(3_600)
    assert world.happened(PricesSampled) == []
    assert world.exchange.next_due() is None


def test_mark_2_a_snapshot_between_samples_forgets_none() -> None:
    """The restored exchange takes the samples that the first one would, and so does a fold."""
    world = world_of(funding_interval_ns=HOURS_8)
    folded = Exchange(decode_snapshot(encode_snapshot(world.exchange.state)))
    world.maker("BTC", bids="102 x 1", asks="104 x 1")
    restored = Exchange(decode_snapshot(encode_snapshot(world.exchange.state)))
    account = world.names["maker"]
    command = c.CancelAllOrders(account)
    time_ns = world.time_ns + 7 * NS_PER_SECOND
    events = world.exchange.execute(time_ns, command)
    assert restored.execute(time_ns, command) == events
    assert [each.mid_count for each in events if isinstance(each, PricesSampled)] == [7]
    assert state_hash(restored.state) == state_hash(world.exchange.state)
    assert folded.state.seq < world.exchange.state.seq


# -- what moves a median mark ---------------------------------------------------------------------


def test_mark_3_a_trade_or_a_quote_moves_no_median_mark() -> None:
    world = world_of()
    world.maker("BTC", bids="104 x 1", asks="106 x 1")
    trade(world, "105")
    assert world.mark_of("BTC") == "100"
    assert world.happened(MarkPriceUpdated) == []


def test_mark_3_time_alone_may_liquidate_on_a_median_mark() -> None:
    """The book falls while the index stands: the mark follows when time passes, in (1), and the
    unit is assessed in (6) of the same step."""
    world = world_of(price_band_rate=rate("50%"))
    world.account("ann", cross="1000")
    world.maker("BTC", asks="100 x 10")
    world.buy("ann", "BTC", "10", leverage=10)
    trade(world, "89")
    world.maker("BTC", bids="79 x 1", asks="81 x 1")
    world.go_to(next_second(world) + 30 * NS_PER_SECOND)
    assert world.mark_of("BTC") == "89", "P1 = 100, P2 = 80, last = 89"
    assert len(world.happened(LiquidationStarted)) == 1
    assert world.position("ann", "BTC") is None


# -- MARK-1: a class world's own index -------------------------------------------------------------


@pytest.mark.parametrize(
    ("weight", "index"), [("0%", "110"), ("25%", "107.5"), ("33.3333%", "106.67")]
)
def test_mark_1_the_index_of_a_class_world_blends_its_own_trades(weight: str, index: str) -> None:
    """(1 - w) * 110 + w * 100, half-even."""
    world = World()
    world.instrument("BTC", index_blend_rate=rate(weight))
    world.mark(BTC="100")
    assert world.mark_of("BTC") == "100", "before the first trade the feed alone"
    trade(world, "100")
    world.mark(BTC="110")
    assert world.mark_of("BTC") == index
