"""ORD: placing, amending and canceling orders.

Refusals are found in the order of precedence of `model.rejects`, before the first event. An
accepted order is matched, and its rest rests or is canceled with the reason.
"""

from simulator.core.model.accounts import FUND_ACCOUNT
from simulator.core.model.commands import AmendOrder, CancelAllOrders, CancelOrder, PlaceOrder
from simulator.core.model.enums import (
    BUY,
    CANCELED,
    CROSS_MARGIN,
    FOK,
    GTC,
    IOC,
    LONG,
    MARKET_ORDER,
    OPEN,
    SHORT,
    CancelReason,
    PositionSide,
    Side,
)
from simulator.core.model.events import (
    ClientOrderRecorded,
    MarginLocked,
    OrderAccepted,
    OrderAmended,
    OrderRejected,
    OrderRepeated,
    OrderRested,
)
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.model.units import (
    AMOUNT_LIMIT,
    RATE_ONE,
    rate_of_down,
    rate_of_up,
    round_down_to,
    round_up_to,
)
from simulator.core.rules import margin, matching
from simulator.core.rules.execution import Execution, refuse
from simulator.core.rules.order_plan import (
    Plan,
    need_of,
    only_reduces,
    plan_order,
    rests_freely,
    why_not_rest,
)
from simulator.core.rules.taking import Intent
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.exposure import Exposure
from simulator.core.state.records import AccountRecord, InstrumentRecord, Order


def place_order(run: Execution, command: PlaceOrder) -> None:
    """ORD-1 to ORD-7: refuses, or accepts, matches and rests."""
    if command.client_order_id is not None and _is_known(run, command):
        return
    plan = check_order(run.state, command)
    if not isinstance(plan, Plan):
        _reject(run, command, plan)
        return
    order_id = run.state.counters.order + 1
    run.emit(
        OrderAccepted(
            order_id,
            command.account_id,
            command.instrument_id,
            command.side,
            command.order_type,
            plan.intent.time_in_force,
            plan.intent.limit,
            command.quantity,
            command.post_only,
            plan.intent.reduce_only,
            command.keep_margin,
            plan.intent.exposure.settings.margin_mode,
            plan.assumed_price,
            plan.open_loss,
            command.client_order_id,
            position_side=command.position_side,
        )
    )
    if command.client_order_id is not None:
        run.emit(ClientOrderRecorded(command.account_id, command, order_id, None, None, None))
    work(run, run.state.orders[order_id], plan)


def check_order(state: ExchangeState, command: PlaceOrder) -> Plan | Refusal:
    """What the order would do, or the first reason why it must not: `place_order` without deeds."""
    account = state.accounts.get(command.account_id)
    if account is None or command.account_id == FUND_ACCOUNT:
        return refuse(RejectReason.UNKNOWN_ACCOUNT)
    record = state.instruments.get(command.instrument_id)
    if record is None:
        return refuse(RejectReason.UNKNOWN_INSTRUMENT)
    exposure = state.exposure_or_default(command.account_id, command.instrument_id)
    refusal = _market_refusal(state, account, exposure, command.position_side)
    if refusal is None:
        refusal = _side_refusal(command, exposure)
    if refusal is None:
        refusal = _form_refusal(command, exposure)
    if refusal is not None:
        return refusal
    limit = command.price
    if limit is None:
        limit = band_edge(record, command.side)
    time_in_force = command.time_in_force
    if time_in_force is GTC and command.order_type is MARKET_ORDER:
        time_in_force = IOC
    intent = Intent(
        account,
        exposure,
        command.side,
        limit,
        command.quantity,
        time_in_force,
        command.order_type,
        closes(command),
        command.keep_margin,
        position_side=command.position_side,
    )
    return _checked_plan(state, intent, command.post_only)


def _checked_plan(state: ExchangeState, intent: Intent, post_only: bool) -> Plan | Refusal:
    if intent.reduce_only and intent.net * intent.side >= 0:
        return refuse(RejectReason.REDUCE_ONLY_WITHOUT_POSITION, intent.quantity, 0)
    if post_only:
        book = state.books[intent.instrument_id]
        if book.would_take(intent.side, intent.limit):
            best = book.opposite_side(intent.side).best_price()
            return refuse(RejectReason.POST_ONLY_WOULD_TAKE, intent.limit, best)
    plan = plan_order(state, intent)
    if intent.time_in_force is FOK and plan.filled_quantity < intent.quantity:
        reason = RejectReason.FILL_OR_KILL_NOT_FILLABLE
        if plan.taken.stopped is CancelReason.WOULD_CAUSE_MARGIN_CALL:
            reason = RejectReason.WOULD_CAUSE_MARGIN_CALL
        return refuse(reason, intent.quantity, plan.filled_quantity)
    refusal = _limit_refusal(intent)
    if refusal is None and plan.required > plan.cover:
        refusal = refuse(RejectReason.INSUFFICIENT_MARGIN, *need_of(state, plan))
    if refusal is not None and not only_reduces(intent):
        return refusal
    return plan


