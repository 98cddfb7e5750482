"""Worked examples that venues print, against the core's own functions.

`vectors.json` holds facts with their sources. A kind is proved here or left for a later part of the
rule book; a vector whose venue has another rule than ours is in `not_ours.toml`, with ours and the
difference. A number that its own page gets wrong must not come out of our functions.
"""

import json
import tomllib
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pytest

from simulator.core import views
from simulator.core.model.accounts import FEES
from simulator.core.model.enums import SelfTradePrevention, Side, TransferKind
from simulator.core.model.events import InterestAccrued, LiquidationEnded, OrderCanceled
from simulator.core.model.instruments import RiskTier
from simulator.core.model.margin_levels import initial_of_debts, tier_leverage
from simulator.core.model.risk_tiers import (
    derive_deductions,
    initial_margin_at,
    maintenance_at,
    tier_at,
)
from simulator.core.model.units import NS_PER_HOUR, RATE_ONE
from simulator.core.rules import (
    deleveraging,
    fills,
    funding,
    funding_terms,
    liquidation_steps,
    margin,
    mark_price,
    money,
    sampling,
)
from simulator.core.rules.execution import Execution
from simulator.core.rules.liquidation_price import (
    Leg,
    UnitLine,
    bankruptcy_price,
    liquidation_price,
)
from simulator.core.rules.risk_watch import RiskWatch
from simulator.core.rules.sampling import Samples
from simulator.core.rules.spot_risk import AssetLine, asset_liquidation_price
from tests.scenario import World, amount, instrument_terms, plain, rate
from tests.spot_scenario import SpotWorld

FOLDER: Final = Path(__file__).parent
VECTORS: Final = json.loads((FOLDER / "vectors.json").read_text(encoding="utf-8"))
RULE_BOOK: Final = FOLDER.parents[1] / "docs" / "rules.md"

NOT_OURS: Final = tomllib.loads((FOLDER / "not_ours.toml").read_text(encoding="utf-8"))["vectors"]
NOT_OUR_IDS: Final = frozenset(each["id"] for each in NOT_OURS)

Inputs = dict[str, Any]
Answer = dict[str, Any]

SCALE = 18
"""Decimals of prices here; quantities have 6, amounts the sum."""


def price(text: str) -> int:
    return int(Decimal(text).scaleb(SCALE))


def quantity(text: str) -> int:
    return int(Decimal(text).scaleb(6))


def minor(text: str) -> int:
    return int(Decimal(text).scaleb(SCALE + 6))


def shown(value: int, decimals: int = SCALE) -> str:
    return plain(value, decimals)


def table(brackets: list[dict[str, str]]) -> tuple[RiskTier, ...]:
    """A venue's floors and rates, in minor units of 1e-8, as risk tiers."""
    floors = [amount(bracket["floor"]) for bracket in brackets]
    rates = [int((Fraction(bracket["mmr"]) * RATE_ONE).__floor__()) for bracket in brackets]
    caps = [*floors[1:], None]
    rows = [(floor, cap, each, 1) for floor, cap, each in zip(floors, caps, rates, strict=True)]
    return derive_deductions(rows)


# -- orders and PnL ------------------------------------------------------------------------------


def market() -> World:
    """Ann, who is rich, and bob on the other side; prices to 0.0001, quantities to 0.0001."""
    world = World()
    world.instrument(
        "BTC",
        price_decimals=4,
        quantity_decimals=4,
        price_band_rate=rate("90%"),
        max_quantity=10**12,
        max_market_quantity=10**12,
    )
    for name in ("ann", "bob"):
        world.account(name, cross="1000000000")
    return world


def order_cost(inputs: Inputs) -> Answer:
    """An isolated order locks its initial margin and its open loss (WAL-4)."""
    world = market()
    world.mark(BTC=inputs["mark"])
    order = world.buy if inputs["side"] == "1" else world.sell
    order("ann", "BTC", inputs["qty"], at=inputs["price"], leverage=int(inputs["leverage"]))
    order_id = world.exchange.state.counters.order
    placed = world.exchange.state.orders[order_id]
    open_loss = placed.remaining * placed.open_loss
    return {
        "cost": world.locked("ann"),
        "open_loss": shown(open_loss, 8),
        "initial_margin": shown(placed.locked - open_loss, 8),
    }


def initial_margin(inputs: Inputs) -> Answer:
    notional = amount(str(Decimal(inputs["qty"]) * Decimal(inputs["entry"])))
    tiers = derive_deductions([(0, None, rate("0.1%"), 125)])
    return {"initial_margin": shown(initial_margin_at(tiers, notional, int(inputs["leverage"])), 8)}


