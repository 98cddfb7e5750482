"""`simulator version`: which program, which rules, which Python."""

import platform
from typing import Annotated

from simulator import __version__
from simulator.commandline.choices import flag
from simulator.commandline.output import facts, print_json, say
from simulator.core.codec import RULES_VERSION


def version(
    *,
    json: Annotated[bool, flag("Print one JSON document.")] = False,
) -> None:
    """Show the version of the program, of its rules, and of Python."""
    found = {
        "version": __version__,
        "rules_version": RULES_VERSION,
        "python": platform.python_version(),
    }
    if json:
        print_json(found)
    else:
        say(facts([(name.replace("_", " "), str(value)) for name, value in found.items()]))
