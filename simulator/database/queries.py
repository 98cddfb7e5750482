"""Histories: what the API lists from the tables, a page at a time.

Every list takes a `Window` and gives a `Page`; `next` of a page is `after` of the following one.
Pages are cut by key, never by offset, so that rows written meanwhile shift nothing. Items are
integers as in the tables (`history_items`); decimals are the API's affair. The queries look rows
up by account and do not ask whether the caller may see it.
"""

from collections.abc import Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    and_,
    func,
    or_,
    select,
    union_all,
)

from simulator.database import schema
from simulator.database.engine import reading
from simulator.database.history_items import (
    DeleveragingItem,
    FundingPaymentItem,
    FundingRateItem,
    InterestItem,
    Item,
    LedgerItem,
    LiquidationItem,
    LiquidationStepItem,
    MarginCallItem,
    OrderItem,
    TakeoverItem,
    TradeItem,
)

MOST_ITEMS: Final = 1_000


ItemType = TypeVar("ItemType", bound=Item)


class Window(msgspec.Struct, frozen=True):
    """Which page of a list. `after` is the `next` of the page before, none for the first."""

    after: str | None = None
    limit: int = 100
    newest_first: bool = True


class Page(msgspec.Struct, Generic[ItemType], frozen=True):
    """`next` is none where the list ends."""

    items: list[ItemType]
    next: str | None


