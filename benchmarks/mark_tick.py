"""What one index price costs, however many accounts hold a position.

*Nobody near a line*: every account is long with half of its notional as margin, the mark walks
within half a percent. *1 % near a line*: one account in a hundred is so thin that the same walk
issues and clears margin calls; nobody is liquidated. The mark goes down and up by 1 bp per tick.
"""

import time

from rich.table import Table

from benchmarks.measuring import console, microseconds, percentile, settle
from benchmarks.trading_floor import INSTRUMENT, MARK, TICK, USDT, Floor
from simulator.core.model.commands import PlaceOrder, ReplaceQuotes, SetIndexPrices, SetLeverage
from simulator.core.model.enums import MarginMode, OrderType, Side

SIZES = (1_000, 10_000, 100_000)
TICKS = 400
QUANTITY = 100
NOTIONAL = 1_000 * USDT
SAFE_DEPOSIT = NOTIONAL // 2
HIGHEST_LEVERAGE = 125
THINNEST, SPREAD = 90, 50
"""Basis points of the notional that a thin account deposits: 90 to 140. At 125x it needs 80 and
the taker's 5, is called under 50 and liquidated under 40."""

DEPTH = 40
"""Basis points from the top of the walk to its bottom."""


def table() -> Table:
    table = Table(
        title=f"One index price (SetIndexPrices), {TICKS} ticks",
        caption="Required at 100,000 accounts, nobody near a line: under 1,000 µs.",
    )
    for column in ("accounts", "near a line", "p50 µs", "p99 µs", "worst µs", "events/tick"):
        table.add_column(column, justify="right")
    for size in SIZES:
        for thin_each in (0, 100):
            times, events = _walk(_floor(size, thin_each))
            table.add_row(
                f"{size:,}",
                "1 %" if thin_each else "nobody",
                microseconds(percentile(times, 50)),
                microseconds(percentile(times, 99)),
                microseconds(max(times)),
                f"{events / TICKS:.1f}",
            )
    return table


def _floor(accounts: int, thin_each: int) -> Floor:
    """Every account bought at the mark; one in `thin_each` with hardly any margin (0: none)."""
    floor = Floor()
    maker = floor.open_account(accounts * NOTIONAL, MarginMode.CROSS)
    floor.set_mark(MARK)
    floor.do(ReplaceQuotes(maker, INSTRUMENT, (), ((MARK, accounts * QUANTITY),)))
    thin = 0
    for number in range(accounts):
        if thin_each and number % thin_each == 0:
            deposit = NOTIONAL * (THINNEST + thin % SPREAD) // 10_000
            account_id = floor.open_account(deposit, MarginMode.CROSS)
            floor.do(SetLeverage(account_id, INSTRUMENT, HIGHEST_LEVERAGE))
            thin += 1
        else:
            account_id = floor.open_account(SAFE_DEPOSIT, MarginMode.CROSS)
        floor.do(PlaceOrder(account_id, INSTRUMENT, Side.BUY, OrderType.MARKET, QUANTITY))
    floor.set_mark(MARK - TICK)
    return floor


def _walk(floor: Floor) -> tuple[list[int], int]:
    """Nanoseconds of each tick, and the number of all events."""
    settle()
    execute = floor.exchange.execute
    step = MARK // 10_000
    times: list[int] = []
    events = 0
    for tick in range(TICKS):
        place = tick % (2 * DEPTH)
        price = MARK - step * min(place, 2 * DEPTH - place)
        start = time.perf_counter_ns()
        events += len(execute(floor.time_ns + tick, SetIndexPrices(((INSTRUMENT, price),))))
        times.append(time.perf_counter_ns() - start)
    return times, events


if __name__ == "__main__":
    console().print(table())
