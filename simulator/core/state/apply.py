"""Applying an event: the only place where the state changes. Nothing here decides anything.

`HANDLERS` has one function per type of event. Folding a journal's events with them gives the state
that executing its commands gave.
"""

from collections.abc import Callable
from typing import Any, Final

from simulator.core.model import events as e
from simulator.core.model.accounts import LENDING_POOL
from simulator.core.model.enums import (
    HEDGE,
    OPEN,
    TransferKind,
    TriggerSource,
    WalletKind,
)
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.state.apply_borrowing import BORROWING_HANDLERS, change_debt
from simulator.core.state.apply_liquidations import LIQUIDATION_HANDLERS
from simulator.core.state.apply_orders import ORDER_HANDLERS
from simulator.core.state.apply_prices import PRICE_HANDLERS
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import AccountRecord, Holding, InstrumentRecord, Settings, Wallet
from simulator.core.state.rows import OngoingLiquidation, StandingCall
from simulator.core.state.trigger_board import TriggerBoard

_SETTLEMENT: Final = TransferKind.SETTLEMENT
_LIQUIDATION_FEE: Final = TransferKind.LIQUIDATION_FEE
_DEPOSIT: Final = TransferKind.DEPOSIT
_INSURANCE: Final = TransferKind.INSURANCE
_DEBT_KINDS: Final = (TransferKind.BORROW, TransferKind.REPAY, TransferKind.INTEREST)

# -- the world -----------------------------------------------------------------------------------


def _asset_defined(state: ExchangeState, event: e.AssetDefined) -> None:
    state.assets[event.asset.asset_id] = event.asset


def _instrument_listed(state: ExchangeState, event: e.InstrumentListed) -> None:
    instrument_id = event.instrument.instrument_id
    state.index_instrument(InstrumentRecord(event.instrument, event.tiers))
    _note_instrument(state, instrument_id)


def _risk_tiers_set(state: ExchangeState, event: e.RiskTiersSet) -> None:
    state.instruments[event.instrument_id].tiers = event.tiers
    _note_instrument(state, event.instrument_id)


def _world_configured(state: ExchangeState, event: e.WorldConfigured) -> None:
    state.parameters = event.parameters


def _market_state_changed(state: ExchangeState, event: e.MarketStateChanged) -> None:
    record = state.instruments[event.instrument_id]
    record.market_state = event.state
    record.halt_reason = event.reason
    board = state.trigger_boards.get(event.instrument_id)
    if board is not None:
        _follow_all(record, board)
    _note_instrument(state, event.instrument_id)


def _follow_all(record: InstrumentRecord, board: TriggerBoard) -> None:
    """When its instrument opens, a trailing stop goes on from the prices of now (MAT-2)."""
    for source in TriggerSource:
        price = record.price_of(source)
        if price is not None and record.market_state is OPEN:
            board.follow(source, price)


def _time_advanced(state: ExchangeState, event: e.TimeAdvanced) -> None:
    state.time_ns = max(state.time_ns, event.time_ns)


def _nothing(state: ExchangeState, event: object) -> None:
    """A refusal or a report: it is in the journal, and changes nothing."""


def _note_instrument(state: ExchangeState, instrument_id: int) -> None:
    if state.notes is not None:
        state.notes.instruments[instrument_id] = None


# -- accounts and money ----------------------------------------------------------------------------


def _account_opened(state: ExchangeState, event: e.AccountOpened) -> None:
    state.counters.account = event.account_id
    state.counters.wallet = event.cross_wallet_id
    state.accounts[event.account_id] = AccountRecord(
        event.account_id,
        event.spot_wallet_id,
        event.cross_wallet_id,
        event.maker_fee_rate,
        event.taker_fee_rate,
    )
    for wallet_id, kind in (
        (event.spot_wallet_id, WalletKind.SPOT),
        (event.cross_wallet_id, WalletKind.CROSS),
    ):
        state.index_wallet(Wallet(wallet_id, event.account_id, kind, holdings={}))
        _note_wallet(state, wallet_id)
    if state.notes is not None:
        state.notes.accounts[event.account_id] = None


def _wallet_opened(state: ExchangeState, event: e.WalletOpened) -> None:
    state.counters.wallet = event.wallet_id
    state.index_wallet(
        Wallet(
            event.wallet_id,
            event.account_id,
            event.kind,
            event.instrument_id,
            event.position_side,
            holdings={},
        )
    )
    _note_wallet(state, event.wallet_id)


def _transferred(state: ExchangeState, event: e.Transferred) -> None:
    asset_id, amount = event.asset_id, event.amount
    source, target = state.wallets.get(event.source), state.wallets.get(event.target)
    if source is None:
        state.ledger.post(event.source, asset_id, -amount)
    else:
        _change_balance(state, source, asset_id, -amount)
    if target is None:
        state.ledger.post(event.target, asset_id, amount)
    else:
        _change_balance(state, target, asset_id, amount)
    kind = event.kind
    if kind is _SETTLEMENT:
        if event.source == LENDING_POOL:
            _owe(state, event.target, asset_id, amount)
        else:
            _owe(state, event.source, asset_id, -amount)
    elif kind is _LIQUIDATION_FEE and source is not None and source.liquidation is not None:
        source.liquidation.fee += amount
    elif kind is _INSURANCE and target is not None and target.liquidation is not None:
        target.liquidation.insured += amount
    elif kind in _DEBT_KINDS:
        change_debt(state, event)
    elif kind is _DEPOSIT and target is not None and asset_id == VALUATION_ASSET:
        state.accounts[target.account_id].deposited += amount


