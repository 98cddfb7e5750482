"""Shapes of borrowing: what may be lent, loans by hand, what they cost by the hour."""

from typing import Literal

from simulator.api.shapes.accounts import Wallet
from simulator.api.shapes.base import DecimalText, RecordId, RequestShape, Shape, Symbol

LendingWalletName = Literal["CROSS", "ISOLATED"]


class Asset(Shape, frozen=True):
    """What a wallet may hold. Rates are decimal fractions: "0.05" is 5 %."""

    asset: str
    decimals: int
    haircut: str
    """MARG-1: the part of its value that is no collateral."""
    daily_borrow_rate: str
    """BOR-3: a twenty-fourth of it is charged by the hour, the first one at once."""
    account_borrow_cap: str | None
    """BOR-2: the most that one account may owe; null: no cap."""
    lendable: str
    """BOR-2: what the pool has left."""
    symbol: str | None
    """The spot instrument by whose index it is valued; null for the valuation asset."""
    index_price: str | None


class Assets(Shape, frozen=True):
    items: list[Asset]
    seq: int


class BorrowRequest(RequestShape):
    """BOR-1. Of an ISOLATED wallet `symbol` says which pair's; `asset` null: valuation asset."""

    wallet: LendingWalletName
    amount: DecimalText
    asset: str | None = None
    symbol: Symbol | None = None


class RepayRequest(RequestShape):
    """BOR-1. `amount` null repays all that is owed, as far as the free balance goes."""

    wallet: LendingWalletName
    amount: DecimalText | None = None
    asset: str | None = None
    symbol: Symbol | None = None


class Loan(Shape, frozen=True):
    """A loan that was given, its first hour of interest, and the account's wallets after it."""

    wallet: LendingWalletName
    asset: str
    amount: str
    interest: str
    seq: int
    time: int
    wallets: list[Wallet]


class Repayment(Shape, frozen=True):
    """What was paid, interest first, and the account's wallets after it."""

    wallet: LendingWalletName
    asset: str
    interest: str
    principal: str
    seq: int
    time: int
    wallets: list[Wallet]


class Borrowable(Shape, frozen=True):
    """BOR-2: the largest loan that would be given now."""

    wallet: LendingWalletName
    symbol: str | None
    asset: str
    amount: str
    daily_borrow_rate: str
    seq: int
    time: int


class CrossLeverageRequest(RequestShape):
    leverage: RecordId


class CrossLeverageSet(Shape, frozen=True):
    """BOR-5: the leverage of CROSS as spot margin, and with it the levels of a margin call."""

    leverage: int
    seq: int


class InterestCharge(Shape, frozen=True):
    """BOR-3, BOR-6: an hour of interest on what a wallet owed of an asset."""

    seq: int
    time: int
    wallet_id: int
    asset: str
    principal: str
    daily_borrow_rate: str
    interest: str
