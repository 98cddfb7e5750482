"""The sequencer: acknowledged means durable, in order, whatever the disk does."""

import asyncio
from collections.abc import Sequence
from typing import Any, TextIO, cast

import pytest
import structlog

from simulator.core.codec import Entry, decode_entry
from simulator.core.model.commands import AnyCommand, CancelAllOrders, SetIndexPrices
from simulator.core.model.events import IndexPriceUpdated, OrderRested
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.notes import ChangeNotes
from simulator.runtime.clocks import ClockMode, WorldClock
from simulator.runtime.engine import Receipt
from simulator.runtime.errors import WorldBusy, WorldClosed, WorldHalted, WorldPaused
from simulator.runtime.world import Limits, World, WorldStatus
from simulator.runtime.writer import Writer
from tests.runtime.memory import MemoryJournal
from tests.runtime.worlds import START_NS, begin, buy, make_world, sell

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_receipt_resolves_only_when_its_entry_is_durable() -> None:
    journal = MemoryJournal()
    world = make_world(journal)
    await begin(world)
    journal.gate.clear()
    future = world.submit(buy(10, 990_000))
    await asyncio.sleep(0.05)
    assert not future.done()
    assert world.state.orders, "it was executed"
    assert world.committed_seq < world.state.seq
    journal.gate.set()
    receipt = await future
    assert any(isinstance(event, OrderRested) for event in receipt.events)
    assert journal.rows["test"][-1].seq == receipt.seq == world.committed_seq
    await world.stop()


async def test_a_full_inbox_takes_nothing_more_until_there_is_room() -> None:
    world = make_world(MemoryJournal(), limits=Limits(most_waiting=20))
    await begin(world)
    futures = [world.submit(buy(1, 900_000 + 10 * step)) for step in range(20)]
    seq = world.state.seq
    with pytest.raises(WorldBusy, match="world test is busy: 20 commands wait already"):
        world.submit(buy(1, 900_000))
    receipts = await asyncio.gather(*futures)
    assert [receipt.seq for receipt in receipts] == [*range(seq + 1, seq + 21)]
    assert (await world.submit(buy(1, 900_000))).seq == seq + 21
    await world.stop()


async def test_many_commands_share_one_transaction_and_keep_their_order() -> None:
    journal = MemoryJournal()
    world = make_world(journal, limits=Limits(batches_in_flight=1))
    await begin(world)
    before = journal.transactions
    futures = [world.submit(buy(1, 900_000 + 10 * step)) for step in range(200)]
    receipts = await asyncio.gather(*futures)
    assert [receipt.seq for receipt in receipts] == sorted(receipt.seq for receipt in receipts)
    assert journal.transactions - before < 20
    assert [row.seq for row in journal.rows["test"]] == list(range(1, world.state.seq + 1))
    await world.stop()


class Listener:
    """An observer that remembers what it was told."""

    def __init__(self) -> None:
        self.collected = 0
        self.released: list[int] = []

    def collect(self, entries: Sequence[Entry], state: ExchangeState, notes: ChangeNotes) -> object:
        self.collected += len(entries)
        return [entry.seq for entry in entries]

    def release(self, collected: object) -> None:
        assert isinstance(collected, list)
        self.released += collected


async def test_observers_hear_of_a_batch_only_when_it_is_durable() -> None:
    journal = MemoryJournal()
    world = make_world(journal)
    listener = Listener()
    world.observers.append(listener)
    await begin(world)
    told = list(listener.released)
    journal.gate.clear()
    future = world.submit(buy(10, 990_000))
    await asyncio.sleep(0.05)
    assert listener.collected == len(told) + 1
    assert listener.released == told
    journal.gate.set()
    await future
    assert listener.released == list(range(1, world.state.seq + 1))
    await world.stop()


