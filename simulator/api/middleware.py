"""Around every HTTP request: its id, limits of size and time, and the net under our own bugs.

Headers of an answer that no route writes are added here: the request's id, and what is left of
the caller's rate.
"""

import asyncio
import secrets
from collections.abc import Iterator
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.api.context import ApiSettings
from simulator.api.errors import (
    MEDIA_TYPE,
    ApiProblem,
    InternalError,
    MalformedRequest,
    TimedOut,
    TooLarge,
)
from simulator.api.limits import ALLOWANCE, Allowance
from simulator.api.stream.readers import encode
from simulator.runtime.forgiving_log import ForgivingLog

log = ForgivingLog()

REQUEST_ID: Final = "simulator.request_id"


class RequestMiddleware:
    """Reads the whole body before the application runs, because no body here is large."""

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        self._app = app
        self._max_body_bytes = settings.max_body_bytes
        self._timeout_ms = settings.timeout_ms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope[REQUEST_ID] = request_id
        allowance = Allowance()
        ALLOWANCE.set(allowance)
        answer = _Answer(send, request_id, allowance)
        try:
            if "\0" in scope["path"] or b"%00" in scope["query_string"]:
                raise MalformedRequest("a path or query has no NUL character")
            await self._answer(scope, receive, answer)
        except ApiProblem as problem:
            if answer.has_begun:
                raise
            await answer.problem(problem)
        except Exception:
            log.exception("a request failed", request_id=request_id, path=scope["path"])
            if answer.has_begun:
                raise
            await answer.problem(InternalError())

    async def _answer(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        """Raises TooLarge, TimedOut, and whatever the application lets through."""
        within = f"within {self._timeout_ms} ms"
        late = f"the body did not come {within}"
        deadline = asyncio.timeout(self._timeout_ms / 1000)
        try:
            async with deadline:
                body = await self._read(receive)
                if body is not None:
                    late = f"there was no answer {within}; what was asked may be done all the same"
                    await self._app(scope, _Replay(body, receive), answer.send)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise TimedOut(late) from None

    async def _read(self, receive: Receive) -> bytes | None:
        """The body; none if the client went away. Raises TooLarge."""
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            part = message.get("body", b"")
            size += len(part)
            if size > self._max_body_bytes:
                raise TooLarge(f"a body has at most {self._max_body_bytes} bytes")
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)


class _Replay:
    """Gives the application the body that was read, then whatever the client still says."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class _Answer:
    """Adds the request's id to the response, and knows whether one has begun."""

    def __init__(self, send: Send, request_id: str, allowance: Allowance) -> None:
        self._send = send
        self._request_id = request_id
        self._allowance = allowance
        self.has_begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            headers = [*message.get("headers", []), *self._headers()]
            message = {**message, "headers": headers}
        await self._send(message)

    async def problem(self, problem: ApiProblem) -> None:
        """The connection ends with it, because the rest of the request may still be coming."""
        body = encode(problem.shape(self._request_id))
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            *self._headers(),
        ]
        await self._send(
            {"type": "http.response.start", "status": problem.status, "headers": headers}
        )
        await self._send({"type": "http.response.body", "body": body})

    def _headers(self) -> Iterator[tuple[bytes, bytes]]:
        yield b"x-request-id", self._request_id.encode()
        for name, number in self._allowance.headers.items():
            yield name.lower().encode(), str(number).encode()
