"""MARK-2, FND-1: the mid each second and the premium each five, from what held at those moments.

Nothing steps through the seconds. A command whose time has passed sample moments finds, before it
does anything, what held at all of them: what the commands before them left. So any number of
moments is one event, and a world in which nothing happens costs nothing.

`Samples` is derived: it is in no snapshot, and only says when the next moment comes.
"""

from simulator.core.model.enums import MEDIAN
from simulator.core.model.events import PricesSampled
from simulator.core.model.instruments import VALUATION_ASSET, Instrument
from simulator.core.model.units import (
    MID_SAMPLES,
    NEVER,
    NS_PER_SECOND,
    PREMIUM_SAMPLE_NS,
    RATE_ONE,
    divide_half_even,
)
from simulator.core.rules import margin
from simulator.core.state.book import Book, BookSide
from simulator.core.state.exchange_state import ExchangeState

_IMPACT_UNITS = 200
"""FND-1: by default the impact notional is this, divided by the lowest initial margin rate."""


_HIGHEST_PREMIUM = RATE_ONE // 2


class Samples:
    """When the next sample is to be taken."""

    __slots__ = ("due_ns",)

    def __init__(self) -> None:
        self.due_ns = 0

    def outdate(self) -> None:
        """An instrument was listed: what is sampled may have changed."""
        self.due_ns = 0

    def take(self, state: ExchangeState, until_ns: int) -> PricesSampled | None:
        """The samples of all moments after the time of now, up to and with `until_ns`."""
        self.due_ns = _next_moment(state, max(until_ns, state.time_ns))
        return _sample(state, until_ns) if until_ns > state.time_ns else None


def _next_moment(state: ExchangeState, time_ns: int) -> int:
    due = NEVER
    for record in state.instruments.values():
        if record.terms.mark_method is MEDIAN:
            return (time_ns // NS_PER_SECOND + 1) * NS_PER_SECOND
        if record.terms.funding_interval_ns is not None:
            due = (time_ns // PREMIUM_SAMPLE_NS + 1) * PREMIUM_SAMPLE_NS
    return due


def _sample(state: ExchangeState, until_ns: int) -> PricesSampled | None:
    """One event for the moments passed, if there is anything to be sampled."""
    until_second = until_ns // NS_PER_SECOND
    seconds = until_second - state.time_ns // NS_PER_SECOND
    mids: list[tuple[int, int]] = []
    premiums: list[tuple[int, int, int]] = []
    for instrument_id in sorted(state.instruments):
        record = state.instruments[instrument_id]
        terms, index = record.terms, record.index_price
        if index is None or not margin.is_open(record):
            continue
        if seconds and terms.mark_method is MEDIAN:
            spread = doubled_mid(state.books[instrument_id])
            if spread is not None:
                mids.append((instrument_id, spread - 2 * index))
        count = 0
        if record.next_funding_ns is not None:  # what falls due at the stamp is in its interval
            end_ns = min(until_ns, record.next_funding_ns)
            count = end_ns // PREMIUM_SAMPLE_NS - state.time_ns // PREMIUM_SAMPLE_NS
        if count > 0:
            notional = impact_notional(state, instrument_id)
            book = state.books[instrument_id]
            premiums.append((instrument_id, count, premium_rate(book, terms, notional, index)))
    if not mids and not premiums:
        return None
    return PricesSampled(until_second, min(seconds, MID_SAMPLES), tuple(mids), tuple(premiums))


def doubled_mid(book: Book) -> int | None:
    """Best bid plus best ask; none if one is missing."""
    bid, ask = book.bids.best_price(), book.asks.best_price()
    return None if bid is None or ask is None else bid + ask


def impact_notional(state: ExchangeState, instrument_id: int) -> int:
    """What is offered to either side of the book, in minor units of the quote asset (FND-1)."""
    record = state.instruments[instrument_id]
    if record.terms.impact_notional is not None:
        return record.terms.impact_notional
    unit: int = 10 ** state.assets[VALUATION_ASSET].decimals
    return _IMPACT_UNITS * unit * record.tiers[0].max_leverage


def premium_rate(book: Book, terms: Instrument, notional: int, index: int) -> int:
    """`(max(0, impact bid - index) - max(0, index - impact ask)) / index` as a rate (FND-1).

    A side too thin for the notional contributes nothing. Rounded half-even, and at most
    `_HIGHEST_PREMIUM` either way, so that an interval's sum has its place in a snapshot.
    """
    above = impact_distance(book.bids, terms, notional, index)
    below = impact_distance(book.asks, terms, notional, index)
    premium = 0
    if above is not None and above > 0:
        premium += above
    if below is not None and below < 0:
        premium += below
    return min(max(premium, -_HIGHEST_PREMIUM), _HIGHEST_PREMIUM)


def impact_distance(side: BookSide, terms: Instrument, notional: int, index: int) -> int | None:
    """`(impact price - index) / index` as a rate; none if the side is worth less than `notional`.

    The impact price is the average price at which the side takes `notional`: with Q and N the
    quantity and notional of the levels better than the last one met, whose price is p,
    `notional / (Q + (notional - N) / p)`.
    """
    quantity, value = 0, 0
    for level in side.levels_from_best():
        unit = level.price * terms.notional_multiplier
        here = level.quantity * unit
        if value + here >= notional:
            # in minor units: Q * p + (notional - N) is the whole quantity, times p
            whole = quantity * unit + notional - value
            numerator = notional * level.price - whole * index
            return divide_half_even(numerator * RATE_ONE, whole * index)
        quantity += level.quantity
        value += here
    return None
