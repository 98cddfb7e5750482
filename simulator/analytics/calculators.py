"""What a trader works out before a trade, by the functions that the exchange itself uses.

Numbers are the core's integers: prices and quantities in the contract's units, amounts in minor
units of the quote asset, rates in 1e-12. `side` is LONG or SHORT, quantities are positive. Fees
are those of one rate for opening and closing; funding is left out.
"""

from typing import NamedTuple

from simulator.core.model.enums import PositionSide
from simulator.core.model.instruments import Instrument, RiskTier
from simulator.core.model.risk_tiers import maintenance_at, tier_at
from simulator.core.model.units import RATE_ONE, divide_down, divide_up, round_down_to, round_up_to
from simulator.core.rules.fills import fee_of, opening_margin
from simulator.core.rules.liquidation_price import UnitLine, bankruptcy_price, liquidation_price


class Contract(NamedTuple):
    """An instrument and its risk tiers."""

    terms: Instrument
    tiers: tuple[RiskTier, ...]


class LeverageTooHighError(ValueError):
    """No position of this size may have this leverage; `highest` is what it may have."""

    def __init__(self, leverage: int, highest: int) -> None:
        super().__init__(f"leverage {leverage} should be between 1 and {highest} at this size")
        self.leverage = leverage
        self.highest = highest


class Opening(NamedTuple):
    """What it takes to open a position at one price (WAL-4)."""

    notional: int
    initial_margin: int
    fee: int

    @property
    def cost(self) -> int:
        return self.initial_margin + self.fee


def opening(contract: Contract, quantity: int, price: int, leverage: int, fee_rate: int) -> Opening:
    """Raises LeverageTooHighError."""
    notional = contract.terms.notional(quantity, price)
    highest = tier_at(contract.tiers, notional).max_leverage
    if not 1 <= leverage <= highest:
        raise LeverageTooHighError(leverage, highest)
    return Opening(notional, opening_margin(notional, leverage), max(0, fee_of(notional, fee_rate)))


class Lines(NamedTuple):
    """Where an isolated position would end. A price is none where there is no such mark."""

    liquidation_price: int | None
    bankruptcy_price: int | None
    maintenance_margin: int
    """At the entry price."""
    distance_rate: int | None
    """From entry to liquidation, as a share of the entry price; rounded down."""


def liquidation(
    contract: Contract,
    side: PositionSide,
    quantity: int,
    entry: int,
    leverage: int,
    more_margin: int = 0,
) -> Lines:
    """MARG-7, MARG-8 of an isolated position with its initial margin and `more_margin`.

    Raises LeverageTooHighError.
    """
    needed = opening(contract, quantity, entry, leverage, 0)
    signed = side * quantity
    line = UnitLine(
        signed,
        side * needed.notional,
        contract.terms.notional_multiplier,
        needed.initial_margin + more_margin,
        0,
        0,
    )
    found = liquidation_price(line, contract.tiers, entry)
    price = found.below if side is PositionSide.LONG else found.above
    distance = None if price is None else divide_down((entry - price) * side * RATE_ONE, entry)
    maintenance = divide_up(maintenance_at(contract.tiers, needed.notional), RATE_ONE)
    return Lines(price, bankruptcy_price(line), maintenance, distance)


class Result(NamedTuple):
    """A round trip: `roi` is the net PnL as a rate of the initial margin, rounded down."""

    gross: int
    fees: int
    net: int
    roi: int


def profit(
    contract: Contract,
    side: PositionSide,
    quantity: int,
    entry: int,
    exit_price: int,
    leverage: int,
    fee_rate: int,
) -> Result:
    """Raises LeverageTooHighError."""
    needed = opening(contract, quantity, entry, leverage, fee_rate)
    out = contract.terms.notional(quantity, exit_price)
    gross = side * (out - needed.notional)
    fees = needed.fee + max(0, fee_of(out, fee_rate))
    net = gross - fees
    return Result(gross, fees, net, divide_down(net * RATE_ONE, needed.initial_margin))


