"""Warm-up bars of a synthetic market: what would have been before the world began.

The same seeded walk that moves the live prices is run up to the given time and then scaled as a
whole, so that it ends exactly at the starting prices; scaling changes no return, and the order of
prices inside a bar stays. Daily bars (UTC days, the last one as far as it has come) and one-minute
bars are cut from one walk, so they agree where they overlap.
"""

from collections.abc import Sequence
from itertools import groupby

import msgspec

from simulator.core.model.units import NS_PER_MINUTE, divide_half_even
from simulator.market.feeds.klines import Bar
from simulator.market.feeds.price_walk import PriceWalk, SyntheticInstrument
from simulator.market.feeds.regimes import NS_PER_DAY, SyntheticConfig

_STEPS_PER_MINUTE = 3
_COARSE_NS = 15 * NS_PER_MINUTE
"""The step of the walk before the minute bars begin."""


class History(msgspec.Struct, frozen=True):
    """Bars by instrument id, oldest first."""

    daily: dict[int, tuple[Bar, ...]]
    minutes: dict[int, tuple[Bar, ...]]


def warm_up_history(
    seed: int,
    instruments: Sequence[SyntheticInstrument],
    config: SyntheticConfig,
    end_ns: int,
    days: int = 365,
    minute_days: int = 14,
) -> History:
    """Bars up to the last full minute at `end_ns`.

    The last close of either kind is the starting price. `days` daily bars, the day of the end
    included; `minute_days` of minute bars, 1,440 each, not more than the daily bars cover.
    """
    end_ns -= end_ns % NS_PER_MINUTE
    today = (end_ns - 1) // NS_PER_DAY
    begin_ns = (today - days + 1) * NS_PER_DAY
    minutes_begin_ns = max(begin_ns, end_ns - minute_days * NS_PER_DAY)
    walk = PriceWalk(seed, instruments, config)
    coarse = _Strips(walk)
    for time_ns in range(begin_ns, minutes_begin_ns, _COARSE_NS):
        coarse.add_bar(time_ns, min(_COARSE_NS, minutes_begin_ns - time_ns), 1)
    fine = _Strips(walk)
    for time_ns in range(minutes_begin_ns, end_ns, NS_PER_MINUTE):
        fine.add_bar(time_ns, NS_PER_MINUTE, _STEPS_PER_MINUTE)
    daily, minutes = {}, {}
    for each in walk.instruments:
        key, scale = each.instrument_id, (each.start_price, walk.fine[each.instrument_id])
        minutes[key] = _scaled(fine.bars[key], scale)
        daily[key] = _days(_scaled(coarse.bars[key], scale) + minutes[key])
    return History(daily, minutes)


class _Strips:
    """Bars in fine prices, one strip per instrument, cut from a walk as it goes."""

    def __init__(self, walk: PriceWalk) -> None:
        self._walk = walk
        self.bars: dict[int, list[Bar]] = {key: [] for key in walk.fine}

    def add_bar(self, open_time_ns: int, length_ns: int, steps: int) -> None:
        """Walks so many even steps and adds what they were to every strip."""
        prices = {key: [price] for key, price in self._walk.fine.items()}
        step_ns = length_ns // steps
        for number in range(1, steps + 1):
            self._walk.step(open_time_ns + number * step_ns, step_ns)
            for key, price in self._walk.fine.items():
                prices[key].append(price)
        for key, path in prices.items():
            self.bars[key].append(Bar(open_time_ns, path[0], max(path), min(path), path[-1]))


def _scaled(bars: list[Bar], scale: tuple[int, int]) -> tuple[Bar, ...]:
    """Fine prices times the fraction `scale`, as prices of at least one unit."""
    numerator, denominator = scale

    def price(fine: int) -> int:
        return max(1, divide_half_even(fine * numerator, denominator))

    return tuple(
        Bar(bar.open_time_ns, price(bar.open), price(bar.high), price(bar.low), price(bar.close))
        for bar in bars
    )


def _days(bars: tuple[Bar, ...]) -> tuple[Bar, ...]:
    """One bar per UTC day from the shorter bars of that day."""
    merged = []
    for day, group in groupby(bars, key=lambda bar: bar.open_time_ns // NS_PER_DAY):
        part = list(group)
        highest, lowest = max(bar.high for bar in part), min(bar.low for bar in part)
        merged.append(Bar(day * NS_PER_DAY, part[0].open, highest, lowest, part[-1].close))
    return tuple(merged)
