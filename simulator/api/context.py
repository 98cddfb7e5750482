"""What the API is given by the composition root, and how it may be set up."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec

from simulator.api.limits import Rate
from simulator.api.stream.world_stream import StreamSettings
from simulator.database.candles import Candles
from simulator.database.credentials import Credentials
from simulator.database.identity import Identities
from simulator.database.queries import Histories
from simulator.database.statistics import Statistics
from simulator.database.writer import DatabaseJournal
from simulator.runtime.clocks import wall_ns
from simulator.runtime.registry import Registry
from simulator.runtime.world import World

DEFAULT_WORLD: Final = "practice"


class GuestSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a guest gets. The deposit is in minor units of the valuation asset, to CROSS."""

    deposit: int = 10_000 * 10**8
    token_lifetime_ns: int = 30 * 24 * 3600 * 10**9


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the door. A rate of none is no limit."""

    stream: StreamSettings = StreamSettings()
    requests: Rate | None = Rate(50, 200)
    """Per user, or per host for those who have no token."""
    orders: Rate | None = Rate(50, 200)
    """Placing, amending and canceling over REST and websocket together, per user."""
    guests: Rate | None = Rate(1, 20)
    """Guests joining, per host."""
    login_attempts: int | None = 10
    """Failed log-ins on one name within the window; none is no limit."""
    host_login_attempts: int | None = 50
    """The same, of one host."""
    login_window_ns: int = 5 * 60 * 10**9
    max_body_bytes: int = 64 * 1024
    """Of a request's body, and of a websocket frame from a client."""
    timeout_ms: int = 10_000
    """In which a request must have come whole and its answer be ready."""
    stream_capacity: int = 1_000
    """Messages that a slow websocket reader may be behind before it must resync."""
    most_worlds: int = 3
    """Of one user."""
    most_channels: int = 200
    """Per websocket."""
    most_unanswered: int = 4_096
    """Requests of one websocket under way; beyond that its frames wait."""


class WorldKeeper(Protocol):
    """Makes worlds for users, and knows whose they are."""

    def owner_of(self, world_id: str) -> str | None:
        """The user who controls the world; none in the server's own."""

    def count_of(self, user_id: str) -> int:
        """How many worlds the user has."""

    async def create(self, world_id: str, title: str, seed: int, user_id: str) -> World:
        """Makes and starts a world. Raises ValueError if there is one of this id."""

    async def remember_clock(self, world: World) -> None:
        """Stores speed and pause, so that the next start finds them."""


class NoWorlds:
    """For a server that makes no worlds."""

    def owner_of(self, world_id: str) -> str | None:
        return None

    def count_of(self, user_id: str) -> int:
        return 0

    async def create(self, world_id: str, title: str, seed: int, user_id: str) -> World:
        raise ValueError("this server makes no worlds")

    async def remember_clock(self, world: World) -> None:
        """There is none to remember."""


@dataclass(frozen=True)
class ApiContext:
    """Everything the API needs. The worlds of the registry may be opened before or after."""

    registry: Registry
    identities: Identities
    histories: Histories
    candles: Candles
    statistics: Statistics
    credentials: Credentials
    journal: DatabaseJournal
    """To read worlds' pasts from."""
    keeper: WorldKeeper = field(default_factory=NoWorlds)
    default_world: str = DEFAULT_WORLD
    guest: GuestSettings = field(default_factory=GuestSettings)
    settings: ApiSettings = field(default_factory=ApiSettings)
    wall_ns: Callable[[], int] = field(default=wall_ns)
