"""How many commands one core executes in a second, and how long a single one takes.

The mix of `order_flow` over 1,000 accounts on one instrument: in CROSS, in CROSS with the change
notes that a running world keeps for its tables and feeds, and in ISOLATED. Throughput is the best
of three runs, as the machine is shared; one more run times every command by itself.
"""

import time

from rich.table import Table

from benchmarks.measuring import Stopwatch, console, kind_of_core, microseconds, percentile, settle
from benchmarks.order_flow import ACCOUNTS, Step, rehearse, warmed_floor
from benchmarks.trading_floor import Floor
from simulator.core.model.enums import MarginMode
from simulator.core.state.notes import ChangeNotes

COMMANDS = 60_000
RUNS = 3
KINDS = ("rest", "cancel", "take")


def table() -> Table:
    table = Table(
        title=f"Core, {kind_of_core()}",
        caption=f"{COMMANDS:,} commands, 45 % rest, 35 % cancel, 20 % take, {ACCOUNTS:,} accounts. "
        "Required in CROSS: 80,000 commands/s. CPU/s: per second of processor time.",
    )
    for column in ("margin", "commands/s", "CPU/s", "events each"):
        table.add_column(column, justify="right")
    for kind in ("all", *KINDS):
        table.add_column(f"{kind} p50 µs", justify="right")
    table.add_column("all p99 µs", justify="right")
    for name, mode, with_notes in (
        ("cross", MarginMode.CROSS, False),
        ("cross, notes", MarginMode.CROSS, True),
        ("isolated", MarginMode.ISOLATED, False),
    ):
        table.add_row(name, *_row(mode, with_notes))
    return table


def _row(mode: MarginMode, with_notes: bool) -> list[str]:
    warm_up, steps = rehearse(mode, COMMANDS)
    watches = [_run(_floor(mode, warm_up, with_notes), steps) for _ in range(RUNS)]
    times = _run_timed(_floor(mode, warm_up, with_notes), steps)
    every = [each for kind in KINDS for each in times[kind]]
    events = sum(len(step.events) for step in steps)
    return [
        f"{COMMANDS / min(watch.wall for watch in watches):,.0f}",
        f"{COMMANDS / min(watch.processor for watch in watches):,.0f}",
        f"{events / COMMANDS:.2f}",
        microseconds(percentile(every, 50)),
        *(microseconds(percentile(times[kind], 50)) for kind in KINDS),
        microseconds(percentile(every, 99)),
    ]


def _floor(mode: MarginMode, warm_up: list[Step], with_notes: bool) -> Floor:
    floor = warmed_floor(mode, warm_up)
    if with_notes:
        floor.exchange.state.notes = ChangeNotes()
    settle()
    return floor


def _run(floor: Floor, steps: list[Step]) -> Stopwatch:
    execute = floor.exchange.execute
    with Stopwatch() as watch:
        for step in steps:
            execute(step.time_ns, step.command)
    return watch


def _run_timed(floor: Floor, steps: list[Step]) -> dict[str, list[int]]:
    execute = floor.exchange.execute
    times: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for step in steps:
        start = time.perf_counter_ns()
        execute(step.time_ns, step.command)
        times[step.kind].append(time.perf_counter_ns() - start)
    return times


if __name__ == "__main__":
    console().print(table())
