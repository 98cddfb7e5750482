"""19 May 2021 explained: the cards of Ann's two liquidations and three margin calls (real data).

The replay is that of test_china_ban: Ann is 20x long of ETH in the second risk tier, is sold down
to the first one, recovers, and is liquidated eight minutes later.
"""

from collections.abc import Iterator
from fractions import Fraction

import pytest

from simulator.analytics.attribution import account_equity, attribute
from simulator.analytics.explanations import Explanation, explain
from simulator.analytics.gathering import Kind, Subject, gather
from simulator.analytics.journals import StoredJournal
from simulator.core.exchange import Exchange
from simulator.core.model import events as e
from simulator.core.model.enums import LiquidationOutcome
from simulator.core.model.units import divide_up
from simulator.database.engine import open_engine
from simulator.database.writer import DatabaseJournal
from tests.databases import KINDS_APART
from tests.e2e.replays import WORLD, Replayed, amount
from tests.e2e.test_china_ban import ETH, anns_long

# The journal reads the same from both databases (test_china_ban), and a card costs half a minute.
pytestmark = [
    pytest.mark.data,
    pytest.mark.parametrize("kept", KINDS_APART[:1], indirect=True, scope="session"),
]


@pytest.fixture(scope="module")
def replayed(china_ban: Replayed) -> Replayed:
    return china_ban


@pytest.fixture(scope="module")
def first(replayed: Replayed, past: StoredJournal) -> Explanation:
    return card(replayed, past, 1)


@pytest.fixture(scope="module")
def past(replayed: Replayed) -> Iterator[StoredJournal]:
    engine = open_engine(replayed.url)
    yield StoredJournal(DatabaseJournal(engine), WORLD)
    engine.dispose()


def card(replayed: Replayed, past: StoredJournal, number: int) -> Explanation:
    [(told, _)] = replayed.happened(e.LiquidationStarted, liquidation_id=number)
    subject = Subject(Kind.LIQUIDATION, number, told.seq)
    return explain(past, subject, replayed.outcome.entries, most_executed=2_000_000)


def test_the_first_liquidation_of_ann(replayed: Replayed, first: Explanation) -> None:
    """MARG-2, MARG-7: 61.029 ETH in tier 2, so N x 0.6 % - 120; liquidated at 2,845.32."""
    found = first
    case, long = found.episode, anns_long(replayed)
    (position,) = case.unit.positions
    assert position.tier == 2
    assert amount(position.deduction) == 120
    assert position.liquidation_price == divide_up(int(long.liquidation_price() * 10**6), 10**4), (
        "in cents, rounded up"
    )
    assert amount(case.unit.equity) == long.equity(replayed.price(ETH, position.mark_price))
    assert case.ending is not None
    assert case.ending.outcome is LiquidationOutcome.RECOVERED
    (step,) = case.steps
    assert sum(each.quantity for each in step.counterparties) == step.quantity
    assert case.called_ns is not None
    assert case.called_ns < case.time_ns
    said = " ".join(line for each in found.sections for line in each.lines)
    assert "the liquidation ended early" in said
    assert "N x 0.6 % - 120 = " in said


def test_what_would_have_saved_ann(replayed: Replayed, first: Explanation) -> None:
    """20x could not hold what ETH fell in the hour after; less could, and a stop would have."""
    found = first
    remedies = {each.kind: each for each in found.remedies}
    assert found.all_tried
    assert {"MARGIN", "STOP", "SIZE"} <= set(remedies)
    size, stop, margin = remedies["SIZE"], remedies["STOP"], remedies["MARGIN"]
    low = replayed.price(ETH, min(
        mark for mark in (_mark(each.price) for each in replayed.marks[ETH] if
                          found.episode.seq <= each.seq <= found.episode.until_seq)
    ))  # fmt: skip
    long = anns_long(replayed)
    assert size.leverage is not None
    # By hand: isolated with 1/L of margin in tier 1 ends at EP (1 - 1/L) / (1 - 0.004).
    entry = long.entry_notional / long.quantity
    lines = {
        leverage: entry * (1 - Fraction(1, leverage)) / (1 - Fraction(4, 1000))
        for leverage in range(2, 20)
    }
    assert lines[size.leverage] < low <= lines[size.leverage + 3]
    assert margin.amount is not None
    needed = long.maintenance_margin(low) - long.equity(low)
    assert needed < amount(margin.amount) < needed * Fraction(11, 10)
    assert stop.equity > margin.equity
    assert stop.equity > stop.recorded_equity


def _mark(price: Fraction) -> int:
    return int(price * 100)


def test_the_second_liquidation_and_the_margin_calls(
    replayed: Replayed, past: StoredJournal, first: Explanation
) -> None:
    second = card(replayed, past, 2)
    assert second.episode.ending is not None
    assert second.episode.ending.outcome is LiquidationOutcome.CLOSED
    assert second.episode.opened_seq == first.episode.opened_seq
    ends = []
    for told, call in replayed.happened(e.MarginCallIssued, account_id=replayed.account("ann")):
        subject = Subject(Kind.MARGIN_CALL, call.margin_call_id, told.seq)
        case = gather(past, subject, replayed.outcome.entries).episode
        assert case.cure is not None
        assert case.cure.amount_to_add == call.amount_to_add
        assert case.ending is not None
        assert case.ending.call_end is not None
        ends.append(case.ending.call_end.name)
    assert ends == ["LIQUIDATED", "CURED", "LIQUIDATED"]


def test_where_the_money_of_everybody_went(replayed: Replayed, past: StoredJournal) -> None:
    state = Exchange().state
    found = attribute(state, past.entries(0, replayed.outcome.entries))
    for account_id, each in found.items():
        assert each.change == sum(each.parts.values())
        assert each.end_equity == account_equity(replayed.outcome.state, account_id)
    ann = found[replayed.account("ann")]
    assert ann.price < 0
    assert ann.liquidation_fees < 0
    assert ann.transfers == 10_000 * 10**8
    assert sum(each.price for each in found.values()) == 0, "one's gain is another's loss"
