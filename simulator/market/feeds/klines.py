"""Reads public klines files of Binance into bars of integers (UNIT-1).

Files are .csv, .csv.gz or .zip with one csv, of 6, 8 or 12 columns that begin with open_time,
open, high, low, close; with a header line or without; times in s, ms, us or ns, decided once per
file; any step. What cannot be read is refused with file and line. What can be read but looks
wrong (gaps, duplicates, disorder, impossible bars) is reported and left as it is: nothing is
repaired here.
"""

import csv
import gzip
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec

from simulator.core.model.units import AMOUNT_LIMIT, NS_PER_SECOND, divide_half_even

_COLUMN_COUNTS = (6, 8, 12)
_CLOSE_TIME_COLUMN = 6
_PRICE_NAMES = ("open", "high", "low", "close")
_TIME_NAMES = ("open_time", "opentime", "timestamp", "time")
_TIME_UNITS = (("ns", 10**17, 1), ("us", 10**14, 10**3), ("ms", 10**11, 10**6), ("s", 10**8, 10**9))
"""Name, smallest magnitude, nanoseconds."""
_INTEGER = re.compile(r"[0-9]{1,19}")
_DECIMAL = re.compile(r"([0-9]{1,20})(?:\.([0-9]{1,30}))?(?:[eE]([+-]?[0-9]{1,2}))?")
"""Converted files may write 0.00004 as 4e-05; that is exact as well."""


class FeedError(Exception):
    """A file cannot be used: says where, what is wrong, and what would be right."""

    def __init__(self, path: Path, line: int | None, problem: str) -> None:
        where = str(path) if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {problem}")
        self.path = path
        self.line = line


