"""ORD-1, ORD-9: orders that wait for a price, and what they do when it comes."""

from typing import Any

import pytest

from simulator.core.model.enums import CancelReason, OrderStatus
from simulator.core.model.events import (
    LiquidationStarted,
    OrderAccepted,
    OrderCanceled,
    OrderTriggered,
    TriggersPaged,
)
from tests.scenario import World


def market(**terms: Any) -> World:
    """BTC at 100, quotes of 50 on either side up to 5 away, Ann and Bob with money in CROSS."""
    world = World()
    world.instrument("BTC", **terms)
    for name in ("ann", "bob"):
        world.account(name, cross="1000")
    world.mark(BTC="100")
    for name in ("ann", "bob"):
        world.mode(name, "BTC", "CROSS")
        world.leverage(name, "BTC", 10)
    world.maker("BTC", bids="99 x 50, 95 x 50", asks="101 x 50, 105 x 50")
    return world


def long_market(quantity: str = "10") -> World:
    world = market()
    world.buy("ann", "BTC", quantity)
    return world


# -- when they fire ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "kind", "trigger", "before", "after"),
    [
        ("BUY", "STOP", "103", "102.99", "103"),
        ("SELL", "STOP", "97", "97.01", "97"),
        ("BUY", "TAKE_PROFIT", "97", "97.01", "97"),
        ("SELL", "TAKE_PROFIT", "103", "102.99", "103"),
    ],
)
def test_ord_9_a_mark_wakes_an_order_when_it_reaches_the_trigger(
    side: str, kind: str, trigger: str, before: str, after: str
) -> None:
    world = market()
    world.stop("bob", "BTC", side, "1", kind=kind, trigger=trigger)
    assert world.exchange.state.orders[order_id(world)].status == OrderStatus.UNTRIGGERED
    world.mark(BTC=before)
    assert world.happened(OrderTriggered) == []
    world.mark(BTC=after)
    fired = world.happened(OrderTriggered)[0]
    assert fired.trigger_price == world.price("BTC", trigger)
    assert world.traded() == [("101" if side == "BUY" else "99", "1")]


def order_id(world: World) -> int:
    accepted = world.happened(OrderAccepted)[0]
    assert isinstance(accepted.order_id, int)
    return accepted.order_id


def test_ord_9_a_trigger_that_is_true_already_is_rejected() -> None:
    world = market()
    for side, kind, trigger in (
        ("BUY", "STOP", "100"),
        ("SELL", "STOP", "100"),
        ("BUY", "TAKE_PROFIT", "100.5"),
        ("SELL", "TAKE_PROFIT", "99.5"),
    ):
        world.stop("bob", "BTC", side, "1", kind=kind, trigger=trigger)
        expected = ("TRIGGER_ALREADY_MET", world.price("BTC", trigger), 10_000)
        assert world.refused() == expected


def test_ord_9_last_and_index_watch_their_own_price() -> None:
    world = market()
    world.stop("bob", "BTC", "SELL", "1", trigger="98", on="LAST")
    world.stop("bob", "BTC", "SELL", "2", trigger="97", on="INDEX")
    world.mark(BTC="96")
    assert world.traded() == [("99", "2")], "there was no trade yet, so LAST is none"
    world.maker("BTC", bids="97 x 50", asks="101 x 50")
    world.sell("ann", "BTC", "1")
    assert world.traded() == [("97", "1"), ("97", "1")]


def test_ord_9_the_trades_of_a_fired_order_fire_others_in_the_same_command() -> None:
    """A cascade: each stop sells through the level at which the next one waits."""
    world = market()
    world.maker("BTC", bids="99 x 2, 98 x 2, 97 x 2, 96 x 50", asks="101 x 50")
    world.stop("bob", "BTC", "SELL", "2", trigger="98.5", on="LAST")
    world.stop("bob", "BTC", "SELL", "2", trigger="97.5", on="LAST")
    world.sell("ann", "BTC", "2.5")
    assert world.traded() == [
        ("99", "2"),
        ("98", "0.5"),
        ("98", "1.5"),
        ("97", "0.5"),
        ("97", "1.5"),
        ("96", "0.5"),
    ]
    assert len(world.happened(OrderTriggered)) == 2


