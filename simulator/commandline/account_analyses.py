"""`simulator account attribution` and `explain`: what became of an account, and why."""

from datetime import UTC, datetime
from typing import Annotated, Final

from cyclopts import Parameter

from simulator.client.analyses import Attribution
from simulator.commandline import account
from simulator.commandline.card import say_card
from simulator.commandline.choices import flag
from simulator.commandline.failures import UsageError
from simulator.commandline.formats import gain, money, utc
from simulator.commandline.output import facts, print_json, say
from simulator.commandline.session import AccountOptions, connected

app = account.app

PARTS: Final = {
    "price": "price",
    "slippage": "slippage against mark",
    "fees": "fees",
    "funding": "funding",
    "interest": "interest",
    "forced_fills": "forced fills against mark",
    "liquidation_fees": "liquidation fees",
    "takeovers": "takeovers against mark",
    "adl": "auto-deleveraging",
    "relief": "deficits paid by others",
    "transfers": "deposits and withdrawals",
}
"""The parts of an attribution by their name, and in words."""

Begin = Annotated[
    str | None,
    Parameter(name="--from", help="World time, like 2026-01-07T12:00 [default: the opening]."),
]
End = Annotated[str | None, Parameter(name="--to", help="World time [default: now].")]


@app.command
def attribution(
    *, begin: Begin = None, end: End = None, options: AccountOptions = AccountOptions()
) -> None:
    """Where the change of the account's equity came from; the parts add up to it exactly.

    Example: simulator account attribution --from 2026-01-07T12:00
    """
    with connected(options) as client:
        found = client.attribution(read_time("--from", begin), read_time("--to", end))
    if options.json:
        print_json(found)
    else:
        _say(found)


def _say(found: Attribution) -> None:
    parts = [
        (words, gain(getattr(found, name), money(getattr(found, name))))
        for name, words in PARTS.items()
        if getattr(found, name)
    ]
    say(
        facts(
            [
                (f"equity at {utc(found.begin)}", money(found.begin_equity)),
                *parts,
                (f"equity at {utc(found.end)}", money(found.end_equity)),
            ]
        )
    )


@app.command
def explain(
    number: int,
    /,
    *,
    margin_call: Annotated[bool, flag("NUMBER is that of a margin call.")] = False,
    options: AccountOptions = AccountOptions(),
) -> None:
    """Why liquidation NUMBER happened, who took the other side, and what would have avoided it.

    What would have avoided it was tried by executing the journal again.

    Example: simulator account explain 1

    Example: simulator account explain 1 --margin-call
    """
    with connected(options) as client:
        if margin_call:
            found = client.explain_margin_call(number)
        else:
            found = client.explain_liquidation(number)
    if options.json:
        print_json(found)
    else:
        say_card(found.title, [(each.title, each.lines) for each in found.sections])


def read_time(name: str, text: str | None) -> int | None:
    """Milliseconds, given as such or as a date and time in UTC. Raises UsageError."""
    if text is None:
        return None
    if text.isascii() and text.isdecimal():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{name} should be like 2026-01-07T12:00, not {text}") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1_000)
