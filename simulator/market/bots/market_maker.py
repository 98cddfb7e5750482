"""A market maker: levels of bids and asks around the index, moved by one command for all.

Each side has a stock of quantity. What is taken leaves the stock and comes back at a rate, from
the outermost level inward, so a swept book is thin and wide at first and closes again. Inventory
moves the center of the quotes against it and bounds how much more of it is quoted. On a spot
instrument it begins with `max_inventory` of the base asset in SPOT (`inventory`), so it never
offers what it has not got. New quotes are sent only when the center moved by a fraction of the
spread or a level's worth of stock came back. After a restart the quotes that stand in the state are
taken for the stock.
"""

from typing import NamedTuple

import msgspec

from simulator.core.model.commands import AnyCommand, CancelAllOrders, ReplaceQuotes
from simulator.core.model.enums import BUY, MarketState, Side
from simulator.core.model.instruments import Instrument
from simulator.core.model.units import (
    NS_PER_SECOND,
    RATE_ONE,
    divide_half_even,
    rate_of_up,
    round_down_to,
    round_up_to,
)
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import Order
from simulator.market.bots.inventory import inventory_of

BASIS_POINT = RATE_ONE // 10_000


class MakerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a maker quotes: quantities in the instrument's units, rates in 1e-12 of the price."""

    level_quantity: int
    max_inventory: int
    """The inventory, long or short, that its quotes never lead beyond; on spot its first stock."""
    replenish_per_second: int
    """How much comes back to each side in a second of world time."""
    levels: int = 10
    spread_rate: int = 4 * BASIS_POINT
    """From the best bid to the best ask."""
    level_spacing_rate: int = 2 * BASIS_POINT
    skew_rate: int = 10 * BASIS_POINT
    """How far the center moves against a full inventory."""
    requote_fraction: int = RATE_ONE // 2
    """Of the spread: smaller moves of the center leave the quotes as they are."""
    interval_ns: int = NS_PER_SECOND // 2
    """How often it looks, in world time."""

    def __post_init__(self) -> None:
        for name in ("level_quantity", "levels", "interval_ns"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}: it should be positive")
        for name in ("replenish_per_second", "level_spacing_rate", "skew_rate", "requote_fraction"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}: it should be 0 or more")
        if not 0 < self.spread_rate < RATE_ONE:
            raise ValueError(
                f"spread_rate is {self.spread_rate}: it should be above 0 and below {RATE_ONE}"
            )
        if self.max_inventory < self.level_quantity:
            raise ValueError(
                f"max_inventory is {self.max_inventory}: it should be one level_quantity or more"
            )

    def check(self, terms: Instrument) -> None:
        """Raises ValueError if an instrument does not allow levels of this quantity."""
        if self.level_quantity % terms.lot_size or self.level_quantity > terms.max_quantity:
            raise ValueError(
                f"level_quantity is {self.level_quantity}: it should be a multiple of the lot of "
                f"{terms.lot_size} and at most {terms.max_quantity} on {terms.symbol}"
            )


class _Stock:
    """What one side can offer: `quantity` in all, of which `standing` was last seen in the book."""

    def __init__(self) -> None:
        self.quantity = 0
        self.standing = 0
        self._credit = 0
        """Replenishment of less than one unit, in units times ns per second."""

    def see(self, resting: int) -> None:
        """What is missing of the standing quotes was taken."""
        self.quantity = max(resting, self.quantity - (self.standing - resting))
        self.standing = resting

    def replenish(self, per_second: int, elapsed_ns: int, full: int) -> None:
        units, self._credit = divmod(self._credit + per_second * elapsed_ns, NS_PER_SECOND)
        self.quantity = min(full, self.quantity + units)


class _Sent(NamedTuple):
    """Quotes that were sent and not yet seen in the state."""

    last_order_id: int
    """The last order of all before them."""
    inventory: int
    bids: int
    asks: int


