"""A trader who does one thing: opens one leveraged position and lives with it.

Replays use it to ask what would have become of somebody who was 20 times long that morning.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from simulator.core.model.commands import (
    AnyCommand,
    PlaceOrder,
    SetLeverage,
    SetMarginMode,
)
from simulator.core.model.enums import MarginMode, MarketState, OrderType, Side
from simulator.core.model.instruments import Instrument
from simulator.core.model.units import RATE_ONE, rate_of_up, round_down_to
from simulator.core.state.exchange_state import ExchangeState
from simulator.decimal_text import DecimalError, parse_decimal

_FORM: Final = (
    "NAME:SYMBOL:long|short:LEVERAGEx:isolated|cross:DEPOSIT, "
    "like ann:BTCUSDT-PERP:long:20x:isolated:1000"
)
_SPEC: Final = re.compile(
    r"(?P<name>[a-z][a-z0-9_-]*):(?P<symbol>[A-Z0-9-]+):(?P<side>long|short):"
    r"(?P<leverage>[0-9]+)x?:(?P<mode>isolated|cross):(?P<deposit>[0-9.]+)",
    re.ASCII,
)
_COSTS: Final = RATE_ONE // 200
"""Kept back from the deposit, of the notional: fee, spread, and what the book moves."""


class TraderSpecError(ValueError):
    """A description of a trader that cannot be used; the message says what would be right."""


class TraderSpec(msgspec.Struct, frozen=True):
    """Who opens what: `deposit` in minor units all goes into the position's margin."""

    name: str
    terms: Instrument
    side: Side
    leverage: int
    margin_mode: MarginMode
    deposit: int


def parse_trader(text: str, instruments: Mapping[str, Instrument], decimals: int) -> TraderSpec:
    """Reads `ann:BTCUSDT-PERP:long:20x:isolated:1000`.

    Raises:
        TraderSpecError: the form, the symbol or the deposit is wrong.
    """
    match = _SPEC.fullmatch(text)
    if match is None:
        raise TraderSpecError(f'"{text}" should have the form {_FORM}')
    terms = instruments.get(match["symbol"])
    if terms is None:
        known = ", ".join(sorted(instruments))
        raise TraderSpecError(f'"{text}": {match["symbol"]} is not replayed here, but {known} is')
    try:
        deposit = parse_decimal(match["deposit"], decimals)
    except DecimalError as error:
        raise TraderSpecError(f'"{text}": {error}') from error
    return TraderSpec(
        match["name"],
        terms,
        Side.BUY if match["side"] == "long" else Side.SELL,
        int(match["leverage"]),
        MarginMode.ISOLATED if match["mode"] == "isolated" else MarginMode.CROSS,
        deposit,
    )


class ScriptedTrader:
    """An agent that trades once, as soon as its instrument is open and quoted."""

    def __init__(self, spec: TraderSpec, account_id: int, time_ns: int) -> None:
        self.spec = spec
        self.account_id = account_id
        self.next_wake_ns: int | None = time_ns

    def wake(self, time_ns: int, state: ExchangeState) -> list[AnyCommand]:
        """Looks every second of world time until it can trade; acts once."""
        spec = self.spec
        record = state.instruments[spec.terms.instrument_id]
        book = state.books[spec.terms.instrument_id]
        price = book.opposite_side(spec.side).best_price()
        if record.market_state != MarketState.OPEN or price is None:
            self.next_wake_ns = time_ns + 10**9
            return []
        self.next_wake_ns = None
        instrument_id = spec.terms.instrument_id
        return [
            SetMarginMode(self.account_id, instrument_id, spec.margin_mode),
            SetLeverage(self.account_id, instrument_id, spec.leverage),
            PlaceOrder(
                self.account_id,
                instrument_id,
                spec.side,
                OrderType.MARKET,
                position_quantity(spec, price),
            ),
        ]


def position_quantity(spec: TraderSpec, price: int) -> int:
    """The most whole lots whose margin and costs the deposit pays: `N/L + costs*N <= deposit`."""
    per_unit = spec.terms.notional(1, price)
    margin_rate = RATE_ONE // spec.leverage + _COSTS
    affordable = spec.deposit // max(1, rate_of_up(per_unit, margin_rate))
    return max(spec.terms.lot_size, round_down_to(affordable, spec.terms.lot_size))
