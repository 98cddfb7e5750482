"""MARK-1: bars become paths that hit every point in small, shared, evenly spaced steps."""

from collections.abc import Mapping
from itertools import islice, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.core.model.units import NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND, RATE_ONE
from simulator.market.feeds.klines import Bar, FeedError, read_klines
from simulator.market.feeds.paths import (
    DEFAULT_MAX_STEP,
    MAX_INTERVAL_NS,
    path_points,
    replay_commands,
    walk_bars,
)
from tests.market.markets import START_NS, kline_file, row, write_klines

Walk = list[tuple[int, dict[int, int]]]


def walk(
    bars: Mapping[int, Bar],
    previous: Mapping[int, int] | None = None,
    step_ns: int = NS_PER_MINUTE,
    max_step: int = DEFAULT_MAX_STEP,
) -> Walk:
    moments = walk_bars(bars, {} if previous is None else previous, step_ns, max_step)
    return [(time_ns, dict(command.prices)) for time_ns, command in moments]


def contains_in_order(path: list[int], points: tuple[int, ...]) -> bool:
    """Whether the path visits the points one after the other."""
    position = 0
    for price in path:
        while position < len(points) and price == points[position]:
            position += 1
    return position == len(points)


def assert_steps_bounded(path: list[int], max_step: int) -> None:
    for before, after in pairwise(path):
        assert abs(after - before) <= max(1, min(before, after) * max_step // RATE_ONE)


# -- single bars ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bar", "points"),
    [
        (Bar(0, 100, 130, 90, 120), (100, 90, 130, 120)),
        (Bar(0, 120, 130, 90, 100), (120, 130, 90, 100)),
        (Bar(0, 100, 130, 90, 100), (100, 90, 130, 100)),  # unchanged counts as up
    ],
)
def test_mark_1_order_of_points(bar: Bar, points: tuple[int, ...]) -> None:
    assert path_points(bar) == points


def test_mark_1_worked_bar() -> None:
    """Legs of 5, 10 and 5 units at one unit a step: one moment for the open and twenty steps."""
    moments = walk({1: Bar(START_NS, 2_000, 2_005, 1_995, 2_000)}, step_ns=21 * NS_PER_SECOND)
    assert [time_ns - START_NS for time_ns, _ in moments] == [n * NS_PER_SECOND for n in range(21)]
    prices = [each[1] for _, each in moments]
    assert prices == [*range(2_000, 1_994, -1), *range(1_996, 2_006), *range(2_004, 1_999, -1)]


def test_mark_1_a_flat_bar_still_gives_four_moments() -> None:
    moments = walk({1: Bar(START_NS, 500, 500, 500, 500)})
    assert [time_ns - START_NS for time_ns, _ in moments] == [
        number * 15 * NS_PER_SECOND for number in range(4)
    ]
    assert {each[1] for _, each in moments} == {500}


def test_mark_1_long_flat_bars_give_a_price_every_15_seconds() -> None:
    """An index must not grow stale inside a bar."""
    moments = walk({1: Bar(START_NS, 500, 500, 500, 500)}, step_ns=NS_PER_HOUR)
    times = [time_ns for time_ns, _ in moments]
    assert len(times) == 240
    assert {later - earlier for earlier, later in pairwise(times)} == {MAX_INTERVAL_NS}


def test_mark_1_instruments_share_the_moments_of_the_one_that_needs_most() -> None:
    wild, quiet = Bar(START_NS, 100_000, 101_000, 99_000, 100_500), Bar(START_NS, 70, 71, 69, 70)
    both = walk({2: wild, 1: quiet})
    assert [time_ns for time_ns, _ in both] == [time_ns for time_ns, _ in walk({2: wild})]
    assert all(list(prices) == [1, 2] for _, prices in both)
    quiet_path = [prices[1] for _, prices in both]
    assert contains_in_order(quiet_path, path_points(quiet))
    assert quiet_path.index(71) > len(quiet_path) // 4  # spread over the bar, not rushed


