"""The parts of a card that differ for a unit without positions: spot margin in plain words."""

from collections.abc import Iterator

from simulator.analytics.episode import AssetFormula, Episode, LoanTerms, UnitFormula
from simulator.analytics.words import Words, side_name, told_path
from simulator.core.model.enums import PositionSide
from simulator.core.model.units import RATE_ONE, divide_up


def unit_name(words: Words, case: Episode) -> str:
    return f"the isolated pair {words.symbol(case.main_asset.instrument_id)}"


def beginning(words: Words, case: Episode) -> Iterator[str]:
    """What the unit was, and how its main price went."""
    main, loans = case.main_asset, case.unit.loans
    held = [words.amount(each.held, each.asset_id) for each in case.unit.assets if each.held]
    owed = [words.amount(each.owed, each.asset_id) for each in case.unit.assets if each.owed]
    if case.unit.valuation_held:
        held.append(words.amount(case.unit.valuation_held))
    if case.unit.valuation_owed:
        owed.append(words.amount(case.unit.valuation_owed))
    of = words.symbol(main.instrument_id)
    yield (
        f"The wallet was {side_name(main.side)} of {of}: it held {_listed(held)} and owed "
        f"{_listed(owed)}, interest included."
    )
    if loans is not None and not case.whole:
        yield "It began to owe longer ago than is looked back here."
    if case.path:
        points = told_path(words, main.instrument_id, case.path)
        yield f"The index of {of} since then: {points} UTC."


def _listed(amounts: list[str]) -> str:
    return " and ".join(amounts) if amounts else "nothing"


def formula(words: Words, case: Episode) -> Iterator[str]:
    """MARG-1, MARG-2, MARG-3, MARG-6 and MARG-7 with the numbers filled in."""
    unit, loans = case.unit, case.unit.loans
    for each in unit.assets:
        yield _of_asset(words, each)
    yield f"All that is held comes to {words.amount(unit.balance)}."
    if loans is not None:
        yield from _of_loans(words, unit, loans)
    yield (
        f"Equity = held {words.plain(unit.balance)} - owed {words.plain(unit.debt)} = "
        f"{words.amount(unit.equity)}."
    )
    line, name = unit.maintenance_margin, "maintenance margin"
    consequence = "is liquidated"
    if case.cure is not None:
        line, name, consequence = unit.call_margin, "call margin", "gets a margin call"
    yield (
        f"Equity {words.plain(unit.equity)} is not above the {name} of {words.plain(line)}: so "
        f"the wallet {consequence}."
    )
    main = case.main_asset
    if main.liquidation_price is not None:
        others = "" if len(unit.assets) == 1 else ", all other prices as they were"
        yield (
            f"Solved for the index of {words.symbol(main.instrument_id)}{others}, that is the "
            f"liquidation price: {words.price(main.instrument_id, main.liquidation_price)}. The "
            f"index is {words.price(main.instrument_id, main.index_price)}."
        )


def _of_asset(words: Words, each: AssetFormula) -> str:
    index = words.price(each.instrument_id, each.index_price)
    parts = []
    if each.held:
        held, value = words.amount(each.held, each.asset_id), words.amount(each.held_value)
        parts.append(f"held {held} x {index} = {value}")
    if each.owed:
        owed, value = words.amount(each.owed, each.asset_id), words.amount(each.owed_value)
        parts.append(f"owed {owed} x {index} = {value}")
    return f"{words.symbol(each.instrument_id)}: " + ", ".join(parts) + "."


def _of_loans(words: Words, unit: UnitFormula, loans: LoanTerms) -> Iterator[str]:
    debts = words.plain(loans.debts)
    yield (
        f"Margin level = held {words.plain(unit.balance)} / owed {debts} = "
        f"{words.rate(loans.margin_level)}. The wallet is called at "
        f"{words.rate(loans.call_level)} and liquidated at {words.rate(loans.liquidation_level)}."
    )
    call = divide_up(loans.debts * (loans.call_level - RATE_ONE), RATE_ONE)
    yield (
        f"In amounts: maintenance margin = {debts} x ({words.rate(loans.liquidation_level)} - 1) = "
        f"{words.amount(unit.debt_maintenance)}, call margin = {debts} x "
        f"({words.rate(loans.call_level)} - 1) = {words.amount(call)}."
    )


def cure(words: Words, case: Episode) -> Iterator[str]:
    found = case.cure
    if found is None:
        return
    verb = "sell" if found.side is PositionSide.LONG else "buy back"
    quantity = words.quantity(found.instrument_id, found.quantity_to_reduce)
    yield f"Add {words.amount(found.amount_to_add)} to the wallet,"
    yield f"{verb} {quantity} at the index of then, so that it repays what is owed, or"
    yield f"repay debts of {words.amount(found.amount_to_repay)} out of what it holds."


def what_a_stop_does(case: Episode) -> str:
    if case.main_asset.side is PositionSide.LONG:
        return "sells what is held and repays"
    return "buys back what is owed and repays"
