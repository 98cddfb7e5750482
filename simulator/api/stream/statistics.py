"""The last 24 hours of every instrument, while somebody follows them: read anew, not counted along.

A trade changes them, and so does a new minute of world time, because the window moves on with it.
What may have changed is read from the tables in a thread, at most once per interval of real time,
and told if it did change. So a busy market costs a query a second, and what nobody follows nothing.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from simulator.api import history_shapes
from simulator.api.shapes.market import InstrumentStatistics
from simulator.api.shapes.stream import StatisticsMessage
from simulator.api.stream.channels import STATISTICS, Channel
from simulator.api.stream.readers import Readers
from simulator.api.wire import Numbers, milliseconds
from simulator.core.codec import Entry
from simulator.core.model.events import TradeExecuted
from simulator.database.statistics import Statistics, first_minute
from simulator.runtime.errors import WorldUnavailable
from simulator.runtime.forgiving_log import ForgivingLog
from simulator.runtime.world import World

log = ForgivingLog()


class StatisticsSide:
    """The statistics of one world. Its methods belong to the event loop's thread."""

    def __init__(
        self,
        world: World,
        numbers: Numbers,
        stored: Statistics,
        readers: Readers,
        interval_ms: int,
    ) -> None:
        self._world = world
        self._numbers = numbers
        self._stored = stored
        self._readers = readers
        self._interval_s = interval_ms / 1000
        self._task: asyncio.Task[None] | None = None
        self._waiting: list[Callable[[], None]] = []
        """Who is admitted when they are known."""
        self._forget()

    def _forget(self) -> None:
        self._is_known = False
        self._items: dict[int, InstrumentStatistics] = {}
        """By instrument, as they were told."""
        self._traded: dict[int, None] = {}
        """Instruments whose statistics are to be read anew."""
        self._since_ns = 0
        self._time_ns = 0
        self._seq = 0

    # -- joining and leaving -----------------------------------------------------------------------

    def await_known(self, admit: Callable[[], None]) -> None:
        """Admits who follows a channel when there is a snapshot; from then on they are kept."""
        if self._is_known:
            admit()
            return
        self._waiting.append(admit)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._keep())

    def snapshot(self, channel: Channel) -> StatisticsMessage:
        """What the readers of the channel know by now."""
        chosen = [
            item
            for each, item in self._items.items()
            if channel.subject in (each, STATISTICS.subject)
        ]
        return self._message(channel, "snapshot", chosen)

    def drop(self) -> None:
        """Nobody follows any of them any more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._waiting.clear()
        self._forget()

    # -- what happens ------------------------------------------------------------------------------

    def collect(self, entries: Sequence[Entry]) -> list[int]:
        """The instruments that traded, if somebody wants to know."""
        if not self._readers.wanted_kind(STATISTICS.kind):
            return []
        return [
            event.instrument_id
            for entry in entries
            for event in entry.events
            if isinstance(event, TradeExecuted)
        ]

    def take_in(self, instrument_ids: Iterable[int]) -> None:
        """These instruments traded in a durable batch."""
        self._traded.update(dict.fromkeys(instrument_ids))

    def lose_all(self) -> None:
        """News was lost, so any instrument may have traded."""
        self.take_in(self._world.state.instruments)

    # -- reading and telling -----------------------------------------------------------------------

    async def _keep(self) -> None:
        while True:
            try:
                await self._renew()
            except WorldUnavailable as error:
                world_id = self._world.world_id
                log.warning("no statistics are told any more", world=world_id, error=str(error))
                self._is_known = False
                return
            except Exception:
                log.exception("statistics were not read", world=self._world.world_id)
                self.lose_all()
            await asyncio.sleep(self._interval_s)

    async def _renew(self) -> None:
        """Reads what may have changed, and tells what did.

        What is executed by now must be in the tables first; what trades meanwhile is read next
        time. Raises WorldUnavailable.
        """
        world, instruments = self._world, self._world.state.instruments
        time_ns = max(world.clock.now(), world.state.time_ns)
        traded, self._traded = self._traded, {}
        if first_minute(time_ns) != self._since_ns:
            traded = dict.fromkeys(instruments)
        if not traded:
            return
        last_prices = {each: instruments[each].last_price for each in traded}
        await world.committed()
        day = await asyncio.to_thread(self._stored.of_day, world.world_id, [*traded], time_ns)
        self._since_ns, self._time_ns, self._seq = first_minute(time_ns), time_ns, day.seq
        changed: dict[int, InstrumentStatistics] = {}
        for each, last_price in last_prices.items():
            of = self._numbers.by_id(each)
            item = history_shapes.statistics(self._numbers, of, day.items.get(each), last_price)
            if item != self._items.get(each):
                changed[each] = item
        self._items.update(changed)
        self._tell(changed)

    def _tell(self, changed: dict[int, InstrumentStatistics]) -> None:
        if changed and self._readers.followed(STATISTICS):
            message = self._message(STATISTICS, "statistics", changed.values())
            self._readers.tell(STATISTICS, message)
        for instrument_id, item in changed.items():
            channel = Channel(STATISTICS.kind, instrument_id, f"statistics:{item.symbol}")
            if self._readers.followed(channel):
                self._readers.tell(channel, self._message(channel, "statistics", [item]))
        self._is_known = True
        waiting, self._waiting = self._waiting, []
        for admit in waiting:
            admit()

    def _message(
        self, channel: Channel, kind: str, items: Iterable[InstrumentStatistics]
    ) -> StatisticsMessage:
        return StatisticsMessage(
            channel=channel.name,
            world=self._world.world_id,
            type=kind,
            seq=self._seq,
            time=milliseconds(self._time_ns),
            since=milliseconds(self._since_ns),
            items=[*items],
        )
