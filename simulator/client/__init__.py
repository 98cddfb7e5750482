"""The client: REST (`Client`, `AsyncClient`) and websocket (`Stream`), typed, for people and bots.

It needs httpx, msgspec and websockets, and nothing of the rest of the simulator, so it can be
installed where no server is.
"""

from simulator.client.blocking_stream import BlockingStream
from simulator.client.bot import Bot
from simulator.client.errors import (
    ApiError,
    Forbidden,
    Malformed,
    NotAuthenticated,
    NotChosen,
    NotFound,
    RateLimited,
    Refused,
    SimulatorError,
    TransportError,
    Unavailable,
    UnreadableAnswer,
)
from simulator.client.order_book import OrderBook
from simulator.client.rest import AsyncClient, Client
from simulator.client.stream import Stream

__all__ = [
    "ApiError",
    "AsyncClient",
    "BlockingStream",
    "Bot",
    "Client",
    "Forbidden",
    "Malformed",
    "NotAuthenticated",
    "NotChosen",
    "NotFound",
    "OrderBook",
    "RateLimited",
    "Refused",
    "SimulatorError",
    "Stream",
    "TransportError",
    "Unavailable",
    "UnreadableAnswer",
]
