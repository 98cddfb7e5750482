"""`simulator serve`: the practice world behind REST and websocket, until it is told to stop.

The port is taken before the database is touched. Until the world is open there is nothing that
anyone was promised, so a signal simply ends the process; from then on SIGINT and SIGTERM have it
answer what it has, take a snapshot and close the database.
"""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from typing import Any, Final

import uvicorn
from rich.console import Console
from rich.markup import escape

from simulator.api.app import create_app
from simulator.api.context import ApiContext, ApiSettings, GuestSettings, WorldKeeper
from simulator.api.limits import Rate
from simulator.api.stream.world_stream import StreamSettings
from simulator.bootstrap import Host, open_host, open_practice
from simulator.config.exchange import ApiConfig
from simulator.config.world import WorldConfig
from simulator.database.candles import Candles
from simulator.database.credentials import Credentials
from simulator.database.engine import masked
from simulator.database.identity import Identities
from simulator.database.queries import Histories
from simulator.database.sealing import Sealer
from simulator.database.statistics import Statistics
from simulator.owned_worlds import OwnedWorlds
from simulator.runtime.world import World
from simulator.settings import Settings, SettingsError
from simulator.web import add_pages

_BACKLOG: Final = 2_048
_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class CannotListenError(SettingsError):
    """The address or port cannot be had; the message says why."""


def run_server(settings: Settings, console: Console) -> None:
    """Serves until SIGINT or SIGTERM; then finishes what it has and closes the database.

    Raises:
        CannotListenError: somebody else has the port, or the address is not of this machine.
        ConfigError, WorldChangedError, WorldTakenError, UnusableDatabaseError,
            UnknownRevisionError: the practice world cannot be opened.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    run(serve(settings, console))


def run(main: Coroutine[Any, Any, None]) -> None:
    """Runs on uvloop where there is one."""
    if sys.platform == "win32":
        asyncio.run(main)
        return
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


async def serve(settings: Settings, console: Console) -> None:
    exchange = settings.load_exchange()
    config = settings.load_world(exchange)
    with listen_on(settings.host, settings.port) as listener:
        _say(console, f"Opening {escape(masked(settings.database_url))} …")
        async with open_host(settings, exchange.limits) as host:
            sealer = settings.load_sealer()
            world = await open_practice(host, exchange, config)
            keeper = OwnedWorlds(host, exchange, config)
            await keeper.reopen()
            context = api_context(host, config, sealer, keeper)
            app = create_app(replace(context, settings=api_settings(exchange.api)))
            add_pages(app)
            server = _Server(
                uvicorn.Config(
                    app,
                    log_level="warning",
                    access_log=False,
                    lifespan="on",
                    timeout_graceful_shutdown=5,
                    ws_ping_interval=20,
                    ws_max_size=2 * exchange.api.max_body_bytes,
                    ws_per_message_deflate=exchange.api.permessage_deflate,
                ),
            )
            _say(console, _announcement(world, settings.host, listener))
            await server.serve([listener])
    _say(console, "Stopped; everything acknowledged is on disk.")


def _announcement(world: World, host: str, listener: socket.socket) -> str:
    name = f"[{host}]" if ":" in host else host
    url = escape(f"http://{name}:{listener.getsockname()[1]}/")
    return (
        f"World [bold]{world.world_id}[/] runs at seq {world.state.seq:,}. "
        f"Open [bold]{url}[/] · stop with Ctrl-C"
    )


def _say(console: Console, text: str) -> None:
    """One line, however narrow the terminal: programs read it, too."""
    console.print(text, highlight=False, soft_wrap=True)


class _Server(uvicorn.Server):
    """Stops at a signal without dying of it afterwards: the worlds are closed after the server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {each: signal.signal(each, self.handle_exit) for each in _STOP_SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def listen_on(host: str, port: int) -> socket.socket:
    """A socket that listens; clients that come early wait in its queue.

    Raises:
        CannotListenError: somebody else has the port, or the address is not of this machine.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else "a port is 0 to 65535"
        raise CannotListenError(
            f"cannot listen on {host} port {port}: {reason}; choose another with --host or --port"
        ) from error
    return listener


def api_settings(config: ApiConfig) -> ApiSettings:
    """The configured limits, as the API wants them."""
    return ApiSettings(
        stream=StreamSettings(public_interval_ms=config.public_interval_ms),
        requests=Rate(*config.requests),
        orders=Rate(*config.orders),
        guests=Rate(*config.guests),
        max_body_bytes=config.max_body_bytes,
        timeout_ms=config.timeout_ms,
    )


def api_context(host: Host, config: WorldConfig, sealer: Sealer, keeper: WorldKeeper) -> ApiContext:
    """What the API needs of a host with an open practice world."""
    return ApiContext(
        registry=host.registry,
        identities=Identities(host.engine),
        histories=Histories(host.engine),
        candles=Candles(host.engine),
        statistics=Statistics(host.engine),
        credentials=Credentials(host.engine, sealer),
        journal=host.journal,
        keeper=keeper,
        default_world=config.name,
        guest=GuestSettings(deposit=config.guest_endowment),
    )
