"""The counts of a crash, against what a small one does by hand (LIQ-3, LIQ-6, FND-2)."""

from simulator.analytics.cascade import Cascade
from simulator.core.codec import Entry
from simulator.core.model import commands as c
from simulator.core.model.enums import PositionSide, WalletKind
from simulator.core.model.units import NS_PER_MINUTE
from tests.scenario import Events, World, amount
from tests.spot_scenario import SpotWorld


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


class CountedSpot(Counted, SpotWorld):
    """A world that lends, whose entries are all followed."""


def test_liq_5_debts_and_their_liquidations_are_counted() -> None:
    """Ann owes 16,000 at 5x for 10 ETH. At 1,760 and without a bid the fund buys 3.75 at index;
    nobody pays interest."""
    world = CountedSpot()
    world.spot("ETHUSDT", "ETH")
    world.account("ann", cross="4000")
    world.account("bob", spot="100000")
    world.deposit("bob", "100", "SPOT", "ETH")
    world.pool("USDT", "1000000")
    world.mark(ETHUSDT="2000")
    world.mode("ann", "ETHUSDT", "CROSS")
    world.product("ann", 5)
    world.quotes("bob", "ETHUSDT", asks="2000 x 100")
    world.buy("ann", "ETHUSDT", "10")
    world.mark(ETHUSDT="1760")
    cascade = world.count()
    assert cascade.borrowed == {1: amount("16000")}, "the fund's own loan is left out"
    assert (cascade.started, cascade.debt_liquidations) == (1, 1)
    assert cascade.asset_takeovers == 1
    assert cascade.asset_takeover_notional == amount("6600")
    assert cascade.partial == 1
    assert cascade.closed_on_book == cascade.takeovers == 0
    assert not cascade.interest_paid, "it costs nothing here"


def test_bor_3_interest_is_counted_when_it_is_paid() -> None:
    """An hour at once, of 1 ETH at 2.4% a day: 0.001."""
    world = CountedSpot()
    world.spot("ETHUSDT", "ETH", borrow_rate="2.4%")
    world.account("ann", cross="5000")
    world.pool("ETH", "100")
    world.mark(ETHUSDT="2000")
    world.borrow("ann", "1", "ETH")
    assert not world.count().interest_paid, "it is owed first"
    world.deposit("ann", "1", "CROSS", "ETH")
    world.repay("ann", None, "ETH")
    cascade = world.count()
    assert cascade.borrowed == {world.assets["ETH"]: amount("1")}
    assert cascade.interest_paid == {world.assets["ETH"]: amount("0.001")}
    assert cascade.debt_liquidations == 0
