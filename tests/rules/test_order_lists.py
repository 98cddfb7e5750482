"""ORD-1, ORD-8: orders that belong together, orders that expire, and dead man's switches."""

import pytest

from simulator.core.model.enums import Side
from simulator.core.model.events import (
    CountdownElapsed,
    OrderAccepted,
    OrderListAccepted,
    OrderRepeated,
    OrderWoken,
)
from tests.rules.test_triggers import long_market, market, order_id
from tests.scenario import START_NS, World


def bracket(
    world: World, entry: str = "10", at: str | None = None, kind: str = "OTOCO"
) -> list[int]:
    """Ann buys, with a take-profit at 110 and a stop at 95; the ids of entry and children."""
    orders = [world.order("ann", "BTC", Side.BUY, entry, at=at)]
    if kind == "OTOCO":
        orders.append(
            world.trigger_order(
                "ann", "BTC", "SELL", kind="TAKE_PROFIT", trigger="110", reduce_only=True
            )
        )
    orders.append(world.trigger_order("ann", "BTC", "SELL", trigger="95", reduce_only=True))
    world.order_list("ann", kind, *orders)
    return list(world.happened(OrderListAccepted)[0].order_ids)


# -- OCO ---------------------------------------------------------------------------------------


def exits(world: World, quantity: str = "10") -> tuple[int, int]:
    """Ann, long, sells at 104 or stops out at 96, whichever comes first."""
    limit = world.order("ann", "BTC", Side.SELL, quantity, at="104", reduce_only=True)
    stop = world.trigger_order("ann", "BTC", "SELL", quantity, trigger="96", reduce_only=True)
    world.order_list("ann", "OCO", limit, stop)
    ids = world.happened(OrderListAccepted)[0].order_ids
    return ids[0], ids[1]


def test_ord_1_the_stop_of_an_oco_cancels_its_limit_order_before_it_trades() -> None:
    world = long_market()
    limit, stop = exits(world)
    assert world.open_orders("ann")[0] == f"{limit} SELL 10 BTC at 104"
    assert world.waiting("ann") == [f"{stop} UNTRIGGERED 10"]
    world.mark(BTC="96")
    assert world.canceled() == [(limit, "ORDER_LIST")]
    assert world.traded() == [("99", "10")]
    assert world.exchange.state.order_lists == {}


def test_ord_1_a_fill_of_an_oco_reduces_its_stop_and_the_last_cancels_it() -> None:
    world = long_market("12")
    _, stop = exits(world)
    world.maker("BTC", bids="99 x 50", asks="105 x 50")
    world.buy("bob", "BTC", "4", at="104")
    assert world.traded() == [("104", "4")]
    assert world.waiting("ann") == [f"{stop} UNTRIGGERED 6"]
    world.buy("bob", "BTC", "6", at="104")
    assert world.canceled() == [(stop, "ORDER_LIST")]
    assert world.exchange.state.order_lists == {}


def test_ord_1_a_position_that_closes_otherwise_takes_both_orders_of_an_oco() -> None:
    world = long_market()
    limit, stop = exits(world)
    world.sell("ann", "BTC", "10")
    assert sorted(world.canceled()) == [(limit, "REDUCE_ONLY"), (stop, "REDUCE_ONLY")]


def test_ord_8_canceling_one_order_leaves_the_other_and_canceling_the_list_leaves_nothing() -> None:
    world = long_market()
    limit, stop = exits(world)
    world.cancel("ann", limit)
    assert world.waiting("ann") == [f"{stop} UNTRIGGERED 10"]
    world.cancel_list("bob", limit)
    assert world.reason() == "UNKNOWN_ORDER"
    world.cancel_list("ann", limit)
    assert world.canceled() == [(stop, "REQUESTED")]
    world.cancel_list("ann", limit)
    assert world.reason() == "UNKNOWN_ORDER"


def test_ord_1_the_limit_order_of_an_oco_never_takes() -> None:
    world = market()
    limit = world.order("bob", "BTC", Side.BUY, "1", at="101")
    stop = world.trigger_order("bob", "BTC", "BUY", "1", trigger="103")
    world.order_list("bob", "OCO", limit, stop)
    assert world.refused() == ("POST_ONLY_WOULD_TAKE", 10_100, 10_100)
    assert world.exchange.state.orders.keys() == world.exchange.state.exposures[4][1].orders.keys()


