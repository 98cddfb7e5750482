"""ORD-1 to ORD-7: placing an order, and working one that was accepted.

An accepted order is matched, and its rest rests or is canceled with the reason.
"""

from simulator.core.model.commands import PlaceOrder
from simulator.core.model.enums import CANCELED, CancelReason
from simulator.core.model.events import (
    ClientOrderRecorded,
    MarginLocked,
    OrderAccepted,
    OrderRejected,
    OrderRepeated,
    OrderRested,
)
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.rules import matching, spot_plan
from simulator.core.rules.execution import Execution
from simulator.core.rules.order_checks import check_order
from simulator.core.rules.order_plan import Plan, rests_freely, why_not_rest
from simulator.core.state.records import Order
from simulator.core.state.rows import ClientOrder


def place_order(run: Execution, command: PlaceOrder) -> None:
    """ORD-1 to ORD-7: refuses, or accepts, matches and rests; a trigger order begins to wait."""
    if command.client_order_id is not None and is_known(run, command):
        return
    plan = check_order(run.state, command)
    if not isinstance(plan, Plan):
        reject(run, command, plan)
        return
    order = accept(run, command, plan)
    if command.trigger is None:
        work(run, order, plan)


def accept(
    run: Execution,
    command: PlaceOrder,
    plan: Plan,
    list_id: int | None = None,
    waits_for: int | None = None,
) -> Order:
    """The order exists from now on; it is not worked yet."""
    order_id = run.state.counters.order + 1
    run.emit(
        OrderAccepted(
            order_id,
            command.account_id,
            command.instrument_id,
            command.side,
            command.order_type,
            plan.intent.time_in_force,
            plan.intent.limit,
            command.quantity,
            command.post_only,
            plan.intent.reduce_only,
            command.keep_margin,
            plan.intent.exposure.settings.margin_mode,
            plan.assumed_price,
            plan.open_loss,
            command.client_order_id,
            None,
            False,
            command.position_side,
            command.trigger,
            command.close_position,
            command.expires_ns,
            command.self_trade_prevention,
            list_id,
            waits_for,
            command.auto_repay and plan.intent.exposure.is_spot,
            command.auto_borrow and plan.intent.exposure.is_spot,
        )
    )
    if command.client_order_id is not None:
        run.emit(ClientOrderRecorded(command.account_id, command, order_id, None, None, None))
    return run.state.orders[order_id]


def is_known(run: Execution, command: PlaceOrder) -> bool:
    """ORD-7: answers a repeated client order id from memory."""
    client_order_id = command.client_order_id
    if client_order_id is None:
        return False
    known = run.state.client_orders.get(command.account_id, {}).get(client_order_id)
    if known is None:
        return False
    if known.request != command:
        reject_duplicate(run, command)
    else:
        repeat(run, known)
    return True


def reject_duplicate(run: Execution, command: PlaceOrder) -> None:
    run.emit(
        OrderRejected(
            command.account_id,
            command.instrument_id,
            RejectReason.DUPLICATE_CLIENT_ORDER_ID,
            None,
            None,
            command.client_order_id,
        )
    )


def repeat(run: Execution, known: ClientOrder) -> None:
    """What came of the request the first time."""
    client_order_id = known.request.client_order_id
    if client_order_id is None:
        raise AssertionError("a remembered request has a client order id")
    run.emit(
        OrderRepeated(
            known.account_id,
            client_order_id,
            known.order_id,
            known.reason,
            known.needed,
            known.available,
        )
    )


def reject(run: Execution, command: PlaceOrder, refusal: Refusal) -> None:
    run.emit(
        OrderRejected(
            command.account_id,
            command.instrument_id,
            refusal.reason,
            refusal.needed,
            refusal.available,
            command.client_order_id,
        )
    )
    known_account = refusal.reason != RejectReason.UNKNOWN_ACCOUNT
    if command.client_order_id is not None and known_account:
        run.emit(
            ClientOrderRecorded(
                command.account_id,
                command,
                None,
                refusal.reason,
                refusal.needed,
                refusal.available,
            )
        )


# -- working an accepted order -----------------------------------------------------------------


def work(run: Execution, order: Order, plan: Plan) -> None:
    """Matches an accepted order; the rest rests with its lock, or is canceled with the reason."""
    reason: CancelReason | None = None
    if plan.funding is not None:
        spot_plan.fund(run, order, plan.funding)
    if plan.taken.crosses:
        reason = matching.match(run, order)
        if order.remaining == 0 or order.status is CANCELED:
            return
    if reason is None and not rests_freely(plan.intent):
        reason = why_not_rest(plan.intent, matching.reducible(run, order))
    if reason is not None:
        matching.cancel(run, order, reason)
        return
    if plan.lock:
        wallet_id = run.state.accounts[order.account_id].cross_wallet_id
        run.emit(MarginLocked(order.order_id, wallet_id, plan.lock))
    run.emit(OrderRested(order.order_id))
    if plan.intent.exposure.reduce_only_orders:
        matching.shrink_reduce_only(run, plan.intent.exposure)
