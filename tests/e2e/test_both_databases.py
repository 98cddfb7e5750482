"""The program on SQLite and on PostgreSQL: the same commands and answers, one owner a world."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from simulator.database.engine import masked, open_engine
from simulator.database.rebuild import dump
from tests.databases import KINDS, Databases, databases_of
from tests.e2e.process import ROOT, Home, make_small_home, run_simulator, start
from tests.e2e.replays import WORLD, data_file, replay_into

pytestmark = pytest.mark.slow

TOUR = (
    f"BTCUSDT-PERP={ROOT / 'examples' / 'flash_crash_1m.csv'}",
    "--trader", "ann:BTCUSDT-PERP:long:20x:isolated:1000",
    "--world", "tour",
)  # fmt: skip
LEGS = (
    "btc-perp-1m-2020-03-12/BTCUSDT-um-1m-2020-03-12T1038-1159.csv.gz",
    "btc-perp-1m-2020-03-12/BTCUSDT-um-1m-2020-03-13T0130-0259.csv.gz",
)
TRADERS = ("ann:BTCUSDT-PERP:long:20x:isolated:1000", "bob:BTCUSDT-PERP:long:3x:cross:1000")


@pytest.fixture
def home(databases: Databases, tmp_path: Path) -> Home:
    return make_small_home(tmp_path, databases.create())


@pytest.mark.parametrize("databases", KINDS, indirect=True)
def test_every_command_takes_the_url(home: Home) -> None:
    said = {}
    for command in (
        ("migrate",),
        ("replay", *TOUR),
        ("verify", "tour"),
        ("rebuild", "tour"),
        ("worlds",),
    ):
        done = run_simulator(home, *command)
        assert done.returncode == 0, done.stderr
        said[command[0]] = done.stdout
    assert f"{masked(home.url)} has the tables of version" in said["migrate"]
    assert "tour verifies" in said["verify"]
    assert "are rebuilt from" in said["rebuild"]
    assert "tour" in said["worlds"]
    hashes = [line for line in said["replay"].splitlines() if " hash " in line]
    assert hashes == [line for line in said["verify"].splitlines() if " hash " in line]
    assert len(hashes) == 2


@pytest.mark.parametrize("databases", KINDS, indirect=True)
def test_the_second_process_is_refused(home: Home) -> None:
    """A server, and then a second one, and then a rebuild under its feet."""
    server = start(home)
    try:
        for command in (("serve", "--port", "0"), ("rebuild", "practice")):
            done = run_simulator(home, *command, seconds=60)
            assert done.returncode == 2, done.stdout
            assert done.stderr == (
                "simulator: world practice is open in another process; "
                "stop that one first, or use another database\n"
            )
        assert run_simulator(home, "worlds").returncode == 0
    finally:
        server.kill()
    again = start(home)
    assert again.stop() == 0


def test_a_server_that_is_not_there_is_named_in_one_line(tmp_path: Path) -> None:
    home = make_small_home(tmp_path, "postgresql://me:secret@127.0.0.1:1/simulator")
    for command in ("serve", "migrate", "worlds", "verify", "rebuild"):
        done = run_simulator(home, command, seconds=60)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert done.stderr.startswith(
            "simulator: the database postgresql://me:***@127.0.0.1:1/simulator cannot be used: "
        )
        assert "Connection refused" in done.stderr
        assert "secret" not in done.stdout + done.stderr


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
def test_a_password_is_neither_printed_nor_logged(home: Home) -> None:
    """Where the server trusts this machine, any password is good."""
    address = make_url(home.url)
    password = str(address.password or "correct-horse")
    url = address.set(password=password).render_as_string(hide_password=False)
    secret = home._replace(elsewhere=url)
    server = start(secret)
    assert server.stop() == 0
    printed = server.output()
    for command in (("migrate",), ("replay", *TOUR), ("verify", "tour"), ("verify", "nowhere")):
        done = run_simulator(secret, *command)
        printed += done.stdout + done.stderr
    assert password not in printed
    assert printed.count(":***@") >= 4


@pytest.mark.data
@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
def test_a_real_crash_is_the_same_on_both(databases: Databases, tmp_path: Path) -> None:
    """12 and 13 March 2020: the same journal, the same state, the same rows."""
    files = [data_file(name) for name in LEGS]
    tables, hashes = [], []
    for each in (databases_of("sqlite", tmp_path), databases):
        url = each.create()
        outcome = replay_into(files, TRADERS, url)
        hashes.append((outcome.chain_hash, outcome.state_hash, outcome.entries))
        engine = open_engine(url)
        tables.append(dump(engine, WORLD))
        engine.dispose()
    assert hashes[0] == hashes[1]
    for name, rows in tables[0].items():
        assert tables[1][name] == rows, name
    assert tables[0]["liquidations"] != []
