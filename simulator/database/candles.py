"""Candles: one-minute bars from the tables, put together to longer ones.

A minute without a trade has no LAST bar, so a long bar is made of the minutes there are. Before
its first moment a world may have warm-up bars, made at its creation: of one minute, and of one
day. Where a bar is of both, it begins with the warm-up and goes on with the world.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    Select,
    Table,
    and_,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
)

from simulator.core.model.units import NS_PER_SECOND
from simulator.database.engine import reading, writing
from simulator.database.history_items import Item
from simulator.database.queries import Page, Window, check_limit, newest_seq, parse_cursor
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

    def newest(self, series: Series) -> tuple[int, CandleItem | None]:
        """The newest bar, none if there is none, and the seq up to which it speaks."""
        with reading(self._engine) as connection:
            reader = _Reader(connection, series, INTERVALS_S[series.interval] * NS_PER_SECOND)
            span = reader.span(None, Window(limit=1))
            bars = {} if span is None else reader.bars(*span)
            return newest_seq(connection, series.world_id), next(iter(bars.values()), None)

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


class _Bars:
    """Stored bars of one series: a table, and of the warm-up ones those of one length."""

    def __init__(self, series: Series, table: Table, interval_s: int | None = None) -> None:
        self.table = table
        self._is_warm_up = interval_s is not None
        self._series = series
        self._interval_s = interval_s

    def conditions(self, table: FromClause) -> list[ColumnElement[bool]]:
        """Which rows of the table, or of an alias of it, are these bars."""
        found = [
            table.c.world_id == self._series.world_id,
            table.c.instrument_id == self._series.instrument_id,
            table.c.source == self._series.source,
        ]
        if self._interval_s is not None:
            found.append(table.c.interval_s == self._interval_s)
        return found

    def in_buckets(self, interval_ns: int, start: int, until: int) -> Select[Any]:
        """Extremes and sums by bucket; open and close are those of its first and last bar."""
        table = self.table
        time = table.c.open_time_ns
        bucket = (time - time % interval_ns).label("bucket")
        grouped = (
            select(
                bucket,
                func.min(time).label("first"),
                func.max(time).label("last"),
                func.max(table.c.high).label("high"),
                func.min(table.c.low).label("low"),
                *(self._sum(name).label(name) for name in ("volume", "notional", "trade_count")),
            )
            .where(*self.conditions(table), time >= start, time < until)
            .group_by(bucket)
            .subquery("grouped")
        )
        opening, closing = table.alias("opening"), table.alias("closing")
        is_first = opening.c.open_time_ns == grouped.c.first
        is_last = closing.c.open_time_ns == grouped.c.last
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
                literal(self._is_warm_up),
            )
            .join_from(grouped, opening, and_(is_first, *self.conditions(opening)))
            .join(closing, and_(is_last, *self.conditions(closing)))
        )

    def _sum(self, name: str) -> ColumnElement[int]:
        """Nothing was traded before the first moment."""
        if self._is_warm_up:
            return cast(literal(0), BigInteger)
        return cast(func.sum(self.table.c[name]), BigInteger)


class _Reader:
    """One series in bars of one length, on one connection."""

    def __init__(self, connection: Connection, series: Series, interval_ns: int) -> None:
        self._connection = connection
        self._interval_ns = interval_ns
        self._parts = [_Bars(series, warm_up_candles, _MINUTE_S), _Bars(series, candles)]
        if interval_ns == _DAY_S * NS_PER_SECOND:
            self._parts.insert(0, _Bars(series, warm_up_candles, _DAY_S))

    def span(self, bound: int | None, window: Window) -> tuple[int, int] | None:
        """Times `(from, until)` of at most `limit` bars beyond the bound, with a bar in them.

        The span starts at the next bar that there is, so a long pause costs nothing. None: there
        is no bar beyond the bound.
        """
        edges = []
        for part in self._parts:
            time = part.table.c.open_time_ns
            edge = func.max(time) if window.newest_first else func.min(time)
            query = select(edge).where(*part.conditions(part.table))
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

    def _bucket(self, time_ns: int) -> int:
        return time_ns - time_ns % self._interval_ns

    def bars(self, start: int, until: int) -> dict[int, CandleItem]:
        """The bars that open in `start <= time < until`, by opening time."""
        found: dict[int, CandleItem] = {}
        for part in self._parts:
            for row in self._connection.execute(part.in_buckets(self._interval_ns, start, until)):
                bar = CandleItem(*row)
                before = found.get(bar.open_time_ns)
                found[bar.open_time_ns] = bar if before is None else _continued(before, bar)
        return found


def _continued(bar: CandleItem, later: CandleItem) -> CandleItem:
    """A bar with what a part of it tells that ends later, or with it."""
    return CandleItem(
        bar.open_time_ns,
        bar.open,
        max(bar.high, later.high),
        min(bar.low, later.low),
        later.close,
        bar.volume + later.volume,
        bar.notional + later.notional,
        bar.trade_count + later.trade_count,
        bar.warm_up or later.warm_up,
    )
