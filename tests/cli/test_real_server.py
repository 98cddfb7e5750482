"""The command line as a process of its own against the real server, as somebody would use it."""

import errno
import json
import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.process import PROGRAM, Home, Server, make_small_home, start

pytestmark = pytest.mark.slow

BTC = "BTCUSDT-PERP"


class Person:
    """Somebody at a terminal of 80 columns."""

    def __init__(self, home: Home, server: Server) -> None:
        self.environment = {
            **home.environment(),
            "XDG_CONFIG_HOME": str(home.folder / "settings"),
            "SIMULATOR_SERVER": server.url,
            "COLUMNS": "80",
        }

    def run(self, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, *arguments],
            env=self.environment,
            input=said,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def see(self, *arguments: str, said: str = "") -> str:
        done = self.run(*arguments, said=said)
        assert done.returncode == 0, done.stderr
        assert max(map(len, done.stdout.splitlines())) <= 80, done.stdout
        return done.stdout

    def get(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """Joined as a guest."""
    home = make_small_home(tmp_path_factory.mktemp("cli"))
    server = start(home)
    try:
        somebody = Person(home, server)
        assert somebody.get("account", "join")["world"] == "practice"
        yield somebody
    finally:
        server.stop()


def mark_of(person: Person) -> int:
    marks = {each["symbol"]: each for each in person.get("world", "marks")["items"]}
    return int(float(marks[BTC]["mark_price"]))


def test_the_login_is_kept_for_its_owner_only(person: Person) -> None:
    path = Path(person.environment["XDG_CONFIG_HOME"]) / "simulator" / "credentials.json"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_trade_from_the_preview_to_the_ledger(person: Person) -> None:
    person.see("account", "margin-mode", BTC, "isolated")
    assert person.see("account", "leverage", BTC, "20") == f"{BTC}: leverage 20x\n"
    shown = person.get("order", "place", BTC, "buy", "0.01", "--preview")
    assert shown["accepted"]
    assert person.get("positions")["items"] == []
    bought = person.see("order", "place", BTC, "buy", "0.01", said="y\n")
    assert "from mark" in bought
    assert "FILLED" in bought
    (held,) = person.get("positions")["items"]
    assert (held["side"], held["quantity"], held["leverage"]) == ("LONG", "0.01", 20)
    assert "LONG 20x isolated" in person.see("positions")
    wallets = person.see("account", "wallets").splitlines()
    assert [line.split()[0] for line in wallets[-2:]] == ["ISOLATED", BTC]
    resting = person.get(
        "order", "place", BTC, "buy", "0.01", "--price", str(mark_of(person) - 1_500), "--yes"
    )
    order_id = str(resting["order"]["order_id"])
    amended = person.get("order", "amend", order_id, "--quantity", "0.02")
    assert amended["order"]["quantity"] == "0.02"
    assert "RESTING" in person.see("order", "list", BTC)
    assert order_id in person.see("watch", "--once")
    frame = person.get("watch", "--once")
    assert [each["order_id"] for each in frame["orders"]] == [int(order_id)]
    assert frame["positions"][0]["symbol"] == BTC
    assert len(frame["bids"]) > 1
    assert "CANCELED" in person.see("order", "cancel", order_id)
    assert person.see("order", "cancel-all") == "There was nothing to cancel.\n"
    moved = person.see(
        "account", "transfer", "cross", "isolated", "50", "--symbol", BTC,
        "--position-side", "long",
    )  # fmt: skip
    assert "Moved 50 USDT from CROSS to ISOLATED." in moved


def test_a_refusal_has_its_numbers(person: Person) -> None:
    price = str(mark_of(person) - 1_000)
    said = person.run("order", "place", BTC, "buy", "99", "--price", price, "--yes")
    assert said.returncode == 1
    assert "the margin is not enough: needed " in said.stdout
    problem = person.run("order", "place", BTC, "buy", "99", "--price", price, "--yes", "--json")
    assert (problem.returncode, problem.stdout) == (1, "")
    assert json.loads(problem.stderr)["code"] == "INSUFFICIENT_MARGIN"


@pytest.mark.parametrize(
    "arguments",
    [
        ("account", "show"),
        ("account", "list"),
        ("world", "show"),
        ("world", "list"),
        ("world", "instruments"),
        ("world", "marks"),
        ("order", "list"),
        ("doctor",),
        ("version",),
    ],
)
def test_it_fits_on_80_columns(arguments: tuple[str, ...], person: Person) -> None:
    assert person.see(*arguments)
    assert isinstance(person.get(*arguments), dict)


def test_somebody_elses_account_is_not_found(person: Person) -> None:
    said = person.run("positions", "--account", "3")
    assert said.returncode == 2
    assert said.stderr.endswith("(UNKNOWN_ACCOUNT)\n")


class Terminal:
    """The other side of a terminal in which a program runs."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [PROGRAM, *arguments],
            env={**environment, "TERM": "xterm", "LINES": "40"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        self.seen = b""

    def read_until(self, done: Callable[[], bool]) -> None:
        """Takes in what is drawn, for half a minute at most."""
        until = time.monotonic() + 30
        while not done():
            assert time.monotonic() < until, self.seen.decode(errors="replace")
            if select.select([self._ours], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self._ours, 65_536)
                except OSError as error:
                    # How Linux says that the program has closed its terminal.
                    if error.errno != errno.EIO:
                        raise
                    self.process.wait(10)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(10)
        os.close(self._ours)


def test_the_live_view_moves_and_ends_with_ctrl_c(person: Person) -> None:
    terminal = Terminal(["watch", BTC], person.environment)
    try:
        terminal.read_until(lambda: terminal.seen.count(b"RUNNING") >= 4)
        terminal.process.send_signal(signal.SIGINT)
        terminal.read_until(lambda: terminal.process.poll() is not None)
    finally:
        terminal.close()
    assert terminal.process.returncode == 0
    assert b"Traceback" not in terminal.seen
