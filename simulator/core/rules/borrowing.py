"""BOR: loans, their limits, their interest, and how they are repaid.

A loan is lent by the asset's pool and owed by one wallet. Interest is simple: one hour when it is
borrowed, then one at each clock hour, on the principal that is outstanding. It is owed, not paid,
until a repayment, which pays interest first and then principal.
"""

from typing import Final

from simulator.core.model.accounts import (
    FUND_ACCOUNT,
    INSURANCE_FUND,
    INTEREST_INCOME,
    LENDING_POOL,
    MINT,
)
from simulator.core.model.commands import BorrowFunds, FundLendingPool, RepayFunds
from simulator.core.model.enums import TransferKind, WalletKind
from simulator.core.model.events import InterestAccrued, InterestScheduled, Transferred
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.model.units import AMOUNT_LIMIT, NS_PER_HOUR, RATE_ONE, divide_up
from simulator.core.rules import margin, money, valuation
from simulator.core.rules.execution import Execution, refuse
from simulator.core.rules.valuation import Holdings
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import Wallet

_HOURS_PER_DAY: Final = 24


def hourly_interest(principal: int, borrow_rate: int) -> int:
    """BOR-3: one hour at a rate per day, the division by 24 inside the one rounded step."""
    return divide_up(principal * borrow_rate, _HOURS_PER_DAY * RATE_ONE)


def first_hour(state: ExchangeState, asset_id: int, amount: int) -> int:
    """The interest that a loan begins with."""
    return hourly_interest(amount, state.assets[asset_id].borrow_rate)


# -- lending and repaying ------------------------------------------------------------------------


def lend(run: Execution, wallet_id: int, asset_id: int, amount: int, cause: money.Cause) -> None:
    """BOR-1: a loan, with its first hour of interest; the insurance fund pays none."""
    if amount == 0:
        return
    money.transfer(run, TransferKind.BORROW, LENDING_POOL, wallet_id, amount, cause, asset_id)
    if wallet_id == INSURANCE_FUND:
        return
    accrue(run, wallet_id, asset_id, amount)
    money.schedule_interest(run, asset_id)


def accrue(run: Execution, wallet_id: int, asset_id: int, principal: int) -> int:
    """One hour of interest on a principal; returns it."""
    rate = run.state.assets[asset_id].borrow_rate
    interest = hourly_interest(principal, rate)
    if interest:
        run.emit(InterestAccrued(wallet_id, asset_id, interest, principal, rate))
    return interest


def repay(run: Execution, wallet_id: int, asset_id: int, most: int, cause: money.Cause) -> int:
    """Pays interest and then principal out of the balance, up to `most`; returns what it paid."""
    holding = run.state.holding(wallet_id, asset_id)
    left = min(most, holding.balance)
    interest = min(left, holding.interest)
    principal = min(left - interest, holding.borrowed)
    if interest > 0:
        kind = TransferKind.INTEREST
        money.transfer(run, kind, wallet_id, INTEREST_INCOME, interest, cause, asset_id)
    if principal > 0:
        kind = TransferKind.REPAY
        money.transfer(run, kind, wallet_id, LENDING_POOL, principal, cause, asset_id)
    return max(0, interest) + max(0, principal)


def repay_most(run: Execution, wallet_id: int, asset_id: int, cause: money.Cause) -> int:
    """Repays all that the balance allows."""
    balance = run.state.holding(wallet_id, asset_id).balance
    return repay(run, wallet_id, asset_id, balance, cause)


# -- limits ----------------------------------------------------------------------------------------


def pool_refusal(
    state: ExchangeState, account_id: int, asset_id: int, amount: int, released: int = 0
) -> Refusal | None:
    """BOR-2: the pool has it, and the account's cap is kept; `released` would be repaid first."""
    if amount == 0:
        return None
    pool = state.ledger.balance(LENDING_POOL, asset_id) + released
    if amount > pool:
        return refuse(RejectReason.LENDING_POOL_EXHAUSTED, amount, max(0, pool))
    cap = state.assets[asset_id].account_borrow_cap
    if cap is not None:
        left = max(0, cap - borrowed_by(state, account_id, asset_id) + released)
        if amount > left:
            return refuse(RejectReason.BORROW_CAP, amount, left)
    return None


