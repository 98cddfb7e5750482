"""`simulator positions`: what is held, what it makes, and how far the liquidation price is."""

from rich.table import Table

from simulator.client.answers import Position
from simulator.commandline.formats import (
    distance,
    gain,
    liquidation_price,
    money,
    number,
    percent,
    side,
)
from simulator.commandline.output import print_json, say, table
from simulator.commandline.session import AccountOptions, connected


def positions(*, options: AccountOptions = AccountOptions()) -> None:
    """List open positions: entry, mark, PnL, ROI, margin ratio, liquidation price, distance.

    Example: simulator positions --json
    """
    with connected(options) as client:
        found = client.positions()
    if options.json:
        print_json(found)
    else:
        say(positions_table(found.items) if found.items else "No open positions.")


def positions_table(items: list[Position]) -> Table:
    return table(
        (
            "instrument",
            ">quantity",
            ">entry",
            ">mark",
            ">PnL",
            ">ROI",
            ">ratio",
            ">liq. price",
            ">distance",
        ),
        [
            (
                f"{each.symbol}\n{side(each.side)} {each.leverage}x {each.margin_mode.lower()}",
                number(each.quantity),
                number(each.entry_price),
                number(each.mark_price),
                gain(each.unrealized_pnl, money(each.unrealized_pnl)),
                gain(each.roi, percent(each.roi)),
                percent(each.margin_ratio),
                liquidation_price(each.liquidation_price, each.liquidation_status),
                percent(distance(each.mark_price, each.liquidation_price)),
            )
            for each in items
        ],
    )
