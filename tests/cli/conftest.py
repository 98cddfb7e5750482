"""A command line that knows nobody, and a server of prepared answers."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.fake_server import CommandLine, FakeServer, fake_server


@pytest.fixture
def simulator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    for name in os.environ:
        if name.startswith("SIMULATOR_"):
            monkeypatch.delenv(name)
    credentials = tmp_path / "credentials.json"
    monkeypatch.setenv("SIMULATOR_CLIENT_CONFIG", str(credentials))
    monkeypatch.setenv("COLUMNS", "120")
    return CommandLine(capsys, credentials)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with fake_server() as fake:
        yield fake


@pytest.fixture
def trader(simulator: CommandLine, server: FakeServer) -> CommandLine:
    """Logged in at the fake server as account 17 of world practice."""
    simulator.log_in(server.url)
    return simulator
