"""Token buckets on wall time: how often one caller may do one kind of thing.

A bucket holds `burst` tokens and gets `per_second` new ones; each request takes one. When there
are many buckets, full ones are forgotten, and if all are in use everybody starts anew: memory is
bounded, whoever knocks.

Within an HTTP request the state of the bucket that it drew on last is kept for its answer, as
headers: `orders` for placing, amending and canceling, `requests` for nearly everything else.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

import msgspec

from simulator.api.errors import RateLimited

LIMIT: Final = "X-RateLimit-Limit"
REMAINING: Final = "X-RateLimit-Remaining"
RESET_MS: Final = "X-RateLimit-Reset-Ms"

_MOST_BUCKETS: Final = 10_000
_NS: Final = 10**9


class Rate(msgspec.Struct, frozen=True):
    """How many per second, and how many at once."""

    per_second: int
    burst: int


class Allowance:
    """What a request's last bucket said; empty until it drew on one."""

    __slots__ = ("headers",)

    def __init__(self) -> None:
        self.headers: dict[str, int] = {}


ALLOWANCE: Final[ContextVar[Allowance | None]] = ContextVar("allowance", default=None)
"""Of the HTTP request that is being answered; threads and tasks it starts see the same one."""


class _Bucket:
    __slots__ = ("nano_tokens", "updated_ns")

    def __init__(self, nano_tokens: int, updated_ns: int) -> None:
        self.nano_tokens = nano_tokens
        self.updated_ns = updated_ns


class RateLimiter:
    """The buckets of all callers for one kind of request. A rate of none limits nothing."""

    def __init__(self, what: str, rate: Rate | None, now_ns: Callable[[], int]) -> None:
        self._what = what
        self._rate = rate
        self._now_ns = now_ns
        self._buckets: dict[str, _Bucket] = {}

    def take(self, caller: str) -> None:
        """Takes a token of the caller's bucket.

        Raises:
            RateLimited: there is none.
        """
        rate = self._rate
        if rate is None:
            return
        now = self._now_ns()
        full = rate.burst * _NS
        bucket = self._buckets.get(caller)
        if bucket is None:
            self._make_room(now, rate)
            bucket = self._buckets[caller] = _Bucket(full, now)
        passed = max(0, now - bucket.updated_ns)
        bucket.nano_tokens = min(full, bucket.nano_tokens + passed * rate.per_second)
        bucket.updated_ns = now
        enough = bucket.nano_tokens >= _NS
        if enough:
            bucket.nano_tokens -= _NS
        allowance = ALLOWANCE.get()
        if allowance is not None:
            allowance.headers = {
                LIMIT: rate.burst,
                REMAINING: bucket.nano_tokens // _NS,
                RESET_MS: _ms_until(full, bucket, rate),
            }
        if not enough:
            raise RateLimited(self._what, _ms_until(_NS, bucket, rate))

    def _make_room(self, now: int, rate: Rate) -> None:
        if len(self._buckets) < _MOST_BUCKETS:
            return
        refill_ns = -(-rate.burst * _NS // rate.per_second)
        self._buckets = {
            caller: bucket
            for caller, bucket in self._buckets.items()
            if now - bucket.updated_ns < refill_ns
        }
        if len(self._buckets) >= _MOST_BUCKETS:
            self._buckets.clear()


def _ms_until(nano_tokens: int, bucket: _Bucket, rate: Rate) -> int:
    """Rounded up, so that who waits so long is not too early."""
    missing_ns = -(-(nano_tokens - bucket.nano_tokens) // rate.per_second)
    return -(-missing_ns // 1_000_000)
