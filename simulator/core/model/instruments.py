"""What can be traded and held: assets, instruments, risk tiers, and the world's parameters."""

import msgspec

from simulator.core.model.enums import BUY, InstrumentKind, LiquidationPolicy, MarkMethod, Side
from simulator.core.model.units import NS_PER_HOUR, NS_PER_SECOND, RATE_ONE

FUNDING_RATE_HOURS = 8
"""The hours that an interest rate of funding, and an average premium, are stated for (FND-1)."""

VALUATION_ASSET = 1
"""The asset id that every instrument of a world quotes and settles in (UNIT-4)."""


class Asset(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What balances are held in. One unit of amount is `10 ** -decimals` of the asset."""

    asset_id: int
    code: str
    decimals: int
    haircut_rate: int = 0
    """What collateral leaves out of a balance's value (MARG-1); 0 for the valuation asset."""
    borrow_rate: int = 0
    """Interest per day (BOR-3)."""
    account_borrow_cap: int | None = None
    """The most of it that one account may owe (BOR-2); none: no cap."""


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
    index_blend_rate: int = 0
    """How much of the index is the last trade here, the rest being the feed (MARK-1)."""
    funding_interval_ns: int | None = None
    """Positions pay each other at the multiples of this; none: never (FND-2)."""
    funding_interest_rate: int = RATE_ONE // 10_000
    """Per 8 hours (FND-1)."""
    funding_clamp_rate: int = 5 * RATE_ONE // 10_000
    """How far interest may pull the rate away from the average premium (FND-1)."""
    funding_cap_rate: int = 2 * RATE_ONE // 100
    """The highest rate of one payment, either way (FND-1)."""
    impact_notional: int | None = None
    """What is offered to the book to sample the premium; none: 200 times the highest leverage, in
    whole units of the quote asset (FND-1)."""
    max_trigger_orders: int = 100
    """Orders of one account that wait for a trigger or for an entry (ORD-2)."""
    liquidation_policy: LiquidationPolicy = LiquidationPolicy.LADDER
    liquidation_step_rate: int = 20 * RATE_ONE // 100
    """With PERCENT_STEPS: the part of a position that its first step takes (LIQ-10)."""
    liquidation_cooldown_ns: int = 30 * NS_PER_SECOND
    """With PERCENT_STEPS: how long the rest then waits (LIQ-10)."""
    base_asset_id: int | None = None
    """What a spot instrument trades; none for a perpetual."""
    base_multiplier: int = 0
    """Minor units of the base asset in one quantity unit (spot)."""
    margin_tiers: tuple[tuple[int | None, int | None, int], ...] = ()
    """Isolated spot margin (BOR-5): rows `(base borrowed up to, quote borrowed up to, initial
    level)`; the last row is open."""

    def notional(self, quantity: int, price: int) -> int:
        """`quantity * price` in minor units of the quote asset: exact."""
        return quantity * price * self.notional_multiplier

    def paid_with(self, side: Side, quantity: int, price: int) -> int:
        """What a spot order pays, without a fee: a buy the notional, a sell the base asset."""
        if side is BUY:
            return quantity * price * self.notional_multiplier
        return quantity * self.base_multiplier


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
    fund_notional_cap: int | None = 5_000_000 * 10**8
    """What the insurance fund's positions may be worth by takeovers; none: anything (LIQ-7)."""
    cross_levels: tuple[tuple[int, int, int], ...] = (
        (3, 13 * RATE_ONE // 10, 11 * RATE_ONE // 10),
        (5, 116 * RATE_ONE // 100, 11 * RATE_ONE // 10),
    )
    """BOR-5, spot margin in CROSS: rows `(leverage, call level, liquidation level)`."""
    isolated_levels: tuple[tuple[int, int, int], ...] = (
        (3, 122 * RATE_ONE // 100, 118 * RATE_ONE // 100),
        (5, 119 * RATE_ONE // 100, 115 * RATE_ONE // 100),
        (10, 110 * RATE_ONE // 100, 105 * RATE_ONE // 100),
    )
    """BOR-5, isolated spot margin: as `cross_levels`."""
    transfer_level: int = 2 * RATE_ONE
    """WAL-5: the margin level under which nothing leaves a unit that borrowed."""