def test_ord_1_both_orders_of_an_oco_may_wait() -> None:
    """A breakout either way: the first to fire cancels the other, although they differ in type."""
    world = market()
    up = world.trigger_order("bob", "BTC", "BUY", "1", trigger="103")
    down = world.trigger_order("bob", "BTC", "BUY", "1", trigger="97", kind="TAKE_PROFIT")
    world.order_list("bob", "OCO", up, down)
    ids = world.happened(OrderListAccepted)[0].order_ids
    world.mark(BTC="97")
    assert world.canceled() == [(ids[0], "ORDER_LIST")]
    assert world.position("bob", "BTC") == ("1", "101")


def test_ord_1_lists_that_do_not_fit_together() -> None:
    world = long_market()
    limit = world.order("ann", "BTC", Side.SELL, "10", at="104")
    smaller = world.order("ann", "BTC", Side.SELL, "9", at="104")
    other_side = world.order("ann", "BTC", Side.BUY, "10", at="90")
    market_order = world.order("ann", "BTC", Side.SELL, "10")
    stop = world.trigger_order("ann", "BTC", "SELL", "10", trigger="96")
    child = world.trigger_order("ann", "BTC", "SELL", trigger="96", reduce_only=True)
    opening = world.trigger_order("ann", "BTC", "SELL", trigger="96")
    strange = world.trigger_order("bob", "BTC", "SELL", trigger="96", reduce_only=True)
    for kind, orders in (
        ("OCO", (limit, limit)),
        ("OCO", (smaller, stop)),
        ("OCO", (other_side, stop)),
        ("OCO", (market_order, stop)),
        ("OCO", (limit,)),
        ("OTO", (other_side, opening)),
        ("OTO", (other_side, limit)),
        ("OTO", (limit, child)),
        ("OTO", (stop, child)),
        ("OTO", (other_side, strange)),
        ("OTOCO", (other_side, child)),
    ):
        before = world.exchange.state.counters.order
        world.order_list("ann", kind, *orders)
        assert world.reason() == "INVALID_COMBINATION", (kind, orders)
        assert world.exchange.state.counters.order == before


# -- OTO, OTOCO --------------------------------------------------------------------------------


def test_ord_1_a_bracket_wakes_with_its_entry() -> None:
    world = market()
    _, profit, stop = bracket(world)
    assert world.position("ann", "BTC") == ("10", "1010")
    assert [each.order_id for each in world.happened(OrderWoken)] == [profit, stop]
    assert world.waiting("ann") == [f"{profit} UNTRIGGERED 10", f"{stop} UNTRIGGERED 10"]
    world.mark(BTC="95")
    assert world.canceled() == [(profit, "ORDER_LIST")]
    assert world.position("ann", "BTC") is None
    assert world.exchange.state.order_lists == {}


def test_ord_1_a_bracket_grows_with_what_its_entry_fills() -> None:
    world = market()
    entry, profit, stop = bracket(world, at="100")
    assert world.waiting("ann") == [f"{profit} PENDING 0", f"{stop} PENDING 0"]
    world.sell("bob", "BTC", "3", at="100")
    assert world.waiting("ann") == [f"{profit} UNTRIGGERED 3", f"{stop} UNTRIGGERED 3"]
    world.sell("bob", "BTC", "2", at="100")
    assert world.waiting("ann") == [f"{profit} UNTRIGGERED 5", f"{stop} UNTRIGGERED 5"]
    world.cancel("ann", entry)
    assert world.waiting("ann") == [f"{profit} UNTRIGGERED 5", f"{stop} UNTRIGGERED 5"]


def test_ord_1_an_exit_that_fires_cancels_the_rest_of_the_entry() -> None:
    world = market()
    entry, profit, stop = bracket(world, at="100")
    world.sell("bob", "BTC", "3", at="100")
    world.mark(BTC="95")
    assert sorted(world.canceled()) == [(entry, "ORDER_LIST"), (profit, "ORDER_LIST")]
    assert world.position("ann", "BTC") is None
    assert stop not in world.exchange.state.orders


def test_ord_1_an_entry_that_never_fills_takes_its_children_along() -> None:
    world = market()
    entry, profit, stop = bracket(world, at="100")
    world.cancel("ann", entry)
    assert world.canceled() == [
        (entry, "REQUESTED"),
        (profit, "ORDER_LIST"),
        (stop, "ORDER_LIST"),
    ]
    assert world.exchange.state.order_lists == {}


