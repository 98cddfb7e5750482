"""The public side of a stream: depth, trades, marks and liquidations of one world.

Batches are taken in when they are durable and told together, a moment later (`flush`): one
message per channel, encoded once for all who follow it. A depth chain begins when the first one
asks for it; its diffs carry absolute quantities, so several batches merge into one diff.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from simulator.api import names, present
from simulator.api.shapes import market
from simulator.api.shapes.stream import (
    DepthMessage,
    LiquidationsMessage,
    MarksMessage,
    TradesMessage,
)
from simulator.api.stream.channels import LIQUIDATIONS, MARKS, Channel
from simulator.api.stream.readers import Readers
from simulator.api.wire import Numbers, milliseconds
from simulator.core import views
from simulator.core.codec import Entry
from simulator.core.model.enums import Side
from simulator.core.model.events import OrderAccepted, TimeAdvanced, TradeExecuted
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.notes import ChangeNotes

Level = tuple[Side, int]
"""Side and price."""


class DepthChain:
    """The diffs of one book: the seq of the last message, and what changed since."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.changes: dict[Level, int] = {}


class PublicBatch(msgspec.Struct):
    """What one executed batch means to the public."""

    seq: int
    time: int
    levels: dict[int, list[tuple[Level, int]]]
    trades: list[tuple[int, market.PublicTrade]]
    marks: list[tuple[int, market.Mark]]
    liquidations: list[market.PublicLiquidation]


