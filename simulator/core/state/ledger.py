"""LED: double entry, and the proof after every command that nothing was made or lost.

Two independent tallies are kept per asset: what *transfers* posted to wallets, and what wallet
*balances* changed by. They must agree, and together with the world's own accounts sum to zero.
Per instrument, its clearing account and all signed entry notionals sum to zero (LED-3). Assets are
few and all checked each time; of the many instruments, those that changed since the last check.
"""

from simulator.core.model.accounts import FIRST_CLEARING, FIRST_WALLET, clearing_account


class LedgerError(AssertionError):
    """LED-3 is broken: the world halts rather than go on with wrong money."""


class Ledger:
    """Balances of the world's own accounts, and the running totals of LED-3."""

    def __init__(self) -> None:
        self.balances: dict[tuple[int, int], int] = {}
        """Of every ledger account that is no wallet: (ledger account, asset) to amount."""
        self.system_total: dict[int, int] = {}
        self.posted_to_wallets: dict[int, int] = {}
        self.wallet_total: dict[int, int] = {}
        self.entry_total: dict[int, int] = {}
        self.settlement_debt: dict[int, int] = {}
        self._changed_instruments: dict[int, None] = {}

    def post(self, ledger_account: int, asset_id: int, amount: int) -> None:
        """One leg of a transfer on an account that is no wallet."""
        key = (ledger_account, asset_id)
        self.balances[key] = self.balances.get(key, 0) + amount
        self.system_total[asset_id] = self.system_total.get(asset_id, 0) + amount
        if FIRST_CLEARING <= ledger_account < FIRST_WALLET:
            self._changed_instruments[ledger_account - FIRST_CLEARING] = None

    def post_to_wallet(self, asset_id: int, amount: int) -> None:
        """One leg of a transfer on a wallet; the wallet's balance is changed by its record."""
        self.posted_to_wallets[asset_id] = self.posted_to_wallets.get(asset_id, 0) + amount

    def wallet_changed(self, asset_id: int, amount: int) -> None:
        self.wallet_total[asset_id] = self.wallet_total.get(asset_id, 0) + amount

    def entry_changed(self, instrument_id: int, entry_notional: int) -> None:
        self.entry_total[instrument_id] = self.entry_total.get(instrument_id, 0) + entry_notional
        self._changed_instruments[instrument_id] = None

    def balance(self, ledger_account: int, asset_id: int) -> int:
        return self.balances.get((ledger_account, asset_id), 0)

    def check(self, quote_asset_id: int) -> None:
        """LED-3 on the running totals.

        Raises:
            LedgerError: a total is off; the message names it and the two sides.
        """
        for asset_id, posted in self.posted_to_wallets.items():
            if self.system_total.get(asset_id, 0) + posted != 0:
                raise LedgerError(
                    f"asset {asset_id}: world accounts {self.system_total.get(asset_id, 0)} "
                    f"and wallets {posted} should sum to zero"
                )
            if self.wallet_total.get(asset_id, 0) != posted:
                raise LedgerError(
                    f"asset {asset_id}: wallets hold {self.wallet_total.get(asset_id, 0)}, "
                    f"transfers posted {posted}"
                )
        if self._changed_instruments:
            for instrument_id in self._changed_instruments:
                self._check_instrument(instrument_id, quote_asset_id)
            self._changed_instruments.clear()

    def _check_instrument(self, instrument_id: int, quote_asset_id: int) -> None:
        entry = self.entry_total.get(instrument_id, 0)
        clearing = self.balance(clearing_account(instrument_id), quote_asset_id)
        if clearing + entry != 0:
            raise LedgerError(
                f"instrument {instrument_id}: clearing {clearing} and entry notionals {entry} "
                "should sum to zero"
            )
