"""Worlds, their clocks, and what is public in them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from simulator.api import history_shapes, present
from simulator.api.documents import route
from simulator.api.rest.common import (
    ListQuery,
    NoQuery,
    answer,
    api_of,
    blocking,
    durable,
    history,
    limit_by_host,
)
from simulator.api.service import Door
from simulator.api.shapes import market
from simulator.api.shapes.base import CandleSource, Page
from simulator.core import views
from simulator.database.candles import Series

router = APIRouter(prefix="/worlds", tags=["worlds"], dependencies=[Depends(limit_by_host)])

Interval = Literal["1m", "5m", "15m", "1h", "4h", "1d"]


class DepthQuery(NoQuery):
    levels: Annotated[int, Query(ge=1, le=1_000)] = 20


class CandleQuery(ListQuery):
    interval: Interval = "1m"
    source: CandleSource = "LAST"


def _world(request: Request, world: str) -> Door:
    return api_of(request).door(world)


OneWorld = Annotated[Door, Depends(_world)]
Nothing = Annotated[NoQuery, Query()]


@router.get("", **route(market.Worlds))
async def list_worlds(request: Request, query: Nothing) -> Response:
    """The worlds of this process."""
    context = api_of(request).context
    now = context.wall_ns()
    items = [present.world_shape(world, now) for world in context.registry]
    return answer(market.Worlds(items=items))


@router.get("/{world}", **route(market.World))
async def get_world(request: Request, door: OneWorld, query: Nothing) -> Response:
    """Status and clock."""
    return answer(present.world_shape(door.world, api_of(request).context.wall_ns()))


@router.get("/{world}/instruments", **route(market.Instruments))
async def list_instruments(door: OneWorld, query: Nothing) -> Response:
    state = door.world.state
    items = [present.instrument(door.numbers, record) for record in state.instruments.values()]
    shape = market.Instruments(items=items, seq=state.seq)
    return answer(await durable(door.world, shape))


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


@router.get("/{world}/marks", **route(market.Marks))
async def list_marks(door: OneWorld, query: Nothing) -> Response:
    """Index, mark and last price of every instrument, and whether it is open."""
    state = door.world.state
    items = [
        present.mark(door.numbers.by_id(instrument_id), record)
        for instrument_id, record in state.instruments.items()
    ]
    shape = market.Marks(items=items, seq=state.seq, time=present.world_time(door.world))
    return answer(await durable(door.world, shape))


@router.get("/{world}/trades/{symbol}", **route(Page[market.PublicTrade]))
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
    return answer(page)


@router.get("/{world}/candles/{symbol}", **route(market.Candles))
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
    return answer(shape)
