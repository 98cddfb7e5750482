"""Worlds, their clocks, and what is public in them."""

from typing import Annotated, Literal

from fastapi import Query, Request, Response

from simulator.api import history_shapes, present
from simulator.api.documents import route
from simulator.api.rest.common import (
    FormatQuery,
    ListQuery,
    NoQuery,
    OneSymbol,
    OneWorld,
    answer,
    api_of,
    blocking,
    durable,
    history,
    limit_by_host,
)
from simulator.api.rest.lists import answer_list
from simulator.api.rest.routing import v1_router
from simulator.api.shapes import borrowing, market
from simulator.api.shapes.base import CandleSource, Page
from simulator.api.wire import milliseconds
from simulator.core import views
from simulator.database.candles import Series
from simulator.database.statistics import first_minute

router = v1_router("worlds", "/worlds", limit_by_host)

Interval = Literal["1m", "5m", "15m", "1h", "4h", "1d"]


class DepthQuery(NoQuery):
    levels: Annotated[
        int, Query(ge=1, le=1_000, description="At most so many levels of each side.")
    ] = 20


class CandleQuery(ListQuery):
    interval: Annotated[Interval, Query(description="The length of a candle.")] = "1m"
    source: Annotated[CandleSource, Query(description="Which price the candles are of.")] = "LAST"


class TierQuery(FormatQuery):
    symbol: OneSymbol = None


Nothing = Annotated[NoQuery, Query()]
Whole = Annotated[FormatQuery, Query()]


@router.get("", **route(market.Worlds, is_list=True))
async def list_worlds(request: Request, query: Whole) -> Response:
    """The worlds of this process."""
    context = api_of(request).context
    now = context.wall_ns()
    items = [present.world_shape(world, now) for world in context.registry]
    return answer_list(query, market.Worlds(items=items), market.World)


@router.get("/{world}", **route(market.World))
async def get_world(request: Request, door: OneWorld, query: Nothing) -> Response:
    """Status and clock."""
    return answer(present.world_shape(door.world, api_of(request).context.wall_ns()))


@router.get("/{world}/clock", **route(market.WorldClock))
async def get_clock(request: Request, door: OneWorld, query: Nothing) -> Response:
    """World time, how it runs, and the server's time beside it."""
    return answer(present.world_clock(door.world, api_of(request).context.wall_ns()))


@router.get("/{world}/instruments", **route(market.Instruments, is_list=True))
async def list_instruments(door: OneWorld, query: Whole) -> Response:
    """The terms of all instruments."""
    state = door.world.state
    items = [present.instrument(door.numbers, record) for record in state.instruments.values()]
    shape = market.Instruments(items=items, seq=state.seq)
    return answer_list(query, await durable(door.world, shape), market.Instrument)


@router.get("/{world}/assets", **route(borrowing.Assets, is_list=True))
async def list_assets(door: OneWorld, query: Whole) -> Response:
    """What wallets may hold: haircuts, and what may be borrowed at which rate."""
    state = door.world.state
    items = [present.asset(door.numbers, state, asset_id) for asset_id in state.assets]
    shape = borrowing.Assets(items=items, seq=state.seq)
    return answer_list(query, await durable(door.world, shape), borrowing.Asset)


@router.get("/{world}/risk-tiers", **route(market.InstrumentTiers, is_list=True))
async def list_risk_tiers(door: OneWorld, query: Annotated[TierQuery, Query()]) -> Response:
    """MARG-2: the risk tiers of all instruments, or of one."""
    state = door.world.state
    records = [*state.instruments.values()]
    if query.symbol is not None:
        records = [state.instruments[door.numbers.by_symbol(query.symbol).instrument_id]]
    items = [tier for record in records for tier in present.instrument_tiers(door.numbers, record)]
    shape = market.InstrumentTiers(items=items, seq=state.seq)
    return answer_list(query, await durable(door.world, shape), market.InstrumentTier)


@router.get("/{world}/instruments/{symbol}", **route(market.InstrumentDetail))
async def get_instrument(door: OneWorld, symbol: str, query: Nothing) -> Response:
    """An instrument with its risk tiers."""
    state = door.world.state
    record = state.instruments[door.numbers.by_symbol(symbol).instrument_id]
    shape = present.instrument_detail(door.numbers, record, state.seq)
    return answer(await durable(door.world, shape))


