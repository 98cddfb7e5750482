"""Small worlds for the runtime's tests: one instrument, two accounts with money."""

from simulator.core.exchange import Exchange
from simulator.core.model.commands import (
    AnyCommand,
    DefineAsset,
    Deposit,
    ListInstrument,
    OpenAccount,
    PlaceOrder,
    SetIndexPrices,
)
from simulator.core.model.enums import InstrumentKind, MarkMethod, OrderType, Side
from simulator.core.model.instruments import Asset, Instrument
from simulator.core.model.units import RATE_ONE
from simulator.runtime.clocks import ClockMode, WorldClock
from simulator.runtime.engine import Engine
from simulator.runtime.world import Limits, World
from simulator.runtime.writer import Writer
from tests.runtime.memory import CountingProjector, MemoryJournal

USDT = 10**8
START_NS = 1_700_000_000 * 10**9

PERPETUAL = Instrument(
    instrument_id=1,
    symbol="BTCUSDT-PERP",
    kind=InstrumentKind.PERPETUAL,
    base="BTC",
    quote_asset_id=1,
    price_decimals=2,
    quantity_decimals=3,
    notional_multiplier=1_000,
    tick_size=10,
    lot_size=1,
    min_quantity=1,
    max_quantity=10**9,
    max_market_quantity=10**9,
    min_notional=5 * USDT,
    price_band_rate=RATE_ONE // 20,
    max_open_orders=1_000,
    maker_fee_rate=2 * RATE_ONE // 10_000,
    taker_fee_rate=5 * RATE_ONE // 10_000,
    liquidation_fee_rate=125 * RATE_ONE // 10_000,
    sell_assumption_rate=15 * RATE_ONE // 10_000,
    mark_method=MarkMethod.INDEX,
    index_staleness_ns=None,
    default_leverage=3,
)

TIERS = (
    (0, 50_000 * USDT, 4 * RATE_ONE // 1_000, 125),
    (50_000 * USDT, None, RATE_ONE // 100, 50),
)

GENESIS: tuple[AnyCommand, ...] = (
    DefineAsset(Asset(1, "USDT", 8)),
    ListInstrument(PERPETUAL, TIERS),
    OpenAccount(),
    OpenAccount(),
    Deposit(1_000_001, 1, 10_000 * USDT),
    Deposit(1_000_003, 1, 10_000 * USDT),
    SetIndexPrices(((1, 1_000_000),)),
)


def buy(quantity: int, price: int, client_order_id: str | None = None) -> PlaceOrder:
    return PlaceOrder(
        2, 1, Side.BUY, OrderType.LIMIT, quantity, price, client_order_id=client_order_id
    )


def sell(quantity: int, price: int) -> PlaceOrder:
    return PlaceOrder(3, 1, Side.SELL, OrderType.LIMIT, quantity, price)


def make_world(
    journal: MemoryJournal,
    world_id: str = "test",
    limits: Limits | None = None,
    writer: Writer | None = None,
    clock: WorldClock | None = None,
) -> World:
    writer = writer or Writer(journal)
    writer.continue_chain(world_id, bytes(32))
    engine = Engine(world_id, Exchange())
    clock = clock or WorldClock(ClockMode.STEPPED, START_NS)
    return World(engine, clock, writer, CountingProjector(), limits)


async def begin(world: World) -> World:
    """Starts a world and puts its instrument, its accounts and their money there."""
    world.start()
    for command in GENESIS:
        await world.submit(command)
    return world
