"""Applying an event: the only place where the state changes. Nothing here decides anything.

`apply(state, event)` looks the event's type up in one table. Folding a journal's events with it
gives the state that executing its commands gave.
"""

from collections.abc import Callable
from typing import Any

from simulator.core.model import events as e
from simulator.core.model.accounts import LENDING_POOL, is_wallet
from simulator.core.model.enums import (
    CancelReason,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    TransferKind,
    WalletKind,
)
from simulator.core.state.book import Book
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import (
    AccountRecord,
    ClientOrder,
    Holding,
    InstrumentRecord,
    OngoingLiquidation,
    Order,
    Position,
    Settings,
    StandingCall,
    Wallet,
)

# -- the world -----------------------------------------------------------------------------------


def _asset_defined(state: ExchangeState, event: e.AssetDefined) -> None:
    state.assets[event.asset.asset_id] = event.asset


def _instrument_listed(state: ExchangeState, event: e.InstrumentListed) -> None:
    instrument_id = event.instrument.instrument_id
    state.instruments[instrument_id] = InstrumentRecord(event.instrument, event.tiers)
    state.books[instrument_id] = Book()
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
    _note_instrument(state, event.instrument_id)


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
    _post(state, event.source, event.asset_id, -event.amount)
    _post(state, event.target, event.asset_id, event.amount)
    if event.kind == TransferKind.SETTLEMENT:
        if event.source == LENDING_POOL:
            _owe(state, event.target, event.asset_id, event.amount)
        else:
            _owe(state, event.source, event.asset_id, -event.amount)
    elif event.kind == TransferKind.LIQUIDATION_FEE:
        liquidation = state.wallets[event.source].liquidation
        if liquidation is not None:
            liquidation.fee += event.amount


def _post(state: ExchangeState, ledger_account: int, asset_id: int, amount: int) -> None:
    if not is_wallet(ledger_account):
        state.ledger.post(ledger_account, asset_id, amount)
        return
    state.ledger.post_to_wallet(asset_id, amount)
    holdings = state.wallets[ledger_account].holdings
    holding = holdings.get(asset_id)
    if holding is None:
        holding = holdings[asset_id] = Holding()
    before = holding.balance
    holding.balance = before + amount
    state.ledger.wallet_changed(asset_id, holding.balance - before)
    state.touched_units[ledger_account] = None
    _note_wallet(state, ledger_account)


def _owe(state: ExchangeState, wallet_id: int, asset_id: int, amount: int) -> None:
    state.wallets[wallet_id].holdings[asset_id].settlement_debt += amount
    debts = state.ledger.settlement_debt
    debts[asset_id] = debts.get(asset_id, 0) + amount


def _margin_locked(state: ExchangeState, event: e.MarginLocked) -> None:
    order = state.orders[event.order_id]
    _change_lock(state, order, event.amount)


def _change_lock(state: ExchangeState, order: Order, amount: int) -> None:
    account = state.accounts[order.account_id]
    terms = state.instruments[order.instrument_id].terms
    holding = state.wallets[account.cross_wallet_id].holdings.setdefault(
        terms.quote_asset_id, Holding()
    )
    holding.locked += amount - order.locked
    exposure = state.exposures[order.account_id][order.instrument_id]
    exposure.locked += amount - order.locked
    order.locked = amount
    _note_wallet(state, account.cross_wallet_id)


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


def _replace_settings(state: ExchangeState, settings: Settings) -> None:
    state.exposure(settings.account_id, settings.instrument_id).settings = settings
    if state.notes is not None:
        state.notes.settings[(settings.account_id, settings.instrument_id)] = None


def _note_wallet(state: ExchangeState, wallet_id: int) -> None:
    if state.notes is not None:
        state.notes.wallets[wallet_id] = None


# -- orders and trades -----------------------------------------------------------------------------


def _order_accepted(state: ExchangeState, event: e.OrderAccepted) -> None:
    state.counters.order = event.order_id
    order = Order(
        event.order_id,
        event.account_id,
        event.instrument_id,
        event.side,
        event.order_type,
        event.time_in_force,
        event.price,
        event.quantity,
        event.quantity,
        event.post_only,
        event.reduce_only,
        event.keep_margin,
        event.margin_mode,
        event.assumed_price,
        event.open_loss,
        event.client_order_id,
        event.liquidation_id,
        event.quote,
        state.time_ns,
        state.time_ns,
    )
    state.index_order(order)
    _note_order(state, order)


