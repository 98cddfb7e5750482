"""The real program as a process of its own: started, killed, stopped and asked, as a user would.

Everything it needs lies in one folder: the database, a configuration and the output. The port is
the system's choice, read from what the server prints. Nothing here looks inside the process.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import msgspec

ROOT: Final = Path(__file__).parents[2]
PROGRAM: Final = Path(sys.executable).parent / "simulator"
START_SECONDS: Final = 60
STOP_SECONDS: Final = 10
SYMBOLS: Final = ("BTCUSDT-PERP", "ETHUSDT-PERP")

_WORLD: Final = """
name = "practice"
title = "Practice"
seed = 7
speed = "1"
guest_endowment = "100000"
fund_deposit = "1000000"
maker_deposit = "20000000"
noise_traders = 1
noise_deposit = "50000"
history_days = 2
history_minute_days = 1

[synthetic]
interval = "100ms"

[synthetic.calm]
annual_volatility = "0.40"
mean_dwell = "4h"

[synthetic.trend]
annual_volatility = "0.60"
hourly_drift = "0.004"
mean_dwell = "90m"

[synthetic.shock]
annual_volatility = "2.00"
hourly_drift = "0.04"
mean_dwell = "12m"
jump = "0.002"
jump_interval = "3m"

[[instrument]]
symbol = "BTCUSDT-PERP"
start_price = "60000"
maker = { levels = 4, spread = "0.0002", level_quantity = "0.02", max_inventory = "60", \
replenish_per_second = "0.1" }
noise = { max_quantity = "0.05", max_inventory = "0.4" }

[[instrument]]
symbol = "ETHUSDT-PERP"
start_price = "3000"
maker = { levels = 4, spread = "0.0002", level_quantity = "0.4", max_inventory = "900", \
replenish_per_second = "2" }
noise = { max_quantity = "1", max_inventory = "8" }
"""
"""A small practice world that starts quickly and whose thin book lets traders meet each other."""


class ServerFailedError(Exception):
    """The server did not do what was asked; the message has its output."""


class Home(NamedTuple):
    """Where one simulator lives."""

    folder: Path
    config: Path
    elsewhere: str | None = None
    """The URL of the database; none: it is a file of the folder."""

    @property
    def database(self) -> Path:
        return self.folder / "simulator.db"

    @property
    def url(self) -> str:
        """Where the database is."""
        return self.elsewhere or f"sqlite:///{self.database}"

    @property
    def output(self) -> Path:
        return self.folder / "output.txt"

    def environment(self) -> dict[str, str]:
        """The caller's, with nothing of it that would set up another simulator."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("SIMULATOR_")
        }
        return {
            **inherited,
            "SIMULATOR_CONFIG": str(self.config),
            "SIMULATOR_DATABASE_URL": self.url,
            "SIMULATOR_PORT": "0",
        }


def make_home(folder: Path, url: str | None = None) -> Home:
    """A home with a copy of the configuration that ships, to be changed at will."""
    shutil.copytree(ROOT / "config", folder / "config")
    return Home(folder, folder / "config", url)


def make_small_home(folder: Path, url: str | None = None) -> Home:
    """A home whose world starts quickly, with limits that a program does not reach.

    An index price is stale within a second there, so every restart finds its instruments halted.
    """
    home = make_home(folder, url)
    (home.config / "worlds" / "practice.toml").write_text(_WORLD, encoding="utf-8")
    change(home.config / "instruments.toml", 'index_staleness = "60s"', 'index_staleness = "1s"')
    exchange = home.config / "exchange.toml"
    change(exchange, "snapshot_every = 50000", "snapshot_every = 1500")
    for kind, rate in (("orders", "50, burst = 200"), ("requests", "50, burst = 200")):
        old = f"{kind} = {{ per_second = {rate} }}"
        change(exchange, old, f"{kind} = {{ per_second = 1000000, burst = 1000000 }}")
    change(exchange, "guests = { per_second = 1,", "guests = { per_second = 1000,")
    return home


def change(path: Path, old: str, new: str) -> None:
    """Replaces the one place where `old` stands."""
    text = path.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise ValueError(f"{path} should have {old!r} once, has it {text.count(old)} times")
    path.write_text(text.replace(old, new), encoding="utf-8")


def run_simulator(
    home: Home, *arguments: str, seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    """Runs a command that ends by itself."""
    return subprocess.run(
        [str(PROGRAM), *arguments],
        cwd=home.folder,
        env=home.environment(),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


class Server:
    """A running `simulator serve`. Whoever starts one ends it, by `stop` or `kill`."""

    def __init__(self, home: Home) -> None:
        """Launches the process; it may not be ready yet."""
        self.url = ""
        self._output = home.output
        self._begun = time.perf_counter()
        with home.output.open("w", encoding="utf-8") as output:
            self._process = subprocess.Popen(
                [str(PROGRAM), "serve"],
                cwd=home.folder,
                env=home.environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_until_ready(self, seconds: float = START_SECONDS) -> float:
        """Waits until it serves; returns the seconds since it was launched.

        Raises:
            ServerFailedError: it ended, or took too long; it is killed then.
        """
        try:
            while not self._is_ready():
                if self._process.poll() is not None:
                    raise ServerFailedError(f"the server ended by itself:\n{self.output()}")
                if time.perf_counter() - self._begun > seconds:
                    raise ServerFailedError(f"not ready in {seconds} s:\n{self.output()}")
                time.sleep(0.02)
        except BaseException:
            self.kill()
            raise
        return time.perf_counter() - self._begun

    def wait_until_said(self, text: str, seconds: float = START_SECONDS) -> None:
        """Waits until it has printed a text.

        Raises:
            ServerFailedError: it took too long; it is killed then.
        """
        while text not in self.output():
            if time.perf_counter() - self._begun > seconds:
                self.kill()
                raise ServerFailedError(f"{text!r} was not said:\n{self.output()}")
            time.sleep(0.02)

    def _is_ready(self) -> bool:
        if not self.url:
            _, found, rest = self.output().partition("Open http://")
            address, complete, _ = rest.partition("/")
            if not found or not complete:
                return False
            self.url = f"http://{address}"
        try:
            return httpx.get(f"{self.url}/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    @property
    def websocket_url(self) -> str:
        return self.url.replace("http://", "ws://") + "/v1/ws"

    def output(self) -> str:
        """All that it printed, both streams."""
        return self._output.read_text(encoding="utf-8")

    def logged(self, event: str) -> dict[str, Any]:
        """The last log line of an event."""
        for line in reversed(self.output().splitlines()):
            if line.startswith("{"):
                found: dict[str, Any] = msgspec.json.decode(line)
                if found["event"] == event:
                    return found
        raise ServerFailedError(f"the server did not log {event!r}:\n{self.output()}")

    def kill(self) -> None:
        """SIGKILL: it gets no chance to do anything."""
        self._process.kill()
        self._process.wait(STOP_SECONDS)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Asks it to stop; returns the exit code.

        Raises:
            ServerFailedError: it did not end in time; it is killed then.
        """
        self._process.send_signal(how)
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerFailedError(
                f"the server did not stop within {STOP_SECONDS} s:\n{self.output()}"
            ) from None


def start(home: Home) -> Server:
    """A server that serves."""
    server = Server(home)
    server.wait_until_ready()
    return server
