"""TIME-1 (5) to (8): what a command set off, after its own rule is done.

Orders whose triggers were met fire, then units are assessed; what that trades may meet more
triggers. Both are done a page at a time, triggers before units, at the same time and marks
(TIME-2).
"""

from simulator.core.rules import order_lists, sweep, triggers
from simulator.core.rules.execution import Execution


def settle(run: Execution) -> None:
    """Until nothing is left to do, or a page is full."""
    state = run.state
    room = state.parameters.page_size
    while run.list_news or run.met_triggers or state.touched_units:
        order_lists.follow(run)
        room = triggers.fire_met(run, room)
        if state.touched_units:
            if state.pending_triggers:
                sweep.set_aside(run, list(state.touched_units))
            else:
                sweep.sweep(run)
        if state.is_paging:
            order_lists.follow(run)
            triggers.page_met(run)
            return
