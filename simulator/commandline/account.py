"""`simulator account`: joining and logging in, money, settings, and which account is in use."""

import getpass
import sys
from decimal import Decimal
from typing import Annotated

import cyclopts
import msgspec
from cyclopts import Parameter
from rich.table import Table

from simulator.client import Client
from simulator.client.answers import Guest, Wallet
from simulator.commandline import account_keys
from simulator.commandline.choices import MarginMode, PositionMode, PositionSide, Wallets, flag
from simulator.commandline.credentials import (
    Credentials,
    effective,
    forget,
    store,
    stored,
)
from simulator.commandline.failures import UsageError
from simulator.commandline.formats import money, number, percent, utc
from simulator.commandline.output import facts, print_json, say, table
from simulator.commandline.session import AccountOptions, ServerOptions, connect, connected

app = cyclopts.App(name="account", help="Join, log in, move money, change settings.")
app.command(account_keys.app)

PasswordStdin = Annotated[bool, flag("Read the password from standard input.")]


@app.command
def join(
    *,
    display_name: Annotated[str | None, Parameter(help="How others see you.")] = None,
    replace: Annotated[bool, flag("Forget the login that is stored.")] = False,
    options: ServerOptions = ServerOptions(),
) -> None:
    """Join as a guest: an account with paper money, without name or password.

    Example: simulator account join --server http://127.0.0.1:8000
    """
    who = _nobody(options, replace)
    with connect(who) as client:
        guest = client.join_as_guest(display_name)
        _remember_guest(client, guest, options)


@app.command(name="sign-up")
def sign_up(
    name: str,
    /,
    *,
    display_name: Annotated[str | None, Parameter(help="How others see you.")] = None,
    password_stdin: PasswordStdin = False,
    options: ServerOptions = ServerOptions(),
) -> None:
    """Become a user with a NAME and a password. A guest keeps its accounts.

    Example: simulator account sign-up ann
    """
    password = _password(password_stdin, confirm=True)
    with connect(effective(options.server)) as client:
        done = client.sign_up(name, password, display_name)
        if isinstance(done, Guest):
            _remember_guest(client, done, options)
            return
        if options.json:
            print_json(done)
        else:
            say(f"You are [bold]{done.name}[/] now, and keep your {len(done.accounts)} account(s).")


@app.command(name="log-in")
def log_in(
    name: str,
    /,
    *,
    password_stdin: PasswordStdin = False,
    options: ServerOptions = ServerOptions(),
) -> None:
    """Log in as user NAME; the login is stored for the next calls.

    Example: simulator account log-in ann
    """
    password = _password(password_stdin)
    server = effective(options.server).server
    with connect(Credentials(server=server)) as client:
        login = client.log_in(name, password)
        path = store(
            Credentials(
                server=server,
                token=login.token,
                account_id=client.account_id,
                world=client.world_id,
                user_id=login.user_id,
            )
        )
        if options.json:
            print_json({**_who(client, login.user_id), "credentials": str(path)})
        else:
            say(f"Logged in as [bold]{name}[/], account {client.account_id or 'none'}.")


@app.command(name="log-out")
def log_out(*, options: ServerOptions = ServerOptions()) -> None:
    """Make the stored login worthless, and forget it. A guest cannot come back."""
    who = options.credentials()
    with connect(who) as client:
        client.log_out()
    kept = stored()
    if kept is not None and kept.token == who.token:
        forget()
    if options.json:
        print_json({"server": who.server, "logged_out": True})
    else:
        say(f"Logged out of {who.server}.")


@app.command
def funding(*, limit: int = 20, options: AccountOptions = AccountOptions()) -> None:
    """Show what the account's positions paid and received at funding stamps, the newest first.

    Example: simulator account funding --limit 3
    """
    with connected(options) as client:
        found = client.funding(limit=limit)
    if options.json:
        print_json(found)
        return
    if not found.items:
        say("No position of this account was open at a funding stamp yet.")
        return
    rows = [
        (
            utc(each.stamp),
            each.symbol,
            each.position_side,
            number(abs(each.quantity)),
            number(-each.amount),
        )
        for each in found.items
    ]
    say(table(("stamp", "instrument", "side", ">quantity", ">received"), rows))


