"""WAL-2, BOR-6: paying out of a wallet and into it, so that no balance ever falls below zero.

What a balance cannot pay becomes settlement debt: the lending pool advances it, and any later
inflow repays it first. The insurance fund has no debt: what it lacks is `shortfall` (LIQ-8).
"""

from simulator.core.model.accounts import INSURANCE_FUND, LENDING_POOL, SHORTFALL
from simulator.core.model.enums import TransferKind
from simulator.core.model.events import InterestScheduled, Transferred
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.units import NS_PER_HOUR
from simulator.core.rules.execution import Execution


class Cause:
    """What a transfer belongs to (LED-2)."""

    __slots__ = ("liquidation_id", "order_id", "trade_id")

    def __init__(
        self,
        order_id: int | None = None,
        trade_id: int | None = None,
        liquidation_id: int | None = None,
    ) -> None:
        self.order_id = order_id
        self.trade_id = trade_id
        self.liquidation_id = liquidation_id


def pay(
    run: Execution, wallet_id: int, target: int, kind: TransferKind, amount: int, cause: Cause
) -> None:
    """Takes `amount` out of a wallet for a loss or a fee, advancing what it does not have."""
    if amount == 0:
        return
    holding = run.state.wallets[wallet_id].holdings.get(VALUATION_ASSET)
    balance = 0 if holding is None else holding.balance
    if balance < amount:
        _advance(run, wallet_id, amount - balance, cause)
    transfer(run, kind, wallet_id, target, amount, cause)


def _advance(run: Execution, wallet_id: int, missing: int, cause: Cause) -> None:
    """What the wallet does not have: a debt of a trader, a shortfall of the insurance fund."""
    if wallet_id == INSURANCE_FUND:
        transfer(run, TransferKind.SHORTFALL, SHORTFALL, wallet_id, missing, cause)
    else:
        transfer(run, TransferKind.SETTLEMENT, LENDING_POOL, wallet_id, missing, cause)
        schedule_interest(run, VALUATION_ASSET)


def schedule_interest(run: Execution, asset_id: int) -> None:
    """BOR-3: interest falls due at the next clock hour, if there is any on this asset."""
    state = run.state
    if state.interest_due_ns is None and state.assets[asset_id].borrow_rate:
        run.emit(InterestScheduled((state.time_ns // NS_PER_HOUR + 1) * NS_PER_HOUR))


def receive(
    run: Execution, source: int, wallet_id: int, kind: TransferKind, amount: int, cause: Cause
) -> None:
    """Puts `amount` into a wallet; settlement debt is repaid from it first."""
    if amount == 0:
        return
    transfer(run, kind, source, wallet_id, amount, cause)
    if run.state.wallets[wallet_id].holdings[VALUATION_ASSET].settlement_debt:
        repay_settlement(run, wallet_id, cause)


def repay_settlement(run: Execution, wallet_id: int, cause: Cause) -> None:
    holding = run.state.holding(wallet_id)
    repaid = min(holding.settlement_debt, holding.balance)
    if repaid > 0:
        transfer(run, TransferKind.SETTLEMENT, wallet_id, LENDING_POOL, repaid, cause)


def transfer(
    run: Execution,
    kind: TransferKind,
    source: int,
    target: int,
    amount: int,
    cause: Cause,
    asset_id: int = VALUATION_ASSET,
) -> None:
    """One double entry."""
    order_id, trade_id, liquidation_id = cause.order_id, cause.trade_id, cause.liquidation_id
    run.emit(
        Transferred(kind, source, target, asset_id, amount, order_id, trade_id, liquidation_id)
    )
