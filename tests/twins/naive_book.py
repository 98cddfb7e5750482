"""A book as a beginner would write it: one list of orders, sorted whenever it is asked.

It shares nothing with the exchange but the vocabulary. `place` says what an order would do;
`follow` checks, event by event, that an exchange does nothing else: every trade is with the first
order in (price, arrival), at its price, and as large as both sides allow.
"""

from dataclasses import dataclass, field

from simulator.core.model import events as e
from simulator.core.model.enums import (
    CancelReason,
    PositionSide,
    SelfTradePrevention,
    Side,
    TimeInForce,
)


@dataclass
class NaiveOrder:
    order_id: int
    account_id: int
    side: Side
    price: int
    remaining: int
    filled: int = 0
    reduce_only: bool = False
    waits: bool = False
    """For a trigger or an entry: it is in no queue, and has no place to lose."""
    position_side: PositionSide | None = None
    arrival: int | None = None
    """None: it does not rest (yet)."""


@dataclass
class NaiveBook:
    """The open orders of one instrument."""

    orders: dict[int, NaiveOrder] = field(default_factory=dict)
    arrivals: int = 0
    price: int | None = None
    """At which it uncrosses."""

    def rest(self, order: NaiveOrder) -> None:
        self.arrivals += 1
        order.arrival = self.arrivals
        self.orders[order.order_id] = order

    def queue(self, side: Side) -> list[NaiveOrder]:
        """The resting orders of a side, in the order in which they would trade."""
        resting = [o for o in self.orders.values() if o.side == side and o.arrival is not None]
        return sorted(resting, key=lambda o: (-o.price * o.side, o.arrival))

    def crossing(self, side: Side, limit: int) -> list[NaiveOrder]:
        """What an order of this side and limit would trade with, first one first."""
        opposite = Side(-side)
        return [o for o in self.queue(opposite) if (limit - o.price) * side >= 0]

    def place(
        self,
        order: NaiveOrder,
        time_in_force: TimeInForce,
        post_only: bool,
        mode: SelfTradePrevention = SelfTradePrevention.EXPIRE_MAKER,
    ) -> list[tuple[object, ...]]:
        """Trades, self-trade cancels and the end of an order, as tuples; and makes them so."""
        crossing = self.crossing(order.side, order.price)
        if post_only and crossing:
            return [("rejected",)]
        met = crossing
        own = [number for number, o in enumerate(crossing) if o.account_id == order.account_id]
        if own and mode != SelfTradePrevention.EXPIRE_MAKER:
            met = crossing[: own[0]]
        others = sum(o.remaining for o in met if o.account_id != order.account_id)
        if time_in_force == TimeInForce.FOK and others < order.remaining:
            return [("rejected",)]
        told: list[tuple[object, ...]] = [("accepted", order.order_id)]
        for maker in crossing:
            if order.remaining == 0:
                break
            if maker.account_id == order.account_id:
                if mode != SelfTradePrevention.EXPIRE_TAKER:
                    told.append(("canceled", maker.order_id, CancelReason.SELF_TRADE))
                    del self.orders[maker.order_id]
                if mode != SelfTradePrevention.EXPIRE_MAKER:
                    told.append(("canceled", order.order_id, CancelReason.SELF_TRADE))
                    return told
                continue
            quantity = min(order.remaining, maker.remaining)
            told.append(("trade", maker.order_id, maker.price, quantity))
            self.take(maker, quantity)
            order.remaining -= quantity
        if order.remaining and time_in_force in (TimeInForce.GTC, TimeInForce.GTD):
            told.append(("rested", order.order_id))
            self.rest(order)
        elif order.remaining:
            told.append(("canceled", order.order_id, CancelReason.IMMEDIATE_OR_CANCEL))
        return told

    def take(self, order: NaiveOrder, quantity: int) -> None:
        order.remaining -= quantity
        if order.remaining == 0:
            self.orders.pop(order.order_id)

    def uncrossing(self, tick: int, mark: int) -> tuple[int, int, int]:
        """Price, volume and imbalance of the uncross, by trying every tick there is (MAT-2)."""
        bids, asks = self.queue(Side.BUY), self.queue(Side.SELL)
        ranked = []
        for price in range(asks[0].price, bids[0].price + 1, tick):
            wanted = sum(o.remaining for o in bids if o.price >= price)
            offered = sum(o.remaining for o in asks if o.price <= price)
            volume, over = min(wanted, offered), wanted - offered
            ranked.append((-volume, abs(over), abs(price - mark), price, volume, over))
        best = min(ranked)
        return best[3], best[4], best[5]

    def is_crossed(self) -> bool:
        bids, asks = self.queue(Side.BUY), self.queue(Side.SELL)
        return bool(bids and asks and bids[0].price >= asks[0].price)