def test_time_2_ties_fire_by_age_and_a_command_fires_a_page() -> None:
    world = World(page_size=2)
    world.instrument("BTC")
    world.account("bob", cross="1000")
    world.mark(BTC="100")
    world.maker("BTC", bids="90 x 50", asks="110 x 50")
    ids = []
    for trigger in ("96", "98", "97", "95", "94"):
        world.stop("bob", "BTC", "SELL", "0.1", trigger=trigger)
        ids.append(order_id(world))
    events = world.mark(BTC="95")
    assert [each.order_id for each in world.happened(OrderTriggered)] == ids[:2]
    assert world.happened(TriggersPaged)[0].order_ids == tuple(ids[2:4])
    world.buy("bob", "BTC", "1")
    assert world.reason() == "SWEEP_IN_PROGRESS"
    world.wait(0)
    fired = [each.order_id for each in world.happened(OrderTriggered)]
    assert fired == ids[2:4]
    assert not world.exchange.state.is_paging
    assert events


def test_time_1_triggers_come_before_units_are_assessed() -> None:
    """(5) before (6): a stop at the mark of the liquidation saves the position from it."""
    world = World()
    world.instrument("BTC")
    for name in ("ann", "bob"):
        world.account(name, cross="100")
    world.mark(BTC="100")
    world.maker("BTC", bids="99 x 50, 91 x 50", asks="100 x 50")
    for name in ("ann", "bob"):
        world.buy(name, "BTC", "10", leverage=10)
    world.stop("ann", "BTC", "SELL", trigger="91", close_position=True)
    world.mark(BTC="90.2")
    assert world.position("ann", "BTC") is None
    liquidated = [world.name_of(each.account_id) for each in world.happened(LiquidationStarted)]
    assert liquidated == ["bob"]
    kinds = [type(each).__name__ for each in world.events]
    assert kinds.index("OrderTriggered") < kinds.index("LiquidationStarted")


# -- what they do then -------------------------------------------------------------------------


def test_marg_4_a_waiting_order_needs_no_margin_until_it_fires() -> None:
    world = market()
    world.stop("bob", "BTC", "BUY", "60", trigger="101")
    before = world.risk("bob")
    assert (before["initial"], before["free"]) == ("0", "1000")
    world.stop("bob", "BTC", "BUY", "500", trigger="102")
    assert world.refusal() is None
    world.mark(BTC="102")
    reasons = [(each.reason, each.needed, each.available) for each in world.happened(OrderCanceled)]
    assert world.position("bob", "BTC") is not None
    assert reasons[0][0] == CancelReason.INSUFFICIENT_MARGIN
    assert reasons[0][1] is not None
    assert reasons[0][2] is not None
    assert reasons[0][1] > reasons[0][2]


def test_ord_9_a_stop_limit_rests_at_its_limit() -> None:
    world = market()
    world.stop("bob", "BTC", "SELL", "60", trigger="98", at="99")
    number = order_id(world)
    world.mark(BTC="98")
    assert world.traded() == [("99", "50")]
    assert world.open_orders("bob") == [f"{number} SELL 10 BTC at 99"]


def test_ord_9_a_limit_outside_the_band_is_taken_to_its_edge() -> None:
    """A gap in the trader's favor does not cost the order: it asks for no worse than the band."""
    world = market()
    world.stop("bob", "BTC", "SELL", "1", kind="TAKE_PROFIT", trigger="102", at="101")
    world.maker("BTC", bids="118 x 5", asks="130 x 5")
    world.mark(BTC="120")
    assert world.happened(OrderTriggered)[0].price == world.price("BTC", "108")
    assert world.traded() == [("118", "1")]


def test_ord_2_the_limit_of_a_waiting_order_is_within_the_band_around_its_trigger() -> None:
    world = market()
    world.stop("bob", "BTC", "BUY", "1", trigger="120", at="132")
    assert world.refusal() is None
    world.stop("bob", "BTC", "BUY", "1", trigger="120", at="132.01")
    assert world.refused() == ("PRICE_OUTSIDE_BAND", 13_201, 13_200)