def order_margin_two_sided(inputs: Inputs) -> Answer:
    """One-way mode: the larger of both sides."""
    world = market()
    world.mark(BTC="100")
    world.buy(
        "ann", "BTC", str(Decimal(inputs["buy_cost"]) / 100), at="100", leverage=1, mode="CROSS"
    )
    world.sell("ann", "BTC", str(Decimal(inputs["sell_cost"]) / 125), at="125")
    return {"order_margin": world.risk("ann")["initial"]}


def pnl(inputs: Inputs) -> Answer:
    terms = instrument_terms(1, "BTC", notional_multiplier=1)
    side = Side(int(inputs["side"]))
    held = amount(inputs["qty"])
    entry = side * held * amount(inputs["entry"])
    parts = fills.split_fill(side * held, entry, Side(-side), held, amount(inputs["exit"]), terms)
    return {"pnl": shown(parts.realized_pnl, 16), "notional": shown(abs(entry), 16)}


def pnl_roi(inputs: Inputs) -> Answer:
    return pnl(inputs) | initial_margin(inputs)


def avg_entry(inputs: Inputs) -> Answer:
    world = market()
    world.mark(BTC=inputs["fills"][0]["price"])
    for fill in inputs["fills"]:
        world.sell("bob", "BTC", fill["qty"], at=fill["price"])
        world.buy("ann", "BTC", fill["qty"], at=fill["price"])
    position = views.positions_of(world.exchange.state, world.names["ann"])[0]
    return {"avg_entry": shown(position.entry_price, 4)}


def closed_pnl_fees(inputs: Inputs) -> Answer:
    def fee(at: str) -> str:
        notional = amount(str(Decimal(inputs["qty"]) * Decimal(at)))
        return shown(fills.fee_of(notional, rate(inputs["taker"])), 8)

    return {"fee_open": fee(inputs["entry"]), "fee_close": fee(inputs["exit"])}


def position_value(inputs: Inputs) -> Answer:
    terms = instrument_terms(1, "BTC", price_decimals=0, quantity_decimals=4)
    held = int(inputs["contracts"]) * int(Decimal(inputs["multiplier"]).scaleb(4))
    return {"position_value": shown(terms.notional(held, int(inputs["price"])), 8)}


def margin_balance(inputs: Inputs) -> Answer:
    """What an isolated unit is worth at a mark."""
    world = market()
    world.mark(BTC=inputs["entry"])
    world.sell("bob", "BTC", inputs["qty"], at=inputs["entry"], leverage=1)
    leverage = int(1 / Decimal(inputs["imr"]))
    world.buy("ann", "BTC", inputs["qty"], at=inputs["entry"], leverage=leverage)
    world.mark(BTC=inputs["mark"])
    position = views.positions_of(world.exchange.state, world.names["ann"])[0]
    return {
        "upnl": shown(position.unrealized_pnl, 8),
        "margin_balance": world.risk("ann", at=("BTC", "LONG"))["equity"],
    }


def self_trade_prevention(inputs: Inputs) -> Answer:
    """Ann's own bids in the way of her sale, under the mode that she gave it (ORD-6)."""
    world = market()
    world.mark(BTC="1.1")
    for maker in inputs["makers"]:
        world.buy("ann", "BTC", maker["qty"], at=maker["price"])
    bids = [int(each.split()[0]) for each in world.open_orders("ann")]
    mode = SelfTradePrevention[inputs["mode"]]
    options = {"at": inputs["taker_price"], "self_trade_prevention": mode}
    world.sell("ann", "BTC", inputs["taker_qty"], **options)
    expired = {each.order_id: each for each in world.events if isinstance(each, OrderCanceled)}
    left = [each.split() for each in world.open_orders("ann")]
    resting = [quantity for number, _, quantity, *_ in left if int(number) not in bids]
    return {
        "maker_status": ["EXPIRED_IN_MATCH" if each in expired else "NEW" for each in bids],
        "prevented": [shown(expired[each].quantity, 4) for each in bids if each in expired],
        "taker_status": "NEW" if resting else "EXPIRED_IN_MATCH",
        "taker_remaining": resting[0] if resting else "0",
    }


# -- maintenance and liquidation -----------------------------------------------------------------


