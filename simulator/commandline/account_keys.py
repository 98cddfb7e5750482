"""`simulator account keys`: API keys of one account. Only a login may manage them."""

from typing import Annotated

import cyclopts
from cyclopts import Parameter

from simulator.commandline.choices import Scope
from simulator.commandline.formats import utc
from simulator.commandline.output import facts, print_json, say, table
from simulator.commandline.session import AccountOptions, connected

app = cyclopts.App(name="keys", help="API keys of the account, for programs that sign.")


@app.command
def create(
    label: str,
    /,
    *,
    scope: Annotated[
        list[Scope] | None,
        Parameter(help="May be repeated [default: read, trade].", negative=()),
    ] = None,
    options: AccountOptions = AccountOptions(),
) -> None:
    """Create a key named LABEL. Its secret is shown this once.

    Example: simulator account keys create my-bot --scope read --scope trade
    """
    scopes = [each.value for each in scope or (Scope.READ, Scope.TRADE)]
    with connected(options) as client:
        made = client.create_api_key(label, scopes)
    if options.json:
        print_json(made)
        return
    say(
        facts(
            [
                ("key", made.api_key),
                ("secret", f"[bold]{made.secret}[/]"),
                ("scopes", ", ".join(made.scopes)),
            ]
        ),
        "The secret is shown only now. Use both as SIMULATOR_API_KEY and SIMULATOR_API_SECRET.",
    )


@app.command(name="list")
def list_keys(*, options: AccountOptions = AccountOptions()) -> None:
    """List the keys of the account, without their secrets."""
    with connected(options) as client:
        found = client.api_keys()
    if options.json:
        print_json(found)
        return
    rows = [
        (each.api_key, each.label, ", ".join(each.scopes), utc(each.created))
        for each in found.items
    ]
    say(table(("key", "label", "scopes", "created (UTC)"), rows) if rows else "No keys.")


@app.command
def delete(api_key: str, /, *, options: AccountOptions = AccountOptions()) -> None:
    """Delete API_KEY: what it signs is refused from now on."""
    with connected(options) as client:
        client.delete_api_key(api_key)
    if options.json:
        print_json({"api_key": api_key, "deleted": True})
    else:
        say(f"Key {api_key} is deleted.")
