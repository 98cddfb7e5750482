"""Orders over REST: placed, previewed, amended, canceled, listed; refused with numbers."""

from typing import Any

import pytest

from tests.api.venue import BTC, DOGE, ETH, START_MS, Venue, order_body

pytestmark = pytest.mark.anyio


async def test_a_resting_order_is_answered_as_it_stands(venue: Venue) -> None:
    trader = await venue.join()
    placed = await trader.place(client_order_id="first")
    order = placed["order"]
    assert order == {
        "order_id": order["order_id"],
        "client_order_id": "first",
        "symbol": BTC,
        "side": "BUY",
        "order_type": "LIMIT",
        "time_in_force": "GTC",
        "price": "19500",
        "quantity": "0.01",
        "filled_quantity": "0",
        "remaining_quantity": "0.01",
        "average_price": None,
        "status": "RESTING",
        "cancel_reason": None,
        "post_only": False,
        "reduce_only": False,
        "keep_margin": False,
        "position_side": None,
        "margin_mode": "ISOLATED",
        "liquidation_id": None,
        "trigger_source": None,
        "trigger_price": None,
        "callback_rate": None,
        "activation_price": None,
        "close_position": False,
        "expires": None,
        "self_trade_prevention": "EXPIRE_MAKER",
        "list_id": None,
        "waits_for": None,
        "created": START_MS,
        "updated": START_MS,
    }
    assert placed["fills"] == []
    assert placed["seq"] == venue.world.committed_seq
    assert await trader.items("/orders") == [order]
    assert (await trader.get(f"/orders/{order['order_id']}"))["order"] == order
    assert await trader.items("/orders", status="ALL") == [order]


async def test_a_taking_order_is_answered_with_its_fills(venue: Venue) -> None:
    maker, taker = await venue.join(), await venue.join()
    await maker.place(side="SELL", price="20010", quantity="0.01")
    await maker.place(side="SELL", price="20020", quantity="0.02")
    placed = await taker.place(order_type="MARKET", price=None, quantity="0.04")
    order, fills = placed["order"], placed["fills"]
    assert (order["status"], order["cancel_reason"]) == ("CANCELED", "PRICE_BAND")
    assert (order["filled_quantity"], order["remaining_quantity"]) == ("0.03", "0.01")
    assert order["average_price"] == "20016.67"
    assert order["time_in_force"] == "IOC"
    assert [(each["price"], each["quantity"], each["liquidity"]) for each in fills] == [
        ("20010", "0.01", "TAKER"),
        ("20020", "0.02", "TAKER"),
    ]
    assert fills[0]["fee"] == "0.10005"
    assert fills[0]["side"] == "BUY"
    assert await taker.items("/fills", order="OLDEST") == fills
    (own, _) = await maker.items("/fills", order="OLDEST")
    assert (own["liquidity"], own["side"], own["fee"]) == ("MAKER", "SELL", "0.04002")
    assert (await taker.get(f"/orders/{order['order_id']}"))["order"] == order


async def test_ord_7_a_repeated_request_returns_the_first_result(venue: Venue) -> None:
    """ORD-7 over REST: 200, the order as it stands, nothing done twice."""
    trader = await venue.join()
    first = await trader.place(client_order_id="once")
    again = await trader.place(200, client_order_id="once")
    assert again["repeated"] is True
    assert again["order"] == first["order"]
    assert len(await trader.items("/orders")) == 1
    await trader.call("DELETE", f"/orders/{first['order']['order_id']}")
    again = await trader.place(200, client_order_id="once")
    assert again["order"]["status"] == "CANCELED"
    other = await trader.place(409, client_order_id="once", price="19400")
    assert other["code"] == "DUPLICATE_CLIENT_ORDER_ID"
    refused = await trader.place(409, client_order_id="bad", quantity="5000")
    again = await trader.place(409, client_order_id="bad", quantity="5000")
    assert (again["code"], again["needed"]) == (refused["code"], refused["needed"])


