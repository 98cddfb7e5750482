"""Orders: place, preview, amend, cancel, look up."""

from collections.abc import Sequence
from typing import Any, Literal, Unpack

from simulator.client.answers import (
    CanceledOrders,
    ListOrder,
    ListType,
    Order,
    OrderAnswer,
    OrderResult,
    Page,
    Preview,
    Side,
)
from simulator.client.core import Call, Core, Work, path_segment
from simulator.client.endpoints import endpoint, listing
from simulator.client.list_answers import BatchResult, Countdown, Countdowns, OrderListResult
from simulator.client.numbers import Number
from simulator.client.order_request import (
    Body,
    OrderOptions,
    amend_body,
    countdown_body,
    list_body,
    named,
    new_client_order_id,
    order_body,
)


class OrderMethods:
    core: Core

    @endpoint
    def place_order(
        self,
        symbol: str,
        side: Side,
        quantity: Number | None = None,
        price: Number | None = None,
        *,
        client_order_id: str | None = None,
        account_id: int | None = None,
        **options: Unpack[OrderOptions],
    ) -> Work[OrderResult]:
        """Without a price it is a MARKET order; `options` are those of `OrderOptions`.

        Raises Refused with the numbers.
        """
        client_order_id = client_order_id or new_client_order_id()
        body = order_body(symbol, side, quantity, price, client_order_id=client_order_id, **options)
        return self._order("POST", "", OrderResult, body, account_id)

    @endpoint
    def preview_order(
        self,
        symbol: str,
        side: Side,
        quantity: Number | None = None,
        price: Number | None = None,
        *,
        account_id: int | None = None,
        **options: Unpack[OrderOptions],
    ) -> Work[Preview]:
        """What the order would do now. A refusal is part of the answer here."""
        body = order_body(symbol, side, quantity, price, **options)
        return self._order("POST", "/preview", Preview, body, account_id)

    @endpoint
    def amend_order(
        self,
        order_id: int,
        *,
        price: Number | None = None,
        quantity: Number | None = None,
        trigger_price: Number | None = None,
        account_id: int | None = None,
    ) -> Work[OrderResult]:
        """`quantity` is the new total, filled part included; None leaves as it is."""
        call: Call[OrderResult] = Call(
            method="PATCH",
            path=self.core.account_path(f"/orders/{order_id}", account_id),
            answer=OrderResult,
            params=self.core.account_params(),
            body=amend_body(price, quantity, trigger_price),
        )
        return self.core.work(call)

    @endpoint
    def cancel_order(self, order_id: int, *, account_id: int | None = None) -> Work[OrderResult]:
        """Raises NotFound if the order is not open (any more)."""
        return self._cancel(order_id, account_id)

    @endpoint
    def cancel_all_orders(
        self, symbol: str | None = None, *, account_id: int | None = None
    ) -> Work[CanceledOrders]:
        """All open orders of the account, or those on one instrument."""
        call: Call[CanceledOrders] = Call(
            method="DELETE",
            path=self.core.account_path("/orders", account_id),
            answer=CanceledOrders,
            params=self.core.account_params(symbol=symbol),
        )
        return self.core.work(call)

    @endpoint
    def place_order_list(
        self, list_type: ListType, orders: Sequence[Body], *, account_id: int | None = None
    ) -> Work[OrderListResult]:
        """OCO, OTO or OTOCO of orders as `order_body` makes them. Raises Refused for the whole.

        Of OTO and OTOCO the first is the entry; the others have no quantity.
        """
        body = list_body(list_type, orders)
        return self._order("POST", "/lists", OrderListResult, body, account_id)

    @endpoint
    def cancel_order_list(
        self, list_id: int, *, account_id: int | None = None
    ) -> Work[CanceledOrders]:
        """All open orders of a list. Raises NotFound if none is open (any more)."""
        call: Call[CanceledOrders] = Call(
            method="DELETE",
            path=self.core.account_path(f"/orders/lists/{list_id}", account_id),
            answer=CanceledOrders,
            params=self.core.account_params(),
        )
        return self.core.work(call)

    @endpoint
    def place_orders(
        self, orders: Sequence[Body], *, account_id: int | None = None
    ) -> Work[BatchResult]:
        """Up to 20 orders as `order_body` makes them, queued together, each with its result."""
        return self._order("POST", "/batch", BatchResult, {"orders": named(orders)}, account_id)

    @endpoint
    def cancel_orders(
        self, order_ids: Sequence[int], *, account_id: int | None = None
    ) -> Work[BatchResult]:
        """Up to 20 cancels, queued together, each with its result."""
        call: Call[BatchResult] = Call(
            method="POST",
            path=self.core.account_path("/orders/batch-cancel", account_id),
            answer=BatchResult,
            params=self.core.account_params(),
            body={"order_ids": list(order_ids)},
        )
        return self.core.work(call)

    @endpoint
    def countdown_cancel_all(
        self,
        seconds: float | None,
        symbol: str | None = None,
        *,
        account_id: int | None = None,
    ) -> Work[Countdown]:
        """The dead man's switch: cancels after so long unless it is called again; None disarms."""
        call: Call[Countdown] = Call(
            method="PUT",
            path=self.core.account_path("/countdown", account_id),
            answer=Countdown,
            params=self.core.account_params(),
            body=countdown_body(seconds, symbol),
            repeatable=True,
        )
        return self.core.work(call)

    @endpoint
    def countdowns(self, *, account_id: int | None = None) -> Work[Countdowns]:
        """The switches that are armed."""
        call: Call[Countdowns] = Call(
            method="GET",
            path=self.core.account_path("/countdown", account_id),
            answer=Countdowns,
            params=self.core.account_params(),
            repeatable=True,
        )
        return self.core.work(call)

    @endpoint
    def order(self, order_id: int, *, account_id: int | None = None) -> Work[OrderAnswer]:
        """An order of the account, open or ended."""
        return self._find(f"/orders/{order_id}", account_id)

    @endpoint
    def order_by_client_id(
        self, client_order_id: str, *, account_id: int | None = None
    ) -> Work[OrderAnswer]:
        """The newest order of the account under this id of its own, open or ended.

        Raises NotFound if there is none: it did not arrive, or it was refused.
        """
        return self._by_client_id(client_order_id, account_id)

    @endpoint
    def cancel_order_by_client_id(
        self, client_order_id: str, *, account_id: int | None = None
    ) -> Work[OrderResult]:
        """Looks the order up and cancels it. Raises NotFound if it is not open (any more)."""
        return self._cancel_by_client_id(client_order_id, account_id)

    @listing
    def orders(
        self,
        symbol: str | None = None,
        *,
        status: Literal["OPEN", "ALL"] = "OPEN",
        after: str | None = None,
        limit: int = 100,
        order: ListOrder = "NEWEST",
        account_id: int | None = None,
    ) -> Call[Page[Order]]:
        """Open orders, or with status ALL all that there ever were."""
        params = {
            "symbol": symbol,
            "status": status,
            "after": after,
            "limit": limit,
            "order": order,
        }
        return self._orders("/orders", params, account_id)

    @listing
    def order_history(
        self,
        symbol: str | None = None,
        *,
        after: str | None = None,
        limit: int = 100,
        order: ListOrder = "NEWEST",
        account_id: int | None = None,
    ) -> Call[Page[Order]]:
        """All orders that there ever were."""
        params = {"symbol": symbol, "after": after, "limit": limit, "order": order}
        return self._orders("/orders/history", params, account_id)

    def _by_client_id(self, client_order_id: str, account_id: int | None) -> Work[OrderAnswer]:
        return self._find(f"/orders/by-client-id/{path_segment(client_order_id)}", account_id)

    def _find(self, path: str, account_id: int | None) -> Work[OrderAnswer]:
        call: Call[OrderAnswer] = Call(
            method="GET",
            path=self.core.account_path(path, account_id),
            answer=OrderAnswer,
            params=self.core.account_params(),
            repeatable=True,
        )
        return self.core.work(call)

    def _cancel_by_client_id(
        self, client_order_id: str, account_id: int | None
    ) -> Work[OrderResult]:
        found = yield from self._by_client_id(client_order_id, account_id)
        return (yield from self._cancel(found.order.order_id, account_id))

    def _cancel(self, order_id: int, account_id: int | None) -> Work[OrderResult]:
        call: Call[OrderResult] = Call(
            method="DELETE",
            path=self.core.account_path(f"/orders/{order_id}", account_id),
            answer=OrderResult,
            params=self.core.account_params(),
        )
        return self.core.work(call)

    def _order(
        self, method: str, path: str, answer: Any, body: dict[str, Any], account_id: int | None
    ) -> Work[Any]:
        """Placing can be repeated for its client order id, previewing because it does nothing."""
        call: Call[Any] = Call(
            method=method,
            path=self.core.account_path(f"/orders{path}", account_id),
            answer=answer,
            params=self.core.account_params(),
            body=body,
            repeatable=True,
        )
        return self.core.work(call)

    def _orders(
        self, path: str, params: dict[str, str | int | None], account_id: int | None
    ) -> Call[Page[Order]]:
        return Call(
            method="GET",
            path=self.core.account_path(path, account_id),
            answer=Page[Order],
            params=self.core.account_params(**params),
            repeatable=True,
        )
