"""Random histories as journals: the crowd of the property tests, driven as by the runtime."""

from collections.abc import Sequence
from random import Random
from typing import Any

from simulator.core.codec import Entry, decode_snapshot, encode_snapshot
from simulator.core.exchange import Exchange
from simulator.core.model.commands import AnyCommand
from simulator.core.state.exchange_state import ExchangeState
from simulator.runtime.engine import Engine
from tests.properties import crowd
from tests.properties.crowd import Choices
from tests.properties.crowd_orders import ORDER_BUILDERS
from tests.properties.lending_market import Market, act
from tests.scenario import START_NS, Events, World

WORLD = "crowd"


def crowded_history(seed: int, commands: int) -> list[Entry]:
    """Entries from the first on: the opening, quotes, and then whatever the crowd does."""
    dice = Random(seed)
    engine = Engine(WORLD, Exchange())
    now = START_NS
    for command in crowd.opening_commands():
        engine.submit(now, command)
    builders = crowd.BUILDERS | ORDER_BUILDERS
    weights = [weight for weight, _ in builders.values()]
    for instrument in range(5):
        engine.submit(now, crowd.quote(engine.exchange.state, Choices(instrument)))
    for _ in range(commands):
        now += dice.randint(1, 120) * 10**9
        (name,) = dice.choices(list(builders), weights)
        build = builders[name][1]
        command = build(engine.exchange.state, Choices(dice.getrandbits(24)))
        engine.submit(now, command)
        now = max(now, engine.time_ns)
    entries, _ = engine.take()
    return entries


class RecordedWorld(World):
    """The language of rule tests, with a journal of what was done."""

    def __init__(self, fund: str = "0", **parameters: Any) -> None:
        self.entries: list[Entry] = []
        super().__init__(fund, **parameters)

    def run(self, command: AnyCommand) -> Events:
        events = super().run(command)
        seq = self.exchange.state.seq
        self.entries.append(Entry(WORLD, seq, self.time_ns, command, events))
        return events


class RecordedMarket(Market):
    """The lending market of the property test, with a journal of what was done."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        super().__init__()

    def run(self, command: AnyCommand) -> Events:
        events = super().run(command)
        seq = self.exchange.state.seq
        self.entries.append(Entry(WORLD, seq, self.time_ns, command, events))
        return events


def lending_history(seed: int, acts: int = 250) -> RecordedMarket:
    """Whatever random members of a lending market do."""
    market, dice = RecordedMarket(), Random(seed)
    for _ in range(acts):
        act(market, dice)
    return market


def state_after(entries: Sequence[Entry]) -> ExchangeState:
    """A state of its own, as a snapshot gives it."""
    exchange = Exchange()
    for entry in entries:
        exchange.fold(entry.time_ns, entry.command, entry.events)
    return decode_snapshot(encode_snapshot(exchange.state))
