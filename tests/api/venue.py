"""An exchange with its door, for tests: a stepped world, and clients that trade on it."""

import asyncio
import copy
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from simulator.api.app import ApiContext, ApiSettings, create_app
from simulator.api.stream.world_stream import StreamSettings
from simulator.bootstrap import Host
from simulator.config.exchange import ExchangeConfig, load_exchange
from simulator.config.world import WorldConfig, load_world
from simulator.core.codec import state_hash
from simulator.core.model.commands import AnyCommand, ConfigureWorld, DefineAsset, SetIndexPrices
from simulator.core.state.exchange_state import ExchangeState
from simulator.database.candles import Candles
from simulator.database.credentials import Credentials
from simulator.database.engine import open_engine
from simulator.database.identity import Identities
from simulator.database.projection import Projector
from simulator.database.queries import Histories
from simulator.database.sealing import Sealer
from simulator.database.statistics import Statistics
from simulator.database.writer import DatabaseJournal
from simulator.owned_worlds import OwnedWorlds
from simulator.runtime.clocks import ClockMode, WorldClock, wall_ns
from simulator.runtime.engine import Receipt
from simulator.runtime.registry import Registry
from simulator.runtime.world import World

CONFIG = Path(__file__).parents[2] / "config"
START_NS = 1_700_000_000 * 10**9
START_MS = START_NS // 10**6
ETH_SPOT = "ETHUSDT"
BTC, ETH, DOGE = "BTCUSDT-PERP", "ETHUSDT-PERP", "DOGEUSDT-PERP"
SYMBOLS = (BTC, ETH, DOGE)
PRICES = {1: 20_000_00, 2: 1_500_00, 5: 100_000}
"""By instrument id: 20,000.00, 1,500.00 and 0.100000."""

FUND = 1_000_000 * 10**8

GENEROUS = ApiSettings(
    requests=None,
    orders=None,
    guests=None,
    login_attempts=None,
    host_login_attempts=None,
    stream=StreamSettings(public_interval_ms=0, statistics_interval_ms=20),
)
"""No limits, and public news at once."""

Json = dict[str, Any]


class Trader:
    """A guest and what it may do over REST. Paths are relative to its account."""

    def __init__(self, client: httpx.AsyncClient, guest: Json) -> None:
        self.client = client
        self.account_id: int = guest["account_id"]
        self.token: str = guest["token"]
        self.headers = {"Authorization": f"Bearer {self.token}"}

    async def call(self, method: str, path: str = "", **options: Any) -> httpx.Response:
        url = f"/v1/accounts/{self.account_id}{path}"
        return await self.client.request(method, url, headers=self.headers, **options)

    async def get(self, path: str = "", **params: Any) -> Json:
        response = await self.call("GET", path, params=params)
        assert response.status_code == 200, response.text
        found: Json = response.json()
        return found

    async def items(self, path: str, **params: Any) -> list[Json]:
        found: list[Json] = (await self.get(path, **params))["items"]
        return found

    async def place(self, status: int = 201, **order: Any) -> Json:
        response = await self.call("POST", "/orders", json={**order_body(), **order})
        assert response.status_code == status, response.text
        found: Json = response.json()
        return found

    async def cross(self) -> Json:
        (wallet,) = [each for each in await self.items("/wallets") if each["kind"] == "CROSS"]
        return wallet

    async def set_up(self, symbol: str, margin_mode: str, leverage: int) -> None:
        for path, body in (
            ("/margin-mode", {"symbol": symbol, "margin_mode": margin_mode}),
            ("/leverage", {"symbol": symbol, "leverage": leverage}),
        ):
            response = await self.call("PUT", path, json=body)
            assert response.status_code == 200, response.text


def order_body(**changes: Any) -> Json:
    """A buy that rests."""
    body = {
        "symbol": BTC,
        "side": "BUY",
        "order_type": "LIMIT",
        "quantity": "0.01",
        "price": "19500",
    }
    return {**body, **changes}


