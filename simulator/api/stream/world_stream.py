"""The stream of one world: an observer that collects at every batch and tells when it is durable.

Whoever joins a channel gets a snapshot of the state as it is now, at some seq; it is handed over
when that seq is durable, between the batch that ends there and the next. So nothing is missing
between snapshot and news, nothing is told twice, and nobody sees what a crash would forget.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import structlog

from simulator.api import present
from simulator.api.shapes.stream import DepthMessage, Heartbeat, MarksMessage, Message
from simulator.api.stream.channels import Channel
from simulator.api.stream.private import PrivateSide
from simulator.api.stream.public import PublicBatch, PublicSide
from simulator.api.stream.readers import Readers, encode
from simulator.api.wire import Numbers, milliseconds
from simulator.core import views
from simulator.core.codec import Entry
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.notes import ChangeNotes
from simulator.runtime.errors import WorldUnavailable
from simulator.runtime.publisher import Subscription
from simulator.runtime.world import World

log = structlog.get_logger()

_WHOLE_BOOK: Final = 1 << 30


class StreamSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How news is told. Public messages are collected for `public_interval_ms`; 0: not at all."""

    public_interval_ms: int = 50
    heartbeat_ms: int = 1_000


class _Collected(msgspec.Struct, frozen=True):
    """The news of one batch; `public` is none if it could not be collected."""

    seq: int
    public: PublicBatch | None
    private: list[tuple[Channel, Message]]


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
        wall_ns: Callable[[], int],
        settings: StreamSettings,
    ) -> None:
        self._world = world
        self._wall_ns = wall_ns
        self._settings = settings
        self._numbers = numbers
        self._readers = Readers()
        self._public = PublicSide(world.world_id, numbers, self._readers)
        self._private = PrivateSide(world.world_id, numbers, self._readers)
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
            )
        except Exception:
            log.exception("news was not collected", world=self._world.world_id, seq=state.seq)
            return _Collected(state.seq, None, [])

    def release(self, collected: object) -> None:
        """A bug in here costs the readers their news; it must not cost the world its life."""
        if not isinstance(collected, _Collected):
            raise TypeError(f"released {collected!r}, which this stream did not collect")
        try:
            self._tell(collected)
            self._admit(collected.seq)
        except Exception:
            log.exception("news was not told", world=self._world.world_id, seq=collected.seq)
            self._have_all_resync()

    def _tell(self, collected: _Collected) -> None:
        if collected.public is None:
            self._have_all_resync()
            return
        for channel, message in collected.private:
            self._readers.tell(channel, message)
        if self._public.take_in(collected.public):
            self._flush_soon()

    def _have_all_resync(self) -> None:
        for membership in self._members.values():
            membership.reader.lose()

    def _flush_soon(self) -> None:
        if self._settings.public_interval_ms == 0:
            self._public.flush()
        elif self._flush_timer is None:
            self._flush_timer = asyncio.get_running_loop().call_later(
                self._settings.public_interval_ms / 1000, self._flush
            )

    def _flush(self) -> None:
        self._flush_timer = None
        self._public.flush()

    # -- joining and leaving -----------------------------------------------------------------------

    def join(self, channel: Channel, reader: Subscription) -> Membership:
        """Follows a channel: its snapshot now (if it has one), then its news, without a gap."""
        membership = Membership(channel, reader)
        self._members[id(membership)] = membership
        state = self._world.state
        self._readers.want(channel)
        if channel.kind == "depth":
            self._public.open_chain(channel.subject, state.seq)
        elif channel.kind == "account":
            self._private.watch(channel.subject, state)
        hand_over = self._snapshot(channel, state)

        def admit() -> None:
            if membership.active:
                snapshot = hand_over()
                if snapshot is not None:
                    reader.offer(encode(snapshot))
                self._readers.follow(channel, reader)

        if self._world.committed_seq >= state.seq:
            admit()
        else:
            self._joining.append((state.seq, admit))
            if state.seq == self._attached_seq and self._admission is None:
                self._admission = asyncio.create_task(self._admit_uncollected())
        return membership

    async def _admit_uncollected(self) -> None:
        """Nothing will be released for what was in flight before this stream was attached."""
        try:
            self._admit(await self._world.committed(self._attached_seq))
        except WorldUnavailable as error:
            log.warning("nobody is admitted any more", world=self._world.world_id, error=str(error))

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

    def has_readers(self) -> bool:
        """Whether anybody listens or follows a channel."""
        return bool(self._listeners) or self._readers.any_wanted()

    def _admit(self, seq: int) -> None:
        while self._joining and self._joining[0][0] <= seq:
            self._joining.popleft()[1]()

    def _snapshot(self, channel: Channel, state: ExchangeState) -> Callable[[], Message | None]:
        """Reads the snapshot now, to be handed over when its seq is durable."""
        if channel.kind == "account":
            account = self._private.snapshot(channel.subject, state)
            return lambda: account
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
            return lambda: marks
        return lambda: None

    def _depth_snapshot(
        self, channel: Channel, state: ExchangeState
    ) -> Callable[[], Message | None]:
        """Labeled with the seq of the chain, so that the next diff follows it exactly.

        Between that seq and the snapshot's own the book did not change, or the chain would be
        further on.
        """
        of = self._numbers.by_id(channel.subject)
        bids, asks = views.depth(state, channel.subject, _WHOLE_BOOK)
        time = milliseconds(state.time_ns)

        def snapshot() -> Message:
            return DepthMessage(
                channel=channel.name,
                world=self._world.world_id,
                type="snapshot",
                seq=self._public.chain_seq(channel.subject),
                time=time,
                prev_seq=None,
                bids=present.levels(of, bids),
                asks=present.levels(of, asks),
            )

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
            )
        )
        for reader in self._listeners.values():
            reader.offer(beat)
        self._heartbeat_timer = asyncio.get_running_loop().call_later(
            self._settings.heartbeat_ms / 1000, self._heartbeat
        )
