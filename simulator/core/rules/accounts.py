"""WAL: accounts, money in and between wallets, and each account's settings."""

from simulator.core.model.accounts import FUND_ACCOUNT, MINT
from simulator.core.model.commands import (
    AdjustBalance,
    Deposit,
    DepositFunds,
    OpenAccount,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    TransferFunds,
)
from simulator.core.model.enums import (
    BUY,
    SELL,
    InstrumentKind,
    MarginMode,
    TransferKind,
    WalletKind,
)
from simulator.core.model.events import (
    AccountOpened,
    LeverageSet,
    MarginLocked,
    MarginModeSet,
    PositionModeSet,
    Transferred,
)
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.model.risk_tiers import initial_margin_at, tier_at
from simulator.core.model.units import AMOUNT_LIMIT, RATE_ONE
from simulator.core.rules import margin, money
from simulator.core.rules.borrowing import may_hold
from simulator.core.rules.execution import Execution, refuse
from simulator.core.rules.order_checks import is_in_liquidation
from simulator.core.rules.order_plan import isolated_lock
from simulator.core.rules.spot_settings import set_spot_leverage, spot_mode_refusal
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.exposure import Exposure
from simulator.core.state.records import Order, Wallet


def open_account(run: Execution, command: OpenAccount) -> Refusal | None:
    """WAL-1: an account with its SPOT and CROSS wallets."""
    for rate in (command.maker_fee_rate, command.taker_fee_rate):
        if rate is not None and abs(rate) >= RATE_ONE:
            return refuse(RejectReason.INVALID_TERMS, RATE_ONE, rate)
    counters = run.state.counters
    run.emit(
        AccountOpened(
            counters.account + 1,
            counters.wallet + 1,
            counters.wallet + 2,
            command.maker_fee_rate,
            command.taker_fee_rate,
        )
    )
    return None


def deposit(run: Execution, command: Deposit) -> Refusal | None:
    """Paper money from the mint, to SPOT or CROSS or the insurance fund."""
    wallet = run.state.wallets.get(command.wallet_id)
    if wallet is None or wallet.kind == WalletKind.ISOLATED:
        return refuse(RejectReason.UNKNOWN_WALLET, None, command.wallet_id)
    refusal = _amount_refusal(run.state, wallet, command.asset_id, command.amount)
    if refusal is not None:
        return refusal
    _credit(run, wallet, command.asset_id, command.amount, TransferKind.DEPOSIT, None)
    return None


def deposit_funds(run: Execution, command: DepositFunds) -> Refusal | None:
    """WAL-6: what an owner asks for; more than the limit of a run would be no lesson."""
    state = run.state
    account = state.accounts.get(command.account_id)
    if account is None or command.account_id == FUND_ACCOUNT:
        return refuse(RejectReason.UNKNOWN_ACCOUNT)
    wallets = {WalletKind.SPOT: account.spot_wallet_id, WalletKind.CROSS: account.cross_wallet_id}
    if command.target not in wallets:
        return refuse(RejectReason.UNKNOWN_WALLET)
    if command.asset_id != VALUATION_ASSET:
        return refuse(RejectReason.UNKNOWN_ASSET, VALUATION_ASSET, command.asset_id)
    wallet = state.wallets[wallets[command.target]]
    refusal = _amount_refusal(state, wallet, command.asset_id, command.amount)
    if refusal is not None:
        return refusal
    left = max(0, state.parameters.deposit_limit - account.deposited)
    if command.amount > left:
        return refuse(RejectReason.DEPOSIT_LIMIT, command.amount, left)
    _credit(run, wallet, command.asset_id, command.amount, TransferKind.DEPOSIT, None)
    return None


def _amount_refusal(
    state: ExchangeState, wallet: Wallet, asset_id: int, amount: int
) -> Refusal | None:
    """SPOT holds any asset; units and the fund those that have an index price (UNIT-4)."""
    if asset_id not in state.assets:
        return refuse(RejectReason.UNKNOWN_ASSET, None, asset_id)
    if not may_hold(state, wallet, asset_id):
        return refuse(RejectReason.UNKNOWN_ASSET, VALUATION_ASSET, asset_id)
    balance = state.holding(wallet.wallet_id, asset_id).balance
    if not 0 < amount < AMOUNT_LIMIT or balance + amount >= AMOUNT_LIMIT:
        return refuse(RejectReason.INVALID_AMOUNT, None, amount)
    return None


def _credit(
    run: Execution,
    wallet: Wallet,
    asset_id: int,
    amount: int,
    kind: TransferKind,
    reason: str | None,
) -> None:
    run.emit(Transferred(kind, MINT, wallet.wallet_id, asset_id, amount, None, None, None, reason))
    if asset_id == VALUATION_ASSET:
        money.repay_settlement(run, wallet.wallet_id, money.Cause())


