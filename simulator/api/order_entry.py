"""From an order request to its command, from an id to the order: for REST and websocket alike."""

import asyncio

from simulator.api import names, present
from simulator.api.errors import MalformedRequest, NotFound
from simulator.api.history_shapes import order_from_history
from simulator.api.receipts import fills_of
from simulator.api.service import Door
from simulator.api.shapes.base import ListTypeName, Page
from simulator.api.shapes.orders import (
    AmendRequest,
    CanceledOrders,
    Countdown,
    CountdownRequest,
    Order,
    OrderListRequest,
    OrderListResult,
    OrderRequest,
    OrderResult,
)
from simulator.api.wire import NS_PER_MS, InstrumentNumbers, milliseconds, parse_rate
from simulator.core.model.commands import (
    AmendOrder,
    CountdownCancelAll,
    PlaceOrder,
    PlaceOrderList,
)
from simulator.core.model.enums import ListType
from simulator.core.model.events import OrderCanceled, OrderRepeated
from simulator.core.model.rejects import REJECT_TEXTS, RejectReason
from simulator.core.model.triggers import Trigger, waits
from simulator.core.state.records import Order as OrderRecord
from simulator.database.queries import Histories, Window, parse_cursor
from simulator.runtime.engine import Receipt


def place_command(
    of: InstrumentNumbers, account_id: int, request: OrderRequest, sized: bool = True
) -> PlaceOrder:
    """An order that is not `sized` gets its quantity from an entry's fills.

    Raises MalformedRequest, or RefusedByRule for a price or quantity finer than any step.
    """
    quantity = 0
    if request.quantity is not None:
        quantity = of.parse_quantity(request.quantity)
    elif sized and not request.close_position:
        raise MalformedRequest("quantity: it is missing")
    order_type = names.ORDER_TYPES[request.order_type]
    price, expires = request.price, request.expires
    return PlaceOrder(
        account_id,
        of.instrument_id,
        names.SIDES[request.side],
        order_type,
        quantity,
        None if price is None else of.parse_price(price),
        names.TIMES_IN_FORCE[request.time_in_force],
        request.post_only,
        request.reduce_only,
        request.keep_margin,
        request.client_order_id,
        names.position_side(request.position_side),
        _trigger(of, request) if waits(order_type) else None,
        request.close_position,
        None if expires is None else expires * NS_PER_MS,
        names.SELF_TRADE_PREVENTIONS[request.self_trade_prevention],
        request.auto_borrow,
        request.auto_repay,
    )


def _trigger(of: InstrumentNumbers, request: OrderRequest) -> Trigger:
    rate = request.callback_rate
    return Trigger(
        names.TRIGGER_SOURCES[request.trigger_source],
        of.parse_optional_price(request.trigger_price, "trigger_price"),
        None if rate is None else parse_rate(rate, "callback_rate"),
        of.parse_optional_price(request.activation_price, "activation_price"),
    )


def list_command(door: Door, account_id: int, request: OrderListRequest) -> PlaceOrderList:
    """Raises NotFound, MalformedRequest, or RefusedByRule as `place_command`."""
    list_type = names.LIST_TYPES[request.list_type]
    return PlaceOrderList(
        account_id,
        list_type,
        tuple(
            place_command(
                door.numbers.by_symbol(order.symbol),
                account_id,
                order,
                sized=list_type is ListType.OCO or number == 0,
            )
            for number, order in enumerate(request.orders)
        ),
    )


def countdown_command(door: Door, account_id: int, request: CountdownRequest) -> CountdownCancelAll:
    """Raises NotFound."""
    symbol, countdown = request.symbol, request.countdown
    return CountdownCancelAll(
        account_id,
        None if countdown is None else countdown * NS_PER_MS,
        None if symbol is None else door.numbers.by_symbol(symbol).instrument_id,
    )


def countdown_as_it_stands(
    door: Door, account_id: int, instrument_id: int | None, seq: int
) -> Countdown:
    due_ns = door.world.state.countdowns.get((account_id, instrument_id))
    return Countdown(
        symbol=None if instrument_id is None else door.numbers.symbol(instrument_id),
        due=None if due_ns is None else milliseconds(due_ns),
        seq=seq,
    )


def amend_command(
    of: InstrumentNumbers, account_id: int, order_id: int, request: AmendRequest
) -> AmendOrder:
    """Raises MalformedRequest, or RefusedByRule for a price or quantity finer than any step."""
    price, quantity = request.price, request.quantity
    return AmendOrder(
        account_id,
        order_id,
        None if price is None else of.parse_price(price),
        None if quantity is None else of.parse_quantity(quantity),
        of.parse_optional_price(request.trigger_price, "trigger_price"),
    )


