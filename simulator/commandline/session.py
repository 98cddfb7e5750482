"""The options that verbs share, and the client that a verb talks through."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import httpx
from cyclopts import Parameter

from simulator.client import Client, TransportError
from simulator.commandline.choices import flag
from simulator.commandline.credentials import Credentials, effective
from simulator.commandline.failures import UnreachableError, UsageError


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """Options of every verb that asks a server."""

    json: Annotated[bool, flag("Print one JSON document.")] = False
    server: Annotated[
        str | None, Parameter(help="The server's URL [default: where you are logged in].")
    ] = None

    def credentials(self) -> Credentials:
        return effective(self.server)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class AccountOptions(ServerOptions):
    """Options of verbs about one account."""

    account: Annotated[int | None, Parameter(help="Account id [default: the one in use].")] = None

    def credentials(self) -> Credentials:
        return effective(self.server, self.account)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class WorldOptions(ServerOptions):
    """Options of verbs about one world."""

    world: Annotated[str | None, Parameter(help="World id [default: the account's].")] = None


@contextmanager
def connected(options: ServerOptions) -> Iterator[Client]:
    """A client that acts for whoever is logged in.

    Raises:
        UnreachableError: nobody answers; a SimulatorError otherwise.
    """
    with connect(options.credentials()) as client:
        yield client


@contextmanager
def connect(who: Credentials) -> Iterator[Client]:
    client = Client(
        who.server,
        token=who.token,
        api_key=who.api_key,
        api_secret=who.api_secret,
        world=who.world,
        account_id=who.account_id,
    )
    with client, reaching(who.server):
        yield client


@contextmanager
def reaching(server: str) -> Iterator[None]:
    """Says where nobody answered, and what to do about it.

    Raises:
        UsageError: the server's URL is none.
    """
    try:
        yield
    except httpx.InvalidURL as error:
        raise UsageError(f'the server "{server}" is no URL: {error}') from error
    except TransportError as error:
        raise UnreachableError(
            f"no answer from {server} ({error}); start a server there with simulator serve, or "
            "name another with --server or SIMULATOR_SERVER"
        ) from error
