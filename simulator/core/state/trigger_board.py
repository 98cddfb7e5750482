"""The waiting trigger orders of one instrument, sorted so that a price finds those that it meets.

Per source there are ladders: sorted thresholds that are met by rising or by falling to them. A
price looks at the near end of each and goes no further than what it meets. Trailing stops stand on
three kinds: until they are active on that of their activation price, then on that of their
watermark, which a more favorable price moves along, and on that of the trigger price that follows.

Derived from the orders; only their watermarks are in a snapshot. Applying a price moves these: a
watermark is the best price so far, and nobody's decision.
"""

from bisect import bisect_left, insort
from typing import Final

from simulator.core.model.enums import BUY, TriggerSource
from simulator.core.model.triggers import is_reached, rises, trailing_price
from simulator.core.model.units import AMOUNT_LIMIT
from simulator.core.state.records import Order

_AT_ANY_PRICE: Final = {True: 0, False: AMOUNT_LIMIT}
"""An activation price that every price has reached, by rising or by falling to it."""


class Ladder:
    """Thresholds that are met by rising to them, or by falling: the first to be met first."""

    __slots__ = ("rungs", "sign")

    def __init__(self, rising: bool) -> None:
        self.sign = 1 if rising else -1
        self.rungs: list[tuple[int, int]] = []
        """(threshold times sign, order id)."""

    def add(self, threshold: int, order_id: int) -> None:
        insort(self.rungs, (threshold * self.sign, order_id))

    def remove(self, threshold: int, order_id: int) -> None:
        del self.rungs[bisect_left(self.rungs, (threshold * self.sign, order_id))]

    def met(self, price: int) -> list[int]:
        """The orders whose threshold the price meets, the first threshold first."""
        key = price * self.sign
        found: list[int] = []
        for threshold, order_id in self.rungs:
            if threshold > key:
                break
            found.append(order_id)
        return found


class SourceBoard:
    """The orders that watch one price of the instrument."""

    __slots__ = ("activations", "orders", "triggers", "watermarks")

    def __init__(self) -> None:
        self.orders: dict[int, Order] = {}
        self.triggers = {True: Ladder(True), False: Ladder(False)}
        """By whether they are met by rising, as the other two."""
        self.activations = {True: Ladder(True), False: Ladder(False)}
        self.watermarks = {True: Ladder(True), False: Ladder(False)}

    def add(self, order: Order) -> None:
        self.orders[order.order_id] = order
        self._climb(order)

    def remove(self, order: Order) -> None:
        del self.orders[order.order_id]
        self._descend(order)

    def follow(self, price: int) -> None:
        """A new price: trailing stops become active, and watermarks move."""
        for rising in (True, False):
            for order_id in self.activations[rising].met(price):
                self._move(self.orders[order_id], price)
            ladder = self.watermarks[rising]
            for order_id in ladder.met(price - ladder.sign):
                self._move(self.orders[order_id], price)

    def met(self, price: int) -> list[int]:
        """The orders whose triggers the price meets, the oldest first (TIME-2)."""
        return sorted(self.triggers[True].met(price) + self.triggers[False].met(price))

    def _move(self, order: Order, price: int) -> None:
        self._descend(order)
        order.watermark = price
        self._climb(order)

    def _climb(self, order: Order) -> None:
        threshold = trigger_price(order)
        if threshold is not None:
            self.triggers[rises(order.order_type, order.side)].add(threshold, order.order_id)
        if order.watermark is not None:
            self.watermarks[order.side is not BUY].add(order.watermark, order.order_id)
        elif threshold is None:
            rising, activation = activation_of(order)
            self.activations[rising].add(activation, order.order_id)

    def _descend(self, order: Order) -> None:
        """The reverse of `_climb`, on the same terms."""
        threshold = trigger_price(order)
        if threshold is not None:
            self.triggers[rises(order.order_type, order.side)].remove(threshold, order.order_id)
        if order.watermark is not None:
            self.watermarks[order.side is not BUY].remove(order.watermark, order.order_id)
        elif threshold is None:
            rising, activation = activation_of(order)
            self.activations[rising].remove(activation, order.order_id)


class TriggerBoard:
    """One instrument's; there is none for an instrument without waiting trigger orders."""

    __slots__ = ("sources",)

    def __init__(self) -> None:
        self.sources: dict[TriggerSource, SourceBoard] = {}

    def add(self, order: Order) -> None:
        self.sources.setdefault(_source(order), SourceBoard()).add(order)

    def remove(self, order: Order) -> None:
        source = _source(order)
        board = self.sources[source]
        board.remove(order)
        if not board.orders:
            del self.sources[source]

    def follow(self, source: TriggerSource, price: int) -> None:
        board = self.sources.get(source)
        if board is not None:
            board.follow(price)

    def met(self, source: TriggerSource, price: int) -> list[int]:
        """See `SourceBoard.met`."""
        board = self.sources.get(source)
        return [] if board is None else board.met(price)


def _source(order: Order) -> TriggerSource:
    if order.trigger is None:
        raise AssertionError(f"order {order.order_id} has no trigger")
    return order.trigger.source


def trigger_price(order: Order) -> int | None:
    """Where the order fires; none without a trigger, and of a trailing stop that is not active."""
    trigger = order.trigger
    if trigger is None or trigger.callback_rate is None:
        return None if trigger is None else trigger.price
    if order.watermark is None:
        return None
    return trailing_price(order.side, order.watermark, trigger.callback_rate)


def activation_of(order: Order) -> tuple[bool, int]:
    """How a trailing stop becomes active: whether by rising to the price, and the price.

    One that sells trails a rise, so it is activated by one.
    """
    rising = order.side is not BUY
    trigger = order.trigger
    if trigger is None or trigger.activation_price is None:
        return rising, _AT_ANY_PRICE[rising]
    return rising, trigger.activation_price


def watermark_at(order: Order, price: int | None) -> int | None:
    """The watermark of a trailing stop that begins to watch at this price; none: not active yet."""
    if order.trigger is None or order.trigger.callback_rate is None or price is None:
        return None
    rising, activation = activation_of(order)
    return price if is_reached(rising, activation, price) else None
