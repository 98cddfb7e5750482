"""The client's requests and what it makes of answers, without a server: httpx.MockTransport."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from simulator.client import (
    ApiError,
    AsyncClient,
    Client,
    Forbidden,
    Malformed,
    NotAuthenticated,
    NotChosen,
    NotFound,
    RateLimited,
    Refused,
    SimulatorError,
    TransportError,
    Unavailable,
    UnreadableAnswer,
)
from simulator.client.core import MOST_ATTEMPTS, Signer

GUEST = {
    "user_id": "u",
    "token": "t",
    "token_expires": 1,
    "world": "practice",
    "account_id": 7,
    "seq": 3,
}
FILL = {
    "trade_id": 1,
    "order_id": 2,
    "symbol": "BTCUSDT-PERP",
    "side": "BUY",
    "price": "60000.1",
    "quantity": "0.1",
    "fee": "3.000005",
    "realized_pnl": "-0.1",
    "liquidity": "TAKER",
    "time": 5,
    "seq": 6,
    "something_new": True,
}
ORDER = {
    "order_id": 2,
    "client_order_id": "a",
    "symbol": "BTCUSDT-PERP",
    "side": "BUY",
    "order_type": "LIMIT",
    "time_in_force": "GTC",
    "price": "1",
    "quantity": "1",
    "filled_quantity": "0",
    "remaining_quantity": "1",
    "average_price": None,
    "status": "RESTING",
    "cancel_reason": None,
    "post_only": False,
    "reduce_only": False,
    "keep_margin": False,
    "position_side": None,
    "margin_mode": "CROSS",
    "liquidation_id": None,
    "trigger_source": None,
    "trigger_price": None,
    "callback_rate": None,
    "activation_price": None,
    "close_position": False,
    "expires": None,
    "self_trade_prevention": "EXPIRE_MAKER",
    "list_id": None,
    "waits_for": None,
    "created": 1,
    "updated": 1,
}
PLACED = {"order": ORDER, "fills": [FILL], "seq": 6, "time": 5, "repeated": False}
WORLD = {
    "world": "mine",
    "status": "RUNNING",
    "status_reason": None,
    "clock": {"time": 1, "mode": "SCALED", "speed": "60", "paused": False},
    "server_time": 2,
    "seq": 3,
}


class Exchange:
    """Answers as it is told, and remembers what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.asked: list[httpx.Request] = []
        self._answers: Iterator[Any] = iter(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, json=answer)

    def client(self, **who: Any) -> Client:
        options = {"account_id": 7, **who}
        return Client("http://exchange", transport=httpx.MockTransport(self), **options)

    def lines(self) -> list[str]:
        return [
            f"{each.method} {each.url.raw_path.decode().removeprefix('/v1')}" for each in self.asked
        ]

    def bodies(self) -> list[Any]:
        return [json.loads(each.content or "null") for each in self.asked]


