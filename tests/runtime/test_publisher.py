"""A slow reader is told to resync; it never slows anybody."""

import asyncio

import pytest

from simulator.runtime.publisher import Publisher, Subscription

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_messages_come_in_order_and_only_of_followed_topics() -> None:
    publisher = Publisher()
    reader = Subscription(10)
    publisher.follow("a", reader)
    publisher.publish("a", 1)
    publisher.publish("b", 2)
    publisher.publish("a", 3)
    assert await reader.take() == ([1, 3], False)
    publisher.leave("a", reader)
    assert not publisher.has_readers("a")
    publisher.publish("a", 4)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.take(), 0.01)


async def test_an_overflow_drops_the_old_and_says_so_once() -> None:
    publisher = Publisher()
    slow, quick = Subscription(3), Subscription(100)
    publisher.follow("a", slow)
    publisher.follow("a", quick)
    for number in range(10):
        publisher.publish("a", number)
    assert (await quick.take()) == (list(range(10)), False)
    messages, lost = await slow.take()
    assert lost
    assert messages == [9]
    publisher.publish("a", 10)
    assert await slow.take() == ([10], False)
