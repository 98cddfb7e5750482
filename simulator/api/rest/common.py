"""What routes share: who calls, which account, how a body is read and an answer written."""

import asyncio
import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import msgspec
from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from simulator.api.access import Need
from simulator.api.callers import Caller, unknown_account
from simulator.api.errors import Forbidden, MalformedRequest, NotAuthenticated, malformed
from simulator.api.receipts import refusal_in
from simulator.api.service import Api, Door
from simulator.api.shapes.base import Page, Shape
from simulator.api.signatures import SignedRequest
from simulator.api.stream.readers import encode
from simulator.core.model.commands import AnyCommand
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.units import ID_LIMIT
from simulator.database import history_items, queries
from simulator.runtime.engine import Receipt
from simulator.runtime.world import World

Body = TypeVar("Body")
Row = TypeVar("Row", bound=history_items.Item)
Item = TypeVar("Item")
AShape = TypeVar("AShape", bound=Shape)

COOKIE = "simulator_token"
_BEARER = "bearer "
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_LONGEST_TIME = 16

# -- queries: an unknown parameter is refused, because a mistyped filter would filter nothing ------


class NoQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")


WorldOfAccount = Annotated[
    str | None, Query(description="The world of the account; by default the practice world.")
]
OneSymbol = Annotated[str | None, Query(description="Only this instrument.")]


class FormatQuery(NoQuery):
    """Of every list: see `rest.lists`."""

    format: Annotated[Literal["json", "csv"], Query(description="How the list is written.")] = (
        "json"
    )


class AccountQuery(NoQuery):
    world: WorldOfAccount = None


class WholeListQuery(FormatQuery):
    """Of a list of an account that is never long."""

    world: WorldOfAccount = None


class ListQuery(FormatQuery):
    after: Annotated[
        str | None, Query(max_length=64, description="The `next` of the page before.")
    ] = None
    limit: Annotated[
        int, Query(ge=1, le=queries.MOST_ITEMS, description="At most so many items.")
    ] = 100
    order: Annotated[
        Literal["NEWEST", "OLDEST"], Query(description="Which end of the list comes first.")
    ] = "NEWEST"

    def window(self) -> queries.Window:
        return queries.Window(self.after, self.limit, self.order == "NEWEST")


class AccountListQuery(ListQuery):
    world: WorldOfAccount = None


class AccountSymbolListQuery(AccountListQuery):
    symbol: OneSymbol = None


# -- who calls -------------------------------------------------------------------------------------


def api_of(request: Request) -> Api:
    api: Api = request.app.state.api
    return api


def host_of(request: Request) -> str:
    return "host:" + (request.client.host if request.client is not None else "unknown")


async def limit_by_host(request: Request) -> None:
    api_of(request).requests.take(host_of(request))


def csrf_token_of(token: str) -> str:
    """What a page must send beside its cookie; only who was told it at log-in can know it."""
    return hmac.new(token.encode("utf-8", "surrogatepass"), b"csrf", sha256).hexdigest()


async def authenticated(request: Request) -> Caller:
    """Whose signature, bearer token or cookie it is, in this order.

    Raises:
        NotAuthenticated, RateLimited: it is nobody's, or too often.
        Forbidden: a cookie without its CSRF token.
    """
    api = api_of(request)
    try:
        caller = await _identified(request, api)
    except (NotAuthenticated, Forbidden):
        api.requests.take(host_of(request))
        raise
    api.requests.take(caller.user.user_id)
    return caller


async def _identified(request: Request, api: Api) -> Caller:
    headers = request.headers
    if "x-api-key" in headers:
        return await api.callers.of_signature(await _signed(request))
    bearer = headers.get("authorization", "")
    if bearer[: len(_BEARER)].lower() == _BEARER:
        return await api.callers.of_token(bearer[len(_BEARER) :].strip())
    token = request.cookies.get(COOKIE)
    if token is None:
        raise NotAuthenticated("this needs the header `Authorization: Bearer <token>`")
    caller = await api.callers.of_token(token)
    if request.method not in _SAFE_METHODS:
        given = headers.get("x-csrf-token", "").encode()
        if not hmac.compare_digest(given, csrf_token_of(token).encode()):
            raise Forbidden("a cookie needs the header X-CSRF-Token here", "BAD_CSRF_TOKEN")
    return caller


