"""The crowd's orders that wait, its lists, times and switches, and its operator's auctions."""

import msgspec

from simulator.core.model import commands as c
from simulator.core.model.enums import (
    ListType,
    MarketState,
    OrderType,
    PositionSide,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TriggerSource,
)
from simulator.core.model.triggers import Trigger
from simulator.core.model.units import NS_PER_HOUR, NS_PER_SECOND, RATE_ONE
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord
from tests.properties.crowd import (
    INSTRUMENTS,
    NOTIONALS,
    TRADERS,
    Builder,
    Choices,
    lots_of,
    move_marks,
    named,
    place,
    price_near_mark,
    traders_positions,
)

SOURCES = (TriggerSource.MARK, TriggerSource.LAST, TriggerSource.INDEX)
CALLBACKS = (RATE_ONE // 1_000, RATE_ONE // 200, RATE_ONE // 50)
SECONDS = (3, 30, 600, 7_200)
LATE = 3_200
"""The seq from which on an instrument may be closed for good: the crowd needs it until then."""
MORTAL = 5


def place_with_options(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """As `place`, with a time to expire or another mode of self-trade prevention."""
    order = place(state, choices)
    assert isinstance(order, c.PlaceOrder)
    mode = choices.of(tuple(SelfTradePrevention))
    order = msgspec.structs.replace(order, self_trade_prevention=mode)
    if order.time_in_force == TimeInForce.GTC and order.price is not None and choices.pick(2):
        expires_ns = state.time_ns + choices.of(SECONDS) * NS_PER_SECOND
        return msgspec.structs.replace(order, time_in_force=TimeInForce.GTD, expires_ns=expires_ns)
    return order


def meet_oneself(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """An order at the price of a resting one of the same account."""
    resting = [
        each for each in state.orders.values() if each.priority and each.account_id in TRADERS
    ]
    if not resting:
        return place_with_options(state, choices)
    met = choices.of(resting)
    side = Side(-met.side)
    return c.PlaceOrder(
        met.account_id,
        met.instrument_id,
        side,
        OrderType.LIMIT,
        met.remaining,
        met.price,
        position_side=named(state, met.account_id, PositionSide(side)),
        self_trade_prevention=choices.of(tuple(SelfTradePrevention)),
    )


def wait_for_price(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """Any trigger order that may open a position."""
    account_id, instrument_id = choices.of(TRADERS), choices.of(INSTRUMENTS)
    side = choices.of((Side.BUY, Side.SELL))
    record = state.instruments[instrument_id]
    return _trigger_order(
        state, choices, (account_id, record, side), lots_of(record, choices.of(NOTIONALS))
    )


def protect(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """A trigger order of somebody who has a position, to reduce or close it."""
    positions = traders_positions(state)
    if not positions:
        return wait_for_price(state, choices)
    position = choices.of(positions)
    record = state.instruments[position.instrument_id]
    owner = (position.account_id, record, Side(-position.side))
    hedged = state.accounts[position.account_id].position_mode.name == "HEDGE"
    order = _trigger_order(state, choices, owner, abs(position.quantity))
    order = msgspec.structs.replace(order, position_side=position.side if hedged else None)
    if order.price is None and choices.pick(2):
        return msgspec.structs.replace(order, quantity=0, close_position=True)
    return msgspec.structs.replace(order, reduce_only=True)


def _trigger_order(
    state: ExchangeState,
    choices: Choices,
    owner: tuple[int, InstrumentRecord, Side],
    quantity: int,
) -> c.PlaceOrder:
    account_id, record, side = owner
    kind = choices.of(tuple(OrderType)[2:])
    profit = kind in (OrderType.TAKE_PROFIT_MARKET, OrderType.TAKE_PROFIT_LIMIT)
    away = int(side) * (-1 if profit else 1)
    steps = choices.of((1, 2, 3, 5, 9, 14, -2))
    source = choices.of(SOURCES)
    trigger_price = price_near_mark(record, away * steps)
    trigger = Trigger(source, trigger_price)
    if kind == OrderType.TRAILING_STOP_MARKET:
        activation = price_near_mark(record, -int(side) * choices.of((1, 4)))
        trigger = Trigger(
            source, None, choices.of(CALLBACKS), activation if choices.pick(2) else None
        )
    limit = None
    if kind in (OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT):
        limit = max(
            record.terms.tick_size, trigger_price + choices.of((0, 1, -2)) * record.terms.tick_size
        )
    expires_ns = None
    if choices.pick(4) == 0:
        expires_ns = state.time_ns + choices.of(SECONDS) * NS_PER_SECOND
    return c.PlaceOrder(
        account_id,
        record.terms.instrument_id,
        side,
        kind,
        quantity,
        limit,
        TimeInForce.GTC if expires_ns is None else TimeInForce.GTD,
        trigger=trigger,
        expires_ns=expires_ns,
        position_side=named(state, account_id, PositionSide(side)),
    )


def place_list(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """An entry with its exits."""
    entry = choices.of((place, wait_for_price, place))(state, choices)
    assert isinstance(entry, c.PlaceOrder)
    entry = msgspec.structs.replace(entry, client_order_id=None, reduce_only=False)
    kind = choices.of((ListType.OTO, ListType.OTOCO))
    record = state.instruments[entry.instrument_id]
    owner = (entry.account_id, record, Side(-entry.side))
    children = []
    for _ in range(2 if kind == ListType.OTOCO else 1):
        child = _trigger_order(state, choices, owner, 0)
        closes = child.price is None and choices.pick(3) == 0
        children.append(
            msgspec.structs.replace(
                child,
                reduce_only=not closes,
                close_position=closes,
                position_side=entry.position_side,
            )
        )
    return c.PlaceOrderList(entry.account_id, kind, (entry, *children))


def place_exits(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """An OCO of somebody who has a position: a limit order near the market, and a stop."""
    order = protect(state, choices)
    assert isinstance(order, c.PlaceOrder)
    if order.close_position:
        order = msgspec.structs.replace(order, close_position=False, reduce_only=True, quantity=1)
    record = state.instruments[order.instrument_id]
    quantity = order.quantity
    held = state.exposure_or_default(order.account_id, order.instrument_id)
    if quantity == 1:
        quantity = max(record.terms.lot_size, held.closable(order.side))
    order = msgspec.structs.replace(order, quantity=quantity)
    limit = c.PlaceOrder(
        order.account_id,
        order.instrument_id,
        order.side,
        OrderType.LIMIT,
        quantity,
        price_near_mark(record, -int(order.side) * choices.of((1, 2, 4))),
        reduce_only=order.reduce_only,
        position_side=order.position_side,
    )
    return c.PlaceOrderList(order.account_id, ListType.OCO, (limit, order))


def cancel_list(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    lists = sorted(state.order_lists)
    if not lists:
        return place_list(state, choices)
    list_id = choices.of(lists)
    account_id = next(iter(state.order_lists[list_id].values())).account_id
    return c.CancelOrderList(account_id + (choices.pick(5) == 0), list_id)


def amend_waiting(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    waiting = [each for each in state.orders.values() if each.is_waiting]
    if not waiting:
        return wait_for_price(state, choices)
    order = choices.of(waiting)
    record = state.instruments[order.instrument_id]
    return c.AmendOrder(
        order.account_id,
        order.order_id,
        trigger_price=price_near_mark(record, choices.pick(21) - 10),
        quantity=choices.of((None, None, order.quantity * 2)),
        price=choices.of((None, None, price_near_mark(record, choices.pick(9) - 4))),
    )


def arm_switch(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """Mostly of somebody with open orders."""
    owners = [each.account_id for each in state.orders.values() if each.account_id in TRADERS]
    account_id = choices.of(owners or TRADERS)
    seconds = choices.of((5, 30, 600, None, 0))
    countdown_ns = None if seconds is None else seconds * NS_PER_SECOND
    where = choices.of((None, *INSTRUMENTS))
    return c.CountdownCancelAll(account_id, countdown_ns, where)


def call_auction(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """Begins one, lets orders come to it, or ends it."""
    held = [
        each for each in INSTRUMENTS if state.instruments[each].market_state == MarketState.AUCTION
    ]
    if not held:
        return c.SetMarketState(choices.of(INSTRUMENTS), MarketState.AUCTION)
    instrument_id = choices.of(held)
    if choices.pick(6) == 0:
        state_then = choices.of((MarketState.OPEN, MarketState.OPEN, MarketState.HALTED))
        return c.SetMarketState(instrument_id, state_then)
    record = state.instruments[instrument_id]
    account_id, side = choices.of(TRADERS), choices.of((Side.BUY, Side.SELL))
    return c.PlaceOrder(
        account_id,
        instrument_id,
        side,
        OrderType.LIMIT,
        lots_of(record, choices.of(NOTIONALS[:5])),
        price_near_mark(record, int(side) * (choices.pick(8) - 2)),
        reduce_only=choices.pick(6) == 0,
        position_side=named(state, account_id, PositionSide(side)),
        self_trade_prevention=choices.of(tuple(SelfTradePrevention)),
    )


def close_market(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """Late in a run, and for one instrument only."""
    if state.seq < LATE:
        return move_marks(state, choices)
    price = choices.of((None, price_near_mark(state.instruments[MORTAL], choices.pick(200) - 100)))
    return c.SetMarketState(MORTAL, MarketState.CLOSED, price)


def let_an_hour_pass(state: ExchangeState, choices: Choices) -> c.AnyCommand:
    """Small steps, at which orders expire and switches fire."""
    return c.AdvanceTime(state.time_ns + choices.of((NS_PER_SECOND, NS_PER_HOUR // 6)))


ORDER_BUILDERS: dict[str, tuple[int, Builder]] = {
    "place_with_options": (8, place_with_options),
    "meet_oneself": (3, meet_oneself),
    "wait_for_price": (10, wait_for_price),
    "protect": (10, protect),
    "place_list": (8, place_list),
    "place_exits": (6, place_exits),
    "cancel_list": (2, cancel_list),
    "amend_waiting": (3, amend_waiting),
    "arm_switch": (2, arm_switch),
    "call_auction": (12, call_auction),
    "close_market": (1, close_market),
    "let_an_hour_pass": (2, let_an_hour_pass),
}
"""As `crowd.BUILDERS`."""