def test_ord_1_close_position_closes_what_there_is_when_it_fires() -> None:
    world = long_market("10")
    world.stop("ann", "BTC", "SELL", trigger="98", close_position=True)
    number = order_id(world)
    world.buy("ann", "BTC", "5")
    world.mark(BTC="98")
    assert world.traded() == [("99", "15")]
    assert world.position("ann", "BTC") is None
    assert number not in world.exchange.state.orders


def test_ord_5_a_waiting_order_that_reduces_needs_a_position_and_goes_with_it() -> None:
    world = market()
    world.stop("ann", "BTC", "SELL", "1", trigger="98", reduce_only=True)
    assert world.refused() == ("REDUCE_ONLY_WITHOUT_POSITION", 1_000, 0)
    world.buy("ann", "BTC", "10")
    world.stop("ann", "BTC", "SELL", "4", trigger="98", reduce_only=True)
    stop = order_id(world)
    world.stop("ann", "BTC", "SELL", trigger="97", close_position=True)
    closing = order_id(world)
    world.sell("ann", "BTC", "8")
    assert world.canceled() == [], "it is cut to the position when it fires"
    world.sell("ann", "BTC", "5")
    assert world.canceled() == [(stop, "REDUCE_ONLY"), (closing, "REDUCE_ONLY")]
    assert world.position("ann", "BTC") == ("-3", "-297")


def test_ord_5_a_fired_order_never_exceeds_the_position() -> None:
    world = long_market("10")
    world.stop("ann", "BTC", "SELL", "40", trigger="98", reduce_only=True)
    world.mark(BTC="98")
    assert world.traded() == [("99", "10")]
    assert world.position("ann", "BTC") is None


# -- trailing stops ----------------------------------------------------------------------------


def test_ord_1_a_trailing_stop_follows_the_best_price() -> None:
    world = long_market()
    world.stop("ann", "BTC", "SELL", "10", callback="2%", reduce_only=True)
    number = order_id(world)
    for price, watermark in (("103", "103"), ("101.5", "103"), ("104", "104"), ("101.93", "104")):
        world.mark(BTC=price)
        assert world.exchange.state.orders[number].watermark == world.price("BTC", watermark)
    world.mark(BTC="101.92")
    assert world.happened(OrderTriggered)[0].trigger_price == world.price("BTC", "101.92")
    assert world.position("ann", "BTC") is None


def test_ord_1_a_trailing_stop_waits_for_its_activation_price() -> None:
    world = market()
    world.stop("bob", "BTC", "BUY", "1", callback="1%", activation="98")
    number = order_id(world)
    order = world.exchange.state.orders[number]
    world.mark(BTC="99")
    world.mark(BTC="100.5")
    assert order.watermark is None
    world.mark(BTC="97")
    assert order.watermark == world.price("BTC", "97")
    world.mark(BTC="97.97")
    assert world.happened(OrderTriggered)[0].trigger_price == world.price("BTC", "97.97")


def test_ord_1_the_callback_rate_has_its_limits() -> None:
    world = market()
    for callback in ("0.09%", "10.1%"):
        world.stop("bob", "BTC", "BUY", "1", callback=callback)
        assert world.reason() == "CALLBACK_RATE_OUT_OF_RANGE"
    for callback in ("0.1%", "10%"):
        world.stop("bob", "BTC", "BUY", "1", callback=callback)
        assert world.refusal() is None


def test_ord_1_a_trailing_stop_on_last_begins_with_the_first_trade() -> None:
    world = market()
    world.stop("bob", "BTC", "SELL", "1", callback="1%", on="LAST")
    number = order_id(world)
    assert world.exchange.state.orders[number].watermark is None
    world.buy("ann", "BTC", "1")
    assert world.exchange.state.orders[number].watermark == world.price("BTC", "101")
    world.sell("ann", "BTC", "1")
    assert world.traded() == [("99", "1"), ("99", "1")]


# -- halts, filters, amendments ----------------------------------------------------------------


def test_mat_2_triggers_of_a_halted_instrument_wait() -> None:
    world = market()
    world.stop("bob", "BTC", "SELL", "1", trigger="97", on="INDEX")
    world.stop("bob", "BTC", "SELL", "2", trigger="95", on="INDEX")
    world.halt("BTC")
    world.mark(BTC="94")
    world.mark(BTC="96")
    assert world.happened(OrderTriggered) == []
    world.reopen("BTC")
    assert world.traded() == [("99", "1")], "at the index of the reopening"


