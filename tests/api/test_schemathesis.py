"""schemathesis over the OpenAPI document, in-process: whatever it makes up is answered as written.

Malformed requests are made up for operations with a body, where there is enough to get wrong.
Nobody is answered with a 5xx, no answer has a status, a content type or a shape that the document
does not name. Who goes by no credentials asks everything, with whatever credentials are made up;
everybody else asks what is private, and is known each time. By default a few examples of each
operation; the soak draws many more.
"""

import asyncio
import copy
import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

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
from simulator.api.rest.common import COOKIE, csrf_token_of
from simulator.runtime.clocks import wall_ns
from tests.api.test_authentication import sign_up
from tests.api.test_histories import liquidated
from tests.api.venue import BTC, Json, Trader, Venue, open_venue, order_body

SOAKING = os.environ.get("SIMULATOR_TEST_PROFILE", "default") == "soak"
EXAMPLES = 2_000 if SOAKING else 9
EXAMPLES_FOR_STRANGERS = EXAMPLES // 3
"""Of what is private: all of it is answered with 401."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
"""A world that somebody made and `set_clock` paused says 503 in place of the first."""

Operation = APIOperation[Any, Any, Any, Any]
AnyCase = Case[Any]

OWNED = "owners-class"
"""The world whose clock everybody tries to set; the owner's own account is in it, too."""

CREDENTIALS = ("x-api-key", "x-timestamp", "x-signature", "authorization")
"""Headers that are made up, and would hide who asks."""

CONTROLLING = ("owner", "admin")
"""Who may set that clock."""

LOG_OUT = ("post", "/v1/logout")
"""The one operation after which its visitor is known no more."""

LONGEST_STEP_MS = 2_000
NUMBERS = {
    "entry": "20000",
    "balance": "3000",
    "fills": "0.1@20000,0.3@18000",
    "principal": "16000",
    "daily_rate": "0.0003",
    "rate": "0.0001",
    "volatility": "0.8",
    "others": "ETHUSDT-PERP:SHORT:2:1500:1450",
}
"""What the calculators can read, by the name of the parameter."""

API_KEY = {"label": "bot", "scopes": ["READ"]}
LIFETIME_NS = 3_600 * 10**9


class Visitor(NamedTuple):
    """Somebody who asks, and what there is for them."""

    user_id: str
    there: Json
    """What is familiar, by the name of its parameter."""
    by_cookie: bool = False

    def login(self, laboratory: "Laboratory") -> dict[str, str]:
        """The headers of a new login, as a browser's page or anything else sends them."""
        create = laboratory.venue.app.state.api.context.identities.create_token
        token = create(self.user_id, wall_ns(), LIFETIME_NS)
        if self.by_cookie:
            return {"Cookie": f"{COOKIE}={token}", "X-CSRF-Token": csrf_token_of(token)}
        return {"Authorization": f"Bearer {token}"}


class Laboratory:
    """A venue on an event loop of its own thread, so that hypothesis may be synchronous."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._opened = open_venue(database)
        self.venue: Venue = self.do(self._opened.__aenter__)
        self.visitors: dict[str, Visitor] = self.do(self._assemble)
        response = self.do(lambda: self.venue.client.get("/v1/openapi.json"))
        self.document: Json = response.json()

    async def _assemble(self) -> dict[str, Visitor]:
        """A user who was liquidated, a world's owner, an admin who asks for the user's account."""
        trader = await liquidated(self.venue)
        owner, admin = await sign_up(self.venue, "owner"), await sign_up(self.venue, "admin")
        self.venue.app.state.api.context.credentials.grant_admin("admin")
        user = await self._visitor(trader, "practice")
        return {
            "anonymous": user,
            "user": user,
            "owner": await self._visitor(await self._with_a_world(owner), OWNED),
            "admin": (await self._visitor(admin, "practice"))._replace(there=user.there),
            "browser": user._replace(by_cookie=True),
        }

    async def _with_a_world(self, owner: Trader) -> Trader:
        """The owner with the account in the world."""
        account = {"world": OWNED, "label": "mine"}
        for path, body in (("/worlds", {"world": OWNED}), ("/accounts", account)):
            made = await owner.client.post(f"/v1{path}", json=body, headers=owner.headers)
            assert made.status_code == 201, made.text
        return Trader(owner.client, {**made.json(), "token": owner.token})

    async def _visitor(self, trader: Trader, world: str) -> Visitor:
        """With an order that rests, an API key, and perhaps a liquidation."""
        me = (await trader.client.get("/v1/me", headers=trader.headers)).json()
        where = {"world": world}
        mark = (await trader.client.get(f"/v1/worlds/{world}/marks")).json()["items"][0]
        below = str(int(Decimal(mark["mark_price"])) - 200)
        body = order_body(client_order_id="a-1", price=below)
        placed = await trader.call("POST", "/orders", json=body, params=where)
        assert placed.status_code == 201, placed.text
        key = await trader.call("POST", "/api-keys", json=API_KEY, params=where)
        there = {
            "account": trader.account_id,
            "world": world,
            "symbol": BTC,
            "client_order_id": "a-1",
            "order_id": placed.json()["order"]["order_id"],
            "liquidation_id": 1,
            "margin_call_id": 1,
            "api_key": key.json()["api_key"],
            **NUMBERS,
        }
        return Visitor(me["user_id"], there)

    def set_clock(self) -> None:
        """Whatever was asked before, the owner's world goes on; others that were made stand."""

        async def set_clock() -> None:
            for world in self.venue.app.state.api.context.registry:
                if world.world_id == OWNED:
                    world.set_speed(Fraction(1))
                    world.resume()
                elif world is not self.venue.world:
                    world.pause()

        self.do(set_clock)

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


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_strangers_are_answered_as_the_document_says(
    laboratory: Laboratory, mode: GenerationMode
) -> None:
    statuses = _ask_all(laboratory, "anonymous", mode)
    asked = len(statuses)
    total = sum(statuses.values(), Counter[int]())
    assert asked >= (30 if mode == GenerationMode.POSITIVE else 7)
    assert total[401] > asked, total
    if mode == GenerationMode.POSITIVE:
        public = [each for each in statuses.values() if not each[401]]
        assert total[200] > 2 * len(public) > 20, total
        assert total[404] > 10, total


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("who", ["user", "owner", "admin", "browser"])
def test_who_is_known_is_answered_as_the_document_says(
    laboratory: Laboratory, who: str, mode: GenerationMode
) -> None:
    statuses = _ask_all(laboratory, who, mode)
    total = sum(statuses.values(), Counter[int]())
    unknown = {path for path, counts in statuses.items() if counts[401]}
    assert unknown <= {LOG_OUT}, "a request that did not come as who it is"
    assert len(statuses) >= (30 if mode == GenerationMode.POSITIVE else 7)
    if mode == GenerationMode.NEGATIVE:
        assert total[422] > len(statuses), total
    else:
        assert total[200] > len(statuses), total
        assert total[404] > len(statuses), total
        assert statuses["post", "/v1/worlds/{world}/pause"][200 if who in CONTROLLING else 403]
        assert statuses["post", "/v1/accounts/{account}/reset"][404 if who == "admin" else 200]


