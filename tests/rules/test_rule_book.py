"""docs/rules.md under test: its lists are complete, and its worked liquidation happens as written.

LIQ-3, LIQ-4, LIQ-6, CALL-1 and MARG-7 meet in the example, FND-1 and FND-2 in another; each has
tests of its own elsewhere.
"""

import re
from pathlib import Path

import pytest

from simulator.config.exchange import load_exchange
from simulator.core import views
from simulator.core.model.enums import (
    CancelReason,
    LiquidationOutcome,
    LiquidationPolicy,
    TransferKind,
)
from simulator.core.model.events import (
    FundingPaid,
    FundingSettled,
    LiquidationEnded,
    LiquidationStarted,
    LiquidationStepTaken,
    MarginCallIssued,
    PositionTakenOver,
    TradeExecuted,
    Transferred,
)
from simulator.core.model.rejects import RejectReason
from simulator.core.model.units import NS_PER_HOUR
from simulator.decimal_text import format_decimal, format_rate
from tests.scenario import World, amount

ROOT = Path(__file__).parents[2]
RULE_BOOK = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLE = RULE_BOOK.partition("### A liquidation, by hand")[2].partition("\n---")[0]


def section(code: str) -> str:
    return RULE_BOOK.partition(f"### {code} ")[2].partition("\n### ")[0]


def test_ord_10_the_table_of_reasons_is_in_order_of_precedence() -> None:
    table = [line for line in section("ORD-10").splitlines() if line.startswith("| `")]
    listed = [name for line in table for name in re.findall(r"`([A-Z_]+)`", line)]
    assert listed == [reason.name for reason in RejectReason]


def test_ord_10_every_reason_to_cancel_is_in_the_rule_book() -> None:
    named = re.findall(r"`([A-Z_]+)`", section("ORD-10").partition("says why:")[2])
    assert sorted(named) == sorted(reason.name for reason in CancelReason)


def test_led_2_the_kinds_of_transfers_exist() -> None:
    named = re.findall(r"`([A-Z_]+)`", section("LED-2"))
    assert len(named) == 16
    assert set(named) <= {kind.name for kind in TransferKind}


def test_the_table_of_defaults_is_what_ships() -> None:
    """Parameters of worlds and instruments, as `config/` has them."""
    exchange = load_exchange(ROOT / "config")
    table = RULE_BOOK.partition("## Defaults")[2]
    parameters = exchange.parameters
    assert f"| `call_ratio` | {format_rate(parameters.call_ratio)} |" in table
    assert f"| `clear_ratio` | {format_rate(parameters.clear_ratio)} |" in table
    assert f"| `page_size` | {parameters.page_size} |" in table
    assert f"| `transfer_level` | {format_rate(parameters.transfer_level)} |" in table
    for terms, _ in exchange.instruments.values():
        rates = {
            "price_band": terms.price_band_rate,
            "liquidation_fee": terms.liquidation_fee_rate,
            "sell_assumption": terms.sell_assumption_rate,
        }
        for name, rate in rates.items():
            assert f"| `{name}` | {format_decimal(rate, 10)}% |" in table
        maker, taker = terms.maker_fee_rate, terms.taker_fee_rate
        fees = f"{format_decimal(maker, 10)}%, {format_decimal(taker, 10)}%"
        of = "" if terms.base_asset_id is None else " of spot"
        assert f"| `maker_fee`, `taker_fee`{of} | {fees} |" in table
        counts = f"{terms.max_open_orders}, {terms.max_trigger_orders}"
        assert f"| `max_open_orders`, `max_trigger_orders` | {counts} |" in table
        assert f"| `default_leverage` | {terms.default_leverage} |" in table
        funding = (terms.funding_interest_rate, terms.funding_clamp_rate, terms.funding_cap_rate)
        assert ", ".join(f"{format_decimal(rate, 10)}%" for rate in funding) in table
        assert terms.liquidation_policy == LiquidationPolicy.LADDER
    assert exchange.parameters.fund_notional_cap == amount("5000000")


