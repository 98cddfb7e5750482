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
    """Two lines a position, so that it fits on 80 columns."""
    return table(
        (
            "instrument",
            ">quantity",
            ">entry\nmark",
            ">PnL\nROI",
            ">margin\nratio",
            ">liquidation\ndistance",
        ),
        [
            (
                f"{each.symbol}\n{side(each.side)} {each.leverage}x {each.margin_mode.lower()}",
                number(each.quantity),
                f"{number(each.entry_price)}\n{number(each.mark_price)}",
                f"{gain(each.unrealized_pnl, money(each.unrealized_pnl))}\n"
                f"{gain(each.roi, percent(each.roi))}",
                f"{money(each.margin)}\n{percent(each.margin_ratio)}",
                f"{liquidation_price(each.liquidation_price, each.liquidation_status)}\n"
                f"{percent(distance(each.mark_price, each.liquidation_price))}",
            )
            for each in items
        ],
    )