def _change_balance(state: ExchangeState, wallet: Wallet, asset_id: int, amount: int) -> None:
    holding = wallet.holdings.get(asset_id)
    if holding is None:
        holding = wallet.holdings[asset_id] = Holding()
    before = holding.balance
    balance = holding.balance = before + amount
    ledger = state.ledger
    ledger.posted_to_wallets[asset_id] += amount
    ledger.wallet_total[asset_id] += balance - before
    state.touched_units[wallet.wallet_id] = None
    if state.notes is not None:
        state.notes.wallets[wallet.wallet_id] = None


def _owe(state: ExchangeState, wallet_id: int, asset_id: int, amount: int) -> None:
    wallet = state.wallets[wallet_id]
    wallet.holdings[asset_id].settlement_debt += amount
    state.ledger.settlement_debt[asset_id] += amount
    state.index_debt(wallet)


def _account_reset(state: ExchangeState, event: e.AccountReset) -> None:
    account = state.accounts[event.account_id]
    account.run = event.run
    account.deposited = event.endowment


def _leverage_set(state: ExchangeState, event: e.LeverageSet) -> None:
    old = state.exposure(event.account_id, event.instrument_id).settings
    _replace_settings(
        state, Settings(old.account_id, old.instrument_id, old.margin_mode, event.leverage)
    )


def _margin_mode_set(state: ExchangeState, event: e.MarginModeSet) -> None:
    old = state.exposure(event.account_id, event.instrument_id).settings
    _replace_settings(
        state, Settings(old.account_id, old.instrument_id, event.margin_mode, old.leverage)
    )


def _position_mode_set(state: ExchangeState, event: e.PositionModeSet) -> None:
    state.accounts[event.account_id].position_mode = event.position_mode
    for exposure in state.exposures.get(event.account_id, {}).values():
        exposure.hedged = event.position_mode is HEDGE and not exposure.is_spot
    if state.notes is not None:
        state.notes.accounts[event.account_id] = None


def _replace_settings(state: ExchangeState, settings: Settings) -> None:
    state.exposure(settings.account_id, settings.instrument_id).settings = settings
    if state.notes is not None:
        state.notes.settings[(settings.account_id, settings.instrument_id)] = None


def _note_wallet(state: ExchangeState, wallet_id: int) -> None:
    if state.notes is not None:
        state.notes.wallets[wallet_id] = None


# -- margin calls and liquidations --------------------------------------------------------------


def _margin_call_issued(state: ExchangeState, event: e.MarginCallIssued) -> None:
    state.counters.margin_call = max(state.counters.margin_call, event.margin_call_id)
    call = StandingCall(event.margin_call_id, state.time_ns)
    state.wallets[event.wallet_id].margin_call = call
    state.standing_calls.pop(event.wallet_id, None)
    state.standing_calls[event.wallet_id] = call
    _note_wallet(state, event.wallet_id)


def _margin_call_ended(state: ExchangeState, event: e.MarginCallEnded) -> None:
    state.wallets[event.wallet_id].margin_call = None
    state.standing_calls.pop(event.wallet_id, None)
    _note_wallet(state, event.wallet_id)


def _liquidation_started(state: ExchangeState, event: e.LiquidationStarted) -> None:
    state.counters.liquidation = event.liquidation_id
    state.wallets[event.wallet_id].liquidation = OngoingLiquidation(event.liquidation_id)
    state.standing_calls.pop(event.wallet_id, None)
    _note_wallet(state, event.wallet_id)


def _liquidation_ended(state: ExchangeState, event: e.LiquidationEnded) -> None:
    state.wallets[event.wallet_id].liquidation = None
    state.cooling.pop(event.wallet_id, None)
    _note_wallet(state, event.wallet_id)


def _sweep_paged(state: ExchangeState, event: e.SweepPaged) -> None:
    state.pending_sweep = list(event.wallet_ids)


def _fund_unload_scheduled(state: ExchangeState, event: e.FundUnloadScheduled) -> None:
    state.fund_unload_at_ns = event.time_ns


HANDLERS: Final[dict[type[Any], Callable[[ExchangeState, Any], None]]] = {
    e.AssetDefined: _asset_defined,
    e.InstrumentListed: _instrument_listed,
    e.RiskTiersSet: _risk_tiers_set,
    e.WorldConfigured: _world_configured,
    e.MarketStateChanged: _market_state_changed,
    e.TimeAdvanced: _time_advanced,
    e.CommandRejected: _nothing,
    e.AccountOpened: _account_opened,
    e.WalletOpened: _wallet_opened,
    e.Transferred: _transferred,
    e.LeverageSet: _leverage_set,
    e.MarginModeSet: _margin_mode_set,
    e.PositionModeSet: _position_mode_set,
    e.AccountReset: _account_reset,
    e.OrderRejected: _nothing,
    e.OrderRepeated: _nothing,
    e.MarginCallIssued: _margin_call_issued,
    e.MarginCallEnded: _margin_call_ended,
    e.LiquidationStarted: _liquidation_started,
    e.LiquidationStepTaken: _nothing,
    e.PositionTakenOver: _nothing,
    e.LiquidationEnded: _liquidation_ended,
    e.SweepPaged: _sweep_paged,
    e.OrderListAccepted: _nothing,
    e.AuctionUncrossed: _nothing,
    e.InstrumentSettled: _nothing,
    e.FundUnloadScheduled: _fund_unload_scheduled,
    **LIQUIDATION_HANDLERS,
    **ORDER_HANDLERS,
    **PRICE_HANDLERS,
    **BORROWING_HANDLERS,
}


def apply(state: ExchangeState, event: e.AnyEvent) -> None:
    """Changes the state by one event."""
    HANDLERS[type(event)](state, event)
