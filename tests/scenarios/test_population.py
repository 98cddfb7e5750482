"""The crowd of a replay: drawn from its seed, it enters in turn and answers calls once."""

from collections import Counter

import pytest

from simulator.core.exchange import Exchange
from simulator.core.model.commands import AnyCommand, PlaceOrder, SetIndexPrices, TransferFunds
from simulator.core.model.enums import MarginMode, Side, WalletKind
from simulator.core.model.events import CommandRejected, OrderRejected
from simulator.core.model.units import NS_PER_HOUR, NS_PER_SECOND
from simulator.scenarios.cast import account_at
from simulator.scenarios.population import (
    Crowd,
    Member,
    Population,
    draw_members,
    opening_commands,
)
from simulator.scenarios.scripted_trader import TraderSpec
from tests.scenario import START_NS, Events, World, amount, instrument_terms

MINOR = 10**8
BTC = (instrument_terms(1, "BTC"), 125)
ETH = (instrument_terms(2, "ETH"), 20)
CROWD = Crowd(400, 7, START_NS, START_NS + NS_PER_HOUR)


def test_the_same_seed_draws_the_same_crowd_and_another_one_does_not() -> None:
    first = draw_members(CROWD, [BTC, ETH], MINOR, 3)
    assert draw_members(CROWD, [BTC, ETH], MINOR, 3) == first
    other = Crowd(CROWD.size, 8, CROWD.begin_ns, CROWD.enter_until_ns)
    assert draw_members(other, [BTC, ETH], MINOR, 3) != first


def test_all_kinds_are_in_it_within_what_the_instruments_allow() -> None:
    members = draw_members(CROWD, [BTC, ETH], MINOR, 3)
    assert [each.account_id for each in members] == [account_at(3 + n) for n in range(400)]
    kinds = Counter((each.spec.side, each.spec.margin_mode) for each in members)
    assert all(
        kinds[(side, mode)] > 30
        for side in (Side.BUY, Side.SELL)
        for mode in (MarginMode.ISOLATED, MarginMode.CROSS)
    )
    assert max(each.spec.leverage for each in members if each.spec.terms == ETH[0]) == 20
    assert max(each.spec.leverage for each in members if each.spec.terms == BTC[0]) == 50
    assert 30 < sum(1 for each in members if each.reserve) < 100
    assert all(START_NS <= each.entry_ns < START_NS + NS_PER_HOUR for each in members)


def crowded(members: list[Member]) -> World:
    """A world in which a maker quotes and the members have their accounts."""
    world = World(fund="100000")
    world.instrument("BTC")
    world.account("maker", cross="100000000")
    for command in opening_commands(members, 1):
        assert not refused(world.run(command))
    world.mark(BTC="100")
    world.maker("BTC", bids="99.99 x 100000", asks="100.01 x 100000")
    return world


def refused(events: Events) -> bool:
    return any(isinstance(each, CommandRejected | OrderRejected) for each in events)


def member(place: int, mode: MarginMode, side: Side = Side.BUY, reserve: str = "0") -> Member:
    spec = TraderSpec(f"m-{place}", BTC[0], side, 10, mode, amount("1000"))
    return Member(spec, account_at(place), START_NS + place * NS_PER_SECOND, amount(reserve))


def run(exchange: Exchange, population: Population, time_ns: int) -> list[AnyCommand]:
    """Executes what the population wants at a time; nothing of it may be refused."""
    commands = population.wake(time_ns, exchange.state)
    for command in commands:
        assert not refused(exchange.execute(time_ns, command)), command
    return commands


def test_members_enter_at_their_moments_with_their_settings() -> None:
    members = [
        member(1, MarginMode.ISOLATED),
        member(2, MarginMode.CROSS, Side.SELL),
    ]
    world = crowded(members)
    population = Population(members, START_NS)
    assert population.next_wake_ns == members[0].entry_ns
    for each in members:
        assert population.next_wake_ns == each.entry_ns
        commands = run(world.exchange, population, each.entry_ns)
        assert [type(command) for command in commands][-1] is PlaceOrder
    for each in members:
        exposure = world.exchange.state.exposures[each.account_id][1]
        assert exposure.settings.margin_mode == each.spec.margin_mode
        assert exposure.settings.leverage == 10
        held = exposure.net_quantity() * each.spec.side
        assert held * 100 > 9_000 * 1_000, "most of what the deposit can lever"
    assert population.next_wake_ns is None, "nobody has a reserve"


@pytest.mark.parametrize(
    ("mode", "mark", "ways"),
    [
        (MarginMode.ISOLATED, 9_040, [WalletKind.CROSS, WalletKind.ISOLATED]),
        (MarginMode.CROSS, 8_990, [WalletKind.CROSS]),
    ],
)
def test_a_reserve_answers_the_first_margin_call_and_only_that(
    mode: MarginMode, mark: int, ways: list[WalletKind]
) -> None:
    members = [member(1, mode, reserve="500"), member(2, mode)]
    world = crowded(members)
    population = Population(members, START_NS)
    now = START_NS + NS_PER_HOUR
    run(world.exchange, population, now)
    state = world.exchange.state
    world.exchange.execute(now, SetIndexPrices(((1, mark),)))
    assert len(state.standing_calls) == 2
    now += 60 * NS_PER_SECOND
    moves = run(world.exchange, population, now)
    assert [each.target for each in moves if isinstance(each, TransferFunds)] == ways
    assert len(state.standing_calls) == 1, "who had none is still called"
    assert run(world.exchange, population, now + 60 * NS_PER_SECOND) == []
    assert population.next_wake_ns is None


def test_who_finds_no_market_looks_again() -> None:
    members = [member(1, MarginMode.ISOLATED)]
    world = crowded(members)
    world.halt("BTC")
    population = Population(members, START_NS)
    now = START_NS + NS_PER_HOUR
    assert run(world.exchange, population, now) == []
    assert population.next_wake_ns == now + NS_PER_SECOND
    world.reopen("BTC")
    run(world.exchange, population, now + NS_PER_SECOND)
    assert world.exchange.state.exposures[members[0].account_id][1].long is not None
