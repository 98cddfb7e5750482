"""schemathesis over the OpenAPI document, in-process: whatever it makes up is answered as written.

Malformed requests are made up for operations with a body, where there is enough to get wrong.
Nobody is answered with a 5xx, no answer has a status, a content type or a shape that the document
does not name. By default a few examples of each operation; the soak draws many more.
"""

import asyncio
import copy
import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from simulator.api.documents import operations
from tests.api.test_histories import liquidated
from tests.api.venue import BTC, Json, Trader, Venue, open_venue

SOAKING = os.environ.get("SIMULATOR_TEST_PROFILE", "default") == "soak"
EXAMPLES = 2_000 if SOAKING else 40
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
Operation = APIOperation[Any, Any, Any, Any]
AnyCase = Case[Any]


class Laboratory:
    """A venue on an event loop of its own thread, so that hypothesis may be synchronous."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._opened = open_venue(database)
        self.venue: Venue = self.do(self._opened.__aenter__)
        self.trader: Trader = self.do(lambda: liquidated(self.venue))
        self.do(lambda: self.trader.place(client_order_id="a-1"))
        response = self.do(lambda: self.venue.client.get("/v1/openapi.json"))
        self.document: Json = response.json()

    def do(self, work: Callable[[], Any]) -> Any:
        async def run() -> Any:
            return await work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(60)

    def close(self) -> None:
        self.do(lambda: self._opened.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="module")
def laboratory(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    database = Path(shutil.copy(migrated, tmp_path_factory.mktemp("schemathesis") / "test.db"))
    opened = Laboratory(database)
    yield opened
    opened.close()


def _anonymous(laboratory: Laboratory) -> dict[str, str]:
    return {}


def _user(laboratory: Laboratory) -> dict[str, str]:
    return laboratory.trader.headers


CREDENTIALS: dict[str, Callable[[Laboratory], dict[str, str]]] = {
    "anonymous": _anonymous,
    "user": _user,
}
"""Who asks: the headers that say so."""


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("who", CREDENTIALS)
def test_answers_are_as_the_document_says(
    laboratory: Laboratory, who: str, mode: GenerationMode
) -> None:
    statuses: Counter[int] = Counter()
    asked = 0
    schema = schemathesis.openapi.from_dict(laboratory.document)
    for path, method, described in operations(laboratory.document):
        if mode == GenerationMode.POSITIVE or "requestBody" in described:
            operation = schema[path][method.upper()]
            statuses += _ask(laboratory, operation, CREDENTIALS[who](laboratory), mode)
            asked += 1
    assert asked >= (30 if mode == GenerationMode.POSITIVE else 7)
    assert laboratory.venue.world.halt_reason is None
    if who == "anonymous":
        assert statuses[401] > asked, statuses
    elif mode == GenerationMode.NEGATIVE:
        assert statuses[422] > asked, statuses
    if mode == GenerationMode.POSITIVE:
        assert statuses[200] > asked, statuses
        assert statuses[404] > asked, statuses


def _ask(
    laboratory: Laboratory, operation: Operation, headers: dict[str, str], mode: GenerationMode
) -> Counter[int]:
    """Many requests of one operation; how often it answered with which status."""
    statuses: Counter[int] = Counter()

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode), familiar=st.booleans())
    def ask(case: AnyCase, familiar: bool) -> None:
        if familiar:
            _make_familiar(case, laboratory.trader)
        response = _send(laboratory, case, headers)
        statuses[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    ask()
    return statuses


def test_an_answer_that_is_not_as_written_is_noticed(laboratory: Laboratory) -> None:
    document = copy.deepcopy(laboratory.document)
    document["components"]["schemas"]["Health"]["properties"]["status"] = {"type": "integer"}
    operation = schemathesis.openapi.from_dict(document)["/health"]["GET"]
    with pytest.raises(FailureGroup, match="schema"):
        _ask(laboratory, operation, {}, GenerationMode.POSITIVE)


def _make_familiar(case: AnyCase, trader: Trader) -> None:
    """Names what there is, because no dice find the number of an account."""
    there = {
        "account": trader.account_id,
        "world": "practice",
        "symbol": BTC,
        "client_order_id": "a-1",
    }
    for name in case.path_parameters or {}:
        if name in there:
            case.path_parameters[name] = there[name]
    for name in case.query if isinstance(case.query, dict) else ():
        if name in there:
            case.query[name] = there[name]
    if isinstance(case.body, dict) and "symbol" in case.body:
        case.body["symbol"] = BTC


def _send(laboratory: Laboratory, case: AnyCase, headers: dict[str, str]) -> httpx.Response:
    request = case.as_transport_kwargs(base_url="http://test", headers=headers)
    response: httpx.Response = laboratory.do(
        lambda: laboratory.venue.client.request(**_for_httpx(request))
    )
    return response


def _for_httpx(request: dict[str, Any]) -> dict[str, Any]:
    """schemathesis speaks the dialect of `requests`; no parameter of ours is a cookie."""
    names = {"data": "content"}
    return {names.get(name, name): value for name, value in request.items() if name != "cookies"}
