"""Orders that wait, lists, batches and dead man's switches over REST and the websocket."""

from typing import Any

import pytest

from tests.api.sockets import dial, serving
from tests.api.venue import BTC, START_MS, Trader, Venue, eventually, order_body

pytestmark = pytest.mark.anyio

STOP: dict[str, Any] = {
    "symbol": BTC,
    "side": "SELL",
    "order_type": "STOP_MARKET",
    "trigger_price": "19000",
    "reduce_only": True,
}


async def long_trader(venue: Venue) -> Trader:
    """Long 0.02 BTC from 20,000; nobody bids near."""
    maker, trader = await venue.join(), await venue.join()
    await maker.place(side="SELL", price="20000", quantity="0.02")
    await trader.place(order_type="MARKET", price=None, quantity="0.02")
    return trader


async def send(trader: Trader, method: str, path: str, body: Any) -> Any:
    return await trader.call(method, path, json=body)


async def place(trader: Trader, **changes: Any) -> dict[str, Any]:
    answer = await send(trader, "POST", "/orders", {**STOP, "quantity": "0.01", **changes})
    assert answer.status_code == 201, answer.text
    order: dict[str, Any] = answer.json()["order"]
    return order


async def test_a_stop_waits_fires_and_keeps_its_id(venue: Venue) -> None:
    trader = await long_trader(venue)
    order = await place(trader)
    assert (order["status"], order["trigger_source"]) == ("UNTRIGGERED", "MARK")
    assert (order["trigger_price"], order["quantity"]) == ("19000", "0.01")
    assert await trader.items("/orders") == [order]
    maker = await venue.join()
    await maker.place(price="18990", quantity="0.01")
    await venue.set_index({1: 19_000_00})
    fired = (await trader.get(f"/orders/{order['order_id']}"))["order"]
    assert (fired["status"], fired["average_price"]) == ("FILLED", "18990")
    assert fired["order_type"] == "STOP_MARKET"


async def test_every_kind_of_trigger_is_told_as_it_was_asked_for(venue: Venue) -> None:
    trader = await long_trader(venue)
    limit = await place(
        trader, order_type="STOP_LIMIT", price="18900", time_in_force="GTD", expires=START_MS * 2
    )
    assert (limit["price"], limit["expires"]) == ("18900", START_MS * 2)
    profit = await place(
        trader, order_type="TAKE_PROFIT_MARKET", trigger_price="21000", trigger_source="INDEX"
    )
    assert (profit["trigger_price"], profit["trigger_source"]) == ("21000", "INDEX")
    body = {**STOP, "order_type": "TRAILING_STOP_MARKET", "callback_rate": "0.02"}
    body |= {"trigger_price": None, "quantity": "0.01", "activation_price": "20500"}
    answer = await send(trader, "POST", "/orders", body)
    trailing = answer.json()["order"]
    assert (trailing["callback_rate"], trailing["activation_price"]) == ("0.02", "20500")
    closing = {**STOP, "close_position": True, "reduce_only": False}
    answer = await send(trader, "POST", "/orders", closing)
    assert answer.json()["order"]["close_position"] is True
    live = await trader.items("/orders")
    assert [each["list_id"] for each in live] == [None] * 4
    assert await trader.items("/orders/history", limit=4) == live


async def test_what_is_wrong_with_a_trigger_is_said(venue: Venue) -> None:
    trader = await long_trader(venue)
    met = await send(
        trader, "POST", "/orders", {**STOP, "quantity": "0.01", "trigger_price": "20100"}
    )
    assert met.status_code == 409
    problem = met.json()
    assert (problem["code"], problem["needed"]) == ("TRIGGER_ALREADY_MET", "20100")
    assert problem["available"] == "20000"
    assert (await send(trader, "POST", "/orders", STOP)).status_code == 422, "a quantity is missing"
    trigger = {**STOP, "quantity": "0.01", "trigger_price": "-1"}
    assert (await send(trader, "POST", "/orders", trigger)).status_code == 422


async def test_a_trigger_price_is_amended(venue: Venue) -> None:
    trader = await long_trader(venue)
    order = await place(trader)
    answer = await send(trader, "PATCH", f"/orders/{order['order_id']}", {"trigger_price": "18500"})
    assert answer.json()["order"]["trigger_price"] == "18500"
    stored = (await trader.items("/orders/history", limit=1))[0]
    assert stored["trigger_price"] == "18500"


