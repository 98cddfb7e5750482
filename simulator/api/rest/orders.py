"""Orders: preview, place, amend, cancel, list."""

from typing import Annotated, Literal

from fastapi import Path, Query, Request, Response

from simulator.api import history_shapes, present
from simulator.api.documents import route
from simulator.api.order_entry import (
    amend_command,
    canceled_orders,
    changed,
    find_client_order,
    find_order,
    open_order,
    open_order_page,
    place_command,
)
from simulator.api.receipts import placed
from simulator.api.rest.common import (
    AccountQuery,
    AccountSymbolListQuery,
    OneSymbol,
    Own,
    RecordIdPath,
    answer,
    api_of,
    decoder,
    durable,
    history,
    read_body,
    submit,
)
from simulator.api.rest.lists import answer_list
from simulator.api.rest.routing import v1_router
from simulator.api.shapes import orders as shapes
from simulator.api.shapes.base import Page
from simulator.api.wire import milliseconds
from simulator.core import views
from simulator.core.model.commands import CancelAllOrders, CancelOrder
from simulator.core.model.events import OrderRepeated

router = v1_router("orders", "/accounts/{account}/orders")

InWorld = Annotated[AccountQuery, Query()]
ClientOrderIdPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:/-]{1,64}$")]

_order_decoder = decoder(shapes.OrderRequest)
_amend_decoder = decoder(shapes.AmendRequest)


class OrdersQuery(AccountSymbolListQuery):
    status: Annotated[
        Literal["OPEN", "ALL"], Query(description="Only open orders, or ended ones, too.")
    ] = "OPEN"


class CancelAllQuery(AccountQuery):
    symbol: OneSymbol = None


@router.post(
    "",
    **route(shapes.OrderResult, status=(201, 200), body=shapes.OrderRequest, private=True),
)
async def place_order(request: Request, own: Own, query: InWorld) -> Response:
    """ORD-1 to ORD-7. 201: accepted. 200: a repetition. 409: refused, with reason and numbers."""
    api = api_of(request)
    body: shapes.OrderRequest = await read_body(request, _order_decoder)
    api.orders.take(own.caller.user.user_id)
    of = own.door.numbers.by_symbol(body.symbol)
    receipt = await own.door.world.submit(place_command(of, own.account_id, body))
    outcome = placed(own.door.numbers, of, receipt)
    if not isinstance(outcome, OrderRepeated):
        return answer(outcome, 201)
    if outcome.order_id is None:
        raise AssertionError("a repeated order that was not refused has an id")
    order, seq = await find_order(own.door, api.context.histories, own.account_id, outcome.order_id)
    time = milliseconds(receipt.time_ns)
    return answer(shapes.OrderResult(order=order, fills=[], seq=seq, time=time, repeated=True))


@router.post("/preview", **route(shapes.Preview, body=shapes.OrderRequest, private=True))
async def preview_order(request: Request, own: Own, query: InWorld) -> Response:
    """What the order would do now; the check is the one that the order itself would meet."""
    body: shapes.OrderRequest = await read_body(request, _order_decoder)
    door = own.door
    of = door.numbers.by_symbol(body.symbol)
    view = views.preview(door.world.state, place_command(of, own.account_id, body))
    return answer(await durable(door.world, present.preview(door.numbers, of, view, door.world)))


@router.get("", **route(Page[shapes.Order], private=True, is_list=True))
async def list_orders(
    request: Request, own: Own, query: Annotated[OrdersQuery, Query()]
) -> Response:
    """Open orders, or with `status=ALL` all that there ever were."""
    if query.status == "ALL":
        return await _history(request, own, query)
    page = open_order_page(own.door, own.account_id, _instrument(own, query.symbol), query.window())
    return answer_list(query, await durable(own.door.world, page), shapes.Order)


@router.get("/history", **route(Page[shapes.Order], private=True, is_list=True))
async def list_order_history(
    request: Request, own: Own, query: Annotated[AccountSymbolListQuery, Query()]
) -> Response:
    """All orders that there ever were, open and ended, as they stand in the database."""
    return await _history(request, own, query)


async def _history(request: Request, own: Own, query: AccountSymbolListQuery) -> Response:
    door, account_id, window = own.door, own.account_id, query.window()
    histories, world_id = api_of(request).context.histories, door.world.world_id
    instrument_id = _instrument(own, query.symbol)
    page = await history(
        door,
        lambda: histories.orders(world_id, account_id, window, instrument_id=instrument_id),
        lambda row: history_shapes.order_from_history(door.numbers, row),
    )
    return answer_list(query, page, shapes.Order)


def _instrument(own: Own, symbol: str | None) -> int | None:
    return None if symbol is None else own.door.numbers.by_symbol(symbol).instrument_id


@router.get("/by-client-id/{client_order_id:path}", **route(shapes.OrderAnswer, private=True))
async def get_order_by_client_id(
    request: Request, own: Own, client_order_id: ClientOrderIdPath, query: InWorld
) -> Response:
    """The newest order of the account under this id of its own, open or ended."""
    histories = api_of(request).context.histories
    order_id = await find_client_order(own.door, histories, own.account_id, client_order_id)
    order, seq = await find_order(own.door, histories, own.account_id, order_id)
    return answer(shapes.OrderAnswer(order=order, seq=seq))


@router.get("/{order_id}", **route(shapes.OrderAnswer, private=True))
async def get_order(request: Request, own: Own, order_id: RecordIdPath, query: InWorld) -> Response:
    """An order of the account, open or ended."""
    histories = api_of(request).context.histories
    order, seq = await find_order(own.door, histories, own.account_id, order_id)
    return answer(shapes.OrderAnswer(order=order, seq=seq))


@router.patch("/{order_id}", **route(shapes.OrderResult, body=shapes.AmendRequest, private=True))
async def amend_order(
    request: Request, own: Own, order_id: RecordIdPath, query: InWorld
) -> Response:
    """ORD-8: a lower quantity keeps the order's place in the queue, anything else loses it."""
    body: shapes.AmendRequest = await read_body(request, _amend_decoder)
    api_of(request).orders.take(own.caller.user.user_id)
    record = open_order(own.door, own.account_id, order_id)
    of = own.door.numbers.by_id(record.instrument_id)
    command = amend_command(of, own.account_id, order_id, body)
    receipt = await submit(own.door, command, of.instrument_id)
    return answer(await durable(own.door.world, changed(own.door, record, receipt)))


@router.delete("/{order_id}", **route(shapes.OrderResult, private=True))
async def cancel_order(
    request: Request, own: Own, order_id: RecordIdPath, query: InWorld
) -> Response:
    """Cancels an open order; 404 if there is none (any more)."""
    api_of(request).orders.take(own.caller.user.user_id)
    record = open_order(own.door, own.account_id, order_id)
    receipt = await submit(own.door, CancelOrder(own.account_id, order_id))
    return answer(await durable(own.door.world, changed(own.door, record, receipt)))


@router.delete("", **route(shapes.CanceledOrders, private=True))
async def cancel_all_orders(
    request: Request, own: Own, query: Annotated[CancelAllQuery, Query()]
) -> Response:
    """Cancels all open orders of the account, or those on one instrument."""
    api_of(request).orders.take(own.caller.user.user_id)
    instrument_id = _instrument(own, query.symbol)
    receipt = await submit(own.door, CancelAllOrders(own.account_id, instrument_id))
    return answer(canceled_orders(receipt, own.account_id))
