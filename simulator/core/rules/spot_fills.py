"""MAT-1 on a spot instrument: base and quote change hands directly between two wallets.

No position is made. The fee is in the quote asset: the buyer pays it beside the price, the seller
out of what it gets. What an order pays comes out of what it locked; what of that is left when the
order ends repays the order's loan (BOR-1), and an isolated wallet gives its share back (WAL-4).
"""

from typing import Final

from simulator.core.model.enums import BUY, ISOLATED_MARGIN, CancelReason, TransferKind
from simulator.core.model.events import FundsLocked, TradeExecuted
from simulator.core.model.instruments import VALUATION_ASSET, Instrument
from simulator.core.model.units import divide_up
from simulator.core.rules import borrowing, fills, margin, money
from simulator.core.rules.execution import Execution
from simulator.core.rules.valuation import Holdings
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import Order, Wallet

_TRADE: Final = TransferKind.TRADE
_TRANSFER: Final = TransferKind.TRANSFER


class SpotFill:
    """One side of a spot trade: what it pays of which asset, what it gets, and its fee."""

    __slots__ = ("fee", "got", "got_asset", "paid", "paid_asset")

    def __init__(
        self, order: Order, terms: Instrument, quantity: int, price: int, fee: int
    ) -> None:
        base = base_asset(terms)
        notional = terms.notional(quantity, price)
        moved = quantity * terms.base_multiplier
        self.fee = fee
        """In the quote asset; negative is a rebate."""
        if order.side is BUY:
            self.paid_asset, self.paid = terms.quote_asset_id, notional + max(0, fee)
            self.got_asset, self.got = base, moved
        else:
            self.paid_asset, self.paid = base, moved
            self.got_asset, self.got = terms.quote_asset_id, notional - fee


def base_asset(terms: Instrument) -> int:
    """What a spot instrument trades."""
    if terms.base_asset_id is None:
        raise AssertionError(f"{terms.symbol} is no spot instrument")
    return terms.base_asset_id


def fee_after(filled_notional: int, notional: int, rate: int) -> int:
    """MAT-3 of a further fill of an order.

    The fees of an order are rounded as one, so they never exceed what was locked for all of it.
    """
    return fills.fee_of(filled_notional + notional, rate) - fills.fee_of(filled_notional, rate)


def fill_of(state: ExchangeState, order: Order, quantity: int, price: int, maker: bool) -> SpotFill:
    """What a trade at this price and quantity means for the owner of the order."""
    terms = state.instruments[order.instrument_id].terms
    rate = fills.fee_rate_of(state, order, maker)
    fee = fee_after(order.filled_notional, terms.notional(quantity, price), rate)
    return SpotFill(order, terms, quantity, price, fee)


def make_so(held: Holdings, order: Order, fill: SpotFill, ends: bool) -> None:
    """The wallet of an order as the fill would leave it."""
    held.add(fill.paid_asset, -fill.paid)
    held.add(fill.got_asset, fill.got)
    if order.side is BUY and fill.fee < 0:
        held.add(fill.paid_asset, -fill.fee)
    left = max(0, order.locked - fill.paid)
    held.lock(fill.paid_asset, -order.locked if ends else left - order.locked)
    if order.auto_repay:
        held.repay(fill.got_asset, fill.got)
    if ends and order.loan:
        held.repay(fill.paid_asset, min(left, order.loan))


def refusal(
    state: ExchangeState, order: Order, held: Holdings, fill: SpotFill, ends: bool
) -> CancelReason | None:
    """Why a fill must not be made; none if it may, and then `held` is as it would leave it.

    What was locked may have been lost since; an isolated unit must stay above its call line.
    """
    if fill.paid > max(0, held.free(fill.paid_asset)) + order.locked:
        return CancelReason.INSUFFICIENT_BALANCE
    if fill.paid > held.balance(fill.paid_asset):
        return CancelReason.INSUFFICIENT_BALANCE
    make_so(held, order, fill, ends)
    if order.margin_mode is ISOLATED_MARGIN and order.liquidation_id is None:
        wallet_id, _ = state.payer_of(order)
        risk = margin.assess_with(state, state.wallets[wallet_id], held)
        if risk.worth is not None and risk.worth.debts and risk.equity <= risk.call_margin:
            return CancelReason.WOULD_CAUSE_MARGIN_CALL
    return None


def refusal_now(
    state: ExchangeState, order: Order, quantity: int, price: int, maker: bool
) -> CancelReason | None:
    """`refusal` of one fill as things stand."""
    wallet_id, _ = state.payer_of(order)
    fill = fill_of(state, order, quantity, price, maker)
    held = Holdings(state.wallets[wallet_id])
    return refusal(state, order, held, fill, quantity == order.remaining)


# -- trading ---------------------------------------------------------------------------------------


def trade(run: Execution, taker: Order, maker: Order, quantity: int, price: int) -> None:
    """One trade at a price, for both sides."""
    state = run.state
    trade_id = state.counters.trade + 1
    taker_fill = fill_of(state, taker, quantity, price, maker=False)
    maker_fill = fill_of(state, maker, quantity, price, maker=True)
    taker_wallet, _ = state.payer_of(taker)
    maker_wallet, _ = state.payer_of(maker)
    left = [max(0, o.locked - f.paid) for o, f in ((taker, taker_fill), (maker, maker_fill))]
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
            taker_fill.fee,
            maker_fill.fee,
            0,
            0,
        )
    )
    terms = state.instruments[taker.instrument_id].terms
    _exchange(run, taker, (taker_wallet, maker_wallet), (quantity, price, trade_id), terms)
    for order, wallet_id, fill, rest in (
        (taker, taker_wallet, taker_fill, left[0]),
        (maker, maker_wallet, maker_fill, left[1]),
    ):
        cause = money.Cause(order.order_id, trade_id, order.liquidation_id)
        fills.charge_fee(run, wallet_id, fill.fee, cause)
        _settle(run, order, wallet_id, fill, cause)
        if order.remaining == 0:
            give_back(run, order, rest)


