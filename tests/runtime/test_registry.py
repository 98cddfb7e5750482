"""Worlds opened from their journals, as a process does at its start."""

import asyncio

import pytest

from simulator.runtime.clocks import ClockMode, WorldClock
from simulator.runtime.registry import Registry, UnknownWorld
from simulator.runtime.world import Limits, World, WorldStatus
from tests.runtime.memory import CountingProjector, MemoryJournal
from tests.runtime.worlds import GENESIS, START_NS, buy

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def _open(registry: Registry, world_id: str = "test") -> World:
    world = await registry.open(
        world_id, CountingProjector(), lambda last: WorldClock(ClockMode.STEPPED, last or START_NS)
    )
    world.start()
    return world


async def test_snapshots_are_counted_from_the_last_one_not_from_the_start() -> None:
    """A process that is killed again and again must not have ever more to fold."""
    journal = MemoryJournal()
    limits = Limits(snapshot_every=30)
    for life in range(4):
        registry = Registry(journal, limits)
        world = await _open(registry)
        if life == 0:
            for command in GENESIS:
                await world.submit(command)
        for _ in range(12):
            await world.submit(buy(1, 900_000))
        world.halt("the end of a process that has no time to take a snapshot")
        await asyncio.to_thread(registry.writer.stop)
    assert journal.snapshots["test"].seq >= 30
    assert len(journal.rows["test"]) - journal.snapshots["test"].seq < 30


async def test_a_world_is_known_while_it_is_open() -> None:
    registry = Registry(MemoryJournal())
    world = await _open(registry)
    assert registry.get("test") is world
    assert list(registry) == [world]
    with pytest.raises(ValueError, match="world test is open already"):
        await _open(registry)
    with pytest.raises(UnknownWorld):
        registry.get("other")
    await registry.close()
    with pytest.raises(UnknownWorld):
        registry.get("test")


async def test_a_world_that_cannot_be_stopped_does_not_keep_the_others_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry = Registry(MemoryJournal())
    stuck, other = await _open(registry), await _open(registry, "other")
    stop = stuck.stop

    async def fail() -> None:
        await stop()
        raise RuntimeError("no")

    monkeypatch.setattr(stuck, "stop", fail)
    with pytest.raises(BaseExceptionGroup, match="could not be stopped") as raised:
        await registry.close()
    assert [str(each) for each in raised.value.exceptions] == ["no"]
    assert other.status is WorldStatus.STOPPED
    assert list(registry) == []
