"""The check of an order says exactly what placing it then does (ORD-10, WAL-4, MARG-5).

Random worlds come from the crowd of `tests.properties`; there every order of the driver and of
the state machine is checked in the same way.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.core.codec import decode_snapshot, encode_snapshot
from simulator.core.exchange import Exchange
from simulator.core.model.commands import PlaceOrder
from simulator.core.model.enums import CancelReason, Side
from simulator.core.rules.order_checks import check_order
from simulator.core.rules.order_plan import Plan
from tests.properties.crowd import BUILDERS, Choices, opening_commands, place
from tests.properties.promise import Promise
from tests.scenario import World

NUMBERS = st.integers(0, 2**24 - 1)
TRADING = ("place", "open_position", "quote", "reduce", "move_marks", "amend", "settings")


def opened() -> bytes:
    exchange = Exchange()
    for command in opening_commands():
        exchange.execute(1, command)
    return encode_snapshot(exchange.state)


OPENED = opened()


@settings(max_examples=60)
@given(
    history=st.lists(st.tuples(st.sampled_from(TRADING), NUMBERS), max_size=25),
    orders=st.lists(NUMBERS, min_size=1, max_size=25),
)
def test_a_plan_is_what_then_happens(history: list[tuple[str, int]], orders: list[int]) -> None:
    exchange = Exchange(decode_snapshot(OPENED))
    for name, number in history:
        exchange.execute(2, BUILDERS[name][1](exchange.state, Choices(number)))
    for number in orders:
        command = place(exchange.state, Choices(number))
        assert isinstance(command, PlaceOrder)
        before = encode_snapshot(exchange.state)
        promise = Promise(exchange.state, command)
        assert encode_snapshot(exchange.state) == before, "a preview changes nothing"
        promise.check(exchange.execute(3, command))


def plan_of(world: World, command: PlaceOrder) -> Plan:
    plan = check_order(world.exchange.state, command)
    assert isinstance(plan, Plan)
    return plan


def market() -> World:
    world = World()
    world.instrument("BTC")
    world.account("ann", cross="1000")
    world.account("bob", cross="100000")
    world.mark(BTC="100")
    return world


def test_a_market_order_says_that_the_band_ends_it() -> None:
    """ORD-3: the plan and the deed give the same reason."""
    world = market()
    world.sell("bob", "BTC", "1", at="100")
    command = world.order("ann", "BTC", Side.BUY, "3")
    plan = plan_of(world, command)
    assert (plan.filled_quantity, plan.rest_canceled) == (1_000, CancelReason.PRICE_BAND)
    promise = Promise(world.exchange.state, command)
    promise.check(world.run(command))


def test_an_own_order_in_the_way_frees_its_lock_only_when_it_is_reached() -> None:
    """WAL-4: what the first fill needs is not what a later cancel will free."""
    world = market()
    world.sell("bob", "BTC", "9", at="100")
    world.sell("ann", "BTC", "9", at="101", leverage=1)
    assert world.locked("ann") == "909"
    command = world.order("ann", "BTC", Side.BUY, "10", at="101", tif="IOC")
    promise = Promise(world.exchange.state, command)
    promise.check(world.run(command))
    assert world.reason() == "INSUFFICIENT_MARGIN"
    small = world.order("ann", "BTC", Side.BUY, "0.9", at="101", tif="IOC")
    promise = Promise(world.exchange.state, small)
    promise.check(world.run(small))
    assert world.reason() is None


def test_a_reduce_only_order_rests_with_what_others_leave_of_the_position() -> None:
    """ORD-5: orders nearer to the market, or as near, come first."""
    world = market()
    world.sell("bob", "BTC", "5", at="100")
    world.buy("ann", "BTC", "5")
    world.sell("ann", "BTC", "3", at="102", reduce_only=True)
    world.sell("ann", "BTC", "1", at="105", reduce_only=True)
    for at, quantity, rests in (("101", "4", 4), ("102", "4", 2), ("103", "9", 2), ("106", "3", 1)):
        fresh = Exchange(decode_snapshot(encode_snapshot(world.exchange.state)))
        command = world.order("ann", "BTC", Side.SELL, quantity, at=at, reduce_only=True)
        promise = Promise(fresh.state, command)
        assert isinstance(promise.plan, Plan)
        assert promise.plan.resting_quantity == rests * 1_000
        promise.check(fresh.execute(world.time_ns, command))