class Venue:
    """A running world behind its API."""

    def __init__(self, world: World, app: FastAPI, client: httpx.AsyncClient) -> None:
        self.world = world
        self.app = app
        self.client = client

    async def join(self) -> Trader:
        response = await self.client.post("/v1/guests")
        assert response.status_code == 201, response.text
        return Trader(self.client, response.json())

    async def do(self, command: AnyCommand) -> Receipt:
        return await self.world.submit(command)

    async def set_index(self, prices: Mapping[int, int]) -> None:
        await self.do(SetIndexPrices(tuple(prices.items())))

    async def public(self, path: str, **params: Any) -> Any:
        response = await self.client.get(f"/v1/worlds/practice{path}", params=params)
        assert response.status_code == 200, response.text
        return response.json()

    def money(self) -> tuple[object, ...]:
        """Balances, orders and positions: what bad input must leave as it was."""
        picture = _picture(self.world.state)
        return (picture.wallets, picture.orders, picture.positions, picture.ledger)

    def hash(self) -> bytes:
        """Of everything, the count of commands included."""
        return state_hash(self.world.state)


def _picture(state: ExchangeState) -> Any:
    """The snapshot as a deep copy."""

    return copy.deepcopy(state.snapshot())


def exchange_config() -> ExchangeConfig:
    return load_exchange(CONFIG)


async def open_spot_market(venue: Venue) -> None:
    """Lists ETHUSDT as it ships, with what may be lent for it; ETH at 1,500."""
    exchange = exchange_config()
    known = venue.world.state.assets
    terms = exchange.instruments[ETH_SPOT].terms
    for command in exchange.genesis([ETH_SPOT], 0):
        if isinstance(command, ConfigureWorld):
            continue
        if not isinstance(command, DefineAsset) or command.asset.asset_id not in known:
            await venue.do(command)
    await venue.set_index({terms.instrument_id: 1_500_00})


def small_world() -> WorldConfig:
    """What users' worlds are made like: the practice world with one instrument."""
    config = load_world(CONFIG, "practice", exchange_config())
    return config._replace(instruments=config.instruments[:1])


@asynccontextmanager
async def open_venue(
    database: Path | str, settings: ApiSettings = GENEROUS, clock: WorldClock | None = None
) -> AsyncIterator[Venue]:
    """A venue on a migrated database, with a world `practice` that has just begun.

    The database is a file of SQLite, or a URL.
    """
    engine = open_engine(database if isinstance(database, str) else f"sqlite:///{database}")
    journal = DatabaseJournal(engine)
    registry = Registry(journal)
    journal.create_world("practice", "Practice", wall_ns(), "", 1)
    world = await registry.open(
        "practice",
        Projector("practice"),
        lambda _: clock or WorldClock(ClockMode.STEPPED, START_NS),
    )
    world.start()
    for command in exchange_config().genesis(SYMBOLS, FUND):
        await world.submit(command)
    await world.submit(SetIndexPrices(tuple(PRICES.items())))
    context = ApiContext(
        registry=registry,
        identities=Identities(engine),
        histories=Histories(engine),
        candles=Candles(engine),
        statistics=Statistics(engine),
        keeper=OwnedWorlds(Host(engine, journal, registry), exchange_config(), small_world()),
        credentials=Credentials(engine, Sealer("the key of a server under test, no secret")),
        journal=journal,
        settings=settings,
    )
    app = create_app(context)
    transport = httpx.ASGITransport(app)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield Venue(world, app, client)
    finally:
        await registry.close()
        journal.close()
        await asyncio.to_thread(engine.dispose)


def scaled_clock(speed: int) -> WorldClock:
    return WorldClock(ClockMode.SCALED, START_NS, Fraction(speed))


async def eventually(condition: Callable[[], object]) -> None:
    """Lets others work until the condition holds, for ten seconds at most."""
    for _ in range(5_000):
        if condition():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it did not happen within ten seconds")
