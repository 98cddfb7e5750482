"""An episode and its remedies in plain words, for those to whom it happens for the first time."""

from collections.abc import Iterator, Sequence

from simulator.analytics import loan_wording
from simulator.analytics.episode import (
    Counterparty,
    Ending,
    Episode,
    PositionFormula,
    StepTaken,
    UnitFormula,
)
from simulator.analytics.remedies import Remedy
from simulator.analytics.words import Words, side_name, told_path
from simulator.core.model.accounts import FUND_ACCOUNT, ledger_account_name
from simulator.core.model.enums import (
    CallEnd,
    LiquidationOutcome,
    MarginMode,
    PositionSide,
    WalletKind,
)

Sections = list[tuple[str, list[str]]]

_ENDS = {
    CallEnd.CURED: "the call ended, because equity was far enough above the call margin again.",
    CallEnd.LIQUIDATED: "the call ended in a liquidation.",
    CallEnd.CLOSED: "the call ended, because nothing was left that could be liquidated.",
}


def tell(
    words: Words, case: Episode, remedies: Sequence[Remedy], all_tried: bool
) -> tuple[str, Sections]:
    """The title, and titled paragraphs."""
    liquidation = case.cure is None
    what = "Liquidation" if liquidation else "Margin call"
    title = f"{what} {case.number}: {_unit(words, case)}"
    sections: Sections = [
        ("What happened", list(_story(words, case))),
        ("The formula", list(_formula(words, case))),
    ]
    if case.cure is not None:
        sections.append(("What ends a margin call", list(_cure(words, case))))
    else:
        sections.append(("Who took the other side", list(_steps(words, case))))
        sections.append(("Who paid and who received", list(_flows(words, case))))
        sections.append(("Every line of the ledger", list(_lines(words, case))))
    avoided = "liquidation" if liquidation else "margin call"
    sections.append(
        (f"What would have avoided the {avoided}", list(_avoid(words, case, remedies, all_tried)))
    )
    return title, sections


def _unit(words: Words, case: Episode) -> str:
    if case.kind is WalletKind.CROSS:
        return "the CROSS wallet"
    if case.is_spot_margin:
        return loan_wording.unit_name(words, case)
    main = case.main
    return f"the isolated {side_name(main.side)} on {words.symbol(main.instrument_id)}"


# -- the story -------------------------------------------------------------------------------------


def _story(words: Words, case: Episode) -> Iterator[str]:
    if case.is_spot_margin:
        yield from loan_wording.beginning(words, case)
        price = case.main_asset.index_price
    else:
        yield from _beginning(words, case)
        price = case.main.mark_price
    if case.cure is None and case.called_ns is not None and case.called_seq is not None:
        yield _call_before(words, case)
    what = "liquidated" if case.cure is None else "called"
    of = case.main_instrument_id
    yield (
        f"{words.time(case.time_ns)} UTC: the {words.mark(of)} is {words.price(of, price)} and "
        f"the wallet is {what}."
    )
    yield _end(words, case)


def _beginning(words: Words, case: Episode) -> Iterator[str]:
    main = case.main
    symbol = words.symbol(main.instrument_id)
    yield (
        f"The position: {side_name(main.side)} "
        f"{words.quantity(main.instrument_id, main.quantity)} on {symbol}, entered at "
        f"{words.price(main.instrument_id, main.entry_price)} on average; leverage set to "
        f"{main.leverage}x."
    )
    if len(case.unit.positions) > 1:
        yield (
            f"It was the largest of {len(case.unit.positions)} positions that shared the wallet's "
            "margin."
        )
    if not case.whole:
        yield "It was opened longer ago than is looked back here."
    if case.path:
        points = told_path(words, main.instrument_id, case.path)
        yield f"The mark since then: {points} UTC."


