"""ORD-1 to ORD-6: what may be ordered, what is refused, and what an order then does."""

from typing import Any

import pytest

from simulator.core.model.commands import PlaceOrder
from simulator.core.model.enums import OrderType, Side, TimeInForce
from simulator.core.model.events import TradeExecuted
from simulator.core.model.rejects import REJECT_TEXTS, RejectReason
from tests.scenario import World, amount, rate
from tests.story import tape


def book(*orders: tuple[str, str, str], **terms: Any) -> World:
    """Bob's resting orders (side, quantity, price), numbered from 1; ann and bob are rich."""
    world = World()
    world.instrument("BTC", **terms)
    world.account("ann", cross="1000000")
    world.account("bob", cross="1000000")
    world.mark(BTC="100")
    for side, quantity, price in orders:
        (world.buy if side == "BUY" else world.sell)("bob", "BTC", quantity, at=price)
    return world


ASKS = (("SELL", "1", "101"), ("SELL", "2", "102"), ("SELL", "3", "103"))


# -- ORD-1, ORD-3, ORD-4 -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "then"),
    [
        (
            {"at": "100"},
            ["4 accepted: ann BUY 2 at 100 GTC", "4 rests"],
        ),
        (
            {"at": "101"},
            [
                "4 accepted: ann BUY 2 at 101 GTC",
                "trade 1: 1 at 101, 4 takes from 1",
                "4 rests",
            ],
        ),
        (
            {"at": "110"},
            [
                "4 accepted: ann BUY 2 at 110 GTC",
                "trade 1: 1 at 101, 4 takes from 1",
                "trade 2: 1 at 102, 4 takes from 2",
            ],
        ),
        (
            {"at": "101", "tif": "IOC"},
            [
                "4 accepted: ann BUY 2 at 101 IOC",
                "trade 1: 1 at 101, 4 takes from 1",
                "4 canceled: 1 left, IMMEDIATE_OR_CANCEL",
            ],
        ),
        (
            {"at": "100", "tif": "IOC"},
            ["4 accepted: ann BUY 2 at 100 IOC", "4 canceled: 2 left, IMMEDIATE_OR_CANCEL"],
        ),
        ({"at": "101", "tif": "FOK"}, ["rejected: ann FILL_OR_KILL_NOT_FILLABLE"]),
        (
            {"at": "102", "tif": "FOK"},
            [
                "4 accepted: ann BUY 2 at 102 FOK",
                "trade 1: 1 at 101, 4 takes from 1",
                "trade 2: 1 at 102, 4 takes from 2",
            ],
        ),
        ({"at": "101", "post_only": True}, ["rejected: ann POST_ONLY_WOULD_TAKE"]),
        (
            {"at": "100.99", "post_only": True},
            ["4 accepted: ann BUY 2 at 100.99 GTC post_only", "4 rests"],
        ),
        (
            {},
            [
                "4 accepted: ann BUY 2 at 110 IOC",
                "trade 1: 1 at 101, 4 takes from 1",
                "trade 2: 1 at 102, 4 takes from 2",
            ],
        ),
    ],
)
def test_ord_1_an_order_does_exactly_this(order: dict[str, Any], then: list[str]) -> None:
    """ORD-1, ORD-4: two bitcoins against asks of 1 at 101, 2 at 102, 3 at 103."""
    world = book(*ASKS)
    world.buy("ann", "BTC", "2", **order)
    assert tape(world) == then


@pytest.mark.parametrize(
    "options",
    [
        {"order_type": OrderType.LIMIT},
        {"order_type": OrderType.MARKET, "price": 10_000},
        {"order_type": OrderType.MARKET, "post_only": True},
        {"order_type": OrderType.LIMIT, "price": 10_000, "post_only": True, "time_in_force": 2},
        {"order_type": OrderType.LIMIT, "price": 10_000, "post_only": True, "time_in_force": 3},
        {"order_type": OrderType.LIMIT, "price": 10_000, "keep_margin": True},
    ],
)
def test_ord_1_options_that_exclude_each_other(options: dict[str, Any]) -> None:
    world = book()
    options["time_in_force"] = TimeInForce(options.get("time_in_force", 1))
    world.run(PlaceOrder(world.names["ann"], 1, Side.BUY, quantity=1_000, **options))
    assert world.reason() == "INVALID_COMBINATION"


