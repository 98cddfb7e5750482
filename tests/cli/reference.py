"""The list of verbs in docs/cli.md, made from the program's own help.

`python -m tests.cli.reference` writes it anew; `test_reference` compares.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import cyclopts

from simulator.cli import app

PAGE: Final = Path(__file__).parents[2] / "docs" / "cli.md"
BEGIN: Final = "<!-- verbs -->\n"
END: Final = "<!-- end of verbs -->\n"


class Verb(NamedTuple):
    name: str
    headline: str
    examples: list[str]
    command: Callable[..., Any]


def verbs(branch: cyclopts.App = app, prefix: str = "") -> Iterator[Verb]:
    """Every verb of the program, in the order of its help."""
    for name in branch:
        if name.startswith("-"):
            continue
        below = branch[name]
        path = f"{prefix} {name}".strip()
        if below.default_command is None:
            yield from verbs(below, path)
            continue
        paragraphs = [" ".join(each.split()) for each in (below.help or "").split("\n\n")]
        examples = [each for each in paragraphs if each.startswith("Example: ")]
        examples = [each.removeprefix("Example: ") for each in examples]
        yield Verb(path, paragraphs[0], examples, below.default_command)


def table() -> str:
    lines = ["| verb | what it does | for example |", "|---|---|---|"]
    for verb in verbs():
        examples = "<br>".join(f"`{each}`" for each in verb.examples)
        lines.append(f"| `{verb.name}` | {verb.headline} | {examples} |".replace("  |", " |"))
    return "\n".join(lines) + "\n"


def written() -> str:
    """The page with the table as it should be."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + "\n" + table() + "\n" + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
