"""Several orders at once: lists, batches, and the dead man's switch."""

import asyncio
from typing import Annotated

from fastapi import Query, Request, Response

from simulator.api.documents import route
from simulator.api.errors import ApiProblem, as_problem
from simulator.api.order_entry import (
    canceled_orders,
    changed,
    countdown_as_it_stands,
    countdown_command,
    find_order,
    list_command,
    open_order,
    place_command,
    repeated_list,
)
from simulator.api.receipts import placed, placed_list, refusal_in
from simulator.api.rest.common import (
    AccountQuery,
    Own,
    RecordIdPath,
    answer,
    api_of,
    decoder,
    durable,
    read_body,
    submit,
)
from simulator.api.rest.routing import v1_router
from simulator.api.shapes import orders as shapes
from simulator.api.wire import InstrumentNumbers, milliseconds
from simulator.core.model.commands import CancelOrder, CancelOrderList
from simulator.core.model.events import OrderRepeated
from simulator.core.state.records import Order
from simulator.database.queries import Histories
from simulator.runtime.engine import Receipt
from simulator.runtime.errors import WorldUnavailable

router = v1_router("orders", "/accounts/{account}")

InWorld = Annotated[AccountQuery, Query()]
_list_decoder = decoder(shapes.OrderListRequest)
_batch_decoder = decoder(shapes.BatchRequest)
_batch_cancel_decoder = decoder(shapes.BatchCancelRequest)
_countdown_decoder = decoder(shapes.CountdownRequest)


@router.post(
    "/orders/lists",
    **route(shapes.OrderListResult, status=(201, 200), body=shapes.OrderListRequest, private=True),
)
async def place_order_list(request: Request, own: Own, query: InWorld) -> Response:
    """ORD-1: OCO, OTO or OTOCO. 201: accepted. 200: a repetition. 409: refused as a whole."""
    body: shapes.OrderListRequest = await read_body(request, _list_decoder)
    api = api_of(request)
    for _ in body.orders:
        api.orders.take(own.caller.user.user_id)
    command = list_command(own.door, own.account_id, body)
    of = own.door.numbers.by_id(command.orders[0].instrument_id)
    receipt = await own.door.world.submit(command)
    outcome = placed_list(own.door.numbers, of, receipt)
    if not isinstance(outcome, OrderRepeated):
        return answer(outcome, 201)
    histories = api.context.histories
    repeated = repeated_list(own.door, histories, own.account_id, receipt, body.list_type)
    return answer(await repeated)


@router.delete("/orders/lists/{order_id}", **route(shapes.CanceledOrders, private=True))
async def cancel_order_list(
    request: Request, own: Own, order_id: RecordIdPath, query: InWorld
) -> Response:
    """Cancels all open orders of the list whose first order this is; 404 if there is none."""
    api_of(request).orders.take(own.caller.user.user_id)
    receipt = await submit(own.door, CancelOrderList(own.account_id, order_id))
    return answer(canceled_orders(receipt, own.account_id))


# -- batches -------------------------------------------------------------------------------------


@router.post("/orders/batch", **route(shapes.BatchResult, body=shapes.BatchRequest, private=True))
async def place_orders(request: Request, own: Own, query: InWorld) -> Response:
    """ORD-8: up to 20 orders, queued together; each is accepted or refused by itself."""
    body: shapes.BatchRequest = await read_body(request, _batch_decoder)
    api, door = api_of(request), own.door
    started: list[tuple[InstrumentNumbers, asyncio.Future[Receipt]] | ApiProblem] = []
    for order in body.orders:
        try:
            api.orders.take(own.caller.user.user_id)
            of = door.numbers.by_symbol(order.symbol)
            command = place_command(of, own.account_id, order)
            started.append((of, door.world.submit(command)))
        except (ApiProblem, WorldUnavailable) as error:
            started.append(as_problem(error))
    items = []
    for each in started:
        items.append(await _item_of_place(own, api.context.histories, each))
    return answer(shapes.BatchResult(items=items))


async def _item_of_place(
    own: Own,
    histories: Histories,
    started: "tuple[InstrumentNumbers, asyncio.Future[Receipt]] | ApiProblem",
) -> shapes.BatchItem:
    if isinstance(started, ApiProblem):
        return shapes.BatchItem(error=started.shape())
    of, future = started
    try:
        receipt = await future
        outcome = placed(own.door.numbers, of, receipt)
        if isinstance(outcome, OrderRepeated):
            if outcome.order_id is None:
                raise AssertionError("a repeated order that was not refused has an id")
            order, seq = await find_order(own.door, histories, own.account_id, outcome.order_id)
            time = milliseconds(receipt.time_ns)
            outcome = shapes.OrderResult(order=order, fills=[], seq=seq, time=time, repeated=True)
        return shapes.BatchItem(result=outcome)
    except (ApiProblem, WorldUnavailable) as error:
        return shapes.BatchItem(error=as_problem(error).shape())


@router.post(
    "/orders/batch-cancel",
    **route(shapes.BatchResult, body=shapes.BatchCancelRequest, private=True),
)
async def cancel_orders(request: Request, own: Own, query: InWorld) -> Response:
    """ORD-8: up to 20 cancels, queued together; each has its own result."""
    body: shapes.BatchCancelRequest = await read_body(request, _batch_cancel_decoder)
    api, door = api_of(request), own.door
    started: list[tuple[Order, asyncio.Future[Receipt]] | ApiProblem] = []
    for order_id in body.order_ids:
        try:
            api.orders.take(own.caller.user.user_id)
            record = open_order(door, own.account_id, order_id)
            future = door.world.submit(CancelOrder(own.account_id, order_id))
            started.append((record, future))
        except (ApiProblem, WorldUnavailable) as error:
            started.append(as_problem(error))
    items = []
    for each in started:
        try:
            if isinstance(each, ApiProblem):
                raise each
            record, future = each
            receipt = await future
            problem = refusal_in(door.numbers, receipt, record.instrument_id)
            if problem is not None:
                raise problem
            result = await durable(door.world, changed(door, record, receipt))
            items.append(shapes.BatchItem(result=result))
        except (ApiProblem, WorldUnavailable) as error:
            items.append(shapes.BatchItem(error=as_problem(error).shape()))
    return answer(shapes.BatchResult(items=items))


# -- dead man's switch ---------------------------------------------------------------------------


@router.put("/countdown", **route(shapes.Countdown, body=shapes.CountdownRequest, private=True))
async def set_countdown(request: Request, own: Own, query: InWorld) -> Response:
    """ORD-8: cancels all open orders when the time is over, unless this is sent again."""
    body: shapes.CountdownRequest = await read_body(request, _countdown_decoder)
    api_of(request).orders.take(own.caller.user.user_id)
    command = countdown_command(own.door, own.account_id, body)
    receipt = await submit(own.door, command, command.instrument_id)
    instrument_id = command.instrument_id
    shape = countdown_as_it_stands(own.door, own.account_id, instrument_id, receipt.seq)
    return answer(await durable(own.door.world, shape))


@router.get("/countdown", **route(shapes.Countdowns, private=True))
async def list_countdowns(request: Request, own: Own, query: InWorld) -> Response:
    """The switches of the account that are armed."""
    state = own.door.world.state
    items = [
        countdown_as_it_stands(own.door, own.account_id, instrument_id, state.seq)
        for account_id, instrument_id in state.countdowns
        if account_id == own.account_id
    ]
    return answer(await durable(own.door.world, shapes.Countdowns(items=items)))
