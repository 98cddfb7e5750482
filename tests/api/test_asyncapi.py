"""The AsyncAPI document: up to date, of one piece, and true to what a live socket says.

The document leaves room for fields that are yet to come, as every answer of v1 does. Here it must
name all that is said, so its schemas are closed before they are used.
"""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from simulator.api.websocket import protocol
from simulator.api.websocket.document import NEWS, OPERATIONS, document
from tests.api.asyncapi import FILE, text
from tests.api.sockets import Socket, dial, serving
from tests.api.venue import BTC, ETH, Json, Trader, Venue

pytestmark = pytest.mark.anyio

ORDER = {
    "symbol": BTC,
    "side": "BUY",
    "order_type": "LIMIT",
    "quantity": "0.01",
    "price": "19500",
}


def test_the_file_is_up_to_date() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "run `python -m tests.api.asyncapi`"


async def test_the_server_serves_it(venue: Venue) -> None:
    served = (await venue.client.get("/v1/asyncapi.json")).json()
    assert served == json.loads(json.dumps(document()))


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def test_it_is_of_one_piece() -> None:
    """Every reference leads somewhere, every message is said by an operation, no op is missing."""
    whole = document()
    for reference in _references(whole):
        found: Any = whole
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        assert found, reference
    said = {reference.rpartition("/")[2] for reference in _references(whole["operations"])}
    assert set(whole["components"]["messages"]) == said - {"websocket"}
    ops = {each.op for each in OPERATIONS}
    union = msgspec.json.schema_components([protocol.AnyRequest])[0][0]
    assert ops == set(union["discriminator"]["mapping"])


class Judge:
    """Validates what is said and heard, strictly, and remembers which messages it saw."""

    def __init__(self) -> None:
        whole = document()
        schemas: Json = whole["components"]["schemas"]
        for schema in schemas.values():
            if "properties" in schema:
                schema["additionalProperties"] = False
        self._components = {"components": {"schemas": schemas}}
        self.seen: dict[str, None] = {}

    def expect(self, name: str, value: object) -> None:
        self.seen[name] = None
        rule = {"$ref": f"#/components/schemas/{name}", **self._components}
        errors = [error.message for error in Draft202012Validator(rule).iter_errors(value)]
        assert errors == [], (name, value)

    def hears(self, socket: Socket, ops: dict[int, str]) -> None:
        """All that a socket was told: each message by its own schema, and as part of a frame."""
        for message in [*socket.heard, *socket.heartbeats]:
            self.expect(_name_of(message, ops), message)
        self.expect("ServerFrame", [*socket.heard, *socket.heartbeats])


def _name_of(message: Json, ops: dict[int, str]) -> str:
    kind = message["type"]
    if kind == "reply":
        return f"{ops[message['id']]}_reply"
    if "channel" not in message:
        return str(kind)
    topic = message["channel"].partition(":")[0]
    if topic != "account":
        return "marks_news" if topic == "mark" else f"{topic}_news"
    names = {"snapshot": "account_news", "liquidations": "account_liquidations_news"}
    return names.get(kind, f"{kind}_news")


class Session:
    """A socket whose every request is judged before it is sent."""

    def __init__(self, socket: Socket, judge: Judge) -> None:
        self.socket = socket
        self.ops: dict[int, str] = {}
        self._judge = judge

    async def say(self, op: str, **fields: Any) -> Json:
        """Sends a request and returns its answer."""
        self._judge.expect(op, {"op": op, "id": 1, **fields})
        request_id = await self.socket.send(op, **fields)
        self.ops[request_id] = op
        return await self.socket.answer(request_id)


