"""Around every HTTP request: its id, the limit of its size, and the net under our own bugs."""

import secrets
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.api.errors import MEDIA_TYPE, ApiProblem, InternalError, TooLarge
from simulator.api.stream.readers import encode

log = structlog.get_logger()

REQUEST_ID: Final = "simulator.request_id"


class RequestMiddleware:
    """Reads the whole body before the application runs, because no body here is large."""

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope[REQUEST_ID] = request_id
        answer = _Answer(send, request_id)
        try:
            body = await self._read(receive)
            if body is not None:
                await self._app(scope, _Replay(body, receive), answer.send)
        except ApiProblem as problem:
            await answer.problem(problem)
        except Exception:
            log.exception("a request failed", request_id=request_id, path=scope["path"])
            if answer.has_begun:
                raise
            await answer.problem(InternalError())

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

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.has_begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            headers = [*message.get("headers", []), self._id_header()]
            message = {**message, "headers": headers}
        await self._send(message)

    async def problem(self, problem: ApiProblem) -> None:
        body = encode(problem.shape(self._request_id))
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            self._id_header(),
        ]
        await self._send(
            {"type": "http.response.start", "status": problem.status, "headers": headers}
        )
        await self._send({"type": "http.response.body", "body": body})

    def _id_header(self) -> tuple[bytes, bytes]:
        return b"x-request-id", self._request_id.encode()
