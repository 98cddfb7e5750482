"""A noise trader: small orders of random side, kind, size and price, at random moments.

It keeps no memory: what it does at a moment is drawn from (seed, account, instrument, world time)
and from the state. Its inventory stays within a bound and is pulled back to zero, because the
larger it is the likelier the next order reduces it. Limit orders that grew old are canceled. On a
spot instrument it begins with `max_inventory` of the base asset in SPOT (`inventory`), and an order
is never more than what is free there pays for.
"""

import msgspec

from simulator.core.model.commands import AnyCommand, CancelOrder, PlaceOrder
from simulator.core.model.enums import MarketState, OrderType, Side, TimeInForce
from simulator.core.model.instruments import Instrument
from simulator.core.model.units import (
    NS_PER_SECOND,
    RATE_ONE,
    divide_up,
    rate_of_down,
    round_down_to,
    round_up_to,
)
from simulator.core.rules.order_form import band_edge
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.exposure import Exposure
from simulator.core.state.records import InstrumentRecord
from simulator.market.bots.inventory import inventory_of, payable_quantity
from simulator.market.dice import Dice

_WAKES, _ORDERS = 11, 12
"""Purposes that key the dice."""


class NoiseConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a noise trader trades: quantities in the instrument's units, rates in 1e-12."""

    max_quantity: int
    """The largest order; sizes are uniform from the smallest allowed one to this."""
    max_inventory: int
    """The inventory, long or short, that its orders never lead beyond; on spot its first stock."""
    mean_interval_ns: int = 8 * NS_PER_SECOND
    """Between two orders, in world time; from half of this to one and a half."""
    market_share_rate: int = RATE_ONE // 2
    """How many of its orders are market orders; the others are limit orders."""
    limit_offset_rate: int = 15 * RATE_ONE // 10_000
    """Limit orders are at most so far from the mark, on their own side of it."""
    order_lifetime_ns: int = 60 * NS_PER_SECOND

    def __post_init__(self) -> None:
        for name in ("max_quantity", "order_lifetime_ns"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}: it should be positive")
        for name in ("market_share_rate", "limit_offset_rate"):
            if not 0 <= getattr(self, name) <= RATE_ONE:
                raise ValueError(
                    f"{name} is {getattr(self, name)}: it should be from 0 to {RATE_ONE}"
                )
        if self.mean_interval_ns < 2:
            raise ValueError(f"mean_interval_ns is {self.mean_interval_ns}: it should be 2 or more")
        if self.max_inventory < self.max_quantity:
            raise ValueError(
                f"max_inventory is {self.max_inventory}: it should be max_quantity or more"
            )

    def check(self, terms: Instrument) -> None:
        """Raises ValueError if an instrument does not allow orders of this quantity."""
        largest = min(terms.max_quantity, terms.max_market_quantity)
        if not terms.min_quantity <= self.max_quantity <= largest:
            raise ValueError(
                f"max_quantity is {self.max_quantity}: it should be from {terms.min_quantity} "
                f"to {largest} on {terms.symbol}"
            )


class NoiseTrader:
    """Trades one instrument for one account."""

    def __init__(self, account_id: int, terms: Instrument, config: NoiseConfig, seed: int) -> None:
        """Raises ValueError for a config that does not fit the instrument."""
        config.check(terms)
        self.account_id = account_id
        self.instrument = terms
        self.config = config
        self._seed = seed

    def next_wake(self, time_ns: int) -> int:
        """When it acts next, drawn from the time of now."""
        mean = self.config.mean_interval_ns
        return time_ns + self._dice(_WAKES, time_ns).between(mean // 2, mean * 3 // 2)

    def wake(self, time_ns: int, state: ExchangeState) -> list[AnyCommand]:
        """Cancels what is too old, and places one order if there is room for it."""
        record = state.instruments.get(self.instrument.instrument_id)
        if record is None or record.mark_price is None:
            return []
        exposure = state.find_exposure(self.account_id, self.instrument.instrument_id)
        commands = self._cancel_old(time_ns, exposure)
        if record.market_state == MarketState.OPEN:
            order = self._order(time_ns, record, record.mark_price, state)
            if order is not None:
                commands.append(order)
        return commands

    def _dice(self, purpose: int, time_ns: int) -> Dice:
        instrument_id = self.instrument.instrument_id
        return Dice(self._seed, purpose, self.account_id, instrument_id, time_ns)

    def _cancel_old(self, time_ns: int, exposure: Exposure | None) -> list[AnyCommand]:
        if exposure is None:
            return []
        return [
            CancelOrder(self.account_id, order.order_id)
            for order in exposure.orders.values()
            if order.created_ns + self.config.order_lifetime_ns <= time_ns
        ]

    def _order(
        self, time_ns: int, record: InstrumentRecord, mark: int, state: ExchangeState
    ) -> PlaceOrder | None:
        dice = self._dice(_ORDERS, time_ns)
        limit = self.config.max_inventory
        inventory = inventory_of(state, self.account_id, self.instrument, limit)
        side = self._side(dice, inventory)
        market = dice.chance(self.config.market_share_rate)
        price = None if market else self._limit_price(dice, side, mark)
        worst = band_edge(record, side) if price is None else price
        room = self._room(state, side, inventory, worst)
        quantity = self._quantity(dice, room, mark if price is None else price)
        if quantity is None:
            return None
        return PlaceOrder(
            self.account_id,
            self.instrument.instrument_id,
            side,
            OrderType.MARKET if market else OrderType.LIMIT,
            quantity,
            price,
            TimeInForce.IOC if market else TimeInForce.GTC,
        )

    def _side(self, dice: Dice, inventory: int) -> Side:
        """Buys with probability 1/2 when flat, falling to 0 as it gets fully long."""
        limit = self.config.max_inventory
        return Side.BUY if dice.below(2 * limit) < limit - inventory else Side.SELL

    def _room(self, state: ExchangeState, side: Side, inventory: int, worst_price: int) -> int:
        """What an order may be at most; on spot also what is free pays for at the worst price."""
        terms = self.instrument
        exposure = state.find_exposure(self.account_id, terms.instrument_id)
        open_quantity = 0 if exposure is None else exposure.totals(side).quantity
        room = self.config.max_inventory - side * inventory - open_quantity
        if terms.base_asset_id is None:
            return room
        return min(room, payable_quantity(state, self.account_id, terms, side, worst_price))

    def _limit_price(self, dice: Dice, side: Side, mark: int) -> int:
        distance = rate_of_down(mark, dice.below(self.config.limit_offset_rate + 1))
        tick = self.instrument.tick_size
        if side == Side.BUY:
            return max(tick, round_down_to(mark - distance, tick))
        return round_up_to(mark + distance, tick)

    def _quantity(self, dice: Dice, room: int, price: int) -> int | None:
        """A random number of lots that the filters allow; none if there is no room for any."""
        lot = self.instrument.lot_size
        by_notional = divide_up(self.instrument.min_notional, self.instrument.notional(1, price))
        smallest = divide_up(max(self.instrument.min_quantity, by_notional, lot), lot)
        largest = min(room, self.config.max_quantity) // lot
        return None if largest < smallest else lot * dice.between(smallest, largest)
