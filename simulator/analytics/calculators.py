"""What a trader works out before a trade, by the functions that the exchange itself uses.

Numbers are the core's integers: prices and quantities in the contract's units, amounts in minor
units of the quote asset, rates in 1e-12. Margin is isolated. Funding and interest are left out.
On a spot instrument a long is what was bought, with a loan if its leverage is above 1, and a short
what was borrowed and sold (WAL-4).
"""

from collections.abc import Sequence
from typing import NamedTuple

from simulator.analytics.spot_margin import PairTrade, largest_notional
from simulator.core.model.enums import PositionSide, Side
from simulator.core.model.instruments import Instrument, RiskTier
from simulator.core.model.margin_levels import LevelRows
from simulator.core.model.risk_tiers import maintenance_at, tier_at
from simulator.core.model.units import (
    RATE_ONE,
    divide_down,
    divide_half_even,
    divide_up,
    round_down_to,
    round_up_to,
)
from simulator.core.rules.fills import fee_of, opening_margin, split_fill
from simulator.core.rules.liquidation_price import (
    LiquidationPrice,
    UnitLine,
    bankruptcy_price,
    liquidation_price,
)
from simulator.core.rules.margin import call_margin_of
from simulator.core.rules.spot_risk import asset_bankruptcy_price, asset_liquidation_price


class Contract(NamedTuple):
    """An instrument, its risk tiers, and the fee rate of a fill (of opening and of closing).

    A spot instrument has the levels of isolated spot margin (BOR-5) for tiers.
    """

    terms: Instrument
    tiers: tuple[RiskTier, ...]
    fee_rate: int
    levels: LevelRows = ()

    @property
    def is_spot(self) -> bool:
        return self.terms.base_asset_id is not None

    def fee(self, notional: int) -> int:
        """MAT-3, but a rebate is not counted on."""
        return max(0, fee_of(notional, self.fee_rate))


class Trade(NamedTuple):
    """A position that is opened at one price; its quantity is positive."""

    contract: Contract
    side: PositionSide
    quantity: int
    entry: int

    @property
    def notional(self) -> int:
        return self.contract.terms.notional(self.quantity, self.entry)

    @property
    def pair(self) -> PairTrade:
        """The trade as spot margin has it."""
        of = self.contract
        return PairTrade(of.terms, of.levels, self.side, self.quantity, self.notional)

    def leverages(self) -> Sequence[int]:
        """What it may have at this size, the highest first."""
        if self.contract.is_spot:
            return self.pair.leverages()
        return range(tier_at(self.contract.tiers, self.notional).max_leverage, 0, -1)

    def initial_margin(self, leverage: int) -> int:
        """WAL-4.

        Raises:
            LeverageTooHighError: more than this size may have.
            ValueError: a leverage that spot margin does not have.
        """
        if self.contract.is_spot:
            self.pair.check(leverage)
        highest = self.leverages()[0]
        if not 1 <= leverage <= highest:
            raise LeverageTooHighError(leverage, highest)
        if self.contract.is_spot:
            return self.pair.margin(leverage)
        return opening_margin(self.notional, leverage)


class LeverageTooHighError(ValueError):
    """No position of this size may have this leverage; `highest` is what it may have."""

    def __init__(self, leverage: int, highest: int) -> None:
        super().__init__(f"leverage {leverage} should be between 1 and {highest} at this size")
        self.leverage = leverage
        self.highest = highest


class Lines(NamedTuple):
    """What a position takes, and where it would end; a price is none where there is no such mark.

    `cost` is all that leaves CROSS. `maintenance_margin` is that at the entry price,
    `distance_rate` from there to the liquidation, as a share of the entry price, rounded down.
    """

    notional: int
    initial_margin: int
    fee: int
    cost: int
    maintenance_margin: int
    liquidation_price: int | None
    distance_rate: int | None
    bankruptcy_price: int | None


def liquidation(trade: Trade, leverage: int, more_margin: int = 0) -> Lines:
    """MARG-7, MARG-8 of a position with its initial margin and `more_margin`.

    Raises LeverageTooHighError.
    """
    side, notional = trade.side, trade.notional
    initial_margin = trade.initial_margin(leverage)
    wallet = initial_margin + more_margin
    found, bankrupt = _prices(trade, leverage, more_margin, wallet)
    price = found.below if side is PositionSide.LONG else found.above
    distance = None
    if price is not None:
        distance = divide_down((trade.entry - price) * side * RATE_ONE, trade.entry)
    fee = trade.contract.fee(notional)
    return Lines(
        notional,
        initial_margin,
        fee,
        wallet + fee,
        divide_up(_exact_maintenance(trade, leverage), RATE_ONE),
        price,
        distance,
        bankrupt,
    )


