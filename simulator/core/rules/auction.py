"""MAT-2: the end of an auction. One price at which the most can trade, and the trades at it.

In an auction orders rest without matching, so the book may cross. When the instrument opens, what
crosses trades at one price: the one of the largest volume; of several, that with the least left
over on either side; of these, the nearest to the mark. Every trade is checked like any other: an
order that may not trade (with its own account, without margin, beyond its position) ends, and what
still crosses after that is uncrossed once more.
"""

from bisect import bisect_right

from simulator.core.model.enums import (
    EXPIRE_MAKER,
    EXPIRE_TAKER,
    ISOLATED_MARGIN,
    SPOT_INSTRUMENT,
    CancelReason,
)
from simulator.core.model.events import AuctionUncrossed
from simulator.core.rules import margin, matching, spot_fills
from simulator.core.rules.execution import Execution
from simulator.core.state.book import Book
from simulator.core.state.records import InstrumentRecord, Order


def uncross(run: Execution, instrument_id: int) -> None:
    """Until the book of an instrument that has opened is not crossed any more."""
    record, book = run.state.instruments[instrument_id], run.state.books[instrument_id]
    while margin.is_open(record) and book.is_crossed():
        price, quantity, imbalance = uncrossing_price(record, book)
        run.emit(AuctionUncrossed(instrument_id, price, quantity, imbalance))
        _trade_at(run, record, book, price)


def uncrossing_price(record: InstrumentRecord, book: Book) -> tuple[int, int, int]:
    """The price, the most that can trade at it, and demand less supply there.

    Demand falls and supply rises with the price, and both change at limits only; so the best price
    is a limit, next to one, or the mark.
    """
    demand, supply = _Depth(book.bids.sign), _Depth(book.asks.sign)
    best_bid, best_ask = book.bids.best_price(), book.asks.best_price()
    if best_bid is None or best_ask is None:
        raise AssertionError("a book without two sides does not cross")
    for level in book.bids.levels_within(best_ask):
        demand.add(level.price, level.quantity)
    for level in book.asks.levels_within(best_bid):
        supply.add(level.price, level.quantity)
    tick, mark = record.terms.tick_size, margin.mark_of(record)
    candidates = {mark // tick * tick, -(-mark // tick) * tick}
    for limit in demand.prices + supply.prices:
        candidates |= {limit - tick, limit, limit + tick}
    best: tuple[int, int, int, int] | None = None
    found = (best_ask, 0, 0)
    for price in sorted(candidates):
        if best_ask <= price <= best_bid:
            wanted, offered = demand.at(price), supply.at(price)
            volume, over = min(wanted, offered), wanted - offered
            rank = (-volume, abs(over), abs(price - mark), price)
            if best is None or rank < best:
                best, found = rank, (price, volume, over)
    return found


class _Depth:
    """How much one side would trade at a price: all levels at it or better for the other side."""

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.prices: list[int] = []
        self._keys: list[int] = []
        self._totals: list[int] = [0]

    def add(self, price: int, quantity: int) -> None:
        """Levels come best first."""
        self.prices.append(price)
        self._keys.append(-price * self.sign)
        self._totals.append(self._totals[-1] + quantity)

    def at(self, price: int) -> int:
        return self._totals[bisect_right(self._keys, -price * self.sign)]


def _trade_at(run: Execution, record: InstrumentRecord, book: Book, price: int) -> None:
    """Price, then time on both sides; of two orders that meet, the later one is the taker."""
    is_spot = record.terms.kind is SPOT_INSTRUMENT
    while True:
        bid, ask = book.bids.best_order(), book.asks.best_order()
        if bid is None or ask is None or bid.price < price or ask.price > price:
            return
        maker, taker = (bid, ask) if bid.priority < ask.priority else (ask, bid)
        if maker.account_id == taker.account_id:
            _prevent(run, maker, taker)
            continue
        quantity = min(maker.remaining, taker.remaining)
        for order in (maker, taker):
            if order.reduce_only:
                quantity = min(quantity, matching.reducible(run, order))
        refused = _refused(run, (maker, taker), quantity, price, is_spot)
        if refused is not None:
            matching.cancel(run, *refused)
        elif is_spot:
            matching.trade_spot(run, taker, maker, quantity, price)
            spot_fills.release_surplus(run, taker)
            spot_fills.release_surplus(run, maker)
        else:
            matching.trade(run, taker, maker, quantity, price)


def _prevent(run: Execution, maker: Order, taker: Order) -> None:
    """ORD-6, as if the later order had met the earlier one."""
    mode = taker.self_trade_prevention
    if mode is not EXPIRE_TAKER:
        matching.cancel(run, maker, CancelReason.SELF_TRADE)
    if mode is not EXPIRE_MAKER:
        matching.cancel(run, taker, CancelReason.SELF_TRADE)


def _refused(
    run: Execution, pair: tuple[Order, Order], quantity: int, price: int, is_spot: bool
) -> tuple[Order, CancelReason] | None:
    """Which of the two may not trade, and why; none if both may."""
    maker, _ = pair
    for order in pair:
        if quantity == 0 and order.reduce_only and matching.reducible(run, order) == 0:
            return order, CancelReason.REDUCE_ONLY
        reason: CancelReason | None = None
        if is_spot:
            reason = spot_fills.refusal_now(run.state, order, quantity, price, order is maker)
        elif order.margin_mode is ISOLATED_MARGIN:
            reason = matching.fill_refusal(run, order, quantity, price, maker=order is maker)
        if reason is not None:
            return order, reason
    return None
