"""The day's statistics tell what the minutes tell, one by one."""

from collections.abc import Sequence

from sqlalchemy import Engine, RowMapping, select

from simulator.database.engine import reading
from simulator.database.schema import candles
from simulator.database.statistics import Statistics, StatisticsItem, first_minute
from tests.database.recording import WORLD

MINUTE_NS = 60 * 10**9
DAY_NS = 1_440 * MINUTE_NS


def _minutes(engine: Engine) -> Sequence[RowMapping]:
    """All LAST bars, oldest first."""
    query = (
        select(candles)
        .where(candles.c.world_id == WORLD, candles.c.source == "LAST")
        .order_by(candles.c.open_time_ns)
    )
    with reading(engine) as connection:
        return connection.execute(query).mappings().all()


def _by_hand(bars: Sequence[RowMapping], time_ns: int) -> dict[int, StatisticsItem]:
    found: dict[int, StatisticsItem] = {}
    for instrument_id in {bar["instrument_id"] for bar in bars}:
        own = [
            bar
            for bar in bars
            if bar["instrument_id"] == instrument_id
            and first_minute(time_ns) <= bar["open_time_ns"] <= time_ns
        ]
        if own:
            found[instrument_id] = StatisticsItem(
                instrument_id,
                own[0]["open"],
                max(bar["high"] for bar in own),
                min(bar["low"] for bar in own),
                own[-1]["close"],
                sum(bar["volume"] for bar in own),
                sum(bar["notional"] for bar in own),
                sum(bar["trade_count"] for bar in own),
            )
    return found


def test_a_window_has_1440_minutes_with_the_current_one() -> None:
    for time_ns in (DAY_NS * 5, DAY_NS * 5 + 1, DAY_NS * 5 + MINUTE_NS - 1):
        assert first_minute(time_ns) == DAY_NS * 4 + MINUTE_NS
    assert first_minute(DAY_NS * 5 + MINUTE_NS) == DAY_NS * 4 + 2 * MINUTE_NS


def test_statistics_are_the_sum_of_the_minutes(traded: Engine) -> None:
    bars = _minutes(traded)
    ids = sorted({bar["instrument_id"] for bar in bars})
    first, last = bars[0]["open_time_ns"], bars[-1]["open_time_ns"]
    whole = statistics_of(traded, ids, last)
    assert whole == _by_hand(bars, last)
    assert sum(item.trade_count for item in whole.values()) > 10
    middle = bars[len(bars) // 2]["open_time_ns"]
    for time_ns in (first, middle, middle + DAY_NS, last + DAY_NS - MINUTE_NS):
        assert statistics_of(traded, ids, time_ns) == _by_hand(bars, time_ns)
    assert statistics_of(traded, ids, last + DAY_NS) == {}
    assert Statistics(traded).of_day("elsewhere", ids, last) == (0, {})


def test_only_the_instruments_asked_for_are_told(traded: Engine) -> None:
    bars = _minutes(traded)
    one = bars[0]["instrument_id"]
    assert statistics_of(traded, [one], bars[-1]["open_time_ns"]).keys() == {one}
    assert statistics_of(traded, [], bars[-1]["open_time_ns"]) == {}


def statistics_of(engine: Engine, ids: list[int], time_ns: int) -> dict[int, StatisticsItem]:
    return Statistics(engine).of_day(WORLD, ids, time_ns).items
