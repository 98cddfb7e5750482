"""ORD-9: orders whose triggers were met fire, one after the other.

A fired order is checked like a new one and then worked like one. What it trades may meet further
triggers; a command fires at most a page of orders, and what is left follows in order (TIME-2).
"""

from typing import Final

from simulator.core.model.enums import (
    BUY,
    FOK,
    IOC,
    LIMIT_ORDER,
    MARKET_ORDER,
    CancelReason,
)
from simulator.core.model.events import OrderCanceled, OrderTriggered, TriggersPaged
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.model.triggers import has_limit
from simulator.core.rules import matching, order_lists
from simulator.core.rules.execution import Execution, refuse
from simulator.core.rules.order_checks import checked_plan
from simulator.core.rules.order_form import band_edge
from simulator.core.rules.order_plan import Plan
from simulator.core.rules.placing import work
from simulator.core.rules.taking import Intent
from simulator.core.rules.trigger_watch import still_waits
from simulator.core.state.exposure import Exposure
from simulator.core.state.records import Order
from simulator.core.state.trigger_board import trigger_price

_CANCEL_REASONS: Final = {
    RejectReason.REDUCE_ONLY_WITHOUT_POSITION: CancelReason.REDUCE_ONLY,
    RejectReason.FILL_OR_KILL_NOT_FILLABLE: CancelReason.FILL_OR_KILL,
    RejectReason.WOULD_CAUSE_MARGIN_CALL: CancelReason.WOULD_CAUSE_MARGIN_CALL,
    RejectReason.POSITION_LIMIT: CancelReason.POSITION_LIMIT,
    RejectReason.INSUFFICIENT_MARGIN: CancelReason.INSUFFICIENT_MARGIN,
    RejectReason.TOO_MANY_OPEN_ORDERS: CancelReason.TOO_MANY_OPEN_ORDERS,
    RejectReason.INSUFFICIENT_BALANCE: CancelReason.INSUFFICIENT_BALANCE,
    RejectReason.LENDING_POOL_EXHAUSTED: CancelReason.LENDING_POOL_EXHAUSTED,
    RejectReason.BORROW_CAP: CancelReason.BORROW_CAP,
}
"""Why an order that fails its check ends."""


def fire_met(run: Execution, room: int) -> int:
    """Fires what was met, at most `room` orders; the rest is paged. Returns the room left."""
    while run.met_triggers and room > 0:
        order_id = next(iter(run.met_triggers))
        del run.met_triggers[order_id]
        order = still_waits(run.state, order_id)
        if order is not None:
            _fire(run, order)
            order_lists.follow(run)
            room -= 1
    page_met(run)
    return room


def page_met(run: Execution) -> None:
    """Leaves the orders that were met to `ContinueSweep`, behind those that wait for it already."""
    state = run.state
    met = [each for each in run.met_triggers if still_waits(state, each) is not None]
    run.met_triggers.clear()
    if met:
        run.emit(TriggersPaged(tuple(dict.fromkeys(state.pending_triggers + met))))


def take_paged(run: Execution) -> None:
    """What waited for its page is met now."""
    for order_id in run.state.pending_triggers:
        run.met_triggers[order_id] = None
    if run.state.pending_triggers:
        run.emit(TriggersPaged(()))


def _fire(run: Execution, order: Order) -> None:
    """The others of its list go first: what they lock is free for it."""
    met = trigger_price(order)
    if met is None:
        raise AssertionError(f"order {order.order_id} fires without a trigger price")
    order_lists.one_triggered(run, order)
    plan = _check(run, order)
    if not isinstance(plan, Plan):
        run.emit(
            OrderCanceled(
                order.order_id,
                order.account_id,
                order.instrument_id,
                order.remaining,
                _CANCEL_REASONS[plan.reason],
                plan.needed,
                plan.available,
            )
        )
        matching.note_end(run, order)
        return
    run.emit(
        OrderTriggered(
            order.order_id,
            order.account_id,
            met,
            plan.intent.limit,
            plan.intent.quantity,
            plan.assumed_price,
            plan.open_loss,
        )
    )
    work(run, order, plan)


def _check(run: Execution, order: Order) -> Plan | Refusal:
    """ORD-9: what a new order of these terms would be told."""
    state = run.state
    exposure = state.exposures[order.account_id][order.instrument_id]
    limited = has_limit(order.order_type)
    open_orders = len(exposure.orders) - exposure.waiting_orders
    most = exposure.record.terms.max_open_orders
    if limited and open_orders >= most:
        return refuse(RejectReason.TOO_MANY_OPEN_ORDERS, open_orders + 1, most)
    time_in_force = order.time_in_force
    if not limited and time_in_force is not FOK:
        time_in_force = IOC
    intent = Intent(
        state.accounts[order.account_id],
        exposure,
        order.side,
        _limit(order, exposure),
        matching.reducible(run, order) if order.close_position else order.quantity,
        time_in_force,
        LIMIT_ORDER if limited else MARKET_ORDER,
        order.reduce_only,
        order.keep_margin,
        position_side=order.position_side,
        self_trade_prevention=order.self_trade_prevention,
    )
    intent.auto_borrow, intent.auto_repay = order.auto_borrow, order.auto_repay
    return checked_plan(state, intent, False)


def _limit(order: Order, exposure: Exposure) -> int:
    """The edge of the band for a market order, and for a limit that is now outside of it."""
    edge = band_edge(exposure.record, order.side)
    if not has_limit(order.order_type):
        return edge
    return min(order.price, edge) if order.side is BUY else max(order.price, edge)