def _is_known(run: Execution, command: PlaceOrder) -> bool:
    """ORD-7: answers a repeated client order id from memory."""
    client_order_id = command.client_order_id
    if client_order_id is None:
        return False
    known = run.state.client_orders.get(command.account_id, {}).get(client_order_id)
    if known is None:
        return False
    if known.request != command:
        run.emit(
            OrderRejected(
                command.account_id,
                command.instrument_id,
                RejectReason.DUPLICATE_CLIENT_ORDER_ID,
                None,
                None,
                client_order_id,
            )
        )
        return True
    run.emit(
        OrderRepeated(
            command.account_id,
            client_order_id,
            known.order_id,
            known.reason,
            known.needed,
            known.available,
        )
    )
    return True


def _reject(run: Execution, command: PlaceOrder, refusal: Refusal) -> None:
    run.emit(
        OrderRejected(
            command.account_id,
            command.instrument_id,
            refusal.reason,
            refusal.needed,
            refusal.available,
            command.client_order_id,
        )
    )
    known_account = refusal.reason != RejectReason.UNKNOWN_ACCOUNT
    if command.client_order_id is not None and known_account:
        run.emit(
            ClientOrderRecorded(
                command.account_id,
                command,
                None,
                refusal.reason,
                refusal.needed,
                refusal.available,
            )
        )


# -- refusals, in order of precedence ----------------------------------------------------------


def _market_refusal(
    state: ExchangeState,
    account: AccountRecord,
    exposure: Exposure,
    position_side: PositionSide | None,
) -> Refusal | None:
    if exposure.record.mark_price is None:
        return refuse(RejectReason.NO_MARK_PRICE)
    if exposure.record.market_state is not OPEN:
        return refuse(RejectReason.MARKET_HALTED)
    if _is_liquidating(state, account, exposure, position_side):
        return refuse(RejectReason.LIQUIDATION_IN_PROGRESS)
    return None


def is_in_liquidation(state: ExchangeState, account_id: int, instrument_id: int) -> bool:
    """LIQ-1: whether a unit that margins the account there is being liquidated."""
    exposure = state.exposure_or_default(account_id, instrument_id)
    account = state.accounts[account_id]
    return any(_is_liquidating(state, account, exposure, side) for side in (LONG, SHORT))


def _is_liquidating(
    state: ExchangeState,
    account: AccountRecord,
    exposure: Exposure,
    position_side: PositionSide | None,
) -> bool:
    """Of CROSS, or of the isolated wallet of the position that an order would act on."""
    if exposure.settings.margin_mode is CROSS_MARGIN:
        return state.wallets[account.cross_wallet_id].liquidation is not None
    position = exposure.leg(position_side)
    return position is not None and state.wallets[position.wallet_id].liquidation is not None


def closes(command: PlaceOrder) -> bool:
    """Whether an order only reduces: it says so, or in hedge mode acts against its position."""
    if command.position_side is not None and command.side * command.position_side < 0:
        return True
    return command.reduce_only


def _side_refusal(command: PlaceOrder, exposure: Exposure) -> Refusal | None:
    """WAL-3: a hedged account names a position; what opens one cannot be told to reduce it."""
    if exposure.hedged != (command.position_side is not None):
        return refuse(RejectReason.POSITION_SIDE_MISMATCH)
    opens = command.position_side is not None and command.side * command.position_side > 0
    if opens and command.reduce_only:
        return refuse(RejectReason.INVALID_COMBINATION)
    return None