def borrowed_by(state: ExchangeState, account_id: int, asset_id: int) -> int:
    """What all wallets of an account have borrowed of an asset."""
    cross = state.wallets[state.accounts[account_id].cross_wallet_id]
    total = 0
    for wallet in (cross, *state.isolated_wallets_of(account_id)):
        holding = wallet.holdings.get(asset_id)
        total += 0 if holding is None else holding.borrowed
    return total


def free_after_loan(state: ExchangeState, wallet: Wallet, asset_id: int, amount: int) -> int:
    """Free collateral with a loan and its first hour in the wallet (BOR-2)."""
    held = Holdings(wallet)
    held.add(asset_id, amount)
    held.owe(asset_id, amount + first_hour(state, asset_id, amount))
    return margin.free_collateral(state, margin.assess_with(state, wallet, held))


def most_borrowable(state: ExchangeState, wallet_id: int, asset_id: int) -> int:
    """The largest loan that BOR-2 allows now, found by halving: it is what the check would say."""
    wallet = state.wallets[wallet_id]
    account_id = wallet.account_id
    if wallet.liquidation is not None or not is_lendable(state, wallet, asset_id):
        return 0
    high = max(0, state.ledger.balance(LENDING_POOL, asset_id))
    cap = state.assets[asset_id].account_borrow_cap
    if cap is not None:
        high = min(high, max(0, cap - borrowed_by(state, account_id, asset_id)))
    low = 0
    while low < high:
        middle = (low + high + 1) // 2
        if free_after_loan(state, wallet, asset_id, middle) >= 0:
            low = middle
        else:
            high = middle - 1
    return low


def is_lendable(state: ExchangeState, wallet: Wallet, asset_id: int) -> bool:
    """Whether a wallet may hold and owe the asset: valued, and of the pair if it is isolated."""
    return asset_id in state.assets and may_hold(state, wallet, asset_id)


def may_hold(state: ExchangeState, wallet: Wallet, asset_id: int) -> bool:
    """SPOT anything; CROSS and the fund what has an index; isolated spot margin its pair."""
    if wallet.kind is WalletKind.SPOT or asset_id == VALUATION_ASSET:
        return True
    if valuation.spot_record(state, asset_id) is None:
        return False
    if wallet.kind is not WalletKind.ISOLATED or wallet.instrument_id is None:
        return True
    return state.instruments[wallet.instrument_id].terms.base_asset_id == asset_id


# -- commands --------------------------------------------------------------------------------------


def fund_lending_pool(run: Execution, command: FundLendingPool) -> Refusal | None:
    """BOR-2: paper money that may be lent; only what is not lent goes back to the mint."""
    if command.asset_id not in run.state.assets:
        return refuse(RejectReason.UNKNOWN_ASSET, None, command.asset_id)
    if not 0 < abs(command.amount) < AMOUNT_LIMIT:
        return refuse(RejectReason.INVALID_AMOUNT, None, command.amount)
    pool = run.state.ledger.balance(LENDING_POOL, command.asset_id)
    if command.amount < 0 and -command.amount > pool:
        return refuse(RejectReason.INSUFFICIENT_BALANCE, -command.amount, max(0, pool))
    if pool + command.amount >= AMOUNT_LIMIT:
        return refuse(RejectReason.INVALID_AMOUNT, None, command.amount)
    source, target = (MINT, LENDING_POOL) if command.amount > 0 else (LENDING_POOL, MINT)
    amount = abs(command.amount)
    run.emit(Transferred(TransferKind.DEPOSIT, source, target, command.asset_id, amount))
    return None