async def test_a_bracket_protects_what_its_entry_fills(venue: Venue) -> None:
    trader, maker = await venue.join(), await venue.join()
    entry = order_body(price="19900", quantity="0.02")
    profit = {**STOP, "order_type": "TAKE_PROFIT_MARKET", "trigger_price": "21000"}
    answer = await send(
        trader, "POST", "/orders/lists", {"list_type": "OTOCO", "orders": [entry, profit, STOP]}
    )
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert [each["status"] for each in told["orders"]] == ["RESTING", "PENDING", "PENDING"]
    assert {each["list_id"] for each in told["orders"]} == {told["list_id"]}
    await maker.place(side="SELL", price="19900", quantity="0.01")
    waiting = [each for each in await trader.items("/orders") if each["waits_for"] is not None]
    assert [(each["status"], each["quantity"]) for each in waiting] == [("UNTRIGGERED", "0.01")] * 2
    canceled = await trader.call("DELETE", f"/orders/lists/{told['list_id']}")
    assert sorted(canceled.json()["order_ids"]) == [each["order_id"] for each in told["orders"]]
    assert (await trader.call("DELETE", f"/orders/lists/{told['list_id']}")).status_code == 404


async def test_a_refused_list_leaves_nothing(venue: Venue) -> None:
    trader = await venue.join()
    entry = order_body(price="30000", quantity="0.02")
    answer = await send(
        trader, "POST", "/orders/lists", {"list_type": "OTO", "orders": [entry, STOP]}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "PRICE_OUTSIDE_BAND")
    assert await trader.items("/orders") == []


async def test_each_order_of_a_batch_has_its_own_result(venue: Venue) -> None:
    trader = await venue.join()
    orders = [
        order_body(price="19500", quantity="0.01", client_order_id="one"),
        order_body(price="30000", quantity="0.01"),
        order_body(symbol="NOTHING", price="19500"),
        order_body(price="19500", quantity="0.01", client_order_id="one"),
    ]
    items = (await send(trader, "POST", "/orders/batch", {"orders": orders})).json()["items"]
    assert items[0]["result"]["order"]["status"] == "RESTING"
    codes = [each["error"] and each["error"]["code"] for each in items]
    assert codes == [None, "PRICE_OUTSIDE_BAND", "UNKNOWN_INSTRUMENT", None]
    assert items[3]["result"]["repeated"] is True
    order_id = items[0]["result"]["order"]["order_id"]
    done = await send(
        trader, "POST", "/orders/batch-cancel", {"order_ids": [order_id, order_id + 9]}
    )
    items = done.json()["items"]
    assert items[0]["result"]["order"]["cancel_reason"] == "REQUESTED"
    assert items[1]["error"]["code"] == "UNKNOWN_ORDER"


async def test_a_switch_is_armed_told_and_disarmed(venue: Venue) -> None:
    trader = await venue.join()
    armed = (await send(trader, "PUT", "/countdown", {"countdown": 60_000})).json()
    assert armed["due"] is not None
    assert (await trader.get("/countdown"))["items"][0]["due"] == armed["due"]
    short = await send(trader, "PUT", "/countdown", {"countdown": 5})
    assert short.json()["code"] == "COUNTDOWN_OUT_OF_RANGE"
    assert (await send(trader, "PUT", "/countdown", {"countdown": None})).json()["due"] is None
    assert (await trader.get("/countdown"))["items"] == []


async def test_a_lost_websocket_cancels_what_it_was_asked_to(venue: Venue) -> None:
    trader, other = await venue.join(), await venue.join()
    order = (await trader.place())["order"]
    kept = (await other.place())["order"]
    async with serving(venue.app) as url:
        async with dial(url) as socket, dial(url) as plain:
            auth = {"account_id": trader.account_id, "cancel_on_disconnect": True}
            await socket.ask("auth", token=trader.token, **auth)
            await plain.ask("auth", token=other.token, account_id=other.account_id)
        await eventually(lambda: order["order_id"] not in venue.world.state.orders)
    found = (await trader.get(f"/orders/{order['order_id']}"))["order"]
    assert (found["status"], found["cancel_reason"]) == ("CANCELED", "DISCONNECTED")
    assert (await other.get(f"/orders/{kept['order_id']}"))["order"]["status"] == "RESTING"