def target_price(
    contract: Contract,
    side: PositionSide,
    quantity: int,
    entry: int,
    wanted: int,
    fee_rate: int,
) -> int | None:
    """The first price on the tick where the net PnL is `wanted` or more; zero breaks even.

    None where a short would need a price of zero or less. Solves
    `s * (X - E) - (E + X) * f >= wanted` for the exit notional X, then walks to the tick, since
    fees are rounded up.

    Raises:
        ValueError: a fee rate of 1 or more: no price pays for itself.
    """
    if fee_rate >= RATE_ONE:
        raise ValueError("the fee rate should be below 1")
    terms = contract.terms
    paid = terms.notional(quantity, entry)
    fee = max(0, fee_of(paid, fee_rate))
    # X * (s - f) >= wanted + fee + s * E
    needed = (wanted + fee + side * paid) * RATE_ONE
    slope = (side * RATE_ONE - max(0, fee_rate)) * quantity * terms.notional_multiplier
    if side is PositionSide.LONG:
        price = round_up_to(max(1, divide_up(needed, slope)), terms.tick_size)
    else:
        price = round_down_to(divide_down(-needed, -slope), terms.tick_size)
    while price > 0:
        if profit(contract, side, quantity, entry, price, 1, fee_rate).net >= wanted:
            return price
        price += side * terms.tick_size
    return None


class Sizing(NamedTuple):
    """A position whose loss at the stop, both fees included, is at most what is risked."""

    quantity: int
    notional: int
    loss_at_stop: int


def size_from_risk(contract: Contract, risked: int, entry: int, stop: int, fee_rate: int) -> Sizing:
    """The largest quantity on the lot; zero where even the smallest lot would risk more.

    The side follows from the stop: below the entry it is a long's.

    Raises:
        ValueError: the stop is at the entry.
    """
    if stop == entry:
        raise ValueError("the stop should be below the entry of a long, above that of a short")
    terms = contract.terms
    side = PositionSide.LONG if stop < entry else PositionSide.SHORT
    rate = max(0, fee_rate)
    per_unit = (abs(entry - stop) * RATE_ONE + (entry + stop) * rate) * terms.notional_multiplier
    quantity = round_down_to(risked * RATE_ONE // per_unit, terms.lot_size)
    while quantity > 0:
        loss = -profit(contract, side, quantity, entry, stop, 1, fee_rate).net
        if loss <= risked:
            return Sizing(quantity, terms.notional(quantity, entry), loss)
        quantity -= terms.lot_size
    return Sizing(0, 0, 0)


def leverage_for_stop(
    contract: Contract, side: PositionSide, quantity: int, entry: int, stop: int
) -> int | None:
    """The highest leverage at which the stop is met before the liquidation; none if there is none.

    Isolated, with untouched margin.
    """
    highest = tier_at(contract.tiers, contract.terms.notional(quantity, entry)).max_leverage
    for leverage in range(highest, 0, -1):
        price = liquidation(contract, side, quantity, entry, leverage).liquidation_price
        if price is None or (stop - price) * side > 0:
            return leverage
    return None


def largest_position(
    contract: Contract, balance: int, price: int, leverage: int, fee_rate: int
) -> int:
    """The largest quantity on the lot that `balance` opens at this leverage, fee included.

    Raises LeverageTooHighError.
    """
    if leverage < 1:
        raise LeverageTooHighError(leverage, contract.tiers[0].max_leverage)
    terms = contract.terms
    per_unit = price * terms.notional_multiplier
    share = RATE_ONE // leverage + max(0, fee_rate)
    notional = balance * RATE_ONE // share
    cap = _cap(contract, leverage)
    quantity = notional // per_unit if cap is None else min(notional, cap) // per_unit
    quantity = round_down_to(quantity, terms.lot_size)
    while quantity > 0:
        needed = opening(contract, quantity, price, leverage, fee_rate)
        if needed.cost <= balance:
            return quantity
        quantity -= terms.lot_size
    return 0


def _cap(contract: Contract, leverage: int) -> int | None:
    """The largest notional that may have the leverage; none: any."""
    for tier in reversed(contract.tiers):
        if tier.max_leverage >= leverage:
            return tier.cap
    raise LeverageTooHighError(leverage, contract.tiers[0].max_leverage)
