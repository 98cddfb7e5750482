"""MARK: what moves the mark. Nothing but an index price or the passing of time (MARK-3).

All prices of one moment come in one command: all marks are updated first, then units are
assessed once (MARK-1). An index older than its limit halts its instrument rather than guess.
A mark is the index, or the median of three prices (MARK-2).
"""

from simulator.core.model.commands import SetIndexPrices, SetMarketState
from simulator.core.model.enums import (
    AUCTION,
    CLOSED,
    HALTED,
    MEDIAN,
    OPEN,
    SPOT_INSTRUMENT,
    HaltReason,
    MarketState,
)
from simulator.core.model.events import IndexPriceUpdated, MarketStateChanged, MarkPriceUpdated
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.model.units import (
    AMOUNT_LIMIT,
    MID_SAMPLES,
    NS_PER_SECOND,
    RATE_ONE,
    divide_half_even,
)
from simulator.core.rules import auction, closing, funding, margin, trigger_watch
from simulator.core.rules.execution import Execution, refuse
from simulator.core.rules.sweep import touch_holders
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord


def set_index_prices(run: Execution, command: SetIndexPrices) -> Refusal | None:
    """Updates index and mark of every instrument named, and touches the units that may care."""
    for instrument_id, price in command.prices:
        if instrument_id not in run.state.instruments:
            return refuse(RejectReason.UNKNOWN_INSTRUMENT, None, instrument_id)
        if not 0 < price < AMOUNT_LIMIT:
            return refuse(RejectReason.INVALID_AMOUNT, 1, price)
    run.watch.refresh(run.state)
    for instrument_id, price in command.prices:
        record = run.state.instruments[instrument_id]
        run.emit(IndexPriceUpdated(instrument_id, _blended(record, price)))
        _end_halt(run, record)
        funding.schedule(run, record)
        _update_mark(run, record)
    for instrument_id, _ in command.prices:
        _touch_crossed(run, run.state.instruments[instrument_id])
    for instrument_id, _ in command.prices:
        auction.uncross(run, instrument_id)
    trigger_watch.meet_prices(run)
    return None


def price_at_risk(record: InstrumentRecord) -> int | None:
    """What units are valued by: the mark of a perpetual, the index of a spot instrument (MARG)."""
    return record.index_price if record.terms.kind is SPOT_INSTRUMENT else record.mark_price


def _blended(record: InstrumentRecord, price: int) -> int:
    """MARK-1: `(1 - w) * feed + w * last`, half-even; the feed alone before the first trade."""
    weight, last = record.terms.index_blend_rate, record.last_price
    if weight == 0 or last is None:
        return price
    return divide_half_even((RATE_ONE - weight) * price + weight * last, RATE_ONE)


def _end_halt(run: Execution, record: InstrumentRecord) -> None:
    """A fresh index ends every halt but an operator's."""
    if not margin.is_open(record) and record.halt_reason != HaltReason.OPERATOR:
        _reopen(run, record)


def _update_mark(run: Execution, record: InstrumentRecord) -> None:
    """While the instrument is halted its mark stays (MAT-2)."""
    if not margin.is_open(record) or record.index_price is None:
        return
    mark = record.index_price
    if record.terms.mark_method is MEDIAN:
        mark = median_mark(record, record.index_price, run.state.time_ns)
    if record.mark_price != mark:
        run.emit(MarkPriceUpdated(record.terms.instrument_id, mark))


def _touch_crossed(run: Execution, record: InstrumentRecord) -> None:
    """Has the units assessed whose bounds the mark, or the index of a spot asset, has left."""
    price = price_at_risk(record)
    if price is not None:
        for wallet_id in run.watch.crossed(record.terms.instrument_id, price):
            run.state.touched_units[wallet_id] = None


# -- MARK-2 --------------------------------------------------------------------------------------


def median_mark(record: InstrumentRecord, index: int, time_ns: int) -> int:
    """The median of P1, P2 and the last trade; of the first two their mean, before a trade."""
    first = funding_price(record, index, time_ns)
    second = basis_price(record, index, time_ns)
    if record.last_price is None:
        return divide_half_even(first + second, 2)
    return sorted((first, second, record.last_price))[1]


def funding_price(record: InstrumentRecord, index: int, time_ns: int) -> int:
    """P1 = `index * (1 + last settled rate * time to funding / interval)`, half-even."""
    rate, stamp = record.funding_rate, record.next_funding_ns
    interval = record.terms.funding_interval_ns
    if rate is None or stamp is None or interval is None:
        return index
    left = min(max(0, stamp - time_ns), interval)
    return index + divide_half_even(index * rate * left, RATE_ONE * interval)