def _call_before(words: Words, case: Episode) -> str:
    if case.called_seq == case.seq:
        return (
            f"The {words.mark(case.main_instrument_id)} passed the line of the margin call and "
            "that of the liquidation in one step, so the margin call came at the same moment: "
            "there was no time to act on it."
        )
    seconds = (case.time_ns - (case.called_ns or 0)) // 10**9
    return (
        f"{words.time(case.called_ns or 0)} UTC: a margin call, {seconds:,} seconds before. A "
        "margin call is a warning; nothing is sold."
    )


def _end(words: Words, case: Episode) -> str:
    ending = case.ending
    if ending is None:
        waits = "It still goes on." if case.cure is None else "The call still stands."
        return f"Up to {words.time(case.until_ns)} UTC there is no end to it. {waits}"
    when = f"{words.time(ending.time_ns)} UTC: "
    if ending.call_end is not None:
        return when + _ENDS[ending.call_end]
    return when + _outcome(words, ending, case.is_spot_margin)


def _outcome(words: Words, ending: Ending, is_spot_margin: bool) -> str:
    what = "the rest of the debt" if is_spot_margin else "the position"
    if ending.outcome is LiquidationOutcome.RECOVERED:
        return (
            f"the liquidation ended early. What was left had an equity of "
            f"{words.amount(ending.equity)}, above its call margin, and {what} went on."
        )
    return f"the liquidation ended; no {'debt' if is_spot_margin else 'position'} was left."


# -- the formula -----------------------------------------------------------------------------------


def _formula(words: Words, case: Episode) -> Iterator[str]:
    if case.is_spot_margin:
        yield from loan_wording.formula(words, case)
        return
    unit = case.unit
    for each in unit.positions:
        yield from _of_position(words, each)
    yield _equity(words, unit)
    if unit.debt_maintenance:
        yield f"Its loans add {words.amount(unit.debt_maintenance)} to the maintenance margin."
    ratio = words.rate(unit.call_ratio)
    how = f"maintenance margin / {ratio}"
    if unit.debt_maintenance:
        how = f"that of the positions / {ratio}, and what the loans add"
    yield (
        f"Maintenance margin, of all of it, rounded up: {words.amount(unit.maintenance_margin)}. "
        f"Call margin = {how} = {words.amount(unit.call_margin)}."
    )
    line, name = unit.maintenance_margin, "maintenance margin"
    if case.cure is not None:
        line, name = unit.call_margin, "call margin"
    consequence = "is liquidated" if case.cure is None else "gets a margin call"
    yield (
        f"Equity {words.plain(unit.equity)} is not above the {name} of {words.plain(line)}: so "
        f"the wallet {consequence}."
    )
    main = case.main
    if main.liquidation_price is not None:
        others = "" if len(unit.positions) == 1 else ", all other prices as they were"
        yield (
            f"Solved for the mark of {words.symbol(main.instrument_id)}{others}, that is the "
            f"liquidation price: {words.price(main.instrument_id, main.liquidation_price)}. The "
            f"mark is {words.price(main.instrument_id, main.mark_price)}."
        )


def _of_position(words: Words, each: PositionFormula) -> Iterator[str]:
    of = each.instrument_id
    sign = "" if each.side is PositionSide.LONG else "-"
    mark, entry = words.price(of, each.mark_price), words.price(of, each.entry_price)
    size = words.size(of, each.quantity)
    yield (
        f"{words.symbol(of)}: notional N = {size} x {mark} = {words.amount(each.notional)}. It "
        f"cost {words.plain(each.entry_notional)} ({size} at {entry} on average), so the "
        f"unrealized PnL is {sign}({words.plain(each.notional)} - "
        f"{words.plain(each.entry_notional)}) = {words.amount(each.unrealized_pnl)}."
    )
    yield (
        f"{words.symbol(of)}: N is in risk tier {each.tier}, so its maintenance margin is "
        f"N x {words.percent(each.maintenance_margin_rate)} - {words.plain(each.deduction)} = "
        f"{words.amount(each.maintenance_margin)}."
    )


