"""LIQ-5: how the debts of a unit in liquidation are settled, after its perpetuals.

What the unit holds of an asset that it owes repays it. Then, step by step, the largest asset is
sold and what is owed of others is bought, by bounded orders on the spot book, never beyond the
takeover price at which the unit would be left with exactly nothing; what the book does not take,
the fund takes at index. It ends when the margin level is above the call level, or when nothing is
owed.
"""

from simulator.core.model.accounts import INSURANCE_FUND
from simulator.core.model.enums import (
    LONG,
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
from simulator.core.model.events import LiquidationStepTaken, OrderAccepted
from simulator.core.model.instruments import Instrument
from simulator.core.model.units import (
    RATE_ONE,
    divide_down,
    divide_up,
    rate_of_up,
    round_down_to,
    round_up_to,
)
from simulator.core.rules import (
    borrowing,
    fund_assets,
    margin,
    matching,
    money,
    spot_risk,
    valuation,
)
from simulator.core.rules.execution import Execution
from simulator.core.rules.margin import UnitRisk
from simulator.core.rules.spot_risk import AssetExposure
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord, Order, Wallet


def is_workable(state: ExchangeState, wallet: Wallet) -> bool:
    """Whether a step can be taken now: not while what would be sold is halted, and so nothing is
    there to buy back what is owed."""
    exposures = spot_risk.exposures_of(state, wallet)
    if not exposures:
        return True
    return _next(state, wallet, exposures, margin.assess(state, wallet.wallet_id)) is not None


def indexes_of(state: ExchangeState, wallet: Wallet) -> dict[int, int]:
    """The index of every spot instrument that the unit's assets and debts are valued by."""
    return {
        each.record.terms.instrument_id: valuation.index_of(each.record)
        for each in spot_risk.exposures_of(state, wallet)
    }


def settle_debts(run: Execution, wallet: Wallet, liquidation_id: int) -> LiquidationOutcome | None:
    """LIQ-5 until it ends; none if it waits for a halted market."""
    state = run.state
    while True:
        _repay_own(run, wallet, liquidation_id)
        risk = margin.assess(state, wallet.wallet_id)
        if risk.worth is None or wallet.wallet_id not in state.debtors:
            return LiquidationOutcome.CLOSED
        if risk.equity > risk.call_margin:
            return LiquidationOutcome.RECOVERED
        exposures = spot_risk.exposures_of(state, wallet)
        if not exposures:
            return LiquidationOutcome.CLOSED
        exposure = _next(state, wallet, exposures, risk)
        if exposure is None:
            return None
        total = sum(each.value for each in exposures)
        _take_step(run, wallet, exposure, (risk, total, liquidation_id))


def _repay_own(run: Execution, wallet: Wallet, liquidation_id: int) -> None:
    """What is held of an asset repays what is owed of it: nothing is sold for that."""
    cause = money.Cause(liquidation_id=liquidation_id)
    money.repay_settlement(run, wallet.wallet_id, cause)
    for asset_id in sorted(wallet.holdings):
        borrowing.repay_most(run, wallet.wallet_id, asset_id, cause)


def _next(
    state: ExchangeState, wallet: Wallet, exposures: list[AssetExposure], risk: UnitRisk
) -> AssetExposure | None:
    """The largest debt that money is there to buy back, or else the largest asset to sell."""
    tradable = [each for each in exposures if margin.is_open(each.record)]
    total = sum(each.value for each in exposures)
    for each in tradable:
        if each.amount < 0 and (risk.equity <= 0 or _can_buy(state, wallet, each, risk, total)):
            return each
    for each in tradable:
        if each.amount > 0:
            return each
    return None


def _can_buy(
    state: ExchangeState, wallet: Wallet, exposure: AssetExposure, risk: UnitRisk, total: int
) -> bool:
    """Whether the unit's money buys a lot of what is owed at the takeover price, or all of it."""
    terms = exposure.record.terms
    price = takeover_price(exposure.record, exposure.side, risk.equity, total)
    balance = state.holding(wallet.wallet_id).balance
    return balance >= min(terms.notional(terms.lot_size, price), exposure.value)


def _take_step(
    run: Execution,
    wallet: Wallet,
    exposure: AssetExposure,
    situation: tuple[UnitRisk, int, int],
) -> None:
    """One sale or purchase by one order; the fund takes the rest of it, and dust under a lot."""
    risk, total, liquidation_id = situation
    state, terms = run.state, exposure.record.terms
    bankrupt = risk.equity <= 0
    price = takeover_price(exposure.record, exposure.side, max(0, risk.equity), total)
    held = abs(exposure.amount) // terms.base_multiplier
    quantity = round_down_to(held, terms.lot_size)
    if not bankrupt:
        quantity = _quantity(state, wallet, exposure, risk, price)
    all_of_it = quantity >= round_down_to(held, terms.lot_size)
    run.emit(
        LiquidationStepTaken(
            liquidation_id,
            terms.instrument_id,
            exposure.side,
            1,
            valuation.index_of(exposure.record),
            price,
            quantity,
            risk.equity,
            None if bankrupt or quantity == 0 else state.counters.order + 1,
        )
    )
    filled = 0
    if not bankrupt and quantity:
        order = _offer(run, wallet, exposure, (quantity, price, liquidation_id))
        filled = order.quantity - order.remaining
        _charge_fee(run, wallet, exposure, order, (risk.equity, total))
    rest = (quantity - filled) * terms.base_multiplier
    if all_of_it:
        rest = abs(exposure.amount) - filled * terms.base_multiplier
    if rest == 0:
        return
    if exposure.side is LONG:
        fund_assets.buy_from(run, wallet.wallet_id, exposure.asset_id, rest, liquidation_id)
        return
    if not bankrupt and not all_of_it:
        rest = min(rest, _affordable(state, wallet, exposure.asset_id))
    fund_assets.sell_to(run, wallet.wallet_id, exposure.asset_id, rest, liquidation_id)


def takeover_price(record: InstrumentRecord, side: PositionSide, equity: int, total: int) -> int:
    """`index * (1 - s * E / sum N)` over all that is held and owed, to the tick, never worse."""
    index, tick = valuation.index_of(record), record.terms.tick_size
    if side is LONG:
        return max(tick, round_up_to(divide_up(index * (total - equity), total), tick))
    return round_down_to(divide_down(index * (total + equity), total), tick)


def _quantity(
    state: ExchangeState, wallet: Wallet, exposure: AssetExposure, risk: UnitRisk, price: int
) -> int:
    """What must be traded to get above the call level, fee paid, in lots; all of it, if little
    would be left.

    Trading n changes E to E - f*n and the debts to D - n*(1 - f): E > (c - 1)*D needs
    n > ((c - 1)*D - E) / ((c - 1)*(1 - f) - f), c the call level, f the liquidation fee.
    """
    terms = exposure.record.terms
    held = round_down_to(abs(exposure.amount) // terms.base_multiplier, terms.lot_size)
    quantity = held
    call, _ = valuation.product_levels(state, wallet)
    fee = terms.liquidation_fee_rate
    slope = (call - RATE_ONE) * (RATE_ONE - fee) - fee * RATE_ONE
    debts = 0 if risk.worth is None else risk.worth.debts
    if slope > 0:
        needed = divide_up(((call - RATE_ONE) * debts - risk.equity * RATE_ONE) * RATE_ONE, slope)
        unit = terms.notional(1, valuation.index_of(exposure.record))
        lots = round_up_to(divide_up(max(0, needed), unit), terms.lot_size) + terms.lot_size
        if held - lots >= terms.min_quantity:
            quantity = lots
    if exposure.side is LONG:
        return quantity
    affordable = state.holding(wallet.wallet_id).balance // terms.notional(1, max(1, price))
    return min(quantity, round_down_to(affordable, terms.lot_size))


def _affordable(state: ExchangeState, wallet: Wallet, asset_id: int) -> int:
    """How much of an asset the unit's money buys at index."""
    balance = state.holding(wallet.wallet_id).balance
    return valuation.amount_within(state, asset_id, balance, 0)


def _offer(
    run: Execution, wallet: Wallet, exposure: AssetExposure, terms: tuple[int, int, int]
) -> Order:
    """LIQ-4: an immediate-or-cancel order on the public book; it pays no trading fee."""
    quantity, price, liquidation_id = terms
    order_id = run.state.counters.order + 1
    isolated = wallet.kind is WalletKind.ISOLATED
    run.emit(
        OrderAccepted(
            order_id,
            wallet.account_id,
            exposure.record.terms.instrument_id,
            Side.SELL if exposure.side is LONG else Side.BUY,
            OrderType.LIMIT,
            TimeInForce.IOC,
            price,
            quantity,
            False,
            False,
            True,
            MarginMode.ISOLATED if isolated else MarginMode.CROSS,
            0,
            0,
            None,
            liquidation_id,
        )
    )
    order = run.state.orders[order_id]
    matching.match(run, order)
    if order.remaining > 0:
        matching.cancel(run, order, CancelReason.TAKEN_OVER)
    return order


def _charge_fee(
    run: Execution,
    wallet: Wallet,
    exposure: AssetExposure,
    order: Order,
    before: tuple[int, int],
) -> None:
    """LIQ-4: at most the rate on what filled, and never what would thin the rest's cover."""
    equity, total = before
    terms: Instrument = exposure.record.terms
    filled = order.quantity - order.remaining
    at_index = terms.notional(filled, valuation.index_of(exposure.record))
    loss = exposure.side * (at_index - order.filled_notional)
    ceiling = divide_down(equity * at_index, total) - loss
    fee = min(rate_of_up(order.filled_notional, terms.liquidation_fee_rate), ceiling)
    if fee > 0:
        cause = money.Cause(order.order_id, None, order.liquidation_id)
        money.pay(run, wallet.wallet_id, INSURANCE_FUND, TransferKind.LIQUIDATION_FEE, fee, cause)