def test_ord_5_children_stay_while_their_entry_may_still_fill() -> None:
    """The position was closed by hand; what the entry fills next is protected as before."""
    world = market()
    entry, profit, stop = bracket(world, at="100")
    world.sell("bob", "BTC", "3", at="100")
    world.sell("ann", "BTC", "3", at="100.5", reduce_only=True)
    world.buy("bob", "BTC", "3", at="100.5")
    assert world.position("ann", "BTC") is None
    assert world.canceled() == []
    world.cancel("ann", entry)
    assert world.canceled()[1:] == [(profit, "REDUCE_ONLY"), (stop, "REDUCE_ONLY")]


def test_ord_1_an_entry_that_only_closes_has_nothing_to_protect() -> None:
    """Short 10, the entry buys 10: no position is left, and the children go."""
    world = market()
    world.sell("ann", "BTC", "10")
    _, profit, stop = bracket(world)
    assert world.position("ann", "BTC") is None
    assert world.canceled() == [(profit, "ORDER_LIST"), (stop, "ORDER_LIST")]


def test_ord_9_a_child_whose_trigger_is_met_when_it_wakes_fires_at_once() -> None:
    """The entry fills below the stop already: the loss is cut, not left to run."""
    world = market()
    entry = world.order("ann", "BTC", Side.BUY, "10", at="94")
    stop = world.trigger_order("ann", "BTC", "SELL", trigger="95", close_position=True)
    world.order_list("ann", "OTO", entry, stop)
    world.maker("BTC", bids="92 x 50", asks="105 x 50")
    world.mark(BTC="94")
    world.sell("bob", "BTC", "10", at="94")
    assert world.traded() == [("94", "10"), ("92", "10")]
    assert world.position("ann", "BTC") is None


def test_ord_1_a_trailing_child_follows_from_its_waking_on() -> None:
    world = market()
    entry = world.order("ann", "BTC", Side.BUY, "10", at="100")
    stop = world.trigger_order("ann", "BTC", "SELL", callback="5%", reduce_only=True)
    world.order_list("ann", "OTO", entry, stop)
    child = world.happened(OrderListAccepted)[0].order_ids[1]
    world.mark(BTC="104")
    assert world.exchange.state.orders[child].watermark is None
    world.sell("bob", "BTC", "10", at="100")
    assert world.exchange.state.orders[child].watermark == world.price("BTC", "104")


def test_ord_1_an_entry_may_itself_wait_for_a_trigger() -> None:
    world = market()
    entry = world.trigger_order("ann", "BTC", "BUY", "5", trigger="103")
    stop = world.trigger_order("ann", "BTC", "SELL", trigger="95", reduce_only=True)
    world.order_list("ann", "OTO", entry, stop)
    child = world.happened(OrderListAccepted)[0].order_ids[1]
    world.mark(BTC="103")
    assert world.waiting("ann") == [f"{child} UNTRIGGERED 5"]


def test_ord_8_children_that_wait_for_an_entry_are_amended_in_price_only() -> None:
    world = market()
    entry, _, stop = bracket(world, at="100")
    world.amend("ann", stop, trigger="96")
    assert world.refusal() is None
    world.amend("ann", stop, quantity="5")
    assert world.reason() == "INVALID_COMBINATION"
    world.sell("bob", "BTC", "10", at="100")
    world.mark(BTC="96")
    assert world.position("ann", "BTC") is None
    assert entry not in world.exchange.state.orders


def test_ord_7_a_repeated_list_gives_its_first_result() -> None:
    world = market()
    entry = world.order("ann", "BTC", Side.BUY, "1", at="90", client_order_id="entry")
    stop = world.trigger_order(
        "ann", "BTC", "SELL", trigger="85", reduce_only=True, client_order_id="stop"
    )
    world.order_list("ann", "OTO", entry, stop)
    ids = world.happened(OrderListAccepted)[0].order_ids
    world.order_list("ann", "OTO", entry, stop)
    assert tuple(each.order_id for each in world.happened(OrderRepeated)) == ids
    world.buy("ann", "BTC", "1", at="91", client_order_id="entry")
    assert world.reason() == "DUPLICATE_CLIENT_ORDER_ID"
    other = world.order("ann", "BTC", Side.BUY, "2", at="90", client_order_id="new")
    world.order_list("ann", "OTO", other, stop)
    assert world.reason() == "DUPLICATE_CLIENT_ORDER_ID"
    refused = world.order("ann", "BTC", Side.BUY, "1", at="200", client_order_id="far")
    plain = world.trigger_order("ann", "BTC", "SELL", trigger="85", reduce_only=True)
    for _ in range(2):
        world.order_list("ann", "OTO", refused, plain)
        assert world.reason() == "PRICE_OUTSIDE_BAND"
    assert len(world.happened(OrderRepeated)) == 1


