"""ORD-1, ORD-9, MAT-2 on spot instruments: orders that wait, lists of them, and auctions."""

import pytest

from simulator.core import views
from simulator.core.model.enums import Side
from simulator.core.model.events import (
    AuctionUncrossed,
    OrderCanceled,
    OrderListAccepted,
    OrderTriggered,
    TradeExecuted,
)
from tests.scenario import rate
from tests.spot_scenario import SpotWorld


@pytest.fixture
def world() -> SpotWorld:
    """ETH at 2,000 without fees. Ann has 5 ETH in SPOT, Eve 4,000 USDT in CROSS; Bob makes both."""
    world = SpotWorld()
    world.spot("ETHUSDT", "ETH", price_band_rate=rate("20%"))
    world.account("ann", spot="1000")
    world.deposit("ann", "5", "SPOT", "ETH")
    world.account("eve", cross="4000")
    world.account("bob", spot="10000000")
    world.deposit("bob", "1000", "SPOT", "ETH")
    world.pool("USDT", "100000")
    world.pool("ETH", "100")
    world.mark(ETHUSDT="2000")
    world.mode("eve", "ETHUSDT", "CROSS")
    world.product("eve", 5)
    return world


def both_sides(world: SpotWorld, bid: str, ask: str) -> None:
    world.quotes("bob", "ETHUSDT", bids=f"{bid} x 100", asks=f"{ask} x 100")


# -- triggers --------------------------------------------------------------------------------------


def test_ord_9_a_stop_on_spot_locks_nothing_until_it_fires(world: SpotWorld) -> None:
    both_sides(world, "1890", "2010")
    world.stop("ann", "ETHUSDT", "SELL", "5", trigger="1900")
    assert world.waiting("ann") == ["3 UNTRIGGERED 5"]
    assert world.held("ann", "ETH", "SPOT") == {"balance": "5"}
    world.mark(ETHUSDT="1900.01")
    assert world.happened(OrderTriggered) == []
    world.mark(ETHUSDT="1900")
    assert world.traded() == [("1890", "5")]
    assert world.held("ann", "ETH", "SPOT") == {}
    assert world.held("ann", "USDT", "SPOT") == {"balance": "10450"}


def test_ord_9_a_spot_trade_wakes_orders_that_watch_the_last_price(world: SpotWorld) -> None:
    both_sides(world, "1990", "2010")
    world.sell("bob", "ETHUSDT", "1", at="2000")
    world.stop("ann", "ETHUSDT", "SELL", "2", trigger="2005", on="LAST", kind="TAKE_PROFIT")
    world.buy("eve", "ETHUSDT", "1", at="2000")
    assert world.traded() == [("2000", "1")]
    world.buy("eve", "ETHUSDT", "1", at="2010")
    assert world.traded() == [("2010", "1"), ("1990", "2")]


def test_ord_9_a_trailing_stop_follows_the_index_of_a_coin(world: SpotWorld) -> None:
    both_sides(world, "1990", "2010")
    world.stop("ann", "ETHUSDT", "SELL", "1", callback="2%")
    world.mark(ETHUSDT="2100")
    world.mark(ETHUSDT="2058.01")
    assert world.happened(OrderTriggered) == []
    world.mark(ETHUSDT="2058")  # 2,100 less 2 %
    assert world.traded() == [("1990", "1")]


def test_ord_9_a_fired_order_that_cannot_be_paid_says_what_was_missing(world: SpotWorld) -> None:
    both_sides(world, "1890", "2010")
    world.stop("ann", "ETHUSDT", "SELL", "5", trigger="1900")
    world.sell("ann", "ETHUSDT", "2", at="1890")
    world.mark(ETHUSDT="1900")
    ended = world.happened(OrderCanceled)[0]
    assert (ended.reason.name, ended.needed, ended.available) == (
        "INSUFFICIENT_BALANCE",
        500_000_000,
        300_000_000,
    )
    assert world.held("ann", "ETH", "SPOT") == {"balance": "3"}


def test_bor_1_a_stop_borrows_when_it_fires_and_only_if_it_may(world: SpotWorld) -> None:
    """4,000 of 5 ETH at 2,010 are Eve's own, 6,050 are borrowed. The other stop must not borrow."""
    both_sides(world, "1990", "2010")
    world.stop("eve", "ETHUSDT", "BUY", "5", trigger="2005")
    assert world.held("eve", "USDT") == {"balance": "4000"}
    world.stop("eve", "ETHUSDT", "BUY", "5", trigger="2006", auto_borrow=False)
    world.mark(ETHUSDT="2005")
    assert world.traded() == [("2010", "5")]
    assert world.held("eve", "USDT") == {"borrowed": "6050"}
    world.mark(ETHUSDT="2006")
    assert [each.reason.name for each in world.happened(OrderCanceled)] == ["INSUFFICIENT_BALANCE"]


