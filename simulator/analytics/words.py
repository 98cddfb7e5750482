"""Numbers of one world as text, and what several parts of a card say in the same words."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from simulator.analytics.episode import PathPoint
from simulator.core.model.enums import InstrumentKind, PositionSide
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.state.exchange_state import ExchangeState
from simulator.decimal_text import RATE_DECIMALS

_MILESTONES: Final = 6


def number(value: int, decimals: int) -> str:
    """All digits, with thousands separated."""
    exact = Decimal(value).scaleb(-decimals).normalize()
    return f"{exact:,f}"


class Words:
    """Numbers of one world as text."""

    def __init__(self, state: ExchangeState) -> None:
        self._assets = state.assets
        self._terms = {key: record.terms for key, record in state.instruments.items()}

    def amount(self, value: int, asset_id: int = VALUATION_ASSET) -> str:
        asset = self._assets[asset_id]
        return f"{number(value, asset.decimals)} {asset.code}"

    def plain(self, value: int) -> str:
        """An amount without the name of its asset."""
        return number(value, self._assets[VALUATION_ASSET].decimals)

    def price(self, instrument_id: int, value: int) -> str:
        return number(value, self._terms[instrument_id].price_decimals)

    def quantity(self, instrument_id: int, value: int) -> str:
        terms = self._terms[instrument_id]
        return f"{number(value, terms.quantity_decimals)} {terms.base}"

    def quantity_of_amount(self, instrument_id: int, amount: int) -> str:
        """Of the base asset of a spot instrument, in its minor units."""
        asset_id = self._terms[instrument_id].base_asset_id
        return self.amount(amount, VALUATION_ASSET if asset_id is None else asset_id)

    def size(self, instrument_id: int, value: int) -> str:
        return number(value, self._terms[instrument_id].quantity_decimals)

    def symbol(self, instrument_id: int) -> str:
        return self._terms[instrument_id].symbol

    def mark(self, instrument_id: int) -> str:
        """What the price of an instrument is called: that of a coin is an index."""
        return "index" if self._terms[instrument_id].kind is InstrumentKind.SPOT else "mark"

    def at_mark(self, instrument_id: int, price: int) -> str:
        what = self.mark(instrument_id)
        article = "an" if what == "index" else "a"
        return f"{article} {what} of {self.price(instrument_id, price)}"

    @staticmethod
    def percent(rate: int) -> str:
        return f"{number(rate, RATE_DECIMALS - 2)} %"

    @staticmethod
    def rate(rate: int) -> str:
        return number(rate, RATE_DECIMALS)

    @staticmethod
    def time(time_ns: int) -> str:
        moment = datetime.fromtimestamp(time_ns // 10**9, UTC)
        return f"{moment:%Y-%m-%d %H:%M:%S}"


def side_name(side: PositionSide) -> str:
    return "long" if side is PositionSide.LONG else "short"


def told_path(words: Words, instrument_id: int, path: Sequence[PathPoint]) -> str:
    """The first and the last point of a path, and a few evenly between them."""
    points = list(path)
    if len(path) > _MILESTONES:
        last = len(path) - 1
        points = [path[last * each // (_MILESTONES - 1)] for each in range(_MILESTONES)]
    return ", then ".join(
        f"{words.price(instrument_id, each.mark_price)} at {words.time(each.time_ns)}"
        for each in points
    )
