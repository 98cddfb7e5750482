"""Executing a journal again: without a change it is the recording, with one only ids move.

The ids are tried by a change that shifts all of them and should matter to nobody.
"""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.analytics.what_if import NoChange, WhatIf
from simulator.core.codec import Entry, encode_snapshot
from simulator.core.model import events as e
from simulator.core.model.commands import AnyCommand, CancelOrder, PlaceOrder, SetMarginMode
from simulator.core.model.enums import MarginMode, OrderType, Side
from simulator.core.model.rejects import RejectReason
from simulator.core.state.exchange_state import ExchangeState
from tests.analytics.histories import RecordedWorld, crowded_history, state_after
from tests.properties.crowd import price_near_mark
from tests.scenario import START_NS, amount


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), percent=st.integers(0, 100))
def test_without_a_change_it_is_what_was_recorded(seed: int, percent: int) -> None:
    entries = crowded_history(seed, 400)
    begin = len(entries) * percent // 100
    run = WhatIf(state_after(entries[:begin]), NoChange())
    events = run.begin()
    for entry in entries[begin:]:
        events += run.do(entry)
    recorded = [event for entry in entries[begin:] for event in entry.events]
    assert events == recorded
    assert encode_snapshot(run.state) == encode_snapshot(state_after(entries))


class AnOrderMore(NoChange):
    """Takes an order id of its own before the first entry, so that all later ones move on."""

    def first(self, state: ExchangeState) -> Sequence[AnyCommand]:
        price = price_near_mark(state.instruments[1], -95)
        resting = PlaceOrder(21, 1, Side.BUY, OrderType.LIMIT, 1, price)
        return (resting, CancelOrder(21, state.counters.order + 1))


@pytest.mark.parametrize("seed", range(12))
def test_commands_find_their_orders_under_other_ids(seed: int) -> None:
    """All that happens is what happened, but for the ids of orders."""
    entries = crowded_history(seed, 300)
    begin = sum(1 for entry in entries if entry.time_ns == START_NS)
    run = WhatIf(state_after(entries[:begin]), AnOrderMore())
    own = [type(each) for each in run.begin()]
    assert own == [e.OrderAccepted, e.OrderRested, e.OrderCanceled]
    recorded, done = [], []
    for entry in entries[begin:]:
        recorded += without_order_ids(entry.events)
        done += without_order_ids(run.do(entry))
    assert done == recorded
    assert run.state.counters.order == state_after(entries).counters.order + 1


def without_order_ids(events: Sequence[e.AnyEvent]) -> list[e.AnyEvent]:
    names = ("order_id", "taker_order_id", "maker_order_id", "first_order_id", "list_id",
             "waits_for")  # fmt: skip
    plain: list[e.AnyEvent] = []
    for event in events:
        changes: dict[str, object] = {
            name: 0 for name in names if getattr(event, name, None) is not None
        }
        if hasattr(event, "order_ids"):
            changes["order_ids"] = (0,) * len(event.order_ids)
        plain.append(msgspec.structs.replace(event, **changes))
    return plain


class InCross(NoChange):
    """Ann trades in CROSS: no isolated wallet is opened, and later wallets have other ids."""

    def first(self, state: ExchangeState) -> Sequence[AnyCommand]:
        return (SetMarginMode(3, 1, MarginMode.CROSS),)


def test_deposits_find_their_wallets_under_other_ids() -> None:
    world = RecordedWorld()
    world.instrument("BTC")
    world.account("maker", cross="1000000")
    assert world.account("ann", cross="1000") == 3
    world.mark(BTC="100")
    world.maker("BTC", asks="100 x 5")
    begin = len(world.entries)
    world.buy("ann", "BTC", "1")
    world.account("bob", cross="70")
    run = WhatIf(state_after(world.entries[:begin]), InCross())
    run.begin()
    for entry in world.entries[begin:]:
        run.do(entry)
    bob = run.state.accounts[world.names["bob"]]
    assert bob.cross_wallet_id == world.wallet("bob").wallet_id - 1
    assert run.state.holding(bob.cross_wallet_id).balance == amount("70")
    assert run.refusals == []


def test_what_the_change_itself_is_refused_is_told() -> None:
    class TooMuch(NoChange):
        def first(self, state: ExchangeState) -> Sequence[AnyCommand]:
            return (CancelOrder(3, 5),)

    entries = crowded_history(3, 1)
    run = WhatIf(state_after(entries), TooMuch())
    run.begin()
    assert [each.reason for each in run.refusals] == [RejectReason.UNKNOWN_ORDER]


def test_the_entries_are_a_runtime_journal() -> None:
    """The histories have pages and dues in them, or the first test would show little."""
    kinds = {type(entry.command).__name__ for entry in crowded_history(7, 400)}
    assert {"AdvanceTime", "ContinueSweep", "CancelOrder", "AmendOrder"} <= kinds
    assert all(isinstance(each, Entry) for each in crowded_history(0, 1))
