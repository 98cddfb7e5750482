"""Events of risk: margin calls, liquidations, the insurance fund."""

from simulator.core.model.enums import CallEnd, LiquidationOutcome, LiquidationPolicy, PositionSide
from simulator.core.model.events.base import Event


class MarginCallIssued(Event, frozen=True, tag=40):
    """CALL-1, with its cure. `repeated` when it stood already."""

    margin_call_id: int
    account_id: int
    wallet_id: int
    equity: int
    maintenance_margin: int
    call_margin: int
    instrument_id: int
    """The position with the largest maintenance margin; the next four fields are about it.

    Without a position, the largest asset that is held (LONG) or owed (SHORT), by its spot
    instrument and its index.
    """
    position_side: PositionSide
    mark_price: int
    liquidation_price: int | None
    quantity_to_reduce: int
    """Reducing the position by this at mark (selling or buying the asset) reaches the line."""
    amount_to_add: int
    """Adding this to the wallet reaches the clearing line."""
    repeated: bool
    amount_to_repay: int = 0
    """Repaying debts of this value out of what the wallet holds reaches the clearing line."""


class MarginCallEnded(Event, frozen=True, tag=41):
    margin_call_id: int
    wallet_id: int
    end: CallEnd
    equity: int


class LiquidationStarted(Event, frozen=True, tag=42):
    """LIQ-1: the unit's lines and the marks `(instrument_id, mark)` of its positions.

    Of what it holds and owes, the index of the spot instrument.
    """

    liquidation_id: int
    account_id: int
    wallet_id: int
    equity: int
    maintenance_margin: int
    call_margin: int
    marks: tuple[tuple[int, int], ...]


class LiquidationStepTaken(Event, frozen=True, tag=43):
    """LIQ-3, LIQ-4: what is about to be offered on the book, and down to which price.

    LIQ-5: of an asset, by its spot instrument; LONG is sold, SHORT bought; the mark is its index,
    and the tier 1.

    `order_id` is none when nothing is offered: the unit has no equity left, or the policy is to
    take over at once.
    """

    liquidation_id: int
    instrument_id: int
    position_side: PositionSide
    tier: int
    mark_price: int
    takeover_price: int
    quantity: int
    equity: int
    order_id: int | None
    maintenance_margin: int = 0
    call_margin: int = 0
    policy: LiquidationPolicy = LiquidationPolicy.LADDER


class PositionTakenOver(Event, frozen=True, tag=44):
    """LIQ-6: the insurance fund took this much at this notional."""

    liquidation_id: int
    instrument_id: int
    position_side: PositionSide
    quantity: int
    notional: int


class LiquidationEnded(Event, frozen=True, tag=45):
    liquidation_id: int
    wallet_id: int
    outcome: LiquidationOutcome
    equity: int
    fee: int
    """The liquidation fees of all steps."""
    deficit: int
    """What the unit could not pay; the insurance fund did, as far as it could."""
    shortfall: int
    """The part of the deficit that the fund could not pay."""


class SweepPaged(Event, frozen=True, tag=46):
    """TIME-2: these units wait for `ContinueSweep`, in this order; an empty list ends the sweep."""

    wallet_ids: tuple[int, ...]


class FundUnloadScheduled(Event, frozen=True, tag=47):
    """LIQ-6: when the insurance fund next offers what it took over; none: it holds nothing."""

    time_ns: int | None
