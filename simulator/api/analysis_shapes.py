"""Attributions and explanations as shapes: the numbers of the analyses in the words of the wire."""

from simulator.analytics.attribution import PARTS, Attribution
from simulator.analytics.episode import (
    AssetFormula,
    Counterparty,
    Episode,
    LoanTerms,
    PathPoint,
    PositionFormula,
    StepTaken,
)
from simulator.analytics.explanations import Explanation
from simulator.analytics.remedies import Remedy
from simulator.api import names
from simulator.api.analyses import Span
from simulator.api.shapes import analyses as shapes
from simulator.api.wire import Numbers, milliseconds
from simulator.core.model.accounts import ledger_account_name
from simulator.decimal_text import format_rate


def attribution(
    numbers: Numbers, found: Attribution, span: Span, times: tuple[int, int]
) -> shapes.Attribution:
    """`times` are the two ends in nanoseconds."""
    return shapes.Attribution(
        account_id=found.account_id,
        begin=milliseconds(times[0]),
        end=milliseconds(times[1]),
        begin_seq=span.begin,
        end_seq=span.end,
        begin_equity=numbers.amount(found.begin_equity),
        end_equity=numbers.amount(found.end_equity),
        change=numbers.amount(found.change),
        **{part: numbers.amount(getattr(found, part)) for part in PARTS},
    )


def explanation(numbers: Numbers, found: Explanation) -> shapes.Explanation:
    case = found.episode
    of = numbers.by_id(case.main_instrument_id)
    ending = case.ending
    how = None if ending is None else ending.outcome or ending.call_end
    return shapes.Explanation(
        kind="LIQUIDATION" if case.cure is None else "MARGIN_CALL",
        id=case.number,
        title=found.title,
        sections=[
            shapes.CardSection(title=each.title, lines=list(each.lines)) for each in found.sections
        ],
        wallet=names.WALLET_KIND_NAMES[case.kind],
        symbol=of.symbol,
        side=names.POSITION_SIDE_NAMES[case.main_side],
        opened=milliseconds(case.opened_ns),
        called=None if case.called_ns is None else milliseconds(case.called_ns),
        time=milliseconds(case.time_ns),
        seq=case.seq,
        ended=None if ending is None else milliseconds(ending.time_ns),
        outcome=None if how is None else how.name,
        unit=_unit(numbers, case),
        path=[_point(numbers, case, point) for point in case.path],
        steps=[_step(numbers, step) for step in case.steps],
        ledger=_lines(numbers, case),
        fund=_fund(numbers, case),
        cure=_cure(numbers, case),
        remedies=[_remedy(numbers, case, each) for each in found.remedies],
        all_tried=found.all_tried,
        checked_until=milliseconds(case.until_ns),
        checked_until_seq=case.until_seq,
    )


def _unit(numbers: Numbers, case: Episode) -> shapes.CardUnit:
    unit = case.unit
    return shapes.CardUnit(
        balance=numbers.amount(unit.balance),
        debt=numbers.amount(unit.debt),
        debt_maintenance=numbers.amount(unit.debt_maintenance),
        unrealized_pnl=numbers.amount(unit.unrealized_pnl),
        equity=numbers.amount(unit.equity),
        maintenance_margin=numbers.amount(unit.maintenance_margin),
        call_margin=numbers.amount(unit.call_margin),
        call_ratio=format_rate(unit.call_ratio),
        positions=[_position(numbers, each) for each in unit.positions],
        assets=[_asset(numbers, each) for each in unit.assets],
        loans=None if unit.loans is None else _loans(numbers, unit.loans),
    )


def _asset(numbers: Numbers, each: AssetFormula) -> shapes.CardAsset:
    of = numbers.by_id(each.instrument_id)
    return shapes.CardAsset(
        asset=numbers.asset_code(each.asset_id),
        symbol=of.symbol,
        side=names.POSITION_SIDE_NAMES[each.side],
        held=numbers.amount(each.held, each.asset_id),
        owed=numbers.amount(each.owed, each.asset_id),
        index_price=of.price(each.index_price),
        held_value=numbers.amount(each.held_value),
        owed_value=numbers.amount(each.owed_value),
        liquidation_price=of.optional_price(each.liquidation_price),
    )


def _loans(numbers: Numbers, loans: LoanTerms) -> shapes.CardLoans:
    return shapes.CardLoans(
        debts=numbers.amount(loans.debts),
        margin_level=format_rate(loans.margin_level),
        call_level=format_rate(loans.call_level),
        liquidation_level=format_rate(loans.liquidation_level),
    )


