"""`simulator account borrow`, `repay` and their like: loans by hand, and what they cost."""

from decimal import Decimal
from typing import Annotated, Final

from cyclopts import Parameter
from rich.console import RenderableType

from simulator.client.answers import Wallet
from simulator.commandline import account_analyses
from simulator.commandline.choices import LendingWallet
from simulator.commandline.formats import money, number, percent, utc
from simulator.commandline.output import print_json, say, table
from simulator.commandline.session import AccountOptions, connected

app = account_analyses.app

_LEVEL: Final = Decimal("0.0001")

Pair = Annotated[str | None, Parameter(help="The pair of the isolated wallet, like BTCUSDT.")]
InWallet = Annotated[LendingWallet, Parameter(help="cross, or the isolated wallet of a pair.")]


@app.command
def borrow(
    amount: str,
    asset: str = "USDT",
    /,
    *,
    wallet: InWallet = LendingWallet.CROSS,
    symbol: Pair = None,
    options: AccountOptions = AccountOptions(),
) -> None:
    """Borrow AMOUNT of ASSET. Interest is charged at once, and then every hour.

    Example: simulator account borrow 500 USDT
    """
    with connected(options) as client:
        done = client.borrow(amount, asset=asset, wallet=wallet.value, symbol=symbol)
    if options.json:
        print_json(done)
        return
    first = f"the first hour costs {number(done.interest)} {done.asset}"
    say(f"Borrowed {number(done.amount)} {done.asset}; {first}.", "", *owing(done.wallets))


@app.command
def repay(
    amount: str | None = None,
    asset: str = "USDT",
    /,
    *,
    wallet: InWallet = LendingWallet.CROSS,
    symbol: Pair = None,
    options: AccountOptions = AccountOptions(),
) -> None:
    """Repay AMOUNT of ASSET (`all`: what is owed, as far as the balance goes), interest first.

    Example: simulator account repay all BTC
    """
    said = None if amount in (None, "all") else amount
    with connected(options) as client:
        done = client.repay(said, asset=asset, wallet=wallet.value, symbol=symbol)
    if options.json:
        print_json(done)
        return
    parts = f"{number(done.interest)} of interest and {number(done.principal)} of the loan"
    say(f"Repaid {parts} in {done.asset}.", "", *owing(done.wallets))


@app.command
def borrowable(
    asset: str = "USDT",
    /,
    *,
    wallet: InWallet = LendingWallet.CROSS,
    symbol: Pair = None,
    options: AccountOptions = AccountOptions(),
) -> None:
    """Show how much more of ASSET may be borrowed now.

    Example: simulator account borrowable BTC
    """
    with connected(options) as client:
        found = client.borrowable(asset, wallet=wallet.value, symbol=symbol)
    if options.json:
        print_json(found)
        return
    rate = percent(found.daily_borrow_rate)
    say(f"Up to {number(found.amount)} {found.asset}, at {rate} a day.")


@app.command(name="cross-leverage")
def cross_leverage(leverage: int, /, *, options: AccountOptions = AccountOptions()) -> None:
    """Set the LEVERAGE of CROSS as spot margin: 3 or 5 times, each with its own call level.

    Example: simulator account cross-leverage 5
    """
    with connected(options) as client:
        done = client.set_cross_leverage(leverage)
    if options.json:
        print_json(done)
    else:
        say(f"Spot margin in CROSS: {done.leverage}x")


@app.command
def interest(*, limit: int = 20, options: AccountOptions = AccountOptions()) -> None:
    """Show the hours of interest on what the account owed, the newest first.

    Example: simulator account interest --limit 3
    """
    with connected(options) as client:
        found = client.interest(limit=limit)
    if options.json:
        print_json(found)
        return
    if not found.items:
        say("This account has owed nothing yet.")
        return
    rows = [
        (
            utc(each.time),
            each.asset,
            number(each.principal),
            percent(each.daily_borrow_rate),
            number(each.interest),
        )
        for each in found.items
    ]
    say(table(("hour", "asset", ">owed", ">a day", ">interest"), rows))


@app.command
def assets(*, options: AccountOptions = AccountOptions()) -> None:
    """List what each wallet holds and owes, asset by asset, and how near a margin call is."""
    with connected(options) as client:
        found = client.wallets()
    if options.json:
        print_json(found)
    else:
        say(*owing(found.items))


def owing(wallets: list[Wallet]) -> list[RenderableType]:
    """A table of assets, and a line for each wallet with a debt."""
    rows = [
        (
            each.kind if each.symbol is None else f"{each.kind}\n{each.symbol}",
            held.asset,
            number(held.balance),
            number(held.borrowed),
            number(held.interest),
            money(held.value),
        )
        for each in wallets
        for held in each.assets
    ]
    lines: list[RenderableType] = [
        table(("wallet", "asset", ">balance", ">borrowed", ">interest", ">worth"), rows)
    ]
    for each in wallets:
        if each.margin_level is not None and each.call_level is not None:
            lines.append(
                f"{each.kind}: margin level {number(each.margin_level.quantize(_LEVEL))}; "
                f"call at {number(each.call_level)}, "
                f"liquidation at {number(each.liquidation_level)}"
            )
    return lines
