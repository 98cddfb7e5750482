"""Numbers at the edge: decimal text of a request into integers, integers into decimal text.

`Numbers` knows the decimals of one world's instruments and assets, and symbols instead of ids.
Text that is no decimal, or beyond 2^62 units, is malformed (422); more decimals than a tick or a
lot can have is what the rules call off tick or off lot (409), because that is what a trader means.
"""

from functools import lru_cache
from typing import Final

from simulator.api.errors import ApiProblem, MalformedRequest, NotFound, RefusedByRule, refused
from simulator.api.errors import refusal_detail as _detail
from simulator.core.model.instruments import VALUATION_ASSET, Instrument
from simulator.core.model.rejects import REJECT_TEXTS, Refusal, RejectReason
from simulator.core.model.units import AMOUNT_LIMIT, RATE_ONE, divide_half_even
from simulator.core.state.exchange_state import ExchangeState
from simulator.decimal_text import DecimalError, format_decimal, format_rate, parse_decimal

NS_PER_MS: Final = 1_000_000

_REMEMBERED: Final = 1 << 14
"""Texts and numbers that need not be converted twice."""

_OF_PRICE: Final = frozenset(
    {
        RejectReason.PRICE_NOT_ON_TICK,
        RejectReason.PRICE_OUTSIDE_BAND,
        RejectReason.POST_ONLY_WOULD_TAKE,
        RejectReason.TRIGGER_ALREADY_MET,
    }
)
_OF_QUANTITY: Final = frozenset(
    {
        RejectReason.QUANTITY_NOT_ON_LOT,
        RejectReason.QUANTITY_TOO_SMALL,
        RejectReason.QUANTITY_TOO_LARGE,
        RejectReason.QUANTITY_ALREADY_FILLED,
        RejectReason.REDUCE_ONLY_WITHOUT_POSITION,
        RejectReason.FILL_OR_KILL_NOT_FILLABLE,
        RejectReason.WOULD_CAUSE_MARGIN_CALL,
    }
)
_OF_AMOUNT: Final = frozenset(
    {
        RejectReason.INVALID_AMOUNT,
        RejectReason.NOTIONAL_TOO_SMALL,
        RejectReason.POSITION_LIMIT,
        RejectReason.INSUFFICIENT_BALANCE,
        RejectReason.INSUFFICIENT_MARGIN,
        RejectReason.DEPOSIT_LIMIT,
        RejectReason.LENDING_POOL_EXHAUSTED,
        RejectReason.BORROW_CAP,
        RejectReason.NOTHING_OWED,
    }
)


def milliseconds(time_ns: int) -> int:
    return time_ns // NS_PER_MS


def optional_rate(rate: int | None) -> str | None:
    return None if rate is None else format_rate(rate)


def speed_text(numerator: int, denominator: int) -> str:
    """A clock's speed as a decimal of at most six places."""
    return format_decimal(divide_half_even(numerator * 10**6, denominator), 6)


@lru_cache(maxsize=_REMEMBERED)
def _text(value: int, decimals: int) -> str:
    """Prices and quantities come again and again; amounts do not, and are not remembered."""
    return format_decimal(value, decimals)


def unsigned(text: str, decimals: int, field: str) -> int:
    """A number of a request.

    Raises:
        MalformedRequest: no decimal, a sign, too many decimals, or 2^62 units and more.
    """
    value = _unless_finer(text, decimals, field)
    if value is None:
        raise MalformedRequest(f"{field}: {text} has more than {decimals} decimals")
    return value


@lru_cache(maxsize=_REMEMBERED)
def _unless_finer(text: str, decimals: int, field: str) -> int | None:
    """The number in units of `10 ** -decimals`; none if it is finer than that."""
    extra = max(0, len(text.partition(".")[2].rstrip("0")) - decimals)
    try:
        value = parse_decimal(text, decimals + extra)
    except DecimalError as error:
        raise MalformedRequest(f"{field}: {error}") from error
    if text.startswith("-"):
        raise MalformedRequest(f"{field}: {text} should not have a sign")
    if value >= AMOUNT_LIMIT * 10**extra:
        raise MalformedRequest(
            f"{field}: {text} should be below {format_decimal(AMOUNT_LIMIT, decimals)}"
        )
    return None if extra else value


def parse_rate(text: str, field: str) -> int:
    """A decimal fraction as a rate: 0.01 is 1 %. Raises MalformedRequest."""
    return unsigned(text, len(str(RATE_ONE)) - 1, field)