async def _signed(request: Request) -> SignedRequest:
    headers = request.headers
    timestamp = headers.get("x-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= _LONGEST_TIME):
        raise NotAuthenticated("X-Timestamp should be milliseconds since 1970", "BAD_SIGNATURE")
    target = request.scope["raw_path"].decode("latin-1")
    if request.url.query:
        target += "?" + request.scope["query_string"].decode("latin-1")
    return SignedRequest(
        headers["x-api-key"],
        int(timestamp),
        headers.get("x-signature", ""),
        request.method,
        target,
        await request.body(),
    )


async def admitted(request: Request) -> Caller | None:
    """Lets in who may use the route, as `access` says; none: anybody may.

    Raises:
        NotAuthenticated, RateLimited: see `authenticated`.
        Forbidden: an API key without the scope.
    """
    need = _need(request)
    if need is Need.PUBLIC:
        return None
    caller = await authenticated(request)
    caller.require(need)
    return caller


def _need(request: Request) -> Need:
    need: Need = request.app.state.needs[request.scope["endpoint"]]
    return need


async def the_caller(caller: Annotated[Caller | None, Depends(admitted)]) -> Caller:
    if caller is None:
        raise AssertionError("a public route has no caller")
    return caller


TheCaller = Annotated[Caller, Depends(the_caller)]
RecordIdPath = Annotated[int, Path(ge=1, lt=ID_LIMIT)]


class OwnAccount(NamedTuple):
    """An account of the caller, and the door of its world."""

    door: Door
    account_id: int
    label: str
    caller: Caller


async def own_account(request: Request, account: RecordIdPath, caller: TheCaller) -> OwnAccount:
    """Raises NotFound for an account that is not the caller's, nor for an admin to read."""
    api = api_of(request)
    world_id = request.query_params.get("world", api.context.default_world)
    linked = caller.accounts.get((world_id, account))
    if linked is None and caller.is_admin and _need(request) is Need.READ:
        linked = await asyncio.to_thread(api.context.identities.find_account, world_id, account)
    if linked is None:
        raise unknown_account()
    return OwnAccount(api.door_to(world_id, account), account, linked.label, caller)


Own = Annotated[OwnAccount, Depends(own_account)]


async def _world(request: Request, world: str) -> Door:
    return api_of(request).door(world)


OneWorld = Annotated[Door, Depends(_world)]
"""The door of the world that the path names. Raises NotFound."""

# -- bodies and answers ----------------------------------------------------------------------------


async def read_body(request: Request, decoder: msgspec.json.Decoder[Body]) -> Body:
    """Raises MalformedRequest."""
    try:
        return decoder.decode(await request.body())
    except (ValueError, RecursionError) as error:
        raise malformed(error) from error


def answer(shape: Shape, status: int = 200) -> Response:
    return Response(encode(shape), status, media_type="application/json")


async def durable(world: World, shape: AShape) -> AShape:
    """The shape, once all that it may have been read from is on disk."""
    await world.committed()
    return shape


async def submit(
    door: Door,
    command: AnyCommand,
    instrument_id: int | None = None,
    asset_id: int = VALUATION_ASSET,
) -> Receipt:
    """Submits a command other than an order; amounts of a refusal are of the asset.

    Raises:
        ApiProblem: it was refused.
        WorldUnavailable: the world does not take it.
    """
    receipt = await door.world.submit(command)
    problem = refusal_in(door.numbers, receipt, instrument_id, asset_id)
    if problem is not None:
        raise problem
    return receipt


async def history(
    door: Door, read: Callable[[], queries.Page[Row]], shape: Callable[[Row], Item]
) -> Page[Item]:
    """A page from the database. Raises MalformedRequest for a cursor that is none."""
    seq = door.world.committed_seq
    rows = await blocking(read)
    return Page(items=[shape(row) for row in rows.items], next=rows.next, seq=seq)


async def blocking(read: Callable[[], Item]) -> Item:
    """Runs a query in a thread. Raises MalformedRequest if it refuses its arguments."""
    try:
        return await asyncio.to_thread(read)
    except ValueError as error:
        raise MalformedRequest(str(error)) from error


def decoder(shape: type[Any]) -> Any:
    return msgspec.json.Decoder(shape)
