"""LIQ: what happens to a unit whose equity has fallen to its maintenance margin.

Its orders are canceled; then, step by step, its largest position is offered on the public book,
never below the *takeover price* at which the unit would be left with exactly nothing. What the
book does not take, the insurance fund takes at that price. It ends as soon as equity is above
the call line, or when nothing is left. A deficit is paid by the fund, never by another wallet.
"""

from simulator.core.model.accounts import INSURANCE_FUND
from simulator.core.model.enums import (
    CROSS_MARGIN,
    HEDGE,
    CallEnd,
    CancelReason,
    LiquidationOutcome,
    LiquidationPolicy,
    MarginMode,
    OrderType,
    PositionSide,
    Side,
    TimeInForce,
    TransferKind,
    WalletKind,
)
from simulator.core.model.events import (
    LiquidationEnded,
    LiquidationPaused,
    LiquidationResumed,
    LiquidationStarted,
    LiquidationStepTaken,
    OrderAccepted,
)
from simulator.core.model.units import divide_down, divide_up, rate_of_up
from simulator.core.rules import (
    canceling,
    insurance,
    margin,
    margin_calls,
    matching,
    money,
    spot_liquidation,
)
from simulator.core.rules import liquidation_steps as steps
from simulator.core.rules.execution import Excess, Execution
from simulator.core.rules.margin import UnitRisk
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord, Order, Position, Wallet


def is_due(state: ExchangeState, risk: UnitRisk) -> bool:
    """LIQ-1: equity at or under maintenance, and something that may be worked on (MAT-2, LIQ-10).

    An ongoing liquidation that stood still, for a halt or a cooldown, is due when that is over.
    """
    wallet = state.wallets[risk.wallet_id]
    if wallet.liquidation is None and risk.equity > risk.maintenance_margin:
        return False
    if state.unit_positions.get(risk.wallet_id):
        return steps.next_position(state, wallet, risk.equity <= 0) is not None
    if risk.wallet_id in state.debtors:
        return spot_liquidation.is_workable(state, wallet)
    return wallet.liquidation is not None


def liquidate(run: Execution, wallet_id: int) -> None:
    """LIQ-1 to LIQ-9 for one unit, until it ends or has nothing left that may be worked on now.

    What the insurance fund cannot take stays with the unit until (7) of the same command (LIQ-7).
    """
    wallet = run.state.wallets[wallet_id]
    risk = margin.assess(run.state, wallet_id)
    if wallet.liquidation is None:
        _start(run, wallet, risk)
    _cancel_orders_in_scope(run, wallet)
    while run.state.unit_positions.get(wallet_id):
        risk = margin.assess(run.state, wallet_id)
        if risk.equity > risk.call_margin:
            _end(run, wallet, LiquidationOutcome.RECOVERED)
            return
        position = steps.next_position(run.state, wallet, risk.equity <= 0)
        if position is None:
            return
        _take_step(run, wallet, position, risk)
        if wallet_id in run.excess:
            return
    outcome = spot_liquidation.settle_debts(run, wallet, _liquidation_id(wallet))
    if outcome is not None:
        _end(run, wallet, outcome)


def next_resume(state: ExchangeState) -> int | None:
    """When the next cooldown is over; none: nothing cools (LIQ-10)."""
    due: int | None = None
    for wallet_id in state.cooling:
        liquidation = state.wallets[wallet_id].liquidation
        if liquidation is not None:
            for _, _, resume_ns in liquidation.cooldowns:
                if resume_ns is not None and (due is None or resume_ns < due):
                    due = resume_ns
    return due


def resume_due(run: Execution) -> None:
    """Ends the cooldowns that are over; their units are touched."""
    state = run.state
    for wallet_id in sorted(state.cooling):
        liquidation = state.wallets[wallet_id].liquidation
        if liquidation is not None:
            number = liquidation.liquidation_id
            for instrument_id, side, resume_ns in liquidation.cooldowns:
                if resume_ns is not None and resume_ns <= state.time_ns:
                    run.emit(LiquidationResumed(number, wallet_id, instrument_id, side))


def _start(run: Execution, wallet: Wallet, risk: UnitRisk) -> None:
    """A gap through both lines issues the call first (CALL-1), then the liquidation starts."""
    if wallet.margin_call is None:
        margin_calls.issue(run, risk, repeated=False)
    positions = run.state.unit_positions.get(wallet.wallet_id, {}).values()
    marks = {
        position.instrument_id: margin.mark_of(run.state.instruments[position.instrument_id])
        for position in positions
    }
    marks |= spot_liquidation.indexes_of(run.state, wallet)
    run.emit(
        LiquidationStarted(
            run.state.counters.liquidation + 1,
            wallet.account_id,
            wallet.wallet_id,
            risk.equity,
            risk.maintenance_margin,
            risk.call_margin,
            tuple(sorted(marks.items())),
        )
    )


