"""Cards of margin calls and liquidations: by hand, on random histories, and where advice fails.

The rule book's liquidation (LIQ-1, LIQ-3, LIQ-4, LIQ-6, CALL-1, MARG-7) is told word by word.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.analytics import changes
from simulator.analytics.episode import PathPoint
from simulator.analytics.explanations import Explanation, explain
from simulator.analytics.gathering import (
    MOST_POINTS,
    Kind,
    Limits,
    Subject,
    UnknownSubjectError,
    gather,
    thinned,
)
from simulator.analytics.journals import KeptJournal
from simulator.analytics.remedies import Budget, Remedy, find_remedies
from simulator.analytics.what_if import WhatIf
from simulator.core.codec import Entry
from simulator.core.model import events as e
from simulator.core.model.enums import MarginMode, PositionSide, TransferKind
from simulator.core.model.units import RATE_ONE, divide_up
from tests.analytics.histories import RecordedWorld, crowded_history, state_after
from tests.scenario import amount, plain, rate

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


def subjects(entries: list[Entry], kind: Kind) -> Iterator[tuple[Subject, Any]]:
    """Every margin call (when it was issued first) or liquidation, with its event."""
    for entry in entries:
        for event in entry.events:
            if isinstance(event, e.LiquidationStarted) and kind is Kind.LIQUIDATION:
                yield Subject(kind, event.liquidation_id, entry.seq), event
            elif isinstance(event, e.MarginCallIssued) and kind is Kind.MARGIN_CALL:
                if not event.repeated:
                    yield Subject(kind, event.margin_call_id, entry.seq), event


def card(world: RecordedWorld, kind: Kind, number: int = 1, **options: Any) -> Explanation:
    found = {subject.number: subject for subject, _ in subjects(world.entries, kind)}
    return explain(KeptJournal(world.entries), found[number], len(world.entries), **options)


def remedies(found: Explanation) -> dict[str, Remedy]:
    return {each.kind: each for each in found.remedies}


def section(found: Explanation, title: str) -> list[str]:
    (lines,) = [list(each.lines) for each in found.sections if each.title == title]
    return lines


def rule_book_world(cross: str = "4500") -> RecordedWorld:
    """0.2 BTC at 60,000 and 8x; a call at 52,760, the liquidation at 52,710.84."""
    world = RecordedWorld()
    world.instrument("BTC", "0.4%:125")
    world.account("ann", cross=cross)
    world.mark(BTC="60000")
    world.maker("BTC", asks="60000 x 0.2", bids="59990 x 1")
    world.buy("ann", "BTC", "0.2", at="60000", leverage=8)
    for mark in (58_000, 56_000, 54_000, 53_000, 52_760):
        world.maker("BTC", bids=f"{mark - 10} x 0.5")
        world.mark(BTC=str(mark))
    world.maker("BTC", bids="52700 x 0.15")
    world.mark(BTC="52710.84")
    world.maker("BTC", bids="51990 x 0.5")
    world.mark(BTC="52000")
    world.mark(BTC="53000")
    return world


# -- by hand ---------------------------------------------------------------------------------------


def test_the_rule_books_liquidation_word_by_word() -> None:
    found = card(rule_book_world(), Kind.LIQUIDATION)
    assert found.title == "Liquidation 1: the isolated long on BTC"
    assert section(found, "The formula") == [
        "BTC: notional N = 0.2 x 52,710.84 = 10,542.168 USDT. It cost 12,000 (0.2 at 60,000 on "
        "average), so the unrealized PnL is (10,542.168 - 12,000) = -1,457.832 USDT.",
        "BTC: N is in risk tier 1, so its maintenance margin is N x 0.4 % - 0 = 42.168672 USDT.",
        "Equity = balance 1,500 + unrealized PnL -1,457.832 = 42.168 USDT.",
        "Maintenance margin, of all of it, rounded up: 42.168672 USDT. Call margin = maintenance "
        "margin / 0.8 = 52.71084 USDT.",
        "Equity 42.168 is not above the maintenance margin of 42.168672: so the wallet is "
        "liquidated.",
        "Solved for the mark of BTC, that is the liquidation price: 52,710.85. The mark is "
        "52,710.84.",
    ]
    assert section(found, "Who took the other side") == [
        "Step 1: 0.2 BTC were to be sold on the public book at a mark of 52,710.84, never below "
        "the takeover price of 52,500, where exactly nothing would be left.",
        "  0.15 BTC by account 3 at 52,700 (trade 2).",
        "  0.05 BTC by the insurance fund, for 2,625 USDT.",
    ]
    assert section(found, "Who paid and who received") == [
        "Liquidation fee to the insurance fund: 30 USDT.",
        "What the book did not take, the insurance fund did, for 2,625 USDT in all; gain and loss "
        "on it are the fund's.",
        "There was no deficit. You cannot lose more than the wallet had.",
    ]
    ledger = [line.partition(" ")[2].partition(" ")[2] for line in section(
        found, "Every line of the ledger")]  # fmt: skip
    assert ledger == [
        "REALIZED_PNL: 1,095 USDT from wallet:1000004 to clearing:1",
        "LIQUIDATION_FEE: 30 USDT from wallet:1000004 to insurance_fund",
        "REALIZED_PNL: 375 USDT from wallet:1000004 to clearing:1",
    ]


def test_what_would_have_avoided_the_rule_books_liquidation() -> None:
    """To hold at 52,000: N = 10,400, maintenance 41.60, equity -100, so 141.60 and a bit more.

    The stop is a quarter of the way from 52,710.85 back to 60,000. 7x is liquidated at 51,635.12.
    """
    world = rule_book_world()
    whole = card(world, Kind.LIQUIDATION)
    found = remedies(whole)
    assert list(found) == ["MARGIN", "STOP", "LEVERAGE", "SIZE", "MARGIN_MODE"]
    assert (found["MARGIN"].amount, found["MARGIN"].own_funds) == (amount("141.61"),) * 2
    assert not happens(world.entries, whole, amount("141.61"))
    assert happens(world.entries, whole, amount("141.60")), "at the line is under it (LIQ-1)"
    assert found["STOP"].price == 54_533_13
    assert found["LEVERAGE"].leverage == 7
    assert found["LEVERAGE"].amount == divide_up(amount("12000"), 7)
    assert (found["SIZE"].leverage, found["SIZE"].quantity) == (7, 175)
    assert found["MARGIN_MODE"].margin_mode is MarginMode.CROSS
    held = amount("4500") - amount("1400")
    assert found["MARGIN"].equity == held, "at the last mark, 53,000, the long is at -1,400"
    assert found["MARGIN"].recorded_equity == amount("3000")


def test_a_margin_call_says_how_it_ends() -> None:
    found = card(rule_book_world(), Kind.MARGIN_CALL)
    assert found.title == "Margin call 1: the isolated long on BTC"
    assert section(found, "What ends a margin call") == [
        "Add 3.398 USDT to the wallet, or",
        "reduce the position by 0.013 BTC at the mark of then with keep_margin.",
    ]
    assert "is not above the call margin of 52.76" in " ".join(section(found, "The formula"))
    story = section(found, "What happened")
    assert story[0].startswith("The position: long 0.2 BTC on BTC, entered at 60,000 on average")
    assert story[-1].endswith("the call ended in a liquidation.")
    assert remedies(found)["LEVERAGE"].leverage == 7


# -- advice that fails is not given ----------------------------------------------------------------


def test_without_money_for_more_margin_only_a_smaller_position_is_advised() -> None:
    """All of Ann's 1,500 was margin: 7x of the same position would have needed 1,714.29."""
    found = remedies(card(rule_book_world(cross="1500"), Kind.LIQUIDATION))
    assert "LEVERAGE" not in found
    assert found["SIZE"].quantity == 175
    assert "MARGIN_MODE" not in found, "CROSS holds no more than the isolated wallet did"
    assert found["MARGIN"].own_funds == 0


