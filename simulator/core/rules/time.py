"""TIME-1: what falls due as world time passes, in consecutive steps.

In one step: stale instruments halt, the insurance fund offers what it holds, standing calls are
due for repetition, then units are assessed. The sequencer asks `next_due` and sends `AdvanceTime`.
"""

from simulator.core.model.commands import AdvanceTime
from simulator.core.model.events import TimeAdvanced
from simulator.core.rules import insurance, mark_price
from simulator.core.rules.execution import Execution
from simulator.core.rules.sweep import sweep
from simulator.core.state.exchange_state import ExchangeState


def next_due(state: ExchangeState) -> int | None:
    """The world time at which the next thing falls due; none if nothing ever does."""
    due = state.fund_unload_at_ns
    for record in state.instruments.values():
        stale = mark_price.stale_at(record)
        if stale is not None and (due is None or stale < due):
            due = stale
    repeat = _next_repeat(state)
    if repeat is not None and (due is None or repeat < due):
        due = repeat
    return due


def _next_repeat(state: ExchangeState) -> int | None:
    if not state.standing_calls:
        return None
    first = next(iter(state.standing_calls.values()))
    return first.issued_ns + state.parameters.call_repeat_ns


def advance_time(run: Execution, command: AdvanceTime) -> None:
    """Takes every step that is due up to the command's time.

    It stops early where a step's sweep is paged; what is left falls due again after it.
    """
    state = run.state
    while True:
        due = next_due(state)
        if due is None or due > command.time_ns:
            break
        run.emit(TimeAdvanced(max(due, state.time_ns)))
        _take_step(run)
        if state.pending_sweep:
            return
    if state.time_ns < command.time_ns:
        run.emit(TimeAdvanced(command.time_ns))


def _take_step(run: Execution) -> None:
    state = run.state
    mark_price.halt_stale(run)
    if state.fund_unload_at_ns is not None and state.fund_unload_at_ns <= state.time_ns:
        insurance.unload(run)
    for wallet_id, call in state.standing_calls.items():
        if call.issued_ns + state.parameters.call_repeat_ns > state.time_ns:
            break
        state.touched_units[wallet_id] = None
    sweep(run)