def unknown_order() -> NotFound:
    reason = RejectReason.UNKNOWN_ORDER
    return NotFound(REJECT_TEXTS[reason], reason.name)


def open_order(door: Door, account_id: int, order_id: int) -> OrderRecord:
    """An open order's record; it goes on telling how the order stands, and how it ended.

    Raises:
        NotFound: the account has no such open order.
    """
    record = door.world.state.orders.get(order_id)
    if record is None or record.account_id != account_id:
        raise unknown_order()
    return record


def changed(door: Door, record: OrderRecord, receipt: Receipt) -> OrderResult:
    """The answer to an amend or a cancel: the order as it stands now.

    It may stand at a later seq than the receipt's, not durable yet.
    """
    of = door.numbers.by_id(record.instrument_id)
    return OrderResult(
        order=present.order(of, record),
        fills=fills_of(door.numbers, of, record.order_id, receipt),
        seq=receipt.seq,
        time=milliseconds(receipt.time_ns),
    )


async def find_order(
    door: Door, histories: Histories, account_id: int, order_id: int
) -> tuple[Order, int]:
    """An account's order, open or ended, and the seq at which it stands so; durable.

    Raises:
        NotFound: the account has no such order.
    """
    state = door.world.state
    seq = state.seq
    order = state.orders.get(order_id)
    if order is not None and order.account_id == account_id:
        shape = present.order(door.numbers.by_id(order.instrument_id), order)
        await door.world.committed(seq)
        return shape, seq
    await door.world.committed(seq)
    row = await asyncio.to_thread(histories.order, door.world.world_id, account_id, order_id)
    if row is None:
        raise unknown_order()
    return order_from_history(door.numbers, row), seq


async def find_client_order(
    door: Door, histories: Histories, account_id: int, client_order_id: str
) -> int:
    """The id of an account's newest order under a client order id.

    Memory knows those that ORD-7 remembers; older ones are looked for in the database.

    Raises:
        NotFound: there was none, or it was refused and so became no order.
    """
    known = door.world.state.client_orders.get(account_id, {}).get(client_order_id)
    if known is not None:
        order_id = known.order_id
    else:
        world_id = door.world.world_id
        order_id = await asyncio.to_thread(
            histories.client_order, world_id, account_id, client_order_id
        )
    if order_id is None:
        raise unknown_order()
    return order_id


def open_order_page(
    door: Door, account_id: int, instrument_id: int | None, window: Window
) -> Page[Order]:
    """A page of the account's open orders, from the live state; not yet durable.

    Raises:
        MalformedRequest: the cursor is none.
    """
    state = door.world.state
    try:
        bound = None if window.after is None else parse_cursor(window.after, 1)[0]
    except ValueError as error:
        raise MalformedRequest(str(error)) from error
    found = present.find_open_orders(state, account_id, instrument_id)
    if window.newest_first:
        found.reverse()
    if bound is not None:
        found = [
            order
            for order in found
            if (order.order_id < bound if window.newest_first else order.order_id > bound)
        ]
    shown = found[: window.limit]
    return Page(
        items=[present.order(door.numbers.by_id(each.instrument_id), each) for each in shown],
        next=str(shown[-1].order_id) if len(found) > len(shown) else None,
        seq=state.seq,
    )


async def repeated_list(
    door: Door,
    histories: Histories,
    account_id: int,
    receipt: Receipt,
    list_type: ListTypeName,
) -> OrderListResult:
    """ORD-7: the orders with client order ids, from the first request, as they stand now."""
    ids = [each.order_id for each in receipt.events if isinstance(each, OrderRepeated)]
    found = [
        await find_order(door, histories, account_id, order_id)
        for order_id in ids
        if order_id is not None
    ]
    list_id = found[0][0].list_id
    if list_id is None:
        raise AssertionError("an order of a list names the list")
    return OrderListResult(
        list_id=list_id,
        list_type=list_type,
        orders=[order for order, _ in found],
        fills=[],
        seq=max(seq for _, seq in found),
        time=milliseconds(receipt.time_ns),
        repeated=True,
    )


def canceled_orders(receipt: Receipt, account_id: int) -> CanceledOrders:
    """What a command canceled of an account."""
    order_ids = [
        event.order_id
        for event in receipt.events
        if isinstance(event, OrderCanceled) and event.account_id == account_id
    ]
    return CanceledOrders(order_ids=order_ids, seq=receipt.seq)
