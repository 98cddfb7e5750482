"""The one composition root: database, journal, worlds, and what acts in them.

Every long-running command of the CLI builds one `Host` here. It owns the database engine, the
registry of worlds and the writer, and closes them in the right order.
"""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from fractions import Fraction

import structlog
from sqlalchemy import Engine

from simulator.config.exchange import ExchangeConfig
from simulator.config.world import WorldConfig
from simulator.core.model.commands import AnyCommand
from simulator.database.candles import Candles, WarmUpBar
from simulator.database.engine import open_engine
from simulator.database.migrating import migrate
from simulator.database.projection import Projector
from simulator.database.writer import DatabaseJournal
from simulator.market.feeds.klines import Bar
from simulator.runtime.clocks import ClockMode, WorldClock, wall_ns
from simulator.runtime.ports import Agent
from simulator.runtime.registry import MakeClock, Registry
from simulator.runtime.world import Limits, World
from simulator.scenarios import practice, replay
from simulator.settings import Settings

log = structlog.get_logger()


class WorldChangedError(Exception):
    """A stored world and its configuration no longer fit; the message says what to do."""


class Host:
    """What one process holds open."""

    def __init__(self, engine: Engine, journal: DatabaseJournal, registry: Registry) -> None:
        self.engine = engine
        self.journal = journal
        self.registry = registry

    async def start_world(
        self,
        world: World,
        commands: Sequence[AnyCommand],
        agents: Callable[[World], Iterable[Agent]],
    ) -> None:
        """Starts a world: finishes its first commands if need be, then lets its agents in.

        Every first command is one entry, so a world that was interrupted at its creation goes on
        where it stopped.
        """
        world.start()
        for command in commands[world.state.seq :]:
            await world.submit(command)
        world.agents.extend(agents(world))
        world.wake()


@asynccontextmanager
async def open_host(settings: Settings, limits: Limits | None = None) -> AsyncIterator[Host]:
    """Opens the database of the settings (migrated to this version) and an empty registry."""
    _tune_process()
    migrate(settings.database_url)
    engine = open_engine(settings.database_url)
    journal = DatabaseJournal(engine)
    registry = Registry(journal, limits)
    try:
        yield Host(engine, journal, registry)
    finally:
        try:
            await registry.close()
        finally:
            journal.close()
            engine.dispose()


def _tune_process() -> None:
    """Two knobs of the interpreter, measured with `benchmarks/websocket_orders.py`.

    The writer's thread must get its turn while the event loop is busy: with the default 5 ms a
    commit of 512 orders takes three times as long. And the many long-lived records of a world
    need not be looked at by the garbage collector over and over: the core makes no cycles.
    """
    sys.setswitchinterval(0.0005)
    gc.set_threshold(100_000, 50, 100)


# -- the practice world --------------------------------------------------------------------------


async def open_practice(host: Host, exchange: ExchangeConfig, config: WorldConfig) -> World:
    """Opens the practice world, creating it with its warm-up candles if it is new.

    Raises:
        WorldChangedError: it was created with other instruments or another cast.
        WorldTakenError: another process has it open.
    """
    stored = host.journal.world(config.name)
    described = describe(config)
    if stored is None:
        host.journal.create_world(config.name, config.title, wall_ns(), described, config.seed)
    return await open_synthetic(host, exchange, config, lambda last: _practice_clock(config, last))


async def open_synthetic(
    host: Host, exchange: ExchangeConfig, config: WorldConfig, clock: MakeClock
) -> World:
    """Opens a registered world of synthetic prices, and starts it.

    Raises:
        WorldChangedError: it was created with other instruments or another cast.
        WorldTakenError: another process has it open.
    """
    stored = host.journal.world(config.name)
    described = describe(config)
    if stored is not None and stored.config != described:
        raise WorldChangedError(
            f"world {config.name} was created as {stored.config}, its configuration now says "
            f"{described}; use another database, or the configuration it was created with"
        )
    host.journal.claim(config.name)
    if host.journal.last(config.name) is None:
        # Until its first entry a world is still being made, perhaps by a process that was killed.
        await asyncio.to_thread(_store_warm_up, host, config)
    world = await host.registry.open(config.name, Projector(config.name), clock)
    await host.start_world(
        world,
        practice.genesis(config, exchange),
        lambda opened: practice.agents(config, opened.clock.now()),
    )
    return world


def describe(config: WorldConfig) -> str:
    """What must not change between two starts: the places of the cast depend on it."""
    symbols = " ".join(each.listed.terms.symbol for each in config.instruments)
    return f"{symbols}; {config.noise_traders} noise traders each"


def _practice_clock(config: WorldConfig, last_ns: int) -> WorldClock:
    """Real time at speed 1, never before the journal's end; else scaled from there."""
    start = last_ns if last_ns else wall_ns()
    if config.speed == 1:
        return WorldClock(ClockMode.REAL, max(last_ns, wall_ns()))
    return WorldClock(ClockMode.SCALED, start, config.speed)


def _store_warm_up(host: Host, config: WorldConfig) -> None:
    Candles(host.engine).store_warm_up(config.name, _warm_up(config, wall_ns()))


def _warm_up(config: WorldConfig, now_ns: int) -> list[WarmUpBar]:
    history = practice.synthetic_feed(config).history(
        now_ns, config.history_days, config.history_minute_days
    )
    return [
        *_warm_up_bars(history.daily, 86_400),
        *_warm_up_bars(history.minutes, 60),
    ]


def _warm_up_bars(series: dict[int, tuple[Bar, ...]], interval_s: int) -> list[WarmUpBar]:
    return [
        WarmUpBar(
            instrument_id,
            "INDEX",
            interval_s,
            bar.open_time_ns,
            bar.open,
            bar.high,
            bar.low,
            bar.close,
        )
        for instrument_id, bars in series.items()
        for bar in bars
    ]


# -- replays -------------------------------------------------------------------------------------


async def open_replay(
    host: Host,
    exchange: ExchangeConfig,
    plan: replay.ReplayPlan,
    world_id: str,
    speed: Fraction | None,
) -> World:
    """Creates a replay's world and starts it; `speed` none: stepped, as fast as it goes.

    Raises:
        ValueError: there is a world of this id already.
    """
    title = "Replay of " + ", ".join(plan.instruments)
    host.journal.create_world(world_id, title, wall_ns(), replay.describe(plan), 0)
    mode = ClockMode.STEPPED if speed is None else ClockMode.SCALED
    world = await host.registry.open(
        world_id,
        Projector(world_id),
        lambda _: WorldClock(mode, plan.begin_ns, speed or Fraction(1)),
    )
    await host.start_world(
        world, replay.genesis(plan, exchange), lambda _: replay.agents(plan, exchange)
    )
    return world


def free_world_id(host: Host, wanted: str) -> str:
    """The wanted id, or with the first free number behind it."""
    taken = {world.world_id for world in host.journal.worlds()}
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted}-{number}" in taken:
        number += 1
    return f"{wanted}-{number}"
