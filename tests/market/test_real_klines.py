"""Real files: what is known of them from outside must be what is read (`make test-data`)."""

import os
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from simulator.core.model.units import NS_PER_MINUTE, NS_PER_SECOND, RATE_ONE
from simulator.market.feeds.klines import FeedError, Gap, read_klines
from simulator.market.feeds.paths import DEFAULT_MAX_STEP, path_points, replay_commands

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("SIMULATOR_DATA", ROOT / "../shared/data"))
PERPETUAL_2020, SPOT_2021 = "btc-perp-1m-2020-03-12", "binance-spot-1m-2021-05-19"

pytestmark = pytest.mark.data


def utc(text: str) -> int:
    """World time of a UTC minute."""
    moment = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    return int(moment.timestamp()) * NS_PER_SECOND


class Known(NamedTuple):
    """A file, and what is published of it; prices in units of its decimals."""

    name: str
    decimals: int
    rows: int
    columns: int
    first: str
    last: str
    low: int
    low_at: str
    high: int
    high_at: str


SPOT_START = "2021-05-17 00:00"
KNOWN = [
    Known(
        f"{PERPETUAL_2020}/BTCUSDT-um-1m-2020-03-12T1038-1159.csv.gz", 2, 82, 8,
        "2020-03-12 10:38", "2020-03-12 11:59",
        519_917, "2020-03-12 10:48", 698_000, "2020-03-12 10:39",
    ),
    Known(
        f"{PERPETUAL_2020}/BTCUSDT-um-1m-2020-03-13T0130-0259.csv.gz", 2, 90, 8,
        "2020-03-13 01:30", "2020-03-13 02:59",
        362_181, "2020-03-13 02:16", 522_823, "2020-03-13 02:45",
    ),
]  # fmt: skip
SPOT = [
    ("BTC", 2, 5561, "20:40", 3_000_000, "19 13:10", 4_668_600, "17 00:02"),
    ("ETH", 2, 5559, "20:38", 188_800, "19 13:10", 358_706, "17 00:01"),
    ("XRP", 4, 5560, "20:39", 8_500, "19 12:55", 17_050, "18 11:44"),
    ("ADA", 4, 5561, "20:40", 10_100, "19 12:55", 23_290, "17 00:01"),
    ("DOGE", 5, 5560, "20:39", 21_111, "19 12:54", 51_620, "17 00:03"),
    ("LTC", 2, 5559, "20:38", 14_700, "19 13:10", 31_797, "18 11:44"),
    ("LINK", 3, 5559, "20:38", 21_000, "19 12:54", 44_690, "18 20:40"),
    ("DOT", 3, 5560, "20:39", 18_000, "19 12:54", 42_598, "18 22:33"),
    ("BCH", 2, 5558, "20:37", 49_000, "19 12:54", 116_814, "17 00:01"),
    ("EOS", 4, 5559, "20:38", 42_000, "19 13:10", 101_300, "17 00:00"),
]
KNOWN += [
    Known(
        f"{SPOT_2021}/{base}USDT-1m-2021-05-17_20.csv.gz", decimals, rows, 6,
        SPOT_START, f"2021-05-20 {last}", low, f"2021-05-{low_at}", high, f"2021-05-{high_at}",
    )
    for base, decimals, rows, last, low, low_at, high, high_at in SPOT
]  # fmt: skip


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name.split("/")[1][:28])
def test_the_crash_files_are_read_as_they_are_known(known: Known) -> None:
    file = read_klines(DATA / known.name, known.decimals)
    report = file.report
    assert (report.rows, report.columns, report.has_header) == (known.rows, known.columns, True)
    assert (report.time_unit, file.step_ns) == ("ms", NS_PER_MINUTE)
    assert report.first_open_time_ns == utc(known.first)
    assert report.last_open_time_ns == utc(known.last)
    assert report.gaps == ()
    assert report.duplicate_lines == report.out_of_order_lines == report.bad_ohlc_lines == ()
    lowest = min(file.bars, key=lambda bar: (bar.low, bar.open_time_ns))
    highest = max(file.bars, key=lambda bar: (bar.high, -bar.open_time_ns))
    assert (lowest.low, lowest.open_time_ns) == (known.low, utc(known.low_at))
    assert (highest.high, highest.open_time_ns) == (known.high, utc(known.high_at))