def _equity(words: Words, unit: UnitFormula) -> str:
    debt = f" - debt {words.plain(unit.debt)}" if unit.debt else ""
    return (
        f"Equity = balance {words.plain(unit.balance)}{debt} + unrealized PnL "
        f"{words.plain(unit.unrealized_pnl)} = {words.amount(unit.equity)}."
    )


# -- what followed ---------------------------------------------------------------------------------


def _cure(words: Words, case: Episode) -> Iterator[str]:
    cure = case.cure
    if cure is None:
        return
    if case.is_spot_margin:
        yield from loan_wording.cure(words, case)
        return
    yield f"Add {words.amount(cure.amount_to_add)} to the wallet, or"
    keep = " with keep_margin" if case.kind is WalletKind.ISOLATED else ""
    yield (
        f"reduce the position by {words.quantity(cure.instrument_id, cure.quantity_to_reduce)} at "
        f"the mark of then{keep}."
    )


def _steps(words: Words, case: Episode) -> Iterator[str]:
    for number, step in enumerate(case.steps, start=1):
        yield _step(words, number, step)
        for each in step.counterparties:
            yield "  " + _counterparty(words, step, each)


def _step(words: Words, number: int, step: StepTaken) -> str:
    of = step.instrument_id
    quantity = words.quantity(of, step.quantity)
    mark = words.at_mark(of, step.mark_price)
    if step.order_id is None and step.quantity == 0:
        return f"Step {number}: what is left is less than a lot, and goes at {mark}."
    if step.order_id is None and step.equity > 0:
        return (
            f"Step {number}: the book is not asked; {quantity} were to be taken over, at {mark}, "
            f"for {words.price(of, step.takeover_price)}, where nothing would be left."
        )
    if step.order_id is None:
        return (
            f"Step {number}: no equity was left ({words.amount(step.equity)}), so the insurance "
            f"fund was to take all {quantity}, at {mark}."
        )
    verb, worse = ("sold", "below") if step.side is PositionSide.LONG else ("bought back", "above")
    return (
        f"Step {number}: {quantity} were to be {verb} on the public book at {mark}, "
        f"never {worse} the takeover price of {words.price(of, step.takeover_price)}, where "
        "exactly nothing would be left."
    )


def _counterparty(words: Words, step: StepTaken, each: Counterparty) -> str:
    quantity = words.quantity(step.instrument_id, each.quantity)
    if each.amount is not None:
        quantity = words.quantity_of_amount(step.instrument_id, each.amount)
    if each.trade_id is None or each.price is None:
        notional = words.amount(each.notional)
        if each.account_id == FUND_ACCOUNT:
            return f"{quantity} by the insurance fund, for {notional}."
        return (
            f"{quantity} by account {each.account_id}, whose own position was closed against it by "
            f"auto-deleveraging, for {notional}."
        )
    who = "the insurance fund" if each.account_id == FUND_ACCOUNT else f"account {each.account_id}"
    price = words.price(step.instrument_id, each.price)
    return f"{quantity} by {who} at {price} (trade {each.trade_id})."


def _flows(words: Words, case: Episode) -> Iterator[str]:
    fund = case.fund
    if fund is None:
        return
    if fund.liquidation_fee:
        yield f"Liquidation fee to the insurance fund: {words.amount(fund.liquidation_fee)}."
    else:
        yield "There was no liquidation fee: nothing was left that could have paid one."
    if fund.taken_notional:
        yield (
            "What the book did not take, the insurance fund did, for "
            f"{words.amount(fund.taken_notional)} in all; gain and loss on it are the fund's."
        )
    if fund.deleveraged_quantity:
        yield (
            "What the insurance fund could not take fell to others, whose positions were closed "
            f"against it for {words.amount(fund.deleveraged_notional)} in all."
        )
    if fund.deficit_paid or fund.shortfall:
        yield (
            f"The wallet could not pay all it had lost. The insurance fund paid the deficit of "
            f"{words.amount(fund.deficit_paid)}"
            + (
                f", and {words.amount(fund.shortfall)} that it did not have is booked to shortfall."
                if fund.shortfall
                else "."
            )
        )
    else:
        yield "There was no deficit. You cannot lose more than the wallet had."


