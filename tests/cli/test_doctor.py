"""`simulator doctor`: every check can come out well and badly, and says what to do."""

import socket
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from simulator.client.wall import wall_ms
from simulator.database.migrating import migrate
from tests.cli.fake_server import CommandLine, FakeServer
from tests.cli.shapes import world


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "simulator.db"
    monkeypatch.setenv("SIMULATOR_DATABASE_URL", f"sqlite:///{path}")
    return path


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> int:
    """A port on which nobody listens, and which is the one to serve on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    monkeypatch.setenv("SIMULATOR_PORT", str(port))
    return port


def examine(simulator: CommandLine, *options: str) -> dict[str, dict[str, Any]]:
    said = simulator("doctor", "--json", *options)
    checks = {each["name"]: each for each in said.json()["checks"]}
    failed = [each for each in checks.values() if each["status"] == "FAIL"]
    assert said.code == (1 if failed else 0)
    assert said.json()["failed"] == len(failed)
    return checks


def test_all_is_well(trader: CommandLine, server: FakeServer, database: Path) -> None:
    migrate(f"sqlite:///{database}")
    server.answers["GET", "/worlds/practice"] = (200, world(server_time=wall_ms()))
    accounts = {"items": [{"account_id": 17, "world": "practice", "label": "first"}]}
    server.answers["GET", "/accounts"] = (200, accounts)
    checks = examine(trader)
    assert {each["status"] for each in checks.values()} == {"OK"}
    assert list(checks) == [
        "Python", "package", "configuration", "database", "login", "server", "world", "clock",
        "account",
    ]  # fmt: skip
    assert all(each["advice"] == "" for each in checks.values())


def test_before_anything_was_done_there_are_warnings_only(
    simulator: CommandLine, database: Path, nowhere: int
) -> None:
    checks = examine(simulator, "--server", f"http://127.0.0.1:{nowhere}")
    assert checks["server"]["status"] == "FAIL"
    del checks["server"]
    assert {name for name, each in checks.items() if each["status"] == "WARN"} == {
        "database",
        "login",
    }
    assert checks["port"]["found"] == f"127.0.0.1 port {nowhere} is free for a server"
    assert not database.exists()


@pytest.mark.usefixtures("database")
def test_a_port_that_somebody_else_has(
    simulator: CommandLine, monkeypatch: pytest.MonkeyPatch, nowhere: int
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("SIMULATOR_PORT", str(other.getsockname()[1]))
        checks = examine(simulator, "--server", f"http://127.0.0.1:{nowhere}")
    assert checks["port"]["status"] == "FAIL"
    assert "Address already in use" in checks["port"]["found"]


@pytest.mark.parametrize(
    ("changes", "name", "status", "found"),
    [
        ({"status": "PAUSED"}, "world", "WARN", "practice is PAUSED"),
        ({"status": "HALTED", "status_reason": "it broke"}, "world", "FAIL", "HALTED: it broke"),
        ({"server_time": -2_000}, "clock", "WARN", "-"),
        ({"server_time": 60_000}, "clock", "FAIL", "+"),
    ],
)
@pytest.mark.usefixtures("database")
def test_a_server_that_is_not_well(
    changes: dict[str, Any],
    name: str,
    status: str,
    found: str,
    simulator: CommandLine,
    server: FakeServer,
) -> None:
    changes = {**changes, "server_time": wall_ms() + changes.get("server_time", 0)}
    server.answers["GET", "/worlds/practice"] = (200, world(**changes))
    check = examine(simulator, "--server", server.url)[name]
    assert check["status"] == status
    assert found in check["found"]
    assert check["advice"]


@pytest.mark.usefixtures("database")
def test_a_login_that_is_worth_nothing(trader: CommandLine, server: FakeServer) -> None:
    server.answers["GET", "/worlds/practice"] = (200, world(server_time=wall_ms()))
    problem = {"code": "NOT_AUTHENTICATED", "detail": "the token is not known", "status": 401}
    server.answers["GET", "/accounts"] = (401, problem)
    trader.credentials.chmod(0o644)
    checks = examine(trader)
    assert checks["account"]["found"] == "the login is refused: the token is not known"
    assert checks["login"]["advice"] == f"chmod 600 {trader.credentials}"


def test_a_database_of_another_version(
    simulator: CommandLine, database: Path, nowhere: int
) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE something (id INTEGER)")
        connection.commit()
    check = examine(simulator, "--server", f"http://127.0.0.1:{nowhere}")["database"]
    assert (check["status"], check["advice"]) == ("WARN", "run simulator migrate")


def test_no_database_at_all(simulator: CommandLine, database: Path, nowhere: int) -> None:
    database.write_text("This is a note, and no database. " * 200)
    check = examine(simulator, "--server", f"http://127.0.0.1:{nowhere}")["database"]
    assert check["status"] == "FAIL"
    assert "file is not a database" in check["found"]


@pytest.mark.usefixtures("database")
def test_a_person_reads_a_table(simulator: CommandLine, nowhere: int) -> None:
    said = simulator("doctor", "--server", f"http://127.0.0.1:{nowhere}")
    assert said.code == 1
    assert said.out.splitlines()[0].split() == ["what", "found", "what", "to", "do"]
    assert "simulator serve makes it" in said.out
