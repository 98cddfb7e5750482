"""Orders: place, preview, amend, cancel, look up.

An order without a client order id gets one, so that it can be sent again after a broken
connection: the exchange answers a repetition with the first order.
"""

import secrets
from typing import Any, Literal

from simulator.client.answers import (
    CanceledOrders,
    ListOrder,
    Order,
    OrderAnswer,
    OrderResult,
    OrderType,
    Page,
    Preview,
    Side,
    TimeInForce,
)
from simulator.client.core import Call, Core, Work, path_segment
from simulator.client.endpoints import endpoint, listing
from simulator.client.numbers import Number, decimal_text, optional_decimal_text


def new_client_order_id() -> str:
    return f"py-{secrets.token_hex(12)}"


def order_body(
    symbol: str,
    side: Side,
    quantity: Number,
    price: Number | None,
    **options: Any,
) -> dict[str, Any]:
    """An order as it is sent; with a price it is a LIMIT order unless it says otherwise."""
    body = {
        "symbol": symbol,
        "side": side,
        "quantity": decimal_text(quantity),
        "price": optional_decimal_text(price),
        **options,
    }
    if body["order_type"] is None:
        body["order_type"] = "MARKET" if price is None else "LIMIT"
    return {name: value for name, value in body.items() if value is not None}


class OrderMethods:
    core: Core

    @endpoint
    def place_order(
        self,
        symbol: str,
        side: Side,
        quantity: Number,
        price: Number | None = None,
        *,
        order_type: OrderType | None = None,
        time_in_force: TimeInForce = "GTC",
        post_only: bool = False,
        reduce_only: bool = False,
        keep_margin: bool = False,
        client_order_id: str | None = None,
        account_id: int | None = None,
    ) -> Work[OrderResult]:
        """Without a price it is a MARKET order. Raises Refused with the numbers."""
        body = order_body(
            symbol,
            side,
            quantity,
            price,
            order_type=order_type,
            time_in_force=time_in_force,
            post_only=post_only,
            reduce_only=reduce_only,
            keep_margin=keep_margin,
            client_order_id=client_order_id or new_client_order_id(),
        )
        return self._order("POST", "", OrderResult, body, account_id)

    @endpoint
    def preview_order(
        self,
        symbol: str,
        side: Side,
        quantity: Number,
        price: Number | None = None,
        *,
        order_type: OrderType | None = None,
        time_in_force: TimeInForce = "GTC",
        post_only: bool = False,
        reduce_only: bool = False,
        keep_margin: bool = False,
        account_id: int | None = None,
    ) -> Work[Preview]:
        """What the order would do now. A refusal is part of the answer here."""
        body = order_body(
            symbol,
            side,
            quantity,
            price,
            order_type=order_type,
            time_in_force=time_in_force,
            post_only=post_only,
            reduce_only=reduce_only,
            keep_margin=keep_margin,
        )
        return self._order("POST", "/preview", Preview, body, account_id)

    @endpoint
    def amend_order(
        self,
        order_id: int,
        *,
        price: Number | None = None,
        quantity: Number | None = None,
        account_id: int | None = None,
    ) -> Work[OrderResult]:
        """`quantity` is the new total, filled part included; None leaves as it is."""
        body = {
            "price": optional_decimal_text(price),
            "quantity": optional_decimal_text(quantity),
        }
        call: Call[OrderResult] = Call(
            method="PATCH",
            path=self.core.account_path(f"/orders/{order_id}", account_id),
            answer=OrderResult,
            params=self.core.account_params(),
            body=body,
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
    def order(self, order_id: int, *, account_id: int | None = None) -> Work[OrderAnswer]:
        """An order of the account, open or ended."""
        call: Call[OrderAnswer] = Call(
            method="GET",
            path=self.core.account_path(f"/orders/{order_id}", account_id),
            answer=OrderAnswer,
            params=self.core.account_params(),
            repeatable=True,
        )
        return self.core.work(call)

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
        path = f"/orders/by-client-id/{path_segment(client_order_id)}"
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
