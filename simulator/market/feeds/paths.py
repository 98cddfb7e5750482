"""MARK-1: bars become paths of index prices.

A bar of an instrument is walked from point to point: open, low, high, close for an up bar (close
>= open), open, high, low, close for a down bar, in straight steps of at most `max_step` of the
price (or one price unit, where that is coarser). A jump from the close of a bar to the open of
the next is walked the same way, at the start of the later bar; after a hole there is nothing to
walk from, and the path starts at the open.

All instruments of one bar time share its moments. Each says how many it needs, the largest number
wins, and the moments lie evenly in [open_time, open_time + step). The others spread their legs over
the moments in proportion, which only makes their steps smaller; so every point is hit exactly, by
every instrument. A quiet bar still gets `MIN_MOMENTS`, and one at least every `MAX_INTERVAL_NS`,
so that only a hole makes an index stale. Integers only; nothing is random.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from simulator.core.model.commands import SetIndexPrices
from simulator.core.model.units import NS_PER_SECOND, RATE_ONE, divide_up, rate_of_down
from simulator.market.feeds.klines import Bar, FeedError, KlineFile

DEFAULT_MAX_STEP = 5 * RATE_ONE // 10_000
"""5 bp of the price, in 1e-12."""

MIN_MOMENTS = 4
"""A bar has four points."""

MAX_INTERVAL_NS = 15 * NS_PER_SECOND
"""The longest time between two moments of one bar."""

MAX_STEPS = 250_000
"""A bar whose range is more steps than this (over a hundredfold) is no market but a broken file."""

TimedPrices = tuple[int, SetIndexPrices]
"""World time and the prices of that moment."""


def path_points(bar: Bar) -> tuple[int, int, int, int]:
    """The turning points of a bar, in the order in which they are visited."""
    if bar.close >= bar.open:
        return bar.open, bar.low, bar.high, bar.close
    return bar.open, bar.high, bar.low, bar.close


class _Leg(NamedTuple):
    start: int
    end: int
    steps: int
    """The fewest steps that keep to the bound; none where start is end."""

    def walk(self, steps: int) -> Iterator[int]:
        """The prices after each of so many even steps; the last is the leg's end."""
        distance, sign = abs(self.end - self.start), 1 if self.end >= self.start else -1
        for number in range(1, steps + 1):
            yield self.start + sign * (distance * number // steps)


def _leg(start: int, end: int, max_step: int) -> _Leg:
    bound = max(1, rate_of_down(min(start, end), max_step))
    return _Leg(start, end, divide_up(abs(end - start), bound))


class BarPath:
    """The way of one instrument through one bar."""

    def __init__(self, bar: Bar, previous_close: int | None, max_step: int) -> None:
        """`previous_close` is of the bar right before; none at the start and after a hole."""
        points = path_points(bar)
        onto = _leg(bar.open if previous_close is None else previous_close, bar.open, max_step)
        self._approach = onto._replace(steps=max(1, onto.steps))
        self._legs = [_leg(start, end, max_step) for start, end in pairwise(points)]
        self.moments_needed = self._approach.steps + sum(leg.steps for leg in self._legs)

    def prices(self, moments: int) -> Iterator[int]:
        """The price at each of `moments >= moments_needed` moments.

        The open is reached in the fewest steps. The rest of the moments is shared among the legs
        by cumulative rounding: a leg of k steps gets at least k moments, a leg of none gets none.
        """
        yield from self._approach.walk(self._approach.steps)
        rest = moments - self._approach.steps
        total = sum(leg.steps for leg in self._legs)
        if total == 0:
            yield from [self._approach.end] * rest
            return
        done = 0
        for leg in self._legs:
            before = rest * done // total
            done += leg.steps
            yield from leg.walk(rest * done // total - before)


def walk_bars(
    bars: Mapping[int, Bar],
    previous_closes: Mapping[int, int],
    step_ns: int,
    max_step: int = DEFAULT_MAX_STEP,
) -> Iterator[TimedPrices]:
    """The moments of one bar time: all instruments (ids are the keys) at each of them.

    Raises:
        ValueError: a bar needs more moments than its time has nanoseconds.
    """
    paths = {
        instrument_id: BarPath(bars[instrument_id], previous_closes.get(instrument_id), max_step)
        for instrument_id in sorted(bars)
    }
    quiet = max(MIN_MOMENTS, divide_up(step_ns, MAX_INTERVAL_NS))
    moments = max(quiet, *(path.moments_needed for path in paths.values()))
    if moments > step_ns:
        raise ValueError(f"a bar of {step_ns} ns cannot have {moments} moments")
    open_time_ns = next(iter(bars.values())).open_time_ns
    walks = [path.prices(moments) for path in paths.values()]
    for number, prices in enumerate(zip(*walks, strict=True)):
        time_ns = open_time_ns + number * step_ns // moments
        yield time_ns, SetIndexPrices(tuple(zip(paths, prices, strict=True)))


def replay_commands(
    files: Mapping[int, Sequence[KlineFile]],
    max_step: int = DEFAULT_MAX_STEP,
    after_ns: int | None = None,
) -> Iterator[TimedPrices]:
    """The files of several instruments as one stream of moments, by bar time.

    Files of one instrument follow each other in time. An instrument without a bar at some time is
    not in the commands of that time: its index grows stale, and the core halts it. With `after_ns`
    the stream goes on after that world time, as after a restart.

    Raises:
        FeedError: at once, if the files do not fit each other or hold bars that make no path.
    """
    if max_step <= 0:
        raise ValueError(f"max_step is {max_step}: it should be a positive rate in 1e-12")
    step_ns = _common_step(files)
    series = {key: _series(files[key], max_step) for key in sorted(files)}
    return _moments(series, step_ns, max_step, after_ns)


def _moments(
    series: Mapping[int, Mapping[int, Bar]], step_ns: int, max_step: int, after_ns: int | None
) -> Iterator[TimedPrices]:
    for bar_time in sorted({time for bars in series.values() for time in bars}):
        if after_ns is not None and bar_time + step_ns <= after_ns:
            continue
        present = {key: bars[bar_time] for key, bars in series.items() if bar_time in bars}
        before = {
            key: series[key][bar_time - step_ns].close
            for key in present
            if bar_time - step_ns in series[key]
        }
        for time_ns, command in walk_bars(present, before, step_ns, max_step):
            if after_ns is None or time_ns > after_ns:
                yield time_ns, command


def _common_step(files: Mapping[int, Sequence[KlineFile]]) -> int:
    """The step and the grid of bar times that all files must share."""
    every = [file for instrument_id in sorted(files) for file in files[instrument_id]]
    if not every:
        raise ValueError("a replay needs at least one file")
    first = every[0]
    for file in every:
        _check_replayable(file)
        if file.step_ns != first.step_ns:
            raise FeedError(
                file.path,
                None,
                f"has bars of {file.step_ns} ns; {first.step_ns} ns as in {first.path} "
                "would be right",
            )
        if (file.report.first_open_time_ns - first.report.first_open_time_ns) % first.step_ns:
            raise FeedError(file.path, None, f"has bars that open between those of {first.path}")
    return first.step_ns


def _check_replayable(file: KlineFile) -> None:
    report = file.report
    for lines, problem in (
        (report.out_of_order_lines, "is older than a line before it; oldest first would be right"),
        (report.duplicate_lines, "has the open time of an earlier line; one line per bar is right"),
        (report.bad_ohlc_lines, "has a high or low inside its open and close"),
    ):
        if lines:
            raise FeedError(file.path, lines[0], f"{problem} ({len(lines)} such lines)")


def _series(files: Sequence[KlineFile], max_step: int) -> dict[int, Bar]:
    """The bars of one instrument by open time."""
    ordered = sorted(files, key=lambda file: file.report.first_open_time_ns)
    for earlier, later in pairwise(ordered):
        if later.report.first_open_time_ns <= earlier.report.last_open_time_ns:
            raise FeedError(
                later.path, None, f"begins before {earlier.path} ends; one after the other is right"
            )
    for file in ordered:
        _check_ranges(file, max_step)
    return {bar.open_time_ns: bar for file in ordered for bar in file.bars}


def _check_ranges(file: KlineFile, max_step: int) -> None:
    """Refuses prices that would make a path without end, such as a bar with a misplaced point."""
    close = file.bars[0].open
    for bar in file.bars:
        low, high = min(bar.low, close), max(bar.high, close)
        if high - low > MAX_STEPS * max(1, rate_of_down(low, max_step)):
            raise FeedError(
                file.path,
                None,
                f"the bar that opens at {bar.open_time_ns} ns goes from {low} to {high} price "
                f"units, more than {MAX_STEPS} steps; is a decimal point misplaced?",
            )
        close = bar.close
