"""The stream of one world: an observer that collects at every batch and tells when it is durable.

Whoever joins a channel gets a snapshot of the state as it is now, at some seq; it is handed over
when that seq is durable, between the batch that ends there and the next. So nothing is missing
between snapshot and news, nothing is told twice, and nobody sees what a crash would forget. Who
comes back to an account with the seq it knows gets what it missed instead of a snapshot.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from simulator.api import present
from simulator.api.errors import RefusedByRule
from simulator.api.shapes.stream import DepthMessage, Heartbeat, MarksMessage
from simulator.api.stream.candles import CandleSide, LiveCandle, Tick
from simulator.api.stream.channels import Channel
from simulator.api.stream.private import PrivateSide, ToTell
from simulator.api.stream.public import PublicBatch, PublicSide
from simulator.api.stream.readers import Readers, encode
from simulator.api.stream.recall import Recalls, RecallSettings
from simulator.api.stream.statistics import StatisticsSide
from simulator.api.wire import Numbers, milliseconds
from simulator.core import views
from simulator.core.codec import Entry
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.notes import ChangeNotes
from simulator.database.candles import Candles
from simulator.database.statistics import Statistics
from simulator.runtime.errors import WorldUnavailable
from simulator.runtime.forgiving_log import ForgivingLog
from simulator.runtime.publisher import Subscription
from simulator.runtime.world import World

log = ForgivingLog()

_WHOLE_BOOK: Final = 1 << 30
_RETRY_SECONDS: Final = 1

HandOver = Callable[[], list[bytes]]
"""What a reader is told as it is admitted."""


class StreamSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How news is told. Public messages are collected for `public_interval_ms`; 0: not at all.

    Statistics are read anew at most every `statistics_interval_ms`.
    """

    public_interval_ms: int = 50
    statistics_interval_ms: int = 1_000
    heartbeat_ms: int = 1_000
    recall: RecallSettings = RecallSettings()


class _Collected(msgspec.Struct, frozen=True):
    """The news of one batch; `public` is none if it could not be collected."""

    seq: int
    public: PublicBatch | None
    private: list[ToTell]
    ticks: list[Tick]
    traded: list[int]


class Membership:
    """One reader's place in one channel. It is `active` until it is given up."""

    def __init__(self, channel: Channel, reader: Subscription) -> None:
        self.channel = channel
        self.reader = reader
        self.active = True


