"""Worlds of one's own: making one, and stopping, speeding and stepping its time."""

import secrets
from fractions import Fraction
from typing import Annotated

from fastapi import Query, Request, Response

from simulator.api import names, present
from simulator.api.callers import Caller
from simulator.api.documents import route
from simulator.api.errors import Forbidden, MalformedRequest, RefusedByRule
from simulator.api.rest.common import (
    NoQuery,
    TheCaller,
    answer,
    api_of,
    decoder,
    durable,
    read_body,
    submit,
)
from simulator.api.rest.routing import v1_router
from simulator.api.service import Api, Door
from simulator.api.shapes import control, market
from simulator.core.model.commands import SetMarketState
from simulator.core.model.units import NS_PER_SECOND
from simulator.decimal_text import DecimalError, parse_decimal
from simulator.runtime.clocks import MAX_SPEED, MIN_SPEED

router = v1_router("worlds", "/worlds")

Nothing = Annotated[NoQuery, Query()]

_NS_PER_MS = NS_PER_SECOND // 1000
_SPEED_DECIMALS = 6

_world_decoder = decoder(control.WorldRequest)
_speed_decoder = decoder(control.SpeedRequest)
_step_decoder = decoder(control.StepRequest)
_state_decoder = decoder(control.MarketStateRequest)


@router.post("", **route(market.World, status=201, body=control.WorldRequest, private=True))
async def create_world(request: Request, caller: TheCaller, query: Nothing) -> Response:
    """A new world like the practice world. Whoever makes it controls its clock."""
    body: control.WorldRequest = await read_body(request, _world_decoder)
    api = api_of(request)
    keeper, most = api.context.keeper, api.settings.most_worlds
    count = keeper.count_of(caller.user.user_id)
    if count >= most:
        raise RefusedByRule(
            f"a user has at most {most} worlds",
            "TOO_MANY_WORLDS",
            needed=str(count + 1),
            available=str(most),
        )
    seed = secrets.randbits(48) if body.seed is None else body.seed
    title = body.title or body.world
    try:
        world = await keeper.create(body.world, title, seed, caller.user.user_id)
    except ValueError as error:
        raise RefusedByRule(str(error), "WORLD_EXISTS") from error
    return await _shown(api, api.door(world.world_id), 201)


@router.post("/{world}/pause", **route(market.World, private=True))
async def pause_world(request: Request, world: str, caller: TheCaller, query: Nothing) -> Response:
    """Time stands: orders can only be canceled, everything timed is frozen."""
    api, door = _controlled(request, world, caller)
    door.world.pause()
    await api.context.keeper.remember_clock(door.world)
    return await _shown(api, door)


@router.post("/{world}/resume", **route(market.World, private=True))
async def resume_world(request: Request, world: str, caller: TheCaller, query: Nothing) -> Response:
    """Time goes on where it stood."""
    api, door = _controlled(request, world, caller)
    door.world.resume()
    await api.context.keeper.remember_clock(door.world)
    return await _shown(api, door)


@router.post("/{world}/speed", **route(market.World, body=control.SpeedRequest, private=True))
async def set_world_speed(
    request: Request, world: str, caller: TheCaller, query: Nothing
) -> Response:
    """World seconds per second, from now on; the world does what it can."""
    api, door = _controlled(request, world, caller)
    body: control.SpeedRequest = await read_body(request, _speed_decoder)
    try:
        door.world.set_speed(_speed(body.speed))
    except ValueError as error:
        raise RefusedByRule(str(error), "CLOCK_HAS_NO_SPEED") from error
    await api.context.keeper.remember_clock(door.world)
    return await _shown(api, door)


def _speed(text: str) -> Fraction:
    try:
        speed = Fraction(parse_decimal(text, _SPEED_DECIMALS), 10**_SPEED_DECIMALS)
    except DecimalError as error:
        raise MalformedRequest(f"speed: {error}") from error
    if not MIN_SPEED <= speed <= MAX_SPEED:
        raise MalformedRequest(f"speed should be between {float(MIN_SPEED)} and {MAX_SPEED}")
    return speed


@router.post("/{world}/step", **route(market.World, body=control.StepRequest, private=True))
async def step_world(request: Request, world: str, caller: TheCaller, query: Nothing) -> Response:
    """Lets so much time pass in a paused world; answers when all that was due is durable."""
    api, door = _controlled(request, world, caller)
    body: control.StepRequest = await read_body(request, _step_decoder)
    if not door.world.clock.paused:
        raise RefusedByRule("only a paused world is stepped", "WORLD_NOT_PAUSED")
    await door.world.step(body.milliseconds * _NS_PER_MS)
    return await _shown(api, door)


@router.put(
    "/{world}/instruments/{symbol}/market-state",
    **route(control.InstrumentState, body=control.MarketStateRequest, private=True),
)
async def set_market_state(
    request: Request, world: str, symbol: str, caller: TheCaller, query: Nothing
) -> Response:
    """MAT-2: halts an instrument, calls an auction, opens it, or closes it for good."""
    _, door = _controlled(request, world, caller)
    body: control.MarketStateRequest = await read_body(request, _state_decoder)
    of = door.numbers.by_symbol(symbol)
    price = of.parse_optional_price(body.settlement_price, "settlement_price")
    command = SetMarketState(of.instrument_id, names.MARKET_STATES[body.state], price)
    receipt = await submit(door, command, of.instrument_id)
    record = door.world.state.instruments[of.instrument_id]
    name = names.MARKET_STATE_NAMES[record.market_state]
    shape = control.InstrumentState(symbol=symbol, market_state=name, seq=receipt.seq)
    return answer(await durable(door.world, shape))


def may_control(api: Api, caller: Caller, world_id: str) -> bool:
    """Its owner may, and an admin; the server's own worlds have no owner."""
    return caller.is_admin or api.context.keeper.owner_of(world_id) == caller.user.user_id


def _controlled(request: Request, world_id: str, caller: Caller) -> tuple[Api, Door]:
    """Raises NotFound, Forbidden."""
    api = api_of(request)
    door = api.door(world_id)
    if not may_control(api, caller, world_id):
        raise Forbidden("only the world's owner controls its clock", "NOT_THE_OWNER")
    return api, door


async def _shown(api: Api, door: Door, status: int = 200) -> Response:
    shape = present.world_shape(door.world, api.context.wall_ns())
    return answer(await durable(door.world, shape), status)