async def _every_op(session: Session, trader: Trader) -> None:
    await session.say("auth", token=trader.token, account_id=trader.account_id)
    channels = [
        f"account:{trader.account_id}",
        f"depth:{BTC}",
        f"trades:{BTC}",
        "marks",
        f"mark:{ETH}",
        f"candles:{BTC}:1m",
        f"candles:{BTC}:1h:MARK",
        "statistics",
        f"statistics:{ETH}",
        "liquidations",
    ]
    await session.say("subscribe", channels=channels)
    await session.say("list")
    await session.say("ping")
    await session.say("preview", **ORDER)
    placed = await session.say("place", **ORDER, client_order_id="a-1")
    await session.say("place", **ORDER, client_order_id="a-1")
    order_id = placed["result"]["order"]["order_id"]
    await session.say("amend", order_id=order_id, price="19400")
    await session.say("cancel", order_id=order_id)
    await session.say("place", **ORDER)
    await session.say("cancel_all", symbol=BTC)
    stop: Json = {
        "symbol": BTC,
        "side": "SELL",
        "order_type": "STOP_MARKET",
        "trigger_price": "18000",
    }
    stop["reduce_only"] = True
    listed = await session.say("place_list", list_type="OTO", orders=[ORDER, stop])
    await session.say("cancel_list", list_id=listed["result"]["list_id"])
    await session.say("countdown", countdown=None)
    await session.say("unsubscribe", channels=[f"mark:{ETH}"])
    for op, fields in (
        ("cancel", {"order_id": order_id}),
        ("place", {**ORDER, "quantity": "900"}),
        ("subscribe", {"channels": [f"account:{trader.account_id}"], "since": 1 << 40}),
    ):
        assert (await session.say(op, **fields))["type"] == "error"


async def _every_news(venue: Venue, session: Session, trader: Trader, maker: Trader) -> None:
    """A margin call, a liquidation, and the end of a position, with all that goes with them."""
    socket, channel = session.socket, f"account:{trader.account_id}"
    await trader.set_up(BTC, "ISOLATED", 20)
    await maker.set_up(BTC, "CROSS", 20)
    await maker.place(side="SELL", price="20000", quantity="0.5")
    await session.say("place", **{**ORDER, "price": "20000", "quantity": "0.5"})
    await venue.set_index({1: 19_090_00})
    await maker.place(price="19050", quantity="0.2")
    await venue.set_index({1: 19_070_00})
    await socket.told(channel, "liquidations")
    await socket.told("statistics", "statistics")
    await socket.until(lambda: {"symbol": BTC, "side": "LONG", "quantity": "0"} in _closed(socket))
    await socket.until(lambda: len(socket.heartbeats) > 1)


def _closed(socket: Socket) -> list[Json]:
    return [item for each in socket.heard if each["type"] == "positions" for item in each["items"]]


async def test_a_live_session_says_and_hears_what_the_document_describes(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    trader, maker = await venue.join(), await venue.join()
    judge = Judge()
    async with serving(venue.app) as url, dial(url) as socket, dial(url) as late:
        session, second = Session(socket, judge), Session(late, judge)
        await _every_op(session, trader)
        since = socket.news(f"account:{trader.account_id}")[-1]["seq"]
        await _every_news(venue, session, trader, maker)
        await second.say("auth", token=trader.token)
        channel = f"account:{trader.account_id}"
        await second.say("subscribe", channels=[channel], since=since)
        await late.until(lambda: any(each.get("replayed") for each in late.news(channel)))

        def broken(*_: object) -> None:
            raise RuntimeError("a bug")

        with monkeypatch.context() as patched:
            patched.setattr("simulator.api.stream.public.PublicSide.collect", broken)
            await venue.set_index({1: 20_000_00})
        await socket.until(lambda: any(each["type"] == "resync" for each in socket.heard))
        await socket.say("nonsense")
        await socket.answer(None)
        judge.hears(socket, session.ops)
        judge.hears(late, second.ops)
    assert set(judge.seen) - {"ServerFrame"} == set(document()["components"]["messages"])
    told = {message["type"] for message in socket.heard if "channel" in message}
    assert told == {kind for news in NEWS for kind in news.types}


async def test_the_judge_is_not_blind(venue: Venue) -> None:
    judge = Judge()
    pong = {"type": "reply", "id": 1, "result": {"server_time": 5}}
    judge.expect("ping_reply", pong)
    for wrong in (
        {**pong, "more": 1},
        {**pong, "result": {"server_time": "5"}},
        {**pong, "result": {"server_time": 5, "more": 1}},
        {"type": "reply", "id": 1},
        {**pong, "type": "answer"},
    ):
        with pytest.raises(AssertionError):
            judge.expect("ping_reply", wrong)
    with pytest.raises(AssertionError):
        judge.expect("place", {"op": "place", **ORDER, "side": "UP"})
