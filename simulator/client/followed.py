"""One private channel across broken connections: no event is lost, none is told twice.

The messages of one batch share a seq, and a connection may break between two of them. So what is
certainly complete is only the batch before the latest; the server is asked for what came after
that, and fills, margin calls and liquidations that were told already are left out.

If the server cannot tell what was missed, it sends a snapshot. What lies between is then read by
REST: fills, orders that ended or were new, margin calls and liquidations.
"""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, Final, TypeVar

import msgspec

from simulator.client.answers import Order
from simulator.client.history_answers import Liquidation, MarginCall
from simulator.client.messages import (
    AccountSnapshot,
    FillsMessage,
    LiquidationNotice,
    LiquidationNoticesMessage,
    MarginCallNotice,
    MarginCallsMessage,
    Message,
    OrdersMessage,
)
from simulator.client.rest import AsyncClient

Item = TypeVar("Item")
Notice = TypeVar("Notice", MarginCallNotice, LiquidationNotice)
Key = tuple[Any, ...]

_ListMessage = type[OrdersMessage | FillsMessage | MarginCallsMessage | LiquidationNoticesMessage]
_NAMES: Final[dict[_ListMessage, str]] = {
    OrdersMessage: "orders",
    FillsMessage: "fills",
    MarginCallsMessage: "margin_calls",
    LiquidationNoticesMessage: "liquidations",
}

_LINES: Final = ("equity", "maintenance_margin", "call_margin")
_CALL_AND_CURE: Final = (
    "margin_call_id",
    "wallet_id",
    *_LINES,
    "symbol",
    "position_side",
    "mark_price",
    "liquidation_price",
    "quantity_to_reduce",
    "amount_to_add",
    "amount_to_repay",
)
_END_OF_CALL: Final = ("margin_call_id", "wallet_id", "ended_by")
_START_OF_LIQUIDATION: Final = ("liquidation_id", "wallet_id", *_LINES)
_END_OF_LIQUIDATION: Final = (
    "liquidation_id",
    "wallet_id",
    "outcome",
    "fee",
    "deficit",
    "shortfall",
)


class Followed:
    """What is known of one account's channel."""

    def __init__(self, channel: str, since: int | None = None) -> None:
        self.channel = channel
        self.account_id = int(channel.partition(":")[2])
        self.complete_seq = since
        """Up to here everything was told; None before the first snapshot."""
        self._latest_seq = 0
        self._told: dict[Key, int] = {}
        """Events after `complete_seq` that were told, with their seqs."""
        self._open: dict[int, Order] = {}
        self._highest_order_id = 0

    def take(self, message: Message) -> Message | None:
        """The message without what was told already; None if nothing is left of it."""
        if isinstance(message, AccountSnapshot):
            self._open = {order.order_id: order for order in message.orders}
            self._highest_order_id = max([self._highest_order_id, *self._open])
            self.complete_seq = self._latest_seq = message.seq
            self._told.clear()
            return message
        self._advance(message.seq)
        if isinstance(message, OrdersMessage):
            self._know(message.items)
            return message
        if isinstance(message, FillsMessage | MarginCallsMessage | LiquidationNoticesMessage):
            new = [item for item in message.items if self._is_new(item)]
            return msgspec.structs.replace(message, items=new) if new else None
        return message

    def _advance(self, seq: int) -> None:
        if seq > self._latest_seq:
            self.complete_seq = max(self.complete_seq or 0, self._latest_seq)
            self._latest_seq = seq
            complete = self.complete_seq
            self._told = {key: at for key, at in self._told.items() if at > complete}

    def _is_new(self, item: Any) -> bool:
        key = _key(item)
        if key in self._told:
            return False
        self._told[key] = item.seq
        return True

    def _know(self, orders: list[Order]) -> None:
        for order in orders:
            self._highest_order_id = max(self._highest_order_id, order.order_id)
            if order.status == "RESTING":
                self._open[order.order_id] = order
            else:
                self._open.pop(order.order_id, None)

    # -- what a snapshot skipped -------------------------------------------------------------------

    async def missed(self, client: AsyncClient, snapshot: AccountSnapshot) -> list[Message]:
        """What happened after the last complete batch and up to the snapshot, oldest first."""
        since = self.complete_seq
        if since is None or snapshot.seq <= since:
            return []

        def of_gap(seq: int | None) -> bool:
            return seq is not None and since < seq <= snapshot.seq

        account_id = self.account_id
        fills = await _newer(
            client.fills.every(account_id=account_id), lambda fill: fill.seq > since
        )
        notices = [
            notice
            async for call in client.margin_calls.every(order="OLDEST", account_id=account_id)
            for notice in _notices(call)
        ]
        stages = [
            stage
            async for each in client.liquidations.every(order="OLDEST", account_id=account_id)
            for stage in _stages(each)
        ]
        found: list[tuple[_ListMessage, list[Any]]] = [
            (OrdersMessage, await self._changed_orders(client, snapshot)),
            (FillsMessage, [each for each in fills if of_gap(each.seq)]),
            (MarginCallsMessage, [each for each in notices if of_gap(each.seq)]),
            (LiquidationNoticesMessage, [each for each in stages if of_gap(each.seq)]),
        ]
        messages = [self._message(kind, items, snapshot) for kind, items in found]
        return [message for message in messages if message is not None]

    async def _changed_orders(self, client: AsyncClient, snapshot: AccountSnapshot) -> list[Order]:
        """Orders that were open and are not, that are new, or that filled in part."""
        account_id = self.account_id
        new = await _newer(
            client.orders.every(status="ALL", account_id=account_id),
            lambda order: order.order_id > self._highest_order_id,
        )
        now_open = {order.order_id: order for order in snapshot.orders}
        changed: list[Order] = []
        for order_id, before in self._open.items():
            now = now_open.get(order_id)
            if now is None:
                answer = await client.order(order_id, account_id=account_id)
                changed.append(answer.order)
            elif now != before:
                changed.append(now)
        return changed + new

    def _message(
        self, kind: _ListMessage, items: list[Any], snapshot: AccountSnapshot
    ) -> Message | None:
        if kind is not OrdersMessage:
            items = [item for item in items if self._is_new(item)]
        if not items:
            return None
        return kind(
            channel=self.channel,
            world=snapshot.world,
            type=_NAMES[kind],
            seq=snapshot.seq,
            time=snapshot.time,
            replayed=True,
            items=items,
        )


