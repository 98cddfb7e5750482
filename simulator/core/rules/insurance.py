"""LIQ-6, LIQ-8: the insurance fund takes over what the book does not, pays deficits, unloads.

The fund is an account like any other, but no unit: it is never called or liquidated. What it
cannot pay is booked to `shortfall`, in the open.
"""

from simulator.core.model.accounts import FUND_ACCOUNT, INSURANCE_FUND, SHORTFALL
from simulator.core.model.enums import (
    CancelReason,
    MarginMode,
    OrderType,
    PositionSide,
    Side,
    TimeInForce,
    TransferKind,
)
from simulator.core.model.events import (
    FundUnloadScheduled,
    OrderAccepted,
    PositionChanged,
    PositionTakenOver,
)
from simulator.core.model.units import part_of, round_down_to
from simulator.core.rules import fills, margin, matching, money
from simulator.core.rules.execution import Execution
from simulator.core.rules.order_form import band_edge
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord, Position


def take_over(
    run: Execution, position: Position, quantity: int, notional: int, liquidation_id: int
) -> None:
    """LIQ-6: the fund takes `quantity` of a position in liquidation at `notional`."""
    run.emit(
        PositionTakenOver(liquidation_id, position.instrument_id, position.side, quantity, notional)
    )
    move_to_fund(run, position, quantity, notional, money.Cause(liquidation_id=liquidation_id))


def move_to_fund(
    run: Execution, position: Position, quantity: int, notional: int, cause: money.Cause
) -> None:
    """The fund has `quantity` of a position, at `notional`; the owner's PnL is settled."""
    side = position.side
    instrument_id = position.instrument_id
    closed_entry = part_of(position.entry_notional, quantity, abs(position.quantity))
    fills.close_position(
        run,
        position,
        -side * quantity,
        closed_entry,
        side * notional - closed_entry,
        cause,
    )
    _add_to_fund(run, instrument_id, side, quantity, notional, cause)
    if run.state.fund_unload_at_ns is None:
        interval = run.state.parameters.fund_unload_interval_ns
        run.emit(FundUnloadScheduled(run.state.time_ns + interval))


def _add_to_fund(
    run: Execution,
    instrument_id: int,
    side: PositionSide,
    quantity: int,
    notional: int,
    cause: money.Cause,
) -> None:
    """Closes what the fund holds on the other side, and opens the rest."""
    exposure = run.state.exposure(FUND_ACCOUNT, instrument_id)
    opposite = exposure.short if side == PositionSide.LONG else exposure.long
    closed = 0 if opposite is None else min(quantity, abs(opposite.quantity))
    closed_notional = part_of(notional, closed, quantity)
    if opposite is not None:
        entry = part_of(opposite.entry_notional, closed, abs(opposite.quantity))
        realized = -side * closed_notional - entry
        fills.close_position(run, opposite, side * closed, entry, realized, cause)
    if quantity > closed:
        run.emit(
            PositionChanged(
                FUND_ACCOUNT,
                instrument_id,
                side,
                INSURANCE_FUND,
                side * (quantity - closed),
                side * (notional - closed_notional),
                0,
                None,
                cause.liquidation_id,
            )
        )


def cover_deficit(run: Execution, wallet_id: int, liquidation_id: int) -> tuple[int, int]:
    """LIQ-8: lifts a wallet below zero to zero.

    Returns:
        The deficit, and the part of it that the fund could not pay.
    """
    deficit = -margin.net_assets(run.state.wallets[wallet_id])
    if deficit <= 0:
        return 0, 0
    cause = money.Cause(liquidation_id=liquidation_id)
    paid = min(deficit, run.state.holding(INSURANCE_FUND).balance)
    money.receive(run, INSURANCE_FUND, wallet_id, TransferKind.INSURANCE, paid, cause)
    money.receive(run, SHORTFALL, wallet_id, TransferKind.SHORTFALL, deficit - paid, cause)
    return deficit, deficit - paid


def next_unload(state: ExchangeState) -> int | None:
    """When the fund next offers what it holds; none: it holds nothing."""
    return state.fund_unload_at_ns


def unload_if_due(run: Execution) -> None:
    due = run.state.fund_unload_at_ns
    if due is not None and due <= run.state.time_ns:
        unload(run)


def unload(run: Execution) -> None:
    """LIQ-6: offers a part of each inherited position on the book, within the price band."""
    held = run.state.unit_positions.get(INSURANCE_FUND, {})
    for _, position in sorted(held.items()):
        record = run.state.instruments[position.instrument_id]
        if margin.is_open(record):
            _offer(run, position, record)
    still_held = run.state.unit_positions.get(INSURANCE_FUND)
    interval = run.state.parameters.fund_unload_interval_ns
    run.emit(FundUnloadScheduled(run.state.time_ns + interval if still_held else None))


def _offer(run: Execution, position: Position, record: InstrumentRecord) -> None:
    terms = record.terms
    notional = run.state.parameters.fund_unload_notional
    affordable = notional // terms.notional(1, margin.mark_of(record))
    quantity = max(terms.lot_size, round_down_to(affordable, terms.lot_size))
    quantity = min(quantity, abs(position.quantity))
    side = Side.SELL if position.side == PositionSide.LONG else Side.BUY
    order_id = run.state.counters.order + 1
    run.emit(
        OrderAccepted(
            order_id,
            FUND_ACCOUNT,
            position.instrument_id,
            side,
            OrderType.LIMIT,
            TimeInForce.IOC,
            band_edge(record, side),
            quantity,
            False,
            True,
            False,
            MarginMode.CROSS,
            0,
            0,
            None,
        )
    )
    order = run.state.orders[order_id]
    matching.match(run, order)
    if order.remaining > 0:
        matching.cancel(run, order, CancelReason.IMMEDIATE_OR_CANCEL)
