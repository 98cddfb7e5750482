"""Replays for tests: run one, then ask its journal and its SQL views what happened.

The data files are the real ones (`make test-data`); a missing file is a failure. Numbers of the
journal come out as fractions in USDT and coins, as a person would write them.
"""

import asyncio
import gzip
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import psycopg
from rich.console import Console

from simulator.core.codec import decode_entry
from simulator.core.model import events as e
from simulator.core.model.instruments import Instrument
from simulator.database.engine import open_engine
from simulator.database.writer import DatabaseJournal
from simulator.replaying import ReplayOutcome, ReplayRequest, run_replay
from simulator.scenarios.replay import DEFAULT_OPTIONS, ReplayOptions
from simulator.settings import read_settings
from tests.databases import Databases, path_of
from tests.e2e.by_hand import MAX_STEP, MINUTE_NS, Bar, first_leg_to

ROOT = Path(__file__).parents[2]
DATA = ROOT / os.environ.get("SIMULATOR_DATA", "../shared/data")
WORLD = "replay"
MONEY = 10**8
"""Minor units in one USDT."""

_NOT_TOLD = (e.QuotesReplaced, e.IndexPriceUpdated, e.MarkPriceUpdated, e.TimeAdvanced)
_Event = TypeVar("_Event", bound=e.Event)
Row = dict[str, Any]
"""By the name of the column, decimals exact."""


def data_file(name: str) -> Path:
    path = DATA / name
    assert path.is_file(), f"{path} is missing; SIMULATOR_DATA should name the folder of the data"
    return path


def cut(source: Path, folder: Path, begin_ns: int, end_ns: int) -> Path:
    """A copy of a bar file with the bars that open in `[begin, end)`, under the same name."""
    header, *lines = gzip.decompress(source.read_bytes()).decode("ascii").splitlines()
    kept = [each for each in lines if begin_ns <= int(each.partition(",")[0]) * 10**6 < end_ns]
    target = folder / source.name
    target.write_bytes(gzip.compress("\n".join([header, *kept, ""]).encode("ascii"), mtime=0))
    return target


class Told(NamedTuple):
    """An event and where it stands in the journal."""

    seq: int
    place: int
    time_ns: int
    event: e.Event


class Mark(NamedTuple):
    seq: int
    time_ns: int
    price: Fraction


class Replayed:
    """A finished replay with all that its journal says, price updates of makers left out."""

    def __init__(self, outcome: ReplayOutcome, databases: Databases, url: str) -> None:
        self.outcome = outcome
        self.databases = databases
        """Where it was kept, and where others may be."""
        self.url = url
        self.terms: dict[int, Instrument] = {
            each.instrument_id: each for each in outcome.plan.instruments.values()
        }
        self.told: list[Told] = []
        self.marks: dict[int, list[Mark]] = {key: [] for key in self.terms}
        for told in self._journal():
            if isinstance(told.event, e.MarkPriceUpdated):
                key = told.event.instrument_id
                price = self.price(key, told.event.price)
                self.marks[key].append(Mark(told.seq, told.time_ns, price))
            elif not isinstance(told.event, _NOT_TOLD):
                self.told.append(told)

    def _journal(self) -> Iterator[Told]:
        """Every event. What follows a TimeAdvanced in its entry happened at that time."""
        engine = open_engine(self.url)
        for row in DatabaseJournal(engine).read(WORLD):
            entry = decode_entry(row.encoded)
            time_ns = entry.time_ns
            for place, event in enumerate(entry.events):
                if isinstance(event, e.TimeAdvanced):
                    time_ns = event.time_ns
                yield Told(entry.seq, place, time_ns, event)
        engine.dispose()

    def account(self, name: str) -> int:
        return self.outcome.accounts[name]

    def happened(self, kind: type[_Event], **fields: object) -> list[tuple[Told, _Event]]:
        """Events of a kind whose fields have these values, in order."""
        return [
            (told, told.event)
            for told in self.told
            if isinstance(told.event, kind)
            and all(getattr(told.event, name) == value for name, value in fields.items())
        ]

    def price(self, instrument_id: int, price: int) -> Fraction:
        return Fraction(price, 10 ** self.terms[instrument_id].price_decimals)

    def quantity(self, instrument_id: int, quantity: int) -> Fraction:
        return Fraction(quantity, 10 ** self.terms[instrument_id].quantity_decimals)

    def marks_until(self, instrument_id: int, seq: int) -> list[Fraction]:
        """All marks up to the one of this entry, which must have one."""
        marks = self.marks[instrument_id]
        found = next(number for number, mark in enumerate(marks) if mark.seq == seq)
        return [mark.price for mark in marks[: found + 1]]

    def select(self, query: str, *values: object) -> list[Row]:
        """Rows of a query on the database, as anybody with an SQL client sees them.

        SQLite prints decimals as floating point numbers; every one here has few enough digits for
        the shortest text of such a number to be the exact decimal.
        """
        if self.databases.kind == "sqlite":
            rows = _select_from_sqlite(self.url, query, values)
        else:
            rows = _select_from_postgres(self.url, query, values)
        return [{name: _exact(value) for name, value in row.items()} for row in rows]

    def select_one(self, query: str, *values: object) -> Row:
        """The only row."""
        rows = self.select(query, *values)
        assert len(rows) == 1, f"{len(rows)} rows of {query}"
        return rows[0]


