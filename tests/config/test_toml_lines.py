"""Where keys stand in a TOML text: every form of key, table and value keeps the lines right."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.config.toml_lines import Where, line_numbers

CONFIG = Path(__file__).parents[2] / "config"

EVERY_FORM = """\
# a comment with [brackets] and = signs
top = 1  # [not.a.table]
"quoted key" = 'it"s'
dotted . key = "a # b = c"
[table]
text = \"\"\"
[not.a.table]
neither = 1
"\"\"\"
after = '''
x = ]'''
list = [
    1, 2,  # ]
    [3, "]"],
    { a = 4, "b c" = [5,
       6] },
]
[table.sub]
date = 2020-03-12T10:38:00Z
[[rows]]
name = "first"
[rows.inner]
deep = true
[[rows]]

name = "second"
escaped = "\\\\\\" ]"
last = -1.5"""

EVERY_LINE: dict[Where, int] = {
    ("top",): 2,
    ("quoted key",): 3,
    ("dotted", "key"): 4,
    ("table",): 5,
    ("table", "text"): 6,
    ("table", "after"): 10,
    ("table", "list"): 12,
    ("table", "list", 0): 13,
    ("table", "list", 1): 13,
    ("table", "list", 2): 14,
    ("table", "list", 2, 1): 14,
    ("table", "list", 3): 15,
    ("table", "list", 3, "a"): 15,
    ("table", "list", 3, "b c"): 15,
    ("table", "list", 3, "b c", 1): 16,
    ("table", "sub"): 18,
    ("table", "sub", "date"): 19,
    ("rows",): 20,
    ("rows", 0): 20,
    ("rows", 0, "name"): 21,
    ("rows", 0, "inner"): 22,
    ("rows", 0, "inner", "deep"): 23,
    ("rows", 1): 24,
    ("rows", 1, "name"): 26,
    ("rows", 1, "escaped"): 27,
    ("rows", 1, "last"): 28,
}


def test_every_form_has_its_line() -> None:
    lines = line_numbers(EVERY_FORM)
    assert {where: lines.get(where) for where in EVERY_LINE} == EVERY_LINE


def places(data: Any, where: Where = ()) -> Iterator[Where]:
    """All keys and elements that `tomllib` found."""
    entries = data.items() if isinstance(data, dict) else enumerate(data)
    for step, value in entries:
        yield (*where, step)
        if isinstance(value, dict | list):
            yield from places(value, (*where, step))


@pytest.mark.parametrize(
    "text",
    [EVERY_FORM, EVERY_FORM.replace("\n", "\r\n")]
    + [path.read_text(encoding="utf-8") for path in sorted(CONFIG.rglob("*.toml"))],
)
def test_what_tomllib_reads_is_found_and_nothing_else(text: str) -> None:
    found = list(places(tomllib.loads(text)))
    assert len(found) > 3
    assert set(line_numbers(text)) == set(found)
    assert all(1 <= line <= text.count("\n") + 1 for line in line_numbers(text).values())
