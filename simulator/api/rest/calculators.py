"""What a trade would come to on a world's terms: the calculators, for everybody."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

from fastapi import Query, Response

from simulator.analytics import calculators
from simulator.analytics.calculators import Contract, LeverageTooHighError, Trade
from simulator.api import names
from simulator.api.documents import route
from simulator.api.errors import MalformedRequest, RefusedByRule
from simulator.api.rest.common import NoQuery, OneWorld, answer, limit_by_host
from simulator.api.rest.routing import v1_router
from simulator.api.service import Door
from simulator.api.shapes import calculators as shapes
from simulator.api.shapes.base import MAX_DECIMAL_TEXT, PositionSideName
from simulator.api.wire import InstrumentNumbers, optional_rate, unsigned
from simulator.core.model.rejects import RejectReason
from simulator.decimal_text import RATE_DECIMALS

router = v1_router("calculators", "/worlds/{world}/calculators", limit_by_host)

_MOST_LEVERAGE: Final = 1_000


def _decimal(description: str) -> object:
    return Query(min_length=1, max_length=MAX_DECIMAL_TEXT, description=description)


Entry = Annotated[str, _decimal("The price at which the position is opened.")]
Quantity = Annotated[str, _decimal("In the base asset.")]
Leverage = Annotated[int, Query(ge=1, le=_MOST_LEVERAGE, description="As a whole number.")]
Side = Annotated[PositionSideName, Query(description="The side of the position.")]


class ContractQuery(NoQuery):
    symbol: Annotated[str, Query(max_length=64, description="The instrument.")]
    fee_rate: Annotated[
        str | None, _decimal("Of a fill, like 0.0005; by default the instrument's taker fee.")
    ] = None


class PositionQuery(ContractQuery):
    side: Side
    entry: Entry
    quantity: Quantity = "1"


class LiquidationQuery(PositionQuery):
    leverage: Leverage
    more_margin: Annotated[str, _decimal("Margin added to the position.")] = "0"


class PnlQuery(PositionQuery):
    exit: Annotated[str, _decimal("The price at which it is closed.")]
    leverage: Leverage = 1


class TargetQuery(PositionQuery):
    profit: Annotated[str, _decimal("What is to be left after fees; 0 breaks even.")] = "0"


class SizeQuery(ContractQuery):
    risk: Annotated[str, _decimal("What may be lost at the stop, fees included.")]
    entry: Entry
    stop: Annotated[str, _decimal("Below the entry of a long, above that of a short.")]


class LargestQuery(ContractQuery):
    balance: Annotated[str, _decimal("What there is for margin and fee.")]
    entry: Entry
    leverage: Leverage


class Terms:
    """The contract that a query is about, and its numbers."""

    def __init__(self, door: Door, query: ContractQuery) -> None:
        self._numbers = door.numbers
        self.of: InstrumentNumbers = door.numbers.by_symbol(query.symbol)
        record = door.world.state.instruments[self.of.instrument_id]
        rate = record.terms.taker_fee_rate
        if query.fee_rate is not None:
            rate = unsigned(query.fee_rate, RATE_DECIMALS, "fee_rate")
        self.contract = Contract(record.terms, record.tiers, rate)

    def price(self, text: str) -> int:
        return _above_zero("price", self.of.parse_price(text))

    def trade(self, query: PositionQuery) -> Trade:
        quantity = _above_zero("quantity", self.of.parse_quantity(query.quantity))
        side = names.POSITION_SIDES[query.side]
        return Trade(self.contract, side, quantity, self.price(query.entry))

    def parse_amount(self, text: str) -> int:
        return self._numbers.parse_amount(text, self.contract.terms.quote_asset_id)

    def amount(self, value: int) -> str:
        return self._numbers.amount(value, self.contract.terms.quote_asset_id)


def _above_zero(field: str, value: int) -> int:
    if value <= 0:
        raise MalformedRequest(f"{field}: it should be above zero")
    return value


@contextmanager
def _refusing() -> Iterator[None]:
    """Raises RefusedByRule, MalformedRequest."""
    try:
        yield
    except LeverageTooHighError as error:
        raise RefusedByRule(
            str(error),
            RejectReason.LEVERAGE_NOT_ALLOWED.name,
            needed=str(error.leverage),
            available=str(error.highest),
        ) from error
    except ValueError as error:
        raise MalformedRequest(str(error)) from error


@router.get("/liquidation", **route(shapes.LiquidationLines))
async def calculate_liquidation(
    door: OneWorld, query: Annotated[LiquidationQuery, Query()]
) -> Response:
    """MARG-7, MARG-8: where an isolated position is liquidated, and where its margin is gone."""
    terms = Terms(door, query)
    trade, more = terms.trade(query), terms.parse_amount(query.more_margin)
    with _refusing():
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
    terms = Terms(door, query)
    trade, end = terms.trade(query), terms.price(query.exit)
    with _refusing():
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
    terms = Terms(door, query)
    trade, wanted = terms.trade(query), terms.parse_amount(query.profit)
    with _refusing():
        price = calculators.target_price(trade, wanted)
    return answer(shapes.TargetPrice(symbol=terms.of.symbol, price=terms.of.optional_price(price)))


@router.get("/size", **route(shapes.PositionSize))
async def calculate_size(door: OneWorld, query: Annotated[SizeQuery, Query()]) -> Response:
    """The largest position that loses no more than `risk` at the stop, and its leverage."""
    terms = Terms(door, query)
    entry, stop = terms.price(query.entry), terms.price(query.stop)
    risked = terms.parse_amount(query.risk)
    with _refusing():
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
    terms = Terms(door, query)
    price, funds = terms.price(query.entry), terms.parse_amount(query.balance)
    with _refusing():
        quantity = calculators.largest_position(terms.contract, funds, price, query.leverage)
    shape = shapes.LargestPosition(
        symbol=terms.of.symbol,
        quantity=terms.of.quantity(quantity),
        notional=terms.amount(terms.contract.terms.notional(quantity, price)),
    )
    return answer(shape)
