"""A request from its description to its answer, without any IO.

`Core.work` is a generator: it yields what is to be done (send this, wait so long), is sent what
came of it, and returns the answer. `rest.py` drives it in two ways, blocking and with asyncio, so
signing, retries and errors are written once. It retries only what may be done twice.
"""

import hashlib
import hmac
import threading
from collections.abc import Callable, Generator, Mapping
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from simulator.client.errors import (
    NotChosen,
    Problem,
    RateLimited,
    SimulatorError,
    TransportError,
    Unavailable,
    UnreadableAnswer,
    error_of,
)
from simulator.client.wall import wall_ms

Answer = TypeVar("Answer")
AnswerOut = TypeVar("AnswerOut", covariant=True)

MOST_ATTEMPTS: Final = 4
LONGEST_WAIT: Final = 10.0
"""Seconds. If the exchange asks for more patience than this, the caller is told instead."""
_FIRST_WAIT: Final = 0.2
NOTHING_HASH: Final = hashlib.sha256(b"").hexdigest()

Parameters = Mapping[str, str | int | None]


class Send(msgspec.Struct, frozen=True):
    """To be sent; wanted back: the response, or the exception of httpx."""

    request: httpx.Request


class Wait(msgspec.Struct, frozen=True):
    """Seconds to wait; nothing is wanted back."""

    seconds: float


Step = Send | Wait
Outcome = httpx.Response | httpx.TransportError | None
Work = Generator[Step, Outcome, Answer]
"""What is to be done for one answer, step by step."""


class Call(msgspec.Struct, Generic[AnswerOut], frozen=True, kw_only=True):
    """One request, described. `path` is what follows `/v1`; None among `params` is left out."""

    method: str
    path: str
    answer: Any
    """The type of the answer; None where there is none."""
    params: Parameters = {}
    body: Mapping[str, Any] | None = None
    repeatable: bool = False
    """Whether doing it twice does no more than doing it once."""

    def after(self, cursor: str) -> "Call[AnswerOut]":
        """The same call for what follows the cursor of a list."""
        return msgspec.structs.replace(self, params={**self.params, "after": cursor})


def path_segment(text: str) -> str:
    """The text as one part of a path, whatever is in it: slashes and dots lead nowhere else."""
    return quote(text, safe="").replace(".", "%2E")


class Signer:
    """Signs with an API key. Timestamps only grow, because a signature is accepted once."""

    def __init__(self, api_key: str, secret: str, now_ms: Callable[[], int] = wall_ms) -> None:
        self.api_key = api_key
        self._secret = secret.encode()
        self._now_ms = now_ms
        self._last = 0
        self._lock = threading.Lock()

    def sign(self, method: str, target: str, body: bytes) -> tuple[int, str]:
        """Timestamp and signature; `target` is the path with its query."""
        with self._lock:
            timestamp = self._last = max(self._now_ms(), self._last + 1)
        text = f"{timestamp}\n{method}\n{target}\n{hashlib.sha256(body).hexdigest()}"
        return timestamp, hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()


class Core:
    """Who calls, and for which account: all that the methods of a client share."""

    def __init__(self, base_url: str, token: str | None, signer: Signer | None) -> None:
        self.base_url = base_url.rstrip("/")
        self.token = token
        self.signer = signer
        self.world_id: str | None = None
        self.account_id: int | None = None

    # -- which account, which world ----------------------------------------------------------------

    def account_path(self, rest: str = "", account_id: int | None = None) -> str:
        """Raises NotChosen."""
        chosen = self.account_id if account_id is None else account_id
        if chosen is None:
            raise NotChosen("no account is chosen: join or log in, or name an account_id")
        return f"/accounts/{chosen}{rest}"

    def account_params(self, **more: str | int | None) -> Parameters:
        return {"world": self.world_id, **more}

    def world_path(self, rest: str = "", world: str | None = None) -> str:
        return f"/worlds/{world or self.world_id or 'practice'}{rest}"

    # -- from a call to its answer -----------------------------------------------------------------

    def work(self, call: Call[Answer]) -> Work[Answer]:
        """Raises SimulatorError: see errors.py."""
        response = yield from self.exchange(call)
        answer: Answer = _decode(response, call.answer)
        return answer

    def exchange(self, call: Call[Any]) -> Work[httpx.Response]:
        """The response, if it is a good one."""
        attempt = 1
        while True:
            outcome = yield Send(self._request(call))
            error = _failure(outcome)
            if error is None:
                if not isinstance(outcome, httpx.Response):
                    raise AssertionError(f"sending came to {outcome!r}")
                return outcome
            wait = _patience(error, attempt)
            if not call.repeatable or wait is None or attempt == MOST_ATTEMPTS:
                raise error
            yield Wait(wait)
            attempt += 1

    def _request(self, call: Call[Any]) -> httpx.Request:
        """Made anew for each attempt: a signature is accepted once."""
        params = {name: value for name, value in call.params.items() if value is not None}
        content = b"" if call.body is None else msgspec.json.encode(call.body)
        headers = {"Content-Type": "application/json"} if content else {}
        request = httpx.Request(
            call.method,
            f"{self.base_url}/v1{call.path}",
            params=params or None,
            content=content,
            headers=headers,
        )
        if self.token is not None:
            request.headers["Authorization"] = f"Bearer {self.token}"
        elif self.signer is not None:
            target = request.url.raw_path.decode("ascii")
            timestamp, signature = self.signer.sign(call.method, target, content)
            request.headers["X-API-Key"] = self.signer.api_key
            request.headers["X-Timestamp"] = str(timestamp)
            request.headers["X-Signature"] = signature
        return request


def _failure(outcome: Outcome) -> SimulatorError | None:
    if isinstance(outcome, httpx.TransportError):
        error = TransportError(f"no answer: {outcome or type(outcome).__name__}")
        error.__cause__ = outcome
        return error
    if outcome is None or outcome.is_success:
        return None
    try:
        problem = msgspec.json.decode(outcome.content, type=Problem)
    except (ValueError, msgspec.MsgspecError):
        detail = f"an answer of {len(outcome.content)} bytes that is no problem of ours"
        problem = Problem(status=outcome.status_code, code="NOT_UNDERSTOOD", detail=detail)
    header = outcome.headers.get("retry-after", "")
    return error_of(problem, float(header) if header.isdecimal() else None)


def _patience(error: SimulatorError, attempt: int) -> float | None:
    """Seconds to wait before the next attempt; none if it would be in vain."""
    backoff: float = _FIRST_WAIT * (1 << (attempt - 1))
    if isinstance(error, TransportError):
        return backoff
    if isinstance(error, RateLimited | Unavailable) and error.retry_after is not None:
        return error.retry_after if error.retry_after <= LONGEST_WAIT else None
    if isinstance(error, RateLimited):
        return backoff
    return None


def _decode(response: httpx.Response, kind: Any) -> Any:
    if kind is None:
        return None
    try:
        return msgspec.json.decode(response.content, type=kind)
    except (ValueError, msgspec.MsgspecError) as error:
        where = f"{response.request.method} {response.request.url.path}"
        raise UnreadableAnswer(f"{where} was answered, but {error}") from error
