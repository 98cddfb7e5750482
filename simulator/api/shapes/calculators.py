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