class Histories:
    """The lists of one database. All methods block; call them off the event loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def orders(
        self,
        world_id: str,
        account_id: int,
        window: Window,
        *,
        instrument_id: int | None = None,
        open_only: bool = False,
    ) -> Page[OrderItem]:
        """An account's orders, open and ended, by id."""
        table = schema.orders
        query = _select(table, OrderItem, world_id).where(table.c.account_id == account_id)
        if instrument_id is not None:
            query = query.where(table.c.instrument_id == instrument_id)
        if open_only:
            query = query.where(table.c.status.in_(("ACCEPTED", "RESTING")))
        return self._page([query], [table.c.order_id], OrderItem, window)

    def order(self, world_id: str, account_id: int, order_id: int) -> OrderItem | None:
        """One order of an account; none if it has no such order."""
        table = schema.orders
        query = _select(table, OrderItem, world_id).where(
            table.c.order_id == order_id, table.c.account_id == account_id
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else OrderItem(*row)

    def client_order(self, world_id: str, account_id: int, client_order_id: str) -> int | None:
        """The id of an account's newest order under a client order id; none if there is none."""
        table = schema.orders
        query = (
            select(table.c.order_id)
            .where(
                table.c.world_id == world_id,
                table.c.account_id == account_id,
                table.c.client_order_id == client_order_id,
            )
            .order_by(table.c.order_id.desc())
            .limit(1)
        )
        with reading(self._engine) as connection:
            found: int | None = connection.execute(query).scalar_one_or_none()
        return found

    def trades(self, world_id: str, instrument_id: int, window: Window) -> Page[TradeItem]:
        """All trades of an instrument, by id."""
        table = schema.trades
        query = _select(table, TradeItem, world_id).where(table.c.instrument_id == instrument_id)
        return self._page([query], [table.c.trade_id], TradeItem, window)

    def fills(
        self,
        world_id: str,
        account_id: int,
        window: Window,
        *,
        instrument_id: int | None = None,
    ) -> Page[TradeItem]:
        """The trades of an account, as taker or maker, by id."""
        table = schema.trades
        query = _select(table, TradeItem, world_id)
        if instrument_id is not None:
            query = query.where(table.c.instrument_id == instrument_id)
        parts = [
            query.where(table.c.taker_account_id == account_id),
            # A trade with oneself is in the first part already.
            query.where(
                table.c.maker_account_id == account_id, table.c.taker_account_id != account_id
            ),
        ]
        return self._page(parts, [table.c.trade_id], TradeItem, window)

    def ledger(
        self,
        world_id: str,
        account_id: int,
        window: Window,
        *,
        wallet_ids: Sequence[int] | None = None,
        kinds: Sequence[str] | None = None,
    ) -> Page[LedgerItem]:
        """The transfers that an account's wallets paid or received, or some of them."""
        table = schema.ledger_entries
        query = _select(table, LedgerItem, world_id)
        if wallet_ids is not None:
            query = query.where(or_(table.c.source.in_(wallet_ids), table.c.target.in_(wallet_ids)))
        if kinds is not None:
            query = query.where(table.c.kind.in_(kinds))
        parts = [
            query.where(table.c.account_id == account_id),
            query.where(table.c.other_account_id == account_id),
        ]
        return self._page(parts, [table.c.seq, table.c.entry_index], LedgerItem, window)

    def margin_calls(self, world_id: str, account_id: int, window: Window) -> Page[MarginCallItem]:
        """An account's margin calls, by id."""
        table = schema.margin_calls
        query = _select(table, MarginCallItem, world_id).where(table.c.account_id == account_id)
        return self._page([query], [table.c.margin_call_id], MarginCallItem, window)

    def margin_call(
        self, world_id: str, account_id: int, margin_call_id: int
    ) -> MarginCallItem | None:
        """One margin call of an account; none if it has no such call."""
        window = Window(after=str(margin_call_id + 1), limit=1)
        found = self.margin_calls(world_id, account_id, window).items
        return found[0] if found and found[0].margin_call_id == margin_call_id else None

    def liquidation(
        self, world_id: str, account_id: int, liquidation_id: int
    ) -> LiquidationItem | None:
        """One liquidation of an account; none if it has no such liquidation."""
        window = Window(after=str(liquidation_id + 1), limit=1)
        found = self.liquidations(world_id, window, account_id=account_id).items
        return found[0] if found and found[0].liquidation_id == liquidation_id else None

    def opened(self, world_id: str, account_id: int) -> tuple[int, int] | None:
        """Entry and world time of an account's opening; none if there is no such account."""
        table = schema.accounts
        query = select(table.c.opened_seq, table.c.opened_ns).where(
            table.c.world_id == world_id, table.c.account_id == account_id
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else (row[0], row[1])

    def liquidations(
        self, world_id: str, window: Window, *, account_id: int | None = None
    ) -> Page[LiquidationItem]:
        """All liquidations of a world, or an account's, by id."""
        table = schema.liquidations
        query = _select(table, LiquidationItem, world_id)
        if account_id is not None:
            query = query.where(table.c.account_id == account_id)
        return self._page([query], [table.c.liquidation_id], LiquidationItem, window)

    def liquidation_steps(self, world_id: str, liquidation_id: int) -> list[LiquidationStepItem]:
        """LIQ-3: what was offered on the book, in order."""
        return self._of_liquidation(
            schema.liquidation_steps, LiquidationStepItem, world_id, liquidation_id
        )

    def takeovers(self, world_id: str, liquidation_id: int) -> list[TakeoverItem]:
        """LIQ-6: what the insurance fund took, in order."""
        return self._of_liquidation(schema.takeovers, TakeoverItem, world_id, liquidation_id)

    def deleveragings(self, world_id: str, liquidation_id: int) -> list[DeleveragingItem]:
        """LIQ-7: whose positions were closed against it, in order."""
        table = schema.deleveragings
        return self._of_liquidation(table, DeleveragingItem, world_id, liquidation_id)

    def funding_rates(
        self, world_id: str, instrument_id: int, window: Window
    ) -> Page[FundingRateItem]:
        """FND-1: an instrument's settled rates, by stamp."""
        table = schema.funding_rates
        query = _select(table, FundingRateItem, world_id)
        query = query.where(table.c.instrument_id == instrument_id)
        return self._page([query], [table.c.stamp_ns], FundingRateItem, window)

    def funding_payments(
        self, world_id: str, account_id: int, window: Window
    ) -> Page[FundingPaymentItem]:
        """FND-2: what an account's positions paid and received, in order."""
        table = schema.funding_payments
        query = _select(table, FundingPaymentItem, world_id)
        query = query.where(table.c.account_id == account_id)
        key = [table.c.seq, table.c.entry_index]
        return self._page([query], key, FundingPaymentItem, window)

    def interest(self, world_id: str, account_id: int, window: Window) -> Page[InterestItem]:
        """BOR-3: the hours of interest on what an account owes, in order."""
        table = schema.interest_charges
        query = _select(table, InterestItem, world_id).where(table.c.account_id == account_id)
        key = [table.c.seq, table.c.entry_index]
        return self._page([query], key, InterestItem, window)

    def _of_liquidation(
        self, table: Table, item: type[ItemType], world_id: str, liquidation_id: int
    ) -> list[ItemType]:
        query = (
            _select(table, item, world_id)
            .where(table.c.liquidation_id == liquidation_id)
            .order_by(table.c.seq, table.c.entry_index)
        )
        with reading(self._engine) as connection:
            return [item(*row) for row in connection.execute(query)]

    def _page(
        self,
        parts: Sequence[Select[Any]],
        key: Sequence[Column[int]],
        item: type[ItemType],
        window: Window,
    ) -> Page[ItemType]:
        """One page of the union of disjoint parts. Each part reads no more than the page needs."""
        check_limit(window.limit)
        bound = None if window.after is None else parse_cursor(window.after, len(key))
        limited = []
        for part in parts:
            if bound is not None:
                part = part.where(_is_beyond(key, bound, window.newest_first))
            order = [column.desc() if window.newest_first else column.asc() for column in key]
            limited.append(part.order_by(*order).limit(window.limit + 1).subquery())
        merged = union_all(*(select(part) for part in limited)).subquery()
        columns = [merged.c[column.name] for column in key]
        order = [column.desc() if window.newest_first else column.asc() for column in columns]
        query = select(merged).order_by(*order).limit(window.limit + 1)
        with reading(self._engine) as connection:
            items = [item(*row) for row in connection.execute(query)]
        following = None
        if len(items) > window.limit:
            items.pop()
            following = "-".join(str(getattr(items[-1], column.name)) for column in key)
        return Page(items, following)


def newest_seq(connection: Connection, world_id: str) -> int:
    """The place in the journal up to which the tables speak in this transaction; 0 if none."""
    journal = schema.journal_entries
    query = select(func.max(journal.c.seq)).where(journal.c.world_id == world_id)
    return connection.execute(query).scalar_one() or 0


def check_limit(limit: int) -> None:
    """Raises ValueError for a page size that is not served."""
    if not 1 <= limit <= MOST_ITEMS:
        raise ValueError(f"limit {limit} should be between 1 and {MOST_ITEMS}")


def parse_cursor(after: str, parts: int) -> tuple[int, ...]:
    """Reads a cursor that a page gave out: numbers joined by dashes.

    Raises:
        ValueError: it is none.
    """
    numbers = after.split("-")
    good = len(numbers) == parts and all(
        number.isascii() and number.isdecimal() and len(number) <= 19 and int(number) < 1 << 63
        for number in numbers
    )
    if not good:
        raise ValueError(f"after {after[:40]!r} should be the `next` of an earlier page")
    return tuple(map(int, numbers))


def _select(table: Table, item: type[Item], world_id: str) -> Select[Any]:
    columns = [table.c[name] for name in item.__struct_fields__]
    return select(*columns).where(table.c.world_id == world_id)


def _is_beyond(
    key: Sequence[Column[int]], bound: tuple[int, ...], newest_first: bool
) -> ColumnElement[bool]:
    """`(a, b) > (x, y)` in the order of the list, in words that every database plans well."""
    first, number = key[0], bound[0]
    beyond = first < number if newest_first else first > number
    if len(key) == 1:
        return beyond
    not_before = first <= number if newest_first else first >= number
    return and_(not_before, or_(beyond, _is_beyond(key[1:], bound[1:], newest_first)))
