"""Orders over the websocket: the order methods of a `Stream`.

They take what the REST methods take. An order has a client order id, so it is sent again after a
broken connection, and the first result comes back; so is a preview, which does nothing. A cancel or
an amend is not.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Final, TypeVar, Unpack

import msgspec

from simulator.client.answers import (
    CanceledOrders,
    ListType,
    OrderResult,
    Preview,
    Side,
)
from simulator.client.errors import UnreadableAnswer
from simulator.client.list_answers import Countdown, OrderListResult
from simulator.client.numbers import Number
from simulator.client.order_request import (
    Body,
    OrderOptions,
    amend_body,
    countdown_body,
    list_body,
    new_client_order_id,
    order_body,
)

Answer = TypeVar("Answer")

_REPEATABLE: Final = ("place", "preview", "place_list", "countdown")


class StreamOrders(ABC):
    @abstractmethod
    async def request(self, body: dict[str, Any], *, repeatable: bool = False) -> msgspec.Raw:
        """Sends a request and waits for its answer."""

    async def place_order(
        self,
        symbol: str,
        side: Side,
        quantity: Number | None = None,
        price: Number | None = None,
        *,
        client_order_id: str | None = None,
        account_id: int | None = None,
        **options: Unpack[OrderOptions],
    ) -> OrderResult:
        """Without a price it is a MARKET order; `options` are those of `OrderOptions`.

        Raises Refused with the numbers.
        """
        client_order_id = client_order_id or new_client_order_id()
        body = order_body(symbol, side, quantity, price, client_order_id=client_order_id, **options)
        return await self._ask("place", body, account_id, OrderResult)

    async def preview_order(
        self,
        symbol: str,
        side: Side,
        quantity: Number | None = None,
        price: Number | None = None,
        *,
        account_id: int | None = None,
        **options: Unpack[OrderOptions],
    ) -> Preview:
        """What the order would do now. A refusal is part of the answer here."""
        body = order_body(symbol, side, quantity, price, **options)
        return await self._ask("preview", body, account_id, Preview)

    async def amend_order(
        self,
        order_id: int,
        *,
        price: Number | None = None,
        quantity: Number | None = None,
        trigger_price: Number | None = None,
        account_id: int | None = None,
    ) -> OrderResult:
        """`quantity` is the new total, filled part included; None leaves as it is."""
        body = {"order_id": order_id, **amend_body(price, quantity, trigger_price)}
        return await self._ask("amend", body, account_id, OrderResult)

    async def cancel_order(self, order_id: int, *, account_id: int | None = None) -> OrderResult:
        """Raises NotFound if the order is not open (any more)."""
        return await self._ask("cancel", {"order_id": order_id}, account_id, OrderResult)

    async def cancel_all_orders(
        self, symbol: str | None = None, *, account_id: int | None = None
    ) -> CanceledOrders:
        """All open orders of the account, or those on one instrument."""
        return await self._ask("cancel_all", {"symbol": symbol}, account_id, CanceledOrders)

    async def place_order_list(
        self, list_type: ListType, orders: Sequence[Body], *, account_id: int | None = None
    ) -> OrderListResult:
        """As over REST."""
        return await self._ask(
            "place_list", list_body(list_type, orders), account_id, OrderListResult
        )

    async def cancel_order_list(
        self, list_id: int, *, account_id: int | None = None
    ) -> CanceledOrders:
        """All open orders of a list. Raises NotFound if none is open (any more)."""
        return await self._ask("cancel_list", {"list_id": list_id}, account_id, CanceledOrders)

    async def countdown_cancel_all(
        self, seconds: float | None, symbol: str | None = None, *, account_id: int | None = None
    ) -> Countdown:
        """The dead man's switch: cancels after so long unless it is called again; None disarms."""
        return await self._ask("countdown", countdown_body(seconds, symbol), account_id, Countdown)

    async def _ask(
        self, op: str, body: dict[str, Any], account_id: int | None, kind: type[Answer]
    ) -> Answer:
        body = {"op": op, **body, "account_id": account_id, "world": self._world()}
        body = {
            name: value for name, value in body.items() if value is not None or name == "countdown"
        }
        result = await self.request(body, repeatable=op in _REPEATABLE)
        try:
            return msgspec.json.decode(result, type=kind)
        except msgspec.MsgspecError as error:
            raise UnreadableAnswer(f"{op} was answered, but {error}") from error

    @abstractmethod
    def _world(self) -> str | None:
        """The world that requests name."""
