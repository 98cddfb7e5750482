"""The fast book against the naive one: random orders, and both must tell the same story (MAT-1).

Money is no object here: every account is in CROSS and rich, so matching is all that decides.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.core.model import events as e
from simulator.core.model.commands import CancelOrder, PlaceOrder
from simulator.core.model.enums import (
    CancelReason,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from tests.scenario import World
from tests.twins.naive_book import NaiveBook, NaiveOrder

ACCOUNTS = (2, 3, 4)

ORDERS = st.tuples(
    st.sampled_from(ACCOUNTS),
    st.sampled_from(Side),
    st.integers(95, 105),
    st.integers(1, 9),
    st.sampled_from((TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)),
    st.booleans(),
    st.sampled_from(SelfTradePrevention),
)
CANCELS = st.integers(0, 30)


def rich_world() -> World:
    world = World()
    world.instrument("BTC", price_decimals=0, quantity_decimals=0, max_open_orders=1_000)
    for name in ("ann", "bob", "eve"):
        world.account(name, cross="10000000")
        world.mode(name, "BTC", "CROSS")
    world.mark(BTC="100")
    return world


def told(events: tuple[e.AnyEvent, ...]) -> list[tuple[object, ...]]:
    """Events in the naive book's words."""
    lines: list[tuple[object, ...]] = []
    for event in events:
        match event:
            case e.OrderAccepted():
                lines.append(("accepted", event.order_id))
            case e.OrderRejected():
                lines.append(("rejected",))
            case e.OrderRested():
                lines.append(("rested", event.order_id))
            case e.OrderCanceled():
                lines.append(("canceled", event.order_id, event.reason))
            case e.TradeExecuted():
                lines.append(("trade", event.maker_order_id, event.price, event.quantity))
            case _:
                pass
    return lines


@settings(max_examples=150)
@given(steps=st.lists(st.one_of(ORDERS, CANCELS), min_size=1, max_size=60))
def test_the_book_does_what_the_naive_book_says(
    steps: list[tuple[int, Side, int, int, TimeInForce, bool, SelfTradePrevention] | int],
) -> None:
    world, naive = rich_world(), NaiveBook()
    state = world.exchange.state
    for step in steps:
        if isinstance(step, int):
            if step in naive.orders:
                order = naive.orders.pop(step)
                events = world.run(CancelOrder(order.account_id, step))
                assert told(events) == [("canceled", step, CancelReason.REQUESTED)]
            continue
        account_id, side, price, quantity, time_in_force, post_only, mode = step
        post_only = post_only and time_in_force == TimeInForce.GTC
        order_id = state.counters.order + 1
        order = NaiveOrder(order_id, account_id, side, price, quantity)
        expected = naive.place(order, time_in_force, post_only, mode)
        command = PlaceOrder(
            account_id,
            1,
            side,
            OrderType.LIMIT,
            quantity,
            price,
            time_in_force,
            post_only=post_only,
            self_trade_prevention=mode,
        )
        assert told(world.run(command)) == expected
        assert not naive.is_crossed()
        for each in Side:
            levels = state.books[1].own_side(each).levels_from_best()
            queue = [order_id for level in levels for order_id in level.orders]
            assert queue == [order.order_id for order in naive.queue(each)]
