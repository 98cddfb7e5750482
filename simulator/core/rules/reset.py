"""WAL-7: an account begins anew, and nothing that it did before is erased.

Positions have another side, so they cannot just vanish: the insurance fund takes them over at mark.
Money goes back to where it came from, the mint, in compensating entries (LED-4).
"""

from typing import Final

from simulator.core.model.accounts import FUND_ACCOUNT, MINT
from simulator.core.model.commands import ResetAccount
from simulator.core.model.enums import CancelReason, TransferKind
from simulator.core.model.events import AccountReset, Transferred
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.model.units import AMOUNT_LIMIT
from simulator.core.rules import borrowing, canceling, insurance, margin, money
from simulator.core.rules.execution import Execution, refuse
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import Position, Wallet

_REASON: Final = "reset"


def reset_account(run: Execution, command: ResetAccount) -> Refusal | None:
    """WAL-7: cancel, close at mark, return, adjust to the endowment, next run."""
    account = run.state.accounts.get(command.account_id)
    if account is None or command.account_id == FUND_ACCOUNT:
        return refuse(RejectReason.UNKNOWN_ACCOUNT)
    if not 0 <= command.endowment < AMOUNT_LIMIT:
        return refuse(RejectReason.INVALID_AMOUNT, None, command.endowment)
    isolated = run.state.isolated_wallets_of(command.account_id)
    cross = run.state.wallets[account.cross_wallet_id]
    if any(wallet.liquidation is not None for wallet in (cross, *isolated)):
        return refuse(RejectReason.LIQUIDATION_IN_PROGRESS)
    canceling.cancel_orders_of(run, command.account_id, None, CancelReason.REQUESTED)
    for position in _positions(run.state, command.account_id):
        _close_at_mark(run, position)
    for wallet in isolated:
        if wallet.position_side is None:
            _empty(run, wallet)
        else:
            _return_margin(run, wallet, cross)
    _empty(run, run.state.wallets[account.spot_wallet_id])
    _empty(run, cross, but=VALUATION_ASSET)
    _adjust(run, cross, VALUATION_ASSET, command.endowment)
    run.emit(AccountReset(command.account_id, account.run + 1, command.endowment))
    return None


def _positions(state: ExchangeState, account_id: int) -> list[Position]:
    by_instrument = state.exposures.get(account_id, {})
    found = [
        position
        for instrument_id in sorted(by_instrument)
        for position in (by_instrument[instrument_id].long, by_instrument[instrument_id].short)
    ]
    return [position for position in found if position is not None]


def _close_at_mark(run: Execution, position: Position) -> None:
    notional = margin.notional_at_mark(position, run.state.instruments[position.instrument_id])
    insurance.move_to_fund(run, position, abs(position.quantity), notional, money.Cause())


def _return_margin(run: Execution, wallet: Wallet, cross: Wallet) -> None:
    """What is left goes to CROSS; what is owed is the mint's, for CROSS owes nothing for it."""
    holding = run.state.holding(wallet.wallet_id)
    if holding.settlement_debt > 0:
        _adjust(run, wallet, VALUATION_ASSET, 0)
    elif holding.balance > 0:
        kind = TransferKind.TRANSFER
        money.receive(run, wallet.wallet_id, cross.wallet_id, kind, holding.balance, money.Cause())


def _empty(run: Execution, wallet: Wallet, but: int | None = None) -> None:
    """All assets go back to the mint, which pays what is owed of them."""
    for asset_id in sorted(wallet.holdings):
        if asset_id != but:
            _adjust(run, wallet, asset_id, 0)


def _adjust(run: Execution, wallet: Wallet, asset_id: int, wanted: int) -> None:
    """Pays what the wallet owes, and leaves the wanted balance in it."""
    holding = run.state.holding(wallet.wallet_id, asset_id)
    owed = holding.settlement_debt + holding.borrowed + holding.interest
    _mint(run, wallet.wallet_id, asset_id, wanted - holding.balance + owed)
    if owed:
        cause = money.Cause()
        if asset_id == VALUATION_ASSET:
            money.repay_settlement(run, wallet.wallet_id, cause)
        borrowing.repay(run, wallet.wallet_id, asset_id, owed, cause)


def _mint(run: Execution, wallet_id: int, asset_id: int, change: int) -> None:
    """LED-4: a compensating entry against the mint."""
    if change == 0:
        return
    source, target = (MINT, wallet_id) if change > 0 else (wallet_id, MINT)
    kind = TransferKind.ADJUSTMENT
    run.emit(Transferred(kind, source, target, asset_id, abs(change), None, None, None, _REASON))
