"""Applying the events of spot margin: locks of spot orders, debts and their interest, haircuts."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from simulator.core.model import events as e
from simulator.core.model.enums import TransferKind
from simulator.core.state.apply_orders import change_lock
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import Holding

_BORROW: Final = TransferKind.BORROW
_REPAY: Final = TransferKind.REPAY


def change_debt(state: ExchangeState, event: e.Transferred) -> None:
    """What a BORROW, a REPAY or an INTEREST does to what a wallet owes."""
    wallet_id = event.target if event.kind is _BORROW else event.source
    wallet = state.wallets[wallet_id]
    holding = wallet.holdings[event.asset_id]
    if event.kind is _BORROW:
        holding.borrowed += event.amount
    elif event.kind is _REPAY:
        holding.borrowed -= event.amount
    else:
        holding.interest -= event.amount
    state.index_debt(wallet)


def _funds_locked(state: ExchangeState, event: e.FundsLocked) -> None:
    order = state.orders[event.order_id]
    change_lock(state, order, event.amount)
    order.loan = event.loan
    order.moved = event.moved


def _interest_accrued(state: ExchangeState, event: e.InterestAccrued) -> None:
    wallet = state.wallets[event.wallet_id]
    wallet.holdings.setdefault(event.asset_id, Holding()).interest += event.amount
    state.index_debt(wallet)
    state.touched_units[event.wallet_id] = None
    if state.notes is not None:
        state.notes.wallets[event.wallet_id] = None


def _interest_scheduled(state: ExchangeState, event: e.InterestScheduled) -> None:
    state.interest_due_ns = event.time_ns


def _cross_leverage_set(state: ExchangeState, event: e.CrossLeverageSet) -> None:
    account = state.accounts[event.account_id]
    account.cross_leverage = event.leverage
    state.touched_units[account.cross_wallet_id] = None
    if state.notes is not None:
        state.notes.accounts[event.account_id] = None
        state.notes.wallets[account.cross_wallet_id] = None


def _haircuts_set(state: ExchangeState, event: e.HaircutsSet) -> None:
    for asset_id, rate in event.haircuts:
        state.assets[asset_id] = msgspec.structs.replace(state.assets[asset_id], haircut_rate=rate)


def _nothing(state: ExchangeState, event: object) -> None:
    """The transfers beside it change the state."""


BORROWING_HANDLERS: Final[dict[type[Any], Callable[[ExchangeState, Any], None]]] = {
    e.FundsLocked: _funds_locked,
    e.InterestAccrued: _interest_accrued,
    e.InterestScheduled: _interest_scheduled,
    e.CrossLeverageSet: _cross_leverage_set,
    e.HaircutsSet: _haircuts_set,
    e.AssetTakenOver: _nothing,
}
