"""Finding orders again: the history, and an order by the id that its client gave it."""

import msgspec
import pytest

from simulator.core.model.commands import ConfigureWorld
from tests.api.venue import BTC, ETH, Venue, exchange_config

pytestmark = pytest.mark.anyio


async def test_the_history_has_open_and_ended_orders(venue: Venue) -> None:
    trader = await venue.join()
    first = (await trader.place())["order"]
    second = (await trader.place(symbol=ETH, price="1490"))["order"]
    await trader.call("DELETE", f"/orders/{first['order_id']}")
    found = await trader.items("/orders/history")
    assert [(each["order_id"], each["status"]) for each in found] == [
        (second["order_id"], "RESTING"),
        (first["order_id"], "CANCELED"),
    ]
    assert found == await trader.items("/orders", status="ALL")
    assert [each["symbol"] for each in await trader.items("/orders/history", symbol=BTC)] == [BTC]
    page = await trader.get("/orders/history", limit=1)
    (rest,) = await trader.items("/orders/history", after=page["next"])
    assert rest["order_id"] == first["order_id"]


async def test_an_order_is_found_by_its_clients_id(venue: Venue) -> None:
    trader, other = await venue.join(), await venue.join()
    placed = (await trader.place(client_order_id="grid/1:a"))["order"]
    path = "/orders/by-client-id/grid/1:a"
    assert (await trader.get(path))["order"] == placed
    await trader.call("DELETE", f"/orders/{placed['order_id']}")
    assert (await trader.get(path))["order"]["status"] == "CANCELED"
    for who, where in ((other, path), (trader, "/orders/by-client-id/grid/2")):
        response = await who.call("GET", where)
        assert (response.status_code, response.json()["code"]) == (404, "UNKNOWN_ORDER")
    response = await trader.call("GET", "/orders/by-client-id/a%20b")
    assert response.status_code == 422


async def test_ord_7_a_refused_client_order_id_is_no_order(venue: Venue) -> None:
    """ORD-7: the id is remembered with its refusal, but there is no order to show."""
    trader = await venue.join()
    await trader.place(409, client_order_id="much", quantity="400")
    response = await trader.call("GET", "/orders/by-client-id/much")
    assert (response.status_code, response.json()["code"]) == (404, "UNKNOWN_ORDER")


async def test_ord_7_what_memory_forgot_is_found_in_the_database(venue: Venue) -> None:
    """ORD-7: the window forgets ids; the newest order of an id is found all the same."""
    parameters = exchange_config().parameters
    forgetful = {"client_order_window_ns": 1, "client_order_minimum": 1}
    trader = await venue.join()
    await venue.do(ConfigureWorld(msgspec.structs.replace(parameters, **forgetful)))
    orders = []
    for client_order_id in ("a", "b", "a", "b", "c"):
        orders.append((await trader.place(client_order_id=client_order_id))["order"])
        venue.world.clock.step_to(venue.world.clock.now() + 1_000_000)
    remembered = venue.world.state.client_orders[trader.account_id]
    assert "a" not in remembered
    assert (await trader.get("/orders/by-client-id/a"))["order"] == orders[2]
