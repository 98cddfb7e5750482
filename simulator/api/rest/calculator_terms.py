"""What the calculators over REST share: a contract on a world's terms, and numbers of a query."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final

from fastapi import Query

from simulator.analytics.calculators import Contract, LeverageTooHighError, Trade
from simulator.api import names
from simulator.api.errors import MalformedRequest, RefusedByRule
from simulator.api.rest.common import NoQuery
from simulator.api.service import Door
from simulator.api.shapes.base import MAX_DECIMAL_TEXT, PositionSideName
from simulator.api.wire import InstrumentNumbers, unsigned
from simulator.core.model.rejects import RejectReason
from simulator.decimal_text import RATE_DECIMALS

_MOST_LEVERAGE: Final = 1_000


def decimal_query(description: str) -> Any:
    return Query(min_length=1, max_length=MAX_DECIMAL_TEXT, description=description)


Entry = Annotated[str, decimal_query("The price at which the position is opened.")]
Quantity = Annotated[str, decimal_query("In the base asset.")]
Leverage = Annotated[int, Query(ge=1, le=_MOST_LEVERAGE, description="As a whole number.")]
Side = Annotated[PositionSideName, Query(description="The side of the position.")]


class ContractQuery(NoQuery):
    symbol: Annotated[str, Query(max_length=64, description="The instrument.")]
    fee_rate: Annotated[
        str | None, decimal_query("Of a fill, like 0.0005; by default the instrument's taker fee.")
    ] = None


class PositionQuery(ContractQuery):
    side: Side
    entry: Entry
    quantity: Quantity = "1"


class Terms:
    """The contract that a query is about, and its numbers."""

    def __init__(self, door: Door, symbol: str, fee_rate: str | None = None) -> None:
        self._numbers = door.numbers
        self.of: InstrumentNumbers = door.numbers.by_symbol(symbol)
        record = door.world.state.instruments[self.of.instrument_id]
        rate = record.terms.taker_fee_rate
        if fee_rate is not None:
            rate = unsigned(fee_rate, RATE_DECIMALS, "fee_rate")
        levels = door.world.state.parameters.isolated_levels
        self.contract = Contract(record.terms, record.tiers, rate, levels)
        self.mark_price = record.mark_price
        """None until there was one."""

    def price(self, text: str) -> int:
        return above_zero("price", self.of.parse_price(text))

    def quantity(self, text: str) -> int:
        return above_zero("quantity", self.of.parse_quantity(text))

    def trade(self, query: PositionQuery) -> Trade:
        side = names.POSITION_SIDES[query.side]
        return Trade(self.contract, side, self.quantity(query.quantity), self.price(query.entry))

    def parse_amount(self, text: str) -> int:
        return self._numbers.parse_amount(text, self.contract.terms.quote_asset_id)

    def amount(self, value: int) -> str:
        return self._numbers.amount(value, self.contract.terms.quote_asset_id)


def terms_of(door: Door, query: ContractQuery) -> Terms:
    return Terms(door, query.symbol, query.fee_rate)


def above_zero(field: str, value: int) -> int:
    if value <= 0:
        raise MalformedRequest(f"{field}: it should be above zero")
    return value


@contextmanager
def refusing() -> Iterator[None]:
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
