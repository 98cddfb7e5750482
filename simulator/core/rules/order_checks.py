"""ORD: what an order would do, or the first reason why it must not be.

Refusals are found in the order of precedence of `model.rejects`, before the first event. Placing an
order, amending one and previewing one ask the same questions here.
"""

from simulator.core.model.accounts import FUND_ACCOUNT
from simulator.core.model.commands import PlaceOrder
from simulator.core.model.enums import (
    AUCTION,
    CLOSED,
    CROSS_MARGIN,
    FOK,
    GTC,
    GTD,
    IOC,
    LIMIT_ORDER,
    LONG,
    MARKET_ORDER,
    OPEN,
    SHORT,
    CancelReason,
    PositionSide,
)
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.model.triggers import waits
from simulator.core.model.units import AMOUNT_LIMIT
from simulator.core.rules import margin, trigger_checks
from simulator.core.rules.execution import refuse
from simulator.core.rules.order_form import (
    band_edge,
    closes,
    expiry_refusal,
    price_refusal,
    quantity_refusal,
)
from simulator.core.rules.order_plan import (
    Plan,
    need_of,
    only_reduces,
    plan_order,
    plan_spot_order,
    waiting_plan,
)
from simulator.core.rules.taking import Intent
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.exposure import Exposure
from simulator.core.state.records import AccountRecord


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
    if refusal is None and record.market_state is AUCTION and not _can_rest(command):
        refusal = refuse(RejectReason.AUCTION_IN_PROGRESS)
    if refusal is None:
        refusal = side_refusal(command, exposure)
    if refusal is None:
        if command.trigger is None:
            refusal = _form_refusal(state, command, exposure)
        else:
            refusal = trigger_checks.refusal(state, command, exposure)
    if refusal is not None:
        return refusal
    intent = intent_of(account, exposure, command)
    if command.trigger is not None:
        return waiting_plan(state, intent)
    return checked_plan(state, intent, command.post_only)


def intent_of(account: AccountRecord, exposure: Exposure, command: PlaceOrder) -> Intent:
    """What a command wants, its limit and time in force made definite (ORD-3)."""
    limit = command.price
    if limit is None:
        limit = band_edge(exposure.record, command.side)
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
        None,
        command.position_side,
        command.self_trade_prevention,
    )
    intent.auto_borrow, intent.auto_repay = command.auto_borrow, command.auto_repay
    return intent


def _can_rest(command: PlaceOrder) -> bool:
    """MAT-2: in an auction an order must be able to wait for the uncross, or for its trigger."""
    if waits(command.order_type):
        return True
    rests = command.price is not None and command.time_in_force in (GTC, GTD)
    return rests and not command.post_only


def checked_plan(state: ExchangeState, intent: Intent, post_only: bool) -> Plan | Refusal:
    if intent.reduce_only and intent.net * intent.side >= 0:
        return refuse(RejectReason.REDUCE_ONLY_WITHOUT_POSITION, intent.quantity, 0)
    if post_only:
        book = state.books[intent.instrument_id]
        if book.would_take(intent.side, intent.limit):
            best = book.opposite_side(intent.side).best_price()
            return refuse(RejectReason.POST_ONLY_WOULD_TAKE, intent.limit, best)
    unpaid: Refusal | None = None
    if intent.exposure.is_spot:
        plan, unpaid = plan_spot_order(state, intent)
    else:
        plan = plan_order(state, intent)
    if intent.time_in_force is FOK and plan.filled_quantity < intent.quantity:
        reason = RejectReason.FILL_OR_KILL_NOT_FILLABLE
        if plan.taken.stopped is CancelReason.WOULD_CAUSE_MARGIN_CALL:
            reason = RejectReason.WOULD_CAUSE_MARGIN_CALL
        return refuse(reason, intent.quantity, plan.filled_quantity)
    if intent.exposure.is_spot:
        return plan if unpaid is None else unpaid
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
    market_state = exposure.record.market_state
    if market_state is not OPEN and market_state is not AUCTION:
        closed = market_state is CLOSED
        return refuse(RejectReason.MARKET_CLOSED if closed else RejectReason.MARKET_HALTED)
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
    """Of CROSS, or of the isolated wallet of the position or pair that an order would act on."""
    if exposure.is_spot:
        mode, instrument_id = exposure.settings.margin_mode, exposure.settings.instrument_id
        wallet_id = state.spot_wallet(account.account_id, instrument_id, mode)
        return wallet_id is not None and state.wallets[wallet_id].liquidation is not None
    if exposure.settings.margin_mode is CROSS_MARGIN:
        return state.wallets[account.cross_wallet_id].liquidation is not None
    position = exposure.leg(position_side)
    return position is not None and state.wallets[position.wallet_id].liquidation is not None


def side_refusal(command: PlaceOrder, exposure: Exposure) -> Refusal | None:
    """WAL-3: a hedged account names a position; what opens one cannot be told to reduce it."""
    if exposure.hedged != (command.position_side is not None):
        return refuse(RejectReason.POSITION_SIDE_MISMATCH)
    opens = command.position_side is not None and command.side * command.position_side > 0
    if opens and command.reduce_only:
        return refuse(RejectReason.INVALID_COMBINATION)
    return None


def _form_refusal(state: ExchangeState, command: PlaceOrder, exposure: Exposure) -> Refusal | None:
    """ORD-2: the filters, and options that exclude each other."""
    record = exposure.record
    terms = record.terms
    order_type = command.order_type
    market = order_type is MARKET_ORDER
    if not 0 < command.quantity < AMOUNT_LIMIT:
        return refuse(RejectReason.INVALID_AMOUNT, None, None)
    if market != (command.price is None) or (market and command.post_only):
        return refuse(RejectReason.INVALID_COMBINATION)
    if (not market and order_type is not LIMIT_ORDER) or command.close_position:
        return refuse(RejectReason.INVALID_COMBINATION)
    if command.post_only and command.time_in_force not in (GTC, GTD):
        return refuse(RejectReason.INVALID_COMBINATION)
    if command.keep_margin and not closes(command):
        return refuse(RejectReason.INVALID_COMBINATION)
    if command.time_in_force is GTD or command.expires_ns is not None:
        refusal = expiry_refusal(state, command)
        if refusal is not None or market:
            return refusal or refuse(RejectReason.INVALID_COMBINATION)
    price = command.price
    if price is not None:
        refusal = price_refusal(record, command.side, price)
        if refusal is None:
            refusal = quantity_refusal(record, command.quantity, terms.max_quantity)
    else:
        price = margin.mark_of(record)
        refusal = quantity_refusal(record, command.quantity, terms.max_market_quantity)
    if refusal is not None:
        return refusal
    notional = command.quantity * price * exposure.multiplier
    if notional < terms.min_notional and not closes(command):
        return refuse(RejectReason.NOTIONAL_TOO_SMALL, terms.min_notional, notional)
    count = len(exposure.orders) - exposure.waiting_orders
    if not market and count >= terms.max_open_orders:
        return refuse(RejectReason.TOO_MANY_OPEN_ORDERS, count + 1, terms.max_open_orders)
    return None


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
