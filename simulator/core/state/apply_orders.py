"""Applying the events of orders, trades and positions: the busier half of `apply`."""

from collections.abc import Callable
from typing import Any, Final

from simulator.core.model import events as e
from simulator.core.model.enums import (
    ACCEPTED,
    BUY,
    CANCELED,
    FILLED,
    GTC,
    LAST_SOURCE,
    LIMIT_ORDER,
    PENDING,
    RESTING,
    SELL,
    UNTRIGGERED,
    CancelReason,
    OrderStatus,
    Side,
)
from simulator.core.model.triggers import Trigger
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.notes import ChangeNotes
from simulator.core.state.records import Holding, Order, Position
from simulator.core.state.rows import ClientOrder
from simulator.core.state.trigger_board import watermark_at

# -- orders ----------------------------------------------------------------------------------------


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
        ACCEPTED,
        None,
        0,
        0,
        0,
        event.position_side,
        event.trigger,
        event.close_position,
        event.expires_ns,
        event.self_trade_prevention,
        event.list_id,
        event.waits_for,
        None,
        event.auto_repay,
        auto_borrow=event.auto_borrow,
    )
    if event.trigger is not None:
        if event.waits_for is None:
            _begin_to_watch(state, order)
        else:
            order.status = PENDING
    state.index_order(order)
    if state.notes is not None:
        _note_order(state.notes, order)


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
    order.updated_ns = state.time_ns
    _rest(state, order)
    if state.notes is not None:
        _note_order(state.notes, order)


def _rest(state: ExchangeState, order: Order) -> None:
    priority = state.counters.priority + 1
    state.counters.priority = priority
    order.priority = priority
    order.status = RESTING
    state.books[order.instrument_id].add(order)
    if state.notes is not None:
        _note_level(state.notes, order)


def _order_canceled(state: ExchangeState, event: e.OrderCanceled) -> None:
    order = state.orders[event.order_id]
    order.cancel_reason = event.reason
    _end_order(state, order, CANCELED)
    order.updated_ns = state.time_ns
    if state.notes is not None:
        _note_order(state.notes, order)


def _end_order(state: ExchangeState, order: Order, status: OrderStatus) -> None:
    if order.status is RESTING:
        state.books[order.instrument_id].remove(order)
        if state.notes is not None:
            _note_level(state.notes, order)
    if order.locked:
        change_lock(state, order, 0)
    state.forget_order(order)
    order.status = status


def _order_amended(state: ExchangeState, event: e.OrderAmended) -> None:
    order = state.orders[event.order_id]
    exposure = state.exposures[order.account_id][order.instrument_id]
    remaining = event.quantity - (order.quantity - order.remaining)
    book = state.books[order.instrument_id]
    counts = not order.reduce_only and not order.is_waiting
    if counts:
        exposure.count_order(order, -order.remaining)
    if order.status is RESTING:
        if state.notes is not None:
            _note_level(state.notes, order)
        if event.keeps_priority:
            book.reduce(order, order.remaining - remaining)
        else:
            book.remove(order)
            order.status = OrderStatus.ACCEPTED
    order.price = event.price
    order.quantity = event.quantity
    order.remaining = remaining
    order.assumed_price = event.assumed_price
    order.open_loss = event.open_loss
    if counts:
        exposure.count_order(order, remaining)
    if event.trigger_price is not None:
        _move_trigger(state, order, event.trigger_price)
    order.updated_ns = state.time_ns
    if state.notes is not None:
        _note_order(state.notes, order)


def _begin_to_watch(state: ExchangeState, order: Order) -> None:
    """The order waits for its trigger; a trailing stop may be active at the price of now."""
    order.status = UNTRIGGERED
    if order.trigger is not None:
        record = state.instruments[order.instrument_id]
        order.watermark = watermark_at(order, record.price_of(order.trigger.source))


def _move_trigger(state: ExchangeState, order: Order, price: int) -> None:
    if order.trigger is None:
        raise AssertionError(f"order {order.order_id} has no trigger")
    if order.status is UNTRIGGERED:
        state.unwatch_trigger(order)
    order.trigger = Trigger(order.trigger.source, price)
    if order.status is UNTRIGGERED:
        state.watch_trigger(order)


def _order_woken(state: ExchangeState, event: e.OrderWoken) -> None:
    order = state.orders[event.order_id]
    _begin_to_watch(state, order)
    state.watch_trigger(order)
    order.updated_ns = state.time_ns
    if state.notes is not None:
        _note_order(state.notes, order)


def _order_triggered(state: ExchangeState, event: e.OrderTriggered) -> None:
    order = state.orders[event.order_id]
    state.unwatch_trigger(order)
    order.status = OrderStatus.ACCEPTED
    order.price = event.price
    order.quantity = event.quantity
    order.remaining = event.quantity
    order.assumed_price = event.assumed_price
    order.open_loss = event.open_loss
    state.exposures[order.account_id][order.instrument_id].trigger(order)
    order.updated_ns = state.time_ns
    if state.notes is not None:
        _note_order(state.notes, order)