def adjust_balance(run: Execution, command: AdjustBalance) -> Refusal | None:
    """LED-4: a compensating entry against the mint; it takes no more than may leave the wallet."""
    wallet = run.state.wallets.get(command.wallet_id)
    if wallet is None:
        return refuse(RejectReason.UNKNOWN_WALLET, None, command.wallet_id)
    refusal = _amount_refusal(run.state, wallet, command.asset_id, abs(command.amount))
    if refusal is not None:
        return refusal
    kind = TransferKind.ADJUSTMENT
    if command.amount > 0:
        _credit(run, wallet, command.asset_id, command.amount, kind, command.reason)
        return None
    available = _available(run.state, wallet, command.asset_id)
    if -command.amount > available:
        return refuse(RejectReason.INSUFFICIENT_BALANCE, -command.amount, available)
    run.emit(
        Transferred(
            kind,
            command.wallet_id,
            MINT,
            command.asset_id,
            -command.amount,
            None,
            None,
            None,
            command.reason,
        )
    )
    return None


def _available(state: ExchangeState, wallet: Wallet, asset_id: int) -> int:
    if wallet.kind == WalletKind.INSURANCE_FUND:
        return state.holding(wallet.wallet_id, asset_id).balance
    return margin.withdrawable(state, wallet.wallet_id, asset_id)


def transfer_funds(run: Execution, command: TransferFunds) -> Refusal | None:
    """WAL-5: SPOT and CROSS both ways; CROSS and an ISOLATED wallet in use both ways."""
    if command.account_id not in run.state.accounts or command.account_id == FUND_ACCOUNT:
        return refuse(RejectReason.UNKNOWN_ACCOUNT)
    source = _wallet_of(run.state, command, command.source)
    target = _wallet_of(run.state, command, command.target)
    if source is None or target is None:
        return refuse(RejectReason.UNKNOWN_WALLET)
    refusal = _amount_refusal(run.state, target, command.asset_id, command.amount)
    if refusal is not None:
        return refusal
    ways = (command.source, command.target)
    if WalletKind.CROSS not in ways or command.source == command.target:
        return refuse(RejectReason.INVALID_COMBINATION)
    available = margin.withdrawable(run.state, source.wallet_id, command.asset_id)
    if command.amount > available:
        return refuse(RejectReason.INSUFFICIENT_BALANCE, command.amount, available)
    cause, asset_id = money.Cause(), command.asset_id
    ends = (source.wallet_id, target.wallet_id)
    money.transfer(run, TransferKind.TRANSFER, *ends, command.amount, cause, asset_id)
    if asset_id == VALUATION_ASSET:
        money.repay_settlement(run, target.wallet_id, cause)
    return None


def _wallet_of(state: ExchangeState, command: TransferFunds, kind: WalletKind) -> Wallet | None:
    """The wallet of that kind; an ISOLATED one only while it has a position or a debt."""
    account = state.accounts[command.account_id]
    if kind == WalletKind.SPOT:
        return state.wallets[account.spot_wallet_id]
    if kind == WalletKind.CROSS:
        return state.wallets[account.cross_wallet_id]
    if kind != WalletKind.ISOLATED or command.instrument_id is None:
        return None
    key = (command.account_id, command.instrument_id, command.position_side)
    wallet = state.isolated_wallets.get(key)
    if wallet is None:
        return None
    in_use = wallet.wallet_id in state.unit_positions or wallet.wallet_id in state.debtors
    return wallet if in_use else None


# -- settings ------------------------------------------------------------------------------------


def set_margin_mode(run: Execution, command: SetMarginMode) -> Refusal | None:
    """WAL-3: not with an open position or order on the instrument."""
    refusal = _settings_refusal(run.state, command.account_id, command.instrument_id)
    if refusal is not None:
        return refusal
    exposure = run.state.find_exposure(command.account_id, command.instrument_id)
    settings = run.state.settings(command.account_id, command.instrument_id)
    if settings.margin_mode == command.margin_mode:
        return None
    refusal = spot_mode_refusal(run.state, command)
    if refusal is not None:
        return refusal
    if exposure is not None and not exposure.is_idle():
        return refuse(RejectReason.OPEN_POSITION_OR_ORDER)
    run.emit(MarginModeSet(command.account_id, command.instrument_id, command.margin_mode))
    return None


def _settings_refusal(state: ExchangeState, account_id: int, instrument_id: int) -> Refusal | None:
    if account_id not in state.accounts or account_id == FUND_ACCOUNT:
        return refuse(RejectReason.UNKNOWN_ACCOUNT)
    if instrument_id not in state.instruments:
        return refuse(RejectReason.UNKNOWN_INSTRUMENT, None, instrument_id)
    if is_in_liquidation(state, account_id, instrument_id):
        return refuse(RejectReason.LIQUIDATION_IN_PROGRESS)
    return None


