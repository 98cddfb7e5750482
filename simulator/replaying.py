"""Running a replay from the command line: open the world, let the files pass, look at the end."""

import asyncio
from fractions import Fraction

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from simulator.analytics.cascade import Cascade
from simulator.bootstrap import Host, free_world_id, open_host, open_replay
from simulator.core import views
from simulator.core.codec import decode_entry, state_hash
from simulator.core.state.exchange_state import ExchangeState
from simulator.database.engine import masked
from simulator.replay_stories import Stories, Storyteller
from simulator.runtime.clocks import monotonic_ns
from simulator.runtime.errors import WorldHalted
from simulator.runtime.world import World, WorldStatus
from simulator.scenarios.replay import (
    DEFAULT_OPTIONS,
    ReplayOptions,
    ReplayPlan,
    plan_replay,
    read_files,
    trader_accounts,
)
from simulator.scenarios.scripted_trader import parse_trader
from simulator.settings import Settings

_WINDOW_NS = 10 * 60 * 10**9
"""World time between two looks at the progress of a replay at full speed."""


class ReplayOutcome(msgspec.Struct, frozen=True):
    """What there is to tell after a replay."""

    world_id: str
    plan: ReplayPlan
    accounts: dict[str, int]
    stories: Stories
    state: ExchangeState
    totals: views.WorldTotals
    entries: int
    seconds: float
    cascade: Cascade
    """What happened to everybody, in numbers."""
    chain_hash: bytes
    state_hash: bytes
    database_url: str
    """As it may be printed."""


class ReplayRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for on a command line."""

    files: tuple[str, ...]
    traders: tuple[str, ...] = ()
    world_id: str = "replay"
    """Its id, or the beginning of it if there is one already."""
    speed: Fraction | None = None
    """World seconds per second; none: as fast as it goes."""
    options: ReplayOptions = DEFAULT_OPTIONS


async def run_replay(settings: Settings, request: ReplayRequest, console: Console) -> ReplayOutcome:
    """Reads the files, replays them to their end, and gathers the traders' stories.

    Raises:
        ReplayError, FeedError, TraderSpecError, ConfigError: the input; says what would be right.
        WorldHalted: the world did not get to the end.
    """
    exchange = settings.load_exchange()
    with_spot = bool(request.options.population and request.options.spot_share)
    read, listed = read_files(request.files, exchange, with_spot)
    decimals = exchange.assets[0].decimals
    instruments = {symbol: each.terms for symbol, each in listed.items()}
    specs = [
        parse_trader(text, instruments, decimals, exchange.parameters) for text in request.traders
    ]
    plan = plan_replay(read, listed, specs, request.options, 10**decimals)
    for each in {file.path: file for group in read.values() for file in group}.values():
        report = each.report
        gaps = f", {len(report.gaps)} gaps" if report.gaps else ""
        console.print(f"{each.path.name}: {report.rows:,} bars{gaps}", highlight=False)
    async with open_host(settings) as host:
        world_id = free_world_id(host, request.world_id)
        began = monotonic_ns()
        world = await open_replay(host, exchange, plan, world_id, request.speed)
        await _play(world, plan, console)
        seconds = (monotonic_ns() - began) / 1e9
        await world.stop()
        return _outcome(host, world, plan, seconds, masked(settings.database_url))


async def _play(world: World, plan: ReplayPlan, console: Console) -> None:
    """Lets all of the files pass, showing how far it is."""
    with Progress(
        SpinnerColumn(),
        TextColumn("replaying"),
        BarColumn(),
        TextColumn("{task.percentage:.0f}%"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as progress:
        task = progress.add_task("replaying", total=(plan.end_ns - plan.begin_ns) / 1e9)
        now = plan.begin_ns
        while now < plan.end_ns:
            if world.clock.mode.value == "STEPPED":
                now = min(now + _WINDOW_NS, plan.end_ns)
                await world.run_until(now)
            else:
                await asyncio.sleep(0.1)
                now = world.clock.now()
            if world.status == WorldStatus.HALTED:
                raise WorldHalted(f"world {world.world_id} is halted: {world.halt_reason}")
            progress.update(task, completed=(now - plan.begin_ns) / 1e9)


def _outcome(
    host: Host, world: World, plan: ReplayPlan, seconds: float, database_url: str
) -> ReplayOutcome:
    accounts = trader_accounts(plan)
    storyteller = Storyteller(accounts)
    cascade = Cascade(plan.instruments.values())
    chain = b""
    for row in host.journal.read(world.world_id, 0):
        entry = decode_entry(row.encoded)
        storyteller.follow(entry)
        cascade.follow(entry)
        chain = row.chain_hash
    return ReplayOutcome(
        world.world_id,
        plan,
        accounts,
        storyteller.stories,
        world.state,
        views.world_totals(world.state),
        world.state.seq,
        seconds,
        cascade,
        chain,
        state_hash(world.state),
        database_url,
    )