class InstrumentNumbers:
    """Prices, quantities and amounts of one instrument as text, and back."""

    __slots__ = ("_price_decimals", "_quantity_decimals", "instrument_id", "symbol", "terms")

    def __init__(self, terms: Instrument) -> None:
        self.terms = terms
        self.symbol = terms.symbol
        self.instrument_id = terms.instrument_id
        self._price_decimals = terms.price_decimals
        self._quantity_decimals = terms.quantity_decimals

    def price(self, price: int) -> str:
        return _text(price, self._price_decimals)

    def optional_price(self, price: int | None) -> str | None:
        return None if price is None else _text(price, self._price_decimals)

    def quantity(self, quantity: int) -> str:
        return _text(quantity, self._quantity_decimals)

    def average_price(self, notional: int, quantity: int) -> str | None:
        """The mean price of what was filled, half-even; none if nothing was."""
        if quantity == 0:
            return None
        unit = quantity * self.terms.notional_multiplier
        return self.price(divide_half_even(notional, unit))

    def parse_price(self, text: str, field: str = "price") -> int:
        """Raises MalformedRequest, or RefusedByRule if it is finer than any tick."""
        price = _unless_finer(text, self._price_decimals, field)
        if price is None:
            tick = self.price(self.terms.tick_size)
            raise _too_fine(RejectReason.PRICE_NOT_ON_TICK, tick, text)
        return price

    def parse_optional_price(self, text: str | None, field: str = "price") -> int | None:
        """As `parse_price`; none stays none."""
        return None if text is None else self.parse_price(text, field)

    def parse_quantity(self, text: str) -> int:
        """Raises MalformedRequest, or RefusedByRule if it is finer than any lot."""
        quantity = _unless_finer(text, self._quantity_decimals, "quantity")
        if quantity is None:
            lot = self.quantity(self.terms.lot_size)
            raise _too_fine(RejectReason.QUANTITY_NOT_ON_LOT, lot, text)
        return quantity


def _too_fine(reason: RejectReason, step: str, text: str) -> RefusedByRule:
    return RefusedByRule(_detail(reason, step, text), reason.name, needed=step, available=text)


class Numbers:
    """All instruments and assets of one world, by symbol or code and by id."""

    def __init__(self, state: ExchangeState) -> None:
        self._state = state
        self._by_symbol: dict[str, InstrumentNumbers] = {}
        self._by_id: dict[int, InstrumentNumbers] = {}

    def by_symbol(self, symbol: str) -> InstrumentNumbers:
        """Raises NotFound."""
        found = self._by_symbol.get(symbol)
        if found is None:
            self._learn()
            found = self._by_symbol.get(symbol)
        if found is None:
            reason = RejectReason.UNKNOWN_INSTRUMENT
            raise NotFound(REJECT_TEXTS[reason], reason.name)
        return found

    def by_id(self, instrument_id: int) -> InstrumentNumbers:
        found = self._by_id.get(instrument_id)
        if found is None:
            self._learn()
            found = self._by_id[instrument_id]
        return found

    def _learn(self) -> None:
        """Takes in what was listed since; terms never change once listed."""
        for instrument_id, record in self._state.instruments.items():
            if instrument_id not in self._by_id:
                numbers = InstrumentNumbers(record.terms)
                self._by_id[instrument_id] = numbers
                self._by_symbol[numbers.symbol] = numbers

    def symbol(self, instrument_id: int) -> str:
        return self.by_id(instrument_id).symbol

    def asset_id(self, code: str | None) -> int:
        """The asset of this code, by default the valuation asset. Raises NotFound."""
        if code is None:
            return VALUATION_ASSET
        for asset in self._state.assets.values():
            if asset.code == code:
                return asset.asset_id
        reason = RejectReason.UNKNOWN_ASSET
        raise NotFound(REJECT_TEXTS[reason], reason.name)

    def asset_code(self, asset_id: int) -> str:
        return self._state.assets[asset_id].code

    def amount(self, amount: int, asset_id: int = VALUATION_ASSET) -> str:
        return format_decimal(amount, self._state.assets[asset_id].decimals)

    def index_price(self, asset_id: int, price: int | None) -> str | None:
        """A price of the spot instrument by which an asset is valued."""
        record = self._state.spot_records.get(asset_id)
        if price is None or record is None:
            return None
        return self.by_id(record.terms.instrument_id).price(price)

    def optional_amount(self, amount: int | None) -> str | None:
        return None if amount is None else self.amount(amount)

    def parse_amount(self, text: str, asset_id: int) -> int:
        """Raises MalformedRequest."""
        return unsigned(text, self._state.assets[asset_id].decimals, "amount")

    def refusal_numbers(
        self, refusal: Refusal, instrument_id: int | None, asset_id: int = VALUATION_ASSET
    ) -> tuple[str | None, str | None]:
        """`needed` and `available` of a refusal as text, in the unit of its reason."""
        return (
            self._number(refusal.reason, refusal.needed, instrument_id, asset_id),
            self._number(refusal.reason, refusal.available, instrument_id, asset_id),
        )

    def _number(
        self, reason: RejectReason, value: int | None, instrument_id: int | None, asset_id: int
    ) -> str | None:
        if value is None or reason in (RejectReason.UNKNOWN_ASSET, RejectReason.UNKNOWN_WALLET):
            return None
        if reason in _OF_AMOUNT:
            return self.amount(value, asset_id)
        if reason in _OF_PRICE and instrument_id is not None:
            return self.by_id(instrument_id).price(value)
        if reason in _OF_QUANTITY and instrument_id is not None:
            return self.by_id(instrument_id).quantity(value)
        if reason == RejectReason.INVALID_TERMS:
            return format_decimal(value, len(str(RATE_ONE)) - 1)
        return str(value)

    @staticmethod
    def is_amount(reason: RejectReason) -> bool:
        """Whether a refusal for this reason counts in an asset."""
        return reason in _OF_AMOUNT

    def problem(
        self,
        refusal: Refusal,
        instrument_id: int | None = None,
        seq: int | None = None,
        asset_id: int = VALUATION_ASSET,
    ) -> ApiProblem:
        """A refusal of the core as the API answers it; amounts are of the asset."""
        needed, available = self.refusal_numbers(refusal, instrument_id, asset_id)
        return refused(refusal.reason, needed, available, seq)
