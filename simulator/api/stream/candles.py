"""Candles that go on: the newest bar of a series from the tables, and what happened since.

A series is live while somebody wants its channel. Its first bar is read in a thread, together with
the seq up to which the tables speak; prices of later batches are added to it, those of earlier
ones are in it already. Bars are told whole, so a reader replaces what it has.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from simulator.api import history_shapes
from simulator.api.shapes.stream import CandlesMessage
from simulator.api.stream.channels import Channel
from simulator.api.stream.readers import Readers
from simulator.api.wire import Numbers
from simulator.core.codec import Entry
from simulator.core.model.events import (
    IndexPriceUpdated,
    MarkPriceUpdated,
    TimeAdvanced,
    TradeExecuted,
)
from simulator.core.model.units import NS_PER_SECOND
from simulator.database.candles import INTERVALS_S, CandleItem, Series

_DEFAULT_SOURCE = "LAST"


class Tick(NamedTuple):
    """A price of an instrument; of a trade also what was traded."""

    instrument_id: int
    source: str
    time_ns: int
    price: int
    quantity: int = 0
    notional: int = 0
    trade_count: int = 0


class LiveCandle:
    """The bars of one channel. Ticks wait until it has begun; then it has the newest bar."""

    def __init__(self, series: Series) -> None:
        self.series = series
        self.has_begun = False
        self.bar: CandleItem | None = None
        self.changed: list[CandleItem] = []
        """Bars as they were when the next one opened, and the newest: not told yet."""
        self.waiting: list[Callable[[], None]] = []
        """Who is admitted when it has begun."""
        self._interval_ns = INTERVALS_S[series.interval] * NS_PER_SECOND
        self.base_seq = 0
        """Batches up to here were in the bar when it was read."""
        self._early: list[tuple[int, Tick]] = []

    def begin(self, seq: int, bar: CandleItem | None) -> None:
        """The newest bar of the tables, which speak up to this seq."""
        self.base_seq, self.bar, self.has_begun = seq, bar, True
        early, self._early = self._early, []
        for of_seq, tick in early:
            self.add(of_seq, tick)

    def add(self, seq: int, tick: Tick) -> None:
        """A tick of a durable batch that ended at this seq."""
        if not self.has_begun:
            self._early.append((seq, tick))
        elif seq > self.base_seq:
            bar = self._with(tick)
            if self.changed and self.changed[-1].open_time_ns == bar.open_time_ns:
                self.changed.pop()
            self.changed.append(bar)
            self.bar = bar

    def _with(self, tick: Tick) -> CandleItem:
        bar, price = self.bar, tick.price
        opened = tick.time_ns - tick.time_ns % self._interval_ns
        if bar is None or bar.open_time_ns != opened:
            traded = (tick.quantity, tick.notional, tick.trade_count)
            return CandleItem(opened, price, price, price, price, *traded, False)
        return CandleItem(
            opened,
            bar.open,
            max(bar.high, price),
            min(bar.low, price),
            price,
            bar.volume + tick.quantity,
            bar.notional + tick.notional,
            bar.trade_count + tick.trade_count,
            bar.warm_up,
        )


class CandleSide:
    """The live candles of one world. `collect` reads the entries; all else what was collected."""

    def __init__(self, world_id: str, numbers: Numbers, readers: Readers) -> None:
        self._world_id = world_id
        self._numbers = numbers
        self._readers = readers
        self._live: dict[Channel, LiveCandle] = {}
        self._seq = 0
        self._time = 0

    def open(self, channel: Channel) -> tuple[LiveCandle, bool]:
        """The live candle of a channel, and whether it is new: then it must be begun."""
        live = self._live.get(channel)
        if live is not None:
            return live, False
        _, _, kind = channel.name.partition(":")
        _, interval, source = [*kind.split(":"), _DEFAULT_SOURCE][:3]
        series = Series(self._world_id, channel.subject, source, interval)
        live = self._live[channel] = LiveCandle(series)
        return live, True

    def is_live(self, channel: Channel, live: LiveCandle) -> bool:
        """Whether it is still the one of its channel."""
        return self._live.get(channel) is live

    def drop(self, channel: Channel) -> None:
        self._live.pop(channel, None)

    def lose_all(self) -> None:
        """News was lost, so no bar is right any more: whoever joins anew has it read anew."""
        self._live.clear()

    def collect(self, entries: Sequence[Entry]) -> list[Tick]:
        """The ticks of the series that are wanted."""
        if not self._live:
            return []
        wanted = {(live.series.instrument_id, live.series.source) for live in self._live.values()}
        return [
            tick for tick in self._ticks(entries) if (tick.instrument_id, tick.source) in wanted
        ]

    def _ticks(self, entries: Iterable[Entry]) -> Iterator[Tick]:
        for entry in entries:
            time_ns = entry.time_ns
            for event in entry.events:
                if isinstance(event, TradeExecuted):
                    terms = self._numbers.by_id(event.instrument_id).terms
                    notional = terms.notional(event.quantity, event.price)
                    traded = (event.quantity, notional, 1)
                    yield Tick(event.instrument_id, "LAST", time_ns, event.price, *traded)
                elif isinstance(event, MarkPriceUpdated):
                    yield Tick(event.instrument_id, "MARK", time_ns, event.price)
                elif isinstance(event, IndexPriceUpdated):
                    yield Tick(event.instrument_id, "INDEX", time_ns, event.price)
                elif isinstance(event, TimeAdvanced):
                    time_ns = event.time_ns

    def take_in(self, seq: int, time: int, ticks: Sequence[Tick]) -> bool:
        """Adds the ticks of a durable batch; returns whether there were any."""
        self._seq, self._time = seq, time
        if not ticks:
            return False
        for live in self._live.values():
            series = live.series
            for tick in ticks:
                if (tick.instrument_id, tick.source) == (series.instrument_id, series.source):
                    live.add(seq, tick)
        return True

    def flush(self) -> None:
        """Tells the bars that changed."""
        for channel, live in self._live.items():
            if live.changed:
                changed, live.changed = live.changed, []
                self._readers.tell(channel, self._message(channel, "candles", changed))

    def snapshot(self, channel: Channel, live: LiveCandle) -> CandlesMessage:
        """The newest bar as it was told, or none if there never was one."""
        self.flush()
        self._seq = max(self._seq, live.base_seq)
        return self._message(channel, "snapshot", [] if live.bar is None else [live.bar])

    def _message(self, channel: Channel, kind: str, bars: Iterable[CandleItem]) -> CandlesMessage:
        of = self._numbers.by_id(channel.subject)
        return CandlesMessage(
            channel=channel.name,
            world=self._world_id,
            type=kind,
            seq=self._seq,
            time=self._time,
            items=[history_shapes.candle(self._numbers, of, bar) for bar in bars],
        )