def test_ord_3_a_market_order_ends_at_the_price_band() -> None:
    """A band of 2%: the ask at 103 is outside it; the rest is canceled, with the reason."""
    world = book(*ASKS, price_band_rate=rate("2%"))
    world.buy("ann", "BTC", "5")
    assert tape(world) == [
        "4 accepted: ann BUY 5 at 102 IOC",
        "trade 1: 1 at 101, 4 takes from 1",
        "trade 2: 2 at 102, 4 takes from 2",
        "4 canceled: 2 left, PRICE_BAND",
    ]


def test_ord_3_a_market_order_into_an_empty_book_is_canceled() -> None:
    world = book()
    world.sell("ann", "BTC", "1")
    assert tape(world) == ["1 accepted: ann SELL 1 at 90 IOC", "1 canceled: 1 left, PRICE_BAND"]


def test_ord_4_a_refused_fok_leaves_no_trace() -> None:
    """Not even the own order in its way is canceled."""
    world = book(("SELL", "1", "101"))
    world.sell("ann", "BTC", "1", at="101")
    before = world.open_orders("ann") + world.open_orders("bob")
    world.buy("ann", "BTC", "2", at="101", tif="FOK")
    assert tape(world) == ["rejected: ann FILL_OR_KILL_NOT_FILLABLE"]
    assert world.refused() == ("FILL_OR_KILL_NOT_FILLABLE", 2_000, 1_000)
    assert world.open_orders("ann") + world.open_orders("bob") == before


# -- ORD-2 ---------------------------------------------------------------------------------------

FILTERS: dict[str, Any] = {
    "tick_size": 5,
    "lot_size": 10,
    "min_quantity": 100,
    "max_quantity": 50_000,
    "max_market_quantity": 20_000,
    "min_notional": amount("20"),
    "price_band_rate": rate("5%"),
    "max_open_orders": 2,
}


@pytest.mark.parametrize(
    ("side", "quantity", "at", "refused"),
    [
        ("BUY", "1", "100.01", ("PRICE_NOT_ON_TICK", 5, 10_001)),
        ("BUY", "1", "0", ("PRICE_NOT_ON_TICK", 5, 0)),
        ("BUY", "1", "105.05", ("PRICE_OUTSIDE_BAND", 10_505, 10_500)),
        ("BUY", "1", "105", None),
        ("SELL", "1", "94.95", ("PRICE_OUTSIDE_BAND", 9_495, 9_500)),
        ("SELL", "1", "95", None),
        ("BUY", "1", "1", ("NOTIONAL_TOO_SMALL", amount("20"), amount("1"))),
        ("BUY", "1.005", "100", ("QUANTITY_NOT_ON_LOT", 10, 1_005)),
        ("BUY", "0.09", "100", ("QUANTITY_TOO_SMALL", 100, 90)),
        ("BUY", "50.01", "100", ("QUANTITY_TOO_LARGE", 50_000, 50_010)),
        ("BUY", "50", "100", None),
        ("BUY", "20.01", None, ("QUANTITY_TOO_LARGE", 20_000, 20_010)),
        ("BUY", "20", None, None),
        ("BUY", "0.19", "100", ("NOTIONAL_TOO_SMALL", amount("20"), amount("19"))),
        ("SELL", "0.19", None, ("NOTIONAL_TOO_SMALL", amount("20"), amount("19"))),
        ("BUY", "0.2", "100", None),
        ("BUY", "0", "100", ("INVALID_AMOUNT", None, None)),
        ("BUY", "5000000000000000", "100", ("INVALID_AMOUNT", None, None)),
    ],
)
def test_ord_2_filters(side: str, quantity: str, at: str | None, refused: Any) -> None:
    world = book(**FILTERS)
    order = world.buy if side == "BUY" else world.sell
    order("ann", "BTC", quantity, at=at)
    assert world.refused() == refused


def test_ord_2_reduce_only_is_exempt_from_the_minimum_notional() -> None:
    world = book(("SELL", "1", "100"), **FILTERS)
    world.buy("ann", "BTC", "1", at="100")
    world.sell("ann", "BTC", "0.1", at="101", reduce_only=True)
    assert world.refused() is None