def _triggers_paged(state: ExchangeState, event: e.TriggersPaged) -> None:
    state.pending_triggers = list(event.order_ids)


def _countdown_set(state: ExchangeState, event: e.CountdownSet) -> None:
    state.set_countdown((event.account_id, event.instrument_id), event.due_ns)


def _countdown_elapsed(state: ExchangeState, event: e.CountdownElapsed) -> None:
    state.set_countdown((event.account_id, event.instrument_id), None)


def _margin_locked(state: ExchangeState, event: e.MarginLocked) -> None:
    order = state.orders[event.order_id]
    change_lock(state, order, event.amount)


def change_lock(state: ExchangeState, order: Order, amount: int) -> None:
    """What an open order keeps locked, from now on."""
    exposure = state.exposures[order.account_id][order.instrument_id]
    wallet_id = state.accounts[order.account_id].cross_wallet_id
    asset_id = exposure.record.terms.quote_asset_id
    if exposure.is_spot:
        wallet_id, asset_id = state.payer_of(order)
    holding = state.wallets[wallet_id].holdings.setdefault(asset_id, Holding())
    holding.locked += amount - order.locked
    exposure.locked += amount - order.locked
    order.locked = amount
    if state.notes is not None:
        state.notes.wallets[wallet_id] = None


def _trade_executed(state: ExchangeState, event: e.TradeExecuted) -> None:
    state.counters.trade = event.trade_id
    state.instruments[event.instrument_id].last_price = event.price
    board = state.trigger_boards.get(event.instrument_id)
    if board is not None:
        board.follow(LAST_SOURCE, event.price)
    _fill(state, event.taker_order_id, event)
    _fill(state, event.maker_order_id, event)
    if state.notes is not None:
        state.notes.instruments[event.instrument_id] = None


def _fill(state: ExchangeState, order_id: int, event: e.TradeExecuted) -> None:
    order = state.orders[order_id]
    quantity = event.quantity
    exposure = state.exposures[order.account_id][order.instrument_id]
    if not order.reduce_only:
        exposure.count_order(order, -quantity)
    if order.status is RESTING:
        state.books[order.instrument_id].reduce(order, quantity)
        if state.notes is not None:
            _note_level(state.notes, order)
    order.remaining -= quantity
    order.filled_notional += quantity * event.price * exposure.multiplier
    if exposure.is_spot and order.locked:
        _spend_lock(state, order, event)
    if order.remaining == 0:
        _end_order(state, order, FILLED)
    order.updated_ns = state.time_ns
    if state.notes is not None:
        _note_order(state.notes, order)


def _spend_lock(state: ExchangeState, order: Order, event: e.TradeExecuted) -> None:
    """A spot order pays out of what it locked: a buy notional and fee, a sell the base asset."""
    terms = state.instruments[order.instrument_id].terms
    if order.side is BUY:
        fee = event.taker_fee if order.order_id == event.taker_order_id else event.maker_fee
        spent = event.quantity * event.price * terms.notional_multiplier + max(0, fee)
    else:
        spent = event.quantity * terms.base_multiplier
    change_lock(state, order, max(0, order.locked - spent))


def _quotes_replaced(state: ExchangeState, event: e.QuotesReplaced) -> None:
    exposure = state.exposure(event.account_id, event.instrument_id)
    for order in [order for order in exposure.orders.values() if order.quote]:
        order.cancel_reason = CancelReason.REPLACED_QUOTE
        _end_order(state, order, CANCELED)
        order.updated_ns = state.time_ns
        if state.notes is not None:
            _note_order(state.notes, order)
    order_id = event.first_order_id
    for side, levels in ((BUY, event.bids), (SELL, event.asks)):
        for price, quantity in levels:
            order = _quote(state, event, order_id, side, price, quantity)
            state.index_order(order)
            if exposure.is_spot:
                change_lock(state, order, exposure.record.terms.paid_with(side, quantity, price))
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
        LIMIT_ORDER,
        GTC,
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


def _note_order(notes: ChangeNotes, order: Order) -> None:
    """Notes an order that changed; a quote counts from its first fill on."""
    if order.filled_notional or not order.quote:
        notes.orders[order.order_id] = order


def _note_level(notes: ChangeNotes, order: Order) -> None:
    notes.levels[(order.instrument_id, order.side, order.price)] = None


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


ORDER_HANDLERS: Final[dict[type[Any], Callable[[ExchangeState, Any], None]]] = {
    e.MarginLocked: _margin_locked,
    e.OrderAccepted: _order_accepted,
    e.ClientOrderRecorded: _client_order_recorded,
    e.OrderRested: _order_rested,
    e.OrderCanceled: _order_canceled,
    e.OrderAmended: _order_amended,
    e.TradeExecuted: _trade_executed,
    e.QuotesReplaced: _quotes_replaced,
    e.PositionChanged: _position_changed,
    e.OrderTriggered: _order_triggered,
    e.OrderWoken: _order_woken,
    e.TriggersPaged: _triggers_paged,
    e.CountdownSet: _countdown_set,
    e.CountdownElapsed: _countdown_elapsed,
}
