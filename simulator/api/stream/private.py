"""The private side of a stream: what happens to the accounts that somebody follows.

Records that changed (orders, positions, wallets, settings) are read from the state once per
batch; fills, margin calls and liquidations are read from the events, in order.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from simulator.api import names, present, receipts
from simulator.api.shapes import stream as shapes
from simulator.api.shapes.accounts import ClosedPosition, Position
from simulator.api.stream.channels import Channel, account_channel
from simulator.api.stream.notices import NoticeReader
from simulator.api.stream.readers import Readers
from simulator.api.stream.recall import Recall, Recalls
from simulator.api.wire import Numbers, milliseconds
from simulator.core import views
from simulator.core.codec import Entry
from simulator.core.model.enums import PositionSide
from simulator.core.model.events import TimeAdvanced, TradeExecuted
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.notes import ChangeNotes

KINDS = ("orders", "fills", "positions", "wallets", "settings", "margin_calls", "liquidations")
"""The order in which an account's news of one batch is told."""

_MESSAGES: dict[str, type[Any]] = {
    "orders": shapes.OrdersMessage,
    "fills": shapes.FillsMessage,
    "positions": shapes.PositionsMessage,
    "wallets": shapes.WalletsMessage,
    "settings": shapes.SettingsMessage,
    "margin_calls": shapes.MarginCallsMessage,
    "liquidations": shapes.LiquidationNoticesMessage,
}

ToTell = tuple[Channel, list[shapes.Message]]
"""What an account is told of one batch."""

News = dict[int, dict[str, list[Any]]]
"""By account, by kind: what to tell."""


class PrivateSide:
    """See the module."""

    def __init__(self, world_id: str, numbers: Numbers, readers: Readers, recalls: Recalls) -> None:
        self._world_id = world_id
        self._numbers = numbers
        self._readers = readers
        self._recalls = recalls
        self._accounts: dict[int, Channel] = {}
        self._notices = NoticeReader(numbers)

    def watch(self, account_id: int, state: ExchangeState) -> None:
        """From now on the news of this account is collected, and remembered."""
        self._recalls.begin(account_id, state.seq)
        if account_id not in self._accounts:
            self._accounts[account_id] = account_channel(account_id)
            self._notices.watch(account_id, state)

    def unwatch(self, account_id: int) -> None:
        """Its last reader left; its news is collected until it is forgotten."""
        self._recalls.depart(account_id)

    def recall(self, account_id: int) -> Recall | None:
        return self._recalls.find(account_id)

    def tell(self, seq: int, told: Sequence[ToTell]) -> None:
        """The batch is durable. What an account is told of it leaves as one."""
        for channel, messages in told:
            encoded = self._readers.tell_together(channel, messages)
            recall = self._recalls.find(channel.subject)
            if recall is not None:
                recall.add(seq, encoded)

    def lose_all(self, seq: int) -> None:
        """News up to this seq was lost to everybody."""
        self._recalls.lose_all(seq)

    def _forget(self) -> None:
        for account_id in self._recalls.forget():
            del self._accounts[account_id]
            self._notices.unwatch(account_id)

    def snapshot(self, account_id: int, state: ExchangeState) -> shapes.AccountSnapshot:
        numbers = self._numbers
        return shapes.AccountSnapshot(
            channel=account_channel(account_id).name,
            world=self._world_id,
            type="snapshot",
            seq=state.seq,
            time=milliseconds(state.time_ns),
            orders=present.open_orders(numbers, state, account_id),
            positions=present.positions(numbers, state, account_id),
            wallets=present.wallets(numbers, state, account_id),
            settings=present.all_settings(numbers, state, account_id),
        )

    def collect(
        self, entries: Sequence[Entry], state: ExchangeState, notes: ChangeNotes
    ) -> list[ToTell]:
        """The messages of a batch, ready to be told when it is durable."""
        self._forget()
        if not self._accounts:
            return []
        news: News = {}
        self._read_notes(state, notes, news)
        self._read_events(entries, news)
        return [
            (self._accounts[account_id], list(self._messages(state, account_id, by_kind)))
            for account_id, by_kind in news.items()
        ]

    def _messages(
        self, state: ExchangeState, account_id: int, by_kind: dict[str, list[Any]]
    ) -> Iterator[shapes.Message]:
        time = milliseconds(state.time_ns)
        for kind in KINDS:
            items = by_kind.get(kind)
            if items:
                yield _MESSAGES[kind](
                    channel=self._accounts[account_id].name,
                    world=self._world_id,
                    type=kind,
                    seq=state.seq,
                    time=time,
                    items=items,
                )

    def _read_notes(self, state: ExchangeState, notes: ChangeNotes, news: News) -> None:
        accounts, numbers = self._accounts, self._numbers
        for order in notes.orders.values():
            if order.account_id in accounts:
                shape = present.order(numbers.by_id(order.instrument_id), order)
                _add(news, order.account_id, "orders", shape)
        for account_id, instrument_id, side in notes.positions:
            if account_id in accounts:
                position = self._position(state, account_id, instrument_id, side)
                _add(news, account_id, "positions", position)
        for wallet_id in notes.wallets:
            wallet = state.wallets[wallet_id]
            if wallet.account_id in accounts:
                view = views.wallet_view(state, wallet_id)
                _add(news, wallet.account_id, "wallets", present.wallet(numbers, view))
        for account_id, instrument_id in notes.settings:
            if account_id in accounts:
                chosen = present.settings(numbers, state, account_id, instrument_id)
                _add(news, account_id, "settings", chosen)

    def _position(
        self, state: ExchangeState, account_id: int, instrument_id: int, side: PositionSide
    ) -> Position | ClosedPosition:
        exposure = state.find_exposure(account_id, instrument_id)
        position = None if exposure is None else exposure.leg(side)
        if position is None:
            symbol = self._numbers.symbol(instrument_id)
            return ClosedPosition(symbol=symbol, side=names.POSITION_SIDE_NAMES[side])
        return present.position(self._numbers, views.position_view(state, position))

    def _read_events(self, entries: Sequence[Entry], news: News) -> None:
        accounts, numbers = self._accounts, self._numbers
        for entry in entries:
            time = milliseconds(entry.time_ns)
            for event in entry.events:
                if isinstance(event, TradeExecuted):
                    of = numbers.by_id(event.instrument_id)
                    if event.taker_account_id in accounts:
                        fill = receipts.fill(numbers, of, event, True, entry.seq, time)
                        _add(news, event.taker_account_id, "fills", fill)
                    if event.maker_account_id in accounts:
                        fill = receipts.fill(numbers, of, event, False, entry.seq, time)
                        _add(news, event.maker_account_id, "fills", fill)
                elif isinstance(event, TimeAdvanced):
                    time = milliseconds(event.time_ns)
                else:
                    notice = self._notices.read(event, entry.seq, time)
                    if notice is not None:
                        _add(news, *notice)


def _add(news: News, account_id: int, kind: str, item: object) -> None:
    news.setdefault(account_id, {}).setdefault(kind, []).append(item)
