"""LIQ-6 to LIQ-8: the insurance fund takes over what the book does not, pays deficits, unloads.

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
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.units import part_of, round_down_to
from simulator.core.rules import borrowing, fills, fund_assets, margin, matching, money
from simulator.core.rules.execution import Excess, Execution
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
    fund_assets.schedule_unload(run)


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


def room_for(state: ExchangeState, position: Position, record: InstrumentRecord) -> int:
    """LIQ-7: how much of a position the fund may take before its notional is beyond its cap.

    What closes a position that the fund has on the other side makes room first.
    """
    held = abs(position.quantity)
    cap = state.parameters.fund_notional_cap
    if cap is None:
        return held
    total = 0
    opposite = 0
    for (instrument_id, side), own in state.unit_positions.get(INSURANCE_FUND, {}).items():
        total += margin.notional_at_mark(own, state.instruments[instrument_id])
        if instrument_id == position.instrument_id and side != position.side:
            opposite = abs(own.quantity)
    unit = record.terms.notional(1, margin.mark_of(record))
    room = opposite + max(0, cap - total + opposite * unit) // unit
    return held if room >= held else round_down_to(room, record.terms.lot_size)


def capacity(state: ExchangeState) -> int:
    """LIQ-7: how much of deficits the fund can pay: its balance, less what its positions have lost.

    What they have gained does not count until it is realized.
    """
    able = fund_assets.own_means(state)
    for (instrument_id, _), own in state.unit_positions.get(INSURANCE_FUND, {}).items():
        able += min(0, margin.unrealized_pnl(own, state.instruments[instrument_id]))
    return max(0, able)


def bearable(state: ExchangeState, rest: Excess, record: InstrumentRecord) -> int:
    """LIQ-7: the quantity whose share of the unit's deficit is within the fund's capacity."""
    share_of_one = -rest.equity * record.terms.notional(1, margin.mark_of(record))
    quantity = capacity(state) * rest.total_notional // share_of_one
    if quantity >= rest.quantity:
        return rest.quantity
    return round_down_to(quantity, record.terms.lot_size)


def pay_deficit(run: Execution, wallet_id: int, amount: int, liquidation_id: int) -> None:
    """LIQ-8: the fund pays a part of a deficit, as far as its balance reaches."""
    cause = money.Cause(liquidation_id=liquidation_id)
    fund_assets.pay_deficit(run, wallet_id, amount, cause)


def cover_deficit(run: Execution, wallet_id: int, liquidation_id: int) -> int:
    """LIQ-8: lifts a wallet below zero to zero; returns the part that the fund could not pay."""
    deficit = -margin.assess(run.state, wallet_id).equity
    if deficit <= 0:
        return 0
    pay_deficit(run, wallet_id, deficit, liquidation_id)
    left = -margin.assess(run.state, wallet_id).equity
    cause = money.Cause(liquidation_id=liquidation_id)
    money.receive(run, SHORTFALL, wallet_id, TransferKind.SHORTFALL, left, cause)
    borrowing.repay_most(run, wallet_id, VALUATION_ASSET, cause)
    return left


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
    assets_left = fund_assets.unload_assets(run)
    still_held = assets_left or INSURANCE_FUND in run.state.unit_positions
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