def _exchange(
    run: Execution,
    taker: Order,
    wallets: tuple[int, int],
    trade_terms: tuple[int, int, int],
    terms: Instrument,
) -> None:
    """LED-2: both assets, between the two wallets; per asset it sums to zero."""
    quantity, price, trade_id = trade_terms
    buyer, seller = wallets if taker.side is BUY else (wallets[1], wallets[0])
    cause = money.Cause(None, trade_id, taker.liquidation_id)
    notional, moved = terms.notional(quantity, price), quantity * terms.base_multiplier
    money.transfer(run, _TRADE, buyer, seller, notional, cause, terms.quote_asset_id)
    money.transfer(run, _TRADE, seller, buyer, moved, cause, base_asset(terms))


def _settle(
    run: Execution, order: Order, wallet_id: int, fill: SpotFill, cause: money.Cause
) -> None:
    """What the fill brought repays settlement debt (BOR-6), and a loan if the order says so."""
    if run.state.holding(wallet_id).settlement_debt and fill.got_asset == VALUATION_ASSET:
        money.repay_settlement(run, wallet_id, cause)
    if order.auto_repay:
        borrowing.repay(run, wallet_id, fill.got_asset, fill.got, cause)


# -- what an order locked, borrowed and moved ------------------------------------------------------


def give_back(run: Execution, order: Order, unspent: int) -> None:
    """BOR-1, WAL-4: an order ended (or shrank) and did not spend this much of its lock."""
    if not order.loan and not order.moved:
        return
    repaid, returned = shares_of(order, unspent)
    _return(run, order, repaid, returned)


def _return(run: Execution, order: Order, repaid: int, returned: int) -> None:
    wallet_id, asset_id = run.state.payer_of(order)
    cause = money.Cause(order.order_id, None, order.liquidation_id)
    borrowing.repay(run, wallet_id, asset_id, repaid, cause)
    if returned and run.state.wallets[wallet_id].liquidation is None:
        wallet = run.state.wallets[wallet_id]
        returned = min(returned, returnable(run.state, wallet, Holdings(wallet)))
        cross = run.state.accounts[order.account_id].cross_wallet_id
        money.receive(run, wallet_id, cross, _TRANSFER, returned, cause)


def shares_of(order: Order, unspent: int) -> tuple[int, int]:
    """Of what was not spent: the loan's share, and what CROSS gets back for an isolated wallet.

    In CROSS own money is spent first. In an isolated wallet both are spent alike, so that what was
    bought stays at the leverage that was chosen.
    """
    if order.margin_mode is not ISOLATED_MARGIN:
        return min(unspent, order.loan), 0
    if order.side is BUY:
        given = order.loan + order.moved
        part = min(unspent, given)
        loan = divide_up(part * order.loan, given) if given else 0
        return loan, part - loan
    part = min(unspent, order.loan)
    return part, order.moved * part // order.loan if order.loan else 0


def returnable(state: ExchangeState, wallet: Wallet, held: Holdings) -> int:
    """What an isolated wallet that holds this can give back of the quote asset and keep its initial
    margin."""
    risk = margin.assess_with(state, wallet, held)
    room = risk.collateral - margin.initial_margin(state, risk)
    return max(0, min(held.free(VALUATION_ASSET), room))


def unlock(run: Execution, order: Order) -> None:
    """Takes back all that an order has, before it is funded anew (ORD-8)."""
    if order.locked:
        repaid, returned = shares_of(order, order.locked)
        _relock(run, order, 0, (0, 0))
        _return(run, order, repaid, returned)


def shrink(run: Execution, order: Order, remaining: int) -> None:
    """ORD-8: a smaller order keeps its part of the lock; the rest of it is given back."""
    if order.locked:
        _keep(run, order, divide_up(order.locked * remaining, order.remaining))


def release_surplus(run: Execution, order: Order) -> None:
    """MAT-2: a buy that filled below its limit keeps locked what the rest of it may pay."""
    if order.side is not BUY or order.remaining == 0:
        return
    state = run.state
    rest = state.instruments[order.instrument_id].terms.notional(order.remaining, order.price)
    rate = max(fills.fee_rate_of(state, order, maker) for maker in (True, False))
    kept = rest + max(0, fee_after(order.filled_notional, rest, rate))
    if kept < order.locked:
        _keep(run, order, kept)


def _keep(run: Execution, order: Order, kept: int) -> None:
    repaid, returned = shares_of(order, order.locked - kept)
    _relock(run, order, kept, (order.loan - repaid, order.moved - returned))
    _return(run, order, repaid, returned)


def _relock(run: Execution, order: Order, lock: int, given: tuple[int, int]) -> None:
    wallet_id, asset_id = run.state.payer_of(order)
    run.emit(FundsLocked(order.order_id, wallet_id, asset_id, lock, *given))
