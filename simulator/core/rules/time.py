"""TIME-1: what falls due as world time passes, in consecutive steps.

A step ends wherever something is due, and takes its parts in the order of their numbers: those up
to funding, which may be paged, those after it, and then triggers and units. The sequencer asks
`next_due` and sends `AdvanceTime`.
"""

from collections.abc import Callable
from typing import Final

from simulator.core.model.commands import AdvanceTime, ContinueSweep
from simulator.core.model.events import TimeAdvanced
from simulator.core.rules import (
    borrowing,
    funding,
    insurance,
    liquidation,
    margin_calls,
    mark_price,
    timers,
    trigger_watch,
    triggers,
)
from simulator.core.rules.execution import Execution
from simulator.core.rules.settling import settle
from simulator.core.state.exchange_state import ExchangeState

_Part = tuple[Callable[[ExchangeState], int | None], Callable[[Execution], None]]
"""When it is due next (none: never as things stand), and doing whatever of it is due by now.

A step that was due later than it is taken does the same, at the time of now.
"""

_UP_TO_FUNDING: Final[tuple[_Part, ...]] = (
    # (1) index and mark: an index that is too old halts its instrument
    (mark_price.next_stale, mark_price.move_marks),
    # (2) interest at each clock hour
    (borrowing.next_interest, borrowing.accrue_if_due),
    # (3) funding, at the marks of (1)
    (funding.next_stamp, funding.settle_due),
)
_AFTER_FUNDING: Final[tuple[_Part, ...]] = (
    # (4) orders expire, and dead man's switches cancel
    (timers.next_expiry, timers.expire_due),
    (timers.next_countdown, timers.elapse_due),
    # (6) before units are assessed, the insurance fund offers what it took over, and units are
    # touched whose cooldown is over or whose call is to be repeated
    (insurance.next_unload, insurance.unload_if_due),
    (liquidation.next_resume, liquidation.resume_due),
    (margin_calls.next_repeat, margin_calls.touch_repeated),
)
_PARTS: Final = _UP_TO_FUNDING + _AFTER_FUNDING


def next_due(state: ExchangeState) -> int | None:
    """The world time at which the next thing falls due; none if nothing ever does."""
    due: int | None = None
    for part_due, _ in _PARTS:
        part = part_due(state)
        if part is not None and (due is None or part < due):
            due = part
    return due


def advance_time(run: Execution, command: AdvanceTime) -> None:
    """Takes every step that is due up to the command's time, and one that ends there.

    It stops early where a step is paged; what is left falls due again after it.
    """
    state = run.state
    while True:
        due = next_due(state)
        if due is None or due > command.time_ns:
            break
        _take_step(run, max(due, state.time_ns))
        if state.is_paging:
            return
    if state.time_ns < command.time_ns:
        _take_step(run, command.time_ns)


def _take_step(run: Execution, time_ns: int) -> None:
    """What held until now is sampled; then the parts in order. Triggers are (5)."""
    run.sample(time_ns)
    run.emit(TimeAdvanced(time_ns))
    for _, act in _UP_TO_FUNDING:
        act(run)
    if not run.state.funding_runs:
        _finish_step(run)


def _finish_step(run: Execution) -> None:
    for _, act in _AFTER_FUNDING:
        act(run)
    trigger_watch.meet_prices(run)
    settle(run)


def continue_step(run: Execution, command: ContinueSweep) -> None:
    """TIME-2: the next page, at the same time and marks."""
    state = run.state
    for wallet_id in state.pending_sweep:
        state.touched_units[wallet_id] = None
    if not state.funding_runs:
        triggers.take_paged(run)
        settle(run)
        return
    funding.pay_out(run)
    if not state.funding_runs:
        _finish_step(run)
