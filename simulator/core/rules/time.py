"""TIME-1: what falls due as world time passes, in consecutive steps.

A step ends wherever something is due, and takes its parts in a fixed order: `_PARTS`, and then the
sweep. The sequencer asks `next_due` and sends `AdvanceTime`.
"""

from collections.abc import Callable
from typing import Final

from simulator.core.model.commands import AdvanceTime
from simulator.core.model.events import TimeAdvanced
from simulator.core.rules import insurance, margin_calls, mark_price
from simulator.core.rules.execution import Execution
from simulator.core.rules.sweep import sweep
from simulator.core.state.exchange_state import ExchangeState

_Part = tuple[Callable[[ExchangeState], int | None], Callable[[Execution], None]]
"""When it is due next (none: never as things stand), and doing whatever of it is due by now.

A step that was due later than it is taken does the same, at the time of now.
"""

_PARTS: Final[tuple[_Part, ...]] = (
    # (1) index and mark: an index that is too old halts its instrument
    (mark_price.next_stale, mark_price.halt_stale),
    # (6) before units are assessed, the insurance fund offers what it took over, and units whose
    # call is to be repeated are touched
    (insurance.next_unload, insurance.unload_if_due),
    (margin_calls.next_repeat, margin_calls.touch_repeated),
)


def next_due(state: ExchangeState) -> int | None:
    """The world time at which the next thing falls due; none if nothing ever does."""
    due: int | None = None
    for part_due, _ in _PARTS:
        part = part_due(state)
        if part is not None and (due is None or part < due):
            due = part
    return due


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
    """The parts in order; the sweep is (6) units and (8) warnings."""
    for _, act in _PARTS:
        act(run)
    sweep(run)
