"""Applying the events of prices, of the samples taken of them, and of funding."""

from collections.abc import Callable
from typing import Any, Final

from simulator.core.model import events as e
from simulator.core.model.enums import INDEX_SOURCE, MARK_SOURCE, OPEN, TriggerSource
from simulator.core.model.units import MID_SAMPLES
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord
from simulator.core.state.rows import FundingRun

_Runs = tuple[tuple[int, int, int], ...]


def _index_price_updated(state: ExchangeState, event: e.IndexPriceUpdated) -> None:
    record = state.instruments[event.instrument_id]
    record.index_price = event.price
    record.index_time_ns = state.time_ns
    _follow(state, record, INDEX_SOURCE, event.price)
    _note(state, event.instrument_id)


def _mark_price_updated(state: ExchangeState, event: e.MarkPriceUpdated) -> None:
    record = state.instruments[event.instrument_id]
    record.mark_price = event.price
    _follow(state, record, MARK_SOURCE, event.price)
    _note(state, event.instrument_id)


def _follow(
    state: ExchangeState, record: InstrumentRecord, source: TriggerSource, price: int
) -> None:
    """Trailing stops follow a price; while the instrument is not open they wait (MAT-2)."""
    board = state.trigger_boards.get(record.terms.instrument_id)
    if board is not None and record.market_state is OPEN:
        board.follow(source, price)


def _note(state: ExchangeState, instrument_id: int) -> None:
    if state.notes is not None:
        state.notes.instruments[instrument_id] = None


def _prices_sampled(state: ExchangeState, event: e.PricesSampled) -> None:
    for instrument_id, value in event.mids:
        record = state.instruments[instrument_id]
        runs = record.mid_samples
        record.mid_samples = _with_run(runs, event.until_second, event.mid_count, value)
    for instrument_id, count, premium in event.premiums:
        record = state.instruments[instrument_id]
        first = record.premium_count + 1
        record.premium_count += count
        # the numbers first, first + 1 .. of the samples add up to this
        record.premium_total += premium * (count * (2 * first + count - 1) // 2)


def _with_run(runs: _Runs, until: int, count: int, value: int) -> _Runs:
    """The runs of the last `MID_SAMPLES` seconds, a new one among them; equal ones are joined."""
    kept = [run for run in runs if run[0] > until - MID_SAMPLES]
    if kept and kept[-1][2] == value and kept[-1][0] == until - count:
        count += kept.pop()[1]
    kept.append((until, min(count, MID_SAMPLES), value))
    return tuple(kept)


def _funding_scheduled(state: ExchangeState, event: e.FundingScheduled) -> None:
    state.instruments[event.instrument_id].next_funding_ns = event.time_ns
    _note(state, event.instrument_id)


def _funding_rates_set(state: ExchangeState, event: e.FundingRatesSet) -> None:
    for instrument_id, rate in event.rates:
        state.instruments[instrument_id].recorded_funding_rate = rate
        _note(state, instrument_id)


def _funding_settled(state: ExchangeState, event: e.FundingSettled) -> None:
    state.instruments[event.instrument_id].funding_rate = event.rate
    _begin_interval(state, event.instrument_id, event.next_stamp_ns)
    run = FundingRun(event.instrument_id, event.stamp_ns, event.rate, event.mark_price)
    state.funding_runs.append(run)


def _funding_skipped(state: ExchangeState, event: e.FundingSkipped) -> None:
    _begin_interval(state, event.instrument_id, event.next_stamp_ns)


def _begin_interval(state: ExchangeState, instrument_id: int, next_stamp_ns: int) -> None:
    record = state.instruments[instrument_id]
    record.next_funding_ns = next_stamp_ns
    record.recorded_funding_rate = None
    record.premium_count = record.premium_total = 0
    _note(state, instrument_id)


def _funding_paid(state: ExchangeState, event: e.FundingPaid) -> None:
    run = _run_of(state, event.instrument_id)
    run.positions_done += 1
    run.paid += max(0, event.amount)


def _funding_completed(state: ExchangeState, event: e.FundingCompleted) -> None:
    _run_of(state, event.instrument_id).completed = True
    if all(run.completed for run in state.funding_runs):
        state.funding_runs.clear()


def _run_of(state: ExchangeState, instrument_id: int) -> FundingRun:
    for run in state.funding_runs:
        if run.instrument_id == instrument_id:
            return run
    raise AssertionError(f"instrument {instrument_id} is at no funding stamp")


PRICE_HANDLERS: Final[dict[type[Any], Callable[[ExchangeState, Any], None]]] = {
    e.IndexPriceUpdated: _index_price_updated,
    e.MarkPriceUpdated: _mark_price_updated,
    e.PricesSampled: _prices_sampled,
    e.FundingScheduled: _funding_scheduled,
    e.FundingRatesSet: _funding_rates_set,
    e.FundingSettled: _funding_settled,
    e.FundingSkipped: _funding_skipped,
    e.FundingPaid: _funding_paid,
    e.FundingCompleted: _funding_completed,
}
