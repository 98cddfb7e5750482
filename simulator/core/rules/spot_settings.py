"""WAL-3, BOR-5: what an account chooses for spot margin, and when it may.

A spot instrument is traded out of SPOT (the first setting), CROSS, or a wallet of its own. The
leverage of the instrument is the product of the isolated wallet; that of CROSS is the account's.
"""

from simulator.core.model.accounts import FUND_ACCOUNT
from simulator.core.model.commands import SetCrossLeverage, SetLeverage, SetMarginMode
from simulator.core.model.enums import ISOLATED_MARGIN, SPOT_INSTRUMENT, SPOT_MARGIN
from simulator.core.model.events import CrossLeverageSet, LeverageSet
from simulator.core.model.margin_levels import (
    LevelRows,
    initial_of_debts,
    isolated_leverage,
    levels_of,
)
from simulator.core.model.rejects import Refusal, RejectReason
from simulator.core.model.units import RATE_ONE
from simulator.core.rules import margin
from simulator.core.rules.execution import Execution, refuse
from simulator.core.rules.margin import UnitRisk
from simulator.core.rules.spot_fills import base_asset
from simulator.core.rules.valuation import Holdings
from simulator.core.state.exchange_state import ExchangeState


def spot_mode_refusal(state: ExchangeState, command: SetMarginMode) -> Refusal | None:
    """SPOT is for spot instruments; an isolated wallet that owes something keeps its mode."""
    terms = state.instruments[command.instrument_id].terms
    if terms.kind is not SPOT_INSTRUMENT:
        if command.margin_mode is SPOT_MARGIN:
            return refuse(RejectReason.INVALID_COMBINATION)
        return None
    settings = state.settings(command.account_id, command.instrument_id)
    if settings.margin_mode is ISOLATED_MARGIN:
        wallet = state.isolated_wallets.get((command.account_id, command.instrument_id, None))
        if wallet is not None and wallet.wallet_id in state.debtors:
            return refuse(RejectReason.OPEN_POSITION_OR_ORDER)
    return None


def set_spot_leverage(run: Execution, command: SetLeverage) -> Refusal | None:
    """The product of the isolated wallet; with a debt, its lines must stay covered."""
    state = run.state
    rows = state.parameters.isolated_levels
    refusal = _product_refusal(rows, command.leverage)
    if refusal is not None:
        return refusal
    wallet = state.isolated_wallets.get((command.account_id, command.instrument_id, None))
    if wallet is not None and wallet.wallet_id in state.debtors:
        risk = margin.assess(state, wallet.wallet_id)
        owed = Holdings(wallet)
        terms = state.instruments[command.instrument_id].terms
        highest = isolated_leverage(
            terms.margin_tiers,
            owed.debt(base_asset(terms)),
            owed.debt(terms.quote_asset_id),
            command.leverage,
        )
        refusal = _cover_refusal(state, risk, (rows, command.leverage), highest, 0)
        if refusal is not None:
            return refusal
        state.touched_units[wallet.wallet_id] = None
    run.emit(LeverageSet(command.account_id, command.instrument_id, command.leverage))
    return None


def set_cross_leverage(run: Execution, command: SetCrossLeverage) -> Refusal | None:
    """BOR-5: 3x or 5x; with a debt, the lines of the other product must be covered."""
    state = run.state
    account = state.accounts.get(command.account_id)
    if account is None or command.account_id == FUND_ACCOUNT:
        return refuse(RejectReason.UNKNOWN_ACCOUNT)
    rows = state.parameters.cross_levels
    refusal = _product_refusal(rows, command.leverage)
    if refusal is not None:
        return refusal
    wallet = state.wallets[account.cross_wallet_id]
    if wallet.liquidation is not None:
        return refuse(RejectReason.LIQUIDATION_IN_PROGRESS)
    risk = margin.assess(state, wallet.wallet_id)
    positions = margin.cross_requirement(state, wallet)
    product = (rows, command.leverage)
    refusal = _cover_refusal(state, risk, product, 100 * command.leverage, positions)
    if refusal is None:
        run.emit(CrossLeverageSet(command.account_id, command.leverage))
    return refusal


def _product_refusal(rows: LevelRows, leverage: int) -> Refusal | None:
    if leverage in [row[0] for row in rows]:
        return None
    return refuse(RejectReason.LEVERAGE_NOT_ALLOWED, leverage, rows[-1][0])


def _cover_refusal(
    state: ExchangeState,
    risk: UnitRisk,
    product: tuple[LevelRows, int],
    highest: int,
    positions: int,
) -> Refusal | None:
    """Initial and call margin at the levels of another product, against what there is.

    `highest` is its leverage in hundredths; `positions` what perpetuals require.
    """
    if risk.worth is None or risk.worth.debts == 0:
        return None
    debts = risk.worth.debts
    call, _ = levels_of(*product)
    call_margin = margin.call_margin_of(
        risk.position_maintenance, state.parameters.call_ratio, debts * (call - RATE_ONE)
    )
    needed = max(call_margin, positions + initial_of_debts(debts, highest))
    if needed > max(0, risk.collateral):
        return refuse(RejectReason.INSUFFICIENT_MARGIN, needed, max(0, risk.collateral))
    return None
