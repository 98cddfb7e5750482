"""Candles: one-minute bars from the tables, put together to longer ones.

A minute without a trade has no LAST bar, so a long bar is made of the minutes there are. Before
its first moment a world may have warm-up bars, made at its creation: of one minute, and of one
day. A warm-up day is widened by the minutes of that day, which agree with it where they overlap
and go on where it ends.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    Engine,
    Integer,
    Select,
    Table,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    union_all,
)

from simulator.core.model.units import NS_PER_SECOND
from simulator.database.engine import reading, writing
from simulator.database.queries import Item, Page, Window, check_limit, parse_cursor
from simulator.database.schema import candles, warm_up_candles

INTERVALS_S: Final = {
    "1m": 60,
    "5m": 300,
    "15m": 900,
    "1h": 3_600,
    "4h": 14_400,
    "1d": 86_400,
}
"""The intervals that are served. All are whole minutes and start at midnight UTC."""

_MINUTE_S: Final = 60
_DAY_S: Final = 86_400


class CandleItem(Item, frozen=True):
    """Volume is in quantity units, notional in minor units of the quote asset."""

    open_time_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    notional: int
    trade_count: int
    warm_up: bool
    """Whether any of it is from before the world's first moment."""


class WarmUpBar(msgspec.Struct, frozen=True):
    """A bar of one minute or one day from before the world's first moment."""

    instrument_id: int
    source: str
    interval_s: int
    open_time_ns: int
    open: int
    high: int
    low: int
    close: int


class Series(msgspec.Struct, frozen=True):
    """Which bars: `source` is LAST, MARK or INDEX, `interval` one of INTERVALS_S."""

    world_id: str
    instrument_id: int
    source: str
    interval: str