def problem(status: int, code: str, headers: dict[str, str] | None = None, **more: Any) -> Any:
    content = {"status": status, "code": code, "detail": "because", "title": "T", **more}
    return httpx.Response(status, json=content, headers=headers)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the client would have slept."""
    slept: list[float] = []
    monkeypatch.setattr("simulator.client.rest.time.sleep", slept.append)
    return slept


# -- requests and answers --------------------------------------------------------------------------


def test_joining_changes_whom_the_client_acts_for() -> None:
    exchange = Exchange(GUEST, {"items": [], "next": None, "seq": 1})
    client = exchange.client(account_id=None)
    with pytest.raises(NotChosen):
        client.positions()
    client.join_as_guest("Ann")
    client.fills()
    assert (client.token, client.account_id, client.world_id) == ("t", 7, "practice")
    assert exchange.lines()[1].startswith("GET /accounts/7/fills?world=practice&limit=100")
    assert exchange.asked[1].headers["Authorization"] == "Bearer t"


def test_numbers_come_as_decimals_and_unknown_fields_are_left_out() -> None:
    page = Exchange({"items": [FILL], "next": None, "seq": 1}).client().fills()
    assert page.items[0].price == Decimal("60000.1")
    assert not hasattr(page.items[0], "something_new")


@pytest.mark.parametrize(
    ("number", "text"),
    [("0.10", "0.10"), (5, "5"), (Decimal("1E-7"), "0.0000001"), (Decimal("2E+3"), "2000")],
)
def test_numbers_leave_as_plain_text(number: str | int | Decimal, text: str) -> None:
    exchange = Exchange(PLACED)
    exchange.client().place_order("BTCUSDT-PERP", "BUY", number)
    assert exchange.bodies()[0]["quantity"] == text


@pytest.mark.parametrize("number", [0.1, True, 1j])
def test_floats_and_other_things_are_refused_before_they_are_sent(number: Any) -> None:
    exchange = Exchange()
    with pytest.raises(TypeError, match="str, int or Decimal"):
        exchange.client().place_order("BTCUSDT-PERP", "BUY", number)
    assert exchange.asked == []


def test_an_order_is_of_the_type_that_its_price_says_and_has_an_id() -> None:
    exchange = Exchange(PLACED, PLACED, PLACED)
    client = exchange.client()
    client.place_order("B", "BUY", 1)
    client.place_order("B", "SELL", 1, "2", post_only=True, client_order_id="mine")
    first, second = exchange.bodies()
    assert first["order_type"] == "MARKET"
    assert "price" not in first
    assert first["client_order_id"].startswith("py-")
    assert (second["order_type"], second["price"], second["client_order_id"]) == (
        "LIMIT",
        "2",
        "mine",
    )


def test_a_list_is_followed_to_its_end() -> None:
    pages = [{"items": [FILL], "next": "a/b", "seq": 1}, {"items": [FILL], "next": None, "seq": 1}]
    exchange = Exchange(*pages)
    assert len(list(exchange.client().fills.every("BTCUSDT-PERP", limit=1))) == 2
    assert "after=a%2Fb" in exchange.lines()[1]
    assert "symbol=BTCUSDT-PERP" in exchange.lines()[1]


def test_csv_pages_are_joined_under_one_header() -> None:
    first = httpx.Response(200, text="a,b\r\n1,2\r\n", headers={"X-Next-Cursor": "c"})
    exchange = Exchange(first, httpx.Response(200, text="a,b\r\n3,4\r\n"))
    assert exchange.client().export_csv("fills") == "a,b\r\n1,2\r\n3,4\r\n"
    assert exchange.lines()[0] == "GET /accounts/7/fills?format=csv&limit=1000"
    assert "after=c" in exchange.lines()[1]
    with pytest.raises(ValueError, match="there are wallets"):
        exchange.client().export_csv("nonsense")
    with pytest.raises(ValueError, match="name its symbol"):
        exchange.client().export_csv("candles")


def test_csv_takes_filters_and_worlds() -> None:
    exchange = Exchange(httpx.Response(200, text="a\r\n"), httpx.Response(200, text="a\r\n"))
    client = exchange.client(world="mine")
    client.export_csv("candles", "ETHUSDT-PERP", filters={"interval": "1h", "limit": 10})
    client.export_csv("instruments")
    assert exchange.lines() == [
        "GET /worlds/mine/candles/ETHUSDT-PERP?format=csv&limit=10&interval=1h",
        "GET /worlds/mine/instruments?format=csv",
    ]


ACCOUNT = {"account_id": 9, "world": "w", "label": "l"}
ME = {
    "user_id": "u",
    "kind": "USER",
    "name": "ann",
    "display_name": None,
    "is_admin": False,
    "accounts": [ACCOUNT],
}
TOKEN = {"token_id": "t1", "created": 1, "expires": 2, "current": True}
KEY = {"api_key": "k", "label": "bot", "scopes": ["READ"], "created": 1}
STATISTIC = {
    "symbol": "B",
    "open": None,
    "high": None,
    "low": None,
    "last": "1.5",
    "change": None,
    "change_rate": None,
    "volume": "0",
    "notional": "0",
    "trade_count": 0,
}


@pytest.mark.parametrize(
    ("call", "answer", "line", "body"),
    [
        (lambda c: c.me(), ME, "GET /me", None),
        (lambda c: c.tokens(), {"items": [TOKEN]}, "GET /me/tokens", None),
        (lambda c: c.revoke_token("t/1"), None, "DELETE /me/tokens/t%2F1", None),
        (lambda c: c.order_by_client_id("a/../b"), {"order": ORDER, "seq": 1},
            "GET /accounts/7/orders/by-client-id/a%2F%2E%2E%2Fb", None),
        (lambda c: c.open_account("two"), {**ACCOUNT, "seq": 1}, "POST /accounts",
            {"label": "two"}),
        (lambda c: c.create_api_key("bot", ["READ"]), {**KEY, "secret": "s"},
            "POST /accounts/7/api-keys", {"label": "bot", "scopes": ["READ"]}),
        (lambda c: c.api_keys(), {"items": [KEY]}, "GET /accounts/7/api-keys", None),
        (lambda c: c.delete_api_key("k/1"), None, "DELETE /accounts/7/api-keys/k%2F1", None),
        (lambda c: c.deposit("5"), {"asset": "USDT", "amount": "5", "seq": 1},
            "POST /accounts/7/deposits", {"wallet": "CROSS", "asset": "USDT", "amount": "5"}),
        (lambda c: c.reset(), {"seq": 1, "run": 2}, "POST /accounts/7/reset", None),
        (lambda c: c.set_position_mode("HEDGE"), {"position_mode": "HEDGE"},
            "PUT /accounts/7/position-mode", {"position_mode": "HEDGE"}),
        (lambda c: c.statistics(), {"items": [STATISTIC], "since": 1, "seq": 1, "time": 2},
            "GET /worlds/practice/statistics", None),
        (lambda c: c.order_history(), {"items": [ORDER], "next": None, "seq": 1},
            "GET /accounts/7/orders/history?limit=100&order=NEWEST", None),
        (lambda c: c.create_world("mine", seed=4), WORLD, "POST /worlds",
            {"world": "mine", "seed": 4}),
        (lambda c: c.pause_world("mine"), WORLD, "POST /worlds/mine/pause", None),
        (lambda c: c.resume_world("mine"), WORLD, "POST /worlds/mine/resume", None),
        (lambda c: c.set_world_speed(60, "mine"), WORLD, "POST /worlds/mine/speed",
            {"speed": "60"}),
        (lambda c: c.step_world(500, "mine"), WORLD, "POST /worlds/mine/step",
            {"milliseconds": 500}),
        (lambda c: c.log_out(), None, "POST /logout", None),
    ],
)  # fmt: skip
def test_a_method_asks_for_what_the_api_offers(
    call: Callable[[Client], Any], answer: Any, line: str, body: Any
) -> None:
    response = httpx.Response(204) if answer is None else answer
    exchange = Exchange(response)
    got = call(exchange.client(token="t"))
    assert exchange.lines() == [line]
    assert exchange.bodies() == [body]
    assert (got is None) == (answer is None)


def test_signing_up_makes_a_user_of_nobody_and_of_a_guest() -> None:
    exchange = Exchange(GUEST, ME)
    client = exchange.client(account_id=None)
    client.sign_up("ann", "secret", display_name="Ann")
    client.sign_up("ann", "secret")
    assert exchange.lines() == ["POST /users", "POST /me/sign-up"]
    assert client.account_id == 7


def test_logging_in_chooses_the_first_account_of_the_world() -> None:
    accounts = [{"account_id": n, "world": w, "label": ""} for n, w in ((1, "a"), (2, "b"))]
    login = {"user_id": "u", "token": "new", "token_expires": 1}
    exchange = Exchange(login, {"items": accounts}, login)
    client = exchange.client(account_id=None, world="b")
    client.log_in("ann", "secret")
    assert (client.account_id, client.token) == (2, "new")
    client.log_in("ann", "secret")
    assert exchange.lines() == ["POST /login", "GET /accounts", "POST /login"]


# -- errors and retries ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, NotAuthenticated),
        (403, Forbidden),
        (404, NotFound),
        (409, Refused),
        (413, Malformed),
        (422, Malformed),
        (429, RateLimited),
        (500, ApiError),
        (503, Unavailable),
    ],
)
def test_a_problem_is_an_exception_of_its_kind(status: int, kind: type[ApiError]) -> None:
    exchange = Exchange(problem(status, "CODE", needed="12.5", available="0", seq=4))
    with pytest.raises(ApiError) as raised:
        exchange.client().cancel_order(1)
    error = raised.value
    assert type(error) is kind
    assert isinstance(error, SimulatorError)
    assert (error.status, error.code, error.needed, error.seq) == (
        status,
        "CODE",
        Decimal("12.5"),
        4,
    )
    assert len(exchange.asked) == 1


def test_what_cannot_be_read_is_said_to_be_so() -> None:
    with pytest.raises(UnreadableAnswer, match="GET /v1/accounts/7/positions"):
        Exchange({"items": "?"}).client().positions()
    with pytest.raises(ApiError, match="NOT_UNDERSTOOD"):
        Exchange(httpx.Response(502, text="<html>")).client().positions()


def test_what_is_safe_is_tried_again(waits: list[float]) -> None:
    empty: dict[str, Any] = {"items": [], "next": None, "seq": 1}
    exchange = Exchange(
        httpx.ConnectError("no"), problem(429, "RATE_LIMITED", {"Retry-After": "3"}), empty
    )
    assert exchange.client().fills().items == []
    assert waits == [0.2, 3]


def test_patience_has_an_end(waits: list[float]) -> None:
    exchange = Exchange(*[httpx.ReadTimeout("slow")] * MOST_ATTEMPTS)
    with pytest.raises(TransportError):
        exchange.client().wallets()
    assert len(exchange.asked) == MOST_ATTEMPTS
    exchange = Exchange(problem(429, "RATE_LIMITED", {"Retry-After": "60"}))
    with pytest.raises(RateLimited) as raised:
        exchange.client().wallets()
    assert raised.value.retry_after == 60


def test_an_order_is_sent_again_with_the_same_id(waits: list[float]) -> None:
    exchange = Exchange(httpx.ReadError("cut"), PLACED)
    exchange.client().place_order("B", "BUY", 1)
    first, second = exchange.bodies()
    assert first == second
    assert first["client_order_id"]


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.transfer("CROSS", "SPOT", 1),
        lambda c: c.deposit(1),
        lambda c: c.cancel_order(1),
        lambda c: c.revoke_token("t1"),
        lambda c: c.amend_order(1, price=2),
        lambda c: c.join_as_guest(),
        lambda c: c.step_world(1),
    ],
)
def test_what_may_not_be_done_twice_is_not_sent_twice(
    call: Callable[[Client], Any], waits: list[float]
) -> None:
    exchange = Exchange(httpx.ReadError("cut"))
    with pytest.raises(TransportError, match="cut"):
        call(exchange.client())
    assert waits == []


# -- signing ---------------------------------------------------------------------------------------


def test_a_key_signs_what_is_sent_and_never_the_same_way_twice(waits: list[float]) -> None:
    exchange = Exchange(httpx.ReadError("cut"), PLACED, {"items": [], "next": None, "seq": 1})
    client = exchange.client(api_key="key", api_secret="secret")
    client.place_order("B", "BUY", 1)
    client.fills("B")
    stamps = [int(each.headers["X-Timestamp"]) for each in exchange.asked]
    assert stamps == sorted(set(stamps))
    for asked in exchange.asked:
        target = asked.url.raw_path.decode()
        digest = hashlib.sha256(asked.content).hexdigest()
        text = f"{asked.headers['X-Timestamp']}\n{asked.method}\n{target}\n{digest}"
        wanted = hmac.new(b"secret", text.encode(), hashlib.sha256).hexdigest()
        assert asked.headers["X-Signature"] == wanted
        assert asked.headers["X-API-Key"] == "key"
        assert "Authorization" not in asked.headers


def test_a_known_signature() -> None:
    signer = Signer("key", "secret", now_ms=lambda: 1_700_000_000_000)
    timestamp, signature = signer.sign("GET", "/v1/me", b"")
    assert timestamp == 1_700_000_000_000
    assert signature == "8517fda8e14b1b8a273944dad8390af32b16af790559e5b6e66e94d847ef497d"
    assert signer.sign("GET", "/v1/me", b"")[0] == timestamp + 1


def test_a_key_needs_its_secret() -> None:
    with pytest.raises(ValueError, match="go together"):
        Client(api_key="key")


# -- the same with asyncio -------------------------------------------------------------------------


@pytest.mark.anyio
async def test_the_asyncio_client_has_the_same_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [{"items": [FILL], "next": "n", "seq": 1}, {"items": [FILL], "next": None, "seq": 1}]
    exchange = Exchange(GUEST, httpx.ReadError("cut"), PLACED, *pages, problem(409, "NO"))
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("simulator.client.rest.asyncio.sleep", sleep)
    transport = httpx.MockTransport(exchange)
    async with AsyncClient("http://exchange", transport=transport) as client:
        assert (await client.join_as_guest()).account_id == 7
        placed = await client.place_order("B", "BUY", 1)
        assert placed.fills[0].fee == Decimal("3.000005")
        assert len([fill async for fill in client.fills.every()]) == 2
        with pytest.raises(Refused):
            await client.reset()
    assert slept == [0.2]