# -- the funding payment by hand ---------------------------------------------------------------


def test_fnd_1_and_fnd_2_of_the_example() -> None:
    world = World()
    world.instrument("BTC", tick_size=10, funding_interval_ns=8 * NS_PER_HOUR)
    for name in ("ann", "bob"):
        world.account(name, cross="100000")
    world.mark(BTC="60000")
    stamp = world.record("BTC").next_funding_ns
    assert stamp is not None
    world.go_to(stamp)
    world.sell("bob", "BTC", "0.5", at="60000", leverage=2)
    world.buy("ann", "BTC", "0.5", leverage=2)
    world.maker("BTC", bids="60060 x 0.2, 60050 x 10", asks="60070 x 10")
    world.go_to(stamp + 8 * NS_PER_HOUR)
    (settled,) = world.happened(FundingSettled)
    text = section("FND-2").partition("**By hand.**")[2]
    for value in (settled.average_premium, settled.rate):
        assert f"{format_decimal(value, 10)}%" in text
    ann, bob = world.happened(FundingPaid)
    assert (ann.amount, bob.amount) == (amount("12.40219218"), -amount("12.40219218"))
    assert format_decimal(ann.amount, 8) in text


# -- the liquidation by hand ---------------------------------------------------------------------


@pytest.fixture
def world() -> World:
    """Ann is long 0.2 BTC at 60,000 with 1,500 USDT at 8x; nobody bids any more."""
    world = World()
    world.instrument("BTC", tick_size=10)
    world.account("ann", cross="1500")
    world.mark(BTC="60000")
    world.maker("BTC", asks="60000 x 0.2")
    world.buy("ann", "BTC", "0.2", leverage=8, mode="ISOLATED")
    return world


def test_marg_7_call_and_liquidation_price_of_the_example(world: World) -> None:
    position = views.positions_of(world.exchange.state, world.names["ann"])[0]
    assert position.liquidation_price == world.price("BTC", "52710.85")
    assert position.bankruptcy_price == world.price("BTC", "52500")
    assert "52,710.85" in EXAMPLE
    world.mark(BTC="52763.82")
    assert world.happened(MarginCallIssued) == []
    world.mark(BTC="52763.81")
    assert len(world.happened(MarginCallIssued)) == 1
    world.mark(BTC="52710.85")
    assert world.happened(LiquidationStarted) == []


def test_liq_4_and_liq_6_of_the_example(world: World) -> None:
    world.maker("BTC", bids="52700 x 0.15, 52499.9 x 1")
    world.mark(BTC="52710.84")

    started = world.happened(LiquidationStarted)[0]
    assert started.equity == amount("42.168")
    assert started.maintenance_margin == amount("42.168672")

    step = world.happened(LiquidationStepTaken)[0]
    assert (step.tier, step.takeover_price) == (1, world.price("BTC", "52500"))
    trade = world.happened(TradeExecuted)[0]
    assert (trade.price, trade.quantity) == (world.price("BTC", "52700"), 150)
    assert trade.taker_realized_pnl == -amount("1095")
    assert (trade.taker_fee, trade.maker_fee) == (0, 0)
    fees = [
        each.amount
        for each in world.happened(Transferred)
        if each.kind == TransferKind.LIQUIDATION_FEE
    ]
    assert fees == [amount("30")]

    taken = world.happened(PositionTakenOver)[0]
    assert (taken.quantity, taken.notional) == (50, amount("2625"))
    ended = world.happened(LiquidationEnded)[0]
    assert ended.outcome == LiquidationOutcome.CLOSED
    assert (ended.equity, ended.fee, ended.deficit, ended.shortfall) == (0, amount("30"), 0, 0)

    assert world.balance("ann", at=("BTC", "LONG")) == "0"
    assert world.balance("ann") == "0"
    assert world.fund() == "30"
    assert world.position("fund", "BTC") == ("0.05", "2625")
    assert world.total() == 0
    for number in ("42.168", "42.168672", "1,095", "7,905", "1.626", "2,625", "10.542"):
        assert number in EXAMPLE