def _lines(words: Words, case: Episode) -> Iterator[str]:
    for line in case.lines:
        amount = words.amount(line.amount, line.asset_id)
        source, target = ledger_account_name(line.source), ledger_account_name(line.target)
        yield f"{words.time(line.time_ns)} {line.kind.name}: {amount} from {source} to {target}"


# -- what would have avoided it --------------------------------------------------------------------


def _avoid(
    words: Words, case: Episode, remedies: Sequence[Remedy], all_tried: bool
) -> Iterator[str]:
    if remedies:
        yield (
            "Each of these was tried: the journal was executed again with that one change, up to "
            f"{words.time(case.until_ns)} UTC, and it did not come to this. Everybody else acts as "
            "recorded; in truth they might have acted otherwise."
        )
        for remedy in remedies:
            yield "- " + _remedy(words, case, remedy)
    else:
        yield "None of the usual ways passed its trial, so none is named."
    if not all_tried:
        yield (
            "The position was held for too long to try everything: leverage, size and margin mode "
            "are left out if they are not named."
        )


def _remedy(words: Words, case: Episode, remedy: Remedy) -> str:
    of = case.main_instrument_id
    ended = (
        f" The account would have had {words.amount(remedy.equity)} at the end of the trial, not "
        f"{words.amount(remedy.recorded_equity)}."
    )
    if remedy.kind == "MARGIN" and remedy.amount is not None:
        free = ""
        if remedy.own_funds:
            where = "CROSS" if case.kind is WalletKind.ISOLATED else "SPOT"
            free = f" ({words.amount(remedy.own_funds)} of it was free in {where})"
        return (
            f"Another {words.amount(remedy.amount)} of margin at {words.time(remedy.time_ns)} UTC"
            f"{free}. What is added can be lost, too: not counting it, the account would have "
            f"stood at {words.amount(remedy.equity)} at the end of the trial, not at "
            f"{words.amount(remedy.recorded_equity)}."
        )
    if remedy.kind == "STOP" and remedy.price is not None:
        price = words.price(of, remedy.price)
        does = "closes the position"
        if case.is_spot_margin:
            does = loan_wording.what_a_stop_does(case)
        return (
            f"A stop-market order with a trigger price of {price} on the mark: at "
            f"{words.time(remedy.time_ns)} UTC it {does} while there is a choice."
            f"{ended}"
        )
    if remedy.kind == "LEVERAGE":
        margin = "."
        if remedy.amount is not None:
            margin = f": a margin of {words.amount(remedy.amount)} from the beginning."
        return f"A leverage of {remedy.leverage}x or less for the same position{margin}{ended}"
    if remedy.kind == "SIZE" and remedy.quantity is not None:
        at = "" if remedy.leverage is None else f" at {remedy.leverage}x, with the same margin"
        size = words.quantity(of, remedy.quantity)
        return f"A smaller position of {size}{at}.{ended}"
    return _mode(words, case, remedy) + ended


def _mode(words: Words, case: Episode, remedy: Remedy) -> str:
    symbol = words.symbol(case.main_instrument_id)
    if remedy.margin_mode is MarginMode.CROSS:
        return (
            f"CROSS instead of isolated margin on {symbol}: all of the wallet would have held it."
        )
    if remedy.still_liquidated:
        what = "pair" if case.is_spot_margin else "position"
        return (
            f"Isolated margin instead of CROSS on {symbol}: that {what} would have been "
            "liquidated all the same, but the rest of the wallet would not have gone with it."
        )
    return f"Isolated margin instead of CROSS on {symbol}."