async def test_a_failed_commit_halts_the_world_and_acknowledges_nothing() -> None:
    journal = MemoryJournal()
    world = make_world(journal)
    await begin(world)
    stored = len(journal.rows["test"])
    journal.failure = OSError("disk full")
    with pytest.raises(WorldHalted, match="disk full"):
        await world.submit(buy(10, 990_000))
    assert world.status == WorldStatus.HALTED
    assert len(journal.rows["test"]) == stored
    with pytest.raises(WorldHalted):
        world.submit(buy(10, 990_000))
    with pytest.raises(WorldHalted):
        await world.committed()


async def test_a_broken_invariant_halts_its_own_world_only() -> None:
    journal = MemoryJournal()
    writer = Writer(journal)
    broken = make_world(journal, "broken", writer=writer)
    sound = make_world(journal, "sound", writer=writer)
    for world in (broken, sound):
        await begin(world)
    stored = len(journal.rows["broken"])
    broken.state.ledger.system_total[1] += 1
    with pytest.raises(WorldHalted, match="LedgerError"):
        await broken.submit(buy(10, 990_000))
    assert broken.status == WorldStatus.HALTED
    assert len(journal.rows["broken"]) == stored, "the failing batch is not stored"
    receipt = await sound.submit(buy(10, 990_000))
    assert receipt.seq == sound.committed_seq
    await sound.stop()
    async with asyncio.timeout(5):
        await broken.stop()


class BlindObserver:
    """An observer with a bug."""

    def collect(self, entries: Sequence[Entry], state: ExchangeState, notes: ChangeNotes) -> object:
        raise RuntimeError("cannot see")

    def release(self, collected: object) -> None:
        raise AssertionError("nothing was collected")


async def test_a_batch_that_cannot_be_collected_halts_the_world() -> None:
    """Nothing of it is stored, and whoever waits is told, instead of waiting forever."""
    journal = MemoryJournal()
    world = make_world(journal)
    await begin(world)
    stored = len(journal.rows["test"])
    world.observers.append(BlindObserver())
    with pytest.raises(WorldHalted, match="cannot see"):
        await world.submit(buy(10, 990_000))
    assert world.status == WorldStatus.HALTED
    assert len(journal.rows["test"]) == stored
    async with asyncio.timeout(5):
        await world.stop()


