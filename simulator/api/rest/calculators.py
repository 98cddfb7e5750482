"""What a trade would come to on a world's terms: the calculators, for everybody."""

from typing import Annotated

from fastapi import Query, Response

from simulator.analytics import calculators
from simulator.api import names
from simulator.api.documents import route
from simulator.api.errors import MalformedRequest
from simulator.api.rest.calculator_terms import (
    ContractQuery,
    Entry,
    Leverage,
    PositionQuery,
    Side,
    Terms,
    decimal_query,
    refusing,
    terms_of,
)
from simulator.api.rest.common import OneWorld, answer, limit_by_host
from simulator.api.rest.routing import v1_router
from simulator.api.shapes import calculators as shapes
from simulator.api.wire import optional_rate

router = v1_router("calculators", "/worlds/{world}/calculators", limit_by_host)


class LiquidationQuery(PositionQuery):
    leverage: Leverage
    more_margin: Annotated[str, decimal_query("Margin added to the position.")] = "0"


class PnlQuery(PositionQuery):
    exit: Annotated[str, decimal_query("The price at which it is closed.")]
    leverage: Leverage = 1


class TargetQuery(PositionQuery):
    profit: Annotated[str, decimal_query("What is to be left after fees; 0 breaks even.")] = "0"


class SizeQuery(ContractQuery):
    risk: Annotated[str, decimal_query("What may be lost at the stop, fees included.")]
    entry: Entry
    stop: Annotated[str, decimal_query("Below the entry of a long, above that of a short.")]


class MarginQuery(PositionQuery):
    leverage: Leverage


class AverageQuery(ContractQuery):
    side: Side
    fills: Annotated[
        str,
        Query(
            max_length=2_000,
            description="`quantity@price`, joined by commas; a negative quantity reduces.",
        ),
    ]


class LargestQuery(ContractQuery):
    balance: Annotated[str, decimal_query("What there is for margin and fee.")]
    entry: Entry
    leverage: Leverage


@router.get("/liquidation", **route(shapes.LiquidationLines))
async def calculate_liquidation(
    door: OneWorld, query: Annotated[LiquidationQuery, Query()]
) -> Response:
    """MARG-7, MARG-8: where an isolated position is liquidated, and where its margin is gone."""
    terms = terms_of(door, query)
    trade, more = terms.trade(query), terms.parse_amount(query.more_margin)
    with refusing():
        lines = calculators.liquidation(trade, query.leverage, more)
    shape = shapes.LiquidationLines(
        symbol=terms.of.symbol,
        notional=terms.amount(lines.notional),
        initial_margin=terms.amount(lines.initial_margin),
        fee=terms.amount(lines.fee),
        cost=terms.amount(lines.cost),
        maintenance_margin=terms.amount(lines.maintenance_margin),
        liquidation_price=terms.of.optional_price(lines.liquidation_price),
        distance=optional_rate(lines.distance_rate),
        bankruptcy_price=terms.of.optional_price(lines.bankruptcy_price),
    )
    return answer(shape)


@router.get("/pnl", **route(shapes.RoundTrip))
async def calculate_pnl(door: OneWorld, query: Annotated[PnlQuery, Query()]) -> Response:
    """What a round trip earns after fees, and the return on its initial margin."""
    terms = terms_of(door, query)
    trade, end = terms.trade(query), terms.price(query.exit)
    with refusing():
        result = calculators.profit(trade, end, query.leverage)
    shape = shapes.RoundTrip(
        symbol=terms.of.symbol,
        pnl_before_fees=terms.amount(result.gross),
        fees=terms.amount(result.fees),
        pnl=terms.amount(result.net),
        roi=optional_rate(result.roi) or "0",
    )
    return answer(shape)


