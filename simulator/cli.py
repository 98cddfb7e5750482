"""The command line: what runs and proves worlds here, and beside it the verbs of `commandline`.

Verbs only: everything is done by what `bootstrap` puts together, or asked of a server. Exit codes:
0 done, 1 the answer is no (a journal does not verify, a rule refuses), 2 the call or its input is
wrong, 3 there is no answer. See docs/cli.md.
"""

import asyncio
import logging
import sys
from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated

import cyclopts
import structlog
from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from simulator import __version__
from simulator.bootstrap import WorldChangedError
from simulator.client import SimulatorError
from simulator.commandline import (
    account_borrowing,
    calc_holding,
    doctor,
    export,
    local_analyses,
    order_lists,
    positions,
    versions,
    watch,
    world,
)
from simulator.commandline.failures import (
    WRONG_CALL,
    UnreachableError,
    UsageError,
    exit_code,
    problem,
    sentence,
)
from simulator.commandline.output import json_text
from simulator.commandline.replay_market import ReplayMarket
from simulator.config.file import ConfigError
from simulator.database.credentials import Credentials
from simulator.database.engine import UnusableDatabaseError, masked, open_engine
from simulator.database.identity import UnknownUserError
from simulator.database.migrating import UnknownRevisionError, migrate
from simulator.database.ownership import WorldTakenError
from simulator.database.rebuild import JournalIncompleteError
from simulator.database.rebuild import rebuild as rebuild_tables
from simulator.database.sealing import ServerKeyError
from simulator.database.writer import DatabaseJournal
from simulator.decimal_text import DecimalError
from simulator.market.feeds.klines import FeedError
from simulator.replay_report import print_report, print_verification
from simulator.runtime.clocks import MAX_SPEED, MIN_SPEED
from simulator.runtime.errors import JournalCorrupt, WorldUnavailable
from simulator.runtime.recovery import verify as verify_journal
from simulator.scenarios.replay import ReplayError
from simulator.scenarios.scripted_trader import TraderSpecError
from simulator.settings import DEFAULT_WORLD, Settings, SettingsError, read_settings

app = cyclopts.App(
    name="simulator",
    version=__version__,
    help="A margin exchange simulator: practice, teach and replay leveraged trading with paper "
    "money.",
    help_epilogue="Exit codes: 0 done, 1 the answer is no, 2 the call or its input is wrong, "
    "3 there is no answer.",
)
app.register_install_completion_command()
console = Console()
errors = Console(stderr=True)

DatabaseOption = Annotated[
    str | None,
    Parameter(name="--database", help="Database URL [default: sqlite:///data/simulator.db]."),
]

_EXPECTED = (
    ConfigError,
    DecimalError,
    FeedError,
    JournalCorrupt,
    JournalIncompleteError,
    ReplayError,
    ServerKeyError,
    SettingsError,
    TraderSpecError,
    UnknownRevisionError,
    UnknownUserError,
    UnusableDatabaseError,
    WorldChangedError,
    WorldTakenError,
    WorldUnavailable,
)

for _noun in (
    account_borrowing.app,
    calc_holding.app,
    order_lists.app,
    world.app,
):
    app.command(_noun)
for _verb in (
    positions.positions,
    watch.watch,
    export.export,
    local_analyses.explain,
    local_analyses.attribution,
    doctor.doctor,
    versions.version,
):
    app.command(_verb)


def _settings(database: str | None) -> Settings:
    settings = read_settings()
    return settings if database is None else settings._replace(database_url=database)


@app.command
def serve(
    *,
    host: Annotated[str | None, Parameter(help="Address to listen on.")] = None,
    port: Annotated[int | None, Parameter(help="Port to listen on.")] = None,
    database: DatabaseOption = None,
) -> None:
    """Serve the practice world over REST and websocket until interrupted.

    Example: simulator serve --port 8000
    """
    from simulator.serving import run_server

    _log_from(logging.INFO)
    settings = _settings(database)
    if host is not None:
        settings = settings._replace(host=host)
    if port is not None:
        settings = settings._replace(port=port)
    run_server(settings, console)


@app.command
def replay(
    *files: str,
    speed: Annotated[
        str, Parameter(help='"max", or world seconds per second like 60 (0.25 to 10000).')
    ] = "max",
    trader: Annotated[
        list[str] | None,
        Parameter(help="NAME:SYMBOL:long|short:20x:isolated|cross:DEPOSIT; may be repeated."),
    ] = None,
    market: ReplayMarket = ReplayMarket(),
    world: Annotated[str, Parameter(help="Id of the world to be made.")] = "replay",
    database: DatabaseOption = None,
) -> None:
    """Replay Binance kline FILES (csv, csv.gz, zip) as a world of its own, and report on it.

    The instrument is taken from the file's name (BTCUSDT-1m.csv is BTCUSDT-PERP), or given as
    SYMBOL=FILE.

    Example: simulator replay examples/flash_crash_1m.csv --trader
    ann:BTCUSDT-PERP:long:20x:isolated:1000
    """
    from simulator.replaying import ReplayRequest, run_replay

    if not files:
        raise UsageError("say which files to replay, like examples/flash_crash_1m.csv")
    request = ReplayRequest(
        files=files,
        traders=tuple(trader or ()),
        world_id=world,
        speed=_speed(speed),
        options=market.options(),
    )
    outcome = asyncio.run(run_replay(_settings(database), request, console))
    print_report(outcome, console)


