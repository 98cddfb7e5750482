"""Real servers for the client's tests: the program as a process, its world at a speed of choice."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e import process


@contextmanager
def small_server(folder: Path, speed: int = 1) -> Iterator[process.Server]:
    """A server with a thin, busy market; index prices come once a world second."""
    home = process.make_small_home(folder)
    world = home.config / "worlds" / "practice.toml"
    process.change(world, 'speed = "1"', f'speed = "{speed}"')
    process.change(world, 'interval = "100ms"', 'interval = "1s"')
    process.change(
        home.config / "instruments.toml", 'index_staleness = "1s"', 'index_staleness = "60s"'
    )
    server = process.start(home)
    try:
        yield server
    finally:
        server.stop()