class WorldStream:
    """See the module. All methods belong to the event loop's thread."""

    def __init__(
        self,
        world: World,
        numbers: Numbers,
        candles: Candles,
        statistics: Statistics,
        wall_ns: Callable[[], int],
        settings: StreamSettings,
    ) -> None:
        self._world = world
        self._wall_ns = wall_ns
        self._settings = settings
        self._numbers = numbers
        self._readers = Readers()
        self._public = PublicSide(world.world_id, numbers, self._readers)
        recalls = Recalls(settings.recall, wall_ns)
        self._private = PrivateSide(world.world_id, numbers, self._readers, recalls)
        self._candles = CandleSide(world.world_id, numbers, self._readers)
        self._stored_candles = candles
        self._statistics = StatisticsSide(
            world, numbers, statistics, self._readers, settings.statistics_interval_ms
        )
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._joining: deque[tuple[int, Callable[[], None]]] = deque()
        self._flush_timer: asyncio.TimerHandle | None = None
        self._members: dict[int, Membership] = {}
        self._listeners: dict[int, Subscription] = {}
        self._heartbeat_timer: asyncio.TimerHandle | None = None
        self._attached_seq = world.state.seq
        """Batches up to here may be in flight without this stream having collected them."""
        self._admission: asyncio.Task[None] | None = None
        world.observers.append(self)

    # -- the observer ------------------------------------------------------------------------------

    def collect(self, entries: Sequence[Entry], state: ExchangeState, notes: ChangeNotes) -> object:
        try:
            return _Collected(
                state.seq,
                self._public.collect(entries, state, notes),
                self._private.collect(entries, state, notes),
                self._candles.collect(entries),
                self._statistics.collect(entries),
            )
        except Exception:
            log.exception("news was not collected", world=self._world.world_id, seq=state.seq)
            return _Collected(state.seq, None, [], [], [])

    def release(self, collected: object) -> None:
        """A bug in here costs the readers their news; it must not cost the world its life."""
        if not isinstance(collected, _Collected):
            raise TypeError(f"released {collected!r}, which this stream did not collect")
        try:
            self._tell(collected)
            self._admit(collected.seq)
        except Exception:
            log.exception("news was not told", world=self._world.world_id, seq=collected.seq)
            self._have_all_resync(collected.seq)

    def _tell(self, collected: _Collected) -> None:
        if collected.public is None:
            self._have_all_resync(collected.seq)
            return
        self._private.tell(collected.seq, collected.private)
        self._statistics.take_in(collected.traded)
        has_news = self._public.take_in(collected.public)
        if self._candles.take_in(collected.seq, collected.public.time, collected.ticks) or has_news:
            self._flush_soon()

    def _have_all_resync(self, seq: int) -> None:
        self._private.lose_all(seq)
        self._candles.lose_all()
        self._statistics.lose_all()
        for membership in self._members.values():
            membership.reader.lose()

    def _flush_soon(self) -> None:
        if self._settings.public_interval_ms == 0:
            self._flush()
        elif self._flush_timer is None:
            self._flush_timer = asyncio.get_running_loop().call_later(
                self._settings.public_interval_ms / 1000, self._flush
            )

    def _flush(self) -> None:
        self._flush_timer = None
        self._public.flush()
        self._candles.flush()

    # -- joining and leaving -----------------------------------------------------------------------

    def since_problem(self, account_id: int, since: int) -> RefusedByRule | None:
        """Why what an account was told after a seq cannot be told again; none if it can."""
        seq = self._world.state.seq
        recall = self._private.recall(account_id)
        begins = seq if recall is None else recall.begins
        if begins <= since <= seq:
            return None
        if since > seq:
            return RefusedByRule(
                f"the world has not reached seq {since} yet: it is at {seq}",
                "SINCE_AHEAD",
                needed=str(since),
                available=str(seq),
            )
        return RefusedByRule(
            f"what account {account_id} was told after seq {since} is not remembered, only what "
            f"came after {begins}: the histories have it",
            "SINCE_TOO_OLD",
            needed=str(since),
            available=str(begins),
        )

    def join(self, channel: Channel, reader: Subscription, since: int | None = None) -> Membership:
        """Follows a channel: its snapshot now (if it has one), then its news, without a gap.

        With `since`, which must have no `since_problem`, an account's reader gets what it missed
        after that seq instead of the snapshot.
        """
        membership = Membership(channel, reader)
        self._members[id(membership)] = membership
        state = self._world.state
        self._readers.want(channel)
        if channel.kind == "depth":
            self._public.open_chain(channel.subject, state.seq)
        elif channel.kind == "account":
            self._private.watch(channel.subject, state)
        elif channel.kind == "candles":
            self._join_candles(membership)
            return membership
        elif channel.kind == "statistics":
            self._join_statistics(membership)
            return membership
        if since is None:
            hand_over = self._snapshot(channel, state)
        else:
            hand_over = self._replay(membership, since)

        def admit() -> None:
            if membership.active:
                for part in hand_over():
                    reader.offer(part)
                self._readers.follow(channel, reader)

        if self._world.committed_seq >= state.seq:
            admit()
        else:
            self._joining.append((state.seq, admit))
            if state.seq == self._attached_seq and self._admission is None:
                self._admission = asyncio.create_task(self._admit_uncollected())
        return membership

    def _join_statistics(self, membership: Membership) -> None:
        """The first reader waits until they were read; the next get them as they were told."""
        channel, reader = membership.channel, membership.reader

        def admit() -> None:
            if membership.active:
                reader.offer(encode(self._statistics.snapshot(channel)))
                self._readers.follow(channel, reader)

        self._statistics.await_known(admit)

    def _join_candles(self, membership: Membership) -> None:
        """The first reader of a series waits for its newest bar; the next find it."""
        channel, reader = membership.channel, membership.reader
        live, is_new = self._candles.open(channel)

        def admit() -> None:
            if membership.active:
                reader.offer(encode(self._candles.snapshot(channel, live)))
                self._readers.follow(channel, reader)

        if live.has_begun:
            admit()
            return
        live.waiting.append(admit)
        if is_new:
            task = asyncio.create_task(self._begin_candles(channel, live))
            self._tasks[task] = None
            task.add_done_callback(self._tasks.pop)

    async def _begin_candles(self, channel: Channel, live: LiveCandle) -> None:
        """What was executed before its ticks were collected must be in the tables first."""
        if not await self._is_durable(self._world.state.seq):
            return
        while self._candles.is_live(channel, live):
            try:
                newest = await asyncio.to_thread(self._stored_candles.newest, live.series)
            except Exception:
                log.exception("a candle was not read", world=live.series.world_id)
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            live.begin(*newest)
            for admit in live.waiting:
                admit()
            live.waiting.clear()
            return

    async def _admit_uncollected(self) -> None:
        """Nothing will be released for what was in flight before this stream was attached."""
        if await self._is_durable(self._attached_seq):
            self._admit(self._attached_seq)

    async def _is_durable(self, seq: int) -> bool:
        """Waits for it; false if it will never be."""
        try:
            await self._world.committed(seq)
        except WorldUnavailable as error:
            log.warning("nobody is admitted any more", world=self._world.world_id, error=str(error))
            return False
        return True

    def leave(self, membership: Membership) -> None:
        if not membership.active:
            return
        membership.active = False
        del self._members[id(membership)]
        channel = membership.channel
        self._readers.leave(channel, membership.reader)
        if not self._readers.unwant(channel):
            return
        if channel.kind == "depth":
            self._public.drop_chain(channel.subject)
        elif channel.kind == "account":
            self._private.unwatch(channel.subject)
        elif channel.kind == "candles":
            self._candles.drop(channel)
        elif channel.kind == "statistics" and not self._readers.wanted_kind("statistics"):
            self._statistics.drop()

    def has_readers(self) -> bool:
        """Whether anybody listens or follows a channel."""
        return bool(self._listeners) or self._readers.any_wanted()

    def _admit(self, seq: int) -> None:
        while self._joining and self._joining[0][0] <= seq:
            self._joining.popleft()[1]()

    def _replay(self, membership: Membership, since: int) -> HandOver:
        """What an account's reader missed; told when what is executed by now is durable."""
        recall = self._private.recall(membership.channel.subject)

        def missed() -> list[bytes]:
            if recall is None or recall.begins > since:
                membership.reader.lose()
                return []
            return recall.after(since)

        return missed

    def _snapshot(self, channel: Channel, state: ExchangeState) -> HandOver:
        """Reads the snapshot now, to be handed over when its seq is durable."""
        if channel.kind == "account":
            account = self._private.snapshot(channel.subject, state)
            return lambda: [encode(account)]
        if channel.kind == "depth":
            return self._depth_snapshot(channel, state)
        if channel.kind in ("marks", "mark"):
            chosen = [channel.subject] if channel.subject else list(state.instruments)
            marks = MarksMessage(
                channel=channel.name,
                world=self._world.world_id,
                type="snapshot",
                seq=state.seq,
                time=milliseconds(state.time_ns),
                items=[
                    present.mark(self._numbers.by_id(each), state.instruments[each])
                    for each in chosen
                ],
            )
            return lambda: [encode(marks)]
        return list

    def _depth_snapshot(self, channel: Channel, state: ExchangeState) -> HandOver:
        """Labeled with the seq of the chain, so that the next diff follows it exactly.

        Between that seq and the snapshot's own the book did not change, or the chain would be
        further on.
        """
        of = self._numbers.by_id(channel.subject)
        bids, asks = views.depth(state, channel.subject, _WHOLE_BOOK)
        time = milliseconds(state.time_ns)

        def snapshot() -> list[bytes]:
            message = DepthMessage(
                channel=channel.name,
                world=self._world.world_id,
                type="snapshot",
                seq=self._public.chain_seq(channel.subject),
                time=time,
                prev_seq=None,
                bids=present.levels(of, bids),
                asks=present.levels(of, asks),
            )
            return [encode(message)]

        return snapshot

    # -- heartbeats --------------------------------------------------------------------------------

    def listen(self, reader: Subscription) -> None:
        """Sends the reader heartbeats of this world."""
        self._listeners[id(reader)] = reader
        if self._heartbeat_timer is None:
            self._heartbeat()

    def stop_listening(self, reader: Subscription) -> None:
        self._listeners.pop(id(reader), None)

    def _heartbeat(self) -> None:
        """A world with listeners has clients, so it stays awake."""
        self._heartbeat_timer = None
        if not self._listeners:
            return
        self._world.touch()
        beat = encode(
            Heartbeat(
                type="heartbeat",
                world=self._world.world_id,
                seq=self._world.committed_seq,
                time=present.world_time(self._world),
                status=self._world.status.value,
                server_time=milliseconds(self._wall_ns()),
                clock=present.clock(self._world),
            )
        )
        for reader in self._listeners.values():
            reader.offer(beat)
        self._heartbeat_timer = asyncio.get_running_loop().call_later(
            self._settings.heartbeat_ms / 1000, self._heartbeat
        )
