"""One account: money, settings, positions. `account_id` is the client's own unless it is given."""

from typing import Any

from simulator.client.answers import (
    AccountDetail,
    Deposit,
    MarginMode,
    PositionMode,
    Positions,
    PositionSide,
    Reset,
    SettingsChanged,
    Transfer,
    WalletKind,
    Wallets,
)
from simulator.client.core import Call, Core, Work
from simulator.client.endpoints import endpoint
from simulator.client.numbers import Number, decimal_text

Body = dict[str, Any] | None


class AccountMethods:
    core: Core

    @endpoint
    def account(self, *, account_id: int | None = None) -> Work[AccountDetail]:
        """Fees and settings."""
        return _read(self.core, "", AccountDetail, account_id)

    @endpoint
    def wallets(self, *, account_id: int | None = None) -> Work[Wallets]:
        """SPOT, CROSS and the isolated wallets in use, with their margin lines."""
        return _read(self.core, "/wallets", Wallets, account_id)

    @endpoint
    def positions(self, *, account_id: int | None = None) -> Work[Positions]:
        """Open positions with their liquidation and bankruptcy prices."""
        return _read(self.core, "/positions", Positions, account_id)

    @endpoint
    def transfer(
        self,
        source: WalletKind,
        target: WalletKind,
        amount: Number,
        *,
        asset: str | None = None,
        symbol: str | None = None,
        position_side: PositionSide | None = None,
        account_id: int | None = None,
    ) -> Work[Transfer]:
        """Moves money between wallets; an ISOLATED one is named by symbol and position side."""
        body = {
            "source": source,
            "target": target,
            "amount": decimal_text(amount),
            "asset": asset,
            "symbol": symbol,
            "position_side": position_side,
        }
        return _write(
            self.core, "POST", self.core.account_path("/transfers", account_id), Transfer, body
        )

    @endpoint
    def deposit(
        self,
        amount: Number,
        *,
        wallet: WalletKind = "CROSS",
        asset: str = "USDT",
        account_id: int | None = None,
    ) -> Work[Deposit]:
        """More paper money, as far as the world allows it."""
        body = {"wallet": wallet, "asset": asset, "amount": decimal_text(amount)}
        return _write(
            self.core, "POST", self.core.account_path("/deposits", account_id), Deposit, body
        )

    @endpoint
    def reset(self, *, account_id: int | None = None) -> Work[Reset]:
        """Begins anew: orders canceled, positions closed at mark, the endowment as at first."""
        return _write(self.core, "POST", self.core.account_path("/reset", account_id), Reset)

    @endpoint
    def set_leverage(
        self, symbol: str, leverage: int, *, account_id: int | None = None
    ) -> Work[SettingsChanged]:
        body = {"symbol": symbol, "leverage": leverage}
        return _write(
            self.core, "PUT", self.core.account_path("/leverage", account_id), SettingsChanged, body
        )

    @endpoint
    def set_margin_mode(
        self, symbol: str, margin_mode: MarginMode, *, account_id: int | None = None
    ) -> Work[SettingsChanged]:
        """Not with an open position or order there."""
        body = {"symbol": symbol, "margin_mode": margin_mode}
        return _write(
            self.core,
            "PUT",
            self.core.account_path("/margin-mode", account_id),
            SettingsChanged,
            body,
        )

    @endpoint
    def set_position_mode(
        self, position_mode: str, *, account_id: int | None = None
    ) -> Work[PositionMode]:
        body = {"position_mode": position_mode}
        return _write(
            self.core,
            "PUT",
            self.core.account_path("/position-mode", account_id),
            PositionMode,
            body,
        )


def _read(core: Core, path: str, answer: Any, account_id: int | None) -> Work[Any]:
    call: Call[Any] = Call(
        method="GET",
        path=core.account_path(path, account_id),
        answer=answer,
        params=core.account_params(),
        repeatable=True,
    )
    return core.work(call)


def _write(core: Core, method: str, path: str, answer: Any, body: Body = None) -> Work[Any]:
    call: Call[Any] = Call(
        method=method, path=path, answer=answer, params=core.account_params(), body=body
    )
    return core.work(call)
