"""LIQ-7 and LIQ-8: what the fund cannot take falls to the other side, and only then to nobody."""

import pytest

from simulator.core import views
from simulator.core.model.enums import PositionSide
from simulator.core.model.events import (
    DeleveragingStarted,
    LiquidationEnded,
    LiquidationStarted,
    MarginCallIssued,
    OrderCanceled,
    PositionDeleveraged,
    PositionTakenOver,
    TradeExecuted,
)
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.rules import deleveraging, margin
from tests.scenario import World, amount, plain

LONG = ("BTC", "LONG")
SHORT = ("BTC", "SHORT")


def shorts(fund: str = "0", cap: str | None = None, **sizes: str) -> World:
    """Ann, isolated at 10x, is long at 100 what the others are short in CROSS, with 10,000 each."""
    parameters = {} if cap is None else {"fund_notional_cap": amount(cap)}
    world = World(fund=fund, **parameters)
    world.instrument("BTC")
    world.mark(BTC="100")
    world.account("ann", cross="1000")
    for name, size in sizes.items():
        world.account(name, cross="10000")
        world.sell(name, "BTC", size, at="100", leverage=2, mode="CROSS")
        world.buy("ann", "BTC", size, leverage=10)
    return world


def deleveraged(world: World) -> list[tuple[str, str, str]]:
    return [
        (world.name_of(each.account_id), plain(each.quantity, 3), plain(each.notional, 8))
        for each in world.happened(PositionDeleveraged)
    ]


# -- who, how much, at which price -----------------------------------------------------------------


def test_liq_7_an_empty_fund_takes_no_deficit_the_other_side_does() -> None:
    """Ann is long 10 at 100 with 100: at 85 she is 50 short, and is closed at 90, her zero."""
    world = shorts(bob="10")
    world.mark(BTC="85")
    assert deleveraged(world) == [("bob", "10", "900")]
    assert world.position("ann", "BTC") is None
    assert world.position("bob", "BTC") is None
    assert world.balance("bob") == "10100", "100 of the 150 that 85 would have given"
    ended = world.happened(LiquidationEnded)[0]
    assert (ended.deficit, ended.shortfall, ended.equity) == (0, 0, 0)
    assert (world.fund(), world.shortfall()) == ("0", "0")
    assert world.balance("ann") == "900"
    assert world.happened(TradeExecuted) == []
    assert world.total() == 0


def test_liq_7_the_fund_takes_what_it_can_pay_for() -> None:
    """30 of the 50 that are missing: 6 of the 10 at mark; the other 4 at 90."""
    world = shorts(fund="30", bob="10")
    world.mark(BTC="85")
    (taken,) = world.happened(PositionTakenOver)
    assert (taken.quantity, taken.notional) == (6_000, amount("510"))
    assert deleveraged(world) == [("bob", "4", "360")]
    assert world.fund() == "0"
    assert world.position("fund", "BTC") == ("6", "510")
    assert world.position("bob", "BTC") == ("-6", "-600")
    ended = world.happened(LiquidationEnded)[0]
    assert (ended.deficit, ended.shortfall) == (amount("30"), 0)
    assert world.total() == 0


def test_liq_7_a_fund_at_its_cap_takes_no_more() -> None:
    """At 90.2 ann has 2 left; nobody bids. The fund may hold 500: 5 of the 10, for 90 each; the
    others get the rest for 90 too, which is better than the mark."""
    world = shorts(fund="1000", cap="500", bob="10")
    world.mark(BTC="90.2")
    (taken,) = world.happened(PositionTakenOver)
    assert (taken.quantity, taken.notional) == (5_543, amount("498.87"))
    assert deleveraged(world) == [("bob", "4.457", "401.13")]
    (started,) = world.happened(DeleveragingStarted)
    assert (started.quantity, started.mark_price) == (4_457, 9_020)
    assert world.fund() == "1000"
    assert world.balance("ann") == "900"
    assert world.total() == 0


def test_liq_7_what_closes_a_position_of_the_fund_makes_room() -> None:
    """The fund is short 4.524; ann's 20 close that before 500 of them are taken for its cap."""
    world = shorts(fund="1000", cap="500", bob="20")
    world.account("eve", cross="50")
    world.buy("bob", "BTC", "5", at="99", mode="CROSS")
    world.sell("eve", "BTC", "5", at="99", leverage=10)
    world.mark(BTC="110.5")
    assert world.position("fund", "BTC") == ("-4.524", "-499.902")
    world.mark(BTC="89.8")
    (taken,) = world.happened(PositionTakenOver)
    assert taken.quantity == 4_524 + 5_567, "500 at 89.8"
    held = world.position("fund", "BTC")
    assert held is not None
    assert held[0] == "5.567"


