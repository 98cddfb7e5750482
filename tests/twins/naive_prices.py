"""Marks and funding as the rule book says them, second by second, with no thought of speed.

It steps through every second that passes, keeps what it saw in lists, and computes with fractions.
`follow` demands of each event about a mark or a payment that it is what comes out here.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from simulator.core.model import events as e
from simulator.core.model.accounts import FUNDING
from simulator.core.model.enums import MarkMethod, Side
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.units import NS_PER_HOUR, NS_PER_SECOND, RATE_ONE
from tests.twins.naive_world import NaiveInstrument, NaiveWorld


@dataclass
class Seen:
    """What the rules may remember of one instrument."""

    index: int | None = None
    mids: dict[int, Fraction] = field(default_factory=dict)
    """Per second: mid less index."""
    premiums: list[int] = field(default_factory=list)
    """Since the last stamp."""
    stamp_ns: int | None = None
    rate: int | None = None
    recorded: int | None = None


@dataclass
class NaivePrices:
    """Follows the events beside `NaiveWorld`, of which it asks books and positions."""

    world: NaiveWorld
    seen: dict[int, Seen] = field(default_factory=dict)
    to_check: dict[int, None] = field(default_factory=dict)
    """Instruments whose mark is the one that follows from what is known now."""
    paying: dict[int, int] = field(default_factory=dict)
    """Instruments whose payments are being made, and the rate."""
    payments: list[e.FundingPaid] = field(default_factory=list)

    def let_time_pass(self, until_ns: int) -> None:
        """What holds now held at every second up to then."""
        first = self.world.time_ns // NS_PER_SECOND + 1
        last = until_ns // NS_PER_SECOND
        for instrument_id, seen in self.seen.items():
            instrument = self.world.instruments[instrument_id]
            if seen.index is None or not instrument.is_open:
                continue
            if instrument.terms.funding_interval_ns is not None and last >= first:
                premium = self._premium(instrument_id, instrument, seen.index)
                for second in range(first, last + 1):
                    if second % 5 == 0 and second * NS_PER_SECOND <= (seen.stamp_ns or 0):
                        seen.premiums.append(premium)
            bids, asks = self._prices(instrument_id)
            if bids and asks:
                mid = Fraction(max(bids) + min(asks), 2) - seen.index
                for second in range(max(first, last - 40), last + 1):
                    seen.mids[second] = mid

    def _prices(self, instrument_id: int) -> tuple[list[int], list[int]]:
        book = self.world.books.books[instrument_id]
        bids = [order.price for order in book.queue(Side.BUY)]
        return bids, [order.price for order in book.queue(Side.SELL)]

    def _premium(self, instrument_id: int, instrument: NaiveInstrument, index: int) -> int:
        """FND-1: what the impact notional would trade at, order by order."""
        notional = instrument.terms.impact_notional
        assert notional is not None
        bid = self._impact(instrument_id, instrument, Side.BUY, notional)
        ask = self._impact(instrument_id, instrument, Side.SELL, notional)
        above = 0 if bid is None else max(0, round((bid - index) / index * RATE_ONE))
        below = 0 if ask is None else max(0, round((index - ask) / index * RATE_ONE))
        return max(-RATE_ONE // 2, min(RATE_ONE // 2, above - below))

    def _impact(
        self, instrument_id: int, instrument: NaiveInstrument, side: Side, notional: int
    ) -> Fraction | None:
        left, bought = Fraction(notional), Fraction(0)
        for order in self.world.books.books[instrument_id].queue(side):
            unit = order.price * instrument.terms.notional_multiplier
            taken = min(left / unit, Fraction(order.remaining))
            bought += taken
            left -= taken * unit
        if left > 0:
            return None
        return Fraction(notional) / bought / instrument.terms.notional_multiplier

    # -- marks -------------------------------------------------------------------------------------

    def mark(self, instrument_id: int) -> int:
        """MARK-2, MARK-1."""
        instrument, seen = self.world.instruments[instrument_id], self.seen[instrument_id]
        assert seen.index is not None
        if instrument.terms.mark_method == MarkMethod.INDEX:
            return seen.index
        parts = [self._with_funding(instrument, seen), self._with_basis(seen)]
        if instrument.last is not None:
            return sorted([*parts, instrument.last])[1]
        return round(Fraction(sum(parts), 2))

    def _with_funding(self, instrument: NaiveInstrument, seen: Seen) -> int:
        assert seen.index is not None
        interval = instrument.terms.funding_interval_ns
        if seen.rate is None or interval is None or seen.stamp_ns is None:
            return seen.index
        left = Fraction(min(max(0, seen.stamp_ns - self.world.time_ns), interval), interval)
        return seen.index + round(seen.index * Fraction(seen.rate, RATE_ONE) * left)

    def _with_basis(self, seen: Seen) -> int:
        assert seen.index is not None
        now = self.world.time_ns // NS_PER_SECOND
        recent = [seen.mids[each] for each in range(now - 29, now + 1) if each in seen.mids]
        if not recent:
            return seen.index
        return max(1, seen.index + round(sum(recent) / len(recent)))

    # -- funding -----------------------------------------------------------------------------------

    def rate_of(self, instrument_id: int) -> int:
        """FND-1."""
        seen, terms = self.seen[instrument_id], self.world.instruments[instrument_id].terms
        if seen.recorded is not None:
            return seen.recorded
        assert terms.funding_interval_ns is not None
        weights = range(1, len(seen.premiums) + 1)
        total = sum(weight * each for weight, each in zip(weights, seen.premiums, strict=True))
        average = round(Fraction(total, sum(weights))) if weights else 0
        pull = terms.funding_interest_rate - average
        pull = max(-terms.funding_clamp_rate, min(terms.funding_clamp_rate, pull))
        hours = Fraction(terms.funding_interval_ns, NS_PER_HOUR)
        rate = round((average + pull) / (8 / hours))
        return max(-terms.funding_cap_rate, min(terms.funding_cap_rate, rate))

    def follow(self, event: e.AnyEvent) -> None:
        """Before the world does."""
        match event:
            case e.InstrumentListed():
                self.seen[event.instrument.instrument_id] = Seen()
            case e.IndexPriceUpdated():
                self.seen[event.instrument_id].index = event.price
                self.to_check[event.instrument_id] = None
            case e.TimeAdvanced():
                self.let_time_pass(event.time_ns)
                for instrument_id, instrument in self.world.instruments.items():
                    if instrument.terms.mark_method == MarkMethod.MEDIAN:
                        self.to_check[instrument_id] = None
            case e.TradeExecuted():
                self.to_check.pop(event.instrument_id, None)
            case e.MarkPriceUpdated():
                assert event.price == self.mark(event.instrument_id), "another mark (MARK-2)"
            case _:
                self._follow_funding(event)

    def _follow_funding(self, event: e.AnyEvent) -> None:
        match event:
            case e.FundingScheduled():
                interval = self.world.instruments[event.instrument_id].terms.funding_interval_ns
                assert interval is not None
                assert event.time_ns % interval == 0
                assert 0 < event.time_ns - self.world.time_ns <= interval
                self.seen[event.instrument_id].stamp_ns = event.time_ns
            case e.FundingRatesSet():
                for instrument_id, rate in event.rates:
                    self.seen[instrument_id].recorded = rate
            case e.FundingSettled():
                instrument = self.world.instruments[event.instrument_id]
                assert instrument.is_open, "funding of a halted instrument (MAT-2)"
                assert event.rate == self.rate_of(event.instrument_id)
                assert event.mark_price == instrument.mark
                self.seen[event.instrument_id].rate = event.rate
                self.to_check.pop(event.instrument_id, None)  # P1 follows when time passes
                self.paying[event.instrument_id] = event.rate
                self._begin_interval(event.instrument_id, event.next_stamp_ns)
            case e.FundingSkipped():
                assert not self.world.instruments[event.instrument_id].is_open
                self._begin_interval(event.instrument_id, event.next_stamp_ns)
            case e.FundingPaid():
                self._check_payment(event)
                self.payments.append(event)
            case e.FundingCompleted():
                self._check_sum(event)
            case _:
                pass

    def _begin_interval(self, instrument_id: int, next_stamp_ns: int) -> None:
        seen = self.seen[instrument_id]
        assert seen.stamp_ns is not None
        assert seen.stamp_ns <= self.world.time_ns < next_stamp_ns
        seen.stamp_ns, seen.recorded = next_stamp_ns, None
        seen.premiums.clear()

    def _check_payment(self, event: e.FundingPaid) -> None:
        """FND-2: `s * N * rate`, a payer's part rounded up, a receiver's down."""
        key = (event.account_id, event.instrument_id, event.position_side)
        position = self.world.positions[key]
        instrument = self.world.instruments[event.instrument_id]
        assert instrument.mark is not None
        assert event.quantity == position.quantity
        assert event.wallet_id == position.wallet_id
        notional = position.quantity * instrument.mark * instrument.terms.notional_multiplier
        exact = notional * Fraction(self.paying[event.instrument_id], RATE_ONE)
        assert event.amount == (ceil(exact) if exact > 0 else -floor(-exact))

    def _check_sum(self, event: e.FundingCompleted) -> None:
        """Every position once, and not a unit made or lost."""
        rate = self.paying.pop(event.instrument_id)
        held = [key for key in self.world.positions if key[1] == event.instrument_id]
        made = [(each.account_id, each.instrument_id, each.position_side) for each in self.payments]
        assert sorted(made) == (sorted(held) if rate else [])
        amounts = [each.amount for each in self.payments]
        assert event.paid == sum(each for each in amounts if each > 0)
        assert event.remainder == sum(amounts) >= 0
        assert event.remainder <= len(amounts)
        assert self.world.balances.get((FUNDING, VALUATION_ASSET), 0) == 0
        self.payments.clear()

    def finish(self) -> None:
        """After a command."""
        for instrument_id in self.to_check:
            instrument = self.world.instruments[instrument_id]
            if instrument.is_open:
                assert instrument.mark == self.mark(instrument_id), "the mark should have moved"
        self.to_check.clear()
