"""Borrowing by hand: loans, repayments, how much more, and what it cost."""

from typing import Any

from simulator.client.answers import ListOrder, Page
from simulator.client.borrowing_answers import (
    Borrowable,
    CrossLeverageSet,
    LendingWallet,
    Loan,
    Repayment,
)
from simulator.client.core import Call, Core, Parameters, Work
from simulator.client.endpoints import endpoint, listing
from simulator.client.history_answers import InterestCharge
from simulator.client.numbers import Number, decimal_text, optional_decimal_text


class BorrowingMethods:
    core: Core

    @endpoint
    def borrow(
        self,
        amount: Number,
        *,
        asset: str | None = None,
        wallet: LendingWallet = "CROSS",
        symbol: str | None = None,
        account_id: int | None = None,
    ) -> Work[Loan]:
        """Lends to CROSS, or to the ISOLATED wallet of the pair `symbol`; USDT unless it is said.

        Raises Refused with the most that may be borrowed.
        """
        body = {"amount": decimal_text(amount), **_place(wallet, asset, symbol)}
        return self._write("POST", "/borrow", Loan, body, account_id)

    @endpoint
    def repay(
        self,
        amount: Number | None = None,
        *,
        asset: str | None = None,
        wallet: LendingWallet = "CROSS",
        symbol: str | None = None,
        account_id: int | None = None,
    ) -> Work[Repayment]:
        """Interest first; without an amount all that is owed, as far as the free balance goes."""
        body = {"amount": optional_decimal_text(amount), **_place(wallet, asset, symbol)}
        return self._write("POST", "/repay", Repayment, body, account_id)

    @endpoint
    def borrowable(
        self,
        asset: str | None = None,
        *,
        wallet: LendingWallet = "CROSS",
        symbol: str | None = None,
        account_id: int | None = None,
    ) -> Work[Borrowable]:
        """The largest loan that would be given now: pool, cap and margin are looked at."""
        params = _place(wallet, asset, symbol)
        return self.core.work(self._call("GET", "/borrowable", Borrowable, account_id, params))

    @endpoint
    def set_cross_leverage(
        self, leverage: int, *, account_id: int | None = None
    ) -> Work[CrossLeverageSet]:
        """The product of CROSS as spot margin, 3 or 5 times, with its own call level."""
        body = {"leverage": leverage}
        return self._write("PUT", "/cross-leverage", CrossLeverageSet, body, account_id)

    @listing
    def interest(
        self,
        *,
        after: str | None = None,
        limit: int = 100,
        order: ListOrder = "NEWEST",
        account_id: int | None = None,
    ) -> Call[Page[InterestCharge]]:
        """The hours of interest on what the account's wallets owed."""
        params: Parameters = {"after": after, "limit": limit, "order": order}
        return self._call("GET", "/interest", Page[InterestCharge], account_id, params)

    def _call(
        self, method: str, path: str, answer: Any, account_id: int | None, params: Parameters
    ) -> Call[Any]:
        return Call(
            method=method,
            path=self.core.account_path(path, account_id),
            answer=answer,
            params={**self.core.account_params(), **params},
            repeatable=True,
        )

    def _write(
        self, method: str, path: str, answer: Any, body: dict[str, Any], account_id: int | None
    ) -> Work[Any]:
        call: Call[Any] = Call(
            method=method,
            path=self.core.account_path(path, account_id),
            answer=answer,
            params=self.core.account_params(),
            body={name: value for name, value in body.items() if value is not None},
        )
        return self.core.work(call)


def _place(wallet: LendingWallet, asset: str | None, symbol: str | None) -> Parameters:
    return {"wallet": wallet, "asset": asset, "symbol": symbol}
