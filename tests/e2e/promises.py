"""What a server has promised: everything that a client was told before the process was killed.

Each acknowledgement is kept with the seq of its journal entry, so that the audit can hold the
journal and the tables against it. What was asked and not answered is kept apart: it may have
happened or not, but not twice.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from simulator.decimal_text import parse_decimal

Json = dict[str, Any]

ENDED = ("FILLED", "CANCELED")


class Units(NamedTuple):
    """The decimals of an instrument, as the public list of instruments gives them."""

    price_decimals: int
    quantity_decimals: int
    tick_size: int


class Placed(NamedTuple):
    """The first answer to a client order id: an order, or the reason of its refusal."""

    seq: int
    account_id: int
    order_id: int | None
    refusal: str | None
    trade_ids: tuple[int, ...]


class Changed(NamedTuple):
    """An acknowledged command on open orders: Cancel, Amend or CancelAll."""

    seq: int
    account_id: int
    kind: str
    order_ids: tuple[int, ...]


class Traded(NamedTuple):
    """One side of a trade, in the units of its instrument."""

    trade_id: int
    order_id: int
    price: int
    quantity: int


class Joined(NamedTuple):
    """A guest who was let in, and what it had in CROSS and SPOT after its transfers."""

    account_id: int
    token: str
    seq: int


@dataclass
class OrderPromise:
    """How far an order was, as the client last knew."""

    order_id: int
    account_id: int
    client_order_id: str | None
    filled: int = 0
    ended_as: str | None = None


@dataclass
class Promises:
    """See the module. Client order ids are kept by `(account, client order id)`."""

    units: dict[str, Units]
    highest_seq: int = 0
    acknowledgements: int = 0
    """Answers to orders, amends, cancels, joins and transfers."""
    placed: dict[tuple[int, str], Placed] = field(default_factory=dict)
    requests: dict[tuple[int, str], Json] = field(default_factory=dict)
    """Every order that was asked for, word for word."""
    changed: list[Changed] = field(default_factory=list)
    orders: dict[int, OrderPromise] = field(default_factory=dict)
    trades: dict[tuple[int, int], Traded] = field(default_factory=dict)
    """By trade and order: both sides of a trade may be ours."""
    joined: list[Joined] = field(default_factory=list)
    transferred: list[tuple[int, int]] = field(default_factory=list)
    """Account and seq of each acknowledged transfer."""
    refusals: int = 0

    def see(self, seq: int) -> None:
        self.highest_seq = max(self.highest_seq, seq)

    @property
    def unanswered(self) -> list[tuple[int, str]]:
        return [key for key in self.requests if key not in self.placed]

    # -- answers -----------------------------------------------------------------------------------

    def order_placed(self, account_id: int, client_order_id: str, result: Json) -> None:
        """The answer to a new order (not to its repetition)."""
        self.acknowledgements += 1
        self.order_seen(account_id, result["order"])
        for each in result["fills"]:
            self.fill_seen(each)
        self.placed[(account_id, client_order_id)] = Placed(
            result["seq"],
            account_id,
            result["order"]["order_id"],
            None,
            tuple(each["trade_id"] for each in result["fills"]),
        )

    def order_refused(self, account_id: int, client_order_id: str, problem: Json) -> None:
        """A refusal by a rule is journaled like everything else (ORD-10)."""
        self.acknowledgements += 1
        self.refusals += 1
        self.see(problem["seq"])
        key = (account_id, client_order_id)
        self.placed[key] = Placed(problem["seq"], account_id, None, problem["code"], ())

    def order_changed(self, account_id: int, kind: str, result: Json) -> None:
        """The answer to an amend or a cancel."""
        self.acknowledgements += 1
        self.order_seen(account_id, result["order"])
        for each in result["fills"]:
            self.fill_seen(each)
        self.changed.append(
            Changed(result["seq"], account_id, kind, (result["order"]["order_id"],))
        )

    def orders_canceled(self, account_id: int, result: Json) -> None:
        """The answer to a cancel-all."""
        self.acknowledgements += 1
        order_ids = tuple(result["order_ids"])
        self.changed.append(Changed(result["seq"], account_id, "CancelAllOrders", order_ids))
        for order_id in order_ids:
            known = self.orders.setdefault(order_id, OrderPromise(order_id, account_id, None))
            known.ended_as = "CANCELED"

    # -- answers and news --------------------------------------------------------------------------

    def order_seen(self, account_id: int, order: Json) -> None:
        """An order in an answer or in the private channel. News may come out of order."""
        known = self.orders.setdefault(
            order["order_id"],
            OrderPromise(order["order_id"], account_id, order["client_order_id"]),
        )
        known.client_order_id = order["client_order_id"]
        decimals = self.units[order["symbol"]].quantity_decimals
        known.filled = max(known.filled, parse_decimal(order["filled_quantity"], decimals))
        if order["status"] in ENDED:
            known.ended_as = order["status"]

    def fill_seen(self, fill: Json) -> None:
        units = self.units[fill["symbol"]]
        self.see(fill["seq"])
        self.trades[(fill["trade_id"], fill["order_id"])] = Traded(
            fill["trade_id"],
            fill["order_id"],
            parse_decimal(fill["price"], units.price_decimals),
            parse_decimal(fill["quantity"], units.quantity_decimals),
        )