def test_ord_2_open_orders_are_counted() -> None:
    world = book(**FILTERS)
    for price in ("98", "99"):
        world.buy("ann", "BTC", "1", at=price)
    world.buy("ann", "BTC", "1", at="97")
    assert world.refused() == ("TOO_MANY_OPEN_ORDERS", 3, 2)
    world.buy("ann", "BTC", "1")
    assert world.refused() is None, "a market order never rests"


def test_ord_2_position_and_opening_orders_stay_within_the_leverage() -> None:
    """At 50x nothing above the cap of the highest tier that allows 50x: 10,000."""
    world = book(tiers="2000:0.4%:125 10000:1%:50 5%:10")
    world.buy("bob", "BTC", "40", at="100", leverage=10)
    world.sell("ann", "BTC", "40", leverage=50)
    world.sell("ann", "BTC", "60", at="101")
    assert world.refused() is None
    world.sell("ann", "BTC", "0.001", at="101")
    assert world.refused() == ("POSITION_LIMIT", amount("10000.1"), amount("10000"))
    world.buy("ann", "BTC", "140", at="99")
    assert world.refused() is None, "on the other side it first reduces 40"
    world.buy("ann", "BTC", "0.001", at="99")
    assert world.refused() == ("POSITION_LIMIT", amount("10000.1"), amount("10000"))


def test_ord_2_leverage_that_new_tiers_left_behind_counts_as_their_highest() -> None:
    """MARG-4: L is never above the tier's cap."""
    world = book(tiers="10000:0.4%:125 5%:10")
    world.leverage("ann", "BTC", 100)
    world.tiers("BTC", "2000:1%:50 5%:10")
    world.buy("ann", "BTC", "20", at="99")
    assert world.refused() is None
    world.buy("ann", "BTC", "0.001", at="99")
    assert world.refused() == ("POSITION_LIMIT", amount("2000.1"), amount("2000"))


# -- ORD-5 ---------------------------------------------------------------------------------------


def long_position(quantity: str = "5") -> World:
    """Ann is long 5 at 100 by her order 2."""
    world = book(("SELL", quantity, "100"))
    world.buy("ann", "BTC", quantity, at="100")
    return world


def test_ord_5_reduce_only_needs_an_opposite_position() -> None:
    world = long_position()
    world.buy("ann", "BTC", "1", at="99", reduce_only=True)
    assert world.refused() == ("REDUCE_ONLY_WITHOUT_POSITION", 1_000, 0)
    world.sell("bob", "BTC", "1", at="101", reduce_only=True)
    assert world.reason() == "REDUCE_ONLY_WITHOUT_POSITION"


def test_ord_5_reduce_only_never_fills_beyond_the_position() -> None:
    world = long_position()
    world.buy("bob", "BTC", "9", at="100")
    world.sell("ann", "BTC", "8", at="99", reduce_only=True)
    assert tape(world) == [
        "4 accepted: ann SELL 8 at 99 GTC reduce_only",
        "trade 2: 5 at 100, 4 takes from 3",
        "4 canceled: 3 left, REDUCE_ONLY",
    ]


def test_ord_5_a_larger_reduce_only_order_rests_with_the_position() -> None:
    world = long_position()
    world.sell("ann", "BTC", "8", at="110", reduce_only=True)
    assert tape(world) == [
        "3 accepted: ann SELL 8 at 110 GTC reduce_only",
        "3 rests",
        "3 amended: 5 at 110",
    ]


def test_ord_5_the_furthest_from_the_market_is_cut_first() -> None:
    world = long_position()
    for quantity, price in (("2", "103"), ("2", "105"), ("1", "105"), ("1", "101")):
        world.sell("ann", "BTC", quantity, at=price, reduce_only=True)
    assert world.open_orders("ann") == [
        "3 SELL 2 BTC at 103",
        "4 SELL 2 BTC at 105",
        "6 SELL 1 BTC at 101",
    ], "the latest at the furthest price went"
    world.buy("bob", "BTC", "3", at="100")
    world.sell("ann", "BTC", "3", at="100")
    assert tape(world) == [
        "8 accepted: ann SELL 3 at 100 GTC",
        "trade 2: 3 at 100, 8 takes from 7",
        "4 canceled: 2 left, REDUCE_ONLY",
        "3 amended: 1 at 103",
    ]


