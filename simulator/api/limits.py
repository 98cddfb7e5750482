"""Token buckets on wall time: how often one caller may do one kind of thing.

A bucket holds `burst` tokens and gets `per_second` new ones; each request takes one. When there
are many buckets, full ones are forgotten, and if all are in use everybody starts anew: memory is
bounded, whoever knocks.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from simulator.api.errors import RateLimited

_MOST_BUCKETS: Final = 10_000
_NS: Final = 10**9


class Rate(msgspec.Struct, frozen=True):
    """How many per second, and how many at once."""

    per_second: int
    burst: int


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
        if bucket.nano_tokens < _NS:
            missing_ns = -(-(_NS - bucket.nano_tokens) // rate.per_second)
            raise RateLimited(self._what, -(-missing_ns // 1_000_000))
        bucket.nano_tokens -= _NS

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
