"""MAT-1: price, then time; trades at the maker's price; the book is never crossed afterwards.

`match` is the whole of it: best order first, loop while it crosses, one trade per meeting. What
a maker may not do any more (trade with itself, open without margin) cancels that maker and the
loop goes on.
"""

from simulator.core.model.enums import (
    BUY,
    EXPIRE_MAKER,
    EXPIRE_TAKER,
    ISOLATED_MARGIN,
    RESTING,
    SELL,
    SPOT_INSTRUMENT,
    CancelReason,
    Side,
)
from simulator.core.model.events import OrderAmended, OrderCanceled, TradeExecuted
from simulator.core.model.units import divide_up
from simulator.core.rules import fills, spot_fills, trigger_watch
from simulator.core.rules.execution import Execution
from simulator.core.state.exposure import Exposure
from simulator.core.state.records import Order


def cancel(run: Execution, order: Order, reason: CancelReason) -> None:
    """Ends an order; what remained of it is gone, and what it had borrowed is repaid (BOR-1)."""
    unspent = order.locked
    run.emit(
        OrderCanceled(
            order.order_id, order.account_id, order.instrument_id, order.remaining, reason
        )
    )
    if order.loan or order.moved:
        spot_fills.give_back(run, order, unspent)
    note_end(run, order)


def note_end(run: Execution, order: Order) -> None:
    """The rest of its list is to know that an order ended."""
    if order.list_id is not None:
        run.list_news.append((order, 0))


def match(run: Execution, order: Order) -> CancelReason | None:
    """Trades an accepted order against the book as far as it goes.

    Returns:
        Why the rest of the order must not rest, if there is a reason; else none.
    """
    makers = run.state.books[order.instrument_id].opposite_side(order.side)
    is_spot = run.state.instruments[order.instrument_id].terms.kind is SPOT_INSTRUMENT
    while order.remaining > 0:
        maker = makers.best_order()
        if maker is None or not crosses(order.side, order.price, maker.price):
            return None
        left = order.remaining
        if order.reduce_only:
            left = min(left, reducible(run, order))
        if left == 0:
            return CancelReason.REDUCE_ONLY
        if maker.account_id == order.account_id:
            mode = order.self_trade_prevention
            if mode is not EXPIRE_TAKER:
                cancel(run, maker, CancelReason.SELF_TRADE)
            if mode is not EXPIRE_MAKER:
                return CancelReason.SELF_TRADE
            continue
        quantity = left if left < maker.remaining else maker.remaining
        if is_spot:
            refusal = spot_fills.refusal_now(run.state, maker, quantity, maker.price, maker=True)
            if refusal is not None:
                cancel(run, maker, refusal)
                continue
            refusal = spot_fills.refusal_now(run.state, order, quantity, maker.price, maker=False)
            if refusal is CancelReason.INSUFFICIENT_BALANCE:
                return refusal
            trade_spot(run, order, maker, quantity, maker.price)
            continue
        if maker.margin_mode is ISOLATED_MARGIN:
            refusal = fill_refusal(run, maker, quantity, maker.price, maker=True)
            if refusal is not None:
                cancel(run, maker, refusal)
                continue
        if order.margin_mode is ISOLATED_MARGIN:
            refusal = fill_refusal(run, order, quantity, maker.price, maker=False)
            if refusal is not None:
                return refusal
        trade(run, order, maker, quantity, maker.price)
    return None


def crosses(side: Side, limit: int, maker_price: int) -> bool:
    """Whether an order of this side and limit trades at the maker's price."""
    return maker_price <= limit if side is BUY else maker_price >= limit


def reducible(run: Execution, order: Order) -> int:
    """How much of the position an order of its side could still close."""
    exposure = run.state.exposures[order.account_id][order.instrument_id]
    net = exposure.leg_quantity(order.position_side)
    return abs(net) if net * order.side < 0 else 0


def fill_refusal(
    run: Execution, order: Order, quantity: int, price: int, maker: bool
) -> CancelReason | None:
    """WAL-4: an isolated fill that opens must be covered and stay above the call line."""
    if order.liquidation_id is not None:
        return None
    exposure = run.state.exposures[order.account_id][order.instrument_id]
    purse = fills.Purse(run.state, order.account_id)
    purse.released = order.locked - lock_after(order, quantity)
    sketch = fills.IsolatedSketch(run.state, exposure, order.position_side, purse)
    rate = fills.fee_rate_of(run.state, order, maker)
    return sketch.refusal(sketch.after(order.side, quantity, price, rate))