def test_in_a_gap_no_stop_could_have_been_followed() -> None:
    world = RecordedWorld(fund="2500")
    world.instrument("BTC", "0.4%:125")
    world.account("ann", cross="1500")
    world.mark(BTC="60000")
    world.maker("BTC", asks="60000 x 0.2")
    world.buy("ann", "BTC", "0.2", at="60000", leverage=8)
    world.mark(BTC="40000")
    found = card(world, Kind.LIQUIDATION)
    assert "STOP" not in remedies(found)
    assert "there was no time to act on it" in " ".join(section(found, "What happened"))
    assert "paid the deficit" in " ".join(section(found, "Who paid and who received"))
    assert found.episode.fund is not None
    assert found.episode.fund.deficit_paid == amount("2500")
    assert found.episode.fund.shortfall == 0


def test_in_a_gap_a_stop_fires_before_the_unit_is_assessed() -> None:
    """TIME-1: triggers are (5), units (6); so with a bid in the band the stop is first."""
    world = RecordedWorld()
    world.instrument("BTC", "0.4%:125", price_band_rate=rate("20%"))
    world.account("ann", cross="1500")
    world.mark(BTC="60000")
    world.maker("BTC", asks="60000 x 0.2", bids="52900 x 0.2")
    world.buy("ann", "BTC", "0.2", at="60000", leverage=8)
    world.mark(BTC="52000")
    stop = remedies(card(world, Kind.LIQUIDATION))["STOP"]
    assert stop.price == 54_533_13
    assert stop.equity == amount("80"), "0.2 sold at 52,900, 7,100 under their price"
    assert stop.recorded_equity == 0


