"""The websocket with asyncio: news by channel, orders over the same socket, and no loss.

    async with Stream(client) as stream:
        await stream.subscribe("account:17", "depth:BTCUSDT-PERP")
        async for message in stream:
            ...

When the connection breaks or falls silent, the stream connects again, subscribes again, and makes
up for what its private channels missed (`followed.py`). Requests under way that may be done twice
are sent again; the others fail with TransportError, because nobody knows what became of them.
"""

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from simulator.client.connection import Request, Requests, auth_request
from simulator.client.errors import (
    ApiError,
    Malformed,
    SimulatorError,
    TransportError,
)
from simulator.client.followed import Followed
from simulator.client.messages import (
    AccountSnapshot,
    DepthMessage,
    Heartbeat,
    Message,
    News,
    Refusal,
    Reply,
    read_frame,
)
from simulator.client.order_book import OrderBook
from simulator.client.rest import AsyncClient
from simulator.client.stream_orders import StreamOrders

STALE_AFTER_SECONDS: Final = 5.0
"""Five heartbeats. A server that is silent for so long is as good as gone."""
LONGEST_BACKOFF_SECONDS: Final = 10.0
_FIRST_BACKOFF_SECONDS: Final = 0.1
MOST_WAITING: Final = 100_000
"""Messages that may wait for a program that does not read them."""

_BROKEN: Final = (OSError, ConnectionClosed, InvalidHandshake, TimeoutError)


class _Channels(msgspec.Struct):
    channels: list[str]


