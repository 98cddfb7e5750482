"""The formula of a unit with its numbers filled in, as it stands in a state."""

from collections.abc import Iterator

from simulator.analytics.episode import AssetFormula, LoanTerms, PositionFormula, UnitFormula
from simulator.core.model.enums import PositionSide
from simulator.core.model.risk_tiers import tier_at
from simulator.core.model.units import RATE_ONE, divide_half_even, divide_up
from simulator.core.rules import margin, spot_risk, valuation
from simulator.core.rules.liquidation_price import UnitLine, liquidation_price
from simulator.core.rules.margin import UnitRisk
from simulator.core.rules.margin_calls import unit_line
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import InstrumentRecord, Position


def unit_formula(state: ExchangeState, wallet_id: int) -> UnitFormula:
    """MARG-1 to MARG-3 of a unit, all numbers filled in."""
    risk = margin.assess(state, wallet_id)
    positions = [
        _position_formula(state, risk, position)
        for _, position in sorted(state.unit_positions.get(wallet_id, {}).items())
    ]
    worth = risk.worth
    quote = state.holding(wallet_id)
    balance = quote.balance if worth is None else worth.gross
    return UnitFormula(
        balance=balance,
        debt=balance - risk.net_assets,
        debt_maintenance=0 if worth is None else divide_up(worth.debt_maintenance, RATE_ONE),
        unrealized_pnl=risk.unrealized_pnl,
        equity=risk.equity,
        maintenance_margin=risk.maintenance_margin,
        call_margin=risk.call_margin,
        call_ratio=state.parameters.call_ratio,
        positions=tuple(positions),
        assets=tuple(_asset_formulas(state, risk)),
        loans=_loan_terms(state, risk),
        valuation_held=quote.balance,
        valuation_owed=quote.borrowed + quote.interest + quote.settlement_debt,
    )


def _asset_formulas(state: ExchangeState, risk: UnitRisk) -> Iterator[AssetFormula]:
    for each in spot_risk.exposures_of(state, state.wallets[risk.wallet_id]):
        index = valuation.index_of(each.record)
        line = spot_risk.line_of(state, risk, each)
        gaining = index * 1_000 if each.side is PositionSide.LONG else 1
        crossed = spot_risk.asset_liquidation_price(line, gaining)
        yield AssetFormula(
            asset_id=each.asset_id,
            instrument_id=each.record.terms.instrument_id,
            side=each.side,
            held=each.balance,
            owed=each.debt,
            index_price=index,
            held_value=valuation.value_down(state, each.asset_id, each.balance),
            owed_value=valuation.value_up(state, each.asset_id, each.debt),
            liquidation_price=crossed.nearest(index) if crossed.status == "ok" else None,
        )


def _loan_terms(state: ExchangeState, risk: UnitRisk) -> LoanTerms | None:
    level = None if risk.worth is None else valuation.margin_level(risk.worth)
    if risk.worth is None or level is None:
        return None
    call, liquidation = valuation.product_levels(state, state.wallets[risk.wallet_id])
    return LoanTerms(
        debts=risk.worth.debts,
        margin_level=level,
        call_level=call,
        liquidation_level=liquidation,
    )


def _position_formula(state: ExchangeState, risk: UnitRisk, position: Position) -> PositionFormula:
    record = state.instruments[position.instrument_id]
    notional = margin.notional_at_mark(position, record)
    pnl = margin.unrealized_pnl(position, record)
    exact = margin.position_maintenance(position, record)
    tier = tier_at(record.tiers, notional)
    multiplier = record.terms.notional_multiplier
    quantity = abs(position.quantity)
    return PositionFormula(
        instrument_id=position.instrument_id,
        side=position.side,
        leverage=state.settings(position.account_id, position.instrument_id).leverage,
        quantity=quantity,
        entry_notional=abs(position.entry_notional),
        entry_price=divide_half_even(abs(position.entry_notional), quantity * multiplier),
        mark_price=margin.mark_of(record),
        notional=notional,
        unrealized_pnl=pnl,
        tier=record.tiers.index(tier) + 1,
        maintenance_margin_rate=tier.maintenance_margin_rate,
        deduction=tier.deduction,
        maintenance_margin=divide_up(exact, RATE_ONE),
        liquidation_price=line_crossed(unit_line(state, risk, position), record),
    )


def line_crossed(line: UnitLine, record: InstrumentRecord) -> int | None:
    """MARG-7, told though the mark is at the line or beyond: asked from where the unit gains.

    That is far up for a net long, far down for a net short or even hedge; for a hedge whose
    maintenance outruns its gain, at its entry.
    """
    mark, net = margin.mark_of(record), line.quantity + line.opposite.quantity
    entry = abs(line.entry_notional) // max(1, abs(line.quantity) * line.multiplier)
    for gaining in (mark * 1_000 if net > 0 else 1, max(1, entry)):
        found = liquidation_price(line, record.tiers, gaining)
        if found.status != "already":
            return found.nearest(mark)
    return None
