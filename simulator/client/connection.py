"""Requests under way on a websocket, and how a connection says who it is."""

import asyncio
from itertools import count
from typing import Any

import msgspec

from simulator.client.core import Core
from simulator.client.errors import TransportError, error_of
from simulator.client.messages import Refusal, Reply


class Request:
    """One request, its text as it is sent, and its answer to come."""

    def __init__(self, request_id: int, body: dict[str, Any], repeatable: bool) -> None:
        self.request_id = request_id
        self.text = msgspec.json.encode({**body, "id": request_id}).decode()
        self.repeatable = repeatable
        self.future: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()


class Requests:
    """All requests that have no answer yet, by their ids."""

    def __init__(self) -> None:
        self._ids = count(1)
        self._waiting: dict[int, Request] = {}

    def add(self, body: dict[str, Any], repeatable: bool) -> Request:
        request = Request(next(self._ids), body, repeatable)
        self._waiting[request.request_id] = request
        return request

    def answer(self, message: Reply | Refusal) -> None:
        """Gives an answer to whom it belongs; nobody may be waiting for it any more."""
        request = self._waiting.pop(message.id, None) if message.id is not None else None
        if request is None or request.future.done():
            return
        if isinstance(message, Reply):
            request.future.set_result(message.result)
        else:
            request.future.set_exception(error_of(message.error))

    def broken(self) -> None:
        """The connection broke: what may not be sent again will not be answered."""
        for request in list(self._waiting.values()):
            if not request.repeatable:
                self._give_up(request, TransportError("the connection broke before the answer"))

    def to_send_again(self) -> list[Request]:
        return [request for request in self._waiting.values() if request.repeatable]

    def fail(self, error: Exception) -> None:
        """Nothing will be answered any more."""
        for request in list(self._waiting.values()):
            self._give_up(request, error)

    def _give_up(self, request: Request, error: Exception) -> None:
        self._waiting.pop(request.request_id, None)
        if not request.future.done():
            request.future.set_exception(error)


def auth_request(core: Core) -> dict[str, Any] | None:
    """None for a client that is nobody yet: it can follow public channels."""
    if core.token is not None:
        body: dict[str, Any] = {"op": "auth", "token": core.token}
    elif core.signer is not None:
        timestamp, signature = core.signer.sign("GET", "/v1/ws", b"")
        body = {
            "op": "auth",
            "api_key": core.signer.api_key,
            "timestamp": timestamp,
            "signature": signature,
        }
    else:
        return None
    if core.account_id is not None:
        body["account_id"] = core.account_id
    if core.world_id is not None:
        body["world"] = core.world_id
    return body
