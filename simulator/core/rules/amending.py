"""ORD-8: amending an open order, which keeps its id."""

from simulator.core.model.commands import AmendOrder, PlaceOrder
from simulator.core.model.enums import SPOT_INSTRUMENT
from simulator.core.model.events import MarginLocked, OrderAmended
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.model.triggers import Trigger, has_limit
from simulator.core.model.units import AMOUNT_LIMIT
from simulator.core.rules import matching, spot_fills, trigger_checks
from simulator.core.rules.canceling import own_order
from simulator.core.rules.execution import Execution, refuse
from simulator.core.rules.order_checks import checked_plan, market_refusal
from simulator.core.rules.order_form import price_refusal, quantity_refusal
from simulator.core.rules.order_plan import Plan
from simulator.core.rules.placing import work
from simulator.core.rules.taking import Intent
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.exposure import Exposure
from simulator.core.state.records import Order


def amend_order(run: Execution, command: AmendOrder) -> Refusal | None:
    """ORD-8: quantity down keeps the place in the queue; anything else takes a new one."""
    order = own_order(run.state, command.account_id, command.order_id)
    if order is None:
        return refuse(RejectReason.UNKNOWN_ORDER)
    exposure = run.state.exposures[order.account_id][order.instrument_id]
    if order.is_waiting:
        return _amend_waiting(run, exposure, order, command)
    if command.trigger_price is not None:
        return refuse(RejectReason.INVALID_COMBINATION)
    price = order.price if command.price is None else command.price
    quantity = order.quantity if command.quantity is None else command.quantity
    refusal = _amend_refusal(run.state, exposure, order, price, quantity)
    if refusal is not None:
        return refusal
    remaining = quantity - (order.quantity - order.remaining)
    if price == order.price and quantity <= order.quantity:
        _shrink(run, order, quantity, remaining)
        return None
    intent = Intent(
        run.state.accounts[order.account_id],
        exposure,
        order.side,
        price,
        remaining,
        order.time_in_force,
        order.order_type,
        order.reduce_only,
        order.keep_margin,
        order,
        order.position_side,
        order.self_trade_prevention,
    )
    intent.auto_borrow, intent.auto_repay = order.auto_borrow, order.auto_repay
    plan = checked_plan(run.state, intent, order.post_only)
    if not isinstance(plan, Plan):
        return plan
    if exposure.is_spot:
        spot_fills.unlock(run, order)
    elif order.locked:
        wallet_id = run.state.accounts[order.account_id].cross_wallet_id
        run.emit(MarginLocked(order.order_id, wallet_id, 0))
    _emit_amended(run, order, price, quantity, False, (plan.assumed_price, plan.open_loss))
    work(run, order, plan)
    return None


def _amend_refusal(
    state: ExchangeState, exposure: Exposure, order: Order, price: int, quantity: int
) -> Refusal | None:
    account = state.accounts[order.account_id]
    refusal = market_refusal(state, account, exposure, order.position_side)
    if refusal is not None:
        return refusal
    record = exposure.record
    if not 0 < quantity < AMOUNT_LIMIT:
        return refuse(RejectReason.INVALID_AMOUNT)
    if price != order.price:
        refusal = price_refusal(record, order.side, price)
    if refusal is None:
        refusal = quantity_refusal(record, quantity, record.terms.max_quantity)
    if refusal is not None:
        return refusal
    filled = order.quantity - order.remaining
    if quantity <= filled:
        return refuse(RejectReason.QUANTITY_ALREADY_FILLED, quantity, filled)
    notional = record.terms.notional(quantity, price)
    if not order.reduce_only and notional < record.terms.min_notional:
        return refuse(RejectReason.NOTIONAL_TOO_SMALL, record.terms.min_notional, notional)
    return None


def _shrink(run: Execution, order: Order, quantity: int, remaining: int) -> None:
    if quantity == order.quantity:
        return
    if run.state.instruments[order.instrument_id].terms.kind is SPOT_INSTRUMENT:
        spot_fills.shrink(run, order, remaining)
    elif order.locked:
        wallet_id = run.state.accounts[order.account_id].cross_wallet_id
        lock = matching.lock_after(order, order.remaining - remaining)
        run.emit(MarginLocked(order.order_id, wallet_id, lock))
    terms = (order.assumed_price, order.open_loss)
    _emit_amended(run, order, order.price, quantity, True, terms)


def _emit_amended(
    run: Execution,
    order: Order,
    price: int,
    quantity: int,
    keeps_priority: bool,
    margin_of_order: tuple[int, int],
) -> None:
    run.emit(
        OrderAmended(
            order.order_id,
            order.account_id,
            price,
            quantity,
            keeps_priority,
            margin_of_order[0],
            margin_of_order[1],
        )
    )


# -- orders that wait ----------------------------------------------------------------------------


def _amend_waiting(
    run: Execution, exposure: Exposure, order: Order, command: AmendOrder
) -> Refusal | None:
    """New terms of an order that waits, checked like those of a new one (ORD-9)."""
    account = run.state.accounts[order.account_id]
    refusal = market_refusal(run.state, account, exposure, order.position_side)
    if refusal is not None:
        return refusal
    sized = not order.close_position and order.waits_for is None
    request = _amended_request(order, command)
    if request is None or (command.quantity is not None and not sized):
        return refuse(RejectReason.INVALID_COMBINATION)
    refusal = trigger_checks.form_refusal(run.state, request, exposure, sized)
    if refusal is None and order.is_untriggered and command.trigger_price is not None:
        refusal = trigger_checks.met_refusal(exposure.record, request, command.trigger_price)
    if refusal is not None:
        return refusal
    run.emit(
        OrderAmended(
            order.order_id,
            order.account_id,
            order.price if request.price is None else request.price,
            request.quantity if sized else order.quantity,
            True,
            order.assumed_price,
            order.open_loss,
            command.trigger_price,
        )
    )
    return None


def _amended_request(order: Order, command: AmendOrder) -> PlaceOrder | None:
    """The order with its new terms as a request; none if it has no such term.

    The quantity of an order that is not sized is left out, as in a request.
    """
    trigger, limited = order.trigger, has_limit(order.order_type)
    if trigger is None or (command.price is not None and not limited):
        return None
    if command.trigger_price is not None:
        if trigger.price is None:
            return None
        trigger = Trigger(trigger.source, command.trigger_price)
    price = order.price if command.price is None else command.price
    quantity = order.quantity if command.quantity is None else command.quantity
    return PlaceOrder(
        order.account_id,
        order.instrument_id,
        order.side,
        order.order_type,
        0 if order.close_position or order.waits_for is not None else quantity,
        price if limited else None,
        order.time_in_force,
        False,
        order.reduce_only and not order.close_position,
        order.keep_margin,
        None,
        order.position_side,
        trigger,
        order.close_position,
        order.expires_ns,
        order.self_trade_prevention,
    )
