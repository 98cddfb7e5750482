"""One frame of `simulator watch`, from a picture: marks and book above, the own account below."""

from decimal import Decimal
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator.commandline.formats import gain, money, number, percent, utc
from simulator.commandline.order import orders_table
from simulator.commandline.output import table
from simulator.commandline.positions import positions_table
from simulator.commandline.watch_picture import Picture

_SHOWN_ORDERS: Final = 8
_DEPTH_BAR: Final = 14
_MARGIN_BAR: Final = 28


def frame(picture: Picture, width: int) -> RenderableType:
    """For a terminal of so many columns."""
    market = Table.grid(padding=(0, 4))
    market.add_row(_marks(picture), _book(picture))
    parts: list[RenderableType] = [_head(picture, width), "", market]
    if picture.account_id is not None:
        parts += ["", _money(picture), _margin(picture)]
        if picture.positions:
            parts += ["", positions_table(picture.positions)]
        orders = picture.open_orders()
        if orders:
            parts += ["", orders_table(orders[:_SHOWN_ORDERS])]
        if len(orders) > _SHOWN_ORDERS:
            parts.append(Text(f"and {len(orders) - _SHOWN_ORDERS} more orders", "dim"))
        if not picture.positions and not orders:
            parts.append(Text("No positions, no open orders.", "dim"))
    return Group(*parts)


def _head(picture: Picture, width: int) -> Text:
    who = "looking on" if picture.account_id is None else f"account {picture.account_id}"
    text = Text(f"{picture.symbol} · {who}", "bold")
    beat = picture.heartbeat
    if beat is not None:
        text.append(f" · {beat.world} {beat.status} · {utc(beat.time)} UTC", "not bold dim")
    if picture.is_stale:
        text.append(" · no news: connecting again", "bold red")
    text.truncate(width, overflow="ellipsis")
    return text


def _marks(picture: Picture) -> Table:
    rows = []
    for symbol, mark in picture.marks.items():
        name = f"[bold]{symbol}[/]" if symbol == picture.symbol else symbol
        state = "" if mark.market_state == "OPEN" else f"[red]{mark.market_state}[/]"
        rows.append((name, number(mark.mark_price), number(mark.last_price), state))
    return table(("instrument", ">mark", ">last", ""), rows)


def _book(picture: Picture) -> Table:
    bids, asks = picture.bids(), picture.asks()
    most = max((quantity for _, quantity in [*bids, *asks]), default=Decimal(1))
    drawn = Table.grid(padding=(0, 1))
    drawn.add_column(justify="right")
    drawn.add_column(justify="right")
    drawn.add_column(width=_DEPTH_BAR)
    drawn.add_row("[bold]price[/]", "[bold]quantity[/]", "")
    for levels, color in ((reversed(asks), "red"), (bids, "green")):
        if color == "green":
            drawn.add_row("", "", "")
        for price, quantity in levels:
            length = max(1, int(_DEPTH_BAR * quantity / most))
            bar = Text("█" * length, color)
            drawn.add_row(f"[{color}]{number(price)}[/]", number(quantity), bar)
    return drawn


def _money(picture: Picture) -> Text:
    equity = sum((each.equity for each in picture.wallets), Decimal(0))
    free = sum((each.available_balance for each in picture.wallets), Decimal(0))
    pnl = sum((each.unrealized_pnl for each in picture.wallets), Decimal(0))
    return Text.from_markup(
        f"equity [bold]{money(equity)}[/] · available {money(free)} · PnL {gain(pnl, money(pnl))}"
    )


def _margin(picture: Picture) -> Text:
    """A bar that is full when the nearest wallet is liquidated."""
    nearest = picture.nearest()
    if nearest is None:
        return Text("to liquidation: nothing is at risk", "dim")
    wallet, ratio = nearest
    filled = min(_MARGIN_BAR, int(_MARGIN_BAR * ratio))
    color = "green" if ratio < Decimal("0.5") else "yellow"
    if ratio >= Decimal("0.8") or wallet.margin_call_id is not None:
        color = "red"
    where = wallet.kind if wallet.symbol is None else f"{wallet.kind} {wallet.symbol}"
    text = Text("to liquidation ")
    text.append("█" * filled, color).append("░" * (_MARGIN_BAR - filled), "dim")
    text.append(f" {percent(ratio)} · {where}")
    if wallet.margin_call_id is not None:
        text.append(f"  MARGIN CALL {wallet.margin_call_id}", "bold red")
    return text