def bracket_cum(inputs: Inputs) -> Answer:
    """One step of the recurrence, on top of what came before."""
    brackets = [
        {"floor": "0", "mmr": inputs["mmr_prev"]},
        {"floor": inputs["floor"], "mmr": inputs["mmr_n"]},
    ]
    return {"cum": shown(table(brackets)[1].deduction + amount(inputs["cum_prev"]), 8)}


def bracket_cum_table(inputs: Inputs) -> Answer:
    return {"cum": [shown(tier.deduction, 8) for tier in table(inputs["brackets"])]}


def bracket_lookup(inputs: Inputs) -> Answer:
    notional = amount(inputs["notional"])
    tier = tier_at(table(inputs["brackets"]), notional)
    exact = maintenance_at(table(inputs["brackets"]), notional)
    return {
        "mmr": shown(tier.maintenance_margin_rate, 12),
        "cum": shown(tier.deduction, 8),
        "maint_margin": shown(exact, 20),
    }


def maintenance_margin(inputs: Inputs) -> Answer:
    tier = RiskTier(0, None, rate(inputs["mmr"]), 1, amount(inputs["cum"]))
    exact = maintenance_at((tier,), amount(inputs["notional"]))
    return {"maint_margin": shown(exact, 20)}


def unit_line(inputs: Inputs, wallet: str) -> UnitLine:
    held = int(inputs["side"]) * quantity(inputs["qty"])
    return UnitLine(
        held,
        held * price(inputs["entry"]),
        1,
        minor(wallet),
        minor(inputs.get("upnl_other", "0")),
        minor(inputs.get("tmm_other", "0")) * RATE_ONE,
    )


def liq_price(inputs: Inputs) -> Answer:
    """With the tier that the page gives; a fee for closing, where it has one, is in the rate."""
    wallet = inputs.get("wallet", inputs.get("margin"))
    answer: Answer = {}
    if wallet is None:  # margin at entry, with the fee of a close at bankruptcy
        value = Decimal(inputs["qty"]) * Decimal(inputs["entry"])
        left = 1 - Decimal(inputs["side"]) / Decimal(inputs["leverage"])
        fee = value * left * Decimal(inputs["taker"])
        wallet = answer["assigned_balance"] = str(value / Decimal(inputs["leverage"]) + fee)
    full_rate = rate(inputs["mmr"]) + rate(inputs.get("taker", "0"))
    tiers = (RiskTier(0, None, full_rate, 1, minor(inputs.get("cum", "0"))),)
    found = liquidation_price(unit_line(inputs, wallet), tiers, price(inputs["entry"]))
    edge = found.below if inputs["side"] == "1" else found.above
    assert edge is not None
    return answer | {"liq_price": shown(edge)}


def liq_price_cross_hedge(inputs: Inputs) -> Answer:
    """Both legs of one instrument in one unit, with one and the same risk table (MARG-7)."""
    long, short = inputs["long"], inputs["short"]
    assert (long["mmr"], long["cum"]) == (short["mmr"], short["cum"])
    bought, sold = quantity(long["qty"]), quantity(short["qty"])
    line = UnitLine(
        bought,
        bought * price(long["entry"]),
        1,
        minor(inputs["wallet"]),
        minor(inputs["upnl_other"]),
        minor(inputs["tmm_other"]) * RATE_ONE,
        Leg(-sold, -sold * price(short["entry"])),
    )
    tiers = (RiskTier(0, None, rate(long["mmr"]), 1, minor(long["cum"])),)
    found = liquidation_price(line, tiers, price(long["entry"]))
    assert found.above is None
    assert found.below is not None
    return {"liq_price": shown(found.below)}


def margin_ratio(inputs: Inputs) -> Answer:
    """MARG-6, of a position alone in its wallet."""
    line = unit_line(inputs, inputs["wallet"])
    notional = abs(line.quantity) * price(inputs["mark"]) * line.multiplier
    pnl = line.quantity * price(inputs["mark"]) * line.multiplier - line.entry_notional
    exact = maintenance_at((RiskTier(0, None, rate(inputs["mmr"]), 1, 0),), notional)
    risk = margin.UnitRisk(0, line.wallet, pnl, line.wallet + pnl, exact, 0)
    return {"margin_ratio": shown(margin.margin_ratio_rate(risk) or 0, 12)}


def liq_price_bracket_crossing(inputs: Inputs) -> Answer:
    tiers = tuple(
        RiskTier(
            tier.floor * 10**16,
            None if tier.cap is None else tier.cap * 10**16,
            tier.maintenance_margin_rate,
            1,
            tier.deduction * 10**16,
        )
        for tier in table(inputs["brackets"])
    )
    line = unit_line(inputs, inputs["wallet"])
    found = liquidation_price(line, tiers, price(inputs["entry"]))
    assert found.below is not None
    at_root = tier_at(tiers, found.below * abs(line.quantity))
    return {"liq_price": shown(found.below), "bracket": str(tiers.index(at_root) + 1)}