def test_liq_7_in_step_7_after_all_units_and_counterparties_are_assessed_next() -> None:
    """Ann and joe are both without equity; bob, against whom they are closed at 90 instead of 85,
    has 4 left of 54, under his call line of 4.42."""
    world = World()
    world.instrument("BTC")
    world.instrument("ETH")
    world.mark(BTC="100", ETH="100")
    for name, cross in (("ann", "1000"), ("joe", "1000"), ("bob", "20"), ("eve", "100000")):
        world.account(name, cross=cross)
    world.sell("eve", "ETH", "10", at="100", leverage=1)
    world.buy("bob", "ETH", "10", leverage=125, mode="CROSS")
    world.buy("ann", "BTC", "5", at="100", leverage=10)
    world.buy("joe", "BTC", "5", at="100", leverage=10)
    world.sell("bob", "BTC", "10", leverage=125, mode="CROSS")
    world.mark(BTC="85", ETH="88.4")
    told = []
    for event in world.events:
        if isinstance(event, LiquidationStarted | MarginCallIssued):
            told.append((type(event).__name__, world.name_of(event.account_id)))
        elif isinstance(event, DeleveragingStarted | PositionDeleveraged):
            told.append((type(event).__name__, ""))
    assert told == [
        ("MarginCallIssued", "ann"),
        ("LiquidationStarted", "ann"),
        ("MarginCallIssued", "joe"),
        ("LiquidationStarted", "joe"),
        ("DeleveragingStarted", ""),
        ("PositionDeleveraged", ""),
        ("DeleveragingStarted", ""),
        ("PositionDeleveraged", ""),
        ("MarginCallIssued", "bob"),
    ]
    assert world.risk("bob")["equity"] == "4"


# -- the queue -------------------------------------------------------------------------------------


def queue(world: World, side: PositionSide = PositionSide.SHORT) -> list[str]:
    found = deleveraging.ranked(world.exchange.state, 1, side)
    return [world.name_of(each.position.account_id) for each in found]


def test_liq_7_profit_and_leverage_decide_who_is_first() -> None:
    """All are short 3 at 100; the less net assets, the higher both factors."""
    world = shorts(fund="0")
    for name, cross in (("bob", "2000"), ("eve", "500"), ("joe", "1000")):
        world.account(name, cross=cross)
        world.sell(name, "BTC", "3", at="100", leverage=2, mode="CROSS")
        world.buy("ann", "BTC", "3", leverage=10)
    world.mark(BTC="95")
    assert queue(world) == ["eve", "joe", "bob"]
    world.mark(BTC="85")
    assert [name for name, _, _ in deleveraged(world)] == ["eve", "joe", "bob"]


def test_liq_7_the_score_is_the_venues() -> None:
    """UPNL 15, W 500, MM 285 * 0.4% = 1.14: 15/500 * 1.14/515."""
    world = shorts(bob="1")
    world.account("eve", cross="500")
    world.sell("eve", "BTC", "3", at="100", leverage=2, mode="CROSS")
    world.buy("ann", "BTC", "3", leverage=10)
    world.mark(BTC="95")
    position = world.position_of("eve", "BTC")
    assert position is not None
    pnl = margin.unrealized_pnl(position, world.record("BTC"))
    score = deleveraging.score_of(world.exchange.state, position, pnl)
    assert score == 15 * 114 * 10**12 // (500 * 515 * 100)


def test_liq_7_losers_are_last_and_ties_are_by_age() -> None:
    """Eve is short from 90, and loses at 91; bob and joe are equal."""
    world = shorts()
    for name in ("bob", "joe"):
        world.account(name, cross="1000")
        world.sell(name, "BTC", "3", at="100", leverage=2, mode="CROSS")
        world.buy("ann", "BTC", "3", leverage=10)
    world.account("eve", cross="300")
    world.sell("eve", "BTC", "1", at="90", leverage=2, mode="CROSS")
    world.buy("bob", "BTC", "1", at="90", mode="CROSS")
    world.mark(BTC="91")
    assert queue(world)[-1] == "eve"
    assert queue(world)[0] == "joe", "bob has 2 left, joe 3"


def test_liq_7_the_fund_and_units_in_liquidation_are_left_out() -> None:
    world = shorts(fund="1000", bob="5", joe="5")
    world.account("eve", cross="50")
    world.buy("bob", "BTC", "5", at="99", mode="CROSS")
    world.sell("eve", "BTC", "5", at="99", leverage=10)
    world.mark(BTC="110.5")  # eve is liquidated; the fund is short
    assert world.position("fund", "BTC") is not None
    assert queue(world) == ["joe"]


def test_liq_7_a_counterpartys_orders_on_the_instrument_are_canceled() -> None:
    world = shorts(bob="10")
    world.instrument("ETH")
    world.mark(ETH="100")
    world.buy("bob", "BTC", "1", at="91")
    world.buy("bob", "ETH", "1", at="99")
    world.mark(BTC="85")
    assert [each.reason.name for each in world.happened(OrderCanceled)][-1] == "AUTO_DELEVERAGED"
    assert [line.split()[3] for line in world.open_orders("bob")] == ["ETH"]


