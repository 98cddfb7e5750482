"""The websocket's page against the real program: its examples run, and print what it shows."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import connect

from simulator.client import Client
from tests.e2e.process import ROOT, Server, change, make_small_home, start

PAGE = ROOT / "docs" / "websocket.md"


@pytest.fixture
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that compresses if the test's parameter says so."""
    home = make_small_home(tmp_path)
    if getattr(request, "param", False):
        off, on = (f"permessage_deflate = {value}" for value in ("false", "true"))
        change(home.config / "exchange.toml", off, on)
    running = start(home)
    try:
        yield running
    finally:
        running.kill()


def _block(after: str, language: str) -> str:
    """The first block of a language after a line of the page."""
    _, found, rest = PAGE.read_text(encoding="utf-8").partition(after)
    assert found
    block = re.search(rf"```{language}\n(.*?)```", rest, re.DOTALL)
    assert block is not None
    return block[1]


def _shape(text: str) -> list[str]:
    return re.sub(r"[0-9]+(\.[0-9]+)?", "N", text).splitlines()


def test_the_tour_prints_what_the_page_shows(server: Server, tmp_path: Path) -> None:
    program = tmp_path / "tour.py"
    program.write_text(_block("## A tour\n", "python"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(program), server.url.removeprefix("http://")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert _shape(done.stdout) == _shape(_block("It prints something like\n", ""))


def test_the_example_of_a_key_prints_what_the_page_shows(server: Server) -> None:
    with Client(server.url) as owner:
        owner.join_as_guest()
        key = owner.create_api_key("reader", ["READ"])
    heading = "## Saying who you are\n"
    done = subprocess.run(
        [sys.executable, "-c", _block(heading, "python")],
        env={
            **os.environ,
            "HOST": server.url.removeprefix("http://"),
            "API_KEY": key.api_key,
            "API_SECRET": key.secret,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert _shape(done.stdout) == _shape(_block("Of a key with the scope `READ` it prints", ""))


@pytest.mark.parametrize("server", [False, True], indirect=True)
def test_frames_are_compressed_if_configured(
    server: Server, request: pytest.FixtureRequest
) -> None:
    """The client offers it; the server takes it or does not, and is understood either way."""
    is_on = request.node.callspec.params["server"]
    with connect(server.websocket_url, compression="deflate") as socket:
        assert socket.response is not None
        taken = socket.response.headers.get("Sec-WebSocket-Extensions", "")
        assert ("permessage-deflate" in taken) == is_on
        socket.send('{"op": "ping", "id": 1}')
        while '"reply"' not in socket.recv(timeout=20):
            pass