def _position(numbers: Numbers, each: PositionFormula) -> shapes.CardPosition:
    of = numbers.by_id(each.instrument_id)
    return shapes.CardPosition(
        symbol=of.symbol,
        side=names.POSITION_SIDE_NAMES[each.side],
        leverage=each.leverage,
        quantity=of.quantity(each.quantity),
        entry_price=of.price(each.entry_price),
        entry_notional=numbers.amount(each.entry_notional),
        mark_price=of.price(each.mark_price),
        notional=numbers.amount(each.notional),
        unrealized_pnl=numbers.amount(each.unrealized_pnl),
        tier=each.tier,
        maintenance_margin_rate=format_rate(each.maintenance_margin_rate),
        deduction=numbers.amount(each.deduction),
        maintenance_margin=numbers.amount(each.maintenance_margin),
        liquidation_price=of.optional_price(each.liquidation_price),
    )


def _point(numbers: Numbers, case: Episode, point: PathPoint) -> shapes.CardPoint:
    return shapes.CardPoint(
        seq=point.seq,
        time=milliseconds(point.time_ns),
        mark_price=numbers.by_id(case.main_instrument_id).price(point.mark_price),
        equity=numbers.amount(point.equity),
        maintenance_margin=numbers.amount(point.maintenance_margin),
        call_margin=numbers.amount(point.call_margin),
    )


def _step(numbers: Numbers, step: StepTaken) -> shapes.CardStep:
    of = numbers.by_id(step.instrument_id)
    return shapes.CardStep(
        seq=step.seq,
        time=milliseconds(step.time_ns),
        symbol=of.symbol,
        side=names.POSITION_SIDE_NAMES[step.side],
        tier=step.tier,
        mark_price=of.price(step.mark_price),
        takeover_price=of.price(step.takeover_price),
        quantity=of.quantity(step.quantity),
        equity=numbers.amount(step.equity),
        order_id=step.order_id,
        counterparties=[_counterparty(numbers, step, each) for each in step.counterparties],
    )


def _counterparty(numbers: Numbers, step: StepTaken, each: Counterparty) -> shapes.CardCounterparty:
    of = numbers.by_id(step.instrument_id)
    base, amount = of.terms.base_asset_id, None
    if each.amount is not None and base is not None:
        amount = numbers.amount(each.amount, base)
    return shapes.CardCounterparty(
        account_id=each.account_id,
        quantity=of.quantity(each.quantity),
        notional=numbers.amount(each.notional),
        price=of.optional_price(each.price),
        trade_id=each.trade_id,
        amount=amount,
    )


def _lines(numbers: Numbers, case: Episode) -> list[shapes.CardLine]:
    return [
        shapes.CardLine(
            seq=line.seq,
            time=milliseconds(line.time_ns),
            kind=line.kind.name,
            source=ledger_account_name(line.source),
            target=ledger_account_name(line.target),
            asset=numbers.asset_code(line.asset_id),
            amount=numbers.amount(line.amount, line.asset_id),
        )
        for line in case.lines
    ]


def _fund(numbers: Numbers, case: Episode) -> shapes.CardFund | None:
    if case.fund is None:
        return None
    return shapes.CardFund(
        liquidation_fee=numbers.amount(case.fund.liquidation_fee),
        taken_notional=numbers.amount(case.fund.taken_notional),
        deficit_paid=numbers.amount(case.fund.deficit_paid),
        shortfall=numbers.amount(case.fund.shortfall),
    )


def _cure(numbers: Numbers, case: Episode) -> shapes.CardCure | None:
    if case.cure is None:
        return None
    of = numbers.by_id(case.cure.instrument_id)
    return shapes.CardCure(
        quantity_to_reduce=of.quantity(case.cure.quantity_to_reduce),
        amount_to_add=numbers.amount(case.cure.amount_to_add),
        amount_to_repay=numbers.amount(case.cure.amount_to_repay),
    )


def _remedy(numbers: Numbers, case: Episode, each: Remedy) -> shapes.CardRemedy:
    of = numbers.by_id(case.main_instrument_id)
    mode = each.margin_mode
    return shapes.CardRemedy(
        kind=each.kind,
        time=milliseconds(each.time_ns),
        equity=numbers.amount(each.equity),
        recorded_equity=numbers.amount(each.recorded_equity),
        amount=numbers.optional_amount(each.amount),
        own_funds=numbers.optional_amount(each.own_funds),
        price=of.optional_price(each.price),
        leverage=each.leverage,
        quantity=None if each.quantity is None else of.quantity(each.quantity),
        margin_mode=None if mode is None else names.MARGIN_MODE_NAMES[mode],
        still_liquidated=each.still_liquidated,
    )
