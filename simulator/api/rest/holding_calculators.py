"""What it costs and risks to hold on, on a world's terms: calculators for everybody.

Interest and funding of a time, the lines of a CROSS wallet with several positions and debts, and
the chance of a liquidation. Chances are drawn off the event loop, one request after the other.
"""

import asyncio
from typing import Annotated, Final

from fastapi import Query, Request, Response

from simulator.analytics import carrying_costs, cross_unit, liquidation_odds
from simulator.analytics.calculators import Trade, liquidation
from simulator.analytics.cross_unit import Debt, Marked
from simulator.analytics.liquidation_odds import PriceModel, Sample
from simulator.api import names
from simulator.api.documents import route
from simulator.api.errors import MalformedRequest
from simulator.api.rest.calculator_terms import (
    Leverage,
    PositionQuery,
    Terms,
    decimal_query,
    refusing,
    terms_of,
)
from simulator.api.rest.common import NoQuery, OneWorld, answer, api_of, limit_by_host
from simulator.api.rest.routing import v1_router
from simulator.api.service import Door
from simulator.api.shapes import calculators as shapes
from simulator.api.shapes.base import MAX_DECIMAL_TEXT
from simulator.api.wire import optional_rate, unsigned
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.decimal_text import RATE_DECIMALS, DecimalError, format_rate, parse_rate

router = v1_router("calculators", "/worlds/{world}/calculators", limit_by_host)

MOST_HOURS: Final = 24 * 366
MOST_DRAWS: Final = 1_000_000
"""Paths times steps over REST; the command line draws more."""

MOST_OTHERS: Final = 20

Hours = Annotated[int, Query(ge=0, le=MOST_HOURS, description="World time, in whole hours.")]


class InterestQuery(NoQuery):
    principal: Annotated[str, decimal_query("What is borrowed, in the valuation asset.")]
    daily_rate: Annotated[str, decimal_query("Per day, like 0.0003.")]
    hours: Hours
    assets: Annotated[
        str | None, decimal_query("What the wallet holds, for its margin level at the end.")
    ] = None


class FundingQuery(PositionQuery):
    rate: Annotated[
        str,
        Query(
            min_length=1,
            max_length=MAX_DECIMAL_TEXT,
            description="Of one stamp, like 0.0001; longs receive a negative one.",
        ),
    ]
    hours: Hours
    interval_hours: Annotated[int, Query(ge=1, le=24, description="Between two stamps.")] = 8


class CrossQuery(PositionQuery):
    balance: Annotated[str, decimal_query("What the wallet holds, borrowed money included.")]
    mark: Annotated[str | None, decimal_query("By default the instrument's mark of now.")] = None
    others: Annotated[
        str,
        Query(
            max_length=2_000,
            description="Other positions, `SYMBOL:LONG:quantity:entry`, and perhaps `:mark`, "
            "joined by commas.",
        ),
    ] = ""
    debt: Annotated[str, decimal_query("What the wallet owes.")] = "0"
    call_level: Annotated[str, decimal_query("Of the debt, like 1.16.")] = "1.16"
    liquidation_level: Annotated[str, decimal_query("Of the debt, like 1.1.")] = "1.1"


class OddsQuery(PositionQuery):
    leverage: Leverage
    hours: Annotated[int, Query(ge=1, le=MOST_HOURS, description="In which it may happen.")]
    volatility: Annotated[str, decimal_query("Annualized, like 0.8.")]
    mark: Annotated[str | None, decimal_query("By default the entry price.")] = None
    more_margin: Annotated[str, decimal_query("Margin added to the position.")] = "0"
    jumps_per_year: Annotated[int, Query(ge=0, le=10_000, description="On average.")] = 0
    jump_mean: Annotated[
        str, Query(max_length=MAX_DECIMAL_TEXT, description="Of the log price, like -0.05.")
    ] = "0"
    jump_deviation: Annotated[str, decimal_query("Of the log price.")] = "0"
    paths: Annotated[int, Query(ge=1, le=20_000, description="To be drawn.")] = 4_000
    steps: Annotated[int, Query(ge=1, le=10_000, description="Of each path.")] = 200
    seed: Annotated[int, Query(ge=0, lt=1 << 53, description="The same draws the same.")] = 1


def _rate(field: str, text: str) -> int:
    """A rate that may be negative. Raises MalformedRequest."""
    try:
        return parse_rate(text)
    except DecimalError as error:
        raise MalformedRequest(f"{field}: {error}") from error


@router.get("/interest", **route(shapes.InterestCost))
async def calculate_interest(door: OneWorld, query: Annotated[InterestQuery, Query()]) -> Response:
    """What a loan costs: one hour at once, then one at each clock hour."""
    numbers = door.numbers
    principal = numbers.parse_amount(query.principal, VALUATION_ASSET)
    rate = unsigned(query.daily_rate, RATE_DECIMALS, "daily_rate")
    assets = None
    if query.assets is not None:
        assets = numbers.parse_amount(query.assets, VALUATION_ASSET)
    found = carrying_costs.interest_cost(principal, rate, query.hours, assets)
    shape = shapes.InterestCost(
        charges=found.charges,
        per_charge=numbers.amount(found.per_charge),
        interest=numbers.amount(found.interest),
        margin_level=optional_rate(found.margin_level),
    )
    return answer(shape)


