"""What a margin call or a liquidation was, gathered from the events of its journal alone.

An episode holds numbers and no words: the unit's formula as it stood, the path of the mark there,
the steps with all who took the other side, every line of the ledger, and how it ended. `gather`
reads entry by entry and keeps nothing of what does not concern the unit.
"""

import msgspec

from simulator.analytics.what_if import UnitKey
from simulator.core.model.enums import (
    CallEnd,
    LiquidationOutcome,
    PositionSide,
    TransferKind,
    WalletKind,
)


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an episode: integers in the units of the core."""


class PositionFormula(Fact, frozen=True):
    """MARG-2 and MARG-7 of one position with the numbers filled in: maintenance is
    `notional * rate - deduction`, rounded up."""

    instrument_id: int
    side: PositionSide
    leverage: int
    """As it was set; it counts for isolated margin."""
    quantity: int
    entry_notional: int
    entry_price: int
    mark_price: int
    notional: int
    unrealized_pnl: int
    tier: int
    maintenance_margin_rate: int
    deduction: int
    maintenance_margin: int
    liquidation_price: int | None
    """As it was before: the mark at which the unit would be liquidated, other prices still."""


class AssetFormula(Fact, frozen=True):
    """MARG-1, MARG-7 of one asset other than the valuation asset that is held or owed."""

    asset_id: int
    instrument_id: int
    """The spot instrument that values it."""
    side: PositionSide
    """LONG if more is held than owed."""
    held: int
    owed: int
    """Interest included; both in minor units of the asset."""
    index_price: int
    held_value: int
    owed_value: int
    liquidation_price: int | None
    """As it was before: the index at which the unit would be liquidated, other prices still."""


class LoanTerms(Fact, frozen=True):
    """MARG-6: what is owed in all, its part in the lines, and the levels of the product (BOR-5)."""

    debts: int
    margin_level: int
    call_level: int
    liquidation_level: int


class UnitFormula(Fact, frozen=True):
    """Equity is `balance - debt + unrealized_pnl`; the call margin is that of the positions /
    call_ratio, and that of the debts."""

    balance: int
    """All that is held, other assets at index."""
    debt: int
    debt_maintenance: int
    """What the debts add to the maintenance margin, rounded up."""
    unrealized_pnl: int
    equity: int
    maintenance_margin: int
    call_margin: int
    call_ratio: int
    positions: tuple[PositionFormula, ...]
    assets: tuple[AssetFormula, ...] = ()
    """The largest first."""
    loans: LoanTerms | None = None
    """Of a unit that owes something."""
    valuation_held: int = 0
    valuation_owed: int = 0
    """Of the valuation asset itself."""


class PathPoint(Fact, frozen=True):
    """The unit at one mark of its main instrument."""

    seq: int
    time_ns: int
    mark_price: int
    equity: int
    maintenance_margin: int
    call_margin: int


class Counterparty(Fact, frozen=True):
    """Who took a part of a step: another account on the book, or without a trade the insurance fund
    (LIQ-6) or one whose own position was closed against it (LIQ-7)."""

    account_id: int
    quantity: int
    notional: int
    price: int | None
    trade_id: int | None
    amount: int | None = None
    """Of an asset that the fund bought of the unit, or sold to it (LIQ-5): in its minor units."""


class StepTaken(Fact, frozen=True):
    """LIQ-3, LIQ-4: one step and who took it. `order_id` is none where nothing was offered."""

    seq: int
    time_ns: int
    instrument_id: int
    side: PositionSide
    tier: int
    mark_price: int
    takeover_price: int
    quantity: int
    equity: int
    order_id: int | None
    counterparties: tuple[Counterparty, ...]


class LedgerLine(Fact, frozen=True):
    seq: int
    time_ns: int
    kind: TransferKind
    source: int
    target: int
    asset_id: int
    amount: int


class FundFlow(Fact, frozen=True):
    """What the insurance fund got and gave, and what others took instead of it (LIQ-7); a shortfall
    is what nobody could give (LIQ-8)."""

    liquidation_fee: int
    taken_quantity: int
    taken_notional: int
    deficit_paid: int
    shortfall: int
    deleveraged_quantity: int = 0
    deleveraged_notional: int = 0


class Distress(Fact, frozen=True):
    """A margin call (not a repeated one) or a liquidation of one of the account's units."""

    seq: int
    liquidation: bool
    unit: UnitKey


class Cure(Fact, frozen=True):
    """CALL-1: what would end the call."""

    instrument_id: int
    side: PositionSide
    mark_price: int
    liquidation_price: int | None
    quantity_to_reduce: int
    amount_to_add: int
    amount_to_repay: int = 0
    """Of a unit that owes something: out of what it holds."""


class Ending(Fact, frozen=True):
    """Of a call, how it ended; of a liquidation, its outcome."""

    seq: int
    time_ns: int
    equity: int
    call_end: CallEnd | None = None
    outcome: LiquidationOutcome | None = None


class Episode(Fact, frozen=True):
    """A margin call (`cure` is set) or a liquidation (its steps and lines are)."""

    number: int
    account_id: int
    wallet_id: int
    kind: WalletKind
    instrument_id: int | None
    side: PositionSide | None
    main_instrument_id: int
    """That of the largest maintenance: the path is its mark's. Of a unit without positions the spot
    instrument of the largest asset, and the path is its index's."""
    main_side: PositionSide
    opened_seq: int
    """The entry before the order that began the unit's oldest position."""
    opened_ns: int
    whole: bool
    """Whether that is so; else the episode begins as early as one looks, within the position."""
    called_seq: int | None
    called_ns: int | None
    seq: int
    time_ns: int
    until_seq: int
    """Up to here the recording was looked at."""
    until_ns: int
    unit: UnitFormula
    path: tuple[PathPoint, ...]
    lowest: int
    """The least of equity less maintenance, had the unit been held on to `until_seq`."""
    lowest_to_call: int
    """The same with the call margin."""
    worst_mark: int
    """The mark of the main instrument at that moment."""
    equity_at_end: int
    """Of the whole account, at `until_seq`."""
    equity_before: int
    """Of the whole account, at `opened_seq`."""
    opened_quantity: int
    """What was opened on the main position from then until the event."""
    distress: tuple[Distress, ...]
    """Everything of the kind between `opened_seq` and `until_seq`, this one included."""
    steps: tuple[StepTaken, ...] = ()
    lines: tuple[LedgerLine, ...] = ()
    fund: FundFlow | None = None
    cure: Cure | None = None
    ending: Ending | None = None

    @property
    def unit_key(self) -> UnitKey:
        return UnitKey(self.account_id, self.kind, self.instrument_id, self.side)

    @property
    def is_spot_margin(self) -> bool:
        """Whether the unit had no position, but assets and loans."""
        return not self.unit.positions

    @property
    def main_asset(self) -> AssetFormula:
        """Of a unit without positions the largest asset."""
        return self.unit.assets[0]

    @property
    def main(self) -> PositionFormula:
        """The position with the largest maintenance."""
        for each in self.unit.positions:
            if (each.instrument_id, each.side) == (self.main_instrument_id, self.main_side):
                return each
        raise AssertionError(f"{self.number}: the main position is not among its unit's")


class Gathered(Fact, frozen=True):
    """An episode, and the whole path from which its own was thinned."""

    episode: Episode
    path: tuple[PathPoint, ...]
