"""The synthetic feed: repeatable to the bit, with the regimes and correlations that were asked."""

import math
from itertools import pairwise

import pytest

from simulator.core.model.commands import SetIndexPrices
from simulator.core.model.units import NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND, RATE_ONE
from simulator.market.feeds.price_walk import FINE, PriceWalk, SyntheticInstrument
from simulator.market.feeds.regimes import (
    NS_PER_DAY,
    Regime,
    RegimeConfig,
    Schedule,
    SyntheticConfig,
)
from simulator.market.feeds.synthetic import SyntheticFeed
from tests.market.markets import START_NS

BTC = SyntheticInstrument(instrument_id=1, start_price=6_000_000)
ETH = SyntheticInstrument(instrument_id=2, start_price=300_000, volatility_scale=2 * RATE_ONE)
DOGE = SyntheticInstrument(instrument_id=3, start_price=81, correlation=0)
BTC_SPOT = SyntheticInstrument(instrument_id=12, start_price=6_000_000, follows=1)
ETH_SPOT = SyntheticInstrument(instrument_id=0, start_price=300_000, follows=2)
"""Its id comes before all others, which must not matter."""


def steady(volatility_rate: int, **more: int) -> SyntheticConfig:
    """A market that knows one regime only."""
    regime = RegimeConfig(annual_volatility_rate=volatility_rate, mean_dwell_ns=NS_PER_HOUR, **more)
    return SyntheticConfig(calm=regime, trend=regime, shock=regime)


def returns(
    config: SyntheticConfig, instruments: list[SyntheticInstrument], count: int, step_ns: int
) -> dict[int, list[float]]:
    """Log returns of a walk, from its fine prices."""
    walk = PriceWalk(5, instruments, config)
    found: dict[int, list[float]] = {key: [] for key in walk.fine}
    for number in range(1, count + 1):
        before = dict(walk.fine)
        walk.step(START_NS + number * step_ns, step_ns)
        for key, fine in walk.fine.items():
            found[key].append(math.log(fine / before[key]))
    return found


def deviation(values: list[float]) -> float:
    return math.sqrt(sum(value * value for value in values) / len(values))


# -- determinism ---------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_prices_on_any_machine() -> None:
    """Golden: these prices change only with the definition of the generator."""
    feed = SyntheticFeed(7, [BTC, ETH, DOGE], time_ns=START_NS)
    assert feed.current() == SetIndexPrices(((1, 6_000_000), (2, 300_000), (3, 81)))
    for _ in range(3_600):
        prices = feed.next(NS_PER_SECOND)
    assert prices == SetIndexPrices(((1, 6_011_424), (2, 301_918), (3, 81)))


def test_seeds_differ_and_the_order_of_instruments_does_not_matter() -> None:
    def after_a_minute(seed: int, instruments: list[SyntheticInstrument]) -> SetIndexPrices:
        return SyntheticFeed(seed, instruments, time_ns=START_NS).next(NS_PER_MINUTE)

    assert after_a_minute(1, [BTC, ETH]) == after_a_minute(1, [ETH, BTC])
    assert after_a_minute(1, [BTC, ETH]) != after_a_minute(2, [BTC, ETH])


def test_a_feed_that_is_resumed_follows_the_same_path() -> None:
    """Only what is below a price unit is lost."""
    whole = SyntheticFeed(7, [BTC], time_ns=START_NS)
    for _ in range(100):
        halfway = whole.next(NS_PER_SECOND)
    resumed = SyntheticFeed(7, [BTC])
    resumed.resume(whole.time_ns, {**dict(halfway.prices), 99: 5})
    for _ in range(100):
        (_, expected), (_, found) = (
            *whole.next(NS_PER_SECOND).prices,
            *resumed.next(NS_PER_SECOND).prices,
        )
        assert abs(expected - found) <= 1


# -- one index for two instruments ---------------------------------------------------------------


