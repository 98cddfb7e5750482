"""Lists, batches and dead man's switches by the client."""

import pytest

from simulator.client import AsyncClient, NotFound
from simulator.client.order_request import Body, order_body
from tests.api.venue import BTC, Venue

pytestmark = pytest.mark.anyio


async def client_of(venue: Venue) -> AsyncClient:
    client = AsyncClient("http://test", transport=venue.client._transport)
    await client.join_as_guest("Ann")
    return client


def bracket() -> list[Body]:
    return [
        order_body(BTC, "BUY", "0.01", 19_000),
        order_body(BTC, "SELL", order_type="STOP_MARKET", trigger_price=18_000, reduce_only=True),
    ]


async def test_ord_1_a_list_is_placed_and_canceled_as_one(venue: Venue) -> None:
    client = await client_of(venue)
    placed = await client.place_order_list("OTO", bracket())
    assert [each.status for each in placed.orders] == ["RESTING", "PENDING"]
    canceled = await client.cancel_order_list(placed.list_id)
    assert len(canceled.order_ids) == 2
    with pytest.raises(NotFound):
        await client.cancel_order_list(placed.list_id)
    await client.close()


async def test_ord_8_each_order_of_a_batch_has_its_result(venue: Venue) -> None:
    client = await client_of(venue)
    good, bad = order_body(BTC, "BUY", "0.01", 19_000), order_body(BTC, "BUY", "0.01", 90_000)
    first, second = (await client.place_orders([good, bad])).items
    assert first.result is not None
    assert second.error is not None
    assert second.error.code == "PRICE_OUTSIDE_BAND"
    order_id = first.result.order.order_id
    gone, unknown = (await client.cancel_orders([order_id, 10**6])).items
    assert gone.result is not None
    assert gone.result.order.status == "CANCELED"
    assert unknown.error is not None
    await client.close()


async def test_ord_8_a_switch_is_armed_and_disarmed(venue: Venue) -> None:
    client = await client_of(venue)
    armed = await client.countdown_cancel_all(30, BTC)
    assert armed.due is not None
    assert [each.symbol for each in (await client.countdowns()).items] == [BTC]
    assert (await client.countdown_cancel_all(None, BTC)).due is None
    assert (await client.countdowns()).items == []
    await client.close()
