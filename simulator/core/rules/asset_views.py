"""WAL-2: what one wallet holds and owes, asset by asset, as it is shown."""

import msgspec

from simulator.core.rules import margin, spot_risk, valuation
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import Wallet


class AssetView(msgspec.Struct, frozen=True, kw_only=True):
    """WAL-2: one asset in one wallet, in its own minor units; values in the valuation asset."""

    asset_id: int
    balance: int
    locked: int
    borrowed: int
    interest: int
    settlement_debt: int
    value: int
    """Net of what is owed, at index, without a haircut."""
    withdrawable: int
    """WAL-5."""
    liquidation_price: int | None
    """Of an asset that moves a unit with debts: the index at which it is liquidated (MARG-7)."""


def asset_views(
    state: ExchangeState, wallet: Wallet, risk: margin.UnitRisk
) -> tuple[AssetView, ...]:
    """All assets that the wallet ever held, in order of their id."""
    prices: dict[int, int | None] = {}
    if state.is_unit(wallet.wallet_id) and wallet.wallet_id in state.debtors:
        for exposure in spot_risk.exposures_of(state, wallet):
            index = valuation.index_of(exposure.record)
            line = spot_risk.line_of(state, risk, exposure)
            found = spot_risk.asset_liquidation_price(line, index)
            prices[exposure.asset_id] = found.nearest(index)
    views: list[AssetView] = []
    for asset_id in sorted(wallet.holdings):
        holding = wallet.holdings[asset_id]
        debt = holding.borrowed + holding.interest
        value = valuation.value_down(state, asset_id, holding.balance)
        value -= valuation.value_up(state, asset_id, debt) + holding.settlement_debt
        views.append(
            AssetView(
                asset_id=asset_id,
                balance=holding.balance,
                locked=holding.locked,
                borrowed=holding.borrowed,
                interest=holding.interest,
                settlement_debt=holding.settlement_debt,
                value=value,
                withdrawable=margin.withdrawable(state, wallet.wallet_id, asset_id),
                liquidation_price=prices.get(asset_id),
            )
        )
    return tuple(views)
