"""A client that does not finish its request is answered and let go, by the real server."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.process import Server, change, make_small_home, start


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    home = make_small_home(tmp_path)
    change(home.config / "exchange.toml", 'timeout = "10s"', 'timeout = "400ms"')
    change(home.config / "exchange.toml", "max_body_bytes = 65536", "max_body_bytes = 2000")
    started = start(home)
    yield started
    started.stop()


def _say(server: Server, request: bytes) -> tuple[bytes, float]:
    """All that the server answers until it closes the connection, and after how many seconds."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    begun = time.perf_counter()
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts), time.perf_counter() - begun


def test_a_body_that_stops_coming_is_answered_and_the_connection_closed(server: Server) -> None:
    head = b"POST /v1/guests HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n"
    answer, seconds = _say(server, head + b'{"display_')
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b'"code":"TIMEOUT"' in answer
    assert 0.3 < seconds < 5


def test_a_body_that_is_too_large_is_not_read_to_its_end(server: Server) -> None:
    head = b"POST /v1/guests HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000000\r\n\r\n"
    answer, _ = _say(server, head + b" " * 2_001)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"REQUEST_TOO_LARGE"' in answer
