"""The worlds of this process. Nothing outside may assume that a world lives here but by asking.

A world is opened from its journal, started, and stopped; worlds share nothing but the writer.
"""

import asyncio
from collections.abc import Callable, Iterator

from simulator.core.exchange import Exchange
from simulator.runtime.clocks import WorldClock
from simulator.runtime.engine import Engine
from simulator.runtime.forgiving_log import ForgivingLog
from simulator.runtime.ports import Journal, Projector
from simulator.runtime.recovery import recover
from simulator.runtime.world import Limits, World
from simulator.runtime.writer import Writer

log = ForgivingLog()

MakeClock = Callable[[int], WorldClock]
"""A clock for a world whose journal ends at this world time."""


class UnknownWorld(KeyError):
    """There is no such world in this process."""


class Registry:
    """Opens worlds and keeps them by id."""

    def __init__(self, journal: Journal, limits: Limits | None = None) -> None:
        self.journal = journal
        self.writer = Writer(journal)
        self._limits = limits
        self._worlds: dict[str, World] = {}

    def __iter__(self) -> Iterator[World]:
        return iter(list(self._worlds.values()))

    def get(self, world_id: str) -> World:
        """Raises UnknownWorld."""
        world = self._worlds.get(world_id)
        if world is None:
            raise UnknownWorld(world_id)
        return world

    async def open(self, world_id: str, projector: Projector, make_clock: MakeClock) -> World:
        """Recovers a world from its journal (none: it begins), without starting it.

        It is claimed first: what another process writes meanwhile would be missed.
        """
        if world_id in self._worlds:
            raise ValueError(f"world {world_id} is open already")
        await asyncio.to_thread(self.journal.claim, world_id)
        recovered = await asyncio.to_thread(recover, self.journal, world_id)
        exchange: Exchange = recovered.exchange
        self.writer.continue_chain(world_id, recovered.chain)
        world = World(
            Engine(world_id, exchange),
            make_clock(exchange.state.time_ns),
            self.writer,
            projector,
            self._limits,
        )
        world.snapshot_seq -= recovered.folded
        self._worlds[world_id] = world
        log.info("world opened", world=world_id, seq=exchange.state.seq, folded=recovered.folded)
        return world

    async def close(self) -> None:
        """Stops all worlds and the writer; what was acknowledged is on disk anyway.

        Raises:
            BaseExceptionGroup: some worlds could not be stopped; the others are, and the writer.
        """
        stops = [world.stop() for world in self]
        results = await asyncio.gather(*stops, return_exceptions=True)
        await asyncio.to_thread(self.writer.stop)
        self._worlds.clear()
        failed = [each for each in results if isinstance(each, BaseException)]
        if failed:
            raise BaseExceptionGroup("worlds that could not be stopped", failed)
