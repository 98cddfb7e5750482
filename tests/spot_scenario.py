"""The language of rule tests for spot margin: spot instruments, pools, loans and what is held."""

from typing import Any

from simulator.core.model import commands as c
from simulator.core.model.enums import InstrumentKind, WalletKind
from simulator.core.model.instruments import Asset
from tests.scenario import (
    AMOUNT_DECIMALS,
    Events,
    World,
    amount,
    instrument_terms,
    plain,
    rate,
)


class SpotWorld(World):
    """A world that may lend."""

    def spot(
        self,
        symbol: str,
        base: str,
        *,
        haircut: str = "0",
        borrow_rate: str = "0",
        cap: str | None = None,
        **terms: Any,
    ) -> Events:
        """A spot instrument and its base asset (8 decimals), with 0.01 by 0.001."""
        if base not in self.assets:
            self.assets[base] = asset_id = len(self.assets) + 1
            limit = None if cap is None else amount(cap)
            rates = (rate(haircut), rate(borrow_rate))
            self.run(c.DefineAsset(Asset(asset_id, base, AMOUNT_DECIMALS, *rates, limit)))
        self.symbols[symbol] = instrument_id = len(self.symbols) + 1
        fields = {
            "kind": InstrumentKind.SPOT,
            "base": base,
            "base_asset_id": self.assets[base],
            "base_multiplier": 10 ** (AMOUNT_DECIMALS - terms.get("quantity_decimals", 3)),
            "default_leverage": 5,
        }
        return self.run(
            c.ListInstrument(instrument_terms(instrument_id, symbol, **(fields | terms)), ())
        )

    def pool(self, asset: str, text: str) -> Events:
        """What may be lent of an asset."""
        return self.run(c.FundLendingPool(self.assets[asset], amount(text)))

    def borrow(self, name: str, text: str, asset: str, pair: str | None = None) -> Events:
        """Into CROSS, or into the isolated wallet of a pair."""
        account_id, asset_id = self.names[name], self.assets[asset]
        if pair is None:
            return self.run(c.BorrowFunds(account_id, WalletKind.CROSS, asset_id, amount(text)))
        place = (WalletKind.ISOLATED, asset_id, amount(text), self.symbols[pair])
        return self.run(c.BorrowFunds(account_id, *place))

    def repay(self, name: str, text: str | None, asset: str, pair: str | None = None) -> Events:
        account_id, asset_id = self.names[name], self.assets[asset]
        value = None if text is None else amount(text)
        kind = WalletKind.CROSS if pair is None else WalletKind.ISOLATED
        where = None if pair is None else self.symbols[pair]
        return self.run(c.RepayFunds(account_id, kind, asset_id, value, where))

    def product(self, name: str, leverage: int) -> Events:
        """The leverage of CROSS as spot margin."""
        return self.run(c.SetCrossLeverage(self.names[name], leverage))

    def haircut(self, **rates: str) -> Events:
        rows = [(self.assets[asset], rate(text)) for asset, text in rates.items()]
        return self.run(c.SetHaircuts(tuple(rows)))

    def held(
        self, name: str, asset: str, kind: str = "CROSS", at: tuple[str, str] | None = None
    ) -> dict[str, str]:
        """What a wallet holds and owes of an asset; zeros are left out."""
        wallet = self.wallet(name, kind, at)
        holding = self.exchange.state.holding(wallet.wallet_id, self.assets[asset])
        fields = ("balance", "locked", "borrowed", "interest", "settlement_debt")
        values = {field: getattr(holding, field) for field in fields}
        return {key: plain(value, AMOUNT_DECIMALS) for key, value in values.items() if value}
