"""The watch's promise: while every mark stays inside a unit's bounds, it reaches no line."""

from dataclasses import replace
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simulator.core.model.events import MarginCallIssued
from simulator.core.rules import margin
from simulator.core.rules.risk_watch import bounds_of
from tests.properties.crowd import BUILDERS, Choices
from tests.properties.proof import Proof
from tests.scenario import World
from tests.twins.naive_margin import risk_of
from tests.twins.naive_sweep import call_due, is_liquidated
from tests.twins.naive_world import NaiveWorld

TRADING = ("place", "open_position", "quote", "reduce", "move_marks", "hunt", "move_money")


@settings(max_examples=25)
@given(seed=st.integers(0, 2**24))
def test_inside_its_bounds_a_unit_needs_no_look(seed: int) -> None:
    """At every corner of the bounds, and in between, for units with and without a call."""
    dice = Random(seed)
    proof = Proof()
    for instrument in range(5):
        proof.do(BUILDERS["quote"][1](proof.state, Choices(instrument)))
    for _ in range(12):
        proof.do(BUILDERS["open_position"][1](proof.state, Choices(dice.getrandbits(48))))
    for _ in range(50):
        builder = BUILDERS[dice.choice(TRADING)][1]
        proof.do(builder(proof.state, Choices(dice.getrandbits(48))))
    units = [each for each in proof.state.unit_positions if proof.state.is_unit(each)]
    assume(units)
    for wallet_id in units:
        check_unit(proof, wallet_id, dice)


def check_unit(proof: Proof, wallet_id: int, dice: Random) -> None:
    bounds: dict[int, tuple[int, int]] = {}
    for instrument_id, low, high in bounds_of(proof.state, margin.assess(proof.state, wallet_id)):
        mark = proof.state.instruments[instrument_id].mark_price
        assert mark is not None
        lowest, highest = bounds.get(instrument_id, (1, mark * 10))  # two legs share one mark
        lowest = lowest if low is None else max(lowest, low)
        highest = highest if high is None else min(highest, high)
        assert lowest <= mark <= highest
        bounds[instrument_id] = (lowest, highest)
    for _ in range(8):
        marks: dict[int, int] = {}
        for instrument_id, (lowest, highest) in bounds.items():
            between = dice.randint(lowest, highest)
            marks[instrument_id] = dice.choice((lowest, highest, between))
        moved = at_marks(proof.watcher.world, marks)
        risk = risk_of(moved, wallet_id)
        assert not is_liquidated(moved, risk), (wallet_id, marks)
        assert call_due(moved, risk) is None, (wallet_id, marks)


def at_marks(world: NaiveWorld, marks: dict[int, int]) -> NaiveWorld:
    """The same world at other marks."""
    instruments = {
        each: replace(instrument, mark=marks.get(each, instrument.mark))
        for each, instrument in world.instruments.items()
    }
    return replace(world, instruments=instruments)


def test_a_table_so_steep_that_the_call_line_outruns_equity_is_looked_at_every_time() -> None:
    """A long can be called by a rise, where 90% / 0.8 of what it gains is required more."""
    world = World()
    world.instrument("BTC", tiers="1000:2%:25 90%:1")
    world.account("ann", cross="1500")
    world.mark(BTC="100")
    world.maker("BTC", asks="100 x 15")
    world.buy("ann", "BTC", "15", leverage=1)
    for mark in ("200", "400"):
        world.mark(BTC=mark)
        assert world.happened(MarginCallIssued) == []
    world.mark(BTC="600")
    assert len(world.happened(MarginCallIssued)) == 1