def set_position_mode(run: Execution, command: SetPositionMode) -> Refusal | None:
    """WAL-3: of all instruments at once, so none may have an open position or order."""
    state = run.state
    account = state.accounts.get(command.account_id)
    if account is None or command.account_id == FUND_ACCOUNT:
        return refuse(RejectReason.UNKNOWN_ACCOUNT)
    if account.position_mode == command.position_mode:
        return None
    if any(not each.is_idle() for each in state.exposures.get(command.account_id, {}).values()):
        return refuse(RejectReason.OPEN_POSITION_OR_ORDER)
    run.emit(PositionModeSet(command.account_id, command.position_mode))
    return None


def set_leverage(run: Execution, command: SetLeverage) -> Refusal | None:
    """WAL-3: within the risk tiers, and the requirement stays covered; it moves no margin."""
    state = run.state
    refusal = _settings_refusal(state, command.account_id, command.instrument_id)
    if refusal is not None:
        return refusal
    record = state.instruments[command.instrument_id]
    if record.terms.kind == InstrumentKind.SPOT:
        return set_spot_leverage(run, command)
    exposure = state.find_exposure(command.account_id, command.instrument_id)
    notionals: tuple[int, ...] = (0,)
    if exposure is not None and record.mark_price is not None:
        notionals = margin.opening_notionals(exposure)
    highest = tier_at(record.tiers, max(notionals)).max_leverage
    if not 1 <= command.leverage <= highest:
        return refuse(RejectReason.LEVERAGE_NOT_ALLOWED, command.leverage, highest)
    locks: list[tuple[Order, int]] = []
    if exposure is not None and max(notionals) > 0:
        if exposure.settings.margin_mode == MarginMode.CROSS:
            refusal = _cross_leverage_refusal(state, exposure, command.leverage, notionals)
        else:
            locks = _new_locks(state, exposure, command.leverage)
            refusal = _isolated_leverage_refusal(state, exposure, command.leverage, locks)
        if refusal is not None:
            return refusal
    run.emit(LeverageSet(command.account_id, command.instrument_id, command.leverage))
    cross = state.accounts[command.account_id].cross_wallet_id
    for order, lock in locks:
        if lock != order.locked:
            run.emit(MarginLocked(order.order_id, cross, lock))
    return None


def _cross_leverage_refusal(
    state: ExchangeState, exposure: Exposure, leverage: int, notionals: tuple[int, ...]
) -> Refusal | None:
    settings = exposure.settings
    if leverage >= settings.leverage:
        return None
    tiers = state.instruments[settings.instrument_id].tiers
    rise = sum(initial_margin_at(tiers, each, leverage) for each in notionals)
    rise -= sum(initial_margin_at(tiers, each, settings.leverage) for each in notionals)
    cross = state.accounts[settings.account_id].cross_wallet_id
    free = margin.free_collateral(state, margin.assess(state, cross))
    if rise > free:
        return refuse(RejectReason.INSUFFICIENT_MARGIN, rise, max(0, free))
    return None


def _isolated_leverage_refusal(
    state: ExchangeState, exposure: Exposure, leverage: int, locks: list[tuple[Order, int]]
) -> Refusal | None:
    settings = exposure.settings
    for position in (exposure.long, exposure.short):
        if position is None or leverage >= settings.leverage:
            continue
        record = state.instruments[settings.instrument_id]
        notional = margin.notional_at_mark(position, record)
        needed = initial_margin_at(record.tiers, notional, leverage)
        equity = margin.assess(state, position.wallet_id).equity
        if equity < needed:
            return refuse(RejectReason.INSUFFICIENT_MARGIN, needed, max(0, equity))
    rise = sum(lock - order.locked for order, lock in locks)
    cross = state.accounts[settings.account_id].cross_wallet_id
    available = margin.withdrawable(state, cross)
    if rise > available:
        return refuse(RejectReason.INSUFFICIENT_MARGIN, rise, available)
    return None


def _new_locks(state: ExchangeState, exposure: Exposure, leverage: int) -> list[tuple[Order, int]]:
    """WAL-4: the locks of the resting orders at another leverage, earlier orders reducing first."""
    settings = exposure.settings
    locks: list[tuple[Order, int]] = []
    reducible = {side: 0 if exposure.hedged else exposure.closable(side) for side in (BUY, SELL)}
    for order in exposure.orders.values():
        if order.reduce_only or order.is_waiting:
            continue
        reduces = min(order.remaining, reducible[order.side])
        reducible[order.side] -= reduces
        opening = order.remaining - reduces
        lock = isolated_lock(
            state, settings, leverage, opening, (order.assumed_price, order.open_loss)
        )
        locks.append((order, lock))
    return locks
