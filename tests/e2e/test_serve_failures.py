"""How `simulator serve` says that it cannot start: what is wrong, where, and no traceback."""

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from simulator.api.context import ApiSettings
from simulator.api.limits import Rate
from simulator.api.stream.world_stream import StreamSettings
from simulator.config.exchange import ApiConfig, ApiRate, load_exchange
from simulator.serving import CannotListenError, api_settings, listen_on
from tests.e2e.process import ROOT, Home, change, make_small_home, run_simulator

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_small_home(tmp_path)


def refusal(home: Home, *options: str) -> str:
    """What a start that fails says."""
    done = run_simulator(home, "serve", *options, seconds=60)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("simulator: ")
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix("simulator: ").rstrip()


def test_a_mistake_in_the_configuration(home: Home) -> None:
    path = home.config / "instruments.toml"
    line = path.read_text(encoding="utf-8").split('tick_size = "0.1"')[0].count("\n") + 1
    change(path, 'tick_size = "0.1"', 'tick_size = "0.015"')
    assert refusal(home) == (
        f'config/instruments.toml:{line}: tick_size "0.015" of BTCUSDT-PERP is finer than '
        "price_decimals 2"
    )
    assert not home.database.exists()


def test_a_mistake_whose_words_look_like_markup(home: Home) -> None:
    change(home.config / "assets.toml", 'valuation = "USDT"', 'valuation = "[bold]"')
    assert 'valuation "[bold]" should be the code of' in refusal(home)


@pytest.mark.parametrize(
    ("database", "reason"),
    [
        ("sqlite:///{folder}/a-file/x.db", "File exists"),
        ("sqlite:///{folder}/config", "unable to open database file"),
        ("sqlite:///{folder}/a-file", "file is not a database"),
        ("data.db", "'data.db' is no database URL; one looks like sqlite:///data/simulator.db"),
    ],
)
def test_a_database_that_cannot_be_opened(home: Home, database: str, reason: str) -> None:
    (home.folder / "a-file").write_text("This is a note, and no database. " * 200)
    url = database.format(folder=home.folder)
    said = refusal(home, "--database", url)
    assert reason in said
    assert url in said


def test_a_database_of_a_newer_version(home: Home) -> None:
    assert run_simulator(home, "migrate").returncode == 0
    with closing(sqlite3.connect(home.database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '2099_12_31_later'")
        connection.commit()
    said = refusal(home)
    assert "the database is at revision 2099_12_31_later, which version" in said
    assert "written by a newer version" in said


def test_a_world_that_was_created_from_another_configuration(home: Home) -> None:
    """The cast is found by its place, so it must stay as it was."""
    assert run_simulator(home, "migrate").returncode == 0
    with closing(sqlite3.connect(home.database)) as connection:
        connection.execute(
            "INSERT INTO worlds VALUES ('practice', 'Practice', 1, 'STOPPED', NULL, 'other', 7)"
        )
        connection.commit()
    said = refusal(home)
    assert said.startswith("world practice was created as other, its configuration now says")
    assert "use another database" in said


def test_a_port_that_is_taken(home: Home) -> None:
    """It is found before the database is touched: the other process may have it open."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert refusal(home, "--port", str(port)) == (
            f"cannot listen on 127.0.0.1 port {port}: Address already in use; "
            "choose another with --host or --port"
        )
    assert not home.database.exists()


@pytest.mark.parametrize(
    ("host", "port", "reason"),
    [("127.0.0.1", 70_000, "a port is 0 to 65535"), ("192.0.2.1", 0, "Cannot assign requested")],
)
def test_an_address_that_cannot_be_had(host: str, port: int, reason: str) -> None:
    with pytest.raises(CannotListenError, match=f"cannot listen on {host} port {port}: {reason}"):
        listen_on(host, port)


def test_the_limits_that_ship_are_the_defaults_of_the_api() -> None:
    assert api_settings(load_exchange(ROOT / "config").api) == ApiSettings()


def test_configured_limits_reach_the_api() -> None:
    config = ApiConfig(
        orders=ApiRate(1, 2),
        requests=ApiRate(3, 4),
        guests=ApiRate(5, 6),
        public_interval_ms=0,
        max_body_bytes=7,
        timeout_ms=8,
    )
    assert api_settings(config) == ApiSettings(
        orders=Rate(1, 2),
        requests=Rate(3, 4),
        guests=Rate(5, 6),
        stream=StreamSettings(public_interval_ms=0),
        max_body_bytes=7,
        timeout_ms=8,
    )
