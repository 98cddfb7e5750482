"""UNIT-4, WAL-2, MAT-1, MAT-3 on spot instruments paid in full out of the SPOT wallet.

Two assets change hands directly between two wallets; nothing is borrowed and nothing is liquidated.
"""

import pytest

from simulator.core.model.enums import TransferKind
from simulator.core.model.events import (
    OrderCanceled,
    PositionChanged,
    TradeExecuted,
    Transferred,
)
from tests.scenario import rate
from tests.spot_scenario import SpotWorld


@pytest.fixture
def world() -> SpotWorld:
    """ETH at 2,000; ann has 10,000 USDT and bob 10 ETH, both in SPOT. Fees 0.1%."""
    world = SpotWorld()
    world.spot("ETHUSDT", "ETH", maker_fee_rate=rate("0.1%"), taker_fee_rate=rate("0.1%"))
    world.account("ann", spot="10000")
    world.account("bob")
    world.deposit("bob", "10", "SPOT", "ETH")
    world.mark(ETHUSDT="2000")
    return world


def test_led_2_a_spot_trade_moves_both_assets_between_the_wallets(world: SpotWorld) -> None:
    world.sell("bob", "ETHUSDT", "2", at="2000")
    world.buy("ann", "ETHUSDT", "2", at="2000")
    trade = world.happened(TradeExecuted)[0]
    assert (trade.taker_fee, trade.maker_fee) == (400_000_000, 400_000_000)
    assert world.happened(PositionChanged) == []
    ann, bob = world.wallet("ann", "SPOT").wallet_id, world.wallet("bob", "SPOT").wallet_id
    moved = [
        (each.source, each.target, each.asset_id)
        for each in world.happened(Transferred)
        if each.kind == TransferKind.TRADE
    ]
    assert moved == [(ann, bob, 1), (bob, ann, world.assets["ETH"])]
    assert world.held("ann", "USDT", "SPOT") == {"balance": "5996"}
    assert world.held("ann", "ETH", "SPOT") == {"balance": "2"}
    assert world.held("bob", "USDT", "SPOT") == {"balance": "3996"}
    assert world.held("bob", "ETH", "SPOT") == {"balance": "8"}
    assert world.total("USDT") == world.total("ETH") == 0


def test_mat_3_buyer_and_seller_pay_their_fee_in_the_quote_asset(world: SpotWorld) -> None:
    """The fees of one order are rounded as one: many small fills cost no more than a large one."""
    for _ in range(7):
        world.sell("bob", "ETHUSDT", "0.001", at="2000.01")
    world.buy("ann", "ETHUSDT", "0.007", at="2000.01")
    fees = [each.taker_fee for each in world.happened(TradeExecuted)]
    assert len(fees) == 7
    assert sum(fees) == 1_400_007  # 0.1% of 14.00007, to the 1e-8
    assert world.held("ann", "USDT", "SPOT") == {"balance": "9985.98592993"}


def test_wal_2_a_resting_order_locks_what_it_would_pay_in_its_asset(world: SpotWorld) -> None:
    world.buy("ann", "ETHUSDT", "3", at="1900")
    assert world.held("ann", "USDT", "SPOT") == {"balance": "10000", "locked": "5705.7"}
    world.sell("bob", "ETHUSDT", "4", at="2100")
    assert world.held("bob", "ETH", "SPOT") == {"balance": "10", "locked": "4"}
    world.transfer("ann", "4294.31", "SPOT", "CROSS")
    assert world.refused() == ("INSUFFICIENT_BALANCE", 429_431_000_000, 429_430_000_000)
    world.cancel_all("ann")
    assert world.held("ann", "USDT", "SPOT") == {"balance": "10000"}
    world.sell("bob", "ETHUSDT", "6.001", at="2100")
    assert world.reason() == "INSUFFICIENT_BALANCE"
    assert world.refused() == ("INSUFFICIENT_BALANCE", 600_100_000, 600_000_000)


def test_wal_2_a_fill_spends_from_the_lock(world: SpotWorld) -> None:
    world.buy("ann", "ETHUSDT", "3", at="1900")
    world.sell("bob", "ETHUSDT", "1", at="1900")
    assert world.held("ann", "USDT", "SPOT") == {"balance": "8098.1", "locked": "3803.8"}
    assert world.held("bob", "USDT", "SPOT") == {"balance": "1898.1"}


def test_wal_2_an_order_needs_the_price_and_the_fee(world: SpotWorld) -> None:
    world.buy("ann", "ETHUSDT", "5", at="2000")
    assert world.refused() == ("INSUFFICIENT_BALANCE", 1_001_000_000_000, 1_000_000_000_000)
    world.buy("ann", "ETHUSDT", "4.995", at="2000")
    assert world.refused() is None