class PublicSide:
    """See the module. `collect` reads the state; all else works on what was collected."""

    def __init__(self, world_id: str, numbers: Numbers, readers: Readers) -> None:
        self._world_id = world_id
        self._numbers = numbers
        self._readers = readers
        self._seq = 0
        self._time = 0
        self._chains: dict[int, DepthChain] = {}
        self._trades: dict[int, list[market.PublicTrade]] = {}
        self._marks: dict[int, market.Mark] = {}
        self._liquidations: list[market.PublicLiquidation] = []

    # -- collecting --------------------------------------------------------------------------------

    def collect(
        self, entries: Sequence[Entry], state: ExchangeState, notes: ChangeNotes
    ) -> PublicBatch:
        batch = PublicBatch(
            state.seq, milliseconds(state.time_ns), self._levels(state, notes), [], [], []
        )
        wanted = self._readers.wanted
        if wanted(MARKS) or self._readers.wanted_kind("mark"):
            for instrument_id in notes.instruments:
                record = state.instruments[instrument_id]
                of = self._numbers.by_id(instrument_id)
                batch.marks.append((instrument_id, present.mark(of, record)))
        if wanted(LIQUIDATIONS) or self._readers.wanted_kind("trades"):
            self._collect_trades(entries, batch)
        return batch

    def _levels(
        self, state: ExchangeState, notes: ChangeNotes
    ) -> dict[int, list[tuple[Level, int]]]:
        levels: dict[int, list[tuple[Level, int]]] = {}
        if not self._chains:
            return levels
        for instrument_id, side, price in notes.levels:
            if instrument_id in self._chains:
                quantity = views.level_quantity(state, instrument_id, side, price)
                levels.setdefault(instrument_id, []).append(((side, price), quantity))
        return levels

    def _collect_trades(self, entries: Iterable[Entry], batch: PublicBatch) -> None:
        for entry in entries:
            time = milliseconds(entry.time_ns)
            forced: dict[int, None] = {}
            for event in entry.events:
                if isinstance(event, TradeExecuted):
                    trade = self._trade(event, entry.seq, time)
                    batch.trades.append((event.instrument_id, trade))
                    if event.taker_order_id in forced:
                        batch.liquidations.append(_liquidation_of(trade))
                elif isinstance(event, OrderAccepted):
                    if event.liquidation_id is not None:
                        forced[event.order_id] = None
                elif isinstance(event, TimeAdvanced):
                    time = milliseconds(event.time_ns)

    def _trade(self, event: TradeExecuted, seq: int, time: int) -> market.PublicTrade:
        of = self._numbers.by_id(event.instrument_id)
        return market.PublicTrade(
            trade_id=event.trade_id,
            symbol=of.symbol,
            price=of.price(event.price),
            quantity=of.quantity(event.quantity),
            taker_side=names.SIDE_NAMES[event.taker_side],
            time=time,
            seq=seq,
        )

    # -- joining -----------------------------------------------------------------------------------

    def open_chain(self, instrument_id: int, seq: int) -> None:
        """From now on the levels of this book are read at every batch."""
        self._chains.setdefault(instrument_id, DepthChain(seq))

    def drop_chain(self, instrument_id: int) -> None:
        self._chains.pop(instrument_id, None)

    def chain_seq(self, instrument_id: int) -> int:
        """Tells what waits of a book; returns the seq that the next diff will follow."""
        chain = self._chains[instrument_id]
        self._tell_depth(instrument_id, chain)
        return chain.seq

    # -- telling -----------------------------------------------------------------------------------

    def take_in(self, batch: PublicBatch) -> bool:
        """Adds a durable batch to what waits to be told; returns whether anything waits."""
        self._seq, self._time = batch.seq, batch.time
        for instrument_id, levels in batch.levels.items():
            chain = self._chains.get(instrument_id)
            if chain is not None:
                chain.changes.update(levels)
        for instrument_id, trade in batch.trades:
            self._trades.setdefault(instrument_id, []).append(trade)
        self._marks.update(batch.marks)
        self._liquidations += batch.liquidations
        return bool(batch.levels or batch.trades or batch.marks or batch.liquidations)

    def flush(self) -> None:
        """Tells what waits."""
        for instrument_id, chain in self._chains.items():
            self._tell_depth(instrument_id, chain)
        for instrument_id, trades in self._trades.items():
            channel = self._channel("trades", instrument_id)
            if self._readers.followed(channel):
                message = TradesMessage(**self._head(channel, "trades"), items=trades)
                self._readers.tell(channel, message)
        self._tell_marks()
        if self._liquidations and self._readers.followed(LIQUIDATIONS):
            head = self._head(LIQUIDATIONS, "liquidations")
            self._readers.tell(LIQUIDATIONS, LiquidationsMessage(**head, items=self._liquidations))
        self._trades, self._marks, self._liquidations = {}, {}, []

    def _tell_marks(self) -> None:
        if self._marks and self._readers.followed(MARKS):
            message = MarksMessage(**self._head(MARKS, "marks"), items=list(self._marks.values()))
            self._readers.tell(MARKS, message)
        for instrument_id, mark in self._marks.items():
            channel = self._channel("mark", instrument_id)
            if self._readers.followed(channel):
                message = MarksMessage(**self._head(channel, "marks"), items=[mark])
                self._readers.tell(channel, message)

    def _tell_depth(self, instrument_id: int, chain: DepthChain) -> None:
        if not chain.changes:
            return
        of = self._numbers.by_id(instrument_id)
        sides: dict[Side, list[market.PriceLevel]] = {Side.BUY: [], Side.SELL: []}
        for (side, price), quantity in chain.changes.items():
            sides[side].append((of.price(price), of.quantity(quantity)))
        channel = self._channel("depth", instrument_id)
        message = DepthMessage(
            **self._head(channel, "diff"),
            prev_seq=chain.seq,
            bids=sides[Side.BUY],
            asks=sides[Side.SELL],
        )
        chain.seq = self._seq
        chain.changes = {}
        self._readers.tell(channel, message)

    def _head(self, channel: Channel, kind: str) -> dict[str, Any]:
        return {
            "channel": channel.name,
            "world": self._world_id,
            "type": kind,
            "seq": self._seq,
            "time": self._time,
        }

    def _channel(self, kind: str, instrument_id: int) -> Channel:
        return Channel(kind, instrument_id, f"{kind}:{self._numbers.symbol(instrument_id)}")


def _liquidation_of(trade: market.PublicTrade) -> market.PublicLiquidation:
    return market.PublicLiquidation(
        symbol=trade.symbol,
        side=trade.taker_side,
        price=trade.price,
        quantity=trade.quantity,
        time=trade.time,
        seq=trade.seq,
    )
