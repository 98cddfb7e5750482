"""A world without its clock or threads: commands in, entries out, in order.

The engine owns the exchange and its seq. It inserts what is due before a command (`AdvanceTime`)
and what must follow it at once (`ContinueSweep`), so every entry of a journal is one `execute`.
"""

from collections.abc import Sequence

import msgspec

from simulator.core.codec import Entry
from simulator.core.exchange import Exchange
from simulator.core.model.commands import AdvanceTime, AnyCommand, ContinueSweep
from simulator.core.model.events import AnyEvent
from simulator.core.state.notes import ChangeNotes


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What came of a command: its place in the journal and its events."""

    seq: int
    time_ns: int
    events: Sequence[AnyEvent]


class Engine:
    """Executes commands and keeps their entries until they are taken."""

    def __init__(self, world_id: str, exchange: Exchange) -> None:
        self.world_id = world_id
        self.exchange = exchange
        self._entries: list[Entry] = []
        self._notes = ChangeNotes()
        exchange.state.notes = self._notes

    @property
    def seq(self) -> int:
        return self.exchange.state.seq

    @property
    def time_ns(self) -> int:
        return self.exchange.state.time_ns

    def submit(self, time_ns: int, command: AnyCommand) -> Receipt:
        """Executes a command at a world time, after everything that was due before it.

        Raises whatever the core raises for a broken invariant.
        """
        self.advance(time_ns)
        receipt = self._execute(max(time_ns, self.time_ns), command)
        self._finish_sweep()
        return receipt

    def advance(self, time_ns: int) -> None:
        """Lets everything happen that is due up to a world time."""
        due = self.exchange.next_due()
        while due is not None and due <= time_ns:
            self._execute(max(due, self.time_ns), AdvanceTime(due))
            self._finish_sweep()
            due = self.exchange.next_due()

    def _finish_sweep(self) -> None:
        while self.exchange.state.is_paging:
            self._execute(self.time_ns, ContinueSweep())

    def _execute(self, time_ns: int, command: AnyCommand) -> Receipt:
        events = self.exchange.execute(time_ns, command)
        entry = Entry(self.world_id, self.seq, time_ns, command, events)
        self._entries.append(entry)
        return Receipt(entry.seq, time_ns, entry.events)

    def take(self) -> tuple[list[Entry], ChangeNotes]:
        """The entries since the last call, and what they changed."""
        taken = (self._entries, self._notes)
        self._entries = []
        self._notes = ChangeNotes()
        self.exchange.state.notes = self._notes
        return taken