def test_ord_5_all_are_canceled_with_the_position() -> None:
    world = long_position()
    world.sell("ann", "BTC", "5", at="105", reduce_only=True)
    world.buy("bob", "BTC", "9", at="100")
    world.sell("ann", "BTC", "9", at="100")
    assert world.open_orders("ann") == []
    assert world.position("ann", "BTC") == ("-4", "-400")


# -- ORD-6 ---------------------------------------------------------------------------------------


def test_ord_6_an_own_order_in_the_way_is_canceled_and_matching_goes_on() -> None:
    """EXPIRE_MAKER, the default."""
    world = book(("SELL", "1", "101"))
    world.sell("ann", "BTC", "2", at="101")
    world.sell("bob", "BTC", "1", at="101")
    world.buy("ann", "BTC", "3", at="101")
    assert tape(world) == [
        "4 accepted: ann BUY 3 at 101 GTC",
        "trade 1: 1 at 101, 4 takes from 1",
        "2 canceled: 2 left, SELF_TRADE",
        "trade 2: 1 at 101, 4 takes from 3",
        "4 rests",
    ]


# -- ORD-10 --------------------------------------------------------------------------------------

EVERYTHING_WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "UNKNOWN_ACCOUNT"),
    ({"account_id": 2}, "UNKNOWN_INSTRUMENT"),
    ({"instrument_id": 3}, "NO_MARK_PRICE"),
    ({"instrument_id": 2}, "MARKET_HALTED"),
    ({"instrument_id": 1}, "INVALID_AMOUNT"),
    ({"quantity": 5}, "INVALID_COMBINATION"),
    ({"post_only": False}, "PRICE_NOT_ON_TICK"),
    ({"price": 20_000}, "PRICE_OUTSIDE_BAND"),
    ({"price": 9_500}, "QUANTITY_NOT_ON_LOT"),
    ({"quantity": 10}, "QUANTITY_TOO_SMALL"),
    ({"quantity": 60_000}, "QUANTITY_TOO_LARGE"),
    ({"quantity": 100}, "NOTIONAL_TOO_SMALL"),
    ({"quantity": 30_000}, "TOO_MANY_OPEN_ORDERS"),
]
"""Each row mends what the row before was refused for."""


def test_ord_10_the_first_reason_in_order_of_precedence_is_given() -> None:
    world = book(**FILTERS)
    for symbol in ("ETH", "XRP"):
        world.instrument(symbol, **FILTERS)
    world.mark(ETH="100")
    world.halt("ETH")
    for price in ("97", "98"):
        world.buy("ann", "BTC", "1", at=price)
    order: dict[str, Any] = {
        "account_id": 99,
        "instrument_id": 9,
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "quantity": 0,
        "price": 10_001,
        "time_in_force": TimeInForce.IOC,
        "post_only": True,
    }
    given: list[str | None] = []
    for change, _ in EVERYTHING_WRONG:
        order |= change
        world.run(PlaceOrder(**order))
        given.append(world.reason())
    assert given == [reason for _, reason in EVERYTHING_WRONG]
    precedence = [reason.name for reason in RejectReason]
    places = [precedence.index(reason) for _, reason in EVERYTHING_WRONG]
    assert places == sorted(places)


def test_ord_10_a_refusal_carries_what_was_needed_and_what_there_is() -> None:
    """MARG-5: 10,000 at 100x need 100 and a fee of 5; there are 96.40."""
    world = World()
    world.instrument("BTC", taker_fee_rate=rate("0.05%"))
    world.account("ann", cross="96.40")
    world.mark(BTC="10000")
    world.maker("BTC", asks="10000 x 5")
    world.buy("ann", "BTC", "1", leverage=100)
    assert world.refused() == ("INSUFFICIENT_MARGIN", amount("105"), amount("96.40"))
    assert world.happened(TradeExecuted) == []


def test_ord_10_every_reason_has_a_text() -> None:
    assert set(REJECT_TEXTS) == set(RejectReason)