REFUSALS: list[tuple[dict[str, Any], str, str | None, str | None]] = [
    ({"price": "19500.05"}, "PRICE_NOT_ON_TICK", "0.1", "19500.05"),
    ({"price": "19500.001"}, "PRICE_NOT_ON_TICK", "0.1", "19500.001"),
    ({"price": "0"}, "PRICE_NOT_ON_TICK", "0.1", "0"),
    ({"price": "21000.1"}, "PRICE_OUTSIDE_BAND", "21000.1", "21000"),
    ({"quantity": "0.0105"}, "QUANTITY_NOT_ON_LOT", "0.001", "0.0105"),
    ({"symbol": DOGE, "price": "0.1", "quantity": "100.5"}, "QUANTITY_NOT_ON_LOT", "1", "100.5"),
    ({"quantity": "0"}, "INVALID_AMOUNT", None, None),
    ({"quantity": "1001"}, "QUANTITY_TOO_LARGE", "1000", "1001"),
    ({"symbol": ETH, "price": "1499", "quantity": "0.003"}, "NOTIONAL_TOO_SMALL", "5", "4.497"),
    ({"order_type": "MARKET"}, "INVALID_COMBINATION", None, None),
    ({"price": None}, "INVALID_COMBINATION", None, None),
    ({"post_only": True, "time_in_force": "IOC"}, "INVALID_COMBINATION", None, None),
    ({"reduce_only": True}, "REDUCE_ONLY_WITHOUT_POSITION", "0.01", "0"),
    ({"time_in_force": "FOK"}, "FILL_OR_KILL_NOT_FILLABLE", "0.01", "0"),
    ({"price": "20500", "post_only": True}, "POST_ONLY_WOULD_TAKE", "20500", "20400"),
]


@pytest.mark.parametrize(("change", "code", "needed", "available"), REFUSALS)
async def test_ord_10_refusals_carry_reason_and_numbers(
    venue: Venue,
    change: dict[str, Any],
    code: str,
    needed: str | None,
    available: str | None,
) -> None:
    """ORD-10 over REST, in the unit of what was refused; the preview says the same."""
    maker, trader = await venue.join(), await venue.join()
    await maker.place(side="SELL", price="20400")
    before = venue.money()
    problem = await trader.place(409, **change)
    assert problem["code"] == code
    assert (problem["needed"], problem["available"]) == (needed, available)
    for number in (needed, available):
        assert number is None or number in problem["detail"]
    response = await trader.call("POST", "/orders/preview", json=order_body(**change))
    if response.status_code == 200:
        preview = response.json()
        assert preview["accepted"] is False
        assert preview["refusal"] == {
            key: problem[key] for key in ("code", "detail", "needed", "available")
        }
    else:
        assert response.json()["code"] == code
    assert venue.money() == before


async def test_insufficient_margin_names_needed_and_available(venue: Venue) -> None:
    trader = await venue.join()
    problem = await trader.place(409, quantity="2", price="20000")
    assert problem["code"] == "INSUFFICIENT_MARGIN"
    assert float(problem["needed"]) > 13_333.33
    assert problem["available"] == "10000"
    preview = (
        await trader.call("POST", "/orders/preview", json=order_body(quantity="2", price="20000"))
    ).json()
    assert (preview["needed"], preview["available"]) == (problem["needed"], "10000")


async def test_a_halted_instrument_refuses_but_cancels(venue: Venue) -> None:
    from simulator.core.model.commands import SetMarketState
    from simulator.core.model.enums import MarketState

    trader = await venue.join()
    order_id = (await trader.place())["order"]["order_id"]
    await venue.do(SetMarketState(1, MarketState.HALTED))
    assert (await trader.place(409))["code"] == "MARKET_HALTED"
    assert (await venue.public("/marks"))["items"][0]["halt_reason"] == "OPERATOR"
    assert (await trader.call("DELETE", f"/orders/{order_id}")).status_code == 200


@pytest.mark.parametrize(
    ("mode", "leverage", "order"),
    [
        ("ISOLATED", 10, {"order_type": "MARKET", "price": None, "quantity": "0.3"}),
        ("ISOLATED", 5, {"price": "20030", "quantity": "0.35"}),
        ("CROSS", 10, {"order_type": "MARKET", "price": None, "quantity": "0.3"}),
        ("CROSS", 20, {"price": "20020", "quantity": "0.35"}),
        ("CROSS", 3, {"price": "20020", "quantity": "0.35", "time_in_force": "IOC"}),
        ("ISOLATED", 3, {"side": "SELL", "price": "20200", "quantity": "0.1"}),
    ],
)
async def test_the_preview_is_what_the_order_then_does(
    venue: Venue, mode: str, leverage: int, order: dict[str, Any]
) -> None:
    maker, trader = await venue.join(), await venue.join()
    for price, quantity in (("20010", "0.1"), ("20020", "0.15"), ("20050", "1")):
        await maker.place(side="SELL", price=price, quantity=quantity)
    await trader.set_up(BTC, mode, leverage)
    before = venue.hash()
    response = await trader.call("POST", "/orders/preview", json=order_body(**order))
    preview = response.json()
    assert response.status_code == 200
    assert preview["accepted"] is True
    assert venue.hash() == before, "a preview does nothing"
    placed = await trader.place(**order)
    fills = placed["fills"]
    assert preview["filled_quantity"] == placed["order"]["filled_quantity"]
    assert preview["average_price"] == placed["order"]["average_price"]
    assert preview["worst_price"] == (fills[-1]["price"] if fills else None)
    assert float(preview["fee"]) == pytest.approx(sum(float(each["fee"]) for each in fills))
    resting = placed["order"]["remaining_quantity"]
    assert preview["resting_quantity"] == (
        resting if placed["order"]["status"] == "RESTING" else "0"
    )
    assert preview["rest_canceled"] == placed["order"]["cancel_reason"]
    cross = await trader.cross()
    assert cross["locked"] == preview["margin_locked"]
    if preview["resting_quantity"] == "0":
        (position,) = await trader.items("/positions")
        assert preview["position_quantity"] == position["quantity"]
        assert preview["entry_price"] == position["entry_price"]
        assert preview["liquidation_price"] == position["liquidation_price"]