def borrow_funds(run: Execution, command: BorrowFunds) -> Refusal | None:
    """BOR-1, BOR-2: a loan by hand."""
    wallet = _unit_of(run.state, command.account_id, command.target, command.instrument_id)
    if isinstance(wallet, Refusal):
        return wallet
    if not is_lendable(run.state, wallet, command.asset_id):
        return refuse(RejectReason.UNKNOWN_ASSET, None, command.asset_id)
    if wallet.liquidation is not None:
        return refuse(RejectReason.LIQUIDATION_IN_PROGRESS)
    if not 0 < command.amount < AMOUNT_LIMIT:
        return refuse(RejectReason.INVALID_AMOUNT, None, command.amount)
    refusal = pool_refusal(run.state, command.account_id, command.asset_id, command.amount)
    if refusal is not None:
        return refusal
    if free_after_loan(run.state, wallet, command.asset_id, command.amount) < 0:
        most = most_borrowable(run.state, wallet.wallet_id, command.asset_id)
        return refuse(RejectReason.INSUFFICIENT_MARGIN, command.amount, most)
    lend(run, wallet.wallet_id, command.asset_id, command.amount, money.Cause())
    return None


def repay_funds(run: Execution, command: RepayFunds) -> Refusal | None:
    """BOR-1: out of the free balance; more than is owed is refused, not kept."""
    wallet = _unit_of(run.state, command.account_id, command.source, command.instrument_id)
    if isinstance(wallet, Refusal):
        return wallet
    if command.asset_id not in run.state.assets:
        return refuse(RejectReason.UNKNOWN_ASSET, None, command.asset_id)
    holding = run.state.holding(wallet.wallet_id, command.asset_id)
    owed = holding.borrowed + holding.interest
    free = max(0, holding.balance - holding.locked)
    amount = min(owed, free) if command.amount is None else command.amount
    if owed == 0:
        return refuse(RejectReason.NOTHING_OWED, command.amount, 0)
    if not 0 < amount < AMOUNT_LIMIT or amount > owed:
        return refuse(RejectReason.INVALID_AMOUNT, owed, amount)
    if amount > free:
        return refuse(RejectReason.INSUFFICIENT_BALANCE, amount, free)
    repay(run, wallet.wallet_id, command.asset_id, amount, money.Cause())
    return None


def _unit_of(
    state: ExchangeState, account_id: int, kind: WalletKind, instrument_id: int | None
) -> Wallet | Refusal:
    """CROSS, or the isolated wallet of a spot instrument."""
    account = state.accounts.get(account_id)
    if account is None or account_id == FUND_ACCOUNT:
        return refuse(RejectReason.UNKNOWN_ACCOUNT)
    if kind is WalletKind.CROSS:
        return state.wallets[account.cross_wallet_id]
    wallet = None
    if kind is WalletKind.ISOLATED and instrument_id is not None:
        wallet = state.isolated_wallets.get((account_id, instrument_id, None))
    return refuse(RejectReason.UNKNOWN_WALLET) if wallet is None else wallet


# -- interest at the clock hour (TIME-1 (2)) -------------------------------------------------------


def next_interest(state: ExchangeState) -> int | None:
    return state.interest_due_ns


def accrue_if_due(run: Execution) -> None:
    """BOR-3, BOR-6: one hour on everything owed.

    Settlement debt pays its interest at once, and what the balance cannot pay joins it.
    """
    state = run.state
    due = state.interest_due_ns
    if due is None or due > state.time_ns:
        return
    owing = False
    for wallet_id in sorted(state.debtors):
        if wallet_id == INSURANCE_FUND:
            continue
        wallet = state.wallets[wallet_id]
        for asset_id in sorted(wallet.holdings):
            holding = wallet.holdings[asset_id]
            if holding.borrowed and accrue(run, wallet_id, asset_id, holding.borrowed):
                owing = True
            if holding.settlement_debt:
                interest = accrue(run, wallet_id, asset_id, holding.settlement_debt)
                kind = TransferKind.INTEREST
                money.pay(run, wallet_id, INTEREST_INCOME, kind, interest, money.Cause())
                owing = owing or interest > 0
    run.emit(InterestScheduled(due + NS_PER_HOUR if owing else None))
