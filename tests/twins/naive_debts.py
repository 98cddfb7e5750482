"""A unit with assets and debts as the rule book says it, in fractions, over everything.

Shares nothing with the rules: it reads balances, debts and prices, and computes MARG-1 to MARG-4
of a wallet that has no perpetuals.
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
    initial: int


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
    """MARG-1 to MARG-4 of a wallet without perpetuals."""
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
    leverage, call, liquidation = levels_of(state, wallet)
    call_margin = ceil(debts * (call - 1))
    return NaiveLines(
        gross - debts - settlement,
        collateral - debts - settlement,
        ceil(debts * (liquidation - 1)),
        call_margin,
        max(call_margin, ceil(Fraction(debts, leverage - 1))),
    )
