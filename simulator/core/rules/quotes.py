"""A market maker's quotes: one command replaces its whole set of levels on an instrument.

Quotes are orders like any other; they only enter and leave the book together, so that a maker
that moves with the market needs one event, not forty. Levels that cross trade first.
"""

from simulator.core.model.accounts import FUND_ACCOUNT
from simulator.core.model.commands import ReplaceQuotes
from simulator.core.model.enums import (
    AUCTION,
    BUY,
    CLOSED,
    CROSS_MARGIN,
    GTC,
    HEDGE,
    LIMIT_ORDER,
    OPEN,
    SELL,
    SPOT_INSTRUMENT,
    SPOT_MARGIN,
    MarginMode,
    Side,
)
from simulator.core.model.events import FundsLocked, OrderAccepted, OrderRested, QuotesReplaced
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.model.units import AMOUNT_LIMIT
from simulator.core.rules import margin, matching, spot_fills
from simulator.core.rules.execution import Execution, refuse
from simulator.core.rules.order_checks import is_in_liquidation
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.exposure import Exposure, OrderTotals
from simulator.core.state.records import InstrumentRecord, Order

_Levels = tuple[tuple[int, int], ...]


def replace_quotes(run: Execution, command: ReplaceQuotes) -> Refusal | None:
    """Cancels the account's quotes on the instrument and places the new levels."""
    state = run.state
    if command.account_id not in state.accounts or command.account_id == FUND_ACCOUNT:
        return refuse(RejectReason.UNKNOWN_ACCOUNT)
    record = state.instruments.get(command.instrument_id)
    if record is None:
        return refuse(RejectReason.UNKNOWN_INSTRUMENT)
    refusal = _refusal(state, record, command)
    if refusal is not None:
        return refusal
    bids, crossing_bids = _split(state, command, BUY, command.bids)
    asks, crossing_asks = _split(state, command, SELL, command.asks)
    run.emit(
        QuotesReplaced(
            command.account_id,
            command.instrument_id,
            state.counters.order + 1,
            bids,
            asks,
        )
    )
    for side, levels in ((BUY, crossing_bids), (SELL, crossing_asks)):
        for price, quantity in levels:
            _work(run, command, side, price, quantity)
    return None


def _refusal(
    state: ExchangeState, record: InstrumentRecord, command: ReplaceQuotes
) -> Refusal | None:
    terms = record.terms
    if command.bids and command.asks:
        best_bid = max(price for price, _ in command.bids)
        best_ask = min(price for price, _ in command.asks)
        if best_bid >= best_ask:
            return refuse(RejectReason.INVALID_TERMS, best_bid, best_ask)
    if record.market_state not in (OPEN, AUCTION) and (command.bids or command.asks):
        closed = record.market_state is CLOSED
        return refuse(RejectReason.MARKET_CLOSED if closed else RejectReason.MARKET_HALTED)
    if is_in_liquidation(state, command.account_id, command.instrument_id):
        return refuse(RejectReason.LIQUIDATION_IN_PROGRESS)
    settings = state.settings(command.account_id, command.instrument_id)
    spot = record.terms.kind is SPOT_INSTRUMENT
    if settings.margin_mode is not CROSS_MARGIN:
        if not spot or settings.margin_mode is not SPOT_MARGIN:
            return refuse(RejectReason.INVALID_COMBINATION)
    if not spot and state.accounts[command.account_id].position_mode is HEDGE:
        return refuse(RejectReason.POSITION_SIDE_MISMATCH)
    for price, quantity in command.bids + command.asks:
        if not 0 < price < AMOUNT_LIMIT or price % terms.tick_size:
            return refuse(RejectReason.PRICE_NOT_ON_TICK, terms.tick_size, price)
        if not 0 < quantity <= terms.max_quantity or quantity % terms.lot_size:
            return refuse(RejectReason.QUANTITY_NOT_ON_LOT, terms.lot_size, quantity)
    if spot:
        return _balance_refusal(state, record, command, settings.margin_mode)
    if command.bids or command.asks:
        return _margin_refusal(state, command)
    return None