def _ask_all(
    laboratory: Laboratory, who: str, mode: GenerationMode
) -> dict[tuple[str, str], Counter[int]]:
    """By method and path, how often each operation that is this visitor's answered with what."""
    statuses: dict[tuple[str, str], Counter[int]] = {}
    schema = schemathesis.openapi.from_dict(laboratory.document)
    for path, method, described in operations(laboratory.document):
        if mode == GenerationMode.NEGATIVE and "requestBody" not in described:
            continue
        if who == "anonymous" or "security" in described:
            operation = schema[path][method.upper()]
            statuses[method, path] = _ask(laboratory, operation, who, mode)
            laboratory.set_clock()
    assert laboratory.venue.world.halt_reason is None
    return statuses


def _ask(
    laboratory: Laboratory, operation: Operation, who: str, mode: GenerationMode
) -> Counter[int]:
    """Many requests of one operation; how often it answered with which status."""
    statuses: Counter[int] = Counter()
    visitor = laboratory.visitors[who]
    headers = None if who == "anonymous" else visitor.login(laboratory)
    barred = who == "anonymous" and "security" in operation.definition.raw
    examples = EXAMPLES_FOR_STRANGERS if barred else EXAMPLES

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode), familiar=st.booleans())
    def ask(case: AnyCase, familiar: bool) -> None:
        if familiar:
            _make_familiar(case, operation, visitor)
        response = _send(laboratory, case, headers)
        statuses[response.status_code] += 1
        is_paused = response.status_code == 503 and response.json()["code"] == "WORLD_PAUSED"
        case.validate_response(response, checks=CHECKS[1:] if is_paused else CHECKS)

    ask()
    return statuses


def test_an_answer_that_is_not_as_written_is_noticed(laboratory: Laboratory) -> None:
    document = copy.deepcopy(laboratory.document)
    document["components"]["schemas"]["Health"]["properties"]["status"] = {"type": "integer"}
    operation = schemathesis.openapi.from_dict(document)["/health"]["GET"]
    with pytest.raises(FailureGroup, match="schema"):
        _ask(laboratory, operation, "anonymous", GenerationMode.POSITIVE)


def _make_familiar(case: AnyCase, operation: Operation, visitor: Visitor) -> None:
    """Names what there is, because no dice find the number of an account."""
    there = visitor.there
    if operation.method == "post" and "{world}" in operation.path:
        there = {**there, "world": OWNED}
    for name in case.path_parameters or {}:
        if name in there:
            case.path_parameters[name] = there[name]
    if isinstance(case.query, dict):
        for name in case.query:
            if name in there:
                case.query[name] = there[name]
        if "{account}" in operation.path:
            case.query["world"] = there["world"]
    if isinstance(case.body, dict):
        if "symbol" in case.body:
            case.body["symbol"] = BTC
        milliseconds = case.body.get("milliseconds")
        if isinstance(milliseconds, int):
            case.body["milliseconds"] = min(milliseconds, LONGEST_STEP_MS)


def _send(laboratory: Laboratory, case: AnyCase, headers: dict[str, str] | None) -> httpx.Response:
    """With these credentials, or with the ones that were made up."""
    request = _for_httpx(case.as_transport_kwargs(base_url="http://test"))
    if headers is not None:
        kept = {
            name: value
            for name, value in request["headers"].items()
            if name.lower() not in {*CREDENTIALS, *(each.lower() for each in headers)}
        }
        request["headers"] = {**kept, **headers}
    response: httpx.Response = laboratory.do(lambda: laboratory.venue.client.request(**request))
    return response


def _for_httpx(request: dict[str, Any]) -> dict[str, Any]:
    """schemathesis speaks the dialect of `requests`; httpx wants cookies as what they are."""
    names = {"data": "content"}
    said = {names.get(name, name): value for name, value in request.items() if name != "cookies"}
    said["headers"] = dict(request["headers"])
    if request.get("cookies"):
        pairs = (f"{name}={value}" for name, value in request["cookies"].items())
        said["headers"]["Cookie"] = "; ".join(pairs)
    return said
