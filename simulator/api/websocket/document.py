"""The AsyncAPI document of the websocket, made of the very shapes that are decoded and encoded.

It is served at /v1/asyncapi.json and kept as docs/asyncapi.yaml (`python -m tests.api.asyncapi`
writes it). Its messages are the elements of frames: `ClientFrame` and `ServerFrame` say how those
are put together. Seen from the server: it receives requests and sends news.
"""

from typing import Any, Final, NamedTuple

import msgspec

import simulator
from simulator.api.shapes import stream as shapes
from simulator.api.shapes.accounts import ClosedPosition, Position
from simulator.api.shapes.base import Shape
from simulator.api.shapes.orders import (
    CanceledOrders,
    Countdown,
    OrderListResult,
    OrderResult,
    Preview,
)
from simulator.api.websocket import protocol
from simulator.api.websocket.protocol import Authenticated, Pong, Subscribed

Json = dict[str, Any]

_SCHEMA: Final = "#/components/schemas/{name}"
_CHANNEL: Final = "#/channels/websocket"
_DESCRIPTION: Final = (
    "A frame from a client is one request or an array of requests; a frame from the server is an "
    "array of messages. Decimals are text, times are milliseconds since 1970 UTC, `seq` is the "
    "place in the world's journal up to which a message speaks. Whatever is told is durable."
)


class Operation(NamedTuple):
    """What a client may ask for, and the shape of the `result` that answers it."""

    op: str
    request: type[msgspec.Struct]
    result: type[Shape]
    summary: str


OPERATIONS: Final = (
    Operation("auth", protocol.Auth, Authenticated, "Say who you are."),
    Operation("subscribe", protocol.Subscribe, Subscribed, "Follow channels: all of them or none."),
    Operation("unsubscribe", protocol.Unsubscribe, Subscribed, "Follow channels no more."),
    Operation("list", protocol.ListChannels, Subscribed, "Which channels are followed?"),
    Operation("ping", protocol.Ping, Pong, "Is the server there, and what time is it?"),
    Operation("place", protocol.Place, OrderResult, "Place an order."),
    Operation("preview", protocol.PreviewOrder, Preview, "What would an order do now?"),
    Operation("amend", protocol.Amend, OrderResult, "Change price or quantity of an open order."),
    Operation("cancel", protocol.Cancel, OrderResult, "Cancel an open order."),
    Operation("cancel_all", protocol.CancelAll, CanceledOrders, "Cancel all open orders."),
    Operation("place_list", protocol.PlaceList, OrderListResult, "Place orders of one list."),
    Operation("cancel_list", protocol.CancelList, CanceledOrders, "Cancel what is open of a list."),
    Operation("countdown", protocol.SetCountdown, Countdown, "Arm or disarm a dead man's switch."),
    Operation("place_list", protocol.PlaceList, OrderListResult, "Place orders of one list."),
    Operation("cancel_list", protocol.CancelList, CanceledOrders, "Cancel what is open of a list."),
    Operation("countdown", protocol.SetCountdown, Countdown, "Arm or disarm a dead man's switch."),
    Operation("place_list", protocol.PlaceList, OrderListResult, "Place orders of one list."),
    Operation("cancel_list", protocol.CancelList, CanceledOrders, "Cancel what is open of a list."),
    Operation("countdown", protocol.SetCountdown, Countdown, "Arm or disarm a dead man's switch."),
)


class News(NamedTuple):
    """What a channel tells: which channels (a pattern), and the `type` of its messages."""

    name: str
    shape: type[Shape]
    channels: str
    types: tuple[str, ...]
    summary: str


_OF_ACCOUNT: Final = "^account:[0-9]+$"

NEWS: Final = (
    News("depth", shapes.DepthMessage, "^depth:", ("snapshot", "diff"), "The book of depth:SYMBOL"),
    News("trades", shapes.TradesMessage, "^trades:", ("trades",), "Trades of trades:SYMBOL"),
    News(
        "marks",
        shapes.MarksMessage,
        "^mark(s$|:)",
        ("snapshot", "marks"),
        "Prices of marks (all instruments) or mark:SYMBOL",
    ),
    News(
        "candles",
        shapes.CandlesMessage,
        "^candles:",
        ("snapshot", "candles"),
        "Candles of candles:SYMBOL:INTERVAL, perhaps with :MARK or :INDEX",
    ),
    News(
        "statistics",
        shapes.StatisticsMessage,
        "^statistics(:|$)",
        ("snapshot", "statistics"),
        "24 hours of statistics (all instruments) or statistics:SYMBOL",
    ),
    News(
        "liquidations",
        shapes.LiquidationsMessage,
        "^liquidations$",
        ("liquidations",),
        "Trades of liquidations",
    ),
    News("account", shapes.AccountSnapshot, _OF_ACCOUNT, ("snapshot",), "How an account stands"),
    News("orders", shapes.OrdersMessage, _OF_ACCOUNT, ("orders",), "Orders that changed"),
    News("fills", shapes.FillsMessage, _OF_ACCOUNT, ("fills",), "What was traded"),
    News("positions", shapes.PositionsMessage, _OF_ACCOUNT, ("positions",), "Changed positions"),
    News("wallets", shapes.WalletsMessage, _OF_ACCOUNT, ("wallets",), "Wallets that changed"),
    News("settings", shapes.SettingsMessage, _OF_ACCOUNT, ("settings",), "Leverage, margin mode"),
    News(
        "margin_calls",
        shapes.MarginCallsMessage,
        _OF_ACCOUNT,
        ("margin_calls",),
        "Margin calls as they come and end",
    ),
    News(
        "account_liquidations",
        shapes.LiquidationNoticesMessage,
        _OF_ACCOUNT,
        ("liquidations",),
        "Liquidations, step by step",
    ),
)


