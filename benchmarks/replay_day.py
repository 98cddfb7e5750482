"""How long a calm day takes to replay: 1,440 one-minute bars of ten instruments.

The bars are those of `examples/calm_day_1m.csv`, scaled to each instrument's price, and begun a
tenth of a day later for each, so that they do not move together. As in `simulator replay` every
instrument has a maker that follows the index, and all goes to SQLite with synchronous=FULL.
"""

import asyncio
import csv
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from rich.table import Table

from benchmarks.measuring import Stopwatch, console, quiet_log, settle
from simulator.bootstrap import open_host, open_replay
from simulator.core.model.units import NS_PER_SECOND
from simulator.decimal_text import format_decimal
from simulator.scenarios.replay import plan_replay, read_files
from simulator.settings import read_settings

DAY = Path(__file__).parents[1] / "examples" / "calm_day_1m.csv"
LAST_PRICES = {
    "BTCUSDT-PERP": "60000",
    "ETHUSDT-PERP": "3000",
    "SOLUSDT-PERP": "150",
    "XRPUSDT-PERP": "0.6",
    "DOGEUSDT-PERP": "0.12",
    "ADAUSDT-PERP": "0.45",
    "LTCUSDT-PERP": "80",
    "LINKUSDT-PERP": "15",
    "DOTUSDT-PERP": "6",
    "BCHUSDT-PERP": "400",
}
"""Roughly; each instrument's bars are scaled from 60,000 to this."""

_PRICES = slice(1, 5)
_DECIMALS = 8


class Day(NamedTuple):
    """What a replay came to."""

    watch: Stopwatch
    commands: int
    world_seconds: int
    bytes_stored: int


def table() -> Table:
    table = Table(title=f"Replay of a calm day: 1,440 bars of {len(LAST_PRICES)} instruments")
    for column in ("seconds", "of processor", "commands", "commands/s", "world s/s", "MB stored"):
        table.add_column(column, justify="right")
    quiet_log()
    with tempfile.TemporaryDirectory() as folder:
        day = asyncio.run(_replay(Path(folder)))
    table.add_row(
        f"{day.watch.wall:,.1f}",
        f"{day.watch.processor:,.1f}",
        f"{day.commands:,}",
        f"{day.commands / day.watch.wall:,.0f}",
        f"{day.world_seconds / day.watch.wall:,.0f}",
        f"{day.bytes_stored / 1e6:,.0f}",
    )
    return table


async def _replay(folder: Path) -> Day:
    database = folder / "benchmark.db"
    settings = read_settings({})._replace(database_url=f"sqlite:///{database}")
    exchange = settings.load_exchange()
    files, instruments = read_files(_write_days(folder), exchange)
    plan = plan_replay(files, instruments, [])
    async with open_host(settings) as host:
        settle()
        with Stopwatch() as watch:
            world = await open_replay(host, exchange, plan, "day", None)
            await world.run_until(plan.end_ns)
        commands = world.state.seq
    world_seconds = (plan.end_ns - plan.begin_ns) // NS_PER_SECOND
    return Day(watch, commands, world_seconds, database.stat().st_size)


def _write_days(folder: Path) -> list[str]:
    """One file per instrument; returns them as `SYMBOL=PATH`."""
    rows = list(csv.reader(DAY.read_text(encoding="ascii").splitlines()))
    written = []
    for number, (symbol, price) in enumerate(LAST_PRICES.items()):
        scale = Fraction(price) / Fraction(LAST_PRICES["BTCUSDT-PERP"])
        begin = number * len(rows) // len(LAST_PRICES)
        lines = [
            ",".join([here[0], *(_scaled(text, scale) for text in there[_PRICES]), "0"])
            for here, there in zip(rows, rows[begin:] + rows[:begin], strict=True)
        ]
        path = folder / f"{symbol}.csv"
        path.write_text("\n".join([*lines, ""]), encoding="ascii")
        written.append(f"{symbol}={path}")
    return written


def _scaled(text: str, scale: Fraction) -> str:
    return format_decimal(round(Fraction(text) * scale * 10**_DECIMALS), _DECIMALS)


if __name__ == "__main__":
    console().print(table())
