"""Runs every benchmark and says what it ran on."""

from collections.abc import Callable

from rich.table import Table

from benchmarks import core_commands, fold, http_orders, mark_tick, replay_day, websocket_orders
from benchmarks.measuring import console, machine

PROGRAMS: tuple[Callable[[], Table], ...] = (
    core_commands.table,
    fold.table,
    mark_tick.table,
    websocket_orders.table,
    http_orders.table,
    replay_day.table,
)


def main() -> None:
    out = console()
    out.print(machine())
    out.print("Garbage collection stays on; what a setup leaves behind is frozen first.")
    for program in PROGRAMS:
        out.print(program())


if __name__ == "__main__":
    main()
