"""Signed requests: HMAC-SHA256 over time, method, path and body, each accepted once.

    signature = hex(HMAC(secret, f"{timestamp}\\n{method}\\n{path?query}\\n{sha256hex(body)}"))

The time is wall time in milliseconds, at most 5 seconds off. A signature that was accepted is
remembered as long as its time would be, so nobody who overheard a request can send it again.
"""

import hmac
from collections import deque
from collections.abc import Callable
from hashlib import sha256
from typing import Final

import msgspec

from simulator.api.errors import NotAuthenticated

WINDOW_MS: Final = 5_000


class SignedRequest(msgspec.Struct, frozen=True):
    """What was signed, and how. `target` is the path with its query, as it was sent."""

    api_key: str
    timestamp: int
    signature: str
    method: str
    target: str
    body: bytes = b""


def sign(secret: str, request: SignedRequest) -> str:
    """Lower-case hex."""
    digest = sha256(request.body).hexdigest()
    text = f"{request.timestamp}\n{request.method}\n{request.target}\n{digest}"
    return hmac.new(secret.encode(), text.encode("utf-8", "surrogatepass"), sha256).hexdigest()


class SignatureCheck:
    """Checks signatures, and that none comes twice."""

    def __init__(self, wall_ns: Callable[[], int]) -> None:
        self._wall_ns = wall_ns
        self._accepted: dict[str, None] = {}
        self._forget_at: deque[tuple[int, str]] = deque()

    def check_time(self, request: SignedRequest) -> None:
        """Raises NotAuthenticated."""
        now = self._now_ms()
        if abs(now - request.timestamp) > WINDOW_MS:
            raise NotAuthenticated(
                f"the timestamp {request.timestamp} is more than {WINDOW_MS} ms from the server's "
                f"time {now}",
                "TIMESTAMP_OUTSIDE_WINDOW",
            )

    def accept(self, secret: str, request: SignedRequest) -> None:
        """Accepts the request, this once. Raises NotAuthenticated."""
        self.check_time(request)
        if not hmac.compare_digest(
            sign(secret, request).encode(), request.signature.encode("utf-8", "surrogatepass")
        ):
            raise bad_signature()
        self._forget_old()
        if request.signature in self._accepted:
            raise NotAuthenticated("this request was accepted before", "REPLAYED_REQUEST")
        self._accepted[request.signature] = None
        self._forget_at.append((self._now_ms() + 2 * WINDOW_MS, request.signature))

    def _forget_old(self) -> None:
        now = self._now_ms()
        while self._forget_at and self._forget_at[0][0] < now:
            del self._accepted[self._forget_at.popleft()[1]]

    def _now_ms(self) -> int:
        return self._wall_ns() // 1_000_000


def bad_signature() -> NotAuthenticated:
    """The same for a key that does not exist as for a signature that is wrong."""
    return NotAuthenticated("the API key is unknown or the signature is wrong", "BAD_SIGNATURE")
