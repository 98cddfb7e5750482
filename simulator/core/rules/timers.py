"""ORD-1, ORD-8: orders that expire, and dead man's switches (TIME-1 (4))."""

from typing import Final

from simulator.core.model.accounts import FUND_ACCOUNT
from simulator.core.model.commands import CountdownCancelAll
from simulator.core.model.enums import CancelReason
from simulator.core.model.events import CountdownElapsed, CountdownSet
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.model.units import NS_PER_HOUR, NS_PER_SECOND
from simulator.core.rules import matching
from simulator.core.rules.canceling import cancel_orders_of
from simulator.core.rules.execution import Execution, refuse
from simulator.core.state.exchange_state import CountdownKey, ExchangeState, countdown_rank

MIN_COUNTDOWN_NS: Final = NS_PER_SECOND
MAX_COUNTDOWN_NS: Final = 24 * NS_PER_HOUR


def next_expiry(state: ExchangeState) -> int | None:
    return state.expiries[0][0] if state.expiries else None


def expire_due(run: Execution) -> None:
    """Cancels the GTD orders whose time has come, in the order of their times, then of age."""
    state = run.state
    while state.expiries and state.expiries[0][0] <= state.time_ns:
        matching.cancel(run, state.orders[state.expiries[0][1]], CancelReason.EXPIRED)


def next_countdown(state: ExchangeState) -> int | None:
    return state.countdown_dues[0] if state.countdown_dues else None


def elapse_due(run: Execution) -> None:
    """Every switch whose time has come cancels once, and is disarmed."""
    state = run.state
    if not state.countdown_dues or state.countdown_dues[0] > state.time_ns:
        return
    due = [(at, key) for key, at in state.countdowns.items() if at <= state.time_ns]
    for _, (account_id, instrument_id) in sorted(due, key=_rank):
        run.emit(CountdownElapsed(account_id, instrument_id))
        cancel_orders_of(run, account_id, instrument_id, CancelReason.COUNTDOWN)


def _rank(due: tuple[int, CountdownKey]) -> tuple[int, int, int]:
    return due[0], *countdown_rank(due[1])


def countdown_cancel_all(run: Execution, command: CountdownCancelAll) -> Refusal | None:
    """ORD-8: arms the switch anew, or disarms it; the heartbeat of a program that trades."""
    state = run.state
    if command.account_id not in state.accounts or command.account_id == FUND_ACCOUNT:
        return refuse(RejectReason.UNKNOWN_ACCOUNT)
    if command.instrument_id is not None and command.instrument_id not in state.instruments:
        return refuse(RejectReason.UNKNOWN_INSTRUMENT)
    due_ns = None
    if command.countdown_ns is not None:
        if not MIN_COUNTDOWN_NS <= command.countdown_ns <= MAX_COUNTDOWN_NS:
            return refuse(RejectReason.COUNTDOWN_OUT_OF_RANGE)
        due_ns = state.time_ns + command.countdown_ns
    if due_ns != state.countdowns.get((command.account_id, command.instrument_id)):
        run.emit(CountdownSet(command.account_id, command.instrument_id, due_ns))
    return None
