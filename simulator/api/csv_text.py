"""Lists as CSV (RFC 4180): the columns are the fields of the shape, in their order and under their
names in JSON.

Null is an empty cell, booleans are `true` and `false` as in JSON, a shape inside a shape gives
columns like `clock.time`, a list inside a shape is JSON in its cell. Nothing is formatted anew: a
decimal is the same text in both.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, get_type_hints

import msgspec


def csv_text(shape: type[msgspec.Struct], items: Sequence[msgspec.Struct]) -> str:
    """A header row, then a row for each item, all of which are of this shape."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns(shape))
    writer.writerows([*_cells(item)] for item in items)
    return text.getvalue()


def columns(shape: type[msgspec.Struct], prefix: str = "") -> list[str]:
    hints = get_type_hints(shape)
    found: list[str] = []
    for name in shape.__struct_fields__:
        kind = hints[name]
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            found += columns(kind, f"{prefix}{name}.")
        else:
            found.append(prefix + name)
    return found


def _cells(item: msgspec.Struct) -> Iterator[Any]:
    for name in item.__struct_fields__:
        value = getattr(item, name)
        if isinstance(value, msgspec.Struct):
            yield from _cells(value)
        elif isinstance(value, bool):
            yield "true" if value else "false"
        elif isinstance(value, list):
            yield msgspec.json.encode(value).decode()
        else:
            yield value
