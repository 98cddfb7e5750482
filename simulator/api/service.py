"""The running API: one door per world, who is calling, and how often they may."""

import asyncio
from typing import NamedTuple

from simulator.api.analyses import Analyses
from simulator.api.attempts import LoginAttempts
from simulator.api.callers import Caller, Callers, unknown_account
from simulator.api.context import ApiContext
from simulator.api.errors import NotFound
from simulator.api.limits import RateLimiter
from simulator.api.stream.world_stream import WorldStream
from simulator.api.wire import Numbers
from simulator.runtime.registry import UnknownWorld
from simulator.runtime.world import World


class Door(NamedTuple):
    """A world with its numbers and its stream."""

    world: World
    numbers: Numbers
    stream: WorldStream


class Api:
    """What routes and websockets share. Belongs to the event loop's thread."""

    def __init__(self, context: ApiContext) -> None:
        settings, wall_ns = context.settings, context.wall_ns
        self.context = context
        self.settings = settings
        self.callers = Callers(context.identities, context.credentials, wall_ns)
        self.requests = RateLimiter("requests", settings.requests, wall_ns)
        self.orders = RateLimiter("orders", settings.orders, wall_ns)
        self.guests = RateLimiter("guests", settings.guests, wall_ns)
        window_ns = settings.login_window_ns
        self.attempts_on_name = LoginAttempts(settings.login_attempts, window_ns, wall_ns)
        self.attempts_of_host = LoginAttempts(settings.host_login_attempts, window_ns, wall_ns)
        self.opening = asyncio.Lock()
        """Held while somebody's accounts are counted and one is added."""
        self.working = asyncio.Lock()
        """Held by whoever lets a thread compute for long: one at a time, for all share the CPU."""
        self.analyses = Analyses(context.journal, self.working)
        self._doors: dict[str, Door] = {}

    def door(self, world_id: str | None) -> Door:
        """The door of a world, by default of the default world. Its world counts as visited.

        Raises:
            NotFound: there is no such world here.
        """
        world_id = self.context.default_world if world_id is None else world_id
        try:
            world = self.context.registry.get(world_id)
        except UnknownWorld:
            raise NotFound("there is no such world", "UNKNOWN_WORLD") from None
        door = self._doors.get(world_id)
        if door is None or door.world is not world:
            numbers = Numbers(world.state)
            stream = WorldStream(
                world,
                numbers,
                self.context.candles,
                self.context.statistics,
                self.context.wall_ns,
                self.settings.stream,
            )
            door = self._doors[world_id] = Door(world, numbers, stream)
        world.touch()
        return door

    def door_of(self, caller: Caller, world_id: str, account_id: int) -> Door:
        """The door of an account's world.

        Raises:
            NotFound: the account is not the caller's, or the world knows it no more.
        """
        caller.account(world_id, account_id)
        return self.door_to(world_id, account_id)

    def door_to(self, world_id: str, account_id: int) -> Door:
        """The door of an account's world, whoever comes. Raises NotFound."""
        door = self.door(world_id)
        if account_id not in door.world.state.accounts:
            raise unknown_account()
        return door
