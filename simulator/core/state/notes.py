"""Which records changed since somebody last looked: the difference that tables and feeds need.

Notes are no state: they are in no hash and no snapshot, and a state without a reader keeps none.
"""

from simulator.core.model.enums import PositionSide, Side
from simulator.core.state.records import Order


class ChangeNotes:
    """Keys of changed records, each once, in the order of their first change."""

    def __init__(self) -> None:
        self.instruments: dict[int, None] = {}
        self.accounts: dict[int, None] = {}
        self.wallets: dict[int, None] = {}
        self.settings: dict[tuple[int, int], None] = {}
        self.positions: dict[tuple[int, int, PositionSide], None] = {}
        self.orders: dict[int, Order] = {}
        """Orders that were accepted, changed or ended; an unfilled quote is never among them."""
        self.levels: dict[tuple[int, Side, int], None] = {}
        """Book levels: instrument, side, price."""
