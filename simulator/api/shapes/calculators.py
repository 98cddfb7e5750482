"""What the calculators answer. Amounts are of the quote asset."""

from simulator.api.shapes.base import Shape


class LiquidationLines(Shape, frozen=True):
    """Where an isolated position would end; a price is null where there is no such mark.

    `distance` is from the entry to the liquidation price, as a rate of the entry.
    """

    symbol: str
    notional: str
    initial_margin: str
    fee: str
    cost: str
    maintenance_margin: str
    liquidation_price: str | None
    distance: str | None
    bankruptcy_price: str | None


class RoundTrip(Shape, frozen=True):
    """`pnl` is after fees, `roi` is its rate of the initial margin."""

    symbol: str
    pnl_before_fees: str
    fees: str
    pnl: str
    roi: str


class TargetPrice(Shape, frozen=True):
    """The first price on the tick that does; null where a short would need less than a tick."""

    symbol: str
    price: str | None


class PositionSize(Shape, frozen=True):
    """`highest_leverage`: at which the stop is met before the liquidation; null if at none."""

    symbol: str
    quantity: str
    notional: str
    loss_at_stop: str
    highest_leverage: int | None


class LargestPosition(Shape, frozen=True):
    symbol: str
    quantity: str
    notional: str


class MarginNeeded(Shape, frozen=True):
    """What opening takes; `cost` is margin and fee. The lines are those at the entry price."""

    symbol: str
    notional: str
    initial_margin: str
    fee: str
    cost: str
    call_margin: str
    maintenance_margin: str


class AverageEntry(Shape, frozen=True):
    """The price is null where nothing is left; `entry_notional` is exact (UNIT-2)."""

    symbol: str
    quantity: str
    entry_notional: str
    entry_price: str | None
    realized_pnl: str


class InterestCost(Shape, frozen=True):
    """Hourly charges at an unchanged rate; the level is null without a debt, or without assets."""

    charges: int
    per_charge: str
    interest: str
    margin_level: str | None


class FundingCost(Shape, frozen=True):
    """At an unchanged mark and rate; what is negative is received."""

    symbol: str
    payments: int
    per_payment: str
    cost: str


class UnitLines(Shape, frozen=True):
    """A CROSS wallet at the marks given, and where the mark of `symbol` would liquidate it.

    `status` is OK, NEVER or ALREADY; the price is there when it is OK. `margin_level` is what the
    wallet holds over what it owes, null without a debt.
    """

    symbol: str
    equity: str
    maintenance_margin: str
    call_margin: str
    liquidation_price: str | None
    status: str
    bankruptcy_price: str | None
    margin_level: str | None


class LiquidationOdds(Shape, frozen=True):
    """The share of drawn paths that reach the liquidation price, and its standard error.

    `assumptions` says in words what the answer rests on.
    """

    symbol: str
    mark_price: str
    liquidation_price: str | None
    probability: str
    standard_error: str
    crossed: int
    paths: int
    assumptions: list[str]
