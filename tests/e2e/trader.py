"""Traders who are there when the server dies: they pipeline orders and remember every answer.

A trader sends without waiting, over one websocket: orders that rest, cross or are refused,
cancels, amends. What it draws depends on its own random numbers and on what it was told.
"""

import asyncio
import contextlib
import random
from typing import Any, Final

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from simulator.decimal_text import format_decimal, parse_decimal
from tests.e2e.promises import ENDED, Joined, Json, Promises, Units

MOST_WAITING: Final = 64
ANSWER_SECONDS: Final = 20

_CHANGES: Final = {"amend": "AmendOrder", "cancel": "CancelOrder"}


class Trader:
    """One guest, over as many connections as it takes."""

    def __init__(self, guest: Json, promises: Promises, dice: random.Random) -> None:
        self.account_id: int = guest["account_id"]
        self.token: str = guest["token"]
        self.promises = promises
        self._dice = dice
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: dict[int, tuple[Json, asyncio.Future[Json] | None]] = {}
        """Requests without an answer, and who waits for it."""
        self._last_id = 0
        self._open: dict[int, Json] = {}
        """Open orders, as far as it was told."""
        self._marks: dict[str, tuple[int, Json]] = {}
        """By symbol: the seq and the content of the last news."""
        self._news_of_marks = asyncio.Event()

    # -- the connection ----------------------------------------------------------------------------

    async def connect(self, url: str) -> None:
        """Connects, and follows its account and all marks."""
        self._waiting.clear()
        self._open.clear()
        self._marks.clear()
        self._socket = await connect(url, compression=None, max_size=None)
        self._reader = asyncio.create_task(self._read(self._socket))
        for request in (
            {"op": "auth", "token": self.token},
            {"op": "subscribe", "channels": [f"account:{self.account_id}", "marks"]},
        ):
            answer = await self.ask(request)
            if answer["type"] != "reply":
                raise AssertionError(f"{request['op']} was answered with {answer}")

    async def disconnect(self) -> None:
        """Waits for the end of a connection that the server has ended, or ends it."""
        if self._socket is None or self._reader is None:
            return
        await self._socket.close()
        await self._reader
        self._socket = self._reader = None

    async def ask(self, request: Json) -> Json:
        """The whole answer to one request."""
        [answer] = await self.ask_all([request])
        return answer

    async def ask_all(self, requests: list[Json]) -> list[Json]:
        """The answers to several requests, all under way at once."""
        loop = asyncio.get_running_loop()
        answers: list[asyncio.Future[Json]] = [loop.create_future() for _ in requests]
        for request, answer in zip(requests, answers, strict=True):
            await self._send(self._number(request, answer))
        async with asyncio.timeout(ANSWER_SECONDS):
            return [await answer for answer in answers]

    def _number(self, request: Json, answer: asyncio.Future[Json] | None = None) -> Json:
        self._last_id += 1
        numbered = {**request, "id": self._last_id}
        self._waiting[self._last_id] = (numbered, answer)
        return numbered

    async def _send(self, message: Json | list[Json]) -> None:
        if self._socket is None:
            raise AssertionError("a trader sends while it is connected")
        await self._socket.send(msgspec.json.encode(message).decode())

    async def _read(self, socket: ClientConnection) -> None:
        """Until the server is gone; what it sent before still counts."""
        with contextlib.suppress(ConnectionClosed):
            async for frame in socket:
                for message in msgspec.json.decode(frame):
                    self._take(message)
        for _, answer in self._waiting.values():
            if answer is not None and not answer.done():
                answer.set_exception(ConnectionError("the server is gone"))

    # -- what it is told ---------------------------------------------------------------------------

    def _take(self, message: Json) -> None:
        if "seq" in message:
            self.promises.see(message["seq"])
        kind = message["type"]
        if kind in ("reply", "error"):
            request, answer = self._waiting.pop(message["id"])
            self._note_answer(request, message)
            if answer is not None and not answer.done():
                answer.set_result(message)
        elif kind == "resync":
            raise AssertionError("this trader reads fast enough to lose nothing")
        elif message.get("channel") == "marks":
            for item in message["items"]:
                self._marks[item["symbol"]] = (message["seq"], item)
            self._news_of_marks.set()
        elif kind == "snapshot":
            self._note_orders(message["orders"])
        elif kind == "orders":
            self._note_orders(message["items"])
        elif kind == "fills":
            for fill in message["items"]:
                self.promises.fill_seen(fill)

    def _note_answer(self, request: Json, message: Json) -> None:
        operation, promises = request["op"], self.promises
        if message["type"] == "error":
            if message["error"]["seq"] is not None:
                self._note_refusal(request, message["error"])
            return
        result = message["result"]
        if "seq" in result:
            promises.see(result["seq"])
        if operation == "place":
            self._note_orders([result["order"]])
            if not result["repeated"]:
                promises.order_placed(self.account_id, request["client_order_id"], result)
        elif operation in _CHANGES:
            promises.order_changed(self.account_id, _CHANGES[operation], result)
            self._note_orders([result["order"]])
        elif operation == "cancel_all":
            promises.orders_canceled(self.account_id, result)
            self._open.clear()

    def _note_refusal(self, request: Json, problem: Json) -> None:
        """A refusal by a rule; what never reached the exchange was not promised anything."""
        promises = self.promises
        promises.see(problem["seq"])
        key = (self.account_id, request.get("client_order_id", ""))
        if key in promises.requests and key not in promises.placed:
            promises.order_refused(*key, problem)

    def _note_orders(self, orders: list[Json]) -> None:
        for order in orders:
            self.promises.order_seen(self.account_id, order)
            if order["status"] in ENDED:
                self._open.pop(order["order_id"], None)
            else:
                self._open[order["order_id"]] = order

    async def wait_for_marks(self, after_seq: int, symbols: tuple[str, ...]) -> None:
        """Until every instrument is open at a mark from after a seq: the world goes on."""
        while not all(self._is_alive(symbol, after_seq) for symbol in symbols):
            self._news_of_marks.clear()
            await self._news_of_marks.wait()

    def _is_alive(self, symbol: str, after_seq: int) -> bool:
        seq, mark = self._marks.get(symbol, (0, {}))
        return seq > after_seq and bool(mark["mark_price"]) and mark["market_state"] == "OPEN"

    # -- what it does ------------------------------------------------------------------------------

    async def trade(self, label: str) -> None:
        """Trades until the server is gone."""
        dice = self._dice
        count = 0
        with contextlib.suppress(ConnectionClosed):
            while self._reader is not None and not self._reader.done():
                if len(self._waiting) < MOST_WAITING:
                    burst: list[Json] = []
                    for _ in range(dice.randint(1, 6)):
                        count += 1
                        burst.append(self._number(self._draw(f"{label}-{count}")))
                    if dice.random() < 0.5:
                        await self._send(burst)
                    else:
                        for request in burst:
                            await self._send(request)
                await asyncio.sleep(dice.uniform(0.005, 0.03))

    def _draw(self, client_order_id: str) -> Json:
        dice = self._dice
        kind = dice.random()
        if self._open and kind < 0.30:
            order_id = dice.choice(list(self._open))
            if kind < 0.19:
                return {"op": "cancel", "order_id": order_id}
            return self._draw_amend(order_id)
        if kind < 0.31:
            return {"op": "cancel_all"}
        order = self._draw_order(client_order_id)
        self.promises.requests[(self.account_id, client_order_id)] = order
        return order

    def _draw_amend(self, order_id: int) -> Json:
        order = self._open[order_id]
        symbol = order["symbol"]
        if self._dice.random() < 0.5:
            return {"op": "amend", "order_id": order_id, "quantity": self._draw_quantity(symbol)}
        price = self._draw_price(symbol, order["side"], 1, 60)
        return {"op": "amend", "order_id": order_id, "price": price}

    def _draw_order(self, client_order_id: str) -> Json:
        dice = self._dice
        symbol, side = dice.choice(list(self._marks)), dice.choice(("BUY", "SELL"))
        order: Json = {
            "op": "place",
            "symbol": symbol,
            "side": side,
            "quantity": self._draw_quantity(symbol),
            "client_order_id": client_order_id,
        }
        kind = dice.random()
        if kind < 0.15:
            return {**order, "order_type": "MARKET"}
        order["order_type"] = "LIMIT"
        if kind < 0.40:
            order["price"] = self._draw_price(symbol, side, -30, 0)
            order["time_in_force"] = dice.choice(("GTC", "IOC", "FOK"))
        elif kind < 0.45:
            order["price"] = self._draw_price(symbol, side, -90, -60)
            order["post_only"] = True
        elif kind < 0.50:
            order["price"] = self._draw_price(symbol, side, -2_000, -1_000)
        else:
            order["price"] = self._draw_price(symbol, side, 1, 100)
        return order

    def _units(self, symbol: str) -> Units:
        return self.promises.units[symbol]

    def _draw_quantity(self, symbol: str) -> str:
        """Worth about 60 to 600 USDT, in lots of a thousandth."""
        scale = 1 if symbol.startswith("BTC") else 20
        quantity = self._dice.randint(1, 10) * scale
        return format_decimal(quantity, self._units(symbol).quantity_decimals)

    def _draw_price(self, symbol: str, side: str, least: int, most: int) -> str:
        """On a tick, `least` to `most` basis points on the passive side of the mark."""
        units = self._units(symbol)
        mark = parse_decimal(self._marks[symbol][1]["mark_price"], units.price_decimals)
        points = self._dice.randint(least, most) * (-1 if side == "BUY" else 1)
        price = mark + mark * points // 10_000
        return format_decimal(price - price % units.tick_size, units.price_decimals)


