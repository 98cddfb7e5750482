"""The client reads attributions and cards, exactly as they were sent."""

from decimal import Decimal

import pytest

from simulator.client import AsyncClient, NotFound
from tests.api.test_histories import liquidated
from tests.api.venue import START_MS, Venue

pytestmark = pytest.mark.anyio


async def test_attribution_and_explanations(venue: Venue) -> None:
    trader = await liquidated(venue)
    transport = venue.client._transport
    client = AsyncClient("http://test", token=trader.token, transport=transport)
    client.account_id, client.world_id = trader.account_id, "practice"
    found = await client.attribution()
    assert (found.price, found.transfers, found.change) == (
        Decimal(-465),
        Decimal(10_000),
        Decimal(9_495),
    )
    assert (await client.attribution(START_MS, START_MS + 1)).end_seq == found.end_seq
    card = await client.explain_liquidation(1)
    assert card.unit.equity == 35
    assert card.steps[0].counterparties[1].notional == 5_700
    assert {each.kind for each in card.remedies} >= {"MARGIN", "LEVERAGE", "SIZE"}
    call = await client.explain_margin_call(1)
    assert call.cure is not None
    assert call.cure.amount_to_add > 0
    with pytest.raises(NotFound):
        await client.explain_margin_call(99)
    await client.close()
