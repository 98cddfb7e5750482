"""Where a login lives, who may read it, what overrides it, and to whom it is never sent."""

import stat
from pathlib import Path

import pytest

from simulator.commandline.credentials import Credentials, credentials_path, effective, store
from simulator.commandline.failures import UsageError
from tests.cli.fake_server import CommandLine, FakeServer

STORED = Credentials(server="http://stored:1", token="t", account_id=17, world="practice")


@pytest.mark.parametrize(
    ("environment", "path"),
    [
        ({"SIMULATOR_CLIENT_CONFIG": "/x/y.json"}, Path("/x/y.json")),
        ({"XDG_CONFIG_HOME": "/x"}, Path("/x/simulator/credentials.json")),
        ({}, Path.home() / ".config/simulator/credentials.json"),
    ],
)
def test_where_it_lives(environment: dict[str, str], path: Path) -> None:
    assert credentials_path(environment) == path


def test_only_its_owner_can_read_it(simulator: CommandLine) -> None:
    simulator.credentials.write_text("{}")
    simulator.credentials.chmod(0o644)
    assert store(STORED) == simulator.credentials
    assert stat.S_IMODE(simulator.credentials.stat().st_mode) == 0o600
    assert effective() == STORED
    assert list(simulator.credentials.parent.iterdir()) == [simulator.credentials]


def test_a_token_is_not_sent_to_another_server(
    trader: CommandLine, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["GET", "/worlds"] = (200, {"items": []})
    trader("world", "list")
    assert server.last.headers["authorization"] == "Bearer the-token"
    trader.log_in("http://somebody.else:1")
    trader("world", "list", "--server", server.url)
    assert "authorization" not in server.last.headers
    monkeypatch.setenv("SIMULATOR_SERVER", server.url)
    trader("world", "list")
    assert "authorization" not in server.last.headers


@pytest.mark.usefixtures("simulator")
def test_the_environment_overrides_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    store(STORED)
    monkeypatch.setenv("SIMULATOR_ACCOUNT", "18")
    assert effective().account_id == 18
    assert effective().token == "t"
    assert effective(account_id=19).account_id == 19
    monkeypatch.setenv("SIMULATOR_TOKEN", "other")
    assert (effective().token, effective().world) == ("other", None)
    monkeypatch.delenv("SIMULATOR_TOKEN")
    monkeypatch.setenv("SIMULATOR_API_KEY", "key")
    with pytest.raises(UsageError, match="go together"):
        effective()
    monkeypatch.setenv("SIMULATOR_API_SECRET", "secret")
    found = effective()
    assert (found.token, found.api_key, found.api_secret) == (None, "key", "secret")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("SIMULATOR_ACCOUNT", "me", 'SIMULATOR_ACCOUNT "me" should be an account id'),
        ("SIMULATOR_SERVER", "localhost:8000", "should be a URL like http://127.0.0.1:8000"),
    ],
)
def test_a_variable_that_cannot_be_used(
    name: str, value: str, message: str, simulator: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    said = simulator("positions")
    assert said.code == 2
    assert message in said.err


def test_a_file_that_cannot_be_read(simulator: CommandLine) -> None:
    simulator.credentials.write_text("not json")
    said = simulator("positions")
    assert said.code == 2
    assert "delete it and log in again" in said.err


def test_a_signed_request(
    simulator: CommandLine, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("SERVER", server.url), ("API_KEY", "k"), ("API_SECRET", "s")):
        monkeypatch.setenv(f"SIMULATOR_{name}", value)
    server.answers["GET", "/accounts/5/positions"] = (200, {"items": [], "seq": 1, "time": 1})
    assert simulator("positions", "--account", "5").code == 0
    assert server.last.headers["x-api-key"] == "k"
    assert len(server.last.headers["x-signature"]) == 64