def test_if_nothing_helps_nothing_is_advised() -> None:
    """The price goes to nearly nothing in one step; even the smallest position is lost at 2x."""
    world = RecordedWorld()
    world.instrument("BTC", "0.4%:125", min_quantity=200)
    world.account("ann", cross="12000")
    world.mark(BTC="60000")
    world.maker("BTC", asks="60000 x 0.2")
    world.buy("ann", "BTC", "0.2", at="60000", leverage=1, mode="ISOLATED")
    world.mark(BTC="0.01")
    assert not list(subjects(world.entries, Kind.LIQUIDATION)), "1x has nothing to lose but itself"
    world = RecordedWorld()
    world.instrument("BTC", "0.4%:125", min_quantity=200)
    world.account("ann", cross="6000")
    world.mark(BTC="60000")
    world.maker("BTC", asks="60000 x 0.2")
    world.buy("ann", "BTC", "0.2", at="60000", leverage=2, mode="ISOLATED")
    world.mark(BTC="0.01")
    found = remedies(card(world, Kind.LIQUIDATION))
    assert list(found) == ["MARGIN"]


def two_positions() -> RecordedWorld:
    """BTC falls, ETH rises: in CROSS the long of BTC takes the long of ETH with it."""
    world = RecordedWorld()
    world.instrument("BTC", "0.4%:125")
    world.instrument("ETH", "0.4%:125")
    world.account("ann", cross="2000")
    world.mark(BTC="60000", ETH="2000")
    world.maker("BTC", asks="60000 x 0.2", bids="59000 x 1")
    world.maker("ETH", asks="2000 x 1", bids="1999 x 1")
    world.buy("ann", "BTC", "0.2", at="60000", mode="CROSS", leverage=12)
    world.buy("ann", "ETH", "1", at="2000", mode="CROSS", leverage=10)
    for mark in (57_000, 54_000, 51_000, 49_000):
        world.maker("BTC", bids=f"{mark - 50} x 0.5")
        world.mark(BTC=str(mark))
    return world


def test_isolated_instead_of_cross_would_have_saved_the_rest() -> None:
    found = card(two_positions(), Kind.LIQUIDATION)
    assert found.title == "Liquidation 1: the CROSS wallet"
    mode = remedies(found)["MARGIN_MODE"]
    assert (mode.margin_mode, mode.still_liquidated) == (MarginMode.ISOLATED, True)
    assert mode.equity == amount("1000"), "the margin of the BTC position, a twelfth, is lost"
    assert mode.equity > mode.recorded_equity
    formula = section(found, "The formula")
    assert formula[0].startswith("BTC: notional N = 0.2 x 49,000 = 9,800 USDT.")
    assert formula[2].startswith("ETH: notional N = 1 x 2,000 = 2,000 USDT.")
    assert "all other prices as they were" in formula[-1]
    assert "LEVERAGE" not in remedies(found), "in CROSS leverage moves no line"


