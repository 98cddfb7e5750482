"""ORD-2, ORD-9: what a trigger order must be when it is placed or amended.

It needs no margin before it fires (MARG-4); what it would do then is checked then.
"""

from simulator.core.model.commands import PlaceOrder
from simulator.core.model.enums import FOK, IOC, OrderType
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.model.triggers import (
    MAX_CALLBACK_RATE,
    MIN_CALLBACK_RATE,
    Trigger,
    has_limit,
    is_reached,
    rises,
    waits,
)
from simulator.core.model.units import AMOUNT_LIMIT
from simulator.core.rules import margin
from simulator.core.rules.execution import refuse
from simulator.core.rules.order_form import (
    closes,
    expiry_refusal,
    price_refusal,
    quantity_refusal,
    tick_refusal,
)
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.exposure import Exposure
from simulator.core.state.records import InstrumentRecord


def refusal(state: ExchangeState, command: PlaceOrder, exposure: Exposure) -> Refusal | None:
    """Why a trigger order must not be placed, the first reason that applies."""
    found = form_refusal(state, command, exposure, sized=not command.close_position)
    if found is None:
        found = count_refusal(exposure, 1)
    if found is None and command.trigger is not None and command.trigger.price is not None:
        found = met_refusal(exposure.record, command, command.trigger.price)
    if found is None and closes(command):
        net = exposure.leg_quantity(command.position_side)
        if net * command.side >= 0:
            found = refuse(RejectReason.REDUCE_ONLY_WITHOUT_POSITION, command.quantity, 0)
    return found


def count_refusal(exposure: Exposure, more: int) -> Refusal | None:
    """ORD-2: how many orders may wait."""
    count, most = exposure.waiting_orders + more, exposure.record.terms.max_trigger_orders
    return refuse(RejectReason.TOO_MANY_TRIGGER_ORDERS, count, most) if count > most else None


def form_refusal(
    state: ExchangeState, command: PlaceOrder, exposure: Exposure, sized: bool
) -> Refusal | None:
    """The filters; of one that is not `sized` the quantity is 0, and follows from a position."""
    record, trigger = exposure.record, command.trigger
    if trigger is None:
        raise AssertionError("an order without a trigger is no trigger order")
    if not (0 < command.quantity < AMOUNT_LIMIT if sized else command.quantity == 0):
        return refuse(RejectReason.INVALID_AMOUNT)
    if not _fits_together(command, trigger):
        return refuse(RejectReason.INVALID_COMBINATION)
    found = expiry_refusal(state, command)
    if found is None and trigger.callback_rate is not None:
        if not MIN_CALLBACK_RATE <= trigger.callback_rate <= MAX_CALLBACK_RATE:
            found = refuse(RejectReason.CALLBACK_RATE_OUT_OF_RANGE)
    if found is None:
        found = _prices_refusal(record, command, trigger)
    if found is None and sized:
        found = _size_refusal(record, command, trigger)
    return found


def _fits_together(command: PlaceOrder, trigger: Trigger) -> bool:
    """Options that go with the type, and with each other."""
    kind, limited = command.order_type, has_limit(command.order_type)
    if kind is OrderType.TRAILING_STOP_MARKET:
        terms = trigger.price is None and trigger.callback_rate is not None
    else:
        terms = trigger.price is not None and trigger.callback_rate is None
        terms = terms and trigger.activation_price is None
    if command.close_position:
        terms = terms and not limited and not command.reduce_only
    if not limited and command.time_in_force in (IOC, FOK):
        return False
    return (
        terms
        and waits(kind)
        and limited == (command.price is not None)
        and not command.post_only
        and (closes(command) or not command.keep_margin)
    )


def _prices_refusal(
    record: InstrumentRecord, command: PlaceOrder, trigger: Trigger
) -> Refusal | None:
    """All on the tick; a limit within the band around the trigger price."""
    for price in (trigger.price, trigger.activation_price):
        found = None if price is None else tick_refusal(record, price)
        if found is not None:
            return found
    if command.price is None:
        return None
    return price_refusal(record, command.side, command.price, trigger.price)


def _size_refusal(
    record: InstrumentRecord, command: PlaceOrder, trigger: Trigger
) -> Refusal | None:
    terms = record.terms
    limited = has_limit(command.order_type)
    maximum = terms.max_quantity if limited else terms.max_market_quantity
    found = quantity_refusal(record, command.quantity, maximum)
    if found is not None or closes(command):
        return found
    price = command.price or trigger.price or margin.mark_of(record)
    notional = terms.notional(command.quantity, price)
    if notional < terms.min_notional:
        return refuse(RejectReason.NOTIONAL_TOO_SMALL, terms.min_notional, notional)
    return None


def met_refusal(record: InstrumentRecord, command: PlaceOrder, price: int) -> Refusal | None:
    """ORD-9: a trigger that is true already would be no trigger."""
    if command.trigger is None:
        return None
    now = record.price_of(command.trigger.source)
    if now is not None and is_reached(rises(command.order_type, command.side), price, now):
        return refuse(RejectReason.TRIGGER_ALREADY_MET, price, now)
    return None
