"""`simulator account` against prepared answers: what it asks, what it keeps, what it says."""

import io
import json
from typing import Any

import pytest

from tests.cli.fake_server import CommandLine, FakeServer

GUEST = {
    "user_id": "u1",
    "token": "fresh",
    "token_expires": 1,
    "world": "practice",
    "account_id": 31,
    "seq": 5,
}
ACCOUNTS = {
    "items": [
        {"account_id": 17, "world": "practice", "label": "first"},
        {"account_id": 18, "world": "other", "label": "second"},
    ]
}


def stored(simulator: CommandLine) -> Any:
    return json.loads(simulator.credentials.read_text())


def type_password(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_join_keeps_the_login_and_does_not_print_the_token(
    simulator: CommandLine, server: FakeServer
) -> None:
    server.answers["POST", "/guests"] = (201, GUEST)
    done = simulator("account", "join", "--server", server.url, "--json")
    assert done.json()["account_id"] == 31
    assert "fresh" not in done.out
    kept = stored(simulator)
    assert (kept["token"], kept["account_id"], kept["server"]) == ("fresh", 31, server.url)


def test_join_does_not_lose_a_login_by_accident(trader: CommandLine, server: FakeServer) -> None:
    server.answers["POST", "/guests"] = (201, GUEST)
    done = trader("account", "join")
    assert done.code == 2
    assert "account 17" in done.err
    assert server.asked == []
    assert trader("account", "join", "--replace", "--json").code == 0
    assert stored(trader)["account_id"] == 31


def test_sign_up_makes_a_user(
    simulator: CommandLine, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["POST", "/users"] = (201, GUEST)
    type_password(monkeypatch, "a long password\n")
    done = simulator(
        "account", "sign-up", "ann", "--password-stdin", "--server", server.url, "--json"
    )
    assert done.code == 0
    assert server.last.body == {"name": "ann", "password": "a long password"}
    assert stored(simulator)["token"] == "fresh"


def test_a_guest_who_signs_up_keeps_the_accounts(
    trader: CommandLine, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = {
        "user_id": "u",
        "kind": "USER",
        "name": "ann",
        "display_name": None,
        "is_admin": False,
        "accounts": ACCOUNTS["items"],
    }
    server.answers["POST", "/me/sign-up"] = (200, me)
    type_password(monkeypatch, "a long password\n")
    done = trader("account", "sign-up", "ann", "--password-stdin")
    assert "You are ann now, and keep your 2 account(s)." in done.out
    assert stored(trader)["token"] == "the-token"


def test_log_in_and_log_out(
    simulator: CommandLine, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["POST", "/login"] = (
        200,
        {"user_id": "u", "token": "fresh", "token_expires": 1},
    )
    server.answers["GET", "/accounts"] = (200, ACCOUNTS)
    server.answers["POST", "/logout"] = (204, None)
    type_password(monkeypatch, "secret word\n")
    done = simulator("account", "log-in", "ann", "--password-stdin", "--server", server.url)
    assert done.out == "Logged in as ann, account 17.\n"
    assert server.asked[0].body == {"name": "ann", "password": "secret word"}
    assert stored(simulator)["account_id"] == 17
    assert simulator("account", "log-out").code == 0
    assert server.last.headers["authorization"] == "Bearer fresh"
    assert not simulator.credentials.exists()


def test_without_a_terminal_no_password_is_asked(
    simulator: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_password(monkeypatch, "secret")
    done = simulator("account", "log-in", "ann")
    assert done.code == 2
    assert "--password-stdin" in done.err


def test_list_and_use(trader: CommandLine, server: FakeServer) -> None:
    server.answers["GET", "/accounts"] = (200, ACCOUNTS)
    listed = trader("account", "list").out.splitlines()
    assert listed[1].split() == ["*", "17", "practice", "first"]
    assert trader("account", "use", "18").code == 0
    assert (stored(trader)["account_id"], stored(trader)["world"]) == (18, "other")
    refused = trader("account", "use", "99")
    assert refused.code == 2
    assert "yours are: 17, 18" in refused.err


def test_deposit_and_its_refusal(trader: CommandLine, server: FakeServer) -> None:
    path = ("POST", "/accounts/17/deposits")
    server.answers[path] = (201, {"asset": "USDT", "amount": "5000", "seq": 9})
    assert trader("account", "deposit", "5000").out == "Deposited 5,000 USDT to CROSS.\n"
    assert server.last.body == {"wallet": "CROSS", "asset": "USDT", "amount": "5000"}
    assert server.last.target == "/accounts/17/deposits?world=practice"
    server.answers[path] = (
        409,
        {
            "code": "DEPOSIT_LIMIT",
            "status": 409,
            "detail": "too much: needed 5000, available 20",
            "needed": "5000",
            "available": "20",
        },
    )
    refused = trader("account", "deposit", "5000")
    assert refused.code == 1
    assert refused.err == (
        "simulator: refused: too much: needed 5000, available 20 (DEPOSIT_LIMIT)\n"
    )
    problem = trader("account", "deposit", "5000", "--json").problem()
    assert (problem["needed"], problem["available"]) == ("5000", "20")


def test_funding(trader: CommandLine, server: FakeServer) -> None:
    path = ("GET", "/accounts/17/funding")
    payment = {
        "seq": 9,
        "stamp": 1_700_006_400_000,
        "symbol": "BTCUSDT-PERP",
        "position_side": "LONG",
        "wallet_id": 1_000_004,
        "quantity": "0.5",
        "amount": "12.40219218",
    }
    server.answers[path] = (200, {"items": [payment], "next": None, "seq": 9})
    line = trader("account", "funding", "--limit", "1").out.splitlines()[-1].split()
    assert line[0] == "2023-11-15"
    assert line[-3:] == ["LONG", "0.5", "-12.40219218"]
    assert trader("account", "funding", "--json").json()["items"][0]["amount"] == "12.40219218"
    server.answers[path] = (200, {"items": [], "next": None, "seq": 9})
    assert trader("account", "funding").out.startswith("No position")


def test_reset_asks_to_be_meant(trader: CommandLine, server: FakeServer) -> None:
    server.answers["POST", "/accounts/17/reset"] = (200, {"seq": 9, "run": 2})
    assert trader("account", "reset").code == 2
    assert server.asked == []
    done = trader("account", "reset", "--yes")
    assert done.out == "The account is as it was at first. Run 2 begins.\n"


def test_position_mode(trader: CommandLine, server: FakeServer) -> None:
    server.answers["PUT", "/accounts/17/position-mode"] = (200, {"position_mode": "HEDGE"})
    assert trader("account", "position-mode", "hedge").out == "Position mode HEDGE.\n"
    assert server.last.body == {"position_mode": "HEDGE"}
    assert trader("account", "position-mode", "both").code == 2


def test_api_keys(trader: CommandLine, server: FakeServer) -> None:
    key = {"api_key": "k1", "label": "bot", "scopes": ["READ", "TRADE"], "created": 0}
    server.answers["POST", "/accounts/17/api-keys"] = (201, {**key, "secret": "s3"})
    server.answers["GET", "/accounts/17/api-keys"] = (200, {"items": [key]})
    server.answers["DELETE", "/accounts/17/api-keys/k1"] = (204, None)
    made = trader("account", "keys", "create", "bot", "--scope", "read", "--scope", "trade")
    assert "s3" in made.out
    assert server.last.body == {"label": "bot", "scopes": ["READ", "TRADE"]}
    listed = trader("account", "keys", "list").out.splitlines()
    assert listed[1].split() == ["k1", "bot", "READ,", "TRADE", "1970-01-01", "00:00:00"]
    assert trader("account", "keys", "delete", "k1", "--json").json()["deleted"] is True
    assert server.last.method == "DELETE"
