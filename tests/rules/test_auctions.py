"""MAT-2, ORD-6: auctions, the end of an instrument, and who gives way in a self-trade."""

import pytest

from simulator.core.model.commands import SetMarketState
from simulator.core.model.enums import CancelReason, MarketState, SelfTradePrevention
from simulator.core.model.events import (
    AuctionUncrossed,
    InstrumentSettled,
    LiquidationEnded,
    MarkPriceUpdated,
    TradeExecuted,
)
from tests.rules.test_triggers import market, order_id
from tests.scenario import World


def auction(*orders: tuple[str, str, str, str]) -> World:
    """BTC in an auction at a mark of 100, with these limit orders: name, side, quantity, price."""
    world = World()
    world.instrument("BTC")
    for name in ("ann", "bob", "eve"):
        world.account(name, cross="10000")
    world.mark(BTC="100")
    for name in ("ann", "bob", "eve"):
        world.mode(name, "BTC", "CROSS")
    world.auction("BTC")
    for name, side, quantity, price in orders:
        (world.buy if side == "BUY" else world.sell)(name, "BTC", quantity, at=price)
        assert world.refusal() is None
        assert world.traded() == []
    return world


def uncrossed(world: World) -> tuple[str, str, str]:
    """Price, quantity and imbalance of the last command's uncross."""
    event = world.happened(AuctionUncrossed)[0]
    return str(event.price / 100), str(event.quantity / 1000), str(event.imbalance / 1000)


def test_mat_2_an_auction_ends_at_the_price_of_the_largest_volume() -> None:
    """The rule book's example: 8 can trade at 100, and at no other price as many."""
    world = auction(
        ("ann", "BUY", "5", "102"),
        ("eve", "BUY", "4", "100"),
        ("bob", "SELL", "6", "98"),
        ("bob", "SELL", "2", "100"),
        ("bob", "SELL", "7", "101"),
    )
    assert world.exchange.state.books[1].is_crossed()
    world.reopen("BTC")
    assert uncrossed(world) == ("100.0", "8.0", "1.0")
    assert world.traded() == [("100", "5"), ("100", "1"), ("100", "2")]
    assert not world.exchange.state.books[1].is_crossed()
    assert world.open_orders("eve")[0].endswith("BUY 1 BTC at 100")


def test_mat_2_of_several_prices_the_least_imbalance_and_then_the_nearest_to_the_mark() -> None:
    world = auction(("ann", "BUY", "5", "104"), ("bob", "SELL", "5", "97"))
    world.reopen("BTC")
    assert uncrossed(world) == ("100.0", "5.0", "0.0")
    world = auction(("ann", "BUY", "5", "109"), ("bob", "SELL", "5", "105"))
    world.reopen("BTC")
    assert uncrossed(world) == ("105.0", "5.0", "0.0")
    world = auction(
        ("ann", "BUY", "5", "104"), ("bob", "SELL", "5", "97"), ("eve", "SELL", "3", "100")
    )
    world.reopen("BTC")
    assert uncrossed(world) == ("99.99", "5.0", "0.0"), "at 100 three would be left over"


def test_mat_2_the_earlier_of_two_orders_is_the_maker() -> None:
    world = World()
    world.instrument("BTC", maker_fee_rate=0, taker_fee_rate=10**10)
    for name in ("ann", "bob"):
        world.account(name, cross="1000")
    world.mark(BTC="100")
    world.auction("BTC")
    world.sell("ann", "BTC", "1", at="100")
    world.buy("bob", "BTC", "1", at="100")
    world.reopen("BTC")
    trade = world.happened(TradeExecuted)[0]
    parties = (trade.maker_account_id, trade.taker_account_id)
    assert parties == (world.names["ann"], world.names["bob"])
    assert (trade.maker_fee, trade.taker_fee) == (0, 10**8)


def test_mat_2_only_orders_that_can_rest_are_taken_in_an_auction() -> None:
    world = auction()
    world.buy("ann", "BTC", "1")
    assert world.reason() == "AUCTION_IN_PROGRESS"
    for options in ({"tif": "IOC"}, {"tif": "FOK"}, {"post_only": True}):
        world.buy("ann", "BTC", "1", at="100", **options)
        assert world.reason() == "AUCTION_IN_PROGRESS"
    world.stop("ann", "BTC", "BUY", "1", trigger="103")
    assert world.refusal() is None
    world.maker("BTC", bids="101 x 1", asks="102 x 1")
    world.maker("BTC", bids="99 x 1", asks="99.5 x 1", name="other")
    assert world.refusal() is None
    assert world.exchange.state.books[1].is_crossed()
    world.amend("ann", world.exchange.state.counters.order, at="100")
    world.cancel_all("ann")
    assert world.refusal() is None


def test_mat_2_the_mark_stays_in_an_auction_and_follows_at_its_end() -> None:
    world = auction()
    world.mark(BTC="120")
    assert world.happened(MarkPriceUpdated) == []
    world.halt("BTC")
    world.buy("ann", "BTC", "1", at="100")
    assert world.reason() == "MARKET_HALTED"
    world.reopen("BTC")
    assert world.happened(MarkPriceUpdated)[0].price == world.price("BTC", "120")


def test_mat_1_a_book_that_was_halted_in_its_auction_uncrosses_when_it_opens() -> None:
    world = auction(("ann", "BUY", "5", "102"), ("bob", "SELL", "5", "98"))
    world.halt("BTC")
    assert world.traded() == []
    world.reopen("BTC")
    assert world.traded() == [("100", "5")]


