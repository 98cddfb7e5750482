"""The writer's chains: a world may be opened while another one's batch is being written."""

import threading
from collections.abc import Sequence

from simulator.core.codec import GENESIS_HASH
from simulator.runtime.ports import Batch
from simulator.runtime.writer import Writer, WriteRequest
from tests.runtime.memory import MemoryJournal


class SlowJournal(MemoryJournal):
    """Stays in `append` until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.go_on = threading.Event()

    def append(self, batches: Sequence[Batch]) -> None:
        self.entered.set()
        assert self.go_on.wait(10)
        super().append(batches)


def write(writer: Writer, world_id: str) -> BaseException | None:
    """An empty batch of a world; what the writer says of it."""
    told: list[BaseException | None] = []
    done = threading.Event()

    def tell(error: BaseException | None) -> None:
        told.append(error)
        done.set()

    writer.put(WriteRequest(world_id, [], None, tell))
    assert done.wait(10)
    return told[0]


def test_a_world_opened_during_a_commit_is_not_forgotten() -> None:
    journal = SlowJournal()
    writer = Writer(journal)
    writer.continue_chain("first", GENESIS_HASH)
    writer.put(WriteRequest("first", [], None, lambda error: None))
    assert journal.entered.wait(10)
    writer.continue_chain("second", GENESIS_HASH)
    journal.go_on.set()
    assert write(writer, "second") is None
    assert writer.chain("second") == GENESIS_HASH
    writer.stop()
