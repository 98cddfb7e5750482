"""CALL: the warning before a liquidation, and its cure in numbers.

A call is issued when equity <= call margin, stands until equity >= clear_ratio * call margin,
and is repeated every `call_repeat_ns` between. Nothing is sold.
"""

from typing import NamedTuple

from simulator.core.model.enums import LONG, SHORT, CallEnd, PositionSide
from simulator.core.model.events import MarginCallEnded, MarginCallIssued
from simulator.core.model.risk_tiers import maintenance_at
from simulator.core.model.units import RATE_ONE, divide_up
from simulator.core.rules import fills, margin, spot_risk, valuation
from simulator.core.rules.execution import Execution
from simulator.core.rules.liquidation_price import (
    Leg,
    LiquidationPrice,
    UnitLine,
    liquidation_price,
)
from simulator.core.rules.margin import UnitRisk
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord, Position


def is_due(state: ExchangeState, risk: UnitRisk) -> bool:
    """Whether a review of a unit with positions would issue, repeat or clear its call."""
    wallet = state.wallets[risk.wallet_id]
    if wallet.liquidation is not None:
        return False
    if wallet.margin_call is None:
        return risk.equity <= risk.call_margin and _is_exposed(state, risk)
    if not _is_exposed(state, risk):
        return True
    repeat_at = wallet.margin_call.issued_ns + state.parameters.call_repeat_ns
    return risk.equity >= clear_line(state, risk) or state.time_ns >= repeat_at


def next_repeat(state: ExchangeState) -> int | None:
    """When the oldest standing call is to be repeated; none: none stands."""
    if not state.standing_calls:
        return None
    first = next(iter(state.standing_calls.values()))
    return first.issued_ns + state.parameters.call_repeat_ns


def touch_repeated(run: Execution) -> None:
    """Has every unit assessed whose call is to be repeated."""
    state = run.state
    for wallet_id, call in state.standing_calls.items():
        if call.issued_ns + state.parameters.call_repeat_ns > state.time_ns:
            break
        state.touched_units[wallet_id] = None


def review(run: Execution, risk: UnitRisk) -> None:
    """Issues, repeats or clears the unit's call, as its equity stands to its lines (CALL-1)."""
    call = run.state.wallets[risk.wallet_id].margin_call
    if call is None:
        if risk.equity <= risk.call_margin:
            issue(run, risk, repeated=False)
    elif not _is_exposed(run.state, risk):
        end(run, risk, CallEnd.CLOSED)
    elif risk.equity >= clear_line(run.state, risk):
        end(run, risk, CallEnd.CURED)
    elif run.state.time_ns >= call.issued_ns + run.state.parameters.call_repeat_ns:
        issue(run, risk, repeated=True)


def _is_exposed(state: ExchangeState, risk: UnitRisk) -> bool:
    """Whether a price can move the unit: it has a position, or an asset besides the valuation's."""
    if risk.wallet_id in state.unit_positions:
        return True
    return bool(spot_risk.exposures_of(state, state.wallets[risk.wallet_id]))


def clear_line(state: ExchangeState, risk: UnitRisk) -> int:
    """The equity at which a standing call is cleared."""
    return divide_up(risk.call_margin * state.parameters.clear_ratio, RATE_ONE)


def issue(run: Execution, risk: UnitRisk, repeated: bool) -> None:
    """Issues or repeats a call about the unit's largest position or asset, with the cure."""
    state = run.state
    wallet = state.wallets[risk.wallet_id]
    if wallet.margin_call is not None:
        margin_call_id = wallet.margin_call.margin_call_id
    else:
        margin_call_id = state.counters.margin_call + 1
    subject = _subject_of(state, risk)
    if subject is None:
        return
    run.emit(
        MarginCallIssued(
            margin_call_id,
            wallet.account_id,
            wallet.wallet_id,
            risk.equity,
            risk.maintenance_margin,
            risk.call_margin,
            subject.instrument_id,
            subject.side,
            subject.mark,
            subject.liquidation_price,
            subject.quantity,
            max(0, clear_line(state, risk) - risk.equity),
            repeated,
            spot_risk.amount_to_repay(state, risk),
        )
    )


