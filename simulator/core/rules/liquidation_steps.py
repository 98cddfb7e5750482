"""LIQ-3, LIQ-4, LIQ-10: how much of which position a step takes, and at which price at the worst.

Functions of what is; `liquidation` acts on them.
"""

from simulator.core.model.enums import LiquidationPolicy, PositionSide
from simulator.core.model.instruments import RiskTier
from simulator.core.model.units import (
    divide_down,
    divide_up,
    rate_of_up,
    round_down_to,
    round_up_to,
)
from simulator.core.rules import margin
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord, Position, Wallet


def next_position(state: ExchangeState, wallet: Wallet, bankrupt: bool) -> Position | None:
    """LIQ-3: the largest maintenance among the positions that may be worked on now.

    Those on halted instruments may not (MAT-2), nor those that wait for a cooldown, unless the unit
    has no equity left (LIQ-10).
    """
    best: Position | None = None
    best_rank: margin.PositionRank | None = None
    for position in state.unit_positions.get(wallet.wallet_id, {}).values():
        record = state.instruments[position.instrument_id]
        if not margin.is_open(record) or (not bankrupt and _cools(wallet, position)):
            continue
        rank = margin.rank_by_maintenance(position, record)
        if best_rank is None or rank < best_rank:
            best, best_rank = position, rank
    return best


def _cools(wallet: Wallet, position: Position) -> bool:
    if wallet.liquidation is None:
        return False
    key = (position.instrument_id, position.side)
    return any(each[:2] == key and each[2] is not None for each in wallet.liquidation.cooldowns)


def is_first_step(wallet: Wallet, position: Position) -> bool:
    """LIQ-10: whether no step of this liquidation has taken a part of the position yet."""
    if wallet.liquidation is None:
        return True
    key = (position.instrument_id, position.side)
    return all(each[:2] != key for each in wallet.liquidation.cooldowns)


def planned_quantity(wallet: Wallet, position: Position, record: InstrumentRecord) -> int:
    """LIQ-10: what the instrument's policy takes of a position in this step."""
    held = abs(position.quantity)
    policy = record.terms.liquidation_policy
    if policy == LiquidationPolicy.LADDER:
        number = tier_number(record.tiers, margin.notional_at_mark(position, record))
        return step_quantity(position, record, number)
    if policy == LiquidationPolicy.PERCENT_STEPS and is_first_step(wallet, position):
        part = rate_of_up(held, record.terms.liquidation_step_rate)
        return _whole_if_little_is_left(record, held, round_up_to(part, record.terms.lot_size))
    return held


def tier_number(tiers: tuple[RiskTier, ...], notional: int) -> int:
    """Of the tier that the notional lies in, counted from 1."""
    for number, tier in enumerate(tiers, start=1):
        if tier.cap is None or notional <= tier.cap:
            return number
    raise AssertionError("the last tier is open-ended")


def step_quantity(position: Position, record: InstrumentRecord, number: int) -> int:
    """LIQ-3: down to the next lower tier, in whole lots; in the first tier, all of it.

    All of it, too, if less than the minimum quantity would be left.
    """
    held = abs(position.quantity)
    if number == 1:
        return held
    terms, mark = record.terms, margin.mark_of(record)
    lower_cap = record.tiers[number - 2].cap
    if lower_cap is None:
        raise AssertionError("only the last tier has no cap")
    above = margin.notional_at_mark(position, record) - lower_cap
    quantity = round_up_to(divide_up(above, terms.notional(1, mark)), terms.lot_size)
    return _whole_if_little_is_left(record, held, quantity)


def _whole_if_little_is_left(record: InstrumentRecord, held: int, quantity: int) -> int:
    return held if held - quantity < record.terms.min_quantity else quantity


def takeover_price(
    record: InstrumentRecord, side: PositionSide, equity: int, total_notional: int
) -> int:
    """LIQ-4: `MP * (1 - s * E / sum N)`, rounded to the tick, never worse than that.

    All positions taken at their takeover prices leave the unit with exactly nothing.
    """
    mark, tick = margin.mark_of(record), record.terms.tick_size
    if side == PositionSide.LONG:
        exact = divide_up(mark * (total_notional - equity), total_notional)
        return max(tick, round_up_to(exact, tick))
    return round_down_to(divide_down(mark * (total_notional + equity), total_notional), tick)


def takeover_notional(notional: int, side: PositionSide, equity: int, total_notional: int) -> int:
    """LIQ-6: `N - s * E * N / sum N`: value at mark, moved against the unit by its share of the
    equity, which is rounded in the unit's favor."""
    return notional - side * divide_down(equity * notional, total_notional)


def total_notional_of(state: ExchangeState, wallet_id: int) -> int:
    """`sum N` over the positions of a unit, at mark."""
    return sum(
        margin.notional_at_mark(position, state.instruments[position.instrument_id])
        for position in state.unit_positions[wallet_id].values()
    )