def bankruptcy(inputs: Inputs) -> Answer:
    """With untouched margin, or with what a page calls position margin and wallet."""
    held = dict(inputs)
    if "leverage" in held:
        held["qty"] = "1"
        wallet = str(Decimal(held["entry"]) / Decimal(held["leverage"]))
    else:
        wallet = str(Decimal(held["position_margin"]) + Decimal(held["wallet"]))
    found = bankruptcy_price(unit_line(held, wallet))
    assert found is not None
    return {"bankruptcy": shown(found)}


def partial_liq_qty(inputs: Inputs) -> Answer:
    """LIQ-3 at a mark of 1: down to the lower tier's cap."""
    world = market()
    cap = inputs["tier_cap"]
    world.instrument("ETH", tiers=f"{cap}:1%:20 2%:10", price_decimals=4, quantity_decimals=4)
    world.mark(ETH="1")
    world.sell("bob", "ETH", inputs["current"], at="1", leverage=1)
    world.buy("ann", "ETH", inputs["current"], at="1", leverage=10)
    position = world.position_of("ann", "ETH")
    assert position is not None
    record = world.exchange.state.instruments[world.symbols["ETH"]]
    return {"reduce": shown(liquidation_steps.step_quantity(position, record, 2), 4)}


def insurance_flow(inputs: Inputs) -> Answer:
    """Where the fee may be all that is left, the fund gets what is filled above bankruptcy."""
    world = World(fund="0")
    world.instrument("BTC", tiers="3%:30", liquidation_fee_rate=rate("50%"))
    world.account("ann", cross=inputs["bankruptcy"])
    world.account("bob", cross="1000000")
    entry = str(2 * int(inputs["bankruptcy"]))
    world.mark(BTC=entry)
    world.sell("bob", "BTC", inputs["qty"], at=entry, leverage=1)
    world.buy("ann", "BTC", inputs["qty"], at=entry, leverage=2)
    world.mark(BTC="3300")
    world.buy("bob", "BTC", inputs["qty"], at=inputs["fill"])
    world.mark(BTC="3061")
    assert len(world.happened(LiquidationEnded)) == 1
    return {"to_fund": world.fund()}


# -- mark, funding and the queue -----------------------------------------------------------------


def mark_price1(inputs: Inputs) -> Answer:
    """P1, with funding each hour."""
    world = World()
    world.instrument("BTC", price_decimals=4, quantity_decimals=4, funding_interval_ns=NS_PER_HOUR)
    world.mark(BTC=inputs["index"])
    record = world.record("BTC")
    record.funding_rate = rate(inputs["last_funding"])
    assert record.next_funding_ns is not None
    left = int(Decimal(inputs["hours_to_funding"]) * NS_PER_HOUR)
    found = mark_price.funding_price(
        record, world.price("BTC", inputs["index"]), record.next_funding_ns - left
    )
    return {"price1": shown(found, 4)}


def funding_payment(inputs: Inputs) -> Answer:
    one = funding_terms.funding_payment(amount(inputs["notional"]), rate(inputs["rate"]))
    return {"paid": shown(int(inputs["periods"]) * one, 8)}


def funding_rate(inputs: Inputs) -> Answer:
    """Of an average premium, or of a book whose impact bid is what the page says."""
    hours = int(inputs.get("interval_hours", "8"))
    terms = instrument_terms(
        1,
        "BTC",
        funding_interval_ns=hours * NS_PER_HOUR,
        funding_interest_rate=rate(inputs["interest"]),
    )
    if "avg_premium" in inputs:
        found = funding.funding_rate(terms, rate(inputs["avg_premium"]))
        return {"rate": shown(found, 12)}
    world = market()
    world.mark(BTC=inputs["oracle"])
    world.buy("ann", "BTC", "10", at=inputs["impact_bid"])
    book, index = world.exchange.state.books[1], world.price("BTC", inputs["oracle"])
    premium = sampling.premium_rate(book, world.record("BTC").terms, amount("25000"), index)
    found = funding.funding_rate(terms, premium)
    answer = {"premium": premium, "clamp": found - premium, "rate_8h": found}
    return {name: shown(value, 12) for name, value in answer.items()}


