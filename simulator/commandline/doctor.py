"""`simulator doctor`: is everything as it should be, and if not, what is to be done."""

import os
import sys
from typing import Annotated, Final

from cyclopts import Parameter

from simulator.commandline.checks import Check, local_checks, server_checks
from simulator.commandline.credentials import stored
from simulator.commandline.failures import NO
from simulator.commandline.output import print_json, say, table
from simulator.commandline.session import ServerOptions
from simulator.settings import read_settings

_COLORS: Final = {"OK": "green", "WARN": "yellow", "FAIL": "bold red"}


def doctor(
    *,
    database: Annotated[str | None, Parameter(help="Database URL to look at.")] = None,
    options: ServerOptions = ServerOptions(),
) -> None:
    """Check Python, configuration, database, login, server, world and clock; say what to do.

    Exit code 1 if something fails; warnings are no failure.

    Example: simulator doctor --server http://127.0.0.1:8000
    """
    settings = read_settings()
    if database is not None:
        settings = settings._replace(database_url=database)
    chosen = bool(options.server or os.environ.get("SIMULATOR_SERVER") or stored())
    checks = [
        *local_checks(settings),
        *server_checks(options.credentials(), settings, chosen),
    ]
    if options.json:
        print_json({"checks": checks, "failed": _failed(checks)})
    else:
        rows = [
            (
                f"[{_COLORS[each.status]}]{each.status.lower()}[/]",
                each.name,
                each.found,
                each.advice,
            )
            for each in checks
        ]
        say(table(("", "what", "found", "what to do"), rows))
    if _failed(checks):
        sys.exit(NO)


def _failed(checks: list[Check]) -> int:
    return sum(each.status == "FAIL" for each in checks)
