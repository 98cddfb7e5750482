"""A websocket in hand: an ASGI connection without a server, and a gate for its frames."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from simulator.api.websocket.connection import Connection
from tests.api.venue import Json, Venue


class Wire:
    """An ASGI socket in hand: frames leave only while the gate is open."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.gate = asyncio.Event()
        self.gate.set()
        self.messages: list[Json] = []
        self.received = 0

    async def receive(self) -> dict[str, Any]:
        message = await self.incoming.get()
        self.received += 1
        return message

    async def send(self, message: Any) -> None:
        await self.gate.wait()
        if message["type"] == "websocket.send":
            self.messages += json.loads(message["text"])

    def say(self, **request: Any) -> None:
        self.incoming.put_nowait({"type": "websocket.receive", "text": json.dumps(request)})

    def answers(self) -> list[Json]:
        return [each for each in self.messages if each["type"] in ("reply", "error")]

    def channel(self, name: str) -> list[Json]:
        return [each for each in self.messages if each.get("channel") == name]


@asynccontextmanager
async def connected(venue: Venue) -> AsyncIterator[Wire]:
    wire = Wire()
    wire.incoming.put_nowait({"type": "websocket.connect"})
    connection = Connection(venue.app.state.api, {"type": "websocket"}, wire.receive, wire.send)
    task = asyncio.create_task(connection.run())
    try:
        yield wire
    finally:
        wire.gate.set()
        wire.incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await task
