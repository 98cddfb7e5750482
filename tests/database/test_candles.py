"""Candles: minutes from events, longer bars from minutes, warm-up bars from before."""

from collections.abc import Iterable

import pytest
from sqlalchemy import Engine, insert, select

from simulator.core.codec import decode_entry
from simulator.core.model import events as e
from simulator.database import schema
from simulator.database.candles import INTERVALS_S, CandleItem, Candles, Series, WarmUpBar
from simulator.database.engine import reading, writing
from simulator.database.queries import Page, Window
from simulator.database.writer import DatabaseJournal
from tests.database.recording import WORLD

MINUTE = 60 * 10**9
DAY = 1_440 * MINUTE


def all_bars(candles: Candles, series: Series, limit: int, newest_first: bool) -> list[CandleItem]:
    bars: list[CandleItem] = []
    after = None
    while True:
        page = candles.page(series, Window(after, limit, newest_first))
        assert 0 < len(page.items) <= limit
        bars += page.items
        if page.next is None:
            return bars
        after = page.next


def naive_bars(prices: Iterable[tuple[int, int, int, int]], interval_s: int) -> list[CandleItem]:
    """Bars straight from `(time, price, quantity, notional)`, without minutes in between."""
    buckets: dict[int, list[tuple[int, int, int, int]]] = {}
    for each in prices:
        buckets.setdefault(each[0] // (interval_s * 10**9), []).append(each)
    return [
        CandleItem(
            bucket * interval_s * 10**9,
            rows[0][1],
            max(row[1] for row in rows),
            min(row[1] for row in rows),
            rows[-1][1],
            sum(row[2] for row in rows),
            sum(row[3] for row in rows),
            sum(1 for row in rows if row[2]),
            False,
        )
        for bucket, rows in sorted(buckets.items())
    ]


def journaled_prices(engine: Engine, source: str) -> list[tuple[int, int, int, int]]:
    """What happened to instrument 1, from the journal and the trades."""
    if source == "LAST":
        table = schema.trades.c
        query = select(table.time_ns, table.price, table.quantity, table.notional)
        with reading(engine) as connection:
            found = connection.execute(
                query.where(table.instrument_id == 1).order_by(table.trade_id)
            )
            return [(row[0], row[1], row[2], row[3]) for row in found]
    kind = e.IndexPriceUpdated if source == "INDEX" else e.MarkPriceUpdated
    prices: list[tuple[int, int, int, int]] = []
    for entry in (decode_entry(row.encoded) for row in DatabaseJournal(engine).read(WORLD)):
        moment = entry.time_ns
        for event in entry.events:
            if isinstance(event, e.TimeAdvanced):
                moment = event.time_ns  # one entry may go through many moments
            elif isinstance(event, kind) and event.instrument_id == 1:
                prices.append((moment, event.price, 0, 0))
    return prices


@pytest.mark.parametrize("source", ["LAST", "MARK", "INDEX"])
@pytest.mark.parametrize("interval", list(INTERVALS_S))
def test_bars_are_what_happened(traded: Engine, source: str, interval: str) -> None:
    expected = naive_bars(journaled_prices(traded, source), INTERVALS_S[interval])
    assert len(expected) > (1 if interval == "1d" else 3)
    candles, series = Candles(traded), Series(WORLD, 1, source, interval)
    for limit in (2, 1_000):
        assert all_bars(candles, series, limit, newest_first=False) == expected
        assert all_bars(candles, series, limit, newest_first=True) == expected[::-1]


# -- warm-up -------------------------------------------------------------------------------------

BEGIN = 100 * DAY
"""A day's beginning; the world is created at noon of this day."""
NOON = BEGIN + DAY // 2


def warm_up() -> list[WarmUpBar]:
    """Three days, the last one until noon; minutes from the middle of the second day on."""
    days = [
        WarmUpBar(1, "INDEX", 86_400, BEGIN - 2 * DAY, 100, 140, 90, 110),
        WarmUpBar(1, "INDEX", 86_400, BEGIN - DAY, 110, 150, 105, 120),
        WarmUpBar(1, "INDEX", 86_400, BEGIN, 120, 125, 80, 124),
    ]
    start = BEGIN - DAY // 2
    minutes = [
        WarmUpBar(1, "INDEX", 60, time, 121, 122, 119, 120 if time < BEGIN else 124)
        for time in range(start, NOON, 60 * MINUTE)
    ]
    return days + minutes


@pytest.fixture
def warmed(engine: Engine) -> Engine:
    """A world with warm-up bars and three minutes of its own, from noon on."""
    DatabaseJournal(engine).create_world("new", "New", NOON, "", 1)
    Candles(engine).store_warm_up("new", warm_up())
    bars = [
        (NOON, 124, 130, 123, 128),
        (NOON + MINUTE, 128, 128, 70, 75),
        (NOON + 5 * MINUTE,) + (75,) * 4,
    ]
    names = ("open_time_ns", "open", "high", "low", "close")
    with writing(engine) as connection:
        for bar in bars:
            values = dict(zip(names, bar, strict=True))
            connection.execute(
                insert(schema.candles).values(
                    world_id="new", instrument_id=1, source="INDEX",
                    volume=0, notional=0, trade_count=0, **values,
                )
            )  # fmt: skip
    return engine


def days_of(engine: Engine) -> list[tuple[int, ...]]:
    page = Candles(engine).page(Series("new", 1, "INDEX", "1d"), Window(newest_first=False))
    return [(bar.open_time_ns, bar.open, bar.high, bar.low, bar.close) for bar in page.items]


def test_a_day_goes_on_where_its_warm_up_ends(warmed: Engine) -> None:
    assert days_of(warmed) == [
        (BEGIN - 2 * DAY, 100, 140, 90, 110),
        (BEGIN - DAY, 110, 150, 105, 120),
        (BEGIN, 120, 130, 70, 75),
    ]


def test_warm_up_bars_are_replaced(warmed: Engine) -> None:
    Candles(warmed).store_warm_up("new", warm_up()[:1])
    assert days_of(warmed) == [(BEGIN - 2 * DAY, 100, 140, 90, 110), (BEGIN, 124, 130, 70, 75)]


def test_hours_lead_from_warm_up_into_the_world(warmed: Engine) -> None:
    series = Series("new", 1, "INDEX", "1h")
    bars = all_bars(Candles(warmed), series, 5, newest_first=False)
    assert len(bars) == 25
    assert [bar.warm_up for bar in bars] == [True] * 24 + [False]
    assert [bar.open_time_ns for bar in bars] == [NOON - DAY + 60 * MINUTE * n for n in range(25)]
    last = bars[-1]
    assert (last.open_time_ns, last.open, last.high, last.low, last.close) == (
        NOON,
        124,
        130,
        70,
        75,
    )


def test_a_minute_goes_on_where_its_warm_up_ends(warmed: Engine) -> None:
    Candles(warmed).store_warm_up("new", [WarmUpBar(1, "INDEX", 60, NOON, 121, 131, 121, 124)])
    page = Candles(warmed).page(Series("new", 1, "INDEX", "1m"), Window(limit=6))
    assert page.items[-1] == CandleItem(NOON, 121, 131, 121, 128, 0, 0, 0, True)
    assert [(bar.open_time_ns, bar.open, bar.warm_up) for bar in page.items[:-1]] == [
        (NOON + 5 * MINUTE, 75, False),
        (NOON + MINUTE, 128, False),
    ]


def test_other_series_are_empty(warmed: Engine) -> None:
    candles = Candles(warmed)
    for series in (Series("new", 2, "INDEX", "1m"), Series("new", 1, "LAST", "1d")):
        assert candles.page(series, Window()) == Page([], None)
    assert candles.page(Series("old", 1, "INDEX", "1m"), Window()) == Page([], None)


def test_a_long_pause_is_stepped_over(warmed: Engine) -> None:
    with writing(warmed) as connection:
        connection.execute(
            insert(schema.candles).values(
                world_id="new", instrument_id=1, source="INDEX", open_time_ns=BEGIN + 900 * DAY,
                open=5, high=5, low=5, close=5, volume=0, notional=0, trade_count=0,
            )
        )  # fmt: skip
    bars = all_bars(Candles(warmed), Series("new", 1, "INDEX", "1m"), 2, newest_first=True)
    assert [bar.close for bar in bars[:3]] == [5, 75, 75]


@pytest.mark.parametrize(
    ("bar", "message"),
    [
        (WarmUpBar(1, "INDEX", 300, 0, 1, 1, 1, 1), "300 s should be of 60 or 86400 s"),
        (WarmUpBar(1, "INDEX", 60, 30 * 10**9, 1, 1, 1, 1), "should open at a whole multiple"),
    ],
)
def test_warm_up_bars_are_minutes_or_days(warmed: Engine, bar: WarmUpBar, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Candles(warmed).store_warm_up("new", [bar])


def test_an_interval_that_is_not_served(warmed: Engine) -> None:
    with pytest.raises(ValueError, match="interval '2m' should be one of"):
        Candles(warmed).page(Series("new", 1, "INDEX", "2m"), Window())
    with pytest.raises(ValueError, match="limit 0 should be"):
        Candles(warmed).page(Series("new", 1, "INDEX", "1m"), Window(limit=0))
    with pytest.raises(ValueError, match="`next` of an earlier page"):
        Candles(warmed).page(Series("new", 1, "INDEX", "1m"), Window("yesterday"))
