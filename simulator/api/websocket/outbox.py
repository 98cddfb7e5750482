"""What waits to be sent over one websocket: replies, which are never dropped, and news, which are.

News is bounded by the subscription's capacity: a reader that falls behind loses it all and must
resync. Replies are bounded by the requests that the connection lets in.
"""

from typing import NamedTuple

from simulator.runtime.publisher import Subscription


class Outgoing(NamedTuple):
    """`lost`: earlier news is gone, so this news is worth nothing without new snapshots."""

    replies: list[bytes]
    news: list[object]
    lost: bool


class Outbox(Subscription):
    """A subscription that also carries replies. For one event loop."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self._replies: list[bytes] = []

    def reply(self, message: bytes) -> None:
        self._replies.append(message)
        self._ready.set()

    async def drain(self) -> Outgoing:
        """Waits until there is something to send, and takes all of it."""
        news, lost = await self.take()
        replies, self._replies = self._replies, []
        return Outgoing(replies, news, lost)
