"""What followed accounts were told lately, so that who comes back hears what was missed.

An account is remembered from the moment somebody follows it until nobody has for some minutes of
wall time. Messages are kept as they were told, in memory and bounded: what is older than that, or
was told before the process started, is in the histories of REST.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

_PART_BYTES: Final = 64 * 1024
"""Messages of a replay travel together up to this: it must not overflow its reader's queue."""


class RecallSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much is remembered."""

    most_bytes: int = 2 * 1024 * 1024
    """Of messages, per account: a few thousand orders and their fills."""
    keep_ms: int = 300_000
    """For so long after the last reader of an account left, in wall time."""
    most_departed: int = 200
    """Accounts that nobody follows any more; beyond that the longest gone are forgotten."""


class Recall:
    """The last messages of one account: all that it was told after seq `begins`."""

    def __init__(self, begins: int, most_bytes: int) -> None:
        self.begins = begins
        self._most_bytes = most_bytes
        self._told: deque[tuple[int, list[bytes]]] = deque()
        self._bytes = 0

    def add(self, seq: int, messages: list[bytes]) -> None:
        """The messages of one batch, which were told together."""
        if seq <= self.begins:
            return
        self._told.append((seq, messages))
        self._bytes += sum(map(len, messages))
        while self._bytes > self._most_bytes:
            self.begins, forgotten = self._told.popleft()
            self._bytes -= sum(map(len, forgotten))

    def lose(self, seq: int) -> None:
        """What was told up to here is not known."""
        self._told.clear()
        self._bytes = 0
        self.begins = seq

    def after(self, since: int) -> list[bytes]:
        """The messages after a seq, marked as replayed, as parts of a frame.

        What was told together is in one part: whoever has a message of a seq has all of them.
        """
        parts: list[bytes] = []
        for seq, messages in self._told:
            if seq > since:
                missed = b",".join(map(_replayed, messages))
                if parts and len(parts[-1]) + len(missed) < _PART_BYTES:
                    parts[-1] += b"," + missed
                else:
                    parts.append(missed)
        return parts


class Recalls:
    """The accounts of one world that are remembered."""

    def __init__(self, settings: RecallSettings, wall_ns: Callable[[], int]) -> None:
        self._settings = settings
        self._wall_ns = wall_ns
        self._recalls: dict[int, Recall] = {}
        self._departed: dict[int, int] = {}
        """When the last reader of an account left, the longest gone first."""

    def find(self, account_id: int) -> Recall | None:
        return self._recalls.get(account_id)

    def begin(self, account_id: int, seq: int) -> None:
        """Somebody follows the account; it is remembered from this seq, or already was."""
        self._departed.pop(account_id, None)
        if account_id not in self._recalls:
            self._recalls[account_id] = Recall(seq, self._settings.most_bytes)

    def depart(self, account_id: int) -> None:
        """Nobody follows the account any more."""
        self._departed[account_id] = self._wall_ns()

    def forget(self) -> list[int]:
        """Forgets the accounts that nobody came back to; returns which."""
        forgotten: list[int] = []
        if not self._departed:
            return forgotten
        oldest = self._wall_ns() - self._settings.keep_ms * 1_000_000
        for account_id, departed_ns in self._departed.items():
            surplus = len(self._departed) - len(forgotten) - self._settings.most_departed
            if departed_ns > oldest and surplus <= 0:
                break
            forgotten.append(account_id)
        for account_id in forgotten:
            del self._departed[account_id]
            del self._recalls[account_id]
        return forgotten

    def lose_all(self, seq: int) -> None:
        """News up to this seq was lost to everybody."""
        for recall in self._recalls.values():
            recall.lose(seq)


def _replayed(encoded: bytes) -> bytes:
    """The message with one more field; a message is a JSON object with fields."""
    return encoded[:-1] + b',"replayed":true}'
