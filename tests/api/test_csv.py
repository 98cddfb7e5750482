"""Every list as CSV: the columns are the fields, the cells are the JSON's values, page by page."""

import csv
import io
import json
from typing import Any

import httpx
import pytest

from simulator.api.csv_text import columns, csv_text
from simulator.api.documents import operations
from simulator.api.shapes.base import Shape
from tests.api.test_histories import liquidated
from tests.api.venue import BTC, Json, Trader, Venue

pytestmark = pytest.mark.anyio


class Inner(Shape, frozen=True):
    time: int
    paused: bool


class Outer(Shape, frozen=True):
    name: str | None
    inner: Inner
    amount: str


def test_cells_are_what_json_says() -> None:
    items = [
        Outer(name='a "b", c', inner=Inner(time=5, paused=True), amount="-0.10"),
        Outer(name=None, inner=Inner(time=6, paused=False), amount="1"),
    ]
    assert csv_text(Outer, items).split("\r\n") == [
        "name,inner.time,inner.paused,amount",
        '"a ""b"", c",5,true,-0.10',
        ",6,false,1",
        "",
    ]
    assert columns(Outer) == ["name", "inner.time", "inner.paused", "amount"]


def _rows(response: httpx.Response) -> list[dict[str, str]]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    return [*csv.DictReader(io.StringIO(response.text, newline=""))]


def _as_cells(item: Json, prefix: str = "") -> dict[str, str]:
    cells: dict[str, str] = {}
    for name, value in item.items():
        if isinstance(value, dict):
            cells |= _as_cells(value, f"{prefix}{name}.")
        elif value is None:
            cells[prefix + name] = ""
        elif isinstance(value, bool):
            cells[prefix + name] = str(value).lower()
        elif isinstance(value, list):
            cells[prefix + name] = json.dumps(value, separators=(",", ":"))
        else:
            cells[prefix + name] = str(value)
    return cells


async def _lists(venue: Venue, trader: Trader) -> list[str]:
    """The addresses of all lists, as the document names them."""
    document = (await venue.client.get("/v1/openapi.json")).json()
    values = {"world": "practice", "symbol": BTC, "account": str(trader.account_id)}
    return [
        path.format(**values)
        for path, _, operation in operations(document)
        if any("text/csv" in each.get("content", ()) for each in operation["responses"].values())
    ]


async def test_every_list_is_the_same_in_csv(venue: Venue) -> None:
    trader = await liquidated(venue)
    await trader.place(client_order_id="a-1")
    await trader.place(symbol="ETHUSDT-PERP", price="1490", side="BUY")
    lists = await _lists(venue, trader)
    assert len(lists) >= 16
    empty = []
    for path in lists:
        told = await venue.client.get(path, headers=trader.headers)
        items = told.json()["items"]
        response = await venue.client.get(path, params={"format": "csv"}, headers=trader.headers)
        rows = _rows(response)
        changing = {"server_time", "clock.time", "time"} if path == "/v1/worlds" else set()
        assert _without(rows, changing) == _without(map(_as_cells, items), changing), path
        assert "x-next-cursor" not in response.headers
        assert len(response.text.splitlines()[0].split(",")) > 2
        if not items:
            empty.append(path)
    account = f"/v1/accounts/{trader.account_id}"
    assert sorted(empty) == [
        f"{account}/funding",
        f"{account}/interest",
        f"{account}/positions",
        f"/v1/worlds/practice/funding/{BTC}",
    ]


def _without(rows: Any, names: set[str]) -> list[dict[str, str]]:
    return [{key: cell for key, cell in row.items() if key not in names} for row in rows]


async def test_pages_go_on_where_the_header_says(venue: Venue) -> None:
    trader = await venue.join()
    for number in range(5):
        await trader.place(client_order_id=f"a-{number}")
    found: list[str] = []
    after: dict[str, str] = {}
    for _ in range(3):
        response = await trader.call(
            "GET", "/orders", params={"format": "csv", "limit": 2, "order": "OLDEST", **after}
        )
        found += [row["client_order_id"] for row in _rows(response)]
        cursor = response.headers.get("x-next-cursor")
        if cursor is None:
            break
        after = {"after": cursor}
    assert found == [f"a-{number}" for number in range(5)]


async def test_another_format_is_malformed(venue: Venue) -> None:
    trader = await venue.join()
    response = await trader.call("GET", "/orders", params={"format": "xml"})
    assert (response.status_code, response.json()["code"]) == (422, "MALFORMED_REQUEST")
    response = await trader.call("GET", "", params={"format": "csv"})
    assert response.status_code == 422, "an account is no list"
