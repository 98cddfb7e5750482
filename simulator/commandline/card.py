"""A card with titled lines, as a person reads it."""

from collections.abc import Iterable, Sequence

from rich.markup import escape

from simulator.commandline.output import say


def say_card(title: str, sections: Iterable[tuple[str, Sequence[str]]]) -> None:
    say(f"[bold]{escape(title)}[/]")
    for name, lines in sections:
        say("", f"[bold]{escape(name)}[/]", *map(escape, lines))
