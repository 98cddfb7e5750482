"""Events of liquidations beyond their steps: waiting, and what falls to other traders."""

from simulator.core.model.enums import PositionSide
from simulator.core.model.events.base import Event


class LiquidationPaused(Event, frozen=True, tag=50):
    """LIQ-10: after its first step the rest of a position waits, then all of it goes."""

    liquidation_id: int
    wallet_id: int
    instrument_id: int
    position_side: PositionSide
    resume_ns: int


class LiquidationResumed(Event, frozen=True, tag=51):
    """LIQ-10: the wait of a position is over; its unit is assessed again."""

    liquidation_id: int
    wallet_id: int
    instrument_id: int
    position_side: PositionSide


class DeleveragingStarted(Event, frozen=True, tag=52):
    """LIQ-7: what neither the book nor the insurance fund takes of a position in liquidation.

    `equity` and `total_notional` are the unit's: all of `quantity` is worth
    `N - s * equity * N / total_notional` to whoever takes it, N at mark.
    """

    liquidation_id: int
    instrument_id: int
    position_side: PositionSide
    quantity: int
    mark_price: int
    equity: int
    total_notional: int


class PositionDeleveraged(Event, frozen=True, tag=53):
    """LIQ-7: an opposite position was closed against the one in liquidation, without a fee."""

    liquidation_id: int
    instrument_id: int
    account_id: int
    wallet_id: int
    position_side: PositionSide
    quantity: int
    notional: int
    score: int
    """Its place in the queue, as a rate: the highest goes first, losers last."""