class Stream(StreamOrders):
    """See the module. It belongs to one event loop; one task iterates over it."""

    def __init__(
        self,
        client: AsyncClient,
        *,
        stale_after_seconds: float = STALE_AFTER_SECONDS,
        cancel_on_disconnect: bool = False,
    ) -> None:
        """With `cancel_on_disconnect` the exchange cancels all orders of the client's account when
        the connection ends, however it ends; after a reconnect they are not there any more."""
        self.client = client
        self._cancel_on_disconnect = cancel_on_disconnect
        self.heartbeat: Heartbeat | None = None
        """The latest of the client's world."""
        self.reconnects = 0
        self.books: dict[str, OrderBook] = {}
        self._stale_after = stale_after_seconds
        self._requests = Requests()
        self._channels: dict[str, Followed | None] = {}
        self._knows_since = True
        self._connection: ClientConnection | None = None
        self._is_ready = False
        """Connected, and the server knows who asks."""
        self._arrived: deque[News] = deque()
        self._news = asyncio.Event()
        self._heard = time.monotonic()
        self._failure: Exception | None = None
        self._running: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # -- opening and closing -----------------------------------------------------------------------

    async def __aenter__(self) -> "Stream":
        """Raises TransportError, NotAuthenticated."""
        try:
            connection = await self._connect()
        except _BROKEN as error:
            raise TransportError(f"no websocket: {error}") from error
        self._running = asyncio.create_task(self._run(connection))
        try:
            await self._authenticate()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the stream; who iterates over it comes to the end."""
        running, self._running = self._running, None
        for task in [running, *self._tasks]:
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if self._connection is not None:
            await self._connection.close()
        self._fail(TransportError("the stream was closed"))

    @property
    def seconds_silent(self) -> float:
        """Since the server was heard last; it says something every second."""
        return time.monotonic() - self._heard

    @property
    def is_stale(self) -> bool:
        """Whether what was told may be out of date: judged by silence, not by a quiet market."""
        return not self._is_ready or self.seconds_silent > self._stale_after / 2

    # -- reading -----------------------------------------------------------------------------------

    def __aiter__(self) -> AsyncIterator[News]:
        return self._read()

    async def _read(self) -> AsyncIterator[News]:
        """Raises SimulatorError if the stream cannot go on."""
        while True:
            while self._arrived:
                for message in await self._complete(self._arrived.popleft()):
                    yield message
            if self._failure is not None:
                if isinstance(self._failure, TransportError) and self._running is None:
                    return
                raise self._failure
            self._news.clear()
            await self._news.wait()

    async def _complete(self, message: News) -> list[News]:
        """The message, and before it what a private channel missed; without what was told."""
        followed = self._channels.get(getattr(message, "channel", None) or "")
        if followed is None or not isinstance(message, Message):
            return [message]
        missed: list[Message] = []
        if isinstance(message, AccountSnapshot):
            missed = await followed.missed(self.client, message)
        new = followed.take(message)
        return [*missed, *([] if new is None else [new])]

    # -- channels ----------------------------------------------------------------------------------

    async def subscribe(self, *channels: str, since: int | None = None) -> None:
        """Follows channels from now on, through reconnects; `since` is for private ones.

        While there is no connection it only notes them down: they are followed when there is one.

        Raises:
            ApiError: the exchange refused; none of them is followed then.
        """
        new = [each for each in channels if each not in self._channels]
        for channel in new:
            private = channel.startswith("account:")
            self._channels[channel] = Followed(channel, since) if private else None
        try:
            await self._subscribe(new)
        except ApiError:
            for channel in new:
                self._channels.pop(channel, None)
            raise
        except TransportError:
            if self._failure is not None:
                raise

    async def unsubscribe(self, *channels: str) -> None:
        for channel in channels:
            self._channels.pop(channel, None)
            self.books.pop(channel.partition(":")[2], None)
        await self.request(self._in_world({"op": "unsubscribe", "channels": list(channels)}))

    async def list_channels(self) -> list[str]:
        """The channels that the server tells over this connection, in the client's world."""
        result = await self.request(self._in_world({"op": "list"}))
        return msgspec.json.decode(result, type=_Channels).channels

    async def follow_book(self, symbol: str) -> OrderBook:
        """A book that the stream keeps, also through gaps and reconnects."""
        book = self.books.setdefault(symbol, OrderBook(symbol))
        await self.subscribe(f"depth:{symbol}")
        return book

    async def _subscribe(self, channels: list[str]) -> None:
        together = [each for each in channels if self._since(each) is None]
        if together:
            await self.request(self._in_world({"op": "subscribe", "channels": together}))
        for channel in channels:
            since = self._since(channel)
            if since is not None:
                await self._resume(channel, since)

    def _since(self, channel: str) -> int | None:
        followed = self._channels.get(channel)
        if followed is None or not self._knows_since:
            return None
        return followed.complete_seq

    async def _resume(self, channel: str, since: int) -> None:
        """Asks for what was missed; a server that cannot tell sends a snapshot instead."""
        try:
            await self.request(
                self._in_world({"op": "subscribe", "channels": [channel], "since": since})
            )
        except Malformed:
            self._knows_since = False
            await self.request(self._in_world({"op": "subscribe", "channels": [channel]}))
        except ApiError as error:
            if error.code != "SINCE_TOO_OLD":
                raise

    def _in_world(self, body: dict[str, Any]) -> dict[str, Any]:
        world = self._world()
        return body if world is None else {**body, "world": world}

    def _world(self) -> str | None:
        return self.client.world_id

    # -- requests ----------------------------------------------------------------------------------

    async def ping(self) -> int:
        """The server's time in milliseconds."""
        result = await self.request({"op": "ping"}, repeatable=True)
        return int(msgspec.json.decode(result)["server_time"])

    async def request(self, body: dict[str, Any], *, repeatable: bool = False) -> msgspec.Raw:
        """Sends a request and waits for its answer.

        Raises:
            TransportError: the connection broke, and it may not be sent twice.
            ApiError: it was refused.
        """
        if self._failure is not None:
            raise self._failure
        if not self._is_ready and not repeatable:
            raise TransportError("the stream is not connected at the moment")
        return await self._ask_now(body, repeatable, self._is_ready)

    async def _ask_now(
        self, body: dict[str, Any], repeatable: bool = False, send: bool = True
    ) -> msgspec.Raw:
        """What is not sent now is sent when the stream is ready again."""
        request = self._requests.add(body, repeatable)
        if send:
            await self._send(request)
        return await request.future

    async def _send(self, request: Request) -> None:
        """If the connection is gone, whoever reads from it notices, and fails what has to fail."""
        if self._connection is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._connection.send(request.text)

    # -- the connection ----------------------------------------------------------------------------

    async def _connect(self) -> ClientConnection:
        url = self.client.base_url.replace("http", "ws", 1) + "/v1/ws"
        self._connection = await connect(url, max_size=None)
        self._heard = time.monotonic()
        return self._connection

    async def _authenticate(self) -> None:
        body = auth_request(self.client.core)
        if body is not None:
            if self._cancel_on_disconnect:
                body["cancel_on_disconnect"] = True
            await self._ask_now(body)
        self._is_ready = True

    async def _run(self, connection: ClientConnection) -> None:
        """Reads as long as the stream is open, over one connection after the other."""
        try:
            while True:
                await self._listen(connection)
                connection = await self._reconnect()
                self._begin(self._resubscribe())
        except Exception as error:  # noqa: BLE001 - whoever reads or waits hears of it
            self._fail(error)

    async def _listen(self, connection: ClientConnection) -> None:
        """Takes in frames until the connection breaks or falls silent."""
        try:
            while True:
                async with asyncio.timeout(self._stale_after):
                    frame = await connection.recv()
                self._heard = time.monotonic()
                for message in read_frame(frame):
                    if isinstance(message, Reply | Refusal):
                        self._requests.answer(message)
                    else:
                        self._take(message)
                self._news.set()
        except _BROKEN:
            self._connection = None
            self._is_ready = False
            await connection.close()
            for book in self.books.values():
                book.lose()
            self._requests.broken()

    async def _reconnect(self) -> ClientConnection:
        backoff = _FIRST_BACKOFF_SECONDS
        while True:
            await asyncio.sleep(backoff * random.uniform(0.5, 1))
            try:
                connection = await self._connect()
            except _BROKEN:
                backoff = min(2 * backoff, LONGEST_BACKOFF_SECONDS)
            else:
                self.reconnects += 1
                return connection

    async def _resubscribe(self) -> None:
        """Runs beside the reading, because the answers have to be read.

        Requests from before are sent again once the server knows who asks.
        """
        try:
            await self._authenticate()
            for request in self._requests.to_send_again():
                await self._send(request)
            await self._subscribe(list(self._channels))
        except TransportError:
            return
        except SimulatorError as error:
            self._fail(error)

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _take(self, message: News) -> None:
        if isinstance(message, Heartbeat):
            self.heartbeat = message
        elif isinstance(message, DepthMessage):
            book = self.books.get(message.channel.partition(":")[2])
            if book is not None and book.is_synced and not book.apply(message):
                self._begin(self._renew(message.channel))
            elif book is not None and message.type == "snapshot":
                book.apply(message)
        if len(self._arrived) >= MOST_WAITING:
            raise SimulatorError(f"{MOST_WAITING} messages wait and nobody reads them")
        self._arrived.append(message)

    async def _renew(self, channel: str) -> None:
        """A gap in a book: only a snapshot helps."""
        try:
            await self.request(self._in_world({"op": "unsubscribe", "channels": [channel]}))
            await self.request(self._in_world({"op": "subscribe", "channels": [channel]}))
        except TransportError:
            return

    def _fail(self, error: Exception) -> None:
        if self._failure is None:
            self._failure = error
        self._requests.fail(error)
        self._news.set()
