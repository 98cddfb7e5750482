"""What can be traded and held: assets, instruments, risk tiers, and the world's parameters."""

import msgspec

from simulator.core.model.enums import InstrumentKind, MarkMethod
from simulator.core.model.units import NS_PER_HOUR, RATE_ONE, divide_up

VALUATION_ASSET = 1
"""The asset id that every instrument of a world quotes and settles in (UNIT-4)."""


class Asset(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What balances are held in. One unit of amount is `10 ** -decimals` of the asset."""

    asset_id: int
    code: str
    decimals: int


class Instrument(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """The terms of a contract (UNIT-1, ORD-2).

    Prices are integers in `10 ** -price_decimals` of the quote asset, quantities in
    `10 ** -quantity_decimals` of the base asset, notionals in minor units of the quote asset.
    Rates are in 1e-12.
    """

    instrument_id: int
    symbol: str
    kind: InstrumentKind
    base: str
    quote_asset_id: int
    price_decimals: int
    quantity_decimals: int
    notional_multiplier: int
    """Minor units of the quote asset in one price unit times one quantity unit."""
    tick_size: int
    lot_size: int
    min_quantity: int
    max_quantity: int
    max_market_quantity: int
    min_notional: int
    price_band_rate: int
    max_open_orders: int
    maker_fee_rate: int
    """Negative is a rebate (MAT-3)."""
    taker_fee_rate: int
    liquidation_fee_rate: int
    sell_assumption_rate: int
    """How far above the last price a resting sell is assumed to fill (MARG-4)."""
    mark_method: MarkMethod
    index_staleness_ns: int | None
    """An index older than this halts the instrument (MARK-1); none: never."""
    default_leverage: int

    def notional(self, quantity: int, price: int) -> int:
        """`quantity * price` in minor units of the quote asset: exact."""
        return quantity * price * self.notional_multiplier


class RiskTier(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One band of notional: `floor < N <= cap` (MARG-2); the last one has no cap.

    `deduction` is cum_k in whole minor units, so that maintenance is exact and continuous.
    """

    floor: int
    cap: int | None
    maintenance_margin_rate: int
    max_leverage: int
    deduction: int


class WorldParameters(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """What an operator sets for a whole world; each is a default of the rule book."""

    call_ratio: int = 8 * RATE_ONE // 10
    """CALL: maintenance divided by equity at which a margin call is issued."""
    clear_ratio: int = 105 * RATE_ONE // 100
    """CALL: equity divided by the call margin at which a standing call is cleared."""
    call_repeat_ns: int = 24 * NS_PER_HOUR
    page_size: int = 500
    """Units that one command may sweep; the rest follows in `ContinueSweep` commands."""
    fund_unload_interval_ns: int = 60 * 10**9
    fund_unload_notional: int = 50_000 * 10**8
    """The insurance fund offers at most this much of each position per interval (LIQ-6)."""
    client_order_window_ns: int = 24 * NS_PER_HOUR
    client_order_minimum: int = 10_000
    deposit_limit: int = 1_000_000 * 10**8
    """What an account may be paid in, in all and per run (WAL-6)."""


def derive_deductions(rows: list[tuple[int, int | None, int, int]]) -> tuple[RiskTier, ...]:
    """Risk tiers from rows `(floor, cap, maintenance_margin_rate, max_leverage)` (MARG-2).

    `cum_1 = 0; cum_k = cum_{k-1} + floor_k * (MMR_k - MMR_{k-1})`, in whole minor units.

    Raises:
        ValueError: the rows leave a hole, overlap, fall in rate or rise in leverage.
    """
    if not rows:
        raise ValueError("a risk table needs at least one tier")
    tiers: list[RiskTier] = []
    deduction = 0
    floor_expected = 0
    rate_before = 0
    leverage_before = None
    for number, (floor, cap, rate, max_leverage) in enumerate(rows, start=1):
        last = number == len(rows)
        if floor != floor_expected:
            raise ValueError(f"tier {number}: floor {floor} should be {floor_expected}")
        if last != (cap is None):
            raise ValueError(f"tier {number}: the last tier, and only it, has no cap")
        if cap is not None and cap <= floor:
            raise ValueError(f"tier {number}: cap {cap} should be above its floor {floor}")
        if not rate_before < rate < RATE_ONE:
            raise ValueError(
                f"tier {number}: maintenance_margin_rate should rise from tier to tier, below 1"
            )
        if max_leverage < 1 or (leverage_before is not None and max_leverage > leverage_before):
            raise ValueError(f"tier {number}: max_leverage should fall from tier to tier, to 1")
        if rate * max_leverage > RATE_ONE:
            raise ValueError(
                f"tier {number}: maintenance_margin_rate should be below 1/{max_leverage}, "
                "the initial margin rate at its max_leverage"
            )
        if number > 1:
            step, remainder = divmod(floor * (rate - rate_before), RATE_ONE)
            if remainder:
                raise ValueError(
                    f"tier {number}: floor times the step of the rate should be a whole number of "
                    "minor units; use fewer decimals in maintenance_margin_rate"
                )
            deduction += step
        tiers.append(RiskTier(floor, cap, rate, max_leverage, deduction))
        floor_expected = cap if cap is not None else 0
        rate_before = rate
        leverage_before = max_leverage
    return tuple(tiers)


def tier_at(tiers: tuple[RiskTier, ...], notional: int) -> RiskTier:
    """The tier with `floor < notional <= cap`; a notional of zero is in the first."""
    for tier in tiers:
        if tier.cap is None or notional <= tier.cap:
            return tier
    raise AssertionError("the last tier is open-ended")


def maintenance_at(tiers: tuple[RiskTier, ...], notional: int) -> int:
    """`N * MMR_k - cum_k` times 1e12, exact, k the tier of the notional (MARG-2)."""
    for tier in tiers:
        if tier.cap is None or notional <= tier.cap:
            return notional * tier.maintenance_margin_rate - tier.deduction * RATE_ONE
    raise AssertionError("the last tier is open-ended")


def initial_margin_at(tiers: tuple[RiskTier, ...], notional: int, leverage: int) -> int:
    """`notional / L`, L never above the cap of the notional's tier, rounded up (MARG-4)."""
    for tier in tiers:
        if tier.cap is None or notional <= tier.cap:
            highest = tier.max_leverage
            return divide_up(notional, leverage if leverage < highest else highest)
    raise AssertionError("the last tier is open-ended")