async def _newer(items: AsyncIterator[Item], is_newer: Callable[[Item], bool]) -> list[Item]:
    """The items of a list that begins with the newest, as long as they are newer; oldest first."""
    found: list[Item] = []
    async for item in items:
        if not is_newer(item):
            break
        found.append(item)
    return found[::-1]


def _key(item: Any) -> Key:
    """What makes an event the same event, whichever way it is told."""
    if isinstance(item, MarginCallNotice):
        return ("margin call", item.margin_call_id, item.event, item.seq)
    if isinstance(item, LiquidationNotice):
        return (
            "liquidation",
            item.liquidation_id,
            item.event,
            item.seq,
            item.symbol,
            item.quantity,
        )
    return ("fill", item.trade_id, item.order_id)


def _notices(call: MarginCall) -> list[MarginCallNotice]:
    """How a margin call began and ended, as it would have been told."""
    told = partial(_notice, MarginCallNotice, call)
    issued = told(_CALL_AND_CURE, event="ISSUED", time=call.issued, seq=call.issued_seq)
    if call.ended is None:
        return [issued]
    end = {"time": call.ended, "seq": call.ended_seq, "equity": call.ended_equity}
    return [issued, told(_END_OF_CALL, event="ENDED", **end)]


def _stages(liquidation: Liquidation) -> list[LiquidationNotice]:
    """How a liquidation began and ended; its steps are in `client.liquidation`."""
    told = partial(_notice, LiquidationNotice, liquidation)
    began = {"time": liquidation.started, "seq": liquidation.started_seq}
    started = told(_START_OF_LIQUIDATION, event="STARTED", **began)
    if liquidation.ended is None:
        return [started]
    end = {"time": liquidation.ended, "seq": liquidation.ended_seq}
    ended = told(_END_OF_LIQUIDATION, event="ENDED", equity=liquidation.ended_equity, **end)
    return [started, ended]


def _notice(
    kind: type[Notice], record: MarginCall | Liquidation, fields: tuple[str, ...], **others: Any
) -> Notice:
    """A notice with the fields that the record has under the same name, and with others."""
    return kind(**{name: getattr(record, name) for name in fields}, **others)
