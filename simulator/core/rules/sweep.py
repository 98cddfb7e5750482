"""TIME-1 (6) to (8), TIME-2: assessing every unit that something happened to.

Units under their maintenance line are liquidated first, in order of distress; their trades touch
other units, which are assessed next, until none is left. What the insurance fund cannot take is
then auto-deleveraged, which touches others again. Warnings come last. At most a page of
units is worked on per command; the rest waits in order for `ContinueSweep`.
"""

from simulator.core.model.enums import CROSS_WALLET, ISOLATED_WALLET, CallEnd, TransferKind
from simulator.core.model.events import SweepPaged
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.rules import deleveraging, liquidation, margin, margin_calls, money
from simulator.core.rules.execution import Execution
from simulator.core.rules.margin import UnitRisk
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import Wallet

_Rank = tuple[int, int, int, int]


def sweep(run: Execution) -> None:
    """Assesses all touched units and acts on what it finds; pages what is too much.

    Only units that something is done about count: which others were touched, and looked at in
    vain, must leave no trace in the events.
    """
    state = run.state
    room = state.parameters.page_size
    waiting: list[int] = []
    to_review: dict[int, None] = {}
    while (state.touched_units or run.excess) and not waiting:
        distressed = _take_distressed(run, to_review)
        if distressed:
            for _, wallet_id in distressed[:room]:
                _liquidate(run, wallet_id)
            waiting = [wallet_id for _, wallet_id in distressed[room:]]
            room = max(0, room - len(distressed))
        if run.excess and (waiting or not state.touched_units):
            deleveraging.deleverage(run)
    if to_review:
        reviewed = sorted(to_review)
        for wallet_id in reviewed[:room]:
            _review(run, wallet_id)
        waiting += reviewed[room:]
    if state.touched_units:
        waiting += [each for each in sorted(state.touched_units) if state.is_unit(each)]
        state.touched_units.clear()
    if waiting or state.pending_sweep:
        run.emit(SweepPaged(tuple(dict.fromkeys(waiting))))


def _take_distressed(run: Execution, to_review: dict[int, None]) -> list[tuple[_Rank, int]]:
    """Empties the touched units: those due for liquidation in order, the others to be reviewed."""
    state = run.state
    for wallet_id in sorted(state.touched_units):
        if wallet_id not in state.unit_positions:
            _close_empty(run, wallet_id)
    touched = list(state.touched_units)
    state.touched_units.clear()
    distressed: list[tuple[_Rank, int]] = []
    for wallet_id in touched:
        to_review.pop(wallet_id, None)
        if wallet_id in run.excess:
            continue  # its liquidation goes on in (7)
        wallet = state.wallets[wallet_id]
        if wallet.kind is not CROSS_WALLET and wallet.kind is not ISOLATED_WALLET:
            continue
        if wallet_id not in state.unit_positions and _is_harmless(state, wallet_id):
            continue
        risk = margin.assess(state, wallet_id)
        nothing_stands = wallet.margin_call is None and wallet.liquidation is None
        if nothing_stands and risk.equity > risk.call_margin:
            run.watch.outdate(wallet_id)  # the call line is the first to be met
        elif liquidation.is_due(state, risk):
            distressed.append((_rank(state, risk), wallet_id))
        elif margin_calls.is_due(state, risk):
            to_review[wallet_id] = None
        else:
            run.watch.outdate(wallet_id)
    distressed.sort()
    return distressed


def _liquidate(run: Execution, wallet_id: int) -> None:
    """LIQ-1 when the unit's turn comes: a fill or a return of margin may have cured it by then."""
    state = run.state
    state.touched_units[wallet_id] = None
    if liquidation.is_due(state, margin.assess(state, wallet_id)):
        liquidation.liquidate(run, wallet_id)
        if wallet_id not in state.unit_positions:
            _close_empty(run, wallet_id)


def _is_harmless(state: ExchangeState, wallet_id: int) -> bool:
    """Without a position, a debt or a liquidation there is no line to cross."""
    if wallet_id in state.unit_positions or state.wallets[wallet_id].liquidation is not None:
        return False
    return wallet_id not in state.debtors


def _rank(state: ExchangeState, risk: UnitRisk) -> _Rank:
    """TIME-1 (6): no equity first, larger deficit first; then by margin ratio, isolated first."""
    isolated_first = 0 if state.wallets[risk.wallet_id].kind is ISOLATED_WALLET else 1
    ratio = margin.margin_ratio_rate(risk)
    if ratio is None:
        return (0, risk.equity, isolated_first, risk.wallet_id)
    return (1, -ratio, isolated_first, risk.wallet_id)


def _review(run: Execution, wallet_id: int) -> None:
    """CALL-1 for one unit; a call that is issued or ends moves its bounds."""
    margin_calls.review(run, margin.assess(run.state, wallet_id))
    run.watch.outdate(wallet_id)


def _close_empty(run: Execution, wallet_id: int) -> None:
    """Nothing is at risk: a call ends, an isolated wallet returns what is left to CROSS (LIQ-9)."""
    state = run.state
    wallet = state.wallets[wallet_id]
    run.watch.forget(wallet_id)
    if not _is_harmless(state, wallet_id):
        return
    if wallet.margin_call is not None:
        margin_calls.end(run, margin.assess(state, wallet_id), CallEnd.CLOSED)
    if wallet.kind is ISOLATED_WALLET:
        _return_to_cross(run, wallet)


def _return_to_cross(run: Execution, wallet: Wallet) -> None:
    """All assets of an isolated wallet; while spot orders have something locked it is in use."""
    if any(holding.locked for holding in wallet.holdings.values()):
        return
    cross = run.state.accounts[wallet.account_id].cross_wallet_id
    kind, cause = TransferKind.TRANSFER, money.Cause()
    for asset_id in sorted(wallet.holdings):
        left = wallet.holdings[asset_id].balance
        if left > 0:
            money.transfer(run, kind, wallet.wallet_id, cross, left, cause, asset_id)
            if asset_id == VALUATION_ASSET:
                money.repay_settlement(run, cross, cause)


def set_aside(run: Execution, wallet_ids: list[int]) -> None:
    """TIME-2: the sweep comes later; those of these units that something is due about wait for it.

    Whatever else was touched is not remembered: which units were looked at in vain must leave no
    trace.
    """
    state = run.state
    waiting: list[int] = []
    for wallet_id in sorted(wallet_ids):
        if not state.is_unit(wallet_id):
            continue
        if not _is_harmless(state, wallet_id):
            risk = margin.assess(state, wallet_id)
            if not liquidation.is_due(state, risk) and not margin_calls.is_due(state, risk):
                run.watch.outdate(wallet_id)
                continue
        waiting.append(wallet_id)
    state.touched_units.clear()
    if waiting != state.pending_sweep:
        run.emit(SweepPaged(tuple(waiting)))


def touch_holders(run: Execution, instrument_id: int) -> None:
    """Has every unit with a position on the instrument assessed; on spot, every one that owes
    something and holds or owes the asset."""
    state = run.state
    for wallet_id in state.holders.get(instrument_id, {}):
        state.touched_units[wallet_id] = None
    base = state.instruments[instrument_id].terms.base_asset_id
    if base is not None:
        for wallet_id in sorted(state.debtors):
            if base in state.wallets[wallet_id].holdings:
                state.touched_units[wallet_id] = None