def test_a_smaller_part_of_cross_would_have_been_enough() -> None:
    size = remedies(card(two_positions(), Kind.LIQUIDATION))["SIZE"]
    assert size.leverage is None
    assert size.quantity is not None
    # At 49,000: 2,000 - 8 for ETH has to cover 11,000 + 196 per BTC.
    exact = Fraction(2_000 - 8) / (11_000 + 196)
    assert exact * 95 / 100 < Fraction(size.quantity, 1_000) < exact


# -- random histories ------------------------------------------------------------------------------


@settings(max_examples=6)
@given(seed=st.integers(0, 10**6))
def test_every_card_of_a_random_history_is_true(seed: int) -> None:
    """The formula is the event's, steps add up, and so do the ledger's lines."""
    entries = crowded_history(seed, 250)
    journal = KeptJournal(entries)
    for subject, event in subjects(entries, Kind.LIQUIDATION):
        found = explain(journal, subject, len(entries), Limits(time_after_ns=600 * 10**9))
        case = found.episode
        check_formula(found, event)
        for step in case.steps:
            taken = sum(each.quantity for each in step.counterparties)
            assert taken == step.quantity
        assert case.called_seq is not None
        assert {line.kind for line in case.lines} <= set(TransferKind)
        ends = [
            each
            for entry in entries
            for each in entry.events
            if isinstance(each, e.LiquidationEnded) and each.liquidation_id == subject.number
        ]
        if ends and case.ending is not None:
            assert case.fund is not None
            assert case.ending.equity == ends[0].equity
            assert case.fund.liquidation_fee == ends[0].fee
            assert case.fund.deficit_paid + case.fund.shortfall == ends[0].deficit
        check_remedies(entries, found)
    for subject, event in subjects(entries, Kind.MARGIN_CALL):
        found = explain(journal, subject, len(entries), Limits(time_after_ns=600 * 10**9))
        check_formula(found, event)
        check_remedies(entries, found)


def check_formula(found: Explanation, event: Any) -> None:
    unit = found.episode.unit
    assert (unit.equity, unit.maintenance_margin, unit.call_margin) == (
        (event.equity, event.maintenance_margin, event.call_margin)
    )  # fmt: skip
    assert unit.equity == unit.balance - unit.debt + unit.unrealized_pnl
    exact = 0
    for each in unit.positions:
        margin = each.notional * each.maintenance_margin_rate - each.deduction * RATE_ONE
        assert each.maintenance_margin == divide_up(margin, RATE_ONE)
        assert each.unrealized_pnl == each.side * (each.notional - each.entry_notional)
        exact += margin
    if unit.debt_maintenance == 0:
        assert unit.maintenance_margin == divide_up(exact, RATE_ONE)
        assert unit.call_margin == divide_up(exact, unit.call_ratio)
    assert found.episode.path[-1].seq >= found.episode.seq or found.episode.ending is not None


def check_remedies(entries: list[Entry], found: Explanation) -> None:
    """MARGIN once more, without the budget, the early end and the counting of the trials."""
    margin = remedies(found).get("MARGIN")
    if margin is not None and margin.amount is not None:
        assert not happens(entries, found, margin.amount)


def happens(entries: list[Entry], found: Explanation, more: int) -> bool:
    """Whether the unit meets the same with so much more margin."""
    case = found.episode
    begin = case.seq - 1
    if case.cure is None and case.called_seq is not None and case.called_seq < case.seq:
        begin = case.called_seq
    state = state_after(entries[:begin])
    _, commands = changes.adding_margin(state, case.wallet_id, more)
    run = WhatIf(state, changes.Beforehand(commands))
    events = run.begin()
    for entry in entries[begin : case.until_seq]:
        events += run.do(entry)
    kind = e.LiquidationStarted if case.cure is None else e.MarginCallIssued
    return any(
        isinstance(event, kind)
        and event.wallet_id == case.wallet_id
        and not getattr(event, "repeated", False)
        for event in events
    )


