"""Events of accounts: wallets, double entries, settings."""

from simulator.core.model.enums import (
    MarginMode,
    PositionMode,
    PositionSide,
    TransferKind,
    WalletKind,
)
from simulator.core.model.events.base import Event


class AccountOpened(Event, frozen=True, tag=10):
    account_id: int
    spot_wallet_id: int
    cross_wallet_id: int
    maker_fee_rate: int | None
    taker_fee_rate: int | None


class WalletOpened(Event, frozen=True, tag=11):
    """An ISOLATED wallet, opened at its first use; one of spot margin has no position side."""

    wallet_id: int
    account_id: int
    kind: WalletKind
    instrument_id: int
    position_side: PositionSide | None


class Transferred(Event, frozen=True, tag=12):
    """One double entry (LED-2): `amount` of an asset from one ledger account to another.

    A SETTLEMENT from the lending pool is new settlement debt of the target, one to the pool
    repays it (BOR-6). A BORROW is new debt of the target; a REPAY and, from a wallet, an INTEREST
    make it less (BOR-1).
    """

    kind: TransferKind
    source: int
    target: int
    asset_id: int
    amount: int
    order_id: int | None = None
    trade_id: int | None = None
    liquidation_id: int | None = None
    reason: str | None = None


class MarginLocked(Event, frozen=True, tag=13):
    """WAL-4: what an isolated order now keeps locked in the CROSS wallet, in all."""

    order_id: int
    wallet_id: int
    amount: int


class LeverageSet(Event, frozen=True, tag=14):
    account_id: int
    instrument_id: int
    leverage: int


class MarginModeSet(Event, frozen=True, tag=15):
    account_id: int
    instrument_id: int
    margin_mode: MarginMode


class PositionModeSet(Event, frozen=True, tag=17):
    account_id: int
    position_mode: PositionMode


class AccountReset(Event, frozen=True, tag=16):
    """WAL-7: all that the run before left is gone from the account; `run` begins."""

    account_id: int
    run: int
    endowment: int