def _client_order_recorded(state: ExchangeState, event: e.ClientOrderRecorded) -> None:
    client_order_id = event.request.client_order_id
    if client_order_id is None:
        raise AssertionError("a client order record needs a client order id")
    known = state.client_orders.setdefault(event.account_id, {})
    known[client_order_id] = ClientOrder(
        event.account_id,
        event.request,
        state.time_ns,
        event.order_id,
        event.reason,
        event.needed,
        event.available,
    )
    oldest_kept = state.time_ns - state.parameters.client_order_window_ns
    while len(known) > state.parameters.client_order_minimum:
        first = next(iter(known))
        if known[first].time_ns > oldest_kept:
            break
        del known[first]


def _order_rested(state: ExchangeState, event: e.OrderRested) -> None:
    order = state.orders[event.order_id]
    _rest(state, order)
    _note_order(state, order)


def _rest(state: ExchangeState, order: Order) -> None:
    state.counters.priority += 1
    order.priority = state.counters.priority
    order.status = OrderStatus.RESTING
    state.books[order.instrument_id].own_side(order.side).add(order)
    _note_level(state, order)


def _order_canceled(state: ExchangeState, event: e.OrderCanceled) -> None:
    order = state.orders[event.order_id]
    order.cancel_reason = event.reason
    _end_order(state, order, OrderStatus.CANCELED)
    _note_order(state, order)


def _end_order(state: ExchangeState, order: Order, status: OrderStatus) -> None:
    if order.status == OrderStatus.RESTING:
        state.books[order.instrument_id].own_side(order.side).remove(order)
        _note_level(state, order)
    if order.locked:
        _change_lock(state, order, 0)
    state.forget_order(order)
    order.status = status


def _order_amended(state: ExchangeState, event: e.OrderAmended) -> None:
    order = state.orders[event.order_id]
    exposure = state.exposures[order.account_id][order.instrument_id]
    remaining = event.quantity - (order.quantity - order.remaining)
    book_side = state.books[order.instrument_id].own_side(order.side)
    if not order.reduce_only:
        state.count_order(exposure, order, -order.remaining)
    if order.status == OrderStatus.RESTING:
        _note_level(state, order)
        if event.keeps_priority:
            book_side.reduce(order, order.remaining - remaining)
        else:
            book_side.remove(order)
            order.status = OrderStatus.ACCEPTED
    order.price = event.price
    order.quantity = event.quantity
    order.remaining = remaining
    order.assumed_price = event.assumed_price
    order.open_loss = event.open_loss
    if not order.reduce_only:
        state.count_order(exposure, order, remaining)
    _note_order(state, order)


def _trade_executed(state: ExchangeState, event: e.TradeExecuted) -> None:
    state.counters.trade = event.trade_id
    state.instruments[event.instrument_id].last_price = event.price
    _fill(state, event.taker_order_id, event)
    _fill(state, event.maker_order_id, event)
    _note_instrument(state, event.instrument_id)


def _fill(state: ExchangeState, order_id: int, event: e.TradeExecuted) -> None:
    order = state.orders[order_id]
    quantity = event.quantity
    terms = state.instruments[event.instrument_id].terms
    exposure = state.exposures[order.account_id][order.instrument_id]
    if not order.reduce_only:
        state.count_order(exposure, order, -quantity)
    if order.status == OrderStatus.RESTING:
        state.books[order.instrument_id].own_side(order.side).reduce(order, quantity)
        _note_level(state, order)
    order.remaining -= quantity
    order.filled_notional += terms.notional(quantity, event.price)
    if order.remaining == 0:
        _end_order(state, order, OrderStatus.FILLED)
    _note_order(state, order)


def _quotes_replaced(state: ExchangeState, event: e.QuotesReplaced) -> None:
    exposure = state.exposure(event.account_id, event.instrument_id)
    for order in [order for order in exposure.orders.values() if order.quote]:
        order.cancel_reason = CancelReason.REPLACED_QUOTE
        _end_order(state, order, OrderStatus.CANCELED)
        _note_order(state, order)
    order_id = event.first_order_id
    for side, levels in ((Side.BUY, event.bids), (Side.SELL, event.asks)):
        for price, quantity in levels:
            order = _quote(state, event, order_id, side, price, quantity)
            state.index_order(order)
            _rest(state, order)
            order_id += 1
    state.counters.order = max(state.counters.order, order_id - 1)


