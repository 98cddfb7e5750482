"""MAT-2: closing an instrument for good. Its orders end, its positions are settled at one price."""

from simulator.core.model.enums import LONG, SHORT, CancelReason, HaltReason, MarketState
from simulator.core.model.events import InstrumentSettled, MarketStateChanged
from simulator.core.rules import fills, matching, money
from simulator.core.rules.execution import Execution
from simulator.core.state.records import InstrumentRecord, Position


def close_instrument(run: Execution, record: InstrumentRecord, price: int) -> None:
    """No fee is taken. What each side gains the other loses, so clearing ends at zero.

    A loss that a wallet cannot pay is its debt, and its unit is assessed like any other (LIQ-8).
    """
    instrument_id = record.terms.instrument_id
    for order in list(run.state.orders.values()):
        if order.instrument_id == instrument_id:
            matching.cancel(run, order, CancelReason.MARKET_CLOSED)
    run.emit(MarketStateChanged(instrument_id, MarketState.CLOSED, HaltReason.OPERATOR))
    run.emit(InstrumentSettled(instrument_id, price))
    for wallet_id in sorted(run.state.holders.get(instrument_id, {})):
        held = run.state.unit_positions[wallet_id]
        for side in (LONG, SHORT):
            position = held.get((instrument_id, side))
            if position is not None:
                _settle(run, position, record, price)


def _settle(run: Execution, position: Position, record: InstrumentRecord, price: int) -> None:
    entry = position.entry_notional
    value = record.terms.notional(position.quantity, price)
    fills.close_position(run, position, -position.quantity, entry, value - entry, money.Cause())
