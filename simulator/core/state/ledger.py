"""LED: double entry, and the proof after every command that nothing was made or lost.

Two independent tallies are kept per asset: what *transfers* posted to wallets, and what wallet
*balances* changed by. They must agree, and together with the world's own accounts sum to zero.
Per instrument, its clearing account and all signed entry notionals sum to zero (LED-3). Assets are
few and all checked each time; of the many instruments, those that changed since the last check.
"""

from collections import defaultdict

from simulator.core.model.accounts import FIRST_CLEARING, clearing_account


class LedgerError(Exception):
    """LED-3 is broken: the world halts rather than go on with wrong money."""


class Ledger:
    """Balances of the world's own accounts, and the running totals of LED-3."""

    def __init__(self) -> None:
        self.balances: defaultdict[tuple[int, int], int] = defaultdict(int)
        """Of every ledger account that is no wallet: (ledger account, asset) to amount."""
        self.system_total: defaultdict[int, int] = defaultdict(int)
        self.posted_to_wallets: defaultdict[int, int] = defaultdict(int)
        """Per asset, the legs of transfers on wallets."""
        self.wallet_total: defaultdict[int, int] = defaultdict(int)
        """Per asset, what the balances of wallets changed by."""
        self.entry_total: defaultdict[int, int] = defaultdict(int)
        self.settlement_debt: defaultdict[int, int] = defaultdict(int)
        self._changed_instruments: dict[int, None] = {}

    def post(self, ledger_account: int, asset_id: int, amount: int) -> None:
        """One leg of a transfer on an account that is no wallet."""
        self.balances[(ledger_account, asset_id)] += amount
        self.system_total[asset_id] += amount
        if ledger_account > FIRST_CLEARING:
            self._changed_instruments[ledger_account - FIRST_CLEARING] = None

    def entry_changed(self, instrument_id: int, entry_notional: int) -> None:
        self.entry_total[instrument_id] += entry_notional
        self._changed_instruments[instrument_id] = None

    def balance(self, ledger_account: int, asset_id: int) -> int:
        return self.balances.get((ledger_account, asset_id), 0)

    def check(self, quote_asset_id: int) -> None:
        """LED-3 on the running totals.

        Raises:
            LedgerError: a total is off; the message names it and the two sides.
        """
        for asset_id, posted in self.posted_to_wallets.items():
            if self.system_total[asset_id] + posted != 0:
                raise LedgerError(
                    f"asset {asset_id}: world accounts {self.system_total[asset_id]} "
                    f"and wallets {posted} should sum to zero"
                )
            if self.wallet_total[asset_id] != posted:
                raise LedgerError(
                    f"asset {asset_id}: wallets hold {self.wallet_total[asset_id]}, "
                    f"transfers posted {posted}"
                )
        if self._changed_instruments:
            for instrument_id in self._changed_instruments:
                self._check_instrument(instrument_id, quote_asset_id)
            self._changed_instruments.clear()

    def _check_instrument(self, instrument_id: int, quote_asset_id: int) -> None:
        entry = self.entry_total[instrument_id]
        clearing = self.balance(clearing_account(instrument_id), quote_asset_id)
        if clearing + entry != 0:
            raise LedgerError(
                f"instrument {instrument_id}: clearing {clearing} and entry notionals {entry} "
                "should sum to zero"
            )
