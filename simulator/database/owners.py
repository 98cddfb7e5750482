"""Which user made which world, and how its clock was left: what no journal tells.

The user's name stands in none of it, only the random id.
"""

import msgspec
from sqlalchemy import Engine, insert, select, update

from simulator.database.engine import reading, writing
from simulator.database.schema import owned_worlds, worlds
from simulator.database.writer import StoredWorld


class OwnedWorld(msgspec.Struct, frozen=True):
    """A world of a user. `speed` is a fraction as text: world seconds per second."""

    stored: StoredWorld
    user_id: str
    speed: str = "1"
    paused: bool = False


class Owners:
    """All methods block."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, world: OwnedWorld) -> None:
        """Registers a world with its owner. Raises ValueError if there is one of this id."""
        world_id = world.stored.world_id
        there = select(worlds.c.world_id).where(worlds.c.world_id == world_id)
        with writing(self._engine) as connection:
            if connection.execute(there).one_or_none() is not None:
                raise ValueError(f"there is a world {world_id!r} already")
            connection.execute(insert(worlds).values(msgspec.structs.asdict(world.stored)))
            connection.execute(
                insert(owned_worlds).values(
                    world_id=world_id,
                    user_id=world.user_id,
                    speed=world.speed,
                    paused=world.paused,
                )
            )

    def worlds(self) -> list[OwnedWorld]:
        """All of them, in order of creation."""
        query = (
            select(worlds, owned_worlds.c.user_id, owned_worlds.c.speed, owned_worlds.c.paused)
            .join_from(owned_worlds, worlds)
            .order_by(worlds.c.created_ns, worlds.c.world_id)
        )
        with reading(self._engine) as connection:
            rows = [tuple(row) for row in connection.execute(query)]
        return [OwnedWorld(StoredWorld(*row[:-3]), *row[-3:]) for row in rows]

    def set_clock(self, world_id: str, speed: str, paused: bool) -> None:
        """How the owner left the clock."""
        change = (
            update(owned_worlds)
            .where(owned_worlds.c.world_id == world_id)
            .values(speed=speed, paused=paused)
        )
        with writing(self._engine) as connection:
            connection.execute(change)
