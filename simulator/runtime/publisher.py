"""Bounded queues between a world and its readers: a slow reader never slows the world.

A subscription holds at most `capacity` messages. When it overflows it is emptied and marked: the
reader is told to resync (take a new snapshot) instead of being served old news, or blocking.
"""

import asyncio
from collections.abc import Hashable, Iterable


class Subscription:
    """One reader's queue; messages are opaque. For one event loop."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._messages: list[object] = []
        self._lost = False
        self._ready = asyncio.Event()

    def offer(self, message: object) -> None:
        """Adds a message; on overflow drops everything and remembers that it did."""
        if len(self._messages) >= self._capacity:
            self._messages.clear()
            self._lost = True
        self._messages.append(message)
        self._ready.set()

    def lose(self) -> None:
        """Drops everything: what the reader would have been told next is not known."""
        self._messages.clear()
        self._lost = True
        self._ready.set()

    async def take(self) -> tuple[list[object], bool]:
        """Waits for messages.

        Returns:
            All messages so far, and whether earlier ones were lost: then a resync is due.
        """
        await self._ready.wait()
        self._ready.clear()
        messages, self._messages = self._messages, []
        lost, self._lost = self._lost, False
        return messages, lost


class Publisher:
    """Topics and who follows them."""

    def __init__(self) -> None:
        self._readers: dict[Hashable, dict[int, Subscription]] = {}

    def follow(self, topic: Hashable, subscription: Subscription) -> None:
        self._readers.setdefault(topic, {})[id(subscription)] = subscription

    def leave(self, topic: Hashable, subscription: Subscription) -> None:
        readers = self._readers.get(topic)
        if readers is not None:
            readers.pop(id(subscription), None)
            if not readers:
                del self._readers[topic]

    def has_readers(self, topic: Hashable) -> bool:
        return topic in self._readers

    def topics(self) -> Iterable[Hashable]:
        return self._readers.keys()

    def publish(self, topic: Hashable, message: object) -> None:
        """Offers a message to every reader of a topic."""
        for subscription in self._readers.get(topic, {}).values():
            subscription.offer(message)
