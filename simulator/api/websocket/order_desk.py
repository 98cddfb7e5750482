"""Orders over the websocket: a request becomes a command, its receipt becomes the answer.

This is the fast path: one future and one callback per order, no task, no database. Only what the
receipt cannot tell (the order that an amend or a cancel left) is looked up, in a task.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, NamedTuple

from simulator.api import present
from simulator.api.callers import Caller, unknown_account
from simulator.api.order_entry import (
    amend_command,
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
from simulator.api.service import Api, Door
from simulator.api.shapes.orders import CanceledOrders, OrderResult, Preview
from simulator.api.websocket.answers import Answers
from simulator.api.websocket.protocol import (
    AccountRequest,
    Amend,
    Cancel,
    CancelAll,
    CancelList,
    Place,
    PlaceList,
    PreviewOrder,
    RequestId,
    SetCountdown,
)
from simulator.api.wire import InstrumentNumbers, milliseconds
from simulator.core import views
from simulator.core.model.commands import CancelAllOrders, CancelOrder, CancelOrderList
from simulator.core.model.events import OrderCanceled, OrderRepeated
from simulator.core.state.records import Order
from simulator.runtime.engine import Receipt

Work = Coroutine[Any, Any, None]


class _Ticket(NamedTuple):
    """A request under way: whose it is, and where its answer goes."""

    request_id: RequestId
    door: Door
    account_id: int


class OrderDesk:
    """The order requests of one connection. `later` runs work that has to wait."""

    def __init__(self, api: Api, answers: Answers, later: Callable[[Work], None]) -> None:
        self._api = api
        self._answers = answers
        self._later = later

    def take(
        self, request: AccountRequest, caller: Caller, default_account: tuple[str, int] | None
    ) -> None:
        """Begins a request; its answer follows.

        Raises:
            ApiProblem, WorldUnavailable: it was not begun, and is answered with this.
        """
        limiter = self._api.requests if isinstance(request, PreviewOrder) else self._api.orders
        limiter.take(caller.user.user_id)
        world_id = request.world or self._api.context.default_world
        account_id = request.account_id
        if account_id is None:
            if default_account is None:
                raise unknown_account()
            world_id, account_id = default_account
        ticket = _Ticket(request.id, self._api.door_of(caller, world_id, account_id), account_id)
        if isinstance(request, Place):
            self._place(request, ticket)
        elif isinstance(request, PreviewOrder):
            self._preview(request, ticket)
        elif isinstance(request, Cancel):
            self._cancel(request, ticket)
        elif isinstance(request, Amend):
            self._amend(request, ticket)
        elif isinstance(request, CancelAll):
            self._cancel_all(request, ticket)
        elif isinstance(request, CancelList):
            self._cancel_list(request, ticket)
        elif isinstance(request, PlaceList):
            for _ in request.orders[1:]:
                limiter.take(caller.user.user_id)
            self._place_list(request, ticket)
        else:
            self._set_countdown(request, ticket)

    def _place(self, request: Place, ticket: _Ticket) -> None:
        of = ticket.door.numbers.by_symbol(request.symbol)
        future = ticket.door.world.submit(place_command(of, ticket.account_id, request))
        future.add_done_callback(partial(self._placed, ticket, of))

    def _placed(
        self, ticket: _Ticket, of: InstrumentNumbers, future: "asyncio.Future[Receipt]"
    ) -> None:
        try:
            receipt = future.result()
            outcome = placed(ticket.door.numbers, of, receipt)
            if isinstance(outcome, OrderRepeated):
                if outcome.order_id is None:
                    raise AssertionError("a repeated order that was not refused has an id")
                self._later(self._reply_repeated(ticket, outcome.order_id, receipt))
            else:
                self._answers.reply(ticket.request_id, outcome)
        except Exception as error:  # noqa: BLE001 - every request is answered
            self._answers.fail(ticket.request_id, error)

    def _preview(self, request: PreviewOrder, ticket: _Ticket) -> None:
        door = ticket.door
        of = door.numbers.by_symbol(request.symbol)
        view = views.preview(door.world.state, place_command(of, ticket.account_id, request))
        result = present.preview(door.numbers, of, view, door.world)
        self._later(self._reply_when_durable(ticket, result))

    def _cancel(self, request: Cancel, ticket: _Ticket) -> None:
        record = open_order(ticket.door, ticket.account_id, request.order_id)
        command = CancelOrder(ticket.account_id, request.order_id)
        future = ticket.door.world.submit(command)
        future.add_done_callback(partial(self._changed, ticket, record, True))

    def _amend(self, request: Amend, ticket: _Ticket) -> None:
        record = open_order(ticket.door, ticket.account_id, request.order_id)
        of = ticket.door.numbers.by_id(record.instrument_id)
        command = amend_command(of, ticket.account_id, request.order_id, request)
        future = ticket.door.world.submit(command)
        future.add_done_callback(partial(self._changed, ticket, record, False))

    def _changed(
        self,
        ticket: _Ticket,
        record: Order,
        is_over: bool,
        future: "asyncio.Future[Receipt]",
    ) -> None:
        """A canceled order changes no more; an amended one may be further on than the disk."""
        door = ticket.door
        try:
            receipt = future.result()
            problem = refusal_in(door.numbers, receipt, record.instrument_id)
            if problem is not None:
                raise problem
            result = changed(door, record, receipt)
            if is_over or door.world.committed_seq >= door.world.state.seq:
                self._answers.reply(ticket.request_id, result)
            else:
                self._later(self._reply_when_durable(ticket, result))
        except Exception as error:  # noqa: BLE001 - every request is answered
            self._answers.fail(ticket.request_id, error)

    async def _reply_when_durable(self, ticket: _Ticket, result: OrderResult | Preview) -> None:
        try:
            await ticket.door.world.committed()
            self._answers.reply(ticket.request_id, result)
        except Exception as error:  # noqa: BLE001 - every request is answered
            self._answers.fail(ticket.request_id, error)

    async def _reply_repeated(self, ticket: _Ticket, order_id: int, receipt: Receipt) -> None:
        """ORD-7: the order of the first request, as it stands now."""
        try:
            histories = self._api.context.histories
            order, seq = await find_order(ticket.door, histories, ticket.account_id, order_id)
            time = milliseconds(receipt.time_ns)
            result = OrderResult(order=order, fills=[], seq=seq, time=time, repeated=True)
            self._answers.reply(ticket.request_id, result)
        except Exception as error:  # noqa: BLE001 - every request is answered
            self._answers.fail(ticket.request_id, error)

    def _cancel_all(self, request: CancelAll, ticket: _Ticket) -> None:
        instrument_id = None
        if request.symbol is not None:
            instrument_id = ticket.door.numbers.by_symbol(request.symbol).instrument_id
        command = CancelAllOrders(ticket.account_id, instrument_id)
        future = ticket.door.world.submit(command)
        future.add_done_callback(partial(self._canceled_all, ticket))

    def _cancel_list(self, request: CancelList, ticket: _Ticket) -> None:
        command = CancelOrderList(ticket.account_id, request.list_id)
        future = ticket.door.world.submit(command)
        future.add_done_callback(partial(self._canceled_all, ticket))

    def _place_list(self, request: PlaceList, ticket: _Ticket) -> None:
        """Queued at once, so that nothing comes between; its answer may take a task."""
        command = list_command(ticket.door, ticket.account_id, request)
        future = ticket.door.world.submit(command)
        of = ticket.door.numbers.by_id(command.orders[0].instrument_id)
        self._later(self._placed_list(request, ticket, of, future))

    async def _placed_list(
        self,
        request: PlaceList,
        ticket: _Ticket,
        of: InstrumentNumbers,
        future: "asyncio.Future[Receipt]",
    ) -> None:
        door, account_id = ticket.door, ticket.account_id
        try:
            receipt = await future
            outcome = placed_list(door.numbers, of, receipt)
            if isinstance(outcome, OrderRepeated):
                histories, list_type = self._api.context.histories, request.list_type
                outcome = await repeated_list(door, histories, account_id, receipt, list_type)
            self._answers.reply(ticket.request_id, outcome)
        except Exception as error:  # noqa: BLE001 - every request is answered
            self._answers.fail(ticket.request_id, error)

    def _set_countdown(self, request: SetCountdown, ticket: _Ticket) -> None:
        command = countdown_command(ticket.door, ticket.account_id, request)
        future = ticket.door.world.submit(command)
        self._later(self._countdown_set(command.instrument_id, ticket, future))

    async def _countdown_set(
        self, where: int | None, ticket: _Ticket, future: "asyncio.Future[Receipt]"
    ) -> None:
        door, account_id = ticket.door, ticket.account_id
        try:
            receipt = await future
            problem = refusal_in(door.numbers, receipt)
            if problem is not None:
                raise problem
            result = countdown_as_it_stands(door, account_id, where, receipt.seq)
            await door.world.committed()
            self._answers.reply(ticket.request_id, result)
        except Exception as error:  # noqa: BLE001 - every request is answered
            self._answers.fail(ticket.request_id, error)

    def _canceled_all(self, ticket: _Ticket, future: "asyncio.Future[Receipt]") -> None:
        try:
            receipt = future.result()
            problem = refusal_in(ticket.door.numbers, receipt)
            if problem is not None:
                raise problem
            order_ids = [
                event.order_id
                for event in receipt.events
                if isinstance(event, OrderCanceled) and event.account_id == ticket.account_id
            ]
            result = CanceledOrders(order_ids=order_ids, seq=receipt.seq)
            self._answers.reply(ticket.request_id, result)
        except Exception as error:  # noqa: BLE001 - every request is answered
            self._answers.fail(ticket.request_id, error)