@router.get("/target", **route(shapes.TargetPrice))
async def calculate_target(door: OneWorld, query: Annotated[TargetQuery, Query()]) -> Response:
    """The first price at which closing leaves a profit; without one, where it breaks even."""
    terms = terms_of(door, query)
    trade, wanted = terms.trade(query), terms.parse_amount(query.profit)
    with refusing():
        price = calculators.target_price(trade, wanted)
    return answer(shapes.TargetPrice(symbol=terms.of.symbol, price=terms.of.optional_price(price)))


@router.get("/size", **route(shapes.PositionSize))
async def calculate_size(door: OneWorld, query: Annotated[SizeQuery, Query()]) -> Response:
    """The largest position that loses no more than `risk` at the stop, and its leverage."""
    terms = terms_of(door, query)
    entry, stop = terms.price(query.entry), terms.price(query.stop)
    risked = terms.parse_amount(query.risk)
    with refusing():
        sizing = calculators.size_from_risk(terms.contract, risked, entry, stop)
    shape = shapes.PositionSize(
        symbol=terms.of.symbol,
        quantity=terms.of.quantity(sizing.quantity),
        notional=terms.amount(sizing.notional),
        loss_at_stop=terms.amount(sizing.loss_at_stop),
        highest_leverage=sizing.highest_leverage,
    )
    return answer(shape)


@router.get("/largest", **route(shapes.LargestPosition))
async def calculate_largest(door: OneWorld, query: Annotated[LargestQuery, Query()]) -> Response:
    """The largest position that a balance opens."""
    terms = terms_of(door, query)
    price, funds = terms.price(query.entry), terms.parse_amount(query.balance)
    with refusing():
        quantity = calculators.largest_position(terms.contract, funds, price, query.leverage)
    shape = shapes.LargestPosition(
        symbol=terms.of.symbol,
        quantity=terms.of.quantity(quantity),
        notional=terms.amount(terms.contract.terms.notional(quantity, price)),
    )
    return answer(shape)


@router.get("/margin", **route(shapes.MarginNeeded))
async def calculate_margin(door: OneWorld, query: Annotated[MarginQuery, Query()]) -> Response:
    """MARG-2 to MARG-4: what opening a position takes, and its lines at the entry price."""
    terms = terms_of(door, query)
    trade = terms.trade(query)
    with refusing():
        needed = calculators.margin_needed(
            trade, query.leverage, door.world.state.parameters.call_ratio
        )
    shape = shapes.MarginNeeded(
        symbol=terms.of.symbol,
        notional=terms.amount(needed.notional),
        initial_margin=terms.amount(needed.initial_margin),
        fee=terms.amount(needed.fee),
        cost=terms.amount(needed.cost),
        call_margin=terms.amount(needed.call_margin),
        maintenance_margin=terms.amount(needed.maintenance_margin),
    )
    return answer(shape)


@router.get("/average", **route(shapes.AverageEntry))
async def calculate_average(door: OneWorld, query: Annotated[AverageQuery, Query()]) -> Response:
    """UNIT-2: the position that several fills leave, and its average entry price."""
    terms = terms_of(door, query)
    fills = [_fill(terms, text) for text in query.fills.split(",")]
    with refusing():
        found = calculators.average_entry(
            terms.contract.terms, names.POSITION_SIDES[query.side], fills
        )
    shape = shapes.AverageEntry(
        symbol=terms.of.symbol,
        quantity=terms.of.quantity(found.quantity),
        entry_notional=terms.amount(found.entry_notional),
        entry_price=terms.of.optional_price(found.entry_price),
        realized_pnl=terms.amount(found.realized_pnl),
    )
    return answer(shape)


def _fill(terms: Terms, text: str) -> tuple[int, int]:
    """`0.5@20000`, or `-0.5@21000`. Raises MalformedRequest."""
    quantity, at, price = text.strip().partition("@")
    if not at:
        raise MalformedRequest(f"fills: {text[:40]} should be like 0.5@20000")
    size = terms.quantity(quantity.removeprefix("-"))
    return -size if quantity.startswith("-") else size, terms.price(price)
