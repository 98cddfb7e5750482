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
    LiquidationStarted,
    LiquidationStepTaken,
    OrderAccepted,
)
from simulator.core.model.instruments import RiskTier
from simulator.core.model.units import (
    divide_down,
    divide_up,
    rate_of_up,
    round_down_to,
    round_up_to,
)
from simulator.core.rules import canceling, insurance, margin, margin_calls, matching, money
from simulator.core.rules.execution import Execution
from simulator.core.rules.margin import UnitRisk
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord, Order, Position, Wallet


def is_due(state: ExchangeState, risk: UnitRisk) -> bool:
    """LIQ-1: equity at or under maintenance, and something that may be traded (MAT-2).

    An ongoing liquidation that stood still while its instruments were halted is due too.
    """
    wallet = state.wallets[risk.wallet_id]
    if wallet.liquidation is None and risk.equity > risk.maintenance_margin:
        return False
    positions = state.unit_positions.get(risk.wallet_id)
    if positions:
        return margin.largest_position(state, risk.wallet_id, open_only=True) is not None
    has_debt = state.holding(risk.wallet_id).settlement_debt > 0
    return wallet.liquidation is not None or has_debt


def liquidate(run: Execution, wallet_id: int) -> None:
    """LIQ-1 to LIQ-9 for one unit, until it ends or has only halted positions left."""
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
        position = margin.largest_position(run.state, wallet_id, open_only=True)
        if position is None:
            return
        _take_step(run, wallet, position, risk)
    _end(run, wallet, LiquidationOutcome.CLOSED)


def _start(run: Execution, wallet: Wallet, risk: UnitRisk) -> None:
    """A gap through both lines issues the call first (CALL-1), then the liquidation starts."""
    if wallet.margin_call is None:
        margin_calls.issue(run, risk, repeated=False)
    positions = run.state.unit_positions.get(wallet.wallet_id, {}).values()
    marks = {
        position.instrument_id: margin.mark_of(run.state.instruments[position.instrument_id])
        for position in positions
    }
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
            if order.margin_mode is CROSS_MARGIN or order.locked:
                matching.cancel(run, order, CancelReason.LIQUIDATION)


def _take_step(run: Execution, wallet: Wallet, position: Position, risk: UnitRisk) -> None:
    """LIQ-3, LIQ-4, LIQ-6: one reduction by one order, the rest of it taken over."""
    state = run.state
    record = state.instruments[position.instrument_id]
    total = _total_notional(state, wallet.wallet_id)
    notional = margin.notional_at_mark(position, record)
    tier_number = _tier_number(record.tiers, notional)
    bankrupt = risk.equity <= 0
    quantity = abs(position.quantity)
    if not bankrupt:
        quantity = step_quantity(position, record, tier_number)
    equity = max(0, risk.equity)
    price = takeover_price(record, position.side, equity, total)
    liquidation_id = _liquidation_id(wallet)
    run.emit(
        LiquidationStepTaken(
            liquidation_id,
            position.instrument_id,
            position.side,
            tier_number,
            margin.mark_of(record),
            price,
            quantity,
            risk.equity,
            None if bankrupt else state.counters.order + 1,
        )
    )
    rest = quantity
    if not bankrupt:
        order = _offer(run, position, quantity, price, liquidation_id)
        filled = order.quantity - order.remaining
        _charge_fee(run, wallet, record, order, (equity, total, position.side))
        rest = quantity - filled
    if rest > 0:
        share = divide_down(equity * record.terms.notional(rest, margin.mark_of(record)), total)
        taken = record.terms.notional(rest, margin.mark_of(record)) - position.side * share
        insurance.take_over(run, position, rest, taken, liquidation_id)


def _liquidation_id(wallet: Wallet) -> int:
    if wallet.liquidation is None:
        raise AssertionError(f"wallet {wallet.wallet_id} is not in liquidation")
    return wallet.liquidation.liquidation_id


def _total_notional(state: ExchangeState, wallet_id: int) -> int:
    return sum(
        margin.notional_at_mark(position, state.instruments[position.instrument_id])
        for position in state.unit_positions[wallet_id].values()
    )


def _tier_number(tiers: tuple[RiskTier, ...], notional: int) -> int:
    for number, tier in enumerate(tiers, start=1):
        if tier.cap is None or notional <= tier.cap:
            return number
    raise AssertionError("the last tier is open-ended")


def step_quantity(position: Position, record: InstrumentRecord, tier_number: int) -> int:
    """LIQ-3: down to the next lower tier, in whole lots; in the first tier, all of it.

    All of it, too, if less than the minimum quantity would be left.
    """
    held = abs(position.quantity)
    if tier_number == 1:
        return held
    terms, mark = record.terms, margin.mark_of(record)
    lower_cap = record.tiers[tier_number - 2].cap
    if lower_cap is None:
        raise AssertionError("only the last tier has no cap")
    above = margin.notional_at_mark(position, record) - lower_cap
    quantity = round_up_to(divide_up(above, terms.notional(1, mark)), terms.lot_size)
    return held if held - quantity < terms.min_quantity else quantity


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
    deficit, shortfall = 0, 0
    liquidation_id = _liquidation_id(wallet)
    if outcome == LiquidationOutcome.CLOSED:
        deficit, shortfall = insurance.cover_deficit(run, wallet.wallet_id, liquidation_id)
    risk = margin.assess(run.state, wallet.wallet_id)
    fee = wallet.liquidation.fee if wallet.liquidation is not None else 0
    margin_calls.end(run, risk, CallEnd.LIQUIDATED)
    run.emit(
        LiquidationEnded(
            liquidation_id, wallet.wallet_id, outcome, risk.equity, fee, deficit, shortfall
        )
    )
