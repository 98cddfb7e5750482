"""ORD: what an order would do, or the first reason why it must not be.

Refusals are found in the order of precedence of `model.rejects`, before the first event. Placing an
order, amending one and previewing one ask the same questions here.
"""

from simulator.core.model.accounts import FUND_ACCOUNT
from simulator.core.model.commands import PlaceOrder
from simulator.core.model.enums import (
    BUY,
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
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.model.units import (
    AMOUNT_LIMIT,
    RATE_ONE,
    rate_of_down,
    rate_of_up,
    round_down_to,
    round_up_to,
)
from simulator.core.rules import margin
from simulator.core.rules.execution import refuse
from simulator.core.rules.order_plan import Plan, need_of, only_reduces, plan_order
from simulator.core.rules.taking import Intent
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.exposure import Exposure
from simulator.core.state.records import AccountRecord, InstrumentRecord


def check_order(state: ExchangeState, command: PlaceOrder) -> Plan | Refusal:
    """What the order would do, or the first reason why it must not: `place_order` without deeds."""
    account = state.accounts.get(command.account_id)
    if account is None or command.account_id == FUND_ACCOUNT:
        return refuse(RejectReason.UNKNOWN_ACCOUNT)
    record = state.instruments.get(command.instrument_id)
    if record is None:
        return refuse(RejectReason.UNKNOWN_INSTRUMENT)
    exposure = state.exposure_or_default(command.account_id, command.instrument_id)
    refusal = market_refusal(state, account, exposure, command.position_side)
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
    return checked_plan(state, intent, command.post_only)


def checked_plan(state: ExchangeState, intent: Intent, post_only: bool) -> Plan | Refusal:
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


# -- refusals, in order of precedence ----------------------------------------------------------


def market_refusal(
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
    refusal = terms_refusal(record, command.side, price, command.quantity, maximum)
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


def terms_refusal(
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