def _form_refusal(command: PlaceOrder, exposure: Exposure) -> Refusal | None:
    """ORD-2: the filters, and options that exclude each other."""
    record = exposure.record
    terms = record.terms
    market = command.order_type is MARKET_ORDER
    if not 0 < command.quantity < AMOUNT_LIMIT:
        return refuse(RejectReason.INVALID_AMOUNT, None, None)
    if market != (command.price is None) or (market and command.post_only):
        return refuse(RejectReason.INVALID_COMBINATION)
    if command.post_only and command.time_in_force is not GTC:
        return refuse(RejectReason.INVALID_COMBINATION)
    if command.keep_margin and not closes(command):
        return refuse(RejectReason.INVALID_COMBINATION)
    price = command.price
    maximum = terms.max_market_quantity if price is None else terms.max_quantity
    refusal = _terms_refusal(record, command.side, price, command.quantity, maximum)
    if refusal is not None:
        return refusal
    if price is None:
        price = margin.mark_of(record)
    notional = command.quantity * price * exposure.multiplier
    if notional < terms.min_notional and not closes(command):
        return refuse(RejectReason.NOTIONAL_TOO_SMALL, terms.min_notional, notional)
    count = len(exposure.orders)
    if not market and count >= terms.max_open_orders:
        return refuse(RejectReason.TOO_MANY_OPEN_ORDERS, count + 1, terms.max_open_orders)
    return None


def _terms_refusal(
    record: InstrumentRecord, side: Side, price: int | None, quantity: int, maximum: int
) -> Refusal | None:
    """Tick and band of a limit price, `available` the nearest edge; lot and size of a quantity."""
    terms = record.terms
    if price is not None:
        if not 0 < price < AMOUNT_LIMIT or price % terms.tick_size:
            return refuse(RejectReason.PRICE_NOT_ON_TICK, terms.tick_size, price)
        # Not divided: a price on the tick is within the band's edge when it is within the band.
        furthest = margin.mark_of(record) * (RATE_ONE + side * terms.price_band_rate)
        if (price * RATE_ONE - furthest) * side > 0:
            return refuse(RejectReason.PRICE_OUTSIDE_BAND, price, band_edge(record, side))
    if quantity % terms.lot_size:
        return refuse(RejectReason.QUANTITY_NOT_ON_LOT, terms.lot_size, quantity)
    if quantity < terms.min_quantity:
        return refuse(RejectReason.QUANTITY_TOO_SMALL, terms.min_quantity, quantity)
    if quantity > maximum:
        return refuse(RejectReason.QUANTITY_TOO_LARGE, maximum, quantity)
    return None


def band_edge(record: InstrumentRecord, side: Side) -> int:
    """The worst price of the band: buys at most `mark * (1 + band)`, sells at least `(1 - band)`.

    Rounded inward to the tick; a sell's edge is never under one tick.
    """
    mark, band = margin.mark_of(record), record.terms.price_band_rate
    if side is BUY:
        return round_down_to(rate_of_down(mark, RATE_ONE + band), record.terms.tick_size)
    edge = round_up_to(rate_of_up(mark, RATE_ONE - band), record.terms.tick_size)
    return max(edge, record.terms.tick_size)


def _limit_refusal(intent: Intent) -> Refusal | None:
    """ORD-2: position and opening orders within what the chosen leverage allows."""
    exposure = intent.exposure
    record = exposure.record
    limit = margin.position_limit(record, exposure.settings.leverage)
    if limit is None:
        return None
    quantity = exposure.totals(intent.side).quantity + intent.quantity
    if intent.replaces is not None and not intent.replaces.reduce_only:
        quantity -= intent.replaces.remaining
    signed = intent.net + intent.side * quantity
    notional = record.terms.notional(abs(signed), margin.mark_of(record))
    if notional > limit:
        return refuse(RejectReason.POSITION_LIMIT, notional, limit)
    return None


# -- working an accepted order -----------------------------------------------------------------


def work(run: Execution, order: Order, plan: Plan) -> None:
    """Matches an accepted order; the rest rests with its lock, or is canceled with the reason."""
    reason: CancelReason | None = None
    if plan.taken.crosses:
        reason = matching.match(run, order)
        if order.remaining == 0 or order.status is CANCELED:
            return
    if reason is None and not rests_freely(plan.intent):
        reason = why_not_rest(plan.intent, matching.reducible(run, order))
    if reason is not None:
        matching.cancel(run, order, reason)
        return
    if plan.lock:
        wallet_id = run.state.accounts[order.account_id].cross_wallet_id
        run.emit(MarginLocked(order.order_id, wallet_id, plan.lock))
    run.emit(OrderRested(order.order_id))
    if plan.intent.exposure.reduce_only_orders:
        matching.shrink_reduce_only(run, plan.intent.exposure)