@router.get("/funding", **route(shapes.FundingCost))
async def calculate_funding(door: OneWorld, query: Annotated[FundingQuery, Query()]) -> Response:
    """What funding comes to at one rate and mark, the entry price."""
    terms = terms_of(door, query)
    trade, rate = terms.trade(query), _rate("rate", query.rate)
    with refusing():
        found = carrying_costs.funding_cost(trade, rate, query.hours, query.interval_hours)
    shape = shapes.FundingCost(
        symbol=terms.of.symbol,
        payments=found.payments,
        per_payment=terms.amount(found.per_payment),
        cost=terms.amount(found.cost),
    )
    return answer(shape)


@router.get("/cross", **route(shapes.UnitLines))
async def calculate_cross(door: OneWorld, query: Annotated[CrossQuery, Query()]) -> Response:
    """MARG-1 to MARG-3, MARG-7: a CROSS wallet with several positions, and perhaps a debt.

    On a spot instrument LONG is what it holds of the asset, SHORT what it owes of it.
    """
    terms = terms_of(door, query)
    position = _marked(terms, terms.trade(query), query.mark)
    texts = [text for text in query.others.split(",") if text]
    if len(texts) > MOST_OTHERS:
        raise MalformedRequest(f"others: there should be at most {MOST_OTHERS}")
    levels = (query.call_level, query.liquidation_level)
    call, line = (unsigned(each, RATE_DECIMALS, "level") for each in levels)
    debt = Debt(terms.parse_amount(query.debt), call, line)
    others = [_other(door, text) for text in texts]
    balance, ratio = terms.parse_amount(query.balance), door.world.state.parameters.call_ratio
    with refusing():
        found = cross_unit.cross_liquidation(position, balance, others, debt, ratio)
    shape = shapes.UnitLines(
        symbol=terms.of.symbol,
        equity=terms.amount(found.equity),
        maintenance_margin=terms.amount(found.maintenance_margin),
        call_margin=terms.amount(found.call_margin),
        liquidation_price=terms.of.optional_price(found.liquidation_price),
        status=found.status.upper(),
        bankruptcy_price=terms.of.optional_price(found.bankruptcy_price),
        margin_level=optional_rate(found.margin_level),
    )
    return answer(shape)


def _marked(terms: Terms, trade: Trade, mark: str | None) -> Marked:
    """Raises MalformedRequest where there is no mark and none is given."""
    if mark is not None:
        return Marked(trade, terms.price(mark))
    if terms.mark_price is None:
        raise MalformedRequest(f"mark: {terms.of.symbol} has no mark price yet, so give one")
    return Marked(trade, terms.mark_price)


def _other(door: Door, text: str) -> Marked:
    """`ETHUSDT-PERP:LONG:1:2000:1900`. Raises MalformedRequest, NotFound."""
    parts = text.strip().split(":")
    if len(parts) not in (4, 5) or parts[1] not in names.POSITION_SIDES:
        raise MalformedRequest(
            f"others: {text[:80]} should be like ETHUSDT-PERP:LONG:1:2000 or ...:2000:1900"
        )
    terms = Terms(door, parts[0])
    side = names.POSITION_SIDES["LONG" if parts[1] == "LONG" else "SHORT"]
    trade = Trade(terms.contract, side, terms.quantity(parts[2]), terms.price(parts[3]))
    return _marked(terms, trade, parts[4] if len(parts) == 5 else None)


@router.get("/odds", **route(shapes.LiquidationOdds))
async def calculate_odds(
    request: Request, door: OneWorld, query: Annotated[OddsQuery, Query()]
) -> Response:
    """How likely an isolated position is liquidated within a time, by drawn paths."""
    terms = terms_of(door, query)
    trade = terms.trade(query)
    mark = trade.entry if query.mark is None else terms.price(query.mark)
    if query.paths * query.steps > MOST_DRAWS:
        raise MalformedRequest(f"paths times steps should be at most {MOST_DRAWS:,}")
    with refusing():
        lines = liquidation(trade, query.leverage, terms.parse_amount(query.more_margin))
    model = PriceModel(
        unsigned(query.volatility, RATE_DECIMALS, "volatility"),
        query.jumps_per_year,
        _rate("jump_mean", query.jump_mean),
        unsigned(query.jump_deviation, RATE_DECIMALS, "jump_deviation"),
    )
    prices = (mark, lines.liquidation_price)
    sample = Sample(query.paths, query.steps, query.seed)
    with refusing():
        async with api_of(request).working:
            odds = await asyncio.to_thread(
                liquidation_odds.liquidation_odds,
                prices,
                trade.side,
                query.hours * 3600,
                model,
                sample,
            )
    shape = shapes.LiquidationOdds(
        symbol=terms.of.symbol,
        mark_price=terms.of.price(mark),
        liquidation_price=terms.of.optional_price(lines.liquidation_price),
        probability=format_rate(odds.probability),
        standard_error=format_rate(odds.standard_error),
        crossed=odds.crossed,
        paths=odds.paths,
        assumptions=list(odds.assumptions),
    )
    return answer(shape)
