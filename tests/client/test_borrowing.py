"""The client borrows and repays, and reads what it owes: Decimal in, Decimal out."""

from decimal import Decimal

import pytest

from simulator.client import AsyncClient, Refused
from tests.api.venue import ETH_SPOT, Venue, open_spot_market

pytestmark = pytest.mark.anyio


async def client_of(venue: Venue) -> AsyncClient:
    await open_spot_market(venue)
    client = AsyncClient("http://test", transport=venue.client._transport)
    await client.join_as_guest("Ann")
    return client


async def test_bor_1_a_loan_until_it_is_repaid(venue: Venue) -> None:
    client = await client_of(venue)
    (ether,) = [each for each in (await client.assets()).items if each.asset == "ETH"]
    assert (ether.symbol, ether.lendable) == (ETH_SPOT, Decimal(120_000))
    loan = await client.borrow(2, asset="ETH")
    assert (loan.amount, loan.interest) == (Decimal(2), Decimal("0.00000834"))
    (cross,) = [each for each in loan.wallets if each.kind == "CROSS"]
    assert {each.asset: each.borrowed for each in cross.assets} == {"USDT": 0, "ETH": 2}
    assert cross.call_level == Decimal("1.3")
    most = await client.borrowable("ETH")
    with pytest.raises(Refused) as refused:
        await client.borrow(most.amount + Decimal("0.00000001"), asset="ETH")
    assert refused.value.available == most.amount
    assert (await client.set_cross_leverage(5)).leverage == 5
    (charge,) = (await client.interest()).items
    assert (charge.principal, charge.interest) == (Decimal(2), loan.interest)
    repaid = await client.repay(asset="ETH")
    assert repaid.interest + repaid.principal == 2
    await client.close()


async def test_bor_1_an_order_may_say_that_it_does_not_borrow(venue: Venue) -> None:
    client = await client_of(venue)
    await client.set_margin_mode(ETH_SPOT, "CROSS")
    shown = await client.preview_order(ETH_SPOT, "SELL", 2, 1_600)
    assert (shown.paid_asset, shown.borrowed) == ("ETH", Decimal(2))
    with pytest.raises(Refused):
        await client.place_order(ETH_SPOT, "SELL", 2, 1_600, auto_borrow=False)
    await client.place_order(ETH_SPOT, "SELL", 2, 1_600)
    await client.close()
