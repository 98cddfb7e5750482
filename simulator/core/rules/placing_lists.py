"""ORD-1: placing orders that belong together. The list is accepted as a whole, or not at all.

The id of a list is that of its first order. What its orders do to each other is in `order_lists`.
"""

import msgspec

from simulator.core.model.commands import PlaceOrder, PlaceOrderList
from simulator.core.model.enums import GTC, GTD, LIMIT_ORDER, ListType
from simulator.core.model.events import OrderListAccepted
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.model.triggers import waits
from simulator.core.rules import trigger_checks
from simulator.core.rules.execution import Execution, refuse
from simulator.core.rules.order_checks import check_order, intent_of, side_refusal
from simulator.core.rules.order_form import closes
from simulator.core.rules.order_plan import Plan, waiting_plan
from simulator.core.rules.placing import accept, reject, reject_duplicate, repeat, work
from simulator.core.state.exchange_state import ExchangeState

_SIZES = {ListType.OCO: 2, ListType.OTO: 2, ListType.OTOCO: 3}


def place_order_list(run: Execution, command: PlaceOrderList) -> Refusal | None:
    """Refuses all of them for the first reason, or accepts all and works what need not wait."""
    if not _belong_together(command):
        return refuse(RejectReason.INVALID_COMBINATION)
    if _is_known(run, command):
        return None
    orders = command.orders
    if command.list_type is ListType.OCO:
        orders = tuple(_never_taking(order) for order in orders)
    plans = check_list(run.state, command.list_type, orders)
    if not isinstance(plans, tuple):
        for order in command.orders:
            reject(run, order, plans)
        return None
    first_id = run.state.counters.order + 1
    order_ids = tuple(range(first_id, first_id + len(orders)))
    instrument_id = orders[0].instrument_id
    list_type = command.list_type
    run.emit(OrderListAccepted(first_id, command.account_id, instrument_id, list_type, order_ids))
    accepted = []
    for number, (order, plan) in enumerate(zip(orders, plans, strict=True)):
        waits_for = first_id if number and list_type is not ListType.OCO else None
        accepted.append(accept(run, order, plan, first_id, waits_for))
    for placed, plan in zip(accepted, plans, strict=True):
        if placed.trigger is None:
            work(run, placed, plan)
    return None


def _belong_together(command: PlaceOrderList) -> bool:
    """One account, one instrument, as many orders as the list has places."""
    orders = command.orders
    if len(orders) != _SIZES[command.list_type]:
        return False
    names = [each.client_order_id for each in orders if each.client_order_id is not None]
    return len(dict.fromkeys(names)) == len(names) and all(
        each.account_id == command.account_id and each.instrument_id == orders[0].instrument_id
        for each in orders
    )


def _never_taking(order: PlaceOrder) -> PlaceOrder:
    """The limit order of an OCO is post-only: what took at once would have nothing to cancel."""
    if order.order_type is LIMIT_ORDER:
        return msgspec.structs.replace(order, post_only=True)
    return order


def _is_known(run: Execution, command: PlaceOrderList) -> bool:
    """ORD-7: a list whose client order ids are known, from the same requests, is a repetition."""
    remembered = run.state.client_orders.get(command.account_id, {})
    named = [each for each in command.orders if each.client_order_id is not None]
    known = [remembered.get(each.client_order_id or "") for each in named]
    if not any(each is not None for each in known):
        return False
    for order, record in zip(named, known, strict=True):
        if record is None or record.request != order:
            reject_duplicate(run, order)
            return True
    for record in known:
        if record is not None:
            repeat(run, record)
    return True


def check_list(
    state: ExchangeState, list_type: ListType, orders: tuple[PlaceOrder, ...]
) -> tuple[Plan, ...] | Refusal:
    """What each order would do, or the first reason of the first of them that must not be."""
    if list_type is ListType.OCO:
        return _check_oco(state, orders)
    entry = check_order(state, orders[0])
    if not isinstance(entry, Plan):
        return entry
    if closes(orders[0]):
        return refuse(RejectReason.INVALID_COMBINATION)
    plans = [entry]
    for child in orders[1:]:
        plan = _check_child(state, orders[0], child)
        if not isinstance(plan, Plan):
            return plan
        plans.append(plan)
    waiting = [order for order in orders if waits(order.order_type)]
    refusal = trigger_checks.count_refusal(entry.intent.exposure, len(waiting))
    return tuple(plans) if refusal is None else refusal


def _check_oco(state: ExchangeState, orders: tuple[PlaceOrder, ...]) -> tuple[Plan, ...] | Refusal:
    first, second = orders
    plans = [check_order(state, first), check_order(state, second)]
    for plan in plans:
        if not isinstance(plan, Plan):
            return plan
    fitting = all(
        waits(each.order_type) or (each.price is not None and each.time_in_force in (GTC, GTD))
        for each in orders
    )
    sizes = [each.quantity for each in orders if not each.close_position]
    alike = first.side is second.side and first.position_side is second.position_side
    limits = [each for each in orders if not waits(each.order_type)]
    if not fitting or not alike or len(limits) > 1 or len(dict.fromkeys(sizes)) > 1:
        return refuse(RejectReason.INVALID_COMBINATION)
    accepted = tuple(plan for plan in plans if isinstance(plan, Plan))
    refusal = trigger_checks.count_refusal(accepted[0].intent.exposure, 2 - len(limits))
    return accepted if refusal is None else refusal


def _check_child(state: ExchangeState, entry: PlaceOrder, child: PlaceOrder) -> Plan | Refusal:
    """An order that protects what the entry fills: it may be met when it wakes, and fires then."""
    account = state.accounts[child.account_id]
    exposure = state.exposure_or_default(child.account_id, child.instrument_id)
    refusal = side_refusal(child, exposure)
    if refusal is not None:
        return refusal
    same_leg = child.position_side is entry.position_side
    fits = closes(child) != exposure.is_spot  # there it has no position to reduce
    if child.trigger is None or child.side is entry.side or not same_leg or not fits:
        return refuse(RejectReason.INVALID_COMBINATION)
    refusal = trigger_checks.form_refusal(state, child, exposure, sized=False)
    if refusal is not None:
        return refusal
    return waiting_plan(state, intent_of(account, exposure, child))
