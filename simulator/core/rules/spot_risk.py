"""MARG-7, MARG-8 for assets and debts, and the cure of a call of a unit that borrowed (CALL-1).

Of an asset a unit is long what it holds and short what it owes. The formulas are those of a
position, with the spot instrument's index for the mark and the liquidation level for the tier:
LP = (quote debt * m - quote) / (base - base debt * m), all other prices still.
"""

from typing import NamedTuple

from simulator.core.model.enums import LONG, SHORT, PositionSide
from simulator.core.model.instruments import VALUATION_ASSET
from simulator.core.model.units import RATE_ONE, divide_down, divide_up, round_down_to
from simulator.core.rules import fills, margin, valuation
from simulator.core.rules.liquidation_price import LiquidationPrice
from simulator.core.rules.margin import UnitRisk
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord, Wallet


class AssetExposure:
    """What a unit holds less what it owes of one asset, and the instrument that values it."""

    __slots__ = ("amount", "asset_id", "balance", "debt", "record", "value")

    def __init__(
        self, asset_id: int, record: InstrumentRecord, balance: int, debt: int, value: int
    ) -> None:
        self.asset_id = asset_id
        self.record = record
        self.balance = balance
        self.debt = debt
        self.amount = balance - debt
        """Positive: long; negative: short."""
        self.value = value
        """Of |amount| at index."""

    @property
    def side(self) -> PositionSide:
        return LONG if self.amount > 0 else SHORT


def exposures_of(state: ExchangeState, wallet: Wallet) -> list[AssetExposure]:
    """All assets but the valuation asset that the unit is long or short of, largest first."""
    found: list[AssetExposure] = []
    for asset_id in sorted(wallet.holdings):
        record = valuation.spot_record(state, asset_id)
        if asset_id == VALUATION_ASSET or record is None:
            continue
        holding = wallet.holdings[asset_id]
        debt = holding.borrowed + holding.interest
        net = holding.balance - debt
        if net:
            value = valuation.value_up(state, asset_id, abs(net))
            found.append(AssetExposure(asset_id, record, holding.balance, debt, value))
    found.sort(key=_by_value)
    return found


def _by_value(exposure: AssetExposure) -> tuple[int, int]:
    return -exposure.value, exposure.asset_id


class AssetLine(NamedTuple):
    """One asset of a unit, and the rest of the unit as far as its liquidation price depends on it.

    Balance and debt are minor units of the asset; `multiplier / scale` of them times a price unit
    is a minor unit of the valuation asset. `level` is the liquidation level; `other_maintenance`
    is exact, times 1e12.
    """

    balance: int
    debt: int
    multiplier: int
    scale: int
    level: int
    other_equity: int
    other_maintenance: int


def line_of(state: ExchangeState, risk: UnitRisk, exposure: AssetExposure) -> AssetLine:
    """The line of an asset in its unit, as things stand."""
    wallet = state.wallets[risk.wallet_id]
    _, level = valuation.product_levels(state, wallet)
    terms = exposure.record.terms
    held = valuation.value_down(state, exposure.asset_id, exposure.balance)
    owed = valuation.value_up(state, exposure.asset_id, exposure.debt)
    return AssetLine(
        exposure.balance,
        exposure.debt,
        terms.notional_multiplier,
        terms.base_multiplier,
        level,
        risk.equity - held + owed,
        risk.exact_maintenance - owed * (level - RATE_ONE),
    )


def asset_liquidation_price(line: AssetLine, index: int) -> LiquidationPrice:
    """MARG-7: the index at which equity equals maintenance; `index` tells `already` from `ok`."""
    slope = line.multiplier * (line.balance * RATE_ONE - line.debt * line.level)
    constant = (line.other_equity * RATE_ONE - line.other_maintenance) * line.scale
    if constant + slope * index <= 0:
        return LiquidationPrice(None, None, "already")
    if slope > 0 and constant < 0:
        return LiquidationPrice(divide_up(-constant, slope), None, "ok")
    if slope < 0 and constant > 0:
        return LiquidationPrice(None, divide_down(constant, -slope), "ok")
    return LiquidationPrice(None, None, "never")


def asset_bankruptcy_price(line: AssetLine) -> int | None:
    """MARG-8: the index at which equity is zero; none where there is no such price."""
    slope = line.multiplier * (line.balance - line.debt)
    constant = line.other_equity * line.scale
    if slope > 0:
        return divide_up(-constant, slope) if constant < 0 else None
    if slope < 0:
        return divide_down(constant, -slope) if constant > 0 else None
    return None


# -- the cure of a call --------------------------------------------------------------------------


def clears_with(state: ExchangeState, risk: UnitRisk, equity: int, debts: int) -> bool:
    """Whether a unit's call would be cleared at another equity and with other debts."""
    wallet = state.wallets[risk.wallet_id]
    call, _ = valuation.product_levels(state, wallet)
    ratio = state.parameters.call_ratio
    line = margin.call_margin_of(risk.position_maintenance, ratio, debts * (call - RATE_ONE))
    return equity >= divide_up(line * state.parameters.clear_ratio, RATE_ONE)


def amount_to_repay(state: ExchangeState, risk: UnitRisk) -> int:
    """The least value of debts whose repayment out of the unit reaches the clearing line."""
    if risk.worth is None:
        return 0
    low, high = 0, risk.worth.debts
    while low < high:
        middle = (low + high) // 2
        if clears_with(state, risk, risk.equity, risk.worth.debts - middle):
            high = middle
        else:
            low = middle + 1
    return low


def quantity_to_trade(state: ExchangeState, risk: UnitRisk, exposure: AssetExposure) -> int:
    """The least quantity to sell of a held asset (or to buy of an owed one), in lots.

    At index, taker fee paid, what it brings repaid, it reaches the clearing line; all of it, if
    even that does not.
    """
    terms = exposure.record.terms
    lot = terms.lot_size
    low, high = 0, round_down_to(abs(exposure.amount) // terms.base_multiplier, lot) // lot
    while low < high:
        middle = (low + high) // 2
        if _clears(state, risk, exposure, middle * lot):
            high = middle
        else:
            low = middle + 1
    return low * lot


def _clears(state: ExchangeState, risk: UnitRisk, exposure: AssetExposure, quantity: int) -> bool:
    if risk.worth is None:
        return True
    terms = exposure.record.terms
    value = terms.notional(quantity, valuation.index_of(exposure.record))
    wallet = state.wallets[risk.wallet_id]
    rate = fills.fee_rate(state.accounts[wallet.account_id], terms, maker=False)
    fee = max(0, fills.fee_of(value, rate))
    repaid = value - fee if exposure.amount > 0 else value
    debts = max(0, risk.worth.debts - repaid)
    return clears_with(state, risk, risk.equity - fee, debts)
