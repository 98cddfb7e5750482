"""ORD-8: canceling orders, which is always allowed."""

from simulator.core.model.accounts import FUND_ACCOUNT
from simulator.core.model.commands import CancelAllOrders, CancelOrder, CancelOrderList
from simulator.core.model.enums import CancelReason
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.rules import matching
from simulator.core.rules.execution import Execution, refuse
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import Order


def own_order(state: ExchangeState, account_id: int, order_id: int) -> Order | None:
    """An open order of this account; somebody else's is as good as none."""
    order = state.orders.get(order_id)
    return order if order is not None and order.account_id == account_id else None


def cancel_order(run: Execution, command: CancelOrder) -> Refusal | None:
    order = own_order(run.state, command.account_id, command.order_id)
    if order is None:
        return refuse(RejectReason.UNKNOWN_ORDER)
    matching.cancel(run, order, CancelReason.REQUESTED)
    return None


def cancel_all_orders(run: Execution, command: CancelAllOrders) -> Refusal | None:
    """All of the account's open orders, or those on one instrument; none open is no error."""
    if command.account_id not in run.state.accounts or command.account_id == FUND_ACCOUNT:
        return refuse(RejectReason.UNKNOWN_ACCOUNT)
    if command.instrument_id is not None and command.instrument_id not in run.state.instruments:
        return refuse(RejectReason.UNKNOWN_INSTRUMENT)
    reason = CancelReason.DISCONNECTED if command.disconnected else CancelReason.REQUESTED
    cancel_orders_of(run, command.account_id, command.instrument_id, reason)
    return None


def cancel_order_list(run: Execution, command: CancelOrderList) -> Refusal | None:
    """ORD-8: a list goes as a whole; of an OTO that has filled, what is left of it."""
    listed = list(run.state.order_lists.get(command.list_id, {}).values())
    if not listed or listed[0].account_id != command.account_id:
        return refuse(RejectReason.UNKNOWN_ORDER)
    for order in listed:
        if order.order_id in run.state.orders:
            matching.cancel(run, order, CancelReason.REQUESTED)
    return None


def cancel_orders_of(
    run: Execution, account_id: int, instrument_id: int | None, reason: CancelReason
) -> None:
    """Cancels in order of instrument and age."""
    by_instrument = run.state.exposures.get(account_id, {})
    chosen = sorted(by_instrument) if instrument_id is None else [instrument_id]
    for each in chosen:
        exposure = by_instrument.get(each)
        if exposure is not None:
            for order in list(exposure.orders.values()):
                matching.cancel(run, order, reason)
