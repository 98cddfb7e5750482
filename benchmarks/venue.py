"""A server in a process of its own, on a fresh database: what the benchmarks of the door measure.

On SQLite with synchronous=FULL in a temporary folder; and on PostgreSQL with synchronous_commit=on,
if SIMULATOR_TEST_POSTGRES_URL names a database of a server on which others may be made.
"""

import asyncio
import multiprocessing
import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, NamedTuple

import psycopg
import uvicorn
import uvloop
from fastapi import FastAPI
from sqlalchemy.engine import make_url

from benchmarks.measuring import quiet_log, settle
from benchmarks.trading_floor import MARK, TIERS, USDT, perpetual
from simulator.api.app import ApiContext, ApiSettings, create_app
from simulator.core.model.commands import (
    DefineAsset,
    Deposit,
    ListInstrument,
    OpenAccount,
    SetIndexPrices,
    SetMarginMode,
)
from simulator.core.model.enums import MarginMode
from simulator.core.model.events import AccountOpened
from simulator.core.model.instruments import VALUATION_ASSET, Asset
from simulator.database.candles import Candles
from simulator.database.credentials import Credentials
from simulator.database.engine import open_engine
from simulator.database.identity import Identities, LinkedAccount
from simulator.database.migrating import migrate
from simulator.database.projection import Projector
from simulator.database.queries import Histories
from simulator.database.sealing import Sealer
from simulator.database.statistics import Statistics
from simulator.database.writer import DatabaseJournal
from simulator.runtime.clocks import ClockMode, WorldClock, wall_ns
from simulator.runtime.registry import Registry
from simulator.runtime.world import World

ACCOUNTS: Final = 50
DEPOSIT: Final = 10_000_000 * USDT
POSTGRES: Final = os.environ.get("SIMULATOR_TEST_POSTGRES_URL")
DATABASES: Final = ("SQLite",) if POSTGRES is None else ("SQLite", "PostgreSQL")


class Address(NamedTuple):
    """Where the server is, and who trades there."""

    port: int
    token: str
    accounts: list[int]


class Venue:
    """A running server, seen from the load generator's process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.address: Address = pipe.recv()

    def cpu(self) -> float:
        """The processor time that it has taken so far; a database server's is not in it."""
        self._pipe.send("cpu")
        seconds: float = self._pipe.recv()
        return seconds


@contextmanager
def running(database: str) -> Iterator[Venue]:
    """A fresh server on one of DATABASES."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    with _fresh(database) as url:
        process = context.Process(target=serve, args=(url, there))
        process.start()
        try:
            yield Venue(here)
        finally:
            here.send("stop")
            process.join(timeout=30)
            process.kill()


@contextmanager
def _fresh(database: str) -> Iterator[str]:
    """The URL of a database that is thrown away afterwards."""
    if database == "SQLite":
        with tempfile.TemporaryDirectory(prefix="simulator-benchmark-") as folder:
            yield f"sqlite:///{Path(folder) / 'benchmark.db'}"
        return
    if POSTGRES is None:
        raise ValueError("SIMULATOR_TEST_POSTGRES_URL is not set")
    server = make_url(POSTGRES).set(drivername="postgresql")
    address = server.render_as_string(hide_password=False)
    name = f"simulator_benchmark_{secrets.token_hex(6)}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield server.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


# -- the server's process --------------------------------------------------------------------------


def serve(url: str, pipe: Connection) -> None:
    """Serves until told to stop; answers `cpu` with the processor time it has taken so far."""
    quiet_log()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(url, pipe))


async def _serve(url: str, pipe: Connection) -> None:
    migrate(url)
    engine = open_engine(url)
    journal = DatabaseJournal(engine)
    journal.create_world("practice", "Benchmark", wall_ns(), "", 1)
    registry = Registry(journal)
    world = await registry.open(
        "practice", Projector("practice"), lambda _: WorldClock(ClockMode.REAL, wall_ns())
    )
    world.start()
    accounts = await _open_floor(world)
    identities = Identities(engine)
    login = identities.create_guest(wall_ns(), 24 * 3600 * 10**9)
    for account_id in accounts:
        account = LinkedAccount("practice", account_id, "benchmark", wall_ns())
        identities.link_account(login.user.user_id, account)
    settings = ApiSettings(requests=None, orders=None, guests=None)
    app = create_app(
        ApiContext(
            registry,
            identities,
            Histories(engine),
            Candles(engine),
            Statistics(engine),
            Credentials(engine, Sealer("the key of a benchmark, which has no secrets")),
            journal,
            settings=settings,
        )
    )
    server, serving = await _listen(app)
    port = server.servers[0].sockets[0].getsockname()[1]
    settle()
    pipe.send(Address(port, login.token, accounts))
    while await asyncio.to_thread(pipe.recv) == "cpu":
        pipe.send(time.process_time())
    server.should_exit = True
    await serving
    await registry.close()
    journal.close()
    engine.dispose()


async def _open_floor(world: World) -> list[int]:
    await world.submit(DefineAsset(Asset(VALUATION_ASSET, "USDT", 8)))
    await world.submit(ListInstrument(perpetual(), TIERS))
    accounts: list[int] = []
    for _ in range(ACCOUNTS):
        opened = (await world.submit(OpenAccount())).events[0]
        if not isinstance(opened, AccountOpened):
            raise AssertionError(f"an account opens with {opened!r}")
        accounts.append(opened.account_id)
        await world.submit(Deposit(opened.cross_wallet_id, VALUATION_ASSET, DEPOSIT))
        await world.submit(SetMarginMode(opened.account_id, 1, MarginMode.CROSS))
    await world.submit(SetIndexPrices(((1, MARK),)))
    return accounts


async def _listen(app: FastAPI) -> tuple[uvicorn.Server, "asyncio.Task[None]"]:
    config = uvicorn.Config(
        app, "127.0.0.1", 0, lifespan="off", log_level="error", ws_per_message_deflate=False
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - the server has no event for it
        await asyncio.sleep(0.01)
    return server, task