def _select_from_sqlite(url: str, query: str, values: Sequence[object]) -> list[Row]:
    with closing(sqlite3.connect(path_of(url))) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query, values)]


def _select_from_postgres(url: str, query: str, values: Sequence[object]) -> list[Row]:
    with psycopg.connect(url, row_factory=psycopg.rows.dict_row) as connection:
        return connection.execute(query.replace("?", "%s").encode(), values).fetchall()


def _exact(value: object) -> object:
    return Decimal(repr(value)) if isinstance(value, float) else value


def utc(text: str) -> int:
    """World time of `2020-03-12 10:38`."""
    return int(datetime.fromisoformat(text + "+00:00").timestamp()) * 10**9


def amount(minor: int) -> Fraction:
    """An amount of the journal in USDT."""
    return Fraction(minor, MONEY)


def replayed_in(
    databases: Databases,
    files: Sequence[Path],
    traders: Sequence[str],
    options: ReplayOptions = DEFAULT_OPTIONS,
) -> Replayed:
    """Replays files at full speed into a new database of these."""
    url = databases.create()
    return Replayed(replay_into(files, traders, url, options), databases, url)


def replay_into(
    files: Sequence[Path],
    traders: Sequence[str],
    url: str,
    options: ReplayOptions = DEFAULT_OPTIONS,
) -> ReplayOutcome:
    """Replays files at full speed into a new database."""
    settings = read_settings({})._replace(database_url=url)
    request = ReplayRequest(
        files=tuple(str(path) for path in files),
        traders=tuple(traders),
        world_id=WORLD,
        options=options,
    )
    return asyncio.run(run_replay(settings, request, Console(quiet=True)))


def check_reached(
    replayed: Replayed, instrument_id: int, told: Told, line: Fraction, bars: Sequence[Bar]
) -> tuple[int, Fraction]:
    """An event came in the minute in which the bars first reach a line, at the first mark there.

    Returns the minute and that mark.
    """
    leg = first_leg_to(line, bars)
    assert leg is not None
    assert leg.minute_ns <= told.time_ns < leg.minute_ns + MINUTE_NS
    *before, mark = replayed.marks_until(instrument_id, told.seq)
    assert min(before) > line >= mark
    assert leg.end <= mark < before[-1] <= leg.start
    assert before[-1] - mark <= mark * MAX_STEP, "one step of the path, and no jump"
    return leg.minute_ns, mark
