"""Random bodies, paths and queries: whatever comes, no 5xx, and money only moves with a 2xx."""

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.venue import BTC, DOGE, ETH, Trader, Venue, eventually, open_venue
from tests.api.wires import connected

SYMBOL = st.sampled_from([BTC, ETH, DOGE, "BTC", ""])
DECIMAL = st.one_of(
    st.decimals(min_value=0, max_value=30_000, places=3).map(str),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.sampled_from(["20000", "19500", "0.01", "1", "1500", "0.1", "100", "1e5", "-1", ""]),
)
JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | DECIMAL,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def _mostly(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(good, good, good, JUNK)


ORDER = st.fixed_dictionaries(
    {
        "symbol": _mostly(SYMBOL),
        "side": _mostly(st.sampled_from(["BUY", "SELL"])),
        "order_type": _mostly(st.sampled_from(["LIMIT", "MARKET"])),
        "quantity": _mostly(DECIMAL),
    },
    optional={
        "price": _mostly(DECIMAL),
        "time_in_force": _mostly(st.sampled_from(["GTC", "IOC", "FOK"])),
        "post_only": _mostly(st.booleans()),
        "reduce_only": _mostly(st.booleans()),
        "keep_margin": _mostly(st.booleans()),
        "client_order_id": _mostly(st.sampled_from(["a", "b", "c"])),
        "surprise": JUNK,
    },
)
WALLET = st.sampled_from(["SPOT", "CROSS", "ISOLATED", "FUND"])
TRANSFER = st.fixed_dictionaries(
    {"source": _mostly(WALLET), "target": _mostly(WALLET), "amount": _mostly(DECIMAL)},
    optional={
        "asset": _mostly(st.sampled_from(["USDT", "BTC"])),
        "symbol": _mostly(SYMBOL),
        "position_side": _mostly(st.sampled_from(["LONG", "SHORT"])),
    },
)
LEVERAGE = st.fixed_dictionaries(
    {"symbol": _mostly(SYMBOL), "leverage": _mostly(st.integers(-1, 130))}
)
MODE = st.fixed_dictionaries(
    {"symbol": _mostly(SYMBOL), "margin_mode": _mostly(st.sampled_from(["CROSS", "ISOLATED"]))}
)
AMEND = st.fixed_dictionaries(
    {}, optional={"price": _mostly(DECIMAL), "quantity": _mostly(DECIMAL)}
)
ORDER_ID = st.one_of(
    st.integers(1, 40).map(str),
    st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=5),
)
QUERY = st.dictionaries(
    st.sampled_from(["limit", "after", "order", "status", "symbol", "world", "x"]),
    st.one_of(st.text(max_size=8), st.integers().map(str), SYMBOL),
    max_size=3,
)

CALL = st.one_of(
    st.tuples(st.just("POST"), st.just("/orders"), ORDER),
    st.tuples(st.just("POST"), st.just("/orders/preview"), ORDER),
    st.tuples(st.just("POST"), st.just("/transfers"), TRANSFER),
    st.tuples(st.just("PUT"), st.just("/leverage"), LEVERAGE),
    st.tuples(st.just("PUT"), st.just("/margin-mode"), MODE),
    st.tuples(st.just("PATCH"), ORDER_ID.map("/orders/{}".format), AMEND),
    st.tuples(st.just("DELETE"), ORDER_ID.map("/orders/{}".format), st.none()),
)
READ = st.tuples(
    st.sampled_from(
        [
            "",
            "/wallets",
            "/positions",
            "/orders",
            "/fills",
            "/ledger",
            "/margin-calls",
            "/liquidations",
        ]
    ),
    QUERY,
)