def _quote(
    state: ExchangeState,
    event: e.QuotesReplaced,
    order_id: int,
    side: Side,
    price: int,
    quantity: int,
) -> Order:
    settings = state.settings(event.account_id, event.instrument_id)
    return Order(
        order_id,
        event.account_id,
        event.instrument_id,
        side,
        OrderType.LIMIT,
        TimeInForce.GTC,
        price,
        quantity,
        quantity,
        False,
        False,
        False,
        settings.margin_mode,
        price,
        0,
        None,
        None,
        True,
        state.time_ns,
        state.time_ns,
    )


def _note_order(state: ExchangeState, order: Order) -> None:
    """Notes an order that changed; a quote counts from its first fill on."""
    order.updated_ns = state.time_ns
    if state.notes is not None and (order.filled_notional or not order.quote):
        state.notes.orders[order.order_id] = order


def _note_level(state: ExchangeState, order: Order) -> None:
    if state.notes is not None:
        state.notes.levels[(order.instrument_id, order.side, order.price)] = None


# -- positions -------------------------------------------------------------------------------------


def _position_changed(state: ExchangeState, event: e.PositionChanged) -> None:
    unit = state.unit_positions.get(event.wallet_id)
    key = (event.instrument_id, event.position_side)
    position = None if unit is None else unit.get(key)
    if position is None:
        position = Position(
            event.account_id,
            event.instrument_id,
            event.position_side,
            event.wallet_id,
            event.quantity,
            event.entry_notional,
            state.seq,
        )
        state.index_position(position)
    else:
        position.quantity += event.quantity
        position.entry_notional += event.entry_notional
        if position.quantity == 0:
            state.forget_position(position)
    state.ledger.entry_changed(event.instrument_id, event.entry_notional)
    state.touched_units[event.wallet_id] = None
    if state.notes is not None:
        state.notes.positions[(event.account_id, event.instrument_id, event.position_side)] = None
        state.notes.wallets[event.wallet_id] = None


# -- prices ----------------------------------------------------------------------------------------


def _index_price_updated(state: ExchangeState, event: e.IndexPriceUpdated) -> None:
    record = state.instruments[event.instrument_id]
    record.index_price = event.price
    record.index_time_ns = state.time_ns
    _note_instrument(state, event.instrument_id)


def _mark_price_updated(state: ExchangeState, event: e.MarkPriceUpdated) -> None:
    state.instruments[event.instrument_id].mark_price = event.price
    _note_instrument(state, event.instrument_id)


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
    _note_wallet(state, event.wallet_id)


def _sweep_paged(state: ExchangeState, event: e.SweepPaged) -> None:
    state.pending_sweep = list(event.wallet_ids)


def _fund_unload_scheduled(state: ExchangeState, event: e.FundUnloadScheduled) -> None:
    state.fund_unload_at_ns = event.time_ns


_HANDLERS: dict[type[Any], Callable[[ExchangeState, Any], None]] = {
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
    e.MarginLocked: _margin_locked,
    e.LeverageSet: _leverage_set,
    e.MarginModeSet: _margin_mode_set,
    e.OrderAccepted: _order_accepted,
    e.OrderRejected: _nothing,
    e.OrderRepeated: _nothing,
    e.ClientOrderRecorded: _client_order_recorded,
    e.OrderRested: _order_rested,
    e.OrderCanceled: _order_canceled,
    e.OrderAmended: _order_amended,
    e.TradeExecuted: _trade_executed,
    e.QuotesReplaced: _quotes_replaced,
    e.PositionChanged: _position_changed,
    e.IndexPriceUpdated: _index_price_updated,
    e.MarkPriceUpdated: _mark_price_updated,
    e.MarginCallIssued: _margin_call_issued,
    e.MarginCallEnded: _margin_call_ended,
    e.LiquidationStarted: _liquidation_started,
    e.LiquidationStepTaken: _nothing,
    e.PositionTakenOver: _nothing,
    e.LiquidationEnded: _liquidation_ended,
    e.SweepPaged: _sweep_paged,
    e.FundUnloadScheduled: _fund_unload_scheduled,
}


def apply(state: ExchangeState, event: e.AnyEvent) -> None:
    """Changes the state by one event."""
    _HANDLERS[type(event)](state, event)