def _margin_refusal(state: ExchangeState, command: ReplaceQuotes) -> Refusal | None:
    """MARG-5 for the whole set, each quote assumed at its price."""
    exposure = state.exposures[command.account_id][command.instrument_id]
    buys = _totals_with(exposure, BUY, command.bids)
    sells = _totals_with(exposure, SELL, command.asks)
    wallet = state.wallets[state.accounts[command.account_id].cross_wallet_id]
    risk = margin.assess(state, wallet.wallet_id)
    required = margin.cross_requirement(state, wallet, exposure)
    required += margin.exposure_requirement(exposure, buys, sells)
    if risk.worth is not None:
        required += risk.worth.debt_initial
    required = max(risk.call_margin, required)
    if required > risk.collateral:
        return refuse(RejectReason.INSUFFICIENT_MARGIN, required, max(0, risk.collateral))
    return None


def _balance_refusal(
    state: ExchangeState, record: InstrumentRecord, command: ReplaceQuotes, mode: MarginMode
) -> Refusal | None:
    """Quotes on a spot instrument borrow nothing: the free balances must hold what they pay."""
    wallet_id = state.spot_wallet(command.account_id, command.instrument_id, mode)
    exposure = state.find_exposure(command.account_id, command.instrument_id)
    if wallet_id is None:
        return refuse(RejectReason.UNKNOWN_WALLET)
    terms = record.terms
    for side, levels in ((BUY, command.bids), (SELL, command.asks)):
        asset_id = terms.quote_asset_id if side is BUY else spot_fills.base_asset(terms)
        holding = state.holding(wallet_id, asset_id)
        free = holding.balance - holding.locked
        if exposure is not None:
            for order in exposure.orders.values():
                if order.quote and order.side is side:
                    free += order.locked
        needed = sum(terms.paid_with(side, quantity, price) for price, quantity in levels)
        if needed > max(0, free):
            return refuse(RejectReason.INSUFFICIENT_BALANCE, needed, max(0, free))
    return None


def _totals_with(exposure: Exposure, side: Side, levels: _Levels) -> OrderTotals:
    """The open orders of a side with the old quotes out and the new ones in."""
    terms, totals = exposure.record.terms, exposure.totals(side)
    quantity, notional = totals.quantity, totals.notional
    for order in exposure.orders.values():
        if order.quote and order.side is side:
            quantity -= order.remaining
            notional -= terms.notional(order.remaining, order.assumed_price)
    for price, each in levels:
        quantity += each
        notional += terms.notional(each, price)
    return OrderTotals(quantity, notional, totals.open_loss)


def _split(
    state: ExchangeState, command: ReplaceQuotes, side: Side, levels: _Levels
) -> tuple[_Levels, _Levels]:
    """The levels that would rest, and those that would trade with somebody else's orders."""
    other = _best_of_others(state, command, side)
    if other is None or state.instruments[command.instrument_id].market_state is AUCTION:
        return levels, ()
    resting = tuple(each for each in levels if not matching.crosses(side, each[0], other))
    crossing = tuple(each for each in levels if matching.crosses(side, each[0], other))
    return resting, crossing


def _best_of_others(state: ExchangeState, command: ReplaceQuotes, side: Side) -> int | None:
    opposite = state.books[command.instrument_id].opposite_side(side)
    for level in opposite.levels_from_best():
        for order in level.orders.values():
            if order.account_id != command.account_id or not order.quote:
                return level.price
    return None


def _work(run: Execution, command: ReplaceQuotes, side: Side, price: int, quantity: int) -> None:
    """One crossing level, as an ordinary limit order that is still a quote."""
    state = run.state
    order_id = state.counters.order + 1
    mode = state.settings(command.account_id, command.instrument_id).margin_mode
    run.emit(
        OrderAccepted(
            order_id,
            command.account_id,
            command.instrument_id,
            side,
            LIMIT_ORDER,
            GTC,
            price,
            quantity,
            False,
            False,
            False,
            mode,
            price,
            0,
            None,
            None,
            True,
        )
    )
    order: Order = state.orders[order_id]
    terms = state.instruments[command.instrument_id].terms
    if terms.kind is SPOT_INSTRUMENT:
        lock = terms.paid_with(side, quantity, price)
        run.emit(FundsLocked(order_id, *state.payer_of(order), lock, 0, 0))
    reason = matching.match(run, order)
    if reason is not None:
        matching.cancel(run, order, reason)
    elif order.remaining > 0:
        run.emit(OrderRested(order_id))
