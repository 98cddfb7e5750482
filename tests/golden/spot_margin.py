"""Kinds of worked examples of borrowing: interest, haircuts, loans and their liquidation."""

from decimal import Decimal

from simulator.core.model.accounts import FEES
from simulator.core.model.enums import TransferKind
from simulator.core.model.events import InterestAccrued
from simulator.core.model.margin_levels import initial_of_debts, tier_leverage
from simulator.core.model.units import RATE_ONE
from simulator.core.rules import (
    money,
)
from simulator.core.rules.execution import Execution
from simulator.core.rules.risk_watch import RiskWatch
from simulator.core.rules.sampling import Samples
from simulator.core.rules.spot_risk import AssetLine, asset_liquidation_price
from tests.golden.numbers import Answer, Inputs, shown
from tests.scenario import amount, rate
from tests.spot_scenario import SpotWorld


def lending(borrow_rate: str = "0") -> SpotWorld:
    """Ann, who is rich, may borrow USDT; bob sells ETH at 100."""
    world = SpotWorld(borrow_rate=borrow_rate)
    world.spot("ETHUSDT", "ETH", price_band_rate=rate("90%"))
    world.pool("USDT", "10000000")
    world.mark(ETHUSDT="100")
    return world


def interest_accrual(inputs: Inputs) -> Answer:
    """BOR-3: an hour at borrowing and one at each full hour; minutes are of a day."""
    daily = Decimal(inputs["hourly_rate"]) * 24
    world = lending(str(round(daily, 12)))
    world.account("ann", cross="100000")
    minutes = world.time_ns // (60 * 10**9) % 1_440
    world.wait((int(inputs["borrow_minute"]) - minutes) % 1_440 * 60)
    world.borrow("ann", inputs["principal"], "USDT")
    hours = len(world.happened(InterestAccrued))
    world.wait((int(inputs["now_minute"]) - int(inputs["borrow_minute"])) * 60)
    hours += len(world.happened(InterestAccrued))
    interest = Decimal(world.held("ann", "USDT")["interest"])
    return {"accruals": str(hours), "interest": str(interest)}


def isolated_tier_leverage(inputs: Inputs) -> Answer:
    levels = [tier_leverage(rate(each)) for each in inputs["initial_risk_ratio"]]
    return {"max_leverage": [shown(each, 2) for each in levels]}


def collateral_haircut(inputs: Inputs) -> Answer:
    world = SpotWorld()
    world.spot("ETHUSDT", "ETH", haircut=str(1 - Decimal(inputs["ratio"])))
    world.account("ann")
    world.mark(ETHUSDT="1")
    world.deposit("ann", inputs["value"], asset="ETH")
    return {"collateral": world.risk("ann")["free"]}


def spot_margin_liq_price(inputs: Inputs) -> Answer:
    line = AssetLine(
        amount(inputs["base"]),
        amount(inputs["base_loan"]),
        1,
        1,
        rate(inputs["ml_liq"]),
        amount(inputs["quote"]) - amount(inputs["quote_loan"]),
        amount(inputs["quote_loan"]) * (rate(inputs["ml_liq"]) - RATE_ONE),
    )
    return {"liq_price": shown(asset_liquidation_price(line, 10**9).below or 0, 0)}


def margin_loan_mm(inputs: Inputs) -> Answer:
    """MARG-2: a debt times its liquidation level less one, 10% in CROSS."""
    world = lending()
    world.account("ann", cross="1000")
    world.borrow("ann", inputs["loan"], "USDT")
    return {"mm": world.risk("ann")["maintenance"]}


def initial_margin_rate(inputs: Inputs) -> Answer:
    return {
        "imr": [shown(initial_of_debts(10_000, 100 * int(each)), 4) for each in inputs["leverages"]]
    }


def borrow_amount(inputs: Inputs) -> Answer:
    """BOR-1, BOR-6: what a spot order, or a fee, lacks."""
    world = lending()
    world.account("ann", cross=inputs["wallet"])
    if "fee" in inputs:
        wallet_id = world.wallet("ann").wallet_id
        run = Execution(world.exchange.state, RiskWatch(), Samples())
        money.pay(run, wallet_id, FEES, TransferKind.FEE, amount(inputs["fee"]), money.Cause())
        return {"borrowed": world.held("ann", "USDT")["settlement_debt"]}
    world.deposit("ann", "1000", asset="ETH")  # so that it may borrow
    world.mode("ann", "ETHUSDT", "CROSS")
    world.buy("ann", "ETHUSDT", str(Decimal(inputs["spot_buy_cost"]) / 100), at="100")
    return {"borrowed": world.held("ann", "USDT")["borrowed"]}