class Bar(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One bar, prices in the instrument's price units; it lasts [open_time, open_time + step)."""

    open_time_ns: int
    open: int
    high: int
    low: int
    close: int


class Gap(msgspec.Struct, frozen=True, gc=False):
    """Bars that are missing between two that are there."""

    first_missing_ns: int
    bars: int


class KlineReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a file. Lines are counted from 1, the header line included."""

    rows: int
    columns: int
    has_header: bool
    time_unit: str
    first_open_time_ns: int
    last_open_time_ns: int
    gaps: tuple[Gap, ...]
    duplicate_lines: tuple[int, ...]
    """Lines whose open time an earlier line has."""
    out_of_order_lines: tuple[int, ...]
    """Lines that are older than a line before them."""
    bad_ohlc_lines: tuple[int, ...]
    """Lines whose high is not the highest or whose low is not the lowest of their prices."""


class KlineFile(msgspec.Struct, frozen=True):
    """A file as it was read: its bars in the order of its lines."""

    path: Path
    step_ns: int
    bars: tuple[Bar, ...]
    report: KlineReport


class _Row(NamedTuple):
    line: int
    fields: list[str]


def read_klines(path: Path, price_decimals: int) -> KlineFile:
    """Reads one file; prices become integers in `10 ** -price_decimals`, rounded half-even.

    Raises:
        FeedError: the file cannot be read as klines.
    """
    rows = _rows(path)
    has_header = bool(rows) and not rows[0].fields[0][:1].isdigit()
    if has_header:
        _check_header(path, rows.pop(0))
    if not rows:
        raise FeedError(path, None, "has no bars; one row per bar would be right")
    columns = len(rows[0].fields)
    if columns not in _COLUMN_COUNTS:
        raise FeedError(path, rows[0].line, f"has {columns} columns; klines files have 6, 8 or 12")
    unit, unit_ns = time_unit(path, rows[0].line, rows[0].fields[0])
    bars = tuple(_bar(path, row, columns, (unit, unit_ns), price_decimals) for row in rows)
    lines = [row.line for row in rows]
    step_ns = _step(path, rows, bars, unit_ns)
    times = sorted({bar.open_time_ns for bar in bars})
    report = KlineReport(
        rows=len(bars),
        columns=columns,
        has_header=has_header,
        time_unit=unit,
        first_open_time_ns=times[0],
        last_open_time_ns=times[-1],
        gaps=_gaps(times, step_ns),
        duplicate_lines=_duplicates(lines, bars),
        out_of_order_lines=_out_of_order(lines, bars),
        bad_ohlc_lines=tuple(
            line for line, bar in zip(lines, bars, strict=True) if not _is_possible(bar)
        ),
    )
    return KlineFile(path, step_ns, bars, report)


# -- the file ------------------------------------------------------------------------------------


def _rows(path: Path) -> list[_Row]:
    """All lines that are not blank, split into fields."""
    try:
        text = _content(path).decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""))
        return [_Row(reader.line_num, fields) for fields in reader if fields]
    except FileNotFoundError:
        raise FeedError(path, None, "there is no such file") from None
    except UnicodeDecodeError as error:
        raise FeedError(path, None, f"is no UTF-8 text ({error.reason})") from error
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, csv.Error) as error:
        raise FeedError(path, None, f"cannot be read: {error}") from error


def _content(path: Path) -> bytes:
    name = path.name.lower()
    if name.endswith(".csv"):
        return path.read_bytes()
    if name.endswith(".csv.gz"):
        return gzip.decompress(path.read_bytes())
    if name.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
            if len(members) != 1 or not members[0].lower().endswith(".csv"):
                raise FeedError(path, None, f"holds {members}; exactly one .csv would be right")
            return archive.read(members[0])
    raise FeedError(path, None, "is no klines file by its name; .csv, .csv.gz or .zip would be")


def _check_header(path: Path, row: _Row) -> None:
    names = [name.strip().lower().replace(" ", "_") for name in row.fields]
    expected = ("open_time", *_PRICE_NAMES)
    for number, wanted in enumerate(expected):
        name = names[number] if number < len(names) else "missing"
        if name != wanted and not (number == 0 and name in _TIME_NAMES):
            raise FeedError(
                path,
                row.line,
                f"column {number + 1} is {name!r}; a klines header begins {', '.join(expected)}",
            )


# -- one row -------------------------------------------------------------------------------------


def _bar(
    path: Path, row: _Row, columns: int, file_unit: tuple[str, int], price_decimals: int
) -> Bar:
    if len(row.fields) != columns:
        raise FeedError(
            path, row.line, f"has {len(row.fields)} columns; the lines before have {columns}"
        )
    unit, unit_ns = time_unit(path, row.line, row.fields[0])
    if unit != file_unit[0]:
        raise FeedError(
            path,
            row.line,
            f"open_time {row.fields[0]} is in {unit}; the file's first row is in {file_unit[0]}",
        )
    prices = [
        _price(path, row, column, price_decimals) for column in range(1, 1 + len(_PRICE_NAMES))
    ]
    return Bar(int(row.fields[0]) * unit_ns, *prices)


def time_unit(path: Path, line: int, text: str, name: str = "open_time") -> tuple[str, int]:
    """The unit of a time by its magnitude, and its nanoseconds.

    Raises:
        FeedError: the text is no time of the last or the coming centuries.
    """
    if _INTEGER.fullmatch(text):
        for unit, smallest, unit_ns in _TIME_UNITS:
            if int(text) >= smallest and int(text) * unit_ns < AMOUNT_LIMIT:
                return unit, unit_ns
    raise FeedError(
        path,
        line,
        f"{name} {text!r} is no time; whole s, ms, us or ns since 1970 would be right",
    )


def _price(path: Path, row: _Row, column: int, price_decimals: int) -> int:
    text, name = row.fields[column], _PRICE_NAMES[column - 1]
    price = _rounded(text, price_decimals)
    if price is None:
        raise FeedError(
            path, row.line, f"{name} {text!r} is no price; a decimal such as 6740.36 would be right"
        )
    if not 0 < price < AMOUNT_LIMIT:
        raise FeedError(
            path,
            row.line,
            f"{name} {text} is {price} at {price_decimals} price decimals; "
            f"more than 0 and less than 2^62 would be right",
        )
    return price


def _rounded(text: str, decimals: int) -> int | None:
    """Decimal text in `10 ** -decimals`, rounded half-even: a file may be finer (UNIT-1)."""
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return None
    whole, fraction, exponent = match.groups(default="")
    digits = int(whole + fraction)
    scale = decimals - len(fraction) + (int(exponent) if exponent else 0)
    power: int = 10 ** abs(scale)
    return digits * power if scale >= 0 else divide_half_even(digits, power)


def _is_possible(bar: Bar) -> bool:
    return bar.low <= min(bar.open, bar.close) and bar.high >= max(bar.open, bar.close)


# -- the whole ------------------------------------------------------------------------------------


def _step(path: Path, rows: list[_Row], bars: tuple[Bar, ...], unit_ns: int) -> int:
    """The commonest distance between bars; every other distance must be a multiple of it."""
    line_of = {bar.open_time_ns: row.line for row, bar in zip(rows, bars, strict=True)}
    times = sorted(line_of)
    distances = [later - earlier for earlier, later in pairwise(times)]
    if not distances:
        return _step_of_only_row(path, rows[0], bars[0], unit_ns)
    counts = Counter(distances)
    step = min(counts, key=lambda distance: (-counts[distance], distance))
    for time, distance in zip(times[1:], distances, strict=True):
        if distance % step:
            raise FeedError(
                path,
                line_of[time],
                f"opens {_seconds(distance)} after the bar before it; "
                f"a multiple of the file's step of {_seconds(step)} would be right",
            )
    return step


def _step_of_only_row(path: Path, row: _Row, bar: Bar, unit_ns: int) -> int:
    """A file of one bar tells its step only by a close time, which is the end minus one unit."""
    if len(row.fields) > 8 and _INTEGER.fullmatch(row.fields[_CLOSE_TIME_COLUMN]):
        step = (int(row.fields[_CLOSE_TIME_COLUMN]) + 1) * unit_ns - bar.open_time_ns
        if step > 0:
            return step
    raise FeedError(path, row.line, "one bar does not tell the step; two bars or more would")


def _seconds(duration_ns: int) -> str:
    whole, rest = divmod(duration_ns, NS_PER_SECOND)
    return f"{whole} s" if rest == 0 else f"{duration_ns} ns"


def _gaps(times: list[int], step_ns: int) -> tuple[Gap, ...]:
    return tuple(
        Gap(earlier + step_ns, (later - earlier) // step_ns - 1)
        for earlier, later in pairwise(times)
        if later - earlier > step_ns
    )


def _duplicates(lines: list[int], bars: tuple[Bar, ...]) -> tuple[int, ...]:
    seen: dict[int, None] = {}
    found = []
    for line, bar in zip(lines, bars, strict=True):
        if bar.open_time_ns in seen:
            found.append(line)
        seen[bar.open_time_ns] = None
    return tuple(found)


def _out_of_order(lines: list[int], bars: tuple[Bar, ...]) -> tuple[int, ...]:
    return tuple(_lines_behind(lines, bars))


def _lines_behind(lines: list[int], bars: tuple[Bar, ...]) -> Iterator[int]:
    latest = bars[0].open_time_ns
    for line, bar in zip(lines, bars, strict=True):
        if bar.open_time_ns < latest:
            yield line
        latest = max(latest, bar.open_time_ns)
