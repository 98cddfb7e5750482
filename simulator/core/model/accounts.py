"""The chart of accounts (LED-1): every ledger account has a number, and a wallet's id is its own.

Numbers below `FIRST_CLEARING` are the world's own accounts, each instrument has a clearing
account (the other side of realized PnL), and wallets follow from `FIRST_WALLET` on.
"""

from typing import Final

MINT: Final = 1
"""Where paper money comes from: deposits, and an instructor's adjustments."""

FEES: Final = 2
"""Trading fees earned by the exchange, rebates paid."""

INSURANCE_FUND: Final = 3
"""The insurance fund's wallet: it takes over what the book does not, and pays deficits."""

SHORTFALL: Final = 4
"""What the insurance fund could not carry (LIQ-8). Negative: this much was lost by nobody else."""

LENDING_POOL: Final = 5
"""Per asset: what may be lent (BOR-2), and the lender of settlement debt (BOR-6)."""

INTEREST_INCOME: Final = 7
"""Per asset: the interest that borrowers have paid (BOR-3)."""

FUNDING: Final = 6
"""What payers of funding have paid and receivers not yet got; zero between stamps (FND-2)."""

FUND_ACCOUNT: Final = 1
"""The account id under which the insurance fund holds positions and places orders."""

FIRST_TRADER_ACCOUNT: Final = 2
FIRST_CLEARING: Final = 1_000
FIRST_WALLET: Final = 1_000_000

SYSTEM_ACCOUNT_NAMES: Final = {
    MINT: "mint",
    FEES: "fees",
    INSURANCE_FUND: "insurance_fund",
    SHORTFALL: "shortfall",
    LENDING_POOL: "lending_pool",
    FUNDING: "funding",
    INTEREST_INCOME: "interest_income",
}


def clearing_account(instrument_id: int) -> int:
    """The ledger account that is the other side of an instrument's realized PnL."""
    return FIRST_CLEARING + instrument_id


def is_wallet(ledger_account: int) -> bool:
    """Whether a ledger account is a wallet (the insurance fund's included)."""
    return ledger_account >= FIRST_WALLET or ledger_account == INSURANCE_FUND


def ledger_account_name(ledger_account: int) -> str:
    """A readable name: `fees`, `clearing:3`, `wallet:1000004`."""
    if ledger_account in SYSTEM_ACCOUNT_NAMES:
        return SYSTEM_ACCOUNT_NAMES[ledger_account]
    if ledger_account < FIRST_WALLET:
        return f"clearing:{ledger_account - FIRST_CLEARING}"
    return f"wallet:{ledger_account}"
