"""ORD-2: what an order's numbers must be, whatever it would do: ticks, lots, bands, times."""

from simulator.core.model.commands import PlaceOrder
from simulator.core.model.enums import BUY, GTD, Side
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.model.units import (
    AMOUNT_LIMIT,
    RATE_ONE,
    rate_of_down,
    rate_of_up,
    round_down_to,
    round_up_to,
)
from simulator.core.rules import margin
from simulator.core.rules.execution import refuse
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord


def closes(command: PlaceOrder) -> bool:
    """Whether an order only reduces: it says so, or in hedge mode acts against its position."""
    if command.position_side is not None and command.side * command.position_side < 0:
        return True
    return command.reduce_only or command.close_position


def tick_refusal(record: InstrumentRecord, price: int) -> Refusal | None:
    """A price is a positive multiple of the tick."""
    tick = record.terms.tick_size
    if not 0 < price < AMOUNT_LIMIT or price % tick:
        return refuse(RejectReason.PRICE_NOT_ON_TICK, tick, price)
    return None


def price_refusal(
    record: InstrumentRecord, side: Side, price: int, reference: int | None = None
) -> Refusal | None:
    """Tick and band of a limit price; `available` is the nearest edge. See `band_edge`."""
    tick = record.terms.tick_size
    if not 0 < price < AMOUNT_LIMIT or price % tick:
        return refuse(RejectReason.PRICE_NOT_ON_TICK, tick, price)
    # Not divided: a price on the tick is within the band's edge when it is within the band.
    middle = margin.mark_of(record) if reference is None else reference
    furthest = middle * (RATE_ONE + side * record.terms.price_band_rate)
    if (price * RATE_ONE - furthest) * side > 0:
        edge = band_edge(record, side, reference)
        return refuse(RejectReason.PRICE_OUTSIDE_BAND, price, edge)
    return None


def quantity_refusal(record: InstrumentRecord, quantity: int, maximum: int) -> Refusal | None:
    """Lot and size of a quantity."""
    terms = record.terms
    if quantity % terms.lot_size:
        return refuse(RejectReason.QUANTITY_NOT_ON_LOT, terms.lot_size, quantity)
    if quantity < terms.min_quantity:
        return refuse(RejectReason.QUANTITY_TOO_SMALL, terms.min_quantity, quantity)
    if quantity > maximum:
        return refuse(RejectReason.QUANTITY_TOO_LARGE, maximum, quantity)
    return None


def band_edge(record: InstrumentRecord, side: Side, reference: int | None = None) -> int:
    """The worst price of the band: buys at most `mark * (1 + band)`, sells at least `(1 - band)`.

    Rounded inward to the tick; a sell's edge is never under one tick. Of an order that waits, the
    band is around its trigger price, the `reference`, until it fires.
    """
    middle, band = reference, record.terms.price_band_rate
    if middle is None:
        middle = margin.mark_of(record)
    if side is BUY:
        return round_down_to(rate_of_down(middle, RATE_ONE + band), record.terms.tick_size)
    edge = round_up_to(rate_of_up(middle, RATE_ONE - band), record.terms.tick_size)
    return max(edge, record.terms.tick_size)


def expiry_refusal(state: ExchangeState, command: PlaceOrder) -> Refusal | None:
    """A GTD order, and no other, names the time at which it expires."""
    if (command.time_in_force is GTD) != (command.expires_ns is not None):
        return refuse(RejectReason.INVALID_COMBINATION)
    if command.expires_ns is not None and command.expires_ns <= state.time_ns:
        return refuse(RejectReason.EXPIRY_IN_THE_PAST)
    return None