@pytest.mark.parametrize(
    ("pool", "cap", "reason", "available"),
    [("6000", None, "LENDING_POOL_EXHAUSTED", "6000"), ("100000", "5000", "BORROW_CAP", "5000")],
)
def test_bor_2_a_fired_order_meets_the_limits_of_borrowing(
    pool: str, cap: str | None, reason: str, available: str
) -> None:
    world = SpotWorld()
    world.spot("ETHUSDT", "ETH", cap=cap)
    world.account("eve", cross="20000")
    world.account("bob", spot="10000000")
    world.pool("ETH", pool)
    world.mark(ETHUSDT="2")
    world.mode("eve", "ETHUSDT", "CROSS")
    world.quotes("bob", "ETHUSDT", bids="1.98 x 7000")
    world.stop("eve", "ETHUSDT", "SELL", "6500", trigger="1.99")
    world.mark(ETHUSDT="1.99")
    ended = world.happened(OrderCanceled)[0]
    assert ended.reason.name == reason
    assert ended.available == int(available) * 10**8


def test_ord_5_a_stop_on_spot_has_no_position_to_close(world: SpotWorld) -> None:
    world.stop("ann", "ETHUSDT", "SELL", trigger="1900", close_position=True)
    assert world.reason() == "REDUCE_ONLY_WITHOUT_POSITION"
    world.stop("ann", "ETHUSDT", "SELL", "1", trigger="1900", reduce_only=True)
    assert world.reason() == "REDUCE_ONLY_WITHOUT_POSITION"


def test_the_preview_of_a_waiting_spot_order_needs_nothing(world: SpotWorld) -> None:
    order = world.trigger_order("ann", "ETHUSDT", "SELL", "5", trigger="1900")
    shown = views.preview(world.exchange.state, order)
    assert shown.accepted
    assert (shown.needed, shown.available) == (0, 500_000_000)
    assert (shown.borrowed, shown.paid_asset_id) == (0, world.assets["ETH"])


def test_ord_8_an_amended_order_borrows_no_more_than_it_may(world: SpotWorld) -> None:
    world.buy("eve", "ETHUSDT", "2", at="1990", auto_borrow=False)
    world.amend("eve", 1, quantity="3")
    assert world.refused() == ("INSUFFICIENT_BALANCE", 5970 * 10**8, 4000 * 10**8)
    world.amend("eve", 1, quantity="2.01")
    assert world.held("eve", "USDT") == {"balance": "4000", "locked": "3999.9"}


# -- lists -----------------------------------------------------------------------------------------


def test_ord_1_the_stop_of_an_oco_takes_the_coins_that_its_limit_order_locked(
    world: SpotWorld,
) -> None:
    both_sides(world, "1890", "2200")
    limit = world.order("ann", "ETHUSDT", Side.SELL, "5", at="2100")
    stop = world.trigger_order("ann", "ETHUSDT", "SELL", "5", trigger="1900")
    world.order_list("ann", "OCO", limit, stop)
    assert world.held("ann", "ETH", "SPOT") == {"balance": "5", "locked": "5"}
    world.mark(ETHUSDT="1900")
    assert [reason for _, reason in world.canceled()] == ["ORDER_LIST"]
    assert world.traded() == [("1890", "5")]
    assert world.exchange.state.order_lists == {}


def test_ord_1_a_fill_of_an_oco_on_spot_reduces_its_stop(world: SpotWorld) -> None:
    limit = world.order("ann", "ETHUSDT", Side.SELL, "5", at="2100")
    stop = world.trigger_order("ann", "ETHUSDT", "SELL", "5", trigger="1900")
    world.order_list("ann", "OCO", limit, stop)
    world.buy("bob", "ETHUSDT", "2", at="2100")
    assert world.waiting("ann") == ["2 UNTRIGGERED 3"]
    world.buy("bob", "ETHUSDT", "3", at="2100")
    assert world.canceled() == [(2, "ORDER_LIST")]


def bracket(world: SpotWorld) -> list[int]:
    """Eve buys 4 ETH at 2,000 with borrowed money, sells at 2,100 or stops out at 1,950."""
    world.order_list(
        "eve",
        "OTOCO",
        world.order("eve", "ETHUSDT", Side.BUY, "4", at="2000"),
        world.trigger_order("eve", "ETHUSDT", "SELL", kind="TAKE_PROFIT", trigger="2100"),
        world.trigger_order("eve", "ETHUSDT", "SELL", trigger="1950"),
    )
    return list(world.happened(OrderListAccepted)[0].order_ids)


def test_ord_1_a_bracket_on_spot_sells_what_its_entry_bought(world: SpotWorld) -> None:
    entry, take_profit, stop = bracket(world)
    assert world.waiting("eve") == [f"{take_profit} PENDING 0", f"{stop} PENDING 0"]
    assert world.held("eve", "USDT") == {"balance": "8000", "locked": "8000", "borrowed": "4000"}
    world.sell("bob", "ETHUSDT", "3", at="2000")
    assert world.waiting("eve") == [f"{take_profit} UNTRIGGERED 3", f"{stop} UNTRIGGERED 3"]
    world.quotes("bob", "ETHUSDT", bids="1940 x 100")
    world.mark(ETHUSDT="1950")
    assert sorted(world.canceled()) == [(entry, "ORDER_LIST"), (take_profit, "ORDER_LIST")]
    assert world.traded() == [("1940", "3")]
    # 4,000 - 3 * 60: the sale and the unspent loan repaid what was borrowed
    assert world.held("eve", "USDT") == {"balance": "3820"}
    assert world.exchange.state.order_lists == {}


