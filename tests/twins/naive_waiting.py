"""Orders that wait, as a careful clerk would keep them: one list, looked through at every price.

`NaiveWaiting` follows an exchange's events. It keeps every price that an order saw, and demands
that an order fires when one of them met its trigger, and never otherwise (ORD-9); that of orders
that cancel each other nothing is left when one has fired or filled (ORD-1); that an order's time,
and a dead man's switch, end it once (ORD-8).
"""

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

from simulator.core.model import events as e
from simulator.core.model.enums import CancelReason, MarketState, OrderType, Side, TriggerSource
from simulator.core.model.triggers import Trigger
from simulator.core.model.units import RATE_ONE

PROFITS = (OrderType.TAKE_PROFIT_MARKET, OrderType.TAKE_PROFIT_LIMIT)
ListKey = tuple[int, int | None]
"""A list, and the entry that orders of it wait for."""


@dataclass
class WaitingOrder:
    """One that waits for its trigger, or for an entry that has filled nothing yet."""

    order_id: int
    instrument_id: int
    side: Side
    order_type: OrderType
    trigger: Trigger
    quantity: int
    close_position: bool
    waits_for: int | None
    seen: list[int] | None = None
    """The prices of its source since it began to watch; none: it does not watch yet."""
    was_met: bool = False
    """By a trade, or when it woke: prices that may be gone again when it fires."""

    def watermark(self) -> int | None:
        """The best price since the one that activated it."""
        active: list[int] = []
        for price in self.seen or []:
            activation = self.trigger.activation_price
            reached = activation is None or (
                price <= activation if self.side == Side.BUY else price >= activation
            )
            if active or reached:
                active.append(price)
        if not active:
            return None
        return min(active) if self.side == Side.BUY else max(active)

    def threshold(self) -> Fraction | None:
        if self.trigger.callback_rate is None:
            return None if self.trigger.price is None else Fraction(self.trigger.price)
        best = self.watermark()
        if best is None:
            return None
        return best * (1 + int(self.side) * Fraction(self.trigger.callback_rate, RATE_ONE))

    def is_met(self, price: int | None) -> bool:
        threshold = self.threshold()
        if price is None or threshold is None:
            return False
        rising = (self.side == Side.BUY) != (self.order_type in PROFITS)
        return price >= threshold if rising else price <= threshold


