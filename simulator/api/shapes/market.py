"""Shapes of what is public: worlds, instruments, prices, books, trades, candles."""

from simulator.api.shapes.base import CandleSource, MarketStateName, Shape, SideName

PriceLevel = tuple[str, str]
"""Price and quantity."""


class Clock(Shape, frozen=True):
    """World time and how it runs. `speed` is world seconds per second, as asked for."""

    time: int
    mode: str
    speed: str
    paused: bool


class World(Shape, frozen=True):
    """`status` is RUNNING, PAUSED (cancels only), HALTED (something broke) or STOPPED."""

    world: str
    status: str
    status_reason: str | None
    clock: Clock
    server_time: int
    seq: int


class WorldClock(Clock, frozen=True):
    """A world's clock beside the server's, and the seq up to which the world is durable."""

    world: str
    status: str
    server_time: int
    seq: int


class Worlds(Shape, frozen=True):
    items: list[World]


class Instrument(Shape, frozen=True):
    """The terms of a contract. Rates are decimal fractions: "0.0005" is 5 basis points."""

    symbol: str
    kind: str
    base: str
    quote: str
    price_decimals: int
    quantity_decimals: int
    tick_size: str
    lot_size: str
    min_quantity: str
    max_quantity: str
    max_market_quantity: str
    min_notional: str
    price_band_rate: str
    max_open_orders: int
    max_trigger_orders: int
    maker_fee_rate: str
    taker_fee_rate: str
    liquidation_fee_rate: str
    sell_assumption_rate: str
    mark_method: str
    index_staleness: int | None
    """Milliseconds after which an index price is stale and the instrument halts."""
    default_leverage: int
    max_leverage: int
    market_state: MarketStateName
    funding_interval: int | None
    """FND-2: milliseconds from stamp to stamp; null where there is no funding."""
    funding_interest_rate: str
    funding_clamp_rate: str
    funding_cap_rate: str
    liquidation_policy: str


class RiskTier(Shape, frozen=True):
    """MARG-2: maintenance = notional * rate - deduction, for floor < notional <= cap."""

    tier: int
    floor: str
    cap: str | None
    maintenance_margin_rate: str
    max_leverage: int
    deduction: str


class InstrumentDetail(Instrument, frozen=True):
    risk_tiers: list[RiskTier]
    seq: int


class InstrumentTier(RiskTier, frozen=True):
    """A tier in a list of all instruments' tiers."""

    symbol: str


class InstrumentTiers(Shape, frozen=True):
    items: list[InstrumentTier]
    seq: int


class Instruments(Shape, frozen=True):
    items: list[Instrument]
    seq: int


class Depth(Shape, frozen=True):
    """The book, best levels first."""

    symbol: str
    seq: int
    time: int
    bids: list[PriceLevel]
    asks: list[PriceLevel]


class Mark(Shape, frozen=True):
    """The prices of an instrument; each is null until there was one."""

    symbol: str
    index_price: str | None
    index_time: int | None
    mark_price: str | None
    last_price: str | None
    market_state: MarketStateName
    halt_reason: str | None
    funding_rate: str | None = None
    """FND-1: the rate of the next stamp if nothing changed until then; null: no funding."""
    next_funding: int | None = None
    last_funding_rate: str | None = None
    """That of the stamp before."""


class FundingRate(Shape, frozen=True):
    """FND-1: a settled rate; `average_premium` is null where the rate was a recorded one."""

    symbol: str
    stamp: int
    seq: int
    rate: str
    mark_price: str
    average_premium: str | None


class Marks(Shape, frozen=True):
    items: list[Mark]
    seq: int
    time: int


class InstrumentStatistics(Shape, frozen=True):
    """The last 24 hours: prices are of trades, null where there was none.

    `change` is from the window's first trade to the last one; `change_rate` is it as a decimal
    fraction of that first price.
    """

    symbol: str
    open: str | None
    high: str | None
    low: str | None
    last: str | None
    """Of the last trade, even if that was before the window."""
    change: str | None
    change_rate: str | None
    volume: str
    notional: str
    trade_count: int


class Statistics(Shape, frozen=True):
    """From `since` to `time`: 1,440 whole minutes of world time, the current one included."""

    items: list[InstrumentStatistics]
    since: int
    seq: int
    time: int


class PublicTrade(Shape, frozen=True):
    trade_id: int
    symbol: str
    price: str
    quantity: str
    taker_side: SideName
    time: int
    seq: int


class Candle(Shape, frozen=True):
    """Prices of one interval. Mark and index have no volume."""

    open_time: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    notional: str
    trade_count: int
    warm_up: bool
    """Whether any of it was made up for the time before the world began."""


class Candles(Shape, frozen=True):
    """`next` is the cursor for `?after=`, null when the list reached the present."""

    symbol: str
    interval: str
    source: CandleSource
    items: list[Candle]
    next: str | None
    seq: int


class PublicLiquidation(Shape, frozen=True):
    """A trade of a forced order: `side` is the order's."""

    symbol: str
    side: SideName
    price: str
    quantity: str
    time: int
    seq: int


class Health(Shape, frozen=True):
    """`status` is OK or NOT_READY; `worlds` gives each world's status."""

    status: str
    worlds: dict[str, str]