def amend_order(run: Execution, command: AmendOrder) -> Refusal | None:
    """ORD-8: quantity down keeps the place in the queue; anything else takes a new one."""
    order = own_order(run.state, command.account_id, command.order_id)
    if order is None:
        return refuse(RejectReason.UNKNOWN_ORDER)
    exposure = run.state.exposures[order.account_id][order.instrument_id]
    price = order.price if command.price is None else command.price
    quantity = order.quantity if command.quantity is None else command.quantity
    refusal = _amend_refusal(run.state, exposure, order, price, quantity)
    if refusal is not None:
        return refusal
    remaining = quantity - (order.quantity - order.remaining)
    if price == order.price and quantity <= order.quantity:
        _shrink(run, order, quantity, remaining)
        return None
    intent = Intent(
        run.state.accounts[order.account_id],
        exposure,
        order.side,
        price,
        remaining,
        order.time_in_force,
        order.order_type,
        order.reduce_only,
        order.keep_margin,
        order,
        order.position_side,
    )
    plan = _checked_plan(run.state, intent, order.post_only)
    if not isinstance(plan, Plan):
        return plan
    if order.locked:
        wallet_id = run.state.accounts[order.account_id].cross_wallet_id
        run.emit(MarginLocked(order.order_id, wallet_id, 0))
    _emit_amended(run, order, price, quantity, False, (plan.assumed_price, plan.open_loss))
    work(run, order, plan)
    return None


def _amend_refusal(
    state: ExchangeState, exposure: Exposure, order: Order, price: int, quantity: int
) -> Refusal | None:
    account = state.accounts[order.account_id]
    refusal = _market_refusal(state, account, exposure, order.position_side)
    if refusal is not None:
        return refusal
    record = exposure.record
    if not 0 < quantity < AMOUNT_LIMIT:
        return refuse(RejectReason.INVALID_AMOUNT)
    new_price = price if price != order.price else None
    maximum = record.terms.max_quantity
    refusal = _terms_refusal(record, order.side, new_price, quantity, maximum)
    if refusal is not None:
        return refusal
    filled = order.quantity - order.remaining
    if quantity <= filled:
        return refuse(RejectReason.QUANTITY_ALREADY_FILLED, quantity, filled)
    notional = record.terms.notional(quantity, price)
    if not order.reduce_only and notional < record.terms.min_notional:
        return refuse(RejectReason.NOTIONAL_TOO_SMALL, record.terms.min_notional, notional)
    return None


def _shrink(run: Execution, order: Order, quantity: int, remaining: int) -> None:
    if quantity == order.quantity:
        return
    if order.locked:
        wallet_id = run.state.accounts[order.account_id].cross_wallet_id
        lock = matching.lock_after(order, order.remaining - remaining)
        run.emit(MarginLocked(order.order_id, wallet_id, lock))
    terms = (order.assumed_price, order.open_loss)
    _emit_amended(run, order, order.price, quantity, True, terms)


def _emit_amended(
    run: Execution,
    order: Order,
    price: int,
    quantity: int,
    keeps_priority: bool,
    margin_of_order: tuple[int, int],
) -> None:
    run.emit(
        OrderAmended(
            order.order_id,
            order.account_id,
            price,
            quantity,
            keeps_priority,
            margin_of_order[0],
            margin_of_order[1],
        )
    )


def own_order(state: ExchangeState, account_id: int, order_id: int) -> Order | None:
    """An open order of this account; somebody else's is as good as none."""
    order = state.orders.get(order_id)
    return order if order is not None and order.account_id == account_id else None


def cancel_order(run: Execution, command: CancelOrder) -> Refusal | None:
    order = own_order(run.state, command.account_id, command.order_id)
    if order is None:
        return refuse(RejectReason.UNKNOWN_ORDER)
    matching.cancel(run, order, CancelReason.REQUESTED)
    return None


def cancel_all_orders(run: Execution, command: CancelAllOrders) -> Refusal | None:
    """All of the account's open orders, or those on one instrument; none open is no error."""
    if command.account_id not in run.state.accounts or command.account_id == FUND_ACCOUNT:
        return refuse(RejectReason.UNKNOWN_ACCOUNT)
    if command.instrument_id is not None and command.instrument_id not in run.state.instruments:
        return refuse(RejectReason.UNKNOWN_INSTRUMENT)
    cancel_orders_of(run, command.account_id, command.instrument_id, CancelReason.REQUESTED)
    return None


def cancel_orders_of(
    run: Execution, account_id: int, instrument_id: int | None, reason: CancelReason
) -> None:
    """Cancels in order of instrument and age."""
    by_instrument = run.state.exposures.get(account_id, {})
    chosen = sorted(by_instrument) if instrument_id is None else [instrument_id]
    for each in chosen:
        exposure = by_instrument.get(each)
        if exposure is not None:
            for order in list(exposure.orders.values()):
                matching.cancel(run, order, reason)