def _cancel_orders_in_scope(run: Execution, wallet: Wallet) -> None:
    """LIQ-2: of CROSS all orders of the account that it margins, of ISOLATED the instrument's.

    An isolated order that holds a lock in CROSS is margined by it; one that locks nothing, because
    it only reduces, stays.
    """
    if wallet.kind == WalletKind.ISOLATED:
        account_id, instrument_id = wallet.account_id, wallet.instrument_id
        canceling.cancel_orders_of(run, account_id, instrument_id, CancelReason.LIQUIDATION)
        return
    by_instrument = run.state.exposures.get(wallet.account_id, {})
    for instrument_id in sorted(by_instrument):
        for order in list(by_instrument[instrument_id].orders.values()):
            locks_margin = order.locked and not by_instrument[instrument_id].is_spot
            if order.margin_mode is CROSS_MARGIN or locks_margin:
                matching.cancel(run, order, CancelReason.LIQUIDATION)


def _take_step(run: Execution, wallet: Wallet, position: Position, risk: UnitRisk) -> None:
    """LIQ-3, LIQ-4, LIQ-6: one reduction by one order, the rest of it taken over."""
    state = run.state
    record = state.instruments[position.instrument_id]
    total = steps.total_notional_of(state, wallet.wallet_id)
    bankrupt = risk.equity <= 0
    policy = record.terms.liquidation_policy
    first = policy == LiquidationPolicy.PERCENT_STEPS and steps.is_first_step(wallet, position)
    on_book = not bankrupt and policy != LiquidationPolicy.TAKEOVER_ONLY
    quantity = abs(position.quantity)
    if not bankrupt:
        quantity = steps.planned_quantity(wallet, position, record)
    price = steps.takeover_price(record, position.side, max(0, risk.equity), total)
    liquidation_id = _liquidation_id(wallet)
    run.emit(
        LiquidationStepTaken(
            liquidation_id,
            position.instrument_id,
            position.side,
            steps.tier_number(record.tiers, margin.notional_at_mark(position, record)),
            margin.mark_of(record),
            price,
            quantity,
            risk.equity,
            state.counters.order + 1 if on_book else None,
            risk.maintenance_margin,
            risk.call_margin,
            policy,
        )
    )
    rest = quantity
    if on_book:
        order = _offer(run, position, quantity, price, liquidation_id)
        filled = order.quantity - order.remaining
        _charge_fee(run, wallet, record, order, (risk.equity, total, position.side))
        rest = quantity - filled
    if rest > 0:
        _hand_over(run, wallet, Excess(position, rest, risk.equity, total))
    if first and not bankrupt and wallet.wallet_id not in run.excess:
        pause_if_due(run, wallet, position)


def _hand_over(run: Execution, wallet: Wallet, rest: Excess) -> None:
    """LIQ-6: the fund takes what it can; what it cannot is left for (7) of this command (LIQ-7).

    What it takes may close a position of its own with a profit, and so enable it to take more.
    """
    while True:
        taken = _take_some(run, wallet, rest)
        if taken == rest.quantity:
            return
        rest = _rest_of(run, wallet, rest, rest.quantity - taken)
        if taken == 0:
            run.excess[wallet.wallet_id] = rest
            return


def _take_some(run: Execution, wallet: Wallet, rest: Excess) -> int:
    """The fund takes as much as its room and its capacity allow; returns the quantity.

    Without equity it takes at mark, and pays the unit's deficit when the liquidation ends. If it
    cannot pay all of it, it pays the share of what it takes at once, so that the excess bears its
    own share and no more.
    """
    record = run.state.instruments[rest.position.instrument_id]
    deficit = max(0, -rest.equity)
    taken = min(rest.quantity, insurance.room_for(run.state, rest.position, record))
    pays_now = deficit > 0 and (taken < rest.quantity or deficit > insurance.capacity(run.state))
    if pays_now:
        taken = min(taken, insurance.bearable(run.state, rest, record))
    if taken == 0:
        return 0
    notional = record.terms.notional(taken, margin.mark_of(record))
    equity, total = max(0, rest.equity), rest.total_notional
    price = steps.takeover_notional(notional, rest.side, equity, total)
    insurance.take_over(run, rest.position, taken, price, _liquidation_id(wallet))
    if pays_now:
        share = divide_up(deficit * notional, total)
        insurance.pay_deficit(run, wallet.wallet_id, share, _liquidation_id(wallet))
    return taken


