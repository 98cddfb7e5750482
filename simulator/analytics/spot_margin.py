"""What the isolated wallet of a pair holds and owes after one trade on spot margin.

Numbers are the core's integers; interest is left out. Sources: WAL-4 (what CROSS gives and the pool
lends), BOR-5 (levels, tiers), MARG-7 and MARG-8 (the lines of an asset).
"""

from typing import NamedTuple

from simulator.core.model.enums import PositionSide
from simulator.core.model.instruments import Instrument
from simulator.core.model.margin_levels import (
    LevelRows,
    initial_of_debts,
    isolated_leverage,
    levels_of,
    tier_leverage,
)
from simulator.core.model.units import divide_up
from simulator.core.rules.borrowing_terms import exact_debt_margin
from simulator.core.rules.spot_risk import AssetLine


class PairTrade(NamedTuple):
    """A purchase, or a sale of what is borrowed; `levels` are those of isolated spot margin."""

    terms: Instrument
    levels: LevelRows
    side: PositionSide
    quantity: int
    notional: int

    def check(self, leverage: int) -> None:
        """A long may have 1: its own money, no loan.

        Raises:
            ValueError: a leverage that spot margin does not have.
        """
        products = [row[0] for row in self.levels]
        if self.side is PositionSide.LONG:
            products.insert(0, 1)
        if leverage not in products:
            allowed = ", ".join(str(each) for each in products)
            kind = "a long" if self.side is PositionSide.LONG else "a short"
            raise ValueError(f"leverage {leverage} of {kind} on spot should be one of {allowed}")

    def leverages(self) -> list[int]:
        """All that it may have, the highest first: no more than the tier of its debt allows.

        The lowest product is always there.
        """
        products = [row[0] for row in reversed(self.levels)]
        found = [each for each in products if self._is_in_tier(each)] or products[-1:]
        return [*found, 1] if self.side is PositionSide.LONG else found

    def _is_in_tier(self, leverage: int) -> bool:
        rows = self.terms.margin_tiers
        base = quote = 0
        if self.side is PositionSide.LONG:
            quote = self.debt(leverage)
        else:
            base = self.quantity * self.terms.base_multiplier
        return isolated_leverage(rows, base, quote, leverage) == 100 * leverage

    def margin(self, leverage: int) -> int:
        """What CROSS gives besides costs: of a long N/L, of a short its proceeds / (L - 1)."""
        if self.side is PositionSide.LONG:
            return divide_up(self.notional, leverage)
        return initial_of_debts(self.notional, 100 * leverage)

    def debt(self, leverage: int) -> int:
        """What is owed, in the quote asset at the entry price."""
        if self.side is PositionSide.LONG:
            return self.notional - self.margin(leverage)
        return self.notional

    def exact_lines(self, leverage: int) -> tuple[int, int]:
        """Call and maintenance margin at the entry price, times 1e12."""
        call, liquidation = levels_of(self.levels, leverage)
        debt = self.debt(leverage)
        return exact_debt_margin(debt, call), exact_debt_margin(debt, liquidation)

    def line(self, leverage: int, more_margin: int) -> AssetLine:
        """The wallet as its liquidation price depends on it."""
        terms, amount = self.terms, self.quantity * self.terms.base_multiplier
        _, level = levels_of(self.levels, leverage)
        multiplier, scale = terms.notional_multiplier, terms.base_multiplier
        if self.side is PositionSide.SHORT:
            quote = self.notional + self.margin(leverage) + more_margin
            return AssetLine(0, amount, multiplier, scale, level, quote, 0)
        debt = self.debt(leverage)
        required = exact_debt_margin(debt, level)
        return AssetLine(amount, 0, multiplier, scale, level, more_margin - debt, required)


def largest_notional(terms: Instrument, leverage: int) -> int | None:
    """The largest purchase whose debt may have the leverage (BOR-5); none: any."""
    cap = None
    for _, quote_cap, level in terms.margin_tiers:
        if tier_leverage(level) >= 100 * leverage:
            cap = quote_cap
    if cap is None or leverage == 1:
        return None
    return cap * leverage // (leverage - 1)
