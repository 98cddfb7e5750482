"""An open position, as rules read it and `state.apply` changes it."""

import msgspec

from simulator.core.model.enums import PositionSide
from simulator.core.state.records import PositionRow


class Position:
    """UNIT-2: signed quantity and signed entry notional, never an average price.

    A plain class and no struct: compiled rules read its fields without a detour.
    """

    __slots__ = PositionRow.__struct_fields__

    def __init__(
        self,
        account_id: int,
        instrument_id: int,
        side: PositionSide,
        wallet_id: int,
        quantity: int,
        entry_notional: int,
        opened_seq: int,
    ) -> None:
        self.account_id = account_id
        self.instrument_id = instrument_id
        self.side = side
        self.wallet_id = wallet_id
        self.quantity = quantity
        self.entry_notional = entry_notional
        self.opened_seq = opened_seq
        """The seq at which it was opened: its age."""

    def row(self) -> PositionRow:
        """The position as it stands in a snapshot."""
        return PositionRow(*[getattr(self, name) for name in PositionRow.__struct_fields__])


def position_of(row: PositionRow) -> Position:
    """The reverse of `row`."""
    return Position(*msgspec.structs.astuple(row))
