"""The client: REST (`Client`, `AsyncClient`), typed, for people and bots.

It needs httpx, msgspec and websockets, and nothing of the rest of the simulator, so it can be
installed where no server is.
"""

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
from simulator.client.rest import AsyncClient, Client

__all__ = [
    "ApiError",
    "AsyncClient",
    "Client",
    "Forbidden",
    "Malformed",
    "NotAuthenticated",
    "NotChosen",
    "NotFound",
    "RateLimited",
    "Refused",
    "SimulatorError",
    "TransportError",
    "Unavailable",
    "UnreadableAnswer",
]