def test_ord_2_every_order_of_a_list_that_waits_counts() -> None:
    world = market(max_trigger_orders=1)
    bracket_orders = (
        world.order("ann", "BTC", Side.BUY, "1", at="90"),
        world.trigger_order("ann", "BTC", "SELL", trigger="95", reduce_only=True),
        world.trigger_order("ann", "BTC", "SELL", trigger="94", reduce_only=True),
    )
    world.order_list("ann", "OTOCO", *bracket_orders)
    assert world.refused() == ("TOO_MANY_TRIGGER_ORDERS", 2, 1)
    world.order_list("ann", "OTO", *bracket_orders[:2])
    assert world.refusal() is None


# -- orders that expire ------------------------------------------------------------------------


def test_ord_1_a_gtd_order_rests_until_its_time() -> None:
    world = market()
    world.buy("bob", "BTC", "1", at="98", tif="GTD", expires_ns=world.in_seconds(60))
    resting = order_id(world)
    world.stop("bob", "BTC", "SELL", "1", trigger="90", tif="GTD", expires_ns=world.in_seconds(30))
    waiting = order_id(world)
    world.wait(29)
    assert world.canceled() == []
    assert world.exchange.next_due() == START_NS + (waiting_due(world, waiting) - START_NS)
    world.wait(1)
    assert world.canceled() == [(waiting, "EXPIRED")]
    world.wait(30)
    assert world.canceled() == [(resting, "EXPIRED")]
    assert world.exchange.next_due() is None


def waiting_due(world: World, number: int) -> int:
    expires_ns = world.exchange.state.orders[number].expires_ns
    assert expires_ns is not None
    return expires_ns


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"tif": "GTD"}, "INVALID_COMBINATION"),
        ({"expires_ns": 2 * START_NS}, "INVALID_COMBINATION"),
        ({"tif": "GTD", "expires_ns": START_NS}, "EXPIRY_IN_THE_PAST"),
        ({"tif": "GTD", "expires_ns": 2 * START_NS, "at": None}, "INVALID_COMBINATION"),
    ],
)
def test_ord_1_only_a_gtd_order_that_can_rest_names_a_time(
    options: dict[str, object], reason: str
) -> None:
    world = market()
    world.buy("bob", "BTC", "1", **({"at": "98"} | options))
    assert world.reason() == reason


def test_time_1_expiry_comes_before_triggers() -> None:
    """(4) before (5): an order that expires at the moment of its trigger does not fire."""
    world = market(index_staleness_ns=None)
    due = world.in_seconds(10)
    world.stop("bob", "BTC", "SELL", "1", trigger="98", tif="GTD", expires_ns=due)
    number = order_id(world)
    world.wait(10)
    assert world.canceled() == [(number, "EXPIRED")]
    world.mark(BTC="97")
    assert world.traded() == []


# -- dead man's switch -------------------------------------------------------------------------


def test_ord_8_a_dead_mans_switch_cancels_once_unless_it_is_armed_again() -> None:
    world = market()
    world.buy("bob", "BTC", "1", at="98")
    world.stop("bob", "BTC", "SELL", "1", trigger="90")
    world.countdown("bob", 30)
    world.wait(20)
    world.countdown("bob", 30)
    world.wait(20)
    assert world.canceled() == []
    world.wait(10)
    assert len(world.happened(CountdownElapsed)) == 1
    assert [reason for _, reason in world.canceled()] == ["COUNTDOWN", "COUNTDOWN"]
    world.buy("bob", "BTC", "1", at="98")
    world.wait(3_600)
    assert world.canceled() == [], "it fires once"


def test_ord_8_a_switch_may_be_for_one_instrument_and_is_disarmed_by_none() -> None:
    world = market()
    world.instrument("ETH")
    world.mark(ETH="100")
    world.mode("bob", "ETH", "CROSS")
    for symbol in ("BTC", "ETH"):
        world.buy("bob", symbol, "1", at="98")
    world.countdown("bob", 30, "ETH")
    world.countdown("bob", 40)
    world.wait(30)
    assert len(world.canceled()) == 1
    assert len(world.open_orders("bob")) == 1
    world.countdown("bob", None)
    world.wait(100)
    assert len(world.open_orders("bob")) == 1
    assert world.exchange.state.countdowns == {}


def test_ord_8_a_countdown_has_its_limits() -> None:
    world = market()
    for seconds in (0, 86_401):
        world.countdown("bob", seconds)
        assert world.reason() == "COUNTDOWN_OUT_OF_RANGE"
    assert world.happened(OrderAccepted) == []