def test_ord_8_amending_a_spot_order_locks_anew(world: SpotWorld) -> None:
    world.buy("ann", "ETHUSDT", "3", at="1900")
    order_id = world.exchange.state.counters.order
    world.amend("ann", order_id, quantity="1")
    assert world.held("ann", "USDT", "SPOT") == {"balance": "10000", "locked": "1901.9"}
    world.amend("ann", order_id, at="1950", quantity="5")
    assert world.held("ann", "USDT", "SPOT") == {"balance": "10000", "locked": "9759.75"}
    world.amend("ann", order_id, quantity="6")
    assert world.reason() == "INSUFFICIENT_BALANCE"


def test_ord_3_a_market_order_needs_what_its_fills_cost(world: SpotWorld) -> None:
    world.sell("bob", "ETHUSDT", "2", at="2050")
    world.buy("ann", "ETHUSDT", "3")
    assert [each.reason.name for each in world.happened(OrderCanceled)] == ["PRICE_BAND"]
    assert world.held("ann", "USDT", "SPOT") == {"balance": "5895.9"}


def test_ord_5_there_is_no_position_to_reduce_on_spot(world: SpotWorld) -> None:
    world.sell("bob", "ETHUSDT", "1", at="2100", reduce_only=True)
    assert world.reason() == "REDUCE_ONLY_WITHOUT_POSITION"


def test_liq_1_a_spot_wallet_is_never_called_or_liquidated(world: SpotWorld) -> None:
    world.sell("bob", "ETHUSDT", "4.9", at="2000")
    world.buy("ann", "ETHUSDT", "4.9", at="2000")
    world.mark(ETHUSDT="1")
    assert [type(each).__name__ for each in world.events] == [
        "IndexPriceUpdated",
        "MarkPriceUpdated",
    ]


def test_unit_4_a_spot_instrument_must_fit_its_asset() -> None:
    world = SpotWorld()
    world.spot("ETHUSDT", "ETH")
    assert world.refused() is None
    world.spot("ETH2", "ETH")
    assert world.reason() == "ALREADY_EXISTS"
    world.spot("SOLUSDT", "SOL", quantity_decimals=2, base_multiplier=10)
    assert world.reason() == "INVALID_TERMS"
    world.spot("SOLUSDT", "SOL", default_leverage=4)
    assert world.reason() == "INVALID_TERMS"
    world.tiers("ETHUSDT", "0.4%:125")
    assert world.reason() == "INVALID_TERMS"


def test_wal_3_only_a_spot_instrument_trades_out_of_spot() -> None:
    world = SpotWorld()
    world.instrument("BTC")
    world.account("ann")
    world.mode("ann", "BTC", "SPOT")
    assert world.reason() == "INVALID_COMBINATION"


def test_quotes_on_spot_need_inventory_and_borrow_nothing(world: SpotWorld) -> None:
    """WAL-2: a maker quotes with what it has; a filled quote pays out of its lock."""
    world.account("mia", spot="5000", maker_fee_rate=0)
    world.deposit("mia", "3", "SPOT", "ETH")
    world.quotes("mia", "ETHUSDT", bids="1990 x 1, 1980 x 1", asks="2010 x 1, 2020 x 2")
    assert world.held("mia", "USDT", "SPOT") == {"balance": "5000", "locked": "3970"}
    assert world.held("mia", "ETH", "SPOT") == {"balance": "3", "locked": "3"}
    world.quotes("mia", "ETHUSDT", bids="1990 x 2", asks="2010 x 3.001")
    assert world.refused() == ("INSUFFICIENT_BALANCE", 300_100_000, 300_000_000)
    world.buy("ann", "ETHUSDT", "1.5")
    assert world.held("mia", "ETH", "SPOT") == {"balance": "1.5", "locked": "1.5"}
    world.quotes("mia", "ETHUSDT")
    assert world.held("mia", "ETH", "SPOT") == {"balance": "1.5"}


def test_hedge_of_the_guide_bitcoin_in_spot_and_a_short_perpetual_beside_it() -> None:
    """1 BTC in SPOT at 60,000 and 1 BTC short at 2x: whatever the price does, the sum stands.

    WAL-1: the coin is not margin of the short, so the short can still be liquidated.
    """
    world = SpotWorld()
    world.instrument("BTC")
    world.spot("BTCUSDT", "BTC")
    world.account("ann", cross="30000")
    world.deposit("ann", "1", "SPOT", "BTC")
    world.mark(BTC="60000", BTCUSDT="60000")
    world.maker("BTC", bids="60000 x 10")
    world.sell("ann", "BTC", "1", leverage=2)
    for price, equity in (("48000", "42000"), ("66000", "24000"), ("75000", "15000")):
        world.mark(BTC=price, BTCUSDT=price)
        assert world.risk("ann", at=("BTC", "SHORT"))["equity"] == equity
        coin = float(price)
        assert float(equity) + coin == 90_000
    assert world.held("ann", "BTC", "SPOT") == {"balance": "1"}
