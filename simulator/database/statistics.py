"""What an instrument did within the last 24 hours of world time, from its one-minute bars.

The window is 1,440 whole minutes, the current one included: it moves on once a minute, and a trade
leaves it with its minute.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Engine, Select, and_, cast, func, select

from simulator.core.model.units import NS_PER_SECOND
from simulator.database.engine import reading
from simulator.database.history_items import Item
from simulator.database.queries import newest_seq
from simulator.database.schema import candles

_MINUTE_NS: Final = 60 * NS_PER_SECOND
_DAY_NS: Final = 24 * 60 * _MINUTE_NS


class StatisticsItem(Item, frozen=True):
    """Prices in price units, volume in quantity units, notional in minor units of the quote."""

    instrument_id: int
    open: int
    high: int
    low: int
    last: int
    volume: int
    notional: int
    trade_count: int


class DayStatistics(NamedTuple):
    """By instrument id; one that did not trade within the window is not there.

    `seq` is the place in the journal up to which they speak.
    """

    seq: int
    items: dict[int, StatisticsItem]


def first_minute(time_ns: int) -> int:
    """When the window begins that ends at a world time."""
    return time_ns - time_ns % _MINUTE_NS + _MINUTE_NS - _DAY_NS


class Statistics:
    """The statistics of one database. Methods block; call them off the event loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of_day(self, world_id: str, instrument_ids: Sequence[int], time_ns: int) -> DayStatistics:
        """Of these instruments, for the window that ends at a world time."""
        query = _query(world_id, instrument_ids, first_minute(time_ns), time_ns)
        with reading(self._engine) as connection:
            items = [StatisticsItem(*row) for row in connection.execute(query)]
            seq = newest_seq(connection, world_id)
        return DayStatistics(seq, {item.instrument_id: item for item in items})


def _query(world_id: str, instrument_ids: Sequence[int], start_ns: int, end_ns: int) -> Select[Any]:
    """Extremes and sums by instrument; open and last are those of its first and last bar.

    The instruments are named so that each is a range of the primary key, however long the world
    has been running.
    """
    time = candles.c.open_time_ns
    grouped = (
        select(
            candles.c.instrument_id,
            func.min(time).label("first"),
            func.max(time).label("latest"),
            func.max(candles.c.high).label("high"),
            func.min(candles.c.low).label("low"),
            *(
                cast(func.sum(candles.c[name]), BigInteger).label(name)
                for name in ("volume", "notional", "trade_count")
            ),
        )
        .where(
            candles.c.world_id == world_id,
            candles.c.instrument_id.in_(instrument_ids),
            candles.c.source == "LAST",
            time >= start_ns,
            time <= end_ns,
        )
        .group_by(candles.c.instrument_id)
        .subquery("grouped")
    )
    opening, closing = candles.alias("opening"), candles.alias("closing")
    sides = []
    for bar, edge in ((opening, grouped.c.first), (closing, grouped.c.latest)):
        sides.append(
            and_(
                bar.c.world_id == world_id,
                bar.c.source == "LAST",
                bar.c.instrument_id == grouped.c.instrument_id,
                bar.c.open_time_ns == edge,
            )
        )
    return (
        select(
            grouped.c.instrument_id,
            opening.c.open,
            grouped.c.high,
            grouped.c.low,
            closing.c.close,
            grouped.c.volume,
            grouped.c.notional,
            grouped.c.trade_count,
        )
        .join_from(grouped, opening, sides[0])
        .join(closing, sides[1])
    )
