"""What routes share: who calls, which account, how a body is read and an answer written."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import msgspec
from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from simulator.api.callers import Caller
from simulator.api.errors import MalformedRequest, NotAuthenticated, malformed
from simulator.api.receipts import refusal_in
from simulator.api.service import Api, Door
from simulator.api.shapes.base import Page, Shape
from simulator.api.stream.readers import encode
from simulator.core.model.commands import AnyCommand
from simulator.core.model.units import ID_LIMIT
from simulator.database import queries
from simulator.runtime.engine import Receipt
from simulator.runtime.world import World

Body = TypeVar("Body")
Row = TypeVar("Row", bound=queries.Item)
Item = TypeVar("Item")
AShape = TypeVar("AShape", bound=Shape)

_BEARER = "bearer "

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


def limit_by_host(request: Request) -> None:
    api_of(request).requests.take(host_of(request))


async def authenticated(request: Request) -> Caller:
    """Raises NotAuthenticated, RateLimited."""
    header = request.headers.get("authorization", "")
    api = api_of(request)
    if header[: len(_BEARER)].lower() != _BEARER:
        api.requests.take(host_of(request))
        raise NotAuthenticated("this needs the header `Authorization: Bearer <token>`")
    try:
        caller = await api.callers.of_token(header[len(_BEARER) :].strip())
    except NotAuthenticated:
        api.requests.take(host_of(request))
        raise
    api.requests.take(caller.user.user_id)
    return caller


TheCaller = Annotated[Caller, Depends(authenticated)]
RecordIdPath = Annotated[int, Path(ge=1, lt=ID_LIMIT)]


class OwnAccount(NamedTuple):
    """An account of the caller, and the door of its world."""

    door: Door
    account_id: int
    label: str
    caller: Caller


async def own_account(request: Request, account: RecordIdPath, caller: TheCaller) -> OwnAccount:
    """Raises NotFound for an account that is not the caller's."""
    api = api_of(request)
    world_id = request.query_params.get("world", api.context.default_world)
    door = api.door_of(caller, world_id, account)
    return OwnAccount(door, account, caller.account(world_id, account).label, caller)


Own = Annotated[OwnAccount, Depends(own_account)]

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


async def submit(door: Door, command: AnyCommand, instrument_id: int | None = None) -> Receipt:
    """Submits a command other than an order.

    Raises:
        ApiProblem: it was refused.
        WorldUnavailable: the world does not take it.
    """
    receipt = await door.world.submit(command)
    problem = refusal_in(door.numbers, receipt, instrument_id)
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
