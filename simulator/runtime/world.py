"""A world: one running exchange with its clock, agents, sequencer and readers.

The sequencer is a task that drains the inbox, executes, and hands each batch to the writer; only
when the batch is durable do receipts resolve and observers hear of it. Several batches may be in
flight. A broken invariant or a failed commit halts this world and says so; others go on.
"""

import asyncio
from collections import deque
from enum import Enum
from fractions import Fraction

import msgspec

from simulator.core.codec import encode_snapshot, state_hash
from simulator.core.model.commands import (
    AnyCommand,
    CancelAllOrders,
    CancelOrder,
    CancelOrderList,
)
from simulator.core.state.exchange_state import ExchangeState
from simulator.runtime.clocks import WorldClock, monotonic_ns
from simulator.runtime.engine import Engine, Receipt
from simulator.runtime.errors import WorldBusy, WorldClosed, WorldHalted, WorldPaused
from simulator.runtime.forgiving_log import ForgivingLog
from simulator.runtime.ports import Agent, Observer, Projector
from simulator.runtime.writer import PendingSnapshot, Writer, WriteRequest

log = ForgivingLog()


class WorldStatus(Enum):
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    HALTED = "HALTED"
    STOPPED = "STOPPED"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How a sequencer works; none of it changes what happens, only when."""

    most_commands: int = 512
    slice_ns: int = 20_000_000
    """A batch is handed on after this much work, so that the event loop stays responsive."""
    batches_in_flight: int = 3
    most_waiting: int = 20_000
    """Commands in the inbox; whoever comes then is told that the world is busy."""
    snapshot_every: int = 50_000
    idle_pause_ns: int | None = None
    """Pause after so long without a client (wall time); none: never."""


_Waiting = tuple[AnyCommand, "asyncio.Future[Receipt]"]


class _InFlight(msgspec.Struct):
    last_seq: int
    resolved: list[tuple["asyncio.Future[Receipt]", Receipt]]
    collected: list[tuple[Observer, object]]


class World:
    """See the module. All methods belong to the event loop's thread."""

    def __init__(
        self,
        engine: Engine,
        clock: WorldClock,
        writer: Writer,
        projector: Projector,
        limits: Limits | None = None,
    ) -> None:
        self.world_id = engine.world_id
        self.clock = clock
        self.halt_reason: str | None = None
        self.committed_seq = engine.seq
        self.snapshot_seq = engine.seq
        """The seq of the last snapshot; whoever folded entries on top of one says so here."""
        self.agents: list[Agent] = []
        self.observers: list[Observer] = []
        self._engine = engine
        self._writer = writer
        self._projector = projector
        self._limits = limits or Limits()
        self._inbox: deque[_Waiting] = deque()
        self._awake = asyncio.Event()
        self._slots = asyncio.Semaphore(self._limits.batches_in_flight)
        self._in_flight: deque[_InFlight] = deque()
        self._commit_waiters: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._quiet_waiters: list[asyncio.Future[None]] = []
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._last_client_ns = monotonic_ns()
        self._idle = False
        self._stepping = asyncio.Lock()
        """Held while a paused world lives through a step."""
        self._steps: set[asyncio.Task[None]] = set()

    # -- for clients -----------------------------------------------------------------------------

    @property
    def state(self) -> ExchangeState:
        """The live state: read it, then wait for `committed()` before telling anybody."""
        return self._engine.exchange.state

    @property
    def status(self) -> WorldStatus:
        if self.halt_reason is not None:
            return WorldStatus.HALTED
        if self._stopping:
            return WorldStatus.STOPPED
        return WorldStatus.PAUSED if self.clock.paused and not self._idle else WorldStatus.RUNNING

    def submit(self, command: AnyCommand) -> "asyncio.Future[Receipt]":
        """Queues a command. The future resolves when its entry is durable.

        Raises:
            WorldHalted, WorldClosed, WorldPaused, WorldBusy: the command was not taken.
        """
        self.touch()
        if self.halt_reason is not None:
            raise WorldHalted(f"world {self.world_id} is halted: {self.halt_reason}")
        if self._stopping:
            raise WorldClosed(f"world {self.world_id} is closed")
        if self.status == WorldStatus.PAUSED and not isinstance(
            command, (CancelOrder, CancelAllOrders, CancelOrderList)
        ):
            raise WorldPaused(f"world {self.world_id} is paused: orders can only be canceled")
        waiting = len(self._inbox)
        if waiting >= self._limits.most_waiting:
            raise WorldBusy(f"world {self.world_id} is busy: {waiting} commands wait already")
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._inbox.append((command, future))
        self._awake.set()
        return future

    async def committed(self, seq: int | None = None) -> int:
        """Waits until a seq (by default everything executed so far) is durable; returns it."""
        wanted = self._engine.seq if seq is None else seq
        if self.committed_seq < wanted:
            if self.halt_reason is not None and not self._in_flight:
                raise WorldHalted(f"world {self.world_id} is halted: {self.halt_reason}")
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._commit_waiters.append((wanted, future))
            await future
        return wanted

    def touch(self) -> None:
        """A client is there: an idle world wakes up."""
        self._last_client_ns = monotonic_ns()
        if self._idle:
            self._idle = False
            self.clock.resume()
            self._awake.set()
            log.info("world woke up", world=self.world_id)

    async def run_until(self, world_ns: int) -> None:
        """Steps a STEPPED or paused clock to a world time; returns when all due then is durable.

        Raises:
            WorldHalted: the world halted on the way.
        """
        self.clock.step_to(world_ns)
        quiet: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._quiet_waiters.append(quiet)
        self._awake.set()
        await quiet
        await self.committed()

    def pause(self) -> None:
        """Time stands, orders can only be canceled. Again changes nothing."""
        self.touch()
        self.clock.pause()

    def resume(self) -> None:
        """Time goes on where it stood."""
        self.touch()
        self.clock.resume()
        self._awake.set()

    def set_speed(self, speed: Fraction) -> None:
        """World seconds per second from now on.

        Raises:
            ValueError: the clock has no speed to set, or not this one.
        """
        self.touch()
        self.clock.set_speed(speed)
        self._awake.set()

    async def step(self, duration_ns: int) -> None:
        """Lets so much time pass in a paused world; returns when all that was due is durable.

        Whoever stops waiting stops nothing: a step is lived through to its end, because the clock
        has moved already.

        Raises:
            ValueError: the world is not paused.
            WorldHalted: the world halted on the way.
        """
        self.touch()
        step = asyncio.get_running_loop().create_task(self._step(duration_ns))
        self._steps.add(step)
        step.add_done_callback(self._steps.discard)
        await asyncio.shield(step)

    async def _step(self, duration_ns: int) -> None:
        async with self._stepping:
            if not self.clock.paused:
                raise ValueError(f"world {self.world_id} is not paused")
            await self.run_until(self.clock.now() + duration_ns)

    def wake(self) -> None:
        """Has the sequencer look again: its clock or its agents were changed."""
        self._awake.set()

    # -- life --------------------------------------------------------------------------------------

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(
            self._run(), name=f"world-{self.world_id}"
        )

    async def stop(self) -> None:
        """Refuses new commands, finishes those it has, takes a snapshot, waits for the disk."""
        if self._stopping:
            return
        self._stopping = True
        self._awake.set()
        if self._task is not None:
            await self._task
            self._task = None
        if self.halt_reason is None and self._engine.seq > self.snapshot_seq:
            await self._slots.acquire()
            self._seal([], snapshot=True)
        for _ in range(self._limits.batches_in_flight):
            await self._slots.acquire()  # each batch gives its slot back when it is written

    def halt(self, reason: str, *, journal_failed: bool = False) -> None:
        """Stops the world where it is; what is not acknowledged by then is refused.

        Batches in flight are still acknowledged when they are durable, unless it was the journal
        that failed. The log hears of it last: the halt does not depend on it.
        """
        if self.halt_reason is not None:
            return
        self.halt_reason = reason
        error = WorldHalted(f"world {self.world_id} is halted: {reason}")
        for _, future in self._inbox:
            _fail(future, error)
        self._inbox.clear()
        if journal_failed:
            for batch in self._in_flight:
                for future, _ in batch.resolved:
                    _fail(future, error)
            self._in_flight.clear()
        last = self._in_flight[-1].last_seq if self._in_flight else self.committed_seq
        for wanted, waiter in self._commit_waiters:
            if wanted > last and not waiter.done():
                waiter.set_exception(error)
        for quiet in self._quiet_waiters:
            if not quiet.done():
                quiet.set_exception(error)
        self._quiet_waiters.clear()
        self._awake.set()
        log.error("world halted", world=self.world_id, reason=reason)

    # -- the sequencer -----------------------------------------------------------------------------

    async def _run(self) -> None:
        while self.halt_reason is None:
            if not self._inbox and not self._is_due():
                self._tell_quiet()
                if self._stopping:
                    return
                await self._sleep()
                self._pause_if_idle()
                continue
            await self._slots.acquire()
            self._run_batch()
            await asyncio.sleep(0)

    def _run_batch(self) -> None:
        """Executes a batch and hands it on. Its commit gives the slot back, or a halt does."""
        try:
            if self.halt_reason is None:
                resolved = self._execute_some()
            if self.halt_reason is None:
                try:
                    self._seal(resolved, self._snapshot_is_due())
                except Exception as error:
                    self._abandon(resolved, None, error)
                    log.exception("a batch cannot be collected", world=self.world_id)
        finally:
            if self.halt_reason is not None:
                self._slots.release()

    def _tell_quiet(self) -> None:
        for waiter in self._quiet_waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._quiet_waiters.clear()

    def _next_wake_ns(self) -> int | None:
        wakes = [agent.next_wake_ns for agent in self.agents]
        wakes.append(self._engine.exchange.next_due())
        known = [wake for wake in wakes if wake is not None]
        return min(known) if known else None

    @property
    def _stands(self) -> bool:
        """Whether nothing that is timed may happen now."""
        return self.clock.paused and not self._stepping.locked()

    def _is_due(self) -> bool:
        if self._stands or self._stopping:
            return False
        wake = self._next_wake_ns()
        return wake is not None and wake <= self.clock.now()

    async def _sleep(self) -> None:
        """Until a command comes, something is due, or the clock was changed."""
        wake = self._next_wake_ns()
        seconds = None if wake is None else self.clock.seconds_until(wake)
        if self._limits.idle_pause_ns is not None and not self._idle:
            idle = self._limits.idle_pause_ns / 1e9
            seconds = idle if seconds is None else min(seconds, idle)
        try:
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        except TimeoutError:
            return
        finally:
            self._awake.clear()

    def _pause_if_idle(self) -> None:
        """A world that nobody watches does not fill the disk."""
        limit = self._limits.idle_pause_ns
        if limit is None or self.clock.paused or self._inbox:
            return
        if monotonic_ns() - self._last_client_ns >= limit:
            self._idle = True
            self.clock.pause()
            log.info("world sleeps: no client", world=self.world_id)

    def _execute_some(self) -> list[tuple["asyncio.Future[Receipt]", Receipt]]:
        """Executes agents that are due and queued commands, up to a batch."""
        resolved: list[tuple[asyncio.Future[Receipt], Receipt]] = []
        stop_ns = monotonic_ns() + self._limits.slice_ns
        command: AnyCommand | None = None
        command_future: asyncio.Future[Receipt] | None = None
        try:
            now = max(self.clock.now(), self._engine.time_ns)
            self._execute_agents(now, stop_ns)
            while self._inbox and len(resolved) < self._limits.most_commands:
                command, command_future = self._inbox.popleft()
                resolved.append((command_future, self._engine.submit(now, command)))
                if monotonic_ns() > stop_ns:
                    break
        except Exception as error:
            self._abandon(resolved, command_future, error)
            log.exception("invariant broken", world=self.world_id, command=repr(command))
        return resolved

    def _abandon(
        self,
        resolved: list[tuple["asyncio.Future[Receipt]", Receipt]],
        failing: "asyncio.Future[Receipt] | None",
        error: Exception,
    ) -> None:
        """The batch in which an invariant broke is not stored, so nothing of it happened."""
        reason = f"{type(error).__name__}: {error}"
        refusal = WorldHalted(f"world {self.world_id} is halted: {reason}")
        for future, _ in resolved:
            _fail(future, refusal)
        if failing is not None:
            _fail(failing, refusal)
        self.halt(reason)

    def _execute_agents(self, now: int, stop_ns: int) -> None:
        """Wakes agents in the order of their times, then lets the rest of the time pass."""
        if self._stands:
            return
        while monotonic_ns() <= stop_ns:
            due = [
                (wake, number)
                for number, agent in enumerate(self.agents)
                if (wake := agent.next_wake_ns) is not None and wake <= now
            ]
            if not due:
                self._engine.advance(now)
                return
            wake, number = min(due)
            self._engine.advance(wake)
            for command in self.agents[number].wake(wake, self.state):
                self._engine.submit(wake, command)

    def _snapshot_is_due(self) -> bool:
        return self._engine.seq - self.snapshot_seq >= self._limits.snapshot_every

    def _seal(
        self, resolved: list[tuple["asyncio.Future[Receipt]", Receipt]], snapshot: bool
    ) -> None:
        """Hands what was executed to the writer; needs a slot, which the commit gives back."""
        entries, notes = self._engine.take()
        if not entries and not snapshot:
            self._slots.release()
            return
        pending = self._take_snapshot() if snapshot else None
        projected = self._projector.collect(entries, self.state, notes)
        collected = [
            (observer, observer.collect(entries, self.state, notes)) for observer in self.observers
        ]
        self._in_flight.append(_InFlight(self._engine.seq, resolved, collected))
        loop = asyncio.get_running_loop()

        def done(error: BaseException | None) -> None:
            loop.call_soon_threadsafe(self._on_written, error)

        self._writer.put(WriteRequest(self.world_id, entries, projected, done, pending))

    def _take_snapshot(self) -> PendingSnapshot:
        self.snapshot_seq = self._engine.seq
        return PendingSnapshot(
            self._engine.seq,
            self._engine.time_ns,
            encode_snapshot(self.state),
            state_hash(self.state),
        )

    def _on_written(self, error: BaseException | None) -> None:
        """A batch is durable, in the order of execution; or nothing will be any more."""
        self._slots.release()
        if error is not None:
            self.halt(f"the database failed: {error}", journal_failed=True)
            return
        batch = self._in_flight.popleft()
        self.committed_seq = batch.last_seq
        for future, receipt in batch.resolved:
            if not future.done():
                future.set_result(receipt)
        for observer, collected in batch.collected:
            observer.release(collected)
        while self._commit_waiters and self._commit_waiters[0][0] <= self.committed_seq:
            _, waiter = self._commit_waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)


def _fail(future: "asyncio.Future[Receipt]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
