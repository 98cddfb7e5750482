"""A newcomer's way through the real process: join, look, trade, stop, start again."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from simulator.bootstrap import open_host, open_practice
from simulator.database.candles import Candles, Series
from simulator.database.queries import Window
from simulator.settings import Settings
from tests.databases import KINDS, Databases
from tests.e2e.process import STOP_SECONDS, Home, Server, make_home, make_small_home, start
from tests.e2e.promises import Json
from tests.e2e.trader import bearer

BTC = "BTCUSDT-PERP"
MOST_FRAMES = 50
RESTARTING = 1012
"""How a websocket is closed by a server that stops."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@contextmanager
def running(home: Home) -> Iterator[Server]:
    """A server that is gone afterwards, whatever happens."""
    server = start(home)
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def newcomer(server: Server, guest: Json) -> Iterator[httpx.Client]:
    """A client whose paths are relative to the guest's account."""
    url = f"{server.url}/v1/accounts/{guest['account_id']}"
    with httpx.Client(base_url=url, headers=bearer(guest["token"]), timeout=20) as client:
        yield client


def told(response: httpx.Response, status: int = 200) -> Json:
    assert response.status_code == status, response.text
    found: Json = response.json()
    return found


class Listener:
    """A websocket whose messages are taken one kind at a time, in order within a kind."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._kept: list[Json] = []

    def say(self, **request: Any) -> None:
        self._connection.send(json.dumps(request))

    def hear(self, kind: str, channel: str | None = None) -> Json:
        """The next message of a kind; others are kept."""
        for _ in range(MOST_FRAMES):
            for place, message in enumerate(self._kept):
                if message["type"] == kind and message.get("channel") == channel:
                    return self._kept.pop(place)
            self._kept += json.loads(self._connection.recv(timeout=20))
        raise AssertionError(f"no {kind} of {channel}, only {[m['type'] for m in self._kept]}")

    def hear_the_end(self) -> int | None:
        """Reads until the server closes; its code."""
        try:
            while True:
                self._connection.recv(timeout=STOP_SECONDS)
        except ConnectionClosed as closed:
            return None if closed.rcvd is None else closed.rcvd.code


@contextmanager
def listening(server: Server) -> Iterator[Listener]:
    with connect(server.websocket_url) as connection:
        yield Listener(connection)


@pytest.mark.slow
@pytest.mark.parametrize("databases", KINDS, indirect=True)
def test_a_newcomer_joins_trades_and_finds_everything_again(
    databases: Databases, tmp_path: Path
) -> None:
    """With the configuration that ships, as `make run` does."""
    home = make_home(tmp_path, databases.create())
    with running(home) as server:
        page = httpx.get(f"{server.url}/", timeout=20)
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        world = f"{server.url}/v1/worlds/practice"
        candles = told(httpx.get(f"{world}/candles/{BTC}?interval=1d&source=INDEX", timeout=20))
        assert len(candles["items"]) == 100, "the first screen is not empty"
        guest = told(httpx.post(f"{server.url}/v1/guests", timeout=20), 201)
        with newcomer(server, guest) as client:
            position = _trade(client, server, guest)
        code = server.stop()
        output = server.output()
    assert code == 0
    assert "Stopped; everything acknowledged is on disk." in output
    assert "Traceback" not in output
    with running(home) as server, newcomer(server, guest) as client:
        [found] = told(client.get("/positions"))["items"]
        for name in ("symbol", "side", "quantity", "entry_price", "leverage", "margin_mode"):
            assert found[name] == position[name]
        assert server.logged("world opened")["folded"] == 0, "stopping left a snapshot"


def _trade(client: httpx.Client, server: Server, guest: Json) -> Json:
    """Leverage, preview, order, position, ledger; and all of it over the websocket, too."""
    channels = [f"depth:{BTC}", "marks", f"account:{guest['account_id']}"]
    with listening(server) as socket:
        socket.say(op="auth", token=guest["token"], id=1)
        assert socket.hear("reply")["result"]["user_id"] == guest["user_id"]
        socket.say(op="subscribe", channels=channels, id=2)
        assert socket.hear("reply")["result"]["channels"] == channels
        assert socket.hear("snapshot", channels[0])["bids"], "the market maker is there"
        assert socket.hear("snapshot", channels[2])["wallets"]
        told(client.put("/leverage", json={"symbol": BTC, "leverage": 5}))
        assert socket.hear("settings", channels[2])["items"][0]["leverage"] == 5
        order = {"symbol": BTC, "side": "BUY", "order_type": "MARKET", "quantity": "0.02"}
        preview = told(client.post("/orders/preview", json=order))
        assert preview["accepted"]
        assert preview["liquidation_price"] is not None
        placed = told(client.post("/orders", json=order), 201)
        assert placed["order"]["status"] == "FILLED"
        pushed = socket.hear("fills", channels[2])
        assert [each["trade_id"] for each in pushed["items"]] == [
            each["trade_id"] for each in placed["fills"]
        ]
        socket.say(op="place", id=3, **{**order, "side": "SELL", "quantity": "0.005"})
        assert socket.hear("reply")["result"]["order"]["status"] == "FILLED"
        assert socket.hear("heartbeat")["status"] == "RUNNING"
    [position] = told(client.get("/positions"))["items"]
    assert (position["quantity"], position["side"], position["leverage"]) == ("0.015", "LONG", 5)
    kinds = {entry["kind"] for entry in told(client.get("/ledger"))["items"]}
    assert {"DEPOSIT", "FEE", "REALIZED_PNL"} <= kinds
    found: Json = position
    return found


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_stops_it_cleanly_with_clients_connected(tmp_path: Path, name: str) -> None:
    home = make_small_home(tmp_path)
    with running(home) as server:
        with listening(server) as socket:
            socket.say(op="subscribe", channels=["marks"], id=1)
            socket.hear("reply")
            code = server.stop(signal.Signals[name])
            assert socket.hear_the_end() == RESTARTING
        assert code == 0
        assert server.output().endswith("Stopped; everything acknowledged is on disk.\n")


def test_a_signal_before_the_world_is_open_just_ends_it(tmp_path: Path) -> None:
    """Nobody was promised anything yet, and making the world's history takes its time."""
    home = make_home(tmp_path)
    server = Server(home)
    server.wait_until_said("Opening")
    assert server.stop(signal.SIGINT) == -signal.SIGINT
    assert "Traceback" not in server.output()
    assert "Open http" not in server.output()


async def _open(settings: Settings) -> int:
    """Opens the practice world; returns how many warm-up days it has."""
    exchange = settings.load_exchange()
    config = settings.load_world(exchange)
    async with open_host(settings, exchange.limits) as host:
        await open_practice(host, exchange, config)
        page = Candles(host.engine).page(Series("practice", 1, "INDEX", "1d"), Window())
        return sum(bar.warm_up for bar in page.items)


@pytest.mark.anyio
async def test_a_world_whose_creation_was_cut_off_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Registered but without its history: so it is found after a kill in between."""
    home = make_small_home(tmp_path)
    settings = Settings(f"sqlite:///{home.database}", "127.0.0.1", 0, home.config)

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Candles, "store_warm_up", cut_off)
        with pytest.raises(KeyboardInterrupt):
            await _open(settings)
    assert await _open(settings) == 2
    assert await _open(settings) == 2
