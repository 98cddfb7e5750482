"""The counts of a crash, against what a small one does by hand (LIQ-3, LIQ-6, FND-2)."""

from simulator.analytics.cascade import Cascade
from simulator.core.codec import Entry
from simulator.core.model import commands as c
from simulator.core.model.enums import PositionSide, WalletKind
from simulator.core.model.units import NS_PER_MINUTE
from tests.scenario import Events, World, amount


class Counted(World):
    """A world whose entries are all followed."""

    def __init__(self, fund: str = "0") -> None:
        self.entries: list[Entry] = []
        super().__init__(fund)

    def run(self, command: c.AnyCommand) -> Events:
        events = super().run(command)
        seq = self.exchange.state.seq
        self.entries.append(Entry("w", seq, self.time_ns, command, events))
        return events

    def count(self) -> Cascade:
        listed = self.exchange.state.instruments.values()
        cascade = Cascade([each.terms for each in listed])
        for entry in self.entries:
            cascade.follow(entry)
        return cascade


def two_longs() -> Counted:
    """Ann 10x isolated and Bob 20x cross, both long from 100, the book deep at first."""
    world = Counted(fund="1000")
    world.instrument("BTC", "500:0.4%:125 1%:50")
    world.account("ann", cross="200")
    world.account("bob", cross="50")
    world.mark(BTC="100")
    world.maker("BTC", bids="99.9 x 1000", asks="100 x 1000")
    world.buy("ann", "BTC", "10", leverage=10)
    world.mode("bob", "BTC", "CROSS")
    world.buy("bob", "BTC", "8", leverage=20)
    return world


def test_what_is_counted_is_what_happened() -> None:
    world = two_longs()
    world.maker("BTC", bids="94 x 3", asks="96 x 1")
    world.mark(BTC="94.1")
    cascade = world.count()
    assert cascade.accounts == 3
    assert cascade.trades == 4, "two entries, two steps on the book"
    assert cascade.traded_notional == amount("1800") + 3 * amount("94")
    assert (cascade.calls, cascade.calls_cured) == (1, 0)
    assert cascade.started == 1
    assert cascade.liquidations == {WalletKind.CROSS: 1}
    assert cascade.steps[PositionSide.LONG] >= 1
    assert cascade.takeovers >= 1
    assert cascade.partial + cascade.closed_on_book == 0, "the fund took the rest"
    busiest = cascade.busiest_minute()
    assert busiest == (world.time_ns // NS_PER_MINUTE * NS_PER_MINUTE, 1)
    assert cascade.shortfall == 0


def test_a_deficit_is_paid_by_the_fund_and_then_by_nobody() -> None:
    """Ann at 85: equity 100 - 150 = -50. Bob at 85: 50 - 120 = -70. A fund of 1,000 has it."""
    world = two_longs()
    world.maker("BTC")
    world.mark(BTC="85")
    cascade = world.count()
    assert cascade.liquidations == {WalletKind.ISOLATED: 1, WalletKind.CROSS: 1}
    assert cascade.deficits == 2
    assert cascade.deficits_paid == amount("120")
    assert cascade.shortfall == 0
    assert cascade.takeover_notional == amount("85") * 18


def test_nothing_happened() -> None:
    world = Counted()
    world.instrument("BTC")
    cascade = world.count()
    assert cascade.busiest_minute() is None
    assert (cascade.started, cascade.trades, cascade.funding_stamps) == (0, 0, 0)
