"""Signing up, logging in and out, cookies, tokens, API keys and what they may do."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from simulator.api.signatures import SignedRequest, sign
from simulator.runtime.clocks import wall_ns
from tests.api.venue import GENEROUS, Json, Trader, Venue, open_venue, order_body
from tests.api.venue import eventually as soon
from tests.api.wires import connected

pytestmark = pytest.mark.anyio

NOW = datetime(2030, 3, 12, 10, 37, tzinfo=UTC)
ANN = {"name": "ann", "password": "correct horse battery"}


@pytest.fixture
def wall() -> Iterator[FrozenDateTimeFactory]:
    with freeze_time(NOW, real_asyncio=True) as frozen:
        assert isinstance(frozen, FrozenDateTimeFactory)
        yield frozen


async def sign_up(venue: Venue, name: str = "ann") -> Trader:
    body = {**ANN, "name": name}
    response = await venue.client.post("/v1/users", json=body)
    assert response.status_code == 201, response.text
    return Trader(venue.client, response.json())


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def make_key(trader: Trader, *scopes: str) -> Json:
    body = {"label": "bot", "scopes": scopes}
    response = await trader.call("POST", "/api-keys", json=body)
    assert response.status_code == 201, response.text
    made: Json = response.json()
    return made


def signed(key: Json, method: str, target: str, body: bytes = b"", **changes: Any) -> Json:
    """The headers of a signed request; `changes` are made after signing."""
    timestamp = wall_ns() // 10**6
    request = SignedRequest(key["api_key"], timestamp, "", method, target, body)
    headers = {
        "X-API-Key": key["api_key"],
        "X-Timestamp": str(timestamp),
        "X-Signature": sign(key["secret"], request),
    }
    return {**headers, **changes}


# -- names and passwords ---------------------------------------------------------------------------


async def test_who_signs_up_has_an_account_and_may_log_in(venue: Venue) -> None:
    ann = await sign_up(venue)
    assert (await ann.cross())["balance"] == "10000"
    response = await venue.client.post("/v1/login", json={**ANN, "name": "ANN"})
    login = response.json()
    assert (response.status_code, login["csrf_token"]) == (200, None)
    assert login["token"] != ann.token
    me = await venue.client.get("/v1/me", headers={"Authorization": f"Bearer {login['token']}"})
    assert me.json() == {
        "user_id": login["user_id"],
        "kind": "USER",
        "name": "ann",
        "display_name": None,
        "is_admin": False,
        "accounts": [{"account_id": ann.account_id, "world": "practice", "label": "practice"}],
    }


async def test_a_name_is_given_once(venue: Venue) -> None:
    await sign_up(venue)
    accounts = len(venue.world.state.accounts)
    again = await venue.client.post("/v1/users", json={**ANN, "name": "Ann"})
    assert code_of(again) == (409, "NAME_TAKEN")
    assert len(venue.world.state.accounts) == accounts
    answers = await asyncio.gather(
        *(venue.client.post("/v1/users", json={**ANN, "name": "bob"}) for _ in range(4))
    )
    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409]


@pytest.mark.parametrize(
    "changes",
    [{"name": "ab"}, {"name": "a b c"}, {"name": "ann\n"}, {"password": "short"}, {"admin": True}],
)
async def test_a_sign_up_is_read_strictly(venue: Venue, changes: Json) -> None:
    response = await venue.client.post("/v1/users", json={**ANN, **changes})
    assert code_of(response) == (422, "MALFORMED_REQUEST")


async def test_a_wrong_password_and_an_unknown_name_are_told_alike(venue: Venue) -> None:
    await sign_up(venue)
    wrong = await venue.client.post("/v1/login", json={**ANN, "password": "something else"})
    unknown = await venue.client.post("/v1/login", json={**ANN, "name": "nobody"})
    assert code_of(wrong) == code_of(unknown) == (401, "WRONG_PASSWORD")
    assert wrong.json()["detail"] == unknown.json()["detail"]


async def test_guessing_is_slowed_down_per_name_and_host(
    wall: FrozenDateTimeFactory, database: Path
) -> None:
    settings = msgspec.structs.replace(GENEROUS, login_attempts=2, host_login_attempts=4)
    wrong = {**ANN, "password": "something else"}
    async with open_venue(database, settings) as venue:
        await sign_up(venue)
        for _ in range(3):
            assert (await venue.client.post("/v1/login", json=ANN)).status_code == 200
        for _ in range(2):
            assert (await venue.client.post("/v1/login", json=wrong)).status_code == 401
        locked = await venue.client.post("/v1/login", json=ANN)
        assert code_of(locked) == (429, "RATE_LIMITED")
        assert locked.headers["retry-after"] == "300"
        other = {**wrong, "name": "bob"}
        assert (await venue.client.post("/v1/login", json=other)).status_code == 401
        assert (await venue.client.post("/v1/login", json=other)).status_code == 429
        wall.tick(timedelta(seconds=300))
        assert (await venue.client.post("/v1/login", json=ANN)).status_code == 200


async def test_a_guest_becomes_a_user_and_keeps_everything(venue: Venue) -> None:
    guest = await venue.join()
    await guest.place()
    response = await venue.client.post("/v1/me/sign-up", json=ANN, headers=guest.headers)
    assert (response.status_code, response.json()["kind"]) == (200, "USER")
    me = (await venue.client.get("/v1/me", headers=guest.headers)).json()
    assert me == response.json()
    assert len(await guest.items("/orders")) == 1
    assert (await venue.client.post("/v1/login", json=ANN)).status_code == 200
    again = await venue.client.post(
        "/v1/me/sign-up", json={**ANN, "name": "two"}, headers=guest.headers
    )
    assert code_of(again) == (409, "ALREADY_SIGNED_UP")


# -- tokens and cookies ----------------------------------------------------------------------------


async def test_a_log_out_counts_at_once(venue: Venue) -> None:
    """Also while what was looked up is remembered."""
    ann = await sign_up(venue)
    assert (await ann.call("GET", "/wallets")).status_code == 200
    out = await venue.client.post("/v1/logout", headers=ann.headers)
    assert (out.status_code, out.content) == (204, b"")
    assert (await ann.call("GET", "/wallets")).status_code == 401


async def test_a_login_is_not_remembered_beyond_its_end(
    wall: FrozenDateTimeFactory, database: Path
) -> None:
    async with open_venue(database) as venue:
        ann = await sign_up(venue)
        wall.move_to(NOW + timedelta(days=30) - timedelta(seconds=1))
        assert (await ann.call("GET", "/wallets")).status_code == 200
        wall.tick(timedelta(seconds=1))
        assert (await ann.call("GET", "/wallets")).status_code == 401


async def test_tokens_are_listed_and_revoked(venue: Venue) -> None:
    ann, bob = await sign_up(venue), await sign_up(venue, "bob")
    other = (await venue.client.post("/v1/login", json=ANN)).json()["token"]
    listed = await venue.client.get("/v1/me/tokens", headers=ann.headers)
    assert other not in listed.text
    (elsewhere,) = [each for each in listed.json()["items"] if not each["current"]]
    url = f"/v1/me/tokens/{elsewhere['token_id']}"
    not_his = await venue.client.delete(url, headers=bob.headers)
    assert code_of(not_his) == (404, "UNKNOWN_TOKEN")
    assert (await venue.client.delete(url, headers=ann.headers)).status_code == 204
    gone = await venue.client.get("/v1/me", headers={"Authorization": f"Bearer {other}"})
    assert gone.status_code == 401
    assert (await venue.client.get("/v1/me", headers=ann.headers)).status_code == 200


async def test_a_cookie_needs_its_csrf_token_to_change_anything(venue: Venue) -> None:
    ann = await sign_up(venue)
    response = await venue.client.post("/v1/login", json={**ANN, "cookie": True})
    login, cookie = response.json(), response.headers["set-cookie"]
    assert login["token"] is None
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert (await venue.client.get("/v1/me")).status_code == 200
    body = {"label": "second"}
    for wrong in (b"", "é".encode(), b"0" * 64):
        refused = await venue.client.post(
            "/v1/accounts", json=body, headers={b"X-CSRF-Token": wrong}
        )
        assert code_of(refused) == (403, "BAD_CSRF_TOKEN")
    headers = {"X-CSRF-Token": login["csrf_token"]}
    made = await venue.client.post("/v1/accounts", json=body, headers=headers)
    assert made.status_code == 201
    assert made.json()["account_id"] != ann.account_id
    assert (await venue.client.post("/v1/logout", headers=headers)).status_code == 204
    assert (await venue.client.get("/v1/me")).status_code == 401


# -- accounts --------------------------------------------------------------------------------------


async def test_ten_accounts_are_the_most(venue: Venue) -> None:
    ann = await sign_up(venue)
    answers = await asyncio.gather(
        *(
            venue.client.post("/v1/accounts", json={"label": "x"}, headers=ann.headers)
            for _ in range(12)
        )
    )
    assert sorted(each.status_code for each in answers) == [201] * 9 + [409] * 3
    refused = next(each.json() for each in answers if each.status_code == 409)
    assert (refused["code"], refused["needed"], refused["available"]) == (
        "TOO_MANY_ACCOUNTS",
        "11",
        "10",
    )


async def test_deposits_and_reset_over_the_door(venue: Venue) -> None:
    """WAL-6, WAL-7."""
    ann = await sign_up(venue)
    made = await ann.call("POST", "/deposits", json={"wallet": "SPOT", "amount": "990000"})
    assert made.status_code == 201, made.text
    over = await ann.call("POST", "/deposits", json={"wallet": "CROSS", "amount": "0.5"})
    assert code_of(over) == (409, "DEPOSIT_LIMIT")
    assert (over.json()["needed"], over.json()["available"]) == ("0.5", "0")
    await ann.place()
    reset = await ann.call("POST", "/reset")
    assert (reset.status_code, reset.json()["run"]) == (200, 2)
    assert [each["balance"] for each in await ann.items("/wallets")] == ["0", "10000"]
    assert (await ann.get())["run"] == 2
    assert await ann.items("/orders") == []
    reasons = [each["reason"] for each in await ann.items("/ledger")]
    assert "reset" in reasons


# -- API keys --------------------------------------------------------------------------------------


async def test_a_signed_order(venue: Venue) -> None:
    ann = await sign_up(venue)
    key = await make_key(ann, "TRADE", "READ")
    assert key["scopes"] == ["READ", "TRADE"]
    target = f"/v1/accounts/{ann.account_id}/orders?world=practice"
    body = json.dumps(order_body()).encode()
    headers = signed(key, "POST", target, body)
    placed = await venue.client.post(target, content=body, headers=headers)
    assert placed.status_code == 201, placed.text
    again = await venue.client.post(target, content=body, headers=headers)
    assert code_of(again) == (401, "REPLAYED_REQUEST")
    listed = await ann.items("/api-keys")
    assert [sorted(each) for each in listed] == [["api_key", "created", "label", "scopes"]]


async def test_what_was_not_signed_is_not_accepted(venue: Venue) -> None:
    ann = await sign_up(venue)
    key = await make_key(ann, "READ", "TRADE")
    target = f"/v1/accounts/{ann.account_id}/orders"
    body = json.dumps(order_body()).encode()
    other = json.dumps(order_body(quantity="9")).encode()
    for headers in (
        signed(key, "POST", target, other),
        signed(key, "GET", target, body),
        signed(key, "POST", target + "?world=practice", body),
        signed({**key, "secret": "x"}, "POST", target, body),
        signed({**key, "api_key": "nobody"}, "POST", target, body),
        signed(key, "POST", target, body, **{"X-Signature": ""}),
        signed(key, "POST", target, body, **{"X-Timestamp": "soon"}),
    ):
        refused = await venue.client.post(target, content=body, headers=headers)
        assert code_of(refused) == (401, "BAD_SIGNATURE")
    assert await ann.items("/orders") == []


async def test_a_signature_is_good_for_five_seconds(
    wall: FrozenDateTimeFactory, database: Path
) -> None:
    async with open_venue(database) as venue:
        ann = await sign_up(venue)
        key = await make_key(ann, "READ")
        target = f"/v1/accounts/{ann.account_id}/wallets"
        for seconds, status in ((4.9, 200), (5.1, 401), (-4.9, 200), (-5.1, 401)):
            headers = signed(key, "GET", target)
            wall.tick(timedelta(seconds=seconds))
            answered = await venue.client.get(target, headers=headers)
            assert answered.status_code == status, seconds
            if status == 401:
                assert answered.json()["code"] == "TIMESTAMP_OUTSIDE_WINDOW"
        wall.tick(timedelta(seconds=30))
        early = signed(key, "GET", target)
        wall.tick(timedelta(seconds=-4.9))
        assert (await venue.client.get(target, headers=early)).status_code == 200
        wall.tick(timedelta(seconds=9.8))
        again = await venue.client.get(target, headers=early)
        assert code_of(again) == (401, "REPLAYED_REQUEST")


async def test_a_key_sees_its_account_alone(venue: Venue) -> None:
    ann = await sign_up(venue)
    body = {"label": "second"}
    second = (await venue.client.post("/v1/accounts", json=body, headers=ann.headers)).json()
    key = await make_key(ann, "READ")
    listed = await venue.client.get("/v1/accounts", headers=signed(key, "GET", "/v1/accounts"))
    assert [each["account_id"] for each in listed.json()["items"]] == [ann.account_id]
    target = f"/v1/accounts/{second['account_id']}/wallets"
    other = await venue.client.get(target, headers=signed(key, "GET", target))
    assert code_of(other) == (404, "UNKNOWN_ACCOUNT")


async def test_a_deleted_key_is_dead_at_once(venue: Venue) -> None:
    ann, bob = await sign_up(venue), await sign_up(venue, "bob")
    key = await make_key(ann, "READ")
    target = f"/v1/accounts/{ann.account_id}/wallets"
    assert (await venue.client.get(target, headers=signed(key, "GET", target))).status_code == 200
    path = f"/api-keys/{key['api_key']}"
    assert code_of(await bob.call("DELETE", path)) == (404, "UNKNOWN_API_KEY")
    assert (await ann.call("DELETE", path)).status_code == 204
    refused = await venue.client.get(target, headers=signed(key, "GET", target))
    assert code_of(refused) == (401, "BAD_SIGNATURE")


# -- websockets ------------------------------------------------------------------------------------


async def test_a_websocket_takes_a_key_and_minds_its_scopes(venue: Venue) -> None:
    ann = await sign_up(venue)
    key = await make_key(ann, "READ")
    headers = signed(key, "GET", "/v1/ws")
    auth = {
        "op": "auth",
        "api_key": key["api_key"],
        "timestamp": int(headers["X-Timestamp"]),
        "signature": headers["X-Signature"],
    }
    async with connected(venue) as wire:
        wire.say(id=1, **auth)
        wire.say(id=2, op="subscribe", channels=[f"account:{ann.account_id}"])
        wire.say(id=3, op="place", **order_body())
        wire.say(id=4, **auth)
        wire.say(id=5, op="auth")
        await soon(lambda: len(wire.answers()) == 5)
        answers = {each["id"]: each for each in wire.answers()}
    assert answers[1]["result"]["accounts"][0]["account_id"] == ann.account_id
    assert answers[2]["type"] == "reply"
    codes = [answers[number]["error"]["code"] for number in (3, 4, 5)]
    assert codes == ["MISSING_SCOPE", "REPLAYED_REQUEST", "MALFORMED_REQUEST"]


async def test_an_auth_that_fails_leaves_the_one_before(venue: Venue) -> None:
    ann, bob = await sign_up(venue), await sign_up(venue, "bob")
    channel = f"account:{ann.account_id}"
    failing: list[Json] = [
        {"token": "nobody's"},
        {"token": ann.token, "api_key": "both"},
        {"api_key": "half", "timestamp": 1},
        {"token": ann.token, "account_id": bob.account_id},
        {"token": ann.token, "account_id": ann.account_id, "world": "elsewhere"},
    ]
    async with connected(venue) as wire:
        wire.say(id=1, op="auth", token=ann.token)
        wire.say(id=2, op="subscribe", channels=[channel])
        for request_id, wrong in enumerate(failing, start=3):
            wire.say(id=request_id, op="auth", **wrong)
        wire.say(id=8, op="list")
        wire.say(id=9, op="place", **order_body())
        await soon(lambda: len(wire.answers()) == 9)
        answers = {each["id"]: each for each in wire.answers()}
    assert [answers[number]["error"]["code"] for number in range(3, 8)] == [
        "NOT_AUTHENTICATED",
        "MALFORMED_REQUEST",
        "MALFORMED_REQUEST",
        "UNKNOWN_ACCOUNT",
        "UNKNOWN_ACCOUNT",
    ]
    assert answers[8]["result"]["channels"] == [channel]
    assert answers[9]["result"]["order"]["status"] == "RESTING"


async def test_who_has_several_accounts_names_the_one_that_is_meant(venue: Venue) -> None:
    ann = await sign_up(venue)
    body = {"label": "second"}
    response = await venue.client.post("/v1/accounts", json=body, headers=ann.headers)
    second = response.json()["account_id"]
    async with connected(venue) as wire:
        wire.say(id=1, op="auth", token=ann.token)
        wire.say(id=2, op="cancel_all")
        wire.say(id=3, op="auth", token=ann.token, account_id=second)
        wire.say(id=4, op="cancel_all")
        await soon(lambda: len(wire.answers()) == 4)
        answers = {each["id"]: each for each in wire.answers()}
    told = [each["account_id"] for each in answers[1]["result"]["accounts"]]
    assert told == [ann.account_id, second]
    assert answers[2]["error"]["code"] == "UNKNOWN_ACCOUNT"
    assert answers[4]["result"]["order_ids"] == []


async def test_a_log_out_ends_what_a_websocket_is_told(venue: Venue) -> None:
    ann = await sign_up(venue)
    async with connected(venue) as wire:
        wire.say(id=1, op="auth", token=ann.token)
        wire.say(id=2, op="subscribe", channels=[f"account:{ann.account_id}"])
        await soon(lambda: len(wire.answers()) == 2)
        await venue.client.post("/v1/logout", headers=ann.headers)
        wire.say(id=3, op="place", **order_body())
        await soon(lambda: len(wire.answers()) == 3)
        assert wire.answers()[2]["error"]["code"] == "NOT_AUTHENTICATED"
        told = len(wire.channel(f"account:{ann.account_id}"))
        login = (await venue.client.post("/v1/login", json=ANN)).json()
        ann.headers = {"Authorization": f"Bearer {login['token']}"}
        await ann.place()
        wire.say(id=4, op="ping")
        await soon(lambda: len(wire.answers()) == 4)
        assert len(wire.channel(f"account:{ann.account_id}")) == told
