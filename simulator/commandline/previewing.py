"""What an order would do, for a person: fill, cost, position after it, and how near the end is."""

from decimal import Decimal
from typing import Final

from rich.console import RenderableType

from simulator.client.answers import Preview
from simulator.commandline.formats import distance, liquidation_price, money, number, percent
from simulator.commandline.output import facts

NEAR: Final = Decimal("0.02")
"""A move of the index that an hour may bring."""


def preview_lines(what: str, shown: Preview, mark: Decimal | None) -> list[RenderableType]:
    """The preview at a mark."""
    if shown.refusal is not None:
        return [
            f"[bold red]Would be refused:[/] {shown.refusal.detail} [dim]({shown.refusal.code})[/]"
        ]
    pairs = [
        ("would fill", _fill(shown)),
        ("would rest", _rest(shown)),
        ("fee", money(shown.fee)),
        *(_position_lines(shown, mark) if shown.paid_asset is None else _spot_lines(shown)),
    ]
    return [f"[bold]{what}[/]", facts(pairs)]


def _position_lines(shown: Preview, mark: Decimal | None) -> list[tuple[str, str]]:
    return [
        ("needs", f"{money(shown.needed)} of {money(shown.available)} available"),
        ("position after", _position(shown)),
        ("liquidation price", _liquidation(shown, mark)),
    ]


def _spot_lines(shown: Preview) -> list[tuple[str, str]]:
    """A spot order makes no position: it pays, and on margin it borrows."""
    lines = [
        ("pays", f"{number(shown.margin_locked)} {shown.paid_asset}"),
        ("would borrow", f"{number(shown.borrowed)} {shown.paid_asset}"),
        ("from CROSS", money(shown.margin_moved)),
    ]
    if shown.call_distance is not None:
        lines.append(("margin call", _call(shown.call_distance)))
    return lines


def _call(away: Decimal) -> str:
    """BOR-5: a fresh pair at 10x is 1 % from its first call, which nobody expects."""
    told = f"at an index {percent(away)} worse than now"
    return f"[bold red]{told}: that is near[/]" if away < NEAR else told


def _fill(shown: Preview) -> str:
    if not shown.filled_quantity:
        return "nothing at once"
    average, worst = number(shown.average_price), number(shown.worst_price)
    return f"{number(shown.filled_quantity)} at {average} (worst {worst})"


def _rest(shown: Preview) -> str:
    if shown.rest_canceled is not None:
        return f"nothing; what is left would be canceled ({shown.rest_canceled})"
    return number(shown.resting_quantity) if shown.resting_quantity else "nothing"


def _position(shown: Preview) -> str:
    if not shown.position_quantity:
        return "none"
    return f"{number(shown.position_quantity)} from {number(shown.entry_price)}"


def _liquidation(shown: Preview, mark: Decimal | None) -> str:
    if not shown.position_quantity:
        return "none without a position"
    price = liquidation_price(shown.liquidation_price, shown.liquidation_status)
    away = distance(mark, shown.liquidation_price)
    if away is None:
        return price
    return f"[bold]{price}[/], {percent(away)} from mark {number(mark)}"