class BrokenStream:
    """Where the log goes; whatever is written there fails like this."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def write(self, text: str) -> int:
        raise self._error

    def flush(self) -> None:
        """Nothing was written."""


def log_to(error: Exception) -> None:
    structlog.configure(
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, BrokenStream(error)))
    )


@pytest.fixture(
    params=[ValueError("closed file"), BrokenPipeError(), OSError("disk full")], ids=repr
)
def lost_log(request: pytest.FixtureRequest) -> None:
    log_to(request.param)


async def waiting_world(journal: MemoryJournal) -> tuple[World, list[asyncio.Future[Any]]]:
    """A world with a batch that is stuck at the journal, and all kinds of clients that wait."""
    world = make_world(journal)
    await begin(world)
    journal.gate.clear()
    receipts = [world.submit(buy(10, 990_000)) for _ in range(3)]
    waiting = [*receipts, world.committed(world.state.seq + 4), world.run_until(START_NS + 1)]
    tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(each) for each in waiting]
    await asyncio.sleep(0.05)
    return world, tasks


@pytest.mark.usefixtures("lost_log")
async def test_a_failed_commit_halts_completely_though_the_log_is_lost() -> None:
    journal = MemoryJournal()
    world, waiting = await waiting_world(journal)
    journal.failure = OSError("no space")
    journal.gate.set()
    async with asyncio.timeout(5):
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        await world.stop()
    assert [type(each) for each in answers] == [WorldHalted] * len(waiting)
    assert world.halt_reason == "the database failed: no space"


@pytest.mark.usefixtures("lost_log")
async def test_a_broken_invariant_halts_completely_though_the_log_is_lost() -> None:
    world, failing = await _broken_world()
    await _break_and_stop(world, failing)
    assert world.halt_reason is not None
    assert "LedgerError" in world.halt_reason


async def _broken_world() -> tuple[World, "asyncio.Future[Receipt]"]:
    world = make_world(MemoryJournal())
    await begin(world)
    world.state.ledger.system_total[1] += 1
    return world, world.submit(buy(10, 990_000))


async def test_what_else_a_logger_raises_is_raised_when_the_halt_is_complete() -> None:
    log_to(KeyError("a bug of the log"))
    world, failing = await _broken_world()
    with pytest.raises(KeyError, match="a bug of the log"):
        await _break_and_stop(world, failing)
    async with asyncio.timeout(5):
        await world.stop()


async def _break_and_stop(world: World, failing: "asyncio.Future[Receipt]") -> None:
    later = world.submit(buy(10, 980_000))
    async with asyncio.timeout(5):
        for refused in (failing, later):
            with pytest.raises(WorldHalted, match="LedgerError"):
                await refused
        assert world.status == WorldStatus.HALTED
        await world.stop()


async def test_a_paused_world_takes_cancels_only() -> None:
    journal = MemoryJournal()
    world = make_world(journal, clock=WorldClock(ClockMode.REAL, START_NS))
    await begin(world)
    await world.submit(buy(10, 990_000))
    world.clock.pause()
    assert world.status == WorldStatus.PAUSED
    with pytest.raises(WorldPaused):
        world.submit(sell(10, 990_000))
    await world.submit(CancelAllOrders(2))
    assert not world.state.orders
    await world.stop()


async def test_a_stopped_world_refuses_and_leaves_a_snapshot() -> None:
    journal = MemoryJournal()
    world = make_world(journal)
    await begin(world)
    await world.submit(buy(10, 990_000))
    await world.stop()
    assert journal.snapshots["test"].seq == world.state.seq
    assert journal.snapshots["test"].chain_hash == journal.rows["test"][-1].chain_hash
    with pytest.raises(WorldClosed):
        world.submit(buy(10, 990_000))


class Ticker:
    """An agent that sets the index every second, a little higher each time."""

    def __init__(self, start_ns: int, ticks: int) -> None:
        self.next_wake_ns: int | None = start_ns
        self._left = ticks

    def wake(self, time_ns: int, state: ExchangeState) -> Sequence[AnyCommand]:
        self._left -= 1
        self.next_wake_ns = time_ns + 10**9 if self._left else None
        price = state.instruments[1].index_price or 0
        return [SetIndexPrices(((1, price + 10),))]


async def test_agents_act_at_their_world_times() -> None:
    journal = MemoryJournal()
    world = make_world(journal)
    await begin(world)
    world.agents.append(Ticker(START_NS + 10**9, 5))
    await world.run_until(START_NS + 3 * 10**9)
    assert world.state.instruments[1].index_price == 1_000_030
    await world.run_until(START_NS + 60 * 10**9)
    assert world.state.instruments[1].index_price == 1_000_050
    ticks = [
        entry.time_ns
        for entry in (decode_entry(row.encoded) for row in journal.rows["test"])
        if any(isinstance(event, IndexPriceUpdated) for event in entry.events)
    ]
    assert ticks == [START_NS] + [START_NS + step * 10**9 for step in range(1, 6)]
    await world.stop()


@pytest.mark.parametrize("lost", [False, True], ids=["log", "lost log"])
async def test_a_world_without_clients_sleeps_and_wakes(lost: bool) -> None:
    if lost:
        log_to(BrokenPipeError())
    journal = MemoryJournal()
    world = make_world(
        journal,
        limits=Limits(idle_pause_ns=20_000_000),
        clock=WorldClock(ClockMode.REAL, START_NS),
    )
    await begin(world)
    await _until(lambda: world.clock.paused)
    assert world.status == WorldStatus.RUNNING, "asleep is not paused: a client wakes it"
    await world.submit(buy(10, 990_000))
    assert not world.clock.paused
    await world.stop()


async def _until(condition: object) -> None:
    assert callable(condition)
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen within five seconds")
