"""Where a position in CROSS would be liquidated, beside other positions and debts.

The unit is described by values, not by an account: what one has, or thinks of having. The formulas
are the core's (MARG-1 to MARG-3, MARG-7, MARG-8). Amounts are in the valuation asset.
"""

from collections.abc import Sequence
from typing import NamedTuple

from simulator.analytics.calculators import Trade
from simulator.core.model.enums import PositionSide
from simulator.core.model.risk_tiers import maintenance_at
from simulator.core.model.units import RATE_ONE, divide_up
from simulator.core.rules.borrowing_terms import exact_debt_margin
from simulator.core.rules.liquidation_price import UnitLine, bankruptcy_price, liquidation_price
from simulator.core.rules.margin import call_margin_of


class Marked(NamedTuple):
    """A position and the mark price of its instrument."""

    trade: Trade
    mark: int

    @property
    def notional(self) -> int:
        """At mark."""
        return self.trade.contract.terms.notional(self.trade.quantity, self.mark)

    @property
    def unrealized_pnl(self) -> int:
        return self.trade.side * (self.notional - self.trade.notional)

    @property
    def exact_maintenance(self) -> int:
        """Times 1e12."""
        return maintenance_at(self.trade.contract.tiers, self.notional)


class Debt(NamedTuple):
    """A loan with its interest, and the margin levels at which one is called and liquidated."""

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


def cross_liquidation(
    position: Marked,
    balance: int,
    others: Sequence[Marked],
    debts: Sequence[Debt],
    call_ratio: int,
) -> UnitLines:
    """MARG-7 of `position`; `balance` is what the wallet holds, borrowed money included.

    Raises:
        ValueError: a debt whose levels no wallet could have.
    """
    for debt in debts:
        if not RATE_ONE <= debt.liquidation_level <= debt.call_level:
            raise ValueError("the levels should be 1 or more, and the call no lower than the other")
    owed = sum(debt.amount for debt in debts)
    other_pnl = sum(each.unrealized_pnl for each in others)
    positions = position.exact_maintenance + sum(each.exact_maintenance for each in others)
    of_debts = sum(exact_debt_margin(debt.amount, debt.liquidation_level) for debt in debts)
    called_debts = sum(exact_debt_margin(debt.amount, debt.call_level) for debt in debts)
    trade = position.trade
    line = UnitLine(
        trade.side * trade.quantity,
        trade.side * trade.notional,
        trade.contract.terms.notional_multiplier,
        balance - owed,
        other_pnl,
        positions + of_debts - position.exact_maintenance,
    )
    found = liquidation_price(line, trade.contract.tiers, position.mark)
    return UnitLines(
        balance - owed + other_pnl + position.unrealized_pnl,
        divide_up(positions + of_debts, RATE_ONE),
        call_margin_of(positions, call_ratio) + divide_up(called_debts, RATE_ONE),
        found.below if trade.side is PositionSide.LONG else found.above,
        found.status,
        bankruptcy_price(line),
    )
