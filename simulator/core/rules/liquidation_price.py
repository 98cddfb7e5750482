"""MARG-7, MARG-8: at which mark a unit would be liquidated, and at which it would be worth zero.

Functions of values. Prices come out as integers in price units, rounded away from safety: a
long's liquidation price up, a short's down (UNIT-3). Source: the venue formula
`LP = (W - TMM_other + UPNL_other + cum - s*Q*EP) / (Q*MMR - s*Q)`, tried in every tier.
"""

from typing import NamedTuple

from simulator.core.model.instruments import RiskTier
from simulator.core.model.risk_tiers import tier_at
from simulator.core.model.units import RATE_ONE, divide_down, divide_up


class LiquidationPrice(NamedTuple):
    """`status`: `ok` (below and/or above are set), `never`, or `already` at the line.

    In one-way mode one of the two is set at most; a cross hedge may have both.
    """

    below: int | None
    above: int | None
    status: str

    def nearest(self, mark: int) -> int | None:
        """The one that the mark would reach first."""
        if self.below is None or self.above is None:
            return self.above if self.below is None else self.below
        return self.below if mark - self.below <= self.above - mark else self.above


class Leg(NamedTuple):
    """A position as its mark moves it: signed quantity and signed entry notional."""

    quantity: int
    entry_notional: int


class UnitLine(NamedTuple):
    """One position and the rest of its unit, as far as its liquidation price depends on them.

    Quantity and entry notional are signed; `multiplier` is minor units per price unit times
    quantity unit; `wallet` is the unit's net assets; `other_pnl` and `other_maintenance` (exact,
    times 1e12) are of its positions on other instruments. `opposite` is the other leg of a cross
    hedge, which moves with the same mark.
    """

    quantity: int
    entry_notional: int
    multiplier: int
    wallet: int
    other_pnl: int
    other_maintenance: int
    opposite: Leg = Leg(0, 0)


def liquidation_price(line: UnitLine, tiers: tuple[RiskTier, ...], mark: int) -> LiquidationPrice:
    """The marks of one instrument where equity equals maintenance, all other prices still.

    Every root whose tiers are the tiers at that root counts. `mark` tells `already` from `ok`.
    Equity is a straight line and maintenance rises ever steeper, so there is one root on either
    side of the mark at most.
    """
    if _excess(line, tiers, mark) <= 0:
        return LiquidationPrice(None, None, "already")
    below: int | None = None
    above: int | None = None
    for tier in tiers:
        for other in tiers if line.opposite.quantity else tiers[:1]:
            slope, constant = _excess_within(line, tier, other)
            # excess(P) = constant + slope * P is zero at P = -constant / slope
            root = (-constant, slope) if slope > 0 else (constant, -slope)
            if slope == 0 or not _is_root(line, tier, other, root):
                continue
            if slope > 0:
                below = divide_up(*root)
            else:
                above = divide_down(*root)
    status = "never" if below is None and above is None else "ok"
    return LiquidationPrice(below, above, status)


def _excess_within(line: UnitLine, tier: RiskTier, other: RiskTier) -> tuple[int, int]:
    """Equity less maintenance, times 1e12, as slope and constant while the tiers are these.

    `other` is the tier of the opposite leg, if there is one.
    """
    quantity, opposite = line.quantity, line.opposite
    rates = abs(quantity) * tier.maintenance_margin_rate
    rates += abs(opposite.quantity) * other.maintenance_margin_rate
    slope = ((quantity + opposite.quantity) * RATE_ONE - rates) * line.multiplier
    base = line.wallet + line.other_pnl - line.entry_notional - opposite.entry_notional
    deduction = tier.deduction + (other.deduction if opposite.quantity else 0)
    constant = (base + deduction) * RATE_ONE - line.other_maintenance
    return slope, constant


def _is_root(line: UnitLine, tier: RiskTier, other: RiskTier, root: tuple[int, int]) -> bool:
    """Whether the root is a price, and each leg's notional there lies in its tier."""
    numerator, denominator = root
    if numerator <= 0:
        return False
    size = abs(line.quantity) * line.multiplier
    if not _root_in_tier(numerator, denominator, size, tier):
        return False
    size = abs(line.opposite.quantity) * line.multiplier
    return size == 0 or _root_in_tier(numerator, denominator, size, other)


def _root_in_tier(numerator: int, denominator: int, size: int, tier: RiskTier) -> bool:
    """Whether the notional at the exact root `numerator / denominator` lies in the tier."""
    notional = numerator * size
    if notional <= tier.floor * denominator:
        return False
    return tier.cap is None or notional <= tier.cap * denominator


def _excess(line: UnitLine, tiers: tuple[RiskTier, ...], mark: int) -> int:
    """Equity less maintenance at a mark, times 1e12."""
    value = mark * line.multiplier
    own = tier_at(tiers, abs(line.quantity) * value)
    other = tier_at(tiers, abs(line.opposite.quantity) * value)
    slope, constant = _excess_within(line, own, other)
    return constant + slope * mark


def bankruptcy_price(line: UnitLine) -> int | None:
    """The mark where the unit's equity is zero, others still; none where there is no such mark.

    Rounded like a liquidation price: a long's up, a short's down.
    """
    opposite = line.opposite
    base = line.wallet + line.other_pnl - line.entry_notional - opposite.entry_notional
    size = (line.quantity + opposite.quantity) * line.multiplier
    if size > 0:
        return divide_up(-base, size) if base < 0 else None
    if size < 0:
        return divide_down(base, -size) if base > 0 else None
    return None