@app.command
def show(*, options: AccountOptions = AccountOptions()) -> None:
    """Show the account: fees, leverage and margin mode on every instrument.

    Example: simulator account show --json
    """
    with connected(options) as client:
        found = client.account()
    if options.json:
        print_json(found)
        return
    rows = [(each.symbol, each.margin_mode, f"{each.leverage}x") for each in found.settings]
    say(
        facts(
            [
                ("account", str(found.account_id)),
                ("world", found.world),
                ("label", found.label),
                ("open orders", str(found.open_orders)),
                ("position mode", found.position_mode),
            ]
        ),
        "",
        table(("instrument", "margin mode", ">leverage"), rows),
    )


@app.command
def wallets(*, options: AccountOptions = AccountOptions()) -> None:
    """List the wallets with their margin lines. At ratio 100 % a wallet is liquidated."""
    with connected(options) as client:
        found = client.wallets()
    if options.json:
        print_json(found)
    else:
        say(wallets_table(found.items))


def wallets_table(items: list[Wallet]) -> Table:
    made = table(
        ("wallet", "asset", ">balance", ">PnL", ">equity", ">available", ">maintenance", ">ratio"),
        [
            (
                each.kind if each.symbol is None else f"{each.kind}\n{each.symbol}",
                each.asset,
                money(each.balance),
                money(each.unrealized_pnl),
                money(each.equity),
                money(each.available_balance),
                money(each.maintenance_margin),
                percent(each.margin_ratio),
            )
            for each in items
        ],
    )
    made.collapse_padding = True  # eight columns in 80 characters, whatever the numbers are
    return made


@app.command
def transfer(
    source: Wallets,
    target: Wallets,
    amount: str,
    /,
    *,
    asset: Annotated[str | None, Parameter(help="[default: USDT]")] = None,
    symbol: Annotated[str | None, Parameter(help="Instrument of the isolated wallet.")] = None,
    position_side: Annotated[
        PositionSide | None, Parameter(help="Side of the isolated wallet.")
    ] = None,
    options: AccountOptions = AccountOptions(),
) -> None:
    """Move AMOUNT from wallet SOURCE to wallet TARGET.

    Example: simulator account transfer cross isolated 50 --symbol BTCUSDT-PERP --position-side
    long
    """
    with connected(options) as client:
        done = client.transfer(
            source.value,
            target.value,
            amount,
            asset=asset,
            symbol=symbol,
            position_side=None if position_side is None else position_side.value,
        )
    if options.json:
        print_json(done)
    else:
        moved = f"{number(done.amount)} {done.asset} from {done.source} to {done.target}"
        say(f"Moved {moved}.", "", wallets_table(done.wallets))


@app.command
def deposit(
    amount: str,
    /,
    *,
    wallet: Annotated[Wallets, Parameter(help="cross or spot.")] = Wallets.CROSS,
    asset: str = "USDT",
    options: AccountOptions = AccountOptions(),
) -> None:
    """Add AMOUNT of paper money, as far as the world allows it.

    Example: simulator account deposit 5000
    """
    with connected(options) as client:
        done = client.deposit(amount, wallet=wallet.value, asset=asset)
    if options.json:
        print_json(done)
    else:
        say(f"Deposited {number(done.amount)} {done.asset} to {wallet.value}.")


@app.command
def reset(
    *,
    yes: Annotated[bool, flag("Do not ask.")] = False,
    options: AccountOptions = AccountOptions(),
) -> None:
    """Begin anew: cancel all orders, close at mark, the endowment as at first.

    Example: simulator account reset --yes
    """
    if not yes:
        raise UsageError("this closes all positions at mark; say --yes if that is meant")
    with connected(options) as client:
        done = client.reset()
    if options.json:
        print_json(done)
    else:
        run = "" if done.run is None else f" Run {done.run} begins."
        say(f"The account is as it was at first.{run}")


@app.command
def leverage(symbol: str, leverage: int, /, *, options: AccountOptions = AccountOptions()) -> None:
    """Set the LEVERAGE on instrument SYMBOL.

    Example: simulator account leverage BTCUSDT-PERP 20
    """
    with connected(options) as client:
        done = client.set_leverage(symbol, leverage)
    if options.json:
        print_json(done)
    else:
        say(f"{done.settings.symbol}: leverage {done.settings.leverage}x")


