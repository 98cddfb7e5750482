"""What the exchange answers about worlds and markets: the public half of `answers.py`."""

from decimal import Decimal

from simulator.client.answers import Answer, Side

PriceLevel = tuple[Decimal, Decimal]
"""Price and quantity."""


class Clock(Answer, frozen=True):
    """World time and how it runs; `speed` is world seconds per second, as asked for."""

    time: int
    mode: str
    speed: Decimal
    paused: bool


class World(Answer, frozen=True):
    """`status` is RUNNING, PAUSED (cancels only), HALTED (something broke) or STOPPED."""

    world: str
    status: str
    status_reason: str | None
    clock: Clock
    server_time: int
    seq: int


class Worlds(Answer, frozen=True):
    items: list[World]


class Instrument(Answer, frozen=True):
    """The terms of a contract. Rates are decimal fractions: 0.0005 is 5 basis points."""

    symbol: str
    kind: str
    base: str
    quote: str
    price_decimals: int
    quantity_decimals: int
    tick_size: Decimal
    lot_size: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    max_market_quantity: Decimal
    min_notional: Decimal
    price_band_rate: Decimal
    max_open_orders: int
    max_trigger_orders: int
    maker_fee_rate: Decimal
    taker_fee_rate: Decimal
    liquidation_fee_rate: Decimal
    sell_assumption_rate: Decimal
    mark_method: str
    index_staleness: int | None
    default_leverage: int
    max_leverage: int
    market_state: str
    funding_interval: int | None
    """Milliseconds from stamp to stamp; None where there is no funding."""
    funding_interest_rate: Decimal
    funding_clamp_rate: Decimal
    funding_cap_rate: Decimal
    liquidation_policy: str


class RiskTier(Answer, frozen=True):
    """Maintenance = notional * rate - deduction, for floor < notional <= cap."""

    tier: int
    floor: Decimal
    cap: Decimal | None
    maintenance_margin_rate: Decimal
    max_leverage: int
    deduction: Decimal


class InstrumentDetail(Instrument, frozen=True):
    risk_tiers: list[RiskTier]
    seq: int


class Instruments(Answer, frozen=True):
    items: list[Instrument]
    seq: int


class Depth(Answer, frozen=True):
    """The book, best levels first."""

    symbol: str
    seq: int
    time: int
    bids: list[PriceLevel]
    asks: list[PriceLevel]


class Mark(Answer, frozen=True):
    """The prices of an instrument; each is None until there was one."""

    symbol: str
    index_price: Decimal | None
    index_time: int | None
    mark_price: Decimal | None
    last_price: Decimal | None
    market_state: str
    halt_reason: str | None
    funding_rate: Decimal | None = None
    """The rate of the next stamp if nothing changed until then; None: no funding."""
    next_funding: int | None = None
    last_funding_rate: Decimal | None = None


class FundingRate(Answer, frozen=True):
    """A settled rate; `average_premium` is None where the rate was a recorded one."""

    symbol: str
    stamp: int
    seq: int
    rate: Decimal
    mark_price: Decimal
    average_premium: Decimal | None


class Marks(Answer, frozen=True):
    items: list[Mark]
    seq: int
    time: int


class PublicTrade(Answer, frozen=True):
    trade_id: int
    symbol: str
    price: Decimal
    quantity: Decimal
    taker_side: Side
    time: int
    seq: int


class Candle(Answer, frozen=True):
    """Prices of one interval. Mark and index have no volume."""

    open_time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    notional: Decimal
    trade_count: int
    warm_up: bool


class Statistic(Answer, frozen=True):
    """An instrument's last 24 hours of world time; prices are None where nothing traded."""

    symbol: str
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    last: Decimal | None
    change: Decimal | None
    change_rate: Decimal | None
    volume: Decimal
    notional: Decimal
    trade_count: int


class Statistics(Answer, frozen=True):
    """The 24 hours of world time from `since` to `time`."""

    items: list[Statistic]
    since: int
    seq: int
    time: int


class PublicLiquidation(Answer, frozen=True):
    """A trade of a forced order: `side` is the order's."""

    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    time: int
    seq: int