REQUEST = st.one_of(
    st.fixed_dictionaries(
        {"op": _mostly(st.sampled_from(["place", "subscribe", "cancel", "amend", "cancel_all"]))},
        optional={
            "symbol": _mostly(SYMBOL),
            "side": _mostly(st.sampled_from(["BUY", "SELL"])),
            "order_type": _mostly(st.sampled_from(["LIMIT", "MARKET"])),
            "quantity": _mostly(DECIMAL),
            "price": _mostly(DECIMAL),
            "order_id": _mostly(st.integers(1, 20)),
            "account_id": _mostly(st.integers(1, 4)),
            "world": _mostly(st.sampled_from(["practice", "nowhere"])),
            "channels": _mostly(
                st.lists(st.sampled_from(["marks", f"depth:{BTC}", "account:2", "x"]), max_size=3)
            ),
        },
    ),
    ORDER.map(lambda order: {"op": "place", **order}),
)


async def _send(venue: Venue, trader: Trader, call: tuple[str, str, Any]) -> None:
    method, path, body = call
    before = venue.money()
    content = b"" if body is None else json.dumps(body).encode("utf-8", "surrogatepass")
    response = await trader.call(method, path, content=content)
    assert response.status_code < 500, (call, response.text)
    if response.status_code >= 400:
        problem = response.json()
        assert problem["code"]
        assert problem["detail"]
        assert venue.money() == before, call


def test_no_request_breaks_the_server(migrated: Path, tmp_path: Path) -> None:
    @settings(max_examples=15)
    @given(
        calls=st.lists(st.tuples(st.integers(0, 1), CALL), min_size=15, max_size=30),
        reads=st.lists(READ, max_size=10),
        frames=st.lists(st.binary(max_size=60), max_size=5),
    )
    def scenario(
        calls: list[tuple[int, tuple[str, str, Any]]],
        reads: list[tuple[str, dict[str, str]]],
        frames: list[bytes],
    ) -> None:
        anyio.run(_run, calls, reads, frames)

    async def _run(
        calls: list[tuple[int, tuple[str, str, Any]]],
        reads: list[tuple[str, dict[str, str]]],
        frames: list[bytes],
    ) -> None:
        with TemporaryDirectory(dir=tmp_path) as folder:
            database = Path(shutil.copy(migrated, Path(folder) / "fuzz.db"))
            await _trade(database, calls, reads, frames)

    async def _trade(
        database: Path,
        calls: list[tuple[int, tuple[str, str, Any]]],
        reads: list[tuple[str, dict[str, str]]],
        frames: list[bytes],
    ) -> None:
        async with open_venue(database) as venue:
            traders = [await venue.join(), await venue.join()]
            for who, call in calls:
                await _send(venue, traders[who], call)
            for path, query in reads:
                response = await traders[0].call("GET", path, params=query)
                assert response.status_code < 500, (path, query, response.text)
            for frame in frames:
                await _send(venue, traders[0], ("POST", "/orders", None))
                response = await traders[0].call("POST", "/orders", content=frame)
                assert response.status_code == 422
            assert venue.world.halt_reason is None

    scenario()


def test_every_websocket_request_gets_one_answer(migrated: Path, tmp_path: Path) -> None:
    """Under its id, unless it is no JSON at all; and none is a bug of ours."""

    @settings(max_examples=15)
    @given(requests=st.lists(REQUEST, min_size=10, max_size=40))
    def scenario(requests: list[dict[str, Any]]) -> None:
        anyio.run(_run, requests)

    async def _run(requests: list[dict[str, Any]]) -> None:
        with TemporaryDirectory(dir=tmp_path) as folder:
            database = Path(shutil.copy(migrated, Path(folder) / "fuzz.db"))
            async with open_venue(database) as venue, connected(venue) as wire:
                trader = await venue.join()
                wire.say(op="auth", id=0, token=trader.token)
                for number, request in enumerate(requests, start=1):
                    wire.say(**{**request, "id": number})
                await eventually(lambda: len(wire.answers()) > len(requests))
                answers = wire.answers()
                ids = [each["id"] for each in answers if each["id"] is not None]
                assert len(answers) == len(requests) + 1
                assert len(set(ids)) == len(ids)
                for answer in answers:
                    if answer["type"] == "error":
                        assert answer["error"]["status"] < 500, answer
                assert venue.world.halt_reason is None

    scenario()
