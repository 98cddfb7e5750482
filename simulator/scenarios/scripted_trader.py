"""A trader who does one thing: opens one leveraged position and lives with it.

Replays use it to ask what would have become of somebody who was 20 times long that morning. On a
spot instrument the position is what was bought with borrowed money, or a borrowed asset sold.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from simulator.core.model.commands import (
    AnyCommand,
    PlaceOrder,
    SetCrossLeverage,
    SetLeverage,
    SetMarginMode,
)
from simulator.core.model.enums import MarginMode, MarketState, OrderType, Side
from simulator.core.model.instruments import Instrument, WorldParameters
from simulator.core.model.margin_levels import LevelRows, isolated_leverage
from simulator.core.model.units import RATE_ONE, divide_up, rate_of_up, round_down_to
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


def spot_products(parameters: WorldParameters, mode: MarginMode) -> LevelRows:
    """BOR-5: leverages and levels of spot margin, in CROSS or in the isolated wallet of a pair."""
    isolated = mode == MarginMode.ISOLATED
    return parameters.isolated_levels if isolated else parameters.cross_levels


def parse_trader(
    text: str,
    instruments: Mapping[str, Instrument],
    decimals: int,
    parameters: WorldParameters = WorldParameters(),
) -> TraderSpec:
    """Reads `ann:BTCUSDT-PERP:long:20x:isolated:1000`.

    Raises:
        TraderSpecError: the form, the symbol, the leverage on spot or the deposit is wrong.
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
    leverage = int(match["leverage"])
    mode = MarginMode.ISOLATED if match["mode"] == "isolated" else MarginMode.CROSS
    products = [row[0] for row in spot_products(parameters, mode)]
    if terms.base_asset_id is not None and leverage not in products:
        allowed = ", ".join(f"{product}x" for product in products)
        raise TraderSpecError(f'"{text}": {match["mode"]} spot margin has {allowed} (BOR-5)')
    side = Side.BUY if match["side"] == "long" else Side.SELL
    return TraderSpec(match["name"], terms, side, leverage, mode, deposit)


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
        leverage, quantity = spec.leverage, position_quantity(spec, price)
        if spec.terms.base_asset_id is not None:
            leverage, quantity = spot_quantity(spec, price, state)
        chosen: AnyCommand = SetLeverage(self.account_id, instrument_id, leverage)
        if spec.terms.base_asset_id is not None and spec.margin_mode == MarginMode.CROSS:
            chosen = SetCrossLeverage(self.account_id, leverage)
        return [
            SetMarginMode(self.account_id, instrument_id, spec.margin_mode),
            chosen,
            PlaceOrder(self.account_id, instrument_id, spec.side, OrderType.MARKET, quantity),
        ]


def position_quantity(spec: TraderSpec, price: int) -> int:
    """The most whole lots whose margin and costs the deposit pays: `N/L + costs*N <= deposit`."""
    return _affordable(spec, price, RATE_ONE // spec.leverage)


def _affordable(spec: TraderSpec, price: int, margin_rate: int) -> int:
    """As many lots as the deposit pays at so much margin per notional and the costs; one at least.

    `margin_rate` is in 1e-12.
    """
    per_unit = spec.terms.notional(1, price)
    affordable = spec.deposit // max(1, rate_of_up(per_unit, margin_rate + _COSTS))
    return max(spec.terms.lot_size, round_down_to(affordable, spec.terms.lot_size))


def spot_quantity(spec: TraderSpec, price: int, state: ExchangeState) -> tuple[int, int]:
    """Leverage and quantity on a spot instrument: the highest product up to the chosen one whose
    debt stays in a tier that allows it (BOR-5), the lowest product if none does.
    """
    rows = spot_products(state.parameters, spec.margin_mode)
    products = [row[0] for row in rows if row[0] <= spec.leverage] or [rows[0][0]]
    found = (products[0], 0)
    for product in products:
        quantity = _affordable(spec, price, _spot_margin_rate(spec, product, state))
        if found[1] == 0 or _is_in_tier(spec, price, quantity, product):
            found = (product, quantity)
    return found


def _spot_margin_rate(spec: TraderSpec, leverage: int, state: ExchangeState) -> int:
    """Own money per notional traded (WAL-4): a long N/L, a short N/(L - 1).

    In CROSS a haircut h on what is bought has to be covered too (MARG-1):
    `V (1 - h) - D >= D / (L - 1)` with debts `D = V - own` gives `own = V (1 + h (L - 1)) / L`.
    """
    if spec.side == Side.SELL:
        return divide_up(RATE_ONE, leverage - 1)
    haircut = 0
    if spec.margin_mode == MarginMode.CROSS and spec.terms.base_asset_id is not None:
        haircut = state.assets[spec.terms.base_asset_id].haircut_rate
    return divide_up(RATE_ONE + haircut * (leverage - 1), leverage)


def _is_in_tier(spec: TraderSpec, price: int, quantity: int, leverage: int) -> bool:
    """Whether the isolated wallet may have the leverage with the debt of such a trade."""
    if spec.margin_mode != MarginMode.ISOLATED:
        return True
    terms, base, quote = spec.terms, 0, 0
    if spec.side == Side.SELL:
        base = quantity * terms.base_multiplier
    else:
        quote = terms.notional(quantity, price) * (leverage - 1) // leverage
    highest = isolated_leverage(terms.margin_tiers, base, quote, leverage)
    return highest == 100 * leverage
