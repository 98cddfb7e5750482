"""ORD-7, ORD-8: orders that are asked for again, changed, or taken back."""

from typing import Any

import pytest

from simulator.core.model.events import OrderAccepted, OrderRepeated
from simulator.core.model.instruments import WorldParameters
from simulator.core.model.units import NS_PER_HOUR
from tests.scenario import World, amount
from tests.story import story, tape

HOUR = 3_600


def world_of(ann: str = "100000", **parameters: Any) -> World:
    world = World(**parameters)
    world.instrument("BTC")
    world.account("ann", cross=ann)
    world.account("bob", cross="100000")
    world.mark(BTC="100")
    return world


# -- ORD-7 ---------------------------------------------------------------------------------------


def test_ord_7_the_same_request_again_returns_the_first_result() -> None:
    world = world_of()
    world.buy("ann", "BTC", "1", at="99", client_order_id="x")
    world.buy("ann", "BTC", "1", at="99", client_order_id="x")
    assert tape(world) == ["repeated: x was order 1"]
    assert len(world.open_orders("ann")) == 1
    world.cancel("ann", 1)
    world.buy("ann", "BTC", "1", at="99", client_order_id="x")
    assert tape(world) == ["repeated: x was order 1"], "even when the order has ended"


def test_ord_7_a_refusal_is_repeated_with_its_numbers() -> None:
    world = world_of("10")
    world.buy("ann", "BTC", "1", at="100", leverage=1, client_order_id="x")
    first = world.refused()
    assert first == ("INSUFFICIENT_MARGIN", amount("100"), amount("10"))
    world.deposit("ann", "1000")
    world.buy("ann", "BTC", "1", at="100", client_order_id="x")
    assert tape(world) == ["repeated: x was INSUFFICIENT_MARGIN"]
    assert world.refused() == first


def test_ord_7_a_different_request_under_the_same_id_is_rejected() -> None:
    world = world_of()
    world.buy("ann", "BTC", "1", at="99", client_order_id="x")
    world.buy("ann", "BTC", "2", at="99", client_order_id="x")
    assert tape(world) == ["rejected: ann DUPLICATE_CLIENT_ORDER_ID"]
    world.buy("ann", "BTC", "1", at="99", client_order_id="x")
    assert tape(world) == ["repeated: x was order 1"], "the first request still stands"


def test_ord_7_an_id_is_an_accounts_own() -> None:
    world = world_of()
    world.buy("ann", "BTC", "1", at="99", client_order_id="x")
    world.buy("bob", "BTC", "1", at="99", client_order_id="x")
    assert tape(world)[0] == "2 accepted: bob BUY 1 at 99 GTC"


def test_ord_7_an_unknown_account_is_remembered_nowhere() -> None:
    world = world_of()
    world.names["nobody"] = 99
    world.names["the fund"] = 1
    for name in ("nobody", "the fund"):
        world.buy(name, "BTC", "1", at="99", client_order_id="x")
        assert tape(world) == [f"rejected: {name} UNKNOWN_ACCOUNT"]
        assert len(world.events) == 1


@pytest.mark.parametrize(
    ("hours", "others", "known"),
    [
        (23, 20, True),  # within the window, however many others there were
        (24, 2, True),  # beyond it, but among the last three
        (24, 3, False),
        (48, 3, False),
    ],
)
def test_ord_7_ids_are_kept_for_a_window_and_a_number_of_orders(
    hours: int, others: int, known: bool
) -> None:
    world = world_of(client_order_minimum=3)
    world.buy("ann", "BTC", "1", at="99", client_order_id="x")
    world.wait(hours * HOUR)
    for number in range(others):
        world.buy("ann", "BTC", "0.001", at="98", client_order_id=f"other {number}")
        world.cancel_all("ann")
    world.buy("ann", "BTC", "1", at="99", client_order_id="x")
    assert bool(world.happened(OrderRepeated)) == known
    assert bool(world.happened(OrderAccepted)) != known


def test_ord_7_by_default_a_day_and_ten_thousand_orders() -> None:
    defaults = WorldParameters()
    assert defaults.client_order_window_ns == 24 * NS_PER_HOUR
    assert defaults.client_order_minimum == 10_000
    world = world_of()
    world.buy("ann", "BTC", "1", at="99", client_order_id="x")
    world.wait(25 * HOUR)
    for number in range(9_999):
        world.buy("ann", "BTC", "0", at="99", client_order_id=f"other {number}")
    world.buy("ann", "BTC", "1", at="99", client_order_id="x")
    assert len(world.happened(OrderRepeated)) == 1
    world.buy("ann", "BTC", "0", at="99", client_order_id="one more")
    world.buy("ann", "BTC", "1", at="99", client_order_id="x")
    assert world.happened(OrderRepeated) == []


# -- ORD-8 ---------------------------------------------------------------------------------------


def queue_of_three() -> World:
    """Ann, bob and ann again bid for 2 at 99; eve sells."""
    world = world_of()
    world.account("eve", cross="100000")
    for name in ("ann", "bob", "ann"):
        world.buy(name, "BTC", "2", at="99")
    return world