class MarketMaker:
    """Quotes one instrument for one account, in CROSS (`SetMarginMode`), or in SPOT on spot."""

    def __init__(self, account_id: int, terms: Instrument, config: MakerConfig) -> None:
        """Raises ValueError for a config that does not fit the instrument."""
        config.check(terms)
        self.account_id = account_id
        self.instrument = terms
        self.config = config
        self._full_side = config.level_quantity * config.levels
        self._distances = tuple(
            config.spread_rate // 2 + number * config.level_spacing_rate
            for number in range(config.levels)
        )
        """Of each level from the center, as a rate, best first."""
        self._stock = {Side.BUY: _Stock(), Side.SELL: _Stock()}
        self._seen_ns: int | None = None
        self._center: int | None = None
        """Of the standing quotes; none if they are unknown or gone."""
        self._sent: _Sent | None = None

    def next_wake(self, time_ns: int) -> int:
        """The next moment of its grid of world time."""
        return (time_ns // self.config.interval_ns + 1) * self.config.interval_ns

    def wake(self, time_ns: int, state: ExchangeState) -> list[AnyCommand]:
        """Looks at the market; returns new quotes, a withdrawal, or nothing."""
        record = state.instruments.get(self.instrument.instrument_id)
        if record is None or record.index_price is None:
            return []
        exposure = state.find_exposure(self.account_id, self.instrument.instrument_id)
        orders = {} if exposure is None else exposure.orders
        inventory = inventory_of(state, self.account_id, self.instrument, self.config.max_inventory)
        own = [order for order in orders.values() if order.quote]
        accepted = self._look(time_ns, own, inventory)
        if record.market_state != MarketState.OPEN or not accepted:
            return self._withdraw()
        quotes = self.quotes(record.index_price, inventory)
        if quotes is None:
            return []
        bids, asks = (sum(quantity for _, quantity in each) for each in (quotes.bids, quotes.asks))
        self._sent = _Sent(state.counters.order, inventory, bids, asks)
        return [quotes]

    def quotes(self, reference: int, inventory: int) -> ReplaceQuotes | None:
        """The quotes for this index price and position, if the standing ones will not do."""
        center = self._skewed(reference, inventory)
        totals = {side: self._offered(side, inventory) for side in (Side.BUY, Side.SELL)}
        if not self._is_due(center, totals):
            return None
        self._center = center
        return ReplaceQuotes(
            self.account_id,
            self.instrument.instrument_id,
            self._side_levels(Side.BUY, center, totals[Side.BUY]),
            self._side_levels(Side.SELL, center, totals[Side.SELL]),
        )

    # -- what is there ---------------------------------------------------------------------------

    def _look(self, time_ns: int, own: list[Order], inventory: int) -> bool:
        """Brings the stock up to date. Returns whether the last quotes sent were accepted."""
        first_look = self._seen_ns is None
        elapsed_ns = 0 if self._seen_ns is None else max(0, time_ns - self._seen_ns)
        self._seen_ns = time_ns
        sent, self._sent = self._sent, None
        accepted = sent is None or _was_accepted(sent, own, inventory)
        if sent is not None and accepted:
            self._stock[Side.BUY].standing = sent.bids
            self._stock[Side.SELL].standing = sent.asks
        resting = {Side.BUY: 0, Side.SELL: 0}
        for order in own:
            resting[order.side] += order.remaining
        for side, stock in self._stock.items():
            stock.see(resting[side])
            if first_look and not own:
                stock.quantity = self._full_side
            stock.replenish(self.config.replenish_per_second, elapsed_ns, self._full_side)
        return accepted

    def _withdraw(self) -> list[AnyCommand]:
        """Takes the quotes out of the book; what they offered stays in stock."""
        self._center = None
        if all(stock.standing == 0 for stock in self._stock.values()):
            return []
        for stock in self._stock.values():
            stock.standing = 0
        return [CancelAllOrders(self.account_id, self.instrument.instrument_id)]

    # -- what should be there --------------------------------------------------------------------

    def _skewed(self, reference: int, inventory: int) -> int:
        """The center of the quotes: lower when long, higher when short."""
        limit = self.config.max_inventory
        held = max(-limit, min(limit, inventory))
        return reference - divide_half_even(
            reference * self.config.skew_rate * held, RATE_ONE * limit
        )

    def _offered(self, side: Side, inventory: int) -> int:
        """The quantity to quote: the stock, in lots, but not beyond the largest inventory."""
        room = max(0, self.config.max_inventory - side * inventory)
        return round_down_to(min(self._stock[side].quantity, room), self.instrument.lot_size)

    def _is_due(self, center: int, totals: dict[Side, int]) -> bool:
        for side, total in totals.items():
            standing = self._stock[side].standing
            if total < standing or total - standing >= self.config.level_quantity:
                return True
            if standing == 0 and total > 0:
                return True
        if not any(totals.values()):
            return False
        if self._center is None:
            return True
        moved = abs(center - self._center) * RATE_ONE * RATE_ONE
        return moved > self._center * self.config.spread_rate * self.config.requote_fraction

    def _side_levels(self, side: Side, center: int, total: int) -> tuple[tuple[int, int], ...]:
        """Levels `(price, quantity)`, best first; a short stock leaves the inner ones empty.

        A price is rounded away from the center, and at least a tick beyond the level before it.
        """
        full, tick, levels = self.config.level_quantity, self.instrument.tick_size, []
        price, outer = center, self._full_side
        for rate in self._distances:
            distance = rate_of_up(center, rate)
            if side is BUY:
                price = round_down_to(min(center - distance, price - 1), tick)
            else:
                price = round_up_to(max(center + distance, price + 1), tick)
            outer -= full
            quantity = min(full, total - outer)
            if price > 0 and quantity > 0:
                levels.append((price, quantity))
        return tuple(levels)


def _was_accepted(sent: _Sent, own: list[Order], inventory: int) -> bool:
    """New quotes rest, or none is left because they traded, or none was wanted."""
    if own:
        return max(order.order_id for order in own) > sent.last_order_id
    return inventory != sent.inventory or sent.bids + sent.asks == 0
