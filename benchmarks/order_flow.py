"""The order flow of the required mix: 45 % orders that rest, 35 % cancels, 20 % orders that take.

The commands are found in a rehearsal on an exchange of their own (a cancel needs an order that is
still open), so that what is measured afterwards is the exchange alone. A taking order is half as
large as a resting one on average: so the book neither empties nor grows.
"""

import random
from typing import NamedTuple

from benchmarks.trading_floor import INSTRUMENT, MARK, TICK, USDT, Floor
from simulator.core.model.commands import AnyCommand, CancelOrder, PlaceOrder
from simulator.core.model.enums import MarginMode, OrderType, Side
from simulator.core.model.events import AnyEvent

ACCOUNTS = 1_000
DEPOSIT = 1_000_000 * USDT
WARM_UP = 5_000
"""Orders that rest before anything is measured."""

SEED = 20_200_312
REST_SHARE, CANCEL_SHARE = 0.45, 0.35
LEVELS = 200
LOT = 10
RESTING_LOTS, TAKING_LOTS = 20, 10


class Step(NamedTuple):
    """One command of the flow, its kind (`rest`, `cancel`, `take`), and what came of it."""

    kind: str
    time_ns: int
    command: AnyCommand
    events: tuple[AnyEvent, ...]


class Flow:
    """Draws commands that fit the state of the floor they are meant for."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.random = random.Random(SEED)
        self.placed: list[tuple[int, int]] = []

    def step(self) -> Step:
        draw = self.random.random()
        if draw < REST_SHARE:
            return self._do("rest", self.resting_order())
        if draw < REST_SHARE + CANCEL_SHARE:
            return self._do("cancel", self._cancel())
        return self._do("take", self._taking_order())

    def _do(self, kind: str, command: AnyCommand) -> Step:
        events = tuple(self.floor.do(command))
        if kind == "rest" and isinstance(command, PlaceOrder):
            self.placed.append((command.account_id, self.floor.exchange.state.counters.order))
        return Step(kind, self.floor.time_ns, command, events)

    def rest(self) -> Step:
        return self._do("rest", self.resting_order())

    def resting_order(self) -> PlaceOrder:
        side = self._side()
        price = MARK - side * TICK * self.random.randint(1, LEVELS)
        quantity = LOT * self.random.randint(1, RESTING_LOTS)
        return PlaceOrder(self._account(), INSTRUMENT, side, OrderType.LIMIT, quantity, price)

    def _taking_order(self) -> PlaceOrder:
        quantity = LOT * self.random.randint(1, TAKING_LOTS)
        return PlaceOrder(self._account(), INSTRUMENT, self._side(), OrderType.MARKET, quantity)

    def _cancel(self) -> CancelOrder:
        """Of any order that still rests."""
        placed, orders = self.placed, self.floor.exchange.state.orders
        while True:
            chosen = self.random.randrange(len(placed))
            placed[chosen], placed[-1] = placed[-1], placed[chosen]
            account_id, order_id = placed.pop()
            if order_id in orders:
                return CancelOrder(account_id, order_id)

    def _side(self) -> Side:
        return Side.BUY if self.random.random() < 0.5 else Side.SELL

    def _account(self) -> int:
        return self.random.choice(self.floor.accounts)


def open_floor(mode: MarginMode) -> Floor:
    """The floor at the opening: every account funded, the mark set, the book still empty."""
    floor = Floor()
    for _ in range(ACCOUNTS):
        floor.open_account(DEPOSIT, mode)
    floor.set_mark(MARK)
    return floor


def rehearse(mode: MarginMode, commands: int) -> tuple[list[Step], list[Step]]:
    """The steps that fill the book, and the steps to be measured."""
    flow = Flow(open_floor(mode))
    warm_up = [flow.rest() for _ in range(WARM_UP)]
    return warm_up, [flow.step() for _ in range(commands)]


def warmed_floor(mode: MarginMode, warm_up: list[Step]) -> Floor:
    """A fresh floor whose book is filled, ready for the steps that were rehearsed."""
    floor = open_floor(mode)
    for step in warm_up:
        floor.exchange.execute(step.time_ns, step.command)
    return floor
