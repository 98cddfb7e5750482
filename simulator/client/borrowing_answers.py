"""What the exchange answers about borrowing: what may be lent, loans, and repayments."""

from decimal import Decimal
from typing import Literal

from simulator.client.answers import Answer, Wallet

LendingWallet = Literal["CROSS", "ISOLATED"]


class Asset(Answer, frozen=True):
    """What a wallet may hold. `lendable` is what the pool has left; a cap of None is no cap."""

    asset: str
    decimals: int
    haircut: Decimal
    daily_borrow_rate: Decimal
    account_borrow_cap: Decimal | None
    lendable: Decimal
    symbol: str | None
    """The spot instrument by whose index it is valued; None for the valuation asset."""
    index_price: Decimal | None


class Assets(Answer, frozen=True):
    items: list[Asset]
    seq: int


class Loan(Answer, frozen=True):
    """A loan, its first hour of interest, and the account's wallets after it."""

    wallet: LendingWallet
    asset: str
    amount: Decimal
    interest: Decimal
    seq: int
    time: int
    wallets: list[Wallet]


class Repayment(Answer, frozen=True):
    """What was paid, interest first, and the account's wallets after it."""

    wallet: LendingWallet
    asset: str
    interest: Decimal
    principal: Decimal
    seq: int
    time: int
    wallets: list[Wallet]


class Borrowable(Answer, frozen=True):
    """The largest loan that would be given now."""

    wallet: LendingWallet
    symbol: str | None
    asset: str
    amount: Decimal
    daily_borrow_rate: Decimal
    seq: int
    time: int


class CrossLeverageSet(Answer, frozen=True):
    leverage: int
    seq: int