# -- where it begins and ends ----------------------------------------------------------------------


def test_an_order_that_rested_before_it_opened_is_part_of_the_beginning() -> None:
    world = RecordedWorld()
    world.instrument("BTC", "0.4%:125")
    world.account("ann", cross="1500")
    world.account("bob", cross="100000")
    world.mark(BTC="60000")
    world.leverage("ann", "BTC", 8)
    begin = len(world.entries)
    world.buy("ann", "BTC", "0.2", at="59000")
    world.mark(BTC="59500")
    world.sell("bob", "BTC", "0.2", at="59000")
    world.mark(BTC="51000")
    found = card(world, Kind.LIQUIDATION)
    assert found.episode.opened_seq == begin
    assert found.episode.whole
    assert remedies(found)["SIZE"].quantity == 175, "7x, the bid that rested included"


def test_a_position_held_for_long_is_not_followed_to_its_beginning() -> None:
    world = rule_book_world()
    found = card(world, Kind.LIQUIDATION, limits=Limits(entries_before=5))
    assert not found.episode.whole
    assert not found.all_tried
    assert set(remedies(found)) <= {"MARGIN", "STOP"}
    assert "longer ago" in " ".join(section(found, "What happened"))


def test_a_budget_is_kept_and_told() -> None:
    world = rule_book_world()
    found = card(world, Kind.LIQUIDATION, most_executed=6)
    assert not found.all_tried
    assert set(remedies(found)) == {"MARGIN"}
    assert "too long to try everything" in found.sections[-1].lines[-1]
    budget = Budget(10)
    assert budget.take(10)
    assert not budget.take(1)


def test_a_liquidation_that_waits_for_a_halted_instrument_has_no_end_yet() -> None:
    world = RecordedWorld()
    world.instrument("BTC", "0.4%:125")
    world.instrument("ETH", "0.4%:125")
    world.account("ann", cross="2000")
    world.mark(BTC="60000", ETH="2000")
    world.maker("BTC", asks="60000 x 0.2")
    world.maker("ETH", asks="2000 x 1")
    world.buy("ann", "BTC", "0.2", at="60000", mode="CROSS", leverage=12)
    world.buy("ann", "ETH", "1", at="2000", mode="CROSS", leverage=10)
    world.halt("ETH")
    world.mark(BTC="50050")
    found = card(world, Kind.LIQUIDATION)
    assert found.episode.ending is None
    assert section(found, "What happened")[-1].endswith("It still goes on.")


def test_an_entry_without_the_subject_is_refused() -> None:
    world = rule_book_world()
    with pytest.raises(UnknownSubjectError, match="entry 3 has no LIQUIDATION 9"):
        gather(KeptJournal(world.entries), Subject(Kind.LIQUIDATION, 9, 3), len(world.entries))


def test_a_path_is_thinned_and_keeps_its_turns() -> None:
    marks = [1_000 + (each * 7_919) % 5_003 for each in range(5_000)]
    path = [
        PathPoint(seq=number, time_ns=number, mark_price=mark, equity=0, maintenance_margin=0,
                  call_margin=0)
        for number, mark in enumerate(marks)
    ]  # fmt: skip
    kept = thinned(path)
    assert len(kept) <= MOST_POINTS + 4
    assert (kept[0], kept[-1]) == (path[0], path[-1])
    assert {max(marks), min(marks)} <= {point.mark_price for point in kept}


def test_what_is_tried_costs_no_more_than_the_budget() -> None:
    world = rule_book_world()
    (subject, _), *_ = subjects(world.entries, Kind.LIQUIDATION)
    gathered = gather(KeptJournal(world.entries), subject, len(world.entries))
    assert find_remedies(KeptJournal(world.entries), gathered, Budget(0)) == []


def test_the_account_kept_what_attribution_says() -> None:
    """The card's own before and after are the account's equity there."""
    world = rule_book_world()
    found = card(world, Kind.LIQUIDATION)
    assert plain(found.episode.equity_before, 8) == "4500"
    assert plain(found.episode.equity_at_end, 8) == "3000"
