"""Attribution where assets, shorts and loans are: it adds up, and interest is what was charged."""

from collections import Counter
from typing import Any

import pytest

from simulator.analytics.attribution import PARTS, account_equity, attribute
from simulator.core.exchange import Exchange
from simulator.core.model import events as e
from simulator.core.model.enums import TransferKind
from simulator.core.rules import valuation
from tests.analytics.histories import RecordedMarket, lending_history, state_after

LOANS = (TransferKind.BORROW, TransferKind.REPAY, TransferKind.INTEREST)


@pytest.fixture(scope="module", params=[1, 2, 7])
def market(request: Any) -> RecordedMarket:
    return lending_history(request.param)


def test_bor_3_it_adds_up_with_assets_and_loans(market: RecordedMarket) -> None:
    entries = market.entries
    cut = len(entries) * 2 // 3
    whole = attribute(state_after([]), entries)
    early = attribute(state_after([]), entries[:cut])
    late = attribute(state_after(entries[:cut]), entries[cut:])
    state = market.exchange.state
    for account_id, each in whole.items():
        assert each.begin_equity == 0
        assert each.end_equity == account_equity(state, account_id)
        assert each.change == sum(each.parts.values())
        for part in PARTS:
            halves = getattr(late[account_id], part)
            if account_id in early:
                halves += getattr(early[account_id], part)
            assert getattr(each, part) == halves
    assert any(each.interest < 0 for each in whole.values())


def test_bor_3_interest_is_what_was_accrued(market: RecordedMarket) -> None:
    """By another way: each hour's charge at the index of then; loans leave a unit of rounding."""
    exchange = Exchange()
    charged: Counter[int] = Counter()
    slack: Counter[int] = Counter()
    for entry in market.entries:
        for event in entry.events:
            if isinstance(event, e.InterestAccrued):
                owner = market.exchange.state.wallets[event.wallet_id].account_id
                value = valuation.value_up(exchange.state, event.asset_id, event.amount)
                charged[owner] += value
                slack[owner] += 1
            elif isinstance(event, e.Transferred) and event.kind in LOANS:
                for wallet_id in (event.source, event.target):
                    wallet = market.exchange.state.wallets.get(wallet_id)
                    if wallet is not None:
                        slack[wallet.account_id] += 2
        exchange.fold(entry.time_ns, entry.command, entry.events)
    assert sum(charged.values()) > 0
    for account_id, each in attribute(state_after([]), market.entries).items():
        assert abs(-each.interest - charged[account_id]) <= slack[account_id]
