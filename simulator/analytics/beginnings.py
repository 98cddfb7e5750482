"""Where an episode begins: before the order that opened the unit's oldest position, or before its
oldest loan that still stands."""

from typing import NamedTuple

from simulator.analytics.journals import Past
from simulator.core.codec import Entry
from simulator.core.model import events as e
from simulator.core.state.apply import HANDLERS
from simulator.core.state.exchange_state import ExchangeState

AnyDistress = e.MarginCallIssued | e.LiquidationStarted


class Beginning(NamedTuple):
    """`whole`: whether it is that entry; else it is as early as one looks back."""

    seq: int
    whole: bool


def enter(state: ExchangeState, entry: Entry) -> None:
    """The state is in the entry from now on; its events are still to be applied."""
    state.seq = entry.seq
    state.time_ns = max(state.time_ns, entry.time_ns)


def beginning_of(
    past: Past, state: ExchangeState, event: AnyDistress, seq: int, entries_before: int
) -> Beginning:
    """`state` is as it was at the event, which entry `seq` has."""
    earliest = max(0, seq - entries_before)
    positions = state.unit_positions.get(event.wallet_id, {}).values()
    if not positions:
        return _of_loan(past, event.wallet_id, seq, earliest)
    opened = min(position.opened_seq for position in positions)
    if opened - 1 < earliest:
        return Beginning(earliest, False)
    begin = min(opened - 1, _placed_before(past, event.account_id, opened))
    return Beginning(begin, True) if begin >= earliest else Beginning(earliest, False)


def _placed_before(past: Past, account_id: int, opened: int) -> int:
    """The entry before the order that opened in entry `opened` was placed: it may have rested."""
    before = past.state_at(opened - 1)
    for entry in past.entries(opened - 1, opened):
        for event in entry.events:
            if isinstance(event, e.TradeExecuted):
                if event.maker_account_id == account_id and event.maker_order_id in before.orders:
                    return past.seq_at(before.orders[event.maker_order_id].created_ns - 1)
    return opened - 1


def _of_loan(past: Past, wallet_id: int, seq: int, earliest: int) -> Beginning:
    """The last entry after which the wallet owed nothing."""
    state = past.state_at(earliest)
    state.notes = None
    begin = None if wallet_id in state.debtors else earliest
    for entry in past.entries(earliest, seq - 1):
        enter(state, entry)
        for event in entry.events:
            HANDLERS[type(event)](state, event)
        state.touched_units.clear()
        if wallet_id not in state.debtors:
            begin = entry.seq
    return Beginning(earliest, False) if begin is None else Beginning(begin, True)
