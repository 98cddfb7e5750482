"""Bad input: a clear 4xx with a reason, never a 5xx, and nothing is touched."""

import tempfile
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from tests.api.venue import BTC, Trader, Venue, order_body

pytestmark = pytest.mark.anyio

BROKEN = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"order"',
    b"12",
    b"not json",
    b"{'symbol': 'BTC'}",
    b'{"symbol": NaN}',
    b'{"quantity": Infinity}',
    b"\xff\xfe{}",
    b'{"symbol": "\xff"}',
    b'{"symbol": "\\ud800"}',
    b"[" * 60_000,
    b'{"a":' * 10_000,
    b'{"leverage": ' + b"9" * 5_000 + b"}",
]

ROUTES = [
    ("POST", "/orders"),
    ("POST", "/orders/preview"),
    ("PATCH", "/orders/1"),
    ("POST", "/transfers"),
    ("PUT", "/leverage"),
    ("PUT", "/margin-mode"),
]


async def refused(
    venue: Venue, trader: Trader, method: str, path: str, expected: int = 422, **options: Any
) -> dict[str, Any]:
    """The problem; and everything is as it was, to the last hash."""
    before = venue.hash()
    response = await trader.call(method, path, **options)
    assert response.status_code == expected, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["detail"]
    assert venue.hash() == before
    return problem


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_broken_json_is_refused(venue: Venue, method: str, path: str) -> None:
    trader = await venue.join()
    for body in BROKEN:
        problem = await refused(venue, trader, method, path, content=body)
        assert problem["code"] == "MALFORMED_REQUEST"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"price": 19500}, "price"),
        ({"price": 19500.5}, "price"),
        ({"price": True}, "price"),
        ({"price": ["19500"]}, "price"),
        ({"price": ""}, "price"),
        ({"price": " 19500"}, "price"),
        ({"price": "19500\n"}, "price"),
        ({"price": "NaN"}, "price"),
        ({"price": "Infinity"}, "price"),
        ({"price": "1e3"}, "price"),
        ({"price": "1e400"}, "price"),
        ({"price": "+1"}, "price"),
        ({"price": "-19500"}, "price"),
        ({"price": "-0"}, "price"),
        ({"price": "0x10"}, "price"),
        ({"price": ".5"}, "price"),
        ({"price": "5."}, "price"),
        ({"price": "1,000"}, "price"),
        ({"price": "1_000"}, "price"),
        ({"price": "٣"}, "price"),
        ({"price": "46116860184273879.04"}, "price"),
        ({"price": "9" * 40}, "price"),
        ({"price": "9" * 41}, "price"),
        ({"price": "46116860184273879.041"}, "price"),
        ({"quantity": None}, "quantity"),
        ({"quantity": "-1"}, "quantity"),
        ({"quantity": "4611686018427387.904"}, "quantity"),
        ({"side": "buy"}, "side"),
        ({"side": 1}, "side"),
        ({"side": ""}, "side"),
        ({"order_type": "STOP_LOSS"}, "order_type"),
        ({"time_in_force": "GTX"}, "time_in_force"),
        ({"post_only": "true"}, "post_only"),
        ({"post_only": 1}, "post_only"),
        ({"client_order_id": ""}, "client_order_id"),
        ({"client_order_id": "a b"}, "client_order_id"),
        ({"client_order_id": "a\n"}, "client_order_id"),
        ({"client_order_id": "a\x00"}, "client_order_id"),
        ({"client_order_id": "x" * 65}, "client_order_id"),
        ({"symbol": 5}, "symbol"),
        ({"symbol": "x" * 65}, "symbol"),
        ({"leverage": 5}, "leverage"),
        ({"account_id": 1}, "account_id"),
        ({"": ""}, "``"),
    ],
)
async def test_fields_are_checked_one_by_one(
    venue: Venue, change: dict[str, Any], named: str
) -> None:
    trader = await venue.join()
    for path in ("/orders", "/orders/preview"):
        problem = await refused(venue, trader, "POST", path, json=order_body(**change))
        assert problem["code"] == "MALFORMED_REQUEST"
        assert named in problem["detail"]


