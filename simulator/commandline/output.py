"""How a verb answers: one JSON document on standard output, or tables and lines for a person.

Decimals are text in the JSON, without exponent, as the exchange sends them. A person's lines go
through rich, which leaves out colors where nobody sees them.
"""

import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from rich.console import Console, RenderableType
from rich.table import Table


def json_text(value: Any) -> str:
    """A JSON document of structs, dicts, lists and Decimals."""
    plain = msgspec.to_builtins(value, builtin_types=(Decimal,))
    return msgspec.json.format(msgspec.json.encode(_with_text(plain)), indent=2).decode()


def _with_text(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dict):
        return {key: _with_text(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_text(item) for item in value]
    return value


def print_json(value: Any) -> None:
    sys.stdout.write(json_text(value) + "\n")


def say(*parts: RenderableType) -> None:
    """Lines and tables for a person. Lines are not wrapped: who copies one wants it whole."""
    console = Console()
    for part in parts:
        console.print(part, highlight=False, soft_wrap=isinstance(part, str))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> Table:
    """A column whose name begins with ">" is aligned to the right."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        name = column.removeprefix(">")
        made.add_column(name, justify="right" if column != name else "left", overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made


def facts(pairs: Iterable[tuple[str, str]]) -> Table:
    """Names and what they are, one a line."""
    made = Table.grid(padding=(0, 2))
    for name, value in pairs:
        made.add_row(f"[dim]{name}[/]", value)
    return made