@dataclass
class NaiveWaiting:
    """All waiting orders of one exchange, its lists and its timers."""

    waiting: dict[int, WaitingOrder] = field(default_factory=dict)
    prices: dict[tuple[int, TriggerSource], int] = field(default_factory=dict)
    open: dict[int, bool] = field(default_factory=dict)
    lists: dict[ListKey, list[int]] = field(default_factory=dict)
    """Orders that cancel each other, the open ones."""
    listed: dict[int, ListKey] = field(default_factory=dict)
    entry_filled: dict[int, int] = field(default_factory=dict)
    over: dict[ListKey, int] = field(default_factory=dict)
    """Of this command: lists of which an order fired or filled whole, and which."""
    expires: dict[int, int] = field(default_factory=dict)
    countdowns: dict[tuple[int, int | None], int] = field(default_factory=dict)
    owners: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Account and instrument of every open order that is no quote."""
    fired: Counter[str] = field(default_factory=Counter)
    """How often which kind of order fired."""
    in_command: int = 0

    def follow(self, event: e.AnyEvent, time_ns: int) -> None:
        self._follow_prices(event)
        self._follow_orders(event, time_ns)
        match event:
            case e.CountdownSet():
                key = (event.account_id, event.instrument_id)
                self.countdowns.pop(key, None)
                if event.due_ns is not None:
                    self.countdowns[key] = event.due_ns
            case e.CountdownElapsed():
                due = self.countdowns.pop((event.account_id, event.instrument_id))
                assert due <= time_ns, "a switch before its time (ORD-8)"
            case _:
                pass

    # -- prices ----------------------------------------------------------------------------------

    def _follow_prices(self, event: e.AnyEvent) -> None:
        match event:
            case e.MarketStateChanged():
                is_open = event.state == MarketState.OPEN
                self.open[event.instrument_id] = is_open
                for (instrument_id, source), price in self.prices.items():
                    if is_open and instrument_id == event.instrument_id:
                        self._see(instrument_id, source, price)
            case e.IndexPriceUpdated():
                self._price(event.instrument_id, TriggerSource.INDEX, event.price)
            case e.MarkPriceUpdated():
                self._price(event.instrument_id, TriggerSource.MARK, event.price)
            case e.TradeExecuted():
                self._price(event.instrument_id, TriggerSource.LAST, event.price)
                for order in self._watching(event.instrument_id, TriggerSource.LAST):
                    order.was_met |= order.is_met(event.price)
            case _:
                pass

    def _price(self, instrument_id: int, source: TriggerSource, price: int) -> None:
        self.prices[(instrument_id, source)] = price
        if self.open.get(instrument_id, False):
            self._see(instrument_id, source, price)

    def _see(self, instrument_id: int, source: TriggerSource, price: int) -> None:
        for order in self._watching(instrument_id, source):
            if order.seen is not None:
                order.seen.append(price)

    def _watching(self, instrument_id: int, source: TriggerSource) -> list[WaitingOrder]:
        return [
            each
            for each in self.waiting.values()
            if each.seen is not None
            and (each.instrument_id, each.trigger.source) == (instrument_id, source)
        ]

    def _now(self, order: WaitingOrder) -> int | None:
        return self.prices.get((order.instrument_id, order.trigger.source))

    def _watch(self, order: WaitingOrder) -> None:
        price = self._now(order)
        order.seen = [] if price is None else [price]

    # -- orders ----------------------------------------------------------------------------------

    def _follow_orders(self, event: e.AnyEvent, time_ns: int) -> None:
        match event:
            case e.OrderAccepted():
                self._accept(event, time_ns)
            case e.OrderWoken():
                order = self.waiting[event.order_id]
                assert order.waits_for is not None
                assert self.entry_filled[order.waits_for] > 0, "an entry without a fill (ORD-1)"
                self._watch(order)
                order.was_met = order.is_met(self._now(order))
            case e.OrderAmended() if event.order_id in self.waiting:
                order = self.waiting[event.order_id]
                order.quantity = event.quantity
                if event.trigger_price is not None:
                    order.trigger = Trigger(order.trigger.source, event.trigger_price)
            case e.OrderTriggered():
                self._trigger(event)
            case e.TradeExecuted():
                for order_id in (event.taker_order_id, event.maker_order_id):
                    if order_id in self.entry_filled:
                        self.entry_filled[order_id] += event.quantity
            case e.OrderCanceled():
                if event.reason == CancelReason.EXPIRED:
                    assert self.expires[event.order_id] <= time_ns, "before its time (ORD-1)"
                if event.needed is not None:
                    self._fired(event.order_id)
                self.forget(event.order_id)
            case _:
                pass

    def _accept(self, event: e.OrderAccepted, time_ns: int) -> None:
        order_id = event.order_id
        self.owners[order_id] = (event.account_id, event.instrument_id)
        if event.expires_ns is not None:
            assert event.expires_ns > time_ns
            self.expires[order_id] = event.expires_ns
        if event.list_id is not None:
            key = (event.list_id, event.waits_for)
            self.lists.setdefault(key, []).append(order_id)
            self.listed[order_id] = key
            self.entry_filled[order_id] = 0
        if event.trigger is None:
            return
        order = WaitingOrder(
            order_id,
            event.instrument_id,
            event.side,
            event.order_type,
            event.trigger,
            event.quantity,
            event.close_position,
            event.waits_for,
        )
        self.waiting[order_id] = order
        if event.waits_for is None:
            self._watch(order)
            assert event.trigger.price is None or not order.is_met(self._now(order)), "ORD-9"

    def _trigger(self, event: e.OrderTriggered) -> None:
        order = self._fired(event.order_id)
        assert order.seen is not None
        threshold = order.threshold()
        assert threshold is not None
        assert abs(event.trigger_price - threshold) < 1
        if not order.close_position:
            assert event.quantity == order.quantity
        self.fired[f"fired: {order.order_type.name}"] += 1
        self.fired[f"fired on {order.trigger.source.name}"] += 1
        self.fired["fired: close_position"] += order.close_position
        self.fired["fired after another"] += self.in_command > 0
        self.in_command += 1
        del self.waiting[event.order_id]

    def _fired(self, order_id: int) -> WaitingOrder:
        """Its trigger is met, its instrument open, and what it cancels is to go."""
        order = self.waiting[order_id]
        assert self.open[order.instrument_id], "triggers of a halted instrument wait (MAT-2)"
        assert order.was_met or order.is_met(self._now(order)), "a trigger that was not met (ORD-9)"
        if order_id in self.listed:
            self.over[self.listed[order_id]] = order_id
        return order

    def forget(self, order_id: int) -> None:
        """The order ended, filled or not."""
        self.waiting.pop(order_id, None)
        self.expires.pop(order_id, None)
        self.owners.pop(order_id, None)
        key = self.listed.pop(order_id, None)
        if key is not None:
            self.lists[key].remove(order_id)
            if not self.lists[key]:
                del self.lists[key]

    def filled(self, order_id: int) -> None:
        """All of it traded: what would have been its alternative goes too."""
        if order_id in self.listed:
            self.over[self.listed[order_id]] = order_id
        self.forget(order_id)

    # -- what must hold after a command ------------------------------------------------------------

    def finish(self) -> None:
        for (list_id, waits_for), order_id in self.over.items():
            left = [each for each in self.lists.get((list_id, waits_for), []) if each != order_id]
            assert left == [], f"list {list_id} is over, and leaves {left} (ORD-1)"
            if waits_for is not None:
                assert waits_for not in self.owners, "an entry outlives its exit (ORD-1)"
        self.over = {}
        self.in_command = 0
        for order in self.waiting.values():
            if order.waits_for is not None:
                assert order.seen is not None or order.waits_for in self.owners, "a lost child"
                if not order.close_position:
                    assert order.quantity == self.entry_filled[order.waits_for]

    def check_moment(self, time_ns: int) -> None:
        """Nothing is overdue once a moment is over, its pages included (TIME-1)."""
        for order in self.waiting.values():
            if order.seen is None:
                continue
            if self.open.get(order.instrument_id, False):
                watches_trades = order.trigger.source == TriggerSource.LAST
                met = order.was_met or (not watches_trades and order.is_met(self._now(order)))
                assert not met, f"{order.order_id} should have fired (ORD-9)"
        for order_id, due in self.expires.items():
            assert due > time_ns, f"{order_id} should have expired (ORD-1)"
        for key, due in self.countdowns.items():
            assert due > time_ns, f"the switch {key} should have canceled (ORD-8)"
