"""MARK: what moves the mark. Nothing but an index price or the passing of time (MARK-3).

All prices of one moment come in one command: all marks are updated first, then units are
assessed once (MARK-1). An index older than its limit halts its instrument rather than guess.
"""

from simulator.core.model.commands import SetIndexPrices, SetMarketState
from simulator.core.model.enums import HaltReason, MarketState
from simulator.core.model.events import IndexPriceUpdated, MarketStateChanged, MarkPriceUpdated
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.model.units import AMOUNT_LIMIT
from simulator.core.rules import margin
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
        run.emit(IndexPriceUpdated(instrument_id, price))
        _update_mark(run, run.state.instruments[instrument_id])
    for instrument_id, _ in command.prices:
        record = run.state.instruments[instrument_id]
        if record.mark_price is not None:
            for wallet_id in run.watch.crossed(instrument_id, record.mark_price):
                run.state.touched_units[wallet_id] = None
    return None


def _update_mark(run: Execution, record: InstrumentRecord) -> None:
    """While an operator halts the instrument its mark stays; a fresh index ends other halts."""
    if not margin.is_open(record):
        if record.halt_reason == HaltReason.OPERATOR:
            return
        _reopen(run, record)
    if record.index_price is not None and record.mark_price != record.index_price:
        run.emit(MarkPriceUpdated(record.terms.instrument_id, record.index_price))


def _reopen(run: Execution, record: InstrumentRecord) -> None:
    """Positions that could not be liquidated while it was halted are assessed again."""
    instrument_id = record.terms.instrument_id
    run.emit(MarketStateChanged(instrument_id, MarketState.OPEN, HaltReason.NONE))
    touch_holders(run, instrument_id)


def set_market_state(run: Execution, command: SetMarketState) -> Refusal | None:
    """MAT-2: an operator halts, or reopens at the index of now."""
    record = run.state.instruments.get(command.instrument_id)
    if record is None:
        return refuse(RejectReason.UNKNOWN_INSTRUMENT, None, command.instrument_id)
    if command.state == MarketState.HALTED:
        run.emit(MarketStateChanged(command.instrument_id, MarketState.HALTED, HaltReason.OPERATOR))
        return None
    if record.index_price is None:
        return refuse(RejectReason.NO_MARK_PRICE)
    if _is_stale(run.state, record):
        run.emit(
            MarketStateChanged(command.instrument_id, MarketState.HALTED, HaltReason.STALE_INDEX)
        )
        return None
    if not margin.is_open(record):
        _reopen(run, record)
    if record.mark_price != record.index_price:
        run.watch.refresh(run.state)
        run.emit(MarkPriceUpdated(command.instrument_id, record.index_price))
        for wallet_id in run.watch.crossed(command.instrument_id, record.index_price):
            run.state.touched_units[wallet_id] = None
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


def halt_stale(run: Execution) -> None:
    """Halts every instrument whose index is too old now."""
    for instrument_id in sorted(run.state.instruments):
        due = stale_at(run.state.instruments[instrument_id])
        if due is not None and due <= run.state.time_ns:
            run.emit(MarketStateChanged(instrument_id, MarketState.HALTED, HaltReason.STALE_INDEX))