def _prices(
    trade: Trade, leverage: int, more_margin: int, wallet: int
) -> tuple[LiquidationPrice, int | None]:
    """The liquidation and the bankruptcy price."""
    if trade.contract.is_spot:
        asset = trade.pair.line(leverage, more_margin)
        return asset_liquidation_price(asset, trade.entry), asset_bankruptcy_price(asset)
    side, multiplier = trade.side, trade.contract.terms.notional_multiplier
    line = UnitLine(side * trade.quantity, side * trade.notional, multiplier, wallet, 0, 0)
    return liquidation_price(line, trade.contract.tiers, trade.entry), bankruptcy_price(line)


def _exact_maintenance(trade: Trade, leverage: int) -> int:
    if trade.contract.is_spot:
        return trade.pair.exact_lines(leverage)[1]
    return maintenance_at(trade.contract.tiers, trade.notional)


class Result(NamedTuple):
    """A round trip: `roi` is the net PnL as a rate of the initial margin, rounded down."""

    gross: int
    fees: int
    net: int
    roi: int


def profit(trade: Trade, exit_price: int, leverage: int) -> Result:
    """Raises LeverageTooHighError, and ValueError for a leverage that spot margin does not have."""
    initial_margin = trade.initial_margin(leverage)
    gross, fees = _round_trip(trade, exit_price)
    net = gross - fees
    return Result(gross, fees, net, divide_down(net * RATE_ONE, initial_margin))


def _round_trip(trade: Trade, exit_price: int) -> tuple[int, int]:
    """The PnL before fees, and the fees of both fills."""
    out = trade.contract.terms.notional(trade.quantity, exit_price)
    gross = trade.side * (out - trade.notional)
    return gross, trade.contract.fee(trade.notional) + trade.contract.fee(out)


def net_profit(trade: Trade, exit_price: int) -> int:
    """The PnL after the fees of both fills."""
    gross, fees = _round_trip(trade, exit_price)
    return gross - fees


def target_price(trade: Trade, wanted: int) -> int | None:
    """The first price on the tick where the net PnL is `wanted` or more; zero breaks even.

    None where a short would need a price of zero or less. Solves
    `s * (X - E) - (E + X) * f >= wanted` for the exit notional X, then walks to the tick, since
    fees are rounded up.

    Raises:
        ValueError: a fee rate of 1 or more: no price pays for itself.
    """
    terms, side = trade.contract.terms, trade.side
    rate = max(0, trade.contract.fee_rate)
    if rate >= RATE_ONE:
        raise ValueError("the fee rate should be below 1")
    # X * (s - f) >= wanted + fee + s * E
    needed = (wanted + trade.contract.fee(trade.notional) + side * trade.notional) * RATE_ONE
    slope = (side * RATE_ONE - rate) * trade.quantity * terms.notional_multiplier
    if side is PositionSide.LONG:
        price = round_up_to(max(1, divide_up(needed, slope)), terms.tick_size)
    else:
        price = round_down_to(divide_down(-needed, -slope), terms.tick_size)
    while price > 0:
        if net_profit(trade, price) >= wanted:
            return price
        price += side * terms.tick_size
    return None


class Sizing(NamedTuple):
    """A position whose loss at the stop, both fees included, is at most what is risked.

    `highest_leverage` is that at which the stop is met before the liquidation; none if at none,
    or if there is no position.
    """

    quantity: int
    notional: int
    loss_at_stop: int
    highest_leverage: int | None


