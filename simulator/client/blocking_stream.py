"""The websocket without asyncio: a `Stream` that lives in a thread of its own.

with BlockingStream(client) as stream:
    stream.subscribe("marks")
    for message in stream:
        ...
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar

from simulator.client.errors import SimulatorError
from simulator.client.messages import News
from simulator.client.rest import AsyncClient, Client
from simulator.client.stream import Stream

P = ParamSpec("P")
Answer = TypeVar("Answer")


def _blocking(
    method: Callable[Concatenate[Stream, P], Coroutine[Any, Any, Answer]],
) -> Callable[Concatenate["BlockingStream", P], Answer]:
    """The method of `Stream`, waited for."""

    def wait(self: "BlockingStream", /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        return self.wait_for(method(self.stream, *args, **kwargs))

    wait.__doc__ = method.__doc__
    wait.__name__ = method.__name__
    return wait


class BlockingStream:
    """See the module. Any thread may use it; one at a time should iterate over it."""

    def __init__(self, client: Client, *, cancel_on_disconnect: bool = False) -> None:
        """`cancel_on_disconnect` is that of `Stream`."""
        self._cancel_on_disconnect = cancel_on_disconnect
        self._core = client.core
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._messages: queue.SimpleQueue[News | Exception | None] = queue.SimpleQueue()
        self._client: AsyncClient | None = None
        self._stream: Stream | None = None
        self._pump: asyncio.Task[None] | None = None

    @property
    def stream(self) -> Stream:
        """The stream itself; its attributes may be read from here."""
        if self._stream is None:
            raise SimulatorError("the stream is not open: use it in a `with` statement")
        return self._stream

    subscribe = _blocking(Stream.subscribe)
    unsubscribe = _blocking(Stream.unsubscribe)
    list_channels = _blocking(Stream.list_channels)
    follow_book = _blocking(Stream.follow_book)
    ping = _blocking(Stream.ping)
    place_order = _blocking(Stream.place_order)
    preview_order = _blocking(Stream.preview_order)
    amend_order = _blocking(Stream.amend_order)
    cancel_order = _blocking(Stream.cancel_order)
    cancel_all_orders = _blocking(Stream.cancel_all_orders)
    place_order_list = _blocking(Stream.place_order_list)
    cancel_order_list = _blocking(Stream.cancel_order_list)
    countdown_cancel_all = _blocking(Stream.countdown_cancel_all)

    def __enter__(self) -> "BlockingStream":
        """Raises TransportError, NotAuthenticated."""
        self._thread.start()
        try:
            self.wait_for(self._open())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def __iter__(self) -> Iterator[News]:
        """Raises SimulatorError if the stream cannot go on."""
        while True:
            message = self._messages.get()
            if isinstance(message, Exception):
                raise message
            if message is None:
                return
            yield message

    def next_message(self, timeout_seconds: float) -> News | None:
        """The next message; None if none comes in time, or no more at all."""
        try:
            message = self._messages.get(timeout=timeout_seconds)
        except queue.Empty:
            return None
        if isinstance(message, Exception):
            raise message
        return message

    def wait_for(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Runs work in the stream's thread and waits for what it gives."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _open(self) -> None:
        self._client = AsyncClient(self._core.base_url)
        self._client.core = self._core
        self._stream = Stream(self._client, cancel_on_disconnect=self._cancel_on_disconnect)
        await self._stream.__aenter__()
        self._pump = asyncio.create_task(self._read(self._stream))

    async def _read(self, stream: Stream) -> None:
        try:
            async for message in stream:
                self._messages.put(message)
            self._messages.put(None)
        except Exception as error:  # noqa: BLE001 - it is raised where the messages are read
            self._messages.put(error)

    async def _close(self) -> None:
        if self._stream is not None:
            await self._stream.close()
        if self._pump is not None:
            await self._pump
        if self._client is not None:
            await self._client.close()

    def _end(self) -> None:
        self.wait_for(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