def test_a_follower_has_the_price_of_its_leader_at_every_step_and_moves_nobody() -> None:
    """Nothing is to be earned between the two; and the others walk as they would without it."""
    alone = SyntheticFeed(7, [BTC, ETH, DOGE], time_ns=START_NS)
    feed = SyntheticFeed(7, [BTC, ETH, DOGE, BTC_SPOT, ETH_SPOT], time_ns=START_NS)
    for _ in range(3_600):
        expected = dict(alone.next(NS_PER_SECOND).prices)
        found = dict(feed.next(NS_PER_SECOND).prices)
        assert found == {**expected, 12: expected[1], 0: expected[2]}


def test_a_follower_of_other_decimals_has_the_same_price_in_its_own_units() -> None:
    finer = SyntheticInstrument(instrument_id=4, start_price=60_000_000, follows=1)
    coarser = SyntheticInstrument(instrument_id=5, start_price=60_000, follows=1)
    feed = SyntheticFeed(7, [BTC, finer, coarser], time_ns=START_NS)
    for _ in range(600):
        prices = dict(feed.next(NS_PER_SECOND).prices)
        assert abs(prices[4] - 10 * prices[1]) <= 5
        assert abs(100 * prices[5] - prices[1]) <= 50


def test_a_feed_that_is_resumed_gives_followers_the_prices_of_their_leaders() -> None:
    feed = SyntheticFeed(7, [BTC, BTC_SPOT])
    feed.resume(START_NS, {1: 5_900_000, 12: 6_100_000})
    assert feed.current() == SetIndexPrices(((1, 5_900_000), (12, 5_900_000)))
    _, (_, spot) = feed.next(NS_PER_SECOND).prices
    assert spot != 5_900_000


def test_a_follower_has_the_history_of_its_leader() -> None:
    finer = SyntheticInstrument(instrument_id=4, start_price=60_000_000, follows=1)
    history = SyntheticFeed(7, [BTC, ETH, BTC_SPOT, finer]).history(END_NS, days=3, minute_days=1)
    alone = SyntheticFeed(7, [BTC, ETH]).history(END_NS, days=3, minute_days=1)
    for bars, expected in ((history.daily, alone.daily), (history.minutes, alone.minutes)):
        assert bars[12] == bars[1] == expected[1]
        assert bars[2] == expected[2]
        assert all(
            abs(fine.close - 10 * bar.close) <= 5
            for fine, bar in zip(bars[4], bars[1], strict=True)
        )
    assert history.minutes[4][-1].close == finer.start_price


@pytest.mark.parametrize("follows", [12, 13, 99])
def test_a_follower_of_itself_of_a_follower_or_of_nobody_is_refused(follows: int) -> None:
    lost = SyntheticInstrument(instrument_id=13, start_price=6_000_000, follows=follows)
    with pytest.raises(ValueError, match=f"instrument 13 follows {follows}: it should be one"):
        SyntheticFeed(1, [BTC, BTC_SPOT, lost])


# -- what the market is like ---------------------------------------------------------------------