@pytest.mark.parametrize(
    ("change", "amended", "trades"),
    [
        ({"quantity": "1"}, "1 amended: 1 at 99", [("1", 1), ("2", 2), ("1", 3)]),
        ({"quantity": "3"}, "1 amended: 3 at 99, new place", [("2", 2), ("2", 3)]),
        ({"at": "98"}, "1 amended: 2 at 98, new place", [("2", 2), ("2", 3)]),
        ({"at": "99.5"}, "1 amended: 2 at 99.5, new place", [("2", 1), ("2", 2)]),
        ({"at": "99.5", "quantity": "1"}, "1 amended: 1 at 99.5, new place", [("1", 1), ("2", 2)]),
    ],
)
def test_ord_8_less_keeps_the_place_and_anything_else_loses_it(
    change: dict[str, str], amended: str, trades: list[tuple[str, int]]
) -> None:
    world = queue_of_three()
    world.amend("ann", 1, **change)
    assert tape(world)[0] == amended
    world.sell("eve", "BTC", "4", at="99")
    told = [line.split(": ")[1] for line in tape(world) if line.startswith("trade")]
    price = {1: change.get("at", "99")}
    expected = [
        f"{quantity} at {price.get(order_id, '99')}, 4 takes from {order_id}"
        for quantity, order_id in trades
    ]
    assert told[: len(expected)] == expected


def test_ord_8_an_amendment_may_trade_at_once() -> None:
    world = world_of()
    world.sell("bob", "BTC", "1", at="101")
    world.buy("ann", "BTC", "2", at="99")
    world.amend("ann", 2, at="101")
    assert tape(world) == [
        "2 amended: 2 at 101, new place",
        "trade 1: 1 at 101, 2 takes from 1",
        "2 rests",
    ]


def test_ord_8_quantity_counts_what_is_filled() -> None:
    world = world_of()
    world.buy("ann", "BTC", "5", at="99")
    world.sell("bob", "BTC", "2", at="99")
    world.amend("ann", 1, quantity="2")
    assert world.refused() == ("QUANTITY_ALREADY_FILLED", 2_000, 2_000)
    world.amend("ann", 1, quantity="3")
    assert world.open_orders("ann") == ["1 BUY 1 BTC at 99"]


def test_ord_8_an_amendment_is_checked_like_an_order() -> None:
    world = world_of("100")
    world.buy("ann", "BTC", "1", at="95", leverage=1)
    world.sell("bob", "BTC", "1", at="101")
    for change, refused in (
        ({"at": "111"}, ("PRICE_OUTSIDE_BAND", 11_100, 11_000)),
        ({"quantity": "1.1"}, ("INSUFFICIENT_MARGIN", amount("104.5"), amount("100"))),
    ):
        world.amend("ann", 1, **change)
        assert world.refused() == refused
        assert world.open_orders("ann") == ["1 BUY 1 BTC at 95"], "a refused one changes nothing"
        assert world.locked("ann") == "95"


def test_ord_8_the_lock_follows_the_amendment() -> None:
    world = world_of()
    world.buy("ann", "BTC", "4", at="100", leverage=10)
    assert world.locked("ann") == "40"
    world.amend("ann", 1, quantity="1")
    assert story(world)[0] == "1 locks 10"
    world.amend("ann", 1, at="90")
    assert world.locked("ann") == "9"
    world.amend("ann", 1, quantity="3")
    assert world.locked("ann") == "27"


def test_ord_8_a_post_only_order_stays_post_only() -> None:
    world = world_of()
    world.sell("bob", "BTC", "1", at="101")
    world.buy("ann", "BTC", "1", at="99", post_only=True)
    world.amend("ann", 2, at="101")
    assert world.reason() == "POST_ONLY_WOULD_TAKE"


def test_ord_8_cancel_and_cancel_all() -> None:
    world = world_of()
    world.instrument("ETH")
    world.mark(ETH="100")
    for symbol in ("ETH", "BTC", "ETH"):
        world.buy("ann", symbol, "1", at="99")
    world.buy("bob", "BTC", "1", at="99")
    world.cancel("bob", 1)
    assert world.reason() == "UNKNOWN_ORDER", "somebody else's is as good as none"
    world.cancel("ann", 2)
    assert tape(world) == ["2 canceled: 1 left, REQUESTED"]
    world.buy("ann", "BTC", "1", at="99")
    world.cancel_all("ann", "BTC")
    assert tape(world) == ["5 canceled: 1 left, REQUESTED"]
    world.buy("ann", "BTC", "1", at="99")
    world.cancel_all("ann")
    assert tape(world) == [
        "6 canceled: 1 left, REQUESTED",
        "1 canceled: 1 left, REQUESTED",
        "3 canceled: 1 left, REQUESTED",
    ], "in order of instrument and age"
    world.cancel_all("ann")
    assert world.reason() is None, "none open is no error"
    assert world.open_orders("bob") == ["4 BUY 1 BTC at 99"]