async def test_ord_8_amending(venue: Venue) -> None:
    """ORD-8 over REST: smaller keeps its place, another price takes a new one and may trade."""
    maker, trader = await venue.join(), await venue.join()
    order_id = (await trader.place(quantity="0.05"))["order"]["order_id"]
    response = await trader.call("PATCH", f"/orders/{order_id}", json={"quantity": "0.02"})
    assert response.status_code == 200
    assert response.json()["order"]["quantity"] == "0.02"
    await maker.place(side="SELL", price="20000", quantity="0.01")
    response = await trader.call("PATCH", f"/orders/{order_id}", json={"price": "20000"})
    amended = response.json()
    assert amended["order"]["filled_quantity"] == "0.01"
    assert (amended["order"]["status"], amended["order"]["price"]) == ("RESTING", "20000")
    assert [each["price"] for each in amended["fills"]] == ["20000"]
    for body, code in (
        ({"quantity": "0.01"}, "QUANTITY_ALREADY_FILLED"),
        ({"price": "20000.05"}, "PRICE_NOT_ON_TICK"),
        ({"price": "20000.123"}, "PRICE_NOT_ON_TICK"),
    ):
        response = await trader.call("PATCH", f"/orders/{order_id}", json=body)
        assert (response.status_code, response.json()["code"]) == (409, code)
    await maker.place(side="SELL", price="20000", quantity="0.01")
    response = await trader.call("PATCH", f"/orders/{order_id}", json={"quantity": "0.03"})
    assert response.status_code == 404, "it was filled meanwhile"


async def test_canceling_one_and_all(venue: Venue) -> None:
    trader, other = await venue.join(), await venue.join()
    await other.place()
    first = (await trader.place())["order"]["order_id"]
    await trader.place(price="19400")
    await trader.place(symbol=ETH, price="1490", quantity="0.1")
    response = await trader.call("DELETE", f"/orders/{first}")
    canceled = response.json()["order"]
    assert response.status_code == 200
    assert (canceled["status"], canceled["cancel_reason"]) == ("CANCELED", "REQUESTED")
    again = await trader.call("DELETE", f"/orders/{first}")
    assert (again.status_code, again.json()["code"]) == (404, "UNKNOWN_ORDER")
    misspelled = await trader.call("DELETE", "/orders", params={"symbl": ETH})
    assert misspelled.status_code == 422, "or it would cancel everything"
    response = await trader.call("DELETE", "/orders", params={"symbol": ETH})
    assert len(response.json()["order_ids"]) == 1
    response = await trader.call("DELETE", "/orders")
    assert len(response.json()["order_ids"]) == 1
    assert await trader.items("/orders") == []
    response = await trader.call("DELETE", "/orders")
    assert response.json()["order_ids"] == []
    assert len(await other.items("/orders")) == 1


@pytest.mark.parametrize("status", ["OPEN", "ALL"])
@pytest.mark.parametrize("order", ["NEWEST", "OLDEST"])
async def test_orders_are_listed_by_pages(venue: Venue, status: str, order: str) -> None:
    trader = await venue.join()
    ids = [
        (await trader.place(price=str(19_000 + 100 * step)))["order"]["order_id"]
        for step in range(5)
    ]
    await trader.place(symbol=ETH, price="1490", quantity="0.1")
    found: list[int] = []
    after: dict[str, str] = {}
    while True:
        page = await trader.get("/orders", status=status, order=order, symbol=BTC, limit=2, **after)
        assert len(page["items"]) <= 2
        found += [each["order_id"] for each in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == (ids if order == "OLDEST" else ids[::-1])
    response = await trader.call("GET", "/orders", params={"status": status, "after": "x"})
    assert response.status_code == 422


async def test_answers_wait_for_the_disk(venue: Venue) -> None:
    """A read never tells what is not durable: its seq is committed when it is answered."""
    import asyncio

    trader = await venue.join()
    tasks = [
        asyncio.create_task(trader.place(price=str(19_000 + step), client_order_id=str(step)))
        for step in range(20)
    ]
    for _ in range(20):
        page = await trader.get("/orders")
        assert page["seq"] <= venue.world.committed_seq
    await asyncio.gather(*tasks)
    assert len(await trader.items("/orders")) == 20