def test_volatility_is_what_was_asked() -> None:
    config = steady(RATE_ONE // 2)
    minute = 0.5 / math.sqrt(365 * 24 * 60)
    found = returns(config, [BTC, ETH], 5_000, NS_PER_MINUTE)
    assert deviation(found[1]) == pytest.approx(minute, rel=0.03)
    assert deviation(found[2]) == pytest.approx(2 * minute, rel=0.03)


def test_many_small_steps_have_the_volatility_of_few_large_ones() -> None:
    """Prices are kept finer than a unit, or small moves of a coarse price would be lost."""
    walk = PriceWalk(5, [DOGE], steady(RATE_ONE // 2))
    moves = []
    for hour in range(200):
        before = walk.fine[3]
        for step in range(1, 61):
            walk.step(START_NS + hour * NS_PER_HOUR + step * NS_PER_MINUTE, NS_PER_MINUTE)
        moves.append(math.log(walk.fine[3] / before))
    assert deviation(moves) == pytest.approx(0.5 / math.sqrt(365 * 24), rel=0.1)


@pytest.mark.parametrize("correlation", [-1.0, 0.0, 0.8, 1.0])
def test_correlation_to_the_common_factor(correlation: float) -> None:
    leader = SyntheticInstrument(instrument_id=1, start_price=10**6, correlation=RATE_ONE)
    rate = int(correlation * 10) * RATE_ONE // 10
    follower = SyntheticInstrument(instrument_id=2, start_price=10**6, correlation=rate)
    found = returns(steady(RATE_ONE // 2), [leader, follower], 3_000, NS_PER_MINUTE)
    product = sum(a * b for a, b in zip(found[1], found[2], strict=True)) / 3_000
    measured = product / deviation(found[1]) / deviation(found[2])
    assert measured == pytest.approx(correlation, abs=0.05)


def test_drift_and_jumps_go_where_the_spell_goes() -> None:
    drifting = steady(0, hourly_drift_rate=RATE_ONE // 100)
    schedule = Schedule(5, drifting)
    for number, move in enumerate(returns(drifting, [BTC], 2_000, NS_PER_MINUTE)[1], start=1):
        direction = schedule.spell_at(START_NS + number * NS_PER_MINUTE).direction
        assert move * direction == pytest.approx(0.01 / 60, rel=1e-3)
    jumping = steady(0, jump_rate=RATE_ONE // 100, jump_interval_ns=4 * NS_PER_MINUTE)
    sizes = [abs(move) for move in returns(jumping, [BTC], 4_000, NS_PER_MINUTE)[1] if move]
    assert 900 < len(sizes) < 1_100  # one in four minutes
    assert 0.0049 < min(sizes) < max(sizes) < 0.0151
    slow = [abs(move) for move in returns(jumping, [BTC], 300, 40 * NS_PER_MINUTE)[1]]
    assert sum(slow) / 300 == pytest.approx(0.10, rel=0.02)  # ten jumps in a long step


def test_prices_never_reach_zero() -> None:
    worthless = SyntheticInstrument(instrument_id=1, start_price=1)
    feed = SyntheticFeed(3, [worthless], steady(50 * RATE_ONE), START_NS)
    prices = [feed.next(NS_PER_HOUR).prices[0][1] for _ in range(500)]
    assert min(prices) == 1


# -- regimes -------------------------------------------------------------------------------------


def test_every_moment_has_a_spell_and_each_regime_has_its_share() -> None:
    schedule = Schedule(1, SyntheticConfig())
    minutes = dict.fromkeys(Regime, 0)
    days = 200
    for minute in range(0, days * 1_440, 5):
        minutes[schedule.spell_at(START_NS + minute * NS_PER_MINUTE).regime] += 5
    assert sum(minutes.values()) == days * 1_440
    assert minutes[Regime.CALM] > minutes[Regime.TREND] > minutes[Regime.SHOCK] > days * 5


def test_spells_dwell_and_end_with_the_day() -> None:
    config = SyntheticConfig()
    schedule = Schedule(2, config)
    for day in range(19_000, 19_100):
        start, time_ns = day * NS_PER_DAY, day * NS_PER_DAY
        while time_ns < start + NS_PER_DAY:
            spell = schedule.spell_at(time_ns)
            mean = schedule.configs[spell.regime].mean_dwell_ns
            length = spell.end_ns - time_ns
            assert length <= mean * 3 // 2
            assert length >= mean // 2 or spell.end_ns == start + NS_PER_DAY
            time_ns = spell.end_ns
        assert time_ns == start + NS_PER_DAY


def test_a_schedule_needs_no_past() -> None:
    lived, fresh = Schedule(4, SyntheticConfig()), Schedule(4, SyntheticConfig())
    for hour in range(24 * 20):
        lived.spell_at(START_NS + hour * NS_PER_HOUR)
    later = START_NS + 24 * 20 * NS_PER_HOUR
    assert lived.spell_at(later) == fresh.spell_at(later)


# -- history -------------------------------------------------------------------------------------


END_NS = START_NS + 23 * NS_PER_SECOND
"""Some seconds into a minute, in the middle of a day."""


def test_history_ends_exactly_at_the_starting_prices() -> None:
    history = SyntheticFeed(7, [BTC, ETH, DOGE]).history(END_NS, days=20, minute_days=2)
    for each in (BTC, ETH, DOGE):
        daily, minutes = history.daily[each.instrument_id], history.minutes[each.instrument_id]
        assert daily[-1].close == minutes[-1].close == each.start_price
        assert len(daily) == 20
        assert len(minutes) == 2 * 1_440
        assert minutes[-1].open_time_ns == START_NS - NS_PER_MINUTE
        assert daily[-1].open_time_ns == START_NS // NS_PER_DAY * NS_PER_DAY
        for bars, length_ns in ((daily, NS_PER_DAY), (minutes, NS_PER_MINUTE)):
            for earlier, later in pairwise(bars):
                assert later.open_time_ns - earlier.open_time_ns == length_ns
                assert later.open == earlier.close
            for bar in bars:
                assert 0 < bar.low <= min(bar.open, bar.close)
                assert bar.high >= max(bar.open, bar.close)


def test_days_and_minutes_of_the_history_agree() -> None:
    history = SyntheticFeed(7, [BTC]).history(END_NS, days=5, minute_days=3)
    for day in history.daily[1][-2:]:
        inside = [
            bar
            for bar in history.minutes[1]
            if bar.open_time_ns // NS_PER_DAY == day.open_time_ns // NS_PER_DAY
        ]
        assert day.open == inside[0].open
        assert day.close == inside[-1].close
        assert day.high == max(bar.high for bar in inside)
        assert day.low == min(bar.low for bar in inside)


def test_history_is_the_same_each_time_and_leaves_the_feed_alone() -> None:
    feed = SyntheticFeed(7, [BTC, ETH], time_ns=START_NS)
    first = feed.history(END_NS, days=3, minute_days=1)
    assert feed.history(END_NS, days=3, minute_days=1) == first
    untouched = SyntheticFeed(7, [BTC, ETH], time_ns=START_NS)
    assert feed.next(NS_PER_SECOND) == untouched.next(NS_PER_SECOND)


def test_history_that_ends_at_midnight_has_no_empty_day() -> None:
    midnight = START_NS // NS_PER_DAY * NS_PER_DAY
    history = SyntheticFeed(7, [BTC]).history(midnight, days=2, minute_days=9)
    assert [bar.open_time_ns for bar in history.daily[1]] == [
        midnight - 2 * NS_PER_DAY,
        midnight - NS_PER_DAY,
    ]
    assert len(history.minutes[1]) == 2 * 1_440  # not more than the daily bars cover


# -- config --------------------------------------------------------------------------------------


def test_wrong_parameters_are_refused() -> None:
    def refuse(problem: str, **changed: int) -> None:
        with pytest.raises(ValueError, match=problem):
            SyntheticInstrument(**{"instrument_id": 1, "start_price": 5, **changed})

    refuse("start_price is 0", start_price=0)
    refuse("volatility_scale is -1", volatility_scale=-1)
    refuse("correlation is", correlation=RATE_ONE + 1)
    with pytest.raises(ValueError, match="annual_volatility_rate is -1"):
        RegimeConfig(annual_volatility_rate=-1, mean_dwell_ns=NS_PER_HOUR)
    with pytest.raises(ValueError, match="mean_dwell_ns is 1: it should be a minute"):
        RegimeConfig(annual_volatility_rate=1, mean_dwell_ns=1)
    with pytest.raises(ValueError, match="jump_interval_ns is 5: it should be a second"):
        RegimeConfig(annual_volatility_rate=1, mean_dwell_ns=NS_PER_HOUR, jump_interval_ns=5)
    with pytest.raises(ValueError, match="interval_ns is 0"):
        SyntheticConfig(interval_ns=0)
    with pytest.raises(ValueError, match="at least one instrument"):
        SyntheticFeed(1, [])
    with pytest.raises(ValueError, match="time_step_ns is 0"):
        SyntheticFeed(1, [BTC]).next(0)


def test_fine_prices_round_to_the_starting_price() -> None:
    assert PriceWalk(1, [DOGE], SyntheticConfig()).fine == {3: 81 * FINE}