class Newcomers:
    """Guests who join and move money over REST while others trade."""

    def __init__(self, url: str, promises: Promises, dice: random.Random) -> None:
        self._url = url
        self._promises = promises
        self._dice = dice

    async def keep_coming(self) -> None:
        """Until the server is gone."""
        async with httpx.AsyncClient(base_url=self._url, timeout=ANSWER_SECONDS) as client:
            with contextlib.suppress(httpx.TransportError):
                for _ in range(3):
                    await self._join(client)
                    await asyncio.sleep(self._dice.uniform(0.05, 0.3))

    async def _join(self, client: httpx.AsyncClient) -> None:
        guest = await join(client)
        promises = self._promises
        promises.acknowledgements += 1
        promises.see(guest["seq"])
        joined = Joined(guest["account_id"], guest["token"], guest["seq"])
        promises.joined.append(joined)
        response = await client.post(
            f"/v1/accounts/{joined.account_id}/transfers",
            json={"source": "CROSS", "target": "SPOT", "amount": "100"},
            headers=bearer(joined.token),
        )
        if response.status_code != 201:
            raise AssertionError(f"a transfer was answered with {response.text}")
        promises.acknowledgements += 1
        promises.see(response.json()["seq"])
        promises.transferred.append((joined.account_id, response.json()["seq"]))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def join(client: httpx.AsyncClient) -> Json:
    """A new guest."""
    response = await client.post("/v1/guests")
    if response.status_code != 201:
        raise AssertionError(f"a guest was answered with {response.text}")
    guest: dict[str, Any] = response.json()
    return guest