@pytest.mark.parametrize("missing", ["symbol", "side", "order_type", "quantity"])
async def test_missing_fields_are_named(venue: Venue, missing: str) -> None:
    trader = await venue.join()
    body = {key: value for key, value in order_body().items() if key != missing}
    problem = await refused(venue, trader, "POST", "/orders", json=body)
    assert missing in problem["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/orders", order_body(symbol=""), 404, "UNKNOWN_INSTRUMENT"),
        ("POST", "/orders", order_body(symbol="BTCUSDT"), 404, "UNKNOWN_INSTRUMENT"),
        ("POST", "/orders", order_body(symbol="btcusdt-perp"), 404, "UNKNOWN_INSTRUMENT"),
        ("GET", "/orders/77", None, 404, "UNKNOWN_ORDER"),
        ("DELETE", "/orders/77", None, 404, "UNKNOWN_ORDER"),
        ("PATCH", "/orders/77", {"price": "1"}, 404, "UNKNOWN_ORDER"),
        ("PATCH", "/orders/x", {"price": "1"}, 422, "MALFORMED_REQUEST"),
        ("DELETE", "/orders/0", None, 422, "MALFORMED_REQUEST"),
        ("DELETE", "/orders/-1", None, 422, "MALFORMED_REQUEST"),
        ("DELETE", "/orders/1e400", None, 422, "MALFORMED_REQUEST"),
        ("DELETE", "/orders/" + "9" * 5_000, None, 422, "MALFORMED_REQUEST"),
        ("DELETE", "/orders/9007199254740992", None, 422, "MALFORMED_REQUEST"),
        ("DELETE", "/orders?symbol=BTC", None, 404, "UNKNOWN_INSTRUMENT"),
        ("GET", "/orders?limit=0", None, 422, "MALFORMED_REQUEST"),
        ("GET", "/orders?limit=NaN", None, 422, "MALFORMED_REQUEST"),
        ("GET", "/orders?status=open", None, 422, "MALFORMED_REQUEST"),
        ("GET", "/orders?after=" + "9" * 65, None, 422, "MALFORMED_REQUEST"),
        ("GET", "/ledger?after=1", None, 422, "MALFORMED_REQUEST"),
        ("GET", "/fills?after=%00", None, 422, "MALFORMED_REQUEST"),
        ("GET", "/wallets?wordl=practice", None, 422, "MALFORMED_REQUEST"),
        ("GET", "/liquidations/abc", None, 422, "MALFORMED_REQUEST"),
        ("PUT", "/leverage", {"symbol": BTC, "leverage": 0}, 422, "MALFORMED_REQUEST"),
        ("PUT", "/leverage", {"symbol": BTC, "leverage": -3}, 422, "MALFORMED_REQUEST"),
        ("PUT", "/leverage", {"symbol": BTC, "leverage": "3"}, 422, "MALFORMED_REQUEST"),
        ("PUT", "/leverage", {"symbol": BTC, "leverage": 2.5}, 422, "MALFORMED_REQUEST"),
        ("PUT", "/leverage", {"symbol": BTC, "leverage": 1 << 53}, 422, "MALFORMED_REQUEST"),
        ("PUT", "/leverage", {"symbol": "?", "leverage": 3}, 404, "UNKNOWN_INSTRUMENT"),
        ("PUT", "/margin-mode", {"symbol": BTC}, 422, "MALFORMED_REQUEST"),
        (
            "PUT",
            "/margin-mode",
            {"symbol": BTC, "margin_mode": "PORTFOLIO"},
            422,
            "MALFORMED_REQUEST",
        ),
        (
            "POST",
            "/transfers",
            {"source": "CROSS", "target": "SPOT", "amount": "0.000000001"},
            422,
            "MALFORMED_REQUEST",
        ),
        (
            "POST",
            "/transfers",
            {"source": "CROSS", "target": "SPOT", "amount": "-1"},
            422,
            "MALFORMED_REQUEST",
        ),
        (
            "POST",
            "/transfers",
            {"source": "CROSS", "target": "SPOT", "amount": "46116860184.27387904"},
            422,
            "MALFORMED_REQUEST",
        ),
        (
            "POST",
            "/transfers",
            {"source": "CROSS", "target": "INSURANCE_FUND", "amount": "1"},
            422,
            "MALFORMED_REQUEST",
        ),
        (
            "POST",
            "/transfers",
            {"source": "CROSS", "target": "SPOT", "amount": "1", "asset": "DOGE"},
            404,
            "UNKNOWN_ASSET",
        ),
        (
            "POST",
            "/transfers",
            {"source": "CROSS", "target": "ISOLATED", "amount": "1", "symbol": "?"},
            404,
            "UNKNOWN_INSTRUMENT",
        ),
    ],
)
async def test_unknown_things_and_impossible_numbers(
    venue: Venue, method: str, path: str, body: object, status: int, code: str
) -> None:
    trader = await venue.join()
    await trader.place()
    problem = await refused(venue, trader, method, path, status, json=body)
    assert problem["code"] == code


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"source": "CROSS", "target": "SPOT", "amount": "0"}, 409, "INVALID_AMOUNT"),
        ({"source": "CROSS", "target": "CROSS", "amount": "1"}, 409, "INVALID_COMBINATION"),
        ({"source": "SPOT", "target": "CROSS", "amount": "1"}, 409, "INSUFFICIENT_BALANCE"),
        ({"source": "CROSS", "target": "ISOLATED", "amount": "1"}, 404, "UNKNOWN_WALLET"),
    ],
)
async def test_transfers_against_the_rules_move_nothing(
    venue: Venue, body: dict[str, str], status: int, code: str
) -> None:
    trader = await venue.join()
    before = venue.money()
    response = await trader.call("POST", "/transfers", json=body)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert venue.money() == before


