"""A world in which everything happens, recorded as batches for the journal.

The commands are those of `tests.properties.crowd`, drawn by a seed, so the same journal comes out
however it is cut into batches.
"""

from collections.abc import Iterable, Iterator
from itertools import cycle
from random import Random

from simulator.core.codec import GENESIS_HASH, Entry, chain_hash, encode_entry
from simulator.core.exchange import Exchange
from simulator.core.model.commands import (
    AdvanceTime,
    AnyCommand,
    BorrowFunds,
    DefineAsset,
    FundLendingPool,
    ListInstrument,
    SetIndexPrices,
)
from simulator.core.model.enums import InstrumentKind, WalletKind
from simulator.core.model.instruments import Asset
from simulator.core.state.exchange_state import ExchangeState
from simulator.core.state.notes import ChangeNotes
from simulator.database.projection import Projector
from simulator.runtime.engine import Engine
from simulator.runtime.ports import Batch, JournalRow
from tests.properties.crowd import BUILDERS, MAKER, Choices, opening_commands
from tests.scenario import amount, instrument_terms, rate

WORLD = "crowd"
COMMANDS = 1_500
START_NS = 1_700_000_000 * 10**9
STEP_NS = 1_700_000_000
"""Between two commands: seconds, so that minutes hold many and candles are many."""


class Recorder:
    """Executes commands as the runtime does, and seals batches."""

    def __init__(self, world_id: str = WORLD) -> None:
        self.world_id = world_id
        self.time_ns = START_NS
        self._engine = Engine(world_id, Exchange())
        self._projector = Projector(world_id)
        self._chain = GENESIS_HASH

    @property
    def state(self) -> ExchangeState:
        return self._engine.exchange.state

    def submit(self, command: AnyCommand) -> None:
        self.time_ns = max(self.time_ns, self.state.time_ns) + STEP_NS
        self._engine.submit(self.time_ns, command)

    def seal(self) -> Batch:
        """All since the last batch, as one."""
        entries, notes = self._engine.take()
        return self._batch(entries, notes)

    def _batch(self, entries: list[Entry], notes: ChangeNotes) -> Batch:
        rows = []
        for entry in entries:
            encoded = encode_entry(entry)
            self._chain = chain_hash(self._chain, encoded)
            rows.append(JournalRow(entry.seq, entry.time_ns, encoded, self._chain))
        projected = self._projector.collect(entries, self.state, notes)
        return Batch(self.world_id, rows, self.time_ns + 5, projected)


def lending_commands() -> Iterator[AnyCommand]:
    """A spot market, and a loan of its asset to the maker, which bears interest all the while."""
    asset_id, instrument_id = 3, 6
    yield DefineAsset(Asset(asset_id, "ETH", 8, borrow_rate=rate("1%")))
    spot = instrument_terms(
        instrument_id,
        "ETHSPOT",
        kind=InstrumentKind.SPOT,
        base="ETH",
        base_asset_id=asset_id,
        base_multiplier=10**5,
        default_leverage=5,
    )
    yield ListInstrument(spot, ())
    yield SetIndexPrices(((instrument_id, 200_000),))
    yield FundLendingPool(asset_id, amount("100"))
    yield BorrowFunds(MAKER, WalletKind.CROSS, asset_id, amount("5"))


def crowd_commands(
    state: ExchangeState, seed: int = 7, count: int = COMMANDS
) -> Iterator[AnyCommand]:
    """The opening, then so many random commands, each built on what the state is by then.

    While one of the first margin calls stands a day passes, so that it is repeated (CALL-1), unless
    the marks or the funding of that day end it.
    """
    yield from opening_commands()
    yield from lending_commands()
    dice = Random(seed)
    names = list(BUILDERS)
    weights = [BUILDERS[name][0] for name in names]
    waits = 0
    for _ in range(count):
        name = dice.choices(names, weights)[0]
        yield BUILDERS[name][1](state, Choices(dice.getrandbits(48)))
        if state.standing_calls and waits < 6:
            waits += 1
            yield AdvanceTime(state.time_ns + state.parameters.call_repeat_ns)


def record(sizes: Iterable[int] = (1, 40, 3, 300, 7)) -> Iterator[Batch]:
    """The recorded world in batches of so many commands, the sizes in turn."""
    recorder = Recorder()
    left = cycle(sizes)
    room = next(left)
    for command in crowd_commands(recorder.state):
        recorder.submit(command)
        room -= 1
        if room == 0:
            yield recorder.seal()
            room = next(left)
    yield recorder.seal()