def test_ord_1_a_bracket_on_spot_ends_with_an_entry_that_never_filled(world: SpotWorld) -> None:
    entry, take_profit, stop = bracket(world)
    world.cancel("eve", entry)
    assert world.canceled() == [
        (entry, "REQUESTED"),
        (take_profit, "ORDER_LIST"),
        (stop, "ORDER_LIST"),
    ]
    assert world.held("eve", "USDT") == {"balance": "4000"}


def test_ord_1_the_children_of_a_bracket_on_spot_reduce_no_position(world: SpotWorld) -> None:
    entry = world.order("eve", "ETHUSDT", Side.BUY, "1", at="2000")
    child = world.trigger_order("eve", "ETHUSDT", "SELL", trigger="1950", reduce_only=True)
    world.order_list("eve", "OTO", entry, child)
    assert world.reason() == "INVALID_COMBINATION"


# -- auctions --------------------------------------------------------------------------------------


def auction(world: SpotWorld) -> None:
    world.auction("ETHUSDT")
    world.sell("ann", "ETHUSDT", "3", at="1980")
    world.buy("eve", "ETHUSDT", "5", at="2020")
    assert world.traded() == []
    # 10,100 locked; 6,100 of it borrowed
    assert world.held("eve", "USDT") == {"balance": "10100", "locked": "10100", "borrowed": "6100"}


def test_mat_2_a_spot_auction_ends_at_one_price_and_gives_back_what_it_did_not_take(
    world: SpotWorld,
) -> None:
    """3 ETH trade at 2,000 and not at 2,020: the 60 less repay the loan, the rest stays locked."""
    auction(world)
    world.reopen("ETHUSDT")
    uncrossed = world.happened(AuctionUncrossed)[0]
    assert (uncrossed.price, uncrossed.quantity) == (200_000, 3_000)
    assert world.traded() == [("2000", "3")]
    assert world.held("ann", "USDT", "SPOT") == {"balance": "7000"}
    assert world.held("eve", "ETH") == {"balance": "3"}
    assert world.held("eve", "USDT") == {"balance": "4040", "locked": "4040", "borrowed": "6040"}
    world.cancel_all("eve")
    assert world.held("eve", "USDT") == {"borrowed": "2000"}
    assert world.total("USDT") == world.total("ETH") == 0


def test_mat_2_the_taker_of_a_spot_auction_has_locked_its_fee() -> None:
    """Ann has 2,000 and a taker's fee of 0.2 %; the maker's 0.1 % would not have been enough."""
    world = SpotWorld()
    world.spot("ETHUSDT", "ETH", maker_fee_rate=rate("0.1%"), taker_fee_rate=rate("0.2%"))
    world.account("ann", spot="2004")
    world.account("bob")
    world.deposit("bob", "1", "SPOT", "ETH")
    world.mark(ETHUSDT="2000")
    world.auction("ETHUSDT")
    world.sell("bob", "ETHUSDT", "1", at="2000")
    world.buy("ann", "ETHUSDT", "1", at="2000")
    assert world.held("ann", "USDT", "SPOT") == {"balance": "2004", "locked": "2004"}
    world.reopen("ETHUSDT")
    trade = world.happened(TradeExecuted)[0]
    assert (trade.taker_fee, trade.maker_fee) == (400_000_000, 200_000_000)
    assert world.held("ann", "USDT", "SPOT") == {}


def test_mat_2_an_order_that_lost_its_money_ends_in_the_uncross(world: SpotWorld) -> None:
    """Joe's bid locked 1,000 of his 1,000; then he lost 200 of them with a perpetual."""
    world.instrument("BTC")
    world.account("joe", cross="1000")
    world.mark(BTC="100")
    for symbol in ("BTC", "ETHUSDT"):
        world.mode("joe", symbol, "CROSS")
    world.maker("BTC", bids="80 x 50", asks="100 x 50")
    world.buy("joe", "BTC", "10")
    world.auction("ETHUSDT")
    world.sell("ann", "ETHUSDT", "1", at="1980")
    world.buy("joe", "ETHUSDT", "0.5", at="2000")
    world.mark(BTC="85")
    world.sell("joe", "BTC", "10")
    assert world.held("joe", "USDT") == {"balance": "800", "locked": "1000"}
    world.reopen("ETHUSDT")
    assert [reason for _, reason in world.canceled()] == ["INSUFFICIENT_BALANCE"]
    assert world.traded() == []


def test_mat_2_a_spot_instrument_is_never_closed(world: SpotWorld) -> None:
    """Coins have no other side that they could be settled with."""
    world.close("ETHUSDT")
    assert world.reason() == "INVALID_COMBINATION"