def lock_after(order: Order, quantity: int) -> int:
    """What stays locked for the rest of an order when `quantity` of it fills."""
    return divide_up(order.locked * (order.remaining - quantity), order.remaining)


def trade(run: Execution, taker: Order, maker: Order, quantity: int, price: int) -> None:
    """One trade and all that it does to the accounts of both orders."""
    trade_id = run.state.counters.trade + 1
    taker_fill = fills.decide_fill(run.state, taker, trade_id, quantity, price, maker=False)
    maker_fill = fills.decide_fill(run.state, maker, trade_id, quantity, price, maker=True)
    taker_lock = lock_after(taker, quantity) if taker.locked else 0
    maker_lock = lock_after(maker, quantity) if maker.locked else 0
    run.emit(
        TradeExecuted(
            trade_id,
            taker.instrument_id,
            price,
            quantity,
            taker.side,
            taker.order_id,
            maker.order_id,
            taker.account_id,
            maker.account_id,
            taker_fill.closing_fee + taker_fill.opening_fee,
            maker_fill.closing_fee + maker_fill.opening_fee,
            taker_fill.parts.realized_pnl,
            maker_fill.parts.realized_pnl,
        )
    )
    _note_trade(run, taker, maker, quantity, price)
    in_liquidation = taker.liquidation_id is not None
    fills.settle_fill(run, taker_fill, taker.keep_margin or in_liquidation, taker_lock)
    fills.settle_fill(run, maker_fill, maker.keep_margin, maker_lock)
    if taker_fill.exposure.reduce_only_orders:
        shrink_reduce_only(run, taker_fill.exposure)
    if maker_fill.exposure.reduce_only_orders:
        shrink_reduce_only(run, maker_fill.exposure)


def trade_spot(run: Execution, taker: Order, maker: Order, quantity: int, price: int) -> None:
    """One trade on a spot instrument."""
    spot_fills.trade(run, taker, maker, quantity, price)
    _note_trade(run, taker, maker, quantity, price)


def _note_trade(run: Execution, taker: Order, maker: Order, quantity: int, price: int) -> None:
    """Triggers that the price meets, and lists whose orders filled, are to know of the trade."""
    if run.state.trigger_boards:
        trigger_watch.meet_trade(run, taker.instrument_id, price)
    if taker.list_id is not None:
        run.list_news.append((taker, quantity))
    if maker.list_id is not None:
        run.list_news.append((maker, quantity))


def shrink_reduce_only(run: Execution, exposure: Exposure) -> None:
    """ORD-5: resting reduce-only orders never exceed the position, furthest cut first.

    Those that wait for a trigger go when the position is gone, unless their entry may open another.
    """
    for side in (BUY, SELL):
        closable = exposure.closable(side)
        _shrink_side(run, exposure, side, closable)
        if closable == 0 and exposure.waiting_orders:
            for order in list(exposure.orders.values()):
                if order.is_untriggered and order.reduce_only and order.side is side:
                    if order.waits_for not in run.state.orders:
                        cancel(run, order, CancelReason.REDUCE_ONLY)


def _shrink_side(run: Execution, exposure: Exposure, side: Side, allowed: int) -> None:
    resting = [
        order
        for order in exposure.orders.values()
        if order.reduce_only and order.side is side and order.status is RESTING
    ]
    excess = sum(order.remaining for order in resting) - allowed
    # furthest from the market first; at one price the latest first
    resting.sort(key=lambda order: (order.price * side, -order.priority))
    for order in resting:
        if excess <= 0:
            return
        cut = min(excess, order.remaining)
        excess -= cut
        if cut == order.remaining:
            cancel(run, order, CancelReason.REDUCE_ONLY)
        else:
            run.emit(
                OrderAmended(
                    order.order_id,
                    order.account_id,
                    order.price,
                    order.quantity - cut,
                    True,
                    order.assumed_price,
                    order.open_loss,
                )
            )