@app.command(name="margin-mode")
def margin_mode(
    symbol: str, mode: MarginMode, /, *, options: AccountOptions = AccountOptions()
) -> None:
    """Set the margin MODE on SYMBOL; not with an open position or order there.

    Example: simulator account margin-mode BTCUSDT-PERP cross
    """
    with connected(options) as client:
        done = client.set_margin_mode(symbol, mode.value)
    if options.json:
        print_json(done)
    else:
        say(f"{done.settings.symbol}: margin mode {done.settings.margin_mode}")


@app.command(name="position-mode")
def position_mode(mode: PositionMode, /, *, options: AccountOptions = AccountOptions()) -> None:
    """Set the position MODE of the account; not with any open position or order.

    In hedge mode a long and a short position stand side by side, and orders say --position-side.

    Example: simulator account position-mode hedge
    """
    with connected(options) as client:
        done = client.set_position_mode(mode.value)
    if options.json:
        print_json(done)
    else:
        say(f"Position mode {done.position_mode}.")


@app.command(name="list")
def list_accounts(*, options: ServerOptions = ServerOptions()) -> None:
    """List your accounts in all worlds; a star marks the one in use."""
    with connected(options) as client:
        found = client.accounts()
        used = client.account_id
    if options.json:
        print_json(found)
        return
    rows = [
        ("*" if each.account_id == used else "", str(each.account_id), each.world, each.label)
        for each in found.items
    ]
    say(table(("", ">account", "world", "label"), rows))


@app.command
def use(account_id: int, /, *, options: ServerOptions = ServerOptions()) -> None:
    """Act for account ACCOUNT_ID from now on.

    Example: simulator account use 1000032
    """
    with connected(options) as client:
        mine = {each.account_id: each for each in client.accounts().items}
    if account_id not in mine:
        known = ", ".join(map(str, mine)) or "none"
        raise UsageError(f"account {account_id} is not yours here; yours are: {known}")
    kept = stored()
    if kept is None or kept.server != options.credentials().server:
        raise UsageError("there is no stored login there; set SIMULATOR_ACCOUNT instead")
    chosen = mine[account_id]
    store(msgspec.structs.replace(kept, account_id=account_id, world=chosen.world))
    if options.json:
        print_json(chosen)
    else:
        say(f"Account {account_id} in world [bold]{chosen.world}[/] is in use.")


def _nobody(options: ServerOptions, replace: bool) -> Credentials:
    """The server without a login. A guest's token cannot be had again, so it is not lost lightly.

    Raises:
        UsageError: a login is stored.
    """
    kept = stored()
    if kept is not None and kept.token is not None and not replace:
        raise UsageError(
            f"account {kept.account_id} at {kept.server} is in use; say --replace to forget it"
        )
    return Credentials(server=effective(options.server).server)


def _remember_guest(client: Client, guest: Guest, options: ServerOptions) -> None:
    path = store(
        Credentials(
            server=client.base_url,
            token=guest.token,
            account_id=guest.account_id,
            world=guest.world,
            user_id=guest.user_id,
        )
    )
    if options.json:
        print_json({**_who(client, guest.user_id), "credentials": str(path)})
        return
    available = sum((each.available_balance for each in client.wallets().items), Decimal(0))
    say(
        f"Account [bold]{guest.account_id}[/] in world [bold]{guest.world}[/] has "
        f"{money(available)} USDT of paper money.",
        f"[dim]The login is kept in {path}[/]",
        "Next: [bold]simulator order place BTCUSDT-PERP buy 0.01[/]",
    )


def _who(client: Client, user_id: str) -> dict[str, str | int | None]:
    """Without the token: what is printed ends up in logs."""
    return {
        "server": client.base_url,
        "user_id": user_id,
        "account_id": client.account_id,
        "world": client.world_id,
    }


def _password(from_stdin: bool, confirm: bool = False) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask for a password; use --password-stdin")
    password = getpass.getpass("Password: ")
    if confirm and getpass.getpass("Again: ") != password:
        raise UsageError("the passwords differ")
    return password
