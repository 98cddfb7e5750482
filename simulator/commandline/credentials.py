"""Who is logged in where: one small file that only its owner can read, and the environment.

The file is `~/.config/simulator/credentials.json` (XDG_CONFIG_HOME is honored), or what
SIMULATOR_CLIENT_CONFIG names. SIMULATOR_SERVER, SIMULATOR_TOKEN, SIMULATOR_API_KEY with
SIMULATOR_API_SECRET, and SIMULATOR_ACCOUNT override what it says. A stored token is only ever sent
to the server that gave it.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from simulator.client.rest import DEFAULT_URL
from simulator.commandline.failures import UsageError

_PATH: Final = "SIMULATOR_CLIENT_CONFIG"


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored, and with the environment's share what a call uses."""

    server: str = DEFAULT_URL
    token: str | None = None
    account_id: int | None = None
    world: str | None = None
    user_id: str | None = None
    api_key: str | None = None
    api_secret: str | None = None

    @property
    def can_act(self) -> bool:
        return self.token is not None or self.api_key is not None


def credentials_path(environment: Mapping[str, str] | None = None) -> Path:
    given = os.environ if environment is None else environment
    if given.get(_PATH):
        return Path(given[_PATH])
    base = given.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "simulator" / "credentials.json"


def stored() -> Credentials | None:
    """What the file says; None if there is no file.

    Raises:
        UsageError: it cannot be read.
    """
    path = credentials_path()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Credentials)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise UsageError(f"{path} cannot be read: {error}; delete it and log in again") from error


def store(credentials: Credentials) -> Path:
    """Replaces the file at once, so that it is never half written nor readable by others."""
    path = credentials_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Made by mkstemp with mode 0600, before the secret is in it.
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(credentials)) + b"\n")
        os.replace(name, path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error}") from error
    return path


def forget() -> None:
    credentials_path().unlink(missing_ok=True)


def effective(server: str | None = None, account_id: int | None = None) -> Credentials:
    """What a call uses: options before the environment, the environment before the file.

    Raises:
        UsageError: a variable cannot be used, or the file cannot be read.
    """
    given = os.environ
    found = stored() or Credentials()
    asked = server or given.get("SIMULATOR_SERVER") or found.server
    if asked.rstrip("/") != found.server.rstrip("/"):
        found = Credentials()
    if not asked.startswith(("http://", "https://")):
        raise UsageError(f'the server "{asked}" should be a URL like {DEFAULT_URL}')
    found = msgspec.structs.replace(found, server=asked.rstrip("/"))
    found = _with_environment(found, given)
    return found if account_id is None else msgspec.structs.replace(found, account_id=account_id)


def _with_environment(found: Credentials, given: Mapping[str, str]) -> Credentials:
    key, secret = given.get("SIMULATOR_API_KEY"), given.get("SIMULATOR_API_SECRET")
    if bool(key) != bool(secret):
        raise UsageError("SIMULATOR_API_KEY and SIMULATOR_API_SECRET go together")
    token = given.get("SIMULATOR_TOKEN")
    if key or token:
        # Whoever names a login of their own does not mean the stored one's account.
        found = Credentials(
            server=found.server, token=token or None, api_key=key or None, api_secret=secret or None
        )
    account = given.get("SIMULATOR_ACCOUNT")
    if not account:
        return found
    if not (account.isascii() and account.isdecimal()):
        raise UsageError(f'SIMULATOR_ACCOUNT "{account}" should be an account id like 1000031')
    return msgspec.structs.replace(found, account_id=int(account))