def test_ord_2_orders_that_wait_have_a_limit_of_their_own() -> None:
    world = market(max_trigger_orders=2, max_open_orders=1)
    world.stop("bob", "BTC", "SELL", "1", trigger="97")
    world.stop("bob", "BTC", "SELL", "1", trigger="96", at="96")
    world.stop("bob", "BTC", "SELL", "1", trigger="95")
    assert world.refused() == ("TOO_MANY_TRIGGER_ORDERS", 3, 2)
    world.buy("bob", "BTC", "1", at="94")
    assert world.refusal() is None
    world.mark(BTC="96")
    assert [each.reason for each in world.happened(OrderCanceled)] == [
        CancelReason.TOO_MANY_OPEN_ORDERS
    ]


@pytest.mark.parametrize(
    "options",
    [
        {"trigger": None},
        {"trigger": "97", "callback": "1%"},
        {"trigger": "97", "post_only": True},
        {"trigger": "97", "tif": "IOC"},
        {"trigger": "97", "keep_margin": True},
        {"trigger": "97", "activation": "99"},
        {"trigger": "97", "at": "97", "quantity": "0", "close_position": True},
        {"trigger": "97", "quantity": "0", "close_position": True, "reduce_only": True},
    ],
)
def test_ord_1_options_that_exclude_each_other(options: dict[str, object]) -> None:
    world = long_market()
    given: dict[str, object] = {"quantity": "1"} | options
    quantity = str(given.pop("quantity"))
    world.stop("ann", "BTC", "SELL", quantity, **given)
    assert world.reason() == "INVALID_COMBINATION"


def test_ord_1_a_quantity_goes_with_everything_but_close_position() -> None:
    world = long_market()
    world.stop("ann", "BTC", "SELL", "0", trigger="97")
    assert world.reason() == "INVALID_AMOUNT"
    world.stop("ann", "BTC", "SELL", "1", trigger="97", close_position=True)
    assert world.reason() == "INVALID_AMOUNT"


def test_ord_8_a_waiting_order_is_amended() -> None:
    world = market()
    world.stop("bob", "BTC", "SELL", "1", trigger="97", at="96.5")
    number = order_id(world)
    world.amend("bob", number, trigger="98", at="97.5", quantity="2")
    assert world.refusal() is None
    assert world.waiting("bob") == [f"{number} UNTRIGGERED 2"]
    world.amend("bob", number, trigger="100")
    assert world.refused() == ("TRIGGER_ALREADY_MET", 10_000, 10_000)
    world.amend("bob", number, at="88")
    assert world.reason() == "PRICE_OUTSIDE_BAND"
    world.mark(BTC="98")
    assert world.traded() == [("99", "2")]


def test_ord_8_what_an_order_does_not_have_cannot_be_amended() -> None:
    world = long_market()
    world.stop("ann", "BTC", "SELL", trigger="97", close_position=True)
    closing = order_id(world)
    world.stop("ann", "BTC", "SELL", "1", callback="1%")
    trailing = order_id(world)
    world.buy("ann", "BTC", "1", at="90")
    resting = order_id(world)
    for number, change in (
        (closing, {"quantity": "1"}),
        (closing, {"at": "97"}),
        (trailing, {"trigger": "97"}),
        (resting, {"trigger": "91"}),
    ):
        world.amend("ann", number, **change)
        assert world.reason() == "INVALID_COMBINATION"
    world.amend("ann", closing, trigger="98")
    assert world.refusal() is None


def test_liq_2_a_liquidation_cancels_what_waits() -> None:
    world = market()
    world.buy("ann", "BTC", "60")
    world.stop("ann", "BTC", "BUY", "1", trigger="120")
    number = order_id(world)
    world.mark(BTC="85")
    assert (number, "LIQUIDATION") in world.canceled()


def test_wal_3_a_waiting_order_is_an_open_order() -> None:
    world = market()
    world.stop("bob", "BTC", "BUY", "1", trigger="120")
    world.mode("bob", "BTC", "ISOLATED")
    assert world.reason() == "OPEN_POSITION_OR_ORDER"
    world.cancel_all("bob")
    world.mode("bob", "BTC", "ISOLATED")
    assert world.refusal() is None
