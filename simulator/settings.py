"""The process's own settings: where it listens, where it stores, where its configuration is.

Each has a default and is overridden by an environment variable `SIMULATOR_...`; command line
options override both, in `cli`. What a world is like is no setting: see `simulator.config`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import make_url

from simulator.config.exchange import ExchangeConfig, load_exchange
from simulator.config.world import WorldConfig, load_world
from simulator.database.sealing import Sealer, sealer_from_file

DEFAULT_DATABASE_URL: Final = "sqlite:///data/simulator.db"
DEFAULT_WORLD: Final = "practice"
_KEY_FILE: Final = Path("data/simulator.key")
"""Where the server's key lies if the database is no file."""

_PACKAGE: Final = Path(__file__).parent


class SettingsError(ValueError):
    """An environment variable that cannot be used; the message says what would be right."""


class Settings(NamedTuple):
    """See the module. Paths are as given, relative ones to the working directory."""

    database_url: str
    host: str
    port: int
    config_directory: Path
    secret_key: str | None = None

    def load_exchange(self) -> ExchangeConfig:
        """Raises ConfigError."""
        return load_exchange(self.config_directory)

    def load_sealer(self) -> Sealer:
        """The server's key: the setting, else a file beside the database, made if missing.

        Raises:
            ServerKeyError: it cannot be used.
        """
        if self.secret_key is not None:
            return Sealer(self.secret_key)
        url = make_url(self.database_url)
        if url.get_backend_name() != "sqlite" or not url.database:
            return sealer_from_file(_KEY_FILE)
        return sealer_from_file(Path(url.database).with_suffix(".key"))

    def load_world(self, exchange: ExchangeConfig, name: str = DEFAULT_WORLD) -> WorldConfig:
        """Raises ConfigError."""
        return load_world(self.config_directory, name, exchange)


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from the defaults and the environment (`os.environ` if none is given).

    Raises:
        SettingsError: a value that cannot be used.
    """
    given = os.environ if environment is None else environment
    return Settings(
        database_url=_text(given, "SIMULATOR_DATABASE_URL", DEFAULT_DATABASE_URL),
        host=_text(given, "SIMULATOR_HOST", "127.0.0.1"),
        port=_port(given, "SIMULATOR_PORT", 8000),
        config_directory=_config_directory(given),
        secret_key=_secret_key(given),
    )


def _text(given: Mapping[str, str], name: str, default: str) -> str:
    value = given.get(name, default).strip()
    if not value:
        raise SettingsError(f"{name} is empty; unset it, or set it like {default}")
    return value


def _secret_key(given: Mapping[str, str]) -> str | None:
    name = "SIMULATOR_SECRET_KEY"
    return _text(given, name, "") if name in given else None


def _port(given: Mapping[str, str], name: str, default: int) -> int:
    text = _text(given, name, str(default))
    if not (text.isascii() and text.isdecimal() and int(text) < 1 << 16):
        raise SettingsError(f'{name} "{text}" should be a port, 0 to 65535')
    return int(text)


def _config_directory(given: Mapping[str, str]) -> Path:
    """The one named, else that of a clone, else the one inside the installed package."""
    name = "SIMULATOR_CONFIG"
    if name in given:
        named = Path(_text(given, name, "config"))
        if not (named / "exchange.toml").is_file():
            raise SettingsError(f"{name} {named} should be a folder with exchange.toml in it")
        return named
    in_clone = _PACKAGE.parent / "config"
    return in_clone if (in_clone / "exchange.toml").is_file() else _PACKAGE / "_data" / "config"