def basis_price(record: InstrumentRecord, index: int, time_ns: int) -> int:
    """P2 = `index + mean(mid - index)` over the samples of the last 30 seconds, half-even.

    Without a sample the index; never below one price unit.
    """
    total, count = 0, 0
    oldest = time_ns // NS_PER_SECOND - MID_SAMPLES + 1
    for last, length, doubled in record.mid_samples:
        counted = last - max(oldest, last - length + 1) + 1
        if counted > 0:
            total += doubled * counted
            count += counted
    if count == 0:
        return index
    return max(1, index + divide_half_even(total, 2 * count))


# -- halts and time ------------------------------------------------------------------------------


def _reopen(run: Execution, record: InstrumentRecord) -> None:
    """Positions that could not be liquidated while it was halted are assessed again."""
    instrument_id = record.terms.instrument_id
    run.emit(MarketStateChanged(instrument_id, MarketState.OPEN, HaltReason.NONE))
    touch_holders(run, instrument_id)


def set_market_state(run: Execution, command: SetMarketState) -> Refusal | None:
    """MAT-2: an operator halts, auctions, closes, or opens at the index of now."""
    record = run.state.instruments.get(command.instrument_id)
    if record is None:
        return refuse(RejectReason.UNKNOWN_INSTRUMENT, None, command.instrument_id)
    if record.market_state is CLOSED:
        return refuse(RejectReason.MARKET_CLOSED)
    if command.settlement_price is not None and command.state is not CLOSED:
        return refuse(RejectReason.INVALID_COMBINATION)
    if record.terms.kind is SPOT_INSTRUMENT and command.state is CLOSED:
        return refuse(RejectReason.INVALID_COMBINATION)
    if command.state is not OPEN:
        return _stop_trading(run, record, command)
    if record.index_price is None:
        return refuse(RejectReason.NO_MARK_PRICE)
    if _is_stale(run.state, record):
        run.emit(
            MarketStateChanged(command.instrument_id, MarketState.HALTED, HaltReason.STALE_INDEX)
        )
        return None
    if not margin.is_open(record):
        _reopen(run, record)
    run.watch.refresh(run.state)
    _update_mark(run, record)
    _touch_crossed(run, record)
    auction.uncross(run, command.instrument_id)
    trigger_watch.meet_prices(run)
    return None


def _stop_trading(
    run: Execution, record: InstrumentRecord, command: SetMarketState
) -> Refusal | None:
    """A halt, an auction, or the end of the instrument."""
    if command.state is HALTED:
        run.emit(MarketStateChanged(command.instrument_id, HALTED, HaltReason.OPERATOR))
        return None
    if record.mark_price is None:
        return refuse(RejectReason.NO_MARK_PRICE)
    if command.state is AUCTION:
        run.emit(MarketStateChanged(command.instrument_id, AUCTION, HaltReason.OPERATOR))
        return None
    price = record.mark_price if command.settlement_price is None else command.settlement_price
    if not 0 < price < AMOUNT_LIMIT:
        return refuse(RejectReason.INVALID_AMOUNT, 1, price)
    closing.close_instrument(run, record, price)
    return None


def stale_at(record: InstrumentRecord) -> int | None:
    """When the index of an open instrument will be too old; none: never."""
    limit = record.terms.index_staleness_ns
    if limit is None or not margin.is_open(record):
        return None
    return record.index_time_ns + limit


def _is_stale(state: ExchangeState, record: InstrumentRecord) -> bool:
    limit = record.terms.index_staleness_ns
    return limit is not None and state.time_ns >= record.index_time_ns + limit


def next_stale(state: ExchangeState) -> int | None:
    """When the next index will be too old; none: never, as things stand."""
    due: int | None = None
    for record in state.instruments.values():
        stale = stale_at(record)
        if stale is not None and (due is None or stale < due):
            due = stale
    return due


def move_marks(run: Execution) -> None:
    """Halts what has an index too old by now; elsewhere time alone moves a median (MARK-2)."""
    state = run.state
    moving: list[InstrumentRecord] = []
    for instrument_id in sorted(state.instruments):
        record = state.instruments[instrument_id]
        due = stale_at(record)
        if due is not None and due <= state.time_ns:
            run.emit(MarketStateChanged(instrument_id, MarketState.HALTED, HaltReason.STALE_INDEX))
        elif record.terms.mark_method is MEDIAN:
            moving.append(record)
    if moving:
        run.watch.refresh(state)
        for record in moving:
            _update_mark(run, record)
        for record in moving:
            _touch_crossed(run, record)