def test_wal_4_an_isolated_order_without_margin_ends_in_the_uncross() -> None:
    """What still crosses is uncrossed once more, without it."""
    world = World()
    world.instrument("BTC")
    for name in ("ann", "bob", "eve"):
        world.account(name, cross="1000")
    world.mark(BTC="100")
    world.auction("BTC")
    world.sell("bob", "BTC", "5", at="100", leverage=10)
    world.buy("eve", "BTC", "3", at="100", leverage=10)
    world.buy("ann", "BTC", "5", at="101", leverage=100)
    ann = order_id(world)
    world.tiers("BTC", "2%:50")
    world.reopen("BTC")
    assert world.canceled() == [(ann, "WOULD_CAUSE_MARGIN_CALL")]
    assert world.traded() == [("100", "3")]
    assert len(world.happened(AuctionUncrossed)) == 2


# -- closing -----------------------------------------------------------------------------------


def test_mat_2_a_closed_instrument_settles_its_positions_and_stays_closed() -> None:
    world = market()
    world.buy("ann", "BTC", "10")
    world.sell("bob", "BTC", "4")
    world.stop("ann", "BTC", "SELL", "1", trigger="90")
    world.buy("bob", "BTC", "1", at="95")
    world.close("BTC", at="110")
    assert world.happened(InstrumentSettled)[0].price == world.price("BTC", "110")
    assert {reason for _, reason in world.canceled()} == {"MARKET_CLOSED"}
    assert world.balance("ann") == "1090"
    assert world.balance("bob") == "956"
    for name in ("ann", "bob", "maker"):
        assert world.position(name, "BTC") is None
        assert world.open_orders(name) == []
    assert world.total() == 0
    world.buy("ann", "BTC", "1", at="100")
    assert world.reason() == "MARKET_CLOSED"
    world.maker("BTC", bids="99 x 1")
    assert world.reason() == "MARKET_CLOSED"
    world.reopen("BTC")
    assert world.reason() == "MARKET_CLOSED"
    world.mark(BTC="120")
    assert world.exchange.state.instruments[1].market_state == MarketState.CLOSED


def test_mat_2_without_a_given_price_the_last_mark_settles() -> None:
    world = market()
    world.buy("ann", "BTC", "10")
    world.mark(BTC="104")
    world.close("BTC")
    assert world.happened(InstrumentSettled)[0].price == world.price("BTC", "104")
    world.instrument("ETH")
    world.close("ETH")
    assert world.reason() == "NO_MARK_PRICE"
    world.mark(ETH="100")
    world.run(SetMarketState(2, MarketState.OPEN, 100))
    assert world.reason() == "INVALID_COMBINATION"


def test_liq_8_a_loss_beyond_the_margin_is_paid_by_the_fund_and_then_by_shortfall() -> None:
    world = World(fund="50")
    world.instrument("BTC")
    world.account("ann", cross="100")
    world.mark(BTC="100")
    world.maker("BTC", bids="99 x 50", asks="100 x 50")
    world.buy("ann", "BTC", "9", leverage=10, mode="ISOLATED")
    world.close("BTC", at="80")
    ended = world.happened(LiquidationEnded)[0]
    assert (ended.deficit, ended.shortfall) == (90 * 10**8, 40 * 10**8)
    assert world.balance("ann") == "10"
    assert (world.fund(), world.shortfall()) == ("0", "40")
    assert world.total() == 0


# -- self-trade prevention ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "trades", "canceled", "resting"),
    [
        (SelfTradePrevention.EXPIRE_MAKER, [("100", "1"), ("101", "2")], ["maker"], 0),
        (SelfTradePrevention.EXPIRE_TAKER, [("100", "1")], ["taker"], 1),
        (SelfTradePrevention.EXPIRE_BOTH, [("100", "1")], ["maker", "taker"], 0),
    ],
)
def test_ord_6_the_takers_mode_says_who_gives_way(
    mode: SelfTradePrevention, trades: list[tuple[str, str]], canceled: list[str], resting: int
) -> None:
    world = World()
    world.instrument("BTC")
    for name in ("ann", "bob"):
        world.account(name, cross="10000")
    world.mark(BTC="100")
    world.sell("bob", "BTC", "1", at="100")
    world.sell("ann", "BTC", "5", at="100", self_trade_prevention=SelfTradePrevention.EXPIRE_BOTH)
    maker = order_id(world)
    world.sell("bob", "BTC", "2", at="101")
    world.buy("ann", "BTC", "3", at="101", self_trade_prevention=mode)
    ids = {"maker": maker, "taker": order_id(world)}
    assert world.traded() == trades
    assert world.canceled() == [(ids[each], "SELF_TRADE") for each in canceled]
    assert len(world.open_orders("ann")) == resting


def test_ord_6_in_an_auction_the_later_order_is_the_taker() -> None:
    for mode, left in (
        (SelfTradePrevention.EXPIRE_MAKER, ["BUY"]),
        (SelfTradePrevention.EXPIRE_TAKER, ["SELL"]),
        (SelfTradePrevention.EXPIRE_BOTH, []),
    ):
        world = auction(("ann", "SELL", "5", "99"))
        world.buy("ann", "BTC", "5", at="101", self_trade_prevention=mode)
        world.reopen("BTC")
        assert world.traded() == []
        assert [each.split()[1] for each in world.open_orders("ann")] == left
        assert {reason for _, reason in world.canceled()} == {CancelReason.SELF_TRADE.name}


def test_ord_4_a_fok_order_that_would_give_way_is_rejected() -> None:
    world = market()
    world.sell("bob", "BTC", "1", at="100")
    world.buy(
        "bob",
        "BTC",
        "2",
        at="101",
        tif="FOK",
        self_trade_prevention=SelfTradePrevention.EXPIRE_TAKER,
    )
    assert world.refused() == ("FILL_OR_KILL_NOT_FILLABLE", 2_000, 0)
    assert len(world.open_orders("bob")) == 1