def adl_score(inputs: Inputs) -> Answer:
    """The first factor alone is the score of a unit whose margin ratio is 1."""
    pnl, assets = amount(inputs["upnl"]), amount(inputs["wallet"])
    equity = pnl + assets

    def score(ratio: int) -> str:
        risk = margin.UnitRisk(0, assets, pnl, equity, equity * ratio, 0)
        return shown(deleveraging.score(pnl, risk, 10**8), 12)

    return {
        "pnl_percent": score(RATE_ONE),
        "leverage_pnl": score(rate(inputs["margin_ratio"])),
    }


# -- spot margin -----------------------------------------------------------------------------------


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


PROVED: Final[dict[str, Callable[[Inputs], Answer]]] = {
    "interest_accrual": interest_accrual,
    "isolated_tier_leverage": isolated_tier_leverage,
    "collateral_haircut": collateral_haircut,
    "spot_margin_liq_price": spot_margin_liq_price,
    "margin_loan_mm": margin_loan_mm,
    "initial_margin_rate": initial_margin_rate,
    "borrow_amount": borrow_amount,
    "adl_score": adl_score,
    "funding_payment": funding_payment,
    "funding_rate": funding_rate,
    "mark_price1": mark_price1,
    "avg_entry": avg_entry,
    "bankruptcy_price": bankruptcy,
    "bracket_cum": bracket_cum,
    "bracket_cum_table": bracket_cum_table,
    "bracket_lookup": bracket_lookup,
    "closed_pnl_fees": closed_pnl_fees,
    "initial_margin": initial_margin,
    "insurance_flow": insurance_flow,
    "liq_price_bracket_crossing": liq_price_bracket_crossing,
    "liq_price_cross": liq_price,
    "liq_price_cross_hedge": liq_price_cross_hedge,
    "liq_price_isolated": liq_price,
    "maintenance_margin": maintenance_margin,
    "maintenance_margin_tiered": bracket_lookup,
    "margin_balance": margin_balance,
    "margin_ratio_cross": margin_ratio,
    "order_cost": order_cost,
    "order_margin_two_sided": order_margin_two_sided,
    "partial_liq_qty": partial_liq_qty,
    "pnl_linear": pnl,
    "pnl_roi": pnl_roi,
    "position_value": position_value,
    "stp": self_trade_prevention,
}


def test_every_vector_is_proved_or_set_aside_for_a_reason() -> None:
    for vector in VECTORS:
        places = (
            vector["kind"] in PROVED and vector["id"] not in NOT_OUR_IDS,
            vector["id"] in NOT_OUR_IDS,
        )
        assert sum(places) == 1, (vector["id"], places)


def test_what_is_not_ours_names_our_rule() -> None:
    book = RULE_BOOK.read_text(encoding="utf-8")
    assert len(NOT_OUR_IDS) == len(NOT_OURS)
    assert {vector["id"] for vector in VECTORS} >= NOT_OUR_IDS
    for each in NOT_OURS:
        assert f"### {each['rule']} " in book, each
        assert each["reason"]


TARGETS = [
    vector for vector in VECTORS if vector["kind"] in PROVED and vector["id"] not in NOT_OUR_IDS
]
RIGHT = [vector for vector in TARGETS if vector["reproduced"]]
WRONG = [vector for vector in TARGETS if not vector["reproduced"]]


@pytest.mark.parametrize("vector", RIGHT, ids=[vector["id"] for vector in RIGHT])
def test_a_worked_example(vector: dict[str, Any]) -> None:
    assert _differences(vector) == []


@pytest.mark.parametrize("vector", WRONG, ids=[vector["id"] for vector in WRONG])
def test_what_a_page_gets_wrong_does_not_come_out(vector: dict[str, Any]) -> None:
    assert len(_differences(vector)) == len(vector["expected"])


def _differences(vector: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Name, our number and the page's, where they are further apart than the page is exact."""
    answer = PROVED[vector["kind"]](vector["inputs"])
    different = []
    for key, expected in vector["expected"].items():
        tolerance = vector["tolerance"]
        if isinstance(tolerance, dict):
            tolerance = tolerance[key]
        if not _agree(answer[key], expected, Decimal(tolerance)):
            different.append((key, answer[key], expected))
    return different


def _agree(found: Any, expected: Any, tolerance: Decimal) -> bool:
    if isinstance(expected, list):
        pairs = zip(found, expected, strict=True)
        return all(_agree(each, wanted, tolerance) for each, wanted in pairs)
    try:
        return abs(Decimal(found) - Decimal(expected)) <= tolerance
    except ArithmeticError:
        return bool(found == expected)
