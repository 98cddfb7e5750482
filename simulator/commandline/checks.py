"""What `simulator doctor` looks at. A check says what it found, and what to do if it is not well.

A check changes nothing: it makes no database, no folder, no login.
"""

import platform
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec
from sqlalchemy.exc import SQLAlchemyError

import simulator
from simulator.client import Client, NotAuthenticated, SimulatorError
from simulator.client.public import World
from simulator.client.wall import wall_ms
from simulator.commandline.credentials import Credentials, credentials_path
from simulator.commandline.failures import UnreachableError
from simulator.commandline.session import connect
from simulator.config.file import ConfigError
from simulator.database.engine import UnusableDatabaseError, open_engine
from simulator.database.migrating import is_current
from simulator.settings import Settings

Status = Literal["OK", "WARN", "FAIL"]
_SQLITE: Final = "sqlite:///"

SKEW_WARN_MS: Final = 1_000
SKEW_FAIL_MS: Final = 5_000
"""Signed requests are refused beyond it."""


class Check(msgspec.Struct, frozen=True):
    """What was found; `advice` is empty where all is well."""

    name: str
    status: Status
    found: str
    advice: str = ""


def local_checks(settings: Settings) -> Iterator[Check]:
    """Of this machine and installation."""
    yield _python()
    yield Check("package", "OK", f"{simulator.__version__} in {Path(simulator.__file__).parent}")
    yield _configuration(settings)
    yield _database(settings.database_url)
    yield _login_file()


def server_checks(who: Credentials, settings: Settings, chosen: bool) -> Iterator[Check]:
    """Of the server that verbs would ask; `chosen` if somebody named one."""
    try:
        with connect(who) as client:
            before = wall_ms()
            world = client.world(who.world)
            after = wall_ms()
            yield Check("server", "OK", f"{who.server} in {after - before} ms")
            yield _world(world)
            yield _skew(world.server_time - (before + after) // 2)
            if who.can_act:
                yield _login(client)
    except UnreachableError:
        yield Check(
            "server",
            "FAIL" if chosen else "WARN",
            f"no answer from {who.server}",
            "start one with simulator serve, or name another with --server",
        )
        yield _port(settings)
    except SimulatorError as error:
        advice = "is it a server of this version, and does it have this world?"
        yield Check("server", "FAIL", f"{who.server}: {error}", advice)


def _python() -> Check:
    """An older Python cannot even read this program, so there is nothing to be afraid of."""
    return Check("Python", "OK", platform.python_version())


def _configuration(settings: Settings) -> Check:
    try:
        exchange = settings.load_exchange()
        settings.load_world(exchange)
    except (ConfigError, OSError) as error:
        return Check("configuration", "FAIL", str(error), "mend the file, or set SIMULATOR_CONFIG")
    return Check("configuration", "OK", str(settings.config_directory))


def _database(url: str) -> Check:
    if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
        return Check("database", "WARN", f"{url} is not there yet", "simulator serve makes it")
    try:
        engine = open_engine(url)
        try:
            current = is_current(engine)
        finally:
            engine.dispose()
    except (UnusableDatabaseError, SQLAlchemyError, OSError) as error:
        reason = str(error).splitlines()[0]
        return Check("database", "FAIL", reason, "set SIMULATOR_DATABASE_URL to another")
    if current:
        return Check("database", "OK", f"{url} has the tables of this version")
    return Check(
        "database", "WARN", f"{url} has tables of another version", "run simulator migrate"
    )


def _login_file() -> Check:
    path = credentials_path()
    if not path.exists():
        return Check("login", "WARN", "none is stored", "simulator account join")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077 and sys.platform != "win32":
        return Check("login", "FAIL", f"others can read {path}", f"chmod 600 {path}")
    return Check("login", "OK", f"{path}, mode {mode:04o}")


def _port(settings: Settings) -> Check:
    where = f"{settings.host} port {settings.port}"
    try:
        with socket.create_server((settings.host, settings.port)):
            return Check("port", "OK", f"{where} is free for a server")
    except OSError as error:
        return Check("port", "FAIL", f"{where}: {error.strerror}", "serve with another --port")


def _world(world: World) -> Check:
    if world.status == "RUNNING":
        return Check("world", "OK", f"{world.world} runs at seq {world.seq:,}")
    reason = "" if world.status_reason is None else f": {world.status_reason}"
    status: Status = "WARN" if world.status == "PAUSED" else "FAIL"
    advice = "simulator world resume" if status == "WARN" else "see the server's log"
    return Check("world", status, f"{world.world} is {world.status}{reason}", advice)


def _skew(skew_ms: int) -> Check:
    found = f"{skew_ms:+,} ms to the server"
    if abs(skew_ms) < SKEW_WARN_MS:
        return Check("clock", "OK", found)
    status: Status = "FAIL" if abs(skew_ms) >= SKEW_FAIL_MS else "WARN"
    return Check("clock", status, found, "set this machine's clock; signatures depend on it")


def _login(client: Client) -> Check:
    try:
        accounts = client.accounts().items
    except NotAuthenticated as error:
        advice = "simulator account join --replace, or log-in"
        return Check("account", "FAIL", f"the login is refused: {error.detail}", advice)
    if client.account_id is None or client.account_id in {each.account_id for each in accounts}:
        return Check("account", "OK", f"{client.account_id}, {len(accounts)} in all")
    known = ", ".join(str(each.account_id) for each in accounts) or "none"
    return Check("account", "FAIL", f"{client.account_id} is not yours", f"yours: {known}")
