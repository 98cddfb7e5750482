"""A journal executed again with one change: what would have become of it.

From a state on, the recorded commands are done again at their times, all but what a `Change` does
instead, before or after. Everybody acts as recorded; only the exchange answers anew, so what falls
due (time, pages of a sweep) is its own affair and not taken from the recording.

Ids that the exchange gave may differ after the change: a command that names an order or a wallet by
the id that it had in the recording gets the id that the same one has now. Without a change the
events come out as they were recorded, which a test shows on random histories.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from simulator.core.codec import Entry
from simulator.core.exchange import Exchange
from simulator.core.model import events as e
from simulator.core.model.accounts import FUND_ACCOUNT
from simulator.core.model.commands import AdvanceTime, AnyCommand, ContinueSweep
from simulator.core.model.enums import PositionSide, WalletKind
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.records import Wallet

_GONE: Final = 0
"""The id of an order that there is not this time: no order has it."""


class UnitKey(NamedTuple):
    """Which unit a wallet is, whatever its id."""

    account_id: int
    kind: WalletKind
    instrument_id: int | None
    side: PositionSide | None


def unit_key(wallet: Wallet) -> UnitKey:
    return UnitKey(wallet.account_id, wallet.kind, wallet.instrument_id, wallet.position_side)


class Change(Protocol):
    """What is done otherwise."""

    def first(self, state: ExchangeState) -> Sequence[AnyCommand]:
        """Before the first entry."""

    def instead(self, entry: Entry, state: ExchangeState) -> AnyCommand | None:
        """Of the entry's command; none: nothing is done."""

    def after(self, entry: Entry, state: ExchangeState) -> Sequence[AnyCommand]:
        """Once the entry is done. The state is that of this execution."""


class NoChange:
    """Everything as recorded; changes begin with it."""

    def first(self, state: ExchangeState) -> Sequence[AnyCommand]:
        return ()

    def instead(self, entry: Entry, state: ExchangeState) -> AnyCommand | None:
        return entry.command

    def after(self, entry: Entry, state: ExchangeState) -> Sequence[AnyCommand]:
        return ()


class WhatIf:
    """One execution. `state` is its own: whoever needs the state before makes a copy."""

    def __init__(self, state: ExchangeState, change: Change) -> None:
        state.notes = None
        self.exchange = Exchange(state)
        self.change = change
        self.refusals: list[e.OrderRejected | e.CommandRejected] = []
        """Of what the change did itself."""
        self._orders: dict[int, int] = {}
        self._wallets: dict[int, UnitKey] = {}

    @property
    def state(self) -> ExchangeState:
        return self.exchange.state

    def begin(self) -> list[e.AnyEvent]:
        """What the change does before the first entry."""
        return self._do_own(self.state.time_ns, self.change.first(self.state))

    def do(self, entry: Entry) -> list[e.AnyEvent]:
        """An entry of the recording; returns all that happens this time."""
        if isinstance(entry.command, ContinueSweep):
            return []
        if isinstance(entry.command, AdvanceTime):
            events = self._execute(entry.time_ns, entry.command)
        else:
            events = self._advance(entry.time_ns)
            command = self.change.instead(entry, self.state)
            if command is not None:
                done = self._execute(entry.time_ns, self._translated(command))
                self._learn(entry.events, done)
                events += done
        return events + self._do_own(entry.time_ns, self.change.after(entry, self.state))

    def _do_own(self, time_ns: int, commands: Iterable[AnyCommand]) -> list[e.AnyEvent]:
        events: list[e.AnyEvent] = []
        for command in commands:
            done = self._execute(time_ns, command)
            events += done
            self.refusals += [
                each for each in done if isinstance(each, e.OrderRejected | e.CommandRejected)
            ]
        return events

    def _advance(self, time_ns: int) -> list[e.AnyEvent]:
        """Lets everything happen that is due up to a time, as `runtime.engine` does."""
        events: list[e.AnyEvent] = []
        due = self.exchange.next_due()
        while due is not None and due <= time_ns:
            events += self._execute(due, AdvanceTime(due))
            due = self.exchange.next_due()
        return events

    def _execute(self, time_ns: int, command: AnyCommand) -> list[e.AnyEvent]:
        """A command and the pages of its sweep."""
        events = list(self.exchange.execute(max(time_ns, self.state.time_ns), command))
        while self.state.is_paging:
            events += self.exchange.execute(self.state.time_ns, ContinueSweep())
        return events

    # -- ids ---------------------------------------------------------------------------------------

    def _translated(self, command: AnyCommand) -> AnyCommand:
        """The command with the ids that its order or wallet has this time."""
        changes: dict[str, Any] = {}
        for name in ("order_id", "list_id"):  # a list has the id of its first order
            order_id = getattr(command, name, None)
            if order_id in self._orders:
                changes[name] = self._orders[order_id]
        wallet_id = getattr(command, "wallet_id", None)
        if wallet_id in self._wallets:
            changes["wallet_id"] = self._wallet_now(self._wallets[wallet_id])
        return msgspec.structs.replace(command, **changes) if changes else command

    def _wallet_now(self, key: UnitKey) -> int:
        account = self.state.accounts[key.account_id]
        if key.kind is WalletKind.SPOT:
            return account.spot_wallet_id
        if key.kind is WalletKind.CROSS or key.instrument_id is None or key.side is None:
            return account.cross_wallet_id
        wallet = self.state.isolated_wallets.get((key.account_id, key.instrument_id, key.side))
        return _GONE if wallet is None else wallet.wallet_id

    def _learn(self, recorded: Sequence[e.AnyEvent], done: Sequence[e.AnyEvent]) -> None:
        """Which orders and wallets of the recording are which of this execution."""
        now = _orders_by_account(done)
        for account_id, order_ids in _orders_by_account(recorded).items():
            here = now.get(account_id, [])
            for number, order_id in enumerate(order_ids):
                same = here[number] if number < len(here) else _GONE
                if same != order_id:
                    self._orders[order_id] = same
        for event in recorded:
            if isinstance(event, e.AccountOpened):
                account_id = event.account_id
                spot, cross = WalletKind.SPOT, WalletKind.CROSS
                self._wallets[event.spot_wallet_id] = UnitKey(account_id, spot, None, None)
                self._wallets[event.cross_wallet_id] = UnitKey(account_id, cross, None, None)
            elif isinstance(event, e.WalletOpened):
                key = UnitKey(
                    event.account_id, event.kind, event.instrument_id, event.position_side
                )
                self._wallets[event.wallet_id] = key


def _orders_by_account(events: Iterable[e.AnyEvent]) -> dict[int, list[int]]:
    """Ids of the orders that traders' commands made, quotes included, in order."""
    found: dict[int, list[int]] = {}
    for event in events:
        if isinstance(event, e.OrderAccepted):
            if event.liquidation_id is None and event.account_id != FUND_ACCOUNT:
                found.setdefault(event.account_id, []).append(event.order_id)
        elif isinstance(event, e.QuotesReplaced):
            count = len(event.bids) + len(event.asks)
            ids = range(event.first_order_id, event.first_order_id + count)
            found.setdefault(event.account_id, []).extend(ids)
    return found
