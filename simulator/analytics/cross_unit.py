"""Where a position in CROSS would be liquidated, beside other positions and debts.

The unit is described by values, not by an account: what one has, or thinks of having. The formulas
are the core's (MARG-1 to MARG-3, MARG-7, MARG-8). Amounts are in the valuation asset. On a spot
instrument a long is what the wallet holds of its asset, and a short what it owes of it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from simulator.analytics.calculators import Trade
from simulator.core.model.enums import PositionSide
from simulator.core.model.risk_tiers import maintenance_at
from simulator.core.model.units import RATE_ONE, divide_up
from simulator.core.rules.borrowing_terms import exact_debt_margin, margin_level
from simulator.core.rules.liquidation_price import (
    LiquidationPrice,
    UnitLine,
    bankruptcy_price,
    liquidation_price,
)
from simulator.core.rules.margin import call_margin_of
from simulator.core.rules.spot_risk import (
    AssetLine,
    asset_bankruptcy_price,
    asset_liquidation_price,
)


class Marked(NamedTuple):
    """A position and the mark price of its instrument; on spot an asset and its index price."""

    trade: Trade
    mark: int

    @property
    def notional(self) -> int:
        """At mark."""
        return self.trade.contract.terms.notional(self.trade.quantity, self.mark)

    @property
    def is_spot(self) -> bool:
        return self.trade.contract.is_spot

    @property
    def worth(self) -> int:
        """What it adds to equity: a perpetual its UPNL, an asset its value; less what is owed."""
        if self.is_spot:
            return self.trade.side * self.notional
        return self.trade.side * (self.notional - self.trade.notional)

    @property
    def exact_maintenance(self) -> int:
        """Of a perpetual, times 1e12."""
        return 0 if self.is_spot else maintenance_at(self.trade.contract.tiers, self.notional)

    @property
    def debt(self) -> int:
        """Of an asset that is owed, at its index."""
        return self.notional if self.is_spot and self.trade.side is PositionSide.SHORT else 0


class Debt(NamedTuple):
    """A debt in the valuation asset, interest included, and the levels of all debts (BOR-5).

    A short of a spot instrument is such a debt too, of its asset.
    """

    amount: int
    call_level: int
    liquidation_level: int


class UnitLines(NamedTuple):
    """The unit at the marks given; prices of its first position, all other prices still."""

    equity: int
    maintenance_margin: int
    call_margin: int
    liquidation_price: int | None
    status: str
    bankruptcy_price: int | None
    margin_level: int | None
    """MARG-6, as a rate; none without a debt."""


def cross_liquidation(
    position: Marked,
    balance: int,
    others: Sequence[Marked],
    debt: Debt,
    call_ratio: int,
) -> UnitLines:
    """MARG-7 of `position`; `balance` is what the wallet holds, borrowed money included.

    Raises:
        ValueError: levels that no wallet could have.
    """
    if not RATE_ONE <= debt.liquidation_level <= debt.call_level:
        raise ValueError("the levels should be 1 or more, and the call no lower than the other")
    everything = (position, *others)
    owed = debt.amount + sum(each.debt for each in everything)
    equity = balance - debt.amount + sum(each.worth for each in everything)
    positions = sum(each.exact_maintenance for each in everything)
    maintenance = positions + exact_debt_margin(owed, debt.liquidation_level)
    found, bankrupt = _prices(position, debt.liquidation_level, equity, maintenance)
    held = sum(each.worth for each in everything if each.is_spot and not each.debt)
    return UnitLines(
        equity,
        divide_up(maintenance, RATE_ONE),
        call_margin_of(positions, call_ratio, exact_debt_margin(owed, debt.call_level)),
        found.below if position.trade.side is PositionSide.LONG else found.above,
        found.status,
        bankrupt,
        margin_level(balance + held, owed),
    )


def _prices(
    position: Marked, level: int, equity: int, maintenance: int
) -> tuple[LiquidationPrice, int | None]:
    """Liquidation and bankruptcy price of a position, or of an asset, in its unit.

    `level` is the liquidation level of debts, `maintenance` exact and of the whole unit.
    """
    trade, terms = position.trade, position.trade.contract.terms
    rest = equity - position.worth
    if position.is_spot:
        amount = trade.quantity * terms.base_multiplier
        held, owed = (0, amount) if position.debt else (amount, 0)
        scale = (terms.notional_multiplier, terms.base_multiplier)
        others = maintenance - exact_debt_margin(position.debt, level)
        line = AssetLine(held, owed, *scale, level, rest, others)
        return asset_liquidation_price(line, position.mark), asset_bankruptcy_price(line)
    unit = UnitLine(
        trade.side * trade.quantity,
        trade.side * trade.notional,
        terms.notional_multiplier,
        rest,
        0,
        maintenance - position.exact_maintenance,
    )
    return liquidation_price(unit, trade.contract.tiers, position.mark), bankruptcy_price(unit)
