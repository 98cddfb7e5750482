"""What happened to an account: fills, ledger, margin calls, liquidations; and lists as CSV."""

from typing import Any, Final

from simulator.client.analyses import Attribution, Explanation
from simulator.client.answers import Fill, ListOrder, Page
from simulator.client.core import Call, Core, Parameters, Work
from simulator.client.endpoints import endpoint, listing
from simulator.client.history_answers import (
    FundingPayment,
    LedgerEntry,
    Liquidation,
    LiquidationDetail,
    MarginCall,
)

MOST_ITEMS: Final = 1_000

ACCOUNT_LISTS: Final = {
    "wallets": "/wallets",
    "positions": "/positions",
    "orders": "/orders",
    "order_history": "/orders/history",
    "fills": "/fills",
    "ledger": "/ledger",
    "funding": "/funding",
    "interest": "/interest",
    "margin_calls": "/margin-calls",
    "liquidations": "/liquidations",
}
WORLD_LISTS: Final = {
    "instruments": "/instruments",
    "assets": "/assets",
    "marks": "/marks",
    "statistics": "/statistics",
    "trades": "/trades/{symbol}",
    "funding_rates": "/funding/{symbol}",
    "candles": "/candles/{symbol}",
}
TOP_LISTS: Final = {"accounts": "/accounts", "worlds": "/worlds"}

PAGED: Final = frozenset(
    {
        "orders",
        "order_history",
        "fills",
        "ledger",
        "funding",
        "interest",
        "margin_calls",
        "liquidations",
        "trades",
        "funding_rates",
        "candles",
    }
)


class HistoryMethods:
    core: Core

    @listing
    def fills(
        self,
        symbol: str | None = None,
        *,
        after: str | None = None,
        limit: int = 100,
        order: ListOrder = "NEWEST",
        account_id: int | None = None,
    ) -> Call[Page[Fill]]:
        """The account's halves of trades."""
        params = {"symbol": symbol, "after": after, "limit": limit, "order": order}
        return self._history("/fills", Page[Fill], params, account_id)

    @listing
    def ledger(
        self,
        *,
        after: str | None = None,
        limit: int = 100,
        order: ListOrder = "NEWEST",
        account_id: int | None = None,
    ) -> Call[Page[LedgerEntry]]:
        """Every transfer into and out of the account's wallets."""
        params = {"after": after, "limit": limit, "order": order}
        return self._history("/ledger", Page[LedgerEntry], params, account_id)

    @listing
    def funding(
        self,
        *,
        after: str | None = None,
        limit: int = 100,
        order: ListOrder = "NEWEST",
        account_id: int | None = None,
    ) -> Call[Page[FundingPayment]]:
        """What the account's positions paid and received at funding stamps."""
        params = {"after": after, "limit": limit, "order": order}
        return self._history("/funding", Page[FundingPayment], params, account_id)

    @listing
    def margin_calls(
        self,
        *,
        after: str | None = None,
        limit: int = 100,
        order: ListOrder = "NEWEST",
        account_id: int | None = None,
    ) -> Call[Page[MarginCall]]:
        """Each with its cure, and how it ended."""
        params = {"after": after, "limit": limit, "order": order}
        return self._history("/margin-calls", Page[MarginCall], params, account_id)

    @listing
    def liquidations(
        self,
        *,
        after: str | None = None,
        limit: int = 100,
        order: ListOrder = "NEWEST",
        account_id: int | None = None,
    ) -> Call[Page[Liquidation]]:
        """Forced closes of the account's wallets."""
        params = {"after": after, "limit": limit, "order": order}
        return self._history("/liquidations", Page[Liquidation], params, account_id)

    @endpoint
    def liquidation(
        self, liquidation_id: int, *, account_id: int | None = None
    ) -> Work[LiquidationDetail]:
        """One liquidation with its steps, what the insurance fund took, and what fell to others."""
        path = f"/liquidations/{liquidation_id}"
        return self.core.work(self._history(path, LiquidationDetail, {}, account_id))

    @endpoint
    def explain_liquidation(
        self, liquidation_id: int, *, account_id: int | None = None
    ) -> Work[Explanation]:
        """Why it happened, who took the other side, and what would have avoided it.

        A card that takes long is worked out in spite of a timeout: then it is there when it is
        asked for again.
        """
        path = f"/liquidations/{liquidation_id}/explanation"
        return self.core.work(self._history(path, Explanation, {}, account_id))

    @endpoint
    def explain_margin_call(
        self, margin_call_id: int, *, account_id: int | None = None
    ) -> Work[Explanation]:
        """Why it was issued, how it ends, and what would have avoided it."""
        path = f"/margin-calls/{margin_call_id}/explanation"
        return self.core.work(self._history(path, Explanation, {}, account_id))

    @endpoint
    def attribution(
        self, begin: int | None = None, end: int | None = None, *, account_id: int | None = None
    ) -> Work[Attribution]:
        """Where the change of equity came from, between two world times in milliseconds.

        By default from the account's opening until now.
        """
        params = {"from": begin, "to": end}
        return self.core.work(self._history("/attribution", Attribution, params, account_id))

    @endpoint
    def export_csv(
        self,
        list_name: str,
        symbol: str | None = None,
        *,
        account_id: int | None = None,
        world: str | None = None,
        filters: Parameters | None = None,
    ) -> Work[str]:
        """A whole list as CSV text with one header row: all its pages, 1,000 rows at a time.

        `list_name` is the name of the method that gives the list. `filters` are its own, such as
        {"interval": "1h"} for candles.
        """
        if list_name in ACCOUNT_LISTS:
            path = self.core.account_path(ACCOUNT_LISTS[list_name], account_id)
            params = self.core.account_params(symbol=symbol)
        elif list_name in WORLD_LISTS:
            path, params = self.core.world_path(_world_list(list_name, symbol), world), {}
        elif list_name in TOP_LISTS:
            path, params = TOP_LISTS[list_name], {}
        else:
            known = ", ".join([*ACCOUNT_LISTS, *WORLD_LISTS, *TOP_LISTS])
            raise ValueError(f"there is no list {list_name!r}; there are {known}")
        limit = MOST_ITEMS if list_name in PAGED else None
        params = {**params, "format": "csv", "limit": limit, **(filters or {})}
        call: Call[str] = Call(method="GET", path=path, answer=None, params=params, repeatable=True)
        return self._csv(call)

    def _csv(self, call: Call[str]) -> Work[str]:
        text = ""
        while True:
            response = yield from self.core.exchange(call)
            page = response.text
            text += page if not text else page.partition("\n")[2]
            cursor = response.headers.get("x-next-cursor")
            if not cursor:
                return text
            call = call.after(cursor)

    def _history(
        self, path: str, answer: Any, params: Parameters, account_id: int | None
    ) -> Call[Any]:
        return Call(
            method="GET",
            path=self.core.account_path(path, account_id),
            answer=answer,
            params=self.core.account_params(**params),
            repeatable=True,
        )


def _world_list(list_name: str, symbol: str | None) -> str:
    template = WORLD_LISTS[list_name]
    if "{symbol}" not in template:
        return template
    if symbol is None:
        raise ValueError(f"{list_name} are those of one instrument: name its symbol")
    return template.format(symbol=symbol)
