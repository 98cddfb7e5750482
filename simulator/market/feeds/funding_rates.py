"""Reads recorded funding rates, and gives each to its instrument before its stamp (FND-1).

A file is .csv or .csv.gz with a header `funding_time,funding_rate`: times in s, ms, us or ns, rates
as decimal fractions per interval, longs paying when positive. Venues record a stamp some
milliseconds late, so a time is taken for the nearest multiple of the interval.
"""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final, NamedTuple

from simulator.core.model.commands import AnyCommand, SetFundingRates
from simulator.core.model.units import RATE_ONE, divide_half_even
from simulator.core.state.exchange_state import ExchangeState
from simulator.market.feeds.klines import FeedError, time_unit

_HEADER: Final = ["funding_time", "funding_rate"]
_RATE: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_RATE_DECIMALS: Final = 12


class RecordedRate(NamedTuple):
    """The rate of one stamp, in 1e-12 per interval."""

    stamp_ns: int
    rate: int


def read_funding_rates(path: Path, interval_ns: int) -> tuple[RecordedRate, ...]:
    """The rates of a file by stamp, oldest first.

    Raises:
        FeedError: with file and line.
    """
    rates: list[RecordedRate] = []
    reader = csv.reader(io.StringIO(_content(path), newline=""))
    header = next(reader, [])
    if [name.strip().lower() for name in header[:2]] != _HEADER:
        raise FeedError(path, 1, f"begins {header[:2]}; {','.join(_HEADER)} would be right")
    for fields in reader:
        if not fields:
            continue
        if len(fields) < len(_HEADER):
            raise FeedError(path, reader.line_num, f"has {len(fields)} columns; two are needed")
        _, unit_ns = time_unit(path, reader.line_num, fields[0], _HEADER[0])
        stamp = divide_half_even(int(fields[0]) * unit_ns, interval_ns) * interval_ns
        if rates and stamp <= rates[-1].stamp_ns:
            raise FeedError(path, reader.line_num, "is not later than the line before it")
        rates.append(RecordedRate(stamp, _rate(path, reader.line_num, fields[1])))
    return tuple(rates)


def _content(path: Path) -> str:
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise FeedError(path, None, f"cannot be read: {error}") from error


def _rate(path: Path, line: int, text: str) -> int:
    """Decimal text in 1e-12; a file may be finer, and is rounded half-even."""
    problem = f"funding_rate {text!r} is no rate; a fraction such as 0.0001, below 1, would be"
    if _RATE.fullmatch(text) is None:
        raise FeedError(path, line, problem)
    try:
        rate = int(Decimal(text).scaleb(_RATE_DECIMALS).to_integral_value())
    except InvalidOperation as error:
        raise FeedError(path, line, problem) from error
    if abs(rate) >= RATE_ONE:
        raise FeedError(path, line, problem)
    return rate


class RecordedFunding:
    """An agent that sets each recorded rate when the stamp before it has passed."""

    def __init__(
        self,
        rates: Mapping[int, Sequence[RecordedRate]],
        intervals: Mapping[int, int],
        begin_ns: int,
    ) -> None:
        """`rates` and `intervals` by instrument; stamps before `begin_ns` are left out."""
        due: dict[int, list[tuple[int, int]]] = {}
        for instrument_id in sorted(rates):
            for stamp_ns, rate in rates[instrument_id]:
                if stamp_ns > begin_ns:
                    wake_ns = max(begin_ns, stamp_ns - intervals[instrument_id])
                    due.setdefault(wake_ns, []).append((instrument_id, rate))
        self._due = sorted(due.items())
        self._next = 0

    @property
    def next_wake_ns(self) -> int | None:
        return self._due[self._next][0] if self._next < len(self._due) else None

    def wake(self, time_ns: int, state: ExchangeState) -> list[AnyCommand]:
        commands: list[AnyCommand] = []
        while self._next < len(self._due) and self._due[self._next][0] <= time_ns:
            commands.append(SetFundingRates(tuple(self._due[self._next][1])))
            self._next += 1
        return commands
