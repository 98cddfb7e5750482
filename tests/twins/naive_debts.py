"""A unit with assets and debts as the rule book says it, in fractions, over everything.

Shares nothing with the rules: it reads balances, debts, positions and prices, and computes
MARG-1 to MARG-3, and MARG-4 of a wallet that has no perpetuals.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from simulator.core.model.enums import WalletKind
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.units import RATE_ONE
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import Wallet


@dataclass(frozen=True)
class NaiveLines:
    equity: int
    collateral: int
    maintenance: int
    call: int
    initial: int | None
    """None where positions or orders on perpetuals would add to it."""


def price_of(state: ExchangeState, asset_id: int) -> Fraction:
    """Minor units of the valuation asset for one minor unit of the asset."""
    if asset_id == VALUATION_ASSET:
        return Fraction(1)
    for record in state.instruments.values():
        terms = record.terms
        if terms.base_asset_id == asset_id and record.index_price is not None:
            return Fraction(record.index_price * terms.notional_multiplier, terms.base_multiplier)
    return Fraction(0)


def levels_of(state: ExchangeState, wallet: Wallet) -> tuple[int, Fraction, Fraction]:
    """Leverage, call and liquidation level of the wallet's product (BOR-5)."""
    if wallet.kind == WalletKind.CROSS:
        leverage, rows = (
            state.accounts[wallet.account_id].cross_leverage,
            state.parameters.cross_levels,
        )
    else:
        assert wallet.instrument_id is not None
        leverage = state.settings(wallet.account_id, wallet.instrument_id).leverage
        rows = state.parameters.isolated_levels
    for each, call, liquidation in rows:
        if each == leverage:
            return leverage, Fraction(call, RATE_ONE), Fraction(liquidation, RATE_ONE)
    raise AssertionError("every product has its levels")


def lines_of(state: ExchangeState, wallet: Wallet) -> NaiveLines:
    """MARG-1 to MARG-4 of a wallet."""
    gross, collateral, debts, settlement = 0, 0, 0, 0
    for asset_id, holding in wallet.holdings.items():
        price = price_of(state, asset_id)
        value = floor(holding.balance * price)
        haircut = Fraction(state.assets[asset_id].haircut_rate, RATE_ONE)
        if wallet.kind == WalletKind.ISOLATED:
            haircut = Fraction(0)
        gross += value
        collateral += floor(value * (1 - haircut))
        debts += ceil((holding.borrowed + holding.interest) * price)
        settlement += holding.settlement_debt
    pnl, of_positions = _positions_of(state, wallet)
    call_ratio = Fraction(state.parameters.call_ratio, RATE_ONE)
    maintenance, call_margin = of_positions, of_positions / call_ratio
    initial: Fraction | None = Fraction(0)
    if debts:
        leverage, call, liquidation = levels_of(state, wallet)
        maintenance += debts * (liquidation - 1)
        call_margin += debts * (call - 1)
        initial = Fraction(debts, leverage - 1)
    if _uses_perpetuals(state, wallet):
        initial = None
    return NaiveLines(
        gross - debts - settlement + pnl,
        collateral - debts - settlement + pnl,
        ceil(maintenance),
        ceil(call_margin),
        None if initial is None else max(ceil(call_margin), ceil(initial)),
    )


def _positions_of(state: ExchangeState, wallet: Wallet) -> tuple[int, Fraction]:
    """Unrealized PnL and exact maintenance, slice by slice of the tiers (MARG-2)."""
    pnl, required = 0, Fraction(0)
    for position in state.unit_positions.get(wallet.wallet_id, {}).values():
        record = state.instruments[position.instrument_id]
        assert record.mark_price is not None
        signed = position.quantity * record.mark_price * record.terms.notional_multiplier
        pnl += signed - position.entry_notional
        for tier in record.tiers:
            top = abs(signed) if tier.cap is None else min(abs(signed), tier.cap)
            rate = Fraction(tier.maintenance_margin_rate, RATE_ONE)
            required += max(0, top - tier.floor) * rate
    return pnl, required


def _uses_perpetuals(state: ExchangeState, wallet: Wallet) -> bool:
    """Of CROSS also by open orders, isolated ones included, which lock there (MARG-4)."""
    if state.unit_positions.get(wallet.wallet_id):
        return True
    if wallet.kind != WalletKind.CROSS:
        return False
    return any(
        order.account_id == wallet.account_id
        and state.instruments[order.instrument_id].terms.base_asset_id is None
        for order in state.orders.values()
    )
