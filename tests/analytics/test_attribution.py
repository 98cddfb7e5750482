"""Attribution adds up to the last unit, for every account, over any period and any cut of it.

The parts themselves are compared with a twin that reads them off the events in another way. The
hand-worked day at the end is the rule book's liquidation.
"""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.analytics.attribution import (
    PARTS,
    Attribution,
    account_equity,
    attribute,
    attribution_between,
)
from simulator.analytics.journals import KeptJournal
from simulator.core.codec import Entry
from simulator.core.exchange import Exchange
from tests.analytics.histories import RecordedWorld, crowded_history, state_after
from tests.scenario import amount, plain
from tests.twins.naive_attribution import NaiveAttribution, equities

Found = dict[int, Attribution]


def check_against_the_twin(entries: Sequence[Entry], begin: int, end: int) -> Found:
    """The period after entry `begin` through entry `end`, for all accounts."""
    found = attribute(state_after(entries[:begin]), entries[begin:end])
    twin = NaiveAttribution(state_after(entries[:begin]))
    before = equities(twin.state)
    for entry in entries[begin:end]:
        twin.follow(entry.events)
    after = equities(twin.state)
    assert set(found) == set(twin.state.accounts)
    for account_id, each in found.items():
        assert each.begin_equity == before[account_id]
        assert each.end_equity == after[account_id]
        assert each.change == sum(each.parts.values())
        parts = {part: twin.parts[(account_id, part)] for part in PARTS}
        assert each.parts == parts, f"account {account_id}"
    return found


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), first=st.integers(0, 100), second=st.integers(0, 100))
def test_it_adds_up_over_any_period_of_a_random_history(seed: int, first: int, second: int) -> None:
    entries = crowded_history(seed, 120)
    begin, end = sorted(len(entries) * each // 100 for each in (first, second))
    whole = check_against_the_twin(entries, begin, end)
    middle = (begin + end) // 2
    halves = [
        attribute(state_after(entries[:begin]), entries[begin:middle]),
        attribute(state_after(entries[:middle]), entries[middle:end]),
    ]
    for account_id, each in whole.items():
        sums: Counter[str] = Counter()
        for half in halves:
            if account_id in half:
                sums.update(half[account_id].parts)
        assert each.parts == {part: sums[part] for part in PARTS}


@pytest.mark.slow
def test_a_long_history_has_everything_in_it() -> None:
    entries = crowded_history(5, 4_000)
    found = check_against_the_twin(entries, 0, len(entries))
    common = ["price", "slippage", "fees", "funding", "transfers"]
    for part in [*common, "forced_fills", "liquidation_fees", "takeovers", "relief", "adl"]:
        assert sum(1 for each in found.values() if getattr(each, part)) > 3, part


@pytest.mark.parametrize("account_id", [1, 2, 9, 22])
def test_one_account_alone_is_as_among_all(account_id: int) -> None:
    entries = crowded_history(8, 200)
    all_of_them = attribute(state_after(entries[:90]), entries[90:])
    alone = attribute(state_after(entries[:90]), entries[90:], account_id)
    assert alone == {account_id: all_of_them[account_id]}


def test_equity_is_that_of_the_state() -> None:
    entries = crowded_history(3, 150)
    state = state_after(entries)
    assert {each: account_equity(state, each) for each in state.accounts} == (
        {each: equities(state)[each] for each in state.accounts}
    )  # fmt: skip


def test_an_entry_that_does_not_follow_is_refused() -> None:
    entries = crowded_history(3, 1)
    with pytest.raises(ValueError, match="entry 3 should be 2"):
        attribute(Exchange().state, [entries[0], entries[2]])


def test_the_rule_books_liquidation_by_its_parts() -> None:
    """1,500 at 8x: 1,457.832 by the price, 1.626 by forced fills, 30 fee, 10.542 by the takeover.

    LIQ-4 and LIQ-6, as docs/rules.md works them out; together the whole margin.
    """
    world = RecordedWorld()
    world.instrument("BTC", "0.4%:125")
    world.account("ann", cross="1500")
    world.mark(BTC="60000")
    world.maker("BTC", asks="60000 x 0.2")
    begin = len(world.entries)
    world.buy("ann", "BTC", "0.2", at="60000", leverage=8)
    world.maker("BTC", bids="52700 x 0.15")
    world.mark(BTC="52710.84")
    ann = world.names["ann"]
    found = attribute(state_after(world.entries[:begin]), world.entries[begin:], ann)[ann]
    assert {part: plain(value, 8) for part, value in found.parts.items() if value} == {
        "price": "-1457.832",
        "forced_fills": "-1.626",
        "liquidation_fees": "-30",
        "takeovers": "-10.542",
    }
    assert (found.begin_equity, found.end_equity) == (amount("1500"), 0)


def test_a_period_that_is_too_long_is_refused() -> None:
    past = KeptJournal(crowded_history(3, 20))
    with pytest.raises(ValueError, match="ask for at most 90 of them"):
        attribution_between(past, 3, 10, 120, most_entries=100)
    assert attribution_between(past, 3, 10, 100, most_entries=100).account_id == 3
