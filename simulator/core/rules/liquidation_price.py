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
    """`status`: `ok` (below and/or above are set), `never`, or `already` at the line."""

    below: int | None
    above: int | None
    status: str


class UnitLine(NamedTuple):
    """One position and the rest of its unit, as far as its liquidation price depends on them.

    Quantity and entry notional are signed; `multiplier` is minor units per price unit times
    quantity unit; `wallet` is the unit's net assets; `other_pnl` and `other_maintenance` (exact,
    times 1e12) are of its other positions.
    """

    quantity: int
    entry_notional: int
    multiplier: int
    wallet: int
    other_pnl: int
    other_maintenance: int


def liquidation_price(line: UnitLine, tiers: tuple[RiskTier, ...], mark: int) -> LiquidationPrice:
    """The marks of one instrument where equity equals maintenance, all other prices still.

    Every root whose tier is the tier at that root counts. `mark` tells `already` from `ok`.
    """
    quantity, multiplier, other_maintenance = line.quantity, line.multiplier, line.other_maintenance
    base = line.wallet + line.other_pnl - line.entry_notional
    if _excess(line, tiers, mark) <= 0:
        return LiquidationPrice(None, None, "already")
    below: int | None = None
    above: int | None = None
    for tier in tiers:
        slope = (quantity * RATE_ONE - abs(quantity) * tier.maintenance_margin_rate) * multiplier
        constant = (base + tier.deduction) * RATE_ONE - other_maintenance
        if slope == 0:
            continue
        # excess(P) = constant + slope * P is zero at P = -constant / slope
        numerator, denominator = (-constant, slope) if slope > 0 else (constant, -slope)
        if numerator <= 0:
            continue
        if not _root_in_tier(numerator, denominator, abs(quantity) * multiplier, tier):
            continue
        if slope > 0:
            below = divide_up(numerator, denominator)
        else:
            above = divide_down(numerator, denominator)
    status = "never" if below is None and above is None else "ok"
    return LiquidationPrice(below, above, status)


def _root_in_tier(numerator: int, denominator: int, size: int, tier: RiskTier) -> bool:
    """Whether the notional at the exact root `numerator / denominator` lies in the tier."""
    notional = numerator * size
    if notional <= tier.floor * denominator:
        return False
    return tier.cap is None or notional <= tier.cap * denominator


def _excess(line: UnitLine, tiers: tuple[RiskTier, ...], mark: int) -> int:
    """Equity less maintenance at a mark, times 1e12."""
    signed = line.quantity * mark * line.multiplier
    tier = tier_at(tiers, abs(signed))
    own = abs(signed) * tier.maintenance_margin_rate - tier.deduction * RATE_ONE
    equity = line.wallet + line.other_pnl + signed - line.entry_notional
    return equity * RATE_ONE - own - line.other_maintenance


def bankruptcy_price(line: UnitLine) -> int | None:
    """The mark where the unit's equity is zero, others still; none where there is no such mark.

    Rounded like a liquidation price: a long's up, a short's down.
    """
    base = line.wallet + line.other_pnl - line.entry_notional
    size = line.quantity * line.multiplier
    if size > 0:
        return divide_up(-base, size) if base < 0 else None
    return divide_down(base, -size) if base > 0 else None
