"""How a method that is written once works on both clients.

A method of `methods/` only says what is to be done: an `endpoint` returns work, a `listing` a call
for one page. Taken from a `Client` they do it and return the answer; taken from an `AsyncClient`
they return something to await. The types say which, so editors and mypy know both.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, get_args, overload

from simulator.client.answers import Page
from simulator.client.core import Call, Core, Work

P = ParamSpec("P")
Answer = TypeVar("Answer")
Item = TypeVar("Item")


class Blocking:
    """A client that does its work before it returns."""

    core: Core

    def do(self, work: Work[Answer]) -> Answer:
        raise TypeError(f"{type(self).__name__} cannot do anything")


class Awaiting:
    """A client that does its work while it is awaited."""

    core: Core

    async def do(self, work: Work[Answer]) -> Answer:
        raise TypeError(f"{type(self).__name__} cannot do anything")


class endpoint(Generic[P, Answer]):  # noqa: N801 - it is used as a decorator
    """A method that returns work, made one that does it."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Work[Answer]]) -> None:
        self._describe = describe
        self._signature = _signature(describe)
        self.__doc__ = describe.__doc__
        self.__wrapped__ = describe

    @overload
    def __get__(self, client: None, owner: Any = None) -> "endpoint[P, Answer]": ...
    @overload
    def __get__(self, client: Blocking, owner: Any = None) -> Callable[P, Answer]: ...
    @overload
    def __get__(self, client: Awaiting, owner: Any = None) -> Callable[P, Awaitable[Answer]]: ...
    def __get__(self, client: Any, owner: Any = None) -> Any:
        if client is None:
            return self
        describe = self._describe

        def method(*args: P.args, **kwargs: P.kwargs) -> Any:
            return client.do(describe(client, *args, **kwargs))

        method.__doc__ = describe.__doc__
        method.__name__ = describe.__name__
        method.__signature__ = self._signature  # type: ignore[attr-defined]
        return method


class listing(Generic[P, Item]):  # noqa: N801 - it is used as a decorator
    """A method that describes one page of a list, made a `BlockingList` or an `AwaitingList`."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Call[Page[Item]]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__
        self.__wrapped__ = describe

    @overload
    def __get__(self, client: None, owner: Any = None) -> "listing[P, Item]": ...
    @overload
    def __get__(self, client: Blocking, owner: Any = None) -> "BlockingList[P, Item]": ...
    @overload
    def __get__(self, client: Awaiting, owner: Any = None) -> "AwaitingList[P, Item]": ...
    def __get__(self, client: Any, owner: Any = None) -> Any:
        if client is None:
            return self
        kind = BlockingList if isinstance(client, Blocking) else AwaitingList
        return kind(client, self._describe)


class BlockingList(Generic[P, Item]):
    """A list of the exchange. Called, it gives one page; `every` gives one item after the other."""

    def __init__(
        self, client: Blocking, describe: Callable[Concatenate[Any, P], Call[Page[Item]]]
    ) -> None:
        self._client = client
        self._describe = describe

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Page[Item]:
        return self._client.do(
            self._client.core.work(self._describe(self._client, *args, **kwargs))
        )

    def every(self, *args: P.args, **kwargs: P.kwargs) -> Iterator[Item]:
        """All items from the first page on; further pages are fetched when they are reached."""
        call = self._describe(self._client, *args, **kwargs)
        while True:
            page = self._client.do(self._client.core.work(call))
            yield from page.items
            if page.next is None:
                return
            call = call.after(page.next)


class AwaitingList(Generic[P, Item]):
    """As `BlockingList`, with `await` and `async for`."""

    def __init__(
        self, client: Awaiting, describe: Callable[Concatenate[Any, P], Call[Page[Item]]]
    ) -> None:
        self._client = client
        self._describe = describe

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Page[Item]:
        call = self._describe(self._client, *args, **kwargs)
        return await self._client.do(self._client.core.work(call))

    async def every(self, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[Item]:
        """All items from the first page on; further pages are fetched when they are reached."""
        call = self._describe(self._client, *args, **kwargs)
        while True:
            page = await self._client.do(self._client.core.work(call))
            for item in page.items:
                yield item
            if page.next is None:
                return
            call = call.after(page.next)


def _signature(describe: Callable[..., Any]) -> inspect.Signature:
    """What `help` shows of a bound method: without `self`, and with the answer of its work."""
    signature = inspect.signature(describe)
    parameters = list(signature.parameters.values())[1:]
    answer = get_args(signature.return_annotation)[-1]
    return signature.replace(parameters=parameters, return_annotation=answer)
