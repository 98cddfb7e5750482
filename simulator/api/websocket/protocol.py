"""What a client may say over the websocket, and how it is answered.

A frame is one request or an array of them; each names its `op`, and its answer carries its `id`.
Requests about an account name it, unless `auth` did.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Final

import msgspec

from simulator.api.errors import malformed
from simulator.api.shapes.accounts import Account
from simulator.api.shapes.base import Problem, RecordId, RequestShape, Shape, Symbol
from simulator.api.shapes.orders import (
    AmendRequest,
    CanceledOrders,
    Countdown,
    CountdownRequest,
    OrderListRequest,
    OrderListResult,
    OrderRequest,
    OrderResult,
    Preview,
)

RequestId = (
    Annotated[int, msgspec.Meta(ge=-(1 << 53), le=1 << 53)]
    | Annotated[str, msgspec.Meta(max_length=64)]
    | None
)
ChannelName = Annotated[str, msgspec.Meta(max_length=80)]
WorldName = Annotated[str, msgspec.Meta(max_length=64)] | None


class Auth(RequestShape, tag_field="op", tag="auth", kw_only=True):
    """Names the caller by a token, or by an API key with a signature of `GET /v1/ws`.

    `account_id` is then meant wherever a request names none.
    """

    token: str | None = None
    api_key: str | None = None
    timestamp: int | None = None
    signature: str | None = None
    id: RequestId = None
    account_id: RecordId | None = None
    world: WorldName = None
    cancel_on_disconnect: bool = False
    """Cancel all open orders of this account when the connection or the login ends (ORD-8)."""


class Subscribe(RequestShape, tag_field="op", tag="subscribe", kw_only=True):
    """`since`: of accounts, what was told after this seq comes instead of a snapshot.

    Where that is not remembered the answer is the error SINCE_TOO_OLD; the channels are joined all
    the same, and a snapshot comes.
    """

    channels: Annotated[list[ChannelName], msgspec.Meta(min_length=1, max_length=100)]
    id: RequestId = None
    world: WorldName = None
    since: Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)] | None = None


class Unsubscribe(RequestShape, tag_field="op", tag="unsubscribe", kw_only=True):
    channels: Annotated[list[ChannelName], msgspec.Meta(min_length=1, max_length=100)]
    id: RequestId = None
    world: WorldName = None


class ListChannels(RequestShape, tag_field="op", tag="list", kw_only=True):
    """Which channels of a world the connection follows."""

    id: RequestId = None
    world: WorldName = None


class Ping(RequestShape, tag_field="op", tag="ping", kw_only=True):
    id: RequestId = None


class Place(OrderRequest, tag_field="op", tag="place", kw_only=True):
    id: RequestId = None
    account_id: RecordId | None = None
    world: WorldName = None


class PreviewOrder(OrderRequest, tag_field="op", tag="preview", kw_only=True):
    """What the order of `place` would do now. Nothing is done."""

    id: RequestId = None
    account_id: RecordId | None = None
    world: WorldName = None


class Amend(AmendRequest, tag_field="op", tag="amend", kw_only=True):
    order_id: RecordId
    id: RequestId = None
    account_id: RecordId | None = None
    world: WorldName = None


class Cancel(RequestShape, tag_field="op", tag="cancel", kw_only=True):
    order_id: RecordId
    id: RequestId = None
    account_id: RecordId | None = None
    world: WorldName = None


class CancelAll(RequestShape, tag_field="op", tag="cancel_all", kw_only=True):
    symbol: Symbol | None = None
    id: RequestId = None
    account_id: RecordId | None = None
    world: WorldName = None


class PlaceList(OrderListRequest, tag_field="op", tag="place_list", kw_only=True):
    id: RequestId = None
    account_id: RecordId | None = None
    world: WorldName = None


class CancelList(RequestShape, tag_field="op", tag="cancel_list", kw_only=True):
    list_id: RecordId
    id: RequestId = None
    account_id: RecordId | None = None
    world: WorldName = None


class SetCountdown(CountdownRequest, tag_field="op", tag="countdown", kw_only=True):
    id: RequestId = None
    account_id: RecordId | None = None
    world: WorldName = None


AccountRequest = (
    Place | PreviewOrder | Amend | Cancel | CancelAll | PlaceList | CancelList | SetCountdown
)
AnyRequest = Auth | Subscribe | Unsubscribe | ListChannels | Ping | AccountRequest


class Authenticated(Shape, frozen=True):
    user_id: str
    accounts: list[Account]


class Subscribed(Shape, frozen=True):
    """All channels of the connection in this world, after the request (if it changed them)."""

    world: str
    channels: list[str]


class Pong(Shape, frozen=True):
    server_time: int


Result = (
    Authenticated
    | Subscribed
    | Pong
    | OrderResult
    | Preview
    | CanceledOrders
    | OrderListResult
    | Countdown
)


class Reply(Shape, frozen=True, tag_field="type", tag="reply"):
    id: RequestId
    result: Result


class Refused(Shape, frozen=True, tag_field="type", tag="error"):
    """`id` is null for a frame that could not be read."""

    id: RequestId
    error: Problem


class Resync(Shape, frozen=True, tag_field="type", tag="resync"):
    """The reader was too slow and lost news; fresh snapshots of all its channels follow."""

    channels: list[str]


class _JustId(msgspec.Struct):
    id: RequestId = None


_FRAME_BYTES: Final = 128 * 1024
"""A frame is closed once it is longer: many clients refuse one of more than 1 MiB."""

_request: msgspec.json.Decoder[AnyRequest] = msgspec.json.Decoder(AnyRequest)
_several = msgspec.json.Decoder(list[msgspec.Raw])
_just_id = msgspec.json.Decoder(_JustId)


def split_frame(frame: bytes) -> list[msgspec.Raw] | list[bytes]:
    """The requests of a frame, not read yet. Raises MalformedRequest."""
    if frame[:1] != b"[":
        return [frame]
    try:
        return _several.decode(frame)
    except (ValueError, RecursionError) as error:
        raise malformed(error) from error


def read_request(data: msgspec.Raw | bytes) -> AnyRequest:
    """Raises MalformedRequest."""
    try:
        return _request.decode(data)
    except (ValueError, RecursionError) as error:
        raise malformed(error) from error


def find_id(data: msgspec.Raw | bytes) -> RequestId:
    """The id of a request that could not be read otherwise; none if that is unreadable too."""
    try:
        return _just_id.decode(data).id
    except (ValueError, RecursionError):
        return None


def frames_of(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Arrays of the encoded messages, in order; a part may be several messages with commas."""
    frame: list[bytes] = []
    size = 0
    for part in parts:
        frame.append(part)
        size += len(part)
        if size >= _FRAME_BYTES:
            yield b"[" + b",".join(frame) + b"]"
            frame, size = [], 0
    if frame:
        yield b"[" + b",".join(frame) + b"]"