@router.get("/{world}/depth/{symbol}", **route(market.Depth))
async def get_depth(door: OneWorld, symbol: str, query: Annotated[DepthQuery, Query()]) -> Response:
    """The best levels of the book."""
    of = door.numbers.by_symbol(symbol)
    state = door.world.state
    bids, asks = views.depth(state, of.instrument_id, query.levels)
    shape = market.Depth(
        symbol=of.symbol,
        seq=state.seq,
        time=present.world_time(door.world),
        bids=present.levels(of, bids),
        asks=present.levels(of, asks),
    )
    return answer(await durable(door.world, shape))


@router.get("/{world}/marks", **route(market.Marks, is_list=True))
async def list_marks(door: OneWorld, query: Whole) -> Response:
    """Index, mark and last price of every instrument, and whether it is open."""
    state = door.world.state
    items = [
        present.mark(door.numbers.by_id(instrument_id), record)
        for instrument_id, record in state.instruments.items()
    ]
    shape = market.Marks(items=items, seq=state.seq, time=present.world_time(door.world))
    return answer_list(query, await durable(door.world, shape), market.Mark)


@router.get("/{world}/statistics", **route(market.Statistics, is_list=True))
async def list_statistics(request: Request, door: OneWorld, query: Whole) -> Response:
    """What every instrument did within the last 24 hours of world time."""
    state, statistics = door.world.state, api_of(request).context.statistics
    now_ns = max(door.world.clock.now(), state.time_ns)
    last_prices = {each: record.last_price for each, record in state.instruments.items()}
    await door.world.committed()
    day = await blocking(lambda: statistics.of_day(door.world.world_id, [*last_prices], now_ns))
    items = [
        history_shapes.statistics(door.numbers, door.numbers.by_id(each), day.items.get(each), last)
        for each, last in last_prices.items()
    ]
    since, time = milliseconds(first_minute(now_ns)), milliseconds(now_ns)
    shape = market.Statistics(items=items, since=since, seq=day.seq, time=time)
    return answer_list(query, shape, market.InstrumentStatistics)


@router.get("/{world}/trades/{symbol}", **route(Page[market.PublicTrade], is_list=True))
async def list_trades(
    request: Request, door: OneWorld, symbol: str, query: Annotated[ListQuery, Query()]
) -> Response:
    """Trades of an instrument."""
    of = door.numbers.by_symbol(symbol)
    histories = api_of(request).context.histories
    world_id, window = door.world.world_id, query.window()
    page = await history(
        door,
        lambda: histories.trades(world_id, of.instrument_id, window),
        lambda row: history_shapes.public_trade(of, row),
    )
    return answer_list(query, page, market.PublicTrade)


@router.get("/{world}/funding/{symbol}", **route(Page[market.FundingRate], is_list=True))
async def list_funding_rates(
    request: Request, door: OneWorld, symbol: str, query: Annotated[ListQuery, Query()]
) -> Response:
    """FND-1: the settled funding rates of an instrument. The coming one is among the marks."""
    of = door.numbers.by_symbol(symbol)
    histories = api_of(request).context.histories
    world_id, window = door.world.world_id, query.window()
    page = await history(
        door,
        lambda: histories.funding_rates(world_id, of.instrument_id, window),
        lambda row: history_shapes.funding_rate(of, row),
    )
    return answer_list(query, page, market.FundingRate)


@router.get("/{world}/candles/{symbol}", **route(market.Candles, is_list=True))
async def list_candles(
    request: Request, door: OneWorld, symbol: str, query: Annotated[CandleQuery, Query()]
) -> Response:
    """Candles of last, mark or index price. Where nothing traded there is no LAST candle."""
    of = door.numbers.by_symbol(symbol)
    candles = api_of(request).context.candles
    series = Series(door.world.world_id, of.instrument_id, query.source, query.interval)
    seq = door.world.committed_seq
    page = await blocking(lambda: candles.page(series, query.window()))
    shape = market.Candles(
        symbol=of.symbol,
        interval=query.interval,
        source=query.source,
        items=[history_shapes.candle(door.numbers, of, row) for row in page.items],
        next=page.next,
        seq=seq,
    )
    return answer_list(query, shape, market.Candle)