def test_an_original_archive_with_a_hole() -> None:
    """LUNA: halted at 0.00005 on 13 May, and again in the file as another asset on 31 May."""
    file = read_klines(DATA / "luna-2022-05" / "LUNAUSDT-1m-2022-05.zip", 5)
    report = file.report
    assert (report.rows, report.columns, report.has_header) == (18_400, 12, False)
    assert report.gaps == (Gap(utc("2022-05-13 00:40"), 26_240),)
    assert min(bar.low for bar in file.bars) == 4
    assert max(bar.high for bar in file.bars) == 8_835_000
    with pytest.raises(FeedError, match=r"0\.00\d+ is 0 at 2 price decimals"):
        read_klines(file.path, 2)


def test_other_steps() -> None:
    file = read_klines(DATA / "binance-perp-5m-2025-10-10" / "BTCUSDT-um-5m-2025-09_10.csv.gz", 1)
    assert (file.step_ns, file.report.rows) == (5 * NS_PER_MINUTE, 11_123)
    assert min(bar.low for bar in file.bars) == 1_015_165
    marks = DATA / "binance-perp-5m-2025-10-10" / "BTCUSDT-um-mark-8h-2025-09_10.csv.gz"
    assert read_klines(marks, 2).step_ns == 480 * NS_PER_MINUTE
    assert min(bar.low for bar in read_klines(marks, 2).bars) == 10_187_769  # of 101877.68981743


def test_a_file_of_another_layout_is_refused() -> None:
    path = DATA / "cdd-binance-btcusdt-1h" / "Binance_BTCUSDT_1h.csv.gz"
    with pytest.raises(FeedError, match=r"1h\.csv\.gz:1: column 2 is 'date'"):
        read_klines(path, 2)


def test_mark_1_both_legs_of_2020_as_one_path() -> None:
    files = [read_klines(DATA / known.name, 2) for known in KNOWN[:2]]
    moments = list(replay_commands({1: files}))
    path = [command.prices[0][1] for _, command in moments]
    times = [time_ns for time_ns, _ in moments]
    assert all(earlier < later for earlier, later in pairwise(times))
    assert min(path) == 362_181
    hole = next(n for n, (a, b) in enumerate(pairwise(times)) if b - a > NS_PER_MINUTE)
    for number, (before, after) in enumerate(pairwise(path)):
        if number != hole:
            assert abs(after - before) * RATE_ONE <= min(before, after) * DEFAULT_MAX_STEP
    low_bar = files[0].bars[10]
    inside = [p for t, p in zip(times, path, strict=True) if 0 <= t - low_bar.open_time_ns < 6e10]
    assert low_bar.low == 519_917
    assert [inside.index(point) for point in path_points(low_bar)] == sorted(
        inside.index(point) for point in path_points(low_bar)
    )


def test_mark_1_ten_instruments_of_2021_share_their_moments() -> None:
    ids = range(1, 11)
    files = {
        key: [read_klines(DATA / known.name, known.decimals)]
        for key, known in zip(ids, KNOWN[2:], strict=True)
    }
    lows = dict.fromkeys(ids, 1 << 62)
    count, before = 0, 0
    for time_ns, command in replay_commands(files):
        assert time_ns > before
        before, count = time_ns, count + 1
        if time_ns < utc("2021-05-20 20:38"):
            assert [key for key, _ in command.prices] == list(ids)
        for key, price in command.prices:
            lows[key] = min(lows[key], price)
    assert list(lows.values()) == [known.low for known in KNOWN[2:]]
    assert count > 5_561 * 4
