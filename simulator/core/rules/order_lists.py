"""ORD-1: what happens to the other orders of a list when one of them fills, fires or ends.

Orders of a list that wait for the same entry, or for none, cancel each other: the one that fires
cancels the other, and what a limit order fills is taken from the other. An entry wakes the orders
that wait for it by what it fills; when one of these fires, the rest of the entry goes. Matching
only notes the news (`Execution.list_news`); they are followed when it is done.
"""

from simulator.core.model.enums import CANCELED, FILLED, PENDING, CancelReason
from simulator.core.model.events import OrderAmended, OrderWoken
from simulator.core.rules import matching, trigger_watch
from simulator.core.rules.execution import Execution
from simulator.core.state.records import Order


def follow(run: Execution) -> None:
    """All news so far, in the order in which they came."""
    while run.list_news:
        order, filled = run.list_news.pop(0)
        if order.list_id is None:
            raise AssertionError(f"order {order.order_id} is in no list")
        listed = list(run.state.order_lists.get(order.list_id, {}).values())
        children = [each for each in listed if each.waits_for == order.order_id]
        if children:
            _entry_changed(run, order, filled, children)
        elif filled:
            others = [
                each for each in listed if each is not order and each.waits_for == order.waits_for
            ]
            _one_filled(run, order, filled, others)


def one_triggered(run: Execution, order: Order) -> None:
    """The trigger of one is met: the others like it, and the rest of its entry, are canceled."""
    if order.list_id is None:
        return
    for other in list(run.state.order_lists[order.list_id].values()):
        alike = other is not order and other.waits_for == order.waits_for
        if alike or other.order_id == order.waits_for:
            matching.cancel(run, other, CancelReason.ORDER_LIST)


def _entry_changed(run: Execution, entry: Order, filled: int, children: list[Order]) -> None:
    """The children grow with what filled, and wake when there is a position to protect."""
    is_over = entry.status is FILLED or entry.status is CANCELED
    for child in children:
        if filled and not child.close_position and child.is_waiting:
            _amend(run, child, child.quantity + filled)
        protects = _protects(run, child)
        if child.status is PENDING:
            if filled and protects:
                run.emit(OrderWoken(child.order_id, child.account_id))
                trigger_watch.meet_woken(run, child)
            elif is_over:
                matching.cancel(run, child, CancelReason.ORDER_LIST)
        elif is_over and child.is_waiting and not protects:
            matching.cancel(run, child, CancelReason.REDUCE_ONLY)


def _protects(run: Execution, child: Order) -> bool:
    """Whether a position is there, or on spot what the entry filled."""
    if child.reduce_only:
        return matching.reducible(run, child) > 0
    return child.quantity > 0


def _one_filled(run: Execution, order: Order, filled: int, others: list[Order]) -> None:
    """What a limit order filled is taken from the other; with the last of it, the other goes."""
    for other in others:
        left = other.quantity - filled
        if order.status is FILLED or (left <= 0 and not other.close_position):
            matching.cancel(run, other, CancelReason.ORDER_LIST)
        elif not other.close_position:
            _amend(run, other, left)


def _amend(run: Execution, order: Order, quantity: int) -> None:
    """Another quantity of an order that waits, and so has no place in a queue to lose."""
    run.emit(
        OrderAmended(
            order.order_id,
            order.account_id,
            order.price,
            quantity,
            True,
            order.assumed_price,
            order.open_loss,
        )
    )