class Candles:
    """The bars of one database. All methods block; call them off the event loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, series: Series, window: Window) -> Page[CandleItem]:
        """A page of bars by their opening time; `window.after` is such a time in ns.

        It spans `limit` intervals, so where bars are missing it holds fewer.

        Raises:
            ValueError: the interval, the limit or the cursor is none.
        """
        interval_s = INTERVALS_S.get(series.interval)
        if interval_s is None:
            raise ValueError(f"interval {series.interval!r} should be one of {[*INTERVALS_S]}")
        check_limit(window.limit)
        bound = None if window.after is None else parse_cursor(window.after, 1)[0]
        with reading(self._engine) as connection:
            reader = _Reader(connection, series, interval_s * NS_PER_SECOND)
            span = reader.span(bound, window)
            if span is None:
                return Page([], None)
            bars = reader.bars(*span)
            items = [bars[time] for time in sorted(bars, reverse=window.newest_first)]
            following = str(items[-1].open_time_ns)
            if reader.span(int(following), window) is None:
                return Page(items, None)
            return Page(items, following)

    def store_warm_up(self, world_id: str, bars: Iterable[WarmUpBar]) -> None:
        """Gives a world that has just been created its warm-up bars, instead of any it had.

        Raises:
            ValueError: a bar is neither of one minute nor of one day, or not aligned to it.
        """
        rows = []
        for bar in bars:
            if bar.interval_s not in (_MINUTE_S, _DAY_S):
                raise ValueError(f"a warm-up bar of {bar.interval_s} s should be of 60 or 86400 s")
            if bar.open_time_ns % (bar.interval_s * NS_PER_SECOND):
                raise ValueError(
                    f"a warm-up bar at {bar.open_time_ns} ns should open at a whole "
                    f"multiple of its {bar.interval_s} s"
                )
            rows.append({"world_id": world_id, **msgspec.structs.asdict(bar)})
        of_world = warm_up_candles.c.world_id == world_id
        with writing(self._engine) as connection:
            connection.execute(delete(warm_up_candles).where(of_world))
            if rows:
                connection.execute(insert(warm_up_candles), rows)


class _Reader:
    """One series of bars, on one connection."""

    def __init__(self, connection: Connection, series: Series, interval_ns: int) -> None:
        self._connection = connection
        self._series = series
        self._interval_ns = interval_ns

    def span(self, bound: int | None, window: Window) -> tuple[int, int] | None:
        """Times `(from, until)` of at most `limit` bars beyond the bound, with a bar in them.

        The span starts at the next bar that there is, so a long pause costs nothing. None: there
        is no bar beyond the bound.
        """
        edges = []
        for table, filters in self._sources():
            time = table.c.open_time_ns
            edge = func.max(time) if window.newest_first else func.min(time)
            query = self._of_series(select(edge), table).where(*filters)
            if bound is not None and window.newest_first:
                query = query.where(time < bound)
            elif bound is not None:
                query = query.where(time >= bound + self._interval_ns)
            found = self._connection.execute(query).scalar_one()
            if found is not None:
                edges.append(found)
        if not edges:
            return None
        length = window.limit * self._interval_ns
        if window.newest_first:
            last = self._bucket(max(edges))
            return last + self._interval_ns - length, last + self._interval_ns
        first = self._bucket(min(edges))
        return first, first + length

    def bars(self, start: int, until: int) -> dict[int, CandleItem]:
        """The bars that open in `start <= time < until`, by opening time."""
        found = {
            item.open_time_ns: item
            for item in map(_item, self._connection.execute(self._aggregated(start, until)))
        }
        if self._is_daily():
            table = warm_up_candles.c
            query = self._of_series(
                select(table.open_time_ns, table.open, table.high, table.low, table.close),
                warm_up_candles,
            ).where(
                table.interval_s == _DAY_S, table.open_time_ns >= start, table.open_time_ns < until
            )
            for time, opened, high, low, closed in self._connection.execute(query):
                day = CandleItem(time, opened, high, low, closed, 0, 0, 0, True)
                found[time] = _widened(day, found.get(time))
        return found

    def _aggregated(self, start: int, until: int) -> Select[Any]:
        """Bars made of minutes: extremes and sums by bucket, then open and close by their times."""
        minutes = self._minutes(start, until).cte("minutes")
        time = minutes.c.open_time_ns
        bucket = (time - time % self._interval_ns).label("bucket")
        grouped = (
            select(
                bucket,
                func.min(time).label("first"),
                func.max(time).label("last"),
                func.max(minutes.c.high).label("high"),
                func.min(minutes.c.low).label("low"),
                cast(func.sum(minutes.c.volume), BigInteger).label("volume"),
                cast(func.sum(minutes.c.notional), BigInteger).label("notional"),
                cast(func.sum(minutes.c.trade_count), BigInteger).label("trade_count"),
                func.max(minutes.c.warm_up).label("warm_up"),
            )
            .group_by(bucket)
            .subquery("grouped")
        )
        opening, closing = minutes.alias("opening"), minutes.alias("closing")
        return (
            select(
                grouped.c.bucket,
                opening.c.open,
                grouped.c.high,
                grouped.c.low,
                closing.c.close,
                grouped.c.volume,
                grouped.c.notional,
                grouped.c.trade_count,
                grouped.c.warm_up,
            )
            .join_from(grouped, opening, opening.c.open_time_ns == grouped.c.first)
            .join(closing, closing.c.open_time_ns == grouped.c.last)
        )

    def _minutes(self, start: int, until: int) -> CompoundSelect[Any]:
        """Live minutes, and warm-up minutes where there is no live one."""
        live, warm = candles.c, warm_up_candles.c
        lived = self._of_series(select(live.open_time_ns), candles).where(
            live.open_time_ns == warm.open_time_ns
        )
        nothing = cast(literal(0), BigInteger)
        return union_all(
            self._of_series(
                select(
                    live.open_time_ns,
                    live.open,
                    live.high,
                    live.low,
                    live.close,
                    live.volume,
                    live.notional,
                    live.trade_count,
                    cast(literal(0), Integer).label("warm_up"),
                ),
                candles,
            ).where(live.open_time_ns >= start, live.open_time_ns < until),
            self._of_series(
                select(
                    warm.open_time_ns,
                    warm.open,
                    warm.high,
                    warm.low,
                    warm.close,
                    nothing,
                    nothing,
                    nothing,
                    cast(literal(1), Integer),
                ),
                warm_up_candles,
            ).where(
                warm.interval_s == _MINUTE_S,
                warm.open_time_ns >= start,
                warm.open_time_ns < until,
                ~exists(lived),
            ),
        )

    def _of_series(self, query: Select[Any], table: Table) -> Select[Any]:
        return query.where(
            table.c.world_id == self._series.world_id,
            table.c.instrument_id == self._series.instrument_id,
            table.c.source == self._series.source,
        )

    def _sources(self) -> list[tuple[Table, list[ColumnElement[bool]]]]:
        """Where bars of this interval come from."""
        interval = warm_up_candles.c.interval_s
        sources: list[tuple[Table, list[ColumnElement[bool]]]] = [
            (candles, []),
            (warm_up_candles, [interval == _MINUTE_S]),
        ]
        if self._is_daily():
            sources.append((warm_up_candles, [interval == _DAY_S]))
        return sources

    def _is_daily(self) -> bool:
        return self._interval_ns == _DAY_S * NS_PER_SECOND

    def _bucket(self, time_ns: int) -> int:
        return time_ns - time_ns % self._interval_ns


def _item(row: Any) -> CandleItem:
    time, opened, high, low, closed, volume, notional, trades, warm_up = row
    return CandleItem(time, opened, high, low, closed, volume, notional, trades, bool(warm_up))


def _widened(day: CandleItem, minutes: CandleItem | None) -> CandleItem:
    """A warm-up day with what its minutes tell: they may begin later, and never end before it."""
    if minutes is None:
        return day
    return CandleItem(
        day.open_time_ns,
        day.open,
        max(day.high, minutes.high),
        min(day.low, minutes.low),
        minutes.close,
        minutes.volume,
        minutes.notional,
        minutes.trade_count,
        True,
    )