def test_mark_1_a_jump_between_bars_is_walked() -> None:
    path = [prices[1] for _, prices in walk({1: Bar(START_NS, 9_900, 9_900, 9_900, 9_900)})]
    assert set(path) == {9_900}
    jumped = walk({1: Bar(START_NS, 9_900, 9_900, 9_900, 9_900)}, {1: 10_000})
    path = [prices[1] for _, prices in jumped]
    assert path[:3] == [9_996, 9_992, 9_988]  # 4 units are the most that 5 bp of 9,900 allow
    assert path[-1] == 9_900
    assert_steps_bounded([10_000, *path], DEFAULT_MAX_STEP)


def test_mark_1_a_coarse_price_moves_by_one_unit() -> None:
    """Where 5 bp are less than a price unit, a unit is the step."""
    path = [prices[1] for _, prices in walk({1: Bar(START_NS, 10, 12, 8, 11)})]
    assert path == [10, 9, 8, 9, 10, 11, 12, 11]


def test_a_bar_shorter_than_its_moments_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot have"):
        walk({1: Bar(START_NS, 100, 200, 50, 100)}, step_ns=10)


PRICES = st.integers(1, 5_000_000)


@st.composite
def bars_at_one_time(draw: st.DrawFn) -> tuple[dict[int, Bar], dict[int, int]]:
    bars, previous = {}, {}
    for instrument_id in draw(st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True)):
        base = draw(PRICES)
        prices = [base + base * draw(st.integers(-300, 300)) // 1_000 for _ in range(4)]
        low, second, third, high = sorted(max(1, price) for price in prices)
        open_, close = (second, third) if draw(st.booleans()) else (third, second)
        bars[instrument_id] = Bar(START_NS, open_, high, low, close)
        if draw(st.booleans()):
            previous[instrument_id] = max(1, open_ + open_ * draw(st.integers(-50, 50)) // 1_000)
    return bars, previous


@given(market=bars_at_one_time(), max_step=st.integers(RATE_ONE // 10_000, RATE_ONE // 20))
def test_mark_1_properties(market: tuple[dict[int, Bar], dict[int, int]], max_step: int) -> None:
    """Every point hit, every step bounded, moments shared, rising and inside the bar."""
    bars, previous = market
    moments = walk(bars, previous, max_step=max_step)
    times = [time_ns for time_ns, _ in moments]
    assert times[0] == START_NS
    assert all(earlier < later for earlier, later in pairwise(times))
    assert times[-1] < START_NS + NS_PER_MINUTE
    spacings = [later - earlier for earlier, later in pairwise(times)]
    assert max(spacings) - min(spacings) <= 1  # evenly, to the nanosecond
    for instrument_id, bar in bars.items():
        path = [prices[instrument_id] for _, prices in moments]
        assert contains_in_order(path, path_points(bar))
        assert path[-1] == bar.close
        known = [*([previous[instrument_id]] if instrument_id in previous else []), *path]
        assert max(path) <= max(bar.high, known[0])
        assert min(path) >= min(bar.low, known[0])
        assert_steps_bounded(known, max_step)
        if instrument_id not in previous:
            assert path[0] == bar.open
    assert moments == walk(bars, previous, max_step=max_step)


# -- several files -------------------------------------------------------------------------------


def minute_bars(first: int, *prices: int) -> list[Bar]:
    """Flat bars from minute `first` on."""
    return [
        Bar(START_NS + (first + number) * NS_PER_MINUTE, price, price, price, price)
        for number, price in enumerate(prices)
    ]


def test_mark_1_replay_merges_instruments_by_bar_time(tmp_path: Path) -> None:
    first = kline_file(tmp_path, "first.csv", minute_bars(0, 1_000, 1_001, 1_002))
    second = kline_file(tmp_path, "second.csv", minute_bars(1, 50, 51))
    moments = list(replay_commands({7: [second], 3: [first]}))
    named = {
        (time_ns - START_NS) // NS_PER_MINUTE: tuple(key for key, _ in command.prices)
        for time_ns, command in moments
    }
    assert named == {0: (3,), 1: (3, 7), 2: (3, 7)}
    assert moments[-1][1].prices == ((3, 1_002), (7, 51))


def test_mark_1_after_a_hole_the_path_starts_at_the_open(tmp_path: Path) -> None:
    bars = [*minute_bars(0, 1_000, 1_000), *minute_bars(5, 2_000, 2_000)]
    file = kline_file(tmp_path, "a.csv", bars)
    moments = list(replay_commands({1: [file]}))
    at_hole = [command.prices for time, command in moments if time >= START_NS + 5 * NS_PER_MINUTE]
    assert set(at_hole) == {((1, 2_000),)}
    times = [time for time, _ in moments]
    assert max(later - earlier for earlier, later in pairwise(times)) > 3 * NS_PER_MINUTE


def test_files_of_one_instrument_follow_each_other(tmp_path: Path) -> None:
    early = kline_file(tmp_path, "early.csv", minute_bars(0, 1_000, 1_001))
    late = kline_file(tmp_path, "late.csv", minute_bars(60, 990, 991))
    moments = list(replay_commands({1: [late, early]}))
    times = [time_ns for time_ns, _ in moments]
    assert times == sorted(times)
    assert moments[0][1].prices == ((1, 1_000),)
    assert moments[-1][1].prices == ((1, 991),)


def test_a_replay_goes_on_after_a_restart(tmp_path: Path) -> None:
    prices = [1_000, 1_010, 990, 1_005, 1_000]
    files = {1: [kline_file(tmp_path, "a.csv", minute_bars(0, *prices))]}
    whole = list(replay_commands(files))
    for stopped in (0, 1, 7, len(whole) - 1):
        after_ns = whole[stopped][0]
        assert list(replay_commands(files, after_ns=after_ns)) == whole[stopped + 1 :]


def test_a_replay_is_read_as_it_goes(tmp_path: Path) -> None:
    file = kline_file(tmp_path, "a.csv", minute_bars(0, *range(1_000, 1_200)))
    assert len(list(islice(replay_commands({1: [file]}), 3))) == 3


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([row(60_000 * n) for n in (0, 2, 1)], r"bad\.csv:3: is older than a line before it"),
        ([row(60_000 * n) for n in (0, 1, 1)], r"bad\.csv:3: has the open time of an earlier line"),
        (
            [row(0), row(60_000, "100,100.5,99,101")],
            r"bad\.csv:2: has a high or low inside its open and close",
        ),
        (
            [row(0), row(60_000, "100,20000,99,100")],
            r"bad\.csv: the bar that opens at 1700000100000000000 ns goes from 9900 to 2000000",
        ),
        (
            [row(0, "90000,90000,90000,90000"), row(60_000)],
            r"bad\.csv: the bar .* is a decimal point misplaced",
        ),
        ([row(300_000 * n) for n in (0, 1, 2)], r"bad\.csv: has bars of 300000000000 ns; 6000"),
        ([row(30_000 + 60_000 * n) for n in (0, 1)], r"bad\.csv: has bars that open between"),
    ],
)
def test_bars_that_make_no_path_are_refused_at_once(
    tmp_path: Path, rows: list[str], problem: str
) -> None:
    def shifted(line: str) -> str:
        time, rest = line.split(",", 1)
        return f"{int(time) + START_NS // 10**6},{rest}"

    good = kline_file(tmp_path, "good.csv", minute_bars(0, 1_000, 1_001))
    bad = read_klines(write_klines(tmp_path / "bad.csv", [shifted(line) for line in rows]), 2)
    with pytest.raises(FeedError, match=problem):
        replay_commands({1: [good], 2: [bad]})


def test_overlapping_files_of_one_instrument_are_refused(tmp_path: Path) -> None:
    early = kline_file(tmp_path, "early.csv", minute_bars(0, 1_000, 1_001))
    late = kline_file(tmp_path, "late.csv", minute_bars(1, 990, 991))
    with pytest.raises(FeedError, match=r"late\.csv: begins before .*early\.csv ends"):
        replay_commands({1: [early, late]})


def test_a_replay_needs_files_and_a_step() -> None:
    with pytest.raises(ValueError, match="at least one file"):
        replay_commands({})
    with pytest.raises(ValueError, match="max_step"):
        replay_commands({}, max_step=0)
