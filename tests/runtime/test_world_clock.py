"""A world under its owner's hands: paused, stepped, speeded, and never a moment backwards."""

import asyncio
from collections.abc import Sequence
from fractions import Fraction

import pytest

from simulator.core.model.commands import AnyCommand, SetIndexPrices
from simulator.core.state.exchange_state import ExchangeState
from simulator.runtime.clocks import NS, ClockMode, WorldClock
from simulator.runtime.errors import WorldHalted
from simulator.runtime.world import Limits, World, WorldStatus
from tests.runtime.memory import MemoryJournal
from tests.runtime.worlds import START_NS, begin, make_world

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Ticker:
    """Sets a price every world second; tells when it begins, and when it has done enough."""

    def __init__(self) -> None:
        self.next_wake_ns: int | None = START_NS + NS
        self.woken: list[int] = []
        self.begun = asyncio.Event()
        self.awaited = 10_000
        self.done = asyncio.Event()

    def wake(self, time_ns: int, state: ExchangeState) -> Sequence[AnyCommand]:
        self.woken.append(time_ns)
        self.begun.set()
        if len(self.woken) == self.awaited:
            self.done.set()
        self.next_wake_ns = time_ns + NS
        return [SetIndexPrices(((1, 1_000_000 + len(self.woken)),))]


async def paused_world(journal: MemoryJournal) -> tuple[World, Ticker]:
    """Paused at some moment of its first second."""
    clock = WorldClock(ClockMode.SCALED, START_NS)
    world = await begin(make_world(journal, clock=clock, limits=Limits(slice_ns=NS // 2_000)))
    world.pause()
    ticker = Ticker()
    world.agents.append(ticker)
    world.wake()
    return world, ticker


async def test_a_step_runs_all_that_is_due_and_is_durable_when_it_ends() -> None:
    journal = MemoryJournal()
    world, ticker = await paused_world(journal)
    began = world.clock.now()
    await world.step(10 * NS)
    assert world.clock.now() == began + 10 * NS
    assert ticker.woken == [START_NS + second * NS for second in range(1, 11)]
    assert journal.rows["test"][-1].seq == world.state.seq == world.committed_seq
    assert world.status == WorldStatus.PAUSED
    await asyncio.sleep(0.02)
    assert len(ticker.woken) == 10, "it stands again"
    await world.stop()


async def test_a_step_goes_on_though_nobody_waits_for_it() -> None:
    world, ticker = await paused_world(MemoryJournal())
    step = asyncio.ensure_future(world.step(ticker.awaited * NS))
    await ticker.begun.wait()
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    assert not ticker.done.is_set(), "it was cut off on the way"
    async with asyncio.timeout(20):
        await ticker.done.wait()
    await world.stop()


async def test_steps_follow_each_other() -> None:
    world, ticker = await paused_world(MemoryJournal())
    began = world.clock.now()
    await asyncio.gather(*(world.step(5 * NS) for _ in range(4)))
    assert world.clock.now() == began + 20 * NS
    assert ticker.woken == [START_NS + second * NS for second in range(1, 21)]
    await world.stop()


async def test_a_running_world_is_not_stepped() -> None:
    world, _ = await paused_world(MemoryJournal())
    world.resume()
    with pytest.raises(ValueError, match="world test is not paused"):
        await world.step(NS)
    await world.stop()


async def test_a_world_that_halts_in_a_step_says_so() -> None:
    journal = MemoryJournal()
    world, _ = await paused_world(journal)
    journal.failure = OSError("disk full")
    with pytest.raises(WorldHalted, match="disk full"):
        await world.step(100 * NS)
    async with asyncio.timeout(5):
        await world.stop()


async def test_time_never_runs_backwards_however_the_clock_is_switched() -> None:
    world, ticker = await paused_world(MemoryJournal())
    seen = [world.clock.now()]
    for speed in (Fraction(10_000), Fraction(1, 4), Fraction(60)):
        world.set_speed(speed)
        seen.append(world.clock.now())
        world.resume()
        await asyncio.sleep(0.01)
        seen.append(world.clock.now())
        world.pause()
        seen.append(world.clock.now())
        await world.step(2 * NS)
        seen.append(world.clock.now())
    assert seen == sorted(seen)
    assert ticker.woken == sorted(ticker.woken)
    assert world.state.time_ns <= world.clock.now()
    await world.stop()
