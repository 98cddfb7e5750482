"""LIQ-5, LIQ-6 for assets: what the insurance fund buys of a unit or sells to it, and unloads.

The fund trades at index. What it has not got it borrows from the asset's lending pool, free of
interest and of every limit; it unloads what it holds, and buys back what it owes, on the spot book
at its rate, and repays. What it can never repay is shortfall (LIQ-8).
"""

from typing import Final

from simulator.core.model.accounts import FUND_ACCOUNT, INSURANCE_FUND, SHORTFALL
from simulator.core.model.enums import (
    CancelReason,
    MarginMode,
    OrderType,
    Side,
    TimeInForce,
    TransferKind,
)
from simulator.core.model.events import AssetTakenOver, FundUnloadScheduled, OrderAccepted
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.units import round_down_to
from simulator.core.rules import borrowing, margin, matching, money, spot_risk, valuation
from simulator.core.rules.execution import Execution
from simulator.core.rules.order_form import band_edge
from simulator.core.rules.spot_risk import AssetExposure
from simulator.core.state.exchange_state import ExchangeState

_TAKEOVER: Final = TransferKind.TAKEOVER


def buy_from(
    run: Execution, wallet_id: int, asset_id: int, amount: int, liquidation_id: int
) -> None:
    """The fund buys an asset of a unit at index; the unit is paid rounded down."""
    value = valuation.value_down(run.state, asset_id, amount)
    run.emit(AssetTakenOver(liquidation_id, wallet_id, asset_id, amount, value))
    cause = money.Cause(liquidation_id=liquidation_id)
    _get(run, VALUATION_ASSET, value, cause)
    money.transfer(run, _TAKEOVER, wallet_id, INSURANCE_FUND, amount, cause, asset_id)
    money.receive(run, INSURANCE_FUND, wallet_id, _TAKEOVER, value, cause)
    schedule_unload(run)


def sell_to(
    run: Execution, wallet_id: int, asset_id: int, amount: int, liquidation_id: int
) -> None:
    """The fund sells an asset to a unit that owes it, at index; the unit pays rounded up.

    What the unit cannot pay becomes settlement debt, and with it the deficit of the liquidation.
    """
    value = valuation.value_up(run.state, asset_id, amount)
    run.emit(AssetTakenOver(liquidation_id, wallet_id, asset_id, -amount, value))
    cause = money.Cause(liquidation_id=liquidation_id)
    _get(run, asset_id, amount, cause)
    money.pay(run, wallet_id, INSURANCE_FUND, _TAKEOVER, value, cause)
    money.transfer(run, _TAKEOVER, INSURANCE_FUND, wallet_id, amount, cause, asset_id)
    schedule_unload(run)


def _get(run: Execution, asset_id: int, amount: int, cause: money.Cause) -> None:
    """The fund borrows what it lacks."""
    missing = amount - run.state.holding(INSURANCE_FUND, asset_id).balance
    borrowing.lend(run, INSURANCE_FUND, asset_id, max(0, missing), cause)


def own_means(state: ExchangeState) -> int:
    """What the fund has, its assets at index, less what it owes; positions left out."""
    wallet = state.wallets[INSURANCE_FUND]
    return valuation.worth_of(state, wallet).net


def pay_deficit(run: Execution, wallet_id: int, deficit: int, cause: money.Cause) -> int:
    """LIQ-8: the fund pays as far as its own means reach, its assets at index; returns how much."""
    paid = min(deficit, max(0, own_means(run.state)))
    _get(run, VALUATION_ASSET, paid, cause)
    money.receive(run, INSURANCE_FUND, wallet_id, TransferKind.INSURANCE, paid, cause)
    return paid


def schedule_unload(run: Execution) -> None:
    if run.state.fund_unload_at_ns is None:
        interval = run.state.parameters.fund_unload_interval_ns
        run.emit(FundUnloadScheduled(run.state.time_ns + interval))


# -- unloading -------------------------------------------------------------------------------------


def unload_assets(run: Execution) -> bool:
    """LIQ-6: sells what the fund holds and buys what it owes; whether anything is left to trade."""
    state = run.state
    wallet = state.wallets[INSURANCE_FUND]
    if not any(asset_id != VALUATION_ASSET for asset_id in wallet.holdings):
        return False
    _repay_own(run)
    for exposure in spot_risk.exposures_of(state, wallet):
        if margin.is_open(exposure.record):
            _offer(run, exposure)
    _repay_own(run)
    left = any(_lots(each) for each in spot_risk.exposures_of(state, wallet))
    if not left and INSURANCE_FUND not in state.unit_positions:
        _cover(run)
    return left


def _repay_own(run: Execution) -> None:
    for asset_id in sorted(run.state.wallets[INSURANCE_FUND].holdings):
        borrowing.repay_most(run, INSURANCE_FUND, asset_id, money.Cause())


def _lots(exposure: AssetExposure) -> int:
    terms = exposure.record.terms
    return round_down_to(abs(exposure.amount) // terms.base_multiplier, terms.lot_size)


def _offer(run: Execution, exposure: AssetExposure) -> None:
    state, terms = run.state, exposure.record.terms
    index = valuation.index_of(exposure.record)
    affordable = state.parameters.fund_unload_notional // terms.notional(1, index)
    most = max(terms.lot_size, round_down_to(affordable, terms.lot_size))
    quantity = min(most, _lots(exposure))
    if quantity == 0:
        return
    side = Side.SELL if exposure.amount > 0 else Side.BUY
    limit = band_edge(exposure.record, side)
    if side is Side.BUY:
        _get(run, VALUATION_ASSET, terms.notional(quantity, limit), money.Cause())
    order_id = state.counters.order + 1
    run.emit(
        OrderAccepted(
            order_id,
            FUND_ACCOUNT,
            terms.instrument_id,
            side,
            OrderType.LIMIT,
            TimeInForce.IOC,
            limit,
            quantity,
            False,
            False,
            False,
            MarginMode.CROSS,
            0,
            0,
            None,
        )
    )
    order = state.orders[order_id]
    matching.match(run, order)
    if order.remaining > 0:
        matching.cancel(run, order, CancelReason.IMMEDIATE_OR_CANCEL)


def _cover(run: Execution) -> None:
    """LIQ-8: a debt of the fund that nothing it holds could pay any more is shortfall."""
    holding = run.state.holding(INSURANCE_FUND)
    missing = holding.borrowed - holding.balance
    if missing > 0:
        kind, cause = TransferKind.SHORTFALL, money.Cause()
        money.transfer(run, kind, SHORTFALL, INSURANCE_FUND, missing, cause)
        borrowing.repay_most(run, INSURANCE_FUND, VALUATION_ASSET, cause)