class _Subject(NamedTuple):
    """What a call is about: a position, or an asset that is held or owed."""

    instrument_id: int
    side: PositionSide
    mark: int
    liquidation_price: int | None
    quantity: int


def _subject_of(state: ExchangeState, risk: UnitRisk) -> _Subject | None:
    """None if the unit holds and owes the valuation asset alone: no price can move it."""
    position = margin.largest_position(state, risk.wallet_id)
    if position is not None:
        record = state.instruments[position.instrument_id]
        price = unit_liquidation_price(state, risk, position)
        mark = margin.mark_of(record)
        edge = price.nearest(mark)
        quantity = quantity_to_reduce(state, risk, position)
        return _Subject(position.instrument_id, position.side, mark, edge, quantity)
    exposures = spot_risk.exposures_of(state, state.wallets[risk.wallet_id])
    if not exposures:
        return None
    largest = exposures[0]
    index = valuation.index_of(largest.record)
    price = spot_risk.asset_liquidation_price(spot_risk.line_of(state, risk, largest), index)
    edge = price.nearest(index)
    quantity = spot_risk.quantity_to_trade(state, risk, largest)
    instrument_id = largest.record.terms.instrument_id
    return _Subject(instrument_id, largest.side, index, edge, quantity)


def end(run: Execution, risk: UnitRisk, how: CallEnd) -> None:
    """Ends the unit's standing call, if there is one."""
    call = run.state.wallets[risk.wallet_id].margin_call
    if call is not None:
        run.emit(MarginCallEnded(call.margin_call_id, risk.wallet_id, how, risk.equity))


def unit_liquidation_price(
    state: ExchangeState, risk: UnitRisk, position: Position
) -> LiquidationPrice:
    """MARG-7 of one position in its unit, as things stand."""
    record = state.instruments[position.instrument_id]
    return liquidation_price(unit_line(state, risk, position), record.tiers, margin.mark_of(record))


def unit_line(state: ExchangeState, risk: UnitRisk, position: Position) -> UnitLine:
    """A position and the rest of its unit, as MARG-7 and MARG-8 ask for them."""
    record = state.instruments[position.instrument_id]
    other_pnl = risk.unrealized_pnl - margin.unrealized_pnl(position, record)
    other_maintenance = risk.exact_maintenance - margin.position_maintenance(position, record)
    opposite = Leg(0, 0)
    key = (position.instrument_id, SHORT if position.side is LONG else LONG)
    beside = state.unit_positions[position.wallet_id].get(key)
    if beside is not None:
        opposite = Leg(beside.quantity, beside.entry_notional)
        other_pnl -= margin.unrealized_pnl(beside, record)
        other_maintenance -= margin.position_maintenance(beside, record)
    return UnitLine(
        position.quantity,
        position.entry_notional,
        record.terms.notional_multiplier,
        risk.net_assets,
        other_pnl,
        other_maintenance,
        opposite,
    )


def quantity_to_reduce(state: ExchangeState, risk: UnitRisk, position: Position) -> int:
    """The smallest quantity whose sale at mark, taker fee paid, reaches the clearing line.

    With `keep_margin` in an isolated wallet. The whole position, if even that does not.
    """
    record = state.instruments[position.instrument_id]
    lot = record.terms.lot_size
    low, high = 0, abs(position.quantity) // lot
    while low < high:
        middle = (low + high) // 2
        if _clears(state, risk, position, record, middle * lot):
            high = middle
        else:
            low = middle + 1
    return low * lot


def _clears(
    state: ExchangeState,
    risk: UnitRisk,
    position: Position,
    record: InstrumentRecord,
    quantity: int,
) -> bool:
    mark = margin.mark_of(record)
    rate = fills.fee_rate(state.accounts[position.account_id], record.terms, maker=False)
    fee = fills.fee_of(record.terms.notional(quantity, mark), rate)
    rest = record.terms.notional(abs(position.quantity) - quantity, mark)
    exact = risk.position_maintenance - margin.position_maintenance(position, record)
    exact += maintenance_at(record.tiers, rest)
    call_margin = margin.call_margin_of(exact, state.parameters.call_ratio, risk.debt_call)
    return risk.equity - fee >= divide_up(call_margin * state.parameters.clear_ratio, RATE_ONE)