def _speed(text: str) -> Fraction | None:
    if text == "max":
        return None
    try:
        speed = Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise UsageError(f'--speed "{text}" should be "max" or a number') from error
    if not MIN_SPEED <= speed <= MAX_SPEED:
        raise UsageError(f'--speed "{text}" should be between {float(MIN_SPEED)} and {MAX_SPEED}')
    return speed


@app.command
def verify(world: str = DEFAULT_WORLD, *, database: DatabaseOption = None) -> None:
    """Execute a world's journal again and compare events, hashes and snapshots.

    Example: simulator verify practice
    """
    journal, last = _journal(database, world)
    with _progress() as progress:
        task = progress.add_task(f"executing {world} again", total=last)
        outcome = verify_journal(
            journal, world, progress=lambda seq: progress.update(task, completed=seq)
        )
        progress.update(task, completed=outcome.entries)
    print_verification(world, outcome, console)
    if outcome.difference is not None:
        sys.exit(1)


@app.command
def rebuild(world: str = DEFAULT_WORLD, *, database: DatabaseOption = None) -> None:
    """Recreate a world's tables from its journal. No server may have the world open.

    Example: simulator rebuild practice
    """
    _, last = _journal(database, world)
    engine = open_engine(_settings(database).database_url)
    with _progress() as progress:
        task = progress.add_task(f"rebuilding the tables of {world}", total=last)
        rebuild_tables(engine, world, lambda done, _: progress.update(task, completed=done))
    engine.dispose()
    console.print(f"The tables of [bold]{world}[/] are rebuilt from {last:,} journal entries.")


@app.command
def worlds(*, database: DatabaseOption = None) -> None:
    """List the worlds of a database."""
    from simulator.replay_report import print_worlds

    settings = _settings(database)
    migrate(settings.database_url)
    engine = open_engine(settings.database_url)
    print_worlds(DatabaseJournal(engine), console)
    engine.dispose()


@app.command
def admin(
    name: str,
    *,
    revoke: Annotated[bool, Parameter(help="Take the right away.", negative="")] = False,
    database: DatabaseOption = None,
) -> None:
    """Let a signed-up user read any account and control any world.

    Example: simulator admin ann
    """
    settings = _settings(database)
    migrate(settings.database_url)
    engine = open_engine(settings.database_url)
    Credentials(engine, settings.load_sealer()).grant_admin(name, granted=not revoke)
    engine.dispose()
    console.print(f"{escape(name)} is {'no longer' if revoke else 'now'} an admin.")


@app.command(name="migrate")
def migrate_command(*, database: DatabaseOption = None) -> None:
    """Create the tables, or bring them up to date with this version."""
    settings = _settings(database)
    migrate(settings.database_url)
    url = escape(masked(settings.database_url))
    console.print(f"{url} has the tables of version {__version__}.", soft_wrap=True)


def _journal(database: str | None, world: str) -> tuple[DatabaseJournal, int]:
    """The journal of an existing database, and the last seq of a world in it."""
    settings = _settings(database)
    migrate(settings.database_url)
    journal = DatabaseJournal(open_engine(settings.database_url))
    last = journal.last(world)
    if last is None:
        known = ", ".join(each.world_id for each in journal.worlds()) or "none"
        url = masked(settings.database_url)
        raise UsageError(f"there is no world {world} in {url}; there is: {known}")
    return journal, last[0]


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


def _log_from(level: int) -> None:
    """Log lines are JSON on standard error; what a person reads goes to standard output."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def main(tokens: Sequence[str] | None = None) -> None:
    """The `simulator` command."""
    _log_from(logging.WARNING)
    given = list(sys.argv[1:] if tokens is None else tokens)
    as_json = "--json" in given
    try:
        app(given, exit_on_error=False, print_error=not as_json)
    except cyclopts.CycloptsError as error:
        if as_json:
            _print_failure(error, as_json)
        sys.exit(WRONG_CALL)
    except (UsageError, UnreachableError, SimulatorError, *_EXPECTED) as error:
        _print_failure(error, as_json)
        sys.exit(exit_code(error))


def _print_failure(error: Exception, as_json: bool) -> None:
    """On standard error: a line for a person, a JSON problem for a program."""
    if as_json:
        sys.stderr.write(json_text(problem(error)) + "\n")
    else:
        errors.print(f"[bold red]simulator:[/] {sentence(error)}", highlight=False, soft_wrap=True)
