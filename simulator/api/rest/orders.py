"""Orders: preview, place, amend, cancel, list."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from simulator.api import history_shapes, present
from simulator.api.documents import route
from simulator.api.order_entry import (
    amend_command,
    changed,
    find_order,
    open_order,
    open_order_page,
    place_command,
)
from simulator.api.receipts import placed
from simulator.api.rest.common import (
    AccountQuery,
    AccountSymbolListQuery,
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
from simulator.api.shapes import orders as shapes
from simulator.api.shapes.base import Page
from simulator.api.wire import milliseconds
from simulator.core import views
from simulator.core.model.commands import CancelAllOrders, CancelOrder
from simulator.core.model.events import OrderCanceled, OrderRepeated

router = APIRouter(prefix="/accounts/{account}/orders", tags=["orders"])

InWorld = Annotated[AccountQuery, Query()]

_order_decoder = decoder(shapes.OrderRequest)
_amend_decoder = decoder(shapes.AmendRequest)


class OrdersQuery(AccountSymbolListQuery):
    status: Literal["OPEN", "ALL"] = "OPEN"


class CancelAllQuery(AccountQuery):
    symbol: str | None = None


@router.post("", **route(shapes.OrderResult, status=201, body=shapes.OrderRequest, private=True))
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


@router.get("", **route(Page[shapes.Order], private=True))
async def list_orders(
    request: Request, own: Own, query: Annotated[OrdersQuery, Query()]
) -> Response:
    """Open orders, or with `status=ALL` all that there ever were."""
    door, account_id = own.door, own.account_id
    instrument_id = None
    if query.symbol is not None:
        instrument_id = door.numbers.by_symbol(query.symbol).instrument_id
    if query.status == "OPEN":
        page = open_order_page(door, account_id, instrument_id, query.window())
        return answer(await durable(door.world, page))
    histories, world_id = api_of(request).context.histories, door.world.world_id
    window = query.window()
    found = await history(
        door,
        lambda: histories.orders(world_id, account_id, window, instrument_id=instrument_id),
        lambda row: history_shapes.order_from_history(door.numbers, row),
    )
    return answer(found)


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
    instrument_id = None
    if query.symbol is not None:
        instrument_id = own.door.numbers.by_symbol(query.symbol).instrument_id
    receipt = await submit(own.door, CancelAllOrders(own.account_id, instrument_id))
    order_ids = [
        event.order_id
        for event in receipt.events
        if isinstance(event, OrderCanceled) and event.account_id == own.account_id
    ]
    return answer(shapes.CanceledOrders(order_ids=order_ids, seq=receipt.seq))
