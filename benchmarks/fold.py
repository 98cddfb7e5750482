"""How fast a journal is folded: what recovery after a crash, and every replica, costs.

The events of the mix of `order_flow`, once from memory and once decoded from the journal's bytes.
"""

from rich.table import Table

from benchmarks.measuring import Stopwatch, console, kind_of_core, settle
from benchmarks.order_flow import Step, rehearse, warmed_floor
from simulator.core.codec import Entry, decode_entry, encode_entry
from simulator.core.exchange import Exchange
from simulator.core.model.enums import MarginMode

COMMANDS = 60_000


def table() -> Table:
    table = Table(
        title=f"Folding ({kind_of_core()}) the events of {COMMANDS:,} commands (CROSS)",
        caption="CPU/s: events per second of processor time.",
    )
    for column in ("from", "events/s", "CPU/s", "bytes/event"):
        table.add_column(column, justify="right")
    warm_up, steps = rehearse(MarginMode.CROSS, COMMANDS)
    events = sum(len(step.events) for step in steps)
    journal = [encode_entry(_entry(number, step)) for number, step in enumerate(steps, start=1)]
    size = sum(len(each) for each in journal)
    for name, watch in (
        ("memory", _fold_steps(warmed_floor(MarginMode.CROSS, warm_up).exchange, steps)),
        ("journal", _fold_journal(warmed_floor(MarginMode.CROSS, warm_up).exchange, journal)),
    ):
        table.add_row(
            name,
            f"{events / watch.wall:,.0f}",
            f"{events / watch.processor:,.0f}",
            f"{size / events:.1f}" if name == "journal" else "",
        )
    return table


def _entry(seq: int, step: Step) -> Entry:
    return Entry("benchmark", seq, step.time_ns, step.command, step.events)


def _fold_steps(exchange: Exchange, steps: list[Step]) -> Stopwatch:
    settle()
    with Stopwatch() as watch:
        for step in steps:
            exchange.fold(step.time_ns, step.command, step.events)
    return watch


def _fold_journal(exchange: Exchange, journal: list[bytes]) -> Stopwatch:
    settle()
    with Stopwatch() as watch:
        for encoded in journal:
            entry = decode_entry(encoded)
            exchange.fold(entry.time_ns, entry.command, entry.events)
    return watch


if __name__ == "__main__":
    console().print(table())
