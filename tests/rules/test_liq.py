"""LIQ: what is sold, at which price, who takes the rest, and who pays.

The sweep is what makes any of it happen: see `test_liq_1_each_margin_mode_is_swept`.
"""

import pytest

from simulator.core.model.events import (
    LiquidationEnded,
    LiquidationStarted,
    LiquidationStepTaken,
    PositionTakenOver,
    TradeExecuted,
)
from simulator.core.rules import sweep
from simulator.core.rules.execution import Execution
from tests.scenario import World, amount, plain, rate
from tests.story import story, tape

LONG = ("BTC", "LONG")
LADDER = "2000:0.4%:125 10000:1%:50 5%:10"


def leveraged(
    quantity: str = "10",
    leverage: int = 10,
    mode: str = "ISOLATED",
    tiers: str = "0.4%:125",
    fund: str = "0",
) -> World:
    """Ann, with 1,000, is long BTC at 100; nobody bids."""
    world = World(fund=fund)
    world.instrument("BTC", tiers=tiers)
    world.account("ann", cross="1000")
    world.mark(BTC="100")
    world.maker("BTC", asks=f"100 x {quantity}")
    world.buy("ann", "BTC", quantity, leverage=leverage, mode=mode)
    return world


# -- LIQ-1, LIQ-2 --------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["ISOLATED", "CROSS"])
def test_liq_1_each_margin_mode_is_swept(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the sweep nobody is liquidated: this is what does it, in either mode."""
    world = leveraged("90", 10, mode)
    world.mark(BTC="89")
    assert len(world.happened(LiquidationStarted)) == 1
    assert world.position("ann", "BTC") is None

    def skip(run: Execution) -> None:
        """A sweep that looks at nobody."""
        run.state.touched_units.clear()

    monkeypatch.setattr(sweep, "sweep", skip)
    world = leveraged("90", 10, mode)
    world.mark(BTC="89")
    assert world.happened(LiquidationStarted) == []
    assert world.position("ann", "BTC") == ("90", "9000")


@pytest.mark.parametrize(
    ("margin", "liquidated"), [("438.4", True), ("438.40000001", False), ("438.39999999", True)]
)
def test_liq_1_at_the_line_is_under_it(margin: str, liquidated: bool) -> None:
    """100 bought at 100: at 96 maintenance is 38.4, and 400 are lost."""
    world = leveraged("100", 25)
    world.transfer("ann", plain(amount(margin) - amount("400"), 8), "CROSS", "ISOLATED", at=LONG)
    world.mark(BTC="96")
    assert bool(world.happened(LiquidationStarted)) == liquidated


def test_liq_1_until_it_ends_orders_are_refused_and_margin_may_be_added() -> None:
    """A liquidation that waits for a halted market is still a liquidation."""
    world = leveraged("50", 20, "CROSS")
    world.instrument("ETH")
    world.mark(ETH="100")
    world.maker("ETH", asks="100 x 50")
    world.buy("ann", "ETH", "50", leverage=20, mode="CROSS")
    world.halt("ETH")
    world.mark(BTC="80.3")
    assert len(world.happened(LiquidationStarted)) == 1
    world.buy("ann", "BTC", "1", at="80")
    assert world.reason() == "LIQUIDATION_IN_PROGRESS"
    world.leverage("ann", "BTC", 5)
    assert world.reason() == "LIQUIDATION_IN_PROGRESS"
    world.transfer("ann", "1", "CROSS", "SPOT")
    assert world.reason() == "INSUFFICIENT_BALANCE"
    world.deposit("ann", "500")
    assert world.reason() is None
    world.reopen("ETH")
    assert story(world)[-1].startswith("liquidation 1 ended: RECOVERED")


def test_liq_2_isolated_cancels_the_orders_of_that_instrument() -> None:
    world = leveraged()
    world.instrument("ETH")
    world.mark(ETH="100")
    world.buy("ann", "ETH", "1", at="95")
    world.buy("ann", "BTC", "1", at="95")
    world.sell("ann", "BTC", "10", at="105", reduce_only=True)
    world.mark(BTC="90")
    assert [line for line in tape(world) if "LIQUIDATION" in line] == [
        "4 canceled: 1 left, LIQUIDATION",
        "5 canceled: 10 left, LIQUIDATION",
    ]
    assert world.open_orders("ann") == ["3 BUY 1 ETH at 95"]


def test_liq_2_cross_cancels_all_orders_of_the_account() -> None:
    """Isolated orders lock margin in CROSS: they are in its scope."""
    world = leveraged("90", 10, "CROSS")
    world.instrument("ETH")
    world.mark(ETH="100")
    world.buy("ann", "ETH", "1", at="95", leverage=10)
    world.sell("ann", "BTC", "2", at="105")
    world.mark(BTC="89.2")
    assert [line for line in tape(world) if "LIQUIDATION" in line] == [
        "4 canceled: 2 left, LIQUIDATION",
        "3 canceled: 1 left, LIQUIDATION",
    ]
    assert world.locked("ann") == "0"
    assert world.open_orders("ann") == []


def test_liq_2_cross_leaves_isolated_orders_that_lock_nothing() -> None:
    """An isolated order that only reduces is margined by its own wallet, not by CROSS."""
    world = leveraged("80", 10, "CROSS")
    world.instrument("ETH")
    world.mark(ETH="100")
    world.maker("ETH", asks="100 x 1")
    world.buy("ann", "ETH", "1", leverage=10)
    world.sell("ann", "ETH", "1", at="105", reduce_only=True)
    world.mark(BTC="85")
    assert len(world.happened(LiquidationStarted)) == 1
    assert world.open_orders("ann") == ["5 SELL 1 ETH at 105"]


# -- LIQ-3 ---------------------------------------------------------------------------------------


def test_liq_3_a_step_goes_down_to_the_next_tier_in_whole_lots() -> None:
    """149 at 100, tier 3 from 10,000: at a mark of 91.8 it must shed 13,678.2 - 10,000."""
    world = leveraged("149", 10, "ISOLATED", LADDER)
    assert world.reason() == "INSUFFICIENT_MARGIN"
    world.deposit("ann", "490")
    world.buy("ann", "BTC", "149")
    world.maker("BTC", bids="91.8 x 1000")
    world.mark(BTC="91.8")
    steps = [(step.tier, step.quantity) for step in world.happened(LiquidationStepTaken)]
    # 3,678.2 / 91.8 = 40.0675..., in lots of 0.001
    assert steps[0] == (3, 40_068)


def test_liq_3_it_stops_as_soon_as_the_unit_is_above_its_call_line() -> None:
    world = leveraged("99", 10, "ISOLATED", LADDER)
    world.transfer("ann", "10", "CROSS", "ISOLATED", at=LONG)
    world.maker("BTC", bids="90.9 x 1000")
    world.mark(BTC="90.8")
    # equity 89.2 at a maintenance of 89.892 - 12 = 77.892, a call line of 97.365
    assert world.happened(LiquidationStarted) == []
    world.mark(BTC="90.68")
    # equity 77.32, maintenance 77.7732; tier 2 begins above 2,000: 6,977.32 / 90.68 = 76.944...
    ended = world.happened(LiquidationEnded)[0]
    assert [step.quantity for step in world.happened(LiquidationStepTaken)] == [76_945]
    assert ended.outcome.name == "RECOVERED"
    assert world.position("ann", "BTC") == ("22.055", "2205.5")


def test_liq_3_what_would_be_under_the_minimum_goes_with_it() -> None:
    world = World()
    world.instrument("BTC", tiers="2000:0.4%:50 2%:50", min_quantity=25_000)
    world.account("ann", cross="1000")
    world.mark(BTC="100")
    world.maker("BTC", asks="100 x 40")
    world.buy("ann", "BTC", "40", leverage=50)
    world.mark(BTC="98.5")
    assert [step.quantity for step in world.happened(LiquidationStepTaken)] == [40_000]


def test_liq_3_the_position_with_the_largest_maintenance_goes_first() -> None:
    """Ties by notional, then instrument."""
    world = World()
    for symbol in ("BTC", "ETH", "XRP"):
        world.instrument(symbol, tiers="1%:50" if symbol == "ETH" else "0.4%:50")
    world.account("ann", cross="1000")
    world.mark(BTC="100", ETH="100", XRP="100")
    for symbol, quantity in (("BTC", "50"), ("ETH", "40"), ("XRP", "50")):
        world.maker(symbol, asks="100 x 1000")
        world.buy("ann", symbol, quantity, leverage=50, mode="CROSS")
    world.mark(BTC="93", ETH="93", XRP="93.3")
    order = [step.instrument_id for step in world.happened(LiquidationStepTaken)]
    assert order == [world.symbols[each] for each in ("ETH", "XRP", "BTC")]


# -- LIQ-4, LIQ-6 --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bids", "told"),
    [
        (
            "90.2 x 4, 89.99 x 100",  # only the first is at the takeover price or better
            [
                "step: LONG 10 in tier 1 down to 90",
                "5 accepted: ann SELL 10 at 90 IOC reduce_only",
                "trade 2: 4 at 90.2, 5 takes from 3",
                "5 canceled: 6 left, TAKEN_OVER",
                "taken over: LONG 6 for 540",
            ],
        ),
        (
            "90 x 100",
            [
                "step: LONG 10 in tier 1 down to 90",
                "4 accepted: ann SELL 10 at 90 IOC reduce_only",
                "trade 2: 10 at 90, 4 takes from 3",
            ],
        ),
    ],
)
def test_liq_4_a_step_is_an_ioc_at_the_takeover_price(bids: str, told: list[str]) -> None:
    """TP = 90.3 x (1 - 3 / 903) = 90: with untouched margin EP x (1 - 1/L)."""
    world = leveraged()
    world.maker("BTC", bids=bids)
    world.mark(BTC="90.3")
    orders = tape(world)
    lines = [line for line in story(world) if line.startswith(("step", "taken")) or line in orders]
    assert lines == told
    assert world.balance("ann") == "900"
    assert world.total() == 0


@pytest.mark.parametrize("side", ["BUY", "SELL"])
@pytest.mark.parametrize("quantity", ["10", "7.777", "0.001"])
@pytest.mark.parametrize("leverage", [3, 7, 13, 50])
def test_liq_4_taken_over_at_tp_equity_is_exactly_zero(
    side: str, quantity: str, leverage: int
) -> None:
    world = World(fund="1000")
    world.instrument("BTC")
    world.account("ann", cross="10000")
    world.account("bob", cross="10000")
    world.mark(BTC="100")
    ann, bob = (world.buy, world.sell) if side == "BUY" else (world.sell, world.buy)
    bob("bob", "BTC", quantity, at="100", leverage=1)
    ann("ann", "BTC", quantity, at="100", leverage=leverage)
    before = world.balance("ann")
    at_line = 100 * (leverage - 1) / leverage if side == "BUY" else 100 * (leverage + 1) / leverage
    world.mark(BTC=f"{at_line + (0.05 if side == 'BUY' else -0.05):.2f}")
    ended = world.happened(LiquidationEnded)[0]
    assert (ended.equity, ended.deficit, ended.fee) == (0, 0, 0)
    assert world.balance("ann") == before, "nothing came back, nothing more was lost"
    assert world.position("ann", "BTC") is None


def test_liq_4_all_of_a_cross_unit_taken_over_leaves_exactly_zero() -> None:
    """Three positions of odd sizes share the equity; the dust of the shares goes to the fund."""
    world = World(fund="1000")
    for symbol in ("BTC", "ETH", "XRP"):
        world.instrument(symbol)
    world.account("ann", cross="101.00000001")
    world.mark(BTC="100", ETH="33.33", XRP="0.77")
    for symbol, quantity, price in (
        ("BTC", "7.777", "100"),
        ("ETH", "13.131", "33.33"),
        ("XRP", "333.333", "0.77"),
    ):
        world.maker(symbol, asks=f"{price} x {quantity}")
        world.buy("ann", symbol, quantity, leverage=50, mode="CROSS")
        world.maker(symbol)
    world.mark(BTC="93.21", ETH="31.01", XRP="0.72")
    steps = world.happened(LiquidationStepTaken)
    assert len(steps) == 3
    left = steps[0].equity
    notionals = [
        world.exchange.state.instruments[step.instrument_id].terms.notional(
            step.quantity, step.mark_price
        )
        for step in steps
    ]
    for number, step in enumerate(steps):
        assert step.equity == left > 0
        left -= left * notionals[number] // sum(notionals[number:])
    ended = world.happened(LiquidationEnded)[0]
    assert (ended.equity, ended.deficit, ended.shortfall) == (0, 0, 0)
    assert world.balance("ann") == "0"
    assert world.total() == 0


def test_liq_4_the_fee_goes_to_the_fund_and_never_thins_the_rest() -> None:
    """1.25% of what filled, at most E x filled N / sum N - the loss of the fills against mark."""
    world = leveraged("100", 10, "ISOLATED", "2000:0.4%:125 1%:50")
    world.maker("BTC", bids="90.85 x 1000")
    world.mark(BTC="90.78")
    # equity 78 under 90.78 - 12; 7,078 of 9,078 are sold, and at more than mark
    step, ended = world.happened(LiquidationStepTaken)[0], world.happened(LiquidationEnded)[0]
    assert step.equity == amount("78")
    sold = step.quantity * 9_078 * 1_000
    gain = step.quantity * (9_085 - 9_078) * 1_000
    assert ended.fee == 78 * 10**8 * sold // amount("9078") + gain
    assert ended.fee < step.quantity * 9_085 * 1_000 * 125 // 10_000
    assert world.fund() == plain(ended.fee, 8)
    rest = amount("9078") - sold
    assert ended.equity * amount("9078") >= amount("78") * rest, "its cover is no thinner"


def test_liq_4_the_fee_is_at_most_its_rate_rounded_up() -> None:
    """0.01% of 903.3 is 0.09033; 0.07 of 0.3003 is 0.021021."""
    world = World()
    world.instrument("BTC", liquidation_fee_rate=rate("0.01%"))
    world.account("ann", cross="1000")
    world.mark(BTC="100")
    world.maker("BTC", asks="100 x 10")
    world.buy("ann", "BTC", "10", leverage=10)
    world.maker("BTC", bids="90.33 x 10")
    world.mark(BTC="90.3")
    ended = world.happened(LiquidationEnded)[0]
    assert ended.fee == amount("0.09033")
    assert world.fund() == "0.09033"
    assert world.balance("ann") == "903.20967", "what is left returns to CROSS (LIQ-9)"


def test_liq_4_no_trading_fee_no_band_no_minimum() -> None:
    world = World()
    world.instrument(
        "BTC",
        taker_fee_rate=rate("1%"),
        price_band_rate=rate("0.01%"),
        min_notional=amount("500"),
    )
    world.account("ann", cross="1000")
    world.account("bob", cross="1000", taker_fee_rate=0, maker_fee_rate=0)
    world.mark(BTC="100")
    world.sell("bob", "BTC", "5", at="100", leverage=1)
    world.buy("ann", "BTC", "5", leverage=10)
    world.mark(BTC="91")
    world.buy("bob", "BTC", "5.5", at="91", leverage=1)
    world.mark(BTC="90.3")
    trade = world.happened(TradeExecuted)[0]
    assert (trade.price, trade.quantity, trade.taker_fee) == (9_100, 5_000, 0)


def test_liq_6_the_fund_takes_what_is_left_and_unloads_it() -> None:
    """At most so much notional each interval, reduce-only, within the band; gains are its own."""
    world = World(fund="100", fund_unload_notional=amount("300"))
    world.instrument("BTC")
    world.account("ann", cross="1000")
    world.mark(BTC="100")
    world.maker("BTC", asks="100 x 10")
    world.buy("ann", "BTC", "10", leverage=10)
    world.maker("BTC")
    world.mark(BTC="90.2")
    assert [each.notional for each in world.happened(PositionTakenOver)] == [amount("900")]
    assert world.position("fund", "BTC") == ("10", "900")
    world.maker("BTC", bids="91 x 1000")
    world.wait(59)
    assert tape(world) == []
    world.wait(1)
    # 300 / 90.2 = 3.325..., sold at 91, bought at 90
    assert tape(world)[1].startswith("trade 2: 3.325 at 91")
    assert world.position("fund", "BTC") == ("6.675", "600.75")
    assert world.fund() == "103.325"
    world.wait(120)
    assert world.position("fund", "BTC") == ("0.025", "2.25")
    world.wait(60)
    assert world.position("fund", "BTC") is None
    assert world.fund() == "110"
    assert world.exchange.next_due() is None
    assert world.total() == 0


def test_liq_6_the_fund_nets_what_it_takes_over() -> None:
    """A long of ann and a short of bob, both taken over, leave the fund with the difference."""
    world = World(fund="1000")
    world.instrument("BTC")
    for name in ("ann", "bob"):
        world.account(name, cross="1000")
    world.mark(BTC="100")
    world.maker("BTC", asks="100 x 10")
    world.buy("ann", "BTC", "10", leverage=10)
    world.maker("BTC", bids="100 x 4")
    world.sell("bob", "BTC", "4", leverage=10)
    world.maker("BTC")
    world.mark(BTC="90.2")
    assert world.position("fund", "BTC") == ("10", "900")
    world.mark(BTC="109.8")
    assert world.position("bob", "BTC") is None
    # it bought at 90 and takes bob's short at 110: 4 of its 10 are sold at a gain of 20 each
    assert world.position("fund", "BTC") == ("6", "540")
    assert world.fund() == "1080"


def test_liq_6_without_equity_the_whole_position_goes_at_mark() -> None:
    world = leveraged(fund="500")
    world.maker("BTC", bids="89 x 100")
    world.mark(BTC="85")
    step = world.happened(LiquidationStepTaken)[0]
    assert (step.equity, step.order_id) == (amount("-50"), None)
    assert world.happened(TradeExecuted) == []
    assert world.position("fund", "BTC") == ("10", "850")


# -- LIQ-8, LIQ-9 --------------------------------------------------------------------------------


@pytest.mark.parametrize("fund", ["500", "50"])
def test_liq_8_the_fund_pays_a_deficit_as_far_as_it_reaches(fund: str) -> None:
    """10 at 100 with 100 of margin, gone to 85: 50 are missing."""
    world = leveraged(fund=fund)
    world.mark(BTC="85")
    ended = world.happened(LiquidationEnded)[0]
    assert (ended.deficit, ended.shortfall) == (amount("50"), 0)
    assert amount(fund) - amount(world.fund()) == amount("50")
    assert world.shortfall() == "0"
    assert world.balance("ann", at=LONG) == "0"
    assert world.balance("ann") == "900", "nobody loses more than was put in"
    assert world.total() == 0


def test_liq_8_a_deficit_in_cross_stays_in_cross() -> None:
    world = leveraged("90", 10, "CROSS", fund="400")
    world.transfer("ann", "50", "CROSS", "SPOT")
    world.mark(BTC="85")
    ended = world.happened(LiquidationEnded)[0]
    assert (ended.deficit, ended.shortfall) == (amount("400"), 0)
    assert (world.balance("ann"), world.balance("ann", "SPOT")) == ("0", "50")
    assert (world.fund(), world.shortfall()) == ("0", "0")
    assert world.total() == 0


def test_liq_8_a_loss_of_the_fund_beyond_its_balance_is_shortfall() -> None:
    """It took over at 85 and sells at 80, and has 10."""
    world = leveraged(fund="60")
    world.mark(BTC="85")
    assert world.fund() == "10"
    world.maker("BTC", bids="81 x 100")
    world.wait(60)
    assert world.position("fund", "BTC") is None
    assert (world.fund(), world.shortfall()) == ("0", "30")
    assert world.total() == 0


def test_liq_9_what_is_left_of_an_isolated_wallet_returns_to_cross() -> None:
    world = leveraged()
    world.maker("BTC", bids="95 x 10")
    world.mark(BTC="90.3")
    ended = world.happened(LiquidationEnded)[0]
    assert ended.outcome.name == "CLOSED"
    assert ended.equity == amount("38.125")  # 3 + 47 less 1.25% of 950
    assert story(world)[-1] == "TRANSFER 38.125: ann ISOLATED to ann CROSS"
    assert world.balance("ann") == "938.125"


def test_liq_9_what_returns_may_save_cross_in_the_same_sweep() -> None:
    """Ann's isolated and her cross unit are both at their lines; the first leaves enough."""
    world = World()
    for symbol in ("BTC", "ETH"):
        world.instrument(symbol)
    world.account("ann", cross="200")
    world.mark(BTC="100", ETH="100")
    world.maker("BTC", asks="100 x 10")
    world.buy("ann", "BTC", "10", leverage=10)
    world.maker("BTC", bids="95 x 10")
    world.maker("ETH", asks="100 x 10")
    world.buy("ann", "ETH", "10", leverage=10, mode="CROSS")
    world.mark(BTC="90.2", ETH="90.3")
    assert [each.wallet_id for each in world.happened(LiquidationStarted)] == [
        world.wallet("ann", at=LONG).wallet_id
    ]
    assert world.position("ann", "ETH") == ("10", "1000")
    assert world.balance("ann") == "138.125"


def test_liq_9_the_events_tell_the_whole_story() -> None:
    world = leveraged(fund="10")
    world.maker("BTC", bids="90.2 x 4")
    world.mark(BTC="90.3")
    assert story(world) == [
        "index 90.3",
        "mark 90.3",
        "call 1 issued: ann ISOLATED, equity 3, call line 4.515",
        "liquidation 1 started: ann ISOLATED, equity 3, maintenance 3.612",
        "step: LONG 10 in tier 1 down to 90",
        "4 accepted: ann SELL 10 at 90 IOC reduce_only",
        "trade 2: 4 at 90.2, 4 takes from 3",
        "ann LONG: -4 for -400, pnl -39.2",
        "REALIZED_PNL 39.2: ann ISOLATED to clearing:1",
        "maker SHORT: 4 for 400, pnl 39.2",
        "REALIZED_PNL 39.2: clearing:1 to maker CROSS",
        "4 canceled: 6 left, TAKEN_OVER",
        "LIQUIDATION_FEE 0.8: ann ISOLATED to fund",
        "taken over: LONG 6 for 540",
        "ann LONG: -6 for -600, pnl -60",
        "REALIZED_PNL 60: ann ISOLATED to clearing:1",
        "fund LONG: 6 for 540, pnl 0",
        "FundUnloadScheduled",
        "call 1 ended: LIQUIDATED, equity 0",
        "liquidation 1 ended: CLOSED, equity 0, fee 0.8, deficit 0, shortfall 0",
    ]
