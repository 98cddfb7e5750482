"""LIQ-7: what neither the book nor the insurance fund takes falls to traders on the other side.

Their positions are ranked by profit and leverage, and closed one after the other against the one in
liquidation, at its takeover price and without a fee; with a deficit that price is beyond the mark,
so that the unit ends at exactly zero. Nobody gives more than his unit's equity, and the losers come
last. What even they cannot take is the fund's after all, and its deficit the world's (LIQ-8).
"""

from simulator.core.model.accounts import INSURANCE_FUND
from simulator.core.model.enums import CancelReason, LiquidationPolicy, PositionSide
from simulator.core.model.events import DeleveragingStarted, PositionDeleveraged
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.units import divide_down, part_of, round_down_to
from simulator.core.rules import canceling, fills, insurance, liquidation, margin, money
from simulator.core.rules import liquidation_steps as steps
from simulator.core.rules.execution import Excess, Execution
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord, Position

_Place = tuple[bool, int, int, int]


class Candidate:
    """An opposite position and its place in the queue."""

    __slots__ = ("place", "position", "score")

    def __init__(self, position: Position, score: int, place: _Place) -> None:
        self.position = position
        self.score = score
        self.place = place


def ranked(state: ExchangeState, instrument_id: int, side: PositionSide) -> list[Candidate]:
    """All positions of a side that may be deleveraged, the first to be so first.

    Units in liquidation and the fund are left out; losers are last; ties by age of position.
    """
    candidates: list[Candidate] = []
    record = state.instruments[instrument_id]
    for wallet_id in state.holders.get(instrument_id, {}):
        position = state.unit_positions[wallet_id].get((instrument_id, side))
        if position is None or wallet_id == INSURANCE_FUND:
            continue
        if state.wallets[wallet_id].liquidation is None:
            pnl = margin.unrealized_pnl(position, record)
            points = score_of(state, position, pnl)
            place = (pnl < 0, -points, position.opened_seq, wallet_id)
            candidates.append(Candidate(position, points, place))
    candidates.sort(key=_place_of)
    return candidates


def _place_of(candidate: Candidate) -> _Place:
    return candidate.place


def score_of(state: ExchangeState, position: Position, pnl: int) -> int:
    """The score of a position whose unrealized PnL is `pnl`."""
    one: int = 10 ** state.assets[VALUATION_ASSET].decimals
    return score(pnl, margin.assess(state, position.wallet_id), one)


def score(pnl: int, risk: margin.UnitRisk, one: int) -> int:
    """`max(0, UPNL) / max(1, W) * MM / (W + UPNL)` as a rate, rounded down (LIQ-7).

    UPNL in the first factor is the position's, W the net assets of its unit, at least `one` whole
    unit of the valuation asset; the second factor is the unit's margin ratio. Zero without equity.
    """
    if pnl <= 0 or risk.equity <= 0:
        return 0
    return divide_down(pnl * risk.exact_maintenance, max(one, risk.net_assets) * risk.equity)


def deleverage(run: Execution) -> None:
    """(7) of TIME-1: deals with every excess of this command, in the order in which it arose.

    A liquidation goes on where its excess stopped it, and may come to another one.
    """
    while run.excess:
        wallet_id = next(iter(run.excess))
        excess = run.excess.pop(wallet_id)
        wallet = run.state.wallets[wallet_id]
        if wallet.liquidation is None:
            raise AssertionError(f"wallet {wallet_id} is not in liquidation")
        _close_against(run, excess, wallet.liquidation.liquidation_id)
        terms = run.state.instruments[excess.position.instrument_id].terms
        in_steps = terms.liquidation_policy == LiquidationPolicy.PERCENT_STEPS
        if in_steps and excess.equity > 0 and steps.is_first_step(wallet, excess.position):
            liquidation.pause_if_due(run, wallet, excess.position)
        liquidation.liquidate(run, wallet_id)


def _close_against(run: Execution, excess: Excess, liquidation_id: int) -> None:
    """Closes the excess against opposite positions; the fund takes what they cannot."""
    state, position = run.state, excess.position
    record = state.instruments[position.instrument_id]
    run.emit(
        DeleveragingStarted(
            liquidation_id,
            position.instrument_id,
            position.side,
            excess.quantity,
            margin.mark_of(record),
            excess.equity,
            excess.total_notional,
        )
    )
    left = excess.quantity
    for candidate in ranked(state, position.instrument_id, PositionSide(-position.side)):
        if left == 0:
            return
        quantity = min(left, _most_of(state, candidate.position, excess, record))
        if quantity > 0:
            notional = _notional_of(excess, left, quantity, record)
            left -= quantity
            _close_pair(run, (position, candidate), quantity, notional, liquidation_id)
    if left > 0:
        notional = record.terms.notional(left, margin.mark_of(record))
        if excess.equity > 0:
            notional = _notional_of(excess, left, left, record)
        insurance.take_over(run, position, left, notional, liquidation_id)


def _most_of(
    state: ExchangeState, position: Position, excess: Excess, record: InstrumentRecord
) -> int:
    """All of an opposite position; against a deficit what its unit's equity can bear of it."""
    held = abs(position.quantity)
    if excess.equity >= 0:
        return held
    share_of_one = -excess.equity * record.terms.notional(1, margin.mark_of(record))
    equity = margin.assess(state, position.wallet_id).equity
    # one minor unit is kept back: a share may round up
    quantity = max(0, equity - 1) * excess.total_notional // share_of_one
    return held if quantity >= held else round_down_to(quantity, record.terms.lot_size)


def _notional_of(excess: Excess, left: int, quantity: int, record: InstrumentRecord) -> int:
    """What the next `quantity` of the `left` is closed at; so rounded that all parts add up to what
    the whole would be closed at."""
    mark, terms = margin.mark_of(record), record.terms
    equity, total = excess.equity, excess.total_notional
    before = steps.takeover_notional(terms.notional(left, mark), excess.side, equity, total)
    rest = terms.notional(left - quantity, mark)
    return before - steps.takeover_notional(rest, excess.side, equity, total)


def _close_pair(
    run: Execution,
    pair: tuple[Position, Candidate],
    quantity: int,
    notional: int,
    liquidation_id: int,
) -> None:
    """Both positions are closed by as much, at one notional; what one realizes the other does not.

    The counterparty's orders on the instrument are canceled first.
    """
    liquidated, candidate = pair
    opposite = candidate.position
    canceling.cancel_orders_of(
        run, opposite.account_id, opposite.instrument_id, CancelReason.AUTO_DELEVERAGED
    )
    run.emit(
        PositionDeleveraged(
            liquidation_id,
            opposite.instrument_id,
            opposite.account_id,
            opposite.wallet_id,
            opposite.side,
            quantity,
            notional,
            candidate.score,
        )
    )
    cause = money.Cause(liquidation_id=liquidation_id)
    for position in (liquidated, opposite):
        entry = part_of(position.entry_notional, quantity, abs(position.quantity))
        realized = position.side * notional - entry
        fills.close_position(run, position, -position.side * quantity, entry, realized, cause)
