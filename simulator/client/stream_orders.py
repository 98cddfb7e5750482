"""Orders over the websocket: the order methods of a `Stream`.

They take what the REST methods take. An order has a client order id, so it is sent again after a
broken connection, and the first result comes back; so is a preview, which does nothing. A cancel or
an amend is not.
"""

from abc import ABC, abstractmethod
from typing import Any, Final, TypeVar, Unpack

import msgspec

from simulator.client.answers import CanceledOrders, OrderResult, Preview, Side
from simulator.client.errors import UnreadableAnswer
from simulator.client.numbers import Number
from simulator.client.order_request import (
    OrderOptions,
    amend_body,
    new_client_order_id,
    order_body,
)

Answer = TypeVar("Answer")

_REPEATABLE: Final = ("place", "preview")


class StreamOrders(ABC):
    @abstractmethod
    async def request(self, body: dict[str, Any], *, repeatable: bool = False) -> msgspec.Raw:
        """Sends a request and waits for its answer."""

    async def place_order(
        self,
        symbol: str,
        side: Side,
        quantity: Number,
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
        quantity: Number,
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
        account_id: int | None = None,
    ) -> OrderResult:
        """`quantity` is the new total, filled part included; None leaves as it is."""
        body = {"order_id": order_id, **amend_body(price, quantity)}
        return await self._ask("amend", body, account_id, OrderResult)

    async def cancel_order(self, order_id: int, *, account_id: int | None = None) -> OrderResult:
        """Raises NotFound if the order is not open (any more)."""
        return await self._ask("cancel", {"order_id": order_id}, account_id, OrderResult)

    async def cancel_all_orders(
        self, symbol: str | None = None, *, account_id: int | None = None
    ) -> CanceledOrders:
        """All open orders of the account, or those on one instrument."""
        return await self._ask("cancel_all", {"symbol": symbol}, account_id, CanceledOrders)

    async def _ask(
        self, op: str, body: dict[str, Any], account_id: int | None, kind: type[Answer]
    ) -> Answer:
        body = {"op": op, **body, "account_id": account_id, "world": self._world()}
        body = {name: value for name, value in body.items() if value is not None}
        result = await self.request(body, repeatable=op in _REPEATABLE)
        try:
            return msgspec.json.decode(result, type=kind)
        except msgspec.MsgspecError as error:
            raise UnreadableAnswer(f"{op} was answered, but {error}") from error

    @abstractmethod
    def _world(self) -> str | None:
        """The world that requests name."""