def test_liq_7_an_isolated_counterparty_pays_from_its_own_wallet() -> None:
    """Closed whole, the rest of its margin returns to CROSS."""
    world = World()
    world.instrument("BTC")
    world.mark(BTC="100")
    for name in ("ann", "bob"):
        world.account(name, cross="1000")
    world.sell("bob", "BTC", "10", at="100", leverage=2)
    world.buy("ann", "BTC", "10", leverage=10)
    world.mark(BTC="85")
    assert deleveraged(world) == [("bob", "10", "900")]
    assert world.balance("bob") == "1100"
    assert world.balance("bob", at=SHORT) == "0"


def test_liq_7_the_closing_pays_no_fee() -> None:
    world = World()
    world.instrument("BTC", taker_fee_rate=10**9, maker_fee_rate=10**9)
    world.mark(BTC="100")
    for name in ("ann", "bob"):
        world.account(name, cross="1000")
    world.sell("bob", "BTC", "9", at="100", leverage=2)
    world.buy("ann", "BTC", "9", leverage=10)
    fees = world.exchange.state.ledger.balance(2, VALUATION_ASSET)
    world.mark(BTC="85")
    assert world.happened(PositionDeleveraged)
    assert world.exchange.state.ledger.balance(2, VALUATION_ASSET) == fees


# -- LIQ-8: what neither fund nor ADL can carry ---------------------------------------------------


def two_instruments(fund: str) -> World:
    """Ann, with 200 in CROSS, is long 10 BTC and 4 ETH; eve is short the 4 ETH with 4 of margin."""
    world = World(fund=fund)
    world.instrument("BTC")
    world.instrument("ETH")
    world.mark(BTC="100", ETH="100")
    world.account("ann", cross="200")
    world.account("bob", cross="10000")
    world.account("eve", cross="4")
    world.sell("bob", "BTC", "10", at="100", leverage=2, mode="CROSS")
    world.buy("ann", "BTC", "10", leverage=20, mode="CROSS")
    world.sell("eve", "ETH", "4", at="100", leverage=100)
    world.buy("ann", "ETH", "4", leverage=20, mode="CROSS")
    return world


@pytest.mark.parametrize(
    ("fund", "deficit", "shortfall"),
    [("200", "200", "0"), ("30", "106.02", "76.02"), ("0", "76.02", "76.02")],
)
def test_liq_8_shortfall_is_what_neither_fund_nor_deleveraging_carries(
    fund: str, deficit: str, shortfall: str
) -> None:
    """BTC falls to 60: 200 are missing, 120 of them BTC's part of the notional, 80 ETH's. Bob can
    bear BTC's part; of ETH's eve bears 3.98, all her margin but for a part of a lot."""
    world = two_instruments(fund)
    world.mark(BTC="60")
    ended = world.happened(LiquidationEnded)[0]
    assert (plain(ended.deficit, 8), plain(ended.shortfall, 8)) == (deficit, shortfall)
    assert world.shortfall() == shortfall
    assert world.balance("ann") == "0"
    assert world.position("ann", "ETH") is None
    if fund != "200":
        assert world.fund() == "0.02", "what eve, who is liquidated next, had left"
        assert deleveraged(world)[-1] == ("eve", "0.199", "23.88")
    assert world.total() == 0


def test_liq_8_nobody_is_deleveraged_below_zero() -> None:
    """Eve, left with 0.02 of margin, is called and liquidated next, and ends at zero or above."""
    world = two_instruments("0")
    world.mark(BTC="60")
    liquidated = [world.name_of(each.account_id) for each in world.happened(LiquidationStarted)]
    assert liquidated == ["ann", "eve"]
    for wallet in world.exchange.state.wallets.values():
        holding = world.exchange.state.holding(wallet.wallet_id)
        assert holding.balance >= 0
        assert holding.settlement_debt == 0


# -- what the owner sees ---------------------------------------------------------------------------


def test_liq_7_the_owner_sees_rank_and_lights() -> None:
    """Six shorts, the poorest of them first: five lights for the first fifth, one for the last."""
    world = shorts()
    for number in range(6):
        name = f"short {number}"
        world.account(name, cross=str(100 * (number + 1)))
        world.sell(name, "BTC", "0.5", at="100", leverage=2, mode="CROSS")
        world.buy("ann", "BTC", "0.5", leverage=10)
    world.mark(BTC="98")
    seen = []
    for number in range(6):
        position = world.position_of(f"short {number}", "BTC")
        assert position is not None
        place = views.adl_place(world.exchange.state, position)
        assert place is not None
        seen.append((place.rank, place.positions, place.lights))
    assert seen == [(1, 6, 5), (2, 6, 5), (3, 6, 4), (4, 6, 3), (5, 6, 2), (6, 6, 1)]