@dataclass
class NaiveBooks:
    """The books of all instruments, following an exchange's events."""

    books: dict[int, NaiveBook] = field(default_factory=dict)
    placed: dict[int, int] = field(default_factory=dict)
    """Where each open order is: order id to instrument id."""
    quotes: set[int] = field(default_factory=set)

    def follow(self, event: e.AnyEvent) -> None:
        """Makes the event so, after checking that it had to be."""
        match event:
            case e.InstrumentListed():
                self.books[event.instrument.instrument_id] = NaiveBook()
            case e.OrderAccepted():
                self._accept(event)
            case e.OrderRested():
                self._book(event.order_id).rest(self.order(event.order_id))
            case e.OrderCanceled():
                left = self.order(event.order_id).remaining
                assert event.quantity == left
                self._forget(event.order_id)
            case e.OrderAmended():
                self._amend(event)
            case e.OrderTriggered():
                order = self.order(event.order_id)
                assert order.waits
                order.waits, order.price, order.remaining = False, event.price, event.quantity
            case e.AuctionUncrossed():
                book = self.books[event.instrument_id]
                book.price = event.price
            case e.QuotesReplaced():
                self._replace_quotes(event)
            case e.TradeExecuted():
                self._trade(event)
            case _:
                pass

    def order(self, order_id: int) -> NaiveOrder:
        return self._book(order_id).orders[order_id]

    def _book(self, order_id: int) -> NaiveBook:
        return self.books[self.placed[order_id]]

    def _forget(self, order_id: int) -> None:
        del self._book(order_id).orders[order_id]
        del self.placed[order_id]
        self.quotes.discard(order_id)

    def _accept(self, event: e.OrderAccepted) -> None:
        order = NaiveOrder(
            event.order_id,
            event.account_id,
            event.side,
            event.price,
            event.quantity,
            reduce_only=event.reduce_only,
            waits=event.trigger is not None,
            position_side=event.position_side,
        )
        self.placed[event.order_id] = event.instrument_id
        self._book(event.order_id).orders[event.order_id] = order
        if event.quote:
            self.quotes.add(event.order_id)

    def _amend(self, event: e.OrderAmended) -> None:
        order = self.order(event.order_id)
        total = order.remaining + order.filled
        stays = order.waits or (event.price == order.price and event.quantity <= total)
        assert event.keeps_priority == stays, "only a smaller quantity keeps its place (ORD-8)"
        order.remaining = event.quantity - order.filled
        order.price = event.price
        if not stays:
            order.arrival = None

    def _replace_quotes(self, event: e.QuotesReplaced) -> None:
        for order_id in sorted(self.quotes):
            order = self.order(order_id)
            if order.account_id == event.account_id:
                if self.placed[order_id] == event.instrument_id:
                    self._forget(order_id)
        order_id = event.first_order_id
        for side, levels in ((Side.BUY, event.bids), (Side.SELL, event.asks)):
            for price, quantity in levels:
                self.placed[order_id] = event.instrument_id
                self.quotes.add(order_id)
                order = NaiveOrder(order_id, event.account_id, side, price, quantity)
                self._book(order_id).rest(order)
                order_id += 1

    def _trade(self, event: e.TradeExecuted) -> None:
        taker, maker = self.order(event.taker_order_id), self.order(event.maker_order_id)
        book = self.books[event.instrument_id]
        first = book.crossing(taker.side, taker.price)[0]
        assert maker is first, f"{maker} traded before {first} (MAT-1)"
        uncrosses = taker.arrival is not None
        if uncrosses:
            assert taker is book.queue(taker.side)[0], "price, then time on both sides (MAT-2)"
            later = (taker.arrival or 0) > (maker.arrival or 0)
            assert later, "the later order is the taker (MAT-2)"
            assert event.price == book.price, "one price (MAT-2)"
            assert (event.price - taker.price) * taker.side <= 0
            assert (event.price - maker.price) * maker.side <= 0
        else:
            assert event.price == maker.price, "a trade is at the maker's price (MAT-1)"
        assert maker.account_id != taker.account_id, "a self-trade (ORD-6)"
        assert 0 < event.quantity <= min(taker.remaining, maker.remaining)
        if not taker.reduce_only and not (uncrosses and maker.reduce_only):
            assert event.quantity == min(taker.remaining, maker.remaining)
        for order in (taker, maker):
            order.remaining -= event.quantity
            order.filled += event.quantity
            if order.remaining == 0:
                self._forget(order.order_id)