def document() -> Json:
    """The document as plain JSON values."""
    schemas, names = _schemas()
    messages = {name: {"name": name, "payload": _reference(name)} for name in names}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Margin exchange simulator, websocket",
            "version": simulator.__version__,
            "description": _DESCRIPTION,
        },
        "defaultContentType": "application/json",
        "servers": {"local": {"host": "127.0.0.1:8000", "protocol": "ws"}},
        "channels": {
            "websocket": {
                "address": "/v1/ws",
                "description": _DESCRIPTION,
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": _operations(),
        "components": {"messages": messages, "schemas": schemas},
    }


def _operations() -> Json:
    operations: Json = {}
    for each in OPERATIONS:
        operations[each.op] = {
            "action": "receive",
            "channel": {"$ref": _CHANNEL},
            "summary": each.summary,
            "messages": [_message(each.op)],
            "reply": {
                "channel": {"$ref": _CHANNEL},
                "messages": [_message(f"{each.op}_reply"), _message("error")],
            },
        }
    told = [(f"{news.name}_news", news.summary) for news in NEWS]
    told.append(("heartbeat", "Once a second of each world that the connection follows"))
    told.append(("resync", "News was lost; fresh snapshots follow"))
    for name, summary in told:
        operations[f"tell_{name}"] = {
            "action": "send",
            "channel": {"$ref": _CHANNEL},
            "summary": summary,
            "messages": [_message(name)],
        }
    return operations


def _schemas() -> tuple[Json, list[str]]:
    """All schemas by name, and the names of those that are messages."""
    requests = [each.request for each in OPERATIONS]
    results = [each.result for each in OPERATIONS]
    others = [protocol.Refused, protocol.Resync, shapes.Heartbeat]
    told_shapes = [news.shape for news in NEWS if news.shape is not shapes.PositionsMessage]
    wanted = [*requests, *results, *told_shapes, *others, Position, ClosedPosition]
    _, schemas = msgspec.json.schema_components(list(dict.fromkeys(wanted)), ref_template=_SCHEMA)
    schemas["PositionsMessage"] = _positions_message(schemas["WalletsMessage"])
    request_id = schemas["Refused"]["properties"]["id"]
    asked = {each.op: {"$ref": _schema_of(each.request)} for each in OPERATIONS}
    told: Json = {f"{each.op}_reply": _reply(each, request_id) for each in OPERATIONS}
    told |= {f"{news.name}_news": _news(news) for news in NEWS}
    told["error"] = {"$ref": _schema_of(protocol.Refused)}
    told["resync"] = {"$ref": _schema_of(protocol.Resync)}
    told["heartbeat"] = {
        "allOf": [
            {"$ref": _schema_of(shapes.Heartbeat)},
            {"properties": {"type": {"enum": ["heartbeat"]}}},
        ]
    }
    requested = {"anyOf": [_reference(name) for name in asked]}
    frames = {
        "ClientFrame": {"anyOf": [requested, {"type": "array", "items": requested}]},
        "ServerFrame": {
            "type": "array",
            "items": {"anyOf": [_reference(name) for name in told]},
        },
    }
    return schemas | asked | told | frames, [*asked, *told]


def _positions_message(similar: Json) -> Json:
    """msgspec describes no union of two structs, so this one is put together from another."""
    either = {"anyOf": [_reference("Position"), _reference("ClosedPosition")]}
    properties = similar["properties"] | {"items": {"type": "array", "items": either}}
    return similar | {"title": "PositionsMessage", "properties": properties}


def _reply(operation: Operation, request_id: Json) -> Json:
    return {
        "type": "object",
        "description": f"The answer to `{operation.op}`, under the id of the request.",
        "properties": {
            "type": {"enum": ["reply"]},
            "id": request_id,
            "result": {"$ref": _schema_of(operation.result)},
        },
        "required": ["type", "id", "result"],
    }


def _news(news: News) -> Json:
    return {
        "description": news.summary,
        "allOf": [
            {"$ref": _schema_of(news.shape)},
            {
                "properties": {
                    "type": {"enum": list(news.types)},
                    "channel": {"type": "string", "pattern": news.channels},
                }
            },
        ],
    }


def _schema_of(shape: type[msgspec.Struct]) -> str:
    return _SCHEMA.format(name=shape.__name__)


def _reference(name: str) -> Json:
    return {"$ref": _SCHEMA.format(name=name)}


def _message(name: str) -> Json:
    return {"$ref": f"{_CHANNEL}/messages/{name}"}
