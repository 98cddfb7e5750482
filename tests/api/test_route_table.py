"""Every route with every role: what the declarations say is what a request meets.

`docs/access.md` is the golden copy. To write it anew: `python -m tests.api.test_route_table`.
"""

import asyncio
import inspect
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from simulator.api import access
from simulator.api.access import SCOPES, UndeclaredRouteError
from simulator.api.access_table import ROLES, YES, access_page, outcome
from simulator.database.migrating import migrate
from tests.api.test_authentication import make_key, sign_up, signed
from tests.api.venue import BTC, Json, Trader, Venue, open_venue

OWNED = "owners-class"
"""A world of the owner's, of which everybody tries to stop the clock."""

PAGE = Path(__file__).parents[2] / "docs" / "access.md"

pytestmark = pytest.mark.anyio


class Cast:
    """One caller per role, and the account that all of them ask for."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.headers: dict[str, Json] = {"anonymous": {}}
        self.keys: dict[str, Json] = {}
        self.owner: Trader

    async def assemble(self) -> None:
        self.owner = await sign_up(self.venue, "owner")
        for role, trader in (
            ("owner", self.owner),
            ("user", await sign_up(self.venue, "user")),
            ("admin", await sign_up(self.venue, "admin")),
            ("guest", await self.venue.join()),
        ):
            self.headers[role] = trader.headers
        made = await self.venue.client.post(
            "/v1/worlds", json={"world": OWNED}, headers=self.owner.headers
        )
        assert made.status_code == 201, made.text
        api = self.venue.app.state.api
        api.context.credentials.grant_admin("admin")
        for scope in SCOPES:
            self.keys[scope] = await make_key(self.owner, scope)

    async def ask(self, method: str, path: str, role: str) -> httpx.Response:
        """With no body, which no route takes that wants one: nothing is changed by those."""
        target = path.format(
            account=self.owner.account_id,
            world="practice" if method == "GET" else OWNED,
            symbol=BTC,
            order_id=1,
            client_order_id="none",
            liquidation_id=1,
            margin_call_id=1,
            api_key="none",
            token_id="none",
        )
        key = self.keys.get(role)
        headers = self.headers[role] if key is None else signed(key, method, target)
        return await self.venue.client.request(method, target, headers=headers)


def met(response: httpx.Response) -> str:
    """In the words of the table."""
    if response.status_code in (401, 403):
        return str(response.status_code)
    if response.status_code == 404 and response.json()["code"] == "UNKNOWN_ACCOUNT":
        return "404"
    assert response.status_code < 500, response.text
    return YES


async def test_every_route_meets_every_role_as_declared(venue: Venue) -> None:
    cast = Cast(venue)
    await cast.assemble()
    wrong: list[str] = []
    count = 0
    for method, path, _ in access.routes_of(venue.app):
        for role in ROLES:
            if path == "/v1/logout" and outcome(method, path, role) == YES:
                continue  # it would end the role; `test_a_log_out_counts_at_once` has it
            count += 1
            response = await cast.ask(method, path, role)
            expected = outcome(method, path, role)
            if met(response) != expected:
                wrong.append(f"{role} {method} {path}: {response.text} instead of {expected}")
    assert wrong == []
    assert count > 250


async def test_the_page_is_what_the_code_says(venue: Venue) -> None:
    assert PAGE.read_text(encoding="utf-8") == access_page(venue.app)


async def test_an_admin_reads_and_does_no_more(venue: Venue) -> None:
    cast = Cast(venue)
    await cast.assemble()
    seen = await cast.ask("GET", "/v1/accounts/{account}", "admin")
    assert (seen.status_code, seen.json()["label"]) == (200, "practice")
    before = venue.hash()
    for path in ("/orders", "/transfers", "/deposits", "/reset", "/api-keys"):
        refused = await cast.ask("POST", "/v1/accounts/{account}" + path, "admin")
        assert refused.status_code == 404
    assert venue.hash() == before


async def test_an_admins_api_key_is_a_key_like_any_other(venue: Venue) -> None:
    ann, admin = await sign_up(venue), await sign_up(venue, "admin")
    venue.app.state.api.context.credentials.grant_admin("admin")
    key = await make_key(admin, "READ")
    target = f"/v1/accounts/{ann.account_id}"
    response = await venue.client.get(target, headers=signed(key, "GET", target))
    assert response.status_code == 404


def test_an_undeclared_route_stops_the_start() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.post("/v1/back-door")
    async def back_door() -> Any:
        return json

    with pytest.raises(UndeclaredRouteError, match="POST /v1/back-door has no entry"):
        access.needs_of(app)


async def test_nothing_of_a_request_runs_in_a_thread_by_itself(venue: Venue) -> None:
    """A plain function would: FastAPI puts it there, beside the event loop that owns the worlds."""
    routes = [each for each in venue.app.routes if isinstance(each, APIRoute)]
    assert len(routes) > 40
    for route in routes:
        for function in _functions_of(route.dependant):
            assert inspect.iscoroutinefunction(function), f"{route.path}: {function}"


def _functions_of(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for needed in dependant.dependencies:
        yield from _functions_of(needed)


async def _write_page(folder: Path) -> None:
    migrate(f"sqlite:///{folder / 'test.db'}")
    async with open_venue(folder / "test.db") as venue:
        PAGE.write_text(access_page(venue.app), encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(_write_page(Path(name)))
