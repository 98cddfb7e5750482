"""A world of one's own on a real server: made, traded in, stepped, speeded, killed, found again."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.databases import KINDS, Databases
from tests.e2e.process import Server, make_small_home, run_simulator, start
from tests.e2e.trader import bearer

pytestmark = pytest.mark.slow

BTC = "BTCUSDT-PERP"
WORLD = "anns-class"
MINUTE_MS = 60_000

Json = dict[str, Any]


class Owner:
    """A user with a token, against one server after the other."""

    def __init__(self, server: Server) -> None:
        self._headers: dict[str, str] = {}
        self.server = server
        self._headers = bearer(self.told("POST", "/guests", 201, {})["token"])

    def told(self, method: str, path: str, status: int = 200, body: Json | None = None) -> Json:
        response = httpx.request(
            method, f"{self.server.url}/v1{path}", headers=self._headers, json=body, timeout=20
        )
        assert response.status_code == status, response.text
        found: Json = response.json()
        return found

    def control(self, action: str, status: int = 200, **body: Any) -> Json:
        return self.told("POST", f"/worlds/{WORLD}/{action}", status, body or None)


def _order(owner: Owner, account: int, status: int = 201) -> Json:
    body = {"symbol": BTC, "side": "BUY", "order_type": "MARKET", "quantity": "0.01"}
    return owner.told("POST", f"/accounts/{account}/orders?world={WORLD}", status, body)


def _made_and_stepped(owner: Owner) -> tuple[int, Json]:
    """An account in a new world with a position, and the world, paused and stepped a minute."""
    owner.told("POST", "/worlds", 201, {"world": WORLD, "title": "Ann's class", "seed": 3})
    opened = owner.told("POST", "/accounts", 201, {"world": WORLD, "label": "mine"})
    account = opened["account_id"]
    owner.control("pause")
    owner.control("step", milliseconds=2_000)
    owner.control("resume")
    assert _order(owner, account)["fills"]
    paused = owner.control("pause")
    assert _order(owner, account, 503)["code"] == "WORLD_PAUSED"
    stepped = owner.control("step", milliseconds=MINUTE_MS)
    assert stepped["clock"]["time"] == paused["clock"]["time"] + MINUTE_MS
    assert stepped["seq"] > paused["seq"]
    return account, stepped


@pytest.mark.parametrize("databases", KINDS, indirect=True)
def test_a_killed_server_finds_it_again_with_owner_seq_and_clock(
    databases: Databases, tmp_path: Path
) -> None:
    home = make_small_home(tmp_path, databases.create())
    server = start(home)
    try:
        owner = Owner(server)
        account, stepped = _made_and_stepped(owner)
        fast = owner.control("speed", speed="60")
        assert (fast["clock"]["speed"], fast["clock"]["paused"]) == ("60", True)
        server.kill()
        owner.server = server = start(home)
        found = owner.told("GET", f"/worlds/{WORLD}")
        assert (found["status"], found["seq"]) == ("PAUSED", stepped["seq"])
        assert (found["clock"]["speed"], found["clock"]["mode"]) == ("60", "SCALED")
        assert 0 <= stepped["clock"]["time"] - found["clock"]["time"] <= 1_000
        positions = owner.told("GET", f"/accounts/{account}/positions?world={WORLD}")["items"]
        assert [each["quantity"] for each in positions] == ["0.01"]
        stranger = Owner(server)
        assert stranger.control("resume", 403)["code"] == "NOT_THE_OWNER"
        assert owner.control("resume")["status"] == "RUNNING"
        later = owner.control("step", 409, milliseconds=1)
        assert later["code"] == "WORLD_NOT_PAUSED"
        server.kill()
        owner.server = server = start(home)
        running = owner.told("GET", f"/worlds/{WORLD}")
        assert (running["status"], running["clock"]["speed"]) == ("RUNNING", "60")
        assert running["seq"] >= found["seq"]
        assert server.stop() == 0
    finally:
        server.kill()
    verified = run_simulator(home, "verify", WORLD)
    assert verified.returncode == 0, verified.stdout + verified.stderr
