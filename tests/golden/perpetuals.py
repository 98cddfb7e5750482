"""Kinds of worked examples of orders, positions, margin, liquidation, funding and ADL."""

from decimal import Decimal

from simulator.core import views
from simulator.core.model.enums import SelfTradePrevention, Side
from simulator.core.model.events import LiquidationEnded, OrderCanceled
from simulator.core.model.instruments import RiskTier
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
    sampling,
)
from simulator.core.rules.liquidation_price import (
    Leg,
    UnitLine,
    bankruptcy_price,
    liquidation_price,
)
from tests.golden.numbers import Answer, Inputs, minor, price, quantity, shown, table
from tests.scenario import World, amount, instrument_terms, rate

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