def _rest_of(run: Execution, wallet: Wallet, rest: Excess, quantity: int) -> Excess:
    """With equity the price stays that of the step; without, whatever is left bears the deficit."""
    if rest.equity > 0:
        return rest.of(quantity)
    equity = margin.assess(run.state, wallet.wallet_id).equity
    total = steps.total_notional_of(run.state, wallet.wallet_id)
    return Excess(rest.position, quantity, equity, total)


def pause_if_due(run: Execution, wallet: Wallet, position: Position) -> None:
    """LIQ-10: after the first of two steps the rest waits, if it is still needed."""
    state = run.state
    held = state.unit_positions.get(wallet.wallet_id, {})
    risk = margin.assess(state, wallet.wallet_id)
    if (position.instrument_id, position.side) in held and risk.equity <= risk.call_margin:
        terms = state.instruments[position.instrument_id].terms
        run.emit(
            LiquidationPaused(
                _liquidation_id(wallet),
                wallet.wallet_id,
                position.instrument_id,
                position.side,
                state.time_ns + terms.liquidation_cooldown_ns,
            )
        )


def _liquidation_id(wallet: Wallet) -> int:
    if wallet.liquidation is None:
        raise AssertionError(f"wallet {wallet.wallet_id} is not in liquidation")
    return wallet.liquidation.liquidation_id


def _offer(
    run: Execution, position: Position, quantity: int, price: int, liquidation_id: int
) -> Order:
    """LIQ-4: an immediate-or-cancel order on the public book; it pays no trading fee."""
    order_id = run.state.counters.order + 1
    isolated = run.state.wallets[position.wallet_id].kind == WalletKind.ISOLATED
    run.emit(
        OrderAccepted(
            order_id,
            position.account_id,
            position.instrument_id,
            Side.SELL if position.side == PositionSide.LONG else Side.BUY,
            OrderType.LIMIT,
            TimeInForce.IOC,
            price,
            quantity,
            False,
            True,
            True,
            MarginMode.ISOLATED if isolated else MarginMode.CROSS,
            0,
            0,
            None,
            liquidation_id,
            position_side=named_side(run.state, position),
        )
    )
    order = run.state.orders[order_id]
    matching.match(run, order)
    if order.remaining > 0:
        matching.cancel(run, order, CancelReason.TAKEN_OVER)
    return order


def named_side(state: ExchangeState, position: Position) -> PositionSide | None:
    """How an order names the position that it reduces: by its side in hedge mode only."""
    hedged = state.accounts[position.account_id].position_mode is HEDGE
    return position.side if hedged else None


def _charge_fee(
    run: Execution,
    wallet: Wallet,
    record: InstrumentRecord,
    order: Order,
    before: tuple[int, int, PositionSide],
) -> None:
    """LIQ-4: at most the rate on what filled, and never what would thin the rest's cover.

    `max(0, min(rate * filled notional, E * filled N / sum N - loss of the fills against mark))`.
    """
    equity, total, side = before
    at_mark = record.terms.notional(order.quantity - order.remaining, margin.mark_of(record))
    loss = side * (at_mark - order.filled_notional)
    ceiling = divide_down(equity * at_mark, total) - loss
    fee = min(rate_of_up(order.filled_notional, record.terms.liquidation_fee_rate), ceiling)
    if fee > 0:
        cause = money.Cause(order.order_id, None, order.liquidation_id)
        money.pay(run, wallet.wallet_id, INSURANCE_FUND, TransferKind.LIQUIDATION_FEE, fee, cause)


def _end(run: Execution, wallet: Wallet, outcome: LiquidationOutcome) -> None:
    """LIQ-8, LIQ-9: covers a deficit, ends the call and the liquidation."""
    shortfall, fee, insured = 0, 0, 0
    liquidation_id = _liquidation_id(wallet)
    if outcome == LiquidationOutcome.CLOSED:
        shortfall = insurance.cover_deficit(run, wallet.wallet_id, liquidation_id)
    risk = margin.assess(run.state, wallet.wallet_id)
    if wallet.liquidation is not None:
        fee, insured = wallet.liquidation.fee, wallet.liquidation.insured
    margin_calls.end(run, risk, CallEnd.LIQUIDATED)
    run.emit(
        LiquidationEnded(
            liquidation_id,
            wallet.wallet_id,
            outcome,
            risk.equity,
            fee,
            insured + shortfall,
            shortfall,
        )
    )
