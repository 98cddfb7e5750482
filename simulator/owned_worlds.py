"""Worlds that users make: like the practice world, with a name, a seed and a clock of their own.

They are registered with their owner, opened again with the server, and their clock is found as its
owner left it: a paused class stays paused through a loss of power.
"""

import asyncio
from fractions import Fraction
from typing import Final

import structlog

from simulator.bootstrap import Host, WorldChangedError, describe, open_synthetic
from simulator.config.exchange import ExchangeConfig
from simulator.config.world import WorldConfig
from simulator.database.owners import OwnedWorld, Owners
from simulator.database.writer import StoredWorld
from simulator.runtime.clocks import ClockMode, WorldClock, wall_ns
from simulator.runtime.world import World

log = structlog.get_logger()

_HISTORY_DAYS: Final = 30
_MINUTE_DAYS: Final = 1
"""Of warm-up candles: enough for a first screen, and made in a moment."""


class OwnedWorlds:
    """Implements `api.context.WorldKeeper` over one host."""

    def __init__(self, host: Host, exchange: ExchangeConfig, template: WorldConfig) -> None:
        self._host = host
        self._exchange = exchange
        self._template = template
        self._stored = Owners(host.engine)
        self._owners: dict[str, str] = {}
        self._making: dict[asyncio.Task[World], tuple[str, str]] = {}
        """User and world of what is under way."""
        self._storing = asyncio.Lock()

    def owner_of(self, world_id: str) -> str | None:
        """The user who controls the world; none in the server's own."""
        return self._owners.get(world_id)

    def count_of(self, user_id: str) -> int:
        """Worlds that are being made count, or somebody in a hurry would get any number."""
        owned = {world_id for world_id, owner in self._owners.items() if owner == user_id}
        return len(
            owned | {world_id for owner, world_id in self._making.values() if owner == user_id}
        )

    async def create(self, world_id: str, title: str, seed: int, user_id: str) -> World:
        """Registers and opens a new world, even if the caller does not wait for it.

        Raises:
            ValueError: there is a world of this id already.
        """
        making = asyncio.get_running_loop().create_task(
            self._create(world_id, title, seed, user_id)
        )
        self._making[making] = (user_id, world_id)
        making.add_done_callback(self._making.pop)
        return await asyncio.shield(making)

    async def _create(self, world_id: str, title: str, seed: int, user_id: str) -> World:
        config = self._config(world_id, title, seed)
        stored = StoredWorld(world_id, title, wall_ns(), "STOPPED", None, describe(config), seed)
        world = OwnedWorld(stored, user_id)
        await asyncio.to_thread(self._stored.add, world)
        return await self._open(world)

    async def reopen(self) -> None:
        """Opens the worlds of all users. One that no longer fits the configuration stays closed."""
        for world in self._stored.worlds():
            try:
                await self._open(world)
            except WorldChangedError as error:
                log.error("a world stays closed", world=world.stored.world_id, reason=str(error))

    async def remember_clock(self, world: World) -> None:
        """Stores speed and pause, so that the next start finds them."""
        async with self._storing:  # the last change is the one that is kept
            speed, paused = str(world.clock.speed), world.clock.paused
            await asyncio.to_thread(self._stored.set_clock, world.world_id, speed, paused)

    async def _open(self, world: OwnedWorld) -> World:
        def clock(last_ns: int) -> WorldClock:
            start = last_ns or wall_ns()
            return WorldClock(ClockMode.SCALED, start, Fraction(world.speed), paused=world.paused)

        stored = world.stored
        config = self._config(stored.world_id, stored.title, stored.seed)
        self._owners[stored.world_id] = world.user_id
        try:
            return await open_synthetic(self._host, self._exchange, config, clock)
        except BaseException:
            del self._owners[stored.world_id]
            raise

    def _config(self, world_id: str, title: str, seed: int) -> WorldConfig:
        return self._template._replace(
            name=world_id,
            title=title,
            seed=seed,
            speed=Fraction(1),
            history_days=_HISTORY_DAYS,
            history_minute_days=_MINUTE_DAYS,
        )