async def test_a_body_has_a_limit(venue: Venue) -> None:
    trader = await venue.join()
    body = b'{"symbol": "' + b"x" * 70_000 + b'"}'
    problem = await refused(venue, trader, "POST", "/orders", 413, content=body)
    assert problem["code"] == "REQUEST_TOO_LARGE"

    async def parts() -> Any:
        for _ in range(20):
            yield b" " * 5_000

    await refused(venue, trader, "POST", "/orders", 413, content=parts())


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"display_name": 5}', b'{"display_name": ""}', b'{"name": "Ann"}']
)
async def test_a_guest_with_a_bad_body_gets_no_account(venue: Venue, body: bytes) -> None:
    before = venue.hash()
    response = await venue.client.post("/v1/guests", content=body)
    assert (response.status_code, response.json()["code"]) == (422, "MALFORMED_REQUEST")
    assert venue.hash() == before


@pytest.fixture
def broken_wallets(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("simulator.api.present.wallets", broken)


@pytest.mark.usefixtures("broken_wallets")
async def test_our_own_bugs_are_logged_and_hidden(venue: Venue) -> None:
    trader = await venue.join()
    with capture_logs() as logs:
        response = await trader.call("GET", "/wallets")
    assert response.status_code == 500
    (logged,) = [each for each in logs if each["log_level"] == "error"]
    assert logged["request_id"] == response.json()["request_id"]
    assert response.json()["code"] == "INTERNAL_ERROR"
    assert "secret" not in response.text
    assert response.json()["request_id"] == response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/guests", {"display_name": "a\0b"}),
        ("POST", "/v1/users", {"name": "ann", "password": "a" * 12, "display_name": "\0"}),
        ("POST", "/v1/login", {"name": "a\0", "password": "a" * 12}),
        ("POST", "/v1/accounts", {"label": "a\0"}),
        ("POST", "/v1/worlds", {"world": "a-world", "title": "a\0"}),
        ("POST", "/v1/accounts/{account}/api-keys", {"label": "\0", "scopes": ["READ"]}),
        ("DELETE", "/v1/accounts/{account}/api-keys/a%00b", None),
        ("DELETE", "/v1/me/tokens/a%00b", None),
        ("GET", "/v1/accounts/{account}/orders?after=%00", None),
        ("GET", "/v1/accounts/{account}/orders/by-client-id/a%00b", None),
    ],
)
async def test_a_nul_character_is_refused(venue: Venue, method: str, path: str, body: Any) -> None:
    """PostgreSQL holds no text with one, and SQLite's tools end the text there."""
    trader = await venue.join()
    url = path.format(account=trader.account_id)
    response = await venue.client.request(method, url, json=body, headers=trader.headers)
    assert (response.status_code, response.json()["code"]) == (422, "MALFORMED_REQUEST")


@pytest.mark.usefixtures("broken_wallets")
async def test_our_own_bugs_are_answered_though_the_log_is_lost(venue: Venue) -> None:
    trader = await venue.join()
    with tempfile.TemporaryFile("w", encoding="utf-8") as closed:
        structlog.configure(logger_factory=structlog.WriteLoggerFactory(closed))
    response = await trader.call("GET", "/wallets")
    assert (response.status_code, response.json()["code"]) == (500, "INTERNAL_ERROR")
