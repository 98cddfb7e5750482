"""Who follows which channel of a world, and who is about to.

A channel is *wanted* from the moment somebody asks for it, so that its news is collected, and
*followed* once the snapshot was handed over. Messages are encoded once for all followers.
"""

from collections.abc import Iterable

import msgspec

from simulator.api.shapes.stream import Message
from simulator.api.stream.channels import Channel
from simulator.runtime.publisher import Publisher, Subscription

_encoder = msgspec.json.Encoder()


class Readers:
    """The followers of one world's channels."""

    def __init__(self) -> None:
        self._publisher = Publisher()
        self._wanted: dict[Channel, int] = {}
        self._kinds: dict[str, int] = {}

    def wanted(self, channel: Channel) -> bool:
        return channel in self._wanted

    def any_wanted(self) -> bool:
        return bool(self._wanted)

    def wanted_kind(self, kind: str) -> bool:
        """Whether any channel of this kind is wanted."""
        return kind in self._kinds

    def followed(self, channel: Channel) -> bool:
        return self._publisher.has_readers(channel)

    def want(self, channel: Channel) -> None:
        self._wanted[channel] = self._wanted.get(channel, 0) + 1
        self._kinds[channel.kind] = self._kinds.get(channel.kind, 0) + 1

    def unwant(self, channel: Channel) -> bool:
        """Takes one wish back; returns whether it was the last one for this channel."""
        self._kinds[channel.kind] -= 1
        if not self._kinds[channel.kind]:
            del self._kinds[channel.kind]
        self._wanted[channel] -= 1
        if self._wanted[channel]:
            return False
        del self._wanted[channel]
        return True

    def follow(self, channel: Channel, reader: Subscription) -> None:
        self._publisher.follow(channel, reader)

    def leave(self, channel: Channel, reader: Subscription) -> None:
        self._publisher.leave(channel, reader)

    def tell(self, channel: Channel, message: Message) -> None:
        self._publisher.publish(channel, _encoder.encode(message))

    def tell_together(self, channel: Channel, messages: Iterable[Message]) -> list[bytes]:
        """Messages that no reader gets only some of; returns them as they were told."""
        encoded = [_encoder.encode(message) for message in messages]
        self._publisher.publish(channel, b",".join(encoded))
        return encoded


def encode(message: msgspec.Struct) -> bytes:
    return _encoder.encode(message)