def size_from_risk(contract: Contract, risked: int, entry: int, stop: int) -> Sizing:
    """The largest quantity on the lot; zero where even the smallest lot would risk more.

    The side follows from the stop: below the entry it is a long's.

    Raises:
        ValueError: the stop is at the entry.
    """
    if stop == entry:
        raise ValueError("the stop should be below the entry of a long, above that of a short")
    terms = contract.terms
    side = PositionSide.LONG if stop < entry else PositionSide.SHORT
    rate = max(0, contract.fee_rate)
    per_unit = (abs(entry - stop) * RATE_ONE + (entry + stop) * rate) * terms.notional_multiplier
    quantity = round_down_to(risked * RATE_ONE // per_unit, terms.lot_size)
    while quantity > 0:
        trade = Trade(contract, side, quantity, entry)
        loss = -net_profit(trade, stop)
        if loss <= risked:
            return Sizing(quantity, trade.notional, loss, leverage_for_stop(trade, stop))
        quantity -= terms.lot_size
    return Sizing(0, 0, 0, None)


def leverage_for_stop(trade: Trade, stop: int) -> int | None:
    """The highest leverage at which the stop is met before the liquidation; none if there is none.

    With untouched margin.
    """
    for leverage in trade.leverages():
        price = liquidation(trade, leverage).liquidation_price
        if price is None or (stop - price) * trade.side > 0:
            return leverage
    return None


def largest_position(contract: Contract, balance: int, price: int, leverage: int) -> int:
    """The largest quantity on the lot that `balance` opens at this leverage, fee included; a long.

    Raises:
        LeverageTooHighError: no position may have it.
        ValueError: a leverage that spot margin does not have.
    """
    if contract.is_spot:
        Trade(contract, PositionSide.LONG, 0, price).pair.check(leverage)
    elif leverage < 1:
        raise LeverageTooHighError(leverage, contract.tiers[0].max_leverage)
    terms = contract.terms
    per_unit = price * terms.notional_multiplier
    notional = balance * RATE_ONE // (RATE_ONE // leverage + max(0, contract.fee_rate))
    cap = _cap(contract, leverage)
    quantity = notional // per_unit if cap is None else min(notional, cap) // per_unit
    quantity = round_down_to(quantity, terms.lot_size)
    while quantity > 0:
        trade = Trade(contract, PositionSide.LONG, quantity, price)
        if trade.initial_margin(leverage) + contract.fee(trade.notional) <= balance:
            return quantity
        quantity -= terms.lot_size
    return 0


def _cap(contract: Contract, leverage: int) -> int | None:
    """The largest notional that may have the leverage; none: any."""
    if contract.is_spot:
        return largest_notional(contract.terms, leverage)
    for tier in reversed(contract.tiers):
        if tier.max_leverage >= leverage:
            return tier.cap
    raise LeverageTooHighError(leverage, contract.tiers[0].max_leverage)


class Requirement(NamedTuple):
    """What opening a position takes: `cost` is margin and fee together.

    `call_margin` and `maintenance_margin` are the lines at the entry price.
    """

    notional: int
    initial_margin: int
    fee: int
    cost: int
    call_margin: int
    maintenance_margin: int


def margin_needed(trade: Trade, leverage: int, call_ratio: int) -> Requirement:
    """MARG-2 to MARG-4, WAL-4; `call_ratio` is the world's.

    Raises:
        LeverageTooHighError: more than this size may have.
        ValueError: a leverage that spot margin does not have.
    """
    notional = trade.notional
    initial_margin = trade.initial_margin(leverage)
    exact = _exact_maintenance(trade, leverage)
    called = call_margin_of(exact, call_ratio)
    if trade.contract.is_spot:
        called = divide_up(trade.pair.exact_lines(leverage)[0], RATE_ONE)
    fee = trade.contract.fee(notional)
    return Requirement(
        notional, initial_margin, fee, initial_margin + fee, called, divide_up(exact, RATE_ONE)
    )


class Averaged(NamedTuple):
    """A position after several fills (UNIT-2). `entry_notional` is exact, the price half-even.

    The price is none where nothing is left.
    """

    quantity: int
    entry_notional: int
    entry_price: int | None
    realized_pnl: int


def average_entry(
    terms: Instrument, side: PositionSide, fills: Sequence[tuple[int, int]]
) -> Averaged:
    """UNIT-2: the position that fills `(quantity, price)` leave; a negative quantity reduces.

    Raises:
        ValueError: a fill reduces more than there is.
    """
    held, entry, realized = 0, 0, 0
    for quantity, price in fills:
        if held + quantity < 0:
            raise ValueError("a fill should not reduce more than there is")
        order_side = Side(side if quantity > 0 else -side)
        parts = split_fill(side * held, entry, order_side, abs(quantity), price, terms)
        held += quantity
        entry += order_side * parts.opened_notional - parts.closed_entry
        realized += parts.realized_pnl
    price_or_none = None
    if held:
        price_or_none = divide_half_even(abs(entry), held * terms.notional_multiplier)
    return Averaged(held, abs(entry), price_or_none, realized)
