"""A real server on a free port, and websocket clients that remember what they were told."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import uvicorn
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect

from tests.api.venue import Json, Trader, eventually


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """The address of the websocket."""
    config = uvicorn.Config(
        app, "127.0.0.1", 0, lifespan="off", log_level="error", ws_per_message_deflate=False
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    try:
        await eventually(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}/v1/ws"
    finally:
        server.should_exit = True
        await task


class Socket:
    """One websocket. `heard` has every message in order; heartbeats are kept apart."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.heard: list[Json] = []
        self.heartbeats: list[Json] = []
        self._ids = count(1)
        self._news = asyncio.Event()

    async def read(self) -> None:
        async for frame in self.connection:
            messages = json.loads(frame)
            assert isinstance(messages, list), "a frame is an array of messages"
            for message in messages:
                kind = self.heartbeats if message["type"] == "heartbeat" else self.heard
                kind.append(message)
            self._news.set()

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Waits for what the condition finds."""
        async with asyncio.timeout(10):
            while True:
                found = condition()
                if found:
                    return found
                self._news.clear()
                await self._news.wait()

    async def say(self, text: str) -> None:
        await self.connection.send(text)

    async def send(self, op: str, **fields: Any) -> int:
        """Sends a request and returns its id."""
        request_id = next(self._ids)
        await self.say(json.dumps({"op": op, "id": request_id, **fields}))
        return request_id

    async def answer(self, request_id: int | None) -> Json:
        def find() -> Json | None:
            for message in self.heard:
                if message["type"] in ("reply", "error") and message["id"] == request_id:
                    return message
            return None

        found: Json = await self.until(find)
        return found

    async def ask(self, op: str, **fields: Any) -> Json:
        """The result of a request that is done."""
        answer = await self.answer(await self.send(op, **fields))
        assert answer["type"] == "reply", answer
        result: Json = answer["result"]
        return result

    async def refusal(self, op: str, **fields: Any) -> Json:
        """The problem of a request that is refused."""
        answer = await self.answer(await self.send(op, **fields))
        assert answer["type"] == "error", answer
        problem: Json = answer["error"]
        return problem

    async def log_in(self, trader: Trader) -> Json:
        return await self.ask("auth", token=trader.token)

    async def told(self, channel: str, kind: str | None = None) -> None:
        """Waits for the first message of a channel."""
        await self.until(lambda: self.news(channel, kind))

    def news(self, channel: str, kind: str | None = None) -> list[Json]:
        return [
            message
            for message in self.heard
            if message.get("channel") == channel and kind in (None, message["type"])
        ]

    def items(self, channel: str, kind: str) -> list[Json]:
        return [item for message in self.news(channel, kind) for item in message["items"]]


@asynccontextmanager
async def dial(url: str, **options: Any) -> AsyncIterator[Socket]:
    """A connected socket that reads in the background."""
    async with connect(url, **options) as connection:
        socket = Socket(connection)
        reading = asyncio.create_task(socket.read())
        try:
            yield socket
        finally:
            await connection.close()
            await reading
