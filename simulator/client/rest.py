"""The two clients: the same methods (`methods/`), one blocking, one with asyncio.

Each only knows how to send a request and how to wait; what is sent, when it is sent again and
what an answer means is in `core.py`.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Generic, TypeVar

import httpx

from simulator.client.core import Core, Outcome, Send, Signer, Step, Work
from simulator.client.endpoints import Awaiting, Blocking
from simulator.client.methods.accounts import AccountMethods
from simulator.client.methods.borrowing import BorrowingMethods
from simulator.client.methods.calculators import CalculatorMethods
from simulator.client.methods.histories import HistoryMethods
from simulator.client.methods.identity import IdentityMethods
from simulator.client.methods.orders import OrderMethods
from simulator.client.methods.worlds import WorldMethods

DEFAULT_URL = "http://127.0.0.1:8000"
TIMEOUT_SECONDS = 10.0

Answer = TypeVar("Answer")
Transport = TypeVar("Transport", httpx.BaseTransport, httpx.AsyncBaseTransport)


class Methods(
    IdentityMethods,
    AccountMethods,
    BorrowingMethods,
    OrderMethods,
    HistoryMethods,
    WorldMethods,
    CalculatorMethods,
    ABC,
    Generic[Transport],
):
    """Everything that a client can do, and whom it does it for."""

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        api_key: str | None = None,
        api_secret: str | None = None,
        world: str | None = None,
        account_id: int | None = None,
        transport: Transport | None = None,
    ) -> None:
        """`transport` is for tests: how httpx sends, if not over the network."""
        if (api_key is None) != (api_secret is None):
            raise ValueError("api_key and api_secret go together")
        signer = None
        if api_key is not None and api_secret is not None:
            signer = Signer(api_key, api_secret)
        self.core = Core(base_url, token, signer)
        self.core.world_id = world
        self.core.account_id = account_id
        self._open(transport)

    @abstractmethod
    def _open(self, transport: Transport | None) -> None:
        """Makes what sends requests."""

    @property
    def base_url(self) -> str:
        return self.core.base_url

    @property
    def token(self) -> str | None:
        return self.core.token

    @property
    def account_id(self) -> int | None:
        """The account that is meant where a call names none."""
        return self.core.account_id

    @account_id.setter
    def account_id(self, account_id: int | None) -> None:
        self.core.account_id = account_id

    @property
    def world_id(self) -> str | None:
        """The world that is meant where a call names none; None is the server's default."""
        return self.core.world_id

    @world_id.setter
    def world_id(self, world: str | None) -> None:
        self.core.world_id = world


class Client(Methods[httpx.BaseTransport], Blocking):
    """Blocking. It may be used from several threads once it has joined or logged in."""

    def _open(self, transport: httpx.BaseTransport | None) -> None:
        self._http = httpx.Client(transport=transport, timeout=TIMEOUT_SECONDS)

    def do(self, work: Work[Answer]) -> Answer:
        """Does work step by step."""
        outcome: Outcome = None
        try:
            while True:
                outcome = self._take(work.send(outcome))
        except StopIteration as done:
            answer: Answer = done.value
            return answer

    def _take(self, step: Step) -> Outcome:
        if not isinstance(step, Send):
            time.sleep(step.seconds)
            return None
        try:
            return self._http.send(step.request)
        except httpx.TransportError as error:
            return error

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncClient(Methods[httpx.AsyncBaseTransport], Awaiting):
    """The same with `await`. It belongs to one event loop."""

    def _open(self, transport: httpx.AsyncBaseTransport | None) -> None:
        self._http = httpx.AsyncClient(transport=transport, timeout=TIMEOUT_SECONDS)

    async def do(self, work: Work[Answer]) -> Answer:
        """Does work step by step."""
        outcome: Outcome = None
        try:
            while True:
                outcome = await self._take(work.send(outcome))
        except StopIteration as done:
            answer: Answer = done.value
            return answer

    async def _take(self, step: Step) -> Outcome:
        if not isinstance(step, Send):
            await asyncio.sleep(step.seconds)
            return None
        try:
            return await self._http.send(step.request)
        except httpx.TransportError as error:
            return error

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
