"""How often somebody may be wrong about a password: per name and per host, on wall time.

An attempt counts when it is made, so that a thousand at once are no way around; one that was
right is forgiven. Names are counted whether they exist or not.
"""

from collections.abc import Callable
from typing import Final

from simulator.api.errors import RateLimited

_NS_PER_MS: Final = 1_000_000
_MOST_REMEMBERED: Final = 10_000


class LoginAttempts:
    """At most `most` attempts of one kind of caller within `window_ns`."""

    def __init__(self, most: int | None, window_ns: int, wall_ns: Callable[[], int]) -> None:
        self._most = most
        self._window_ns = window_ns
        self._wall_ns = wall_ns
        self._made: dict[str, list[int]] = {}

    def take(self, caller: str) -> None:
        """Counts an attempt. Raises RateLimited."""
        if self._most is None:
            return
        now = self._wall_ns()
        recent = [each for each in self._made.get(caller, []) if now - each < self._window_ns]
        if len(recent) >= self._most:
            wait_ns = self._window_ns - (now - recent[0])
            raise RateLimited("failed log-ins", -(-wait_ns // _NS_PER_MS))
        if caller not in self._made and len(self._made) >= _MOST_REMEMBERED:
            self._make_room(now)
        self._made[caller] = [*recent, now]

    def forgive(self, caller: str) -> None:
        """The last attempt was right."""
        made = self._made.get(caller)
        if made:
            made.pop()

    def _make_room(self, now: int) -> None:
        self._made = {
            caller: made
            for caller, made in self._made.items()
            if made and now - made[-1] < self._window_ns
        }
        if len(self._made) >= _MOST_REMEMBERED:
            self._made.clear()
