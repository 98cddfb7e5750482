"""What the calculators answer. Amounts are of the quote asset; rates are decimal fractions."""

from decimal import Decimal

from simulator.client.answers import Answer


class LiquidationLines(Answer, frozen=True):
    """Where an isolated position would end; a price is None where there is no such mark.

    `distance` is from the entry to the liquidation price, as a rate of the entry.
    """

    symbol: str
    notional: Decimal
    initial_margin: Decimal
    fee: Decimal
    cost: Decimal
    maintenance_margin: Decimal
    liquidation_price: Decimal | None
    distance: Decimal | None
    bankruptcy_price: Decimal | None


class RoundTrip(Answer, frozen=True):
    """`pnl` is after fees, `roi` is its rate of the initial margin."""

    symbol: str
    pnl_before_fees: Decimal
    fees: Decimal
    pnl: Decimal
    roi: Decimal


class TargetPrice(Answer, frozen=True):
    """The first price on the tick that does; None where there is none."""

    symbol: str
    price: Decimal | None


class PositionSize(Answer, frozen=True):
    """`highest_leverage`: at which the stop is met before the liquidation; None if at none."""

    symbol: str
    quantity: Decimal
    notional: Decimal
    loss_at_stop: Decimal
    highest_leverage: int | None


class LargestPosition(Answer, frozen=True):
    symbol: str
    quantity: Decimal
    notional: Decimal


class MarginNeeded(Answer, frozen=True):
    """What opening takes; `cost` is margin and fee. The lines are those at the entry price."""

    symbol: str
    notional: Decimal
    initial_margin: Decimal
    fee: Decimal
    cost: Decimal
    call_margin: Decimal
    maintenance_margin: Decimal


class AverageEntry(Answer, frozen=True):
    """The price is None where nothing is left; `entry_notional` is exact."""

    symbol: str
    quantity: Decimal
    entry_notional: Decimal
    entry_price: Decimal | None
    realized_pnl: Decimal


class InterestCost(Answer, frozen=True):
    """Hourly charges at an unchanged rate; the level is None without a debt or assets."""

    charges: int
    per_charge: Decimal
    interest: Decimal
    margin_level: Decimal | None


class FundingCost(Answer, frozen=True):
    """At an unchanged mark and rate; what is negative is received."""

    symbol: str
    payments: int
    per_payment: Decimal
    cost: Decimal


class UnitLines(Answer, frozen=True):
    """A CROSS wallet at the marks given; `status` is OK, NEVER or ALREADY."""

    symbol: str
    equity: Decimal
    maintenance_margin: Decimal
    call_margin: Decimal
    liquidation_price: Decimal | None
    status: str
    bankruptcy_price: Decimal | None
    margin_level: Decimal | None


class LiquidationOdds(Answer, frozen=True):
    """The share of drawn paths that reach the liquidation price, and its standard error.

    `assumptions` says in words what the answer rests on.
    """

    symbol: str
    mark_price: Decimal
    liquidation_price: Decimal | None
    probability: Decimal
    standard_error: Decimal
    crossed: int
    paths: int
    assumptions: list[str]
